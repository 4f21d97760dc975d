/* Owns the table users. Invariants: names are unique (folded) among accounts that are not closed; at least one active
 * system_admin is left by every change. */
#include "domain/user.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "crypto/password.h"
#include "domain/audit.h"
#include "domain/draft.h"
#include "domain/list_export.h"
#include "domain/preference.h"
#include "domain/reply.h"
#include "domain/saved_view.h"
#include "domain/search_index.h"
#include "domain/session.h"

static bool is_username(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return true;
}

bool user_is_email(const char *text)
{
    const char *at = strchr(text, '@');
    return at && at != text && strchr(at + 1, '.') && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n<>");
}

static const char *const user_statuses[] = {"active", "disabled", NULL};

static const struct field user_fields[] = {
    FIELD(struct user, id, FIELD_INT, F_OUT),
    FIELD(struct user, username, FIELD_TEXT, F_IN | F_OUT | F_NEED, .min = 3, .max = 50, .valid = is_username,
          .bad_zh = "用户名应为3-50个字母、数字、下划线或连字符",
          .bad_en = "The user name must be 3 to 50 letters, digits, underscores or hyphens"),
    FIELD(struct user, password, FIELD_TEXT, F_IN | F_SECRET | F_RAW | F_ASKED),
    FIELD(struct user, role, FIELD_TEXT, F_IN | F_OUT | F_NEED, .choices = role_names, .bad_zh = "无效的角色类型",
          .bad_en = "There is no such role"),
    FIELD(struct user, real_name, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    FIELD(struct user, email, FIELD_TEXT, F_IN | F_OUT, .max = 100, .valid = user_is_email, .bad_zh = "邮箱格式不正确",
          .bad_en = "This is not an e-mail address"),
    FIELD(struct user, avatar, FIELD_TEXT, 0),
    FIELD(struct user, status, FIELD_TEXT, F_IN | F_OUT, .choices = user_statuses, .bad_zh = "状态必须是 active 或 disabled",
          .bad_en = "The status must be active or disabled"),
    FIELD(struct user, must_change_password, FIELD_FLAG, F_IN | F_OUT | F_SURE),
    FIELD(struct user, password_hash, FIELD_TEXT, F_SECRET),
    FIELD(struct user, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct user, updated_at, FIELD_TIME, F_OUT | F_SURE),
};
const struct record_type user_type = RECORD_TYPE("User", struct user, user_fields);

#define USER_COLUMNS                                                                                                   \
    "id, username, password_hash, role, real_name, email, avatar, status, must_change_password, created_at, updated_at"

static const struct sql USER_BY_NAME = {
    "user.by_name", "SELECT " USER_COLUMNS " FROM users WHERE username_fold = $1 AND status <> 'closed'"};
static const struct sql USER_BY_ID = {"user.by_id",
                                      "SELECT " USER_COLUMNS " FROM users WHERE id = $1 AND status <> 'closed'"};
static const struct sql USER_INSERT = {
    "user.insert", "INSERT INTO users (username, username_fold, password_hash, role, real_name, email, status, "
                   "must_change_password, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id"};
static const struct sql USER_UPDATE = {
    "user.update", "UPDATE users SET username = $2, username_fold = $3, role = $4, real_name = $5, email = $6, status = $7, "
                   "must_change_password = $8, updated_at = $9 WHERE id = $1"};
static const struct sql USER_PASSWORD = {
    "user.password", "UPDATE users SET password_hash = $2, must_change_password = $3, updated_at = $4 WHERE id = $1"};
static const struct sql USER_CONTACT = {
    "user.contact", "UPDATE users SET real_name = $2, email = $3, updated_at = $4 WHERE id = $1"};
static const struct sql USER_STATUS = {"user.status", "UPDATE users SET status = $2, updated_at = $3 WHERE id = $1"};
static const struct sql USER_COUNT = {"user.count", "SELECT COUNT(*) AS n FROM users"};
static const struct sql OTHER_ADMINS = {
    "user.other_admins",
    "SELECT COUNT(*) AS n FROM users WHERE role = 'system_admin' AND status = 'active' AND id <> $1"};

static enum rc load(struct ctx *c, const struct sql *sql, struct db_value key, struct user *out, bool *found)
{
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, sql, &key, 1, &rows));
    TRY(db_next(rows, found));
    if (*found)
        record_from_row(c, &user_type, rows, out);
    return RC_OK;
}

enum rc user_by_name(struct ctx *c, const char *username, struct user *out, bool *found)
{
    return load(c, &USER_BY_NAME, DB_T(text_fold(c->arena, username)), out, found);
}

enum rc user_by_id(struct ctx *c, int64_t id, struct user *out, bool *found)
{
    return load(c, &USER_BY_ID, DB_I(id), out, found);
}

bool user_as_actor(struct ctx *c, struct db_rows *rows)
{
    c->actor.user_id = db_int(rows, "user_id");
    c->actor.username = arena_dup(c->arena, db_text(rows, "username"));
    c->actor.real_name = arena_dup(c->arena, db_text(rows, "real_name"));
    c->actor.must_change_password = db_int(rows, "must_change_password");
    return role_find(db_text(rows, "role"), &c->actor.role);
}

enum rc user_count(struct ctx *c, int64_t *count)
{
    return ctx_number(c, &USER_COUNT, DB_NO_ARGS, count);
}

void user_check_password(struct ctx *c, const char *field, const char *password)
{
    bool letter = false, digit = false;
    for (const char *p = password; *p; p++) {
        letter = letter || isalpha((unsigned char)*p);
        digit = digit || isdigit((unsigned char)*p);
    }
    size_t chars = text_chars(password);
    if (chars < PASSWORD_CHARS_MIN)
        error_fault(&c->err, c->arena, field, "too_short", "密码至少需要8个字符", "The password needs at least 8 characters", NULL);
    if (chars > PASSWORD_CHARS_MAX)
        error_fault(&c->err, c->arena, field, "too_long", "密码最多128个字符", "The password may have at most 128 characters", NULL);
    if (!letter)
        error_fault(&c->err, c->arena, field, "format", "密码需要包含字母", "The password needs a letter", NULL);
    if (!digit)
        error_fault(&c->err, c->arena, field, "format", "密码需要包含数字", "The password needs a digit", NULL);
}

void user_write_permissions(struct json_writer *w, enum role role)
{
    jw_array(w);
    for (int p = PERM_SIGNED_IN + 1; p < PERM_COUNT; p++)
        if (role_has(role, (enum permission)p))
            jw_text(w, permission_name((enum permission)p));
    jw_array_end(w);
}

static enum rc must_be_free(struct ctx *c, const char *username, enum rc taken)
{
    struct user there;
    bool found;
    TRY(user_by_name(c, username, &there, &found));
    return found ? error_set(&c->err, taken) : RC_OK;
}

enum rc user_add(struct ctx *c, const struct user *u, int64_t *id)
{
    TRY(must_be_free(c, u->username, RC_USERNAME_TAKEN));
    TRY(ctx_insert(c, &USER_INSERT,
                   DB_ARGS(DB_T(u->username), DB_T(text_fold(c->arena, u->username)), DB_T(u->password_hash), DB_T(u->role),
                           DB_T(u->real_name), DB_T(u->email), DB_T(u->status ? u->status : "active"),
                           DB_I(u->must_change_password), DB_I(c->now_ms)),
                   id));
    TRY(search_put(c, SEARCH_USER, *id));
    TRY(ctx_changed(c, TOPIC_USERS));
    return audit_write(c, &(struct audit_entry){.module = "users", .action = "create", .resource_type = "user",
                                                .resource_id = *id,
                                                .description = arena_fmt(c->arena, "创建用户: %s (%s)", u->username, u->role)});
}

enum rc user_set_password(struct ctx *c, int64_t id, const char *password_hash, bool must_change, int64_t keep_session)
{
    TRY(db_exec(c->db, &USER_PASSWORD, DB_ARGS(DB_I(id), DB_T(password_hash), DB_I(must_change), DB_I(c->now_ms)), NULL));
    TRY(ctx_changed(c, TOPIC_USERS));
    return session_end_all(c, id, keep_session, "password");
}

enum rc user_set_contact(struct ctx *c, int64_t id, const char *real_name, const char *email)
{
    TRY(db_exec(c->db, &USER_CONTACT, DB_ARGS(DB_I(id), DB_T(real_name), DB_T(email), DB_I(c->now_ms)), NULL));
    TRY(search_put(c, SEARCH_USER, id));
    return ctx_changed(c, TOPIC_USERS);
}

/* RC_LAST_ADMINISTRATOR when `before` is the only active administrator and would be none afterwards. */
static enum rc keep_an_administrator(struct ctx *c, const struct user *before, const char *role, const char *status)
{
    bool was = strcmp(before->role, "system_admin") == 0 && strcmp(before->status, "active") == 0;
    bool stays = strcmp(role, "system_admin") == 0 && strcmp(status, "active") == 0;
    int64_t others;
    if (!was || stays)
        return RC_OK;
    TRY(ctx_number(c, &OTHER_ADMINS, DB_ARGS(DB_I(before->id)), &others));
    return others ? RC_OK : error_set(&c->err, RC_LAST_ADMINISTRATOR);
}

enum rc user_set_status(struct ctx *c, const struct user *u, const char *status)
{
    TRY(keep_an_administrator(c, u, u->role, status));
    TRY(db_exec(c->db, &USER_STATUS, DB_ARGS(DB_I(u->id), DB_T(status), DB_I(c->now_ms)), NULL));
    TRY(search_put(c, SEARCH_USER, u->id));
    TRY(ctx_changed(c, TOPIC_USERS));
    if (strcmp(status, "active") == 0)
        return RC_OK;
    return session_end_all(c, u->id, 0, "disabled");
}

/* ---------------------------------------------------------------- handlers */

static const struct list_spec user_list = {
    .columns = "u.id, u.username, u.role, u.real_name, u.email, u.status, u.must_change_password, u.created_at, u.updated_at",
    .from = "users u",
    .id = "u.id",
    .topics = TOPIC_USERS,
    .page_size = 10,
    .sorts = {{"created_at", "u.created_at", false}, {"username", "u.username_fold", true}},
    .filters = {{"keyword", FILTER_NAME,
                 "(u.username_fold LIKE ? ESCAPE '\\' OR LOWER(COALESCE(u.email, '')) LIKE ? ESCAPE '\\' OR "
                 "LOWER(COALESCE(u.real_name, '')) LIKE ? ESCAPE '\\' OR LOWER(COALESCE(u.real_name, '')) LIKE LOWER(~) ESCAPE '\\')"},
                {"role", FILTER_CHOICE, "u.role = ?", role_names}},
    .row = &user_type,
};

static enum rc open_accounts(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)c, (void)id;
    *out = (struct list_scope){"(u.status <> 'closed' AND u.id > ?)", 0};
    return RC_OK;
}

static const struct list_export user_export = {
    .name = "users",
    .zh = "用户列表",
    .en = "Users",
    .module = "users",
    .resource_type = "user",
    .scope = open_accounts,
    .columns = EXPORT_COLUMNS(
        {"username", EXPORT_CODE, "用户名", "User name", 18},
        {"real_name", EXPORT_TEXT, "姓名", "Name", 16},
        {"role", EXPORT_WORD, "角色", "Role", 14, role_words},
        {"email", EXPORT_TEXT, "邮箱", "Email", 28},
        {"status", EXPORT_WORD, "状态", "Status", 10, user_status_words},
        {"must_change_password", EXPORT_FLAG, "须修改密码", "Must change the password", 12},
        {"created_at", EXPORT_TIME, "创建时间", "Created at", 20},
        {"updated_at", EXPORT_TIME, "更新时间", "Updated at", 20}),
};

static enum rc get_users(struct call *call)
{
    return list_answer(call, open_accounts);
}

static enum rc get_user(struct call *call)
{
    struct user u;
    bool found;
    TRY(user_by_id(&call->ctx, call->id, &u, &found));
    if (!found)
        return error_set(&call->ctx.err, RC_USER_NOT_FOUND);
    return reply_record(call, &user_type, &u);
}

static enum rc hash_of(struct ctx *c, const char *password, const char **hash)
{
    char text[PASSWORD_HASH_MAX];
    TRY(password_hash(password, text));
    *hash = arena_dup(c->arena, text);
    return RC_OK;
}

/* Older clients read one sentence, not the list of faults. */
static enum rc in_contract_words(struct ctx *c)
{
    for (const struct field_fault *f = c->err.faults; f; f = f->next)
        if (strcmp(f->code, "required") == 0)
            return error_say(&c->err, RC_INVALID_INPUT, "用户名、密码和角色为必填项",
                             "User name, password and role are required");
    for (const struct field_fault *f = c->err.faults; f; f = f->next)
        if (strcmp(f->code, "choice") == 0)
            return error_say(&c->err, RC_INVALID_INPUT, f->zh, f->en);
    return c->err.rc;
}

static enum rc prepare_post_user(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct user *u = arena_new(c->arena, struct user);
    enum rc rc = record_from_json(c, &user_type, call->body, "", RECORD_CREATE, u);
    if (!u->password)
        error_fault(&c->err, c->arena, "password", "required", "密码不能为空", "The password is required", NULL);
    else
        user_check_password(c, "password", u->password);
    if (rc != RC_OK || c->err.rc != RC_OK)
        return in_contract_words(c);
    TRY(hash_of(c, u->password, &u->password_hash));
    call->prepared = u;
    return RC_OK;
}

static enum rc post_user(struct call *call)
{
    const struct user *u = call->prepared;
    int64_t id;
    TRY(user_add(&call->ctx, u, &id));
    struct json_writer w = reply_data(call, 201, "用户创建成功", "User created");
    jw_object(&w);
    jw_member_int(&w, "id", id);
    jw_member_text(&w, "username", u->username);
    jw_member_text(&w, "role", u->role);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc prepare_put_user(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct user *u = arena_new(c->arena, struct user);
    enum rc rc = record_from_json(c, &user_type, call->body, "", RECORD_UPDATE, u);
    if (u->password)
        user_check_password(c, "password", u->password);
    if (rc != RC_OK || c->err.rc != RC_OK)
        return in_contract_words(c);
    if (u->password)
        TRY(hash_of(c, u->password, &u->password_hash));
    call->prepared = u;
    return RC_OK;
}

static enum rc store_user(struct ctx *c, const struct user *before, const struct user *u)
{
    if (strcmp(text_fold(c->arena, before->username), text_fold(c->arena, u->username)) != 0)
        TRY(must_be_free(c, u->username, RC_USERNAME_USED));
    TRY(keep_an_administrator(c, before, u->role, u->status));
    TRY(db_exec(c->db, &USER_UPDATE,
                DB_ARGS(DB_I(u->id), DB_T(u->username), DB_T(text_fold(c->arena, u->username)), DB_T(u->role),
                        DB_T(u->real_name), DB_T(u->email), DB_T(u->status), DB_I(u->must_change_password), DB_I(c->now_ms)),
                NULL));
    TRY(search_put(c, SEARCH_USER, u->id));
    TRY(ctx_changed(c, TOPIC_USERS));
    if (strcmp(u->status, "active") != 0)
        TRY(session_end_all(c, u->id, 0, "disabled"));
    return RC_OK;
}

static enum rc put_user(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct user *change = call->prepared;
    struct user before, after;
    bool found;
    TRY(user_by_id(c, call->id, &before, &found));
    if (!found)
        return error_set(&c->err, RC_USER_NOT_FOUND);
    after = before;
    bool named = record_given(&user_type, change, "username") || record_given(&user_type, change, "role") ||
                 record_given(&user_type, change, "real_name") || record_given(&user_type, change, "email") ||
                 record_given(&user_type, change, "status") || record_given(&user_type, change, "must_change_password");
    if (!named && !change->password)
        return error_set(&c->err, RC_NOTHING_TO_UPDATE);
    if (record_merge(&user_type, &after, change))
        TRY(store_user(c, &before, &after));
    if (change->password)
        TRY(user_set_password(c, before.id, change->password_hash, after.must_change_password,
                              before.id == c->actor.user_id ? c->actor.session_id : 0));
    TRY(audit_write(c, &(struct audit_entry){.module = "users", .action = "update", .resource_type = "user",
                                             .resource_id = before.id,
                                             .description = arena_fmt(c->arena, "更新用户: %s%s", after.username,
                                                                      change->password ? "（修改密码）" : ""),
                                             .changes = record_changes(c, &user_type, &before, &after)}));
    return reply_id(call, 200, "用户更新成功", "User updated", before.id);
}

static enum rc delete_user(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct user u;
    bool found;
    if (call->id == c->actor.user_id)
        return error_set(&c->err, RC_DELETE_SELF);
    TRY(user_by_id(c, call->id, &u, &found));
    if (!found)
        return error_set(&c->err, RC_USER_NOT_FOUND);
    TRY(user_set_status(c, &u, "closed"));
    TRY(draft_forget(c, u.id));
    TRY(preference_forget(c, u.id));
    TRY(saved_view_forget(c, u.id));
    TRY(audit_write(c, &(struct audit_entry){.module = "users", .action = "delete", .resource_type = "user",
                                             .resource_id = u.id,
                                             .description = arena_fmt(c->arena, "删除用户: %s（账户已关闭）", u.username),
                                             .changes = audit_change(c->arena, "status", u.status, "closed")}));
    return reply_message(call, "用户删除成功", "User deleted");
}

static enum rc prepare_register(struct call *call)
{
    if (!ctx_may(&call->ctx, PERM_USER_MANAGE))
        return error_set(&call->ctx.err, RC_REGISTRATION_CLOSED);
    return prepare_post_user(call);
}

static enum rc get_roles(struct call *call)
{
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (int p = PERM_SIGNED_IN + 1; p < PERM_COUNT; p++) {
        jw_object(&w);
        jw_member_text(&w, "permission", permission_name((enum permission)p));
        jw_member_text(&w, "title", permission_title((enum permission)p, false));
        jw_member_text(&w, "titleEn", permission_title((enum permission)p, true));
        jw_name(&w, "roles");
        jw_array(&w);
        for (int role = ROLE_SYSTEM_ADMIN; role <= ROLE_REGULAR_USER; role++)
            if (role_has((enum role)role, (enum permission)p))
                jw_text(&w, role_name((enum role)role));
        jw_array_end(&w);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static const struct answer_part added_parts[] = {{"id"}, {"username", PART_TEXT}, {"role", PART_TEXT}, {0}};

static const struct answer_part role_parts[] = {{"permission", PART_TEXT}, {"title", PART_TEXT}, {"titleEn", PART_TEXT}, {"roles", PART_TEXTS}, {0}};

static const struct route user_routes[] = {
    ROUTE("GET", "/api/roles", LANE_READ, PERM_SIGNED_IN, NULL, get_roles, "角色与权限", .shape = ANSWER_ARRAY, .parts = role_parts),
    ROUTE("GET", "/api/users", LANE_READ, PERM_USER_MANAGE, NULL, get_users, "用户列表", .list = &user_list),
    LIST_EXPORT("/users", PERM_USER_MANAGE, "导出用户列表", &user_list, &user_export, EXPORT_REFUSALS),
    ROUTE("GET", "/api/users/:id", LANE_READ, PERM_USER_MANAGE, NULL, get_user, "用户详情", .answer = &user_type,
          .refusals = REFUSALS(RC_USER_NOT_FOUND)),
    ROUTE("POST", "/api/users", LANE_SLOW, PERM_USER_MANAGE, &user_type, post_user, "创建用户", .prepare = prepare_post_user,
          .status = 201, .parts = added_parts, .refusals = REFUSALS(RC_USERNAME_TAKEN)),
    ROUTE("PUT", "/api/users/:id", LANE_SLOW, PERM_USER_MANAGE, &user_type, put_user, "更新用户",
          .prepare = prepare_put_user, .updates = true, .parts = PARTS({"id"}),
          .refusals = REFUSALS(RC_USER_NOT_FOUND, RC_USERNAME_USED, RC_NOTHING_TO_UPDATE, RC_LAST_ADMINISTRATOR)),
    ROUTE("DELETE", "/api/users/:id", LANE_WRITE, PERM_USER_MANAGE, NULL, delete_user, "关闭用户账户",
          .refusals = REFUSALS(RC_USER_NOT_FOUND, RC_DELETE_SELF, RC_LAST_ADMINISTRATOR)),
    ROUTE("POST", "/api/auth/register", LANE_SLOW, PERM_OPEN, &user_type, post_user, "注册（仅限系统管理员）",
          .prepare = prepare_register, .status = 201, .parts = added_parts,
          .refusals = REFUSALS(RC_REGISTRATION_CLOSED, RC_USERNAME_TAKEN)),
};
const struct module user_module = MODULE("users", "用户", user_routes);
