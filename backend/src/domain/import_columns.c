/* The kinds of imports with their fields, and which column is which. */
#include <string.h>

#include "base/text.h"
#include "domain/import_rows.h"

#define F(NAME, TITLE, ENGLISH, VALUE, NEEDED, ...) {#NAME, TITLE, ENGLISH, VALUE, NEEDED, {__VA_ARGS__}}

/* The titles are those of the exported list, so that a file that went out comes in again. Spellings: of the older system's export, and of
 * tables as warehouses keep them. */
static const struct import_field material_fields[] = {
    F(material_code, "物料编码", "Code", IMPORT_TEXT, true, "编码", "物料编号", "物料代码", "料号", "item code", "part number"),
    F(material_name, "物料名称", "Name", IMPORT_TEXT, true, "名称", "品名", "中文名称", "item name"),
    F(name_en, "英文名称", "English name", IMPORT_TEXT, false, "英文名"),
    F(category, "类别", "Category", IMPORT_CATEGORY, true, "物料类别", "分类", "大类"),
    F(subcategory, "子类", "Subcategory", IMPORT_TEXT, false, "小类", "子类别", "二级分类"),
    F(unit, "单位", "Unit", IMPORT_UNIT, true, "计量单位", "uom"),
    F(qty_decimals, "数量小数位", "Decimals of quantities", IMPORT_NUMBER, false, "小数位数", "小数位", "decimals"),
    F(min_stock, "最低库存", "Minimum stock", IMPORT_NUMBER, false, "安全库存", "最小库存", "库存下限"),
    F(max_stock, "最高库存", "Maximum stock", IMPORT_NUMBER, false, "最大库存", "库存上限"),
    F(location, "存放位置", "Place", IMPORT_TEXT, false, "位置", "存放地点"),
    F(description, "描述", "Description", IMPORT_TEXT, false, "规格", "规格型号"),
    F(cas_no, "CAS 号", "CAS number", IMPORT_TEXT, false, "cas"),
    F(cas_check, "CAS 核对", "CAS checked by", IMPORT_TEXT, false, NULL),
    F(un_no, "UN 编号", "UN number", IMPORT_TEXT, false, "un", "联合国编号"),
    F(ghs_pictograms, "GHS 象形图", "GHS pictograms", IMPORT_TEXT, false, "象形图", "ghs"),
    F(hazard_statements, "危险性说明", "Hazard statements", IMPORT_TEXT, false, NULL),
    F(control_flags, "管控标识", "Control flags", IMPORT_TEXT, false, "管制类别", "管制标记"),
    F(storage_class, "储存类别", "Storage class", IMPORT_TEXT, false, NULL),
    F(storage_condition, "储存条件", "Storage conditions", IMPORT_TEXT, false, "存储条件"),
    F(metal_grade, "牌号", "Grade", IMPORT_TEXT, false, "金属牌号"),
    F(standard, "标准", "Standard", IMPORT_TEXT, false, "执行标准", "标准号"),
    F(track_by, "追踪方式", "Traced by", IMPORT_TEXT, false, "追溯方式"),
    F(shelf_life_days, "保质期（天）", "Shelf life (days)", IMPORT_NUMBER, false, "保质期天数", "有效期天数"),
    F(shelf_life_basis, "保质期依据", "Basis of the shelf life", IMPORT_TEXT, false, NULL),
    F(periodic_inspection_days, "检验周期（天）", "Inspection every (days)", IMPORT_NUMBER, false, "定检周期（天）"),
    F(cert_required, "随货证明", "Certificates", IMPORT_TEXT, false, "所需证书", "证书要求"),
    F(note, "说明", "Note", IMPORT_TEXT, false, "备注", "remark", "remarks"),
};

static const struct import_field line_fields[] = {
    F(material_code, "物料编码", "Material code", IMPORT_TEXT, true, "编码", "物料编号", "物料代码", "料号", "code", "item code", "part number"),
    F(quantity, "数量", "Quantity", IMPORT_NUMBER, true, "期初数量", "期初库存", "库存数量", "当前库存", "实际数量", "qty"),
    F(unit, "单位", "Unit", IMPORT_UNIT, false, "计量单位", "uom"),
    F(unit_price, "单价", "Unit price", IMPORT_NUMBER, false, "单价(元)", "成本单价", "price", "cost"),
    F(lot_no, "批号", "Lot number", IMPORT_TEXT, false, "批次", "批次号", "炉号", "lot", "lot no", "batch"),
    F(expires_on, "有效期至", "Expires on", IMPORT_DAY, false, "有效期", "失效日期", "到期日期", "expiry date", "expiry"),
    F(place, "库位", "Place", IMPORT_PLACE, false, "库位编码", "仓库", "货位", "location code", "location"),
    F(remark, "备注", "Remark", IMPORT_TEXT, false, "说明", "note"),
};

#define FIELDS(LIST) .fields = (LIST), .field_count = sizeof(LIST) / sizeof *(LIST)
#define LINES(NAME, TITLE, ENGLISH, PERMISSION)                                                                        \
    {.name = (NAME), .title = (TITLE), .title_en = (ENGLISH), .permission = (PERMISSION), FIELDS(line_fields), .check = import_check_line, \
     .commit = import_commit_lines, .undo = import_undo_lines}

const struct import_kind import_kinds[] = {
    {.name = "materials", .title = "物料", .title_en = "materials", .permission = PERM_MATERIAL_WRITE, FIELDS(material_fields),
     .check = import_check_material, .commit = import_commit_materials, .undo = import_undo_materials},
    LINES("opening", "期初库存", "opening stock", PERM_DOCUMENT_APPROVE),
    LINES("receipt", "入库单明细", "lines of a receipt", PERM_DOCUMENT_CREATE),
    LINES("issue", "出库单明细", "lines of an issue", PERM_DOCUMENT_CREATE),
    {0},
};

const struct import_kind *import_kind_of(const char *name)
{
    for (const struct import_kind *k = import_kinds; name && k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

size_t import_field_index(const struct import_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->field_count; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return i;
    return kind->field_count;
}

/* Without case, width, spaces, and the marks that tables put around a head: "*物料编码：" is "物料编码". */
static const char *squeeze(struct arena *a, const char *text)
{
    static const char *const ignored[] = {" ", "\t", "\r", "\n", "*", "_", "-", ".", ":", "/", "：", "（", "）", "(", ")", "、", NULL};
    char *folded = text_fold(a, text), *to = folded;
    for (const char *p = folded; *p;) {
        size_t n = 0;
        for (size_t i = 0; ignored[i] && !n; i++)
            if (text_starts(p, ignored[i]))
                n = strlen(ignored[i]);
        if (n)
            p += n;
        else
            *to++ = *p++;
    }
    *to = '\0';
    return folded;
}

#define NAMES_MAX 11 /* of a field: title, English title, name, spellings */

/* What the fields are called, squeezed; each list ends with NULL. */
struct names {
    const char *of[IMPORT_FIELDS_MAX][NAMES_MAX + 1];
};

static const struct names *names_of(struct arena *a, const struct import_kind *kind)
{
    struct names *names = arena_new(a, struct names);
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct import_field *f = &kind->fields[i];
        const char **to = names->of[i];
        *to++ = squeeze(a, f->title);
        *to++ = squeeze(a, f->title_en);
        *to++ = squeeze(a, f->name);
        for (size_t k = 0; f->spellings[k]; k++)
            *to++ = squeeze(a, f->spellings[k]);
    }
    return names;
}

static const struct import_field *find(const struct import_kind *kind, const struct names *names, const char *head)
{
    for (size_t i = 0; *head && i < kind->field_count; i++)
        for (size_t k = 0; names->of[i][k]; k++)
            if (strcmp(names->of[i][k], head) == 0)
                return &kind->fields[i];
    return NULL;
}

/* "数量(kg)": what stands in brackets at the end says more about a head, but does not name it. */
static const char *without_brackets(struct arena *a, const char *text)
{
    const char *narrow = text_narrow(a, text), *open = strchr(narrow, '(');
    return open && open > narrow ? arena_copy(a, narrow, (size_t)(open - narrow)) : narrow;
}

size_t import_propose(struct arena *a, const struct import_kind *kind, const struct sheet_row *head, const struct import_field **out)
{
    const struct names *names = names_of(a, kind);
    size_t found = 0;
    for (size_t i = 0; i < head->count; i++) {
        const char *text = head->cells[i].text;
        const struct import_field *f = find(kind, names, squeeze(a, text));
        out[i] = f ? f : find(kind, names, squeeze(a, without_brackets(a, text)));
        for (size_t k = 0; out[i] && k < i; k++)
            if (out[k] == out[i])
                out[i] = NULL; /* the first column of that name */
        found += out[i] != NULL;
    }
    return found;
}
