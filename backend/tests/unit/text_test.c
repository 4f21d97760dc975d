#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/utf8.h"

static struct arena arena;

static int reset_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t back;
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        size_t n = utf8_encode(cp, bytes);
        assert_true(utf8_decode(bytes, bytes + n, &back) == n && back == cp);
        assert_true(utf8_decode(bytes, bytes + n - 1, &back) == 0); /* cut off */
    }
}

static void utf8_refuses(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE6\xB0", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "ok\xFF",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(text_is_utf8(BAD[i], strlen(BAD[i])));
    assert_false(text_is_utf8("a\0b", 3));
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("氢气 H₂ 🚚", strlen("氢气 H₂ 🚚")));
}

static void utf8_never_reads_past_random_bytes(void **state)
{
    (void)state;
    unsigned seed = 20261123;
    for (int i = 0; i < 50000; i++) {
        size_t n = (size_t)rand_r(&seed) % 12;
        char *text = malloc(n + 1); /* its own block: the sanitizer sees a step too far */
        for (size_t k = 0; k < n; k++)
            text[k] = (char)(1 + rand_r(&seed) % 255);
        text[n] = '\0';
        text_is_utf8(text, n);
        text_trim(&arena, text);
        assert_true(strlen(text_fold(&arena, text)) <= n);
        text_narrow(&arena, text);
        text_shorten(&arena, text, n / 2);
        text_like(&arena, text);
        text_is_blank(text);
        free(text);
        arena_reset(&arena);
    }
}

static void counts_and_compares(void **state)
{
    (void)state;
    assert_int_equal(text_chars(""), 0);
    assert_int_equal(text_chars("氢气H₂🚚"), 5);
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "A"));
    assert_true(text_starts("Bearer x", "Bearer "));
    assert_true(text_starts("x", ""));
    assert_false(text_starts("Bea", "Bearer"));
}

static void trims(void **state)
{
    (void)state;
    assert_string_equal(text_trim(&arena, " \t\r\n a b \v\f"), "a b");
    assert_string_equal(text_trim(&arena, "\u00A0\u3000\uFEFF氢\u3000气\u3000"), "氢\u3000气");
    assert_string_equal(text_trim(&arena, "abc"), "abc");
    assert_string_equal(text_trim(&arena, " \u3000 "), "");
    assert_string_equal(text_trim(&arena, " \xE3\x80 "), "\xE3\x80"); /* no UTF-8: kept */
    assert_null(text_trim(&arena, NULL));
    assert_true(text_is_blank(NULL));
    assert_true(text_is_blank(""));
    assert_true(text_is_blank(" \t\u3000\u00A0\uFEFF"));
    assert_false(text_is_blank(" . "));
}

static void folds(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {
        {"ＫＯＨ－０１", "koh-01"}, {"  KOH-01\u3000", "koh-01"}, {"Ａ　ｂ", "a b"}, {"氢气瓶", "氢气瓶"},
        {"ÀÉÖØÞ×ß÷ÿ", "àéöøþ×ß÷ÿ"}, {"ΑΒΓΩ ΆΈΉΊΌΎΏ ΪΫ ς", "αβγω άέήίόύώ ϊϋ σ"},
        {"АБВЯ ЀЁЏ Ѡѡ Ґґ Ӏ Ӂ Ӑ", "абвя ѐёџ ѡѡ ґґ ӏ ӂ ӑ"}, {"[@`{", "[@`{"}, {"\xC3", "\xC3"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char *once = text_fold(&arena, PAIRS[i][0]);
        assert_string_equal(once, PAIRS[i][1]);
        assert_string_equal(text_fold(&arena, once), once);
    }
    assert_null(text_fold(&arena, NULL));
}

static void fold_of_every_code_point_is_stable(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0xFFFF; cp++) {
        char text[5] = {0};
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        utf8_encode(cp, text);
        char *once = text_fold(&arena, text);
        assert_true(text_is_utf8(once, strlen(once)));
        assert_string_equal(text_fold(&arena, once), once);
        arena_reset(&arena);
    }
}

static void narrows(void **state)
{
    (void)state;
    assert_string_equal(text_narrow(&arena, "　ＫＯＨ－０１！～ ｱ 氢Ａ"), " KOH-01!~ ｱ 氢A");
    assert_string_equal(text_narrow(&arena, ""), "");
    assert_null(text_narrow(&arena, NULL));
}

static void shortens(void **state)
{
    (void)state;
    assert_string_equal(text_shorten(&arena, "氢气瓶", 3), "氢气瓶");
    assert_string_equal(text_shorten(&arena, "氢气瓶组", 3), "氢气…");
    assert_string_equal(text_shorten(&arena, "abc", 1), "…");
    assert_string_equal(text_shorten(&arena, "abc", 0), "");
    assert_string_equal(text_shorten(&arena, "", 0), "");
    assert_string_equal(text_shorten(&arena, "abc", SIZE_MAX), "abc");
    assert_null(text_shorten(&arena, NULL, 5));
}

static void whole_numbers(void **state)
{
    static const char *const wrong[] = {"", "-", "+1", " 1", "1 ", "007", "00", "-0", "1.0", "1e0", "0x1", "1_000", "９",
                                        "9223372036854775808", "-9223372036854775809", "99999999999999999999999"};
    int64_t n = 77;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(text_int(wrong[i], INT64_MIN, INT64_MAX, &n));
    assert_false(text_int("-1", 0, 10, &n));
    assert_false(text_int("11", 0, 10, &n));
    assert_int_equal(n, 77);
    assert_true(text_int("0", 0, 10, &n) && n == 0);
    assert_true(text_int("10", 0, 10, &n) && n == 10);
    assert_true(text_int("9223372036854775807", 1, INT64_MAX, &n) && n == INT64_MAX);
    assert_true(text_int("-9223372036854775808", INT64_MIN, 0, &n) && n == INT64_MIN);
}

static void like_patterns(void **state)
{
    (void)state;
    assert_string_equal(text_like(&arena, "50%_a\\b"), "%50\\%\\_a\\\\b%");
    assert_string_equal(text_like(&arena, ""), "%%");
    assert_string_equal(text_like(&arena, "氢"), "%氢%");
}

static void tames(void **state)
{
    (void)state;
    char plain[] = "氢 a~", wild[] = "a\x1b[31m\r\nb\x7f";
    assert_string_equal(text_tame(plain), "氢 a~");
    assert_string_equal(text_tame(wild), "a?[31m??b?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_every_code_point),
        cmocka_unit_test(utf8_refuses),
        cmocka_unit_test_teardown(utf8_never_reads_past_random_bytes, reset_arena),
        cmocka_unit_test(counts_and_compares),
        cmocka_unit_test_teardown(trims, reset_arena),
        cmocka_unit_test_teardown(folds, reset_arena),
        cmocka_unit_test_teardown(fold_of_every_code_point_is_stable, reset_arena),
        cmocka_unit_test_teardown(narrows, reset_arena),
        cmocka_unit_test_teardown(shortens, reset_arena),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test_teardown(like_patterns, reset_arena),
        cmocka_unit_test(tames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
