/* The proof of a move: rows, checksums, counters and control totals of both sides. */
#include <stdlib.h>
#include <string.h>

#include "ops/move.h"

/* ---------------------------------------------------------------- checksums */

void line_sum_begin(struct line_sum *s)
{
    hash_begin(&s->hash);
    s->rows = 0;
}

void line_sum_add(struct line_sum *s, const char *line, size_t n)
{
    hash_add(&s->hash, line, n);
    hash_add(&s->hash, "\n", 1);
    s->rows++;
}

void line_sum_end(struct line_sum *s, struct table_sum *out)
{
    out->rows = s->rows;
    hash_end(&s->hash, out->hash);
}

static enum rc add_line(void *arg, const char *line, size_t n)
{
    line_sum_add(arg, line, n);
    return RC_OK;
}

enum rc move_side_tables(struct move_side *s)
{
    TRY(db_bulk_tables(s->db, s->arena, &s->tables));
    s->sums = arena_array(s->arena, s->tables.count + 1, sizeof *s->sums);
    return RC_OK;
}

enum rc move_side_sums(struct move_side *s)
{
    for (size_t i = 0; i < s->tables.count; i++) {
        struct line_sum sum;
        line_sum_begin(&sum);
        TRY(db_bulk_read(s->db, &s->tables.list[i], add_line, &sum));
        line_sum_end(&sum, &s->sums[i]);
        TRY(db_bulk_last_id(s->db, &s->tables.list[i], &s->sums[i].last_id, &s->sums[i].counts));
    }
    return RC_OK;
}

/* ---------------------------------------------------------------- control totals */

#define SUMS(X) "CAST(COALESCE(SUM((" X ") / 1000000), 0) AS BIGINT) AS wholes, CAST(COALESCE(SUM((" X ") % 1000000), 0) AS BIGINT) AS millionths"
#define PLAIN "0 AS millionths, '' AS note"

/* Columns: what; wholes and millionths, which are added up apart, because millionths of many materials may pass 64 bits; note. */
static const struct sql totals[] = {
    {"move.stock", "SELECT 'stock of category ' || category AS what, " SUMS("current_stock") ", '' AS note FROM materials GROUP BY category ORDER BY category"},
    {"move.value", "SELECT 'value of category ' || category AS what, " SUMS("stock_value") ", '' AS note FROM materials GROUP BY category ORDER BY category"},
    {"move.balances", "SELECT 'stock by balances' AS what, " SUMS("quantity") ", '' AS note FROM balances WHERE is_real = 1"},
    {"move.documents", "SELECT 'documents ' || status AS what, COUNT(*) AS wholes, " PLAIN " FROM documents GROUP BY status ORDER BY status"},
    {"move.moves", "SELECT 'moves in the ledger' AS what, COUNT(*) AS wholes, " PLAIN " FROM moves"},
    {"move.moved", "SELECT 'quantity moved' AS what, " SUMS("quantity") ", '' AS note FROM moves"},
    {"move.worth", "SELECT 'value moved' AS what, " SUMS("value") ", '' AS note FROM moves"},
    {"move.head", "SELECT 'head of the operation log' AS what, last_id AS wholes, 0 AS millionths, hash AS note FROM log_head"},
};

static const char *value_text(struct arena *a, int64_t wholes, int64_t millionths, const char *note)
{
    wholes += millionths / 1000000;
    millionths %= 1000000;
    const char *fraction = millionths ? arena_fmt(a, ".%06lld", (long long)millionths) : "";
    return arena_fmt(a, "%lld%s%s%s", (long long)wholes, fraction, *note ? ":" : "", note);
}

static enum rc add_totals(struct move_side *s, const struct sql *sql)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(s->db, sql, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more && s->total_count < MOVE_TOTALS_MAX) {
        const char *value = value_text(s->arena, db_int(rows, "wholes"), db_int(rows, "millionths"), db_text(rows, "note"));
        s->totals[s->total_count++] = (struct move_total){arena_dup(s->arena, db_text(rows, "what")), value};
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

enum rc move_side_totals(struct move_side *s)
{
    s->total_count = 0;
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        TRY(add_totals(s, &totals[i]));
    return RC_OK;
}

/* ---------------------------------------------------------------- comparing */

static bool say(const char **zh, const char **en, const char *text_zh, const char *text_en)
{
    *zh = text_zh;
    *en = text_en;
    return false;
}

static bool tables_match(const struct bulk_table *s, const struct bulk_table *t, struct arena *a, const char **zh, const char **en)
{
    const char *odd = s->odd_column ? s->odd_column : t->odd_column;
    if (odd)
        return say(zh, en, arena_fmt(a, "表 %s 的列 %s 不是本系统能够迁移的类型", s->name, odd),
                   arena_fmt(a, "table %s: its column %s is of a type that cannot be moved", s->name, odd));
    if (strcmp(s->list, t->list) != 0 || strcmp(s->key, t->key) != 0)
        return say(zh, en, arena_fmt(a, "表 %s 在两边的列不同", s->name),
                   arena_fmt(a, "the columns of table %s are not the same on both sides", s->name));
    return true;
}

bool move_sides_match(const struct move_side *source, const struct move_side *target, struct arena *a, const char **zh, const char **en)
{
    const struct bulk_tables *s = &source->tables, *t = &target->tables;
    for (size_t i = 0; i < s->count || i < t->count; i++) {
        int order = i >= s->count ? 1 : i >= t->count ? -1 : strcmp(s->list[i].name, t->list[i].name);
        if (order < 0)
            return say(zh, en, arena_fmt(a, "目标中没有表 %s", s->list[i].name), arena_fmt(a, "the target has no table %s", s->list[i].name));
        if (order > 0)
            return say(zh, en, arena_fmt(a, "目标中有多余的表 %s", t->list[i].name),
                       arena_fmt(a, "the target has a table %s that the source has not", t->list[i].name));
        if (!tables_match(&s->list[i], &t->list[i], a, zh, en))
            return false;
    }
    return true;
}

/* A counter may only have run further than what it was given. */
static bool print_table(const struct bulk_table *t, const struct table_sum *s, const struct table_sum *o)
{
    bool same_rows = s->rows == o->rows && strcmp(s->hash, o->hash) == 0, counts_on = !o->counts || o->last_id >= s->last_id;
    printf("%s  %-24s %10lld rows  sha256:%s\n", same_rows && counts_on ? "ok  " : "FAIL", t->name, (long long)s->rows, s->hash);
    if (!same_rows)
        printf("      in the target            %10lld rows  sha256:%s\n", (long long)o->rows, o->hash);
    if (!counts_on)
        printf("      last id given out: %lld, in the target: %lld\n", (long long)s->last_id, (long long)o->last_id);
    return same_rows && counts_on;
}

static const char *total_of(const struct move_side *s, const char *what)
{
    for (size_t i = 0; i < s->total_count; i++)
        if (strcmp(s->totals[i].what, what) == 0)
            return s->totals[i].value;
    return "-";
}

int move_print_proof(const struct move_side *source, const struct move_side *target)
{
    int differences = 0;
    for (size_t i = 0; i < source->tables.count; i++)
        differences += !print_table(&source->tables.list[i], &source->sums[i], &target->sums[i]);
    for (size_t i = 0; i < source->total_count; i++) {
        const char *there = total_of(target, source->totals[i].what);
        bool same = strcmp(source->totals[i].value, there) == 0;
        printf("%s  %s: %s%s%s\n", same ? "ok  " : "FAIL", source->totals[i].what, source->totals[i].value, same ? "" : ", in the target: ",
               same ? "" : there);
        differences += !same;
    }
    for (size_t i = 0; i < target->total_count; i++)
        if (strcmp(total_of(source, target->totals[i].what), "-") == 0) {
            printf("FAIL  %s: -, in the target: %s\n", target->totals[i].what, target->totals[i].value);
            differences++;
        }
    fflush(stdout);
    return differences;
}
