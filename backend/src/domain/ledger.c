#include "domain/ledger.h"

#include <string.h>

#include "domain/list_export.h"
#include "domain/location.h"
#include "domain/material.h"
#include "domain/notification.h"
#include "domain/recent_moves.h"
#include "domain/reply.h"

static const struct sql UNTRACKED_LOT = {"lot.untracked",
                                         "SELECT id AS n FROM lots WHERE material_id = $1 AND lot_no = ''"};
static const struct sql LOT_FIND = {"lot.find", "SELECT id, expires_day FROM lots WHERE material_id = $1 AND lot_no = $2"};
static const struct sql LOT_INSERT = {
    "lot.insert", "INSERT INTO lots (material_id, lot_no, expires_day, created_at) VALUES ($1, $2, $3, $4) RETURNING id"};
static const struct sql AVAILABLE = {
    "balance.available",
    "SELECT b.lot_id, b.location_id, b.quantity, m.current_stock, m.stock_value, m.min_stock FROM balances b "
    "JOIN lots lo ON lo.id = b.lot_id JOIN materials m ON m.id = b.material_id "
    "WHERE b.material_id = $1 AND b.is_real = 1 AND b.quantity > 0 "
    "AND (CAST($2 AS BIGINT) IS NULL OR b.lot_id = $2) AND (CAST($3 AS BIGINT) IS NULL OR b.location_id = $3) "
    "ORDER BY COALESCE(lo.expires_day, 9000000000), b.lot_id, b.location_id"};
/* Two statements: a debit must find its balance (an INSERT of a negative one would trip the CHECK before the conflict). */
static const struct sql BALANCE_DEBIT = {
    "balance.debit",
    "UPDATE balances SET quantity = quantity - $4 WHERE material_id = $1 AND lot_id = $2 AND location_id = $3"};
static const struct sql BALANCE_ADD = {
    "balance.add", "INSERT INTO balances (material_id, lot_id, location_id, is_real, quantity) VALUES ($1, $2, $3, $4, $5) "
                   "ON CONFLICT (material_id, lot_id, location_id) DO UPDATE SET quantity = balances.quantity + excluded.quantity"};
static const struct sql STOCK_ADD = {
    "material.stock_add", "UPDATE materials SET current_stock = current_stock + $2, stock_value = stock_value + $3, "
                          "move_count = move_count + 1, last_moved_at = $4, recent_moves = recent_moves + 1, "
                          "recent_received = recent_received + $5, recent_issued = recent_issued + $6 WHERE id = $1 RETURNING move_count"};
static const struct sql HOLDING = {"material.holding", "SELECT current_stock, stock_value, min_stock FROM materials WHERE id = $1"};
static const struct sql STOCK_OF = {
    "material.stock", "SELECT m.material_code, m.material_name, m.current_stock, u.code AS unit FROM materials m "
                      "JOIN units u ON u.id = m.unit_id WHERE m.id = $1"};
static const struct sql MOVE_INSERT = {
    "move.insert", "INSERT INTO moves (document_id, line_id, material_id, lot_id, from_location_id, to_location_id, quantity, "
                   "seq, stock_before, stock_after, value, posted_at, posted_by) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};

/* A lot that only cancelled or rejected documents name binds nobody. */
static const struct sql LOT_BOUND = {
    "lot.bound", "SELECT COUNT(*) AS n FROM document_lines l JOIN documents d ON d.id = l.document_id "
                 "WHERE l.material_id = $1 AND l.lot_id = $2 AND d.status IN ('pending', 'approved')"};
static const struct sql LOT_EXPIRES = {"lot.expires", "UPDATE lots SET expires_day = $2 WHERE id = $1"};

/* ---------------------------------------------------------------- lots */

enum rc ledger_find_lot(struct ctx *c, int64_t material_id, const char *lot_no, int64_t *lot_id)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &LOT_FIND, DB_ARGS(DB_I(material_id), DB_T(lot_no)), &rows));
    TRY(db_next(rows, &more));
    *lot_id = more ? db_int(rows, "id") : 0;
    return RC_OK;
}

enum rc ledger_lot(struct ctx *c, const char *field, int64_t material_id, const char *lot_no, struct db_value expires_day,
                   int64_t *lot_id)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &LOT_FIND, DB_ARGS(DB_I(material_id), DB_T(lot_no)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return ctx_insert(c, &LOT_INSERT, DB_ARGS(DB_I(material_id), DB_T(lot_no), expires_day, DB_I(c->now_ms)), lot_id);
    bool other_day = expires_day.type != DB_NULL &&
                     (db_is_null(rows, "expires_day") || db_int(rows, "expires_day") != expires_day.number);
    *lot_id = db_int(rows, "id");
    int64_t bound = 0;
    if (other_day)
        TRY(ctx_number(c, &LOT_BOUND, DB_ARGS(DB_I(material_id), DB_I(*lot_id)), &bound));
    if (other_day && !bound)
        return db_exec(c->db, &LOT_EXPIRES, DB_ARGS(DB_I(*lot_id), expires_day), NULL);
    if (other_day)
        error_fault(&c->err, c->arena, field, "conflict", "该批号已登记了不同的有效期",
                    "This lot is on record with another expiry day", NULL);
    return c->err.rc;
}

/* ---------------------------------------------------------------- too little stock */

struct shortage {
    int64_t line_no, material_id;
    struct dec wanted, available;
};

const struct answer_part ledger_material_parts[] = {
    {"id"}, {"material_code", PART_TEXT}, {"material_name", PART_TEXT}, {"unit", PART_TEXT}, {0}};
const struct answer_part ledger_shortage_parts[] = {
    {"line_no"},
    {"material", PART_OBJECT, .parts = ledger_material_parts},
    {"wanted", PART_DEC},
    {"available", PART_DEC},
    {0},
};

static enum rc write_shortage(struct ctx *c, struct json_writer *w, const struct shortage *s)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &STOCK_OF, DB_ARGS(DB_I(s->material_id)), &rows));
    TRY(db_next(rows, &more));
    jw_name(w, "material");
    jw_object(w);
    jw_member_int(w, "id", s->material_id);
    const char *const texts[] = {"material_code", "material_name", "unit"};
    for (size_t i = 0; i < 3; i++) {
        jw_name(w, texts[i]);
        jw_text(w, more ? db_text(rows, texts[i]) : NULL);
    }
    jw_object_end(w);
    jw_member_dec(w, "wanted", s->wanted);
    jw_member_dec(w, "available", s->available);
    return RC_OK;
}

static enum rc refuse(struct ctx *c, const struct shortage *list, size_t count)
{
    struct buf out;
    struct json_writer w;
    char text[DEC_TEXT_MAX];
    buf_init(&out, 256 * 1024);
    jw_init(&w, &out, c->numbers_as_text);
    enum rc rc = write_shortage(c, &w, &list[0]);
    jw_name(&w, "shortages");
    jw_array(&w);
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        jw_object(&w);
        jw_member_int(&w, "line_no", list[i].line_no);
        rc = write_shortage(c, &w, &list[i]);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    c->err.members = out.overflow ? NULL : arena_dup(c->arena, buf_text(&out));
    buf_free(&out);
    if (rc != RC_OK)
        return rc;
    dec_print(list[0].available, text);
    return error_say(&c->err, RC_INSUFFICIENT_STOCK, arena_fmt(c->arena, "库存不足,当前库存:%s", text),
                     arena_fmt(c->arena, "There is not enough stock: %s available", text));
}

/* The stock of each line's material against the sum of all lines of that material. */
enum rc ledger_check_sums(struct ctx *c, const struct posting_line *lines, size_t count)
{
    struct shortage *list = arena_array(c->arena, count, sizeof *list);
    size_t short_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct dec wanted = DEC_ZERO;
        bool seen = false;
        for (size_t k = 0; k < count; k++) {
            if (lines[k].material_id != lines[i].material_id)
                continue;
            seen = seen || k < i;
            TRY(dec_add(wanted, lines[k].quantity, &wanted));
        }
        if (seen)
            continue;
        DB_ROWS rows = NULL;
        bool more;
        TRY(db_start(c->db, &STOCK_OF, DB_ARGS(DB_I(lines[i].material_id)), &rows));
        TRY(db_next(rows, &more));
        struct dec stock = more ? db_dec(rows, "current_stock") : DEC_ZERO;
        if (dec_cmp(stock, wanted) < 0)
            list[short_count++] = (struct shortage){lines[i].line_no, lines[i].material_id, wanted, stock};
    }
    return short_count ? refuse(c, list, short_count) : RC_OK;
}

/* ---------------------------------------------------------------- posting */

struct move {
    const struct posting *posting;
    const struct posting_line *line;
    int64_t lot_id, from, to;
    struct dec quantity;
    bool in; /* real stock grows; else it falls */
};

static enum rc change_balances(struct ctx *c, const struct move *m)
{
    struct dec minus;
    int64_t material = m->line->material_id, touched;
    TRY(dec_neg(m->quantity, &minus));
    if (m->in) {
        TRY(db_exec(c->db, &BALANCE_ADD, DB_ARGS(DB_I(material), DB_I(m->lot_id), DB_I(m->from), DB_I(0), DB_D(minus)), NULL));
        return db_exec(c->db, &BALANCE_ADD,
                       DB_ARGS(DB_I(material), DB_I(m->lot_id), DB_I(m->to), DB_I(1), DB_D(m->quantity)), NULL);
    }
    TRY(db_exec(c->db, &BALANCE_DEBIT, DB_ARGS(DB_I(material), DB_I(m->lot_id), DB_I(m->from), DB_D(m->quantity)), &touched));
    if (touched != 1)
        return error_set(&c->err, RC_INTERNAL); /* the caller has seen this balance in the same transaction */
    return db_exec(c->db, &BALANCE_ADD, DB_ARGS(DB_I(material), DB_I(m->lot_id), DB_I(m->to), DB_I(0), DB_D(m->quantity)),
                   NULL);
}

/* A material's stock and what it is worth. */
struct holding {
    struct dec stock, value, least;
};

static struct holding holding_of(struct db_rows *rows)
{
    return (struct holding){db_dec(rows, "current_stock"), db_dec(rows, "stock_value"), db_dec(rows, "min_stock")};
}

static enum rc read_holding(struct ctx *c, int64_t material_id, struct holding *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &HOLDING, DB_ARGS(DB_I(material_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_INTERNAL);
    *out = holding_of(rows);
    return RC_OK;
}

/* What the move's quantity is worth (ledger.h). */
static enum rc value_of(const struct move *m, const struct holding *before, struct dec *value)
{
    *value = m->in && m->line->priced ? m->line->amount : before->value;
    if ((m->in && m->line->priced) || (!m->in && dec_cmp(m->quantity, before->stock) == 0))
        return RC_OK;
    if (dec_sign(before->stock) > 0)
        return dec_share(before->value, m->quantity, before->stock, 2, value);
    *value = DEC_ZERO;
    return RC_OK;
}

static enum rc change_by(const struct move *m, const struct holding *before, struct dec value, struct holding *after)
{
    if (m->in) {
        TRY(dec_add(before->stock, m->quantity, &after->stock));
        return dec_add(before->value, value, &after->value);
    }
    TRY(dec_sub(before->stock, m->quantity, &after->stock));
    return dec_sub(before->value, value, &after->value);
}

/* `holding`: before the move, and then after it. */
static enum rc write_move(struct ctx *c, const struct move *m, struct holding *holding)
{
    const struct holding before = *holding;
    struct holding after = before;
    struct dec value = DEC_ZERO;
    int64_t material = m->line->material_id, seq = 0;
    if (value_of(m, &before, &value) != RC_OK || change_by(m, &before, value, &after) != RC_OK)
        return error_set(&c->err, RC_AMOUNT_TOO_LARGE);
    TRY(change_balances(c, m));
    TRY(ctx_returned(c, &STOCK_ADD,
                     DB_ARGS(DB_I(material), DB_I(after.stock.millionths - before.stock.millionths),
                             DB_I(after.value.millionths - before.value.millionths), DB_I(c->now_ms),
                             DB_D(m->in ? m->quantity : DEC_ZERO), DB_D(m->in ? DEC_ZERO : m->quantity)),
                     "move_count", &seq));
    TRY(db_exec(c->db, &MOVE_INSERT,
                DB_ARGS(DB_I(m->posting->document_id), DB_I(m->line->line_id), DB_I(material), DB_I(m->lot_id), DB_I(m->from),
                        DB_I(m->to), DB_D(m->quantity), DB_I(seq), DB_D(before.stock), DB_D(after.stock), DB_D(value),
                        DB_I(c->now_ms), DB_I(c->actor.user_id)),
                NULL));
    *holding = after;
    bool sinks = dec_sign(before.least) > 0 && dec_cmp(before.stock, before.least) > 0 && dec_cmp(after.stock, before.least) <= 0;
    return sinks ? notification_low_stock(c, material) : RC_OK;
}

static enum rc post_receipt_line(struct ctx *c, const struct posting *p, const struct posting_line *line)
{
    struct move m = {.posting = p, .line = line, .lot_id = line->lot_id, .from = p->virtual_location,
                     .to = line->location_id ? line->location_id : LOCATION_MAIN, .quantity = line->quantity, .in = true};
    if (!m.lot_id)
        TRY(ctx_number(c, &UNTRACKED_LOT, DB_ARGS(DB_I(line->material_id)), &m.lot_id));
    struct holding holding;
    TRY(read_holding(c, line->material_id, &holding));
    return write_move(c, &m, &holding);
}

struct available {
    int64_t lot_id, location_id;
    struct dec quantity;
};

#define PARTS_MAX 200 /* balances that one issue line may draw on */

/* Where the line's quantity is taken from: parts of at most PARTS_MAX balances, and the holding before it. *rest: what is
 * missing. */
static enum rc choose_parts(struct ctx *c, const struct posting_line *line, struct available *parts, size_t *count,
                            struct dec *rest, struct holding *holding)
{
    DB_ROWS rows = NULL;
    bool more = true;
    *rest = line->quantity;
    *count = 0;
    TRY(db_start(c->db, &AVAILABLE,
                 DB_ARGS(DB_I(line->material_id), line->lot_id ? DB_I(line->lot_id) : DB_N,
                         line->location_id ? DB_I(line->location_id) : DB_N),
                 &rows));
    while (dec_sign(*rest) > 0 && *count < PARTS_MAX) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        *holding = holding_of(rows); /* the same in every row */
        struct available *a = &parts[(*count)++];
        *a = (struct available){db_int(rows, "lot_id"), db_int(rows, "location_id"), db_dec(rows, "quantity")};
        if (dec_cmp(a->quantity, *rest) > 0)
            a->quantity = *rest;
        TRY(dec_sub(*rest, a->quantity, rest));
    }
    return RC_OK;
}

static enum rc post_issue_line(struct ctx *c, const struct posting *p, const struct posting_line *line)
{
    struct available *parts = arena_array(c->arena, PARTS_MAX, sizeof *parts);
    size_t count;
    struct dec rest, there;
    struct holding holding = {0};
    TRY(choose_parts(c, line, parts, &count, &rest, &holding));
    if (dec_sign(rest) > 0) {
        TRY(dec_sub(line->quantity, rest, &there));
        return refuse(c, &(struct shortage){line->line_no, line->material_id, line->quantity, there}, 1);
    }
    for (size_t i = 0; i < count; i++) {
        struct move m = {.posting = p, .line = line, .lot_id = parts[i].lot_id, .from = parts[i].location_id,
                         .to = p->virtual_location, .quantity = parts[i].quantity};
        TRY(write_move(c, &m, &holding));
    }
    return RC_OK;
}

enum rc ledger_post(struct ctx *c, const struct posting *p)
{
    TRY(recent_moves_shift(c));
    if (!p->receipt && p->count > 1)
        TRY(ledger_check_sums(c, p->lines, p->count)); /* all shortages at once; a single line finds its own below */
    for (size_t i = 0; i < p->count; i++)
        TRY(p->receipt ? post_receipt_line(c, p, &p->lines[i]) : post_issue_line(c, p, &p->lines[i]));
    return RC_OK;
}

/* ---------------------------------------------------------------- handlers: stock card, balances */

struct card_row {
    struct record record;
    int64_t id, seq, document_id, operator_id, created_at;
    const char *transaction_code, *transaction_type, *purpose, *lot_no, *from_location, *to_location, *operator_name, *remark;
    struct dec quantity_change, stock_before, stock_after;
};
static const struct field card_fields[] = {
    FIELD(struct card_row, id, FIELD_INT, F_OUT),
    FIELD(struct card_row, seq, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct card_row, document_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct card_row, transaction_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, transaction_type, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, purpose, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, quantity_change, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct card_row, stock_before, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct card_row, stock_after, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct card_row, lot_no, FIELD_TEXT, F_OUT),
    FIELD(struct card_row, from_location, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, to_location, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, operator_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct card_row, operator_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct card_row, remark, FIELD_TEXT, F_OUT),
    FIELD(struct card_row, created_at, FIELD_TIME, F_OUT | F_SURE),
};
static const struct record_type card_type = RECORD_TYPE("StockMove", struct card_row, card_fields);

static const struct list_spec card_list = {
    .columns = "v.id, v.seq, v.document_id, d.number AS transaction_code, "
               "CASE d.kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, d.purpose, "
               "v.stock_after - v.stock_before AS quantity_change, v.stock_before, v.stock_after, lo.lot_no, "
               "lf.name_zh AS from_location, lt.name_zh AS to_location, v.posted_by AS operator_id, "
               "COALESCE(u.real_name, u.username) AS operator_name, d.remark, v.posted_at AS created_at",
    .from = "moves v JOIN documents d ON d.id = v.document_id JOIN lots lo ON lo.id = v.lot_id "
            "JOIN locations lf ON lf.id = v.from_location_id JOIN locations lt ON lt.id = v.to_location_id "
            "JOIN users u ON u.id = v.posted_by",
    .count_from = "moves v",
    .id = "v.id",
    .topics = TOPIC_STOCK,
    .row_topics = TOPIC_USERS,
    .page_size = 10,
    .sorts = {{"seq", "v.seq", false}},
    .row = &card_type,
};

static enum rc moves_of(struct ctx *c, int64_t id, struct list_scope *out)
{
    struct material m;
    TRY(material_get(c, id, &m));
    *out = (struct list_scope){"v.material_id = ?", m.id};
    return RC_OK;
}

static const struct list_export card_export = {
    .name = "stock-card",
    .zh = "物料流水",
    .en = "Stock card",
    .module = "materials",
    .resource_type = "material",
    .scope = moves_of,
    .columns = EXPORT_COLUMNS(
        {"created_at", EXPORT_TIME, "时间", "Time", 20},
        {"transaction_code", EXPORT_CODE, "单号", "Document", 20},
        {"transaction_type", EXPORT_WORD, "类型", "Kind", 10, document_type_words},
        {"purpose", EXPORT_WORD, "用途", "Purpose", 12, purpose_words},
        {"quantity_change", EXPORT_DEC, "变动", "Change", 14},
        {"stock_before", EXPORT_DEC, "变动前库存", "Stock before", 14},
        {"stock_after", EXPORT_DEC, "结存", "Balance", 14},
        {"lot_no", EXPORT_CODE, "批号", "Lot", 16},
        {"from_location", EXPORT_TEXT, "从", "From", 18},
        {"to_location", EXPORT_TEXT, "到", "To", 18},
        {"operator_name", EXPORT_TEXT, "经办人", "Posted by", 14},
        {"remark", EXPORT_TEXT, "备注", "Remark", 40},
        {"seq", EXPORT_WHOLE, "序号", "Sequence", 8}),
};

static enum rc get_moves(struct call *call)
{
    return list_answer(call, moves_of);
}

struct balance {
    struct record record;
    int64_t lot_id, location_id, expires_on;
    const char *lot_no, *location_code, *location_name;
    struct dec quantity;
};
static const struct field balance_fields[] = {
    FIELD(struct balance, lot_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct balance, lot_no, FIELD_TEXT, F_OUT),
    FIELD(struct balance, expires_on, FIELD_DAY, F_OUT),
    FIELD(struct balance, location_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct balance, location_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct balance, location_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct balance, quantity, FIELD_DEC, F_OUT),
};
static const struct record_type balance_type = RECORD_TYPE("Balance", struct balance, balance_fields);

static const struct sql BALANCES_OF = {
    "balance.of_material",
    "SELECT b.lot_id, lo.lot_no, lo.expires_day AS expires_on, b.location_id, lc.code AS location_code, "
    "lc.name_zh AS location_name, b.quantity FROM balances b JOIN lots lo ON lo.id = b.lot_id "
    "JOIN locations lc ON lc.id = b.location_id WHERE b.material_id = $1 AND b.is_real = 1 AND b.quantity > 0 "
    "ORDER BY COALESCE(lo.expires_day, 9000000000), b.lot_id, b.location_id"};

static enum rc get_balances(struct call *call)
{
    struct material m;
    TRY(material_get(&call->ctx, call->id, &m));
    return reply_rows(call, &balance_type, &BALANCES_OF, DB_ARGS(DB_I(m.id)));
}

static const struct route ledger_routes[] = {
    ROUTE("GET", "/api/materials/:id/moves", LANE_READ, PERM_MATERIAL_READ, NULL, get_moves, "物料流水", .list = &card_list,
          .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
    LIST_EXPORT("/materials/:id/moves", PERM_MATERIAL_READ, "导出物料流水", &card_list, &card_export, EXPORT_REFUSALS,
                RC_MATERIAL_NOT_FOUND),
    ROUTE("GET", "/api/materials/:id/balances", LANE_READ, PERM_MATERIAL_READ, NULL, get_balances, "物料各批次、库位结存",
          .shape = ANSWER_ARRAY, .answer = &balance_type, .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
};
const struct module ledger_module = MODULE("ledger", "库存台账", ledger_routes);
