#include "domain/session.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "crypto/password.h"
#include "crypto/keyring.h"
#include "domain/audit.h"
#include "domain/reply.h"
#include "domain/service_token.h"
#include "domain/throttle.h"
#include "domain/user.h"

#define TOKEN_UNUSED_MS (INT64_C(24) * 3600 * 1000) /* an unused successor of a token that is used again is deleted after this */
#define SESSION_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000) /* sessions that are over, and dead tokens, are kept as long */
#define PURGE_ROWS 200

_Static_assert(SESSION_KEPT_MS >= THROTTLE_KNOWN_MS, "the throttle looks back as far");

/* ---------------------------------------------------------------- bodies */

struct credentials {
    struct record record;
    const char *username, *password;
};
static const struct field credentials_fields[] = {
    FIELD(struct credentials, username, FIELD_TEXT, F_IN | F_NEED, .max = 50, .need_zh = "用户名不能为空",
          .need_en = "The user name is required", .bad_zh = "用户名长度不能超过50个字符",
          .bad_en = "The user name may have at most 50 characters"),
    FIELD(struct credentials, password, FIELD_TEXT, F_IN | F_NEED | F_SECRET | F_RAW, .max = PASSWORD_CHARS_MAX * 8,
          .need_zh = "密码不能为空", .need_en = "The password is required"),
};
static const struct record_type credentials_type = RECORD_TYPE("Credentials", struct credentials, credentials_fields);

struct refresh {
    struct record record;
    const char *refresh_token;
};
static const struct field refresh_fields[] = {
    FIELD(struct refresh, refresh_token, FIELD_TEXT, F_IN | F_NEED | F_SECRET, .max = 2000),
};
static const struct record_type refresh_type = RECORD_TYPE("Refresh", struct refresh, refresh_fields);

struct password_change {
    struct record record;
    const char *current_password, *new_password;
    const char *hash; /* of the new one, made in prepare */
};
static const struct field password_change_fields[] = {
    FIELD(struct password_change, current_password, FIELD_TEXT, F_IN | F_NEED | F_SECRET | F_RAW, .max = PASSWORD_CHARS_MAX * 8,
          .need_zh = "当前密码不能为空", .need_en = "The current password is required"),
    FIELD(struct password_change, new_password, FIELD_TEXT, F_IN | F_NEED | F_SECRET | F_RAW, .max = PASSWORD_CHARS_MAX * 8,
          .need_zh = "新密码不能为空", .need_en = "The new password is required"),
};
static const struct record_type password_change_type =
    RECORD_TYPE("PasswordChange", struct password_change, password_change_fields);

/* ---------------------------------------------------------------- statements */

static const struct sql SESSION_BY_ID = {
    "session.by_id", "SELECT s.user_id, s.expires_at, s.ended_at, u.username, u.real_name, u.role, u.status, "
                     "u.must_change_password FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"};
static const struct sql SESSION_INSERT = {
    "session.insert", "INSERT INTO sessions (user_id, ip_address, user_agent, created_at, expires_at) "
                      "VALUES ($1, $2, $3, $4, $5) RETURNING id"};
static const struct sql SESSION_EXTEND = {"session.extend", "UPDATE sessions SET expires_at = $2 WHERE id = $1"};
static const struct sql SESSION_END = {
    "session.end", "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL"};
static const struct sql SESSION_END_OWN = {
    "session.end_own", "UPDATE sessions SET ended_at = $3, end_reason = 'logout' WHERE id = $1 AND user_id = $2 AND ended_at IS NULL "
                       "AND expires_at > $3"};
static const struct sql SESSION_END_ALL = {
    "session.end_all",
    "UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL"};
static const struct sql TOKEN_INSERT = {
    "refresh_token.insert",
    "INSERT INTO refresh_tokens (session_id, parent_id, token_hash, created_at) VALUES ($1, $2, $3, $4)"};
static const struct sql TOKEN_BY_HASH = {
    "refresh_token.by_hash", "SELECT t.id, t.session_id, t.parent_id, t.state, s.ended_at, s.expires_at, s.user_id, u.status "
                             "FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id "
                             "WHERE t.token_hash = $1"};
static const struct sql TOKEN_USED = {"refresh_token.used",
                                      "UPDATE refresh_tokens SET state = 'used', parent_id = NULL WHERE id = $1"};
static const struct sql TOKEN_PARENT_DEAD = {
    "refresh_token.parent_dead",
    "UPDATE refresh_tokens SET state = 'dead', parent_id = NULL WHERE id = $1 OR parent_id = $1"};
/* What was never used of a token that is used again and again. */
static const struct sql TOKEN_PURGE_UNUSED = {
    "refresh_token.purge_unused", "DELETE FROM refresh_tokens WHERE parent_id = $1 AND created_at < $2"};
/* The youngest first, because they name the older ones. */
static const struct sql TOKEN_PURGE = {
    "refresh_token.purge",
    "DELETE FROM refresh_tokens WHERE id IN (SELECT t.id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id "
    "WHERE t.created_at < $1 AND (t.state = 'dead' OR s.ended_at < $1 OR s.expires_at < $1) ORDER BY t.id DESC LIMIT $2)"};
static const struct sql SESSION_PURGE = {
    "session.purge",
    "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.created_at < $1 AND (s.ended_at < $1 OR "
    "s.expires_at < $1) AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.id) LIMIT $2)"};
static const struct sql USER_REHASH = {"user.rehash", "UPDATE users SET password_hash = $2 WHERE id = $1"};

/* ---------------------------------------------------------------- who asks */

static bool session_is_live(struct db_rows *rows, int64_t now_ms)
{
    return db_is_null(rows, "ended_at") && db_int(rows, "expires_at") > now_ms &&
           strcmp(db_text(rows, "status"), "active") == 0;
}

static enum rc take_session(struct ctx *c, int64_t session_id, int64_t user_id)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &SESSION_BY_ID, DB_ARGS(DB_I(session_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more || db_int(rows, "user_id") != user_id || !session_is_live(rows, c->now_ms) || !user_as_actor(c, rows))
        return error_set(&c->err, RC_TOKEN_INVALID);
    c->actor.session_id = session_id;
    c->actor.permissions = role_permissions(c->actor.role);
    return RC_OK;
}

/* The token of an Authorization header; NULL: it has none. */
static const char *token_of(const char *authorization)
{
    return authorization && strncasecmp(authorization, "Bearer ", 7) == 0 && authorization[7] ? authorization + 7 : NULL;
}

static enum rc read_claims(struct ctx *c, const char *token, struct access_claims *out)
{
    bool holds = keyring_verify(c->keys, c->tokens, token, c->now_ms / 1000, out);
    return holds ? RC_OK : error_set(&c->err, RC_TOKEN_INVALID);
}

enum rc session_authenticate(struct ctx *c, const char *authorization)
{
    struct access_claims claims;
    const char *token = token_of(authorization);
    if (!token)
        return error_set(&c->err, RC_TOKEN_MISSING);
    if (service_token_is_one(token))
        return service_token_authenticate(c, token);
    TRY(read_claims(c, token, &claims));
    return take_session(c, claims.session_id, claims.user_id);
}

enum rc session_look_at(struct ctx *c, const char *authorization, int64_t *user_id)
{
    struct access_claims claims = {0};
    const char *token = token_of(authorization);
    if (!token)
        return error_set(&c->err, RC_TOKEN_MISSING);
    if (!service_token_is_one(token))
        TRY(read_claims(c, token, &claims));
    *user_id = claims.user_id;
    return RC_OK;
}

enum rc session_check_again(struct ctx *c)
{
    return c->actor.service_token_id ? service_token_check_again(c) : take_session(c, c->actor.session_id, c->actor.user_id);
}

enum rc session_end_all(struct ctx *c, int64_t user_id, int64_t keep, const char *reason)
{
    return db_exec(c->db, &SESSION_END_ALL, DB_ARGS(DB_I(user_id), DB_I(keep), DB_I(c->now_ms), DB_T(reason)), NULL);
}

enum rc session_end_own(struct ctx *c, int64_t id, bool *ended)
{
    int64_t changed;
    TRY(db_exec(c->db, &SESSION_END_OWN, DB_ARGS(DB_I(id), DB_I(c->actor.user_id), DB_I(c->now_ms)), &changed));
    *ended = changed > 0;
    return RC_OK;
}

/* ---------------------------------------------------------------- tokens */

struct tokens {
    const char *access;
    char refresh[TOKEN_RANDOM_MAX];
};

static enum rc issue_tokens(struct ctx *c, int64_t user_id, int64_t session_id, struct db_value parent, struct tokens *out)
{
    char hash[HASH_HEX_MAX];
    struct access_claims claims = {.user_id = user_id, .session_id = session_id, .issued_s = c->now_ms / 1000};
    claims.expires_s = claims.issued_s + c->settings->jwt_expires_s;
    TRY(keyring_sign(c->keys, c->arena, &claims, &out->access));
    token_random(out->refresh);
    hash_hex(out->refresh, strlen(out->refresh), hash);
    return db_exec(c->db, &TOKEN_INSERT, DB_ARGS(DB_I(session_id), parent, DB_T(hash), DB_I(c->now_ms)), NULL);
}

/* How long a session lives from now on: never shorter than its access token. */
static int64_t session_end_ms(const struct ctx *c)
{
    int64_t token_ms = c->settings->jwt_expires_s * 1000;
    return c->now_ms + (token_ms > SESSION_IDLE_MS ? token_ms : SESSION_IDLE_MS);
}

static void write_person(struct json_writer *w, const struct user *u, enum role role)
{
    jw_member_int(w, "id", u->id);
    jw_member_text(w, "username", u->username);
    jw_member_text(w, "role", u->role);
    jw_member_text(w, "realName", u->real_name);
    jw_member_text(w, "email", u->email);
    jw_member_text(w, "avatar", u->avatar);
    jw_member_bool(w, "mustChangePassword", u->must_change_password);
    jw_name(w, "permissions");
    user_write_permissions(w, role);
}

static void write_tokens(struct call *call, struct json_writer *w, const struct tokens *t)
{
    jw_member_text(w, "accessToken", t->access);
    jw_member_text(w, "refreshToken", t->refresh);
    jw_member_int(w, "expiresIn", call->ctx.settings->jwt_expires_s);
}

/* ---------------------------------------------------------------- login */

struct login {
    const char *fold;       /* of the user name */
    struct user user;       /* as it was when the password was looked at */
    bool matches;
    const char *new_hash;   /* the old one is out of date (bcrypt, other costs); NULL: keep it */
};

static enum rc prepare_login(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct credentials who;
    TRY(record_from_json(c, &credentials_type, call->body, "", RECORD_CREATE, &who));
    struct login *l = arena_new(c->arena, struct login);
    l->fold = text_fold(c->arena, who.username);
    call->prepared = l;
    TRY(throttle_check(c, l->fold)); /* before the costly part; the handler checks again, exactly */
    bool found;
    TRY(user_by_name(c, who.username, &l->user, &found));
    if (!found) {
        (void)password_matches(who.password, PASSWORD_OF_NOBODY);
        return RC_OK;
    }
    l->matches = password_matches(who.password, l->user.password_hash);
    if (l->matches && password_needs_renewal(l->user.password_hash)) {
        char hash[PASSWORD_HASH_MAX];
        TRY(password_hash(who.password, hash));
        l->new_hash = arena_dup(c->arena, hash);
    }
    return RC_OK;
}

/* The failure is kept (it commits), and the client is refused. A name that nobody has is not told: it may be a password,
 * typed into the wrong field, and the log keeps everything for ever. */
static enum rc refuse_login(struct call *call, const struct login *l)
{
    struct ctx *c = &call->ctx;
    TRY(throttle_failed(c, l->fold));
    TRY(audit_write(c, &(struct audit_entry){.module = "auth", .action = "login_failed", .resource_type = "user",
                                             .resource_id = l->user.id,
                                             .description = arena_fmt(c->arena, "登录失败: %s",
                                                                      l->user.id ? l->fold : "没有此用户名的账户")}));
    reply_error(call->http, c, RC_LOGIN_FAILED);
    return RC_OK;
}

/* What is over for long, a little at each sign-in. The throttle asks for the sessions of its own last 30 days. */
static enum rc purge(struct ctx *c)
{
    const struct db_value args[] = {DB_I(c->now_ms - SESSION_KEPT_MS), DB_I(PURGE_ROWS)};
    TRY(db_exec(c->db, &TOKEN_PURGE, args, 2, NULL));
    return db_exec(c->db, &SESSION_PURGE, args, 2, NULL);
}

static enum rc open_session(struct ctx *c, const struct login *l, struct tokens *tokens)
{
    int64_t session;
    TRY(purge(c));
    TRY(ctx_insert(c, &SESSION_INSERT,
                   DB_ARGS(DB_I(l->user.id), DB_T(c->actor.ip_address),
                           DB_T(c->actor.user_agent ? text_shorten(c->arena, c->actor.user_agent, 300) : NULL),
                           DB_I(c->now_ms), DB_I(session_end_ms(c))),
                   &session));
    TRY(issue_tokens(c, l->user.id, session, DB_N, tokens));
    TRY(throttle_succeeded(c, l->fold));
    if (l->new_hash)
        TRY(db_exec(c->db, &USER_REHASH, DB_ARGS(DB_I(l->user.id), DB_T(l->new_hash)), NULL));
    c->actor.user_id = l->user.id;
    return audit_write(c, &(struct audit_entry){.module = "auth", .action = "login", .resource_type = "user",
                                                .resource_id = l->user.id,
                                                .description = arena_fmt(c->arena, "用户登录: %s", l->user.username)});
}

static enum rc post_login(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct login *l = call->prepared;
    struct user now;
    bool found = false;
    enum role role;
    TRY(throttle_check(c, l->fold));
    if (l->matches)
        TRY(user_by_id(c, l->user.id, &now, &found));
    if (!found || strcmp(now.password_hash, l->user.password_hash) != 0 || !role_find(now.role, &role))
        return refuse_login(call, l);
    if (strcmp(now.status, "active") != 0)
        return error_set(&c->err, RC_ACCOUNT_DISABLED);
    struct tokens tokens;
    TRY(open_session(c, l, &tokens));
    struct json_writer w = reply_data(call, 200, "登录成功", "Signed in");
    jw_object(&w);
    write_tokens(call, &w, &tokens);
    jw_name(&w, "user");
    jw_object(&w);
    write_person(&w, &now, role);
    jw_object_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- refresh */

struct known_token {
    int64_t id, session_id, user_id;
    struct db_value parent;
    bool live, dead, fresh;
};

static enum rc find_token(struct ctx *c, const char *token, struct known_token *out, bool *found)
{
    char hash[HASH_HEX_MAX];
    hash_hex(token, strlen(token), hash);
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &TOKEN_BY_HASH, DB_ARGS(DB_T(hash)), &rows));
    TRY(db_next(rows, found));
    if (!*found)
        return RC_OK;
    const char *state = db_text(rows, "state");
    out->id = db_int(rows, "id");
    out->session_id = db_int(rows, "session_id");
    out->user_id = db_int(rows, "user_id");
    out->parent = db_is_null(rows, "parent_id") ? DB_N : DB_I(db_int(rows, "parent_id"));
    out->dead = strcmp(state, "dead") == 0;
    out->fresh = strcmp(state, "fresh") == 0;
    out->live = session_is_live(rows, c->now_ms);
    return RC_OK;
}

/* A token that has a used successor, or whose sibling was used, comes only from a thief or to a thief: the family ends. */
static enum rc end_stolen(struct call *call, const struct known_token *t)
{
    struct ctx *c = &call->ctx;
    TRY(db_exec(c->db, &SESSION_END, DB_ARGS(DB_I(t->session_id), DB_I(c->now_ms), DB_T("token_reuse")), NULL));
    c->actor.user_id = t->user_id;
    TRY(audit_write(c, &(struct audit_entry){.module = "auth", .action = "token_reuse", .resource_type = "user",
                                             .resource_id = t->user_id,
                                             .description = "旧的 Refresh Token 被再次使用，会话已终止"}));
    reply_error(call->http, c, RC_REFRESH_INVALID);
    return RC_OK;
}

/* Using a token gives it a successor. It stays good until that successor has been used, so that a lost answer does no harm
 * and a client that ignores the successor can go on for ever; with the successor's first use it dies, and its other
 * successors with it. */
static enum rc refresh_with(struct ctx *c, const struct known_token *t, struct tokens *tokens)
{
    if (t->fresh) {
        TRY(db_exec(c->db, &TOKEN_USED, DB_ARGS(DB_I(t->id)), NULL));
        if (t->parent.type != DB_NULL)
            TRY(db_exec(c->db, &TOKEN_PARENT_DEAD, DB_ARGS(t->parent), NULL));
    } else {
        TRY(db_exec(c->db, &TOKEN_PURGE_UNUSED, DB_ARGS(DB_I(t->id), DB_I(c->now_ms - TOKEN_UNUSED_MS)), NULL));
    }
    TRY(db_exec(c->db, &SESSION_EXTEND, DB_ARGS(DB_I(t->session_id), DB_I(session_end_ms(c))), NULL));
    return issue_tokens(c, t->user_id, t->session_id, DB_I(t->id), tokens);
}

static enum rc post_refresh(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct refresh body;
    struct known_token t = {0};
    bool found;
    if (record_from_json(c, &refresh_type, call->body, "", RECORD_CREATE, &body) != RC_OK) {
        error_clear(&c->err);
        return error_set(&c->err, RC_REFRESH_MISSING);
    }
    TRY(find_token(c, body.refresh_token, &t, &found));
    if (!found || !t.live)
        return error_set(&c->err, RC_REFRESH_INVALID);
    if (t.dead)
        return end_stolen(call, &t);
    struct tokens tokens;
    TRY(refresh_with(c, &t, &tokens));
    struct json_writer w = reply_data(call, 200, "Token刷新成功", "Token refreshed");
    jw_object(&w);
    write_tokens(call, &w, &tokens);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- the rest */

static enum rc post_logout(struct call *call)
{
    struct ctx *c = &call->ctx;
    TRY(db_exec(c->db, &SESSION_END, DB_ARGS(DB_I(c->actor.session_id), DB_I(c->now_ms), DB_T("logout")), NULL));
    TRY(audit_write(c, &(struct audit_entry){.module = "auth", .action = "logout", .resource_type = "user",
                                             .resource_id = c->actor.user_id,
                                             .description = arena_fmt(c->arena, "用户登出: %s", c->actor.username)}));
    return reply_message(call, "登出成功", "Signed out");
}

static enum rc get_me(struct call *call)
{
    struct user u;
    bool found;
    TRY(user_by_id(&call->ctx, call->ctx.actor.user_id, &u, &found));
    if (!found)
        return error_set(&call->ctx.err, RC_TOKEN_INVALID);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    char text[CLOCK_TEXT_MAX];
    jw_object(&w);
    write_person(&w, &u, call->ctx.actor.role);
    jw_name(&w, "createdAt");
    jw_text_n(&w, text, clock_print_row(u.created_at, text));
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc prepare_change_password(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct password_change *p = arena_new(c->arena, struct password_change);
    struct user u;
    bool found;
    TRY(record_from_json(c, &password_change_type, call->body, "", RECORD_CREATE, p));
    user_check_password(c, "newPassword", p->new_password);
    if (c->err.rc != RC_OK)
        return c->err.rc;
    TRY(user_by_id(c, c->actor.user_id, &u, &found));
    const char *fold = found ? text_fold(c->arena, u.username) : "";
    TRY(throttle_check(c, fold));
    if (found && !password_matches(p->current_password, u.password_hash)) {
        call->prepared = NULL;
        return RC_OK;
    }
    if (strcmp(p->current_password, p->new_password) == 0)
        return error_set(&c->err, RC_PASSWORD_SAME);
    char hash[PASSWORD_HASH_MAX];
    TRY(password_hash(p->new_password, hash));
    p->hash = arena_dup(c->arena, hash);
    call->prepared = p;
    return RC_OK;
}

static enum rc post_change_password(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct password_change *p = call->prepared;
    if (!p) { /* guessing through a stolen session is throttled like signing in */
        TRY(throttle_failed(c, text_fold(c->arena, c->actor.username)));
        reply_error(call->http, c, RC_PASSWORD_WRONG);
        return RC_OK;
    }
    TRY(user_set_password(c, c->actor.user_id, p->hash, false, c->actor.session_id));
    TRY(audit_write(c, &(struct audit_entry){.module = "auth", .action = "change_password", .resource_type = "user",
                                             .resource_id = c->actor.user_id,
                                             .description = arena_fmt(c->arena, "修改密码: %s", c->actor.username)}));
    return reply_message(call, "密码修改成功", "Password changed");
}

#define PERSON_PARTS                                                                                                   \
    {"id"}, {"username", PART_TEXT}, {"role", PART_TEXT}, {"realName", PART_TEXT, .nullable = true},                    \
        {"email", PART_TEXT, .nullable = true}, {"avatar", PART_TEXT, .nullable = true}, {"mustChangePassword", PART_BOOL}, \
        {"permissions", PART_TEXTS}
#define TOKEN_PARTS {"accessToken", PART_TEXT}, {"refreshToken", PART_TEXT}, {"expiresIn"}
static const struct answer_part me_parts[] = {PERSON_PARTS, {"createdAt", PART_TIME}, {0}};

static const struct route session_routes[] = {
    ROUTE("POST", "/api/auth/login", LANE_SLOW, PERM_OPEN, &credentials_type, post_login, "登录", .prepare = prepare_login,
          .keeps_no_answer = true, .parts = PARTS(TOKEN_PARTS, {"user", PART_OBJECT, .parts = PARTS(PERSON_PARTS)}),
          .refusals = REFUSALS(RC_LOGIN_FAILED, RC_ACCOUNT_DISABLED, RC_TOO_MANY_LOGINS)),
    ROUTE("POST", "/api/auth/refresh", LANE_WRITE, PERM_OPEN, &refresh_type, post_refresh, "刷新令牌",
          .keeps_no_answer = true, .parts = PARTS(TOKEN_PARTS), .refusals = REFUSALS(RC_REFRESH_MISSING, RC_REFRESH_INVALID)),
    ROUTE("POST", "/api/auth/logout", LANE_WRITE, PERM_SIGNED_IN, NULL, post_logout, "登出", .keeps_no_answer = true),
    ROUTE("GET", "/api/auth/me", LANE_READ, PERM_SIGNED_IN, NULL, get_me, "当前用户", .parts = me_parts),
    ROUTE("POST", "/api/auth/change-password", LANE_SLOW, PERM_SIGNED_IN, &password_change_type, post_change_password,
          "修改密码", .prepare = prepare_change_password, .keeps_no_answer = true,
          .refusals = REFUSALS(RC_PASSWORD_WRONG, RC_PASSWORD_SAME, RC_TOO_MANY_LOGINS)),
};
const struct module session_module = MODULE("auth", "登录与会话", session_routes);
