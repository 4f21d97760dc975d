#include "domain/material_export.h"

#include <string.h>
#include <unistd.h>

#include "domain/audit.h"
#include "domain/reply.h"
#include "domain/setting.h"
#include "excel/excel.h"

struct export_body {
    struct record record;
    const struct json *ids;
};
static const struct field export_fields[] = {
    FIELD(struct export_body, ids, FIELD_JSON, F_IN, .max = EXPORT_IDS_MAX),
};
static const struct record_type export_type = RECORD_TYPE("MaterialExport", struct export_body, export_fields);

#define EXPORTED                                                                                                       \
    "SELECT m.material_code, m.material_name, m.category, un.code AS unit, m.current_stock, m.min_stock, m.max_stock, " \
    "m.location, m.description, m.created_at FROM materials m JOIN units un ON un.id = m.unit_id WHERE "
static const struct sql ALL = {"material.export", EXPORTED "m.status = 'active' ORDER BY m.created_at DESC, m.id DESC"};
static const struct sql ONE = {"material.export_one", EXPORTED "m.id = $1"};

static const struct excel_column columns[] = {{"物料编码", 18}, {"物料名称", 30}, {"类别", 12}, {"单位", 8},    {"当前库存", 14},
                                              {"最低库存", 14}, {"最高库存", 14}, {"存放位置", 20}, {"描述", 40}, {"创建时间", 20}};

static void add_optional(struct excel *e, struct db_rows *rows, const char *column)
{
    if (db_is_null(rows, column))
        excel_empty(e);
    else
        excel_dec(e, db_dec(rows, column));
}

static void add_row(struct excel *e, struct db_rows *rows)
{
    char created[CLOCK_TEXT_MAX];
    clock_print_row(db_int(rows, "created_at"), created);
    excel_text(e, db_text(rows, "material_code"));
    excel_text(e, db_text(rows, "material_name"));
    excel_text(e, strcmp(db_text(rows, "category"), "metal") == 0 ? "金属物料" : "化学物料");
    excel_text(e, db_text(rows, "unit"));
    excel_dec(e, db_dec(rows, "current_stock"));
    add_optional(e, rows, "min_stock");
    add_optional(e, rows, "max_stock");
    excel_text(e, db_text(rows, "location"));
    excel_text(e, db_text(rows, "description"));
    excel_text(e, created);
    excel_next_row(e);
}

static enum rc add_rows(struct ctx *c, struct excel *e, const struct sql *sql, const struct db_value *args, size_t count, int64_t *n)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, sql, args, count, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more || *n == EXCEL_ROWS_MAX)
            return RC_OK;
        add_row(e, rows);
        ++*n;
    }
}

/* Which materials are asked for; none: all of them. */
struct chosen {
    const int64_t *ids;
    size_t count;
};

static enum rc read_chosen(struct ctx *c, const struct json *array, struct chosen *out)
{
    if (!array)
        return RC_OK;
    *out = (struct chosen){record_ids(c, array), array->n};
    if (!out->ids)
        error_fault(&c->err, c->arena, "ids", "type", "应为物料ID的数组", "must be an array of material ids", NULL);
    return c->err.rc;
}

static enum rc fill(struct ctx *c, struct excel *e, const struct chosen *chosen, int64_t *n)
{
    if (!chosen->count)
        return add_rows(c, e, &ALL, DB_NO_ARGS, n);
    for (size_t i = 0; i < chosen->count; i++)
        TRY(add_rows(c, e, &ONE, DB_ARGS(DB_I(chosen->ids[i])), n));
    return RC_OK;
}

/* What prepare has made, for the writer to note and for after to send. */
struct made {
    int fd;
    int64_t bytes, rows;
};

static enum rc prepare_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct export_body b;
    struct chosen chosen = {0};
    struct made *made = arena_new(c->arena, struct made);
    TRY(record_from_json(c, &export_type, call->body, "", RECORD_UPDATE, &b));
    TRY(read_chosen(c, b.ids, &chosen));
    struct excel *e = excel_new("物料列表", columns, sizeof columns / sizeof *columns);
    if (!e)
        return RC_INTERNAL;
    made->fd = -1;
    enum rc rc = fill(c, e, &chosen, &made->rows);
    if (!excel_finish(e, &made->fd, &made->bytes))
        return rc != RC_OK ? rc : RC_INTERNAL;
    call->prepared = made; /* `after` closes it from now on */
    return rc;
}

static enum rc post_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct made *made = call->prepared;
    const struct zone *zone;
    char today[DAY_TEXT_MAX];
    TRY(setting_zone(c, &zone));
    TRY(audit_write(c, &(struct audit_entry){.module = "materials", .action = "export", .resource_type = "material",
                                             .description = arena_fmt(c->arena, "导出物料: %lld 个", (long long)made->rows)}));
    day_print(zone_day(zone, c->now_ms), today);
    call->http->response.status = 200;
    call->http->response.content_type = EXCEL_TYPE;
    http_set_header(call->http, "Content-Disposition", arena_fmt(c->arena, "attachment; filename=materials-%s.xlsx", today));
    return RC_OK;
}

static void after_export(struct call *call, enum rc rc)
{
    struct made *made = call->prepared;
    if (!made)
        return;
    if (rc == RC_OK)
        http_send_file(call->http, made->fd, made->bytes);
    else
        close(made->fd);
    call->prepared = NULL;
}

static const struct route material_export_routes[] = {
    ROUTE("POST", "/api/export/materials", LANE_SLOW, PERM_MATERIAL_EXPORT, &export_type, post_export, "导出物料（xlsx）",
          .prepare = prepare_export, .after = after_export, .keeps_no_answer = true, .updates = true, .bare = true, .media = EXCEL_TYPE),
};
const struct module material_export_module = MODULE("export", "导出", material_export_routes);
