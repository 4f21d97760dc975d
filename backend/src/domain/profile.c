#include "domain/profile.h"

#include <string.h>

#include "base/text.h"
#include "crypto/password.h"
#include "domain/audit.h"
#include "domain/reply.h"
#include "domain/session.h"
#include "domain/throttle.h"
#include "domain/user.h"

static const struct sql MY_SESSIONS = {
    "session.of_user",
    "SELECT id, ip_address, user_agent, created_at, expires_at, CASE WHEN id = $2 THEN 1 ELSE 0 END AS is_current "
    "FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3 ORDER BY created_at DESC, id DESC"};
static const struct sql SESSION_BEGAN = {"session.began", "SELECT created_at AS n FROM sessions WHERE id = $1"};

static const struct sql MY_PROFILE = {
    "user.profile",
    "SELECT id, username, role, real_name, email, avatar, password_hash, created_at, updated_at FROM users WHERE id = $1"};

struct profile {
    struct record record;
    int64_t id, created_at, updated_at;
    const char *username, *role, *real_name, *email, *avatar, *password_hash;
    const char *password, *current_password;
    const char *new_hash;  /* of the new password, made in prepare */
    bool password_refused; /* the present one was wrong: to be counted in the writer */
};
static const struct field profile_fields[] = {
    FIELD(struct profile, id, FIELD_INT, F_OUT),
    FIELD(struct profile, username, FIELD_TEXT, F_OUT),
    FIELD(struct profile, role, FIELD_TEXT, F_OUT),
    FIELD(struct profile, real_name, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    FIELD(struct profile, email, FIELD_TEXT, F_IN | F_OUT, .max = 100, .valid = user_is_email, .bad_zh = "邮箱格式不正确",
          .bad_en = "This is not an e-mail address"),
    FIELD(struct profile, avatar, FIELD_TEXT, F_OUT),
    FIELD(struct profile, created_at, FIELD_TIME, F_OUT),
    FIELD(struct profile, updated_at, FIELD_TIME, F_OUT),
    FIELD(struct profile, password_hash, FIELD_TEXT, F_SECRET),
    FIELD(struct profile, password, FIELD_TEXT, F_IN | F_SECRET | F_RAW),
    FIELD(struct profile, current_password, FIELD_TEXT, F_IN | F_SECRET | F_RAW, .max = PASSWORD_CHARS_MAX * 8),
};
static const struct record_type profile_type = RECORD_TYPE("Profile", struct profile, profile_fields);

static enum rc load_me(struct ctx *c, struct profile *me)
{
    DB_ROWS rows = NULL;
    bool found;
    *me = (struct profile){0};
    TRY(db_start(c->db, &MY_PROFILE, DB_ARGS(DB_I(c->actor.user_id)), &rows));
    TRY(db_next(rows, &found));
    if (!found)
        return error_set(&c->err, RC_TOKEN_INVALID);
    record_from_row(c, &profile_type, rows, me);
    return RC_OK;
}

static enum rc get_me(struct call *call)
{
    struct profile me;
    TRY(load_me(&call->ctx, &me));
    return reply_record(call, &profile_type, &me);
}

/* ---------------------------------------------------------------- changing it */

/* Without the present password only shortly after signing in. */
static enum rc may_do_without(struct ctx *c)
{
    int64_t began;
    TRY(ctx_number(c, &SESSION_BEGAN, DB_ARGS(DB_I(c->actor.session_id)), &began));
    if (c->now_ms - began > PROFILE_FRESH_MS)
        error_fault(&c->err, c->arena, "currentPassword", "required", "修改密码请输入当前密码",
                    "The current password is required to change it", NULL);
    return c->err.rc;
}

static enum rc prepare_password(struct ctx *c, struct profile *p)
{
    struct profile me;
    char hash[PASSWORD_HASH_MAX];
    user_check_password(c, "password", p->password);
    if (c->err.rc != RC_OK)
        return c->err.rc;
    TRY(load_me(c, &me));
    if (!p->current_password)
        TRY(may_do_without(c));
    TRY(throttle_check(c, text_fold(c->arena, me.username)));
    p->password_refused = p->current_password && !password_matches(p->current_password, me.password_hash);
    if (p->password_refused)
        return RC_OK;
    if (password_matches(p->password, me.password_hash))
        return error_set(&c->err, RC_PASSWORD_SAME);
    TRY(password_hash(p->password, hash));
    p->new_hash = arena_dup(c->arena, hash);
    return RC_OK;
}

static enum rc prepare_put_me(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct profile *p = arena_new(c->arena, struct profile);
    TRY(record_from_json(c, &profile_type, call->body, "", RECORD_UPDATE, p));
    call->prepared = p;
    if (p->password)
        return prepare_password(c, p);
    if (!record_given(&profile_type, p, "real_name") && !record_given(&profile_type, p, "email"))
        return error_set(&c->err, RC_NOTHING_TO_UPDATE);
    return c->actor.must_change_password ? error_set(&c->err, RC_PASSWORD_CHANGE_REQUIRED) : RC_OK;
}

static enum rc put_me(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct profile *p = call->prepared;
    struct profile before, after;
    if (p->password_refused) { /* guessing through a stolen session is throttled like signing in */
        TRY(throttle_failed(c, text_fold(c->arena, c->actor.username)));
        reply_error(call->http, c, RC_PASSWORD_WRONG);
        return RC_OK;
    }
    TRY(load_me(c, &before));
    after = before;
    if (record_merge(&profile_type, &after, p))
        TRY(user_set_contact(c, before.id, after.real_name, after.email));
    if (p->new_hash)
        TRY(user_set_password(c, before.id, p->new_hash, false, c->actor.session_id));
    TRY(audit_write(c, &(struct audit_entry){.module = "profile", .action = "update", .resource_type = "user",
                                             .resource_id = before.id,
                                             .description = arena_fmt(c->arena, "更新个人信息: %s%s", before.username,
                                                                      p->new_hash ? "（修改密码）" : ""),
                                             .changes = record_changes(c, &profile_type, &before, &after)}));
    return reply_id(call, 200, "个人信息更新成功", "Profile updated", before.id);
}

/* ---------------------------------------------------------------- where I am signed in */

struct session_row {
    struct record record;
    int64_t id, created_at, expires_at, is_current;
    const char *ip_address, *user_agent;
};
static const struct field session_fields[] = {
    FIELD(struct session_row, id, FIELD_INT, F_OUT),
    FIELD(struct session_row, ip_address, FIELD_TEXT, F_OUT),
    FIELD(struct session_row, user_agent, FIELD_TEXT, F_OUT),
    FIELD(struct session_row, created_at, FIELD_TIME, F_OUT),
    FIELD(struct session_row, expires_at, FIELD_TIME, F_OUT),
    FIELD(struct session_row, is_current, FIELD_INT, F_OUT),
};
static const struct record_type session_type = RECORD_TYPE("Session", struct session_row, session_fields);

static enum rc get_sessions(struct call *call)
{
    const struct ctx *c = &call->ctx;
    return reply_rows(call, &session_type, &MY_SESSIONS,
                      DB_ARGS(DB_I(c->actor.user_id), DB_I(c->actor.session_id), DB_I(c->now_ms)));
}

static enum rc delete_session(struct call *call)
{
    struct ctx *c = &call->ctx;
    bool ended;
    TRY(session_end_own(c, call->id, &ended));
    if (!ended)
        return error_set(&c->err, RC_SESSION_NOT_FOUND);
    TRY(audit_write(c, &(struct audit_entry){.module = "profile", .action = "end_session", .resource_type = "session",
                                             .resource_id = call->id,
                                             .description = arena_fmt(c->arena, "结束登录会话: %s", c->actor.username)}));
    return reply_message(call, "会话已结束", "The session has ended");
}

static const struct route profile_routes[] = {
    ROUTE("GET", "/api/profile/me", LANE_READ, PERM_SIGNED_IN, NULL, get_me, "个人信息", .answer = &profile_type),
    ROUTE("PUT", "/api/profile/me", LANE_SLOW, PERM_SIGNED_IN, &profile_type, put_me, "更新个人信息", .prepare = prepare_put_me,
          .keeps_no_answer = true, .updates = true, .parts = PARTS({"id"}),
          .refusals = REFUSALS(RC_NOTHING_TO_UPDATE, RC_PASSWORD_WRONG, RC_PASSWORD_SAME, RC_TOO_MANY_LOGINS,
                               RC_PASSWORD_CHANGE_REQUIRED)),
    ROUTE("GET", "/api/profile/sessions", LANE_READ, PERM_SIGNED_IN, NULL, get_sessions, "我的登录会话", .shape = ANSWER_ARRAY,
          .answer = &session_type),
    ROUTE("DELETE", "/api/profile/sessions/:id", LANE_WRITE, PERM_SIGNED_IN, NULL, delete_session, "结束登录会话",
          .refusals = REFUSALS(RC_SESSION_NOT_FOUND)),
};
const struct module profile_module = MODULE("profile", "个人中心", profile_routes);
