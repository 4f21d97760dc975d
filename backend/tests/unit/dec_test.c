#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dec.h"

__extension__ typedef __int128 wide;

enum { CASES = 200000 };

static uint64_t seed;

/* SplitMix64: the same cases on every machine. */
static uint64_t next_random(void)
{
    uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Of all sizes alike, with the ends and round numbers among them. */
static struct dec any_dec(void)
{
    uint64_t bits = next_random();
    switch (next_random() % 8) {
    case 0:
        return (struct dec){(int64_t)(INT64_MAX - (int64_t)(bits % 4))};
    case 1:
        return (struct dec){(int64_t)(INT64_MIN + (int64_t)(bits % 4))};
    case 2:
        return DEC_WHOLE((int64_t)(bits % 2000001) - 1000000);
    case 3:
        return (struct dec){(int64_t)(bits % 21) - 10};
    default:
        return (struct dec){(int64_t)(bits) >> (next_random() % 64)};
    }
}

static enum dec_parse parse(const char *text, struct dec *out)
{
    return dec_parse(text, strlen(text), out);
}

static void round_trip(void **state)
{
    (void)state;
    seed = 1;
    for (int i = 0; i < CASES; i++) {
        struct dec d = any_dec(), back = {1};
        char text[DEC_TEXT_MAX];
        size_t n = dec_print(d, text);
        assert_true(n == strlen(text) && n < DEC_TEXT_MAX);
        assert_int_equal(dec_parse(text, n, &back), DEC_PARSED);
        assert_true(back.millionths == d.millionths);
        unsigned places = (unsigned)(next_random() % 7);
        n = dec_print_fixed(d, places, text);
        const char *point = strchr(text, '.');
        assert_true(n == strlen(text) && (point ? strlen(point + 1) : 0) >= places);
        assert_int_equal(parse(text, &back), DEC_PARSED);
        assert_true(back.millionths == d.millionths);
    }
}

static bool in_range(wide value)
{
    return value >= INT64_MIN && value <= INT64_MAX;
}

/* Digits and a point with any exponent, judged by 128-bit arithmetic. */
static void parse_of_random_numbers(void **state)
{
    (void)state;
    seed = 2;
    for (int i = 0; i < CASES; i++) {
        uint64_t whole = next_random() >> (next_random() % 44 + 20);
        unsigned fraction = (unsigned)(next_random() % 10000);
        int exponent = (int)(next_random() % 20) - 10;
        bool negative = next_random() & 1;
        char text[80];
        snprintf(text, sizeof text, "%s%llu.%04ue%+d", negative ? "-" : "",
                 (unsigned long long)whole, fraction, exponent);
        wide value = (wide)whole * 10000 + fraction; /* times 10^(exponent - 4) */
        int shift = exponent - 4 + DEC_PLACES;
        bool exact = true;
        for (; shift > 0; shift--)
            value *= 10;
        for (; shift < 0; shift++) {
            exact = exact && value % 10 == 0;
            value /= 10;
        }
        value = negative ? -value : value;
        struct dec out = {77};
        enum dec_parse got = parse(text, &out);
        if (!exact) {
            assert_true(got == DEC_TOO_FINE || (!in_range(value) && got == DEC_TOO_LARGE));
        } else {
            assert_int_equal(got, in_range(value) ? DEC_PARSED : DEC_TOO_LARGE);
        }
        assert_true(out.millionths == (got == DEC_PARSED ? (int64_t)value : 77));
    }
}

static void add_and_subtract(void **state)
{
    (void)state;
    seed = 3;
    for (int i = 0; i < CASES; i++) {
        struct dec a = any_dec(), b = any_dec(), out = {77};
        wide sum = (wide)a.millionths + b.millionths;
        wide difference = (wide)a.millionths - b.millionths;
        assert_int_equal(dec_add(a, b, &out), in_range(sum) ? RC_OK : RC_AMOUNT_TOO_LARGE);
        assert_true(out.millionths == (in_range(sum) ? (int64_t)sum : 77));
        out.millionths = 77;
        assert_int_equal(dec_sub(a, b, &out), in_range(difference) ? RC_OK : RC_AMOUNT_TOO_LARGE);
        assert_true(out.millionths == (in_range(difference) ? (int64_t)difference : 77));
        assert_int_equal(dec_cmp(a, b), difference > 0 ? 1 : difference < 0 ? -1 : 0);
    }
}

/* Half up away from zero, said another way than in dec.c: on magnitudes, by the remainder. */
static wide judge_mul(struct dec a, struct dec b, unsigned places)
{
    wide product = (wide)a.millionths * b.millionths, unit = DEC_ONE;
    bool negative = product < 0;
    for (unsigned i = places; i < DEC_PLACES; i++)
        unit *= 10;
    if (negative)
        product = -product;
    wide rest = product % unit;
    wide rounded = product - rest + (rest * 2 >= unit ? unit : 0);
    rounded /= DEC_ONE;
    return negative ? -rounded : rounded;
}

static void multiply(void **state)
{
    (void)state;
    seed = 4;
    for (int i = 0; i < CASES; i++) {
        struct dec a = any_dec(), b = any_dec(), out = {77};
        unsigned places = (unsigned)(next_random() % 7);
        wide want = judge_mul(a, b, places);
        assert_int_equal(dec_mul(a, b, places, &out), in_range(want) ? RC_OK : RC_AMOUNT_TOO_LARGE);
        assert_true(out.millionths == (in_range(want) ? (int64_t)want : 77));
        if (in_range(want))
            assert_true(dec_fits(out, places));
    }
}

/* Pairs that end exactly on a half, where a rounding rule shows. */
static void multiply_on_halves(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned places;
        const char *want;
    } CASES_OF[] = {
        {"1.005", "1", 2, "1.01"}, {"-1.005", "1", 2, "-1.01"}, {"1.004999", "1", 2, "1"},
        {"0.5", "1", 0, "1"}, {"-0.5", "1", 0, "-1"}, {"0.499999", "1", 0, "0"},
        {"12.5", "0.42", 2, "5.25"},
        {"0.000001", "0.5", 6, "0.000001"}, {"0.000001", "0.499999", 6, "0"},
        {"-0.000001", "-0.5", 6, "0.000001"}, {"3", "0.335", 2, "1.01"},
        {"1.000001", "1", 9, "1.000001"},
        {"9223372036854.775807", "1", 6, "9223372036854.775807"},
        {"-9223372036854.775808", "1", 6, "-9223372036854.775808"},
    };
    for (size_t i = 0; i < sizeof CASES_OF / sizeof *CASES_OF; i++) {
        struct dec a, b, out;
        char text[DEC_TEXT_MAX];
        assert_int_equal(parse(CASES_OF[i].a, &a), DEC_PARSED);
        assert_int_equal(parse(CASES_OF[i].b, &b), DEC_PARSED);
        assert_int_equal(dec_mul(a, b, CASES_OF[i].places, &out), RC_OK);
        dec_print(out, text);
        assert_string_equal(text, CASES_OF[i].want);
    }
}

static void edges_overflow(void **state)
{
    (void)state;
    struct dec most = {INT64_MAX}, least = {INT64_MIN}, tiny = {1}, out = {77};
    assert_int_equal(dec_add(most, tiny, &out), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(dec_sub(least, tiny, &out), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(dec_neg(least, &out), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(dec_mul(least, DEC_WHOLE(-1), 6, &out), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(dec_mul(least, least, 0, &out), RC_AMOUNT_TOO_LARGE);
    /* rounds up past the end */
    assert_int_equal(dec_mul(most, DEC_WHOLE(1), 2, &out), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(out.millionths, 77);
    assert_int_equal(dec_neg(most, &out), RC_OK);
    assert_true(out.millionths == -INT64_MAX);
    assert_int_equal(dec_sign(least), -1);
    assert_int_equal(dec_sign(DEC_ZERO), 0);
    assert_int_equal(dec_sign(tiny), 1);
}

static void parses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t millionths;
    } GOOD[] = {
        {"0", 0}, {"-0", 0}, {"-0.000", 0}, {"0.1", 100000}, {"1e2", 100000000},
        {"-3.50", -3500000},
        {"1E-2", 10000}, {"1e+0", 1000000}, {"0e400", 0}, {"-0e-400", 0},
        {"0e99999999999999999999999", 0},
        {"100e-8", 1}, {"1.0000000000000000000000000", 1000000}, {"1e-6", 1}, {"0.000001e3", 1000},
        {"12345e-3", 12345000}, {"9223372036854.775807", INT64_MAX},
        {"-9223372036854.775808", INT64_MIN},
        {"9223372036854775807e-6", INT64_MAX}, {"0.9223372036854775807e13", INT64_MAX},
        {"10.20", 10200000},
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct dec out = {77};
        assert_int_equal(parse(GOOD[i].text, &out), DEC_PARSED);
        assert_true(out.millionths == GOOD[i].millionths);
    }
}

static void refuse_all(const char *const *texts, size_t count, enum dec_parse want)
{
    for (size_t i = 0; i < count; i++) {
        struct dec out = {77};
        if (parse(texts[i], &out) != want)
            fail_msg("%s", texts[i]);
        assert_int_equal(out.millionths, 77);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const char *const SYNTAX[] = {
        "", "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1e", "1e+", "1e-", "e5", "1.e5",
        "0x10", "NaN",
        "Infinity", " 1", "1 ", "1,5", "1.2.3", "1e5.0", "--1", "1-", "1e5e5", "１", "1_000", "1e 5",
    };
    static const char *const LARGE[] = {
        "1e400", "-1e400", "1e99999999999999999999999999", "9223372036854.775808",
        "-9223372036854.775809",
        "9999999999999.999999", "10000000000000", "123456789012345678901234567890", "1e13",
    };
    static const char *const FINE[] = {
        "1e-400", "-1e-400", "1e-99999999999999999999999999", "0.0000001", "1.0000001",
        "-0.1234567", "1e-7",
    };
    refuse_all(SYNTAX, sizeof SYNTAX / sizeof *SYNTAX, DEC_SYNTAX);
    refuse_all(LARGE, sizeof LARGE / sizeof *LARGE, DEC_TOO_LARGE);
    refuse_all(FINE, sizeof FINE / sizeof *FINE, DEC_TOO_FINE);
    struct dec out = {77};
    assert_int_equal(dec_parse("12345", 2, &out), DEC_PARSED); /* n counts, not the NUL */
    assert_int_equal(out.millionths, 12000000);
    assert_int_equal(dec_parse("1\0002", 3, &out), DEC_SYNTAX);
}

static void parses_very_long_texts(void **state)
{
    (void)state;
    enum { LONG = 100000 };
    char *text = malloc(LONG + 32);
    struct dec out;
    memset(text, '0', LONG + 32);
    memcpy(text, "0.", 2);
    memcpy(text + LONG, "5e99999", 8); /* the 5 is the 99,999th decimal */
    assert_int_equal(parse(text, &out), DEC_PARSED);
    assert_int_equal(out.millionths, 5000000);
    memset(text, '0', LONG);
    text[0] = '7';
    memcpy(text + LONG, "e-99999", 8);
    assert_int_equal(parse(text, &out), DEC_PARSED);
    assert_int_equal(out.millionths, 7000000);
    memcpy(text + LONG, "", 1);
    assert_int_equal(parse(text, &out), DEC_TOO_LARGE);
    memset(text, '9', LONG);
    memcpy(text, "0.", 2);
    assert_int_equal(parse(text, &out), DEC_TOO_FINE);
    free(text);
}

static void prints(void **state)
{
    (void)state;
    static const struct {
        int64_t millionths;
        unsigned places;
        const char *want;
    } CASES_OF[] = {
        {0, 0, "0"}, {0, 2, "0.00"}, {12500000, 0, "12.5"}, {12500000, 2, "12.50"},
        {-1, 0, "-0.000001"},
        {-1, 2, "-0.000001"}, {100000000, 0, "100"}, {100000000, 2, "100.00"},
        {1234567, 2, "1.234567"},
        {-500000, 6, "-0.500000"}, {1, 99, "0.000001"}, {INT64_MAX, 0, "9223372036854.775807"},
        {INT64_MIN, 0, "-9223372036854.775808"}, {INT64_MIN, 6, "-9223372036854.775808"},
    };
    for (size_t i = 0; i < sizeof CASES_OF / sizeof *CASES_OF; i++) {
        char text[DEC_TEXT_MAX];
        size_t n = dec_print_fixed((struct dec){CASES_OF[i].millionths}, CASES_OF[i].places, text);
        assert_string_equal(text, CASES_OF[i].want);
        assert_int_equal(n, strlen(text));
    }
}

static void fits(void **state)
{
    (void)state;
    assert_true(dec_fits(DEC_WHOLE(3), 0));
    assert_true(dec_fits((struct dec){1500000}, 1));
    assert_false(dec_fits((struct dec){1500000}, 0));
    assert_false(dec_fits((struct dec){-1}, 5));
    assert_true(dec_fits((struct dec){-1}, 6));
    assert_true(dec_fits((struct dec){INT64_MIN}, 42));
}

static void shares(void **state)
{
    struct dec out = DEC_ZERO, most = {INT64_MAX};

    (void)state;
    assert_int_equal(dec_share(DEC_WHOLE(10), DEC_WHOLE(1), DEC_WHOLE(3), 2, &out), RC_OK);
    assert_int_equal(out.millionths, 3330000);
    assert_int_equal(dec_share(DEC_WHOLE(10), DEC_WHOLE(2), DEC_WHOLE(3), 2, &out), RC_OK);
    assert_int_equal(out.millionths, 6670000);
    assert_int_equal(dec_share((struct dec){10000}, DEC_WHOLE(1), DEC_WHOLE(2), 2, &out), RC_OK);
    assert_int_equal(out.millionths, 10000); /* half a fen goes up */
    assert_int_equal(dec_share(most, most, most, 6, &out), RC_OK);
    assert_true(out.millionths == INT64_MAX);
    assert_int_equal(dec_share(DEC_WHOLE(7), DEC_ZERO, most, 2, &out), RC_OK);
    assert_int_equal(out.millionths, 0);
    assert_int_equal(dec_share(most, DEC_WHOLE(2), DEC_WHOLE(1), 2, &out), RC_AMOUNT_TOO_LARGE);
    for (int64_t part = 1; part < 1000; part++) { /* a part never takes more fen than there are */
        assert_int_equal(dec_share((struct dec){12340000}, (struct dec){part}, (struct dec){1000}, 2, &out), RC_OK);
        assert_true(out.millionths <= 12340000 && out.millionths % 10000 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(parse_of_random_numbers),
        cmocka_unit_test(add_and_subtract),
        cmocka_unit_test(multiply),
        cmocka_unit_test(multiply_on_halves),
        cmocka_unit_test(edges_overflow),
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(parses_very_long_texts),
        cmocka_unit_test(prints),
        cmocka_unit_test(fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
