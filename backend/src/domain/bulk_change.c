#include "domain/bulk_change.h"

static const struct {
    const char *table, *trigger;
} keepers[] = {{"materials", "material_figures_follow"}, {"operation_log", "log_head_follows"}};

/* As the migration counts them. */
static const struct sql NO_FIGURES = {"bulk_change.no_figures", "DELETE FROM material_figures"};
static const struct sql COUNT_FIGURES = {
    "bulk_change.figures",
    "INSERT INTO material_figures (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths) "
    "SELECT category, status, COUNT(*), SUM(CASE WHEN min_stock > 0 AND current_stock <= min_stock THEN 1 ELSE 0 END), "
    "CAST(SUM(current_stock / 1000000) AS BIGINT), CAST(SUM(current_stock % 1000000) AS BIGINT), CAST(SUM(stock_value / 1000000) AS "
    "BIGINT), CAST(SUM(stock_value % 1000000) AS BIGINT) FROM materials GROUP BY category, status"};

static enum rc set_keepers(struct ctx *c, bool on)
{
    for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++)
        TRY(db_set_trigger(c->db, keepers[i].table, keepers[i].trigger, on));
    return RC_OK;
}

enum rc bulk_change_begin(struct ctx *c, struct bulk_change *b)
{
    *b = (struct bulk_change){0};
    TRY(set_keepers(c, false));
    TRY(audit_begin_chain(c, &b->log_end));
    c->bulk = b;
    return RC_OK;
}

enum rc bulk_change_count_figures(struct ctx *c)
{
    TRY(db_exec(c->db, &NO_FIGURES, DB_NO_ARGS, NULL));
    return db_exec(c->db, &COUNT_FIGURES, DB_NO_ARGS, NULL);
}

enum rc bulk_change_end(struct ctx *c)
{
    struct bulk_change *b = c->bulk;
    c->bulk = NULL;
    TRY(audit_end_chain(c, &b->log_end));
    TRY(bulk_change_count_figures(c));
    TRY(set_keepers(c, true));
    return ctx_changed(c, b->topics);
}
