#include "domain/reply.h"

#include <string.h>

#define USUAL_ANSWER 2000

struct json_writer reply_data(struct call *call, int status, const char *zh, const char *en)
{
    struct http_response *r = &call->http->response;
    buf_reset(&r->body);
    (void)buf_room(&r->body, USUAL_ANSWER); /* one allocation instead of several growing ones */
    r->status = status;
    struct json_writer w;
    jw_init(&w, &r->body, call->ctx.numbers_as_text);
    jw_object(&w);
    jw_member_bool(&w, "success", true);
    if (zh) {
        jw_member_text(&w, "message", call->ctx.english ? en : zh);
    }
    jw_name(&w, "data");
    return w;
}

enum rc reply_end(struct call *call, struct json_writer *w)
{
    jw_object_end(w);
    return call->http->response.body.overflow ? error_set(&call->ctx.err, RC_INTERNAL) : RC_OK;
}

enum rc reply_message(struct call *call, const char *zh, const char *en)
{
    struct http_response *r = &call->http->response;
    buf_reset(&r->body);
    r->status = 200;
    struct json_writer w;
    jw_init(&w, &r->body, false);
    jw_object(&w);
    jw_member_bool(&w, "success", true);
    jw_member_text(&w, "message", call->ctx.english ? en : zh);
    jw_object_end(&w);
    return RC_OK;
}

enum rc reply_record(struct call *call, const struct record_type *type, const void *record)
{
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    record_write(&w, type, record);
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc reply_id(struct call *call, int status, const char *zh, const char *en, int64_t id)
{
    struct json_writer w = reply_data(call, status, zh, en);
    jw_object(&w);
    jw_member_int(&w, "id", id);
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc reply_rows(struct call *call, const struct record_type *type, const struct sql *sql, const struct db_value *args,
                   size_t count)
{
    DB_ROWS rows = NULL;
    TRY(db_start(call->ctx.db, sql, args, count, &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    bool more;
    TRY(db_next(rows, &more));
    while (more) {
        jw_object(&w);
        record_write_row(&w, type, rows);
        jw_object_end(&w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static void write_faults(struct json_writer *w, const struct error *e, bool english, bool numbers_as_text)
{
    jw_name(w, "errors");
    jw_array(w);
    for (const struct field_fault *f = e->faults; f; f = f->next) {
        jw_object(w);
        jw_member_text(w, "field", f->field);
        jw_member_text(w, "code", f->code);
        jw_member_text(w, "message", english ? f->en : f->zh);
        if (f->value)
            jw_name(w, "value");
        if (f->value && f->is_number && !numbers_as_text)
            jw_raw(w, f->value, strlen(f->value));
        else if (f->value)
            jw_text(w, f->value);
        jw_object_end(w);
    }
    jw_array_end(w);
}

enum rc reply_conflict(struct ctx *c, const struct record_type *type, const void *present)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, HTTP_ANSWER_MAX);
    jw_init(&w, &out, c->numbers_as_text);
    jw_name(&w, "data");
    jw_object(&w);
    record_write(&w, type, present);
    jw_object_end(&w);
    c->err.members = arena_dup(c->arena, buf_text(&out));
    buf_free(&out);
    return error_set(&c->err, RC_VERSION_CONFLICT);
}

void reply_error(struct http_exchange *x, struct ctx *c, enum rc rc)
{
    const struct error *e = &c->err;
    if (e->rc != RC_OK)
        rc = e->rc;
    const struct error_row *row = error_row(rc);
    struct http_response *r = &x->response;
    http_answer_anew(x); /* a handler may have been content, and its snapshot or its commit have failed */
    r->status = row->status;
    struct json_writer w;
    jw_init(&w, &r->body, c->numbers_as_text);
    jw_object(&w);
    jw_member_bool(&w, "success", false);
    jw_name(&w, "message");
    const char *zh = e->zh ? e->zh : row->zh, *en = e->en ? e->en : row->en;
    jw_text(&w, c->english ? en : zh);
    jw_member_text(&w, "code", row->code);
    if (e->faults)
        write_faults(&w, e, c->english, c->numbers_as_text);
    jw_members(&w, e->members);
    jw_member_text(&w, "request_id", x->request.id);
    jw_object_end(&w);
    int wait_s = e->retry_after_s;
    if (!wait_s && (row->status == 503 || row->status == 429))
        wait_s = 1;
    if (wait_s)
        http_set_header(x, "Retry-After", arena_fmt(&x->arena, "%d", wait_s));
    if (e->limit) {
        http_set_header(x, "RateLimit-Limit", arena_fmt(&x->arena, "%d", e->limit));
        http_set_header(x, "RateLimit-Remaining", "0");
        http_set_header(x, "RateLimit-Reset", arena_fmt(&x->arena, "%d", wait_s));
    }
}
