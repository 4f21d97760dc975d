/* Lines of documents: opening stock (posted at once where the actor may approve his own), and the lines of one receipt or issue. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/bulk_change.h"
#include "domain/document_rows.h"
#include "domain/import_rows.h"
#include "domain/location.h"
#include "domain/material.h"

static const struct sql ADD_DOCUMENT = {"import.add_document", "INSERT INTO import_documents (import_id, document_id) VALUES ($1, $2)"};
static const struct sql DOCUMENTS = {"import.documents",
                                     "SELECT d.id, d.number, d.status, d.applicant_id, (SELECT MIN(r.number) FROM documents r WHERE "
                                     "r.reverses_id = d.id AND r.status = 'pending') AS pending_reversal, (SELECT COUNT(*) FROM documents r "
                                     "WHERE r.reverses_id = d.id AND r.status = 'approved') AS reversals FROM import_documents i JOIN "
                                     "documents d ON d.id = i.document_id WHERE i.import_id = $1 ORDER BY d.id DESC"};
/* A move of one of its materials after its own, that is not of this import itself, nor of what took back another of its documents. */
static const struct sql LATER_MOVE = {
    "import.later_move",
    "SELECT COUNT(*) AS n FROM (SELECT 1 FROM moves own JOIN moves later ON later.material_id = own.material_id AND later.seq > own.seq "
    "WHERE own.document_id = $1 AND NOT EXISTS (SELECT 1 FROM import_documents i WHERE i.import_id = $2 AND i.document_id = "
    "later.document_id) AND NOT EXISTS (SELECT 1 FROM documents r JOIN import_documents i ON i.document_id = r.reverses_id WHERE r.id = "
    "later.document_id AND i.import_id = $2) LIMIT 1) AS found"};

/* The first line whose material has been retired or deleted. */
static const struct sql UNUSABLE = {"import.unusable_line",
                                    "SELECT r.row_no, r.label FROM import_rows r LEFT JOIN materials m ON m.id = r.target_id WHERE "
                                    "r.import_id = $1 AND r.outcome = 'line' AND (m.id IS NULL OR m.status <> 'active') ORDER BY r.row_no "
                                    "LIMIT 1"};

/* The first line whose material is another than the check saw: its unit may have changed, or, $2 = 1, stock has moved. */
static const struct sql STALE = {"import.stale_line",
                                 "SELECT r.row_no, r.label FROM import_rows r JOIN materials m ON m.id = r.target_id WHERE r.import_id = $1 AND "
                                 "r.outcome = 'line' AND m.status = 'active' AND (m.version <> r.target_version OR ($2 = 1 AND m.move_count > 0)) "
                                 "ORDER BY r.row_no LIMIT 1"};

static bool is_opening(const char *kind)
{
    return strcmp(kind, "opening") == 0;
}

/* ---------------------------------------------------------------- checking */

static enum rc check_material(struct import_row *row, const char *code, struct material *m, bool *found)
{
    struct ctx *c = row->c;
    const char *unit = row->values[import_field_index(row->kind, "unit")];
    TRY(material_by_code(c, code, m, found));
    if (!*found)
        import_fault(row, "material_code", "not_found", "没有此物料：请先导入物料", "There is no such material: import the materials first");
    else if (strcmp(m->status, "active") != 0)
        import_fault(row, "material_code", "retired", "该物料已停用", "The material is retired");
    else if (is_opening(row->kind->name) && m->move_count)
        import_fault(row, "material_code", "has_moves", "该物料已有库存流水，不能再导入期初库存：请用入库单或盘点",
                     "The material has stock moves already: use a receipt or a count instead of opening stock");
    else if (unit && strcmp(unit, m->unit) != 0)
        import_fault(row, "unit", "other_unit", arena_fmt(c->arena, "该物料的单位是 %s", m->unit),
                     arena_fmt(c->arena, "The unit of this material is %s", m->unit));
    return RC_OK;
}

static void check_twice(struct import_row *row, const char *code)
{
    struct ctx *c = row->c;
    const char *lot = row->values[import_field_index(row->kind, "lot_no")], *place = row->values[import_field_index(row->kind, "place")];
    const char *key = arena_fmt(c->arena, "%s\n%s\n%s", text_fold(c->arena, code), lot ? text_trim(c->arena, lot) : "",
                                place ? text_fold(c->arena, place) : "");
    int64_t earlier = row->claim_key(row->arg, key, row->row->number);
    if (earlier)
        import_fault(row, "material_code", "repeated", arena_fmt(c->arena, "与第 %lld 行的物料、批号和库位相同", (long long)earlier),
                     arena_fmt(c->arena, "Material, lot and place are those of row %lld", (long long)earlier));
}

/* As documents read their lines; with the place's id where there is one already. */
static enum rc check_fields(struct import_row *row, const struct material *m, const char *body)
{
    struct ctx *c = row->c;
    struct json_fault fault;
    struct new_line line;
    const struct json *object = json_parse(c->arena, body, strlen(body), &fault);
    if (!object)
        return error_set(&c->err, RC_INTERNAL);
    enum rc rc = record_from_json(c, &new_line_type, object, "", RECORD_CREATE, &line);
    if (rc != RC_OK)
        return rc == RC_INVALID_INPUT ? RC_OK : rc;
    if (!dec_fits(line.quantity, (unsigned)m->unit_decimals))
        import_fault(row, "quantity", "decimals", arena_fmt(c->arena, "单位 %s 最多允许%lld位小数", m->unit, (long long)m->unit_decimals),
                     arena_fmt(c->arena, "The unit %s allows at most %lld decimals", m->unit, (long long)m->unit_decimals));
    if (record_has(&new_line_type, &line, "expires_on") && !line.lot_no)
        import_fault(row, "expires_on", "needs_lot", "填写有效期时必须填写批号", "An expiry day needs a lot number");
    return RC_OK;
}

enum rc import_check_line(struct import_row *row, struct import_found *out)
{
    struct ctx *c = row->c;
    const char *code = row->values[import_field_index(row->kind, "material_code")];
    struct material m;
    bool found;
    if (!code) {
        import_fault(row, "material_code", "required", "物料编码不能为空", "The material code is required");
        return RC_OK;
    }
    out->label = text_shorten(c->arena, text_trim(c->arena, code), 50);
    check_twice(row, code);
    TRY(check_material(row, code, &m, &found));
    if (!found)
        return RC_OK;
    out->outcome = "line";
    out->target_id = m.id;
    out->target_version = m.version;
    const char *rest = import_body(row, "material_code"); /* {…} with the line's other members */
    out->body = arena_fmt(c->arena, "{\"materialId\":%lld%s%s", (long long)m.id, rest[1] == '}' ? "" : ",", rest + 1);
    return check_fields(row, &m, out->body);
}

/* ---------------------------------------------------------------- doing it */

/* A document is filled in memory of its own, so that an import may be as long as it likes. */
struct filling {
    struct job_run *run;
    struct ctx c;
    struct arena arena;
    const struct import *im;
    struct new_line lines[DOCUMENT_LINES_MAX];
    struct { int64_t row_no; const char *label; } from[DOCUMENT_LINES_MAX]; /* of each line */
    size_t count;
    bool posts;
    int64_t line_count;
    struct json_writer *result;
};

/* The id of the place that a body names by its code; 0: it names none. */
static enum rc find_place(struct ctx *c, const struct json *body, int64_t *id)
{
    const struct json *place = json_member(body, "place");
    *id = 0;
    if (!place)
        return RC_OK;
    TRY(location_find(c, place->text, id));
    if (*id)
        return RC_OK;
    TRY(ctx_require(c, PERM_LOCATION_WRITE));
    return location_add(c, place->text, place->text, id);
}

static enum rc make_document(struct filling *f)
{
    struct ctx *c = &f->c;
    const char *kind = f->im->kind, *number;
    int64_t id;
    const struct new_document d = {.receipt = strcmp(kind, "issue") != 0, .purpose = is_opening(kind) ? "opening" : NULL,
                                   .remark = f->im->remark ? f->im->remark : arena_fmt(c->arena, "导入：%s", f->im->file_name),
                                   .lines = f->lines, .count = f->count};
    TRY(document_add(c, &d, &id, &number));
    TRY(db_exec(c->db, &ADD_DOCUMENT, DB_ARGS(DB_I(f->im->id), DB_I(id)), NULL));
    if (f->posts)
        TRY(document_decide(c, id, true, NULL));
    jw_text(f->result, number);
    f->line_count += (int64_t)f->count;
    f->count = 0;
    arena_reset(&f->arena);
    return RC_OK;
}

static enum rc add_line(struct filling *f, const struct import_stored *s)
{
    struct ctx *c = &f->c;
    const char *text = s->body;
    struct json_fault fault;
    int64_t place;
    const struct json *body = json_parse(c->arena, text, strlen(text), &fault);
    TRY(find_place(c, body, &place));
    if (place) { /* as one more member */
        text = arena_fmt(c->arena, "%.*s,\"locationId\":%lld}", (int)strlen(text) - 1, text, (long long)place);
        body = json_parse(c->arena, text, strlen(text), &fault);
    }
    if (!body)
        return error_set(&c->err, RC_INTERNAL);
    f->from[f->count].row_no = s->row_no;
    f->from[f->count].label = s->label;
    return record_from_json(c, &new_line_type, body, "", RECORD_CREATE, &f->lines[f->count++]);
}

/* With the row of the line that the error names, by a fault's field ("lines[3].quantity") or as "line_no". */
static enum rc refuse_document(const struct filling *f, struct ctx *outer, enum rc rc)
{
    const struct error *e = &f->c.err;
    const char *text = e->faults ? e->faults->field : e->members, *mark = e->faults ? "lines[" : "\"line_no\":";
    const char *at = text ? strstr(text, mark) : NULL;
    size_t line = at ? strtoul(at + strlen(mark), NULL, 10) + (e->faults ? 1 : 0) : 0;
    if (line >= 1 && line <= f->count)
        return import_hand_on(outer, &f->c, f->from[line - 1].row_no, f->from[line - 1].label, rc);
    DB_ROWS rows = NULL;
    bool more = false;
    if (rc == RC_MATERIAL_RETIRED || rc == RC_MATERIAL_NOT_FOUND) {
        TRY(db_start(outer->db, &UNUSABLE, DB_ARGS(DB_I(f->im->id)), &rows));
        TRY(db_next(rows, &more));
    }
    return import_hand_on(outer, &f->c, more ? db_int(rows, "row_no") : 0, more ? db_text(rows, "label") : NULL, rc);
}

/* Fills and makes documents until there are no more rows. A failure is handed on to `outer`. */
static enum rc fill(struct filling *f, struct ctx *outer)
{
    struct import_stored page[IMPORT_PAGE];
    size_t count = 0, max = 0;
    enum rc rc = RC_OK;
    for (int64_t after = 0; rc == RC_OK && count == max;) {
        max = DOCUMENT_LINES_MAX - f->count < IMPORT_PAGE ? DOCUMENT_LINES_MAX - f->count : IMPORT_PAGE;
        rc = import_read_page(&f->c, f->im->id, "line", after, max, page, &count);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
            after = page[i].row_no;
            rc = add_line(f, &page[i]);
            if (rc == RC_OK)
                rc = bulk_change_grown(&f->c, f->line_count + (int64_t)f->count);
            if (rc != RC_OK)
                return import_hand_on(outer, &f->c, after, page[i].label, rc);
        }
        bool is_full = f->count == DOCUMENT_LINES_MAX || count < max;
        if (rc == RC_OK && f->count && is_full && (rc = make_document(f)) != RC_OK)
            return refuse_document(f, outer, rc);
        if (rc == RC_OK)
            rc = job_tell(f->run, f->line_count + (int64_t)f->count, f->run->total);
    }
    return rc == RC_OK ? rc : import_hand_on(outer, &f->c, 0, NULL, rc);
}

static enum rc must_be_as_checked(struct ctx *c, const struct import *im)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &STALE, DB_ARGS(DB_I(im->id), DB_I(is_opening(im->kind))), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return RC_OK;
    struct ctx said = {.err = {.rc = RC_IMPORT_STALE}};
    return import_hand_on(c, &said, db_int(rows, "row_no"), db_text(rows, "label"), RC_IMPORT_STALE);
}

enum rc import_commit_lines(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result)
{
    TRY(must_be_as_checked(c, im));
    struct filling *f = arena_new(c->arena, struct filling);
    f->run = run;
    f->im = im;
    f->result = result;
    f->c = *c;
    f->c.arena = &f->arena;
    if (is_opening(im->kind))
        TRY(document_may_decide_own(c, &f->posts));
    arena_init(&f->arena);
    jw_name(result, "documents");
    jw_array(result);
    enum rc rc = fill(f, c);
    arena_free(&f->arena);
    jw_array_end(result);
    jw_member_int(result, "lines", f->line_count);
    jw_member_bool(result, "posted", f->posts);
    return rc;
}

/* ---------------------------------------------------------------- undoing it */

struct made {
    int64_t id, applicant_id;
    const char *number, *status, *pending_reversal;
    bool is_reversed;
    struct made *next;
};

static enum rc read_made(struct ctx *c, int64_t import_id, struct made **out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = NULL;
    TRY(db_start(c->db, &DOCUMENTS, DB_ARGS(DB_I(import_id)), &rows));
    for (struct made **end = out;; end = &(*end)->next) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        *end = arena_new(c->arena, struct made);
        **end = (struct made){.id = db_int(rows, "id"),
                              .applicant_id = db_int(rows, "applicant_id"),
                              .number = arena_dup(c->arena, db_text(rows, "number")),
                              .status = arena_dup(c->arena, db_text(rows, "status")),
                              .pending_reversal = arena_dup(c->arena, db_text(rows, "pending_reversal")),
                              .is_reversed = db_int(rows, "reversals") > 0};
    }
}

/* Reversing posts at once: that is for who may approve, and approve his own. */
static enum rc may_reverse(struct ctx *c, const struct made *d)
{
    bool may;
    TRY(document_may_decide_own(c, &may));
    if (!may || !ctx_may(c, PERM_DOCUMENT_APPROVE))
        return error_say(&c->err, RC_OWN_DOCUMENT,
                         arena_fmt(c->arena, "单据 %s 已批准，撤销时要冲销它，而您不能批准自己的单据：请由系统管理员撤销此导入", d->number),
                         arena_fmt(c->arena, "%s is approved, so that undoing means to reverse it, and you may not approve a document of your own: "
                                             "ask the system administrator to undo this import", d->number));
    if (d->pending_reversal)
        return error_say(&c->err, RC_IMPORT_IN_USE,
                         arena_fmt(c->arena, "单据 %s 的冲销单 %s 尚待审批：请先批准或拒绝它", d->number, d->pending_reversal),
                         arena_fmt(c->arena, "The reversal %s of %s is pending: approve or reject it first", d->pending_reversal, d->number));
    return RC_OK;
}

static enum rc reverse(struct ctx *c, const struct import *im, const struct made *d)
{
    int64_t later, id;
    const char *number;
    TRY(may_reverse(c, d));
    TRY(ctx_number(c, &LATER_MOVE, DB_ARGS(DB_I(d->id), DB_I(im->id)), &later));
    if (later)
        return error_say(&c->err, RC_IMPORT_IN_USE,
                         arena_fmt(c->arena, "单据 %s 的物料在导入之后又有出入库，无法撤销：请冲销之后的单据，或另开单据更正", d->number),
                         arena_fmt(c->arena, "Materials of %s have moved since the import: reverse what came later, or correct it with another "
                                             "document", d->number));
    TRY(document_reverse(c, d->id, arena_fmt(c->arena, "撤销导入 %s", im->file_name), &id, &number));
    TRY(db_exec(c->db, &ADD_DOCUMENT, DB_ARGS(DB_I(im->id), DB_I(id)), NULL)); /* its moves are this import's own */
    return document_decide(c, id, true, NULL);
}

/* Only the applicant may cancel; an administrator who undoes another's import turns its documents down. */
static enum rc take_back(struct ctx *c, const struct import *im, const struct made *d)
{
    if (d->applicant_id == c->actor.user_id)
        return document_cancel(c, d->id);
    TRY(ctx_require(c, PERM_DOCUMENT_APPROVE));
    return document_decide(c, d->id, false, arena_fmt(c->arena, "撤销导入 %s", im->file_name));
}

struct undoing {
    int64_t cancelled, reversed;
};

static enum rc undo_one(struct ctx *c, const struct import *im, const struct made *d, struct undoing *u)
{
    if (strcmp(d->status, "pending") == 0) {
        u->cancelled++;
        return take_back(c, im, d);
    }
    if (strcmp(d->status, "approved") != 0 || d->is_reversed)
        return RC_OK;
    u->reversed++;
    return reverse(c, im, d);
}

/* Each document with memory of its own. */
static enum rc undo_each(struct job_run *run, struct ctx *c, const struct import *im, const struct made *list, struct undoing *u)
{
    struct arena arena;
    int64_t done = 0, total = 0;
    enum rc rc = RC_OK;
    for (const struct made *d = list; d; d = d->next)
        total++;
    arena_init(&arena);
    for (const struct made *d = list; rc == RC_OK && d; d = d->next, arena_reset(&arena)) {
        struct ctx own = *c;
        own.arena = &arena;
        rc = undo_one(&own, im, d, u);
        if (rc != RC_OK)
            import_hand_on(c, &own, 0, NULL, rc);
        else if ((rc = job_tell(run, ++done, total)) != RC_OK)
            error_set(&c->err, rc);
    }
    arena_free(&arena);
    return rc;
}

enum rc import_undo_lines(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result)
{
    struct made *list;
    struct undoing u = {0};
    TRY(read_made(c, im->id, &list));
    TRY(undo_each(run, c, im, list, &u));
    jw_member_int(result, "cancelled", u.cancelled);
    jw_member_int(result, "reversed", u.reversed);
    return RC_OK;
}
