/* Owns the table document_drafts. Invariants: each person reads and changes his own only; a change names the version that it was
 * made from, so that of two tabs none overwrites what the other has stored. */
#include "domain/draft.h"

#include "domain/reply.h"

struct draft {
    struct record record;
    int64_t id, line_count, updated_at, version;
    const char *kind, *title, *content;
};
static const char *const kinds[] = {"in", "out", NULL};
static const struct field draft_fields[] = {
    FIELD(struct draft, id, FIELD_INT, F_OUT),
    FIELD(struct draft, kind, FIELD_TEXT, F_IN | F_OUT | F_NEED, .choices = kinds, .need_zh = "出入库类型必须是 in 或 out",
          .need_en = "The kind must be in or out", .bad_zh = "出入库类型必须是 in 或 out", .bad_en = "The kind must be in or out"),
    FIELD(struct draft, title, FIELD_TEXT, F_IN | F_OUT, .max = 100, .example = "十一月领料"),
    FIELD(struct draft, line_count, FIELD_INT, F_IN | F_OUT | F_ZERO | F_SURE, .max = 100000),
    FIELD(struct draft, updated_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct draft, version, FIELD_INT, F_IN | F_OUT | F_SURE | F_UPDATE_ONLY, .min = 1),
    FIELD(struct draft, content, FIELD_TEXT, F_IN | F_OUT | F_NEED | F_RAW, .max = DRAFT_CONTENT_MAX, .example = "{\"lines\":[]}",
          .need_zh = "草稿内容不能为空", .need_en = "The draft's content is required"),
};
static const struct record_type draft_type = RECORD_TYPE("Draft", struct draft, draft_fields);
/* As lists have it: without the content. */
static const struct record_type draft_row_type = {
    .name = "DraftRow", .fields = draft_fields, .count = sizeof draft_fields / sizeof *draft_fields - 1, .size = sizeof(struct draft)};

static const struct sql OF_USER = {"draft.of_user", "SELECT id, kind, title, line_count, updated_at, version FROM document_drafts "
                                                    "WHERE owner_id = $1 ORDER BY updated_at DESC, id DESC"};
static const struct sql BY_ID = {"draft.by_id", "SELECT id, kind, title, line_count, updated_at, version, content FROM document_drafts "
                                                "WHERE id = $1 AND owner_id = $2"};
static const struct sql COUNT = {"draft.count", "SELECT COUNT(*) AS n FROM document_drafts WHERE owner_id = $1"};
static const struct sql INSERT = {"draft.insert",
                                  "INSERT INTO document_drafts (owner_id, kind, title, line_count, content, created_at, updated_at) "
                                  "VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id"};
static const struct sql UPDATE = {"draft.update", "UPDATE document_drafts SET kind = $2, title = $3, line_count = $4, content = $5, "
                                                  "updated_at = $6, version = version + 1 WHERE id = $1"};
static const struct sql REMOVE = {"draft.remove", "DELETE FROM document_drafts WHERE id = $1 AND owner_id = $2"};
static const struct sql FORGET = {"draft.forget", "DELETE FROM document_drafts WHERE owner_id = $1"};

/* ---------------------------------------------------------------- services */

enum rc draft_forget(struct ctx *c, int64_t user_id)
{
    return db_exec(c->db, &FORGET, DB_ARGS(DB_I(user_id)), NULL);
}

static enum rc load(struct ctx *c, int64_t id, struct draft *out)
{
    DB_ROWS rows = NULL;
    bool found;
    TRY(db_start(c->db, &BY_ID, DB_ARGS(DB_I(id), DB_I(c->actor.user_id)), &rows));
    TRY(db_next(rows, &found));
    if (!found)
        return error_set(&c->err, RC_DRAFT_NOT_FOUND);
    record_from_row(c, &draft_type, rows, out);
    return RC_OK;
}

static enum rc add(struct ctx *c, const struct draft *d, int64_t *id)
{
    int64_t have;
    TRY(ctx_number(c, &COUNT, DB_ARGS(DB_I(c->actor.user_id)), &have));
    if (have >= DRAFTS_MAX)
        return error_set(&c->err, RC_DRAFT_LIMIT);
    return ctx_insert(c, &INSERT,
                      DB_ARGS(DB_I(c->actor.user_id), DB_T(d->kind), DB_T(d->title), DB_I(d->line_count), DB_T(d->content),
                              DB_I(c->now_ms)),
                      id);
}

static enum rc change(struct ctx *c, const struct draft *d)
{
    return db_exec(c->db, &UPDATE,
                   DB_ARGS(DB_I(d->id), DB_T(d->kind), DB_T(d->title), DB_I(d->line_count), DB_T(d->content), DB_I(c->now_ms)), NULL);
}

/* ---------------------------------------------------------------- handlers */

static enum rc get_drafts(struct call *call)
{
    return reply_rows(call, &draft_row_type, &OF_USER, DB_ARGS(DB_I(call->ctx.actor.user_id)));
}

static enum rc get_draft(struct call *call)
{
    struct draft d;
    TRY(load(&call->ctx, call->id, &d));
    return reply_record(call, &draft_type, &d);
}

static enum rc reply_stored(struct call *call, int status, int64_t id)
{
    struct draft stored;
    TRY(load(&call->ctx, id, &stored));
    struct json_writer w = reply_data(call, status, "草稿已保存", "Draft saved");
    jw_object(&w);
    record_write(&w, &draft_row_type, &stored);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc post_draft(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct draft d;
    TRY(record_from_json(c, &draft_type, call->body, "", RECORD_CREATE, &d));
    TRY(add(c, &d, &d.id));
    return reply_stored(call, 201, d.id);
}

static enum rc put_draft(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct draft body, present;
    enum rc rc = record_from_json(c, &draft_type, call->body, "", RECORD_UPDATE, &body);
    if (rc == RC_OK && !record_has(&draft_type, &body, "version"))
        error_fault(&c->err, c->arena, "version", "required", "请给出所依据的草稿版本", "The version that was changed is required", NULL);
    if (c->err.rc != RC_OK)
        return c->err.rc;
    TRY(load(c, call->id, &present));
    if (body.version != present.version)
        return reply_conflict(c, &draft_type, &present);
    if (record_merge(&draft_type, &present, &body))
        TRY(change(c, &present));
    return reply_stored(call, 200, present.id);
}

static enum rc delete_draft(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t removed;
    TRY(db_exec(c->db, &REMOVE, DB_ARGS(DB_I(call->id), DB_I(c->actor.user_id)), &removed));
    return removed ? reply_message(call, "草稿已删除", "Draft removed") : error_set(&c->err, RC_DRAFT_NOT_FOUND);
}

static const struct route draft_routes[] = {
    ROUTE("GET", "/api/drafts", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_drafts, "我的草稿", .shape = ANSWER_ARRAY,
          .answer = &draft_row_type),
    ROUTE("GET", "/api/drafts/:id", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_draft, "草稿内容", .answer = &draft_type,
          .refusals = REFUSALS(RC_DRAFT_NOT_FOUND)),
    ROUTE("POST", "/api/drafts", LANE_WRITE, PERM_DOCUMENT_CREATE, &draft_type, post_draft, "保存新草稿", .status = 201,
          .answer = &draft_row_type, .refusals = REFUSALS(RC_DRAFT_LIMIT), .http.body_max = DRAFT_BODY_MAX),
    ROUTE("PUT", "/api/drafts/:id", LANE_WRITE, PERM_DOCUMENT_CREATE, &draft_type, put_draft, "保存草稿", .updates = true,
          .answer = &draft_row_type, .refusals = REFUSALS(RC_DRAFT_NOT_FOUND, RC_VERSION_CONFLICT), .http.body_max = DRAFT_BODY_MAX),
    ROUTE("DELETE", "/api/drafts/:id", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, delete_draft, "删除草稿",
          .refusals = REFUSALS(RC_DRAFT_NOT_FOUND)),
};
const struct module draft_module = MODULE("drafts", "草稿", draft_routes);
