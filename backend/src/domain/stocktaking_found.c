/* What is found and was not in the task, and a count that is taken back. */
#include "domain/location.h"
#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static const struct sql ITEM_OF_MATERIAL = {
    "count_item.of_material", "SELECT COALESCE(MIN(id), 0) AS n FROM count_items WHERE task_id = $1 AND material_id = $2 AND "
                              "COALESCE(location_id, 0) = $3"};
static const struct sql ITEM_FOUND = {
    "count_item.found", "INSERT INTO count_items (task_id, material_id, location_id, book_stock, is_found, created_at, updated_at) "
                        "VALUES ($1, $2, $3, 0, 1, $4, $5) RETURNING id"};
static const struct sql ITEM_GONE = {"count_item.gone", "DELETE FROM count_items WHERE id = $1"};
static const struct sql ITEM_BACK = {
    "count_item.back", "UPDATE count_items SET actual_stock = $2, book_stock = COALESCE($3, book_stock), counted_by = $4, "
                       "wants_recount = $5, updated_at = $6, version = version + 1 WHERE id = $1"};
static const struct sql ENTRY_OWN = {
    "count_entry.own", "SELECT e.id, e.item_id, e.was_recount, e.withdrawn_at FROM count_entries e JOIN count_items i ON i.id = e.item_id "
                       "WHERE e.counted_by = $1 AND e.key = $2 AND i.task_id = $3"};
static const struct sql ENTRY_LATEST = {
    "count_entry.latest", "SELECT id, actual_stock, book_stock, counted_by FROM count_entries WHERE item_id = $1 AND withdrawn_at IS NULL "
                          "ORDER BY id DESC LIMIT 1"};
static const struct sql ENTRY_WITHDRAW = {"count_entry.withdraw", "UPDATE count_entries SET withdrawn_at = $2 WHERE id = $1"};
static const struct sql ENTRIES_GONE = {"count_entry.gone", "DELETE FROM count_entries WHERE item_id = $1"};

static enum rc check_counting(struct ctx *c, const struct task *t)
{
    if (count_has_ended(t))
        return error_set(&c->err, RC_TASK_ENDED);
    return count_is(t, "review") ? error_set(&c->err, RC_TASK_IN_REVIEW) : RC_OK;
}

/* ---------------------------------------------------------------- found */

/* Where it was found: the task's own place, or one that is named when it is counted place by place. */
static enum rc check_place(struct ctx *c, const struct task *t, const struct count_body *b)
{
    if (t->by_place && !b->location_id)
        error_fault(&c->err, c->arena, "locationId", "required", "请选择库位", "Choose the location", NULL);
    else if (!t->by_place && b->location_id && b->location_id != t->location_id)
        error_fault(&c->err, c->arena, "locationId", "not_here", "此任务不按库位分别盘点", "this task is not counted place by place", NULL);
    return c->err.rc == RC_OK && b->location_id ? location_must_be_real(c, b->location_id) : c->err.rc;
}

/* Another has found it, too, or it was in the task all along: its present state is told, and nothing is overwritten. */
static enum rc check_absent(struct ctx *c, const struct task *t, int64_t material, int64_t place)
{
    struct item present;
    int64_t id;
    TRY(ctx_number(c, &ITEM_OF_MATERIAL, DB_ARGS(DB_I(t->id), DB_I(material), DB_I(place)), &id));
    if (!id)
        return RC_OK;
    TRY(count_get_item(c, t, id, &present));
    return reply_conflict(c, &count_item_type, &present);
}

static enum rc add_found(struct ctx *c, const struct task *t, const struct count_body *b, int64_t place, struct item *i)
{
    const int64_t at = count_moment(c, b, t->created_at);
    *i = (struct item){.task_id = t->id};
    TRY(ctx_insert(c, &ITEM_FOUND,
                   DB_ARGS(DB_I(t->id), DB_I(b->material_id), place ? DB_I(place) : DB_N, DB_I(at), DB_I(c->now_ms)), &i->id));
    TRY(count_store(c, b, i, at));
    TRY(count_get_item(c, t, i->id, i));
    return count_log(c, "found", t, arena_fmt(c->arena, "录入清单外物料 %s", i->material_code), NULL);
}

enum rc count_post_found(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i = {0};
    struct count_body b;
    bool is_known;
    TRY(record_from_json(c, &count_found_type, call->body, "", RECORD_CREATE, &b));
    TRY(count_find_task(call, &t));
    TRY(count_is_known(c, &t, &b, &i, &is_known));
    if (is_known)
        return count_reply(call, 201, &i);
    TRY(check_counting(c, &t));
    TRY(check_place(c, &t, &b));
    TRY(count_check_quantity(c, &b, b.material_id));
    const int64_t place = t.by_place ? b.location_id : t.location_id;
    TRY(check_absent(c, &t, b.material_id, place));
    if (t.item_count >= COUNT_ITEMS_MAX)
        return error_set(&c->err, RC_COUNT_SCOPE_TOO_LARGE);
    TRY(add_found(c, &t, &b, place, &i));
    return count_reply(call, 201, &i);
}

/* ---------------------------------------------------------------- taken back */

struct withdraw_body {
    struct record record;
    const char *count_id;
};
static const struct field withdraw_fields[] = {
    FIELD(struct withdraw_body, count_id, FIELD_TEXT, F_IN | F_NEED, .max = COUNT_ID_MAX, .example = "5f0c2b7e9a1d4c38",
          .need_zh = "请指明要撤销的录入", .need_en = "Say which count is to be taken back"),
};
const struct record_type count_withdraw_type = RECORD_TYPE("WithdrawCount", struct withdraw_body, withdraw_fields);
const struct answer_part count_withdrawn_parts[] = {
    {"id"}, {"actualStock", PART_DEC, .nullable = true}, {"version", .nullable = true}, {0}};

struct own_entry {
    int64_t id, item_id, was_recount;
    bool is_withdrawn;
};

static enum rc find_own(struct ctx *c, const struct task *t, const char *key, struct own_entry *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &ENTRY_OWN, DB_ARGS(DB_I(c->actor.user_id), DB_T(key), DB_I(t->id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_COUNT_NOT_FOUND);
    *out = (struct own_entry){.id = db_int(rows, "id"), .item_id = db_int(rows, "item_id"), .was_recount = db_int(rows, "was_recount"),
                              .is_withdrawn = !db_is_null(rows, "withdrawn_at")};
    return RC_OK;
}

/* What stands as the item's last count. is: there is one. */
struct latest {
    bool is;
    int64_t id, counted_by;
    struct dec actual_stock, book_stock;
};

static enum rc find_latest(struct ctx *c, const struct item *i, struct latest *out)
{
    DB_ROWS rows = NULL;
    *out = (struct latest){0};
    TRY(db_start(c->db, &ENTRY_LATEST, DB_ARGS(DB_I(i->id)), &rows));
    TRY(db_next(rows, &out->is));
    if (out->is)
        *out = (struct latest){.is = true, .id = db_int(rows, "id"), .counted_by = db_int(rows, "counted_by"),
                               .actual_stock = db_dec(rows, "actual_stock"), .book_stock = db_dec(rows, "book_stock")};
    return RC_OK;
}

/* The item is as it was before: with the count before this one, or not counted. *stays: it is still one of the task's. */
static enum rc go_back(struct ctx *c, const struct own_entry *e, const struct item *i, bool *stays)
{
    struct latest before;
    TRY(db_exec(c->db, &ENTRY_WITHDRAW, DB_ARGS(DB_I(e->id), DB_I(c->now_ms)), NULL));
    TRY(find_latest(c, i, &before));
    *stays = before.is || !i->is_found;
    if (*stays)
        return db_exec(c->db, &ITEM_BACK,
                       DB_ARGS(DB_I(i->id), before.is ? DB_D(before.actual_stock) : DB_N, before.is ? DB_D(before.book_stock) : DB_N,
                               before.is ? DB_I(before.counted_by) : DB_N, DB_I(e->was_recount), DB_I(c->now_ms)),
                       NULL);
    TRY(db_exec(c->db, &ENTRIES_GONE, DB_ARGS(DB_I(i->id)), NULL));
    return db_exec(c->db, &ITEM_GONE, DB_ARGS(DB_I(i->id)), NULL);
}

/* Only what nobody has counted or judged since can be taken back. */
static enum rc withdraw(struct ctx *c, const struct task *t, const struct own_entry *e, const struct item *i, bool *stays)
{
    struct latest last;
    TRY(find_latest(c, i, &last));
    if (last.id != e->id || i->wants_recount)
        return reply_conflict(c, &count_item_type, i);
    TRY(go_back(c, e, i, stays));
    return count_log(c, "withdraw", t, arena_fmt(c->arena, "撤销盘点录入 %s", i->material_code), NULL);
}

static enum rc reply_withdrawn(struct call *call, const struct item *i, bool stays)
{
    struct json_writer w = reply_data(call, 200, "已撤销", "Taken back");
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, i->id);
    jw_name(&w, "actualStock");
    if (stays && count_is_counted(i))
        jw_dec(&w, i->actual_stock);
    else
        jw_null(&w);
    jw_name(&w, "version");
    if (stays)
        jw_int(&w, i->version);
    else
        jw_null(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc count_put_withdraw(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i;
    struct withdraw_body b;
    struct own_entry e = {0};
    bool stays = true;
    TRY(record_from_json(c, &count_withdraw_type, call->body, "", RECORD_CREATE, &b));
    TRY(count_find_task(call, &t));
    TRY(check_counting(c, &t));
    TRY(find_own(c, &t, b.count_id, &e));
    TRY(count_get_item(c, &t, e.item_id, &i));
    if (!e.is_withdrawn)
        TRY(withdraw(c, &t, &e, &i, &stays));
    if (stays)
        TRY(count_get_item(c, &t, e.item_id, &i));
    return reply_withdrawn(call, &i, stays);
}
