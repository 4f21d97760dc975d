/* The notifications that the program writes by itself. */
#include "domain/notification.h"

#define PURGE_LOOKS_AT 8 /* todos, with each new one */

static const struct sql INSERT = {
    "notification.insert",
    "INSERT INTO notifications (audience, user_id, type, topic, title, content, link, link_type, document_id, created_by, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id"};
static const struct sql PURGE = {
    "notification.purge",
    "DELETE FROM notifications WHERE id IN (SELECT n.id FROM (SELECT id, document_id FROM notifications WHERE document_id >= $1 "
    "ORDER BY document_id LIMIT $2) AS n JOIN documents d ON d.id = n.document_id WHERE d.status <> 'pending')"};
static const struct sql FIRST_LINE = {
    "notification.first_line",
    "SELECT d.kind, d.line_count, m.material_name, un.code AS unit, l.quantity FROM documents d JOIN document_lines l ON "
    "l.document_id = d.id AND l.line_no = 1 JOIN materials m ON m.id = l.material_id JOIN units un ON un.id = m.unit_id "
    "WHERE d.id = $1"};
static const struct sql STOCK = {
    "notification.stock", "SELECT m.material_name, un.code AS unit, m.current_stock, m.min_stock FROM materials m "
                          "JOIN units un ON un.id = m.unit_id WHERE m.id = $1"};

enum rc notification_add(struct ctx *c, const struct new_notification *n, int64_t *id)
{
    return ctx_insert(c, &INSERT,
                      DB_ARGS(DB_T(n->audience), n->user_id ? DB_I(n->user_id) : DB_N, DB_T(n->type), DB_T(n->topic), DB_T(n->title),
                              DB_T(n->content), DB_T(n->link), DB_T(n->link_type), n->document_id ? DB_I(n->document_id) : DB_N,
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

/* Looks at a few todos anywhere and removes those whose documents are decided: nobody is shown them any more. Each new todo looks at
 * several old ones, so few are left over, however many still wait. */
static enum rc purge(struct ctx *c, int64_t document_id)
{
    int64_t from = 1 + (int64_t)(((uint64_t)document_id * UINT64_C(11400714819323198485) >> 1) % (uint64_t)document_id);
    return db_exec(c->db, &PURGE, DB_ARGS(DB_I(from), DB_I(PURGE_LOOKS_AT)), NULL);
}

enum rc notification_submitted(struct ctx *c, int64_t document_id)
{
    DB_ROWS rows = NULL;
    bool more;
    int64_t id;
    TRY(purge(c, document_id));
    TRY(db_start(c->db, &FIRST_LINE, DB_ARGS(DB_I(document_id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_INTERNAL);
    bool receipt = db_text(rows, "kind")[0] == 'r';
    int64_t lines = db_int(rows, "line_count");
    const char *name = db_text(rows, "material_name"), *kind = receipt ? "入库" : "出库";
    /* Of several lines no single quantity is said: it would be taken for all of it. */
    const char *content = lines > 1 ? arena_fmt(c->arena, "物料 %s 等 %lld 项的%s申请待审批", name, (long long)lines, kind)
                                    : arena_fmt(c->arena, "物料 %s 的%s申请待审批,数量:%s %s", name, kind,
                                                quantity_text(c, db_dec(rows, "quantity")), db_text(rows, "unit"));
    struct new_notification n = {
        .audience = "approvers",
        .document_id = document_id,
        .type = "todo",
        .topic = "submitted",
        .title = receipt ? "待审批入库单" : "待审批出库单",
        .content = content,
        .link = document_link(c, document_id),
        .link_type = "transaction",
    };
    return notification_add(c, &n, &id);
}

enum rc notification_decided(struct ctx *c, int64_t document_id, const char *number, bool receipt, bool approved,
                             int64_t applicant_id)
{
    int64_t id;
    if (applicant_id == c->actor.user_id)
        return RC_OK;
    struct new_notification n = {
        .audience = "user",
        .user_id = applicant_id,
        .type = "system",
        .topic = "decided",
        .title = arena_fmt(c->arena, "%s单%s", receipt ? "入库" : "出库", approved ? "已批准" : "已拒绝"),
        .content = arena_fmt(c->arena, "%s %s", number, approved ? "已批准" : "已拒绝"),
        .link = document_link(c, document_id),
        .link_type = "transaction",
    };
    return notification_add(c, &n, &id);
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
    struct new_notification n = {
        .audience = "approvers",
        .type = "system",
        .topic = "low_stock",
        .title = "库存不足预警",
        .content = arena_fmt(c->arena, "物料 %s 库存 %s %s,最低库存 %s %s", db_text(rows, "material_name"),
                             quantity_text(c, db_dec(rows, "current_stock")), unit, quantity_text(c, db_dec(rows, "min_stock")),
                             unit),
        .link = arena_fmt(c->arena, "/materials?id=%lld", (long long)material_id),
        .link_type = "material",
    };
    return notification_add(c, &n, &id);
}
