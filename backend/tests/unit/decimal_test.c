/* Exact decimals out of what binary fractions leave behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "legacy/decimal.h"

static void check(const char *text, enum decimal wanted, int64_t millionths)
{
    struct dec d = DEC_ZERO;
    enum decimal read = decimal_read(text, strlen(text), &d);
    if (read != wanted || d.millionths != millionths)
        print_error("%s: %d, %lld\n", text, (int)read, (long long)d.millionths);
    assert_int_equal(read, wanted);
    assert_int_equal(d.millionths, millionths);
}

static void noise_is_taken_away(void **state)
{
    (void)state;
    check("0.30000000000000004", DECIMAL_EXACT, 300000);
    check("12.000000000000002", DECIMAL_EXACT, 12000000);
    check("-0.29999999999999999", DECIMAL_EXACT, -300000);
    check("5.5511151231257827e-17", DECIMAL_EXACT, 0);
    check("0.0000000009999", DECIMAL_EXACT, 0);
    check("1e-07", DECIMAL_ROUNDED, 0);
}

static void what_is_finer_is_rounded(void **state)
{
    (void)state;
    check("0.1234567", DECIMAL_ROUNDED, 123457);
    check("0.3333333333333333", DECIMAL_ROUNDED, 333333);
    check("-0.0000005", DECIMAL_ROUNDED, -1);
    check("0.000000001", DECIMAL_ROUNDED, 0);
}

static void forms_of_numbers(void **state)
{
    (void)state;
    check("0", DECIMAL_EXACT, 0);
    check("+7", DECIMAL_EXACT, 7000000);
    check(".5", DECIMAL_EXACT, 500000);
    check("5.", DECIMAL_EXACT, 5000000);
    check("1e3", DECIMAL_EXACT, 1000000000);
    check("1.5E+02", DECIMAL_EXACT, 150000000);
    check("9000000000000", DECIMAL_EXACT, INT64_C(9000000000000000000));
    check("0000000000000000000000000000000000000001", DECIMAL_EXACT, 1000000);
    check("0e99999999999", DECIMAL_EXACT, 0);
    check("1e-99999999999", DECIMAL_EXACT, 0);
}

static void no_numbers(void **state)
{
    (void)state;
    static const char *const none[] = {"", "-", ".", "e5", "1e", "1e+", "12kg", "0x10", "inf", "nan", "1.2.3", "1,5", " 1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        check(none[i], DECIMAL_NONE, 0);
    check("1e+15", DECIMAL_TOO_LARGE, 0);
    check("1e308", DECIMAL_TOO_LARGE, 0);
    check("-1e99999999999", DECIMAL_TOO_LARGE, 0);
    check("12345678901234567890123456789012345678901234567890", DECIMAL_TOO_LARGE, 0);
}

static void places(void **state)
{
    (void)state;
    assert_int_equal(decimal_places(DEC_ZERO), 0);
    assert_int_equal(decimal_places((struct dec){300000}), 1);
    assert_int_equal(decimal_places((struct dec){-123457}), 6);
    assert_int_equal(decimal_places(DEC_WHOLE(12)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(noise_is_taken_away), cmocka_unit_test(what_is_finer_is_rounded),
                                       cmocka_unit_test(forms_of_numbers), cmocka_unit_test(no_numbers), cmocka_unit_test(places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
