#include "legacy/decimal.h"

#include <ctype.h>

__extension__ typedef __int128 wide;

#define SCALE 18      /* decimals that are looked at */
#define DIGITS_MAX 30 /* of the number as written; what follows is too small to matter */
#define EXPONENT_MAX 400
#define NOISE INT64_C(1000000000)            /* 1e-9 in units of 1e-18 */
#define PER_MILLIONTH INT64_C(1000000000000) /* 1e-6 in them */
#define WHOLES_MAX INT64_C(9000000000000)

struct written {
    wide digits;
    int scale; /* value = digits × 10^-scale */
    bool minus;
};

/* False: no number. */
static bool read_digits(const char **at, const char *end, struct written *w)
{
    bool any = false, point = false;
    int taken = 0;
    for (; *at < end && (isdigit((unsigned char)**at) || (**at == '.' && !point)); ++*at) {
        if (**at == '.') {
            point = true;
            continue;
        }
        any = true;
        if (taken < DIGITS_MAX) {
            w->digits = w->digits * 10 + (**at - '0');
            taken += w->digits != 0;
            w->scale += point;
        } else {
            w->scale -= !point;
        }
    }
    return any;
}

static bool read_exponent(const char **at, const char *end, struct written *w)
{
    if (*at == end || (**at != 'e' && **at != 'E'))
        return true;
    ++*at;
    bool minus = *at < end && **at == '-';
    *at += *at < end && (**at == '-' || **at == '+');
    const char *first = *at;
    int exponent = 0;
    for (; *at < end && isdigit((unsigned char)**at); ++*at)
        exponent = exponent < EXPONENT_MAX ? exponent * 10 + (**at - '0') : exponent;
    w->scale += minus ? exponent : -exponent;
    return *at > first;
}

/* In units of 1e-18; false: too large. */
static bool to_scale(const struct written *w, wide *out)
{
    wide v = w->digits, most = (wide)WHOLES_MAX * PER_MILLIONTH * DEC_ONE;
    int scale = w->scale;
    for (; scale > SCALE && v; scale--)
        v /= 10;
    for (; scale < SCALE && v && v <= most; scale++)
        v *= 10;
    *out = v;
    return v <= most;
}

enum decimal decimal_read(const char *text, size_t n, struct dec *out)
{
    const char *at = text, *end = text + n;
    struct written w = {0};
    wide v;
    if (at < end && (*at == '-' || *at == '+'))
        w.minus = *at++ == '-';
    if (!read_digits(&at, end, &w) || !read_exponent(&at, end, &w) || at != end)
        return DECIMAL_NONE;
    if (!to_scale(&w, &v))
        return DECIMAL_TOO_LARGE;
    wide millionths = (v + PER_MILLIONTH / 2) / PER_MILLIONTH, rest = v - millionths * PER_MILLIONTH;
    out->millionths = (int64_t)(w.minus ? -millionths : millionths);
    return rest < NOISE && rest > -NOISE ? DECIMAL_EXACT : DECIMAL_ROUNDED;
}

bool decimal_near(const char *text, size_t n, struct dec *out)
{
    enum decimal read = decimal_read(text, n, out);
    return read == DECIMAL_EXACT || read == DECIMAL_ROUNDED;
}

unsigned decimal_places(struct dec d)
{
    unsigned places = 0;
    while (places < DEC_PLACES && !dec_fits(d, places))
        places++;
    return places;
}
