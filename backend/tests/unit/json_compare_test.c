/* Our JSON reader beside json-c's strict one: what ours accepts, json-c accepts with the same value; what ours alone
 * refuses belongs to a class that we refuse on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#define json_type c_json_type /* the same tag in both headers */
#include <json-c/json.h>
#undef json_type
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "json/json.h"

#define MUTATIONS 60000
#define TEXT_MAX 400

static struct arena arena;

static struct json_object *parse_theirs(const char *text, size_t n)
{
    struct json_tokener *t = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* With the NUL, so that a number at the end is known to be complete. */
    struct json_object *v = json_tokener_parse_ex(t, text, (int)n + 1);
    bool good = json_tokener_get_error(t) == json_tokener_success && json_tokener_get_parse_end(t) >= n;
    json_tokener_free(t);
    if (good)
        return v ? v : json_object_new_null();
    json_object_put(v);
    return (struct json_object *)-1;
}

static bool is_refused(const struct json_object *v)
{
    return v == (const struct json_object *)-1;
}

static bool equal(const struct json *ours, struct json_object *theirs);

static bool equal_number(const struct json *ours, struct json_object *theirs)
{
    if (json_object_is_type(theirs, json_type_double))
        return strcmp(json_object_to_json_string(theirs), ours->text) == 0; /* json-c keeps the text it read */
    char *end;
    unsigned long long large = strtoull(ours->text, &end, 10);
    if (ours->text[0] == '-') /* json-c ends at the smallest */
        return json_object_get_int64(theirs) == strtoll(ours->text, NULL, 10);
    return json_object_get_uint64(theirs) == large;
}

/* json-c 0.16 makes U+FFFD of some surrogate pairs that are right (\\ud837\\ude00 is U+1DE00). */
static bool equal_string(const struct json *ours, struct json_object *theirs)
{
    const char *text = json_object_get_string(theirs);
    size_t n = (size_t)json_object_get_string_len(theirs);
    return strstr(text, "\xEF\xBF\xBD") || (n == ours->n && memcmp(text, ours->text, n) == 0);
}

static bool equal_children(const struct json *ours, struct json_object *theirs)
{
    const struct json *c = ours->first;
    if (ours->type == JSON_ARRAY) {
        size_t n = json_object_array_length(theirs), i = 0;
        for (; c && i < n; c = c->next, i++)
            if (!equal(c, json_object_array_get_idx(theirs, i)))
                return false;
        return !c && i == n;
    }
    size_t n = 0;
    for (; c; c = c->next, n++) {
        struct json_object *member;
        if (!json_object_object_get_ex(theirs, c->name, &member) || !equal(c, member))
            return false;
    }
    return n == (size_t)json_object_object_length(theirs);
}

static bool equal(const struct json *ours, struct json_object *theirs)
{
    switch (ours->type) {
    case JSON_NULL:
        return json_object_is_type(theirs, json_type_null);
    case JSON_TRUE:
    case JSON_FALSE:
        return json_object_is_type(theirs, json_type_boolean) &&
               json_object_get_boolean(theirs) == (ours->type == JSON_TRUE);
    case JSON_NUMBER:
        return equal_number(ours, theirs);
    case JSON_STRING:
        return json_object_is_type(theirs, json_type_string) && equal_string(ours, theirs);
    case JSON_ARRAY:
        return json_object_is_type(theirs, json_type_array) && equal_children(ours, theirs);
    case JSON_OBJECT:
        return json_object_is_type(theirs, json_type_object) && equal_children(ours, theirs);
    }
    return false;
}

/* What json-c lets pass and we do not (RFC 8259 and json/json.h); the reasons are those of the reader. */
static bool is_refused_on_purpose(const char *text, size_t n, const struct json_fault *fault)
{
    static const char *const classes[] = {
        "duplicate member name",         /* json-c keeps the last */
        "not a JSON value",              /* NaN, Infinity */
        "bad number",                    /* 1., -.5 */
        "control character in a string",
        "bad escape in a string",        /* unpaired surrogates become U+FFFD there; U+0000 */
        "nested too deeply",
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(fault->reason, classes[i]) == 0)
            return true;
    /* 01: to us the number ends behind the 0. */
    return fault->offset && fault->offset < n && text[fault->offset - 1] == '0' && text[fault->offset] >= '0' &&
           text[fault->offset] <= '9';
}

/* Counts what both say alike; fails where they differ without a reason. */
static void compare(const char *text, size_t n, size_t *both, size_t *ours_only_refuses)
{
    struct json_fault fault;
    const struct json *ours = json_parse(&arena, text, n, &fault);
    struct json_object *theirs = parse_theirs(text, n);
    if (ours && is_refused(theirs))
        fail_msg("only ours accepts: %.*s", (int)n, text);
    if (ours && !equal(ours, theirs))
        fail_msg("read differently: %.*s", (int)n, text);
    if (!ours && !is_refused(theirs) && !is_refused_on_purpose(text, n, &fault))
        fail_msg("only ours refuses (%s): %.*s", fault.reason, (int)n, text);
    *both += ours && !is_refused(theirs);
    *ours_only_refuses += !ours && !is_refused(theirs);
    if (!is_refused(theirs))
        json_object_put(theirs);
    arena_reset(&arena);
}

static const char *const seeds[] = {
    "{\"materialId\":1,\"quantity\":12.50,\"lines\":[{\"lotNo\":\"A-1\",\"expiresOn\":\"2027-01-31\"},{}],\"remark\":null}",
    "[0,-0,1.5,-1.25e10,1E+2,true,false,null,\"\",[],{}]",
    "{\"名称\":\"氢气 \\u6c22\\ud83d\\ude00\\n\\\"\",\"a\":{\"b\":{\"c\":[[[[1]]]]}}}",
    "[\"\\ud800\",\"\\u0000\",NaN,Infinity,-Infinity,01,1.,.5,{\"a\":1,\"a\":2}]",
    "  {\t\"a\"\r\n: [ 1 , 2 ] }  ",
    "[18446744073709551615,9223372036854775807,-9223372036854775808,0.000001,1e400]",
};

static uint64_t next(uint64_t *state)
{
    uint64_t n = *state += UINT64_C(0x9E3779B97F4A7C15);
    n = (n ^ n >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    n = (n ^ n >> 27) * UINT64_C(0x94D049BB133111EB);
    return n ^ n >> 31;
}

/* One byte changed, taken out, put in, or a piece repeated. Never a NUL: json-c's texts end there. */
static size_t mutate(char *text, size_t n, uint64_t *state)
{
    static const char bytes[] = "{}[]\",:0123456789eE+-.\\/utrfnalsNIb \n\x01\x7f\xc3\xe6\x80\xff";
    size_t at = next(state) % (n + 1), piece;
    char byte = bytes[next(state) % (sizeof bytes - 1)];
    switch (next(state) % 4) {
    case 0:
        if (at < n)
            text[at] = byte;
        return n;
    case 1:
        if (at == n)
            return n;
        memmove(text + at, text + at + 1, n - at - 1);
        return n - 1;
    case 2:
        if (n + 1 >= TEXT_MAX)
            return n;
        memmove(text + at + 1, text + at, n - at);
        text[at] = byte;
        return n + 1;
    }
    piece = next(state) % 12;
    if (at + piece > n || n + piece >= TEXT_MAX)
        return n;
    memmove(text + at + piece, text + at, n - at);
    return n + piece;
}

static void seeds_are_read_alike(void **state)
{
    size_t both = 0, refused = 0;
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        compare(seeds[i], strlen(seeds[i]), &both, &refused);
    assert_int_equal(both, 5);
}

static void mutations_are_read_alike(void **state)
{
    size_t both = 0, refused = 0;
    uint64_t random = 20261124;
    char text[TEXT_MAX + 1];
    (void)state;
    for (size_t i = 0; i < MUTATIONS; i++) {
        const char *seed = seeds[i % (sizeof seeds / sizeof *seeds)];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint64_t k = 1 + next(&random) % 3; k; k--)
            n = mutate(text, n, &random);
        text[n] = 0;
        compare(text, n, &both, &refused);
    }
    assert_true(both > MUTATIONS / 20);
    assert_true(refused > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_read_alike),
        cmocka_unit_test(mutations_are_read_alike),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
