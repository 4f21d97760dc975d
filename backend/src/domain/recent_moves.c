#include "domain/recent_moves.h"

#include "domain/setting.h"

static const struct sql WINDOW = {"recent_window.get", "SELECT from_at, until_at FROM recent_window WHERE id = 1"};
static const struct sql WINDOW_SET = {"recent_window.set", "UPDATE recent_window SET from_at = $1, until_at = $2 WHERE id = 1"};
/* $1 is -1 for moves that have left the window, 1 for such as have come into it. The plus keeps SQLite from walking all moves
 * in the order of materials: it is to find the few by their time. */
static const struct sql COUNT_AGAIN = {
    "recent_moves.count_again",
    "UPDATE materials SET recent_moves = recent_moves + CAST($1 AS BIGINT) * s.moves, "
    "recent_received = recent_received + CAST($1 AS BIGINT) * s.received, recent_issued = recent_issued + CAST($1 AS BIGINT) * s.issued "
    "FROM (SELECT +v.material_id AS material_id, COUNT(*) AS moves, SUM(CASE WHEN v.stock_after > v.stock_before THEN v.quantity ELSE 0 END) AS received, "
    "SUM(CASE WHEN v.stock_after < v.stock_before THEN v.quantity ELSE 0 END) AS issued FROM moves v "
    "WHERE v.posted_at >= $2 AND v.posted_at < $3 GROUP BY +v.material_id) AS s WHERE s.material_id = materials.id"};

struct window {
    int64_t from_ms, until_ms;
};

static enum rc read_window(struct ctx *c, struct window *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &WINDOW, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *out = more ? (struct window){db_int(rows, "from_at"), db_int(rows, "until_at")} : (struct window){0};
    return more ? RC_OK : error_set(&c->err, RC_INTERNAL);
}

/* The window of the day on which `now` falls. */
static enum rc window_of(struct ctx *c, struct window *out)
{
    const struct zone *zone;
    TRY(setting_zone(c, &zone));
    int64_t today = zone_day(zone, c->now_ms);
    *out = (struct window){zone_day_start_ms(zone, today - RECENT_DAYS + 1), zone_day_start_ms(zone, today + 1)};
    return RC_OK;
}

enum rc recent_moves_shift(struct ctx *c)
{
    struct window present, now;
    TRY(read_window(c, &present));
    if (c->now_ms < present.until_ms && c->now_ms >= present.from_ms)
        return RC_OK;
    TRY(window_of(c, &now));
    bool forward = now.from_ms > present.from_ms;
    struct db_value from = DB_I(forward ? present.from_ms : now.from_ms), until = DB_I(forward ? now.from_ms : present.from_ms);
    TRY(db_exec(c->db, &COUNT_AGAIN, DB_ARGS(DB_I(forward ? -1 : 1), from, until), NULL));
    return db_exec(c->db, &WINDOW_SET, DB_ARGS(DB_I(now.from_ms), DB_I(now.until_ms)), NULL);
}

enum rc recent_moves_widen(struct ctx *c)
{
    return db_exec(c->db, &WINDOW_SET, DB_ARGS(DB_I(0), DB_I(c->now_ms)), NULL);
}

enum rc recent_moves_since(struct ctx *c, int64_t *from_ms)
{
    struct window present;
    TRY(read_window(c, &present));
    *from_ms = present.from_ms;
    return RC_OK;
}
