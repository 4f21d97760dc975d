/* One character of UTF-8, read or written: the step under text.c and log.c. */
#ifndef MMS_BASE_UTF8_H
#define MMS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The bytes (1-4) of the character at `at`, its code point in *cp; 0 when the bytes before `end`
 * are no valid character (overlong, surrogate, above U+10FFFF, cut off) or none are left. */
size_t utf8_decode(const char *at, const char *end, uint32_t *cp);
/* The bytes written; cp must be a code point that is not a surrogate. */
size_t utf8_encode(uint32_t cp, char out[static 4]);

#endif
