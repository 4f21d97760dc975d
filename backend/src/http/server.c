/* Start, stop, and what libmicrohttpd calls. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "http/exchange.h"
#include "http/listen.h"
#include "http/stream.h"

enum {
    PROBE_QUEUE_MAX = 16,
    IDLE_S = 75,
    CROWDED_IDLE_S = 5, /* for those who come when half of the connections are taken */
    CONNECTION_BYTES = 32 * 1024, /* request line and headers, and the window of the body */
    UNFINISHED_MS = 1000, /* at the stop: for requests that are still being sent */
    SETTLE_MS = 100,      /* at the stop: for the first bytes of those who have just come in */
    HURRY_MS = 3000,      /* at the stop: of the time given, so much is left for refusing the rest */
    LAST_ANSWERS_MS = 250,        /* for those that were refused when the time to stop ran out */
};

/* The request is complete, or has been given up. */
static void stop_reading(struct exchange *e)
{
    if (e->is_reading)
        atomic_fetch_sub(&e->server->reading, 1);
    e->is_reading = false;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **slot)
{
    struct http_server *s = cls;
    struct exchange *e = *slot;

    (void)version;
    if (!e) {
        *slot = e = exchange_take(s);
        e->connection = connection;
        atomic_fetch_add(&s->in_flight, 1);
        request_begin(e, url, method);
        if (e->stage == STAGE_READING) {
            e->is_reading = true;
            atomic_fetch_add(&s->reading, 1);
            return MHD_YES;
        }
        return e->takes_early_answer && answer_send(e) ? MHD_YES : MHD_NO;
    }
    if (*n) {
        bool go_on = request_take_body(e, bytes, *n);
        *n = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    stop_reading(e);
    if (e->stage == STAGE_READING && !request_decide(e))
        return MHD_YES; /* this is called again when it is back */
    return answer_send(e) ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    struct http_server *s = cls;
    struct exchange *e = *slot;

    (void)how;
    if (!e)
        return;
    *slot = NULL;
    if (e->stage == STAGE_ANSWERED && !e->told) {
        answer_settle(e);
        s->config.finished(s->config.app, &e->x);
    }
    if (e->broken_off)
        linger_take(s->linger, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    stop_reading(e);
    exchange_give_back(e);
    atomic_fetch_sub(&s->in_flight, 1);
    if (!atomic_load(&s->stopping))
        return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

/* Escapes are decoded by path.c, so that %2F does not cut a segment in two. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *cls, const char *format,
                                                                 va_list args)
{
    char text[512];

    (void)cls;
    if (!log_on(LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_event(LOG_DEBUG, "http.library", NULL, LOG_TEXT("text", text));
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = cls;

    (void)slot;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED)
        acceptor_release(s->acceptor);
    else if (acceptor_is_crowded(s->acceptor))
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, CROWDED_IDLE_S);
}

static bool take_connection(void *app, int fd, const struct sockaddr *peer, socklen_t n)
{
    struct http_server *s = app;
    struct MHD_Daemon *d = s->daemons[s->next_daemon++ % s->daemon_count];

    return MHD_add_connection(d, fd, peer, n) == MHD_YES;
}

/* libmicrohttpd's own pool of threads wants its own listening socket: so one daemon per thread. */
static struct MHD_Daemon *start_daemon(struct http_server *s)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    /* The acceptor minds the limit for all daemons together. */
    const intptr_t connections_max = (intptr_t)s->config.connections_max + 1;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_library_log, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, connections_max, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

static bool start_daemons(struct http_server *s)
{
    size_t count = s->config.io_threads > 1 ? (size_t)s->config.io_threads : 1;

    if (count > IO_THREADS_MAX)
        count = IO_THREADS_MAX;
    while (s->daemon_count < count) {
        struct MHD_Daemon *d = start_daemon(s);
        if (!d)
            return false;
        s->daemons[s->daemon_count++] = d;
    }
    return true;
}

static void init_locks(struct http_server *s)
{
    wait_cond_init(&s->quiet);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->spare_lock, NULL);
    pthread_mutex_init(&s->stream_lock, NULL);
    pthread_mutex_init(&s->forms.lock, NULL);
}

static struct http_server *make_server(const struct http_config *config)
{
    struct http_server *s = calloc(1, sizeof *s);
    unsigned long long first = 0;

    if (!s || getrandom(&first, sizeof first, 0) != (ssize_t)sizeof first)
        abort();
    s->config = *config;
    atomic_init(&s->next_id, first);
    init_locks(s);
    return s;
}

/* The daemons first: their threads use all the rest. */
static void free_server(struct http_server *s)
{
    for (size_t i = 0; i < s->daemon_count; i++)
        MHD_stop_daemon(s->daemons[i]);
    pool_stop(s->workers);
    pool_stop(s->slow);
    pool_stop(s->files);
    pool_stop(s->probe);
    linger_stop(s->linger);
    acceptor_free(s->acceptor);
    exchange_free_spares(s);
    page_close(s->page);
    http_router_free(s->router);
    pthread_cond_destroy(&s->quiet);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->spare_lock);
    pthread_mutex_destroy(&s->stream_lock);
    pthread_mutex_destroy(&s->forms.lock);
    free(s);
}

static bool start_threads(struct http_server *s, int listen_fd)
{
    const struct http_config *c = &s->config;

    s->slow = pool_start("slow", c->slow_threads, HTTP_SLOW_QUEUE_MAX, lane_work);
    s->probe = pool_start("probe", 1, PROBE_QUEUE_MAX, lane_work);
    if (c->file_threads)
        s->files = pool_start("files", c->file_threads, HTTP_FILE_QUEUE_MAX, lane_work);
    if (c->worker_threads)
        s->workers = pool_start("worker", c->worker_threads, HTTP_WORKER_QUEUE_MAX, lane_work);
    s->linger = linger_start();
    bool started = s->slow && s->probe && s->linger && (s->workers || !c->worker_threads) && (s->files || !c->file_threads);
    if (!started || !start_daemons(s))
        return false;
    return acceptor_start(listen_fd, c->connections_max, take_connection, s, &s->acceptor);
}

enum rc http_open_door(const char *host, int port, struct http_door *out, struct error *why)
{
    return listen_open(host, port, &out->fd, &out->port, why);
}

void http_close_door(struct http_door *door)
{
    if (door->fd >= 0)
        close(door->fd);
    door->fd = -1;
}

static enum rc take_door(struct http_server *s, int *listen_fd, struct error *why)
{
    struct http_door *door = s->config.door;

    if (!door)
        return listen_open(s->config.host, s->config.port, listen_fd, &s->port, why);
    *listen_fd = door->fd;
    s->port = door->port;
    door->fd = -1;
    s->config.door = NULL;
    return RC_OK;
}

static enum rc open_server(struct http_server *s, struct error *why)
{
    const struct http_config *c = &s->config;
    int listen_fd;

    s->router = http_router_new(c->routes, c->route_count);
    if (!s->router)
        return error_say(why, RC_INTERNAL, "路由表中有重复或无效的条目",
                         "The route table has rows that answer the same, or a bad path");
    if (c->web_dir) {
        enum rc rc = page_open(c->web_dir, &s->page, why);
        if (rc != RC_OK)
            return rc;
    }
    enum rc rc = take_door(s, &listen_fd, why);
    if (rc != RC_OK || start_threads(s, listen_fd))
        return rc;
    close(listen_fd);
    return error_say(why, RC_INTERNAL, "HTTP 服务的线程无法启动",
                     "The threads of the HTTP server cannot be started");
}

enum rc http_start(const struct http_config *config, struct http_server **out, struct error *why)
{
    struct http_server *s = make_server(config);
    enum rc rc = open_server(s, why);

    if (rc == RC_OK)
        *out = s;
    else
        free_server(s);
    return rc;
}

int http_port(const struct http_server *s)
{
    return s->port;
}

size_t http_connections(const struct http_server *s)
{
    return acceptor_open(s->acceptor);
}

size_t http_queues(const struct http_server *s, struct http_queue out[static HTTP_QUEUES_MAX])
{
    const struct {
        const char *name;
        struct pool *pool;
    } pools[HTTP_QUEUES_MAX] = {{"slow", s->slow}, {"probe", s->probe}, {"files", s->files}, {"worker", s->workers}};
    size_t n = 0;

    for (size_t i = 0; i < HTTP_QUEUES_MAX; i++)
        if (pools[i].pool)
            out[n++] = (struct http_queue){pools[i].name, pool_length(pools[i].pool), pool_wait(pools[i].pool)};
    return n;
}

/* Waits until all is answered and sent, but for settle_ms at least, or until ms are over. What is
 * still being sent to us counts for the first UNFINISHED_MS only. */
static void wait_quiet(struct http_server *s, int64_t ms, int64_t settle_ms)
{
    int64_t now_us = clock_monotonic_us(), until_us = now_us + ms * 1000;
    int64_t unfinished_us = now_us + (ms < UNFINISHED_MS ? ms : UNFINISHED_MS) * 1000;
    int64_t settled_us = now_us + (ms < settle_ms ? ms : settle_ms) * 1000;

    pthread_mutex_lock(&s->lock);
    for (; now_us < until_us; now_us = clock_monotonic_us()) {
        bool settled = now_us >= settled_us, unfinished = now_us < unfinished_us;
        size_t others = unfinished ? 0 : atomic_load(&s->reading);
        if (settled && !s->away && atomic_load(&s->in_flight) <= others)
            break;
        int64_t next_us = !settled ? settled_us : unfinished ? unfinished_us : until_us;
        const struct timespec next = {.tv_sec = next_us / 1000000,
                                      .tv_nsec = next_us % 1000000 * 1000};
        pthread_cond_timedwait(&s->quiet, &s->lock, &next);
    }
    pthread_mutex_unlock(&s->lock);
}

static void refuse_queued(struct pool *p)
{
    for (struct exchange *e = pool_take_back(p); e; e = pool_take_back(p)) {
        exchange_refuse(e, RC_SHUTTING_DOWN);
        http_done(&e->x);
    }
}

/* From now on nothing is handed to a lane. How many are out there? */
static size_t close_lanes(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    size_t away = s->away;
    pthread_mutex_unlock(&s->lock);
    return away;
}

bool http_stop(struct http_server *s, int timeout_ms)
{
    if (!atomic_exchange(&s->stopping, true))
        acceptor_stop(s->acceptor);
    stream_end_all(s);
    /* Whoever is in is served as ever, and each answer ends its connection; then time presses. */
    int64_t hurry_ms = timeout_ms > 2 * HURRY_MS ? HURRY_MS : timeout_ms / 2;
    wait_quiet(s, timeout_ms - hurry_ms, SETTLE_MS);
    atomic_store(&s->refusing, true);
    wait_quiet(s, hurry_ms, 0);
    if (close_lanes(s)) {
        if (s->workers)
            refuse_queued(s->workers);
        refuse_queued(s->slow);
        if (s->files)
            refuse_queued(s->files);
        refuse_queued(s->probe);
        wait_quiet(s, LAST_ANSWERS_MS, 0);
    }
    if (close_lanes(s))
        return false; /* freeing would pull the ground from under a handler */
    free_server(s);
    return true;
}
