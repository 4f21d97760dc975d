/* Owns no table. What one material is refused leaves the others standing; who looks first (preview) is told by the same code, on a
 * reader, what would be done. Materials come in the order of their ids, each once. */
#include "domain/material_bulk.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/bulk_change.h"
#include "domain/list.h"
#include "domain/material.h"
#include "domain/reply.h"

/* ---------------------------------------------------------------- the actions */

struct bulk {
    struct record record;
    const char *action, *value;
    const struct json *ids, *filter;
    int64_t preview;
};

/* What an action makes of a material: *after is what it would be; the same as before: nothing is to be done. */
struct action {
    const char *name;
    void (*apply)(struct material *after, const struct bulk *b);
    enum rc (*check)(struct ctx *c, const struct material *before, const struct material *after);
    enum rc (*make)(struct ctx *c, const struct material *before, const struct material *after);
};

/* As if a body had named this field. */
static void merge_one(struct material *after, struct material *change, const char *field, bool has)
{
    for (size_t i = 0; i < material_type.count; i++)
        if (strcmp(material_type.fields[i].name, field) == 0) {
            change->record.given = UINT64_C(1) << i;
            change->record.has = has ? change->record.given : 0;
        }
    record_merge(&material_type, after, change);
}

static void apply_location(struct material *after, const struct bulk *b)
{
    merge_one(after, &(struct material){.location = b->value}, "location", b->value);
}

static void apply_category(struct material *after, const struct bulk *b)
{
    merge_one(after, &(struct material){.category = b->value}, "category", true);
}

static void apply_retired(struct material *after, const struct bulk *b)
{
    (void)b;
    after->status = "retired";
}

static void apply_active(struct material *after, const struct bulk *b)
{
    (void)b;
    after->status = "active";
}

static enum rc check_change(struct ctx *c, const struct material *before, const struct material *after)
{
    return material_check(c, before, after, before->unit_decimals);
}

static enum rc make_change(struct ctx *c, const struct material *before, const struct material *after)
{
    return material_change(c, before, after, NULL);
}

static enum rc check_retire(struct ctx *c, const struct material *before, const struct material *after)
{
    (void)after;
    return material_may_retire(c, before);
}

static enum rc make_retired(struct ctx *c, const struct material *before, const struct material *after)
{
    (void)after;
    return material_retire(c, before);
}

static enum rc check_restore(struct ctx *c, const struct material *before, const struct material *after)
{
    (void)c, (void)before, (void)after;
    return RC_OK;
}

static enum rc make_active(struct ctx *c, const struct material *before, const struct material *after)
{
    (void)after;
    return material_restore(c, before);
}

static const struct action actions[] = {
    {"set_location", apply_location, check_change, make_change},
    {"set_category", apply_category, check_change, make_change},
    {"retire", apply_retired, check_retire, make_retired},
    {"restore", apply_active, check_restore, make_active},
};
static const char *const action_names[] = {"set_location", "set_category", "retire", "restore", NULL};

static const struct action *find_action(const char *name)
{
    const struct action *a = actions;
    while (strcmp(a->name, name) != 0)
        a++;
    return a;
}

/* ---------------------------------------------------------------- the body */

static const char *const categories[] = {"chemical", "metal", NULL};
static const char *const statuses[] = {"active", "retired", "all", NULL};

/* For the description: what is read are the filters of the list itself. */
struct filter {
    struct record record;
    const char *status, *category, *keyword, *subcategory, *unit;
    int64_t low_stock;
};
static const struct field filter_fields[] = {
    FIELD(struct filter, status, FIELD_TEXT, F_IN, .choices = statuses),
    FIELD(struct filter, category, FIELD_TEXT, F_IN, .choices = categories),
    FIELD(struct filter, keyword, FIELD_TEXT, F_IN, .max = 100),
    FIELD(struct filter, subcategory, FIELD_TEXT, F_IN),
    FIELD(struct filter, unit, FIELD_TEXT, F_IN),
    FIELD(struct filter, low_stock, FIELD_FLAG, F_IN),
};
static const struct record_type filter_type = RECORD_TYPE("MaterialFilter", struct filter, filter_fields);

static const struct field bulk_fields[] = {
    FIELD(struct bulk, action, FIELD_TEXT, F_IN | F_NEED, .choices = action_names, .need_zh = "请指明要做的操作",
          .need_en = "What is to be done is required", .bad_zh = "不支持的操作", .bad_en = "There is no such action"),
    FIELD(struct bulk, value, FIELD_TEXT, F_IN, .max = 200, .example = "A-01-02"),
    FIELD(struct bulk, ids, FIELD_JSON, F_IN, .min = 1, .max = MATERIAL_BULK_MAX),
    FIELD(struct bulk, filter, FIELD_JSON, F_IN | F_OBJECT, .items = &filter_type),
    FIELD(struct bulk, preview, FIELD_FLAG, F_IN),
};
static const struct record_type bulk_type = RECORD_TYPE("MaterialBulk", struct bulk, bulk_fields);

static void check_value(struct ctx *c, const struct bulk *b)
{
    bool given = record_given(&bulk_type, b, "value");
    if (strcmp(b->action, "set_location") == 0 && !given) /* an empty one takes the place away: that must be meant */
        error_fault(&c->err, c->arena, "value", "required", "请填写库位（清除库位请传空文本）",
                    "The place is required (an empty text takes it away)", NULL);
    if (strcmp(b->action, "set_category") != 0)
        return;
    for (size_t i = 0; categories[i]; i++)
        if (b->value && strcmp(b->value, categories[i]) == 0)
            return;
    error_fault(&c->err, c->arena, "value", b->value ? "choice" : "required", "类别必须是 chemical 或 metal",
                "The category must be chemical or metal", b->value ? text_shorten(c->arena, b->value, 100) : NULL);
}

/* A filter that is misspelled would leave more materials than were meant; what else a list's query holds does not matter. */
static bool may_stand_in_a_filter(const char *name)
{
    static const char *const others[] = {"sort", "page", "pageSize", "cursor", "totals"};
    for (const struct list_filter *f = material_list.filters; f->param; f++)
        if (strcmp(f->param, name) == 0)
            return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i], name) == 0)
            return true;
    return false;
}

static void check_filter(struct ctx *c, const struct json *filter)
{
    if (filter->type != JSON_OBJECT) {
        error_fault(&c->err, c->arena, "filter", "type", "应为 JSON 对象", "must be a JSON object", NULL);
        return;
    }
    for (const struct json *v = filter->first; v; v = v->next) {
        const char *as = arena_fmt(c->arena, "filter.%s", text_shorten(c->arena, v->name, 60));
        if (!may_stand_in_a_filter(v->name))
            error_fault(&c->err, c->arena, as, "unknown", "没有此筛选条件", "There is no such filter", NULL);
        else if (v->type == JSON_ARRAY || v->type == JSON_OBJECT)
            error_fault(&c->err, c->arena, as, "type", "应为文本", "must be text", NULL);
    }
}

static enum rc read_body(struct call *call, struct bulk *b)
{
    struct ctx *c = &call->ctx;
    TRY(record_from_json(c, &bulk_type, call->body, "", RECORD_CREATE, b));
    check_value(c, b);
    if (!b->ids == !b->filter)
        error_fault(&c->err, c->arena, "ids", "required", "请在 ids 与 filter 中选择其一", "Either ids or a filter is required", NULL);
    else if (b->filter)
        check_filter(c, b->filter);
    return c->err.rc;
}

/* ---------------------------------------------------------------- which materials */

struct chosen {
    int64_t *ids;
    size_t count;
};

static int by_id(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* In order, each once. */
static enum rc choose_named(struct ctx *c, const struct json *array, struct chosen *out)
{
    const int64_t *ids = array->n >= 1 && array->n <= MATERIAL_BULK_MAX ? record_ids(c, array) : NULL;
    if (!ids) {
        error_fault(&c->err, c->arena, "ids", "out_of_range", "ids 应为 1 到 10000 个物料ID", "ids must hold 1 to 10,000 material ids", NULL);
        return c->err.rc;
    }
    out->ids = arena_array(c->arena, array->n, sizeof *ids);
    memcpy(out->ids, ids, array->n * sizeof *ids);
    qsort(out->ids, array->n, sizeof *ids, by_id);
    out->count = 0;
    for (size_t i = 0; i < array->n; i++)
        if (i == 0 || out->ids[i] != out->ids[out->count - 1])
            out->ids[out->count++] = out->ids[i];
    return RC_OK;
}

static const char *filter_param(const void *from, const char *name)
{
    const struct json *v = json_member(from, name);
    if (!v || v->type == JSON_NULL)
        return NULL;
    if (v->type == JSON_TRUE || v->type == JSON_FALSE)
        return v->type == JSON_TRUE ? "true" : "false";
    return v->text;
}

static enum rc choose_filtered(struct ctx *c, const struct json *filter, struct chosen *out)
{
    const struct list_source source = {c, &material_list, filter_param, filter};
    struct list_query *q;
    const struct db_value *args;
    size_t count;
    DB_ROWS rows = NULL;
    bool more;
    TRY(list_read_set(&source, NULL, &q));
    const char *where = list_where(q, &args, &count);
    TRY(db_start_text(c->db, arena_fmt(c->arena, "SELECT m.id FROM materials m%s ORDER BY m.id LIMIT 10001", where), args, count, &rows));
    out->ids = arena_array(c->arena, MATERIAL_BULK_MAX, sizeof *out->ids);
    out->count = 0;
    TRY(db_next(rows, &more));
    while (more && out->count < MATERIAL_BULK_MAX) {
        out->ids[out->count++] = db_int(rows, "id");
        TRY(db_next(rows, &more));
    }
    if (more)
        error_fault(&c->err, c->arena, "filter", "out_of_range", "筛选出的物料超过 10000 种，请缩小范围",
                    "The filter leaves more than 10,000 materials: make it narrower", NULL);
    return c->err.rc;
}
_Static_assert(MATERIAL_BULK_MAX == 10000, "the texts and the LIMIT above say so");

static enum rc choose(struct ctx *c, const struct bulk *b, struct chosen *out)
{
    return b->ids ? choose_named(c, b->ids, out) : choose_filtered(c, b->filter, out);
}

/* ---------------------------------------------------------------- one after the other */

struct refusal {
    int64_t id;
    const char *material_code, *material_name, *code, *zh, *en;
};

struct outcome {
    int64_t matched, to_change, unchanged, refused_count;
    struct refusal *refused; /* the first MATERIAL_BULK_TOLD */
};

/* As the call for one material would say it: of fields at fault, the first. */
static void note_refusal(struct ctx *c, struct outcome *o, int64_t id, const struct material *m, const struct error *e)
{
    if (o->refused_count++ >= MATERIAL_BULK_TOLD)
        return;
    const struct error_row *row = error_row(e->rc);
    const struct field_fault *fault = e->faults;
    const char *zh = fault ? fault->zh : e->zh ? e->zh : row->zh, *en = fault ? fault->en : e->en ? e->en : row->en;
    o->refused[o->refused_count - 1] = (struct refusal){
        id, m ? arena_dup(c->arena, m->material_code) : NULL, m ? arena_dup(c->arena, m->material_name) : NULL, row->code,
        arena_dup(c->arena, zh), arena_dup(c->arena, en)};
}

static bool is_same(const struct material *before, const struct material *after)
{
    return text_equal(before->status, after->status) && text_equal(before->location, after->location) &&
           text_equal(before->category, after->category);
}

/* `one` is c with an arena of its own, for one material at a time. A refusal is noted and RC_OK. */
static enum rc do_one(struct ctx *c, struct ctx *one, const struct bulk *b, int64_t id, struct outcome *o)
{
    const struct action *action = find_action(b->action);
    struct material before = {0}, after;
    error_clear(&one->err);
    enum rc rc = material_get(one, id, &before);
    bool there = rc == RC_OK;
    after = before;
    if (there)
        action->apply(&after, b);
    if (there && is_same(&before, &after)) {
        o->unchanged++;
        return RC_OK;
    }
    if (there)
        rc = action->check(one, &before, &after);
    if (rc == RC_OK) {
        o->to_change++;
        rc = b->preview ? RC_OK : action->make(one, &before, &after);
        return rc == RC_OK ? RC_OK : error_set(&c->err, rc); /* nothing of it all stands: the check should have known */
    }
    if (error_row(rc)->status >= 500 || one->err.rc == RC_OK)
        return rc; /* the storage itself: nothing of it stands */
    note_refusal(c, o, id, there ? &before : NULL, &one->err);
    return RC_OK;
}

static enum rc do_each(struct ctx *c, const struct bulk *b, const struct chosen *chosen, struct outcome *o)
{
    struct arena arena;
    struct ctx one = *c;
    enum rc rc = RC_OK;
    arena_init(&arena);
    one.arena = &arena;
    for (size_t i = 0; rc == RC_OK && i < chosen->count; i++, arena_reset(&arena)) {
        rc = do_one(c, &one, b, chosen->ids[i], o);
        if (rc == RC_OK)
            rc = bulk_change_grown(c, o->to_change);
    }
    arena_free(&arena);
    return rc;
}

static enum rc do_all(struct ctx *c, const struct bulk *b, struct outcome *o)
{
    struct chosen chosen = {0};
    struct bulk_change gathered;
    *o = (struct outcome){.refused = arena_array(c->arena, MATERIAL_BULK_TOLD, sizeof *o->refused)};
    TRY(choose(c, b, &chosen));
    o->matched = (int64_t)chosen.count;
    if (b->preview || chosen.count < MATERIAL_BULK_GATHERED)
        return do_each(c, b, &chosen, o);
    TRY(bulk_change_begin(c, &gathered));
    return bulk_change_end(c, do_each(c, b, &chosen, o));
}

/* ---------------------------------------------------------------- handlers */

struct bulk_work {
    struct bulk body;
    struct outcome outcome;
};

static void write_texts(struct json_writer *w, const struct refusal *r, bool english)
{
    const char *const texts[][2] = {{"material_code", r->material_code}, {"material_name", r->material_name}, {"code", r->code},
                                    {"reason", english ? r->en : r->zh}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jw_name(w, texts[i][0]);
        jw_text(w, texts[i][1]);
    }
}

static enum rc reply_outcome(struct call *call, const struct bulk *b, const struct outcome *o)
{
    struct json_writer w = b->preview ? reply_data(call, 200, NULL, NULL) : reply_data(call, 200, "批量操作已完成", "Done");
    jw_object(&w);
    jw_member_text(&w, "action", b->action);
    jw_member_int(&w, "matched", o->matched);
    jw_member_int(&w, "would_change", o->to_change);
    jw_member_int(&w, "unchanged", o->unchanged);
    jw_name(&w, "refused");
    jw_array(&w);
    for (int64_t i = 0; i < o->refused_count && i < MATERIAL_BULK_TOLD; i++) {
        jw_object(&w);
        jw_member_int(&w, "id", o->refused[i].id);
        write_texts(&w, &o->refused[i], call->ctx.english);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_member_int(&w, "refused_count", o->refused_count);
    jw_member_int(&w, "changed", b->preview ? 0 : o->to_change);
    jw_member_bool(&w, "preview", b->preview);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc look_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    struct call *call = arg;
    struct bulk_work *work = call->prepared;
    return do_all(&call->ctx, &work->body, &work->outcome);
}

/* Looking only reads: on the worker, so that nobody's writing waits for it. */
static enum rc prepare_bulk(struct call *call)
{
    struct bulk_work *work = arena_new(call->ctx.arena, struct bulk_work);
    call->prepared = work;
    TRY(read_body(call, &work->body));
    return work->body.preview ? db_run_read(call->ctx.db, look_in_snapshot, call) : RC_OK;
}

static enum rc post_bulk(struct call *call)
{
    struct bulk_work *work = call->prepared;
    if (!work->body.preview)
        TRY(do_all(&call->ctx, &work->body, &work->outcome));
    return reply_outcome(call, &work->body, &work->outcome);
}

static const struct answer_part refused_parts[] = {{"id"},
                                                   {"material_code", PART_TEXT, .nullable = true},
                                                   {"material_name", PART_TEXT, .nullable = true},
                                                   {"code", PART_TEXT},
                                                   {"reason", PART_TEXT},
                                                   {0}};

static const struct route bulk_routes[] = {
    ROUTE("POST", "/api/materials/bulk", LANE_SLOW, PERM_MATERIAL_WRITE, &bulk_type, post_bulk, "批量处理物料", .prepare = prepare_bulk,
          .parts = PARTS({"action", PART_TEXT}, {"matched"}, {"would_change"}, {"unchanged"},
                         {"refused", PART_ARRAY, .parts = refused_parts}, {"refused_count"}, {"changed"}, {"preview", PART_BOOL})),
};
const struct module material_bulk_module = MODULE("material_bulk", "批量处理物料", bulk_routes);
