#include "base/dec.h"

__extension__ typedef __int128 wide;

static const int64_t POWERS[DEC_PLACES + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};

/* No int64_t of millionths has more digits. */
enum { DIGITS_MAX = 19 };

/* A number's text taken apart: digits with at most one point, times ten to the exponent. */
struct number {
    bool negative;
    const char *digits, *end;
    int64_t fraction; /* how many of the digits stand behind the point */
    int64_t exponent;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (is_digit(at, end))
        at++;
    return at;
}

/* Behind the "e". The value stops growing far beyond what any count of digits could make up for. */
static const char *read_exponent(const char *at, const char *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    int64_t value = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++) {
        if (value < INT64_MAX / 100)
            value = value * 10 + (*at - '0');
    }
    *exponent = negative ? -value : value;
    return at;
}

/* JSON's grammar of a number, all of the text. */
static bool scan(const char *at, const char *end, struct number *out)
{
    *out = (struct number){.negative = at < end && *at == '-'};
    at += out->negative;
    out->digits = at;
    if (!is_digit(at, end))
        return false;
    at = *at == '0' ? at + 1 : skip_digits(at, end);
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = skip_digits(fraction, end);
        out->fraction = at - fraction;
        if (out->fraction == 0)
            return false;
    }
    out->end = at;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = read_exponent(at + 1, end, &out->exponent);
        if (!at)
            return false;
    }
    return at == end;
}

/* Drops the zeros at both ends, however many. Returns how many digits are left; *shift is the power
 * of ten that makes those digits millionths. */
static int64_t strip_zeros(struct number *n, int64_t *shift)
{
    int64_t count = 0;

    *shift = n->exponent - n->fraction + DEC_PLACES;
    while (n->digits < n->end && (*n->digits == '0' || *n->digits == '.'))
        n->digits++;
    while (n->end > n->digits && (n->end[-1] == '0' || n->end[-1] == '.')) {
        *shift += n->end[-1] == '0';
        n->end--;
    }
    for (const char *at = n->digits; at < n->end; at++)
        count += *at != '.';
    return count;
}

static bool signed_of(uint64_t magnitude, bool negative, int64_t *out)
{
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

enum dec_parse dec_parse(const char *text, size_t n, struct dec *out)
{
    struct number number;
    int64_t shift, millionths;
    uint64_t magnitude = 0;

    if (!scan(text, text + n, &number))
        return DEC_SYNTAX;
    int64_t count = strip_zeros(&number, &shift);
    if (count > 0 && shift > DIGITS_MAX - count)
        return DEC_TOO_LARGE;
    if (count > 0 && shift < 0)
        return DEC_TOO_FINE;
    for (const char *at = number.digits; at < number.end; at++) {
        if (*at != '.')
            magnitude = magnitude * 10 + (uint64_t)(*at - '0');
    }
    for (; count > 0 && shift > 0; shift--)
        magnitude *= 10;
    if (!signed_of(magnitude, number.negative, &millionths))
        return DEC_TOO_LARGE;
    out->millionths = millionths;
    return DEC_PARSED;
}

size_t dec_print(struct dec d, char text[static DEC_TEXT_MAX])
{
    return dec_print_fixed(d, 0, text);
}

size_t dec_print_fixed(struct dec d, unsigned places, char text[static DEC_TEXT_MAX])
{
    char reversed[DEC_TEXT_MAX];
    size_t n = 0, length;
    uint64_t rest = d.millionths < 0 ? 0 - (uint64_t)d.millionths : (uint64_t)d.millionths;
    unsigned shown = DEC_PLACES;

    for (; shown > places && rest % 10 == 0; shown--)
        rest /= 10;
    for (unsigned i = 0; i < shown; i++, rest /= 10)
        reversed[n++] = (char)('0' + rest % 10);
    if (shown)
        reversed[n++] = '.';
    do {
        reversed[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (d.millionths < 0)
        reversed[n++] = '-';
    for (length = 0; length < n; length++)
        text[length] = reversed[n - 1 - length];
    text[length] = '\0';
    return length;
}

int dec_cmp(struct dec a, struct dec b)
{
    return (a.millionths > b.millionths) - (a.millionths < b.millionths);
}

int dec_sign(struct dec d)
{
    return dec_cmp(d, DEC_ZERO);
}

bool dec_fits(struct dec d, unsigned places)
{
    return places >= DEC_PLACES || d.millionths % POWERS[DEC_PLACES - places] == 0;
}

enum rc dec_add(struct dec a, struct dec b, struct dec *out)
{
    int64_t sum;

    if (__builtin_add_overflow(a.millionths, b.millionths, &sum))
        return RC_AMOUNT_TOO_LARGE;
    out->millionths = sum;
    return RC_OK;
}

enum rc dec_sub(struct dec a, struct dec b, struct dec *out)
{
    int64_t difference;

    if (__builtin_sub_overflow(a.millionths, b.millionths, &difference))
        return RC_AMOUNT_TOO_LARGE;
    out->millionths = difference;
    return RC_OK;
}

enum rc dec_neg(struct dec a, struct dec *out)
{
    return dec_sub(DEC_ZERO, a, out);
}

enum rc dec_mul(struct dec a, struct dec b, unsigned places, struct dec *out)
{
    unsigned kept = places < DEC_PLACES ? places : DEC_PLACES;
    wide product = (wide)a.millionths * b.millionths; /* at most 2^126: room for the half */
    wide step = (wide)DEC_ONE * POWERS[DEC_PLACES - kept];

    product += product < 0 ? -step / 2 : step / 2;
    product = product / step * POWERS[DEC_PLACES - kept];
    if (product > INT64_MAX || product < INT64_MIN)
        return RC_AMOUNT_TOO_LARGE;
    out->millionths = (int64_t)product;
    return RC_OK;
}

enum rc dec_share(struct dec a, struct dec part, struct dec whole, unsigned places, struct dec *out)
{
    unsigned kept = places < DEC_PLACES ? places : DEC_PLACES;
    wide step = (wide)whole.millionths * POWERS[DEC_PLACES - kept]; /* below 2^83 */
    wide product = (wide)a.millionths * part.millionths;            /* below 2^126: room for the half */

    product = (product + step / 2) / step * POWERS[DEC_PLACES - kept];
    if (product > INT64_MAX)
        return RC_AMOUNT_TOO_LARGE;
    out->millionths = (int64_t)product;
    return RC_OK;
}
