#include "domain/throttle.h"

static const struct sql FAILURES = {
    "login_failures.count",
    "SELECT (SELECT COUNT(*) FROM login_failures WHERE username_fold = $1 AND ip_address = $2 AND failed_at > $3) AS pair, "
    "(SELECT COUNT(*) FROM login_failures WHERE username_fold = $1 AND failed_at > $3) AS account, "
    "(SELECT COUNT(*) FROM login_failures WHERE ip_address = $2 AND failed_at > $3) AS address, "
    "(SELECT MIN(failed_at) FROM login_failures WHERE (username_fold = $1 OR ip_address = $2) AND failed_at > $3) AS oldest"};
static const struct sql KNOWN_HERE = {
    "sessions.known", "SELECT COUNT(*) AS n FROM sessions s JOIN users u ON u.id = s.user_id "
                      "WHERE u.username_fold = $1 AND s.ip_address = $2 AND s.created_at > $3"};
static const struct sql FAILURE_INSERT = {
    "login_failures.insert", "INSERT INTO login_failures (username_fold, ip_address, failed_at) VALUES ($1, $2, $3)"};
static const struct sql FAILURE_PURGE = {"login_failures.purge", "DELETE FROM login_failures WHERE failed_at < $1"};
static const struct sql FAILURE_FORGET = {"login_failures.forget",
                                          "DELETE FROM login_failures WHERE username_fold = $1 AND ip_address = $2"};

static enum rc too_many(struct ctx *c, int limit, int64_t oldest_ms)
{
    int64_t wait_s = (oldest_ms + THROTTLE_WINDOW_MS - c->now_ms) / 1000 + 1;
    c->err.retry_after_s = (int)(wait_s < 1 ? 1 : wait_s);
    c->err.limit = limit;
    return error_set(&c->err, RC_TOO_MANY_LOGINS);
}

enum rc throttle_check(struct ctx *c, const char *username_fold)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &FAILURES,
                 DB_ARGS(DB_T(username_fold), DB_T(c->actor.ip_address), DB_I(c->now_ms - THROTTLE_WINDOW_MS)), &rows));
    TRY(db_next(rows, &more));
    int64_t pair = db_int(rows, "pair"), oldest = db_int(rows, "oldest");
    int limit = db_int(rows, "account") >= THROTTLE_ACCOUNT_MAX   ? THROTTLE_ACCOUNT_MAX
                : db_int(rows, "address") >= THROTTLE_ADDRESS_MAX ? THROTTLE_ADDRESS_MAX
                                                                  : 0;
    if (pair >= THROTTLE_PAIR_MAX)
        return too_many(c, THROTTLE_PAIR_MAX, oldest);
    if (!limit)
        return RC_OK;
    int64_t known;
    TRY(ctx_number(c, &KNOWN_HERE,
                   DB_ARGS(DB_T(username_fold), DB_T(c->actor.ip_address), DB_I(c->now_ms - THROTTLE_KNOWN_MS)), &known));
    return known ? RC_OK : too_many(c, limit, oldest);
}

enum rc throttle_failed(struct ctx *c, const char *username_fold)
{
    TRY(db_exec(c->db, &FAILURE_PURGE, DB_ARGS(DB_I(c->now_ms - THROTTLE_WINDOW_MS)), NULL));
    return db_exec(c->db, &FAILURE_INSERT, DB_ARGS(DB_T(username_fold), DB_T(c->actor.ip_address), DB_I(c->now_ms)), NULL);
}

enum rc throttle_succeeded(struct ctx *c, const char *username_fold)
{
    return db_exec(c->db, &FAILURE_FORGET, DB_ARGS(DB_T(username_fold), DB_T(c->actor.ip_address)), NULL);
}
