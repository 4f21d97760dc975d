#include "domain/database_admin.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/database_copy.h"
#include "domain/list.h"
#include "domain/reply.h"

#define ROWS_PER_PAGE 50
#define COLUMNS_MAX 64
#define MASK "••••••"

/* Kept by the program for itself; all others are business tables. */
static const char *const technical_tables[] = {
    "schema_migrations", "sessions",  "refresh_tokens", "service_tokens",   "login_failures", "idempotency",
    "change_counters",   "heartbeat", "log_head",       "document_numbers", "recent_window",  "pending_documents",
    "search_tokens",     "search_fills", "user_preferences", "saved_views", "loose_files", NULL};

/* What nobody reads here, nor sorts by. */
static const char *const masked_columns[][2] = {{"users", "password_hash"},
                                                {"refresh_tokens", "token_hash"},
                                                {"service_tokens", "token_hash"},
                                                {"idempotency", "key"},
                                                {"idempotency", "fingerprint"},
                                                {"idempotency", "body"},
                                                {"user_preferences", "value"},
                                                {"saved_views", "name"},
                                                {"saved_views", "name_fold"},
                                                {"saved_views", "state"},
                                                {"document_drafts", "title"},
                                                {"document_drafts", "content"}};

struct column {
    const char *name, *type;
    const char *value; /* the expression that reads it */
    bool required, key, masked;
};

struct table {
    const char *name;
    struct column columns[COLUMNS_MAX];
    size_t count;
};

static bool is_business(const char *table)
{
    for (size_t i = 0; technical_tables[i]; i++)
        if (strcmp(technical_tables[i], table) == 0)
            return false;
    return true;
}

static bool is_masked(const char *table, const char *column)
{
    for (size_t i = 0; i < sizeof masked_columns / sizeof *masked_columns; i++)
        if (strcmp(masked_columns[i][0], table) == 0 && strcmp(masked_columns[i][1], column) == 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------- what there is */

struct names {
    const char **list;
    size_t count;
};

static enum rc table_names(struct ctx *c, struct names *out)
{
    enum { TABLES_MAX = 256 };
    DB_ROWS rows = NULL;
    bool more;
    out->list = arena_array(c->arena, TABLES_MAX, sizeof *out->list);
    out->count = 0;
    TRY(db_start(c->db, &db_catalogue(c->db)->tables, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more && out->count < TABLES_MAX) {
        out->list[out->count++] = arena_dup(c->arena, db_text(rows, "name"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* A name of the database's own catalogue, as an SQL identifier. */
static const char *quoted(struct ctx *c, const char *name)
{
    char *out = arena_alloc(c->arena, 2 * strlen(name) + 3), *to = out;
    *to++ = '"';
    for (; *name; name++) {
        if (*name == '"')
            *to++ = '"';
        *to++ = *name;
    }
    *to = '"';
    return out;
}

static enum rc count_rows(struct ctx *c, const char *table, int64_t *n)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(c->db, arena_fmt(c->arena, "SELECT COUNT(*) AS n FROM %s", quoted(c, table)), DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *n = more ? db_int(rows, "n") : 0;
    return RC_OK;
}

static enum rc get_tables(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct names names;
    TRY(table_names(c, &names));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t i = 0; i < names.count; i++) {
        int64_t n;
        TRY(count_rows(c, names.list[i], &n));
        jw_object(&w);
        jw_member_text(&w, "name", names.list[i]);
        jw_member_bool(&w, "isBusinessTable", is_business(names.list[i]));
        jw_member_int(&w, "rowCount", n);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static enum rc one_text(struct ctx *c, const struct sql *sql, const char *column, const char **out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, sql, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *out = more ? arena_dup(c->arena, db_text(rows, column)) : NULL;
    return RC_OK;
}

static enum rc get_info(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct db_catalogue *catalogue = db_catalogue(c->db);
    const char *version, *integrity;
    int64_t size;
    int schema;
    TRY(one_text(c, &catalogue->version, "version", &version));
    TRY(one_text(c, &catalogue->integrity, "result", &integrity));
    TRY(ctx_number(c, &catalogue->size, DB_NO_ARGS, &size));
    TRY(db_schema_version(c->db, &schema));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_text(&w, "engine", catalogue->engine);
    jw_member_text(&w, "version", version);
    jw_member_int(&w, "schemaVersion", schema);
    jw_member_int(&w, "size", size);
    jw_member_text(&w, "integrity", integrity);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- rows */

static enum rc find_table(struct call *call, struct table *out)
{
    struct ctx *c = &call->ctx;
    const char *wanted = http_param(call->http, "name");
    struct names names;
    DB_ROWS rows = NULL;
    bool more;
    TRY(table_names(c, &names));
    for (size_t i = 0; wanted && i < names.count; i++)
        if (strcmp(names.list[i], wanted) == 0)
            out->name = names.list[i];
    if (!out->name)
        return error_set(&c->err, RC_TABLE_INVALID);
    TRY(db_start(c->db, &db_catalogue(c->db)->columns, DB_ARGS(DB_T(out->name)), &rows));
    TRY(db_next(rows, &more));
    while (more && out->count < COLUMNS_MAX) {
        const char *name = arena_dup(c->arena, db_text(rows, "name"));
        out->columns[out->count++] = (struct column){name,
                                                     arena_dup(c->arena, db_text(rows, "type")),
                                                     arena_dup(c->arena, db_text(rows, "value")),
                                                     db_int(rows, "is_required"),
                                                     db_int(rows, "is_key"),
                                                     is_masked(out->name, name)};
        TRY(db_next(rows, &more));
    }
    return out->count ? RC_OK : error_set(&c->err, RC_TABLE_INVALID);
}

struct page {
    int64_t number, size;
    const struct column *order_by;
    const char *way;
};

static enum rc read_page(struct call *call, const struct table *t, struct page *out)
{
    struct ctx *c = &call->ctx;
    const char *by = http_query(call->http, "orderBy"), *order = http_query(call->http, "order");
    out->number = list_number(call, "page", 1, 1000000);
    out->size = list_number(call, "pageSize", ROWS_PER_PAGE, LIST_PAGE_SIZE_MAX);
    out->way = order && (strcmp(order, "desc") == 0 || strcmp(order, "DESC") == 0) ? "DESC" : "ASC";
    out->order_by = by && *by ? NULL : &t->columns[0];
    for (size_t i = 0; i < t->count; i++)
        if (by && strcmp(t->columns[i].name, by) == 0 && !t->columns[i].masked)
            out->order_by = &t->columns[i];
    if (c->err.rc != RC_OK)
        return c->err.rc;
    return out->order_by ? RC_OK : error_set(&c->err, RC_SORT_INVALID);
}

/* All names in it come from the catalogue. The key makes the order total. */
static const char *rows_text(struct ctx *c, const struct table *t, const struct page *p)
{
    const char *columns = "", *keys = "";
    for (size_t i = 0; i < t->count; i++) {
        const struct column *one = &t->columns[i];
        columns = arena_fmt(c->arena, "%s%s%s", columns, i ? ", " : "", one->value);
        if (one->key && one != p->order_by)
            keys = arena_fmt(c->arena, "%s, %s %s", keys, one->value, p->way);
    }
    return arena_fmt(c->arena, "SELECT %s FROM %s ORDER BY %s %s%s LIMIT $1 OFFSET $2", columns, quoted(c, t->name),
                     p->order_by->value, p->way, keys);
}

static void write_value(struct json_writer *w, struct db_rows *rows, int column, bool masked)
{
    size_t n = 0;
    switch (db_type_at(rows, column)) {
    case DB_NULL:
        jw_null(w);
        return;
    case DB_INT:
        if (masked)
            jw_text(w, MASK);
        else
            jw_int(w, db_int_at(rows, column));
        return;
    case DB_TEXT:
        break;
    }
    const char *text = db_text_at(rows, column, &n);
    if (masked)
        jw_text(w, MASK);
    else
        jw_text_n(w, text, n);
}

static enum rc write_rows(struct ctx *c, const struct table *t, const struct page *p, struct json_writer *w)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(c->db, rows_text(c, t, p), DB_ARGS(DB_I(p->size), DB_I((p->number - 1) * p->size)), &rows));
    TRY(db_next(rows, &more));
    jw_array(w);
    while (more) {
        jw_object(w);
        for (size_t i = 0; i < t->count; i++) {
            jw_name_text(w, t->columns[i].name);
            write_value(w, rows, (int)i, t->columns[i].masked);
        }
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(w);
    return RC_OK;
}

static void write_columns(struct json_writer *w, const struct table *t)
{
    jw_array(w);
    for (size_t i = 0; i < t->count; i++) {
        jw_object(w);
        jw_member_text(w, "name", t->columns[i].name);
        jw_member_text(w, "type", t->columns[i].type);
        jw_member_int(w, "notnull", t->columns[i].required);
        jw_member_int(w, "pk", t->columns[i].key);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static enum rc get_table(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct table *t = arena_new(c->arena, struct table);
    struct page p;
    int64_t total;
    TRY(find_table(call, t));
    TRY(read_page(call, t, &p));
    TRY(count_rows(c, t->name, &total));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_text(&w, "tableName", t->name);
    jw_name(&w, "columns");
    write_columns(&w, t);
    jw_name(&w, "rows");
    TRY(write_rows(c, t, &p, &w));
    jw_name(&w, "pagination");
    jw_object(&w);
    jw_member_int(&w, "total", total);
    jw_member_int(&w, "page", p.number);
    jw_member_int(&w, "pageSize", p.size);
    jw_member_int(&w, "totalPages", (total + p.size - 1) / p.size);
    jw_object_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* The raw grid of the older system is not brought back; that somebody tried is kept. */
static enum rc refuse_edit(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *table = text_shorten(c->arena, http_param(call->http, "name"), 60);
    TRY(audit_write(c, &(struct audit_entry){.module = "admin_data_management", .action = "refused", .resource_type = "table",
                                             .resource_id = call->id,
                                             .description = arena_fmt(c->arena, "拒绝直接修改数据: %s %s",
                                                                      call->http->request.method, table)}));
    reply_error(call->http, c, RC_RAW_EDIT);
    return RC_OK;
}

/* ---------------------------------------------------------------- a copy to take away */

static enum rc prepare_export(struct call *call)
{
    struct database_copy *copy = arena_new(call->ctx.arena, struct database_copy);
    call->prepared = copy;
    return database_copy_make(&call->ctx, copy);
}

static enum rc post_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct database_copy *copy = call->prepared;
    TRY(audit_write(c, &(struct audit_entry){.module = "admin_data_management", .action = "export", .resource_type = "database",
                                             .description = arena_fmt(c->arena, "导出数据库: %s", copy->shown)}));
    struct json_writer w = reply_data(call, 200, "数据库导出成功", "The database was exported");
    jw_object(&w);
    jw_member_text(&w, "filename", copy->name);
    jw_member_text(&w, "downloadUrl", arena_fmt(c->arena, "/api/admin/database/export/%s", copy->name));
    jw_member_int(&w, "size", copy->size);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc get_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *name = http_param(call->http, "file");
    int fd;
    struct database_copy copy;
    TRY(database_copy_open(c, name, &copy, &fd));
    call->http->response.status = 200;
    call->http->response.content_type = "application/vnd.sqlite3";
    http_set_header(call->http, "Content-Disposition", arena_fmt(c->arena, "attachment; filename=\"%s\"", copy.shown));
    http_send_file(call->http, fd, copy.size);
    return RC_OK;
}

static const struct answer_part table_parts[] = {{"name", PART_TEXT}, {"isBusinessTable", PART_BOOL}, {"rowCount"}, {0}};
static const struct answer_part info_parts[] = {{"engine", PART_TEXT}, {"version", PART_TEXT},   {"schemaVersion"},        {"size"},
                                                {"integrity", PART_TEXT}, {0}};
static const struct answer_part column_parts[] = {{"name", PART_TEXT}, {"type", PART_TEXT}, {"notnull"}, {"pk"}, {0}};
static const struct answer_part rows_parts[] = {
    {"tableName", PART_TEXT},
    {"columns", PART_ARRAY, .parts = column_parts},
    {"rows", PART_ARRAY}, /* their members are the table's columns */
    {"pagination", PART_OBJECT, .parts = PARTS({"total"}, {"page"}, {"pageSize"}, {"totalPages"})},
    {0}};
static const struct list_filter rows_query[] = {
    {"page", FILTER_ID}, {"pageSize", FILTER_ID}, {"orderBy", FILTER_TEXT}, {"order", FILTER_TEXT}, {0}};

static const struct route database_admin_routes[] = {
    ROUTE("GET", "/api/admin/database/tables", LANE_SLOW, PERM_DATABASE_READ, NULL, get_tables, "数据表", .shape = ANSWER_ARRAY,
          .parts = table_parts),
    ROUTE("GET", "/api/admin/database/info", LANE_SLOW, PERM_DATABASE_READ, NULL, get_info, "数据库概况", .parts = info_parts),
    ROUTE("GET", "/api/admin/database/table/:name", LANE_SLOW, PERM_DATABASE_READ, NULL, get_table, "数据表的行", .query = rows_query,
          .parts = rows_parts, .refusals = REFUSALS(RC_TABLE_INVALID, RC_SORT_INVALID)),
    ROUTE("PUT", "/api/admin/database/table/:name/row/:id", LANE_WRITE, PERM_DATABASE_READ, NULL, refuse_edit, "不提供：直接修改数据",
          .refusals = REFUSALS(RC_RAW_EDIT)),
    ROUTE("DELETE", "/api/admin/database/table/:name/row/:id", LANE_WRITE, PERM_DATABASE_READ, NULL, refuse_edit,
          "不提供：直接删除数据", .refusals = REFUSALS(RC_RAW_EDIT)),
    ROUTE("POST", "/api/admin/database/export", LANE_SLOW, PERM_DATABASE_READ, NULL, post_export, "导出数据库",
          .prepare = prepare_export, .parts = PARTS({"filename", PART_TEXT}, {"downloadUrl", PART_TEXT}, {"size"}),
          .refusals = REFUSALS(RC_FILES_UNWRITABLE)),
    ROUTE("GET", "/api/admin/database/export/:file", LANE_SLOW, PERM_DATABASE_READ, NULL, get_export, "下载导出的数据库", .bare = true,
          .media = "application/vnd.sqlite3", .refusals = REFUSALS(RC_NOT_FOUND)),
};
const struct module database_admin_module = MODULE("administration", "系统管理", database_admin_routes);
