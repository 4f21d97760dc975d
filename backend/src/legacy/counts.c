/* Counts: tasks and their items as they were; a completed one names the documents that posted its differences. */
#include <string.h>

#include "base/text.h"
#include "legacy/decimal.h"
#include "legacy/import.h"

enum { ID, CODE, NAME, STATUS, START, END, CREATOR, COMPLETED_BY, COMPLETED_AT, REMARK, CREATED_AT, UPDATED_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"id",         "task_code",    "task_name",    "status", "start_date", "end_date",
                                             "creator_id", "completed_by", "completed_at", "remark", "created_at", "updated_at"};
static const struct legacy_table tasks = {"stocktaking_tasks", columns, COLUMNS};
enum { I_ID, I_TASK, I_MATERIAL, I_BOOK, I_ACTUAL, I_DIFFERENCE, I_REMARK, I_CREATED_AT, I_UPDATED_AT, I_COLUMNS };
static const char *const item_columns[I_COLUMNS] = {"id",         "task_id", "material_id", "book_stock", "actual_stock",
                                                    "difference", "remark",  "created_at",  "updated_at"};
static const struct legacy_table items = {"stocktaking_items", item_columns, I_COLUMNS};
static const char *const statuses[] = {"draft", "in_progress", "completed", "cancelled", NULL};
#define DAY_MS INT64_C(86400000)
#define ADJUSTED "盘点调整: "

static const struct sql TASK_INSERT = {
    "legacy.task",
    "INSERT INTO count_tasks (id, task_code, task_name, status, start_date, end_date, remark, creator_id, completed_by, completed_at, "
    "shortage_document_id, surplus_document_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
    "$13, $14)"};
static const struct sql ITEM_INSERT = {
    "legacy.item", "INSERT INTO count_items (id, task_id, material_id, book_stock, actual_stock, remark, created_at, updated_at) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

/* ---------------------------------------------------------------- reading */

static const char *code_of(struct old_row *r)
{
    struct legacy_import *im = r->im;
    const char *code = row_text(r, CODE);
    if (text_is_blank(code)) {
        code = arena_fmt(im->c->arena, "ST-OLD-%lld", (long long)r->id);
        row_replaced(r, CODE, WHY_empty_code, code);
    } else {
        code = row_code(r, CODE, code);
    }
    for (size_t i = 0; i < im->tasks.count; i++)
        if (strcmp(im->tasks.items[i].code, code) == 0) {
            code = arena_fmt(im->c->arena, "%s-%lld", code, (long long)r->id);
            row_replaced(r, CODE, WHY_duplicate_number, code);
            break;
        }
    /* ST20260131-0007 is a form in which this program gives numbers out. */
    if (text_starts(code, "ST") && strspn(code + 2, "0123456789") == 8 && code[10] == '-') {
        code = arena_fmt(im->c->arena, "%s-OLD", code);
        row_replaced(r, CODE, WHY_number_like_ours, code);
    }
    return arena_dup(im->keep, code);
}

static void take_task(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct old_task t = {.id = r->id, .status = row_choice(r, STATUS, statuses)};
    const char *status = t.status ? t.status : "?", *name = row_name(r, NAME);
    total_add(&im->totals, TOTAL_TASKS, status, SIDE_OLD, 1, DEC_ZERO);
    if (r->left_out || !t.status || !row_id_at(r, CREATOR))
        total_add(&im->totals, TOTAL_TASKS, status, SIDE_LEFT_OUT, 1, DEC_ZERO);
    if (r->left_out)
        return;
    if (!t.status || !row_id_at(r, CREATOR)) {
        row_leave_out(r, t.status ? CREATOR : STATUS, t.status ? WHY_orphan_user : WHY_bad_choice);
        return;
    }
    if (text_is_blank(name)) {
        name = arena_fmt(im->c->arena, "盘点任务 #%lld", (long long)r->id);
        row_replaced(r, NAME, WHY_empty_name, name);
    }
    t.name = arena_dup(im->keep, name);
    t.created_ms = row_time(r, CREATED_AT, im->now_ms);
    t.updated_ms = row_time(r, UPDATED_AT, t.created_ms);
    t.completed_ms = row_time(r, COMPLETED_AT, strcmp(t.status, "completed") == 0 ? t.updated_ms : 0);
    t.creator = row_person(r, CREATOR, t.created_ms);
    t.completed_by = row_person(r, COMPLETED_BY, t.updated_ms);
    t.code = code_of(r);
    t.start_date = kept_text(r, START);
    t.end_date = kept_text(r, END);
    t.remark = kept_text(r, REMARK);
    id_put(&im->task_ids, t.id, im->tasks.count);
    *LIST_ADD(im->keep, im->tasks) = t;
}

/* Ids are less than 2^40: one number for both would not do, so they are mixed. */
static int64_t key_of(int64_t task, int64_t material)
{
    return (int64_t)((uint64_t)task * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)material);
}

static bool has_item(const struct legacy_import *im, int64_t task, int64_t material)
{
    size_t at = id_get(&im->item_keys, key_of(task, material));
    return at != ID_NONE && im->items.items[at].task_id == task && im->items.items[at].material_id == material;
}

static enum reason refuse_item(struct old_row *r, int64_t task, int64_t material, int *column)
{
    struct legacy_import *im = r->im;
    *column = I_TASK;
    if (!task || id_get(&im->task_ids, task) == ID_NONE)
        return WHY_orphan_task;
    *column = I_MATERIAL;
    if (!material || id_get(&im->material_ids, material) == ID_NONE)
        return WHY_orphan_material;
    return has_item(im, task, material) ? WHY_duplicate_item : WHY_COUNT;
}

static void check_difference(struct old_row *r, const struct old_item *item)
{
    struct dec difference, actual;
    const struct legacy_value *v = &r->values[I_DIFFERENCE];
    if (!item->counted || v->kind == LEGACY_NULL)
        return;
    bool same = v->kind != LEGACY_TEXT && v->kind != LEGACY_BLOB && decimal_near(v->text, v->n, &difference) &&
                dec_sub(item->actual, item->book, &actual) == RC_OK && dec_cmp(actual, difference) == 0;
    if (!same)
        row_noted(r, I_DIFFERENCE, WHY_difference_differs);
}

static void take_item(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct old_item item = {.id = r->id, .task_id = row_id_at(r, I_TASK), .material_id = row_id_at(r, I_MATERIAL)};
    int column;
    if (r->left_out)
        return;
    enum reason why = refuse_item(r, item.task_id, item.material_id, &column);
    if (why != WHY_COUNT) {
        row_leave_out(r, column, why);
        return;
    }
    const struct old_task *t = &im->tasks.items[id_get(&im->task_ids, item.task_id)];
    item.book = row_amount(r, I_BOOK);
    enum number actual = row_number(r, I_ACTUAL, &item.actual, &why);
    item.counted = actual == NUMBER_GOOD && dec_sign(item.actual) >= 0;
    if (actual != NUMBER_NONE && !item.counted)
        row_replaced(r, I_ACTUAL, actual == NUMBER_GOOD ? WHY_negative : why, NULL);
    if (!item.counted)
        item.actual = DEC_ZERO;
    check_difference(r, &item);
    item.remark = kept_text(r, I_REMARK);
    item.created_ms = row_time(r, I_CREATED_AT, t->created_ms);
    item.updated_ms = row_time(r, I_UPDATED_AT, item.created_ms);
    id_put(&im->item_keys, key_of(item.task_id, item.material_id), im->items.count);
    *LIST_ADD(im->keep, im->items) = item;
}

/* ---------------------------------------------------------------- which task an adjustment is of */

static int64_t apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static size_t task_of(const struct legacy_import *im, const struct old_change *h)
{
    size_t best = ID_NONE;
    if (!h->remark || !text_starts(h->remark, ADJUSTED))
        return best;
    for (size_t i = 0; i < im->tasks.count; i++) {
        const struct old_task *t = &im->tasks.items[i];
        if (strcmp(t->status, "completed") != 0 || strcmp(h->remark + strlen(ADJUSTED), t->name) != 0 ||
            apart(t->completed_ms, h->at_ms) > DAY_MS || !has_item(im, t->id, h->material_id))
            continue;
        if (best == ID_NONE || apart(t->completed_ms, h->at_ms) < apart(im->tasks.items[best].completed_ms, h->at_ms))
            best = i;
    }
    return best;
}

enum rc read_counts(struct legacy_import *im)
{
    TRY(rows_read(im, &tasks, take_task));
    TRY(rows_read(im, &items, take_item));
    for (size_t i = 0; i < im->changes.count; i++) {
        struct old_change *h = &im->changes.items[i];
        if (!h->counted)
            continue;
        h->task = task_of(im, h);
        if (h->task == ID_NONE)
            import_note(im, "stock_history", h->id, "remark", h->remark, WHY_not_counted, NULL);
    }
    return im->rc;
}

/* ---------------------------------------------------------------- writing */

static struct db_value id_or_null(int64_t id)
{
    return id ? DB_I(id) : DB_N;
}

enum rc import_counts(struct legacy_import *im)
{
    for (size_t i = 0; i < im->tasks.count; i++) {
        const struct old_task *t = &im->tasks.items[i];
        import_exec(im, &TASK_INSERT,
                    DB_ARGS(DB_I(t->id), DB_T(t->code), DB_T(t->name), DB_T(t->status), DB_T(t->start_date), DB_T(t->end_date),
                            DB_T(t->remark), DB_I(t->creator), id_or_null(t->completed_by), id_or_null(t->completed_ms),
                            id_or_null(t->documents[0]), id_or_null(t->documents[1]), DB_I(t->created_ms), DB_I(t->updated_ms)));
    }
    for (size_t i = 0; i < im->items.count; i++) {
        const struct old_item *item = &im->items.items[i];
        import_exec(im, &ITEM_INSERT,
                    DB_ARGS(DB_I(item->id), DB_I(item->task_id), DB_I(item->material_id), DB_D(item->book),
                            item->counted ? DB_D(item->actual) : DB_N, DB_T(item->remark), DB_I(item->created_ms), DB_I(item->updated_ms)));
    }
    return im->rc;
}
