/* What a task is about: its items are taken over from its scope, when it is made and anew when it starts. */
#include <string.h>

#include "domain/location.h"
#include "domain/material.h"
#include "domain/stocktaking_rows.h"

#define TEXT_OF_(N) #N
#define TEXT_OF(N) TEXT_OF_(N)
#define COLUMNS "INSERT INTO count_items (task_id, material_id, location_id, book_stock, created_at, updated_at) SELECT t.id, m.id, "

static const struct sql ITEM_INSERT = {
    "count_item.insert", COLUMNS "t.location_id, " COUNT_BOOK_AT("t.location_id") ", CAST($3 AS BIGINT), CAST($3 AS BIGINT) FROM "
                         "count_tasks t JOIN materials m ON m.id = $2 WHERE t.id = $1 ON CONFLICT DO NOTHING"};
/* Place by place: where it lies, or where it would be put if it lies nowhere (LOCATION_MAIN). */
#define PLACE "COALESCE(b.location_id, 5)"
#define OF_PLACES                                                                                                      \
    PLACE ", CAST(COALESCE(SUM(b.quantity), 0) AS BIGINT), CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM count_tasks t "
#define LYING "LEFT JOIN balances b ON b.material_id = m.id AND b.is_real = 1 AND b.quantity > 0 WHERE t.id = $1 "
#define EACH "GROUP BY t.id, m.id, " PLACE " ON CONFLICT DO NOTHING"
static const struct sql ITEM_PLACES = {"count_item.insert_places",
                                       COLUMNS OF_PLACES "JOIN materials m ON m.id = $3 " LYING EACH};
static const struct sql ITEMS_NEW_PLACES = {
    "count_item.new_places", COLUMNS OF_PLACES "JOIN materials m ON m.id IN (SELECT i.material_id FROM count_items i WHERE i.task_id = $1) "
                             LYING EACH};
#define IN_SCOPE                                                                                                       \
    "(t.scope = 'all' OR (t.scope = 'category' AND m.category = t.category) OR (t.scope = 'location' AND EXISTS (SELECT 1 FROM " \
    "balances b WHERE b.material_id = m.id AND b.location_id = t.location_id AND b.quantity > 0)))"
static const struct sql ITEMS_OF_SCOPE = {
    "count_item.of_scope", COLUMNS "t.location_id, " COUNT_BOOK_AT("t.location_id") ", CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM "
                           "count_tasks t JOIN materials m ON m.status = 'active' AND " IN_SCOPE " WHERE t.id = $1"};
/* What lies nowhere is on no place's list. */
static const struct sql ITEMS_OF_PLACES = {
    "count_item.of_places", COLUMNS OF_PLACES "JOIN materials m ON m.status = 'active' AND " IN_SCOPE " JOIN balances b ON "
                            "b.material_id = m.id AND b.is_real = 1 AND b.quantity > 0 WHERE t.id = $1 " EACH};
static const struct sql ITEMS_FORGET = {"count_item.forget", "DELETE FROM count_items WHERE task_id = $1"};
static const struct sql ITEMS_RENEW = {
    "count_item.renew", "UPDATE count_items SET book_stock = (SELECT " COUNT_BOOK_AT("count_items.location_id") " FROM materials m WHERE "
                        "m.id = count_items.material_id), updated_at = $2 WHERE task_id = $1"};

_Static_assert(LOCATION_MAIN == 5, "PLACE names it");

static enum rc check_size(struct ctx *c, int64_t taken)
{
    if (taken <= COUNT_ITEMS_MAX)
        return RC_OK;
    return error_say(&c->err, RC_COUNT_SCOPE_TOO_LARGE,
                     arena_fmt(c->arena, "该范围内有 %lld 个物料，一次盘点最多 %d 个，请缩小范围", (long long)taken, COUNT_ITEMS_MAX),
                     arena_fmt(c->arena, "The scope holds %lld materials, a task at most %d: make it narrower", (long long)taken,
                               COUNT_ITEMS_MAX));
}

enum rc count_take_materials(struct ctx *c, const struct task *t, const struct json *array)
{
    const int64_t *ids = record_ids(c, array);
    int64_t all = 0;
    if (!ids) {
        error_fault(&c->err, c->arena, "materialIds", "type", "应为物料ID的数组", "must be an array of material ids", NULL);
        return c->err.rc;
    }
    for (size_t i = 0; i < array->n; i++) {
        struct material m;
        int64_t taken;
        TRY(material_get(c, ids[i], &m));
        if (t->by_place)
            TRY(db_exec(c->db, &ITEM_PLACES, DB_ARGS(DB_I(t->id), DB_I(c->now_ms), DB_I(m.id)), &taken));
        else
            TRY(db_exec(c->db, &ITEM_INSERT, DB_ARGS(DB_I(t->id), DB_I(m.id), DB_I(c->now_ms)), &taken));
        all += taken;
    }
    return check_size(c, all);
}

enum rc count_take_scope(struct ctx *c, const struct task *t)
{
    int64_t taken;
    TRY(db_exec(c->db, t->by_place ? &ITEMS_OF_PLACES : &ITEMS_OF_SCOPE, DB_ARGS(DB_I(t->id), DB_I(c->now_ms)), &taken));
    return taken ? check_size(c, taken) : error_set(&c->err, RC_COUNT_SCOPE_EMPTY);
}

enum rc count_take_anew(struct ctx *c, const struct task *t)
{
    if (strcmp(t->scope, "selection") != 0) {
        TRY(db_exec(c->db, &ITEMS_FORGET, DB_ARGS(DB_I(t->id)), NULL)); /* a draft has no counts */
        return count_take_scope(c, t);
    }
    if (t->by_place) {
        int64_t come;
        TRY(db_exec(c->db, &ITEMS_NEW_PLACES, DB_ARGS(DB_I(t->id), DB_I(c->now_ms)), &come));
        TRY(check_size(c, t->item_count + come));
    }
    return db_exec(c->db, &ITEMS_RENEW, DB_ARGS(DB_I(t->id), DB_I(c->now_ms)), NULL);
}
