#include "domain/material_export.h"

#include "domain/audit.h"
#include "domain/list_export.h"
#include "domain/setting.h"

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

static const struct table_column columns[] = {{"物料编码", 18, true}, {"物料名称", 30}, {"类别", 12}, {"单位", 8},    {"当前库存", 14},
                                              {"最低库存", 14}, {"最高库存", 14}, {"存放位置", 20}, {"描述", 40}, {"创建时间", 20}};

static void add_optional(struct table *t, struct db_rows *rows, const char *column)
{
    if (db_is_null(rows, column))
        table_empty(t);
    else
        table_dec(t, db_dec(rows, column));
}

static void add_row(struct table *t, struct db_rows *rows)
{
    char created[CLOCK_TEXT_MAX];
    clock_print_row(db_int(rows, "created_at"), created);
    table_text(t, db_text(rows, "material_code"));
    table_text(t, db_text(rows, "material_name"));
    table_text(t, word_for(category_words, db_text(rows, "category"), false));
    table_text(t, db_text(rows, "unit"));
    table_dec(t, db_dec(rows, "current_stock"));
    add_optional(t, rows, "min_stock");
    add_optional(t, rows, "max_stock");
    table_text(t, db_text(rows, "location"));
    table_text(t, db_text(rows, "description"));
    table_text(t, created);
    table_next_row(t);
}

static enum rc add_rows(struct ctx *c, struct table *t, const struct sql *sql, const struct db_value *args, size_t count, int64_t *n)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, sql, args, count, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        add_row(t, rows);
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

static enum rc fill(struct ctx *c, struct table *t, const struct chosen *chosen, int64_t *n)
{
    if (!chosen->count)
        return add_rows(c, t, &ALL, DB_NO_ARGS, n);
    for (size_t i = 0; i < chosen->count; i++)
        TRY(add_rows(c, t, &ONE, DB_ARGS(DB_I(chosen->ids[i])), n));
    return RC_OK;
}

static enum rc prepare_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct export_body b;
    struct chosen chosen = {0};
    struct export_file *made = arena_new(c->arena, struct export_file);
    struct table *t;
    TRY(record_from_json(c, &export_type, call->body, "", RECORD_UPDATE, &b));
    TRY(read_chosen(c, b.ids, &chosen));
    TRY(export_begin(c, EXPORT_XLSX, "物料列表", columns, sizeof columns / sizeof *columns, &t));
    TRY(export_end(t, fill(c, t, &chosen, &made->rows), &made->file));
    call->prepared = made; /* export_after closes it from now on */
    return RC_OK;
}

static enum rc post_export(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct export_file *made = call->prepared;
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

static const struct route material_export_routes[] = {
    ROUTE("POST", "/api/export/materials", LANE_SLOW, PERM_MATERIAL_EXPORT, &export_type, post_export, "导出物料（xlsx）",
          .prepare = prepare_export, .after = export_after, .keeps_no_answer = true, .updates = true, .bare = true, .media = EXCEL_TYPE,
          .refusals = REFUSALS(RC_FILES_UNWRITABLE)),
};
const struct module material_export_module = MODULE("export", "导出", material_export_routes);
