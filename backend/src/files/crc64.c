#include "files/crc64.h"

#include <lzma.h>

#define POLYNOMIAL UINT64_C(0xC96C5795D7870F42) /* reflected: bit 63 is x⁰ */
#define X8 (UINT64_C(1) << (63 - 8))

uint64_t crc64(uint64_t crc, const void *bytes, size_t n)
{
    return lzma_crc64(bytes, n, crc);
}

/* a · b modulo the polynomial. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = UINT64_C(1) << 63; bit; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = (b >> 1) ^ (b & 1 ? POLYNOMIAL : 0);
    }
    return product;
}

/* Bytes behind it move the first sum up by x⁸ each. */
uint64_t crc64_join(uint64_t first, uint64_t second, int64_t second_bytes)
{
    uint64_t power = X8;
    for (int64_t n = second_bytes; n; n >>= 1) {
        if (n & 1)
            first = multiply(first, power);
        power = multiply(power, power);
    }
    return first ^ second;
}
