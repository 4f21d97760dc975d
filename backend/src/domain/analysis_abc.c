/* What matters most and how steadily it is used: ABC by the value that was used, XYZ by how it varies. Tables: moves, materials.
 *
 * A: the materials that together make four fifths of the value, the one that completes them included; B: those up to 95 %; C: the rest.
 * X: the standard deviation of the parts of the time is at most half of their mean; Y: at most the mean; Z: above it. */
#include "domain/analysis.h"

#include <stdlib.h>

#include "domain/list.h"
#include "domain/reply.h"
#include "domain/unit.h"

#define PARTS_OF_TIME 13 /* a quarter is 13 weeks, a year 13 times 28 days */
#define SQUARE_OF_ALL 100000000

/* Of each material, from $1 on and before $2: what was used, and of its PARTS_OF_TIME times $3 ms the sum of the squares of their shares, in
 * ten-thousandths. A part from which more came back than went counts for nothing, as does what passes 6e11. */
static const struct sql CONSUMED = {
    "analysis.consumed",
    "WITH parts AS (SELECT +v.material_id AS material_id, (v.posted_at - CAST($1 AS BIGINT)) / CAST($3 AS BIGINT) AS part, "
    ANALYSIS_SUM(ANALYSIS_USED("v.quantity"), "used") ", " ANALYSIS_SUM(ANALYSIS_USED("v.value"), "value")
    " FROM moves v WHERE v.posted_at >= $1 AND v.posted_at < $2 AND " ANALYSIS_IS_USE " GROUP BY 1, 2), "
    "whole AS (SELECT material_id, value_w, value_f, used_w, used_f, CASE WHEN used_w >= 600000000000 THEN 600000000000000000 "
    "WHEN used_w <= -600000000000 OR used_w * 1000000 + used_f < 0 THEN 0 ELSE used_w * 1000000 + used_f END AS used FROM parts), "
    "total AS (SELECT material_id, CAST(SUM(used) AS BIGINT) AS used FROM whole GROUP BY material_id) "
    "SELECT w.material_id, CAST(SUM(w.value_w) AS BIGINT) AS value_w, CAST(SUM(w.value_f) AS BIGINT) AS value_f, "
    "CAST(SUM(w.used_w) AS BIGINT) AS used_w, CAST(SUM(w.used_f) AS BIGINT) AS used_f, CAST(SUM("
    "(CASE WHEN w.used < 900000000000000 THEN w.used * 10000 / t.used ELSE w.used / (t.used / 10000 + 1) END) * "
    "(CASE WHEN w.used < 900000000000000 THEN w.used * 10000 / t.used ELSE w.used / (t.used / 10000 + 1) END)) AS BIGINT) AS squares "
    "FROM whole w JOIN total t ON t.material_id = w.material_id WHERE t.used > 0 GROUP BY w.material_id"};
static const struct sql MATERIAL = {
    "analysis.material", "SELECT m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF " FROM materials m "
                         "JOIN units un ON un.id = m.unit_id WHERE m.id = $1"};

static const char *const periods[] = {"quarter", "year", NULL};
static const int64_t part_days[] = {7, 28};
static const char *const importances[] = {"A", "B", "C", NULL};
static const char *const regularities[] = {"X", "Y", "Z", NULL};

struct consumed {
    int64_t material_id, squares;
    struct dec value, quantity, up_to_here; /* up_to_here: the value of this one and of all that matter more */
    int importance, regularity;
};

struct all_consumed {
    struct consumed *of;
    size_t n, room;
    struct dec value;
};

struct cell {
    int64_t materials;
    struct dec value;
};

struct consumption_query {
    struct analysis_page page;
    int period, importance, regularity; /* -1: any */
};

static struct consumption_query read_query(struct call *call)
{
    struct consumption_query q = {.page = analysis_page(call),
                                  .period = analysis_choice(call, "period", periods),
                                  .importance = analysis_choice(call, "abc", importances),
                                  .regularity = analysis_choice(call, "xyz", regularities)};
    q.period = q.period < 0 ? 0 : q.period;
    return q;
}

/* ---------------------------------------------------------------- all that was used */

static void keep(struct arena *a, struct all_consumed *all, struct consumed one)
{
    if (all->n == all->room) {
        size_t room = all->room ? all->room * 2 : 1024;
        struct consumed *wider = arena_array(a, room, sizeof *wider);
        for (size_t i = 0; i < all->n; i++)
            wider[i] = all->of[i];
        all->of = wider;
        all->room = room;
    }
    all->of[all->n++] = one;
}

static int by_value(const void *a, const void *b)
{
    const struct consumed *x = a, *y = b;
    int order = dec_cmp(y->value, x->value);
    return order ? order : (x->material_id > y->material_id) - (x->material_id < y->material_id);
}

/* Whether what stands before this one is still less than that many percent of the whole. */
static bool is_before(struct dec before, struct dec whole, int64_t percent)
{
    struct dec limit = whole;
    return dec_share(whole, DEC_WHOLE(percent), DEC_WHOLE(100), DEC_PLACES, &limit) == RC_OK && dec_cmp(before, limit) < 0;
}

static void classify(struct all_consumed *all)
{
    struct dec before = DEC_ZERO;
    if (all->n) /* qsort takes no NULL */
        qsort(all->of, all->n, sizeof *all->of, by_value);
    for (size_t i = 0; i < all->n; i++) {
        struct consumed *one = &all->of[i];
        one->importance = is_before(before, all->value, 80) ? 0 : is_before(before, all->value, 95) ? 1 : 2;
        /* n × Σs² is 1 + (deviation / mean)², of shares s of the whole. */
        int64_t spread = PARTS_OF_TIME * one->squares;
        one->regularity = spread <= SQUARE_OF_ALL * INT64_C(5) / 4 ? 0 : spread <= SQUARE_OF_ALL * INT64_C(2) ? 1 : 2;
        before = analysis_plus(before, one->value);
        one->up_to_here = before;
    }
}

/* The last days that make whole parts, today included. */
static enum rc read_consumed(struct ctx *c, int period, struct all_consumed *all)
{
    struct analysis_days d;
    DB_ROWS rows = NULL;
    bool more;
    int64_t days = part_days[period];
    TRY(analysis_days(c, &d));
    TRY(db_start(c->db, &CONSUMED,
                 DB_ARGS(DB_I(zone_day_start_ms(d.zone, d.today + 1 - days * PARTS_OF_TIME)), DB_I(zone_day_start_ms(d.zone, d.today + 1)),
                         DB_I(days * ANALYSIS_DAY_MS)),
                 &rows));
    TRY(db_next(rows, &more));
    while (more) {
        struct consumed one = {.material_id = db_int(rows, "material_id"), .squares = db_int(rows, "squares"),
                               .value = analysis_sum(rows, "value_w", "value_f"), .quantity = analysis_sum(rows, "used_w", "used_f")};
        if (dec_sign(one.value) < 0)
            one.value = DEC_ZERO;
        keep(c->arena, all, one);
        all->value = analysis_plus(all->value, one.value);
        TRY(db_next(rows, &more));
    }
    classify(all);
    return RC_OK;
}

/* ---------------------------------------------------------------- the answer */

static bool is_asked(const struct consumption_query *q, const struct consumed *one)
{
    return (q->importance < 0 || q->importance == one->importance) && (q->regularity < 0 || q->regularity == one->regularity);
}

static enum rc write_one(struct ctx *c, struct json_writer *w, const struct all_consumed *all, const struct consumed *one)
{
    static const char *const texts[] = {"material_code", "material_name", "category", "unit"};
    struct dec share = DEC_ZERO;
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &MATERIAL, DB_ARGS(DB_I(one->material_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_INTERNAL);
    if (dec_sign(all->value) > 0)
        TRY(dec_share(DEC_WHOLE(100), one->up_to_here, all->value, 2, &share));
    jw_object(w);
    jw_member_int(w, "id", one->material_id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        jw_member_text(w, texts[i], db_text(rows, texts[i]));
    jw_member_int(w, "unit_decimals", db_int(rows, "unit_decimals"));
    jw_member_dec(w, "quantity", one->quantity);
    jw_member_dec(w, "value", one->value);
    jw_member_dec(w, "percent_up_to_here", share);
    jw_member_text(w, "abc", importances[one->importance]);
    jw_member_text(w, "xyz", regularities[one->regularity]);
    jw_object_end(w);
    return RC_OK;
}

static enum rc write_page(struct ctx *c, struct json_writer *w, const struct all_consumed *all, const struct consumption_query *q)
{
    int64_t found = 0;
    jw_name(w, "list");
    jw_array(w);
    for (size_t i = 0; i < all->n; i++) {
        if (!is_asked(q, &all->of[i]))
            continue;
        if (found >= q->page.offset && found < q->page.offset + q->page.size)
            TRY(write_one(c, w, all, &all->of[i]));
        found++;
    }
    jw_array_end(w);
    list_write_place(w, found, q->page.page, q->page.size, NULL);
    return RC_OK;
}

static void write_cells(struct json_writer *w, const struct all_consumed *all)
{
    struct cell of[3][3] = {0};
    for (size_t i = 0; i < all->n; i++) {
        struct cell *cell = &of[all->of[i].importance][all->of[i].regularity];
        cell->materials++;
        cell->value = analysis_plus(cell->value, all->of[i].value);
    }
    jw_name(w, "cells");
    jw_array(w);
    for (int abc = 0; abc < 3; abc++)
        for (int xyz = 0; xyz < 3; xyz++) {
            jw_object(w);
            jw_member_text(w, "abc", importances[abc]);
            jw_member_text(w, "xyz", regularities[xyz]);
            jw_member_int(w, "materials", of[abc][xyz].materials);
            jw_member_dec(w, "value", of[abc][xyz].value);
            jw_object_end(w);
        }
    jw_array_end(w);
}

static enum rc write_consumption(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct consumption_query q = read_query(call);
    struct all_consumed all = {0};
    TRY(read_consumed(c, q.period, &all));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    TRY(write_page(c, &w, &all, &q));
    jw_member_dec(&w, "value", all.value);
    write_cells(&w, &all);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc get_consumption(struct call *call)
{
    struct consumption_query q = read_query(call);
    TRY(call->ctx.err.rc);
    const char *key = arena_fmt(call->ctx.arena, "consumption %d %d %d %lld %lld", q.period, q.importance, q.regularity,
                                (long long)q.page.page, (long long)q.page.size);
    return analysis_remembered(call, key, TOPIC_MATERIALS | TOPIC_STOCK, write_consumption);
}

/* ---------------------------------------------------------------- routes */

static const struct answer_part cell_parts[] = {{"abc", PART_TEXT}, {"xyz", PART_TEXT}, {"materials"}, {"value", PART_DEC}, {0}};
static const struct answer_part row_parts[] = {
    {"id"}, {"material_code", PART_TEXT}, {"material_name", PART_TEXT}, {"category", PART_TEXT}, {"unit", PART_TEXT}, {"unit_decimals"}, {"quantity", PART_DEC},
    {"value", PART_DEC}, {"percent_up_to_here", PART_DEC}, {"abc", PART_TEXT}, {"xyz", PART_TEXT}, {0}};
static const struct list_filter consumption_query[] = {{"period", FILTER_CHOICE, .choices = periods, .preset = "quarter"},
                                                       {"abc", FILTER_CHOICE, .choices = importances},
                                                       {"xyz", FILTER_CHOICE, .choices = regularities},
                                                       {"page", FILTER_ID},
                                                       {"pageSize", FILTER_ID},
                                                       {0}};

static const struct route abc_routes[] = {
    ROUTE("GET", "/api/analysis/consumption", LANE_SLOW, PERM_REPORT_READ, NULL, get_consumption, "ABC-XYZ 分析", .query = consumption_query,
          .parts = PARTS({"list", PART_ARRAY, .parts = row_parts}, {"total"}, {"page"}, {"pageSize"}, {"nextCursor", PART_TEXT, .nullable = true},
                         {"value", PART_DEC}, {"cells", PART_ARRAY, .parts = cell_parts})),
};
const struct module analysis_abc_module = MODULE("analysis-abc", "ABC 分析", abc_routes);
