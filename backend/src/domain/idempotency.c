#include "domain/idempotency.h"

#include <string.h>

#include "crypto/keyring.h"

static const struct sql FIND = {"idempotency.find",
                                "SELECT fingerprint, status, body FROM idempotency WHERE user_id = $1 AND key = $2"};
static const struct sql KEEP = {"idempotency.keep", "INSERT INTO idempotency (user_id, key, fingerprint, status, body, created_at) "
                                                    "VALUES ($1, $2, $3, $4, $5, $6)"};
static const struct sql PURGE = {"idempotency.purge", "DELETE FROM idempotency WHERE created_at < $1"};

/* NULL: this request keeps no answer. */
static const char *key_of(const struct call *call)
{
    if (strcmp(call->http->request.method, "POST") != 0 || call->route->keeps_no_answer || !call->ctx.actor.user_id)
        return NULL;
    return http_header(call->http, "Idempotency-Key");
}

bool idempotency_key_is_good(const char *key)
{
    size_t n = strlen(key);
    bool good = n >= 1 && n <= IDEMPOTENCY_KEY_MAX;
    for (const char *p = key; *p; p++)
        good = good && *p > ' ' && *p < 0x7f;
    return good;
}

static enum rc check_key(struct ctx *c, const char *key)
{
    if (!idempotency_key_is_good(key))
        error_fault(&c->err, c->arena, "Idempotency-Key", "format", "应为1到100个可见的 ASCII 字符",
                    "must be 1 to 100 visible ASCII characters", NULL);
    return c->err.rc;
}

/* A keyed hash, because a body may hold a password. */
static void fingerprint(struct call *call, const char *secret, char out[static HASH_HEX_MAX])
{
    const struct http_request *r = &call->http->request;
    const char *head = arena_fmt(call->ctx.arena, "%s %s\n", r->method, r->path);
    size_t n = strlen(head);
    char *all = arena_alloc(call->ctx.arena, n + r->body_n + 1);
    memcpy(all, head, n);
    if (r->body_n)
        memcpy(all + n, r->body, r->body_n);
    keyed_hash_hex(secret, all, n + r->body_n, out);
}

/* What was kept before the secret changed was made with the one before. */
static bool is_same(struct call *call, const char *kept)
{
    const struct keyring_keys *keys = keyring_get(call->ctx.keys);
    char print[HASH_HEX_MAX];
    for (size_t i = 0; i < keys->n; i++) {
        fingerprint(call, keys->at[i].secret, print);
        if (strcmp(print, kept) == 0)
            return true;
    }
    return false;
}

enum rc idempotency_replay(struct call *call, bool *replayed)
{
    struct ctx *c = &call->ctx;
    const char *key = key_of(call);
    *replayed = false;
    if (!key)
        return RC_OK;
    TRY(check_key(c, key));
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &FIND, DB_ARGS(DB_I(c->actor.user_id), DB_T(key)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return RC_OK;
    if (!is_same(call, db_text(rows, "fingerprint")))
        return error_set(&c->err, RC_IDEMPOTENCY_REUSED);
    struct http_response *r = &call->http->response;
    buf_reset(&r->body);
    buf_str(&r->body, db_text(rows, "body"));
    r->status = (int)db_int(rows, "status");
    http_set_header(call->http, "Idempotent-Replayed", "true");
    *replayed = true;
    return RC_OK;
}

enum rc idempotency_keep(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct http_response *r = &call->http->response;
    const char *key = key_of(call);
    if (!key || r->status >= 300)
        return RC_OK;
    char print[HASH_HEX_MAX];
    fingerprint(call, keyring_get(c->keys)->at[0].secret, print);
    TRY(db_exec(c->db, &PURGE, DB_ARGS(DB_I(c->now_ms - IDEMPOTENCY_KEEP_MS)), NULL));
    return db_exec(c->db, &KEEP,
                   DB_ARGS(DB_I(c->actor.user_id), DB_T(key), DB_T(print), DB_I(r->status), DB_T(buf_text(&r->body)),
                           DB_I(c->now_ms)),
                   NULL);
}
