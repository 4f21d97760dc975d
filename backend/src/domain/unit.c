/* Owns the table units. A unit is never deleted; its decimals may only grow once documents use it. */
#include "domain/unit.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/reply.h"

struct unit {
    struct record record;
    int64_t id;
    const char *code, *name_zh, *name_en;
    int64_t decimals, needs_review;
};

static const struct field unit_fields[] = {
    FIELD(struct unit, id, FIELD_INT, F_OUT),
    FIELD(struct unit, code, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = UNIT_CODE_MAX, .example = "kg", .need_zh = "单位不能为空",
          .need_en = "The unit is required"),
    FIELD(struct unit, name_zh, FIELD_TEXT, F_IN | F_OUT, .max = 50, .example = "千克"),
    FIELD(struct unit, name_en, FIELD_TEXT, F_IN | F_OUT, .max = 50, .example = "kilogram"),
    FIELD(struct unit, decimals, FIELD_INT, F_IN | F_OUT | F_NEED, .min = 0, .max = DEC_PLACES, .bad_zh = "小数位数应为 0 到 6",
          .bad_en = "The decimals must be 0 to 6"),
    FIELD(struct unit, needs_review, FIELD_FLAG, F_OUT | F_SURE),
};
static const struct record_type unit_type = RECORD_TYPE("Unit", struct unit, unit_fields);

static const struct sql UNIT_ALL = {
    "unit.all", "SELECT id, code, name_zh, name_en, decimals, needs_review FROM units ORDER BY needs_review DESC, code"};
static const struct sql UNIT_BY_CODE = {
    "unit.by_code", "SELECT id, code, name_zh, name_en, decimals, needs_review FROM units WHERE code = $1"};
static const struct sql UNIT_BY_ID = {
    "unit.by_id", "SELECT id, code, name_zh, name_en, decimals, needs_review FROM units WHERE id = $1"};
static const struct sql UNIT_INSERT = {
    "unit.insert", "INSERT INTO units (code, name_zh, name_en, decimals, needs_review, created_at) "
                   "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"};
static const struct sql UNIT_UPDATE = {
    "unit.update", "UPDATE units SET name_zh = $2, name_en = $3, decimals = $4, needs_review = 0 WHERE id = $1"};
static const struct sql UNIT_USED = {
    "unit.used", "SELECT COUNT(*) AS n FROM (SELECT 1 FROM materials m JOIN document_lines l ON l.material_id = m.id "
                 "WHERE m.unit_id = $1 LIMIT 1) AS used"};

static enum rc load(struct ctx *c, const struct sql *sql, struct db_value key, struct unit *out, bool *found)
{
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, sql, &key, 1, &rows));
    TRY(db_next(rows, found));
    if (*found)
        record_from_row(c, &unit_type, rows, out);
    return RC_OK;
}

static enum rc insert(struct ctx *c, const char *code, const char *zh, const char *en, int64_t decimals, bool review,
                      int64_t *id)
{
    return ctx_insert(c, &UNIT_INSERT,
                      DB_ARGS(DB_T(code), DB_T(zh), DB_T(en), DB_I(decimals), DB_I(review), DB_I(c->now_ms)), id);
}

/* Full-width letters and digits turned, but the case kept: mg is not Mg. */
static const char *normal_code(struct ctx *c, const char *code)
{
    return text_trim(c->arena, text_narrow(c->arena, code));
}

enum rc unit_find(struct ctx *c, const char *code, int64_t *id, int64_t *decimals)
{
    struct unit u;
    bool found;
    TRY(load(c, &UNIT_BY_CODE, DB_T(normal_code(c, code)), &u, &found));
    *id = found ? u.id : 0;
    *decimals = found ? u.decimals : 0;
    return RC_OK;
}

const struct known_unit *unit_known(const char *text)
{
    static const struct known_unit known[] = {
        {"kg", "千克", "kilogram", {"KG", "Kg", "千克", "公斤", "kgs"}},
        {"g", "克", "gram", {"克"}},
        {"mg", "毫克", "milligram", {"毫克"}},
        {"t", "吨", "tonne", {"吨"}},
        {"L", "升", "litre", {"l", "升", "公升"}},
        {"mL", "毫升", "millilitre", {"ml", "ML", "毫升"}},
        {"m", "米", "metre", {"米"}},
        {"cm", "厘米", "centimetre", {"厘米", "CM"}},
        {"mm", "毫米", "millimetre", {"毫米", "MM"}},
        {"m²", "平方米", "square metre", {"㎡", "m2", "平方米"}},
        {"m³", "立方米", "cubic metre", {"m3", "立方米"}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].code, text) == 0)
            return &known[i];
        for (size_t k = 0; known[i].spellings[k]; k++)
            if (strcmp(known[i].spellings[k], text) == 0)
                return &known[i];
    }
    return NULL;
}

enum rc unit_find_or_add(struct ctx *c, const char *code, int64_t *id, int64_t *decimals)
{
    code = normal_code(c, code);
    TRY(unit_find(c, code, id, decimals));
    if (*id)
        return RC_OK;
    *decimals = UNIT_DECIMALS_UNKNOWN;
    TRY(insert(c, code, NULL, NULL, *decimals, true, id));
    return audit_write(c, &(struct audit_entry){.module = "materials", .action = "create", .resource_type = "unit",
                                                .resource_id = *id,
                                                .description = arena_fmt(c->arena, "新增待核对计量单位: %s", code)});
}

enum rc unit_put(struct ctx *c, const char *code, const char *name_zh, const char *name_en, int64_t decimals)
{
    struct unit u;
    bool found;
    int64_t id;
    code = normal_code(c, code);
    TRY(load(c, &UNIT_BY_CODE, DB_T(code), &u, &found));
    if (found)
        return db_exec(c->db, &UNIT_UPDATE, DB_ARGS(DB_I(u.id), DB_T(name_zh), DB_T(name_en), DB_I(decimals)), NULL);
    return insert(c, code, name_zh, name_en, decimals, false, &id);
}

/* ---------------------------------------------------------------- handlers */

static enum rc get_units(struct call *call)
{
    return reply_rows(call, &unit_type, &UNIT_ALL, DB_NO_ARGS);
}

static enum rc post_unit(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct unit u, there;
    bool found;
    TRY(record_from_json(c, &unit_type, call->body, "", RECORD_CREATE, &u));
    u.code = normal_code(c, u.code);
    TRY(load(c, &UNIT_BY_CODE, DB_T(u.code), &there, &found));
    if (found)
        return error_set(&c->err, RC_UNIT_TAKEN);
    TRY(insert(c, u.code, u.name_zh, u.name_en, u.decimals, false, &u.id));
    TRY(audit_write(c, &(struct audit_entry){.module = "materials", .action = "create", .resource_type = "unit",
                                             .resource_id = u.id,
                                             .description = arena_fmt(c->arena, "新增计量单位: %s", u.code)}));
    return reply_id(call, 201, "计量单位创建成功", "Unit created", u.id);
}

static enum rc put_unit(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct unit change, before, after;
    bool found;
    int64_t used;
    TRY(record_from_json(c, &unit_type, call->body, "", RECORD_UPDATE, &change));
    TRY(load(c, &UNIT_BY_ID, DB_I(call->id), &before, &found));
    if (!found)
        return error_set(&c->err, RC_UNIT_NOT_FOUND);
    after = before;
    record_merge(&unit_type, &after, &change);
    after.code = before.code; /* the code is what documents and clients know it by */
    after.needs_review = 0;
    TRY(ctx_number(c, &UNIT_USED, DB_ARGS(DB_I(call->id)), &used));
    if (used && after.decimals < before.decimals) {
        error_fault(&c->err, c->arena, "decimals", "in_use", "已有单据使用该单位，小数位数不能减少",
                    "Documents use this unit: its decimals cannot be reduced", NULL);
        return c->err.rc;
    }
    TRY(db_exec(c->db, &UNIT_UPDATE,
                DB_ARGS(DB_I(call->id), DB_T(after.name_zh), DB_T(after.name_en), DB_I(after.decimals)), NULL));
    TRY(ctx_changed(c, TOPIC_MATERIALS));
    TRY(audit_write(c, &(struct audit_entry){.module = "materials", .action = "update", .resource_type = "unit",
                                             .resource_id = call->id,
                                             .description = arena_fmt(c->arena, "更新计量单位: %s", after.code),
                                             .changes = record_changes(c, &unit_type, &before, &after)}));
    return reply_id(call, 200, "计量单位更新成功", "Unit updated", call->id);
}

static const struct route unit_routes[] = {
    ROUTE("GET", "/api/units", LANE_READ, PERM_MATERIAL_READ, NULL, get_units, "计量单位列表", .shape = ANSWER_ARRAY,
          .answer = &unit_type),
    ROUTE("POST", "/api/units", LANE_WRITE, PERM_MATERIAL_WRITE, &unit_type, post_unit, "新增计量单位", .status = 201,
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_UNIT_TAKEN)),
    ROUTE("PUT", "/api/units/:id", LANE_WRITE, PERM_MATERIAL_WRITE, &unit_type, put_unit, "核对计量单位", .updates = true,
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_UNIT_NOT_FOUND)),
};
const struct module unit_module = MODULE("units", "计量单位", unit_routes);
