/* Numbers, number formats and dates of workbooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "excel/sheet_value.h"

static const char *number(const char *text)
{
    static char out[SHEET_NUMBER_MAX];
    struct sheet_number x;
    if (!sheet_number_read(text, &x))
        return "no number";
    sheet_number_print(&x, out);
    return out;
}

static void numbers_are_plain_decimals(void **state)
{
    static const char *const cases[][2] = {
        {"0.1", "0.1"}, {"0.10000000000000001", "0.1"}, {"0.30000000000000004", "0.3"}, {"1E5", "100000"}, {"1e+020", "100000000000000000000"},
        {"1E-007", "0.0000001"}, {"-1234567.891", "-1234567.891"}, {"0", "0"}, {"-0", "0"}, {"-0.0E5", "0"}, {"000.500", "0.5"}, {".5", "0.5"},
        {"5.", "5"}, {"+5", "5"}, {"100", "100"}, {"1.50", "1.5"}, {"999999999999999.5", "1000000000000000"}, {"9.9999999999999999", "10"},
        {"0.0099999999999999999", "0.01"}, {"1234567890123456789", "1234567890123460000"}, {"123456789012345", "123456789012345"},
        {"46355.354166666664", "46355.3541666667"}, {"1.0000000000000001E-5", "0.00001"}, {"12.345e1", "123.45"}, {"12.345E-3", "0.012345"},
        {"1e-400", "0"}, {"0e99999999999", "0"}, {"1e-99999999999", "0"}, {"2.0000000000000018", "2"}, {"1.005", "1.005"},
        {"3.1415926535897931", "3.14159265358979"},
        {"1e400", "no number"}, {"1e99999999999", "no number"}, {"", "no number"}, {"-", "no number"}, {".", "no number"}, {"1e", "no number"},
        {"1e+", "no number"}, {"1.2.3", "no number"}, {"1,5", "no number"}, {"0x10", "no number"}, {"NaN", "no number"}, {"1 ", "no number"},
        {"--1", "no number"}, {"e5", "no number"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(number(cases[i][0]), cases[i][1]);
    assert_int_equal(strlen(number("-1.7976931348623157E+308")), 310);
    assert_int_equal(strncmp(number("-1.7976931348623157E+308"), "-179769313486232000", 19), 0);
    assert_int_equal(strlen(number("-1.23456789012345E-308")), 3 + 308 + 14);
}

static void number_formats_are_told_apart(void **state)
{
    static const struct {
        const char *code;
        enum sheet_format format;
    } cases[] = {
        {"General", SHEET_FORMAT_NUMBER}, {"GENERAL", SHEET_FORMAT_NUMBER}, {"G/通用格式", SHEET_FORMAT_NUMBER}, {"0.00", SHEET_FORMAT_NUMBER},
        {"#,##0.00_);[Red]\\(#,##0.00\\)", SHEET_FORMAT_NUMBER}, {"0.00E+00", SHEET_FORMAT_NUMBER}, {"0%", SHEET_FORMAT_NUMBER},
        {"@", SHEET_FORMAT_NUMBER}, {"0\"day\"", SHEET_FORMAT_NUMBER}, {"0\\d", SHEET_FORMAT_NUMBER}, {"_d0_y", SHEET_FORMAT_NUMBER},
        {"_ [$¥-804]* #,##0.00_ ;_ * \\-#,##0.00_ ;_ * \"-\"??_ ;_ @_ ", SHEET_FORMAT_NUMBER}, {"[Red][>100]0;yyyy", SHEET_FORMAT_NUMBER},
        {"yyyy-mm-dd", SHEET_FORMAT_DATE}, {"yyyy\"年\"m\"月\"d\"日\"", SHEET_FORMAT_DATE}, {"yyyy\\-mm\\-dd;@", SHEET_FORMAT_DATE},
        {"[$-804]yyyy\"年\"m\"月\"d\"日\";@", SHEET_FORMAT_DATE}, {"[DBNum1][$-804]yyyy\"年\"", SHEET_FORMAT_DATE}, {"mmm", SHEET_FORMAT_DATE},
        {"m/d/yy h:mm", SHEET_FORMAT_DATE}, {"aaaa", SHEET_FORMAT_DATE}, {"dd", SHEET_FORMAT_DATE}, {"yyyy-mm-dd hh:mm:ss.000", SHEET_FORMAT_DATE},
        {"h:mm", SHEET_FORMAT_TIME}, {"hh:mm:ss", SHEET_FORMAT_TIME}, {"mm:ss", SHEET_FORMAT_TIME}, {"mm:ss.0", SHEET_FORMAT_TIME},
        {"h:mm AM/PM", SHEET_FORMAT_TIME}, {"h\"时\"mm\"分\"", SHEET_FORMAT_TIME}, {"上午/下午h\"时\"mm\"分\"", SHEET_FORMAT_TIME},
        {"[h]:mm:ss", SHEET_FORMAT_NUMBER}, {"[mm]:ss", SHEET_FORMAT_NUMBER}, {"", SHEET_FORMAT_NUMBER}, {"\"open", SHEET_FORMAT_NUMBER},
        {"[", SHEET_FORMAT_NUMBER}, {"\\", SHEET_FORMAT_NUMBER},
    };
    static const unsigned dates[] = {14, 15, 16, 17, 22, 27, 31, 36, 50, 57, 58}, times[] = {18, 19, 20, 21, 32, 45, 47, 55},
                          others[] = {0, 1, 2, 9, 11, 13, 23, 37, 44, 46, 48, 49, 59, 163};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sheet_format_of_code(cases[i].code) != cases[i].format)
            fail_msg("%s", cases[i].code);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        assert_int_equal(sheet_format_of_id(dates[i]), SHEET_FORMAT_DATE);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(sheet_format_of_id(times[i]), SHEET_FORMAT_TIME);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(sheet_format_of_id(others[i]), SHEET_FORMAT_NUMBER);
}

static const char *date(const char *text, enum sheet_format format, bool from_1904)
{
    static char out[SHEET_DATE_MAX];
    struct sheet_number x;
    assert_true(sheet_number_read(text, &x));
    return sheet_date_print(&x, format, from_1904, out) ? out : "no date";
}

static void days_are_counted_in_both_systems(void **state)
{
    static const struct {
        const char *number, *of_1900, *of_1904;
    } cases[] = {
        {"0", "00:00:00", "1904-01-01"}, {"1", "1900-01-01", "1904-01-02"}, {"59", "1900-02-28", "1904-02-29"},
        {"60", "1900-02-29", "1904-03-01"}, {"61", "1900-03-01", "1904-03-02"}, {"46355", "2026-11-29", "2030-11-30"},
        {"44893", "2022-11-28", "2026-11-29"}, {"46355.354166666664", "2026-11-29 08:30:00", "2030-11-30 08:30:00"},
        {"46355.3541666667", "2026-11-29 08:30:00", "2030-11-30 08:30:00"}, {"46355.999999", "2026-11-30", "2030-12-01"},
        {"46355.99998", "2026-11-29 23:59:58", "2030-11-30 23:59:58"}, {"46355.0000001", "2026-11-29", "2030-11-30"},
        {"2957003", "9995-12-30", "9999-12-31"}, {"2958465", "9999-12-31", "no date"}, {"2958465.999", "9999-12-31 23:58:34", "no date"},
        {"2958466", "no date", "no date"}, {"2958465.9999999", "no date", "no date"}, {"-1", "no date", "no date"}, {"1e300", "no date", "no date"},
        {"36526", "2000-01-01", "2004-01-02"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(date(cases[i].number, SHEET_FORMAT_DATE, false), cases[i].of_1900);
        assert_string_equal(date(cases[i].number, SHEET_FORMAT_DATE, true), cases[i].of_1904);
    }
    assert_string_equal(date("0.354166666666667", SHEET_FORMAT_TIME, false), "08:30:00");
    assert_string_equal(date("0.354166666666667", SHEET_FORMAT_TIME, true), "08:30:00");
    assert_string_equal(date("0.000694444444444444", SHEET_FORMAT_TIME, false), "00:01:00");
    assert_string_equal(date("1e-9", SHEET_FORMAT_TIME, false), "00:00:00");
}

static const char *iso(const char *text)
{
    static char out[SHEET_DATE_MAX];
    return sheet_date_iso(text, out) ? out : "no date";
}

static void iso_dates_are_read(void **state)
{
    (void)state;
    assert_string_equal(iso("2026-11-29"), "2026-11-29");
    assert_string_equal(iso("2026-11-29T00:00:00"), "2026-11-29");
    assert_string_equal(iso("2026-11-29T08:30:00"), "2026-11-29 08:30:00");
    assert_string_equal(iso("2026-11-29T08:30:00.000Z"), "2026-11-29 08:30:00");
    assert_string_equal(iso("2026-11-29T08:30"), "2026-11-29 08:30:00");
    assert_string_equal(iso("08:30:00"), "08:30:00");
    assert_string_equal(iso("T08:30:00"), "08:30:00");
    static const char *const wrong[] = {"", "T", "2026-02-30", "2026-11-29T", "2026-11-29T25:00:00", "2026-11-29T08:60:00", "29.11.2026", "PT36H",
                                        "2026-11-29T08:30:00+08:00", "08-30-00", "2026-11-29 08:30:00", "2026-11-2", "08:30:00x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_string_equal(iso(wrong[i]), "no date");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_plain_decimals),
        cmocka_unit_test(number_formats_are_told_apart),
        cmocka_unit_test(days_are_counted_in_both_systems),
        cmocka_unit_test(iso_dates_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
