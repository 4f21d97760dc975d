#include "domain/dashboard.h"

#include "domain/list.h"
#include "domain/reply.h"
#include "domain/setting.h"
#include "domain/unit.h"

#define TREND_DAYS 30
#define QUARTER_MS 900000 /* zones are whole quarters of an hour apart */
#define ROWS_MAX 10

/* Quantities are of all units together, as existing clients show them; one that grows past the range stays at its end. */
static const struct sql POSTED = {
    "posted_quarters.add",
    "INSERT INTO posted_quarters (quarter, kind, documents, quantity) VALUES ($1, $2, 1, $3) ON CONFLICT (quarter, kind) "
    "DO UPDATE SET documents = posted_quarters.documents + 1, quantity = CASE WHEN posted_quarters.quantity > "
    "9000000000000000000 - excluded.quantity THEN 9000000000000000000 ELSE posted_quarters.quantity + excluded.quantity END"};
static const struct sql POSTED_SINCE = {
    "posted_quarters.since",
    "SELECT quarter, kind, documents, quantity FROM posted_quarters WHERE quarter >= $1 AND quarter < $2 ORDER BY quarter, kind"};

/* Kept by triggers (migration 0007). Sums of many materials: wholes and millionths apart, since together they may pass 64 bits. */
#define SUM_OF(FIGURE)                                                                                                 \
    "CAST(COALESCE(SUM(" FIGURE "_wholes), 0) AS BIGINT) AS " FIGURE "_wholes, "                                       \
    "CAST(COALESCE(SUM(" FIGURE "_millionths), 0) AS BIGINT) AS " FIGURE "_millionths"
static const struct sql STATS = {
    "dashboard.stats",
    "SELECT CAST(COALESCE(SUM(CASE status WHEN 'active' THEN materials ELSE 0 END), 0) AS BIGINT) AS materials, "
    "CAST(COALESCE(SUM(CASE status WHEN 'active' THEN low ELSE 0 END), 0) AS BIGINT) AS low, " SUM_OF("value") ", "
    "(SELECT n FROM pending_documents) AS pending, "
    "(SELECT CAST(COALESCE(SUM(documents), 0) AS BIGINT) FROM posted_quarters WHERE quarter >= $1 AND quarter < $2) AS today "
    "FROM material_figures"};
static const struct sql BY_CATEGORY = {
    "dashboard.by_category", "SELECT category, materials AS count, stock_wholes, stock_millionths, value_wholes, value_millionths "
                             "FROM material_figures WHERE status = 'active' AND materials > 0 ORDER BY category"};
static const struct sql LOW = {
    "dashboard.low",
    "SELECT m.id, m.material_code, m.material_name, m.category, m.current_stock, m.min_stock, un.code AS unit, " UNIT_DECIMALS_OF " FROM materials m "
    "JOIN units un ON un.id = m.unit_id WHERE m.status = 'active' AND m.min_stock > 0 AND m.current_stock <= m.min_stock "
    /* The expression of the index materials_emptiest, to the letter. */
    "ORDER BY CASE WHEN m.current_stock < 9000000000000 THEN m.current_stock * 1000000 / m.min_stock "
    "ELSE m.current_stock / (m.min_stock / 1000000) END, m.current_stock, m.id LIMIT $1"};
static const struct sql PENDING = {
    "dashboard.pending",
    "SELECT d.id, d.number AS transaction_code, CASE d.kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, "
    "l.quantity, d.created_at, m.material_code, m.material_name, d.line_count, COALESCE(u.real_name, u.username) AS "
    "applicant_name, ($1 - d.created_at) / 86400000 AS age_days FROM documents d JOIN document_lines l ON l.document_id = d.id AND l.line_no = 1 "
    "JOIN materials m ON m.id = l.material_id JOIN users u ON u.id = d.applicant_id "
    "WHERE d.status = 'pending' ORDER BY d.created_at, d.id LIMIT $2"};

enum rc dashboard_posted(struct ctx *c, bool receipt, struct dec quantity)
{
    return db_exec(c->db, &POSTED,
                   DB_ARGS(DB_I(c->now_ms / QUARTER_MS), DB_T(receipt ? "receipt" : "issue"), DB_D(quantity)), NULL);
}

/* ---------------------------------------------------------------- today, and the days before */

struct days {
    const struct zone *zone;
    int64_t today;
};

static enum rc read_days(struct ctx *c, struct days *out)
{
    TRY(setting_zone(c, &out->zone));
    out->today = zone_day(out->zone, c->now_ms);
    return RC_OK;
}

static struct db_value first_quarter(const struct days *d, int64_t day)
{
    return DB_I(zone_day_start_ms(d->zone, day) / QUARTER_MS);
}

/* Wholes and millionths in one; the end of the range when it is passed. */
static struct dec sum_of(int64_t wholes, int64_t millionths)
{
    int64_t sum;
    if (__builtin_mul_overflow(wholes, 1000000, &sum) || __builtin_add_overflow(sum, millionths, &sum))
        sum = INT64_MAX;
    return (struct dec){sum};
}

static struct dec value_of(struct db_rows *rows)
{
    return sum_of(db_int(rows, "value_wholes"), db_int(rows, "value_millionths"));
}

/* ---------------------------------------------------------------- handlers */

static enum rc write_stats(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct days d;
    bool more;
    TRY(read_days(c, &d));
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &STATS, DB_ARGS(first_quarter(&d, d.today), first_quarter(&d, d.today + 1)), &rows));
    TRY(db_next(rows, &more));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "totalMaterials", db_int(rows, "materials"));
    jw_member_int(&w, "pendingTransactions", db_int(rows, "pending"));
    jw_member_int(&w, "todayTransactions", db_int(rows, "today"));
    jw_member_int(&w, "lowStockMaterials", db_int(rows, "low"));
    jw_member_dec(&w, "totalInventoryValue", value_of(rows));
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc write_categories(struct call *call)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(call->ctx.db, &BY_CATEGORY, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    while (more) {
        jw_object(&w);
        jw_member_text(&w, "category", db_text(rows, "category"));
        jw_member_int(&w, "count", db_int(rows, "count"));
        jw_member_dec(&w, "total_stock", sum_of(db_int(rows, "stock_wholes"), db_int(rows, "stock_millionths")));
        jw_member_dec(&w, "stock_value", value_of(rows));
        jw_object_end(&w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

struct trend {
    int64_t documents[2];
    struct dec quantity[2];
};

static enum rc add_up(struct ctx *c, const struct days *d, struct trend *of)
{
    int64_t first = d->today - TREND_DAYS + 1;
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &POSTED_SINCE, DB_ARGS(first_quarter(d, first), first_quarter(d, d->today + 1)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        struct trend *t = &of[zone_day(d->zone, db_int(rows, "quarter") * QUARTER_MS) - first];
        int out = db_text(rows, "kind")[0] == 'i';
        t->documents[out] += db_int(rows, "documents");
        if (dec_add(t->quantity[out], db_dec(rows, "quantity"), &t->quantity[out]) != RC_OK)
            t->quantity[out] = (struct dec){INT64_MAX};
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static void write_day(struct json_writer *w, int64_t day, const struct trend *t)
{
    char text[DAY_TEXT_MAX];
    size_t n = day_print(day, text);
    for (int out = 0; out < 2; out++) {
        if (!t->documents[out])
            continue;
        jw_object(w);
        jw_name(w, "date");
        jw_text_n(w, text, n);
        jw_member_text(w, "transaction_type", out ? "out" : "in");
        jw_member_int(w, "count", t->documents[out]);
        jw_member_dec(w, "total_quantity", t->quantity[out]);
        jw_object_end(w);
    }
}

static enum rc write_trend(struct call *call)
{
    struct days d;
    struct trend *of = arena_array(call->ctx.arena, TREND_DAYS, sizeof *of);
    TRY(read_days(&call->ctx, &d));
    TRY(add_up(&call->ctx, &d, of));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (int i = 0; i < TREND_DAYS; i++)
        write_day(&w, d.today - TREND_DAYS + 1 + i, &of[i]);
    jw_array_end(&w);
    return reply_end(call, &w);
}

struct low_row {
    struct record record;
    int64_t id, unit_decimals;
    const char *material_code, *material_name, *category, *unit;
    struct dec current_stock, min_stock;
};
static const struct field low_fields[] = {
    FIELD(struct low_row, id, FIELD_INT, F_OUT),
    FIELD(struct low_row, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct low_row, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct low_row, category, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct low_row, current_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct low_row, min_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct low_row, unit, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct low_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
};
static const struct record_type low_type = RECORD_TYPE("LowStock", struct low_row, low_fields);

static enum rc write_low(struct call *call)
{
    return reply_rows(call, &low_type, &LOW, DB_ARGS(DB_I(ROWS_MAX)));
}

struct pending_row {
    struct record record;
    int64_t id, line_count, created_at, age_days;
    const char *transaction_code, *transaction_type, *material_code, *material_name, *applicant_name;
    struct dec quantity;
};
static const struct field pending_fields[] = {
    FIELD(struct pending_row, id, FIELD_INT, F_OUT),
    FIELD(struct pending_row, transaction_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct pending_row, transaction_type, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct pending_row, quantity, FIELD_DEC, F_OUT),
    FIELD(struct pending_row, line_count, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct pending_row, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct pending_row, age_days, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct pending_row, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct pending_row, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct pending_row, applicant_name, FIELD_TEXT, F_OUT | F_SURE),
};
static const struct record_type pending_type = RECORD_TYPE("PendingDocument", struct pending_row, pending_fields);

/* age_days counts midnights of the company: 0 for what came in today. */
static enum rc write_pending(struct call *call)
{
    struct days d;
    TRY(read_days(&call->ctx, &d));
    return reply_rows(call, &pending_type, &PENDING, DB_ARGS(DB_I(zone_day_start_ms(d.zone, d.today + 1) - 1), DB_I(ROWS_MAX)));
}

/* Remembered while nothing that the figure depends on has changed; another day is another question. */
static enum rc answer(struct call *call, const char *name, unsigned topics, handler_fn write)
{
    struct days d;
    TRY(read_days(&call->ctx, &d));
    return list_remembered(call, arena_fmt(call->ctx.arena, "dashboard.%s %s %lld", name, d.zone->name, (long long)d.today),
                           topics, write);
}

static enum rc get_stats(struct call *call)
{
    return answer(call, "stats", TOPIC_MATERIALS | TOPIC_STOCK | TOPIC_DOCUMENTS, write_stats);
}

static enum rc get_categories(struct call *call)
{
    return answer(call, "categories", TOPIC_MATERIALS | TOPIC_STOCK, write_categories);
}

static enum rc get_trend(struct call *call)
{
    return answer(call, "trend", TOPIC_STOCK, write_trend);
}

static enum rc get_low(struct call *call)
{
    return answer(call, "low", TOPIC_MATERIALS | TOPIC_STOCK, write_low);
}

static enum rc get_pending(struct call *call)
{
    return answer(call, "pending", TOPIC_MATERIALS | TOPIC_DOCUMENTS | TOPIC_USERS, write_pending);
}

static const struct answer_part stats_parts[] = {
    {"totalMaterials"},   {"pendingTransactions"}, {"todayTransactions"},
    {"lowStockMaterials"}, {"totalInventoryValue", PART_DEC}, {0},
};

static const struct route dashboard_routes[] = {
    ROUTE("GET", "/api/dashboard/stats", LANE_READ, PERM_DASHBOARD_READ, NULL, get_stats, "概览数字", .parts = stats_parts),
    ROUTE("GET", "/api/dashboard/materials-by-category", LANE_READ, PERM_DASHBOARD_READ, NULL, get_categories, "各类别物料",
          .shape = ANSWER_ARRAY, .parts = PARTS({"category", PART_TEXT}, {"count"}, {"total_stock", PART_DEC}, {"stock_value", PART_DEC})),
    ROUTE("GET", "/api/dashboard/transaction-trend", LANE_READ, PERM_DASHBOARD_READ, NULL, get_trend, "近30天出入库趋势",
          .shape = ANSWER_ARRAY,
          .parts = PARTS({"date", PART_TEXT}, {"transaction_type", PART_TEXT}, {"count"}, {"total_quantity", PART_DEC})),
    ROUTE("GET", "/api/dashboard/low-stock-materials", LANE_READ, PERM_DASHBOARD_READ, NULL, get_low, "低库存物料",
          .shape = ANSWER_ARRAY, .answer = &low_type),
    ROUTE("GET", "/api/dashboard/pending-transactions", LANE_READ, PERM_DASHBOARD_READ, NULL, get_pending, "待审批单据",
          .shape = ANSWER_ARRAY, .answer = &pending_type),
};
const struct module dashboard_module = MODULE("dashboard", "概览", dashboard_routes);
