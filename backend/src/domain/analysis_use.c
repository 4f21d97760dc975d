/* What comes, goes and is used: the flow of value by day, how many days the stock will last, how fast it turns. Tables: moves, materials,
 * material_figures. */
#include "domain/analysis.h"

#include <string.h>

#include "domain/list.h"
#include "domain/reply.h"
#include "domain/unit.h"

#define COVER_DAYS 90
#define FLOW_DAYS_MAX 366
#define MONTHS 12

#define CAME(WHAT) "CASE WHEN v.stock_after > v.stock_before THEN " WHAT " ELSE 0 END"
#define WENT(WHAT) "CASE WHEN v.stock_after < v.stock_before THEN " WHAT " ELSE 0 END"
#define DAY "(v.posted_at + CAST($2 AS BIGINT)) / 86400000"

static const struct sql WORTH = {
    "analysis.worth", "SELECT category, CAST(SUM(value_wholes) AS BIGINT) AS value_w, CAST(SUM(value_millionths) AS BIGINT) AS value_f "
                      "FROM material_figures GROUP BY category ORDER BY category"};
static const struct sql FLOW = {
    "analysis.flow",
    "SELECT " DAY " AS day, COUNT(DISTINCT CASE WHEN v.stock_after > v.stock_before THEN v.document_id END) AS receipts, "
    "COUNT(DISTINCT CASE WHEN v.stock_after < v.stock_before THEN v.document_id END) AS issues, "
    ANALYSIS_SUM(CAME("v.value"), "came") ", " ANALYSIS_SUM(WENT("v.value"), "went") " FROM moves v WHERE v.posted_at >= $1 GROUP BY 1"};
static const struct sql TURNED = {
    "analysis.turned",
    "SELECT m.category, " DAY " AS day, " ANALYSIS_SUM(CAME("v.value"), "came") ", " ANALYSIS_SUM(WENT("v.value"), "went") ", "
    ANALYSIS_SUM(ANALYSIS_USED("v.value"), "used") " FROM moves v JOIN materials m ON m.id = v.material_id WHERE v.posted_at >= $1 GROUP BY 1, 2"};

/* Of the moves from $1 on. The plus keeps SQLite from walking all moves in the order of materials. */
#define USED_BY_MATERIAL                                                                                               \
    "(SELECT +v.material_id AS material_id, " ANALYSIS_SUM(ANALYSIS_USED("v.quantity"), "used") " FROM moves v "       \
    "WHERE v.posted_at >= $1 AND " ANALYSIS_IS_USE " GROUP BY +v.material_id) AS s"
#define USED                                                                                                           \
    "(CASE WHEN s.used_w >= 9000000000000 THEN 9000000000000000000 WHEN s.used_w <= -9000000000000 THEN 0 "              \
    "ELSE s.used_w * 1000000 + s.used_f END)"
#define LASTING                                                                                                        \
    "FROM " USED_BY_MATERIAL " JOIN materials m ON m.id = s.material_id WHERE m.status = 'active' AND " USED " > 0 "    \
    "AND (CAST($2 AS TEXT) = '' OR m.category = $2)"
/* The shortest first: thousandths of the days, in a way that no product passes 64 bits. */
static const struct sql COVER = {
    "analysis.cover",
    "WITH page AS (SELECT m.id, " USED " AS used, CASE WHEN m.current_stock < 9000000000000000 THEN m.current_stock * 1000 / " USED
    " ELSE m.current_stock / (" USED " / 1000 + 1) END AS place " LASTING " ORDER BY place, m.id LIMIT $3 OFFSET $4) "
    "SELECT m.id, m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF ", m.current_stock, "
    "m.min_stock, m.max_stock, p.used FROM page p JOIN materials m ON m.id = p.id JOIN units un ON un.id = m.unit_id ORDER BY p.place, m.id"};
static const struct sql COVER_COUNT = {"analysis.cover_count", "SELECT COUNT(*) AS n " LASTING};

static const char *const categories[] = {"chemical", "metal", NULL};
#define CATEGORIES 2

/* ---------------------------------------------------------------- value by day */

struct flow {
    int64_t receipts, issues;
    struct dec came, went;
};

static enum rc read_flow(struct ctx *c, const struct analysis_days *d, int64_t days, struct flow *of)
{
    int64_t first = d->today - days + 1;
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &FLOW, DB_ARGS(DB_I(zone_day_start_ms(d->zone, first)), analysis_shift(d)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        int64_t at = db_int(rows, "day") - first;
        if (at >= 0 && at < days) /* a clock that was put back may have left moves of tomorrow */
            of[at] = (struct flow){db_int(rows, "receipts"), db_int(rows, "issues"), analysis_sum(rows, "came_w", "came_f"),
                                   analysis_sum(rows, "went_w", "went_f")};
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* What the present stock is worth, by category and together. */
static enum rc read_worth(struct ctx *c, struct dec of[static CATEGORIES], struct dec *all)
{
    DB_ROWS rows = NULL;
    bool more;
    *all = DEC_ZERO;
    TRY(db_start(c->db, &WORTH, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        size_t i = strcmp(db_text(rows, "category"), categories[0]) == 0 ? 0 : 1;
        of[i] = analysis_sum(rows, "value_w", "value_f");
        *all = analysis_plus(*all, of[i]);
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static int64_t flow_days(struct call *call)
{
    return list_number(call, "days", 30, FLOW_DAYS_MAX);
}

static enum rc write_flow(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t days = flow_days(call);
    struct analysis_days d;
    struct flow *of = arena_array(c->arena, (size_t)days, sizeof *of);
    struct dec *closing = arena_array(c->arena, (size_t)days, sizeof *closing), each[CATEGORIES] = {0};
    char text[DAY_TEXT_MAX];
    TRY(analysis_days(c, &d));
    TRY(read_flow(c, &d, days, of));
    TRY(read_worth(c, each, &closing[days - 1]));
    for (int64_t i = days - 1; i > 0; i--)
        closing[i - 1] = analysis_minus(closing[i], analysis_minus(of[i].came, of[i].went));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (int64_t i = 0; i < days; i++) {
        size_t n = day_print(d.today - days + 1 + i, text);
        jw_object(&w);
        jw_name(&w, "date");
        jw_text_n(&w, text, n);
        jw_member_int(&w, "receipts", of[i].receipts);
        jw_member_int(&w, "issues", of[i].issues);
        jw_member_dec(&w, "received_value", of[i].came);
        jw_member_dec(&w, "issued_value", of[i].went);
        jw_member_dec(&w, "closing_value", closing[i]);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static enum rc get_flow(struct call *call)
{
    int64_t days = flow_days(call);
    TRY(call->ctx.err.rc);
    return analysis_remembered(call, arena_fmt(call->ctx.arena, "flow %lld", (long long)days), TOPIC_STOCK, write_flow);
}

/* ---------------------------------------------------------------- how many days it will last */

struct cover_row {
    struct record record;
    int64_t id, unit_decimals;
    const char *material_code, *material_name, *category, *unit;
    struct dec current_stock, min_stock, max_stock, used;
};
static const struct field cover_fields[] = {
    FIELD(struct cover_row, id, FIELD_INT, F_OUT),
    FIELD(struct cover_row, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct cover_row, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct cover_row, category, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct cover_row, unit, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct cover_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct cover_row, current_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct cover_row, min_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct cover_row, max_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct cover_row, used, FIELD_DEC, F_OUT | F_SURE),
};
static const struct record_type cover_type = RECORD_TYPE("DaysOfCover", struct cover_row, cover_fields);

static enum rc write_cover_rows(struct json_writer *w, struct db_rows *rows)
{
    bool more;
    TRY(db_next(rows, &more));
    while (more) {
        struct dec days = {INT64_MAX};
        if (dec_share(DEC_WHOLE(COVER_DAYS), db_dec(rows, "current_stock"), db_dec(rows, "used"), 1, &days) != RC_OK)
            days = (struct dec){INT64_MAX};
        jw_object(w);
        record_write_row(w, &cover_type, rows);
        jw_member_dec(w, "days", days);
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

struct cover_query {
    struct analysis_page page;
    int category; /* -1: all */
};

static struct cover_query read_cover_query(struct call *call)
{
    return (struct cover_query){analysis_page(call), analysis_choice(call, "category", categories)};
}

/* The 90 days before today, and today until now. */
static enum rc write_cover(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct cover_query q = read_cover_query(call);
    struct analysis_days d;
    int64_t total;
    TRY(analysis_days(c, &d));
    const struct db_value args[] = {DB_I(zone_day_start_ms(d.zone, d.today - COVER_DAYS)), DB_T(q.category < 0 ? "" : categories[q.category]),
                                    DB_I(q.page.size), DB_I(q.page.offset)};
    TRY(ctx_number(c, &COVER_COUNT, args, 2, &total));
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &COVER, args, 4, &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    jw_array(&w);
    TRY(write_cover_rows(&w, rows));
    jw_array_end(&w);
    list_write_place(&w, total, q.page.page, q.page.size, NULL);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc get_cover(struct call *call)
{
    struct cover_query q = read_cover_query(call);
    TRY(call->ctx.err.rc);
    return analysis_remembered(call, arena_fmt(call->ctx.arena, "cover %lld %lld %d", (long long)q.page.page, (long long)q.page.size, q.category),
                               TOPIC_MATERIALS | TOPIC_STOCK, write_cover);
}

/* ---------------------------------------------------------------- how fast it turns */

struct month {
    char name[DAY_TEXT_MAX]; /* "2026-11" */
    int64_t first, days;     /* of the calendar; the last one until today */
    struct dec opening, used, closing, change;
};

/* The twelve months that end with the present one. */
static void name_months(int64_t today, struct month of[static MONTHS])
{
    char text[DAY_TEXT_MAX];
    int64_t day = today;
    for (size_t i = MONTHS; i-- > 0;) {
        int64_t last = day;
        day_print(day, text);
        for (; strncmp(text, of[i].name, 7) == 0 || !*of[i].name; day_print(--day, text))
            memcpy(of[i].name, text, 7);
        of[i].first = day + 1;
        of[i].days = last - day;
    }
}

static enum rc read_turned(struct ctx *c, const struct analysis_days *d, struct month of[static CATEGORIES][MONTHS])
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &TURNED, DB_ARGS(DB_I(zone_day_start_ms(d->zone, of[0][0].first)), analysis_shift(d)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        struct month *m = of[strcmp(db_text(rows, "category"), categories[0]) == 0 ? 0 : 1], *at = m;
        while (at < m + MONTHS - 1 && db_int(rows, "day") >= at[1].first)
            at++;
        at->change = analysis_plus(at->change, analysis_minus(analysis_sum(rows, "came_w", "came_f"), analysis_sum(rows, "went_w", "went_f")));
        at->used = analysis_plus(at->used, analysis_sum(rows, "used_w", "used_f"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* For how many days the middle of opening and closing would have lasted; false: nothing was used. */
static bool turnover_days(const struct month *m, struct dec *out)
{
    struct dec middle, whole = analysis_plus(m->opening, m->closing);
    if (dec_sign(m->used) <= 0 || dec_sign(whole) < 0)
        return false;
    return dec_share(whole, DEC_WHOLE(1), DEC_WHOLE(2), DEC_PLACES, &middle) == RC_OK &&
           dec_share((struct dec){m->days * DEC_ONE}, middle, m->used, 1, out) == RC_OK;
}

static void write_month(struct json_writer *w, const char *category, const struct month *m)
{
    struct dec days;
    jw_object(w);
    jw_member_text(w, "category", category);
    jw_member_text(w, "month", m->name);
    jw_member_int(w, "days", m->days);
    jw_member_dec(w, "opening_value", m->opening);
    jw_member_dec(w, "used_value", m->used);
    jw_member_dec(w, "closing_value", m->closing);
    jw_name(w, "turnover_days");
    if (turnover_days(m, &days))
        jw_dec(w, days);
    else
        jw_null(w);
    jw_object_end(w);
}

static enum rc write_turnover(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct analysis_days d;
    struct month of[CATEGORIES][MONTHS] = {0};
    struct dec worth[CATEGORIES] = {0}, all;
    TRY(analysis_days(c, &d));
    for (size_t k = 0; k < CATEGORIES; k++)
        name_months(d.today, of[k]);
    TRY(read_turned(c, &d, of));
    TRY(read_worth(c, worth, &all));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t k = 0; k < CATEGORIES; k++) {
        struct dec closing = worth[k];
        for (size_t i = MONTHS; i-- > 0; closing = of[k][i].opening) {
            of[k][i].closing = closing;
            of[k][i].opening = analysis_minus(closing, of[k][i].change);
        }
        for (size_t i = 0; i < MONTHS; i++)
            write_month(&w, categories[k], &of[k][i]);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static enum rc get_turnover(struct call *call)
{
    return analysis_remembered(call, "turnover", TOPIC_MATERIALS | TOPIC_STOCK, write_turnover);
}

/* ---------------------------------------------------------------- routes */

static const struct list_filter flow_query[] = {{"days", FILTER_ID}, {0}};
static const struct list_filter cover_query[] = {
    {"category", FILTER_CHOICE, .choices = categories}, {"page", FILTER_ID}, {"pageSize", FILTER_ID}, {0}};

static const struct route use_routes[] = {
    ROUTE("GET", "/api/analysis/flow", LANE_SLOW, PERM_DASHBOARD_READ, NULL, get_flow, "每日出入库金额与库存总值", .query = flow_query,
          .shape = ANSWER_ARRAY,
          .parts = PARTS({"date", PART_TEXT}, {"receipts"}, {"issues"}, {"received_value", PART_DEC}, {"issued_value", PART_DEC},
                         {"closing_value", PART_DEC})),
    ROUTE("GET", "/api/analysis/days-of-cover", LANE_SLOW, PERM_REPORT_READ, NULL, get_cover, "可用天数", .query = cover_query,
          .parts = PARTS({"list", PART_ARRAY, &cover_type, PARTS({"days", PART_DEC})}, {"total"}, {"page"}, {"pageSize"},
                         {"nextCursor", PART_TEXT, .nullable = true})),
    ROUTE("GET", "/api/analysis/turnover", LANE_SLOW, PERM_REPORT_READ, NULL, get_turnover, "各类别周转天数", .shape = ANSWER_ARRAY,
          .parts = PARTS({"category", PART_TEXT}, {"month", PART_TEXT}, {"days"}, {"opening_value", PART_DEC}, {"used_value", PART_DEC},
                         {"closing_value", PART_DEC}, {"turnover_days", PART_DEC, .nullable = true})),
};
const struct module analysis_use_module = MODULE("analysis-use", "用量分析", use_routes);
