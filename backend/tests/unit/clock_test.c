#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define DAY_MS INT64_C(86400000)

static void every_day_from_0_to_9999(void **state)
{
    (void)state;
    static const int DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = -719528; /* 0000-01-01 */
    for (int y = 0; y <= 9999; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        for (int m = 1; m <= 12; m++) {
            int last = DAYS[m - 1] + (m == 2 && leap);
            for (int d = 1; d <= last; d++, day++) {
                char want[64], text[DAY_TEXT_MAX];
                int64_t back;
                if (d != 1 && d != last && d != 15)
                    continue; /* the inside of a month holds no surprise */
                snprintf(want, sizeof want, "%04d-%02d-%02d", y, m, d);
                assert_int_equal(day_print(day, text), 10);
                assert_string_equal(text, want);
                assert_true(day_parse(text, &back) && back == day);
            }
        }
    }
    assert_int_equal(day, 2932897);
}

static void agrees_with_the_system(void **state)
{
    (void)state;
    for (int64_t s = -62000000000; s < 250000000000; s += 86399 * 37 + 11) {
        struct tm tm = {0};
        char text[CLOCK_TEXT_MAX];
        assert_int_equal(clock_print_row(s * 1000 + 999, text), 19);
        assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                                &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
                         6);
        tm.tm_year -= 1900;
        tm.tm_mon--;
        assert_true((int64_t)timegm(&tm) == s);
    }
}

static void instants_print_and_parse_back(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *row, *iso;
    } CASES[] = {
        {0, "1970-01-01 00:00:00", "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31 23:59:59", "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31 23:59:59", "1969-12-31T23:59:59.000Z"},
        {-1001, "1969-12-31 23:59:58", "1969-12-31T23:59:58.999Z"},
        {951782400000, "2000-02-29 00:00:00", "2000-02-29T00:00:00.000Z"},
        {1795421730123, "2026-11-23 08:15:30", "2026-11-23T08:15:30.123Z"},
        {-62167219200000, "0000-01-01 00:00:00", "0000-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31 23:59:59", "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[CLOCK_TEXT_MAX];
        int64_t ms;
        assert_int_equal(clock_print_iso(CASES[i].ms, text), 24);
        assert_string_equal(text, CASES[i].iso);
        assert_true(clock_parse(text, &ms) && ms == CASES[i].ms);
        assert_int_equal(clock_print_row(CASES[i].ms, text), 19);
        assert_string_equal(text, CASES[i].row);
        assert_true(clock_parse(text, &ms) && ms >= CASES[i].ms - 999 && ms <= CASES[i].ms);
    }
}

static void the_far_ends_stay_printable(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_MAX], day[DAY_TEXT_MAX];
    clock_print_iso(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_print_iso(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
    day_print(INT64_MAX, day);
    assert_string_equal(day, "9999-12-31");
    day_print_compact(INT64_MIN, day);
    assert_string_equal(day, "00000101");
    const struct zone *z = zone_find("Asia/Tokyo");
    zone_day(z, INT64_MIN);
    zone_day(z, INT64_MAX);
    zone_day_start_ms(z, INT64_MIN);
    zone_day_start_ms(z, INT64_MAX);
}

static void parses_both_forms(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "2026-11-23 08:15:30", "2026-11-23T08:15:30", "2026-11-23T08:15:30Z",
        "2026-11-23 08:15:30Z",
        "2026-11-23T08:15:30.000Z", "2026-11-23 08:15:30.000",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        int64_t ms = 0;
        assert_true(clock_parse(GOOD[i], &ms));
        assert_true(ms == 1795421730000);
    }
}

static void refuses_what_is_no_instant(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "", "2026-11-23", "2026-11-23 ", "2026-11-23 08:15", "2026-11-23t08:15:30",
        "2026-11-23  08:15:30",
        "2026-11-23T08:15:30.1Z", "2026-11-23T08:15:30.1234Z", "2026-11-23T08:15:30.Z",
        "2026-11-23T08:15:30+08:00", "2026-11-23T08:15:30ZZ", "2026-11-23T08:15:30z",
        " 2026-11-23 08:15:30",
        "2026-11-23 08:15:30 ", "2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z", "1900-02-29T00:00:00Z", "26-11-23T08:15:30Z", "2026-1-23T08:15:30Z",
        "-026-11-23T08:15:30Z", "2026/11/23 08:15:30", "2026-11-23T8:15:30Z", "2026-11-23T08:15:3",
    };
    int64_t ms = 77;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (clock_parse(BAD[i], &ms))
            fail_msg("%s", BAD[i]);
    }
    assert_false(clock_parse(NULL, &ms));
    assert_int_equal(ms, 77);
}

static void days_parse_exactly(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "", "2026-11-23 ", "2026-11-2", "2026-11-233", "20261123", "2026-02-30", "2100-02-29",
        "2026-11-23T00:00:00", "2026-1a-01", "+026-01-01",
    };
    int64_t day = 77;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (day_parse(BAD[i], &day))
            fail_msg("%s", BAD[i]);
    }
    assert_false(day_parse(NULL, &day));
    assert_int_equal(day, 77);
    assert_true(day_parse("2000-02-29", &day));
    assert_int_equal(day, 11016);
    char text[DAY_TEXT_MAX];
    assert_int_equal(day_print_compact(11016, text), 8);
    assert_string_equal(text, "20000229");
}

static void zones_have_their_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t minutes;
    } WANT[] = {
        {"Asia/Shanghai", 480}, {"Asia/Hong_Kong", 480}, {"Asia/Macau", 480}, {"Asia/Taipei", 480},
        {"Asia/Singapore", 480}, {"Asia/Kuala_Lumpur", 480}, {"Asia/Tokyo", 540},
        {"Asia/Seoul", 540},
        {"Asia/Bangkok", 420}, {"Asia/Ho_Chi_Minh", 420}, {"Asia/Jakarta", 420},
        {"Asia/Kolkata", 330},
        {"Asia/Dubai", 240}, {"Asia/Urumqi", 360}, {"UTC", 0}, {"Etc/UTC", 0},
    };
    for (size_t i = 0; i < sizeof WANT / sizeof *WANT; i++) {
        const struct zone *z = zone_find(WANT[i].name);
        assert_non_null(z);
        assert_string_equal(z->name, WANT[i].name);
        assert_int_equal(z->offset_s, WANT[i].minutes * 60);
    }
    assert_null(zone_find("Europe/Berlin"));
    assert_null(zone_find("asia/shanghai"));
    assert_null(zone_find(""));
    assert_null(zone_find(NULL));
}

static void days_begin_in_their_zone(void **state)
{
    (void)state;
    const struct zone *shanghai = zone_find("Asia/Shanghai"), *kolkata = zone_find("Asia/Kolkata");
    int64_t ms, day;
    assert_true(clock_parse("2026-11-22T15:59:59.999Z", &ms) && day_parse("2026-11-22", &day));
    assert_int_equal(zone_day(shanghai, ms), day);
    assert_int_equal(zone_day(shanghai, ms + 1), day + 1);
    assert_true(zone_day_start_ms(shanghai, day + 1) == ms + 1);
    assert_int_equal(zone_day(zone_find("UTC"), -1), -1);
    assert_int_equal(zone_day(zone_find("UTC"), 0), 0);
    for (day = -800; day < 800; day++) {
        ms = zone_day_start_ms(kolkata, day);
        assert_int_equal(zone_day(kolkata, ms), day);
        assert_int_equal(zone_day(kolkata, ms - 1), day - 1);
        assert_int_equal(zone_day(kolkata, ms + DAY_MS - 1), day);
    }
}

static void clocks_go_forward(void **state)
{
    (void)state;
    int64_t wall = clock_now_ms(), mono = clock_monotonic_us();
    assert_true(wall > 1700000000000);
    assert_true(clock_monotonic_us() >= mono);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_0_to_9999),
        cmocka_unit_test(agrees_with_the_system),
        cmocka_unit_test(instants_print_and_parse_back),
        cmocka_unit_test(the_far_ends_stay_printable),
        cmocka_unit_test(parses_both_forms),
        cmocka_unit_test(refuses_what_is_no_instant),
        cmocka_unit_test(days_parse_exactly),
        cmocka_unit_test(zones_have_their_offsets),
        cmocka_unit_test(days_begin_in_their_zone),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
