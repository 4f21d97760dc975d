#include "excel/sheet_value.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define EXPONENT_MAX 310  /* a spreadsheet's largest number is below 10^309 */
#define EXPONENT_MIN -310 /* what is smaller is nothing */
#define DAY_SECONDS 86400

/* ---------------------------------------------------------------- numbers */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct digits {
    char kept[SHEET_DIGITS + 1]; /* one more decides the rounding */
    int count;
    int point; /* of the number's digits without leading zeros, how many stand before the point; negative: zeros after it */
    bool any;
};

static void take_digit(struct digits *d, char c, bool after_point)
{
    d->any = true;
    bool leads = d->count == 0 && c == '0';
    if (!leads && d->count < (int)sizeof d->kept)
        d->kept[d->count++] = c;
    if (after_point ? leads : !leads)
        d->point += after_point ? -1 : 1;
}

static const char *take_digits(struct digits *d, const char *at)
{
    bool after_point = false;
    for (; is_digit(*at) || (*at == '.' && !after_point); at++) {
        if (*at == '.')
            after_point = true;
        else
            take_digit(d, *at, after_point);
    }
    return at;
}

/* NULL: no exponent where one was begun. A huge one stops growing: it is too much either way. */
static const char *take_exponent(const char *at, int *exponent)
{
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (!is_digit(*at))
        return NULL;
    int value = 0;
    for (; is_digit(*at); at++)
        if (value < 1000000)
            value = value * 10 + (*at - '0');
    *exponent = negative ? -value : value;
    return at;
}

static void round_up(struct sheet_number *x)
{
    int i = x->count;
    while (i > 0 && x->digits[i - 1] == '9')
        i--;
    x->count = i;
    if (i > 0) {
        x->digits[i - 1]++;
        return;
    }
    x->digits[x->count++] = '1';
    x->exponent++;
}

static void keep(struct sheet_number *x, const struct digits *d)
{
    x->count = d->count < SHEET_DIGITS ? d->count : SHEET_DIGITS;
    memcpy(x->digits, d->kept, (size_t)x->count);
    if (d->count > SHEET_DIGITS && d->kept[SHEET_DIGITS] >= '5')
        round_up(x);
    while (x->count > 0 && x->digits[x->count - 1] == '0')
        x->count--;
}

bool sheet_number_read(const char *text, struct sheet_number *out)
{
    struct sheet_number x = {.negative = *text == '-'};
    struct digits d = {0};
    int exponent = 0;
    const char *at = take_digits(&d, text + (*text == '-' || *text == '+'));
    if (d.any && (*at == 'e' || *at == 'E'))
        at = take_exponent(at + 1, &exponent);
    if (!d.any || !at || *at)
        return false;
    x.exponent = d.point + exponent;
    if (d.count > 0 && x.exponent > EXPONENT_MAX)
        return false;
    if (x.exponent >= EXPONENT_MIN)
        keep(&x, &d);
    if (x.count == 0)
        x = (struct sheet_number){0};
    *out = x;
    return true;
}

void sheet_number_print(const struct sheet_number *x, char out[static SHEET_NUMBER_MAX])
{
    char *at = out;
    if (x->negative)
        *at++ = '-';
    if (x->exponent <= 0)
        *at++ = '0';
    for (int i = 0; i < x->exponent; i++)
        *at++ = i < x->count ? x->digits[i] : '0';
    if (x->count > x->exponent && x->count > 0) {
        *at++ = '.';
        for (int i = x->exponent; i < x->count; i++)
            *at++ = i >= 0 ? x->digits[i] : '0';
    }
    *at = '\0';
}

/* ---------------------------------------------------------------- number formats */

enum sheet_format sheet_format_of_id(unsigned id)
{
    if ((id >= 18 && id <= 21) || id == 45 || id == 47 || (id >= 32 && id <= 35) || id == 55 || id == 56)
        return SHEET_FORMAT_TIME;
    if ((id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)) /* 27–36, 50–58: of Chinese, Japanese, Korean */
        return SHEET_FORMAT_DATE;
    return SHEET_FORMAT_NUMBER;
}

/* What stands for itself at `at` ("…", \x, _x, *x, [Red], General): the bytes to skip, 0 when it is none. */
static size_t literal_length(const char *at)
{
    const char *end;
    switch (*at) {
    case '"':
    case '[':
        end = strchr(at + 1, *at == '"' ? '"' : ']');
        return end ? (size_t)(end - at) + 1 : strlen(at);
    case '\\':
    case '_':
    case '*':
        return at[1] ? 2 : 1;
    default:
        return strncasecmp(at, "General", 7) == 0 ? 7 : 0;
    }
}

/* [h], [mm], [s]: time that goes on over 24 hours. */
static bool is_elapsed(const char *at)
{
    size_t n = *at == '[' ? strspn(at + 1, "hHmMsS") : 0;
    return n > 0 && at[n + 1] == ']';
}

enum sheet_format sheet_format_of_code(const char *code)
{
    bool day = false, clock = false;
    for (const char *at = code; *at && *at != ';';) {
        size_t skip = literal_length(at);
        if (is_elapsed(at))
            return SHEET_FORMAT_NUMBER;
        if (skip == 0) {
            day |= strchr("yYdD", *at) || strncasecmp(at, "aaa", 3) == 0; /* a weekday */
            day |= !clock && strchr("mM", *at) && !strpbrk(at, "hHsS");
            clock |= strchr("hHsS", *at) != NULL;
            skip = 1;
        }
        at += skip;
    }
    return day ? SHEET_FORMAT_DATE : clock ? SHEET_FORMAT_TIME : SHEET_FORMAT_NUMBER;
}

/* ---------------------------------------------------------------- dates */

/* The day, and the part of it in seconds, rounded; a day has at most seven digits. */
static void split(const struct sheet_number *x, int64_t *day, int64_t *second)
{
    int64_t part = 0;
    *day = 0;
    for (int i = 0; i < x->exponent; i++)
        *day = *day * 10 + (i < x->count ? x->digits[i] - '0' : 0);
    for (int i = x->exponent; i < x->exponent + 12; i++)
        part = part * 10 + (i >= 0 && i < x->count ? x->digits[i] - '0' : 0);
    *second = (part * DAY_SECONDS + INT64_C(500000000000)) / INT64_C(1000000000000);
    if (*second == DAY_SECONDS) {
        *second = 0;
        ++*day;
    }
}

/* 1900 was no leap year, but the first spreadsheets took it for one: day 60 is February 29th, and all days before it are off by one. */
static void print_day(int64_t day, bool from_1904, char out[static DAY_TEXT_MAX])
{
    if (from_1904)
        day_print(day - 24107, out);
    else if (day == 60)
        snprintf(out, DAY_TEXT_MAX, "1900-02-29");
    else
        day_print(day - (day < 60 ? 25568 : 25569), out);
}

bool sheet_date_print(const struct sheet_number *x, enum sheet_format format, bool from_1904, char out[static SHEET_DATE_MAX])
{
    char date[DAY_TEXT_MAX];
    int64_t day, second;
    if (x->negative || x->exponent > 7)
        return false;
    split(x, &day, &second);
    if (day > (from_1904 ? 2957003 : 2958465)) /* 9999-12-31 */
        return false;
    int hours = (int)(second / 3600), minutes = (int)(second / 60 % 60), seconds = (int)(second % 60);
    bool has_day = day > 0 || (from_1904 && format == SHEET_FORMAT_DATE);
    if (has_day)
        print_day(day, from_1904, date);
    if (!has_day)
        snprintf(out, SHEET_DATE_MAX, "%02d:%02d:%02d", hours, minutes, seconds);
    else if (second == 0)
        snprintf(out, SHEET_DATE_MAX, "%s", date);
    else
        snprintf(out, SHEET_DATE_MAX, "%s %02d:%02d:%02d", date, hours, minutes, seconds);
    return true;
}

/* "08:30", "08:30:00", "08:30:00.5Z": to the second. */
static bool clock_iso(const char *text, char out[static 9])
{
    static const char limits[] = "29:59:59";
    size_t n = strspn(text, "0123456789:");
    const char *rest = text + n;
    if (n != 5 && n != 8)
        return false;
    memcpy(out, "00:00:00", 9);
    memcpy(out, text, n);
    for (size_t i = 0; i < 8; i++)
        if ((limits[i] == ':') != (out[i] == ':') || out[i] > limits[i])
            return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    return memcmp(out, "24", 2) < 0 && (*rest == '\0' || strcmp(rest, "Z") == 0);
}

bool sheet_date_iso(const char *text, char out[static SHEET_DATE_MAX])
{
    char date[11] = "", clock[9];
    int64_t day;
    size_t n = strcspn(text, "T");
    if (n == 8 || n == 5 || n == 0)
        return clock_iso(text + (*text == 'T'), out);
    if (n != 10)
        return false;
    memcpy(date, text, n);
    if (!day_parse(date, &day) || (text[n] && !clock_iso(text + n + 1, clock)))
        return false;
    bool has_clock = text[n] && strcmp(clock, "00:00:00") != 0;
    snprintf(out, SHEET_DATE_MAX, "%s%s%s", date, has_clock ? " " : "", has_clock ? clock : "");
    return true;
}
