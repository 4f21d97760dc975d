/* Inside http: an exchange with what the application does not see of it, and the server.
 *
 * Who holds an exchange: the I/O thread of its connection, from on_request's first call to
 * on_completed, but for the time between hand_over and http_done (AWAY), when it is the lane's. The
 * connection sleeps meanwhile, so that libmicrohttpd cannot end it even when its client has gone.
 * Used exchanges are kept with their memory. */
#ifndef MMS_HTTP_EXCHANGE_H
#define MMS_HTTP_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "http/forms.h"
#include "http/acceptor.h"
#include "http/http.h"
#include "http/linger.h"
#include "http/page.h"
#include "http/path.h"
#include "http/pool.h"

struct MHD_Connection;
struct MHD_Daemon;

struct query_value {
    const char *name, *value; /* decoded */
};

#define IO_THREADS_MAX 16

enum stage { STAGE_READING, STAGE_AWAY, STAGE_ANSWERED };

struct http_file {
    int fd; /* -1: libmicrohttpd closes it */
    int64_t n;
};

struct exchange {
    struct http_exchange x; /* first: the application's pointer is ours */
    struct http_server *server;
    struct MHD_Connection *connection;
    enum stage stage;
    enum rc refused;   /* found out before the body was read; RC_OK: nothing */
    const char *allow; /* the methods of a path that has none for this one */
    bool is_options;
    bool takes_early_answer; /* before its body: libmicrohttpd does that for POST and PUT only */
    bool is_reading;         /* counted in server->reading */
    bool settled, told;      /* settle() and config.finished have been called */
    bool close;              /* the connection ends with this answer */
    bool broken_off;         /* … which leaves before the request is complete */
    bool is_stream;          /* the answer has no end */
    struct segments path;
    struct query_value *query;
    size_t query_count;
    size_t body_max, body_seen;
    int64_t sender;    /* of a form */
    size_t form_bytes; /* counted in server->forms */
    struct buf body;
    struct buf packed; /* response.body, gzipped; empty: sent as it is */
    struct page_edition *edition; /* that has `file`; held until the answer is out */
    const struct static_file *file;
    const struct static_body *form; /* of the file */
    struct exchange *next_spare;
};

struct http_server {
    struct http_config config;
    struct http_router *router;
    struct page *page; /* NULL: none */
    struct pool *slow, *probe, *files, *workers; /* the last two: NULL without config.file_threads, config.worker_threads */
    struct linger_set *linger;
    struct MHD_Daemon *daemons[IO_THREADS_MAX]; /* one thread each */
    size_t daemon_count;
    size_t next_daemon; /* of the acceptor's thread: connections go round */
    struct acceptor *acceptor;
    int port;
    atomic_ullong next_id;   /* request ids; begins at a random number */
    atomic_size_t in_flight; /* exchanges from their first byte to the last of the answer */
    atomic_size_t reading;   /* of these: not complete yet */
    struct form_budget forms;
    atomic_bool stopping; /* nobody comes in any more, answers end their connections */
    atomic_bool refusing; /* … and what is asked now is refused */
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* signalled when stopping and in_flight, reading or away came down */
    size_t away;          /* under lock */
    bool closed;          /* under lock: nothing is handed over any more */
    pthread_mutex_t stream_lock;
    struct http_stream *streams;
    size_t stream_count;
    bool streams_ended;
    pthread_mutex_t spare_lock;
    struct exchange *spare;
    size_t spare_count;
};

/* ---- exchange.c ---- */
struct exchange *exchange_take(struct http_server *s);
void exchange_give_back(struct exchange *e);
void exchange_free_spares(struct http_server *s);
void exchange_refuse(struct exchange *e, enum rc rc);

/* ---- request.c: from the first byte to the answer ---- */
void request_begin(struct exchange *e, const char *url, const char *method);
/* False: the connection is to be dropped. */
bool request_take_body(struct exchange *e, const char *bytes, size_t n);
/* The request is complete: answers it (true), or sends it away; then it is not the caller's to look
 * at any more. */
bool request_decide(struct exchange *e);

/* ---- answer.c ---- */
/* Makes a good answer of whatever the application left; gzip. Once, on the thread that holds the
 * exchange. */
void answer_settle(struct exchange *e);
/* Hands the answer to libmicrohttpd. False: drop the connection. */
bool answer_send(struct exchange *e);

/* ---- lanes.c ---- */
/* As request_decide. */
bool lane_run(struct exchange *e);
/* The pools' job. */
void lane_work(void *item);

#endif
