/* Owns the tables imports, import_rows and import_documents. Invariants: rows belong to the check of the file, the mapping and the
 * answers that stand in the import; what is done stays as it was done. */
#include "domain/import.h"

#include <string.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/audit.h"
#include "domain/import_rows.h"
#include "domain/list.h"
#include "domain/material.h"
#include "domain/reply.h"
#include "files/files.h"

#define FOLDER "imports"
#define NAME_BYTES 16 /* random */
#define FILE_NAME_CHARS 200
#define ANSWERS_MAX 2000
#define LEFT_MS (INT64_C(30) * 24 * 3600 * 1000)
#define ORPHAN_MS (INT64_C(3600) * 1000)

static const char *const kind_names[] = {"materials", "opening", "receipt", "issue", NULL};
static const char *const statuses[] = {"new", "checked", "done", "undone", NULL};
static const char *const outcomes[] = {"create", "change", "line", "fault", NULL};

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
static const struct sql CHOOSE = {"import.choose", "UPDATE imports SET mapping = $2, answers = $3, remark = $4, form = $5, status = 'new', summary = "
                                                   "NULL, updated_at = $6 WHERE id = $1"};
static const struct sql CLEAR = {"import.clear_rows", "DELETE FROM import_rows WHERE import_id = $1"};
static const struct sql DELETE = {"import.delete", "DELETE FROM imports WHERE id = $1"};
static const struct sql EARLIER = {"import.earlier", "SELECT " COLUMNS " FROM " FROM " WHERE i.hash = $1 AND i.status = 'done' AND i.kind = $2 AND "
                                                     "i.id <> $3 ORDER BY i.id DESC LIMIT 5"};
static const struct sql COUNT_EARLIER = {"import.count_earlier", "SELECT COUNT(*) AS n FROM imports WHERE hash = $1 AND status = 'done' AND "
                                                                 "kind = $2 AND id <> $3"};
static const struct sql PAGE = {"import.page", "SELECT row_no, outcome, label, target_id, target_version, body, changes FROM import_rows "
                                               "WHERE import_id = $1 AND outcome = $2 AND row_no > $3 ORDER BY row_no LIMIT $4"};
/* The field of a fault is looked for as the check has written it (import_check.c): within a value its quotation marks would be escaped. */
#define SHOWN "FROM import_rows WHERE import_id = $1 AND (outcome = $2 OR $2 IS NULL) AND (faults LIKE $3 OR $3 IS NULL)"
static const struct sql SHOW = {"import.show_rows", "SELECT row_no, outcome, label, target_id, body, changes, faults " SHOWN
                                                    " ORDER BY row_no LIMIT $4 OFFSET $5"};
static const struct sql COUNT_SHOWN = {"import.count_shown", "SELECT COUNT(*) AS n " SHOWN};
static const struct sql NEWEST_JOB = {"import.newest_job", "SELECT COALESCE(MAX(id), 0) AS n FROM jobs WHERE subject_id = $1 AND substr(kind, 1, 7) = "
                                                           "'import.'"};
static const struct sql MADE = {"import.made", "SELECT d.id, d.number, d.status FROM import_documents i JOIN documents d ON d.id = i.document_id "
                                               "WHERE i.import_id = $1 ORDER BY d.id"};
static const struct sql LEFT_OVER = {"import.left", "SELECT id, file_key FROM imports WHERE status IN ('new', 'checked') AND updated_at < $1 AND "
                                                    "NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject_id = imports.id AND j.ended_at IS NULL AND "
                                                    "substr(j.kind, 1, 7) = 'import.')"};
static const struct sql NAMED = {"import.file_named", "SELECT COUNT(*) AS n FROM imports WHERE file_key = $1"};

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
    enum rc rc = files_put(c->files, u->file_key, bytes, n);
    return rc == RC_OK ? rc : error_set(&c->err, rc);
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
    if (u && rc != RC_OK && rc != RC_DB_UNCERTAIN && files_remove(call->ctx.files, u->file_key) != RC_OK)
        return; /* left for the sweep */
}

/* ---------------------------------------------------------------- answers */

static void write_json(struct json_writer *w, const char *name, const char *json)
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
        jw_name(w, "name");
        jw_text(w, f->name);
        jw_name(w, "title");
        jw_text(w, f->title);
        jw_name(w, "titleEn");
        jw_text(w, f->title_en);
        jw_name(w, "needed");
        jw_bool(w, f->needed);
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
        jw_name(w, "id");
        jw_int(w, db_int(rows, "id"));
        jw_name(w, "transaction_code");
        jw_text(w, db_text(rows, "number"));
        jw_name(w, "status");
        jw_text(w, db_text(rows, "status"));
        jw_object_end(w);
    }
    jw_array_end(w);
    return RC_OK;
}

static enum rc reply_import(struct call *call, int64_t id, int status, const char *zh, const char *en)
{
    struct ctx *c = &call->ctx;
    struct import im;
    TRY(import_get(c, id, &im));
    const struct import_kind *kind = import_kind_of(im.kind);
    struct json_writer w = reply_data(call, status, zh, en);
    jw_object(&w);
    record_write(&w, &import_type, &im);
    write_json(&w, "form", im.form);
    write_json(&w, "mapping", im.mapping);
    write_json(&w, "answers", im.answers);
    write_json(&w, "summary", im.summary);
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
    TRY(ctx_insert(c, &INSERT,
                   DB_ARGS(DB_T(u->kind->name), DB_T(u->file_name), DB_T(u->file_key), DB_I(u->bytes), DB_T(u->hash), DB_T(u->form),
                           DB_T(u->mapping), DB_N, DB_I(c->actor.user_id), DB_I(c->now_ms)),
                   &id));
    return reply_import(call, id, 201, "文件上传成功", "The file was uploaded");
}

static enum rc get_import(struct call *call)
{
    return reply_import(call, call->id, 200, NULL, NULL);
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

static bool is_decimal(const char *name)
{
    for (size_t i = 0; i < material_type.count; i++)
        if (strcmp(material_type.fields[i].name, name) == 0)
            return material_type.fields[i].type == FIELD_DEC;
    return false;
}

static void write_side(struct json_writer *w, const char *name, const struct json *v, bool decimal)
{
    jw_name(w, name);
    if (!v || v->type == JSON_NULL)
        jw_null(w);
    else if (v->type == JSON_NUMBER && !decimal)
        jw_raw(w, v->text, v->n);
    else
        jw_text(w, v->text);
}

/* The check has kept decimals as numbers; whoever wants them as text gets them so here, too. */
static void write_changes(struct ctx *c, struct json_writer *w, const char *text)
{
    struct json_fault fault;
    const struct json *changes = text && c->numbers_as_text ? json_parse(c->arena, text, strlen(text), &fault) : NULL;
    if (!changes) {
        write_json(w, "changes", text);
        return;
    }
    jw_name(w, "changes");
    jw_object(w);
    for (const struct json *f = changes->first; f; f = f->next) {
        jw_name_text(w, f->name);
        jw_object(w);
        write_side(w, "old", json_member(f, "old"), is_decimal(f->name));
        write_side(w, "new", json_member(f, "new"), is_decimal(f->name));
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void write_row(struct ctx *c, struct json_writer *w, struct db_rows *rows)
{
    jw_object(w);
    jw_name(w, "row");
    jw_int(w, db_int(rows, "row_no"));
    jw_name(w, "outcome");
    jw_text(w, db_text(rows, "outcome"));
    jw_name(w, "label");
    jw_text(w, db_text(rows, "label"));
    jw_name(w, "targetId");
    if (db_is_null(rows, "target_id"))
        jw_null(w);
    else
        jw_int(w, db_int(rows, "target_id"));
    write_json(w, "body", db_text(rows, "body"));
    write_changes(c, w, db_text(rows, "changes"));
    write_json(w, "faults", db_text(rows, "faults"));
    jw_object_end(w);
}

static const char *read_outcome(struct call *call)
{
    const char *sent = http_query(call->http, "outcome");
    for (size_t i = 0; sent && outcomes[i]; i++)
        if (strcmp(sent, outcomes[i]) == 0)
            return outcomes[i];
    if (sent)
        error_fault(&call->ctx.err, call->ctx.arena, "outcome", "choice", "应为 create、change、line 或 fault",
                    "must be create, change, line or fault", sent);
    return NULL;
}

/* A pattern for the faults of one field; NULL: of any. */
static const char *read_faulty_field(struct call *call, const struct import_kind *kind)
{
    struct ctx *c = &call->ctx;
    const char *sent = http_query(call->http, "field");
    size_t i = sent ? import_field_index(kind, sent) : 0;
    if (sent && i == kind->field_count)
        error_fault(&c->err, c->arena, "field", "choice", "没有此字段", "There is no such field", sent);
    if (!sent || i == kind->field_count)
        return NULL;
    return arena_fmt(c->arena, "%%\"field\":\"%s\"%%", kind->fields[i].name);
}

static enum rc get_rows(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct import im;
    int64_t total;
    bool more;
    TRY(import_get(c, call->id, &im));
    const char *outcome = read_outcome(call), *field = read_faulty_field(call, import_kind_of(im.kind));
    int64_t page = list_number(call, "page", 1, INT32_MAX), size = list_number(call, "pageSize", 50, LIST_PAGE_SIZE_MAX);
    TRY(c->err.rc);
    TRY(ctx_number(c, &COUNT_SHOWN, DB_ARGS(DB_I(im.id), DB_T(outcome), DB_T(field)), &total));
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &SHOW, DB_ARGS(DB_I(im.id), DB_T(outcome), DB_T(field), DB_I(size), DB_I((page - 1) * size)), &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    jw_array(&w);
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        write_row(c, &w, rows);
    }
    jw_array_end(&w);
    list_write_place(&w, total, page, size, NULL);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- choosing */

struct import_answer {
    struct record record;
    const char *field, *value, *use;
    int64_t create;
};
static const char *const word_fields[] = {"category", "unit", "place", NULL};
static const struct field answer_fields[] = {
    FIELD(struct import_answer, field, FIELD_TEXT, F_IN | F_NEED, .choices = word_fields),
    FIELD(struct import_answer, value, FIELD_TEXT, F_IN | F_NEED, .max = 200, .example = "公斤"),
    FIELD(struct import_answer, use, FIELD_TEXT, F_IN, .max = 100, .example = "kg"),
    FIELD(struct import_answer, create, FIELD_FLAG, F_IN),
};
static const struct record_type answer_type = RECORD_TYPE("ImportAnswer", struct import_answer, answer_fields);

struct import_choice {
    struct record record;
    const struct json *mapping, *answers;
    const char *remark;
    int64_t head_row;
};
static const struct field choice_fields[] = {
    FIELD(struct import_choice, head_row, FIELD_INT, F_IN, .min = IMPORT_NO_HEAD, .max = 1048576),
    FIELD(struct import_choice, mapping, FIELD_JSON, F_IN, .max = SHEET_COLUMNS_MAX),
    FIELD(struct import_choice, answers, FIELD_JSON, F_IN, .items = &answer_type, .max = ANSWERS_MAX),
    FIELD(struct import_choice, remark, FIELD_TEXT, F_IN, .max = 500),
};
static const struct record_type choice_type = RECORD_TYPE("ImportChoice", struct import_choice, choice_fields);

static void bad_mapping(struct ctx *c, const char *value, const char *zh, const char *en)
{
    error_fault(&c->err, c->arena, "mapping", "choice", zh, en, value);
}

/* An array of field names, "" (or null) for columns that are not imported; no name twice. */
static const char *read_mapping(struct ctx *c, const struct import_kind *kind, const struct json *list)
{
    const char *out = "";
    bool taken[IMPORT_FIELDS_MAX] = {0};
    if (list->type != JSON_ARRAY || list->n > SHEET_COLUMNS_MAX) {
        bad_mapping(c, NULL, "应为字段名的数组", "must be an array of field names");
        return NULL;
    }
    for (const struct json *v = list->first; v; v = v->next) {
        const char *name = v->type == JSON_STRING ? v->text : "";
        size_t i = import_field_index(kind, name);
        bool is_none = v->type == JSON_NULL || (v->type == JSON_STRING && !*name);
        if (!is_none && i == kind->field_count)
            bad_mapping(c, v->type == JSON_STRING ? name : NULL, "没有此字段", "There is no such field");
        else if (!is_none && taken[i])
            bad_mapping(c, name, "一个字段只能对应一列", "A field stands for one column only");
        if (i < kind->field_count)
            taken[i] = true;
        out = arena_fmt(c->arena, "%s%s\"%s\"", out, *out ? "," : "", i < kind->field_count ? kind->fields[i].name : "");
    }
    return arena_fmt(c->arena, "[%s]", out);
}

static void write_answer(struct json_writer *w, const struct import_answer *a)
{
    jw_object(w);
    jw_name(w, "field");
    jw_text(w, a->field);
    jw_name(w, "value");
    jw_text(w, a->value);
    jw_name(w, "use");
    jw_text(w, a->use);
    jw_name(w, "create");
    jw_bool(w, a->create != 0);
    jw_object_end(w);
}

static const char *read_answers(struct ctx *c, const struct json *list)
{
    struct buf text;
    struct json_writer w;
    size_t i = 0;
    if (list->type != JSON_ARRAY || list->n > ANSWERS_MAX) {
        error_fault(&c->err, c->arena, "answers", "type", "应为数组，最多 2000 项", "must be an array of at most 2000", NULL);
        return NULL;
    }
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_array(&w);
    for (const struct json *v = list->first; v; v = v->next, i++) {
        struct import_answer a;
        if (record_from_json(c, &answer_type, v, arena_fmt(c->arena, "answers[%zu].", i), RECORD_CREATE, &a) == RC_OK)
            write_answer(&w, &a);
    }
    jw_array_end(&w);
    const char *out = arena_dup(c->arena, buf_text(&text));
    buf_free(&text);
    return out;
}

static enum rc load_for_change(struct call *call, struct import *im, const char *first_status, const char *second_status)
{
    struct ctx *c = &call->ctx;
    TRY(import_get(c, call->id, im));
    TRY(ctx_require(c, import_kind_of(im->kind)->permission));
    TRY(job_none_open(c, "import.", im->id));
    bool fits = strcmp(im->status, first_status) == 0 || (second_status && strcmp(im->status, second_status) == 0);
    return fits ? RC_OK : error_set(&c->err, RC_IMPORT_STATE);
}

static enum rc read_choice(struct call *call, struct import *im, struct import_choice *b)
{
    TRY(load_for_change(call, im, "new", "checked"));
    return record_from_json(&call->ctx, &choice_type, call->body, "", RECORD_UPDATE, b);
}

/* With another head row the file is looked at again. */
static enum rc prepare_put(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct import im;
    struct import_choice b;
    struct buf bytes;
    TRY(read_choice(call, &im, &b));
    if (!record_has(&choice_type, &b, "head_row"))
        return RC_OK;
    struct import_upload *u = arena_new(c->arena, struct import_upload);
    u->kind = import_kind_of(im.kind);
    buf_init(&bytes, SHEET_FILE_MAX + 1);
    enum rc rc = files_get(c->files, im.file_key, &bytes);
    if (rc == RC_OK)
        rc = import_look(c, buf_text(&bytes), bytes.n, b.head_row, u);
    buf_free(&bytes);
    call->prepared = u;
    return rc;
}

static enum rc put_import(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct import_upload *u = call->prepared;
    struct import im;
    struct import_choice b;
    TRY(read_choice(call, &im, &b));
    const char *mapping = b.mapping ? read_mapping(c, import_kind_of(im.kind), b.mapping) : u ? u->mapping : im.mapping;
    const char *answers = b.answers ? read_answers(c, b.answers) : im.answers;
    TRY(c->err.rc);
    const char *remark = record_given(&choice_type, &b, "remark") ? b.remark : im.remark;
    TRY(db_exec(c->db, &CLEAR, DB_ARGS(DB_I(im.id)), NULL));
    TRY(db_exec(c->db, &CHOOSE, DB_ARGS(DB_I(im.id), DB_T(mapping), DB_T(answers), DB_T(remark), DB_T(u ? u->form : im.form), DB_I(c->now_ms)), NULL));
    return reply_import(call, im.id, 200, "已保存", "Saved");
}

/* ---------------------------------------------------------------- jobs */

static enum rc post_check(struct call *call)
{
    struct import im;
    int64_t job_id;
    TRY(load_for_change(call, &im, "new", "checked"));
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
    TRY(load_for_change(call, &im, "checked", NULL));
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
    TRY(load_for_change(call, &im, "done", NULL));
    TRY(job_add(&call->ctx, &import_undo_job, im.id, NULL, &job_id));
    return job_reply(call, "开始撤销", "The undoing has begun", job_id);
}

/* ---------------------------------------------------------------- giving one up */

static enum rc delete_rows(struct ctx *c, int64_t id)
{
    TRY(db_exec(c->db, &CLEAR, DB_ARGS(DB_I(id)), NULL));
    return db_exec(c->db, &DELETE, DB_ARGS(DB_I(id)), NULL);
}

static enum rc delete_import(struct call *call)
{
    struct import im;
    TRY(load_for_change(call, &im, "new", "checked"));
    TRY(delete_rows(&call->ctx, im.id));
    return reply_message(call, "导入已放弃", "The import was given up"); /* its file goes with the next sweep */
}

/* An import whose time is over. */
struct left {
    int64_t id;
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
    }
}

struct sweep {
    struct ctx *c;
    enum rc rc;
};

static void sweep_file(void *arg, const char *key, int64_t changed_ms)
{
    struct sweep *s = arg;
    int64_t named = 1;
    if (s->rc != RC_OK || changed_ms > s->c->now_ms - ORPHAN_MS)
        return;
    s->rc = ctx_number(s->c, &NAMED, DB_ARGS(DB_T(key)), &named);
    if (s->rc == RC_OK && !named)
        s->rc = files_remove(s->c->files, key);
}

enum rc import_sweep(struct ctx *c)
{
    struct left *left;
    struct sweep s = {c, RC_OK};
    TRY(read_left(c, &left));
    for (; left; left = left->next)
        TRY(delete_rows(c, left->id));
    TRY(files_list(c->files, FOLDER, sweep_file, &s));
    return s.rc;
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
static const struct answer_part fault_parts[] = {{"cell", PART_TEXT, .nullable = true}, {"field", PART_TEXT}, {"title", PART_TEXT},
                                                 {"title_en", PART_TEXT}, {"code", PART_TEXT}, {"zh", PART_TEXT}, {"en", PART_TEXT},
                                                 {"value", PART_TEXT, .nullable = true}, {0}};
static const struct answer_part row_parts[] = {{"row"}, {"outcome", PART_TEXT}, {"label", PART_TEXT, .nullable = true}, {"targetId", .nullable = true},
                                               {"body", PART_OBJECT, .nullable = true}, {"changes", PART_OBJECT, .nullable = true},
                                               {"faults", PART_ARRAY, .parts = fault_parts, .nullable = true}, {0}};
static const struct answer_part page_parts[] = {{"list", PART_ARRAY, .parts = row_parts}, {"total"}, {"page"}, {"pageSize"},
                                                {"nextCursor", PART_TEXT, .nullable = true}, {0}};
static const struct list_filter kind_query[] = {{"kind", FILTER_CHOICE, .choices = kind_names}, {0}};
static const struct list_filter rows_query[] = {{"outcome", FILTER_CHOICE, .choices = outcomes}, {"field", FILTER_TEXT}, {"page", FILTER_ID}, {"pageSize", FILTER_ID}, {0}};
#define JOB_PARTS PARTS({"id"}, {"jobId"})

static const struct route import_routes[] = {
    {.http = {.method = "POST", .path = "/api/imports", .lane = LANE_SLOW, .is_upload = true, .body_max = SHEET_FILE_MAX},
     .permission = PERM_DOCUMENT_CREATE, .prepare = prepare_post, .handler = post_import, .after = after_post, .keeps_no_answer = true,
     .summary = "上传要导入的文件（xlsx、csv）", .status = 201, .answer = &import_type, .parts = import_parts, .query = kind_query,
     .refusals = REFUSALS(RC_BODY_TOO_LARGE, RC_IMPORT_FILE_MISSING, RC_IMPORT_EMPTY, RC_FILES_UNWRITABLE, RC_SHEET_UNREADABLE, RC_SHEET_EMPTY, RC_SHEET_UNKNOWN, RC_SHEET_OLD, RC_SHEET_LOCKED, RC_SHEET_DAMAGED, RC_SHEET_TOO_LARGE, RC_SHEET_ENCODING, RC_SHEET_QUOTE)},
    ROUTE("GET", "/api/imports", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_imports, "我的导入", .list = &import_list),
    ROUTE("GET", "/api/imports/:id", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_import, "导入详情", .answer = &import_type,
          .parts = import_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND)),
    ROUTE("PUT", "/api/imports/:id", LANE_SLOW, PERM_DOCUMENT_CREATE, &choice_type, put_import, "选择表头行和各列的字段，回答未知的词",
          .prepare = prepare_put, .updates = true,
          .answer = &import_type, .parts = import_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
    ROUTE("DELETE", "/api/imports/:id", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, delete_import, "放弃导入",
          .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
    ROUTE("GET", "/api/imports/:id/rows", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_rows, "检查结果的各行", .query = rows_query,
          .parts = page_parts, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND)),
    ROUTE("POST", "/api/imports/:id/check", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, post_check, "检查（试运行）", .status = 202,
          .parts = JOB_PARTS, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
    ROUTE("POST", "/api/imports/:id/commit", LANE_WRITE, PERM_DOCUMENT_CREATE, &commit_type, post_commit, "导入", .status = 202, .updates = true,
          .parts = JOB_PARTS, .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN, RC_IMPORT_FAULTS, RC_IMPORT_REPEATED,
                                                   RC_IMPORT_NOTHING)),
    ROUTE("POST", "/api/imports/:id/undo", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, post_undo, "撤销导入", .status = 202, .parts = JOB_PARTS,
          .refusals = REFUSALS(RC_IMPORT_NOT_FOUND, RC_IMPORT_STATE, RC_JOB_OPEN)),
};
const struct module import_module = MODULE("imports", "导入", import_routes);
