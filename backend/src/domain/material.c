/* Owns the tables materials and material_code_history. Invariants: codes are unique in their folded form; every change of a
 * row that a person makes raises its version; current_stock belongs to ledger.c alone. */
#include "domain/material.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/list_export.h"
#include "domain/reply.h"
#include "domain/search_index.h"
#include "domain/unit.h"

#define MATERIAL_COLUMNS                                                                                               \
    "m.id, m.material_code, m.material_name, m.name_en, m.category, m.subcategory, un.code AS unit, m.unit_id, "       \
    UNIT_DECIMALS_OF ", m.qty_decimals, "                                                                              \
    "m.current_stock, m.min_stock, m.max_stock, m.location, m.description, m.cas_no, m.un_no, m.ghs_pictograms, "      \
    "m.hazard_statements, m.storage_class, m.control_flags, m.metal_grade, m.standard, m.track_by, m.shelf_life_days, " \
    "m.shelf_life_basis, m.periodic_inspection_days, m.storage_condition, m.cert_required, m.cas_check, m.note, "      \
    "m.status, m.version, m.move_count, m.created_by, m.created_at, m.updated_at, "                                    \
    "COALESCE(cr.real_name, cr.username) AS creator_name"
#define MATERIAL_FROM "materials m JOIN units un ON un.id = m.unit_id LEFT JOIN users cr ON cr.id = m.created_by"

static const struct sql MATERIAL_BY_ID = {"material.by_id",
                                          "SELECT " MATERIAL_COLUMNS " FROM " MATERIAL_FROM " WHERE m.id = $1"};
static const struct sql MATERIAL_BY_CODE = {
    "material.by_code", "SELECT " MATERIAL_COLUMNS " FROM " MATERIAL_FROM " WHERE m.code_fold = $1"};
static const struct sql MATERIAL_INSERT = {
    "material.insert",
    "INSERT INTO materials (material_code, code_fold, material_name, name_fold, name_en, category, subcategory, unit_id, "
    "qty_decimals, min_stock, max_stock, location, description, cas_no, un_no, ghs_pictograms, hazard_statements, "
    "storage_class, control_flags, metal_grade, standard, track_by, shelf_life_days, shelf_life_basis, "
    "periodic_inspection_days, storage_condition, cert_required, cas_check, note, created_by, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, "
    "$25, $26, $27, $28, $29, $30, $31, $31) RETURNING id"};
static const struct sql MATERIAL_UPDATE = {
    "material.update",
    "UPDATE materials SET material_code = $2, code_fold = $3, material_name = $4, name_fold = $5, name_en = $6, category = $7, "
    "subcategory = $8, unit_id = $9, qty_decimals = $10, min_stock = $11, max_stock = $12, location = $13, description = $14, "
    "cas_no = $15, un_no = $16, ghs_pictograms = $17, hazard_statements = $18, storage_class = $19, control_flags = $20, "
    "metal_grade = $21, standard = $22, track_by = $23, shelf_life_days = $24, shelf_life_basis = $25, "
    "periodic_inspection_days = $26, storage_condition = $27, cert_required = $28, cas_check = $29, note = $30, "
    "updated_at = $31, version = version + 1 WHERE id = $1"};
static const struct sql MATERIAL_STATUS = {
    "material.status", "UPDATE materials SET status = $2, updated_at = $3, version = version + 1 WHERE id = $1"};
static const struct sql MATERIAL_DELETE = {"material.delete", "DELETE FROM materials WHERE id = $1"};
static const struct sql MATERIAL_DOCUMENTS = {
    "material.documents",
    "SELECT COUNT(*) AS n FROM (SELECT 1 FROM document_lines WHERE material_id = $1 LIMIT 1) AS used"};
static const struct sql MATERIAL_COUNTS = {
    "material.counts", "SELECT COUNT(*) AS n FROM (SELECT 1 FROM count_items WHERE material_id = $1 LIMIT 1) AS used"};
static const struct sql MATERIAL_COUNTED = {
    "material.counted", "SELECT COUNT(*) AS n FROM count_items i JOIN count_tasks t ON t.id = i.task_id "
                        "WHERE i.material_id = $1 AND i.actual_stock IS NOT NULL AND t.status = 'in_progress'"};
static const struct sql MATERIAL_PENDING = {
    "material.pending", "SELECT COUNT(*) AS n FROM document_lines l JOIN documents d ON d.id = l.document_id "
                        "WHERE l.material_id = $1 AND d.status = 'pending'"};
static const struct sql LOT_INSERT = {"lot.insert_untracked",
                                      "INSERT INTO lots (material_id, lot_no, created_at) VALUES ($1, '', $2)"};
static const struct sql LOTS_DELETE = {"lot.delete_of_material", "DELETE FROM lots WHERE material_id = $1"};
static const struct sql CODE_HISTORY_INSERT = {
    "material_code_history.insert",
    "INSERT INTO material_code_history (material_id, old_code, new_code, changed_by, change_reason, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)"};
static const struct sql CODE_HISTORY_DELETE = {"material_code_history.delete",
                                               "DELETE FROM material_code_history WHERE material_id = $1"};

/* ---------------------------------------------------------------- services */

static enum rc load(struct ctx *c, const struct sql *sql, struct db_value key, struct material *out, bool *found)
{
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, sql, &key, 1, &rows));
    TRY(db_next(rows, found));
    if (*found)
        record_from_row(c, &material_type, rows, out);
    return RC_OK;
}

enum rc material_by_id(struct ctx *c, int64_t id, struct material *out, bool *found)
{
    return load(c, &MATERIAL_BY_ID, DB_I(id), out, found);
}

enum rc material_get(struct ctx *c, int64_t id, struct material *out)
{
    bool found;
    TRY(material_by_id(c, id, out, &found));
    return found ? RC_OK : error_set(&c->err, RC_MATERIAL_NOT_FOUND);
}

enum rc material_by_code(struct ctx *c, const char *code, struct material *out, bool *found)
{
    return load(c, &MATERIAL_BY_CODE, DB_T(text_fold(c->arena, code)), out, found);
}

/* The name as it is searched and sorted: Chinese and English in one. */
static const char *name_fold(struct ctx *c, const struct material *m)
{
    return text_fold(c->arena, m->name_en ? arena_fmt(c->arena, "%s %s", m->material_name, m->name_en) : m->material_name);
}

static void check_decimals(struct ctx *c, const char *field, struct dec value, int64_t decimals)
{
    if (!dec_fits(value, (unsigned)decimals))
        error_fault(&c->err, c->arena, field, "decimals",
                    arena_fmt(c->arena, "该单位最多允许%lld位小数", (long long)decimals),
                    arena_fmt(c->arena, "This unit allows at most %lld decimals", (long long)decimals), NULL);
}

/* Quantities are written down in the unit that the material has. */
static enum rc unit_may_change(struct ctx *c, const struct material *m, const char *unit)
{
    int64_t pending, counted;
    TRY(ctx_number(c, &MATERIAL_PENDING, DB_ARGS(DB_I(m->id)), &pending));
    TRY(ctx_number(c, &MATERIAL_COUNTED, DB_ARGS(DB_I(m->id)), &counted));
    if (m->move_count || pending)
        error_fault(&c->err, c->arena, "unit", "in_use", "物料已有库存流水或待审批单据，不能更改单位",
                    "The material has stock moves or pending documents: its unit cannot change", unit);
    else if (counted)
        error_fault(&c->err, c->arena, "unit", "in_use", "物料正在盘点，不能更改单位",
                    "The material is being counted: its unit cannot change", unit);
    return RC_OK;
}

enum rc material_check(struct ctx *c, const struct material *before, const struct material *m, int64_t unit_decimals)
{
    if (before && strcmp(before->unit, m->unit) != 0)
        TRY(unit_may_change(c, before, m->unit));
    if (before && record_has(&material_type, m, "qty_decimals") && !dec_fits(m->current_stock, (unsigned)m->qty_decimals))
        error_fault(&c->err, c->arena, "qtyDecimals", "in_use", "现有库存的小数位数更多，不能减少",
                    "The present stock has more decimals: they cannot be reduced", NULL);
    if (record_has(&material_type, m, "qty_decimals") && m->qty_decimals < unit_decimals)
        unit_decimals = m->qty_decimals;
    check_decimals(c, "minStock", m->min_stock, unit_decimals);
    check_decimals(c, "maxStock", m->max_stock, unit_decimals);
    if (dec_sign(m->max_stock) > 0 && dec_cmp(m->max_stock, m->min_stock) < 0)
        error_fault(&c->err, c->arena, "maxStock", "out_of_range", "最高库存不能低于最低库存",
                    "The maximum stock must not be below the minimum", NULL);
    return c->err.rc;
}

/* A unit that the list lacks is added. */
static enum rc check_with_unit(struct ctx *c, const struct material *before, const struct material *m, int64_t *unit_id)
{
    int64_t decimals;
    TRY(unit_find_or_add(c, m->unit, unit_id, &decimals));
    return material_check(c, before, m, decimals);
}

static enum rc code_must_be_free(struct ctx *c, const char *code, int64_t own_id)
{
    struct material there;
    bool found;
    TRY(material_by_code(c, code, &there, &found));
    return found && there.id != own_id ? error_set(&c->err, RC_MATERIAL_CODE_TAKEN) : RC_OK;
}

#define V(FIELD) record_value(&material_type, m, FIELD)
#define COMMON_VALUES                                                                                                  \
    DB_T(m->name_en), DB_T(m->category), DB_T(m->subcategory), DB_I(unit_id), V("qty_decimals"), DB_D(m->min_stock),    \
        DB_D(m->max_stock), DB_T(m->location), DB_T(m->description), DB_T(m->cas_no), DB_T(m->un_no),                    \
        DB_T(m->ghs_pictograms), DB_T(m->hazard_statements), DB_T(m->storage_class), DB_T(m->control_flags),             \
        DB_T(m->metal_grade), DB_T(m->standard), DB_T(m->track_by), V("shelf_life_days"), DB_T(m->shelf_life_basis),     \
        V("periodic_inspection_days"), DB_T(m->storage_condition), DB_T(m->cert_required), DB_T(m->cas_check),           \
        DB_T(m->note)

enum rc material_add(struct ctx *c, const struct material *m, int64_t *id)
{
    int64_t unit_id;
    TRY(code_must_be_free(c, m->material_code, 0));
    TRY(check_with_unit(c, NULL, m, &unit_id));
    TRY(ctx_insert(c, &MATERIAL_INSERT,
                   DB_ARGS(DB_T(m->material_code), DB_T(text_fold(c->arena, m->material_code)), DB_T(m->material_name),
                           DB_T(name_fold(c, m)), COMMON_VALUES, c->actor.user_id ? DB_I(c->actor.user_id) : DB_N,
                           DB_I(c->now_ms)),
                   id));
    TRY(db_exec(c->db, &LOT_INSERT, DB_ARGS(DB_I(*id), DB_I(c->now_ms)), NULL));
    TRY(search_put(c, SEARCH_MATERIAL, *id));
    TRY(ctx_changed(c, TOPIC_MATERIALS));
    return audit_write(c, &(struct audit_entry){.module = "materials", .action = "create", .resource_type = "material",
                                                .resource_id = *id,
                                                .description = arena_fmt(c->arena, "创建物料: %s", m->material_name)});
}

/* By what it is searched for: the fields of search_index.c. */
static bool is_found_as_before(const struct material *before, const struct material *m)
{
    return text_equal(before->material_code, m->material_code) && text_equal(before->material_name, m->material_name) &&
           text_equal(before->name_en, m->name_en) && text_equal(before->cas_no, m->cas_no) && text_equal(before->un_no, m->un_no) &&
           text_equal(before->standard, m->standard) && text_equal(before->metal_grade, m->metal_grade);
}

enum rc material_change(struct ctx *c, const struct material *before, const struct material *m, const char *reason)
{
    int64_t unit_id;
    bool new_code = strcmp(before->material_code, m->material_code) != 0;
    TRY(code_must_be_free(c, m->material_code, m->id));
    TRY(check_with_unit(c, before, m, &unit_id));
    TRY(db_exec(c->db, &MATERIAL_UPDATE,
                DB_ARGS(DB_I(m->id), DB_T(m->material_code), DB_T(text_fold(c->arena, m->material_code)),
                        DB_T(m->material_name), DB_T(name_fold(c, m)), COMMON_VALUES, DB_I(c->now_ms)),
                NULL));
    if (!is_found_as_before(before, m))
        TRY(search_put(c, SEARCH_MATERIAL, m->id));
    if (new_code)
        TRY(db_exec(c->db, &CODE_HISTORY_INSERT,
                    DB_ARGS(DB_I(m->id), DB_T(before->material_code), DB_T(m->material_code), DB_I(c->actor.user_id),
                            DB_T(reason), DB_I(c->now_ms)),
                    NULL));
    TRY(ctx_changed(c, TOPIC_MATERIALS));
    return audit_write(c, &(struct audit_entry){.module = "materials", .action = "update", .resource_type = "material",
                                                .resource_id = m->id,
                                                .description = arena_fmt(c->arena, "更新物料: %s", m->material_name),
                                                .changes = record_changes(c, &material_type, before, m)});
}

enum rc material_remove(struct ctx *c, const struct material *m)
{
    int64_t used;
    TRY(ctx_number(c, &MATERIAL_DOCUMENTS, DB_ARGS(DB_I(m->id)), &used));
    if (used)
        return error_set(&c->err, RC_MATERIAL_IN_USE);
    TRY(ctx_number(c, &MATERIAL_COUNTS, DB_ARGS(DB_I(m->id)), &used));
    if (used)
        return error_say(&c->err, RC_MATERIAL_IN_USE, "该物料存在相关盘点记录,无法删除",
                         "The material stands in counts and cannot be deleted; retire it instead");
    TRY(db_exec(c->db, &LOTS_DELETE, DB_ARGS(DB_I(m->id)), NULL));
    TRY(db_exec(c->db, &CODE_HISTORY_DELETE, DB_ARGS(DB_I(m->id)), NULL));
    TRY(db_exec(c->db, &MATERIAL_DELETE, DB_ARGS(DB_I(m->id)), NULL));
    TRY(search_put(c, SEARCH_MATERIAL, m->id));
    TRY(ctx_changed(c, TOPIC_MATERIALS));
    return audit_write(c, &(struct audit_entry){
                              .module = "materials", .action = "delete", .resource_type = "material", .resource_id = m->id,
                              .description = arena_fmt(c->arena, "删除物料: %s (%s)", m->material_name, m->material_code)});
}

static enum rc set_status(struct ctx *c, const struct material *m, const char *status, const char *verb)
{
    TRY(db_exec(c->db, &MATERIAL_STATUS, DB_ARGS(DB_I(m->id), DB_T(status), DB_I(c->now_ms)), NULL));
    TRY(search_put(c, SEARCH_MATERIAL, m->id));
    TRY(ctx_changed(c, TOPIC_MATERIALS));
    return audit_write(c, &(struct audit_entry){.module = "materials", .action = "update", .resource_type = "material",
                                                .resource_id = m->id,
                                                .description = arena_fmt(c->arena, "%s物料: %s", verb, m->material_name),
                                                .changes = audit_change(c->arena, "status", m->status, status)});
}

enum rc material_may_retire(struct ctx *c, const struct material *m)
{
    int64_t pending;
    if (dec_sign(m->current_stock) != 0)
        return error_set(&c->err, RC_MATERIAL_HAS_STOCK);
    TRY(ctx_number(c, &MATERIAL_PENDING, DB_ARGS(DB_I(m->id)), &pending));
    return !pending ? RC_OK
                    : error_say(&c->err, RC_MATERIAL_HAS_STOCK, "物料有待审批的单据，无法停用",
                                "Documents of this material are pending: it cannot be retired");
}

enum rc material_retire(struct ctx *c, const struct material *m)
{
    TRY(material_may_retire(c, m));
    return strcmp(m->status, "active") == 0 ? set_status(c, m, "retired", "停用") : RC_OK;
}

enum rc material_restore(struct ctx *c, const struct material *m)
{
    return strcmp(m->status, "retired") == 0 ? set_status(c, m, "active", "恢复") : RC_OK;
}

/* ---------------------------------------------------------------- reading */

static const char *const categories[] = {"chemical", "metal", NULL};
static const char *const statuses[] = {"active", "retired", NULL};

const struct list_spec material_list = {
    .columns = MATERIAL_COLUMNS,
    .from = MATERIAL_FROM,
    .count_from = "materials m",
    .id = "m.id",
    .topics = TOPIC_MATERIALS,
    .row_topics = TOPIC_STOCK | TOPIC_USERS,
    .page_size = 10,
    .sorts = {{"created_at", "m.created_at", false},
              {"material_code", "m.code_fold", true},
              {"material_name", "m.name_fold", true},
              {"current_stock", "m.current_stock", false}},
    .filters = {{"status", FILTER_CHOICE, "m.status = ?", statuses, "active"},
                {"category", FILTER_CHOICE, "m.category = ?", categories},
                {"keyword", FILTER_LIKE,
                 "(m.code_fold LIKE ? ESCAPE '\\' OR m.name_fold LIKE ? ESCAPE '\\' OR m.cas_no LIKE ? ESCAPE '\\')"},
                {"subcategory", FILTER_TEXT, "m.subcategory = ?"},
                {"unit", FILTER_TEXT, "m.unit_id = (SELECT id FROM units WHERE code = ?)"},
                {"lowStock", FILTER_FLAG, "m.min_stock > 0 AND m.current_stock <= m.min_stock", .topics = TOPIC_STOCK}},
    .row = &material_type,
};

static const struct list_export material_list_export = {
    .name = "materials",
    .zh = "物料列表",
    .en = "Materials",
    .module = "materials",
    .resource_type = "material",
    .also = PERM_MATERIAL_READ,
    .columns = EXPORT_COLUMNS(
        {"material_code", EXPORT_CODE, "物料编码", "Code", 18},
        {"material_name", EXPORT_TEXT, "物料名称", "Name", 30},
        {"name_en", EXPORT_TEXT, "英文名称", "English name", 30},
        {"category", EXPORT_WORD, "类别", "Category", 12, category_words},
        {"subcategory", EXPORT_TEXT, "子类", "Subcategory", 16},
        {"unit", EXPORT_TEXT, "单位", "Unit", 8},
        {"qty_decimals", EXPORT_WHOLE, "数量小数位", "Decimals of quantities", 12},
        {"current_stock", EXPORT_DEC, "当前库存", "Stock", 14},
        {"min_stock", EXPORT_DEC, "最低库存", "Minimum stock", 14},
        {"max_stock", EXPORT_DEC, "最高库存", "Maximum stock", 14},
        {"location", EXPORT_TEXT, "存放位置", "Place", 20},
        {"description", EXPORT_TEXT, "描述", "Description", 40},
        {"cas_no", EXPORT_CODE, "CAS 号", "CAS number", 14},
        {"cas_check", EXPORT_TEXT, "CAS 核对", "CAS checked by", 14},
        {"un_no", EXPORT_CODE, "UN 编号", "UN number", 10},
        {"ghs_pictograms", EXPORT_TEXT, "GHS 象形图", "GHS pictograms", 20},
        {"hazard_statements", EXPORT_TEXT, "危险性说明", "Hazard statements", 24},
        {"control_flags", EXPORT_TEXT, "管控标识", "Control flags", 16},
        {"storage_class", EXPORT_TEXT, "储存类别", "Storage class", 14},
        {"storage_condition", EXPORT_TEXT, "储存条件", "Storage conditions", 24},
        {"metal_grade", EXPORT_CODE, "牌号", "Grade", 16},
        {"standard", EXPORT_CODE, "标准", "Standard", 18},
        {"track_by", EXPORT_TEXT, "追踪方式", "Traced by", 12},
        {"shelf_life_days", EXPORT_WHOLE, "保质期（天）", "Shelf life (days)", 12},
        {"shelf_life_basis", EXPORT_TEXT, "保质期依据", "Basis of the shelf life", 12},
        {"periodic_inspection_days", EXPORT_WHOLE, "检验周期（天）", "Inspection every (days)", 14},
        {"cert_required", EXPORT_TEXT, "随货证明", "Certificates", 20},
        {"note", EXPORT_TEXT, "说明", "Note", 40},
        {"status", EXPORT_WORD, "状态", "Status", 10, material_status_words},
        {"creator_name", EXPORT_TEXT, "创建人", "Created by", 14},
        {"created_at", EXPORT_TIME, "创建时间", "Created at", 20},
        {"updated_at", EXPORT_TIME, "更新时间", "Updated at", 20}),
};

/* data.totals over the filtered set. */
static enum rc write_totals(struct call *call, struct list_query *q, struct json_writer *w)
{
    const struct db_value *args;
    size_t count;
    const char *where = list_where(q, &args, &count);
    DB_ROWS rows = NULL;
    TRY(db_start_text(call->ctx.db,
                      arena_fmt(call->ctx.arena,
                                "SELECT (SELECT code FROM units WHERE id = m.unit_id) AS unit, COUNT(*) AS materials, "
                                "SUM(CASE WHEN m.min_stock > 0 AND m.current_stock <= m.min_stock THEN 1 ELSE 0 END) AS low, "
                                "CAST(SUM(m.current_stock) AS BIGINT) AS stock FROM materials m%s GROUP BY m.unit_id ORDER BY materials DESC, unit",
                                where),
                      args, count, &rows));
    int64_t materials = 0, low = 0;
    bool more;
    jw_name(w, "totals");
    jw_object(w);
    jw_name(w, "stock");
    jw_array(w);
    TRY(db_next(rows, &more));
    while (more) {
        materials += db_int(rows, "materials");
        low += db_int(rows, "low");
        jw_object(w);
        jw_member_text(w, "unit", db_text(rows, "unit"));
        jw_member_dec(w, "quantity", db_dec(rows, "stock"));
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(w);
    jw_member_int(w, "materials", materials);
    jw_member_int(w, "low_stock", low);
    jw_object_end(w);
    return RC_OK;
}

static const struct list_filter totals_wanted[] = {{"totals", FILTER_FLAG}, {0}};
static const struct answer_part total_parts[] = {
    {"stock", PART_ARRAY, .parts = PARTS({"unit", PART_TEXT}, {"quantity", PART_DEC})},
    {"materials", PART_INT},
    {"low_stock", PART_INT},
    {0},
};

static enum rc get_materials(struct call *call)
{
    struct list_query *q;
    const char *totals = http_query(call->http, "totals");
    TRY(list_read(call, NULL, &q));
    return list_reply(call, q, totals && strcmp(totals, "true") == 0 ? write_totals : NULL);
}

static enum rc get_material(struct call *call)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(call->ctx.db, &MATERIAL_BY_ID, DB_ARGS(DB_I(call->id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&call->ctx.err, RC_MATERIAL_NOT_FOUND);
    http_set_header(call->http, "ETag", arena_fmt(call->ctx.arena, "\"%lld\"", (long long)db_int(rows, "version")));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    record_write_row(&w, &material_type, rows); /* straight from the row: this is asked for often */
    jw_object_end(&w);
    return reply_end(call, &w);
}

struct code_change {
    struct record record;
    int64_t id, changed_by, created_at;
    const char *old_code, *new_code, *changed_by_name, *change_reason;
};
static const struct field code_change_fields[] = {
    FIELD(struct code_change, id, FIELD_INT, F_OUT),
    FIELD(struct code_change, old_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct code_change, new_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct code_change, changed_by, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct code_change, changed_by_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct code_change, change_reason, FIELD_TEXT, F_OUT),
    FIELD(struct code_change, created_at, FIELD_TIME, F_OUT | F_SURE),
};
static const struct record_type code_change_type = RECORD_TYPE("MaterialCodeChange", struct code_change, code_change_fields);

static const struct list_spec code_history_list = {
    .columns = "h.id, h.old_code, h.new_code, h.changed_by, COALESCE(u.real_name, u.username) AS changed_by_name, "
               "h.change_reason, h.created_at",
    .from = "material_code_history h JOIN users u ON u.id = h.changed_by",
    .id = "h.id",
    .topics = TOPIC_MATERIALS,
    .row_topics = TOPIC_USERS,
    .page_size = 10,
    .sorts = {{"created_at", "h.created_at", false}},
    .row = &code_change_type,
};

static enum rc codes_of(struct ctx *c, int64_t id, struct list_scope *out)
{
    struct material m;
    TRY(material_get(c, id, &m));
    *out = (struct list_scope){"h.material_id = ?", m.id};
    return RC_OK;
}

static const struct list_export code_history_export = {
    .name = "code-history",
    .zh = "物料编码变更历史",
    .en = "Changes of a code",
    .module = "materials",
    .resource_type = "material",
    .scope = codes_of,
    .columns = EXPORT_COLUMNS(
        {"old_code", EXPORT_CODE, "旧编码", "Old code", 18},
        {"new_code", EXPORT_CODE, "新编码", "New code", 18},
        {"changed_by_name", EXPORT_TEXT, "变更人", "Changed by", 14},
        {"change_reason", EXPORT_TEXT, "变更原因", "Reason", 40},
        {"created_at", EXPORT_TIME, "变更时间", "Changed at", 20}),
};

static enum rc get_code_history(struct call *call)
{
    return list_answer(call, codes_of);
}

/* ---------------------------------------------------------------- changing */

static enum rc post_material(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct material m;
    int64_t id;
    TRY(record_from_json(c, &material_type, call->body, "", RECORD_CREATE, &m));
    TRY(material_add(c, &m, &id));
    struct json_writer w = reply_data(call, 201, "物料创建成功", "Material created");
    jw_object(&w);
    jw_member_int(&w, "id", id);
    jw_member_text(&w, "materialCode", m.material_code);
    jw_member_text(&w, "materialName", m.material_name);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* Whether `own` is among the entity tags of an If-Match. What a proxy has compressed it calls weak: W/"7" is ours as well. */
static bool names_version(const char *match, const char *own)
{
    for (size_t n; *match; match += n) {
        match += strspn(match, " \t,");
        if (text_starts(match, "W/"))
            match += 2;
        n = strcspn(match, ", \t");
        if (n == strlen(own) && memcmp(match, own, n) == 0)
            return true;
    }
    return false;
}

/* If-Match: "7" (or W/"7", or several, or *), else the body's version, when either is there. */
static enum rc check_version(struct call *call, const struct material *present, const struct material *change)
{
    const char *match = http_header(call->http, "If-Match");
    if (match && strcmp(match, "*") != 0) {
        const char *own = arena_fmt(call->ctx.arena, "\"%lld\"", (long long)present->version);
        return names_version(match, own) ? RC_OK : reply_conflict(&call->ctx, &material_type, present);
    }
    bool given = change && record_has(&material_type, change, "version");
    return given && change->version != present->version ? reply_conflict(&call->ctx, &material_type, present) : RC_OK;
}

/* The version is a condition, and a reason goes with a change: neither is one. */
static bool names_a_change(const struct material *m)
{
    int named = __builtin_popcountll(m->record.given);
    return named > record_given(&material_type, m, "version") + record_given(&material_type, m, "code_change_reason");
}

static enum rc put_material(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct material before, after, change;
    TRY(record_from_json(c, &material_type, call->body, "", RECORD_UPDATE, &change));
    TRY(material_get(c, call->id, &before));
    TRY(check_version(call, &before, &change));
    if (!names_a_change(&change))
        return error_set(&c->err, RC_NOTHING_TO_UPDATE);
    after = before;
    change.version = before.version;
    if (record_merge(&material_type, &after, &change))
        TRY(material_change(c, &before, &after, change.code_change_reason));
    return reply_id(call, 200, "物料更新成功", "Material updated", before.id);
}

static enum rc delete_material(struct call *call)
{
    struct material m;
    TRY(material_get(&call->ctx, call->id, &m));
    TRY(check_version(call, &m, NULL));
    TRY(material_remove(&call->ctx, &m));
    return reply_message(call, "物料删除成功", "Material deleted");
}

static enum rc post_retire(struct call *call)
{
    struct material m;
    TRY(material_get(&call->ctx, call->id, &m));
    TRY(check_version(call, &m, NULL));
    TRY(material_retire(&call->ctx, &m));
    return reply_id(call, 200, "物料已停用", "Material retired", m.id);
}

static enum rc post_restore(struct call *call)
{
    struct material m;
    TRY(material_get(&call->ctx, call->id, &m));
    TRY(check_version(call, &m, NULL));
    TRY(material_restore(&call->ctx, &m));
    return reply_id(call, 200, "物料已恢复使用", "Material restored", m.id);
}

static const struct route material_routes[] = {
    ROUTE("GET", "/api/materials", LANE_READ, PERM_MATERIAL_READ, NULL, get_materials, "物料列表", .list = &material_list,
          .query = totals_wanted, .parts = PARTS({"totals", PART_OBJECT, .parts = total_parts, .optional = true})),
    ROUTE("GET", "/api/materials/:id", LANE_READ, PERM_MATERIAL_READ, NULL, get_material, "物料详情", .answer = &material_type,
          .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
    ROUTE("POST", "/api/materials", LANE_WRITE, PERM_MATERIAL_WRITE, &material_type, post_material, "创建物料", .status = 201,
          .parts = PARTS({"id"}, {"materialCode", PART_TEXT}, {"materialName", PART_TEXT}),
          .refusals = REFUSALS(RC_MATERIAL_CODE_TAKEN)),
    ROUTE("PUT", "/api/materials/:id", LANE_WRITE, PERM_MATERIAL_WRITE, &material_type, put_material, "更新物料",
          .updates = true, .minds_if_match = true, .parts = PARTS({"id"}),
          .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_MATERIAL_CODE_TAKEN, RC_NOTHING_TO_UPDATE, RC_VERSION_CONFLICT)),
    ROUTE("DELETE", "/api/materials/:id", LANE_WRITE, PERM_MATERIAL_DELETE, NULL, delete_material, "删除物料",
          .minds_if_match = true, .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_MATERIAL_IN_USE, RC_VERSION_CONFLICT)),
    ROUTE("POST", "/api/materials/:id/retire", LANE_WRITE, PERM_MATERIAL_WRITE, NULL, post_retire, "停用物料",
          .minds_if_match = true, .parts = PARTS({"id"}),
          .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_MATERIAL_HAS_STOCK, RC_VERSION_CONFLICT)),
    ROUTE("POST", "/api/materials/:id/restore", LANE_WRITE, PERM_MATERIAL_WRITE, NULL, post_restore, "恢复物料",
          .minds_if_match = true, .parts = PARTS({"id"}), .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_VERSION_CONFLICT)),
    ROUTE("GET", "/api/materials/:id/code-history", LANE_READ, PERM_MATERIAL_READ, NULL, get_code_history, "物料编码变更历史",
          .list = &code_history_list, .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
    LIST_EXPORT("/materials", PERM_MATERIAL_EXPORT, "导出物料列表", &material_list, &material_list_export, EXPORT_REFUSALS),
    LIST_EXPORT("/materials/:id/code-history", PERM_MATERIAL_READ, "导出物料编码变更历史", &code_history_list, &code_history_export,
                EXPORT_REFUSALS, RC_MATERIAL_NOT_FOUND),
};
const struct module material_module = MODULE("materials", "物料", material_routes);
