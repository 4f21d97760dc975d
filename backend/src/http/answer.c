/* The answer's last steps: headers that every answer has, compression, and the hand-over to
 * libmicrohttpd. */
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "http/cors.h"
#include "http/exchange.h"
#include "http/gzip.h"
#include "http/stream.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define FILE_LASTING "public, max-age=31536000, immutable"
#define PAGE_POLICY                                                                                \
    "default-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "       \
    "object-src 'none'; "                                                                          \
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
/* A worker runs under the policy of its own answer: the one that reads codes in pictures, and no
 * page, may compile wasm. */
#define WORKER_POLICY                                                                              \
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

static const char *content_type(const struct exchange *e)
{
    if (e->form)
        return e->file->type;
    return e->x.response.content_type ? e->x.response.content_type : JSON_TYPE;
}

static bool has_header(const struct http_response *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (!strcasecmp(r->headers[i].name, name))
            return true;
    return false;
}

static void pack(struct exchange *e)
{
    const struct http_response *r = &e->x.response;

    if (e->form || !gzip_worth(content_type(e), r->body.n) || has_header(r, "Content-Encoding") ||
        !coding_accepted(http_header(&e->x, "Accept-Encoding"), "gzip"))
        return;
    if (!gzip_pack(r->body.bytes, r->body.n, 1, &e->packed))
        buf_reset(&e->packed);
}

/* HEAD asks for the headers only: libmicrohttpd would send the end of a body after them, in front of the next answer. */
static void settle_stream(struct exchange *e)
{
    struct http_response *r = &e->x.response;

    e->is_stream = r->stream != NULL;
    if (!e->is_stream || strcmp(e->x.request.method, "HEAD") != 0)
        return;
    stream_abandon(r->stream);
    r->stream = NULL;
}

void answer_settle(struct exchange *e)
{
    struct http_response *r = &e->x.response;

    if (e->settled)
        return;
    e->settled = true;
    if (r->status < 200 || r->status > 599 || r->body.overflow)
        exchange_refuse(e, RC_INTERNAL);
    settle_stream(e);
    pack(e);
}

static void add(struct MHD_Response *m, const char *name, const char *value)
{
    /* Fails only for a value with a line end or a tab, or without memory: an answer without this
     * header. */
    (void)MHD_add_response_header(m, name, value);
}

static void add_page_headers(struct MHD_Response *m)
{
    add(m, "Content-Security-Policy", PAGE_POLICY);
    add(m, "Cross-Origin-Opener-Policy", "same-origin");
    add(m, "X-Frame-Options", "DENY");
    add(m, "Permissions-Policy", "camera=(self), microphone=(), geolocation=()");
}

static void add_file_headers(struct MHD_Response *m, const struct exchange *e)
{
    add(m, "ETag", e->form->etag);
    add(m, "Cache-Control", e->file->is_immutable ? FILE_LASTING : "no-cache");
    if (e->form->coding)
        add(m, "Content-Encoding", e->form->coding);
    if (e->file->is_html)
        add_page_headers(m);
    if (e->file->is_worker)
        add(m, "Content-Security-Policy", WORKER_POLICY);
}

static void add_own_headers(struct MHD_Response *m, const struct exchange *e)
{
    const struct http_response *r = &e->x.response;

    for (size_t i = 0; i < r->header_count; i++)
        add(m, r->headers[i].name, r->headers[i].value);
    if (!has_header(r, "Cache-Control"))
        add(m, "Cache-Control", "no-store");
    if (e->packed.n)
        add(m, "Content-Encoding", "gzip");
}

/* Pages of allowed origins may read the answer. */
static bool add_cors_headers(struct MHD_Response *m, const struct exchange *e)
{
    const char *const *origins = e->server->config.cors_origins;

    if (!origins || !*origins)
        return false;
    const char *origin = http_header(&e->x, "Origin");
    enum cors found = cors_check(origins, origin);
    if (found == CORS_REFUSED)
        return false;
    add(m, "Access-Control-Allow-Origin", origin);
    add(m, "Access-Control-Expose-Headers", CORS_EXPOSED);
    if (found == CORS_LISTED)
        add(m, "Access-Control-Allow-Credentials", "true");
    return true;
}

static bool varies_by_coding(const struct exchange *e)
{
    if (e->x.response.file || e->is_stream)
        return false;
    if (e->form)
        return e->file->br.bytes || e->file->gz.bytes;
    return gzip_worth(content_type(e), e->x.response.body.n);
}

static void add_headers(struct MHD_Response *m, const struct exchange *e)
{
    if (e->form || e->x.response.body.n || e->x.response.file || e->is_stream)
        add(m, "Content-Type", content_type(e));
    add(m, "X-Request-Id", e->x.request.id);
    add(m, "X-Content-Type-Options", "nosniff");
    add(m, "Referrer-Policy", "same-origin");
    if (e->form)
        add_file_headers(m, e);
    else
        add_own_headers(m, e);
    bool by_origin = add_cors_headers(m, e), by_coding = varies_by_coding(e);
    if (by_origin || by_coding)
        add(m, "Vary",
            !by_coding   ? "Origin"
            : !by_origin ? "Accept-Encoding"
                         : "Accept-Encoding, Origin");
    if (e->close || atomic_load_explicit(&e->server->stopping, memory_order_relaxed))
        add(m, "Connection", "close");
}

/* The bytes stay where they are: the exchange, or the edition it holds, outlives libmicrohttpd's use of them.
 */
static struct MHD_Response *make_response(struct exchange *e)
{
    struct static_body file = e->form ? *e->form : (struct static_body){0};
    const struct buf *b = e->packed.n ? &e->packed : &e->x.response.body;

    if (e->x.response.file) {
        int fd = e->x.response.file->fd;
        e->x.response.file->fd = -1;
        return MHD_create_response_from_fd64((uint64_t)e->x.response.file->n, fd);
    }
    if (e->x.response.stream)
        return stream_response(e);
    if (e->form)
        return MHD_create_response_from_buffer(file.n, file.bytes, MHD_RESPMEM_PERSISTENT);
    return MHD_create_response_from_buffer(b->n, b->bytes, MHD_RESPMEM_PERSISTENT);
}

bool answer_send(struct exchange *e)
{
    const struct http_config *c = &e->server->config;

    answer_settle(e);
    e->told = true;
    c->finished(c->app, &e->x);
    struct MHD_Response *m = make_response(e);
    if (!m)
        return false;
    add_headers(m, e);
    enum MHD_Result queued = MHD_queue_response(e->connection, (unsigned)e->x.response.status, m);
    MHD_destroy_response(m);
    return queued == MHD_YES;
}
