/* Owns the tables imports, import_rows and import_documents. Invariants: rows belong to the check of the file, the mapping and the
 * answers that stand in the import; what is done stays as it was done. */
#include "domain/import.h"

#include <string.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/import_rows.h"
#include "domain/loose_file.h"
#include "domain/reply.h"

#define FOLDER "imports"
#define NAME_BYTES 16 /* random */
#define FILE_NAME_CHARS 200
#define LEFT_MS (INT64_C(30) * 24 * 3600 * 1000)

static const char *const kind_names[] = {"materials", "opening", "receipt", "issue", NULL};
static const char *const statuses[] = {"new", "checked", "done", "undone", NULL};

#define I(MEMBER, TYPE, FLAGS, ...) FIELD(struct import, MEMBER, TYPE, FLAGS, __VA_ARGS__)
static const struct field import_fields[] = {
    I(id, FIELD_INT, F_OUT),
    I(kind, FIELD_TEXT, F_OUT | F_SURE, .choices = kind_names),
    I(status, FIELD_TEXT, F_OUT | F_SURE, .choices = statuses),
    I(file_name, FIELD_TEXT, F_OUT | F_SURE),
    I(bytes, FIELD_INT, F_OUT | F_SURE),
    I(hash, FIELD_TEXT, F_OUT | F_SURE),
    I(remark, FIELD_TEXT, F_OUT),
    I(created_by, FIELD_INT, F_OUT | F_SURE),
    I(creator_name, FIELD_TEXT, F_OUT | F_SURE),
    I(created_at, FIELD_TIME, F_OUT | F_SURE),
    I(updated_at, FIELD_TIME, F_OUT | F_SURE),
    I(done_by, FIELD_INT, F_OUT),
    I(done_at, FIELD_TIME, F_OUT),
    I(undone_by, FIELD_INT, F_OUT),
    I(undone_at, FIELD_TIME, F_OUT),
    I(file_key, FIELD_TEXT, 0),
    I(form, FIELD_TEXT, 0),
    I(mapping, FIELD_TEXT, 0),
    I(answers, FIELD_TEXT, 0),
    I(summary, FIELD_TEXT, 0),
};
const struct record_type import_type = RECORD_TYPE("Import", struct import, import_fields);

#define COLUMNS                                                                                                        \
    "i.id, i.kind, i.status, i.file_name, i.file_key, i.bytes, i.hash, i.form, i.mapping, i.answers, i.remark, i.summary, " \
    "i.created_by, i.created_at, i.updated_at, i.done_by, i.done_at, i.undone_by, i.undone_at, COALESCE(u.real_name, u.username) " \
    "AS creator_name"
#define FROM "imports i JOIN users u ON u.id = i.created_by"

static const struct sql BY_ID = {"import.by_id", "SELECT " COLUMNS " FROM " FROM " WHERE i.id = $1"};
static const struct sql INSERT = {"import.insert", "INSERT INTO imports (kind, file_name, file_key, bytes, hash, form, mapping, remark, "
                                                   "created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) "
                                                   "RETURNING id"};
static const struct sql CLEAR = {"import.clear_rows", "DELETE FROM import_rows WHERE import_id = $1"};
static const struct sql DELETE = {"import.delete", "DELETE FROM imports WHERE id = $1"};
static const struct sql EARLIER = {"import.earlier", "SELECT " COLUMNS " FROM " FROM " WHERE i.hash = $1 AND i.status = 'done' AND i.kind = $2 AND "
                                                     "i.id <> $3 ORDER BY i.id DESC LIMIT 5"};
static const struct sql COUNT_EARLIER = {"import.count_earlier", "SELECT COUNT(*) AS n FROM imports WHERE hash = $1 AND status = 'done' AND "
                                                                 "kind = $2 AND id <> $3"};
static const struct sql PAGE = {"import.page", "SELECT row_no, outcome, label, target_id, target_version, body, changes FROM import_rows "
                                               "WHERE import_id = $1 AND outcome = $2 AND row_no > $3 ORDER BY row_no LIMIT $4"};
static const struct sql NEWEST_JOB = {"import.newest_job", "SELECT COALESCE(MAX(id), 0) AS n FROM jobs WHERE subject_id = $1 AND substr(kind, 1, 7) = "
                                                           "'import.'"};
static const struct sql MADE = {"import.made", "SELECT d.id, d.number, d.status FROM import_documents i JOIN documents d ON d.id = i.document_id "
                                               "WHERE i.import_id = $1 ORDER BY d.id"};
static const struct sql LEFT_OVER = {"import.left", "SELECT id, file_key FROM imports WHERE status IN ('new', 'checked') AND updated_at < $1 AND "
                                                    "NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject_id = imports.id AND j.ended_at IS NULL AND "
                                                    "substr(j.kind, 1, 7) = 'import.')"};

enum rc import_get(struct ctx *c, int64_t id, struct import *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &BY_ID, DB_ARGS(DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    if (more)
        record_from_row(c, &import_type, rows, out);
    bool seen = more && (out->created_by == c->actor.user_id || c->actor.role == ROLE_SYSTEM_ADMIN);
    return seen ? RC_OK : error_set(&c->err, RC_IMPORT_NOT_FOUND);
}

enum rc import_read_page(struct ctx *c, int64_t import_id, const char *outcome, int64_t after_row, size_t max, struct import_stored *out,
                         size_t *count)
{
    DB_ROWS rows = NULL;
    bool more;
    *count = 0;
    TRY(db_start(c->db, &PAGE, DB_ARGS(DB_I(import_id), DB_T(outcome), DB_I(after_row), DB_I(max)), &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        out[(*count)++] = (struct import_stored){.row_no = db_int(rows, "row_no"),
                                                 .target_id = db_int(rows, "target_id"),
                                                 .target_version = db_int(rows, "target_version"),
                                                 .label = arena_dup(c->arena, db_text(rows, "label")),
                                                 .body = arena_dup(c->arena, db_text(rows, "body")),
                                                 .changes = arena_dup(c->arena, db_text(rows, "changes"))};
    }
}

/* The first fault says what is wrong: there are no fields of a request here. */
enum rc import_hand_on(struct ctx *c, const struct ctx *from, int64_t row_no, const char *label, enum rc rc)
{
    const struct error *e = &from->err;
    const struct error_row *row = error_row(e->rc != RC_OK ? e->rc : rc);
    const char *zh = e->faults ? e->faults->zh : e->zh ? e->zh : row->zh, *en = e->faults ? e->faults->en : e->en ? e->en : row->en;
    struct arena *a = c->arena;
    const char *members = arena_dup(a, e->members);
    if (row_no) {
        zh = arena_fmt(a, "第 %lld 行（%s）：%s", (long long)row_no, label ? label : "", zh);
        en = arena_fmt(a, "Row %lld (%s): %s", (long long)row_no, label ? label : "", en);
    }
    enum rc said = e->rc != RC_OK ? e->rc : rc;
    error_say(&c->err, said, arena_dup(a, zh), arena_dup(a, en));
    c->err.members = members;
    return rc;
}

/* ---------------------------------------------------------------- uploading */

/* The last part of a path, as text whatever the client sent. */
static const char *file_name_of(struct ctx *c, const char *sent)
{
    const char *slash = strrchr(sent, '/'), *back = strrchr(sent, '\\');
    const char *name = slash > back ? slash + 1 : back ? back + 1 : sent;
    bool good = text_is_utf8(name, strlen(name)) && !text_is_blank(name);
    for (const char *p = name; *p; p++)
        good = good && (unsigned char)*p >= ' ';
    return good ? text_shorten(c->arena, text_trim(c->arena, name), FILE_NAME_CHARS) : "file";
}

static enum rc keep_file(struct ctx *c, struct import_upload *u, const char *bytes, size_t n)
{
    char name[2 * NAME_BYTES + 1];
    hash_hex(bytes, n, u->hash);
    u->bytes = (int64_t)n;
    random_hex(NAME_BYTES, name);
    u->file_key = arena_fmt(c->arena, FOLDER "/%s", name);
    const struct files_piece piece = {bytes};
    const struct files_source source = files_source_of(&piece, n);
    return loose_file_put(c, u->file_key, &source, LOOSE_FILE_NAMED_WITHIN_MS);
}

static enum rc prepare_post(struct call *call)
{
    static const char *const names[] = {"file", NULL};
    struct ctx *c = &call->ctx;
    struct import_upload *u = arena_new(c->arena, struct import_upload);
    const char *bytes, *sent;
    size_t n;
    u->kind = import_kind_of(http_query(call->http, "kind"));
    if (!u->kind) {
        error_fault(&c->err, c->arena, "kind", "choice", "应为 materials、opening、receipt 或 issue",
                    "must be materials, opening, receipt or issue", NULL);
        return c->err.rc;
    }
    TRY(ctx_require(c, u->kind->permission));
    if (!http_form_file(call->http, names, &bytes, &n, &sent))
        return error_set(&c->err, RC_IMPORT_FILE_MISSING);
    u->file_name = file_name_of(c, sent);
    if (n > SHEET_FILE_MAX)
        return error_set(&c->err, RC_BODY_TOO_LARGE);
    TRY(import_look(c, bytes, n, IMPORT_FIND_HEAD, u));
    TRY(keep_file(c, u, bytes, n));
    call->prepared = u;
    return RC_OK;
}

static void after_post(struct call *call, enum rc rc)
{
    const struct import_upload *u = call->prepared;
    if (u && rc != RC_OK && rc != RC_DB_UNCERTAIN)
        files_remove_later(call->ctx.files, u->file_key);
}

/* ---------------------------------------------------------------- answers */

void import_write_json(struct json_writer *w, const char *name, const char *json)
{
    jw_name(w, name);
    if (json)
        jw_raw(w, json, strlen(json));
    else
        jw_null(w);
}

static void write_fields(struct json_writer *w, const struct import_kind *kind)
{
    jw_name(w, "fields");
    jw_array(w);
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct import_field *f = &kind->fields[i];
        jw_object(w);
        jw_member_text(w, "name", f->name);
        jw_member_text(w, "title", f->title);
        jw_member_text(w, "titleEn", f->title_en);
        jw_member_bool(w, "needed", f->needed);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static enum rc write_earlier(struct ctx *c, struct json_writer *w, const struct import *im)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &EARLIER, DB_ARGS(DB_T(im->hash), DB_T(im->kind), DB_I(im->id)), &rows));
    jw_name(w, "earlier");
    jw_array(w);
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        jw_object(w);
        record_write_row(w, &import_type, rows);
        jw_object_end(w);
    }
    jw_array_end(w);
    return RC_OK;
}

/* The job that has to do with it, the last one. */
static enum rc write_job_id(struct ctx *c, struct json_writer *w, const struct import *im)
{
    int64_t id;
    TRY(ctx_number(c, &NEWEST_JOB, DB_ARGS(DB_I(im->id)), &id));
    jw_name(w, "jobId");
    if (id)
        jw_int(w, id);
    else
        jw_null(w);
    return RC_OK;
}

/* What it has made, and what took that back. */
static enum rc write_made(struct ctx *c, struct json_writer *w, const struct import *im)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &MADE, DB_ARGS(DB_I(im->id)), &rows));
    jw_name(w, "documents");
    jw_array(w);
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        jw_object(w);
        jw_member_int(w, "id", db_int(rows, "id"));
        jw_member_text(w, "transaction_code", db_text(rows, "number"));
        jw_member_text(w, "status", db_text(rows, "status"));
        jw_object_end(w);
    }
    jw_array_end(w);
    return RC_OK;
}

enum rc import_reply(struct call *call, int64_t id, int status, const char *zh, const char *en)
{
    struct ctx *c = &call->ctx;
    struct import im;
    TRY(import_get(c, id, &im));
    const struct import_kind *kind = import_kind_of(im.kind);
    struct json_writer w = reply_data(call, status, zh, en);
    jw_object(&w);
    record_write(&w, &import_type, &im);
    import_write_json(&w, "form", im.form);
    import_write_json(&w, "mapping", im.mapping);
    import_write_json(&w, "answers", im.answers);
    import_write_json(&w, "summary", im.summary);
    write_fields(&w, kind);
    TRY(write_earlier(c, &w, &im));
    TRY(write_job_id(c, &w, &im));
    TRY(write_made(c, &w, &im));
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc post_import(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct import_upload *u = call->prepared;
    int64_t id;
    TRY(loose_file_take(c, u->file_key));
    TRY(ctx_insert(c, &INSERT,
                   DB_ARGS(DB_T(u->kind->name), DB_T(u->file_name), DB_T(u->file_key), DB_I(u->bytes), DB_T(u->hash), DB_T(u->form),
                           DB_T(u->mapping), DB_N, DB_I(c->actor.user_id), DB_I(c->now_ms)),
                   &id));
    return import_reply(call, id, 201, "文件上传成功", "The file was uploaded");
}

static enum rc get_import(struct call *call)
{
    return import_reply(call, call->id, 200, NULL, NULL);
}

static const struct list_spec import_list = {
    .columns = COLUMNS,
    .from = FROM,
    .id = "i.id",
    .always_fresh = true,
    .page_size = 20,
    .sorts = {{"created_at", "i.created_at", false}},
    .filters = {{"kind", FILTER_CHOICE, "i.kind = ?", kind_names}, {"status", FILTER_CHOICE, "i.status = ?", statuses}},
    .row = &import_type,
};

/* One's own; an administrator's are all. */
static enum rc scope_of(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)id;
    *out = c->actor.role == ROLE_SYSTEM_ADMIN ? (struct list_scope){0} : (struct list_scope){"i.created_by = ?", c->actor.user_id};
    return RC_OK;
}

static enum rc get_imports(struct call *call)
{
    return list_answer(call, scope_of);
}

/* ---------------------------------------------------------------- jobs */

enum rc import_load_for_change(struct call *call, struct import *im, const char *first_status, const char *second_status)
{
    struct ctx *c = &call->ctx;
    TRY(import_get(c, call->id, im));
    TRY(ctx_require(c, import_kind_of(im->kind)->permission));
    TRY(job_none_open(c, "import.", im->id));
    bool fits = strcmp(im->status, first_status) == 0 || (second_status && strcmp(im->status, second_status) == 0);
    return fits ? RC_OK : error_set(&c->err, RC_IMPORT_STATE);
}

static enum rc post_check(struct call *call)
{
    struct import im;
    int64_t job_id;
    TRY(import_load_for_change(call, &im, "new", "checked"));
    TRY(job_add(&call->ctx, &import_check_job, im.id, NULL, &job_id));
    return job_reply(call, "开始检查", "The check has begun", job_id);
}

struct commit_body {
    struct record record;
    int64_t skip_faults, again;
};
static const struct field commit_fields[] = {
    FIELD(struct commit_body, skip_faults, FIELD_FLAG, F_IN),
    FIELD(struct commit_body, again, FIELD_FLAG, F_IN),
};
static const struct record_type commit_type = RECORD_TYPE("ImportCommit", struct commit_body, commit_fields);

static enum rc post_commit(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct import im;
    struct commit_body b;
    int64_t faults, work, earlier, job_id;
    TRY(import_load_for_change(call, &im, "checked", NULL));
    TRY(record_from_json(c, &commit_type, call->body, "", RECORD_UPDATE, &b));
    TRY(import_count_rows(c, im.id, "fault", &faults));
    TRY(import_count_work(c, im.id, &work));
    TRY(ctx_number(c, &COUNT_EARLIER, DB_ARGS(DB_T(im.hash), DB_T(im.kind), DB_I(im.id)), &earlier));
    if (faults && !b.skip_faults)
        return error_set(&c->err, RC_IMPORT_FAULTS);
    if (!work)
        return error_set(&c->err, RC_IMPORT_NOTHING);
    if (earlier && !b.again)
        return error_set(&c->err, RC_IMPORT_REPEATED);
    TRY(job_add(c, &import_commit_job, im.id, NULL, &job_id));
    return job_reply(call, "开始导入", "The import has begun", job_id);
}

static enum rc post_undo(struct call *call)
{
    struct import im;
    int64_t job_id;
    TRY(import_load_for_change(call, &im, "done", NULL));
    TRY(job_add(&call->ctx, &import_undo_job, im.id, NULL, &job_id));
    return job_reply(call, "开始撤销", "The undoing has begun", job_id);
}

/* ---------------------------------------------------------------- giving one up */

/* Its file goes with the next sweep. */
static enum rc give_up(struct ctx *c, int64_t id, const char *file_key)
{
    TRY(db_exec(c->db, &CLEAR, DB_ARGS(DB_I(id)), NULL));
    TRY(db_exec(c->db, &DELETE, DB_ARGS(DB_I(id)), NULL));
    return loose_file_note(c, file_key, 0);
}

static enum rc delete_import(struct call *call)
{
    struct import im;
    TRY(import_load_for_change(call, &im, "new", "checked"));
    TRY(give_up(&call->ctx, im.id, im.file_key));
    return reply_message(call, "导入已放弃", "The import was given up");
}

/* An import whose time is over. */
struct left {
    int64_t id;
    const char *file_key;
    struct left *next;
};

static enum rc read_left(struct ctx *c, struct left **out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = NULL;
    TRY(db_start(c->db, &LEFT_OVER, DB_ARGS(DB_I(c->now_ms - LEFT_MS)), &rows));
    for (struct left **end = out;; end = &(*end)->next) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        *end = arena_new(c->arena, struct left);
        (*end)->id = db_int(rows, "id");
        (*end)->file_key = arena_dup(c->arena, db_text(rows, "file_key"));
    }
}

enum rc import_sweep(struct ctx *c)
{
    struct left *left;
    TRY(read_left(c, &left));
    for (; left; left = left->next)
        TRY(give_up(c, left->id, left->file_key));
    return RC_OK;
}

/* ---------------------------------------------------------------- routes */

static const struct answer_part column_parts[] = {{"cell", PART_TEXT}, {"head", PART_TEXT}, {"samples", PART_TEXTS}, {0}};
static const struct answer_part form_parts[] = {
    {"format", PART_TEXT}, {"encoding", PART_TEXT, .nullable = true}, {"sheet", PART_TEXT, .nullable = true}, {"sheets", PART_TEXTS},
    {"merged", PART_TEXT, .nullable = true}, {"headRow"}, {"rows"}, {"columns", PART_ARRAY, .parts = column_parts}, {0}};
static const struct answer_part unknown_parts[] = {{"field", PART_TEXT}, {"value", PART_TEXT}, {"rows"}, {"cell", PART_TEXT},
                                                   {"proposal", PART_TEXT, .nullable = true}, {"canCreate", PART_BOOL}, {0}};
static const struct answer_part summary_parts[] = {{"rows"}, {"create"}, {"change"}, {"line"}, {"fault"}, {"same"},
                                                   {"unknown", PART_ARRAY, .parts = unknown_parts}, {0}};
static const struct answer_part field_parts[] = {{"name", PART_TEXT}, {"title", PART_TEXT}, {"titleEn", PART_TEXT}, {"needed", PART_BOOL}, {0}};
static const struct answer_part answer_parts[] = {{"field", PART_TEXT}, {"value", PART_TEXT}, {"use", PART_TEXT, .nullable = true},
                                                  {"create", PART_BOOL}, {0}};
static const struct answer_part made_parts[] = {{"id"}, {"transaction_code", PART_TEXT}, {"status", PART_TEXT}, {0}};
static const struct answer_part import_parts[] = {
    {"form", PART_OBJECT, .parts = form_parts}, {"mapping", PART_TEXTS}, {"answers", PART_ARRAY, .parts = answer_parts},
    {"summary", PART_OBJECT, .parts = summary_parts, .nullable = true}, {"fields", PART_ARRAY, .parts = field_parts},
    {"earlier", PART_ARRAY, .record = &import_type}, {"jobId", .nullable = true}, {"documents", PART_ARRAY, .parts = made_parts}, {0}};
static const struct list_filter kind_query[] = {{"kind", FILTER_CHOICE, .choices = kind_names}, {0}};
#define JOB_PARTS PARTS({"id"}, {"jobId"})

static const struct route import_routes[] = {
    {.http = {.method = "POST", .path = "/api/imports", .lane = LANE_SLOW, .moves_files = true, .is_upload = true, .body_max = SHEET_FILE_MAX},
     .permission = PERM_DOCUMENT_CREATE, .prepare = prepare_post, .handler = post_import, .after = after_post, .keeps_no_answer = true,
     .summary = "上传要导入的文件（xlsx、csv）", .status = 201, .answer = &import_type, .parts = import_parts, .query = kind_query,
     .refusals = REFUSALS(RC_BODY_TOO_LARGE, RC_IMPORT_FILE_MISSING, RC_IMPORT_EMPTY, RC_FILES_UNWRITABLE, FILES_REFUSALS, RC_SHEET_UNREADABLE, RC_SHEET_EMPTY, RC_SHEET_UNKNOWN, RC_SHEET_OLD, RC_SHEET_LOCKED, RC_SHEET_DAMAGED, RC_SHEET_TOO_LARGE, RC_SHEET_ENCODING, RC_SHEET_QUOTE)},
    ROUTE("GET", "/api/imports", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_imports, "我的导入", .list = &import_list),
    ROUTE("GET", "/api/imports/:id", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_import, "导入详情", .answer = &import_type,
          .parts = import_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND)),
    ROUTE("PUT", "/api/imports/:id", LANE_SLOW, PERM_DOCUMENT_CREATE, &import_choice_type, import_put_choice, "选择表头行和各列的字段，回答未知的词",
          .prepare = import_prepare_choice, .updates = true, .http.moves_files = true,
          .answer = &import_type, .parts = import_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN, FILES_REFUSALS)),
    ROUTE("DELETE", "/api/imports/:id", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, delete_import, "放弃导入",
          .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
    ROUTE("GET", "/api/imports/:id/rows", LANE_READ, PERM_DOCUMENT_CREATE, NULL, import_get_row_page, "检查结果的各行", .query = import_row_page_query,
          .parts = import_row_page_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND)),
    ROUTE("POST", "/api/imports/:id/check", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, post_check, "检查（试运行）", .status = 202,
          .parts = JOB_PARTS, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
    ROUTE("POST", "/api/imports/:id/commit", LANE_WRITE, PERM_DOCUMENT_CREATE, &commit_type, post_commit, "导入", .status = 202, .updates = true,
          .parts = JOB_PARTS, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN, RC_IMPORT_FAULTS, RC_IMPORT_REPEATED,
                                                   RC_IMPORT_NOTHING)),
    ROUTE("POST", "/api/imports/:id/undo", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, post_undo, "撤销导入", .status = 202, .parts = JOB_PARTS,
          .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
};
const struct module import_module = MODULE("imports", "导入", import_routes);
