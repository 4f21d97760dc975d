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
};

/* READ and PROBE: ctx.db is a reader. WRITE: ctx.db is the writer inside this request's job; whatever is not RC_OK is
 * rolled back and answered from ctx.err. */
typedef enum rc (*handler_fn)(struct call *call);

enum answer_shape { ANSWER_NONE, ANSWER_OBJECT, ANSWER_LIST, ANSWER_ARRAY };

struct route {
    struct http_route http;
    enum permission permission;
    const struct record_type *body;   /* what the body may hold; NULL: no body is read */
    handler_fn prepare;               /* SLOW only: hashing and the like, outside any transaction, ctx.db a reader */
    handler_fn handler;               /* SLOW with prepare: in the writer; else in the lane */
    /* SLOW with prepare: told how it ended, in the writer after the commit, or where it was given up. Short; may be NULL. */
    void (*after)(struct call *call, enum rc rc);
    bool keeps_no_answer;             /* an Idempotency-Key is not minded: the answer holds tokens, or ends the session */
    enum answer_shape shape;
    const struct record_type *answer; /* the type of `data`, or of its rows */
    const char *summary;
};

/* All seven are wanted: a row without a permission does not compile. */
#define ROUTE(METHOD, PATH, LANE, PERMISSION, BODY, HANDLER, SUMMARY, ...)                                             \
    {                                                                                                                  \
        .http = {.method = (METHOD), .path = (PATH), .lane = (LANE)}, .permission = (PERMISSION), .body = (BODY),      \
        .handler = (HANDLER), .summary = (SUMMARY), __VA_ARGS__                                                        \
    }

struct module {
    const char *name;
    const struct route *routes;
    size_t route_count;
};

#define MODULE(NAME, ROUTES)                                                                                           \
    {                                                                                                                  \
        .name = (NAME), .routes = (ROUTES), .route_count = sizeof(ROUTES) / sizeof *(ROUTES)                           \
    }

/* The list of modules (app/modules.c). */
extern const struct module *const modules[];
extern const size_t module_count;

#endif
