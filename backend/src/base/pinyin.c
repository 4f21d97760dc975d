#include "base/pinyin.h"

const char *pinyin_readings(uint32_t cp)
{
    size_t from = 0, to = cp < 0x2E80 ? 0 : pinyin_of_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        uint32_t there = pinyin_of[middle] >> PINYIN_SET_BITS;
        if (there == cp)
            return pinyin_sets[pinyin_of[middle] & ((1U << PINYIN_SET_BITS) - 1)];
        if (there < cp)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

uint32_t pinyin_simplified(uint32_t cp)
{
    size_t from = 0, to = pinyin_variant_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (pinyin_variants[middle][0] == cp)
            return pinyin_variants[middle][1];
        if (pinyin_variants[middle][0] < cp)
            from = middle + 1;
        else
            to = middle;
    }
    return cp;
}
