#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "http/stream.h"

/* What a spare exchange may keep: enough for the usual list, little enough for many connections. */
enum { SPARE_MAX = 256, KEPT_BYTES = 64 * 1024 };

static struct exchange *make(struct http_server *s)
{
    struct exchange *e = calloc(1, sizeof *e);

    if (!e)
        abort(); /* as in the arena: no half-working state */
    e->server = s;
    arena_init(&e->x.arena);
    buf_init(&e->x.response.body, HTTP_ANSWER_MAX);
    buf_init(&e->body, HTTP_BODY_MAX);
    buf_init(&e->packed, HTTP_ANSWER_MAX);
    return e;
}

struct exchange *exchange_take(struct http_server *s)
{
    pthread_mutex_lock(&s->spare_lock);
    struct exchange *e = s->spare;
    if (e) {
        s->spare = e->next_spare;
        s->spare_count--;
    }
    pthread_mutex_unlock(&s->spare_lock);
    return e ? e : make(s);
}

static void discard(struct exchange *e)
{
    arena_free(&e->x.arena);
    buf_free(&e->x.response.body);
    buf_free(&e->body);
    buf_free(&e->packed);
    free(e);
}

static void empty(struct buf *b)
{
    if (b->cap > KEPT_BYTES)
        buf_free(b);
    else
        buf_reset(b);
}

void http_send_file(struct http_exchange *x, int fd, int64_t n)
{
    struct http_file *file = arena_new(&x->arena, struct http_file);
    *file = (struct http_file){fd, n};
    x->response.file = file;
}

static void close_file(struct exchange *e)
{
    struct http_file *file = e->x.response.file;
    if (file && file->fd >= 0)
        close(file->fd);
    e->x.response.file = NULL;
}

static void drop_stream(struct exchange *e)
{
    stream_abandon(e->x.response.stream);
    e->x.response.stream = NULL;
}

/* As new, but for the memory it keeps. */
static void clean(struct exchange *e)
{
    page_put(e->server->page, e->edition);
    close_file(e);
    drop_stream(e);
    empty(&e->x.response.body);
    empty(&e->body);
    forms_give_back(&e->server->forms, e->sender, e->form_bytes);
    empty(&e->packed);
    arena_reset(&e->x.arena);
    struct exchange fresh = {.server = e->server, .body = e->body, .packed = e->packed};
    fresh.x.arena = e->x.arena;
    fresh.x.response.body = e->x.response.body;
    *e = fresh;
}

void exchange_give_back(struct exchange *e)
{
    struct http_server *s = e->server;

    clean(e);
    pthread_mutex_lock(&s->spare_lock);
    bool kept = s->spare_count < SPARE_MAX;
    if (kept) {
        e->next_spare = s->spare;
        s->spare = e;
        s->spare_count++;
    }
    pthread_mutex_unlock(&s->spare_lock);
    if (!kept)
        discard(e);
}

void exchange_free_spares(struct http_server *s)
{
    while (s->spare) {
        struct exchange *e = s->spare;
        s->spare = e->next_spare;
        discard(e);
    }
}

int64_t http_answer_bytes(const struct http_exchange *x)
{
    return x->response.file ? x->response.file->n : (int64_t)x->response.body.n;
}

void http_answer_anew(struct http_exchange *x)
{
    struct exchange *e = (struct exchange *)x;
    struct http_response *r = &x->response;

    buf_reset(&r->body);
    r->status = 0;
    r->content_type = NULL;
    r->header_count = 0;
    close_file(e);
    drop_stream(e);
}

void exchange_refuse(struct exchange *e, enum rc rc)
{
    struct http_server *s = e->server;
    struct http_response *r = &e->x.response;

    http_answer_anew(&e->x);
    s->config.refuse(s->config.app, &e->x, rc);
    if (!r->status)
        r->status = error_row(rc)->status;
    if (rc == RC_METHOD_NOT_ALLOWED)
        http_set_header(&e->x, "Allow", e->allow);
    if (rc == RC_BUSY || rc == RC_SHUTTING_DOWN)
        http_set_header(&e->x, "Retry-After", "1");
}

struct http_server *http_server_of(const struct http_exchange *x)
{
    return ((const struct exchange *)x)->server;
}

const char *http_query(const struct http_exchange *x, const char *name)
{
    const struct exchange *e = (const struct exchange *)x;

    for (size_t i = 0; i < e->query_count; i++)
        if (!strcmp(e->query[i].name, name))
            return e->query[i].value;
    return NULL;
}

const char *http_param(const struct http_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->request.param_count; i++)
        if (!strcmp(x->request.params[i].name, name))
            return x->request.params[i].value;
    return NULL;
}

void http_set_header(struct http_exchange *x, const char *name, const char *value)
{
    struct http_response *r = &x->response;
    size_t i = 0;

    if (!value || strpbrk(value, "\r\n"))
        return;
    while (i < r->header_count && strcasecmp(r->headers[i].name, name) != 0)
        i++;
    if (i == sizeof r->headers / sizeof *r->headers)
        return;
    r->headers[i].name = name;
    r->headers[i].value = value;
    if (i == r->header_count)
        r->header_count++;
}
