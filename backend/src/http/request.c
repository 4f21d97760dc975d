/* A request, from its first byte to the door of its lane: target, limits, body. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/cors.h"
#include "http/exchange.h"
#include "http/router.h"

/* What a body may hold beyond its limit and still be read to its end, so that the client gets to
 * see the 413. */
#define BODY_EXCESS_MAX (4u * 1024 * 1024)
#define FORM_EXTRA (16u * 1024) /* boundaries, headers of the parts, small fields */
#define FORWARDED_MAX (32u * 1024)

const char *http_header(const struct http_exchange *x, const char *name)
{
    const struct exchange *e = (const struct exchange *)x;

    return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

/* ---- who asks ---- */

static bool is_request_id(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return n >= 1 && n <= HTTP_REQUEST_ID_MAX && !text[n];
}

/* splitmix64: one to one, so that ids of one server never meet, and do not look like a counter. */
static uint64_t scramble(uint64_t n)
{
    n = (n ^ n >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    n = (n ^ n >> 27) * UINT64_C(0x94D049BB133111EB);
    return n ^ n >> 31;
}

static const char *request_id(struct exchange *e)
{
    const char *theirs = http_header(&e->x, "X-Request-Id");

    if (theirs && is_request_id(theirs))
        return arena_dup(&e->x.arena, theirs);
    uint64_t n = scramble(atomic_fetch_add_explicit(&e->server->next_id, 1, memory_order_relaxed));
    char *id = arena_alloc(&e->x.arena, 17);
    for (int i = 0; i < 16; i++, n <<= 4)
        id[i] = "0123456789abcdef"[n >> 60];
    return id;
}

static const char *peer_text(struct exchange *e)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(e->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char *text = arena_alloc(&e->x.arena, INET6_ADDRSTRLEN);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};

    if (!info || !info->client_addr)
        return text;
    memcpy(&a, info->client_addr,
           info->client_addr->sa_family == AF_INET ? sizeof a.v4 : sizeof a.v6);
    if (a.any.sa_family == AF_INET)
        inet_ntop(AF_INET, &a.v4.sin_addr, text, INET6_ADDRSTRLEN);
    else if (IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr))
        inet_ntop(AF_INET, &a.v6.sin6_addr.s6_addr[12], text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, &a.v6.sin6_addr, text, INET6_ADDRSTRLEN);
    return text;
}

/* Some proxies add a line of their own instead of lengthening the one they got: all lines count,
 * in order. */
static enum MHD_Result join_forwarded(void *cls, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct buf *joined = cls;

    (void)kind;
    if (!value || strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    if (joined->n)
        buf_char(joined, ',');
    buf_str(joined, value);
    return MHD_YES;
}

static const char *client_address(struct exchange *e)
{
    const struct http_config *c = &e->server->config;
    const char *peer = peer_text(e);
    struct buf joined;

    if (!c->trusted_proxies || !*c->trusted_proxies)
        return peer;
    buf_init(&joined, FORWARDED_MAX);
    MHD_get_connection_values(e->connection, MHD_HEADER_KIND, join_forwarded, &joined);
    const char *client =
        http_client_address(&e->x.arena, peer, buf_text(&joined), c->trusted_proxies);
    buf_free(&joined);
    return client;
}

/* ---- what is asked for ---- */

static enum MHD_Result count_value(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    size_t *count = cls;

    (void)kind, (void)name, (void)value;
    ++*count;
    return MHD_YES;
}

/* libmicrohttpd has cut the query at & and = and made spaces of +; the escapes are ours. */
static enum MHD_Result take_value(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct exchange *e = cls;
    struct query_value q = {percent_decode(&e->x.arena, name),
                            percent_decode(&e->x.arena, value ? value : "")};

    (void)kind;
    if (!q.name || !q.value) {
        e->refused = RC_BAD_REQUEST;
        return MHD_NO;
    }
    e->query[e->query_count++] = q;
    return MHD_YES;
}

static void read_query(struct exchange *e)
{
    size_t count = 0;

    MHD_get_connection_values(e->connection, MHD_GET_ARGUMENT_KIND, count_value, &count);
    if (!count)
        return;
    e->query = arena_array(&e->x.arena, count, sizeof *e->query);
    MHD_get_connection_values(e->connection, MHD_GET_ARGUMENT_KIND, take_value, e);
}

static bool is_reading(const char *method)
{
    return !strcmp(method, "GET") || !strcmp(method, "HEAD");
}

/* A path that no route knows: the page's, or nobody's. */
static enum rc find_file(struct exchange *e)
{
    const struct segments *p = &e->path;
    bool ours = p->count && (!strcmp(p->at[0], "api") || !strcmp(p->at[0], "uploads"));

    if (ours || !e->server->page)
        return RC_NOT_FOUND;
    e->edition = page_take(e->server->page);
    e->file = static_find(page_site(e->edition), e->x.request.path, p);
    if (!e->file)
        return RC_NOT_FOUND;
    e->allow = "GET, HEAD";
    return is_reading(e->x.request.method) || e->is_options ? RC_OK : RC_METHOD_NOT_ALLOWED;
}

static enum rc find_route(struct exchange *e)
{
    struct http_request *r = &e->x.request;
    const char *method = strcmp(r->method, "HEAD") != 0 ? r->method : "GET";

    switch (router_match(e->server->router, method, e->path.at, e->path.count, &r->route, r->params,
                         &r->param_count, &e->allow)) {
    case HTTP_MATCHED:
        return RC_OK;
    case HTTP_NO_METHOD:
        return e->is_options ? RC_OK : RC_METHOD_NOT_ALLOWED;
    case HTTP_NO_PATH:
        break;
    }
    return find_file(e);
}

/* ---- the body ---- */

static enum MHD_Result count_framing(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    size_t *count = cls;

    (void)kind, (void)value;
    *count += !strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding");
    return MHD_YES;
}

/* Two statements of a body's length are how requests are smuggled past a proxy (RFC 9112, 6.3). */
static bool framing_is_clear(const struct exchange *e, const char *transfer)
{
    size_t count = 0;

    if (transfer && strcasecmp(transfer, "chunked") != 0)
        return false;
    MHD_get_connection_values(e->connection, MHD_HEADER_KIND, count_framing, &count);
    return count == 1;
}

/* True: this request is not read on; its answer leaves at once. */
static bool must_break_off(struct exchange *e)
{
    const char *length = http_header(&e->x, "Content-Length");
    const char *transfer = http_header(&e->x, "Transfer-Encoding");

    if (!length && !transfer)
        return false;
    if (!framing_is_clear(e, transfer)) {
        e->refused = RC_BAD_REQUEST;
        return true;
    }
    /* libmicrohttpd has refused what is no number. */
    if (!length || strtoull(length, NULL, 10) <= e->body_max)
        return false;
    e->refused = RC_BODY_TOO_LARGE;
    return e->takes_early_answer;
}

static size_t body_limit(const struct exchange *e)
{
    const struct http_route *route = e->x.request.route;
    if (route && route->is_upload)
        return (route->body_max ? route->body_max : e->server->config.upload_max) + FORM_EXTRA;
    return route && route->body_max ? route->body_max : HTTP_BODY_MAX;
}

/* False: nobody who may send this; the answer says so. */
static bool expect_upload(struct exchange *e)
{
    const struct http_config *c = &e->server->config;
    const struct http_route *route = e->x.request.route;

    if (e->refused != RC_OK || !route || !route->is_upload || !c->expect_upload)
        return true;
    c->expect_upload(c->app, &e->x, &e->sender);
    return !e->x.response.status;
}

static void answer_unread(struct exchange *e)
{
    e->close = e->broken_off = true;
    e->stage = STAGE_ANSWERED;
}

void request_begin(struct exchange *e, const char *url, const char *method)
{
    struct http_server *s = e->server;
    struct http_request *r = &e->x.request;

    r->method = method;
    r->path = "";
    r->body = "";
    r->began_us = clock_monotonic_us();
    r->now_ms = clock_now_ms();
    r->id = request_id(e);
    r->peer = client_address(e);
    e->is_options = !strcmp(method, "OPTIONS");
    e->takes_early_answer = !strcmp(method, "POST") || !strcmp(method, "PUT");
    read_query(e);
    if (!path_read(&e->x.arena, url, &e->path, &r->path))
        e->refused = RC_BAD_REQUEST;
    if (e->refused == RC_OK)
        e->refused = find_route(e);
    if (atomic_load(&s->refusing))
        e->refused = RC_SHUTTING_DOWN;
    e->body_max = body_limit(e);
    e->body.max = e->body_max;
    if (must_break_off(e)) {
        exchange_refuse(e, e->refused);
        answer_unread(e);
    } else if (!expect_upload(e)) {
        answer_unread(e);
    }
}

/* Files are held whole until they are dealt with: many at once would take all memory. */
static void count_form(struct exchange *e, size_t n)
{
    if (forms_take(&e->server->forms, e->sender, n)) {
        e->form_bytes += n;
        return;
    }
    e->refused = RC_BUSY;
    forms_give_back(&e->server->forms, e->sender, e->form_bytes);
    e->form_bytes = 0;
    buf_free(&e->body);
}

bool request_take_body(struct exchange *e, const char *bytes, size_t n)
{
    e->body_seen += n;
    if (e->body_seen > e->body_max + BODY_EXCESS_MAX)
        return false;
    if (e->body_seen > e->body_max && e->stage == STAGE_READING)
        e->refused = RC_BODY_TOO_LARGE;
    if (e->refused == RC_OK && e->x.request.route && e->x.request.route->is_upload)
        count_form(e, n);
    if (e->refused == RC_OK)
        buf_add(&e->body, bytes, n);
    return true;
}

/* ---- the door ---- */

/* What is no form, http_form_file finds nothing in. */
static bool has_right_type(const struct exchange *e)
{
    static const char JSON[] = "application/json";
    const char *method = e->x.request.method;

    if (!e->body.n || e->x.request.route->is_upload ||
        (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "PATCH") != 0))
        return true;
    const char *type = http_header(&e->x, "Content-Type");
    return type && !strncasecmp(type, JSON, sizeof JSON - 1) &&
           strchr(" \t;", type[sizeof JSON - 1]);
}

static void answer_options(struct exchange *e)
{
    struct http_exchange *x = &e->x;

    x->response.status = 204;
    http_set_header(x, "Allow", e->allow);
    if (!http_header(x, "Access-Control-Request-Method") ||
        cors_check(e->server->config.cors_origins, http_header(x, "Origin")) == CORS_REFUSED)
        return;
    http_set_header(x, "Access-Control-Allow-Methods", e->allow);
    http_set_header(x, "Access-Control-Allow-Headers", CORS_HEADERS);
    http_set_header(x, "Access-Control-Max-Age", CORS_MAX_AGE_S);
}

static void answer_file(struct exchange *e)
{
    e->form = static_choose(e->file, http_header(&e->x, "Accept-Encoding"));
    e->x.response.status =
        static_is_known(e->form, http_header(&e->x, "If-None-Match")) ? 304 : 200;
}

bool request_decide(struct exchange *e)
{
    const struct http_config *c = &e->server->config;
    struct http_request *r = &e->x.request;

    r->body = buf_text(&e->body);
    r->body_n = e->body.n;
    e->stage = STAGE_ANSWERED;
    if (e->refused == RC_OK && r->route && !has_right_type(e))
        e->refused = RC_UNSUPPORTED_MEDIA;
    if (e->refused != RC_OK) {
        exchange_refuse(e, e->refused);
    } else if (!r->route && e->is_options) {
        answer_options(e);
    } else if (!r->route) {
        answer_file(e);
    } else {
        c->admit(c->app, &e->x);
        if (!e->x.response.status)
            return lane_run(e);
    }
    return true;
}
