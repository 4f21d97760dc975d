#include "domain/ctx.h"

#include <string.h>

#include "domain/bulk_change.h"

static const struct sql CHANGED = {"change_counters.add",
                                   "UPDATE change_counters SET materials = materials + $1, stock = stock + $2, "
                                   "documents = documents + $3, users = users + $4, counting = counting + $5 WHERE id = 1"};

static const struct sql CHANGES = {"change_counters.get",
                                   "SELECT materials, stock, documents, users, counting FROM change_counters WHERE id = 1"};

bool ctx_may(const struct ctx *c, enum permission p)
{
    return set_permits(c->actor.permissions, p);
}

enum rc ctx_require(struct ctx *c, enum permission p)
{
    if (ctx_may(c, p))
        return RC_OK;
    if (p == PERM_SIGNED_IN && c->actor.service_token_id)
        return error_set(&c->err, RC_SESSION_REQUIRED);
    c->err.members = arena_fmt(c->arena, "\"permission\":\"%s\"", permission_name(p));
    return error_set(&c->err, RC_PERMISSION_MISSING);
}

enum rc ctx_returned(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count, const char *column,
                     int64_t *out)
{
    DB_ROWS rows = NULL;
    bool more = false;
    TRY(db_start(c->db, sql, args, count, &rows));
    TRY(db_next(rows, &more));
    int64_t n = more ? db_int(rows, column) : 0;
    /* To the end: only a finished statement has really been executed. */
    while (more)
        TRY(db_next(rows, &more));
    *out = n;
    return RC_OK;
}

enum rc ctx_insert(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count, int64_t *id)
{
    return ctx_returned(c, sql, args, count, "id", id);
}

enum rc ctx_number(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count, int64_t *n)
{
    return ctx_returned(c, sql, args, count, "n", n);
}

enum rc ctx_changed(struct ctx *c, unsigned topics)
{
    if (c->bulk) {
        c->bulk->topics |= topics;
        return RC_OK;
    }
    return db_exec(c->db, &CHANGED,
                   DB_ARGS(DB_I(topics & TOPIC_MATERIALS ? 1 : 0), DB_I(topics & TOPIC_STOCK ? 1 : 0),
                           DB_I(topics & TOPIC_DOCUMENTS ? 1 : 0), DB_I(topics & TOPIC_USERS ? 1 : 0),
                           DB_I(topics & TOPIC_COUNTING ? 1 : 0)),
                   NULL);
}

enum rc ctx_read_changes(struct ctx *c, struct changes *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &CHANGES, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *out = (struct changes){db_int(rows, "materials"), db_int(rows, "stock"), db_int(rows, "documents"), db_int(rows, "users"),
                            db_int(rows, "counting")};
    return RC_OK;
}
