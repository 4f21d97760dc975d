#include "domain/notification.h"

#include <string.h>

#include "domain/audit.h"
#include "domain/list.h"
#include "domain/reply.h"

#define PURGED_AT_ONCE 3 /* todos of decided documents that go with each new one */

struct notification {
    struct record record;
    int64_t id, user_id, is_read, created_at, read_at;
    const char *type, *title, *content, *link, *link_type;
};

static const char *const types[] = {"system", "todo", "announcement", NULL};
static const char *const link_types[] = {"transaction", "material", "user", "stocktaking", "url", NULL};

static const struct field notification_fields[] = {
    FIELD(struct notification, id, FIELD_INT, F_OUT),
    FIELD(struct notification, user_id, FIELD_INT, F_IN, .min = 1),
    FIELD(struct notification, type, FIELD_TEXT, F_IN | F_OUT | F_NEED, .choices = types),
    FIELD(struct notification, title, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 100),
    FIELD(struct notification, content, FIELD_TEXT, F_IN | F_OUT, .max = 1000),
    FIELD(struct notification, link, FIELD_TEXT, F_IN | F_OUT, .max = 500),
    FIELD(struct notification, link_type, FIELD_TEXT, F_IN | F_OUT, .choices = link_types),
    FIELD(struct notification, is_read, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct notification, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct notification, read_at, FIELD_TIME, F_OUT),
};
static const struct record_type notification_type = RECORD_TYPE("Notification", struct notification, notification_fields);

/* What one person sees; $1 is he, WHO stands for it. */
#define SEEN_FROM                                                                                                      \
    "notifications n LEFT JOIN notification_marks k ON k.notification_id = n.id AND k.user_id = $1 "                   \
    "LEFT JOIN documents d ON d.id = n.document_id"
#define SEEN(WHO, AUDIENCES)                                                                                           \
    "((n.user_id = " WHO " OR n.audience IN (" AUDIENCES ")) AND k.deleted_at IS NULL AND "                            \
    "(n.document_id IS NULL OR d.status = 'pending'))"
#define APPROVERS "'everybody', 'approvers'"
#define OTHERS "'everybody'"

static bool is_approver(const struct ctx *c)
{
    return role_has(c->actor.role, PERM_DOCUMENT_APPROVE);
}

#define UNREAD_BY(AUDIENCES) "SELECT COUNT(*) AS n FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND k.read_at IS NULL"
static const struct sql UNREAD[] = {{"notification.unread", UNREAD_BY(OTHERS)},
                                    {"notification.unread_by_approver", UNREAD_BY(APPROVERS)}};
#define IS_SEEN_BY(AUDIENCES) "SELECT COUNT(*) AS n FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND n.id = $2"
static const struct sql IS_SEEN[] = {{"notification.seen", IS_SEEN_BY(OTHERS)},
                                     {"notification.seen_by_approver", IS_SEEN_BY(APPROVERS)}};
#define READ_ON_CONFLICT                                                                                               \
    " ON CONFLICT (notification_id, user_id) DO UPDATE SET read_at = COALESCE(notification_marks.read_at, excluded.read_at)"
#define READ_ALL_BY(AUDIENCES)                                                                                         \
    "INSERT INTO notification_marks (notification_id, user_id, read_at) SELECT n.id, CAST($1 AS BIGINT), "             \
    "CAST($2 AS BIGINT) FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND k.read_at IS NULL" READ_ON_CONFLICT
static const struct sql READ_ALL[] = {{"notification.read_all", READ_ALL_BY(OTHERS)},
                                      {"notification.read_all_by_approver", READ_ALL_BY(APPROVERS)}};
static const struct sql READ_ONE = {"notification.read",
                                    "INSERT INTO notification_marks (notification_id, user_id, read_at) VALUES ($2, $1, $3)"
                                    READ_ON_CONFLICT};
static const struct sql PUT_AWAY = {
    "notification.put_away",
    "INSERT INTO notification_marks (notification_id, user_id, read_at, deleted_at) VALUES ($2, $1, $3, $3) "
    "ON CONFLICT (notification_id, user_id) DO UPDATE SET deleted_at = excluded.deleted_at"};
static const struct sql INSERT = {
    "notification.insert",
    "INSERT INTO notifications (audience, user_id, type, title, content, link, link_type, document_id, created_by, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id"};
static const struct sql PURGE = {
    "notification.purge",
    "DELETE FROM notifications WHERE id IN (SELECT n.id FROM notifications n JOIN documents d ON d.id = n.document_id "
    "WHERE n.document_id IS NOT NULL AND d.status <> 'pending' ORDER BY n.document_id LIMIT $1)"};
static const struct sql FIRST_LINE = {
    "notification.first_line",
    "SELECT d.kind, d.line_count, m.material_name, un.code AS unit, l.quantity FROM documents d JOIN document_lines l ON "
    "l.document_id = d.id AND l.line_no = 1 JOIN materials m ON m.id = l.material_id JOIN units un ON un.id = m.unit_id "
    "WHERE d.id = $1"};
static const struct sql STOCK = {
    "notification.stock", "SELECT m.material_name, un.code AS unit, m.current_stock, m.min_stock FROM materials m "
                          "JOIN units un ON un.id = m.unit_id WHERE m.id = $1"};
static const struct sql USER_IS_THERE = {"notification.user",
                                         "SELECT COUNT(*) AS n FROM users WHERE id = $1 AND status <> 'closed'"};

/* ---------------------------------------------------------------- services */

static enum rc insert(struct ctx *c, const char *audience, const struct notification *n, int64_t document_id, int64_t *id)
{
    return ctx_insert(c, &INSERT,
                      DB_ARGS(DB_T(audience), n->user_id ? DB_I(n->user_id) : DB_N, DB_T(n->type), DB_T(n->title),
                              DB_T(n->content), DB_T(n->link), DB_T(n->link_type), document_id ? DB_I(document_id) : DB_N,
                              c->actor.user_id ? DB_I(c->actor.user_id) : DB_N, DB_I(c->now_ms)),
                      id);
}

static const char *quantity_text(struct ctx *c, struct dec quantity)
{
    char text[DEC_TEXT_MAX];
    dec_print(quantity, text);
    return arena_dup(c->arena, text);
}

static const char *document_link(struct ctx *c, int64_t id)
{
    return arena_fmt(c->arena, "/inventory?id=%lld", (long long)id);
}

enum rc notification_submitted(struct ctx *c, int64_t document_id)
{
    DB_ROWS rows = NULL;
    bool more;
    int64_t id;
    TRY(db_exec(c->db, &PURGE, DB_ARGS(DB_I(PURGED_AT_ONCE)), NULL));
    TRY(db_start(c->db, &FIRST_LINE, DB_ARGS(DB_I(document_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_INTERNAL);
    bool receipt = db_text(rows, "kind")[0] == 'r';
    int64_t lines = db_int(rows, "line_count");
    const char *others = lines > 1 ? arena_fmt(c->arena, "等 %lld 项", (long long)lines) : "";
    struct notification n = {
        .type = "todo",
        .title = receipt ? "待审批入库单" : "待审批出库单",
        .content = arena_fmt(c->arena, "物料 %s%s 的%s申请待审批,数量:%s %s", db_text(rows, "material_name"), others,
                             receipt ? "入库" : "出库", quantity_text(c, db_dec(rows, "quantity")), db_text(rows, "unit")),
        .link = document_link(c, document_id),
        .link_type = "transaction",
    };
    return insert(c, "approvers", &n, document_id, &id);
}

enum rc notification_decided(struct ctx *c, int64_t document_id, const char *number, bool receipt, bool approved,
                             int64_t applicant_id)
{
    int64_t id;
    if (applicant_id == c->actor.user_id)
        return RC_OK;
    struct notification n = {
        .user_id = applicant_id,
        .type = "system",
        .title = arena_fmt(c->arena, "%s单%s", receipt ? "入库" : "出库", approved ? "已批准" : "已拒绝"),
        .content = arena_fmt(c->arena, "%s %s", number, approved ? "已批准" : "已拒绝"),
        .link = document_link(c, document_id),
        .link_type = "transaction",
    };
    return insert(c, "user", &n, 0, &id);
}

enum rc notification_low_stock(struct ctx *c, int64_t material_id)
{
    DB_ROWS rows = NULL;
    bool more;
    int64_t id;
    TRY(db_start(c->db, &STOCK, DB_ARGS(DB_I(material_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_INTERNAL);
    const char *unit = arena_dup(c->arena, db_text(rows, "unit"));
    struct notification n = {
        .type = "system",
        .title = "库存不足预警",
        .content = arena_fmt(c->arena, "物料 %s 库存 %s %s,最低库存 %s %s", db_text(rows, "material_name"),
                             quantity_text(c, db_dec(rows, "current_stock")), unit, quantity_text(c, db_dec(rows, "min_stock")),
                             unit),
        .link = arena_fmt(c->arena, "/materials?id=%lld", (long long)material_id),
        .link_type = "material",
    };
    return insert(c, "approvers", &n, 0, &id);
}

/* ---------------------------------------------------------------- handlers */

static const char *const yes_no[] = {"true", "false", NULL};

static const struct list_spec notification_list = {
    .columns = "n.id, n.type, n.title, n.content, n.link, n.link_type, CASE WHEN k.read_at IS NULL THEN 0 ELSE 1 END AS is_read, "
               "n.created_at, k.read_at",
    .from = SEEN_FROM,
    .id = "n.id",
    .always_fresh = true,
    .page_size = 20,
    .sorts = {{"created_at", "n.created_at", false}},
    .filters = {{"type", FILTER_CHOICE, "n.type = ?", types},
                {"isRead", FILTER_CHOICE, "CASE WHEN k.read_at IS NULL THEN 'false' ELSE 'true' END = ?", yes_no}},
    .row = &notification_type,
};

static enum rc get_notifications(struct call *call)
{
    const struct ctx *c = &call->ctx;
    const char *seen = is_approver(c) ? SEEN("?", APPROVERS) : SEEN("?", OTHERS);
    return list_answer(call, &(struct list_scope){seen, c->actor.user_id});
}

static enum rc get_unread(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t n;
    TRY(ctx_number(c, &UNREAD[is_approver(c)], DB_ARGS(DB_I(c->actor.user_id)), &n));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "count");
    jw_int(&w, n);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc must_be_seen(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t n;
    TRY(ctx_number(c, &IS_SEEN[is_approver(c)], DB_ARGS(DB_I(c->actor.user_id), DB_I(call->id)), &n));
    return n ? RC_OK : error_set(&c->err, RC_NOTIFICATION_NOT_FOUND);
}

static enum rc mark(struct call *call, const struct sql *how)
{
    struct ctx *c = &call->ctx;
    TRY(must_be_seen(call));
    return db_exec(c->db, how, DB_ARGS(DB_I(c->actor.user_id), DB_I(call->id), DB_I(c->now_ms)), NULL);
}

static enum rc put_read(struct call *call)
{
    TRY(mark(call, &READ_ONE));
    return reply_message(call, "标记已读成功", "Marked as read");
}

static enum rc put_read_all(struct call *call)
{
    struct ctx *c = &call->ctx;
    TRY(db_exec(c->db, &READ_ALL[is_approver(c)], DB_ARGS(DB_I(c->actor.user_id), DB_I(c->now_ms)), NULL));
    return reply_message(call, "全部标记已读成功", "All marked as read");
}

static enum rc delete_notification(struct call *call)
{
    TRY(mark(call, &PUT_AWAY));
    return reply_message(call, "删除成功", "Deleted");
}

/* Older clients read one sentence, not the list of faults. */
static enum rc in_contract_words(struct ctx *c)
{
    for (const struct field_fault *f = c->err.faults; f; f = f->next)
        if (strcmp(f->code, "required") == 0)
            return error_say(&c->err, RC_INVALID_INPUT, "类型和标题为必填项", "Type and title are required");
    return c->err.rc;
}

static enum rc post_notification(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct notification n;
    int64_t there = 1, id;
    if (record_from_json(c, &notification_type, call->body, "", RECORD_CREATE, &n) != RC_OK)
        return in_contract_words(c);
    if (n.user_id)
        TRY(ctx_number(c, &USER_IS_THERE, DB_ARGS(DB_I(n.user_id)), &there));
    if (!there)
        return error_set(&c->err, RC_USER_NOT_FOUND);
    TRY(insert(c, n.user_id ? "user" : "everybody", &n, 0, &id));
    TRY(audit_write(c, &(struct audit_entry){.module = "notifications", .action = "create", .resource_type = "notification",
                                             .resource_id = id,
                                             .description = arena_fmt(c->arena, "创建通知: %s", n.title)}));
    return reply_id(call, 200, "通知创建成功", "Notification created", id);
}

static const struct route notification_routes[] = {
    ROUTE("GET", "/api/notifications", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_notifications, "我的通知",
          .list = &notification_list),
    ROUTE("GET", "/api/notifications/unread-count", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_unread, "未读通知数",
          .parts = PARTS({"count"})),
    ROUTE("PUT", "/api/notifications/read-all", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, put_read_all, "全部标为已读"),
    ROUTE("PUT", "/api/notifications/:id/read", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, put_read, "标为已读",
          .refusals = REFUSALS(RC_NOTIFICATION_NOT_FOUND)),
    ROUTE("DELETE", "/api/notifications/:id", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, delete_notification, "删除通知",
          .refusals = REFUSALS(RC_NOTIFICATION_NOT_FOUND)),
    ROUTE("POST", "/api/notifications", LANE_WRITE, PERM_NOTIFICATION_SEND, &notification_type, post_notification, "发送通知",
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_USER_NOT_FOUND)),
};
const struct module notification_module = MODULE("notifications", "通知", notification_routes);
