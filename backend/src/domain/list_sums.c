#include "domain/list_sums.h"

#include <string.h>

#include "domain/document_rows.h"
#include "domain/list.h"
#include "domain/material.h"
#include "domain/reply.h"

#define UNITS_SHOWN 12

/* Sums of many rows: wholes and millionths apart, since together they may pass 64 bits. */
#define SUMS_OF(COLUMN, NAME)                                                                                          \
    "CAST(COALESCE(SUM(" COLUMN " / 1000000), 0) AS BIGINT) AS " NAME "_wholes, "                                      \
    "CAST(COALESCE(SUM(" COLUMN " % 1000000), 0) AS BIGINT) AS " NAME "_millionths"

struct sum {
    int64_t wholes, millionths;
};

/* The end of the range when it is passed. */
static struct dec as_dec(struct sum s)
{
    int64_t all;
    if (__builtin_mul_overflow(s.wholes, 1000000, &all) || __builtin_add_overflow(all, s.millionths, &all))
        all = INT64_MAX;
    return (struct dec){all};
}

static void add(struct sum *s, int64_t wholes, int64_t millionths)
{
    s->wholes += wholes;
    s->millionths += millionths;
}

static void write_dec(struct json_writer *w, const char *name, struct sum value)
{
    jw_name(w, name);
    jw_dec(w, as_dec(value));
}

/* The request's filters, those of `spec`; kept in call->prepared for the function that writes. */
static enum rc read_filters(struct call *call, const struct list_spec *spec, const struct list_scope *scope)
{
    struct list_source s = list_source_of(call);
    struct list_query *q;
    s.spec = spec;
    TRY(list_read_set(&s, scope, &q));
    call->prepared = q;
    return RC_OK;
}

/* "… FROM … WHERE the set …", started. */
static enum rc start(struct call *call, const char *select, const char *rest, struct db_rows **rows)
{
    const struct db_value *args;
    size_t count;
    const char *where = list_where(call->prepared, &args, &count);
    return db_start_text(call->ctx.db, arena_fmt(call->ctx.arena, "%s%s%s", select, where, rest), args, count, rows);
}

/* ---------------------------------------------------------------- materials */

#define BY_UNIT " GROUP BY m.unit_id ORDER BY materials DESC, unit"
#define UNIT "SELECT (SELECT code FROM units WHERE id = m.unit_id) AS unit, "

/* What the figures can tell: they have a status, a category and a unit, by these names. */
#define OF_FIGURES                                                                                                     \
    "SELECT CAST(COALESCE(SUM(m.low), 0) AS BIGINT) AS low, CAST(COALESCE(SUM(m.value_wholes), 0) AS BIGINT) AS "       \
    "value_wholes, CAST(COALESCE(SUM(m.value_millionths), 0) AS BIGINT) AS value_millionths FROM material_figures m"
#define OF_UNIT_FIGURES                                                                                                \
    UNIT "CAST(SUM(m.materials) AS BIGINT) AS materials, 0 AS low, CAST(SUM(m.stock_wholes) AS BIGINT) AS stock_wholes, " \
         "CAST(SUM(m.stock_millionths) AS BIGINT) AS stock_millionths, 0 AS value_wholes, 0 AS value_millionths FROM unit_figures m"
#define OF_MATERIALS                                                                                                   \
    UNIT "COUNT(*) AS materials, CAST(SUM(CASE WHEN m.min_stock > 0 AND m.current_stock <= m.min_stock THEN 1 ELSE 0 END) " \
         "AS BIGINT) AS low, " SUMS_OF("m.current_stock", "stock") ", " SUMS_OF("m.stock_value", "value") " FROM materials m"

struct material_sums {
    int64_t count, low;
    struct sum value;
};

/* Writes by_unit, and adds up the rest. */
static enum rc write_units(struct db_rows *rows, struct json_writer *w, struct material_sums *sums)
{
    bool more;
    int shown = 0;
    jw_name(w, "by_unit");
    jw_array(w);
    TRY(db_next(rows, &more));
    while (more) {
        int64_t materials = db_int(rows, "materials");
        sums->count += materials;
        sums->low += db_int(rows, "low");
        add(&sums->value, db_int(rows, "value_wholes"), db_int(rows, "value_millionths"));
        if (materials && shown++ < UNITS_SHOWN) {
            jw_object(w);
            jw_member_text(w, "unit", db_text(rows, "unit"));
            write_dec(w, "quantity", (struct sum){db_int(rows, "stock_wholes"), db_int(rows, "stock_millionths")});
            jw_object_end(w);
        }
        TRY(db_next(rows, &more));
    }
    jw_array_end(w);
    return RC_OK;
}

static enum rc write_materials(struct call *call, const char *by_unit, const char *the_rest)
{
    DB_ROWS units = NULL;
    DB_ROWS rest = NULL;
    bool more;
    struct material_sums sums = {0};
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    TRY(start(call, by_unit, BY_UNIT, &units));
    TRY(write_units(units, &w, &sums));
    if (the_rest) {
        TRY(start(call, the_rest, "", &rest));
        TRY(db_next(rest, &more));
        sums.low = db_int(rest, "low");
        add(&sums.value, db_int(rest, "value_wholes"), db_int(rest, "value_millionths"));
    }
    jw_member_int(&w, "count", sums.count);
    jw_member_int(&w, "low_stock", sums.low);
    write_dec(&w, "stock_value", sums.value);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc write_from_figures(struct call *call)
{
    return write_materials(call, OF_UNIT_FIGURES, OF_FIGURES);
}

static enum rc write_from_materials(struct call *call)
{
    return write_materials(call, OF_MATERIALS, NULL);
}

/* Whether nothing is asked about but what material_figures and unit_figures have as columns. */
static bool figures_know(struct call *call)
{
    for (const struct list_filter *f = material_list.filters; f->param; f++) {
        const char *value = http_query(call->http, f->param);
        if (value && *value && strcmp(f->param, "status") != 0 && strcmp(f->param, "category") != 0)
            return false;
    }
    return true;
}

static enum rc get_material_sums(struct call *call)
{
    TRY(read_filters(call, &material_list, NULL));
    return figures_know(call) ? list_remembered_set(call, "sums of figures", call->prepared, TOPIC_STOCK, write_from_figures)
                              : list_remembered_set(call, "sums of materials", call->prepared, TOPIC_STOCK, write_from_materials);
}

/* ---------------------------------------------------------------- documents */

#define OF_DOCUMENTS                                                                                                   \
    "SELECT d.kind, COUNT(*) AS n, CAST(SUM(d.line_count) AS BIGINT) AS lines, " SUMS_OF("d.total_amount", "amount")     \
    " FROM documents d"

static enum rc write_documents(struct call *call)
{
    DB_ROWS rows = NULL;
    bool more;
    int64_t count = 0, lines = 0;
    struct sum in = {0}, out = {0};
    TRY(start(call, OF_DOCUMENTS, " GROUP BY d.kind", &rows));
    TRY(db_next(rows, &more));
    while (more) {
        bool receipt = strcmp(db_text(rows, "kind"), "receipt") == 0;
        count += db_int(rows, "n");
        lines += db_int(rows, "lines");
        add(receipt ? &in : &out, db_int(rows, "amount_wholes"), db_int(rows, "amount_millionths"));
        TRY(db_next(rows, &more));
    }
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "count", count);
    jw_member_int(&w, "line_count", lines);
    write_dec(&w, "in_amount", in);
    write_dec(&w, "out_amount", out);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc document_sums(struct call *call, list_scope_fn scope_of)
{
    struct list_scope scope = {0};
    TRY(scope_of(&call->ctx, 0, &scope));
    TRY(read_filters(call, &document_list, &scope));
    return list_remembered_set(call, "sums of documents", call->prepared, 0, write_documents);
}

static enum rc get_document_sums(struct call *call)
{
    return document_sums(call, document_scope_seen);
}

static enum rc get_own_sums(struct call *call)
{
    return document_sums(call, document_scope_own);
}

static const struct answer_part material_parts[] = {
    {"count"},
    {"stock_value", PART_DEC},
    {"low_stock"},
    {"by_unit", PART_ARRAY, .parts = PARTS({"unit", PART_TEXT}, {"quantity", PART_DEC})},
    {0},
};
static const struct answer_part document_parts[] = {
    {"count"}, {"line_count"}, {"in_amount", PART_DEC}, {"out_amount", PART_DEC}, {0}};

static const struct route sums_routes[] = {
    ROUTE("GET", "/api/materials/sums", LANE_SLOW, PERM_MATERIAL_READ, NULL, get_material_sums, "物料列表的合计",
          .query = material_list.filters, .parts = material_parts),
    ROUTE("GET", "/api/inventory/sums", LANE_SLOW, PERM_DOCUMENT_READ, NULL, get_document_sums, "出入库单列表的合计",
          .query = document_list.filters, .parts = document_parts),
    ROUTE("GET", "/api/inventory/mine/sums", LANE_SLOW, PERM_DOCUMENT_READ, NULL, get_own_sums, "我的出入库单的合计",
          .query = document_list.filters, .parts = document_parts),
};
const struct module list_sums_module = MODULE("sums", "合计", sums_routes);
