/* The field table of materials, and what their texts must look like. */
#include <ctype.h>
#include <string.h>

#include "domain/material.h"

static bool is_code(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return true;
}

/* CAS registry numbers: 2–7 digits, 2 digits, and a check digit: the sum of the digits weighted by their place, mod 10. */
static bool is_cas_number(const char *text)
{
    int digits[10], n = 0, dashes = 0;
    for (const char *p = text; *p; p++) {
        if (*p == '-' && ((dashes == 0 && n >= 2) || (dashes == 1 && strlen(p) == 2))) {
            dashes++;
            continue;
        }
        if (!isdigit((unsigned char)*p) || n == 10)
            return false;
        digits[n++] = *p - '0';
    }
    size_t length = strlen(text);
    if (dashes != 2 || n < 5 || text[length - 2] != '-' || text[length - 5] != '-')
        return false;
    int sum = 0;
    for (int i = 1; i < n; i++)
        sum += i * digits[n - 1 - i];
    return sum % 10 == digits[n - 1];
}

static bool is_un_number(const char *text)
{
    return strlen(text) == 6 && memcmp(text, "UN", 2) == 0 && strspn(text + 2, "0123456789") == 4;
}

/* Words between semicolons, each of them accepted by `word`. */
static bool each_word(const char *text, bool (*word)(const char *p, size_t n))
{
    for (;;) {
        size_t n = strcspn(text, ";");
        if (!word(text, n))
            return false;
        if (!text[n])
            return true;
        text += n + 1;
    }
}

static bool is_pictogram(const char *p, size_t n)
{
    return n == 5 && memcmp(p, "GHS0", 4) == 0 && p[4] >= '1' && p[4] <= '9';
}

/* "H314", "H360FD", "EUH032", and combined ones: "H301+H311". */
static bool is_statement(const char *p, size_t n)
{
    if (n > 3 && memcmp(p, "EUH", 3) == 0)
        p += 2, n -= 2;
    if (n < 4 || *p != 'H')
        return false;
    for (size_t i = 1; i < n; i++)
        if (!isalnum((unsigned char)p[i]) && p[i] != '+' && p[i] != ' ')
            return false;
    return isdigit((unsigned char)p[1]);
}

static bool are_pictograms(const char *text)
{
    return each_word(text, is_pictogram);
}

static bool are_statements(const char *text)
{
    return each_word(text, is_statement);
}

static const char *const categories[] = {"chemical", "metal", NULL};
static const char *const statuses[] = {"active", "retired", NULL};
static const char *const shelf_life_bases[] = {"S", "T", NULL}; /* standard; typical of suppliers */

#define M(MEMBER, TYPE, FLAGS, ...) FIELD(struct material, MEMBER, TYPE, FLAGS, __VA_ARGS__)

static const struct field material_fields[] = {
    M(id, FIELD_INT, F_OUT),
    M(material_code, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 50, .valid = is_code, .need_zh = "物料编码不能为空",
      .need_en = "The material code is required", .bad_zh = "物料编码只能包含字母、数字、下划线和连字符",
      .bad_en = "The material code may hold letters, digits, underscores and hyphens only, 50 at most"),
    M(material_name, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 100, .need_zh = "物料名称不能为空",
      .need_en = "The material name is required"),
    M(name_en, FIELD_TEXT, F_IN | F_OUT, .max = 200),
    M(category, FIELD_TEXT, F_IN | F_OUT | F_NEED, .choices = categories, .need_zh = "类别必须是 chemical 或 metal",
      .need_en = "The category must be chemical or metal", .bad_zh = "类别必须是 chemical 或 metal",
      .bad_en = "The category must be chemical or metal"),
    M(subcategory, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    M(unit, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 20, .need_zh = "单位不能为空", .need_en = "The unit is required"),
    M(unit_decimals, FIELD_INT, F_OUT | F_SURE),
    M(qty_decimals, FIELD_INT, F_IN | F_OUT, .min = 0, .max = DEC_PLACES),
    M(current_stock, FIELD_DEC, F_OUT | F_SURE),
    M(min_stock, FIELD_DEC, F_IN | F_OUT | F_ZERO, .max = 1000000000000, .bad_zh = "最低库存必须大于等于0",
      .bad_en = "The minimum stock must be 0 or more"),
    M(max_stock, FIELD_DEC, F_IN | F_OUT | F_ZERO, .max = 1000000000000, .bad_zh = "最高库存必须大于等于0",
      .bad_en = "The maximum stock must be 0 or more"),
    M(location, FIELD_TEXT, F_IN | F_OUT, .max = 200),
    M(description, FIELD_TEXT, F_IN | F_OUT, .max = 500),
    M(cas_no, FIELD_TEXT, F_IN | F_OUT, .max = 12, .valid = is_cas_number, .bad_zh = "CAS 号格式或校验位不正确",
      .bad_en = "This is not a CAS number: form or check digit is wrong"),
    M(un_no, FIELD_TEXT, F_IN | F_OUT, .max = 6, .valid = is_un_number, .bad_zh = "UN 编号应为 UN 加四位数字",
      .bad_en = "A UN number is UN and four digits"),
    M(ghs_pictograms, FIELD_TEXT, F_IN | F_OUT, .max = 60, .valid = are_pictograms,
      .bad_zh = "象形图应为 GHS01–GHS09，用分号分隔", .bad_en = "Pictograms are GHS01 to GHS09 with semicolons between"),
    M(hazard_statements, FIELD_TEXT, F_IN | F_OUT, .max = 200, .valid = are_statements,
      .bad_zh = "危险性说明应为 H 加三位数字，用分号分隔", .bad_en = "Hazard statements are H and three digits with semicolons between"),
    M(storage_class, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    M(control_flags, FIELD_TEXT, F_IN | F_OUT, .max = 100),
    M(metal_grade, FIELD_TEXT, F_IN | F_OUT, .max = 100),
    M(standard, FIELD_TEXT, F_IN | F_OUT, .max = 100),
    M(track_by, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    M(shelf_life_days, FIELD_INT, F_IN | F_OUT, .min = 1, .max = 36500),
    M(shelf_life_basis, FIELD_TEXT, F_IN | F_OUT, .choices = shelf_life_bases, .bad_zh = "保质期依据必须是 S 或 T",
      .bad_en = "The basis of the shelf life must be S or T"),
    M(periodic_inspection_days, FIELD_INT, F_IN | F_OUT, .min = 1, .max = 36500),
    M(storage_condition, FIELD_TEXT, F_IN | F_OUT, .max = 300),
    M(cert_required, FIELD_TEXT, F_IN | F_OUT, .max = 200),
    M(cas_check, FIELD_TEXT, F_IN | F_OUT, .max = 50),
    M(note, FIELD_TEXT, F_IN | F_OUT, .max = 500),
    M(status, FIELD_TEXT, F_OUT | F_SURE, .choices = statuses),
    M(version, FIELD_INT, F_IN | F_OUT | F_UPDATE_ONLY | F_SURE, .min = 1),
    M(created_by, FIELD_INT, F_OUT),
    M(created_at, FIELD_TIME, F_OUT | F_SURE),
    M(updated_at, FIELD_TIME, F_OUT | F_SURE),
    M(creator_name, FIELD_TEXT, F_OUT),
    M(unit_id, FIELD_INT, 0),
    M(move_count, FIELD_INT, 0),
    M(code_change_reason, FIELD_TEXT, F_IN | F_UPDATE_ONLY, .max = 500),
};
const struct record_type material_type = RECORD_TYPE("Material", struct material, material_fields);
