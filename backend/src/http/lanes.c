/* The four lanes: where a route's handler runs. */
#include <microhttpd.h>
#include <poll.h>

#include "http/exchange.h"

/* From here an answer of this size is compressed by the thread that made it, not by the I/O thread.
 */
#define PACK_IN_LANE (32u * 1024)

static enum rc put(struct pool *p, struct exchange *e)
{
    return pool_put(p, e) ? RC_OK : RC_BUSY;
}

static enum rc hand_over(struct exchange *e)
{
    const struct http_server *s = e->server;

    switch (e->x.request.route->lane) {
    case LANE_READ:
        return put(s->workers, e);
    case LANE_WRITE:
        return s->workers ? put(s->workers, e) : s->config.submit_write(s->config.app, &e->x);
    case LANE_SLOW:
        return put(s->files && e->x.request.route->moves_files ? s->files : s->slow, e);
    case LANE_PROBE:
        return put(s->probe, e);
    }
    return RC_INTERNAL;
}

/* Counts the exchange as away; false: the server has closed meanwhile. */
static bool leave(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    bool open = !s->closed;
    s->away += open;
    pthread_mutex_unlock(&s->lock);
    return open;
}

bool lane_run(struct exchange *e)
{
    struct http_server *s = e->server;

    if (e->x.request.route->lane == LANE_READ && !s->workers) {
        s->config.run(s->config.app, &e->x);
        return true;
    }
    if (!leave(s)) {
        exchange_refuse(e, RC_SHUTTING_DOWN);
        return true;
    }
    e->stage = STAGE_AWAY;
    MHD_suspend_connection(e->connection);
    /* The answer may be there before this returns: once it is taken, the exchange is not ours to
     * look at. */
    enum rc rc = hand_over(e);
    if (rc != RC_OK) {
        exchange_refuse(e, rc);
        http_done(&e->x);
    }
    return false;
}

void lane_work(void *item)
{
    struct exchange *e = item;

    e->server->config.run(e->server->config.app, &e->x);
}

bool http_is_awaited(struct http_exchange *x)
{
    struct exchange *e = (struct exchange *)x;
    /* A sleeping connection is not looked at by libmicrohttpd, and stays. */
    int fd = MHD_get_connection_info(e->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct pollfd socket = {.fd = fd, .events = POLLRDHUP};

    return poll(&socket, 1, 0) <= 0 && !atomic_load(&e->server->refusing);
}

void http_done(struct http_exchange *x)
{
    struct exchange *e = (struct exchange *)x;
    struct http_server *s = e->server;

    if (x->request.route->lane == LANE_SLOW && x->response.body.n >= PACK_IN_LANE)
        answer_settle(e);
    e->stage = STAGE_ANSWERED;
    MHD_resume_connection(e->connection);
    /* http_stop waits for this under the lock: the server outlives the last line. */
    pthread_mutex_lock(&s->lock);
    s->away--;
    if (atomic_load(&s->stopping))
        pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}
