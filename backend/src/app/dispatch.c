/* The way of a request through the lanes: who is it, may he, what does he want; then its handler in its lane. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/app.h"
#include "app/metrics.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/idempotency.h"
#include "domain/reply.h"
#include "domain/service_token.h"
#include "domain/session.h"

#define SLOW_ANSWER_US 250000 /* reads that took longer are logged at info */

static struct call *new_call(struct app *app, struct http_exchange *x)
{
    struct call *call = arena_new(&x->arena, struct call);
    const char *accept = http_header(x, "Accept"), *language = http_header(x, "Accept-Language");
    const char *id = http_param(x, "id");
    call->app = app;
    call->http = x;
    call->route = x->request.route ? app_route(x->request.route) : NULL;
    call->ctx = (struct ctx){.arena = &x->arena,
                             .settings = app->settings,
                             .keys = app->keys,
                             .files = app->files,
                             .jobs = app->jobs,
                             .writer = app->writer,
                             .hub = app->hub,
                             .now_ms = x->request.now_ms,
                             .asked_ms = x->request.now_ms,
                             .request_id = x->request.id,
                             .english = language && strncasecmp(language, "en", 2) == 0,
                             .numbers_as_text = accept && strstr(accept, "numbers=text") != NULL};
    call->ctx.actor.ip_address = x->request.peer ? x->request.peer : "";
    call->ctx.actor.user_agent = http_header(x, "User-Agent");
    if (!id || !text_int(id, 1, INT64_MAX, &call->id))
        call->id = 0; /* nothing has this id: the module answers with its own "there is no such …" */
    x->app = call;
    return call;
}

static enum rc identify(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *authorization = http_header(call->http, "Authorization");
    bool is_probe = call->route->http.lane == LANE_PROBE; /* its answer is the same for all, also while the database is away */
    if (call->route->permission == PERM_OPEN && (!authorization || is_probe))
        return RC_OK;
    if (!app_use_reader(call->app, c))
        return error_set(&c->err, RC_DB);
    enum rc rc = session_authenticate(c, authorization);
    if (call->route->permission == PERM_OPEN) { /* open to anybody: a bad token is no token */
        if (rc != RC_OK) {
            error_clear(&c->err);
            c->actor.user_id = 0;
            c->actor.role = ROLE_NONE;
            c->actor.permissions = 0;
        }
        return RC_OK;
    }
    if (rc != RC_OK)
        return rc;
    if (c->actor.must_change_password && call->route->permission != PERM_SIGNED_IN)
        return error_set(&c->err, RC_PASSWORD_CHANGE_REQUIRED);
    service_token_note_use(call->app->writer, &c->actor);
    return ctx_require(c, call->route->permission);
}

static enum rc read_body(struct call *call)
{
    static const struct json empty = {.type = JSON_OBJECT};
    const struct http_request *r = &call->http->request;
    struct ctx *c = &call->ctx;
    call->body = &empty;
    if (!call->route->body || !r->body_n)
        return RC_OK;
    struct json_fault fault;
    call->body = json_parse(c->arena, r->body, r->body_n, &fault);
    if (call->body)
        return RC_OK;
    error_fault(&c->err, c->arena, "body", "bad_json",
                arena_fmt(c->arena, "%s（第 %zu 字节）", fault.reason_zh, fault.offset),
                arena_fmt(c->arena, "%s (at byte %zu)", fault.reason, fault.offset), NULL);
    return error_set(&c->err, RC_BAD_JSON);
}

static enum rc admit(struct call *call)
{
    TRY(identify(call));
    return read_body(call);
}

/* Without the database, where that would mean to wait: a service token is not known so. */
static enum rc identify_unread(struct call *call, int64_t *sender)
{
    struct ctx *c = &call->ctx;
    const char *authorization = http_header(call->http, "Authorization");
    if (call->app->on_server)
        return session_look_at(c, authorization, sender);
    TRY(identify(call));
    *sender = c->actor.user_id;
    return RC_OK;
}

void app_expect_upload(void *app, struct http_exchange *x, int64_t *sender)
{
    struct call *call = new_call(app, x);
    enum rc rc = identify_unread(call, sender);
    if (rc != RC_OK)
        reply_error(x, &call->ctx, rc);
}

/* ---------------------------------------------------------------- waiting for a lane */

static void queued(struct call *call)
{
    call->queued_us = clock_monotonic_us();
}

static void has_waited(struct call *call)
{
    if (call->queued_us)
        call->waited_us += clock_monotonic_us() - call->queued_us;
    call->queued_us = 0;
}

/* ---------------------------------------------------------------- admission */

/* What only reads is admitted where it runs, in one snapshot with its handler; with a database server, all but the probe is
 * admitted on a worker. */
void app_admit(void *app, struct http_exchange *x)
{
    struct call *call = new_call(app, x);
    enum http_lane lane = call->route->http.lane;
    bool on_worker = call->app->on_server && lane != LANE_PROBE;
    if (lane == LANE_READ && !on_worker)
        return;
    enum rc rc = on_worker ? RC_OK : admit(call);
    queued(call);
    if (rc != RC_OK)
        reply_error(x, &call->ctx, rc);
}

void app_refuse(void *app, struct http_exchange *x, enum rc rc)
{
    struct call *call = x->app ? x->app : new_call(app, x);
    error_clear(&call->ctx.err);
    reply_error(x, &call->ctx, rc);
}

/* ---------------------------------------------------------------- WRITE */

static enum rc write_job(struct db *db, void *arg)
{
    struct call *call = arg;
    bool replayed;
    has_waited(call);
    call->ctx.db = db;
    call->ctx.memo = NULL;
    call->ctx.now_ms = clock_now_ms(); /* in the order of the deeds, whoever began to ask first: the log's rows follow one another in time */
    http_answer_anew(call->http);      /* a job may be run twice */
    error_clear(&call->ctx.err);
    TRY(idempotency_replay(call, &replayed));
    if (replayed)
        return RC_OK;
    TRY(call->route->handler(call));
    return idempotency_keep(call);
}

static void write_done(void *arg, enum rc rc)
{
    struct call *call = arg;
    if (call->route->after)
        call->route->after(call, rc);
    if (rc != RC_OK) {
        if (call->ctx.err.rc == RC_OK || error_row(rc)->status >= 500)
            error_clear(&call->ctx.err); /* the commit failed after the handler was content */
        reply_error(call->http, &call->ctx, rc);
    }
    http_done(call->http);
}

enum rc app_submit_write(void *app, struct http_exchange *x)
{
    queued(x->app);
    return db_writer_submit(((struct app *)app)->writer, (struct db_job){write_job, write_done, x->app});
}

/* ---------------------------------------------------------------- the other lanes */

/* *handed_over: the writer has the call now and answers; it may have done so already, so nothing of it is touched again. */
static enum rc hand_over(struct call *call, bool *handed_over)
{
    enum rc rc = app_submit_write(call->app, call->http);
    *handed_over = rc == RC_OK;
    return rc;
}

static enum rc run_slow(struct call *call, bool *handed_over)
{
    if (!call->route->prepare)
        return call->route->handler(call);
    enum rc rc = call->route->prepare(call);
    if (rc == RC_OK)
        rc = hand_over(call, handed_over);
    if (rc != RC_OK && call->route->after)
        call->route->after(call, rc);
    return rc;
}

static enum rc run_read(struct db *db, void *arg)
{
    (void)db;
    struct call *call = arg;
    TRY(identify(call));
    return call->route->handler(call);
}

/* The connection may have gone while it was idle: once more, on a new one. (What reads begins a transaction, which does the same.) */
static enum rc admit_on_worker(struct call *call)
{
    enum rc rc = admit(call);
    if (rc != RC_DB_LOST || !app_use_reader(call->app, &call->ctx))
        return rc;
    error_clear(&call->ctx.err);
    return admit(call);
}

static enum rc run_in_lane(struct call *call, bool *handed_over)
{
    struct ctx *c = &call->ctx;
    enum http_lane lane = call->route->http.lane;
    if (lane != LANE_PROBE && !app_use_reader(call->app, c)) /* a probe asks for its reader itself */
        return RC_DB_LOST;
    if (lane == LANE_READ)
        return db_run_read(c->db, run_read, call);
    if (call->app->on_server && lane != LANE_PROBE)
        TRY(admit_on_worker(call));
    switch (lane) {
    case LANE_READ:
    case LANE_PROBE:
        break;
    case LANE_WRITE:
        return hand_over(call, handed_over);
    case LANE_SLOW:
        return run_slow(call, handed_over);
    }
    return call->route->handler(call);
}

void app_run(void *app, struct http_exchange *x)
{
    struct call *call = x->app;
    bool handed_over = false;
    has_waited(call);
    /* Asked before: the call may be over when run_in_lane returns. */
    bool on_io_thread = call->route->http.lane == LANE_READ && !((const struct app *)app)->on_server;
    enum rc rc = run_in_lane(call, &handed_over);
    if (handed_over)
        return;
    if (rc != RC_OK)
        reply_error(x, &call->ctx, rc);
    if (!on_io_thread)
        http_done(x);
}

/* ---------------------------------------------------------------- the log */

void app_finished(void *app, struct http_exchange *x)
{
    const struct http_request *r = &x->request;
    const struct call *call = x->app;
    int64_t took_us = clock_monotonic_us() - r->began_us;
    metrics_count(((struct app *)app)->metrics, call ? call->route : NULL, x->response.status, took_us);
    bool plain = x->response.status < 400 && took_us < SLOW_ANSWER_US &&
                 (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0);
    enum log_level level = x->response.status >= 500 ? LOG_ERROR : plain ? LOG_DEBUG : LOG_INFO;
    if (!log_on(level))
        return;
    log_event(level, "http.request", r->id, LOG_TEXT("method", r->method), LOG_TEXT("path", r->path),
              LOG_INT("status", x->response.status), LOG_INT("took_us", took_us), LOG_TEXT("address", r->peer),
              LOG_INT("user_id", call ? call->ctx.actor.user_id : 0), LOG_INT("waited_us", call ? call->waited_us : 0),
              LOG_INT("bytes", http_answer_bytes(x)));
}
