#include "domain/operation_log.h"

#include "base/clock.h"
#include "domain/list_export.h"
#include "domain/reply.h"
#include "domain/setting.h"

#define STATS_MAX 10
#define DAYS_MAX 366

struct log_row {
    struct record record;
    int64_t id, user_id, resource_id, created_at;
    const char *module, *action, *resource_type, *description, *changes, *ip_address, *user_agent, *request_id, *username,
        *real_name;
};
static const struct field log_fields[] = {
    FIELD(struct log_row, id, FIELD_INT, F_OUT),
    FIELD(struct log_row, user_id, FIELD_INT, F_OUT),
    FIELD(struct log_row, module, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct log_row, action, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct log_row, resource_type, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, resource_id, FIELD_INT, F_OUT),
    FIELD(struct log_row, description, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, changes, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, ip_address, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, user_agent, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, request_id, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct log_row, username, FIELD_TEXT, F_OUT),
    FIELD(struct log_row, real_name, FIELD_TEXT, F_OUT),
};
static const struct record_type log_type = RECORD_TYPE("OperationLog", struct log_row, log_fields);

static const struct list_spec log_list = {
    .columns = "o.id, o.user_id, o.module, o.action, o.resource_type, o.resource_id, o.description, o.changes, o.ip_address, "
               "o.user_agent, o.request_id, o.created_at, u.username, u.real_name",
    .from = "operation_log o LEFT JOIN users u ON u.id = o.user_id",
    .count_from = "operation_log o",
    .id = "o.id",
    .always_fresh = true,
    .page_size = 20,
    .sorts = {{"created_at", "o.created_at", false}},
    .filters = {{"module", FILTER_TEXT, "o.module = ?"},
                {"action", FILTER_TEXT, "o.action = ?"},
                {"userId", FILTER_ID, "o.user_id = ?"},
                {"startDate", FILTER_SINCE, "o.created_at >= ?"},
                {"endDate", FILTER_UNTIL, "o.created_at < ?"}},
    .row = &log_type,
};

static const struct list_export log_export = {
    .name = "operation-logs",
    .zh = "操作日志",
    .en = "Operation log",
    .module = "operation-logs",
    .resource_type = "operation_log",
    .columns = EXPORT_COLUMNS(
        {"created_at", EXPORT_TIME, "时间", "Time", 20},
        {"username", EXPORT_CODE, "用户名", "User name", 16},
        {"real_name", EXPORT_TEXT, "姓名", "Name", 14},
        {"module", EXPORT_WORD, "模块", "Module", 12, module_words},
        {"action", EXPORT_TEXT, "操作", "Action", 12},
        {"description", EXPORT_TEXT, "说明", "Description", 50},
        {"changes", EXPORT_TEXT, "变更", "Changes", 50},
        {"resource_type", EXPORT_TEXT, "对象类型", "Object", 14},
        {"resource_id", EXPORT_WHOLE, "对象编号", "Object's id", 10},
        {"ip_address", EXPORT_CODE, "地址", "Address", 16},
        {"user_agent", EXPORT_TEXT, "客户端", "Client", 30},
        {"request_id", EXPORT_CODE, "请求编号", "Request", 20},
        {"id", EXPORT_WHOLE, "编号", "Id", 10}),
};

static enum rc get_logs(struct call *call)
{
    return list_answer(call, NULL);
}

/* ---------------------------------------------------------------- statistics */

/* One of the three tables of the answer: what is counted, and by what. */
struct ranking {
    const char *name, *key, *columns, *names[3]; /* the members of a row: names, and count */
    size_t limit;
};
static const struct ranking rankings[] = {
    {"moduleStats", "o.module", "o.module", {"module"}, 1000},
    {"actionStats", "o.action", "o.action", {"action"}, STATS_MAX},
    {"userStats", "u.username", "u.username, u.real_name", {"username", "real_name"}, STATS_MAX},
};

static const struct list_spec stats_period = {
    .from = "operation_log o",
    .id = "o.id",
    .sorts = {{"created_at", "o.created_at", false}},
    .filters = {{"startDate", FILTER_SINCE, "o.created_at >= ?"}, {"endDate", FILTER_UNTIL, "o.created_at < ?"}},
};

static enum rc write_ranking(struct call *call, const struct list_query *q, const struct ranking *r, struct json_writer *w)
{
    struct ctx *c = &call->ctx;
    const struct db_value *args;
    size_t count;
    const char *where = list_where(q, &args, &count);
    const char *text = arena_fmt(c->arena,
                                 "SELECT %s, COUNT(*) AS count FROM operation_log o LEFT JOIN users u ON u.id = o.user_id%s "
                                 "GROUP BY %s HAVING MIN(%s) IS NOT NULL ORDER BY COUNT(*) DESC, %s LIMIT %zu",
                                 r->columns, where, r->columns, r->key, r->key, r->limit);
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(c->db, text, args, count, &rows));
    TRY(db_next(rows, &more));
    jw_name(w, r->name);
    jw_array(w);
    while (more) {
        jw_object(w);
        for (const char *const *name = r->names; *name; name++) {
            jw_name(w, *name);
            jw_text(w, db_text(rows, *name));
        }
        jw_member_int(w, "count", db_int(rows, "count"));
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(w);
    return RC_OK;
}

static enum rc get_stats(struct call *call)
{
    struct list_query *q;
    TRY(list_read(call, NULL, &q));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    for (size_t i = 0; i < sizeof rankings / sizeof *rankings; i++)
        TRY(write_ranking(call, q, &rankings[i], &w));
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* How much was done on each day of the company, the newest first; days without an entry are left out. */
static enum rc get_days(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct list_query *q;
    const struct zone *zone;
    const struct db_value *args;
    size_t count;
    TRY(list_read(call, NULL, &q));
    TRY(setting_zone(c, &zone));
    const char *where = list_where(q, &args, &count);
    const char *text = arena_fmt(c->arena,
                                 "SELECT (o.created_at + %d) / 86400000 AS day, COUNT(*) AS count FROM operation_log o%s "
                                 "GROUP BY 1 ORDER BY 1 DESC LIMIT %d",
                                 (int)zone->offset_s * 1000, where, DAYS_MAX);
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(c->db, text, args, count, &rows));
    TRY(db_next(rows, &more));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    while (more) {
        char day[DAY_TEXT_MAX];
        day_print(db_int(rows, "day"), day);
        jw_object(&w);
        jw_member_text(&w, "day", day);
        jw_member_int(&w, "count", db_int(rows, "count"));
        jw_object_end(&w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static const struct answer_part stats_parts[] = {
    {"moduleStats", PART_ARRAY, .parts = PARTS({"module", PART_TEXT}, {"count"})},
    {"actionStats", PART_ARRAY, .parts = PARTS({"action", PART_TEXT}, {"count"})},
    {"userStats", PART_ARRAY,
     .parts = PARTS({"username", PART_TEXT}, {"real_name", PART_TEXT, .nullable = true}, {"count"})},
    {0},
};

static const struct route log_routes[] = {
    ROUTE("GET", "/api/operation-logs", LANE_READ, PERM_LOG_READ, NULL, get_logs, "操作日志", .list = &log_list),
    ROUTE("GET", "/api/operation-logs/stats", LANE_READ, PERM_LOG_READ, NULL, get_stats, "操作日志统计", .list = &stats_period,
          .parts = stats_parts),
    ROUTE("GET", "/api/operation-logs/days", LANE_READ, PERM_LOG_READ, NULL, get_days, "操作日志按天统计", .list = &stats_period,
          .shape = ANSWER_ARRAY, .parts = PARTS({"day", PART_TEXT}, {"count"})),
    LIST_EXPORT("/operation-logs", PERM_LOG_READ, "导出操作日志", &log_list, &log_export, EXPORT_REFUSALS),
};
const struct module operation_log_module = MODULE("operation-logs", "操作日志", log_routes);
