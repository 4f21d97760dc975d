/* Operation log and notifications. Log rows come in their order into the chain of hashes, under new ids without gaps. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "legacy/import.h"

enum { ID, USER, MODULE, ACTION, RESOURCE_TYPE, RESOURCE_ID, DESCRIPTION, ADDRESS, AGENT, CREATED_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"id",          "user_id",     "module",     "action",     "resource_type",
                                             "resource_id", "description", "ip_address", "user_agent", "created_at"};
static const struct legacy_table logs = {"operation_logs", columns, COLUMNS};
#define AGENT_MAX 300 /* as audit_write keeps it */

enum { N_ID, N_USER, N_TYPE, N_TITLE, N_CONTENT, N_LINK, N_LINK_TYPE, N_IS_READ, N_CREATED_AT, N_READ_AT, N_COLUMNS };
static const char *const note_columns[N_COLUMNS] = {"id",   "user_id",   "type",    "title",      "content",
                                                    "link", "link_type", "is_read", "created_at", "read_at"};
static const struct legacy_table notifications = {"notifications", note_columns, N_COLUMNS};
static const char *const types[] = {"system", "todo", "announcement", NULL};
static const char *const link_types[] = {"transaction", "material", "user", "stocktaking", "url", NULL};
#define DOCUMENT_LINK "/inventory?id="

static const struct sql NOTE_INSERT = {
    "legacy.notification",
    "INSERT INTO notifications (id, audience, user_id, type, topic, title, content, link, link_type, document_id, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
static const struct sql MARK_ONE = {"legacy.mark",
                                    "INSERT INTO notification_marks (notification_id, user_id, read_at) VALUES ($1, $2, $3)"};
/* The older system had one mark for all. */
static const struct sql MARK_ALL = {"legacy.mark_all",
                                    "INSERT INTO notification_marks (notification_id, user_id, read_at) "
                                    "SELECT CAST($1 AS BIGINT), id, CAST($2 AS BIGINT) FROM users WHERE status <> 'closed'"};

/* ---------------------------------------------------------------- the log */

static void count_month(struct legacy_import *im, enum side side, bool known, int64_t ms)
{
    char month[CLOCK_TEXT_MAX] = "?";
    if (known)
        clock_print_row(ms, month);
    month[7] = '\0';
    total_add(&im->totals, TOTAL_LOGS, month, side, 1, DEC_ZERO);
}

static const char *agent_of(struct old_row *r)
{
    const char *agent = row_text(r, AGENT);
    if (agent && text_chars(agent) > AGENT_MAX)
        row_replaced(r, AGENT, WHY_too_long, text_shorten(r->im->c->arena, agent, AGENT_MAX));
    return agent;
}

static void take_log(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct ctx *c = im->c;
    int64_t at = 0, resource = row_id_at(r, RESOURCE_ID);
    bool known = row_has_time(r, CREATED_AT, &at);
    const char *module = row_text(r, MODULE), *action = row_text(r, ACTION), *description = row_text(r, DESCRIPTION);
    count_month(im, SIDE_OLD, known, at);
    if (r->left_out || !module || !action)
        count_month(im, SIDE_LEFT_OUT, known, at);
    if (r->left_out)
        return;
    if (!module || !action) {
        row_leave_out(r, module ? ACTION : MODULE, WHY_required);
        return;
    }
    c->now_ms = row_time(r, CREATED_AT, im->last_log_ms);
    im->last_log_ms = c->now_ms;
    if (!known) {
        count_month(im, SIDE_AWAY, known, at);
        count_month(im, SIDE_HERE, true, c->now_ms);
    }
    if (!resource && !row_is_null(r, RESOURCE_ID))
        row_replaced(r, RESOURCE_ID, WHY_bad_id, NULL);
    struct actor who = {.user_id = row_person(r, USER, c->now_ms), .ip_address = row_text(r, ADDRESS), .user_agent = agent_of(r)};
    struct audit_entry e = {.module = module,
                            .action = action,
                            .resource_type = row_text(r, RESOURCE_TYPE),
                            .resource_id = resource,
                            .description = description ? description : ""};
    struct actor before = c->actor;
    c->actor = who;
    import_fail(im, audit_append(c, &e, &im->log_end));
    c->actor = before;
    im->result->logs++;
}

enum rc import_logs(struct legacy_import *im)
{
    im->last_log_ms = im->now_ms;
    for (size_t i = 0; i < im->materials.count; i++)
        if (im->materials.items[i].created_ms < im->last_log_ms)
            im->last_log_ms = im->materials.items[i].created_ms; /* of a first row without a time */
    return rows_read(im, &logs, take_log);
}

/* ---------------------------------------------------------------- notifications */

static int64_t linked_document(const char *link)
{
    int64_t id = 0;
    return link && text_starts(link, DOCUMENT_LINK) && text_int(link + strlen(DOCUMENT_LINK), 1, INT64_MAX, &id) ? id : 0;
}

static const char *topic_of(const char *type, const char *title, int64_t document)
{
    static const char *const decided[] = {"入库单已批准", "入库单已拒绝", "出库单已批准", "出库单已拒绝"};
    if (document)
        return "submitted";
    for (size_t i = 0; i < sizeof decided / sizeof *decided && strcmp(type, "system") == 0; i++)
        if (strcmp(title, decided[i]) == 0)
            return "decided";
    return strcmp(type, "system") == 0 && strcmp(title, "库存不足预警") == 0 ? "low_stock" : NULL;
}

static bool is_read(const struct old_row *r)
{
    const struct legacy_value *v = &r->values[N_IS_READ];
    return v->kind == LEGACY_INT && v->number != 0;
}

static const char *link_type_of(struct old_row *r)
{
    const char *type = row_choice(r, N_LINK_TYPE, link_types);
    if (!type && !row_is_null(r, N_LINK_TYPE))
        row_replaced(r, N_LINK_TYPE, WHY_bad_choice, NULL);
    return type;
}

static void take_notification(struct old_row *r)
{
    struct legacy_import *im = r->im;
    const char *type = row_choice(r, N_TYPE, types), *title = row_text(r, N_TITLE), *link = row_text(r, N_LINK);
    int64_t user = row_id_at(r, N_USER), document = type && strcmp(type, "todo") == 0 ? linked_document(link) : 0;
    bool everybody = row_is_null(r, N_USER);
    if (r->left_out)
        return;
    if (!type || !title) {
        row_leave_out(r, type ? N_TITLE : N_TYPE, type ? WHY_required : WHY_bad_choice);
    } else if (!everybody && (!user || id_get(&im->people, user) != 1)) { /* 1: somebody who is still there */
        row_leave_out(r, N_USER, WHY_orphan_user);
    } else if (document && id_get(&im->document_ids, document) == ID_NONE) {
        row_leave_out(r, N_LINK, WHY_orphan_document);
    }
    if (r->left_out)
        return;
    int64_t created = row_time(r, N_CREATED_AT, im->now_ms);
    import_exec(im, &NOTE_INSERT,
                DB_ARGS(DB_I(r->id), DB_T(everybody ? "everybody" : "user"), everybody ? DB_N : DB_I(user), DB_T(type),
                        DB_T(topic_of(type, title, document)), DB_T(title), DB_T(row_text(r, N_CONTENT)), DB_T(link), DB_T(link_type_of(r)),
                        document ? DB_I(document) : DB_N, DB_I(created)));
    int64_t read_at = is_read(r) ? row_time(r, N_READ_AT, created) : 0;
    if (read_at && everybody)
        import_exec(im, &MARK_ALL, DB_ARGS(DB_I(r->id), DB_I(read_at)));
    else if (read_at)
        import_exec(im, &MARK_ONE, DB_ARGS(DB_I(r->id), DB_I(user), DB_I(read_at)));
}

enum rc import_notifications(struct legacy_import *im)
{
    return rows_read(im, &notifications, take_notification);
}
