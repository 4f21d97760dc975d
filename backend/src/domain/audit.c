#include "domain/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "domain/bulk_change.h"

#define INT_TEXT_MAX 24

static const struct sql AUDIT_HEAD = {"operation_log.head", "SELECT first_id, last_id, hash FROM log_head WHERE id = 1"};
static const struct sql AUDIT_INSERT = {
    "operation_log.insert",
    "INSERT INTO operation_log (id, user_id, module, action, resource_type, resource_id, description, changes, ip_address, "
    "user_agent, request_id, created_at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};

static const struct sql AUDIT_SET_HEAD = {"operation_log.set_head", "UPDATE log_head SET last_id = $1, hash = $2 WHERE id = 1"};

const char *const audit_columns[AUDIT_COLUMNS] = {"id",          "user_id",    "module",      "action",
                                                  "resource_type", "resource_id", "description", "changes",
                                                  "ip_address",  "user_agent", "request_id",  "created_at"};
const char AUDIT_FIRST_HASH[] = "0000000000000000000000000000000000000000000000000000000000000000";

enum rc audit_head(struct ctx *c, struct audit_head *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &AUDIT_HEAD, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_say(&c->err, RC_INTERNAL, "操作日志末端的记录（log_head）缺失：日志被动过",
                         "The record of the operation log's end (log_head) is missing: somebody has been at the log");
    *out = (struct audit_head){db_int(rows, "first_id"), db_int(rows, "last_id"), arena_dup(c->arena, db_text(rows, "hash"))};
    return RC_OK;
}

static char *append(char *to, const void *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

/* "5:12345\n", or "-\n". */
static char *append_value(char *to, const struct db_value *v)
{
    char number[INT_TEXT_MAX];
    const char *text = v->text;
    if (v->type == DB_NULL)
        return append(to, "-\n", 2);
    if (v->type == DB_INT) {
        snprintf(number, sizeof number, "%lld", (long long)v->number);
        text = number;
    }
    size_t n = strlen(text);
    to += snprintf(to, INT_TEXT_MAX, "%zu:", n);
    to = append(to, text, n);
    return append(to, "\n", 1);
}

void audit_hash(struct arena *a, const char *previous, const struct db_value row[static AUDIT_COLUMNS],
                char out[static HASH_HEX_MAX])
{
    size_t room = strlen(previous) + 2;
    for (size_t i = 0; i < AUDIT_COLUMNS; i++)
        room += 2 * INT_TEXT_MAX + (row[i].type == DB_TEXT ? strlen(row[i].text) : 0);
    char *bytes = arena_alloc(a, room);
    char *to = append(bytes, previous, strlen(previous));
    to = append(to, "\n", 1);
    for (size_t i = 0; i < AUDIT_COLUMNS; i++)
        to = append_value(to, &row[i]);
    hash_hex(bytes, (size_t)(to - bytes), out);
}

const char *audit_change(struct arena *a, const char *field, const char *before, const char *after)
{
    return arena_fmt(a, "{\"%s\":{\"old\":\"%s\",\"new\":\"%s\"}}", field, before, after);
}

static enum rc append_row(struct ctx *c, const struct audit_entry *e, const struct audit_head *head, char hash[static HASH_HEX_MAX])
{
    const struct actor *a = &c->actor;
    struct db_value row[AUDIT_COLUMNS + 1] = {DB_I(head->last_id + 1),
                                              a->user_id ? DB_I(a->user_id) : DB_N,
                                              DB_T(e->module),
                                              DB_T(e->action),
                                              DB_T(e->resource_type),
                                              e->resource_id ? DB_I(e->resource_id) : DB_N,
                                              DB_T(e->description),
                                              DB_T(e->changes),
                                              DB_T(a->ip_address),
                                              DB_T(a->user_agent ? text_shorten(c->arena, a->user_agent, 300) : NULL),
                                              DB_T(c->request_id),
                                              DB_I(c->now_ms)};
    audit_hash(c->arena, head->hash, row, hash);
    row[AUDIT_COLUMNS] = DB_T(hash);
    return db_exec(c->db, &AUDIT_INSERT, row, AUDIT_COLUMNS + 1, NULL);
}

enum rc audit_write(struct ctx *c, const struct audit_entry *e)
{
    char hash[HASH_HEX_MAX];
    struct audit_head head;
    if (c->bulk)
        return audit_append(c, e, &c->bulk->log_end);
    TRY(audit_head(c, &head));
    return append_row(c, e, &head, hash);
}

enum rc audit_append(struct ctx *c, const struct audit_entry *e, struct audit_chain_end *end)
{
    struct audit_head head = {.last_id = end->last_id, .hash = end->hash};
    TRY(append_row(c, e, &head, end->next));
    memcpy(end->hash, end->next, sizeof end->hash);
    end->last_id++;
    return RC_OK;
}

enum rc audit_begin_chain(struct ctx *c, struct audit_chain_end *end)
{
    struct audit_head head;
    TRY(audit_head(c, &head));
    end->last_id = head.last_id;
    snprintf(end->hash, sizeof end->hash, "%s", head.hash);
    return RC_OK;
}

enum rc audit_end_chain(struct ctx *c, const struct audit_chain_end *end)
{
    return db_exec(c->db, &AUDIT_SET_HEAD, DB_ARGS(DB_I(end->last_id), DB_T(end->hash)), NULL);
}
