/* A record type: one table of fields per resource. It fills the struct from JSON or from a row, writes JSON, tells what has
 * changed, and describes itself for the OpenAPI document.
 *
 * Names are snake_case (columns and answers); bodies may also spell them in camelCase, as existing clients do. */
#ifndef MMS_DOMAIN_RECORD_H
#define MMS_DOMAIN_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/dec.h"
#include "db/db.h"
#include "json/json.h"

struct arena;
struct ctx;
struct buf;

/* First member of every record. Bit i belongs to field i of the type. */
struct record {
    uint64_t given; /* the body had the member, null included */
    uint64_t has;   /* there is a value */
};

enum field_type {
    FIELD_INT,      /* int64_t */
    FIELD_FLAG,     /* int64_t 0 or 1; bodies: true, false, 0, 1, or the text of one */
    FIELD_TEXT,     /* const char * */
    FIELD_DEC,      /* struct dec */
    FIELD_TIME,     /* int64_t ms; answers "YYYY-MM-DD HH:MM:SS" */
    FIELD_ISO_TIME, /* int64_t ms; answers ISO 8601 with Z */
    FIELD_DAY,      /* int64_t day number; both ways "YYYY-MM-DD", in bodies with a time after it as well */
    FIELD_JSON,     /* const struct json *; bodies only: an array read by the module itself */
};

enum {
    F_IN = 1,       /* may stand in a body */
    F_OUT = 2,      /* stands in answers */
    F_NEED = 4,     /* must be given on creation, and never be emptied */
    F_SECRET = 8,   /* never echoed, logged or shown */
    F_RAW = 16,     /* text kept as typed (not trimmed) */
    F_ZERO = 32,    /* emptied means 0, not absent */
    F_UPDATE_ONLY = 64, /* in a change only: not asked for on creation */
    F_ABOVE = 1024,     /* dec: more than min, not as much */
    /* For the description only: */
    F_ASKED = 128,      /* must be given on creation; the module says so, in its own words */
    F_INLINE = 256,     /* JSON: instead of an array of one object, the object's members may stand in the body itself */
    F_OBJECT = 2048, /* JSON: not an array, but one object of the type `items` */
    F_SURE = 512,       /* in answers never null; an `id` need not say so */
};

struct field {
    const char *name; /* must stay first: db_columns walks over it */
    enum field_type type;
    size_t offset;
    unsigned flags;
    int64_t min, max; /* text: characters; int: value; dec: whole units; JSON: elements; max 0: no limit */
    const char *const *choices;       /* text: one of these; NULL-ended */
    bool (*valid)(const char *text);  /* text: more than length */
    const char *example;              /* text, for the description; NULL: one by name (app/openapi_schema.c) */
    const struct record_type *items;  /* JSON: of each element; NULL: they are ids */
    const char *need_zh, *need_en;    /* said when missing; NULL: a general sentence */
    const char *bad_zh, *bad_en;      /* said when not acceptable; NULL: a general sentence */
};

struct record_type {
    const char *name; /* for OpenAPI: "Material" */
    const struct field *fields;
    size_t count;     /* at most 64 */
    size_t size;      /* of the struct */
};

/* FIELD(struct material, min_stock, FIELD_DEC, F_IN | F_OUT, .max = 5): a member of another C type does not compile. */
#define FIELD_C_TYPE_FIELD_INT int64_t
#define FIELD_C_TYPE_FIELD_FLAG int64_t
#define FIELD_C_TYPE_FIELD_TEXT const char *
#define FIELD_C_TYPE_FIELD_DEC struct dec
#define FIELD_C_TYPE_FIELD_TIME int64_t
#define FIELD_C_TYPE_FIELD_ISO_TIME int64_t
#define FIELD_C_TYPE_FIELD_DAY int64_t
#define FIELD_C_TYPE_FIELD_JSON const struct json *
#define FIELD(STRUCT, MEMBER, TYPE, FLAGS, ...)                                                                        \
    {                                                                                                                  \
        .name = #MEMBER, .type = (TYPE), .flags = (FLAGS),                                                             \
        .offset = offsetof(STRUCT, MEMBER) +                                                                           \
                  0 * sizeof(char[_Generic(((STRUCT *)0)->MEMBER, FIELD_C_TYPE_##TYPE: 1, default: -1)]),              \
        __VA_ARGS__                                                                                                    \
    }

#define RECORD_TYPE(NAME, STRUCT, FIELDS)                                                                              \
    {                                                                                                                  \
        .name = (NAME), .fields = (FIELDS), .count = sizeof(FIELDS) / sizeof *(FIELDS), .size = sizeof(STRUCT)         \
    }

enum record_mode { RECORD_CREATE, RECORD_UPDATE };

/* Reads a body's object. All faults are collected in c->err; `prefix` ("lines[2].") goes before the field names.
 * Unknown members are ignored. RC_INVALID_INPUT when there was any fault. */
MUST_CHECK enum rc record_from_json(struct ctx *c, const struct record_type *type, const struct json *object,
                                    const char *prefix, enum record_mode mode, void *record);

/* A FIELD_JSON's ids, array->n of them, each a whole number from 1 (in a string, too); NULL when it is anything else. */
const int64_t *record_ids(struct ctx *c, const struct json *array);

/* Fills from the present row: fields whose name is a column. Text is copied into the arena. */
void record_from_row(struct ctx *c, const struct record_type *type, struct db_rows *rows, void *record);

/* The members (without braces) of the F_OUT fields, from a record or straight from a row. */
void record_write(struct json_writer *w, const struct record_type *type, const void *record);
void record_write_row(struct json_writer *w, const struct record_type *type, struct db_rows *rows);

/* Copies what `from` was given over `into`. True when anything differs afterwards from before. */
bool record_merge(const struct record_type *type, void *into, const void *from);

/* {"field":{"old":…,"new":…},…} of the F_OUT fields that differ, NULL when none does. Secrets are left out. */
const char *record_changes(struct ctx *c, const struct record_type *type, const void *before, const void *after);

bool record_has(const struct record_type *type, const void *record, const char *field);
bool record_given(const struct record_type *type, const void *record, const char *field);

/* Value for a statement: NULL when the field has none. */
struct db_value record_value(const struct record_type *type, const void *record, const char *field);

/* The client's spelling of a field name: "material_code" → "materialCode". */
const char *record_camel(struct arena *a, const char *name);

#endif
