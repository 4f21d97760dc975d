#include "legacy/totals.h"

#include <stdio.h>
#include <string.h>

#include "legacy/import.h"

const char TOTAL_TABLES[] = "各表行数 / rows by table", TOTAL_STATUS[] = "单据按状态 / documents by status",
           TOTAL_MONTHS[] = "单据按月份与类型 / documents by month and type",
           TOTAL_MOVED[] = "已批准单据按批准月份与类型 / approved documents by month of approval and type",
           TOTAL_CATEGORIES[] = "物料按类别 / materials by category", TOTAL_STOCK[] = "现有库存按类别 / present stock by category",
           TOTAL_HISTORY[] = "库存历史按类型 / stock history by type", TOTAL_TASKS[] = "盘点任务按状态 / count tasks by status",
           TOTAL_ROLES[] = "账户按角色 / accounts by role", TOTAL_LOGS[] = "操作日志按月份 / operation log by month";

static struct total *find(struct totals *t, const char *group, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].group == group && strcmp(t->items[i].name, name) == 0)
            return &t->items[i];
    struct total *added = LIST_ADD(t->arena, *t);
    *added = (struct total){.group = group, .name = arena_dup(t->arena, name)};
    return added;
}

static struct sum plus(struct sum a, int64_t wholes, int64_t millionths)
{
    struct sum s = {a.wholes + wholes, a.millionths + millionths};
    s.wholes += s.millionths / DEC_ONE;
    s.millionths %= DEC_ONE;
    if (s.wholes > 0 && s.millionths < 0)
        s = (struct sum){s.wholes - 1, s.millionths + DEC_ONE};
    if (s.wholes < 0 && s.millionths > 0)
        s = (struct sum){s.wholes + 1, s.millionths - DEC_ONE};
    return s;
}

bool sum_is_zero(struct sum s)
{
    return s.wholes == 0 && s.millionths == 0;
}

void sum_print(struct sum s, char text[static SUM_TEXT_MAX])
{
    char fraction[DEC_TEXT_MAX];
    bool minus = s.wholes < 0 || s.millionths < 0;
    dec_print((struct dec){minus ? -s.millionths : s.millionths}, fraction); /* "0", or "0.25" */
    snprintf(text, SUM_TEXT_MAX, "%s%lld%s", minus ? "-" : "", (long long)(minus ? -s.wholes : s.wholes), fraction + 1);
}

static void add_sum(struct total *line, enum side side, int64_t rows, int64_t wholes, int64_t millionths)
{
    line->rows[side] += rows;
    line->quantity[side] = plus(line->quantity[side], wholes, millionths);
    line->has_quantity = line->has_quantity || wholes || millionths;
}

void total_add(struct totals *t, const char *group, const char *name, enum side side, int64_t rows, struct dec quantity)
{
    add_sum(find(t, group, name), side, rows, quantity.millionths / DEC_ONE, quantity.millionths % DEC_ONE);
}

bool total_agrees(const struct total *t)
{
    static const struct {
        enum side side;
        int sign;
    } terms[] = {{SIDE_LEFT_OUT, -1}, {SIDE_AWAY, -1}, {SIDE_HERE, 1}, {SIDE_MADE, 1}, {SIDE_NEW, -1}};
    int64_t rows = t->rows[SIDE_OLD];
    struct sum rest = t->quantity[SIDE_OLD];
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        const struct sum *s = &t->quantity[terms[i].side];
        rows += terms[i].sign * t->rows[terms[i].side];
        rest = plus(rest, terms[i].sign * s->wholes, terms[i].sign * s->millionths);
    }
    return rows == 0 && sum_is_zero(rest);
}

/* ---------------------------------------------------------------- what the new database says */

/* Columns: name, n, wholes, millionths. */
static const struct {
    const char *group;
    struct sql sql;
} counted[] = {
    {TOTAL_TABLES, {"legacy.rows_users", "SELECT 'users' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM users"}},
    {TOTAL_TABLES, {"legacy.rows_materials", "SELECT 'materials' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM materials"}},
    {TOTAL_TABLES,
     {"legacy.rows_codes",
      "SELECT 'material_code_history' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM material_code_history"}},
    {TOTAL_TABLES,
     {"legacy.rows_documents", "SELECT 'inventory_transactions' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM documents"}},
    {TOTAL_TABLES,
     {"legacy.rows_tasks", "SELECT 'stocktaking_tasks' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM count_tasks"}},
    {TOTAL_TABLES,
     {"legacy.rows_items", "SELECT 'stocktaking_items' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM count_items"}},
    {TOTAL_TABLES, {"legacy.rows_logs", "SELECT 'operation_logs' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM operation_log"}},
    {TOTAL_TABLES,
     {"legacy.rows_notifications", "SELECT 'notifications' AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM notifications"}},
    {TOTAL_STATUS,
     {"legacy.by_status", "SELECT d.status AS name, COUNT(*) AS n, CAST(SUM(l.quantity / 1000000) AS BIGINT) AS wholes, "
                          "CAST(SUM(l.quantity % 1000000) AS BIGINT) AS millionths FROM documents d JOIN document_lines l ON l.document_id "
                          "= d.id WHERE d.imported = 1 GROUP BY d.status ORDER BY 1"}},
    {TOTAL_CATEGORIES,
     {"legacy.by_category",
      "SELECT category AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM materials GROUP BY category ORDER BY 1"}},
    {TOTAL_STOCK,
     {"legacy.stock_by_category",
      "SELECT category AS name, COUNT(*) AS n, CAST(SUM(current_stock / 1000000) AS BIGINT) AS wholes, "
      "CAST(SUM(current_stock % 1000000) AS BIGINT) AS millionths FROM materials GROUP BY category ORDER BY 1"}},
    {TOTAL_TASKS,
     {"legacy.tasks_by_status",
      "SELECT status AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM count_tasks GROUP BY status ORDER BY 1"}},
    {TOTAL_ROLES,
     {"legacy.by_role",
      "SELECT role AS name, COUNT(*) AS n, 0 AS wholes, 0 AS millionths FROM users WHERE status <> 'closed' GROUP BY role ORDER BY 1"}},
};

/* Columns: at, kind, q. Months are of UTC, as in the old file. */
static const struct {
    const char *group;
    struct sql sql;
} by_month[] = {
    {TOTAL_MONTHS,
     {"legacy.months", "SELECT d.created_at AS at, d.kind, l.quantity AS q FROM documents d JOIN document_lines l ON "
                       "l.document_id = d.id WHERE d.imported = 1"}},
    {TOTAL_MOVED,
     {"legacy.moved", "SELECT v.posted_at AS at, d.kind, v.quantity AS q FROM documents d JOIN moves v ON v.document_id = d.id "
                      "WHERE d.imported = 1"}},
    {TOTAL_LOGS, {"legacy.logs", "SELECT created_at AS at, '' AS kind, 0 AS q FROM operation_log"}},
};

static enum rc add_counted(struct legacy_import *im, const char *group, const struct sql *sql)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(im->c->db, sql, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        add_sum(find(&im->totals, group, db_text(rows, "name")), SIDE_NEW, db_int(rows, "n"), db_int(rows, "wholes"),
                db_int(rows, "millionths"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static const char *month_name(char text[static CLOCK_TEXT_MAX], int64_t at_ms, const char *kind)
{
    clock_print_row(at_ms, text);
    snprintf(text + 7, CLOCK_TEXT_MAX - 7, "%s", *kind == 'r' ? " in" : *kind == 'i' ? " out" : "");
    return text;
}

/* All of a material lies in one lot and place, so a document of one line has one move. */
static enum rc add_months(struct legacy_import *im, const char *group, const struct sql *sql)
{
    DB_ROWS rows = NULL;
    char name[CLOCK_TEXT_MAX];
    bool more;
    TRY(db_start(im->c->db, sql, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        total_add(&im->totals, group, month_name(name, db_int(rows, "at"), db_text(rows, "kind")), SIDE_NEW, 1, db_dec(rows, "q"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

enum rc check_totals(struct legacy_import *im, bool *agree)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        TRY(add_counted(im, counted[i].group, &counted[i].sql));
    for (size_t i = 0; i < sizeof by_month / sizeof *by_month; i++)
        TRY(add_months(im, by_month[i].group, &by_month[i].sql));
    *agree = true;
    for (size_t i = 0; i < im->totals.count; i++)
        *agree = *agree && total_agrees(&im->totals.items[i]);
    return RC_OK;
}
