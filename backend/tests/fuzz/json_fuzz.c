/* The JSON reader under libFuzzer: whatever it accepts is written again, and must be read as the same tree. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "json/json.h"

/* Names as sent may need escapes, which jw_name leaves to its caller: written as a text, with the colon behind it. */
static void write_name(struct json_writer *w, const char *name)
{
    jw_text(w, name);
    buf_char(w->out, ':');
    w->comma = false;
}

static void write_value(struct json_writer *w, const struct json *v);

static void write_children(struct json_writer *w, const struct json *v)
{
    for (const struct json *c = v->first; c; c = c->next) {
        if (v->type == JSON_OBJECT)
            write_name(w, c->name);
        write_value(w, c);
    }
}

static void write_value(struct json_writer *w, const struct json *v)
{
    switch (v->type) {
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        jw_bool(w, v->type == JSON_TRUE);
        break;
    case JSON_NUMBER:
        jw_raw(w, v->text, v->n);
        break;
    case JSON_STRING:
        jw_text_n(w, v->text, v->n);
        break;
    case JSON_ARRAY:
        jw_array(w);
        write_children(w, v);
        jw_array_end(w);
        break;
    case JSON_OBJECT:
        jw_object(w);
        write_children(w, v);
        jw_object_end(w);
        break;
    }
}

/* What is promised of every node: counted children, text with its length and no NUL inside, names in objects only. */
static void insist_sound(const struct json *v)
{
    bool has_text = v->type == JSON_NUMBER || v->type == JSON_STRING;
    size_t children = 0;
    int64_t whole;
    insist(has_text == (v->text != NULL));
    insist(!has_text || (strlen(v->text) == v->n && !v->first));
    for (const struct json *c = v->first; c; c = c->next) {
        insist((c->name != NULL) == (v->type == JSON_OBJECT));
        insist(!c->name || json_member(v, c->name) == c);
        insist_sound(c);
        children++;
    }
    insist(has_text || children == v->n);
    insist(v->type == JSON_NUMBER || !json_to_int(v, &whole));
}

/* A number that is a quantity is a whole one exactly when it has no decimals, and then both are the same. */
static void insist_agreed(const struct json *v)
{
    struct dec d;
    int64_t number = 0;
    bool whole = json_to_int(v, &number);
    if (v->type != JSON_NUMBER || dec_parse(v->text, v->n, &d) != DEC_PARSED)
        return;
    insist(whole == dec_fits(d, 0));
    insist(!whole || dec_cmp(d, DEC_WHOLE(number)) == 0);
}

static void insist_same(const struct json *a, const struct json *b)
{
    insist(a->type == b->type && a->n == b->n);
    insist(!a->text || memcmp(a->text, b->text, a->n + 1) == 0);
    insist_agreed(a);
    const struct json *d = b->first;
    for (const struct json *c = a->first; c; c = c->next, d = d->next) {
        insist(d && (!c->name || strcmp(c->name, d->name) == 0));
        insist_same(c, d);
    }
    insist(!d);
}

static void write_and_read_again(struct arena *a, const struct json *v, size_t size)
{
    struct json_fault fault;
    struct json_writer w;
    struct buf out;
    buf_init(&out, 6 * size + 64); /* one byte becomes six at the most */
    jw_init(&w, &out, false);
    write_value(&w, v);
    insist(!out.overflow);
    const struct json *again = json_parse(a, buf_text(&out), out.n, &fault);
    insist(again && !fault.reason);
    insist_same(v, again);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_fault fault;
    struct arena a;
    arena_init(&a);
    const struct json *v = json_parse(&a, (const char *)data, size, &fault);
    if (v) {
        insist_sound(v);
        write_and_read_again(&a, v, size);
    } else {
        insist(fault.reason && fault.reason_zh && fault.offset <= size);
    }
    arena_free(&a);
    return 0;
}
