/* Materials, their units, and the history of their codes. Units get their decimals, and materials their minimum, at the end: only then
 * is known what the data need, and no posting of the past shall warn of low stock. */
#include <string.h>

#include "base/text.h"
#include "domain/unit.h"
#include "legacy/decimal.h"
#include "legacy/import.h"

enum { ID, CODE, NAME, CATEGORY, UNIT, STOCK, MIN_STOCK, MAX_STOCK, LOCATION, DESCRIPTION, CREATED_BY, CREATED_AT, UPDATED_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"id",        "material_code", "material_name", "category",    "unit",       "current_stock",
                                             "min_stock", "max_stock",     "location",      "description", "created_by", "created_at",
                                             "updated_at"};
static const struct legacy_table materials = {"materials", columns, COLUMNS};
enum { H_ID, H_MATERIAL, H_OLD, H_NEW, H_BY, H_REASON, H_AT, H_COLUMNS };
static const char *const history_columns[H_COLUMNS] = {"id",         "material_id",   "old_code",  "new_code",
                                                       "changed_by", "change_reason", "created_at"};
static const struct legacy_table code_history = {"material_code_history", history_columns, H_COLUMNS};
static const char *const categories[] = {"chemical", "metal", NULL};
#define UNIT_MAX 20

static const struct sql UNIT_INSERT = {"legacy.unit", "INSERT INTO units (code, name_zh, name_en, decimals, needs_review, created_at) "
                                                      "VALUES ($1, $2, $3, 0, 1, $4) RETURNING id"};
static const struct sql UNIT_DECIMALS = {"legacy.unit_decimals", "UPDATE units SET decimals = $2 WHERE id = $1"};
static const struct sql MATERIAL_INSERT = {
    "legacy.material",
    "INSERT INTO materials (id, material_code, code_fold, material_name, name_fold, category, unit_id, max_stock, location, "
    "description, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};
static const struct sql MATERIAL_MINIMUM = {"legacy.material_minimum", "UPDATE materials SET min_stock = $2 WHERE id = $1"};
static const struct sql LOT_INSERT = {"legacy.lot", "INSERT INTO lots (material_id, lot_no, created_at) VALUES ($1, '', $2)"};
static const struct sql CODE_TAKEN = {"legacy.code_taken", "SELECT COUNT(*) AS n FROM materials WHERE code_fold = $1"};
static const struct sql HISTORY_INSERT = {
    "legacy.code_history", "INSERT INTO material_code_history (id, material_id, old_code, new_code, changed_by, change_reason, created_at) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7)"};

/* ---------------------------------------------------------------- units */

static size_t unit_at(struct legacy_import *im, const char *code)
{
    for (size_t i = 0; i < im->units.count; i++)
        if (strcmp(im->units.items[i].code, code) == 0)
            return i;
    const struct known_unit *known = unit_known(code);
    struct old_unit *u = LIST_ADD(im->keep, im->units);
    *u = (struct old_unit){.code = arena_dup(im->keep, code)};
    if (im->rc == RC_OK)
        import_fail(im, ctx_insert(im->c, &UNIT_INSERT,
                                   DB_ARGS(DB_T(u->code), DB_T(known ? known->zh : NULL),
                                           DB_T(known ? known->en : NULL), DB_I(im->now_ms)),
                                   &u->id));
    return im->units.count - 1;
}

static size_t unit_of(struct old_row *r)
{
    struct arena *a = r->im->c->arena;
    const char *old = row_text(r, UNIT);
    const char *code = old ? text_trim(a, text_narrow(a, old)) : "";
    enum reason why = WHY_unit_spelling;
    const struct known_unit *known = unit_known(code);
    if (!*code) {
        code = "件";
        why = WHY_empty_unit;
    } else if (known) {
        code = known->code;
    } else if (text_chars(code) > UNIT_MAX) {
        code = text_shorten(a, code, UNIT_MAX - 1);
        why = WHY_too_long;
    }
    if (!old || strcmp(old, code) != 0)
        row_replaced(r, UNIT, why, code);
    return unit_at(r->im, code);
}

/* ---------------------------------------------------------------- materials */

static bool code_is_taken(struct legacy_import *im, const char *code)
{
    int64_t n = 0;
    import_fail(im, ctx_number(im->c, &CODE_TAKEN, DB_ARGS(DB_T(text_fold(im->c->arena, code))), &n));
    return n > 0;
}

/* Full-width letters narrowed, blanks at the ends taken off, blanks inside turned to a hyphen. Other letters stay. */
static char *tidy_code(struct arena *a, const char *old)
{
    char *code = text_trim(a, text_narrow(a, old));
    for (char *p = code; *p; p++)
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
            *p = '-';
    return code;
}

/* The code, or with the next suffix when it is taken. Where many have the same, those before are not tried again. */
static const char *code_of_its_own(struct legacy_import *im, const char *first)
{
    struct arena *a = im->c->arena;
    const char *code = first;
    int64_t key = hash_of(text_fold(a, first));
    size_t last = id_get(&im->suffixes, key), suffix = last == ID_NONE ? 1 : last;
    while (im->rc == RC_OK && code_is_taken(im, code))
        code = arena_fmt(a, "%s-%zu", first, ++suffix);
    if (code != first)
        id_put(&im->suffixes, key, suffix);
    return code;
}

static const char *code_of(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct arena *a = im->c->arena;
    const char *old = row_text(r, CODE);
    const char *code = tidy_code(a, old ? old : "");
    if (!*code) {
        code = arena_fmt(a, "M-%lld", (long long)r->id);
        row_replaced(r, CODE, WHY_empty_code, code);
    } else if (text_chars(code) > CODE_CHARS_MAX) {
        code = row_code(r, CODE, code);
    } else if (strcmp(code, old) != 0) {
        row_replaced(r, CODE, WHY_unusual_code, code);
    }
    const char *single = code_of_its_own(im, code);
    if (single != code)
        row_replaced(r, CODE, WHY_duplicate_code, single);
    return single;
}

static const char *raw_category(struct old_row *r)
{
    const char *raw = row_text(r, CATEGORY);
    return raw ? raw : "NULL";
}

/* The figure of a row, as the old file adds it up; 0 where it is no number. */
static enum number old_figure(struct old_row *r, struct dec *figure)
{
    enum reason why = WHY_not_a_number;
    enum number number = row_number(r, STOCK, figure, &why);
    if (number == NUMBER_BAD && !r->left_out)
        row_replaced(r, STOCK, why, NULL);
    if (number != NUMBER_GOOD)
        *figure = DEC_ZERO;
    return number;
}

static void count_both(struct legacy_import *im, const char *category, enum side side, struct dec figure)
{
    total_add(&im->totals, TOTAL_CATEGORIES, category, side, 1, DEC_ZERO);
    total_add(&im->totals, TOTAL_STOCK, category, side, 1, figure);
}

static const char *category_of(struct old_row *r, const char *raw, struct dec figure)
{
    const char *category = row_choice(r, CATEGORY, categories), *fold = text_fold(r->im->c->arena, raw);
    if (category)
        return category;
    category = strcmp(fold, "metal") == 0 || strcmp(fold, "金属") == 0 ? "metal" : "chemical";
    row_replaced(r, CATEGORY, WHY_bad_choice, category);
    count_both(r->im, raw, SIDE_AWAY, figure);
    count_both(r->im, category, SIDE_HERE, figure);
    return category;
}

/* What the stock will be held against: the old figure, but never below 0. */
static void set_figure(struct old_row *r, struct old_material *m, struct dec figure)
{
    struct dec up = DEC_ZERO;
    m->figure = figure;
    if (dec_sign(figure) >= 0)
        return;
    row_replaced(r, STOCK, WHY_negative_stock, "0");
    if (dec_neg(figure, &up) == RC_OK)
        total_add(&r->im->totals, TOTAL_STOCK, m->category, SIDE_HERE, 0, up);
    m->figure = DEC_ZERO;
}

static const char *name_of(struct old_row *r)
{
    const char *name = row_name(r, NAME);
    if (!text_is_blank(name))
        return name;
    name = arena_fmt(r->im->c->arena, "未命名物料 #%lld", (long long)r->id);
    row_replaced(r, NAME, WHY_empty_name, name);
    return name;
}

static void need_decimals(struct old_unit *u, struct dec d)
{
    unsigned places = decimal_places(d);
    u->decimals = places > u->decimals ? places : u->decimals;
}

static void take_material(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct arena *a = im->c->arena;
    struct dec figure = DEC_ZERO;
    const char *raw = raw_category(r);
    enum number number = old_figure(r, &figure);
    count_both(im, raw, SIDE_OLD, figure);
    if (r->left_out) {
        count_both(im, raw, SIDE_LEFT_OUT, figure);
        return;
    }
    struct old_material m = {
        .id = r->id, .created_ms = row_time(r, CREATED_AT, im->now_ms), .unit = unit_of(r), .has_figure = number == NUMBER_GOOD};
    int64_t creator = row_person(r, CREATED_BY, m.created_ms);
    struct dec max_stock = row_amount(r, MAX_STOCK);
    const char *code = code_of(r), *name = name_of(r);
    m.category = category_of(r, raw, figure);
    m.min_stock = row_amount(r, MIN_STOCK);
    m.code = arena_dup(im->keep, code);
    m.name = arena_dup(im->keep, name);
    set_figure(r, &m, figure);
    need_decimals(&im->units.items[m.unit], max_stock);
    need_decimals(&im->units.items[m.unit], m.min_stock);
    need_decimals(&im->units.items[m.unit], m.figure);
    import_exec(im, &MATERIAL_INSERT,
                DB_ARGS(DB_I(m.id), DB_T(code), DB_T(text_fold(a, code)), DB_T(name), DB_T(text_fold(a, name)), DB_T(m.category),
                        DB_I(im->units.items[m.unit].id), DB_D(max_stock), DB_T(row_text(r, LOCATION)), DB_T(row_text(r, DESCRIPTION)),
                        creator ? DB_I(creator) : DB_N, DB_I(m.created_ms), DB_I(row_time(r, UPDATED_AT, m.created_ms))));
    import_exec(im, &LOT_INSERT, DB_ARGS(DB_I(m.id), DB_I(m.created_ms)));
    id_put(&im->material_ids, m.id, im->materials.count);
    *LIST_ADD(im->keep, im->materials) = m;
    im->result->materials++;
}

static void take_code_change(struct old_row *r)
{
    struct legacy_import *im = r->im;
    int64_t material = row_id_at(r, H_MATERIAL);
    if (r->left_out)
        return;
    if (!material || id_get(&im->material_ids, material) == ID_NONE) {
        row_leave_out(r, H_MATERIAL, WHY_orphan_material);
        return;
    }
    int64_t at = row_time(r, H_AT, im->materials.items[id_get(&im->material_ids, material)].created_ms);
    int64_t by = row_person(r, H_BY, at);
    const char *old_code = row_text(r, H_OLD), *new_code = row_text(r, H_NEW);
    if (!by || !new_code) {
        row_leave_out(r, by ? H_NEW : H_BY, WHY_required);
        return;
    }
    import_exec(im, &HISTORY_INSERT,
                DB_ARGS(DB_I(r->id), DB_I(material), DB_T(old_code ? old_code : ""), DB_T(new_code), DB_I(by), DB_T(row_text(r, H_REASON)),
                        DB_I(at)));
}

enum rc import_materials(struct legacy_import *im)
{
    TRY(rows_read(im, &materials, take_material));
    return rows_read(im, &code_history, take_code_change);
}

/* ---------------------------------------------------------------- at the end */

enum rc import_finish_materials(struct legacy_import *im)
{
    for (size_t i = 0; i < im->documents.count; i++) {
        const struct old_document *d = &im->documents.items[i];
        need_decimals(&im->units.items[im->materials.items[id_get(&im->material_ids, d->material_id)].unit], d->quantity);
    }
    for (size_t i = 0; i < im->changes.count; i++) {
        const struct old_change *change = &im->changes.items[i];
        need_decimals(&im->units.items[im->materials.items[id_get(&im->material_ids, change->material_id)].unit], change->change);
    }
    for (size_t i = 0; i < im->items.count; i++) {
        const struct old_item *item = &im->items.items[i];
        struct old_unit *u = &im->units.items[im->materials.items[id_get(&im->material_ids, item->material_id)].unit];
        need_decimals(u, item->book);
        need_decimals(u, item->actual);
    }
    for (size_t i = 0; i < im->units.count; i++)
        import_exec(im, &UNIT_DECIMALS, DB_ARGS(DB_I(im->units.items[i].id), DB_I(im->units.items[i].decimals)));
    for (size_t i = 0; i < im->materials.count; i++)
        if (dec_sign(im->materials.items[i].min_stock) > 0)
            import_exec(im, &MATERIAL_MINIMUM, DB_ARGS(DB_I(im->materials.items[i].id), DB_D(im->materials.items[i].min_stock)));
    return im->rc;
}
