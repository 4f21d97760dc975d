/* Chinese characters as they are typed in latin letters, and traditional ones as simplified. From the Unihan database
 * (tools/pinyin.py makes the tables when the program is built). */
#ifndef MMS_BASE_PINYIN_H
#define MMS_BASE_PINYIN_H

#include <stddef.h>
#include <stdint.h>

/* All readings of the character in modern use, without tones, a blank between them, in the order of the alphabet: 调 gives
 * "diao tiao". ü is both v and u. NULL: no Chinese character, or nobody knows how it is read. */
const char *pinyin_readings(uint32_t cp);

/* The simplified form of a traditional character; any other is given back as it is. Never changes its own answer. */
uint32_t pinyin_simplified(uint32_t cp);

/* ---- the tables, sorted by character ---- */

#define PINYIN_SET_BITS 11 /* of a row of pinyin_of: the lower ones are the place in pinyin_sets, the others the character */
extern const char *const pinyin_sets[];
extern const uint32_t pinyin_of[];
extern const size_t pinyin_of_count;
extern const uint32_t pinyin_variants[][2];
extern const size_t pinyin_variant_count;

#endif
