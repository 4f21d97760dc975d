#include "domain/report.h"

#include "base/text.h"
#include "domain/analysis.h"
#include "domain/list_export.h"
#include "domain/recent_moves.h"
#include "domain/reply.h"
#include "domain/setting.h"
#include "domain/unit.h"

#define PAGE_SIZE 20
#define DAYS_MAX 3660
#define SLOW_DAYS 90
#define WALK_ROWS 250     /* at a time */
#define CODE_FOLD_MAX 1024 /* bytes */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Materials that are in use, or ever moved. $3 category or '', $4 pattern or ''. */
#define CHOSEN                                                                                                         \
    "(m.status = 'active' OR m.move_count > 0) AND ($3 = '' OR m.category = $3) AND ($4 = '' OR m.code_fold LIKE $4 "  \
    "ESCAPE '\\' OR m.name_fold LIKE $4 ESCAPE '\\')"
/* Of the moves from $1 on (a material's own, found by its index): what came and went before $2, and what since; the period's end and
 * its beginning are counted back from the present stock. Wholes and millionths are added up apart, since together they may pass 64
 * bits; a sum that does is 9e12. */
#define WHOLE_SUM(WHOLES, MILLIONTHS)                                                                                  \
    "CAST(CASE WHEN " WHOLES " >= 9000000000000 THEN 9000000000000000000 ELSE " WHOLES " * 1000000 + " MILLIONTHS " END AS BIGINT)"
#define SUM_PART(CONDITION, PART) "COALESCE(SUM(CASE WHEN " CONDITION " THEN " PART " ELSE 0 END), 0)"
#define SUM_WHEN(CONDITION, WHAT) WHOLE_SUM(SUM_PART(CONDITION, WHAT " / 1000000"), SUM_PART(CONDITION, WHAT " % 1000000"))
#define CAME "v.stock_after > v.stock_before"
#define WENT "v.stock_after < v.stock_before"
#define ANY "v.posted_at >= $1"
#define LATER "v.posted_at >= $2"
#define STOCK_CHANGE "(v.stock_after - v.stock_before)"
#define VALUE_CHANGE "(CASE WHEN " CAME " THEN v.value ELSE -v.value END)"
#define STOCK_AT(CONDITION) "m.current_stock - " SUM_WHEN(CONDITION, STOCK_CHANGE)
#define VALUE_AT(CONDITION) "m.stock_value - " SUM_WHEN(CONDITION, VALUE_CHANGE)
#define MATERIALS_WITH(COLUMNS, AFTER, LIMIT)                                                                          \
    "WITH page AS (SELECT m.id FROM materials m WHERE " CHOSEN AFTER " ORDER BY m.code_fold, m.id " LIMIT ") "          \
    "SELECT m.id, m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF ", m.code_fold, " COLUMNS \
    " FROM page p JOIN materials m ON m.id = p.id JOIN units un ON un.id = m.unit_id "                                 \
    "LEFT JOIN moves v ON v.material_id = m.id AND v.posted_at >= $1 "                                                 \
    "GROUP BY m.id, m.material_code, m.material_name, m.category, un.code, un.decimals, m.qty_decimals, m.current_stock, "  \
    "m.stock_value, m.code_fold "                                                                                       \
    "ORDER BY m.code_fold, m.id"
#define ON_PAGE(COLUMNS) MATERIALS_WITH(COLUMNS, "", "LIMIT $5 OFFSET $6")
#define BEHIND(COLUMNS) MATERIALS_WITH(COLUMNS, " AND (m.code_fold, m.id) > ($6, $7)", "LIMIT $5")
#define LEDGER_COLUMNS                                                                                                 \
    STOCK_AT(ANY) " AS opening, " SUM_WHEN("v.posted_at < $2 AND " CAME, "v.quantity") " AS received, "                \
    SUM_WHEN("v.posted_at < $2 AND " WENT, "v.quantity") " AS issued, " STOCK_AT(LATER) " AS closing, "                \
    VALUE_AT(ANY) " AS opening_value, " SUM_WHEN("v.posted_at < $2 AND " CAME, "v.value") " AS received_value, "       \
    SUM_WHEN("v.posted_at < $2 AND " WENT, "v.value") " AS issued_value, " VALUE_AT(LATER) " AS closing_value"
#define STOCK_COLUMNS STOCK_AT(LATER) " AS stock, " VALUE_AT(LATER) " AS value"
static const struct sql LEDGER = {"report.stock_ledger", ON_PAGE(LEDGER_COLUMNS)};
static const struct sql LEDGER_BEHIND = {"report.stock_ledger_behind", BEHIND(LEDGER_COLUMNS)};
static const struct sql STOCK = {"report.stock", ON_PAGE(STOCK_COLUMNS)};
static const struct sql STOCK_BEHIND = {"report.stock_behind", BEHIND(STOCK_COLUMNS)};
/* The same first parameters, so that all take one list of values. */
#define OF_CHOSEN " FROM materials m WHERE " CHOSEN " AND CAST($1 AS BIGINT) IS NOT NULL AND CAST($2 AS BIGINT) IS NOT NULL"
static const struct sql MATERIAL_COUNT = {"report.material_count", "SELECT COUNT(*) AS n" OF_CHOSEN};
/* What all of them are worth now, and what has come and gone since $1. */
static const struct sql WORTH = {"report.worth", "SELECT COUNT(*) AS n, " ANALYSIS_SUM("m.stock_value", "value") OF_CHOSEN};
#define VALUE_WHEN(CONDITION) "CASE WHEN " CONDITION " THEN v.value ELSE 0 END"
static const struct sql MOVED = {
    "report.moved", "SELECT " ANALYSIS_SUM(VALUE_WHEN("v.posted_at < $2 AND " CAME), "received") ", "
                    ANALYSIS_SUM(VALUE_WHEN("v.posted_at < $2 AND " WENT), "issued") ", "
                    ANALYSIS_SUM(VALUE_WHEN(LATER " AND " CAME), "later_in") ", " ANALYSIS_SUM(VALUE_WHEN(LATER " AND " WENT), "later_out")
                    " FROM moves v JOIN materials m ON m.id = v.material_id WHERE " ANY " AND " CHOSEN};
#define MATERIAL "SELECT m.id, m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF ", "
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
    int64_t id, unit_decimals;
    const char *material_code, *material_name, *category, *unit;
    struct dec opening, received, issued, closing, opening_value, received_value, issued_value, closing_value;
};
static const struct field ledger_fields[] = {
    FIELD(struct ledger_row, id, FIELD_INT, F_OUT),
    FIELD(struct ledger_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct ledger_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
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
    int64_t id, unit_decimals;
    const char *material_code, *material_name, *category, *unit;
    struct dec stock, value;
};
static const struct field stock_fields[] = {
    FIELD(struct stock_row, id, FIELD_INT, F_OUT),
    FIELD(struct stock_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct stock_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct stock_row, stock, FIELD_DEC, F_OUT),
    FIELD(struct stock_row, value, FIELD_DEC, F_OUT),
};
static const struct record_type stock_type = RECORD_TYPE("StockAtRow", struct stock_row, stock_fields);

/* What is asked for: a period, and which materials. */
struct question {
    int64_t from_ms, to_ms;
    const char *category, *like;
};

#define QUESTION_ARGS 4

/* A report of one row for each material that is asked for. */
struct material_report {
    const struct sql *page, *behind;
    const struct record_type *type;
    void (*read_time)(const struct list_source *s, const struct zone *zone, struct question *q);
};

static const char *given(const struct list_source *s, const char *param)
{
    const char *text = s->param(s->from, param);
    return text && *text ? text : NULL;
}

static void fault(const struct list_source *s, const char *param, const char *code, const char *zh, const char *en)
{
    error_fault(&s->c->err, s->c->arena, param, code, zh, en, text_shorten(s->c->arena, given(s, param), 100));
}

/* A day that must be given; its number. */
static int64_t read_day(const struct list_source *s, const char *param)
{
    const char *text = given(s, param);
    int64_t day = 0;
    if (!text)
        fault(s, param, "required", "请输入日期", "is required");
    else if (!day_parse(text, &day))
        fault(s, param, "format", "应为 YYYY-MM-DD 格式的日期", "must be a date like 2026-11-23");
    return day;
}

static void read_period(const struct list_source *s, const struct zone *zone, struct question *q)
{
    int64_t first = read_day(s, "startDate"), last = read_day(s, "endDate");
    if (s->c->err.rc == RC_OK && last < first)
        fault(s, "endDate", "out_of_range", "结束日期不能早于开始日期", "must not be before startDate");
    q->from_ms = zone_day_start_ms(zone, first);
    q->to_ms = zone_day_start_ms(zone, last + 1);
}

/* `at`: a day (its end, in the company's zone), or an instant (UTC, as rows show it, or ISO 8601). */
static void read_instant(const struct list_source *s, const struct zone *zone, struct question *q)
{
    const char *at = given(s, "at");
    int64_t day, ms;
    if (!at)
        fault(s, "at", "required", "请输入日期或时间", "is required");
    else if (day_parse(at, &day))
        q->from_ms = zone_day_start_ms(zone, day + 1);
    else if (clock_parse(at, &ms))
        q->from_ms = ms + 1; /* what was posted at that instant is in */
    else
        fault(s, "at", "format", "应为 YYYY-MM-DD 或 YYYY-MM-DD HH:MM:SS（UTC）", "must be a date or an instant (UTC)");
    q->to_ms = q->from_ms;
}

/* All faults at once. */
static enum rc read_question(const struct list_source *s, const struct material_report *report, struct question *q)
{
    struct ctx *c = s->c;
    const struct zone *zone;
    const char *category = given(s, "category"), *keyword = given(s, "keyword");
    TRY(setting_zone(c, &zone));
    report->read_time(s, zone, q);
    q->category = category ? category : "";
    q->like = keyword ? text_like(c->arena, text_fold(c->arena, keyword)) : "";
    if (category && !text_equal(category, "chemical") && !text_equal(category, "metal"))
        fault(s, "category", "choice", "类别必须是 chemical 或 metal", "must be chemical or metal");
    return c->err.rc;
}

static enum rc answer_page(struct call *call, const struct material_report *report)
{
    struct ctx *c = &call->ctx;
    const struct list_source s = list_source_of(call);
    struct question q;
    const int64_t page = list_number(call, "page", 1, 1000000), page_size = list_number(call, "pageSize", PAGE_SIZE, LIST_PAGE_SIZE_MAX);
    TRY(read_question(&s, report, &q));
    const struct db_value args[] = {DB_I(q.from_ms), DB_I(q.to_ms),   DB_T(q.category),
                                    DB_T(q.like),    DB_I(page_size), DB_I((page - 1) * page_size)};
    int64_t total;
    TRY(ctx_number(c, &MATERIAL_COUNT, args, QUESTION_ARGS, &total));
    return list_reply_rows(call, report->type, report->page, args, 6, total, page, page_size);
}

/* ---------------------------------------------------------------- what all of them come to */

struct sums {
    int64_t count;
    struct dec opening, received, issued, closing;
};

static enum rc read_sums(struct ctx *c, const struct question *q, struct sums *out)
{
    const struct db_value args[] = {DB_I(q->from_ms), DB_I(q->to_ms), DB_T(q->category), DB_T(q->like)};
    DB_ROWS worth = NULL;
    DB_ROWS moved = NULL;
    bool more;
    TRY(db_start(c->db, &WORTH, args, QUESTION_ARGS, &worth));
    TRY(db_next(worth, &more));
    TRY(db_start(c->db, &MOVED, args, QUESTION_ARGS, &moved));
    TRY(db_next(moved, &more));
    struct dec later = analysis_minus(analysis_sum(moved, "later_in_w", "later_in_f"), analysis_sum(moved, "later_out_w", "later_out_f"));
    *out = (struct sums){.count = db_int(worth, "n"),
                         .received = analysis_sum(moved, "received_w", "received_f"),
                         .issued = analysis_sum(moved, "issued_w", "issued_f"),
                         .closing = analysis_minus(analysis_sum(worth, "value_w", "value_f"), later)};
    out->opening = analysis_minus(out->closing, analysis_minus(out->received, out->issued));
    return RC_OK;
}

static enum rc answer_sums(struct call *call, const struct material_report *report, const char *name, handler_fn write)
{
    const struct list_source s = list_source_of(call);
    struct question *q = arena_alloc(call->ctx.arena, sizeof *q);
    *q = (struct question){0};
    TRY(read_question(&s, report, q));
    call->prepared = q;
    return analysis_remembered(call, arena_fmt(call->ctx.arena, "%s %lld %lld %s %s", name, (long long)q->from_ms, (long long)q->to_ms, q->category, q->like),
                               TOPIC_MATERIALS | TOPIC_STOCK, write);
}

static enum rc write_ledger_sums(struct call *call)
{
    struct sums sums;
    TRY(read_sums(&call->ctx, call->prepared, &sums));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "count", sums.count);
    jw_member_dec(&w, "opening_value", sums.opening);
    jw_member_dec(&w, "received_value", sums.received);
    jw_member_dec(&w, "issued_value", sums.issued);
    jw_member_dec(&w, "closing_value", sums.closing);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc write_stock_sums(struct call *call)
{
    struct sums sums;
    TRY(read_sums(&call->ctx, call->prepared, &sums));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "count", sums.count);
    jw_member_dec(&w, "value", sums.closing);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- all their rows, as a file */

struct walk {
    struct ctx *c;
    const struct material_report *report;
    const struct list_visitor *visitor;
    struct question q;
    int64_t done, last_id;
    struct buf last_code; /* with last_id: behind which material it goes on */
};

/* The next WALK_ROWS materials. */
static enum rc visit_some(struct walk *w, int64_t *count)
{
    const char *code = arena_dup(w->c->arena, buf_text(&w->last_code));
    const struct db_value args[] = {DB_I(w->q.from_ms), DB_I(w->q.to_ms), DB_T(w->q.category), DB_T(w->q.like),
                                    DB_I(WALK_ROWS),    DB_T(code),       DB_I(w->last_id)};
    DB_ROWS rows = NULL;
    *count = 0;
    TRY(db_start(w->c->db, w->report->behind, args, 7, &rows));
    for (;; ++*count) {
        bool more;
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        TRY(w->visitor->row(w->visitor->arg, rows));
        buf_reset(&w->last_code);
        buf_str(&w->last_code, db_text(rows, "code_fold"));
        w->last_id = db_int(rows, "id");
    }
}

static enum rc walk_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    struct walk *w = arg;
    const struct question *q = &w->q;
    int64_t total, count;
    TRY(ctx_number(w->c, &MATERIAL_COUNT, DB_ARGS(DB_I(q->from_ms), DB_I(q->to_ms), DB_T(q->category), DB_T(q->like)), &total));
    do {
        TRY(w->visitor->progress(w->visitor->arg, w->done, total));
        TRY(visit_some(w, &count));
        w->done += count;
    } while (count == WALK_ROWS);
    return w->visitor->progress(w->visitor->arg, w->done, total);
}

static enum rc walk_report(const struct list_source *s, const struct material_report *report, const struct list_visitor *visitor)
{
    struct walk w = {.c = s->c, .report = report, .visitor = visitor};
    TRY(read_question(s, report, &w.q));
    if (!visitor)
        return RC_OK;
    buf_init(&w.last_code, CODE_FOLD_MAX);
    enum rc rc = db_run_read(s->c->db, walk_in_snapshot, &w);
    buf_free(&w.last_code);
    return rc;
}

/* ---------------------------------------------------------------- the two of them */

static const struct material_report ledger_report = {&LEDGER, &LEDGER_BEHIND, &ledger_type, read_period};
static const struct material_report stock_report = {&STOCK, &STOCK_BEHIND, &stock_type, read_instant};

static enum rc get_ledger(struct call *call)
{
    return answer_page(call, &ledger_report);
}

static enum rc get_stock(struct call *call)
{
    return answer_page(call, &stock_report);
}

static enum rc get_ledger_sums(struct call *call)
{
    return answer_sums(call, &ledger_report, "sums of the ledger", write_ledger_sums);
}

static enum rc get_stock_sums(struct call *call)
{
    return answer_sums(call, &stock_report, "sums of a stock", write_stock_sums);
}

static enum rc walk_ledger(const struct list_source *s, const struct list_visitor *visitor)
{
    return walk_report(s, &ledger_report, visitor);
}

static enum rc walk_stock(const struct list_source *s, const struct list_visitor *visitor)
{
    return walk_report(s, &stock_report, visitor);
}

#define MATERIALS_ASKED {"category", FILTER_TEXT}, {"keyword", FILTER_TEXT}
static const struct list_spec ledger_list = {.filters = {{"startDate", FILTER_SINCE}, {"endDate", FILTER_UNTIL}, MATERIALS_ASKED}};
static const struct list_spec stock_list = {.filters = {{"at", FILTER_TEXT}, MATERIALS_ASKED}};
#define MATERIAL_COLUMNS                                                                                               \
    {"material_code", EXPORT_CODE, "物料编码", "Material code", 18}, {"material_name", EXPORT_TEXT, "物料名称", "Material", 30}, \
        {"category", EXPORT_WORD, "类别", "Category", 12, category_words}, {"unit", EXPORT_TEXT, "单位", "Unit", 8}
static const struct list_export ledger_export = {
    .name = "stock-ledger", .zh = "收发存", .en = "Stock ledger", .module = "inventory", .resource_type = "report", .walk = walk_ledger,
    .columns = EXPORT_COLUMNS(MATERIAL_COLUMNS,
                              {"opening", EXPORT_DEC, "期初数量", "Opening quantity", 14},
                              {"opening_value", EXPORT_DEC, "期初金额", "Opening value", 14},
                              {"received", EXPORT_DEC, "收入数量", "Received quantity", 14},
                              {"received_value", EXPORT_DEC, "收入金额", "Received value", 14},
                              {"issued", EXPORT_DEC, "发出数量", "Issued quantity", 14},
                              {"issued_value", EXPORT_DEC, "发出金额", "Issued value", 14},
                              {"closing", EXPORT_DEC, "期末数量", "Closing quantity", 14},
                              {"closing_value", EXPORT_DEC, "期末金额", "Closing value", 14})};
static const struct list_export stock_export = {
    .name = "stock", .zh = "某日库存", .en = "Stock at a time", .module = "inventory", .resource_type = "report", .walk = walk_stock,
    .columns = EXPORT_COLUMNS(MATERIAL_COLUMNS, {"stock", EXPORT_DEC, "库存", "Stock", 14}, {"value", EXPORT_DEC, "金额", "Value", 14})};

/* ---------------------------------------------------------------- what moves, and what does not */

struct moved_row {
    struct record record;
    int64_t id, unit_decimals, moves, last_moved_at;
    const char *material_code, *material_name, *category, *unit;
    struct dec received, issued, current_stock, stock_value;
};
static const struct field most_fields[] = {
    FIELD(struct moved_row, id, FIELD_INT, F_OUT),
    FIELD(struct moved_row, material_code, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, material_name, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, category, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, unit, FIELD_TEXT, F_OUT),
    FIELD(struct moved_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
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
    FIELD(struct moved_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
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
static const struct list_filter page_query[] = {{"page", FILTER_ID}, {"pageSize", FILTER_ID}, {0}};
static const struct list_filter days_query[] = {{"days", FILTER_ID}, {"limit", FILTER_ID}, {0}};

static const struct route report_routes[] = {
    ROUTE("GET", "/api/reports/stock-ledger", LANE_SLOW, PERM_REPORT_READ, NULL, get_ledger, "收发存", .list = &ledger_list,
          .query = page_query, .parts = PAGE_OF(&ledger_type)),
    ROUTE("GET", "/api/reports/stock-ledger/sums", LANE_SLOW, PERM_REPORT_READ, NULL, get_ledger_sums, "收发存的合计", .query = ledger_list.filters,
          .parts = PARTS({"count"}, {"opening_value", PART_DEC}, {"received_value", PART_DEC}, {"issued_value", PART_DEC}, {"closing_value", PART_DEC})),
    LIST_EXPORT("/reports/stock-ledger", PERM_REPORT_READ, "导出收发存", &ledger_list, &ledger_export, EXPORT_REFUSALS),
    ROUTE("GET", "/api/reports/stock", LANE_SLOW, PERM_REPORT_READ, NULL, get_stock, "某一时刻的库存", .list = &stock_list,
          .query = page_query, .parts = PAGE_OF(&stock_type)),
    ROUTE("GET", "/api/reports/stock/sums", LANE_SLOW, PERM_REPORT_READ, NULL, get_stock_sums, "某一时刻库存的合计", .query = stock_list.filters,
          .parts = PARTS({"count"}, {"value", PART_DEC})),
    LIST_EXPORT("/reports/stock", PERM_REPORT_READ, "导出某一时刻的库存", &stock_list, &stock_export, EXPORT_REFUSALS),
    ROUTE("GET", "/api/reports/most-moved", LANE_SLOW, PERM_REPORT_READ, NULL, get_most, "出入库最频繁的物料", .query = days_query,
          .shape = ANSWER_ARRAY, .answer = &most_type),
    ROUTE("GET", "/api/reports/slow-moving", LANE_SLOW, PERM_REPORT_READ, NULL, get_slow, "呆滞物料", .query = days_query,
          .shape = ANSWER_ARRAY, .answer = &slow_type),
};
const struct module report_module = MODULE("reports", "报表", report_routes);
