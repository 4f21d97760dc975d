/* JSON (RFC 8259), strict, into an arena; and a writer straight into a buffer.
 *
 * The reader refuses: more than 32 levels, more than 20,000 values, duplicate member names, invalid UTF-8,
 * unpaired surrogates, U+0000, control characters in strings, anything after the value, NaN, comments, trailing commas.
 * Numbers keep their text: what a quantity is, base/dec.h decides. */
#ifndef MMS_JSON_JSON_H
#define MMS_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/dec.h"
#include "base/error.h"

#define JSON_MAX_DEPTH 32
#define JSON_MAX_VALUES 20000

struct arena;

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    const char *text;   /* number: its text; string: decoded UTF-8; NUL-terminated, no NUL inside */
    size_t n;           /* bytes of text; or count of children */
    const char *name;   /* member name inside an object, else NULL */
    struct json *first; /* children of an array or object */
    struct json *next;  /* the sibling after this one */
};

struct json_fault {
    size_t offset;      /* byte at which reading stopped */
    const char *reason; /* constant English text, e.g. "duplicate member name" */
    const char *reason_zh;
};

/* NULL: not acceptable, and *fault says why. Strings point into the arena. */
struct json *json_parse(struct arena *a, const char *bytes, size_t n, struct json_fault *fault);
const struct json *json_member(const struct json *object, const char *name); /* NULL: absent, or not an object */
/* A number that is a whole one in int64_t range ("5", "5.0", "5e0"); false otherwise. With a point or an exponent
 * it must be in the range of struct dec, too. */
bool json_to_int(const struct json *v, int64_t *out);

/* --- writing --- */
struct json_writer {
    struct buf *out;
    bool comma;             /* the next value needs one before it */
    bool numbers_as_text;   /* decimals go out as strings (Accept: application/json;numbers=text) */
};

void jw_init(struct json_writer *w, struct buf *out, bool numbers_as_text);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_name(struct json_writer *w, const char *name);        /* a constant that needs no escaping */
void jw_name_text(struct json_writer *w, const char *name);   /* any text */
void jw_null(struct json_writer *w);
void jw_bool(struct json_writer *w, bool value);
void jw_int(struct json_writer *w, int64_t value);
void jw_dec(struct json_writer *w, struct dec value);         /* exact decimal text; quoted when numbers_as_text */
void jw_text(struct json_writer *w, const char *text);        /* NULL writes null */
void jw_text_n(struct json_writer *w, const char *text, size_t n);
void jw_raw(struct json_writer *w, const char *json, size_t n); /* one value that is JSON already */
void jw_members(struct json_writer *w, const char *members);  /* raw "name":value,… inside an object; NULL or "": nothing */

/* A member of an object: its name, a constant that needs no escaping, and its value. */
void jw_member_int(struct json_writer *w, const char *name, int64_t value);
void jw_member_text(struct json_writer *w, const char *name, const char *text);
void jw_member_dec(struct json_writer *w, const char *name, struct dec value);
void jw_member_bool(struct json_writer *w, const char *name, bool value);

#endif
