/* Schemas and examples, from the field tables and the parts of hand-written answers. */
#include <ctype.h>
#include <string.h>

#include "app/openapi.h"
#include "domain/list.h"

#define COMPONENTS_MAX 128

enum use { ANSWER, CREATION, CHANGE };

/* ---------------------------------------------------------------- examples */

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

static void example_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum use use);

static void example_json(struct json_writer *w, struct arena *a, const struct field *f)
{
    jw_array(w);
    if (f->items) {
        jw_object(w);
        example_record(w, a, f->items, CREATION);
        jw_object_end(w);
    } else {
        jw_int(w, 1);
    }
    jw_array_end(w);
}

static void example_field(struct json_writer *w, struct arena *a, const struct field *f, enum use use)
{
    switch (f->type) {
    case FIELD_INT:
        jw_int(w, f->min > 1 ? f->min : 1);
        return;
    case FIELD_FLAG:
        if (use == ANSWER)
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

/* Whether the field stands in what is described. */
static bool is_told(const struct field *f, enum use use)
{
    if (use == ANSWER)
        return f->flags & F_OUT;
    return (f->flags & F_IN) && !(use == CREATION && (f->flags & F_UPDATE_ONLY));
}

static const char *told_name(struct arena *a, const struct field *f, enum use use)
{
    return use == ANSWER ? f->name : record_camel(a, f->name);
}

/* The members, without braces. */
static void example_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum use use)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!is_told(&t->fields[i], use))
            continue;
        jw_name(w, told_name(a, &t->fields[i], use));
        example_field(w, a, &t->fields[i], use);
    }
}

static void example_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts);

static void example_part(struct json_writer *w, struct arena *a, const struct answer_part *p)
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
        example_object(w, a, p->record, p->parts);
        return;
    case PART_ARRAY:
        jw_array(w);
        example_object(w, a, p->record, p->parts);
        jw_array_end(w);
        return;
    }
}

static void example_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts)
{
    jw_object(w);
    if (t)
        example_record(w, a, t, ANSWER);
    for (const struct answer_part *p = parts; p && p->name; p++) {
        if (p->optional)
            continue;
        jw_name(w, p->name);
        example_part(w, a, p);
    }
    jw_object_end(w);
}

/* ---------------------------------------------------------------- schemas of records */

static const char *component_name(struct arena *a, const struct record_type *t, enum use use)
{
    static const char *const endings[] = {[ANSWER] = "", [CREATION] = "Input", [CHANGE] = "Update"};
    return arena_fmt(a, "%s%s", t->name, endings[use]);
}

static void record_ref(struct json_writer *w, struct arena *a, const struct record_type *t, enum use use)
{
    oa_ref(w, arena_fmt(a, "schemas/%s", component_name(a, t, use)));
}

/* A time as rows have it. */
static void write_row_time(struct json_writer *w)
{
    oa_text(w, "description", "UTC，YYYY-MM-DD HH:MM:SS");
    oa_text(w, "pattern", "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$");
}

static void write_format(struct json_writer *w, const struct field *f)
{
    if (f->type == FIELD_TIME)
        write_row_time(w);
    else if (f->type == FIELD_ISO_TIME)
        oa_text(w, "format", "date-time");
    else if (f->type == FIELD_DAY)
        oa_text(w, "format", "date");
    if (!(f->flags & F_SECRET))
        return;
    oa_text(w, "format", "password");
    oa_bool(w, "writeOnly", true);
}

static void write_limits(struct json_writer *w, const struct field *f)
{
    static const struct {
        const char *min, *max;
    } names[] = {[FIELD_INT] = {"minimum", "maximum"},
                 [FIELD_DEC] = {"minimum", "maximum"},
                 [FIELD_TEXT] = {"minLength", "maxLength"},
                 [FIELD_JSON] = {"minItems", "maxItems"}};
    if (!names[f->type].min)
        return;
    if (f->min || f->type == FIELD_INT || f->type == FIELD_DEC)
        oa_int(w, names[f->type].min, f->min);
    if (f->max)
        oa_int(w, names[f->type].max, f->max);
}

static void write_choices(struct json_writer *w, const struct field *f, bool nullable)
{
    if (!f->choices)
        return;
    oa_array(w, "enum");
    for (size_t i = 0; f->choices[i]; i++)
        jw_text(w, f->choices[i]);
    if (nullable)
        jw_null(w);
    jw_array_end(w);
}

static void write_items(struct json_writer *w, struct arena *a, const struct field *f)
{
    jw_name(w, "items");
    if (f->items) {
        record_ref(w, a, f->items, CREATION);
        return;
    }
    jw_object(w);
    oa_type(w, "integer", false);
    oa_int(w, "minimum", 1);
    jw_object_end(w);
}

/* A decimal in a body is a number, or its text. */
static void write_type(struct json_writer *w, const struct field *f, enum use use, bool nullable)
{
    static const char *const types[] = {
        [FIELD_INT] = "integer",   [FIELD_FLAG] = "integer",    [FIELD_TEXT] = "string", [FIELD_DEC] = "number",
        [FIELD_TIME] = "string",   [FIELD_ISO_TIME] = "string", [FIELD_DAY] = "string",  [FIELD_JSON] = "array"};
    static const char *const decimal[] = {"number", "string", "null", NULL};
    if (f->type == FIELD_DEC && use != ANSWER)
        oa_texts(w, "type", nullable ? decimal : (const char *const[]){"number", "string", NULL});
    else if (f->type == FIELD_FLAG && use != ANSWER)
        oa_type(w, "boolean", nullable);
    else
        oa_type(w, types[f->type], nullable);
}

static bool may_be_null(const struct field *f, enum use use)
{
    if (use == ANSWER)
        return !(f->flags & (F_NEED | F_SURE)) && strcmp(f->name, "id") != 0;
    return !(f->flags & F_NEED) && !(use == CREATION && (f->flags & F_ASKED));
}

static void write_field(struct json_writer *w, struct arena *a, const struct field *f, enum use use)
{
    bool nullable = may_be_null(f, use);
    jw_object(w);
    write_type(w, f, use, nullable);
    write_format(w, f);
    if (use != ANSWER)
        write_limits(w, f);
    write_choices(w, f, nullable);
    if (f->type == FIELD_JSON)
        write_items(w, a, f);
    jw_object_end(w);
}

static bool is_required(const struct field *f, enum use use)
{
    return is_told(f, use) && (use == ANSWER || (use == CREATION && (f->flags & (F_NEED | F_ASKED))));
}

/* Either the array, or the members of its only element beside the others. */
static void write_inline(struct json_writer *w, struct arena *a, const struct record_type *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct field *f = &t->fields[i];
        if (!(f->flags & F_INLINE))
            continue;
        oa_array(w, "anyOf");
        jw_object(w);
        oa_texts(w, "required", (const char *const[]){record_camel(a, f->name), NULL});
        jw_object_end(w);
        record_ref(w, a, f->items, CREATION);
        jw_array_end(w);
    }
}

static void write_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum use use)
{
    oa_object(w, component_name(a, t, use));
    oa_type(w, "object", false);
    oa_object(w, "properties");
    for (size_t i = 0; i < t->count; i++)
        if (is_told(&t->fields[i], use)) {
            jw_name(w, told_name(a, &t->fields[i], use));
            write_field(w, a, &t->fields[i], use);
        }
    jw_object_end(w);
    oa_array(w, "required");
    for (size_t i = 0; i < t->count; i++)
        if (is_required(&t->fields[i], use))
            jw_text(w, told_name(a, &t->fields[i], use));
    jw_array_end(w);
    if (use == CREATION)
        write_inline(w, a, t);
    jw_object_end(w);
}

/* ---------------------------------------------------------------- which records there are */

struct components {
    struct json_writer *w;
    struct arena *a;
    const char *done[COMPONENTS_MAX];
    size_t count;
};

/* Writes it, once. */
static void add_record(struct components *c, const struct record_type *t, enum use use)
{
    if (!t)
        return;
    const char *name = component_name(c->a, t, use);
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->done[i], name) == 0)
            return;
    if (c->count == COMPONENTS_MAX)
        return;
    c->done[c->count++] = name;
    write_record(c->w, c->a, t, use);
    for (size_t i = 0; use != ANSWER && i < t->count; i++)
        add_record(c, t->fields[i].items, CREATION);
}

static void add_parts(struct components *c, const struct answer_part *parts)
{
    for (const struct answer_part *p = parts; p && p->name; p++) {
        add_record(c, p->record, ANSWER);
        add_parts(c, p->parts);
    }
}

void openapi_schemas(struct json_writer *w, struct arena *a)
{
    struct components c = {.w = w, .a = a};
    const struct route *r;
    for (size_t i = 0; (r = openapi_route(i, NULL)); i++) {
        add_record(&c, r->body, r->updates ? CHANGE : CREATION);
        add_record(&c, r->answer, ANSWER);
        add_record(&c, r->list ? r->list->row : NULL, ANSWER);
        add_parts(&c, r->parts);
    }
}

/* ---------------------------------------------------------------- bodies and answers */

void openapi_body(struct json_writer *w, struct arena *a, const struct route *r)
{
    enum use use = r->updates ? CHANGE : CREATION;
    jw_name(w, "schema");
    record_ref(w, a, r->body, use);
    oa_object(w, "example");
    example_record(w, a, r->body, use);
    jw_object_end(w);
}

static void write_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts);

static void write_part(struct json_writer *w, struct arena *a, const struct answer_part *p)
{
    static const char *const types[] = {[PART_INT] = "integer",  [PART_DEC] = "number",   [PART_TEXT] = "string",
                                        [PART_TEXTS] = "array",  [PART_TIME] = "string",  [PART_BOOL] = "boolean",
                                        [PART_OBJECT] = "object", [PART_ARRAY] = "array"};
    if (p->kind == PART_OBJECT) {
        write_object(w, a, p->record, p->parts);
        return;
    }
    jw_object(w);
    oa_type(w, types[p->kind], p->nullable);
    if (p->kind == PART_TIME)
        write_row_time(w);
    if (p->kind == PART_TEXTS || p->kind == PART_ARRAY)
        jw_name(w, "items");
    if (p->kind == PART_TEXTS) {
        jw_object(w);
        oa_type(w, "string", false);
        jw_object_end(w);
    } else if (p->kind == PART_ARRAY) {
        write_object(w, a, p->record, p->parts);
    }
    jw_object_end(w);
}

static void write_parts(struct json_writer *w, struct arena *a, const struct answer_part *parts)
{
    jw_object(w);
    oa_type(w, "object", false);
    oa_object(w, "properties");
    for (const struct answer_part *p = parts; p->name; p++) {
        jw_name(w, p->name);
        write_part(w, a, p);
    }
    jw_object_end(w);
    oa_array(w, "required");
    for (const struct answer_part *p = parts; p->name; p++)
        if (!p->optional)
            jw_text(w, p->name);
    jw_array_end(w);
    jw_object_end(w);
}

static void write_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts)
{
    if (!parts) {
        record_ref(w, a, t, ANSWER);
        return;
    }
    if (!t) {
        write_parts(w, a, parts);
        return;
    }
    jw_object(w);
    oa_array(w, "allOf");
    record_ref(w, a, t, ANSWER);
    write_parts(w, a, parts);
    jw_array_end(w);
    jw_object_end(w);
}

/* `data` as one part; without a name: there is none. */
static struct answer_part data_of(struct arena *a, const struct route *r)
{
    struct answer_part data = {.record = r->answer, .parts = r->parts,
                               .kind = r->shape == ANSWER_ARRAY ? PART_ARRAY : PART_OBJECT};
    size_t n = 0, more = 0;
    if (r->answer || r->parts)
        data.name = "data";
    if (!r->list || !r->list->row)
        return data;
    const struct answer_part page[] = {{"list", PART_ARRAY, r->list->row}, {"total"}, {"page"}, {"pageSize"},
                                       {"nextCursor", PART_TEXT, .nullable = true}};
    while (r->parts && r->parts[more].name)
        more++;
    struct answer_part *all = arena_array(a, sizeof page / sizeof *page + more + 1, sizeof *all);
    for (; n < sizeof page / sizeof *page; n++)
        all[n] = page[n];
    for (size_t i = 0; i < more; i++)
        all[n++] = r->parts[i];
    return (struct answer_part){.name = "data", .kind = PART_OBJECT, .parts = all};
}

static void write_envelope(struct json_writer *w, struct arena *a, const struct answer_part *data)
{
    jw_object(w);
    oa_type(w, "object", false);
    oa_object(w, "properties");
    oa_object(w, "success");
    oa_bool(w, "const", true);
    jw_object_end(w);
    oa_object(w, "message");
    oa_type(w, "string", false);
    jw_object_end(w);
    if (data->name) {
        jw_name(w, "data");
        write_part(w, a, data);
    }
    jw_object_end(w);
    oa_texts(w, "required", (const char *const[]){"success", data->name, NULL});
    jw_object_end(w);
}

static void example_envelope(struct json_writer *w, struct arena *a, const struct answer_part *data)
{
    jw_object(w);
    oa_bool(w, "success", true);
    if (data->name) {
        jw_name(w, "data");
        example_part(w, a, data);
    } else {
        oa_text(w, "message", error_row(RC_OK)->zh);
    }
    jw_object_end(w);
}

/* An object of its parts, any JSON object, or a text. */
void openapi_bare_schema(struct json_writer *w, struct arena *a, const struct route *r)
{
    if (r->parts) {
        write_parts(w, a, r->parts);
        return;
    }
    jw_object(w);
    oa_type(w, r->media ? "string" : "object", false);
    jw_object_end(w);
}

static void write_bare(struct json_writer *w, struct arena *a, const struct route *r)
{
    jw_name(w, "schema");
    openapi_bare_schema(w, a, r);
    if (!r->parts)
        return;
    jw_name(w, "example");
    example_object(w, a, NULL, r->parts);
}

void openapi_answer(struct json_writer *w, struct arena *a, const struct route *r)
{
    if (r->bare) {
        write_bare(w, a, r);
        return;
    }
    const struct answer_part data = data_of(a, r);
    jw_name(w, "schema");
    write_envelope(w, a, &data);
    jw_name(w, "example");
    example_envelope(w, a, &data);
}
