#include "domain/notification.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/list_export.h"
#include "domain/notification_hub.h"
#include "domain/reply.h"

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

/* What one person sees; $1 is he, WHO stands for him. */
#define SEEN_FROM                                                                                                      \
    "notifications n LEFT JOIN notification_marks k ON k.notification_id = n.id AND k.user_id = $1 "                   \
    "LEFT JOIN documents d ON d.id = n.document_id"
#define SEEN(WHO, AUDIENCES)                                                                                           \
    "((n.user_id = " WHO " OR n.audience IN (" AUDIENCES ")) AND k.deleted_at IS NULL AND "                            \
    "(n.document_id IS NULL OR d.status = 'pending') AND (n.topic IS NULL OR NOT EXISTS (SELECT 1 FROM notification_mutes s " \
    "WHERE s.user_id = " WHO " AND s.topic = n.topic)))"
#define APPROVERS "'everybody', 'approvers'"
#define OTHERS "'everybody'"

static bool is_approver(const struct ctx *c)
{
    return ctx_may(c, PERM_DOCUMENT_APPROVE);
}

#define UNREAD_BY(AUDIENCES) "SELECT COUNT(*) AS n FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND k.read_at IS NULL"
static const struct sql UNREAD[] = {{"notification.unread", UNREAD_BY(OTHERS)},
                                    {"notification.unread_by_approver", UNREAD_BY(APPROVERS)}};
#define IS_SEEN_BY(AUDIENCES) "SELECT COUNT(*) AS n FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND n.id = $2"
static const struct sql IS_SEEN[] = {{"notification.seen", IS_SEEN_BY(OTHERS)},
                                     {"notification.seen_by_approver", IS_SEEN_BY(APPROVERS)}};
static const struct sql NEWEST = {"notification.newest", "SELECT COALESCE(MAX(id), 0) AS n FROM notifications"};
#define NOTIFICATION_COLUMNS                                                                                           \
    "n.id, n.type, n.title, n.content, n.link, n.link_type, CASE WHEN k.read_at IS NULL THEN 0 ELSE 1 END AS is_read, " \
    "n.created_at, k.read_at"
#define NEWS_FOR(AUDIENCES)                                                                                            \
    "SELECT " NOTIFICATION_COLUMNS " FROM " SEEN_FROM " WHERE " SEEN("$1", AUDIENCES) " AND n.id > $2 AND n.id <= $3 "  \
    "ORDER BY n.id LIMIT $4"
static const struct sql NEWS[] = {{"notification.news", NEWS_FOR(OTHERS)}, {"notification.news_for_approver", NEWS_FOR(APPROVERS)}};
static const struct sql TOPICS_OFF = {"notification.topics_off", "SELECT topic FROM notification_mutes WHERE user_id = $1"};
static const struct sql TOPIC_OFF = {"notification.topic_off", "INSERT INTO notification_mutes (user_id, topic) VALUES ($1, $2) "
                                                               "ON CONFLICT (user_id, topic) DO NOTHING"};
static const struct sql TOPIC_ON = {"notification.topic_on", "DELETE FROM notification_mutes WHERE user_id = $1 AND topic = $2"};
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
static const struct sql USER_IS_THERE = {"notification.user",
                                         "SELECT COUNT(*) AS n FROM users WHERE id = $1 AND status <> 'closed'"};

/* ---------------------------------------------------------------- handlers */

static const char *const yes_no[] = {"true", "false", NULL};

static const struct list_spec notification_list = {
    .columns = NOTIFICATION_COLUMNS,
    .from = SEEN_FROM,
    .id = "n.id",
    .always_fresh = true,
    .page_size = 20,
    .sorts = {{"created_at", "n.created_at", false}},
    .filters = {{"type", FILTER_CHOICE, "n.type = ?", types},
                {"isRead", FILTER_CHOICE, "CASE WHEN k.read_at IS NULL THEN 'false' ELSE 'true' END = ?", yes_no}},
    .row = &notification_type,
};

static enum rc own_notifications(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)id;
    *out = (struct list_scope){is_approver(c) ? SEEN("?", APPROVERS) : SEEN("?", OTHERS), c->actor.user_id};
    return RC_OK;
}

static const struct list_export notification_export = {
    .name = "notifications",
    .zh = "通知",
    .en = "Notifications",
    .module = "notifications",
    .resource_type = "notification",
    .scope = own_notifications,
    .columns = EXPORT_COLUMNS(
        {"created_at", EXPORT_TIME, "时间", "Time", 20},
        {"type", EXPORT_WORD, "类型", "Kind", 10, notification_type_words},
        {"title", EXPORT_TEXT, "标题", "Title", 30},
        {"content", EXPORT_TEXT, "内容", "Content", 60},
        {"link", EXPORT_TEXT, "链接", "Link", 30},
        {"is_read", EXPORT_FLAG, "已读", "Read", 8},
        {"read_at", EXPORT_TIME, "阅读时间", "Read at", 20}),
};

static enum rc get_notifications(struct call *call)
{
    return list_answer(call, own_notifications);
}

static enum rc get_unread(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t n;
    TRY(ctx_number(c, &UNREAD[is_approver(c)], DB_ARGS(DB_I(c->actor.user_id)), &n));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "count", n);
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
    TRY(notification_add(c, &(struct new_notification){.audience = n.user_id ? "user" : "everybody", .user_id = n.user_id,
                                                       .type = n.type, .title = n.title, .content = n.content, .link = n.link,
                                                       .link_type = n.link_type}, &id));
    TRY(audit_write(c, &(struct audit_entry){.module = "notifications", .action = "create", .resource_type = "notification",
                                             .resource_id = id,
                                             .description = arena_fmt(c->arena, "创建通知: %s", n.title)}));
    return reply_id(call, 200, "通知创建成功", "Notification created", id);
}

/* ---------------------------------------------------------------- live */

enum rc notification_newest(struct ctx *c, int64_t *id)
{
    return ctx_number(c, &NEWEST, DB_NO_ARGS, id);
}

/* False: it does not fit, and nothing of it stays. */
static bool add_event(struct buf *events, struct db_rows *rows)
{
    const size_t before = events->n;
    struct json_writer w;
    buf_fmt(events, "id: %lld\nevent: notification\ndata: ", (long long)db_int(rows, "id"));
    jw_init(&w, events, false);
    jw_object(&w);
    record_write_row(&w, &notification_type, rows);
    jw_object_end(&w);
    buf_str(events, "\n\n");
    if (!events->overflow)
        return true;
    events->n = before;
    events->overflow = false;
    return false;
}

enum rc notification_read_news(struct ctx *c, struct notification_news *news)
{
    DB_ROWS rows = NULL;
    bool more;
    int64_t events = 0;
    TRY(db_start(c->db, &NEWS[is_approver(c)],
                 DB_ARGS(DB_I(c->actor.user_id), DB_I(news->after_id), DB_I(news->until_id), DB_I(news->most)), &rows));
    TRY(db_next(rows, &more));
    while (more && add_event(&news->events, rows)) {
        news->after_id = db_int(rows, "id");
        events++;
        TRY(db_next(rows, &more));
    }
    if (!more && events < news->most)
        news->after_id = news->until_id; /* what lies between is not for him */
    return RC_OK;
}

/* Where a client that comes back goes on: behind the last one it has seen. */
static enum rc where_to_begin(struct call *call, int64_t *last_id)
{
    struct ctx *c = &call->ctx;
    const char *header = http_header(call->http, "Last-Event-ID"), *query = http_query(call->http, "lastEventId");
    const char *seen = header && *header ? header : query;
    int64_t newest;
    TRY(notification_newest(c, &newest));
    *last_id = newest;
    if (!seen || !*seen)
        return RC_OK;
    if (!text_int(seen, 0, INT64_MAX, last_id))
        error_fault(&c->err, c->arena, "lastEventId", "type", "应为收到的最后一个事件的编号", "must be the id of the last event received",
                    NULL);
    *last_id = *last_id < newest ? *last_id : newest;
    return c->err.rc;
}

static enum rc get_stream(struct call *call)
{
    static const char BEGINNING[] = "retry: 3000\n\n"; /* ms until a client comes back */
    struct ctx *c = &call->ctx;
    int64_t last_id;
    TRY(where_to_begin(call, &last_id));
    struct http_stream *stream =
        http_stream_open(call->http, "text/event-stream; charset=utf-8", c->actor.user_id, HUB_END("stream_replaced"));
    if (!stream)
        return error_set(&c->err, RC_BUSY);
    (void)http_stream_send(stream, BEGINNING, sizeof BEGINNING - 1); /* nothing waits yet: it fits */
    notification_hub_join(c->hub, c, last_id, stream);
    return RC_OK;
}

/* ---------------------------------------------------------------- what one wants to hear of */

struct switches {
    struct record record;
    int64_t submitted, decided, low_stock;
};
static const struct field switch_fields[] = {
    FIELD(struct switches, submitted, FIELD_FLAG, F_IN | F_OUT | F_SURE),
    FIELD(struct switches, decided, FIELD_FLAG, F_IN | F_OUT | F_SURE),
    FIELD(struct switches, low_stock, FIELD_FLAG, F_IN | F_OUT | F_SURE),
};
/* The fields' names are the topics. */
static const struct record_type switches_type = RECORD_TYPE("NotificationSwitches", struct switches, switch_fields);

static int64_t *switch_of(struct switches *s, const struct field *f)
{
    return (int64_t *)(void *)((char *)s + f->offset);
}

static enum rc read_switches(struct ctx *c, struct switches *s)
{
    DB_ROWS rows = NULL;
    bool more;
    *s = (struct switches){.record.has = UINT64_MAX, .submitted = 1, .decided = 1, .low_stock = 1};
    TRY(db_start(c->db, &TOPICS_OFF, DB_ARGS(DB_I(c->actor.user_id)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        for (size_t i = 0; i < switches_type.count; i++)
            if (strcmp(switch_fields[i].name, db_text(rows, "topic")) == 0)
                *switch_of(s, &switch_fields[i]) = 0;
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static enum rc get_switches(struct call *call)
{
    struct switches s;
    TRY(read_switches(&call->ctx, &s));
    return reply_record(call, &switches_type, &s);
}

static enum rc put_switches(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct switches change, before, after;
    TRY(record_from_json(c, &switches_type, call->body, "", RECORD_UPDATE, &change));
    if (!change.record.given)
        return error_set(&c->err, RC_NOTHING_TO_UPDATE);
    TRY(read_switches(c, &before));
    after = before;
    if (record_merge(&switches_type, &after, &change)) {
        for (size_t i = 0; i < switches_type.count; i++)
            TRY(db_exec(c->db, *switch_of(&after, &switch_fields[i]) ? &TOPIC_ON : &TOPIC_OFF,
                        DB_ARGS(DB_I(c->actor.user_id), DB_T(switch_fields[i].name)), NULL));
        TRY(audit_write(c, &(struct audit_entry){.module = "notifications", .action = "update", .resource_type = "user",
                                                 .resource_id = c->actor.user_id, .description = "更新通知开关",
                                                 .changes = record_changes(c, &switches_type, &before, &after)}));
    }
    return reply_message(call, "通知开关更新成功", "Notification switches updated");
}

static const struct list_filter stream_query[] = {{"lastEventId", FILTER_ID}, {0}};

static const struct route notification_routes[] = {
    ROUTE("GET", "/api/notifications", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_notifications, "我的通知",
          .list = &notification_list),
    LIST_EXPORT("/notifications", PERM_NOTIFICATION_READ, "导出通知", &notification_list, &notification_export, EXPORT_REFUSALS),
    ROUTE("GET", "/api/notifications/unread-count", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_unread, "未读通知数",
          .parts = PARTS({"count"})),
    ROUTE("GET", "/api/notifications/stream", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_stream,
          "新通知的事件流（SSE）：事件 notification 的 data 与列表中的一行相同；断线后带 Last-Event-ID 续传", .bare = true,
          .media = "text/event-stream", .query = stream_query),
    ROUTE("GET", "/api/notifications/switches", LANE_READ, PERM_NOTIFICATION_READ, NULL, get_switches, "我的通知开关",
          .answer = &switches_type),
    ROUTE("PUT", "/api/notifications/switches", LANE_WRITE, PERM_NOTIFICATION_READ, &switches_type, put_switches, "更新我的通知开关",
          .updates = true, .refusals = REFUSALS(RC_NOTHING_TO_UPDATE)),
    ROUTE("PUT", "/api/notifications/read-all", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, put_read_all, "全部标为已读"),
    ROUTE("PUT", "/api/notifications/:id/read", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, put_read, "标为已读",
          .refusals = REFUSALS(RC_NOTIFICATION_NOT_FOUND)),
    ROUTE("DELETE", "/api/notifications/:id", LANE_WRITE, PERM_NOTIFICATION_READ, NULL, delete_notification, "删除通知",
          .refusals = REFUSALS(RC_NOTIFICATION_NOT_FOUND)),
    ROUTE("POST", "/api/notifications", LANE_WRITE, PERM_NOTIFICATION_SEND, &notification_type, post_notification, "发送通知",
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_USER_NOT_FOUND)),
};
const struct module notification_module = MODULE("notifications", "通知", notification_routes);
