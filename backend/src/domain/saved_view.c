/* Owns the table saved_views. Invariants: only the owner changes a view; what is shared with nobody is his alone; nobody has two of
 * one name (folded) in a list. What was shared, is, or comes to be so is logged. */
#include "domain/saved_view.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/list.h"
#include "domain/preference.h"
#include "domain/reply.h"

#define NAME_CHARS_MAX 60
#define NOBODY "nobody"

static const char *const audiences[] = {NOBODY, "everybody", "system_admin", "inventory_manager", "regular_user", NULL};

struct saved_view {
    struct record record;
    int64_t id, owner_id, mine, created_at, updated_at, version;
    const char *list, *name, *state, *shared_with, *owner_name;
};
static const struct field view_fields[] = {
    FIELD(struct saved_view, id, FIELD_INT, F_OUT),
    FIELD(struct saved_view, list, FIELD_TEXT, F_IN | F_OUT | F_NEED, .valid = preference_is_name, .example = "materials",
          .need_zh = "请指明视图所属的列表", .need_en = "Which list the view is of is required", .bad_zh = "列表名称不正确",
          .bad_en = "This is no name of a list"),
    FIELD(struct saved_view, name, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = NAME_CHARS_MAX, .example = "低库存的化学品",
          .need_zh = "视图名称不能为空", .need_en = "The view's name is required"),
    FIELD(struct saved_view, state, FIELD_TEXT, F_IN | F_OUT | F_NEED | F_RAW, .max = VIEW_STATE_MAX,
          .example = "{\"lowStock\":\"true\"}", .need_zh = "视图内容不能为空", .need_en = "The view's state is required"),
    FIELD(struct saved_view, shared_with, FIELD_TEXT, F_IN | F_OUT | F_SURE, .choices = audiences, .bad_zh = "共享范围不正确",
          .bad_en = "Nobody can be shared with like this"),
    FIELD(struct saved_view, owner_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct saved_view, owner_name, FIELD_TEXT, F_OUT | F_SURE, .example = "张三"),
    FIELD(struct saved_view, mine, FIELD_FLAG, F_OUT | F_SURE),
    FIELD(struct saved_view, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct saved_view, updated_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct saved_view, version, FIELD_INT, F_IN | F_OUT | F_SURE, .min = 1),
};
static const struct record_type view_type = RECORD_TYPE("SavedView", struct saved_view, view_fields);

/* $1: who asks, $2: his role, $3: whether he looks after what others share. */
#define SELECT_VIEWS                                                                                                   \
    "SELECT v.id, v.list, v.name, v.state, v.shared_with, v.owner_id, COALESCE(u.real_name, u.username) AS owner_name, " \
    "CASE WHEN v.owner_id = $1 THEN 1 ELSE 0 END AS mine, v.created_at, v.updated_at, v.version "                       \
    "FROM saved_views v JOIN users u ON u.id = v.owner_id WHERE "                                                       \
    "(v.owner_id = $1 OR v.shared_with IN ('everybody', $2) OR ($3 = 1 AND v.shared_with <> 'nobody')) AND "
static const struct sql OF_LIST = {"saved_view.of_list", SELECT_VIEWS "v.list = $4 ORDER BY mine DESC, v.name_fold, v.id"};
static const struct sql BY_ID = {"saved_view.by_id", SELECT_VIEWS "v.id = $4"};
static const struct sql COUNT_NAMED = {
    "saved_view.count_named", "SELECT COUNT(*) AS n FROM saved_views WHERE owner_id = $1 AND list = $2 AND name_fold = $3 AND id <> $4"};
static const struct sql COUNT_OWN = {"saved_view.count_own",
                                     "SELECT COUNT(*) AS n FROM saved_views WHERE owner_id = $1 AND list = $2"};
static const struct sql COUNT_ALL_OWN = {"saved_view.count_all_own", "SELECT COUNT(*) AS n FROM saved_views WHERE owner_id = $1"};
static const struct sql COUNT_SHARED = {"saved_view.count_shared",
                                        "SELECT COUNT(*) AS n FROM saved_views WHERE list = $1 AND shared_with <> 'nobody'"};
static const struct sql INSERT = {
    "saved_view.insert", "INSERT INTO saved_views (owner_id, list, name, name_fold, state, shared_with, created_at, updated_at) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id"};
static const struct sql UPDATE = {"saved_view.update",
                                  "UPDATE saved_views SET name = $2, name_fold = $3, state = $4, shared_with = $5, updated_at = $6, "
                                  "version = version + 1 WHERE id = $1"};
static const struct sql REMOVE = {"saved_view.remove", "DELETE FROM saved_views WHERE id = $1"};
static const struct sql FORGET = {"saved_view.forget", "DELETE FROM saved_views WHERE owner_id = $1 AND shared_with = 'nobody'"};

/* ---------------------------------------------------------------- services */

enum rc saved_view_forget(struct ctx *c, int64_t user_id)
{
    return db_exec(c->db, &FORGET, DB_ARGS(DB_I(user_id)), NULL);
}

static bool is_shared(const struct saved_view *v)
{
    return strcmp(v->shared_with, NOBODY) != 0;
}

/* Who manages people also looks after what they share. */
static bool looks_after(const struct ctx *c)
{
    return ctx_may(c, PERM_USER_MANAGE);
}

#define SEEN_BY(C, WHICH)                                                                                              \
    DB_ARGS(DB_I((C)->actor.user_id), DB_T(role_name((C)->actor.role)), DB_I(looks_after(C)), (WHICH))

/* RC_VIEW_NOT_FOUND, too, when he may not see it. */
static enum rc load(struct ctx *c, int64_t id, struct saved_view *out)
{
    DB_ROWS rows = NULL;
    bool found;
    TRY(db_start(c->db, &BY_ID, SEEN_BY(c, DB_I(id)), &rows));
    TRY(db_next(rows, &found));
    if (!found)
        return error_set(&c->err, RC_VIEW_NOT_FOUND);
    record_from_row(c, &view_type, rows, out);
    return RC_OK;
}

static enum rc name_must_be_free(struct ctx *c, const struct saved_view *v)
{
    int64_t named;
    TRY(ctx_number(c, &COUNT_NAMED,
                   DB_ARGS(DB_I(c->actor.user_id), DB_T(v->list), DB_T(text_fold(c->arena, v->name)), DB_I(v->id)), &named));
    return named ? error_set(&c->err, RC_VIEW_NAME_TAKEN) : RC_OK;
}

static enum rc room_for_one(struct ctx *c, const char *list)
{
    int64_t own, all;
    TRY(ctx_number(c, &COUNT_OWN, DB_ARGS(DB_I(c->actor.user_id), DB_T(list)), &own));
    TRY(ctx_number(c, &COUNT_ALL_OWN, DB_ARGS(DB_I(c->actor.user_id)), &all));
    return own >= VIEWS_OWN_MAX || all >= VIEWS_ALL_MAX ? error_set(&c->err, RC_VIEW_LIMIT) : RC_OK;
}

static enum rc room_for_a_shared_one(struct ctx *c, const char *list)
{
    int64_t shared;
    TRY(ctx_number(c, &COUNT_SHARED, DB_ARGS(DB_T(list)), &shared));
    return shared < VIEWS_SHARED_MAX ? RC_OK
                                     : error_say(&c->err, RC_VIEW_LIMIT, "此列表的共享视图数量已达上限，请先删除不再使用的共享视图",
                                                 "As many views of this list are shared as there may be: remove one first");
}

static enum rc note(struct ctx *c, const struct saved_view *v, const char *action, const char *verb, const char *changes)
{
    return audit_write(c, &(struct audit_entry){.module = "views", .action = action, .resource_type = "view", .resource_id = v->id,
                                                .description = arena_fmt(c->arena, "%s共享视图: %s（%s）", verb, v->name, v->list),
                                                .changes = changes});
}

static enum rc add(struct ctx *c, struct saved_view *v)
{
    TRY(name_must_be_free(c, v));
    TRY(room_for_one(c, v->list));
    if (is_shared(v))
        TRY(room_for_a_shared_one(c, v->list));
    TRY(ctx_insert(c, &INSERT,
                   DB_ARGS(DB_I(c->actor.user_id), DB_T(v->list), DB_T(v->name), DB_T(text_fold(c->arena, v->name)), DB_T(v->state),
                           DB_T(v->shared_with), DB_I(c->now_ms)),
                   &v->id));
    return is_shared(v) ? note(c, v, "create", "新建", NULL) : RC_OK;
}

static enum rc change(struct ctx *c, const struct saved_view *before, const struct saved_view *after)
{
    TRY(name_must_be_free(c, after));
    if (is_shared(after) && !is_shared(before))
        TRY(room_for_a_shared_one(c, after->list));
    TRY(db_exec(c->db, &UPDATE,
                DB_ARGS(DB_I(after->id), DB_T(after->name), DB_T(text_fold(c->arena, after->name)), DB_T(after->state),
                        DB_T(after->shared_with), DB_I(c->now_ms)),
                NULL));
    if (!is_shared(before) && !is_shared(after))
        return RC_OK;
    struct saved_view told = *after;
    told.state = before->state; /* the page's own text, and long: that it changed is enough */
    return note(c, after, "update", "更新", record_changes(c, &view_type, before, &told));
}

/* ---------------------------------------------------------------- handlers */

/* An initial password is known to somebody else as well. */
static enum rc password_is_his_own(struct ctx *c)
{
    return c->actor.must_change_password ? error_set(&c->err, RC_PASSWORD_CHANGE_REQUIRED) : RC_OK;
}

static enum rc get_views(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *list = http_query(call->http, "list");
    TRY(password_is_his_own(c));
    if (list && preference_is_name(list))
        return reply_rows(call, &view_type, &OF_LIST, SEEN_BY(c, DB_T(list)));
    error_fault(&c->err, c->arena, "list", list && *list ? "format" : "required", list && *list ? "列表名称不正确" : "请指明视图所属的列表",
                list && *list ? "This is no name of a list" : "Which list the views are of is required", text_shorten(c->arena, list ? list : "", 100));
    return c->err.rc;
}

static enum rc reply_stored(struct call *call, int status, const char *zh, const char *en, int64_t id)
{
    struct saved_view stored;
    TRY(load(&call->ctx, id, &stored));
    struct json_writer w = reply_data(call, status, zh, en);
    jw_object(&w);
    record_write(&w, &view_type, &stored);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc post_view(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct saved_view v;
    TRY(password_is_his_own(c));
    TRY(record_from_json(c, &view_type, call->body, "", RECORD_CREATE, &v));
    if (!v.shared_with)
        v.shared_with = NOBODY;
    TRY(add(c, &v));
    return reply_stored(call, 201, "视图已保存", "View saved", v.id);
}

static enum rc put_view(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct saved_view body, before, after;
    TRY(password_is_his_own(c));
    TRY(record_from_json(c, &view_type, call->body, "", RECORD_UPDATE, &body));
    TRY(load(c, call->id, &before));
    if (!before.mine)
        return error_set(&c->err, RC_VIEW_NOT_YOURS);
    if (record_has(&view_type, &body, "version") && body.version != before.version)
        return reply_conflict(c, &view_type, &before);
    body.version = before.version;
    body.list = before.list; /* it stays where it is */
    after = before;
    bool changed = record_merge(&view_type, &after, &body);
    if (!after.shared_with)
        after.shared_with = NOBODY;
    if (changed)
        TRY(change(c, &before, &after));
    return reply_stored(call, 200, "视图已更新", "View updated", before.id);
}

static enum rc delete_view(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct saved_view v;
    TRY(password_is_his_own(c));
    TRY(load(c, call->id, &v));
    if (!v.mine && !looks_after(c))
        return error_set(&c->err, RC_VIEW_NOT_YOURS);
    TRY(db_exec(c->db, &REMOVE, DB_ARGS(DB_I(v.id)), NULL));
    if (is_shared(&v))
        TRY(note(c, &v, "delete", "删除", NULL));
    return reply_message(call, "视图已删除", "View removed");
}

static const struct list_filter of_list[] = {{"list", FILTER_TEXT}, {0}};

static const struct route view_routes[] = {
    ROUTE("GET", "/api/views", LANE_READ, PERM_SIGNED_IN, NULL, get_views, "列表的视图", .query = of_list, .shape = ANSWER_ARRAY,
          .answer = &view_type, .refusals = REFUSALS(RC_PASSWORD_CHANGE_REQUIRED)),
    ROUTE("POST", "/api/views", LANE_WRITE, PERM_SIGNED_IN, &view_type, post_view, "保存视图", .status = 201, .answer = &view_type,
          .refusals = REFUSALS(RC_VIEW_NAME_TAKEN, RC_VIEW_LIMIT, RC_PASSWORD_CHANGE_REQUIRED)),
    ROUTE("PUT", "/api/views/:id", LANE_WRITE, PERM_SIGNED_IN, &view_type, put_view, "更新视图", .updates = true, .answer = &view_type,
          .refusals = REFUSALS(RC_VIEW_NOT_FOUND, RC_VIEW_NOT_YOURS, RC_VIEW_NAME_TAKEN, RC_VIEW_LIMIT, RC_VERSION_CONFLICT,
                               RC_PASSWORD_CHANGE_REQUIRED)),
    ROUTE("DELETE", "/api/views/:id", LANE_WRITE, PERM_SIGNED_IN, NULL, delete_view, "删除视图",
          .refusals = REFUSALS(RC_VIEW_NOT_FOUND, RC_VIEW_NOT_YOURS, RC_PASSWORD_CHANGE_REQUIRED)),
};
const struct module saved_view_module = MODULE("views", "视图", view_routes);
