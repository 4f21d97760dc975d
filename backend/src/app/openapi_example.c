/* Examples, from the same tables as the schemas. */
#include <ctype.h>
#include <string.h>

#include "app/openapi.h"

/* What a text of this name might be, in either spelling. */
static const char *const example_texts[][2] = {
    {"username", "zhangsan"},
    {"password", "Example-Password-1"},
    {"current_password", "Example-Password-1"},
    {"new_password", "Example-Password-2"},
    {"access_token", "eyJhbGciOiJIUzI1NiJ9.…"},
    {"refresh_token", "q1Zk…"},
    {"role", "inventory_manager"},
    {"real_name", "张三"},
    {"email", "zhangsan@example.com"},
    {"permissions", "material.read"},
    {"status", "pending"},
    {"category", "chemical"},
    {"material_code", "CHEM-0001"},
    {"old_code", "CHEM-0001"},
    {"new_code", "CHEM-0002"},
    {"material_name", "氢氧化钾"},
    {"name_en", "Potassium hydroxide"},
    {"subcategory", "电解质"},
    {"unit", "kg"},
    {"location", "A-01-02"},
    {"location_code", "A-01-02"},
    {"location_name", "主库"},
    {"from_location", "供应商"},
    {"to_location", "主库"},
    {"cas_no", "1310-58-3"},
    {"un_no", "UN1813"},
    {"ghs_pictograms", "GHS05;GHS07"},
    {"hazard_statements", "H302;H314"},
    {"storage_class", "8B"},
    {"transaction_code", "IN20261123-0001"},
    {"transaction_type", "in"},
    {"purpose", "purchase"},
    {"lot_no", "L20261101"},
    {"task_code", "ST20261123-0001"},
    {"task_name", "十一月盘点"},
    {"start_date", "2026-11-23"},
    {"end_date", "2026-11-30"},
    {"date", "2026-11-23"},
    {"difference_type", "normal"},
    {"key", "company.timezone"},
    {"value", "Asia/Shanghai"},
    {"title", "系统维护通知"},
    {"link", "/materials?id=1"},
    {"module", "materials"},
    {"action", "create"},
    {"ip_address", "192.0.2.10"},
    {"request_id", "0f3a9c1e5b7d2468"},
    {"next_cursor", "1:1795422600000"},
    {"kind", "storage"},
    {"remark", "备注"},
    {"avatar", "/uploads/avatars/0f3a9c1e5b7d24680f3a9c1e5b7d2468.png"},
    {"database", "ok"},
    {"timestamp", "2026-11-23T08:30:00.000Z"},
    {"version", MMS_VERSION},
};

/* "material_code" and "materialCode" are the same name. */
static bool same_name(const char *snake, const char *name)
{
    for (; *snake && *name; snake++, name++) {
        if (*snake == '_')
            snake++;
        if (*name == '_')
            name++;
        if (*snake != tolower((unsigned char)*name))
            return false;
    }
    return *snake == *name;
}

static const char *example_text(const char *name)
{
    for (size_t i = 0; i < sizeof example_texts / sizeof *example_texts; i++)
        if (same_name(example_texts[i][0], name))
            return example_texts[i][1];
    return "示例";
}

static void example_json(struct json_writer *w, struct arena *a, const struct field *f)
{
    jw_array(w);
    if (f->items) {
        jw_object(w);
        openapi_example_record(w, a, f->items, OA_CREATION);
        jw_object_end(w);
    } else {
        jw_int(w, 1);
    }
    jw_array_end(w);
}

static void example_field(struct json_writer *w, struct arena *a, const struct field *f, enum oa_use use)
{
    switch (f->type) {
    case FIELD_INT:
        jw_int(w, f->min > 1 ? f->min : 1);
        return;
    case FIELD_FLAG:
        if (use == OA_ANSWER)
            jw_int(w, 0);
        else
            jw_bool(w, false);
        return;
    case FIELD_DEC:
        jw_dec(w, (struct dec){12500000});
        return;
    case FIELD_TEXT:
        jw_text(w, f->choices ? f->choices[0] : f->example ? f->example : example_text(f->name));
        return;
    case FIELD_TIME:
        jw_text(w, "2026-11-23 08:30:00");
        return;
    case FIELD_ISO_TIME:
        jw_text(w, "2026-11-23T08:30:00.000Z");
        return;
    case FIELD_DAY:
        jw_text(w, "2026-11-23");
        return;
    case FIELD_JSON:
        example_json(w, a, f);
        return;
    }
}

void openapi_example_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum oa_use use)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!openapi_is_told(&t->fields[i], use) || (t->fields[i].flags & F_OBJECT)) /* an object stands instead of something else */
            continue;
        jw_name(w, openapi_told_name(a, &t->fields[i], use));
        example_field(w, a, &t->fields[i], use);
    }
}

void openapi_example_part(struct json_writer *w, struct arena *a, const struct answer_part *p)
{
    switch (p->kind) {
    case PART_INT:
        jw_int(w, 1);
        return;
    case PART_DEC:
        jw_dec(w, (struct dec){12500000});
        return;
    case PART_TEXT:
        jw_text(w, example_text(p->name));
        return;
    case PART_TIME:
        jw_text(w, "2026-11-23 08:30:00");
        return;
    case PART_BOOL:
        jw_bool(w, true);
        return;
    case PART_TEXTS:
        jw_array(w);
        jw_text(w, example_text(p->name));
        jw_array_end(w);
        return;
    case PART_OBJECT:
        openapi_example_object(w, a, p->record, p->parts);
        return;
    case PART_ARRAY:
        jw_array(w);
        openapi_example_object(w, a, p->record, p->parts);
        jw_array_end(w);
        return;
    }
}

void openapi_example_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts)
{
    jw_object(w);
    if (t)
        openapi_example_record(w, a, t, OA_ANSWER);
    for (const struct answer_part *p = parts; p && p->name; p++) {
        if (p->optional)
            continue;
        jw_name(w, p->name);
        openapi_example_part(w, a, p);
    }
    jw_object_end(w);
}
