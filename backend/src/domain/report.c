#include "domain/report.h"

#include "base/text.h"
#include "domain/list.h"
#include "domain/recent_moves.h"
#include "domain/reply.h"
#include "domain/setting.h"

#define PAGE_SIZE 20
#define DAYS_MAX 3660
#define SLOW_DAYS 90
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Materials that are in use, or ever moved. $3 category or '', $4 pattern or ''. */
#define CHOSEN                                                                                                         \
    "(m.status = 'active' OR m.move_count > 0) AND ($3 = '' OR m.category = $3) AND ($4 = '' OR m.code_fold LIKE $4 "  \
    "ESCAPE '\\' OR m.name_fold LIKE $4 ESCAPE '\\')"
/* Of the moves from $1 on (a material's own, found by its index): what came and went before $2, and what since. Wholes and
 * millionths are added up apart, since together they may pass 64 bits; a sum that does is 9e12. */
#define WHOLE_SUM(WHOLES, MILLIONTHS)                                                                                  \
    "CAST(CASE WHEN " WHOLES " >= 9000000000000 THEN 9000000000000000000 ELSE " WHOLES " * 1000000 + " MILLIONTHS " END AS BIGINT)"
#define SUM_PART(CONDITION, PART) "COALESCE(SUM(CASE WHEN " CONDITION " THEN " PART " ELSE 0 END), 0)"
#define SUM_WHEN(CONDITION, WHAT) WHOLE_SUM(SUM_PART(CONDITION, WHAT " / 1000000"), SUM_PART(CONDITION, WHAT " % 1000000"))
#define CAME "v.stock_after > v.stock_before"
#define WENT "v.stock_after < v.stock_before"
#define ANY "v.posted_at >= $1"
#define VALUE_CHANGE "(CASE WHEN " CAME " THEN v.value ELSE -v.value END)"
static const struct sql LEDGER = {
    "report.stock_ledger",
    "WITH page AS (SELECT m.id FROM materials m WHERE " CHOSEN " ORDER BY m.code_fold, m.id LIMIT $5 OFFSET $6) "
    "SELECT m.id, m.material_code, m.material_name, m.category, un.code AS unit, m.current_stock, m.stock_value, "
    SUM_WHEN("v.posted_at < $2 AND " CAME, "v.quantity") " AS received, "
    SUM_WHEN("v.posted_at < $2 AND " WENT, "v.quantity") " AS issued, "
    SUM_WHEN("v.posted_at < $2 AND " CAME, "v.value") " AS received_value, "
    SUM_WHEN("v.posted_at < $2 AND " WENT, "v.value") " AS issued_value, "
    SUM_WHEN(ANY, "(v.stock_after - v.stock_before)") " AS since, "
    SUM_WHEN(ANY, VALUE_CHANGE) " AS since_value, "
    SUM_WHEN("v.posted_at >= $2", "(v.stock_after - v.stock_before)") " AS later, "
    SUM_WHEN("v.posted_at >= $2", VALUE_CHANGE) " AS later_value "
    "FROM page p JOIN materials m ON m.id = p.id JOIN units un ON un.id = m.unit_id "
    "LEFT JOIN moves v ON v.material_id = m.id AND v.posted_at >= $1 "
    "GROUP BY m.id, m.material_code, m.material_name, m.category, un.code, m.current_stock, m.stock_value, m.code_fold "
    "ORDER BY m.code_fold, m.id"};
/* The same parameters, so that both take one list of values. */
static const struct sql LEDGER_COUNT = {
    "report.stock_ledger_count", "SELECT COUNT(*) AS n FROM materials m WHERE " CHOSEN
                                 " AND CAST($1 AS BIGINT) IS NOT NULL AND CAST($2 AS BIGINT) IS NOT NULL"};
#define MATERIAL "SELECT m.id, m.material_code, m.material_name, m.category, un.code AS unit, "
#define UNIT "JOIN units un ON un.id = m.unit_id "
/* Of the days that are kept with each posting (recent_moves.h), and of any other, from their moves. */
static const struct sql MOST_MOVED_RECENTLY = {
    "report.most_moved_recently", MATERIAL "m.recent_moves AS moves, m.recent_received AS received, m.recent_issued AS issued "
                                           "FROM materials m " UNIT "WHERE m.recent_moves > 0 ORDER BY m.recent_moves DESC, m.id LIMIT $1"};
static const struct sql MOST_MOVED = {
    "report.most_moved",
    MATERIAL "v.moves, v.received, v.issued FROM (SELECT v.material_id, COUNT(*) AS moves, " SUM_WHEN(CAME, "v.quantity") " AS received, "
    SUM_WHEN(WENT, "v.quantity") " AS issued FROM moves v WHERE v.posted_at >= $1 GROUP BY v.material_id) AS v "
    "JOIN materials m ON m.id = v.material_id " UNIT "ORDER BY v.moves DESC, m.id LIMIT $2"};
#define SLOW_SINCE(CONDITION)                                                                                          \
    MATERIAL "m.current_stock, m.stock_value, m.last_moved_at FROM materials m " UNIT                                  \
    "WHERE m.current_stock > 0 AND m.last_moved_at < $1" CONDITION " ORDER BY m.last_moved_at, m.id LIMIT $2"
static const struct sql SLOW = {"report.slow_moving", SLOW_SINCE("")};
/* When nothing that has moved within the kept days can be among them: the index materials_lying_still. */
static const struct sql LYING_STILL = {"report.lying_still", SLOW_SINCE(" AND m.recent_moves = 0")};

/* ---------------------------------------------------------------- stock over time */

struct ledger_row {
    struct record record;
    int64_t id;
    const char *material_code, *material_name, *category, *unit;
    struct dec opening, received, issued, closing, opening_value, received_value, issued_value, closing_value;
};
static const struct field ledger_fields[] = {
    FIELD(struct ledger_row, id, FIELD_INT, F_OUT),
    FIELD(struct ledger_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, opening, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, received, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, issued, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, closing, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, opening_value, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, received_value, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, issued_value, FIELD_DEC, F_OUT),
    FIELD(struct ledger_row, closing_value, FIELD_DEC, F_OUT),
};
static const struct record_type ledger_type = RECORD_TYPE("StockLedgerRow", struct ledger_row, ledger_fields);

struct stock_row {
    struct record record;
    int64_t id;
    const char *material_code, *material_name, *category, *unit;
    struct dec stock, value;
};
static const struct field stock_fields[] = {
    FIELD(struct stock_row, id, FIELD_INT, F_OUT),
    FIELD(struct stock_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, stock, FIELD_DEC, F_OUT),
    FIELD(struct stock_row, value, FIELD_DEC, F_OUT),
};
static const struct record_type stock_type = RECORD_TYPE("StockAtRow", struct stock_row, stock_fields);

/* What is asked for: a period, and which materials. */
struct question {
    int64_t from_ms, to_ms;
    int64_t page, page_size;
    const char *category, *like;
};

static void fault(struct call *call, const char *param, const char *code, const char *zh, const char *en)
{
    struct ctx *c = &call->ctx;
    error_fault(&c->err, c->arena, param, code, zh, en, text_shorten(c->arena, http_query(call->http, param), 100));
}

static const char *given(struct call *call, const char *param)
{
    const char *text = http_query(call->http, param);
    return text && *text ? text : NULL;
}

static void read_materials(struct call *call, struct question *q)
{
    struct ctx *c = &call->ctx;
    const char *category = given(call, "category"), *keyword = given(call, "keyword");
    q->page = list_number(call, "page", 1, 1000000);
    q->page_size = list_number(call, "pageSize", PAGE_SIZE, LIST_PAGE_SIZE_MAX);
    q->category = category ? category : "";
    q->like = keyword ? text_like(c->arena, text_fold(c->arena, keyword)) : "";
    if (category && !text_equal(category, "chemical") && !text_equal(category, "metal"))
        fault(call, "category", "choice", "类别必须是 chemical 或 metal", "must be chemical or metal");
}

/* A day that must be given; its number. */
static int64_t read_day(struct call *call, const char *param)
{
    const char *text = given(call, param);
    int64_t day = 0;
    if (!text)
        fault(call, param, "required", "请输入日期", "is required");
    else if (!day_parse(text, &day))
        fault(call, param, "format", "应为 YYYY-MM-DD 格式的日期", "must be a date like 2026-11-23");
    return day;
}

static enum rc write_page(struct call *call, const struct question *q, const struct record_type *type,
                          void (*write)(struct json_writer *w, struct db_rows *rows, const struct record_type *type))
{
    struct ctx *c = &call->ctx;
    const struct db_value args[] = {DB_I(q->from_ms), DB_I(q->to_ms), DB_T(q->category), DB_T(q->like), DB_I(q->page_size),
                                    DB_I((q->page - 1) * q->page_size)};
    int64_t total;
    DB_ROWS rows = NULL;
    bool more;
    TRY(ctx_number(c, &LEDGER_COUNT, args, 4, &total));
    TRY(db_start(c->db, &LEDGER, args, 6, &rows));
    TRY(db_next(rows, &more));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    jw_array(&w);
    while (more) {
        jw_object(&w);
        write(&w, rows, type);
        jw_object_end(&w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(&w);
    list_write_place(&w, total, q->page, q->page_size, NULL);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* The period's end and its beginning from the present stock back. */
static struct ledger_row ledger_row_of(struct db_rows *rows)
{
    struct ledger_row r = {.id = db_int(rows, "id"),
                           .material_code = db_text(rows, "material_code"),
                           .material_name = db_text(rows, "material_name"),
                           .category = db_text(rows, "category"),
                           .unit = db_text(rows, "unit"),
                           .received = db_dec(rows, "received"),
                           .issued = db_dec(rows, "issued"),
                           .received_value = db_dec(rows, "received_value"),
                           .issued_value = db_dec(rows, "issued_value")};
    r.closing = (struct dec){db_int(rows, "current_stock") - db_int(rows, "later")};
    r.closing_value = (struct dec){db_int(rows, "stock_value") - db_int(rows, "later_value")};
    r.opening = (struct dec){db_int(rows, "current_stock") - db_int(rows, "since")};
    r.opening_value = (struct dec){db_int(rows, "stock_value") - db_int(rows, "since_value")};
    r.record.has = UINT64_MAX;
    return r;
}

static void write_ledger_row(struct json_writer *w, struct db_rows *rows, const struct record_type *type)
{
    struct ledger_row row = ledger_row_of(rows);
    record_write(w, type, &row);
}

static void write_stock_row(struct json_writer *w, struct db_rows *rows, const struct record_type *type)
{
    struct ledger_row row = ledger_row_of(rows);
    struct stock_row out = {.record = row.record,
                            .id = row.id,
                            .material_code = row.material_code,
                            .material_name = row.material_name,
                            .category = row.category,
                            .unit = row.unit,
                            .stock = row.closing,
                            .value = row.closing_value};
    record_write(w, type, &out);
}

static enum rc get_ledger(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct question q = {0};
    const struct zone *zone;
    TRY(setting_zone(c, &zone));
    int64_t first = read_day(call, "startDate"), last = read_day(call, "endDate");
    read_materials(call, &q);
    if (c->err.rc == RC_OK && last < first)
        fault(call, "endDate", "out_of_range", "结束日期不能早于开始日期", "must not be before startDate");
    if (c->err.rc != RC_OK)
        return c->err.rc;
    q.from_ms = zone_day_start_ms(zone, first);
    q.to_ms = zone_day_start_ms(zone, last + 1);
    return write_page(call, &q, &ledger_type, write_ledger_row);
}

/* `at`: a day (its end, in the company's zone), or an instant (UTC, as rows show it, or ISO 8601). */
static enum rc get_stock(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct question q = {0};
    const struct zone *zone;
    int64_t day, ms;
    const char *at = given(call, "at");
    TRY(setting_zone(c, &zone));
    if (!at)
        fault(call, "at", "required", "请输入日期或时间", "is required");
    else if (day_parse(at, &day))
        q.from_ms = zone_day_start_ms(zone, day + 1);
    else if (clock_parse(at, &ms))
        q.from_ms = ms + 1; /* what was posted at that instant is in */
    else
        fault(call, "at", "format", "应为 YYYY-MM-DD 或 YYYY-MM-DD HH:MM:SS（UTC）", "must be a date or an instant (UTC)");
    q.to_ms = q.from_ms;
    read_materials(call, &q);
    return c->err.rc != RC_OK ? c->err.rc : write_page(call, &q, &stock_type, write_stock_row);
}

/* ---------------------------------------------------------------- what moves, and what does not */

struct moved_row {
    struct record record;
    int64_t id, moves, last_moved_at;
    const char *material_code, *material_name, *category, *unit;
    struct dec received, issued, current_stock, stock_value;
};
static const struct field most_fields[] = {
    FIELD(struct moved_row, id, FIELD_INT, F_OUT),
    FIELD(struct moved_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, moves, FIELD_INT, F_OUT),
    FIELD(struct moved_row, received, FIELD_DEC, F_OUT),
    FIELD(struct moved_row, issued, FIELD_DEC, F_OUT),
};
static const struct record_type most_type = RECORD_TYPE("MostMoved", struct moved_row, most_fields);
static const struct field slow_fields[] = {
    FIELD(struct moved_row, id, FIELD_INT, F_OUT),
    FIELD(struct moved_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, current_stock, FIELD_DEC, F_OUT),
    FIELD(struct moved_row, stock_value, FIELD_DEC, F_OUT),
    FIELD(struct moved_row, last_moved_at, FIELD_TIME, F_OUT),
};
static const struct record_type slow_type = RECORD_TYPE("SlowMoving", struct moved_row, slow_fields);

struct days_query {
    int64_t days, limit;
};

static enum rc read_days_query(struct call *call, int64_t usual_days, struct days_query *q)
{
    q->days = list_number(call, "days", usual_days, DAYS_MAX);
    q->limit = list_number(call, "limit", PAGE_SIZE, LIST_PAGE_SIZE_MAX);
    return call->ctx.err.rc;
}

/* In the last `days` days of the company, today included. */
static enum rc get_most(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct days_query q;
    const struct zone *zone;
    int64_t kept_ms;
    TRY(read_days_query(call, RECENT_DAYS, &q));
    TRY(setting_zone(c, &zone));
    int64_t from_ms = zone_day_start_ms(zone, zone_day(zone, c->now_ms) - q.days + 1);
    TRY(recent_moves_since(c, &kept_ms));
    if (kept_ms == from_ms)
        return reply_rows(call, &most_type, &MOST_MOVED_RECENTLY, DB_ARGS(DB_I(q.limit)));
    return reply_rows(call, &most_type, &MOST_MOVED, DB_ARGS(DB_I(from_ms), DB_I(q.limit)));
}

/* What is there and has not moved for `days` times 24 hours. */
static enum rc get_slow(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct days_query q;
    int64_t kept_ms;
    TRY(read_days_query(call, SLOW_DAYS, &q));
    TRY(recent_moves_since(c, &kept_ms));
    int64_t before_ms = c->now_ms - q.days * DAY_MS;
    return reply_rows(call, &slow_type, before_ms <= kept_ms && kept_ms <= c->now_ms ? &LYING_STILL : &SLOW,
                      DB_ARGS(DB_I(before_ms), DB_I(q.limit)));
}

#define PAGE_OF(TYPE)                                                                                                  \
    PARTS({"list", PART_ARRAY, TYPE}, {"total"}, {"page"}, {"pageSize"}, {"nextCursor", PART_TEXT, .nullable = true})
#define MATERIALS_QUERY {"category", FILTER_TEXT}, {"keyword", FILTER_TEXT}, {"page", FILTER_ID}, {"pageSize", FILTER_ID}
static const struct list_filter ledger_query[] = {{"startDate", FILTER_SINCE}, {"endDate", FILTER_UNTIL}, MATERIALS_QUERY, {0}};
static const struct list_filter stock_query[] = {{"at", FILTER_TEXT}, MATERIALS_QUERY, {0}};
static const struct list_filter days_query[] = {{"days", FILTER_ID}, {"limit", FILTER_ID}, {0}};

static const struct route report_routes[] = {
    ROUTE("GET", "/api/reports/stock-ledger", LANE_SLOW, PERM_REPORT_READ, NULL, get_ledger, "收发存", .query = ledger_query,
          .parts = PAGE_OF(&ledger_type)),
    ROUTE("GET", "/api/reports/stock", LANE_SLOW, PERM_REPORT_READ, NULL, get_stock, "某一时刻的库存", .query = stock_query,
          .parts = PAGE_OF(&stock_type)),
    ROUTE("GET", "/api/reports/most-moved", LANE_SLOW, PERM_REPORT_READ, NULL, get_most, "出入库最频繁的物料", .query = days_query,
          .shape = ANSWER_ARRAY, .answer = &most_type),
    ROUTE("GET", "/api/reports/slow-moving", LANE_SLOW, PERM_REPORT_READ, NULL, get_slow, "呆滞物料", .query = days_query,
          .shape = ANSWER_ARRAY, .answer = &slow_type),
};
const struct module report_module = MODULE("reports", "报表", report_routes);
