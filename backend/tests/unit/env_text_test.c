#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/env_text.h"

static struct arena arena;

static int reset_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct env_text read_good(const char *text)
{
    struct env_text e = {0};
    struct error err = {0};
    error_clear(&err);
    assert_int_equal(env_text_read(&arena, text, strlen(text), &e, &err), RC_OK);
    return e;
}

/* Refused with one fault, which begins with this place and tells no value. */
static void refuse(const char *text, size_t n, const char *place)
{
    struct env_text e = {0};
    struct error err = {0};
    error_clear(&err);
    assert_int_equal(env_text_read(&arena, text, n, &e, &err), RC_INVALID_INPUT);
    assert_null(e.lines);
    assert_int_equal(err.fault_count, 1);
    assert_non_null(strstr(err.faults->field, place));
    assert_null(err.faults->value);
    assert_null(strstr(err.faults->zh, "geheim"));
    assert_null(strstr(err.faults->en, "geheim"));
}

static void values_as_they_are_meant(void **state)
{
    (void)state;
    struct env_text e = read_good("# a comment\n"
                                  "\n"
                                  "  \t\r\n"
                                  "PLAIN=postgresql://u:p%40@host:5432/db?sslmode=require&x=1\n"
                                  "EMPTY=\n"
                                  "QUOTED_EMPTY=''\r\n"
                                  "  INDENTED=a=b  \n"
                                  "SINGLE='a b # \\ $x \"y\" `'\n"
                                  "DOUBLE=\"a \\\"b\\\" \\\\ \\$x \\` # '\"\t\n"
                                  "CHINESE=青绿\n"
                                  "_under9=last");
    assert_int_equal(e.count, 8);
    assert_string_equal(env_text_get(&e, "PLAIN"), "postgresql://u:p%40@host:5432/db?sslmode=require&x=1");
    assert_string_equal(env_text_get(&e, "EMPTY"), "");
    assert_string_equal(env_text_get(&e, "QUOTED_EMPTY"), "");
    assert_string_equal(env_text_get(&e, "INDENTED"), "a=b");
    assert_string_equal(env_text_get(&e, "SINGLE"), "a b # \\ $x \"y\" `");
    assert_string_equal(env_text_get(&e, "DOUBLE"), "a \"b\" \\ $x ` # '");
    assert_string_equal(env_text_get(&e, "CHINESE"), "青绿");
    assert_string_equal(env_text_get(&e, "_under9"), "last");
    assert_null(env_text_get(&e, "plain"));
    assert_int_equal(e.lines[0].number, 4);
    assert_int_equal(read_good("").count, 0);
    assert_int_equal(read_good("# only\n\n").count, 0);
}

static void what_tools_would_read_differently_is_refused(void **state)
{
    static const char *const BAD[] = {
        "A=geheim b", "A=geheim #x", "A=geheim#x", "A=geheim\"x\"", "A=geheim'x'", "A=geheim\\n", "A=$geheim", "A=`geheim`", "A=geheim\tb",
        "A='geheim", "A='geheim' b", "A='geheim''b'", "A='", "A=\"geheim", "A=\"geheim\" #c", "A=\"geheim\\n\"", "A=\"$geheim\"", "A=\"`geheim`\"",
        "A=\"geheim\\\"", "A=\"geheim\\", "A=\"", "A =geheim", "A= geheim", "=geheim", "1A=geheim", "A-B=geheim", "A.B=geheim", "export A=geheim", "geheim",
        "\xEF\xBB\xBF" "A=geheim", "名=geheim", "\xFF", "A=\xC3(", "A='\xED\xA0\x80'",
    };
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char text[128];
        int n = snprintf(text, sizeof text, "# first\nGOOD=1\n%s\nALSO=2\n", BAD[i]);
        refuse(text, (size_t)n, "line 3");
    }
    refuse("A=1\nB=geh\0eim\n", 14, "line 2");
    refuse("A=1\nB=2\nA=geheim\n", 17, "line 3 (A)");
}

static void every_fault_is_told(void **state)
{
    (void)state;
    struct env_text e = {0};
    struct error err = {0};
    error_clear(&err);
    const char *text = "A=x y\nB='\nOK=1\n?\n";
    assert_int_equal(env_text_read(&arena, text, strlen(text), &e, &err), RC_INVALID_INPUT);
    assert_int_equal(err.fault_count, 3);
}

static void too_large(void **state)
{
    (void)state;
    size_t n = ENV_TEXT_MAX + 1;
    char *text = malloc(n);
    struct env_text e = {0};
    struct error err = {0};
    error_clear(&err);
    memset(text, '#', n);
    assert_int_equal(env_text_read(&arena, text, n, &e, &err), RC_INVALID_INPUT);
    assert_int_equal(env_text_read(&arena, text, n - 1, &e, &err), RC_OK);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(values_as_they_are_meant, reset_arena),
        cmocka_unit_test_teardown(what_tools_would_read_differently_is_refused, reset_arena),
        cmocka_unit_test_teardown(every_fault_is_told, reset_arena),
        cmocka_unit_test_teardown(too_large, reset_arena),
    };
    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
