/* Owns the table locations. */
#include "domain/location.h"

#include "base/text.h"
#include "domain/audit.h"
#include "domain/reply.h"

struct location {
    struct record record;
    int64_t id, parent_id;
    const char *code, *name_zh, *name_en, *kind;
};

static const struct field location_fields[] = {
    FIELD(struct location, id, FIELD_INT, F_OUT),
    FIELD(struct location, parent_id, FIELD_INT, F_IN | F_OUT, .min = 1),
    FIELD(struct location, code, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 50, .example = "A-01-02", .need_zh = "库位编码不能为空",
          .need_en = "The location code is required"),
    FIELD(struct location, name_zh, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 100, .example = "一号架二层", .need_zh = "库位名称不能为空",
          .need_en = "The location name is required"),
    FIELD(struct location, name_en, FIELD_TEXT, F_IN | F_OUT, .max = 100, .example = "Rack 1, level 2"),
    FIELD(struct location, kind, FIELD_TEXT, F_OUT | F_SURE),
};
static const struct record_type location_type = RECORD_TYPE("Location", struct location, location_fields);

static const struct sql LOCATION_ALL = {"location.all",
                                        "SELECT id, parent_id, code, name_zh, name_en, kind FROM locations ORDER BY code_fold"};
static const struct sql LOCATION_REAL = {"location.real",
                                         "SELECT COUNT(*) AS n FROM locations WHERE id = $1 AND is_real = 1"};
static const struct sql LOCATION_BY_CODE = {"location.by_code", "SELECT COUNT(*) AS n FROM locations WHERE code_fold = $1"};
static const struct sql LOCATION_FIND = {
    "location.find", "SELECT COALESCE((SELECT id FROM locations WHERE is_real = 1 AND code_fold = $1), (SELECT CASE WHEN COUNT(*) = 1 THEN "
                     "MIN(id) END FROM locations WHERE is_real = 1 AND name_zh = $2), 0) AS n"};
static const struct sql LOCATION_INSERT = {
    "location.insert", "INSERT INTO locations (parent_id, code, code_fold, name_zh, name_en, kind, is_real, created_at) "
                       "VALUES ($1, $2, $3, $4, $5, 'storage', 1, $6) RETURNING id"};

enum rc location_must_be_real(struct ctx *c, int64_t id)
{
    int64_t n;
    TRY(ctx_number(c, &LOCATION_REAL, DB_ARGS(DB_I(id)), &n));
    return n ? RC_OK : error_set(&c->err, RC_LOCATION_NOT_FOUND);
}

enum rc location_find(struct ctx *c, const char *code, int64_t *id)
{
    return ctx_number(c, &LOCATION_FIND, DB_ARGS(DB_T(text_fold(c->arena, code)), DB_T(text_trim(c->arena, code))), id);
}

static enum rc add(struct ctx *c, struct location *l)
{
    int64_t taken;
    const char *fold = text_fold(c->arena, l->code);
    TRY(ctx_number(c, &LOCATION_BY_CODE, DB_ARGS(DB_T(fold)), &taken));
    if (taken)
        return error_set(&c->err, RC_LOCATION_TAKEN);
    TRY(ctx_insert(c, &LOCATION_INSERT,
                   DB_ARGS(record_value(&location_type, l, "parent_id"), DB_T(l->code), DB_T(fold), DB_T(l->name_zh),
                           DB_T(l->name_en), DB_I(c->now_ms)),
                   &l->id));
    return audit_write(c, &(struct audit_entry){.module = "materials", .action = "create", .resource_type = "location",
                                                .resource_id = l->id,
                                                .description = arena_fmt(c->arena, "新增库位: %s", l->code)});
}

enum rc location_add(struct ctx *c, const char *code, const char *name_zh, int64_t *id)
{
    struct location l = {.code = code, .name_zh = name_zh};
    TRY(add(c, &l));
    *id = l.id;
    return RC_OK;
}

static enum rc get_locations(struct call *call)
{
    return reply_rows(call, &location_type, &LOCATION_ALL, DB_NO_ARGS);
}

static enum rc post_location(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct location l;
    TRY(record_from_json(c, &location_type, call->body, "", RECORD_CREATE, &l));
    if (record_has(&location_type, &l, "parent_id"))
        TRY(location_must_be_real(c, l.parent_id));
    TRY(add(c, &l));
    return reply_id(call, 201, "库位创建成功", "Location created", l.id);
}

static const struct route location_routes[] = {
    ROUTE("GET", "/api/locations", LANE_READ, PERM_MATERIAL_READ, NULL, get_locations, "库位列表", .shape = ANSWER_ARRAY,
          .answer = &location_type),
    ROUTE("POST", "/api/locations", LANE_WRITE, PERM_LOCATION_WRITE, &location_type, post_location, "新增库位", .status = 201,
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_LOCATION_NOT_FOUND, RC_LOCATION_TAKEN)),
};
const struct module location_module = MODULE("locations", "库位", location_routes);
