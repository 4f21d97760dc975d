/* Materials: what a row would create or change, doing it, and undoing it. */
#include <string.h>

#include "base/text.h"
#include "domain/bulk_change.h"
#include "domain/import_rows.h"
#include "domain/material.h"

static enum rc read_record(struct ctx *c, const char *body, enum record_mode mode, struct material *out)
{
    struct json_fault fault;
    const struct json *object = json_parse(c->arena, body, strlen(body), &fault);
    return object ? record_from_json(c, &material_type, object, "", mode, out) : error_set(&c->err, RC_INTERNAL);
}

/* ---------------------------------------------------------------- checking */

static int64_t decimals_of(const struct import_row *row, const struct material *m)
{
    const struct import_word *unit = row->named[import_field_index(row->kind, "unit")];
    return unit && unit->stands_for ? unit->decimals : m->unit_decimals;
}

static enum rc check_new(struct import_row *row, struct import_found *out)
{
    struct ctx *c = row->c;
    struct material m;
    enum rc rc = read_record(c, out->body, RECORD_CREATE, &m);
    if (rc != RC_OK)
        return rc == RC_INVALID_INPUT ? RC_OK : rc;
    out->outcome = "create";
    rc = material_check(c, NULL, &m, decimals_of(row, &m));
    return rc == RC_INVALID_INPUT ? RC_OK : rc;
}

static enum rc check_present(struct import_row *row, const struct material *before, struct import_found *out)
{
    struct ctx *c = row->c;
    struct material change, after = *before;
    enum rc rc = read_record(c, out->body, RECORD_UPDATE, &change);
    if (rc != RC_OK)
        return rc == RC_INVALID_INPUT ? RC_OK : rc;
    change.version = before->version;
    if (!record_merge(&material_type, &after, &change))
        return RC_OK;
    out->outcome = "change";
    out->target_id = before->id;
    out->target_version = before->version;
    out->changes = record_changes(c, &material_type, before, &after);
    rc = material_check(c, before, &after, decimals_of(row, before));
    return rc == RC_INVALID_INPUT ? RC_OK : rc;
}

enum rc import_check_material(struct import_row *row, struct import_found *out)
{
    struct ctx *c = row->c;
    const char *code = row->values[import_field_index(row->kind, "material_code")];
    struct material before;
    bool found = false;
    if (!code) {
        import_fault(row, "material_code", "required", "物料编码不能为空", "The material code is required");
        return RC_OK;
    }
    out->label = text_shorten(c->arena, text_trim(c->arena, code), 50);
    int64_t earlier = row->claim_key(row->arg, text_fold(c->arena, code), row->row->number);
    if (earlier) {
        import_fault(row, "material_code", "repeated", arena_fmt(c->arena, "与第 %lld 行的物料编码重复", (long long)earlier),
                     arena_fmt(c->arena, "The same material code stands in row %lld", (long long)earlier));
        return RC_OK;
    }
    TRY(material_by_code(c, code, &before, &found));
    out->body = import_body(row, found ? "material_code" : NULL); /* found by it, however it is spelled: it stays as it is */
    return found ? check_present(row, &before, out) : check_new(row, out);
}

/* ---------------------------------------------------------------- doing it */

static enum rc store_new(struct ctx *c, const struct import *im, const struct import_stored *s)
{
    (void)im;
    struct material m;
    int64_t id;
    TRY(read_record(c, s->body, RECORD_CREATE, &m));
    return material_add(c, &m, &id);
}

static enum rc store_change(struct ctx *c, const struct import *im, const struct import_stored *s)
{
    (void)im;
    struct material before, after, change;
    bool found;
    TRY(read_record(c, s->body, RECORD_UPDATE, &change));
    TRY(material_by_id(c, s->target_id, &before, &found));
    if (!found || before.version != s->target_version)
        return error_set(&c->err, RC_IMPORT_STALE);
    after = before;
    change.version = before.version;
    return record_merge(&material_type, &after, &change) ? material_change(c, &before, &after, NULL) : RC_OK;
}

typedef enum rc (*each_fn)(struct ctx *c, const struct import *im, const struct import_stored *s);

/* Each row with memory of its own, so that an import may be as long as it likes. */
static enum rc for_each_row(struct job_run *run, struct ctx *c, const struct import *im, const char *outcome, int64_t total,
                            each_fn each, int64_t *done)
{
    struct arena page_arena, row_arena;
    struct import_stored page[IMPORT_PAGE];
    size_t count = IMPORT_PAGE;
    int64_t after = 0;
    enum rc rc = RC_OK;
    arena_init(&page_arena);
    arena_init(&row_arena);
    while (rc == RC_OK && count == IMPORT_PAGE) {
        struct ctx page_ctx = *c;
        arena_reset(&page_arena);
        page_ctx.arena = &page_arena;
        rc = import_read_page(&page_ctx, im->id, outcome, after, IMPORT_PAGE, page, &count);
        if (rc != RC_OK)
            import_hand_on(c, &page_ctx, 0, NULL, rc);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
            struct ctx row = *c;
            arena_reset(&row_arena);
            row.arena = &row_arena;
            rc = each(&row, im, &page[i]);
            if (rc == RC_OK)
                rc = bulk_change_grown(&row, *done + 1);
            if (rc != RC_OK)
                import_hand_on(c, &row, page[i].row_no, page[i].label, rc);
            else if ((rc = job_tell(run, ++*done, total)) != RC_OK)
                error_set(&c->err, rc);
            after = page[i].row_no;
        }
    }
    arena_free(&row_arena);
    arena_free(&page_arena);
    return rc;
}

/* First what was (to be) created, then what was (to be) changed. */
static enum rc for_all_rows(struct job_run *run, struct ctx *c, const struct import *im, each_fn each_new, each_fn each_change,
                            struct json_writer *result)
{
    int64_t total = run->total, created = 0, done;
    TRY(for_each_row(run, c, im, "create", total, each_new, &created));
    done = created;
    TRY(for_each_row(run, c, im, "change", total, each_change, &done));
    jw_member_int(result, "created", created);
    jw_member_int(result, "changed", done - created);
    return RC_OK;
}

enum rc import_commit_materials(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result)
{
    return for_all_rows(run, c, im, store_new, store_change, result);
}

/* ---------------------------------------------------------------- undoing it */

static enum rc in_use(struct ctx *c, const char *zh, const char *en)
{
    return error_say(&c->err, RC_IMPORT_IN_USE, zh, en);
}

/* Another one may have got its code since: what the import has made was made at its time. */
static enum rc undo_new(struct ctx *c, const struct import *im, const struct import_stored *s)
{
    struct material m;
    bool found;
    TRY(material_by_code(c, s->label, &m, &found));
    if (!found || m.version != 1 || m.created_at != im->done_at || m.created_by != im->done_by)
        return in_use(c, "导入之后已被更改或删除，无法撤销", "It was changed or deleted after the import and cannot be undone");
    enum rc rc = material_remove(c, &m);
    return rc == RC_MATERIAL_IN_USE ? in_use(c, "导入之后已用于单据或盘点，无法撤销", "It was used in documents or counts after the import and cannot be undone")
                                    : rc;
}

/* {"field":{"old":…,"new":…}} as a body that brings back the old. */
static const char *old_body(struct ctx *c, const struct json *changes)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_BODY_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    for (const struct json *f = changes ? changes->first : NULL; f; f = f->next) {
        const struct json *old = json_member(f, "old");
        jw_name_text(&w, record_camel(c->arena, f->name));
        if (!old || old->type == JSON_NULL)
            jw_null(&w);
        else
            jw_text(&w, old->text);
    }
    jw_object_end(&w);
    const char *body = arena_dup(c->arena, buf_text(&text));
    buf_free(&text);
    return body;
}

static enum rc undo_change(struct ctx *c, const struct import *im, const struct import_stored *s)
{
    (void)im;
    struct material before, after, change;
    struct json_fault fault;
    bool found;
    TRY(material_by_id(c, s->target_id, &before, &found));
    if (!found || before.version != s->target_version + 1)
        return in_use(c, "导入之后又被更改，无法撤销", "It was changed again after the import and cannot be undone");
    TRY(read_record(c, old_body(c, json_parse(c->arena, s->changes, strlen(s->changes), &fault)), RECORD_UPDATE, &change));
    after = before;
    change.version = before.version;
    return record_merge(&material_type, &after, &change) ? material_change(c, &before, &after, NULL) : RC_OK;
}

enum rc import_undo_materials(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result)
{
    return for_all_rows(run, c, im, undo_new, undo_change, result);
}
