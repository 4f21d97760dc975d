/* What it means that a word is found in a text. No database and no index here: the index (search_tokens.h) only proposes,
 * these functions decide, so that both engines give the same answers.
 *
 * A text is a row of characters, folded one by one (width, case, ₂ and ² as 2, traditional as simplified), so that places in it are
 * places in what was written. A word is found where consecutive characters spell it:
 *   - each character spells itself;
 *   - a Chinese one also spells any of its readings, or the first letter of one: 调拨 is found by diaobo, tiaobo, db, tb, dbo;
 *   - the last one may be begun only: diaob;
 *   - what stands between (blanks, punctuation) may be left out: gbt3098 finds "GB/T 3098". */
#ifndef MMS_DOMAIN_SEARCH_TEXT_H
#define MMS_DOMAIN_SEARCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define SEARCH_WORD_MAX 100  /* characters of a word */
#define SEARCH_TEXT_MAX 512  /* characters of a text; what comes after is not searched */
#define SEARCH_TYPO_MIN 4    /* letters of a word in which a typing error is forgiven */
#define SEARCH_TYPO_MAX 24

struct search_text {
    const uint32_t *chars;
    size_t n;
};

/* NULL is empty. */
struct search_text search_text(struct arena *a, const char *text);

bool search_is_letter(uint32_t cp); /* a–z, 0–9 */
bool search_is_gap(uint32_t cp);    /* blank or punctuation */

/* The words of a question, as many as there are up to `max`; the rest is left out. */
size_t search_words(struct arena *a, const char *q, struct search_text *words, size_t max);

/* Where the word is found first. */
bool search_find(struct search_text word, struct search_text text, size_t *start, size_t *length);

/* Whether a typing error is forgiven in the word: latin letters only, SEARCH_TYPO_MIN to SEARCH_TYPO_MAX of them. */
bool search_may_err(struct search_text word);
/* The next run of latin letters from *at on, which moves behind it. */
bool search_next_latin(struct search_text text, size_t *at, struct search_text *run);
/* Where a run of latin letters of that length stands that one letter more, less or other, or two exchanged, makes the word. */
bool search_find_typo(struct search_text word, struct search_text text, size_t *start, size_t *length);

#endif
