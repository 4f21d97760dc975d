#include "domain/audit.h"

#include "base/text.h"

static const struct sql AUDIT_INSERT = {
    "operation_log.insert",
    "INSERT INTO operation_log (user_id, module, action, resource_type, resource_id, description, changes, ip_address, "
    "user_agent, request_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};

enum rc audit_write(struct ctx *c, const struct audit_entry *e)
{
    const struct actor *a = &c->actor;
    return db_exec(c->db, &AUDIT_INSERT,
                   DB_ARGS(a->user_id ? DB_I(a->user_id) : DB_N, DB_T(e->module), DB_T(e->action), DB_T(e->resource_type),
                           e->resource_id ? DB_I(e->resource_id) : DB_N, DB_T(e->description), DB_T(e->changes),
                           DB_T(a->ip_address),
                           DB_T(a->user_agent ? text_shorten(c->arena, a->user_agent, 300) : NULL), DB_T(c->request_id),
                           DB_I(c->now_ms)),
                   NULL);
}
