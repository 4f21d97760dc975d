/* The JSON reader's limits and refusals, and that what the writer writes is read again as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "json/json.h"

static struct arena arena;

static struct json *parse(const char *text, size_t n)
{
    struct json_fault fault;
    struct json *v = json_parse(&arena, text, n, &fault);
    if (v)
        assert_null(fault.reason);
    else
        assert_true(fault.reason && fault.reason_zh && fault.offset <= n);
    return v;
}

static const char *const accepted[] = {
    "0", "-0", "1", "-1", "123456789012345678901234567890", "0.1", "1.5", "-0.0", "1e2", "1E2", "1e+2", "1e-2", "0e0", "1.25e10",
    "1e400", "true", "false", "null", "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\"",
    "\"\\u4e2d\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"", "\"\xe4\xb8\xad\xe6\x96\x87\"", "\"\xf0\x9f\x98\x80\"",
    "\"\x7f\"", "\"\xef\xbf\xbf\"", "\"\xf4\x8f\xbf\xbf\"", "[]", "[ ]", "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[[]]]",
    "[null,true,false,0,\"\",[],{}]", "{}", "{ }", "{\"a\":1}", "{\"a\":1,\"b\":2}", "{ \"a\" : [ ] }", "{\"\":0}",
    "{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":1,\"A\":2}", "\t\n\r 1 \t\n\r", "{\"a\":\"\\u0061\"}", "[\"\\u2028\"]",
};

static const char *const refused[] = {
    "", " ", "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e2", "1e", "1e+", "1e1.5", "0x1", "1_000", "1,5", "NaN", "nan",
    "Infinity", "-Infinity", "-NaN", "tru", "True", "TRUE", "nul", "nulll", "falsee", "'a'", "\"", "\"a", "\"\\\"", "\"\\x41\"",
    "\"\\a\"", "\"\\\"", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"",
    "\"\\ud800\\ud800\"", "\"\\ud800a\"", "\"\\ud800\\n\"", "\"\\ud83d\\u0041\"", "\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1f\"",
    "\"\xff\"", "\"\xc0\xaf\"", "\"\xe4\xb8\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"",
    "\"\x80\"", "\"\xc3(\"", "\xef\xbb\xbf{}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1,,2]", "[1}", "[\"a\"",
    "{", "}", "{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\"::1}", "{a:1}",
    "{1:1}", "{null:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[{\"k\":0,\"j\":1,\"k\":2}]",
    "1 2", "{} {}", "[] x", "1//", "/*a*/1", "[1]//c", "{\"a\":1}#", "\"a\" \"b\"", "\\", "[\\]", "\f1", "\xc2\xa0" "1", "{\"a\":\x00}",
};

static void test_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        if (!parse(accepted[i], strlen(accepted[i])))
            fail_msg("refused: %s", accepted[i]);
}

static void test_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (parse(refused[i], strlen(refused[i])))
            fail_msg("accepted: %s", refused[i]);
    assert_null(parse("\"a\0b\"", 5));
    assert_null(parse("1\0", 2));
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * (JSON_MAX_DEPTH + 1)];
    for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(parse(text, 2 * depth) != NULL, depth == JSON_MAX_DEPTH);
    }
    /* side by side is no depth */
    char *wide = arena_alloc(&arena, 3 * 1000 + 2);
    wide[0] = '[';
    for (int i = 0; i < 1000; i++)
        memcpy(wide + 1 + 3 * i, i < 999 ? "[]," : "[] ", 3);
    wide[3001] = ']';
    assert_non_null(parse(wide, 3002));
}

static void test_value_count(void **state)
{
    (void)state;
    for (size_t n = JSON_MAX_VALUES - 1; n <= JSON_MAX_VALUES; n++) { /* the array itself counts too */
        char *text = arena_alloc(&arena, 2 * n + 2);
        text[0] = '[';
        for (size_t i = 0; i < n; i++) {
            text[1 + 2 * i] = '0';
            text[2 + 2 * i] = i + 1 < n ? ',' : ']';
        }
        assert_int_equal(parse(text, 2 * n + 1) != NULL, n == JSON_MAX_VALUES - 1);
    }
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
        size_t offset;
    } cases[] = {{"", "unexpected end", 0}, {"[1,", "unexpected end", 3}, {"\xef\xbb\xbf{}", "not a JSON value", 0},
                 {" nul", "not a JSON value", 1}, {"[1 2]", "a comma or the closing bracket is expected", 3},
                 {"{\"a\":1,}", "a member name is expected", 7}, {"{\"a\" 1}", "a colon is expected", 5},
                 {"[0, -]", "bad number", 4}, {"1 2", "something after the value", 2}, {"01", "something after the value", 1},
                 {"\"ab\ncd\"", "control character in a string", 3}, {"\"abc", "unterminated string", 1},
                 {"[\"\xff\"]", "invalid UTF-8", 2}, {"\"\\x\"", "bad escape in a string", 3},
                 {"{\"a\":1,\"a\":2} ", "duplicate member name", 13}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_fault fault;
        assert_null(json_parse(&arena, cases[i].text, strlen(cases[i].text), &fault));
        assert_string_equal(fault.reason, cases[i].reason);
        assert_int_equal(fault.offset, cases[i].offset);
    }
}

static void test_duplicates_in_a_large_object(void **state)
{
    (void)state;
    const size_t members = JSON_MAX_VALUES - 1;
    for (int twice = 0; twice <= 1; twice++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        for (size_t i = 0; i < members; i++) /* the last one may repeat one from the middle */
            buf_fmt(&out, "%s\"m%zu\":0", i ? "," : "{", twice && i == members - 1 ? members / 2 : i);
        buf_char(&out, '}');
        assert_int_equal(parse(buf_text(&out), out.n) != NULL, !twice);
        buf_free(&out);
    }
}

static void test_content(void **state)
{
    (void)state;
    const char *text = "{\"q\":1.50,\"s\":\"\\u4e2d\\ud83d\\ude00\",\"l\":[true,null,-2e3]}";
    const struct json *v = parse(text, strlen(text));
    assert_int_equal(v->n, 3);
    assert_string_equal(json_member(v, "q")->text, "1.50");
    assert_string_equal(json_member(v, "s")->text, "\xe4\xb8\xad\xf0\x9f\x98\x80");
    assert_null(json_member(v, "x"));
    assert_null(json_member(json_member(v, "q"), "q"));
    const struct json *l = json_member(v, "l");
    assert_int_equal(l->n, 3);
    assert_int_equal(l->first->type, JSON_TRUE);
    assert_int_equal(l->first->next->type, JSON_NULL);
    assert_string_equal(l->first->next->next->text, "-2e3");
    struct json_fault fault;
    assert_null(json_parse(&arena, "{\"a\":1,\"a\":2}", 13, &fault));
    assert_string_equal(fault.reason, "duplicate member name");
}

static void test_to_int(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {{"5", true, 5}, {"-5", true, -5}, {"5.0", true, 5}, {"5e0", true, 5}, {"5e2", true, 500}, {"500e-2", true, 5},
                 {"0", true, 0}, {"-0", true, 0}, {"1.5", false, 0}, {"1e-1", false, 0}, {"1e400", false, 0},
                 {"9223372036854775807", true, INT64_MAX}, {"-9223372036854775808", true, INT64_MIN},
                 {"9223372036854775808", false, 0}, {"-9223372036854775809", false, 0},
                 {"99999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        const struct json *v = parse(cases[i].text, strlen(cases[i].text));
        if (json_to_int(v, &value) != cases[i].good || value != cases[i].value)
            if (cases[i].good || json_to_int(v, &value))
                fail_msg("%s gives %lld", cases[i].text, (long long)value);
    }
    int64_t untouched;
    assert_false(json_to_int(parse("\"5\"", 3), &untouched));
}

/* ---- the writer: random trees come back as they were ---- */

static uint64_t seed = 88172645463325252;

static unsigned below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % n);
}

static struct json *random_value(int depth)
{
    static const char *const texts[] = {"", "a", "\"\\\n\t\x01\x1f\x7f", "中文字符混合 abc", "\xf0\x9f\x98\x80", "twelve bytes",
                                        "a long text without any escape in it, more than eight bytes", "\\", "1234567\"", "1234567\\9"};
    struct json *v = arena_new(&arena, struct json);
    v->type = (enum json_type)below(depth > 4 ? JSON_ARRAY : JSON_OBJECT + 1);
    if (v->type == JSON_STRING)
        v->text = texts[below(sizeof texts / sizeof *texts)];
    if (v->type == JSON_NUMBER)
        v->text = arena_fmt(&arena, "%d.%06u1", (int)below(2000000) - 1000000, below(100000));
    if (v->text)
        v->n = strlen(v->text);
    if (v->type < JSON_ARRAY)
        return v;
    struct json **end = &v->first;
    for (unsigned left = below(5); left; left--) {
        *end = random_value(depth + 1);
        if (v->type == JSON_OBJECT)
            (*end)->name = arena_fmt(&arena, "m%zu", v->n);
        end = &(*end)->next;
        v->n++;
    }
    return v;
}

static void write_value(struct json_writer *w, const struct json *v)
{
    struct dec d;
    switch (v->type) {
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        jw_bool(w, v->type == JSON_TRUE);
        break;
    case JSON_NUMBER:
        assert_int_equal(dec_parse(v->text, strlen(v->text) - 1, &d), DEC_PARSED);
        jw_dec(w, d);
        break;
    case JSON_STRING:
        jw_text(w, v->text);
        break;
    case JSON_ARRAY:
        jw_array(w);
        for (const struct json *c = v->first; c; c = c->next)
            write_value(w, c);
        jw_array_end(w);
        break;
    case JSON_OBJECT:
        jw_object(w);
        for (const struct json *c = v->first; c; c = c->next) {
            jw_name(w, c->name);
            write_value(w, c);
        }
        jw_object_end(w);
        break;
    }
}

static void assert_same(const struct json *a, const struct json *b)
{
    struct dec x, y;
    assert_int_equal(a->type, b->type);
    if (a->type == JSON_STRING)
        assert_string_equal(a->text, b->text);
    if (a->type == JSON_NUMBER) {
        assert_int_equal(dec_parse(a->text, strlen(a->text) - 1, &x), DEC_PARSED);
        assert_int_equal(dec_parse(b->text, strlen(b->text), &y), DEC_PARSED);
        assert_int_equal(dec_cmp(x, y), 0);
    }
    const struct json *d = b->first;
    for (const struct json *c = a->first; c; c = c->next, d = d->next) {
        assert_non_null(d);
        if (c->name)
            assert_string_equal(c->name, d->name);
        assert_same(c, d);
    }
    assert_null(d);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct buf out;
        struct json_writer w;
        struct json *v = random_value(0);
        buf_init(&out, 1 << 20);
        jw_init(&w, &out, false);
        write_value(&w, v);
        assert_same(v, parse(buf_text(&out), out.n));
        buf_free(&out);
        arena_reset(&arena);
    }
}

static void test_writer_text(void **state)
{
    (void)state;
    struct buf out;
    struct json_writer w;
    struct dec d;
    assert_int_equal(dec_parse("12.50", 5, &d), DEC_PARSED);
    buf_init(&out, 1000);
    jw_init(&w, &out, true);
    jw_object(&w);
    jw_name(&w, "q");
    jw_dec(&w, d);
    jw_name(&w, "n");
    jw_int(&w, INT64_MIN);
    jw_members(&w, NULL);
    jw_members(&w, "\"x\":1,\"y\":2");
    jw_name_text(&w, "a \"t\"");
    jw_text(&w, NULL);
    jw_object_end(&w);
    assert_string_equal(buf_text(&out), "{\"q\":\"12.5\",\"n\":-9223372036854775808,\"x\":1,\"y\":2,\"a \\\"t\\\"\":null}");
    buf_free(&out);
}

static void test_overflow_is_seen(void **state)
{
    (void)state;
    struct buf out;
    struct json_writer w;
    buf_init(&out, 16);
    jw_init(&w, &out, false);
    jw_text(&w, "far more than sixteen bytes of text");
    assert_true(out.overflow);
    buf_free(&out);
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepts, begin, end),
        cmocka_unit_test_setup_teardown(test_refuses, begin, end),
        cmocka_unit_test_setup_teardown(test_depth, begin, end),
        cmocka_unit_test_setup_teardown(test_value_count, begin, end),
        cmocka_unit_test_setup_teardown(test_faults, begin, end),
        cmocka_unit_test_setup_teardown(test_duplicates_in_a_large_object, begin, end),
        cmocka_unit_test_setup_teardown(test_content, begin, end),
        cmocka_unit_test_setup_teardown(test_to_int, begin, end),
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
        cmocka_unit_test_setup_teardown(test_writer_text, begin, end),
        cmocka_unit_test_setup_teardown(test_overflow_is_seen, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
