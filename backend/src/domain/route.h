/* A row of the route table says all about a call: method, path, lane, permission, body, handler, answer. */
#ifndef MMS_DOMAIN_ROUTE_H
#define MMS_DOMAIN_ROUTE_H

#include "domain/ctx.h"
#include "domain/record.h"
#include "http/http.h"
#include "json/json.h"

/* One call on its way: the exchange, the context, and what admit has read. */
struct app;

struct call {
    struct app *app; /* for the modules of app/ only */
    struct http_exchange *http;
    struct ctx ctx;
    const struct route *route;
    const struct json *body; /* an object; an empty one when nothing was sent. NULL for GET and DELETE */
    int64_t id;              /* the path's :id; 0 without one */
    void *prepared;          /* what route->prepare found out, for route->handler */
    int64_t queued_us;       /* since when it waits for a lane (clock_monotonic_us()); 0: it does not */
    int64_t waited_us;       /* in lanes so far */
};

/* READ and PROBE: ctx.db is a reader. WRITE: ctx.db is the writer inside this request's job; whatever is not RC_OK is
 * rolled back and answered from ctx.err. */
typedef enum rc (*handler_fn)(struct call *call);

enum part_kind { PART_INT, PART_DEC, PART_TEXT, PART_TEXTS, PART_TIME, PART_BOOL, PART_OBJECT, PART_ARRAY };

/* A member of an answer that its handler writes by itself. A table of them ends with a NULL name. */
struct answer_part {
    const char *name;
    enum part_kind kind;
    const struct record_type *record; /* OBJECT, ARRAY (of objects): the members of this type … (neither: any) */
    const struct answer_part *parts;  /* … and these */
    bool nullable, optional;          /* may be null; may be absent */
};

/* `data` of a success: an object with the members of `answer` and `parts` (neither: there is no data), an array of such
 * objects, or, with `list`, a page of such rows and the parts beside it. */
enum answer_shape { ANSWER_OBJECT, ANSWER_ARRAY };

struct list_spec;
struct list_filter;
struct list_export;

struct route {
    struct http_route http;
    enum permission permission;
    const struct record_type *body;   /* what the body may hold; NULL: no body is read */
    handler_fn prepare;               /* SLOW only: hashing and the like, outside any transaction, ctx.db a reader */
    handler_fn handler;               /* SLOW with prepare: in the writer; else in the lane */
    /* SLOW with prepare: told how it ended, in the writer after the commit, or where it was given up. Short; may be NULL. */
    void (*after)(struct call *call, enum rc rc);
    bool keeps_no_answer;             /* an Idempotency-Key is not minded: the answer holds tokens, or ends the session */
    const struct list_spec *list;     /* what list_read understands of the query */
    const struct list_export *export; /* all rows of `list` as a file: the route is a LIST_EXPORT */
    const char *summary;
    /* The rest only describes (app/openapi.c), and is what the tests hold every answer against. */
    const struct list_filter *query;  /* parameters that the handler reads by itself; ends with a NULL param */
    bool updates;                     /* the body is read as a change: nothing in it is needed */
    bool minds_if_match;
    int status;                       /* of a success; 0: 200 */
    enum answer_shape shape;
    const struct record_type *answer;
    const struct answer_part *parts;
    bool bare;                        /* no envelope: `parts` are the answer itself */
    const char *media;                /* NULL: application/json */
    const enum rc *refusals;          /* beyond those that every route of its kind has; ends with RC_OK */
};

#define PARTS(...) ((const struct answer_part[]){__VA_ARGS__, {0}})
#define REFUSALS(...) ((const enum rc[]){__VA_ARGS__, RC_OK})

/* All seven are wanted: a row without a permission does not compile. */
#define ROUTE(METHOD, PATH, LANE, PERMISSION, BODY, HANDLER, SUMMARY, ...)                                             \
    {                                                                                                                  \
        .http = {.method = (METHOD), .path = (PATH), .lane = (LANE)}, .permission = (PERMISSION), .body = (BODY),      \
        .handler = (HANDLER), .summary = (SUMMARY), __VA_ARGS__                                                        \
    }

struct module {
    const char *name, *title;
    const struct route *routes;
    size_t route_count;
};

#define MODULE(NAME, TITLE, ROUTES)                                                                                    \
    {                                                                                                                  \
        .name = (NAME), .title = (TITLE), .routes = (ROUTES), .route_count = sizeof(ROUTES) / sizeof *(ROUTES)                           \
    }

/* The list of modules (app/modules.c). */
extern const struct module *const modules[];
extern const size_t module_count;

#endif
