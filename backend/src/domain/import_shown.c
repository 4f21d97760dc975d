/* What a check says of the rows of a file, page by page. */
#include <string.h>

#include "domain/import_rows.h"
#include "domain/material.h"
#include "domain/reply.h"

static const char *const outcomes[] = {"create", "change", "line", "fault", NULL};

/* The field of a fault is looked for as the check has written it (import_check.c): within a value its quotation marks would be escaped. */
#define SHOWN "FROM import_rows WHERE import_id = $1 AND (outcome = $2 OR $2 IS NULL) AND (faults LIKE $3 OR $3 IS NULL)"
static const struct sql SHOW = {"import.show_rows", "SELECT row_no, outcome, label, target_id, body, changes, faults " SHOWN
                                                    " ORDER BY row_no LIMIT $4 OFFSET $5"};
static const struct sql COUNT_SHOWN = {"import.count_shown", "SELECT COUNT(*) AS n " SHOWN};

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
        import_write_json(w, "changes", text);
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
    jw_member_int(w, "row", db_int(rows, "row_no"));
    jw_member_text(w, "outcome", db_text(rows, "outcome"));
    jw_member_text(w, "label", db_text(rows, "label"));
    jw_name(w, "targetId");
    if (db_is_null(rows, "target_id"))
        jw_null(w);
    else
        jw_int(w, db_int(rows, "target_id"));
    import_write_json(w, "body", db_text(rows, "body"));
    write_changes(c, w, db_text(rows, "changes"));
    import_write_json(w, "faults", db_text(rows, "faults"));
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

enum rc import_get_row_page(struct call *call)
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

static const struct answer_part fault_parts[] = {{"cell", PART_TEXT, .nullable = true}, {"field", PART_TEXT}, {"title", PART_TEXT},
                                                 {"title_en", PART_TEXT}, {"code", PART_TEXT}, {"zh", PART_TEXT}, {"en", PART_TEXT},
                                                 {"value", PART_TEXT, .nullable = true}, {0}};
static const struct answer_part row_parts[] = {{"row"}, {"outcome", PART_TEXT}, {"label", PART_TEXT, .nullable = true}, {"targetId", .nullable = true},
                                               {"body", PART_OBJECT, .nullable = true}, {"changes", PART_OBJECT, .nullable = true},
                                               {"faults", PART_ARRAY, .parts = fault_parts, .nullable = true}, {0}};
const struct answer_part import_row_page_parts[] = {{"list", PART_ARRAY, .parts = row_parts}, {"total"}, {"page"}, {"pageSize"},
                                                {"nextCursor", PART_TEXT, .nullable = true}, {0}};
const struct list_filter import_row_page_query[] = {{"outcome", FILTER_CHOICE, .choices = outcomes}, {"field", FILTER_TEXT}, {"page", FILTER_ID}, {"pageSize", FILTER_ID}, {0}};
