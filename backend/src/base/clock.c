#include "base/clock.h"

#include <string.h>
#include <time.h>

enum { DAY_S = 86400, QUAD = 4 * 365 + 1, CENTURY = 25 * QUAD - 1, ERA = 4 * CENTURY + 1 };

/* Days from 0000-03-01 to 1970-01-01. Years begin in March: the leap day is their last day. */
#define MARCH_0 INT64_C(719468)
/* What the printed forms say: 0000-01-01 to 9999-12-31. A day outside is shown as the nearer. */
#define DAY_MIN (-MARCH_0 - 60)
#define DAY_MAX INT64_C(2932896)

/* Days from the first of March to the first of the month, March first. */
static const int MONTH_STARTS[12] = {0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337};

struct civil {
    int year, month, day;
};

int64_t clock_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Whole years since 0000-03-01; what is left of *days stays there. A leap day at the end of four
 * years or of four centuries belongs to the year before it, hence the bounds. */
static int64_t take_years(int64_t *days)
{
    int64_t era = floor_div(*days, ERA);
    *days -= era * ERA;
    int64_t century = within(*days / CENTURY, 0, 3);
    *days -= century * CENTURY;
    int64_t quad = *days / QUAD;
    *days -= quad * QUAD;
    int64_t year = within(*days / 365, 0, 3);
    *days -= year * 365;
    return era * 400 + century * 100 + quad * 4 + year;
}

static struct civil civil_of(int64_t day)
{
    int64_t left = within(day, DAY_MIN, DAY_MAX) + MARCH_0;
    int64_t year = take_years(&left);
    int month = 11;

    while (MONTH_STARTS[month] > left)
        month--;
    int day_of_month = (int)(left - MONTH_STARTS[month]) + 1;
    bool next_year = month >= 10; /* January and February */
    return (struct civil){(int)year + next_year, next_year ? month - 9 : month + 3, day_of_month};
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return DAYS[month - 1] + (month == 2 && is_leap(year));
}

static bool day_of(struct civil c, int64_t *day)
{
    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > month_days(c.year, c.month))
        return false;
    int64_t year = c.month < 3 ? c.year - 1 : c.year;
    int month = c.month < 3 ? c.month + 9 : c.month - 3;
    int64_t leap_days = floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400);
    *day = year * 365 + leap_days + MONTH_STARTS[month] + c.day - 1 - MARCH_0;
    return true;
}

static char *put_digits(char *at, int value, int digits)
{
    for (int i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_day(char *at, int64_t day)
{
    struct civil c = civil_of(day);

    at = put_char(put_digits(at, c.year, 4), '-');
    at = put_char(put_digits(at, c.month, 2), '-');
    return put_digits(at, c.day, 2);
}

/* `between` stands between the day and the time. *left gets the milliseconds within the second. */
static char *put_seconds(char *at, int64_t ms, char between, int *left)
{
    ms = within(ms, DAY_MIN * DAY_S * 1000, (DAY_MAX + 1) * DAY_S * 1000 - 1);
    int64_t s = floor_div(ms, 1000);
    int64_t day = floor_div(s, DAY_S);
    int in_day = (int)(s - day * DAY_S);

    *left = (int)(ms - s * 1000);
    at = put_char(put_day(at, day), between);
    at = put_char(put_digits(at, in_day / 3600, 2), ':');
    at = put_char(put_digits(at, in_day / 60 % 60, 2), ':');
    return put_digits(at, in_day % 60, 2);
}

size_t clock_print_row(int64_t ms, char text[static CLOCK_TEXT_MAX])
{
    int unused;
    char *end = put_seconds(text, ms, ' ', &unused);

    *end = '\0';
    return (size_t)(end - text);
}

size_t clock_print_iso(int64_t ms, char text[static CLOCK_TEXT_MAX])
{
    int left;
    char *end = put_seconds(text, ms, 'T', &left);

    end = put_digits(put_char(end, '.'), left, 3);
    end = put_char(end, 'Z');
    *end = '\0';
    return (size_t)(end - text);
}

/* `digits` digits, followed by `after` unless that is NUL. NULL gives NULL, so that calls can be
 * chained. */
static const char *get_digits(const char *at, int digits, char after, int *value)
{
    *value = 0;
    for (; at && digits > 0; digits--, at++) {
        if (*at < '0' || *at > '9')
            return NULL;
        *value = *value * 10 + (*at - '0');
    }
    if (!at || after == '\0')
        return at;
    return *at == after ? at + 1 : NULL;
}

static const char *get_day(const char *at, int64_t *day)
{
    struct civil c;

    at = get_digits(at, 4, '-', &c.year);
    at = get_digits(at, 2, '-', &c.month);
    at = get_digits(at, 2, '\0', &c.day);
    return at && day_of(c, day) ? at : NULL;
}

static const char *get_time(const char *at, int64_t *ms)
{
    int hour, minute, second, left = 0;

    at = get_digits(at, 2, ':', &hour);
    at = get_digits(at, 2, ':', &minute);
    at = get_digits(at, 2, '\0', &second);
    if (at && *at == '.')
        at = get_digits(at + 1, 3, '\0', &left);
    if (!at || hour > 23 || minute > 59 || second > 59)
        return NULL;
    *ms = ((hour * 60 + minute) * INT64_C(60) + second) * 1000 + left;
    return at;
}

bool clock_parse(const char *text, int64_t *ms)
{
    int64_t day, in_day;
    const char *at = get_day(text, &day);

    if (!at || (*at != ' ' && *at != 'T'))
        return false;
    at = get_time(at + 1, &in_day);
    if (at && *at == 'Z')
        at++;
    if (!at || *at != '\0')
        return false;
    *ms = day * DAY_S * 1000 + in_day;
    return true;
}

/* Present-day offsets of tzdata's zones that have no summer time. Asia/Shanghai had one in
 * 1986-1991: that is left out, because no record of MMS is that old. */
static const struct zone ZONES[] = {
    {"Asia/Shanghai", 8 * 3600},     {"Asia/Urumqi", 6 * 3600},       {"Asia/Hong_Kong", 8 * 3600},
    {"Asia/Macau", 8 * 3600},        {"Asia/Taipei", 8 * 3600},       {"Asia/Singapore", 8 * 3600},
    {"Asia/Kuala_Lumpur", 8 * 3600}, {"Asia/Tokyo", 9 * 3600},        {"Asia/Seoul", 9 * 3600},
    {"Asia/Bangkok", 7 * 3600},      {"Asia/Ho_Chi_Minh", 7 * 3600},  {"Asia/Jakarta", 7 * 3600},
    {"Asia/Kolkata", 5 * 3600 + 1800}, {"Asia/Dubai", 4 * 3600},      {"Asia/Manila", 8 * 3600},
    {"Asia/Riyadh", 3 * 3600},       {"Africa/Nairobi", 3 * 3600},    {"Australia/Brisbane", 10 * 3600},
    {"Pacific/Honolulu", -10 * 3600}, {"Pacific/Kiritimati", 14 * 3600}, {"UTC", 0},
    {"Etc/UTC", 0},
};

const struct zone *zone_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof ZONES / sizeof *ZONES; i++) {
        if (strcmp(ZONES[i].name, name) == 0)
            return &ZONES[i];
    }
    return NULL;
}

int64_t zone_day(const struct zone *z, int64_t ms)
{
    return floor_div(floor_div(ms, 1000) + z->offset_s, DAY_S);
}

int64_t zone_day_start_ms(const struct zone *z, int64_t day)
{
    return (within(day, DAY_MIN, DAY_MAX + 1) * DAY_S - z->offset_s) * 1000;
}

size_t day_print(int64_t day, char text[static DAY_TEXT_MAX])
{
    char *end = put_day(text, day);

    *end = '\0';
    return (size_t)(end - text);
}

size_t day_print_compact(int64_t day, char text[static DAY_TEXT_MAX])
{
    struct civil c = civil_of(day);
    char *end = put_digits(put_digits(put_digits(text, c.year, 4), c.month, 2), c.day, 2);

    *end = '\0';
    return (size_t)(end - text);
}

bool day_parse(const char *text, int64_t *day)
{
    int64_t parsed;
    const char *end = get_day(text, &parsed);

    if (!end || *end != '\0')
        return false;
    *day = parsed;
    return true;
}
