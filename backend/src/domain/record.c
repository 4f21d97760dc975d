#include "domain/record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "domain/ctx.h"
#include "domain/setting.h"

#define DAY_CHARS 10    /* "2026-11-23" */
#define VALUE_CHARS 100 /* of what was sent, in a fault */

static void *at(const struct field *f, const void *record)
{
    /* The one place where a field's bytes are reached; const is given back by the callers that only read. */
    return (char *)(uintptr_t)record + f->offset;
}

static uint64_t bit(size_t i)
{
    return UINT64_C(1) << i;
}

/* ---------------------------------------------------------------- names */

/* "material_code" is spelled "material_code" or "materialCode". */
static bool spells(const char *name, const char *member)
{
    if (strcmp(name, member) == 0)
        return true;
    for (; *name; name++, member++) {
        if (*name == '_') {
            name++;
            if (*member != toupper((unsigned char)*name))
                return false;
        } else if (*name != *member) {
            return false;
        }
    }
    return *member == 0;
}

const char *record_camel(struct arena *a, const char *name)
{
    char *out = arena_dup(a, name), *to = out;
    for (const char *from = name; *from; from++)
        *to++ = *from == '_' && from[1] ? (char)toupper((unsigned char)*++from) : *from;
    *to = 0;
    return out;
}

static size_t find(const struct record_type *type, const char *name)
{
    for (size_t i = 0; i < type->count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return i;
    abort(); /* a name that is not in the table: a mistake in the program */
}

/* ---------------------------------------------------------------- reading JSON */

struct reading {
    struct ctx *c;
    const struct field *field;
    const char *as; /* the field as the client spelled it, with the prefix */
    const struct json *json;
};

/* In the words given, whatever the field's own are. */
static void tell(struct reading *r, const char *code, const char *zh, const char *en)
{
    const struct json *v = r->field->flags & F_SECRET ? NULL : r->json;
    const char *value = v && v->text ? text_shorten(r->c->arena, v->text, VALUE_CHARS) : NULL;
    struct field_fault *told = error_fault(&r->c->err, r->c->arena, r->as, code, zh, en, value);
    if (told && v)
        told->is_number = v->type == JSON_NUMBER && v->n <= VALUE_CHARS;
}

static void fault(struct reading *r, const char *code, const char *zh, const char *en)
{
    const struct field *f = r->field;
    tell(r, code, f->bad_zh ? f->bad_zh : zh, f->bad_zh ? f->bad_en : en);
}

static void missing(struct reading *r)
{
    const struct field *f = r->field;
    tell(r, "required", f->need_zh ? f->need_zh : arena_fmt(r->c->arena, "%s 为必填项", r->as),
         f->need_en ? f->need_en : arena_fmt(r->c->arena, "%s is required", r->as));
}

static bool read_text(struct reading *r, const char **out)
{
    const struct field *f = r->field;
    if (r->json->type != JSON_STRING) {
        fault(r, "type", "应为文本", "must be text");
        return false;
    }
    const char *text = f->flags & F_RAW ? r->json->text : text_trim(r->c->arena, r->json->text);
    size_t chars = text_chars(text);
    if (f->max && chars > (size_t)f->max) {
        fault(r, "too_long", arena_fmt(r->c->arena, "长度不能超过%lld个字符", (long long)f->max),
              arena_fmt(r->c->arena, "must have at most %lld characters", (long long)f->max));
        return false;
    }
    if (chars < (size_t)f->min) {
        fault(r, "too_short", arena_fmt(r->c->arena, "长度不能少于%lld个字符", (long long)f->min),
              arena_fmt(r->c->arena, "must have at least %lld characters", (long long)f->min));
        return false;
    }
    bool known = !f->choices;
    for (size_t i = 0; f->choices && f->choices[i]; i++)
        known = known || strcmp(f->choices[i], text) == 0;
    if (!known) {
        fault(r, "choice", "不是允许的值", "is not one of the allowed values");
        return false;
    }
    if (f->valid && !f->valid(text)) {
        fault(r, "format", "格式不正确", "has the wrong form");
        return false;
    }
    *out = text;
    return true;
}

/* A whole number, or a string that is one. */
static bool is_whole(const struct json *v, int64_t *out)
{
    struct json as_number = {.type = JSON_NUMBER, .text = v->text, .n = v->n};
    struct dec whole;
    bool numeric = v->type == JSON_NUMBER || (v->type == JSON_STRING && dec_parse(v->text, v->n, &whole) == DEC_PARSED);
    return numeric && json_to_int(&as_number, out);
}

static bool read_int(struct reading *r, int64_t *out)
{
    const struct field *f = r->field;
    if (!is_whole(r->json, out)) {
        fault(r, "type", "应为整数", "must be a whole number");
        return false;
    }
    if (*out < f->min || (f->max && *out > f->max)) {
        fault(r, "out_of_range", "超出允许范围", "is out of range");
        return false;
    }
    return true;
}

static bool read_dec(struct reading *r, struct dec *out)
{
    const struct field *f = r->field;
    enum dec_parse got = DEC_SYNTAX;
    if (r->json->type == JSON_NUMBER || r->json->type == JSON_STRING)
        got = dec_parse(r->json->text, r->json->n, out);
    switch (got) {
    case DEC_PARSED:
        break;
    case DEC_SYNTAX:
        fault(r, "type", "应为数字", "must be a number");
        return false;
    case DEC_TOO_FINE:
        tell(r, "decimals", "小数位数不能超过6位", "must have at most 6 decimals");
        return false;
    case DEC_TOO_LARGE:
        tell(r, "out_of_range", "数值超出允许范围", "is out of range");
        return false;
    }
    if (dec_cmp(*out, DEC_WHOLE(f->min)) < (f->flags & F_ABOVE ? 1 : 0)) {
        fault(r, "out_of_range", "超出允许范围", "is out of range");
        return false;
    }
    if (f->max && dec_cmp(*out, DEC_WHOLE(f->max)) > 0) {
        tell(r, "out_of_range", arena_fmt(r->c->arena, "不能大于%lld", (long long)f->max),
                 arena_fmt(r->c->arena, "must be at most %lld", (long long)f->max));
        return false;
    }
    return true;
}

static bool read_flag(struct reading *r, int64_t *out)
{
    const struct json *v = r->json;
    int64_t n = -1;
    if (v->type == JSON_TRUE || v->type == JSON_FALSE)
        n = v->type == JSON_TRUE;
    else if (v->type == JSON_STRING && (strcmp(v->text, "true") == 0 || strcmp(v->text, "false") == 0))
        n = v->text[0] == 't';
    else if (!is_whole(v, &n))
        n = -1;
    if (n != 0 && n != 1) {
        fault(r, "type", "应为 true 或 false", "must be true or false");
        return false;
    }
    *out = n;
    return true;
}

/* Pickers of existing clients send a time as well: its day as written, and of an instant (with a Z) the company's day. */
static bool read_day(struct reading *r, int64_t *out)
{
    struct ctx *c = r->c;
    const char *text = r->json->type == JSON_STRING ? text_trim(c->arena, r->json->text) : "";
    const struct zone *zone;
    int64_t ms;
    if (day_parse(text, out))
        return true;
    if (!clock_parse(text, &ms)) {
        fault(r, "format", "应为日期 YYYY-MM-DD", "must be a day, YYYY-MM-DD");
        return false;
    }
    if (!strchr(text, 'Z'))
        return day_parse(arena_copy(c->arena, text, DAY_CHARS), out);
    if (setting_zone(c, &zone) != RC_OK) {
        error_set(&c->err, RC_DB);
        return false;
    }
    *out = zone_day(zone, ms);
    return true;
}

static bool read_value(struct reading *r, void *record)
{
    void *slot = at(r->field, record);
    switch (r->field->type) {
    case FIELD_TEXT:
        return read_text(r, slot);
    case FIELD_INT:
        return read_int(r, slot);
    case FIELD_DEC:
        return read_dec(r, slot);
    case FIELD_FLAG:
        return read_flag(r, slot);
    case FIELD_DAY:
        return read_day(r, slot);
    case FIELD_JSON:
        *(const struct json **)slot = r->json;
        return true;
    case FIELD_TIME:
    case FIELD_ISO_TIME:
        return false; /* times are ours, never a client's */
    }
    return false;
}

static bool is_empty(const struct field *f, const struct json *v)
{
    if (!v || v->type == JSON_NULL)
        return true;
    if (v->type != JSON_STRING)
        return false;
    return f->flags & F_RAW ? v->n == 0 : text_is_blank(v->text);
}

static void read_field(struct ctx *c, const struct field *f, size_t i, const struct json *json, const char *as,
                       enum record_mode mode, struct record *record)
{
    struct reading r = {.c = c, .field = f, .as = as, .json = json};
    if (json)
        record->given |= bit(i);
    if (is_empty(f, json)) {
        bool wanted = (f->flags & F_NEED) && (json || mode == RECORD_CREATE) &&
                      !(mode == RECORD_CREATE && (f->flags & F_UPDATE_ONLY));
        if (wanted)
            missing(&r);
        else if (f->flags & F_ZERO)
            record->has |= bit(i);
        return;
    }
    if (read_value(&r, record))
        record->has |= bit(i);
}

enum rc record_from_json(struct ctx *c, const struct record_type *type, const struct json *object, const char *prefix,
                         enum record_mode mode, void *record)
{
    memset(record, 0, type->size);
    if (object->type != JSON_OBJECT) {
        size_t n = strlen(prefix); /* "lines[2]." without its dot */
        error_fault(&c->err, c->arena, n ? arena_copy(c->arena, prefix, n - 1) : "body", "type", "应为 JSON 对象", "must be a JSON object", NULL);
        return c->err.rc;
    }
    for (size_t i = 0; i < type->count; i++) {
        const struct field *f = &type->fields[i];
        if (!(f->flags & F_IN))
            continue;
        const struct json *v = object->first;
        while (v && !spells(f->name, v->name))
            v = v->next;
        const char *spelled = v ? v->name : record_camel(c->arena, f->name);
        const char *as = *prefix ? arena_fmt(c->arena, "%s%s", prefix, spelled) : spelled;
        read_field(c, f, i, v, as, mode, record);
    }
    return c->err.rc;
}

const int64_t *record_ids(struct ctx *c, const struct json *array)
{
    if (array->type != JSON_ARRAY)
        return NULL;
    int64_t *ids = arena_array(c->arena, array->n, sizeof *ids), *to = ids;
    for (const struct json *v = array->first; v; v = v->next, to++)
        if (!is_whole(v, to) || *to < 1)
            return NULL;
    return ids;
}

/* ---------------------------------------------------------------- rows */

void record_from_row(struct ctx *c, const struct record_type *type, struct db_rows *rows, void *record)
{
    memset(record, 0, type->size);
    const int16_t *columns = db_columns(rows, type->fields, sizeof *type->fields, type->count);
    struct record *head = record;
    for (size_t i = 0; i < type->count; i++) {
        if (columns[i] < 0 || db_type_at(rows, columns[i]) == DB_NULL)
            continue;
        const struct field *f = &type->fields[i];
        void *slot = at(f, record);
        head->has |= bit(i);
        size_t n;
        switch (f->type) {
        case FIELD_TEXT: {
            const char *text = db_text_at(rows, columns[i], &n);
            *(const char **)slot = arena_copy(c->arena, text, n);
            break;
        }
        case FIELD_DEC:
            ((struct dec *)slot)->millionths = db_int_at(rows, columns[i]);
            break;
        case FIELD_INT:
        case FIELD_FLAG:
        case FIELD_TIME:
        case FIELD_ISO_TIME:
        case FIELD_DAY:
            *(int64_t *)slot = db_int_at(rows, columns[i]);
            break;
        case FIELD_JSON:
            break;
        }
    }
}

/* ---------------------------------------------------------------- writing JSON */

static void write_number(struct json_writer *w, const struct field *f, int64_t v)
{
    char text[CLOCK_TEXT_MAX];
    size_t n;
    switch (f->type) {
    case FIELD_INT:
    case FIELD_FLAG:
        jw_int(w, v);
        return;
    case FIELD_DEC:
        jw_dec(w, (struct dec){v});
        return;
    case FIELD_TIME:
        n = clock_print_row(v, text);
        jw_text_n(w, text, n);
        return;
    case FIELD_ISO_TIME:
        n = clock_print_iso(v, text);
        jw_text_n(w, text, n);
        return;
    case FIELD_DAY:
        n = day_print(v, text);
        jw_text_n(w, text, n);
        return;
    case FIELD_TEXT:
    case FIELD_JSON:
        jw_null(w);
        return;
    }
}

static void write_field(struct json_writer *w, const struct field *f, const void *record)
{
    if (f->type == FIELD_TEXT)
        jw_text(w, *(const char *const *)at(f, record));
    else if (f->type == FIELD_DEC)
        jw_dec(w, *(const struct dec *)at(f, record));
    else
        write_number(w, f, *(const int64_t *)at(f, record));
}

void record_write(struct json_writer *w, const struct record_type *type, const void *record)
{
    const struct record *head = record;
    for (size_t i = 0; i < type->count; i++) {
        const struct field *f = &type->fields[i];
        if (!(f->flags & F_OUT))
            continue;
        jw_name(w, f->name);
        if (head->has & bit(i))
            write_field(w, f, record);
        else
            jw_null(w);
    }
}

void record_write_row(struct json_writer *w, const struct record_type *type, struct db_rows *rows)
{
    const int16_t *columns = db_columns(rows, type->fields, sizeof *type->fields, type->count);
    for (size_t i = 0; i < type->count; i++) {
        const struct field *f = &type->fields[i];
        int column = columns[i];
        if (!(f->flags & F_OUT) || column < 0)
            continue;
        jw_name(w, f->name);
        if (f->type == FIELD_TEXT) {
            size_t n;
            const char *text = db_text_at(rows, column, &n);
            if (text)
                jw_text_n(w, text, n);
            else
                jw_null(w);
        } else if (db_type_at(rows, column) == DB_NULL) {
            jw_null(w);
        } else {
            write_number(w, f, db_int_at(rows, column));
        }
    }
}

/* ---------------------------------------------------------------- comparing */

static bool same(const struct field *f, const void *a, const void *b)
{
    if (f->type == FIELD_TEXT)
        return text_equal(*(const char *const *)at(f, a), *(const char *const *)at(f, b));
    return memcmp(at(f, a), at(f, b), sizeof(int64_t)) == 0; /* int64_t and struct dec alike */
}

static bool differs(const struct record_type *type, size_t i, const void *a, const void *b)
{
    const struct record *ra = a, *rb = b;
    bool has_a = ra->has & bit(i), has_b = rb->has & bit(i);
    return has_a != has_b || (has_a && !same(&type->fields[i], a, b));
}

bool record_merge(const struct record_type *type, void *into, const void *from)
{
    struct record *to = into;
    const struct record *source = from;
    bool changed = false;
    for (size_t i = 0; i < type->count; i++) {
        const struct field *f = &type->fields[i];
        if (!(source->given & bit(i)) || !(f->flags & F_OUT) || !differs(type, i, into, from))
            continue;
        memcpy(at(f, into), at(f, from), f->type == FIELD_TEXT ? sizeof(const char *) : sizeof(int64_t));
        to->has = (to->has & ~bit(i)) | (source->has & bit(i));
        changed = true;
    }
    return changed;
}

const char *record_changes(struct ctx *c, const struct record_type *type, const void *before, const void *after)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_object(&w);
    bool any = false;
    for (size_t i = 0; i < type->count; i++) {
        const struct field *f = &type->fields[i];
        if (!(f->flags & F_OUT) || (f->flags & F_SECRET) || !differs(type, i, before, after))
            continue;
        any = true;
        jw_name(&w, f->name);
        jw_object(&w);
        const void *sides[] = {before, after};
        for (int s = 0; s < 2; s++) {
            jw_name(&w, s == 0 ? "old" : "new");
            if (((const struct record *)sides[s])->has & bit(i))
                write_field(&w, f, sides[s]);
            else
                jw_null(&w);
        }
        jw_object_end(&w);
    }
    jw_object_end(&w);
    const char *text = any ? arena_dup(c->arena, buf_text(&out)) : NULL;
    buf_free(&out);
    return text;
}

bool record_has(const struct record_type *type, const void *record, const char *field)
{
    return ((const struct record *)record)->has & bit(find(type, field));
}

bool record_given(const struct record_type *type, const void *record, const char *field)
{
    return ((const struct record *)record)->given & bit(find(type, field));
}

struct db_value record_value(const struct record_type *type, const void *record, const char *field)
{
    size_t i = find(type, field);
    const struct field *f = &type->fields[i];
    if (!(((const struct record *)record)->has & bit(i)))
        return DB_N;
    if (f->type == FIELD_TEXT)
        return DB_T(*(const char *const *)at(f, record));
    return DB_I(*(const int64_t *)at(f, record));
}
