#include "domain/material_figures.h"

#define TABLE "materials"
#define TRIGGER "material_figures_follow"

/* As the migration counts them. */
static const struct sql NONE = {"material_figures.none", "DELETE FROM material_figures"};
static const struct sql COUNT_ALL = {
    "material_figures.count",
    "INSERT INTO material_figures (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths) "
    "SELECT category, status, COUNT(*), SUM(CASE WHEN min_stock > 0 AND current_stock <= min_stock THEN 1 ELSE 0 END), "
    "CAST(SUM(current_stock / 1000000) AS BIGINT), CAST(SUM(current_stock % 1000000) AS BIGINT), CAST(SUM(stock_value / 1000000) AS "
    "BIGINT), CAST(SUM(stock_value % 1000000) AS BIGINT) FROM materials GROUP BY category, status"};

enum rc material_figures_stop(struct ctx *c)
{
    return db_set_trigger(c->db, TABLE, TRIGGER, false);
}

enum rc material_figures_count(struct ctx *c)
{
    TRY(db_exec(c->db, &NONE, DB_NO_ARGS, NULL));
    TRY(db_exec(c->db, &COUNT_ALL, DB_NO_ARGS, NULL));
    return db_set_trigger(c->db, TABLE, TRIGGER, true);
}
