#include "domain/service_token.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/audit.h"
#include "domain/reply.h"
#include "domain/user.h"

#define PREFIX "mms_"
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define NOTE_AGAIN_MS 10000

struct service_token {
    struct record record;
    int64_t id, created_at, expires_at, last_used_at, expires_in_days;
    const char *name, *scopes;
};
static const struct field service_token_fields[] = {
    FIELD(struct service_token, id, FIELD_INT, F_OUT),
    FIELD(struct service_token, name, FIELD_TEXT, F_IN | F_OUT | F_NEED | F_SURE, .max = 100, .example = "称重脚本",
          .need_zh = "令牌名称不能为空", .need_en = "The token's name is required"),
    FIELD(struct service_token, scopes, FIELD_TEXT, F_IN | F_OUT | F_NEED | F_SURE, .max = PERMISSION_SET_MAX,
          .example = "document.read document.create", .need_zh = "请至少选择一个权限范围", .need_en = "At least one scope is required"),
    FIELD(struct service_token, expires_in_days, FIELD_INT, F_IN, .min = 1, .max = SERVICE_TOKEN_DAYS_MAX),
    FIELD(struct service_token, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct service_token, expires_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct service_token, last_used_at, FIELD_TIME, F_OUT),
};
static const struct record_type service_token_type = RECORD_TYPE("ServiceToken", struct service_token, service_token_fields);

#define WHO_BY                                                                                                         \
    "SELECT t.id, t.user_id, t.scopes, t.expires_at, t.revoked_at, t.last_used_at, u.username, u.real_name, u.role, "  \
    "u.status, u.must_change_password FROM service_tokens t JOIN users u ON u.id = t.user_id WHERE "
static const struct sql WHO_BY_HASH = {"service_token.by_hash", WHO_BY "t.token_hash = $1"};
static const struct sql WHO_BY_ID = {"service_token.by_id", WHO_BY "t.id = $1"};
static const struct sql NOTE_USE = {
    "service_token.note_use", "UPDATE service_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)"};
static const struct sql MINE = {"service_token.of_user",
                                "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM service_tokens WHERE user_id = $1 "
                                "AND revoked_at IS NULL ORDER BY created_at DESC, id DESC"};
static const struct sql COUNT_MINE = {"service_token.count",
                                      "SELECT COUNT(*) AS n FROM service_tokens WHERE user_id = $1 AND revoked_at IS NULL"};
static const struct sql INSERT = {"service_token.insert", "INSERT INTO service_tokens (user_id, name, token_hash, scopes, created_at, "
                                                          "expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"};
static const struct sql REVOKE = {"service_token.revoke", "UPDATE service_tokens SET revoked_at = $3 WHERE id = $1 AND user_id = $2 "
                                                          "AND revoked_at IS NULL RETURNING name"};

/* ---------------------------------------------------------------- scopes */

#define BIT(P) (UINT64_C(1) << (P))
/* What no scope names: PERM_OPEN needs none, and PERM_SIGNED_IN is about the person. */
#define NEVER_A_SCOPE (BIT(PERM_OPEN) | BIT(PERM_SIGNED_IN))

/* NULL: every name is a scope; else the last that is none, and *out has the others. */
static const char *read_scopes(struct ctx *c, const char *names, permission_set *out)
{
    char *rest = arena_dup(c->arena, names), *place = NULL;
    const char *unknown = NULL;
    *out = 0;
    for (char *name = strtok_r(rest, " ", &place); name; name = strtok_r(NULL, " ", &place)) {
        enum permission p;
        if (permission_find(name, &p) && !(NEVER_A_SCOPE & BIT(p)))
            *out |= BIT(p);
        else
            unknown = name;
    }
    return unknown;
}

static const char *write_scopes(struct ctx *c, permission_set set)
{
    struct buf names;
    buf_init(&names, PERMISSION_SET_MAX);
    for (int p = PERM_OPEN; p < PERM_COUNT; p++)
        if (set_permits(set, (enum permission)p)) {
            if (names.n)
                buf_char(&names, ' ');
            buf_str(&names, permission_name((enum permission)p));
        }
    const char *text = arena_dup(c->arena, buf_text(&names));
    buf_free(&names);
    return text;
}

/* ---------------------------------------------------------------- who asks */

bool service_token_is_one(const char *token)
{
    return text_starts(token, PREFIX);
}

static enum rc take(struct ctx *c, const struct sql *sql, struct db_value key)
{
    DB_ROWS rows = NULL;
    bool more;
    permission_set scopes;
    TRY(db_start(c->db, sql, &key, 1, &rows));
    TRY(db_next(rows, &more));
    if (!more || !db_is_null(rows, "revoked_at") || db_int(rows, "expires_at") <= c->now_ms ||
        strcmp(db_text(rows, "status"), "active") != 0 || !user_as_actor(c, rows))
        return error_set(&c->err, RC_TOKEN_INVALID);
    (void)read_scopes(c, db_text(rows, "scopes"), &scopes); /* one that is no permission any more gives none */
    c->actor.service_token_id = db_int(rows, "id");
    c->actor.permissions = (scopes & role_permissions(c->actor.role)) | BIT(PERM_OPEN);
    c->actor.use_is_unnoted = c->now_ms - db_int(rows, "last_used_at") >= SERVICE_TOKEN_NOTED_MS;
    return RC_OK;
}

enum rc service_token_authenticate(struct ctx *c, const char *token)
{
    char hash[HASH_HEX_MAX];
    hash_hex(token, strlen(token), hash);
    return take(c, &WHO_BY_HASH, DB_T(hash));
}

enum rc service_token_check_again(struct ctx *c)
{
    return take(c, &WHO_BY_ID, DB_I(c->actor.service_token_id));
}

static enum rc note_use(struct db *db, void *arg)
{
    int64_t now_ms = clock_now_ms();
    return db_exec(db, &NOTE_USE, DB_ARGS(DB_I((intptr_t)arg), DB_I(now_ms), DB_I(now_ms - SERVICE_TOKEN_NOTED_MS)), NULL);
}

/* True: nobody has tried lately. Reading is many times faster than a writer that is held up, and must not fill its queue. Tokens
 * whose ids fall together wait for one another. */
static bool is_to_be_tried(int64_t id)
{
    static _Atomic int64_t tried_at_ms[1024];
    _Atomic int64_t *at_ms = &tried_at_ms[id % 1024];
    int64_t now_ms = clock_now_ms(), before_ms = atomic_load(at_ms);
    return now_ms - before_ms >= NOTE_AGAIN_MS && atomic_compare_exchange_strong(at_ms, &before_ms, now_ms);
}

void service_token_note_use(struct db_writer *w, const struct actor *actor)
{
    if (actor->use_is_unnoted && is_to_be_tried(actor->service_token_id)) /* if it fails, a later request notes it */
        (void)!db_writer_submit(w, (struct db_job){.run = note_use, .arg = (void *)(intptr_t)actor->service_token_id});
}

/* ---------------------------------------------------------------- handlers */

static enum rc get_tokens(struct call *call)
{
    return reply_rows(call, &service_token_type, &MINE, DB_ARGS(DB_I(call->ctx.actor.user_id)));
}

static enum rc check_scopes(struct ctx *c, const char *names, permission_set *scopes)
{
    const char *unknown = read_scopes(c, names, scopes);
    permission_set beyond = *scopes & ~c->actor.permissions;
    if (unknown)
        error_fault(&c->err, c->arena, "scopes", "choice", arena_fmt(c->arena, "没有名为 %s 的权限", text_shorten(c->arena, unknown, 50)),
                    arena_fmt(c->arena, "there is no permission %s", text_shorten(c->arena, unknown, 50)), NULL);
    else if (beyond)
        error_fault(&c->err, c->arena, "scopes", "not_permitted", arena_fmt(c->arena, "您没有这些权限：%s", write_scopes(c, beyond)),
                    arena_fmt(c->arena, "you do not have: %s", write_scopes(c, beyond)), NULL);
    return c->err.rc;
}

static enum rc add_token(struct ctx *c, const struct service_token *t, permission_set scopes, const char **token, int64_t *id)
{
    char random[TOKEN_RANDOM_MAX], hash[HASH_HEX_MAX];
    int64_t have;
    TRY(ctx_number(c, &COUNT_MINE, DB_ARGS(DB_I(c->actor.user_id)), &have));
    if (have >= SERVICE_TOKENS_MAX)
        return error_set(&c->err, RC_SERVICE_TOKEN_LIMIT);
    token_random(random);
    *token = arena_fmt(c->arena, PREFIX "%s", random);
    hash_hex(*token, strlen(*token), hash);
    TRY(ctx_insert(c, &INSERT,
                   DB_ARGS(DB_I(c->actor.user_id), DB_T(t->name), DB_T(hash), DB_T(write_scopes(c, scopes)), DB_I(c->now_ms),
                           DB_I(t->expires_at)),
                   id));
    return audit_write(c, &(struct audit_entry){.module = "profile", .action = "create_token", .resource_type = "service_token",
                                                .resource_id = *id,
                                                .description = arena_fmt(c->arena, "创建服务令牌: %s（%s）", t->name,
                                                                         write_scopes(c, scopes))});
}

static enum rc post_token(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct service_token t;
    permission_set scopes;
    const char *token = NULL;
    int64_t id;
    char text[CLOCK_TEXT_MAX];
    if (c->actor.must_change_password) /* somebody else knows it as well, and a new password leaves tokens alone */
        return error_set(&c->err, RC_PASSWORD_CHANGE_REQUIRED);
    TRY(record_from_json(c, &service_token_type, call->body, "", RECORD_CREATE, &t));
    TRY(check_scopes(c, t.scopes, &scopes));
    t.expires_at = c->now_ms + (t.expires_in_days ? t.expires_in_days : SERVICE_TOKEN_DAYS_PRESET) * DAY_MS;
    TRY(add_token(c, &t, scopes, &token, &id));
    struct json_writer w = reply_data(call, 201, "服务令牌已创建，请立即保存，之后无法再次查看",
                                      "Service token created: keep it now, it is not shown again");
    jw_object(&w);
    jw_member_int(&w, "id", id);
    jw_member_text(&w, "token", token);
    jw_name(&w, "expiresAt");
    jw_text_n(&w, text, clock_print_row(t.expires_at, text));
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc delete_token(struct call *call)
{
    struct ctx *c = &call->ctx;
    DB_ROWS rows = NULL;
    bool found;
    TRY(db_start(c->db, &REVOKE, DB_ARGS(DB_I(call->id), DB_I(c->actor.user_id), DB_I(c->now_ms)), &rows));
    TRY(db_next(rows, &found));
    if (!found)
        return error_set(&c->err, RC_SERVICE_TOKEN_NOT_FOUND);
    const char *name = arena_dup(c->arena, db_text(rows, "name"));
    TRY(db_next(rows, &found)); /* to its end */
    TRY(audit_write(c, &(struct audit_entry){.module = "profile", .action = "revoke_token", .resource_type = "service_token",
                                             .resource_id = call->id,
                                             .description = arena_fmt(c->arena, "撤销服务令牌: %s", name)}));
    return reply_message(call, "服务令牌已撤销", "The service token has been revoked");
}

static const struct route service_token_routes[] = {
    ROUTE("GET", "/api/profile/tokens", LANE_READ, PERM_SIGNED_IN, NULL, get_tokens, "我的服务令牌", .shape = ANSWER_ARRAY,
          .answer = &service_token_type),
    ROUTE("POST", "/api/profile/tokens", LANE_WRITE, PERM_SIGNED_IN, &service_token_type, post_token, "创建服务令牌", .status = 201,
          .keeps_no_answer = true, .parts = PARTS({"id"}, {"token", PART_TEXT}, {"expiresAt", PART_TIME}),
          .refusals = REFUSALS(RC_SERVICE_TOKEN_LIMIT, RC_PASSWORD_CHANGE_REQUIRED)),
    ROUTE("DELETE", "/api/profile/tokens/:id", LANE_WRITE, PERM_SIGNED_IN, NULL, delete_token, "撤销服务令牌",
          .refusals = REFUSALS(RC_SERVICE_TOKEN_NOT_FOUND)),
};
const struct module service_token_module = MODULE("service_tokens", "服务令牌", service_token_routes);
