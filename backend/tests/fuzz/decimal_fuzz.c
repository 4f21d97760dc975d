/* Decimals: what is read is printed and read as the same; arithmetic is that of 128 bits, or refused. */
#include <string.h>

#include "base/dec.h"
#include "fuzz.h"

static bool in_range(__int128 value)
{
    return value >= INT64_MIN && value <= INT64_MAX;
}

static void check_printing(struct dec d)
{
    char text[DEC_TEXT_MAX];
    struct dec again;
    size_t n = dec_print(d, text);
    insist(n == strlen(text) && dec_parse(text, n, &again) == DEC_PARSED && dec_cmp(d, again) == 0);
    n = dec_print_fixed(d, 2, text);
    insist(n == strlen(text) && dec_parse(text, n, &again) == DEC_PARSED && dec_cmp(d, again) == 0);
}

static __int128 rounded(__int128 value, __int128 unit)
{
    __int128 half = value < 0 ? -unit / 2 : unit / 2;
    return (value + half) / unit * unit;
}

static void check_arithmetic(struct dec a, struct dec b)
{
    struct dec out;
    __int128 sum = (__int128)a.millionths + b.millionths, difference = (__int128)a.millionths - b.millionths;
    __int128 product = rounded((__int128)a.millionths * b.millionths, (__int128)10000 * 1000000) / 1000000;
    insist((dec_add(a, b, &out) == RC_OK) == in_range(sum) && (!in_range(sum) || out.millionths == sum));
    insist((dec_sub(a, b, &out) == RC_OK) == in_range(difference) && (!in_range(difference) || out.millionths == difference));
    insist((dec_mul(a, b, 2, &out) == RC_OK) == in_range(product) && (!in_range(product) || out.millionths == product));
    insist(dec_cmp(a, b) == (a.millionths > b.millionths) - (a.millionths < b.millionths));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dec a = {0}, b = {0};
    if (size >= 16) {
        memcpy(&a.millionths, data, 8);
        memcpy(&b.millionths, data + 8, 8);
        check_printing(a);
        check_arithmetic(a, b);
    }
    if (dec_parse((const char *)data, size, &a) == DEC_PARSED)
        check_printing(a);
    return 0;
}
