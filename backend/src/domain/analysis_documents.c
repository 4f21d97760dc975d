/* How long documents wait for a decision, which ones, what was posted on a day, and what was paid for a material. Tables: documents,
 * document_lines, moves. What counts adjust by themselves waits for nobody and is left out of the times. */
#include "domain/analysis.h"

#include "domain/document_rows.h"
#include "domain/material.h"
#include "domain/reply.h"

#define DECIDED_DAYS 90
#define PRICES_MAX 200
#define QUARTER_MS 900000
#define HOUR_MS INT64_C(3600000)

/* How long it took, and for those that still wait how long they have; of documents of the last days ($1), and all that wait. */
#define TOOK "(CASE WHEN d.status = 'pending' THEN CAST($2 AS BIGINT) ELSE COALESCE(d.approved_at, d.updated_at) END - d.created_at)"
#define TIMED "d.purpose <> 'count' AND (d.status = 'pending' OR (d.created_at >= $1 AND (d.status = 'approved' OR d.status = 'rejected')))"
static const struct sql TIMES = {
    "analysis.times",
    "SELECT CASE WHEN took < 3600000 THEN 0 WHEN took < 14400000 THEN 1 WHEN took < 86400000 THEN 2 WHEN took < 259200000 THEN 3 ELSE 4 END AS class, "
    "CAST(SUM(CASE status WHEN 'approved' THEN 1 ELSE 0 END) AS BIGINT) AS approved, CAST(SUM(CASE status WHEN 'rejected' THEN 1 ELSE 0 END) AS BIGINT) "
    "AS rejected, CAST(SUM(CASE status WHEN 'pending' THEN 1 ELSE 0 END) AS BIGINT) AS pending FROM (SELECT d.status, " TOOK " AS took FROM documents d "
    "WHERE " TIMED ") AS s GROUP BY 1 ORDER BY 1"};

/* $3 and $4: took at least, and less than that; $5: a status, or ''; $6: whose, 0: everybody's. */
#define OF_CLASS                                                                                                       \
    TIMED " AND " TOOK " >= $3 AND " TOOK " < $4 AND (CAST($5 AS TEXT) = '' OR d.status = $5) AND (CAST($6 AS BIGINT) = 0 OR d.applicant_id = $6)"
/* $1 and $2: posted from then on, and before then; $3: a kind, or ''; $4: whose. */
#define POSTED                                                                                                         \
    "d.id IN (SELECT v.document_id FROM moves v WHERE v.posted_at >= $1 AND v.posted_at < $2) AND (CAST($3 AS TEXT) = '' OR d.kind = $3) " \
    "AND (CAST($4 AS BIGINT) = 0 OR d.applicant_id = $4)"
#define DOCUMENT(TOOK_VALUE)                                                                                           \
    "SELECT d.id, d.number AS transaction_code, CASE d.kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, d.purpose, d.status, " \
    "d.line_count, m.material_name, COALESCE(u.real_name, u.username) AS applicant_name, d.created_at, d.approved_at, " TOOK_VALUE      \
    " / 60000 AS minutes FROM documents d JOIN document_lines l ON l.document_id = d.id AND l.line_no = 1 "                                 \
    "JOIN materials m ON m.id = l.material_id JOIN users u ON u.id = d.applicant_id WHERE "
static const struct sql DECIDED_ROWS = {"analysis.decided", DOCUMENT(TOOK) OF_CLASS " ORDER BY minutes DESC, d.id LIMIT $7 OFFSET $8"};
static const struct sql DECIDED_COUNT = {"analysis.decided_count", "SELECT COUNT(*) AS n FROM documents d WHERE " OF_CLASS};
static const struct sql POSTED_ROWS = {
    "analysis.posted", DOCUMENT("(d.approved_at - d.created_at)") POSTED " ORDER BY d.approved_at DESC, d.id DESC LIMIT $5 OFFSET $6"};
static const struct sql POSTED_COUNT = {"analysis.posted_count", "SELECT COUNT(*) AS n FROM documents d WHERE " POSTED};

static const struct sql PRICES = {
    "analysis.prices",
    "SELECT l.id, d.id AS document_id, d.number AS transaction_code, d.approved_at, l.quantity, l.unit_price, l.amount FROM document_lines l "
    "JOIN documents d ON d.id = l.document_id WHERE l.material_id = $1 AND d.status = 'approved' AND d.kind = 'receipt' "
    "AND (d.purpose = 'purchase' OR d.purpose = 'opening') AND l.unit_price IS NOT NULL ORDER BY d.approved_at DESC, l.id DESC LIMIT $2"};

static const char *const times[] = {"1h", "4h", "1d", "3d", "longer", NULL};
static const int64_t time_ends[] = {HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS, 72 * HOUR_MS, INT64_MAX};
static const char *const statuses[] = {"approved", "rejected", "pending", NULL};
#define CLASSES 5

static enum rc decided_since(struct ctx *c, struct db_value *since)
{
    struct analysis_days d;
    TRY(analysis_days(c, &d));
    *since = DB_I(zone_day_start_ms(d.zone, d.today - DECIDED_DAYS + 1));
    return RC_OK;
}

/* ---------------------------------------------------------------- how long it takes */

static enum rc write_times(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct db_value since;
    int64_t of[CLASSES][3] = {0};
    DB_ROWS rows = NULL;
    bool more;
    TRY(decided_since(c, &since));
    TRY(db_start(c->db, &TIMES, DB_ARGS(since, DB_I(c->now_ms)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        int64_t *counts = of[db_int(rows, "class")];
        for (size_t i = 0; i < 3; i++)
            counts[i] = db_int(rows, statuses[i]);
        TRY(db_next(rows, &more));
    }
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t k = 0; k < CLASSES; k++) {
        jw_object(&w);
        jw_member_text(&w, "name", times[k]);
        for (size_t i = 0; i < 3; i++)
            jw_member_int(&w, statuses[i], of[k][i]);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

/* Those that wait grow older without a change: asked anew each quarter of an hour. */
static enum rc get_times(struct call *call)
{
    const char *key = arena_fmt(call->ctx.arena, "times %lld", (long long)(call->ctx.now_ms / QUARTER_MS));
    return analysis_remembered(call, key, TOPIC_DOCUMENTS, write_times);
}

/* ---------------------------------------------------------------- which documents */

struct document_row {
    struct record record;
    int64_t id, line_count, created_at, approved_at, minutes;
    const char *transaction_code, *transaction_type, *purpose, *status, *material_name, *applicant_name;
};
static const struct field timed_fields[] = {
    FIELD(struct document_row, id, FIELD_INT, F_OUT),
    FIELD(struct document_row, transaction_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, transaction_type, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, purpose, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, status, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, line_count, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct document_row, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, applicant_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct document_row, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct document_row, approved_at, FIELD_ISO_TIME, F_OUT),
    FIELD(struct document_row, minutes, FIELD_INT, F_OUT | F_SURE),
};
static const struct record_type timed_type = RECORD_TYPE("TimedDocument", struct document_row, timed_fields);

/* One's own, unless one may see all. */
static struct db_value whose(const struct ctx *c)
{
    return DB_I(ctx_may(c, PERM_DOCUMENT_READ_ALL) ? 0 : c->actor.user_id);
}

/* The last two of `args` are the page's; they are left out of the counting. */
static enum rc reply_documents(struct call *call, const struct sql *count, const struct sql *sql, struct db_value *args, size_t n)
{
    struct ctx *c = &call->ctx;
    struct analysis_page p = analysis_page(call);
    int64_t total;
    TRY(c->err.rc);
    args[n - 2] = DB_I(p.size);
    args[n - 1] = DB_I(p.offset);
    TRY(ctx_number(c, count, args, n - 2, &total));
    return list_reply_rows(call, &timed_type, sql, args, n, total, p.page, p.size);
}

static enum rc get_decisions(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct db_value since;
    TRY(decided_since(c, &since));
    int took = analysis_choice(call, "took", times), status = analysis_choice(call, "status", statuses);
    struct db_value args[] = {since, DB_I(c->now_ms), DB_I(took > 0 ? time_ends[took - 1] : INT64_MIN), DB_I(took < 0 ? INT64_MAX : time_ends[took]),
                              DB_T(status < 0 ? "" : statuses[status]), whose(c), DB_N, DB_N};
    return reply_documents(call, &DECIDED_COUNT, &DECIDED_ROWS, args, sizeof args / sizeof *args);
}

/* On a day of the company. */
static enum rc get_posted(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct analysis_days d;
    TRY(analysis_days(c, &d));
    const char *text = http_query(call->http, "date");
    int64_t day = d.today;
    int type = analysis_choice(call, "type", document_types);
    if (text && *text && !day_parse(text, &day))
        error_fault(&c->err, c->arena, "date", "format", "应为 YYYY-MM-DD 格式的日期", "must be a date like 2026-11-23", NULL);
    struct db_value args[] = {DB_I(zone_day_start_ms(d.zone, day)), DB_I(zone_day_start_ms(d.zone, day + 1)),
                              DB_T(type < 0 ? "" : type == 0 ? "receipt" : "issue"), whose(c), DB_N, DB_N};
    return reply_documents(call, &POSTED_COUNT, &POSTED_ROWS, args, sizeof args / sizeof *args);
}

/* ---------------------------------------------------------------- what was paid */

struct price_row {
    struct record record;
    int64_t id, document_id, approved_at;
    const char *transaction_code;
    struct dec quantity, unit_price, amount;
};
static const struct field price_fields[] = {
    FIELD(struct price_row, id, FIELD_INT, F_OUT),
    FIELD(struct price_row, document_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct price_row, transaction_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct price_row, approved_at, FIELD_ISO_TIME, F_OUT | F_SURE),
    FIELD(struct price_row, quantity, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct price_row, unit_price, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct price_row, amount, FIELD_DEC, F_OUT),
};
static const struct record_type price_type = RECORD_TYPE("PricePaid", struct price_row, price_fields);

static enum rc get_prices(struct call *call)
{
    struct material m;
    TRY(material_get(&call->ctx, call->id, &m));
    return reply_rows(call, &price_type, &PRICES, DB_ARGS(DB_I(call->id), DB_I(PRICES_MAX)));
}

/* ---------------------------------------------------------------- routes */

#define PAGE_PARTS                                                                                                     \
    PARTS({"list", PART_ARRAY, &timed_type}, {"total"}, {"page"}, {"pageSize"}, {"nextCursor", PART_TEXT, .nullable = true})
static const struct list_filter decisions_query[] = {{"took", FILTER_CHOICE, .choices = times},
                                                     {"status", FILTER_CHOICE, .choices = statuses},
                                                     {"page", FILTER_ID},
                                                     {"pageSize", FILTER_ID},
                                                     {0}};
static const struct list_filter posted_query[] = {{"date", FILTER_SINCE}, {"type", FILTER_CHOICE, .choices = document_types}, {"page", FILTER_ID}, {"pageSize", FILTER_ID}, {0}};

static const struct route documents_routes[] = {
    ROUTE("GET", "/api/analysis/approval-times", LANE_SLOW, PERM_DASHBOARD_READ, NULL, get_times, "审批用时分布", .shape = ANSWER_ARRAY,
          .parts = PARTS({"name", PART_TEXT}, {"approved"}, {"rejected"}, {"pending"})),
    ROUTE("GET", "/api/analysis/decisions", LANE_SLOW, PERM_DOCUMENT_READ, NULL, get_decisions, "按审批用时的单据", .query = decisions_query,
          .parts = PAGE_PARTS),
    ROUTE("GET", "/api/analysis/posted", LANE_SLOW, PERM_DOCUMENT_READ, NULL, get_posted, "某日过账的单据", .query = posted_query,
          .parts = PAGE_PARTS),
    ROUTE("GET", "/api/materials/:id/prices", LANE_SLOW, PERM_MATERIAL_READ, NULL, get_prices, "物料的采购单价", .shape = ANSWER_ARRAY,
          .answer = &price_type, .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
};
const struct module analysis_documents_module = MODULE("analysis-documents", "单据分析", documents_routes);
