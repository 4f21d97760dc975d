/* Answers without an end. What the application sends waits in memory until the client takes it; while there is nothing to send,
 * the connection sleeps and costs no thread. A stream has two holders: the application, and the exchange with its response. */
#include "http/stream.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BLOCK_BYTES = 1024,
    SOCKET_BYTES = 16 * 1024, /* what the kernel keeps for a client that does not read (it takes twice as much) */
    STALL_S = 20,             /* a client that takes nothing of what waits for so long is cut off */
    GONE_MS = 30 * 1000,      /* and one whose machine acknowledges nothing: the kernel would go on for a quarter of an hour */
};

struct http_stream {
    pthread_mutex_t lock;
    int holders;
    bool is_over;  /* nothing is added any more */
    bool is_gone;  /* the connection has let go: nobody reads */
    bool is_asleep;
    struct MHD_Connection *connection; /* NULL before the answer has begun; valid until is_gone */
    struct buf waiting;
    size_t taken; /* of these */
    int64_t owner;
    struct http_server *server;
    struct http_stream *before, *next; /* under server->stream_lock */
};

/* ---- holders ---- */

/* Under the lock, which it gives back. */
static void let_go(struct http_stream *s)
{
    bool last = --s->holders == 0;

    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    buf_free(&s->waiting);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Under the lock. */
static void wake(struct http_stream *s)
{
    if (!s->is_asleep)
        return;
    s->is_asleep = false;
    MHD_resume_connection(s->connection);
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Under the lock. The client is slow: what waits in its socket is not waited for. */
static void cut_off(struct http_stream *s)
{
    s->is_over = true;
    if (s->connection && !s->is_gone)
        shutdown(socket_of(s->connection), SHUT_RDWR);
    wake(s);
}

/* ---- the server's list ---- */

/* The client is told, unless it is slow: then it is not waited for. */
static void end_with(struct http_stream *s, const char *farewell)
{
    pthread_mutex_lock(&s->lock);
    if (s->connection && !s->is_asleep) {
        cut_off(s);
    } else {
        buf_str(&s->waiting, farewell);
        s->is_over = true;
        wake(s);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Under the server's lock. Ending the oldest, not refusing the newest: a forgotten page, or a device that has lost its network and is
 * missed minutes later, must not lock its owner out. Those whose clients have gone do not count. */
static void make_room(const struct http_server *server, int64_t owner, const char *farewell)
{
    struct http_stream *oldest = NULL;
    size_t count = 0;

    for (struct http_stream *s = server->streams; s; s = s->next)
        if (s->owner == owner && http_stream_is_heard(s)) {
            oldest = s; /* the list begins with the youngest */
            count++;
        }
    if (oldest && count >= server->config.streams_per_owner)
        end_with(oldest, farewell);
}

static bool enlist(struct http_server *server, struct http_stream *s, const char *farewell)
{
    pthread_mutex_lock(&server->stream_lock);
    bool taken = !server->streams_ended && server->stream_count < server->config.streams_max;
    if (taken) {
        make_room(server, s->owner, farewell);
        s->next = server->streams;
        if (s->next)
            s->next->before = s;
        server->streams = s;
        server->stream_count++;
    }
    pthread_mutex_unlock(&server->stream_lock);
    return taken;
}

static void strike_off(struct http_stream *s)
{
    struct http_server *server = s->server;

    pthread_mutex_lock(&server->stream_lock);
    if (s->before)
        s->before->next = s->next;
    else
        server->streams = s->next;
    if (s->next)
        s->next->before = s->before;
    server->stream_count--;
    pthread_mutex_unlock(&server->stream_lock);
}

/* ---- the application's side ---- */

struct http_stream *http_stream_open(struct http_exchange *x, const char *content_type, int64_t owner, const char *farewell)
{
    const struct exchange *e = (const struct exchange *)x;
    struct http_stream *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->server = e->server;
    s->owner = owner;
    s->holders = 2;
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->waiting, HTTP_STREAM_BYTES);
    if (!enlist(e->server, s, farewell)) { /* from then on others may reach it */
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
    }
    x->response.stream = s;
    x->response.status = 200;
    x->response.content_type = content_type;
    http_set_header(x, "X-Accel-Buffering", "no"); /* nginx hands each event on at once */
    return s;
}

/* Under the lock: what has been taken makes room. */
static void move_up(struct http_stream *s)
{
    if (!s->taken)
        return;
    s->waiting.n -= s->taken;
    memmove(s->waiting.bytes, s->waiting.bytes + s->taken, s->waiting.n);
    s->taken = 0;
}

size_t http_stream_room(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    size_t waiting = s->waiting.n - s->taken;
    pthread_mutex_unlock(&s->lock);
    return HTTP_STREAM_BYTES - waiting;
}

bool http_stream_send(struct http_stream *s, const char *bytes, size_t n)
{
    pthread_mutex_lock(&s->lock);
    bool open = !s->is_over && !s->is_gone;
    if (open) {
        move_up(s);
        buf_add(&s->waiting, bytes, n);
        open = !s->waiting.overflow;
        if (open)
            wake(s);
        else
            cut_off(s);
    }
    pthread_mutex_unlock(&s->lock);
    return open;
}

bool http_stream_is_heard(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->connection && !s->is_gone) {
        struct pollfd socket = {.fd = socket_of(s->connection), .events = POLLRDHUP};
        if (poll(&socket, 1, 0) > 0)
            cut_off(s);
    }
    bool heard = !s->is_over;
    pthread_mutex_unlock(&s->lock);
    return heard;
}

void http_stream_close(struct http_stream *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_over = true;
    wake(s);
    let_go(s);
}

size_t http_streams(struct http_server *server)
{
    pthread_mutex_lock(&server->stream_lock);
    size_t n = server->stream_count;
    pthread_mutex_unlock(&server->stream_lock);
    return n;
}

/* ---- libmicrohttpd's side, on the connection's I/O thread ---- */

static ssize_t take(void *cls, uint64_t position, char *into, size_t most)
{
    struct http_stream *s = cls;

    (void)position;
    pthread_mutex_lock(&s->lock);
    size_t n = s->waiting.n - s->taken;
    ssize_t result = 0;
    if (n) {
        n = n < most ? n : most;
        memcpy(into, s->waiting.bytes + s->taken, n);
        s->taken += n;
        result = (ssize_t)n;
        if (s->taken == s->waiting.n) {
            buf_free(&s->waiting);
            s->taken = 0;
        }
    } else if (s->is_over) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->is_asleep = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

static void gone(void *cls)
{
    struct http_stream *s = cls;

    strike_off(s);
    pthread_mutex_lock(&s->lock);
    s->is_over = s->is_gone = true;
    let_go(s);
}

void stream_abandon(struct http_stream *s)
{
    if (s)
        gone(s);
}

struct MHD_Response *stream_response(struct exchange *e)
{
    struct http_stream *s = e->x.response.stream;

    /* Whatever of this does not succeed, the stream works without. */
    (void)setsockopt(socket_of(e->connection), SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BYTES}, sizeof(int));
    (void)setsockopt(socket_of(e->connection), IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){GONE_MS}, sizeof(unsigned));
    MHD_set_connection_option(e->connection, MHD_CONNECTION_OPTION_TIMEOUT, STALL_S);
    /* The exchange lives as long as the stream: it keeps no buffer that it does not need. */
    buf_free(&e->body);
    buf_free(&e->packed);
    buf_free(&e->x.response.body);
    pthread_mutex_lock(&s->lock);
    s->connection = e->connection;
    pthread_mutex_unlock(&s->lock);
    struct MHD_Response *m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, take, s, gone);
    if (m)
        e->x.response.stream = NULL;
    return m;
}

void stream_end_all(struct http_server *server)
{
    pthread_mutex_lock(&server->stream_lock);
    server->streams_ended = true;
    for (struct http_stream *s = server->streams; s; s = s->next)
        end_with(s, "");
    pthread_mutex_unlock(&server->stream_lock);
}
