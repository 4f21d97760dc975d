/* Readings, where words are found, and the promise of the tokens: what is found has all that the index is asked for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/pinyin.h"
#include "base/utf8.h"
#include "domain/search_tokens.h"

static struct arena arena;

static int reset_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct search_text text(const char *t)
{
    return search_text(&arena, t);
}

static const char *readings(const char *character)
{
    uint32_t cp;
    utf8_decode(character, character + strlen(character), &cp);
    return pinyin_readings(cp);
}

/* "start+length", or "" */
static const char *found(const char *word, const char *in)
{
    size_t start, length;
    return search_find(text(word), text(in), &start, &length) ? arena_fmt(&arena, "%zu+%zu", start, length) : "";
}

static bool has(const char *tokens, const char *token, size_t n)
{
    for (const char *at = tokens; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && memcmp(at, token, n) == 0)
            return true;
    return false;
}

/* An expression without typing errors is tokens with AND and brackets. */
static bool proposed(const char *word, const char *in)
{
    struct search_text words[10], field = text(in);
    size_t count = search_words(&arena, word, words, 10);
    const char *expression = search_expression(&arena, words, count, false), *tokens = search_tokens(&arena, &field, 1);
    for (const char *at = expression; at && *at;) {
        size_t n = strcspn(at, " ()");
        if (n > 0 && strncmp(at, "AND", 3) != 0 && !has(tokens, at, n))
            return false;
        at += n ? n : 1;
    }
    return expression != NULL;
}

static void readings_of_polyphones(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"调", "diao tiao"}, {"拨", "bo"}, {"弹", "dan tan"}, {"簧", "huang"}, {"传", "chuan zhuan"}, {"感", "gan"}, {"器", "qi"},
        {"薄", "bao bo"}, {"膜", "mo"}, {"卡", "ka qia"}, {"套", "tao"}, {"密", "mi"}, {"封", "feng"}, {"圈", "juan quan"},
        {"校", "jiao xiao"}, {"准", "zhun"}, {"外", "wai"}, {"壳", "ke qiao"}, {"重", "chong zhong"}, {"模", "mo mu"}, {"具", "ju"},
        {"铝", "lu lv"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        assert_string_equal(readings(ROWS[i][0]), ROWS[i][1]);
    assert_null(pinyin_readings('a'));
    assert_null(pinyin_readings(0x1F600));
    assert_null(pinyin_readings(0));
    assert_null(pinyin_readings(UINT32_MAX));
}

static void the_tables_are_sorted_and_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < pinyin_of_count; i++) {
        uint32_t cp = pinyin_of[i] >> PINYIN_SET_BITS;
        assert_true(i == 0 || pinyin_of[i - 1] >> PINYIN_SET_BITS < cp);
        const char *r = pinyin_readings(cp);
        assert_true(*r && strspn(r, "abcdefghijklmnopqrstuvwxyz ") == strlen(r));
    }
    for (size_t i = 0; i < pinyin_variant_count; i++) {
        assert_true(i == 0 || pinyin_variants[i - 1][0] < pinyin_variants[i][0]);
        assert_int_equal(pinyin_simplified(pinyin_simplified(pinyin_variants[i][0])), pinyin_variants[i][1]);
    }
    assert_int_equal(pinyin_simplified('a'), 'a');
    assert_int_equal(pinyin_simplified(0x6C22), 0x6C22);
}

static void every_reading_finds(void **state)
{
    (void)state;
    static const char *const ROWS[][5] = {
        {"调拨", "diaobo", "tiaobo", "db", "tb"},           {"弹簧", "tanhuang", "danhuang", "th", "dh"},
        {"传感器", "chuanganqi", "zhuanganqi", "cgq", "zgq"}, {"薄膜", "baomo", "bomo", "bm", "bom"},
        {"卡套", "katao", "qiatao", "kt", "qt"},             {"密封圈", "mifengquan", "mifengjuan", "mfq", "mfj"},
        {"校准", "jiaozhun", "xiaozhun", "jz", "xz"},        {"外壳", "waike", "waiqiao", "wk", "wq"},
        {"重", "zhong", "chong", "z", "c"},                  {"模具", "moju", "muju", "mj", "muj"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        size_t n = text(ROWS[i][0]).n;
        const char *in = arena_fmt(&arena, "A 型%s 2寸", ROWS[i][0]);
        for (size_t k = 1; k < 5; k++) {
            assert_string_equal(found(ROWS[i][k], in), arena_fmt(&arena, "%d+%zu", 3, n));
            assert_true(proposed(ROWS[i][k], in));
        }
    }
}

static void where_words_are_found(void **state)
{
    (void)state;
    static const char *const ROWS[][3] = {
        {"diaob", "调拨单", "0+2"},      {"dbdan", "调拨单", "0+3"},    {"dbd", "调拨单", "0+3"},       {"iao", "调拨", ""},
        {"diaobb", "调拨", ""},          {"bd", "调拨单", "1+2"},       {"拨单", "调拨单", "1+2"},      {"拨d", "调拨单", "1+2"},
        {"調撥", "调拨", "0+2"},         {"调拨", "調撥單", "0+2"},     {"ＫＯＨ", "koh 90%", "0+3"},   {"koh", "ＫＯＨ", "0+3"},
        {"h2", "高纯 H₂", "3+2"},        {"gbt3098", "GB/T 3098.1", "0+9"}, {"3098.1", "GB/T 3098.1", "5+6"}, {"gb/t", "GBT", ""},
        {"7732185", "7732-18-5", "0+9"}, {"32-18", "7732-18-5", "2+5"}, {"钢管", "不锈钢（管）", "2+3"}, {"", "x", ""},
        {"%", "50%", "2+1"},             {"%", "50", ""},               {"\U0001F600", "a\U0001F600", "1+1"}, {"\u0301", "e\u0301", "1+1"},
        {"316lbxg", "316L不锈钢", "0+7"}, {"lvban", "铝板", "0+2"},     {"luban", "铝板", "0+2"},       {"xian", "西安", "0+2"},
        {"fangan", "方案", "0+2"},       {"-", "a-b", "1+1"},           {" ", "a b", ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct search_text words[2];
        if (strcmp(found(ROWS[i][0], ROWS[i][1]), ROWS[i][2]) != 0 && strcmp(ROWS[i][0], " ") != 0)
            fail_msg("%s in %s: %s", ROWS[i][0], ROWS[i][1], found(ROWS[i][0], ROWS[i][1]));
        if (*ROWS[i][2] && !proposed(ROWS[i][0], ROWS[i][1]))
            fail_msg("%s in %s is not proposed", ROWS[i][0], ROWS[i][1]);
        assert_true(strcmp(ROWS[i][0], " ") != 0 || search_words(&arena, " ", words, 2) == 0);
    }
}

static void words_of_a_question(void **state)
{
    (void)state;
    struct search_text words[3];
    assert_int_equal(search_words(&arena, "  氢\t\x01 hydrogen　a b ", words, 3), 3);
    assert_int_equal(words[0].n, 1);
    assert_int_equal(words[1].n, 8);
    assert_int_equal(words[2].chars[0], 'a');
    assert_int_equal(search_words(&arena, "", words, 3), 0);
    assert_int_equal(search_words(&arena, NULL, words, 3), 0);
}

static void one_typing_error(void **state)
{
    (void)state;
    static const char *const NEAR[] = {"hydrogen", "hydrgen", "hydroogen", "hydrugen", "yhdrogen", "hydrogne", "hydrogenn", "ydrogen", "hydroge"};
    static const char *const FAR[] = {"hydrgne", "hydro", "hdyrogne", "hydr0gen", "hyd", "oxygen", "氢hydrogen"};
    size_t start, length;
    struct search_text in = text("高纯 Hydrogen, 99.999%");
    const char *tokens = search_tokens(&arena, &in, 1);
    for (size_t i = 0; i < sizeof NEAR / sizeof *NEAR; i++) {
        struct search_text word = text(NEAR[i]);
        assert_true(search_find_typo(word, in, &start, &length));
        assert_true(start == 3 && length == 8);
        bool shared = false; /* one of its tokens for typing errors is there */
        for (const char *at = search_expression(&arena, &word, 1, true); *at;) {
            size_t n = strcspn(at, " ()");
            shared = shared || (*at == 'd' && has(tokens, at, n));
            at += n ? n : 1;
        }
        assert_true(shared);
    }
    for (size_t i = 0; i < sizeof FAR / sizeof *FAR; i++)
        assert_false(search_find_typo(text(FAR[i]), in, &start, &length));
    assert_false(search_find_typo(text("tbe"), text("tube"), &start, &length)); /* too short to be sure */
}

static void tokens_are_lower_case_words(void **state)
{
    (void)state;
    struct search_text texts[] = {text("KOH-01"), text("氢氧化钾 \U0001F600 e\u0301 Ж AND \"(*)\""), text(NULL)};
    const char *tokens = search_tokens(&arena, texts, 3);
    assert_true(strspn(tokens, "abcdefghijklmnopqrstuvwxyz0123456789 ") == strlen(tokens));
    assert_true(has(tokens, "lkoh", 4) && has(tokens, "lqyh", 4) && has(tokens, "lqin", 4) && has(tokens, "lngy", 4));
    assert_string_equal(search_tokens(&arena, texts + 2, 1), "");
    struct search_text word = text("koh");
    assert_string_equal(search_expression(&arena, &word, 1, false), "((lkoh))");
    assert_null(search_expression(&arena, &word, 0, false));
}

/* Random texts and words, mostly pieces of what the texts spell. */
static const char *random_text(unsigned *seed, int most)
{
    static const char *const PIECES[] = {"调", "拨", "弹", "传", "卡", "圈", "校", "壳", "重", "模", "铝", "西", "安", "案", "a", "b", "o", "1", "9",
                                         "-", " ", "/", "。", "é", "Ж", "d", "i", "ng", "xi", "zh", "ka", "qi"};
    const char *out = "";
    for (int n = 1 + rand_r(seed) % most; n > 0; n--)
        out = arena_fmt(&arena, "%s%s", out, PIECES[(unsigned)rand_r(seed) % (sizeof PIECES / sizeof *PIECES)]);
    return out;
}

static const char *spelled(unsigned *seed, const char *in)
{
    struct search_text t = text(in);
    const char *out = "";
    size_t from = t.n ? (size_t)rand_r(seed) % t.n : 0;
    for (size_t i = from; i < t.n && strlen(out) < 12; i++) {
        char bytes[4];
        const char *r = pinyin_readings(t.chars[i]);
        int way = rand_r(seed) % 3;
        if (i > from && search_is_gap(t.chars[i]) && way)
            continue;
        if (r && way == 0)
            out = arena_fmt(&arena, "%s%c", out, *r);
        else if (r && way == 1)
            out = arena_fmt(&arena, "%s%.*s", out, (int)strcspn(r, " "), r);
        else
            out = arena_fmt(&arena, "%s%.*s", out, (int)utf8_encode(t.chars[i], bytes), bytes);
    }
    return out;
}

static void what_is_found_was_proposed(void **state)
{
    (void)state;
    unsigned seed = 20261128;
    int hits = 0;
    for (int i = 0; i < 40000; i++) {
        const char *in = random_text(&seed, 8);
        const char *word = rand_r(&seed) % 3 ? spelled(&seed, in) : random_text(&seed, 4);
        struct search_text words[10];
        size_t count = search_words(&arena, word, words, 10), start, length;
        bool all = count > 0;
        for (size_t w = 0; w < count; w++)
            all = all && search_find(words[w], text(in), &start, &length);
        hits += all;
        if (all && !proposed(word, in))
            fail_msg("%s is found in %s, and not proposed", word, in);
        if (i % 100 == 0)
            arena_reset(&arena);
    }
    assert_true(hits > 10000);
}

static void the_worst_ends_soon(void **state)
{
    (void)state;
    const char *in = "", *word = "";
    size_t start, length;
    for (int i = 0; i < 600; i++)
        in = arena_fmt(&arena, "%s重", in);
    for (int i = 0; i < 99; i++)
        word = arena_fmt(&arena, "%sz", word);
    assert_false(search_find(text(arena_fmt(&arena, "%sx", word)), text(in), &start, &length));
    struct search_text t = text(in);
    assert_int_equal(t.n, SEARCH_TEXT_MAX);
    assert_true(strlen(search_tokens(&arena, &t, 1)) < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(readings_of_polyphones, reset_arena),
        cmocka_unit_test_teardown(the_tables_are_sorted_and_plain, reset_arena),
        cmocka_unit_test_teardown(every_reading_finds, reset_arena),
        cmocka_unit_test_teardown(where_words_are_found, reset_arena),
        cmocka_unit_test_teardown(words_of_a_question, reset_arena),
        cmocka_unit_test_teardown(one_typing_error, reset_arena),
        cmocka_unit_test_teardown(tokens_are_lower_case_words, reset_arena),
        cmocka_unit_test_teardown(what_is_found_was_proposed, reset_arena),
        cmocka_unit_test_teardown(the_worst_ends_soon, reset_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
