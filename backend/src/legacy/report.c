/* The report, in Markdown: what came of it, what is listed, and at the end the control totals. */
#include <string.h>

#include "base/text.h"
#include "legacy/import.h"

#define REPORT_MAX ((size_t)1 << 30)
#define RAW_CHARS 100

/* The reasons by how often, and all rows of the list. */
static const struct sql BY_REASON = {"legacy.by_reason",
                                     "SELECT reason, outcome, COUNT(*) AS n FROM legacy_quarantine GROUP BY reason, outcome ORDER BY 1, 2"};
static const struct sql ALL_ROWS = {
    "legacy.listed", "SELECT table_name, row_id, column_name, raw_value, reason, outcome, replacement FROM legacy_quarantine ORDER BY id"};

/* A cell of a table: one line, shortened, nothing that Markdown would take for its own. */
static void cell(struct legacy_import *im, const char *text)
{
    struct buf *out = &im->result->report;
    buf_str(out, " ");
    for (const char *p = text ? text_shorten(im->c->arena, text, RAW_CHARS) : ""; *p; p++) {
        if (*p == '|' || *p == '\\' || *p == '<' || *p == '`' || *p == '*')
            buf_char(out, '\\');
        buf_char(out, (unsigned char)*p < ' ' ? ' ' : *p);
    }
    buf_str(out, " |");
}

static const char *outcome_zh(const char *outcome)
{
    return strcmp(outcome, "left_out") == 0   ? "未导入 left out"
           : strcmp(outcome, "replaced") == 0 ? "已替换 replaced"
                                              : "已导入，提示 noted";
}

static const char *conclusion(const struct legacy_import *im, bool agree)
{
    if (!agree)
        return "控制总数不一致，未导入任何数据 / the control totals do not agree: nothing was imported";
    if (im->options->dry_run)
        return "试运行，未导入任何数据 / a dry run: nothing was imported";
    if (!im->result->kept)
        return "旧文件已损坏，未导入任何数据；确认接受缺失后加 --accept-damage / the old file is damaged: nothing was imported; with "
               "--accept-damage, what can be read is";
    return "已导入 / imported";
}

static void write_head(struct legacy_import *im, bool agree)
{
    struct legacy_result *r = im->result;
    struct buf *out = &r->report;
    const char *slash = strrchr(im->options->path, '/');
    char at[CLOCK_TEXT_MAX];
    clock_print_row(im->now_ms, at);
    buf_fmt(out, "# 旧系统数据导入报告 / Import of the older system's data\n\n");
    buf_fmt(out, "- 文件 / file: `%s`\n- 时间 / time: %s UTC\n", slash ? slash + 1 : im->options->path, at);
    buf_fmt(out, "- 结果 / outcome: **%s**\n", conclusion(im, agree));
    buf_fmt(out, "- 账户 / accounts %lld, 物料 / materials %lld, 单据 / documents %lld, 流水 / moves %lld, 日志 / log rows %lld\n",
            (long long)r->users, (long long)r->materials, (long long)r->documents, (long long)r->moves, (long long)r->logs);
    buf_fmt(out,
            "- 未导入的行 / rows left out %lld, 已替换的值 / values replaced %lld, 提示 / notes %lld, 期初与调整单 / opening and "
            "adjustment documents %lld\n",
            (long long)r->left_out, (long long)r->replaced, (long long)r->noted, (long long)r->adjustments);
    for (size_t i = 0; i < im->notices.count; i++)
        buf_fmt(out, "- %s\n", im->notices.items[i]);
}

static enum rc write_reasons(struct legacy_import *im)
{
    DB_ROWS rows = NULL;
    bool more;
    struct buf *out = &im->result->report;
    buf_str(out, "\n## 按原因 / By reason\n\n| 原因 reason | 说明 | | 处理 outcome | 行 rows |\n|---|---|---|---|--:|\n");
    TRY(db_start(im->c->db, &BY_REASON, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        const char *code = db_text(rows, "reason");
        buf_fmt(out, "| %s | %s | %s | %s | %lld |\n", code, reason_zh(code), reason_en(code), outcome_zh(db_text(rows, "outcome")),
                (long long)db_int(rows, "n"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static enum rc write_rows(struct legacy_import *im)
{
    DB_ROWS rows = NULL;
    bool more;
    struct buf *out = &im->result->report;
    buf_str(out, "\n## 逐行 / Row by row\n\n也在表 `legacy_quarantine` 中，未导入的行连同全部内容 / also in the table `legacy_quarantine`, "
                 "rows left out with all "
                 "of their values\n\n| 表 table | 行 id | 列 column | 原值 raw value | 原因 reason | 处理 outcome | 现值 now "
                 "|\n|---|--:|---|---|---|---|---|\n");
    TRY(db_start(im->c->db, &ALL_ROWS, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        arena_reset(im->c->arena);
        buf_fmt(out, "| %s | ", db_text(rows, "table_name"));
        if (!db_is_null(rows, "row_id"))
            buf_int(out, db_int(rows, "row_id"));
        buf_str(out, " |");
        cell(im, db_text(rows, "column_name"));
        cell(im, db_text(rows, "raw_value"));
        cell(im, reason_zh(db_text(rows, "reason")));
        cell(im, outcome_zh(db_text(rows, "outcome")));
        cell(im, db_text(rows, "replacement"));
        buf_str(out, "\n");
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* ---------------------------------------------------------------- totals */

static const struct {
    const char *words; /* why the new side is not the old one */
    enum side side;
    bool minus;
} explanations[] = {
    {"未导入 left out", SIDE_LEFT_OUT, true},
    {"归入他处 counted elsewhere", SIDE_AWAY, true},
    {"自他处归入 from elsewhere", SIDE_HERE, false},
    {"导入时新建 made by the import", SIDE_MADE, false},
};

static void figure(struct buf *out, const struct total *t, enum side side)
{
    char text[SUM_TEXT_MAX];
    buf_int(out, t->rows[side]);
    if (!t->has_quantity)
        return;
    sum_print(t->quantity[side], text);
    buf_fmt(out, " · %s", text);
}

static void write_total(struct legacy_import *im, const struct total *t)
{
    struct buf *out = &im->result->report;
    buf_str(out, "|");
    cell(im, t->name);
    buf_str(out, " ");
    figure(out, t, SIDE_OLD);
    buf_str(out, " | ");
    figure(out, t, SIDE_NEW);
    buf_str(out, " | ");
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
        if (!t->rows[explanations[i].side] && sum_is_zero(t->quantity[explanations[i].side]))
            continue;
        buf_fmt(out, "%s %s", explanations[i].words, explanations[i].minus ? "−" : "+");
        figure(out, t, explanations[i].side);
        buf_str(out, "; ");
    }
    buf_fmt(out, "| %s |\n", total_agrees(t) ? "✓" : "✗");
}

static const char *remark_of(const char *group)
{
    if (group == TOTAL_HISTORY)
        return "由已批准单据说明的行归入单据；其余各有单据 / rows that an approved document explains are counted with it; the others have "
               "documents of their own";
    if (group == TOTAL_STOCK)
        return "新库存是流水之和，不是复制的数字 / the new stock is the sum of its moves, not a copied figure";
    return NULL;
}

static void write_totals(struct legacy_import *im)
{
    static const char *const groups[] = {TOTAL_TABLES, TOTAL_ROLES, TOTAL_CATEGORIES, TOTAL_STOCK, TOTAL_STATUS,
                                         TOTAL_MONTHS, TOTAL_MOVED, TOTAL_HISTORY,    TOTAL_TASKS, TOTAL_LOGS};
    struct buf *out = &im->result->report;
    buf_str(out, "\n## 控制总数 / Control totals\n\n行数 · 数量 / rows · quantity. 旧 − 减项 + 加项 = 新 / old less and plus what is named "
                 "is new.\n");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        buf_fmt(out, "\n### %s\n\n", groups[g]);
        if (remark_of(groups[g]))
            buf_fmt(out, "%s\n\n", remark_of(groups[g]));
        buf_str(out, "| | 旧 old | 新 new | 说明 explained | |\n|---|--:|--:|---|---|\n");
        for (size_t i = 0; i < im->totals.count; i++)
            if (im->totals.items[i].group == groups[g])
                write_total(im, &im->totals.items[i]);
    }
}

static bool in_order(const struct total *x, const struct total *y)
{
    return x->group == y->group ? strcmp(x->name, y->name) <= 0 : x->group < y->group;
}

/* Months in their order. There are few, and they come nearly so. */
static void sort_totals(struct totals *t)
{
    for (size_t i = 1; i < t->count; i++)
        for (size_t k = i; k > 0 && !in_order(&t->items[k - 1], &t->items[k]); k--) {
            struct total swap = t->items[k - 1];
            t->items[k - 1] = t->items[k];
            t->items[k] = swap;
        }
}

enum rc write_report(struct legacy_import *im, bool agree)
{
    struct buf *out = &im->result->report;
    buf_init(out, REPORT_MAX);
    write_head(im, agree);
    im->result->lists_from = out->n;
    TRY(write_reasons(im));
    TRY(write_rows(im));
    im->result->totals_from = out->n;
    sort_totals(&im->totals);
    write_totals(im);
    return out->overflow ? error_say(&im->c->err, RC_INTERNAL, "报告过长", "The report is too long") : RC_OK;
}
