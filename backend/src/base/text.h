/* Text: always UTF-8, NUL-terminated, never with a NUL inside. */
#ifndef MMS_BASE_TEXT_H
#define MMS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

bool text_is_utf8(const char *bytes, size_t n);   /* strict: no overlong forms, surrogates, > U+10FFFF, no NUL */
size_t text_chars(const char *text);              /* code points of valid UTF-8 */
bool text_equal(const char *a, const char *b);    /* NULL equals NULL only */
/* The whole text as a whole number in its one spelling: digits, a minus sign when min is negative, no leading zero. */
bool text_int(const char *text, int64_t min, int64_t max, int64_t *out);
bool text_starts(const char *text, const char *prefix);
bool text_is_blank(const char *text);             /* NULL, empty, or only white space (U+3000 included) */

/* Without white space at both ends (ASCII, U+00A0, U+3000, U+FEFF). */
char *text_trim(struct arena *a, const char *text);

/* The form in which codes and names are compared: trimmed, full-width forms (U+FF01–U+FF5E, U+3000) turned
 * to ASCII, ASCII, Latin-1, Greek and Cyrillic letters in lower case. "ＫＯＨ－０１" and "koh-01" fold alike. */
char *text_fold(struct arena *a, const char *text);
uint32_t text_fold_char(uint32_t cp); /* of one character, which stays one */

/* Full-width forms (U+FF01–U+FF5E, U+3000) turned to ASCII, everything else kept. */
char *text_narrow(struct arena *a, const char *text);

/* At most `chars` code points, with "…" when something was cut. */
char *text_shorten(struct arena *a, const char *text, size_t chars);

/* Without control characters, each of which becomes "?": what others say, on a line that people read. In place; gives `text`. */
char *text_tame(char *text);

/* The text for a LIKE pattern with ESCAPE '\': %, _ and \ stand for themselves; `%` is put at both ends. */
char *text_like(struct arena *a, const char *text);

#endif
