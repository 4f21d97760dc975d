#include "base/utf8.h"

/* Bytes of a character by its first byte, and the smallest code point that may take so many. */
static size_t length_of(unsigned char first, uint32_t *least)
{
    if (first >= 0xC2 && first <= 0xDF) {
        *least = 0x80;
        return 2;
    }
    if ((first & 0xF0) == 0xE0) {
        *least = 0x800;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_decode(const char *at, const char *end, uint32_t *cp)
{
    if (at >= end)
        return 0;
    unsigned char first = (unsigned char)*at;
    if (first < 0x80) {
        *cp = first;
        return 1;
    }
    uint32_t least, value;
    size_t n = length_of(first, &least);
    if (n == 0 || (size_t)(end - at) < n)
        return 0;
    value = first & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)at[i];
        if ((next & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *cp = value;
    return n;
}

size_t utf8_encode(uint32_t cp, char out[static 4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | cp); /* 110…, 1110… or 11110… above the first bits */
    return n;
}
