/* Schemas, from the field tables and the parts of hand-written answers. */
#include <string.h>

#include "app/openapi.h"
#include "domain/list.h"

#define COMPONENTS_MAX 128

bool openapi_is_told(const struct field *f, enum oa_use use)
{
    if (use == OA_ANSWER)
        return f->flags & F_OUT;
    return (f->flags & F_IN) && !(use == OA_CREATION && (f->flags & F_UPDATE_ONLY));
}

const char *openapi_told_name(struct arena *a, const struct field *f, enum oa_use use)
{
    return use == OA_ANSWER ? f->name : record_camel(a, f->name);
}

/* ---------------------------------------------------------------- schemas of records */

static const char *component_name(struct arena *a, const struct record_type *t, enum oa_use use)
{
    static const char *const endings[] = {[OA_ANSWER] = "", [OA_CREATION] = "Input", [OA_CHANGE] = "Update"};
    return arena_fmt(a, "%s%s", t->name, endings[use]);
}

static void record_ref(struct json_writer *w, struct arena *a, const struct record_type *t, enum oa_use use)
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
        oa_int(w, f->flags & F_ABOVE ? "exclusiveMinimum" : names[f->type].min, f->min);
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
        record_ref(w, a, f->items, OA_CREATION);
        return;
    }
    jw_object(w);
    oa_type(w, "integer", false);
    oa_int(w, "minimum", 1);
    jw_object_end(w);
}

/* A decimal in a body is a number, or its text. */
static void write_type(struct json_writer *w, const struct field *f, enum oa_use use, bool nullable)
{
    static const char *const types[] = {
        [FIELD_INT] = "integer",   [FIELD_FLAG] = "integer",    [FIELD_TEXT] = "string", [FIELD_DEC] = "number",
        [FIELD_TIME] = "string",   [FIELD_ISO_TIME] = "string", [FIELD_DAY] = "string",  [FIELD_JSON] = "array"};
    static const char *const decimal[] = {"number", "string", "null", NULL};
    if (f->type == FIELD_DEC && use != OA_ANSWER)
        oa_texts(w, "type", nullable ? decimal : (const char *const[]){"number", "string", NULL});
    else if (f->type == FIELD_FLAG && use != OA_ANSWER)
        oa_type(w, "boolean", nullable);
    else
        oa_type(w, types[f->type], nullable);
}

static bool may_be_null(const struct field *f, enum oa_use use)
{
    if (use == OA_ANSWER)
        return !(f->flags & (F_NEED | F_SURE)) && strcmp(f->name, "id") != 0;
    return !(f->flags & F_NEED) && !(use == OA_CREATION && (f->flags & F_ASKED));
}

static void write_field(struct json_writer *w, struct arena *a, const struct field *f, enum oa_use use);

static void write_members(struct json_writer *w, struct arena *a, const struct record_type *t)
{
    oa_object(w, "properties");
    for (size_t i = 0; i < t->count; i++) {
        jw_name(w, openapi_told_name(a, &t->fields[i], OA_CREATION));
        write_field(w, a, &t->fields[i], OA_CREATION);
    }
    jw_object_end(w);
}

static void write_field(struct json_writer *w, struct arena *a, const struct field *f, enum oa_use use)
{
    bool nullable = may_be_null(f, use);
    jw_object(w);
    if (f->flags & F_OBJECT) {
        oa_type(w, "object", nullable);
        write_members(w, a, f->items);
        jw_object_end(w);
        return;
    }
    write_type(w, f, use, nullable);
    write_format(w, f);
    if (use != OA_ANSWER)
        write_limits(w, f);
    write_choices(w, f, nullable);
    if (f->type == FIELD_JSON)
        write_items(w, a, f);
    jw_object_end(w);
}

static bool is_required(const struct field *f, enum oa_use use)
{
    return openapi_is_told(f, use) && (use == OA_ANSWER || (use == OA_CREATION && (f->flags & (F_NEED | F_ASKED))));
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
        record_ref(w, a, f->items, OA_CREATION);
        jw_array_end(w);
    }
}

static void write_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum oa_use use)
{
    oa_object(w, component_name(a, t, use));
    oa_type(w, "object", false);
    oa_object(w, "properties");
    for (size_t i = 0; i < t->count; i++)
        if (openapi_is_told(&t->fields[i], use)) {
            jw_name(w, openapi_told_name(a, &t->fields[i], use));
            write_field(w, a, &t->fields[i], use);
        }
    jw_object_end(w);
    oa_array(w, "required");
    for (size_t i = 0; i < t->count; i++)
        if (is_required(&t->fields[i], use))
            jw_text(w, openapi_told_name(a, &t->fields[i], use));
    jw_array_end(w);
    if (use == OA_CREATION)
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
static void add_record(struct components *c, const struct record_type *t, enum oa_use use)
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
    for (size_t i = 0; use != OA_ANSWER && i < t->count; i++)
        if (!(t->fields[i].flags & F_OBJECT))
            add_record(c, t->fields[i].items, OA_CREATION);
}

static void add_parts(struct components *c, const struct answer_part *parts)
{
    for (const struct answer_part *p = parts; p && p->name; p++) {
        add_record(c, p->record, OA_ANSWER);
        add_parts(c, p->parts);
    }
}

void openapi_schemas(struct json_writer *w, struct arena *a)
{
    struct components c = {.w = w, .a = a};
    const struct route *r;
    for (size_t i = 0; (r = openapi_route(i, NULL)); i++) {
        add_record(&c, r->body, r->updates ? OA_CHANGE : OA_CREATION);
        add_record(&c, r->answer, OA_ANSWER);
        add_record(&c, r->list ? r->list->row : NULL, OA_ANSWER);
        add_parts(&c, r->parts);
    }
}

/* ---------------------------------------------------------------- bodies and answers */

void openapi_body(struct json_writer *w, struct arena *a, const struct route *r)
{
    enum oa_use use = r->updates ? OA_CHANGE : OA_CREATION;
    jw_name(w, "schema");
    record_ref(w, a, r->body, use);
    oa_object(w, "example");
    openapi_example_record(w, a, r->body, use);
    jw_object_end(w);
}

static void write_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts);

static void write_object_or_null(struct json_writer *w, struct arena *a, const struct answer_part *p)
{
    jw_object(w);
    oa_array(w, "anyOf");
    write_object(w, a, p->record, p->parts);
    jw_object(w);
    oa_type(w, "null", false);
    jw_object_end(w);
    jw_array_end(w);
    jw_object_end(w);
}

static void write_part(struct json_writer *w, struct arena *a, const struct answer_part *p)
{
    static const char *const types[] = {[PART_INT] = "integer",  [PART_DEC] = "number",   [PART_TEXT] = "string",
                                        [PART_TEXTS] = "array",  [PART_TIME] = "string",  [PART_BOOL] = "boolean",
                                        [PART_OBJECT] = "object", [PART_ARRAY] = "array"};
    if (p->kind == PART_OBJECT && !p->nullable) {
        write_object(w, a, p->record, p->parts);
        return;
    }
    if (p->kind == PART_OBJECT) {
        write_object_or_null(w, a, p);
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
    if (!t && !parts) { /* any members */
        jw_object(w);
        oa_type(w, "object", false);
        jw_object_end(w);
        return;
    }
    if (!parts) {
        record_ref(w, a, t, OA_ANSWER);
        return;
    }
    if (!t) {
        write_parts(w, a, parts);
        return;
    }
    jw_object(w);
    oa_array(w, "allOf");
    record_ref(w, a, t, OA_ANSWER);
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
    if (!r->list || !r->list->row || r->export)
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
        openapi_example_part(w, a, data);
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
    openapi_example_object(w, a, NULL, r->parts);
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
