#include "domain/bulk_change.h"

#include <stdlib.h>

#include "domain/search_index.h"

struct search_waiting {
    enum search_kind kind;
    int64_t id;
};

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

static const struct sql NO_UNIT_FIGURES = {"bulk_change.no_unit_figures", "DELETE FROM unit_figures"};
static const struct sql COUNT_UNIT_FIGURES = {
    "bulk_change.unit_figures",
    "INSERT INTO unit_figures (category, status, unit_id, materials, stock_wholes, stock_millionths) SELECT category, status, unit_id, "
    "COUNT(*), CAST(SUM(current_stock / 1000000) AS BIGINT), CAST(SUM(current_stock % 1000000) AS BIGINT) FROM materials "
    "GROUP BY category, status, unit_id"};

#define GROWN_FIRST 64

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

/* At every doubling. */
static enum rc grown(struct ctx *c, int64_t count)
{
    bool doubled = count >= GROWN_FIRST && (count & (count - 1)) == 0;
    return doubled ? db_plan_anew(c->db) : RC_OK;
}

enum rc bulk_change_grown(struct ctx *c, int64_t count)
{
    return c->bulk ? grown(c, count) : RC_OK;
}

enum rc bulk_change_count_figures(struct ctx *c)
{
    TRY(db_exec(c->db, &NO_FIGURES, DB_NO_ARGS, NULL));
    TRY(db_exec(c->db, &COUNT_FIGURES, DB_NO_ARGS, NULL));
    TRY(db_exec(c->db, &NO_UNIT_FIGURES, DB_NO_ARGS, NULL));
    return db_exec(c->db, &COUNT_UNIT_FIGURES, DB_NO_ARGS, NULL);
}

void bulk_change_search_later(struct bulk_change *b, int kind, int64_t id)
{
    if (b->waiting_count == b->waiting_room) {
        b->waiting_room = b->waiting_room ? b->waiting_room * 2 : 1024;
        b->waiting = reallocarray(b->waiting, b->waiting_room, sizeof *b->waiting);
        if (!b->waiting)
            abort();
    }
    b->waiting[b->waiting_count++] = (struct search_waiting){(enum search_kind)kind, id};
}

static enum rc fill_search(struct ctx *c, const struct bulk_change *b)
{
    struct arena arena;
    struct ctx row = *c;
    enum rc rc = RC_OK;
    arena_init(&arena);
    row.arena = &arena;
    for (size_t i = 0; rc == RC_OK && i < b->waiting_count; i++, arena_reset(&arena)) {
        rc = search_put(&row, b->waiting[i].kind, b->waiting[i].id);
        if (rc == RC_OK)
            rc = grown(c, (int64_t)i + 1);
    }
    arena_free(&arena);
    return rc;
}

static enum rc note_all(struct ctx *c, const struct bulk_change *b)
{
    TRY(audit_end_chain(c, &b->log_end));
    TRY(bulk_change_count_figures(c));
    TRY(set_keepers(c, true));
    TRY(ctx_changed(c, b->topics));
    return fill_search(c, b);
}

enum rc bulk_change_end(struct ctx *c, enum rc rc)
{
    struct bulk_change *b = c->bulk;
    c->bulk = NULL;
    if (rc == RC_OK)
        rc = note_all(c, b);
    free(b->waiting);
    return rc;
}
