/* HTTP/1.1 through libmicrohttpd: the only folder that sees microhttpd.h.
 *
 * The way of a request: an I/O thread reads it (limits first), matches the route, and calls `admit`
 * (who is it, may he, is the body acceptable). Then the route's lane says where `run` is called:
 *   READ   here, on the I/O thread: microseconds
 *   WRITE  handed to `submit_write` (the database's writer); the connection sleeps meanwhile
 *   SLOW   on the worker pool: hashing, uploads; what moves files has a pool of its own, for they may be another machine's
 *   PROBE  on a thread of its own, so that health answers while the other lanes are full
 * The answer leaves when `http_done` is called (READ: when `run` returns). In every lane but READ
 * the application calls it, in `run` or later from any thread: a SLOW handler may go on to the
 * writer. http knows nothing of MMS or of storage. */
#ifndef MMS_HTTP_HTTP_H
#define MMS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/histogram.h"

#define HTTP_BODY_MAX (1024 * 1024)        /* bytes of a JSON body */
#define HTTP_ANSWER_MAX (32 * 1024 * 1024) /* bytes of an answer */
#define HTTP_FORMS_MAX (256 * 1024 * 1024) /* bytes of all uploads at a time */
#define HTTP_FORMS_OF_ONE_MAX (68 * 1024 * 1024) /* … of one sender: two of the largest */
#define HTTP_PARAMS_MAX 4
#define HTTP_SLOW_QUEUE_MAX 64
#define HTTP_FILE_QUEUE_MAX 512 /* SLOW that moves files */
#define HTTP_STREAM_BYTES (16 * 1024) /* what may wait in a stream for its client */
#define HTTP_WORKER_QUEUE_MAX 4096 /* READ and WRITE, with worker_threads */
/* A client's X-Request-Id is taken when it is [A-Za-z0-9._-]{1,64}. */
#define HTTP_REQUEST_ID_MAX 64

enum http_lane { LANE_READ, LANE_WRITE, LANE_SLOW, LANE_PROBE };

/* A row of the route table, as far as http needs it. */
struct http_route {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *path;   /* "/api/materials/:id"; a literal segment wins over a parameter */
    enum http_lane lane;
    size_t body_max; /* 0: HTTP_BODY_MAX */
    bool is_upload;  /* POST or PUT; the body is multipart/form-data, of at most body_max (0: config.upload_max) bytes and what a form adds */
    bool moves_files; /* SLOW, on config.file_threads */
};

struct http_param {
    const char *name, *value; /* value: percent-decoded UTF-8 */
};

struct http_exchange;

struct http_request {
    const char *id; /* for logs and answers */
    const char *method;
    const char *path;               /* decoded, without the query */
    const struct http_route *route; /* NULL: none matched */
    struct http_param params[HTTP_PARAMS_MAX];
    size_t param_count;
    const char *body; /* NUL after the last byte */
    size_t body_n;
    const char *peer; /* client address, X-Forwarded-For minded only from trusted proxies */
    int64_t began_us; /* clock_monotonic_us() */
    int64_t now_ms;   /* the wall clock for all of this request */
};

struct http_response {
    int status; /* 0: not answered yet */
    struct buf body;
    const char *content_type; /* default application/json; charset=utf-8 */
    struct {
        const char *name, *value;
    } headers[12];
    size_t header_count;
    struct http_file *file;     /* sent instead of the body; NULL: none. See http_send_file */
    struct http_stream *stream; /* the same. See http_stream_open */
};

struct http_exchange {
    struct http_request request;
    struct http_response response;
    struct arena arena; /* lives as long as the exchange */
    void *app;          /* the application's own; set by admit */
};

/* NULL when absent. Query values are percent-decoded ('+' is a space); one that is not valid UTF-8
 * or holds NUL makes the request a 400 before admit. The first of several equal names counts. */
const char *http_query(const struct http_exchange *x, const char *name);
const char *http_header(const struct http_exchange *x, const char *name);
const char *http_param(const struct http_exchange *x, const char *name);
/* Name and value are not copied: constants or arena text. CR or LF in a value: not sent. */
void http_set_header(struct http_exchange *x, const char *name, const char *value);

/* How many bytes the answer's body or file has, before it is packed; 0 of a stream. */
int64_t http_answer_bytes(const struct http_exchange *x);

/* Takes back all that the answer was to be: status, headers, body, file, stream. */
void http_answer_anew(struct http_exchange *x);

/* The bytes of the form's part with one of these names (NULL-ended), in the body; of several the first that is not empty. False:
 * there is none, or the body is no whole form. *file_name: as the client wrote it, any bytes, "" without one. For routes with is_upload. */
bool http_form_file(struct http_exchange *x, const char *const *names, const char **bytes, size_t *n, const char **file_name);

/* Makes an open file the answer's body: its first `n` bytes. The descriptor is http's from now on, and closed by it. Set status
 * and content_type as usual. */
void http_send_file(struct http_exchange *x, int fd, int64_t n);

/* In a lane other than READ: whether its client is still there, and the server not about to stop. For work that may be given up. */
bool http_is_awaited(struct http_exchange *x);

/* ---- stream.c: answers without an end ---- */

/* Makes the answer a stream, which goes on after the handler has returned, until it is closed here, the client goes, or the server
 * stops; no thread waits for it. `owner`: whose it is; he may have config.streams_per_owner, and with one more his oldest ends, after
 * it was sent the farewell. NULL: the server has config.streams_max already, or stops. */
struct http_stream *http_stream_open(struct http_exchange *x, const char *content_type, int64_t owner, const char *farewell);
/* From any thread. False: the stream is over: its client has gone, or has let HTTP_STREAM_BYTES wait and is cut off. Then it wants
 * http_stream_close only. */
bool http_stream_send(struct http_stream *s, const char *bytes, size_t n);
/* Whether its client is still there. A sleeping connection is not looked at otherwise: its end would be seen with the next send. */
bool http_stream_is_heard(struct http_stream *s);
/* How many bytes more may wait. */
size_t http_stream_room(struct http_stream *s);
/* What waits is sent, then the answer ends; `s` is not the caller's any more. NULL is fine. */
void http_stream_close(struct http_stream *s);

/* The door, opened before there is anybody behind it: who comes waits (the kernel keeps 1024 of them) until http_start lets him in. */
struct http_door {
    int fd, port;
};
MUST_CHECK enum rc http_open_door(const char *host, int port, struct http_door *out, struct error *why);
void http_close_door(struct http_door *door); /* those who wait are cut off; a door without an fd (-1) is fine */

struct http_config {
    const char *host;
    int port;       /* 0: any free one */
    struct http_door *door; /* in place of host and port; http_start takes it and leaves -1. NULL: it opens one */
    int io_threads; /* 2–4 */
    int slow_threads;
    int file_threads; /* for routes that move files; 0: they are as slow ones */
    /* 0: READ runs on the I/O threads. Else so many threads run READ, and admit and hand over WRITE: for an application whose
     * reading waits for another machine. */
    int worker_threads;
    size_t connections_max;
    size_t streams_max; /* of these, at most so many are streams */
    size_t streams_per_owner;
    size_t upload_max; /* bytes of a file in a form */
    const struct http_route *const *routes; /* pointers into the application's table */
    size_t route_count;
    const char *const *trusted_proxies; /* addresses or CIDR blocks, NULL-ended */
    const char *const *cors_origins;    /* NULL-ended; "*" = any; preflights are answered by http */
    const char *web_dir;                /* NULL: no page */
    void *app;
    /* On the I/O thread, for every request that matched a route, after its body was read; sets
     * x->response.status to refuse. */
    void (*admit)(void *app, struct http_exchange *x);
    /* On the I/O thread, before the body of an upload is read: who sends it (*sender; whose it is not known yet share 0), or sets
     * x->response.status to refuse it unread. Must not wait. NULL: nobody asks. */
    void (*expect_upload)(void *app, struct http_exchange *x, int64_t *sender);
    /* In the lane. Must set x->response, and end in http_done(x) unless it is a READ on an I/O thread. A WRITE comes here only
     * with worker_threads, and goes on to the writer from here. */
    void (*run)(void *app, struct http_exchange *x);
    /* Queues a WRITE; must end in http_done(x). RC_BUSY / RC_SHUTTING_DOWN: not taken, http then
     * calls `refuse`. */
    enum rc (*submit_write)(void *app, struct http_exchange *x);
    /* Writes the error envelope for what http itself refuses: 400, 404, 405, 413, 415, 503 … */
    void (*refuse)(void *app, struct http_exchange *x, enum rc rc);
    /* After the answer was made, before it is sent: logging. */
    void (*finished)(void *app, struct http_exchange *x);
};

struct http_server;

MUST_CHECK enum rc http_start(const struct http_config *config, struct http_server **out,
                              struct error *why);
int http_port(const struct http_server *s);
struct http_server *http_server_of(const struct http_exchange *x);
size_t http_connections(const struct http_server *s); /* open now */
size_t http_streams(struct http_server *s);           /* of these */
/* The queues before the threads of SLOW and PROBE, and of files and the workers where there are any. */
#define HTTP_QUEUES_MAX 4
struct http_queue {
    const char *name; /* "slow" */
    size_t length;
    const struct histogram *wait; /* µs */
};
size_t http_queues(const struct http_server *s, struct http_queue out[static HTTP_QUEUES_MAX]);
/* The deferred answer is ready; from any thread, once. */
void http_done(struct http_exchange *x);
/* Stops accepting, answers whoever has come before that and what has begun (at most timeout_ms), closes and
 * frees. Each answer ends its connection; streams end. False: time ran out while handlers were still in a lane; nothing is freed, their
 * http_done may still come. Then it may be called again, or the process should end without freeing what they use. */
bool http_stop(struct http_server *s, int timeout_ms);

/* ---- router.c: usable alone ---- */
struct http_router;
/* NULL: two rows answer the same, or a path is not one. */
struct http_router *http_router_new(const struct http_route *const *routes, size_t count);
void http_router_free(struct http_router *r);
enum http_match { HTTP_MATCHED, HTTP_NO_PATH, HTTP_NO_METHOD };
/* params get their values from `path` (already decoded, segment by segment) in the arena. allow:
 * for 405, "GET, PUT". */
enum http_match http_router_find(const struct http_router *r, struct arena *a, const char *method,
                                 const char *path, const struct http_route **route,
                                 struct http_param params[static HTTP_PARAMS_MAX],
                                 size_t *param_count, const char **allow);

/* ---- address.c: usable alone ---- */
/* The client's address: `peer` itself, or, while the nearest is a trusted proxy, the entry before
 * it in X-Forwarded-For. */
const char *http_client_address(struct arena *a, const char *peer, const char *forwarded_for,
                                const char *const *trusted_proxies);

#endif
