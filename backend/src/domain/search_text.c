#include "domain/search_text.h"

#include <string.h>

#include "base/arena.h"
#include "base/pinyin.h"
#include "base/text.h"
#include "base/utf8.h"

static uint32_t fold(uint32_t cp)
{
    if (cp >= 0x2080 && cp <= 0x2089) /* H₂O */
        return cp - 0x2080 + '0';
    switch (cp) {
    case 0xB9:
        return '1';
    case 0xB2:
        return '2';
    case 0xB3:
        return '3';
    default:
        return cp < 0x2E80 ? text_fold_char(cp) : pinyin_simplified(text_fold_char(cp));
    }
}

struct search_text search_text(struct arena *a, const char *text)
{
    size_t bytes = text ? strlen(text) : 0, n = 0;
    uint32_t *chars = arena_array(a, bytes + 1, sizeof *chars);

    for (const char *end = text + bytes; text < end && n < SEARCH_TEXT_MAX;) {
        uint32_t cp;
        size_t step = utf8_decode(text, end, &cp);
        chars[n++] = step ? fold(cp) : 0xFFFD;
        text += step ? step : 1;
    }
    return (struct search_text){chars, n};
}

bool search_is_letter(uint32_t cp)
{
    return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9');
}

bool search_is_gap(uint32_t cp)
{
    if (cp < 0x80)
        return !search_is_letter(cp);
    return (cp < 0xC0 && cp != 0xB5) || (cp >= 0x2000 && cp <= 0x206F) || (cp >= 0x3000 && cp <= 0x303F) || cp == 0xFEFF;
}

static bool is_blank(uint32_t cp)
{
    return cp <= ' ' || cp == 0x7F || cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x3000 || cp == 0xFEFF;
}

size_t search_words(struct arena *a, const char *q, struct search_text *words, size_t max)
{
    struct search_text all = search_text(a, q);
    size_t count = 0;

    for (size_t i = 0; i < all.n && count < max;) {
        size_t from = i;
        while (i < all.n && !is_blank(all.chars[i]) && i - from < SEARCH_WORD_MAX)
            i++;
        if (i > from)
            words[count++] = (struct search_text){all.chars + from, i - from};
        else
            i++;
    }
    return count;
}

/* ---------------------------------------------------------------- finding */

/* What is being looked for, and which states (characters of the text and of the word that are behind us) are known to lead
 * nowhere: so the work is bounded by the product of both lengths. */
struct finding {
    struct search_text word, text;
    size_t end; /* of the place that was found */
    uint8_t dead[((SEARCH_WORD_MAX + 1) * (SEARCH_TEXT_MAX + 1) + 7) / 8];
};

static size_t state_of(const struct finding *f, size_t at, size_t done)
{
    return at * (f->word.n + 1) + done;
}

static bool goes_on(struct finding *f, size_t at, size_t done, bool begun);

/* Whether a reading of the character at `at` goes on with the word; its first letter alone comes last. */
static bool reading_goes_on(struct finding *f, size_t at, size_t done, const char *readings)
{
    for (const char *r = readings; *r;) {
        size_t n = strcspn(r, " "), same = 0;
        while (same < n && done + same < f->word.n && f->word.chars[done + same] == (unsigned char)r[same])
            same++;
        bool whole = same == n, ends_here = same > 0 && done + same == f->word.n;
        if ((whole || ends_here) && goes_on(f, at + 1, done + same, true))
            return true;
        if (same > 0 && goes_on(f, at + 1, done + 1, true))
            return true;
        r += n + (r[n] == ' ');
    }
    return false;
}

static bool goes_on(struct finding *f, size_t at, size_t done, bool begun)
{
    if (done == f->word.n) {
        f->end = at;
        return true;
    }
    if (at == f->text.n)
        return false;
    size_t state = state_of(f, at, done);
    if (f->dead[state / 8] >> (state % 8) & 1)
        return false;
    uint32_t cp = f->text.chars[at];
    const char *readings = search_is_letter(f->word.chars[done]) ? pinyin_readings(cp) : NULL;
    if (cp == f->word.chars[done] && goes_on(f, at + 1, done + 1, true))
        return true;
    if (readings && reading_goes_on(f, at, done, readings))
        return true;
    if (begun && search_is_gap(cp) && goes_on(f, at + 1, done, true))
        return true;
    f->dead[state / 8] |= (uint8_t)(1U << (state % 8));
    return false;
}

bool search_find(struct search_text word, struct search_text text, size_t *start, size_t *length)
{
    struct finding f;

    if (word.n == 0 || word.n > SEARCH_WORD_MAX || text.n > SEARCH_TEXT_MAX)
        return false;
    f.word = word;
    f.text = text;
    memset(f.dead, 0, state_of(&f, text.n, word.n) / 8 + 1);
    for (size_t at = 0; at < text.n; at++)
        if (goes_on(&f, at, 0, false)) {
            *start = at;
            *length = f.end - at;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- typing errors */

static bool is_latin(uint32_t cp)
{
    return cp >= 'a' && cp <= 'z';
}

bool search_may_err(struct search_text word)
{
    for (size_t i = 0; i < word.n; i++)
        if (!is_latin(word.chars[i]))
            return false;
    return word.n >= SEARCH_TYPO_MIN && word.n <= SEARCH_TYPO_MAX;
}

bool search_next_latin(struct search_text text, size_t *at, struct search_text *run)
{
    size_t i = *at;
    while (i < text.n && !is_latin(text.chars[i]))
        i++;
    size_t from = i;
    while (i < text.n && is_latin(text.chars[i]))
        i++;
    *at = i;
    *run = (struct search_text){text.chars + from, i - from};
    return i > from;
}

static bool same_from(struct search_text a, size_t i, struct search_text b, size_t j)
{
    return a.n - i == b.n - j && memcmp(a.chars + i, b.chars + j, (a.n - i) * sizeof *a.chars) == 0;
}

/* At most one letter more, less or other, or two neighbours exchanged. */
static bool is_near(struct search_text a, struct search_text b)
{
    size_t i = 0;
    while (i < a.n && i < b.n && a.chars[i] == b.chars[i])
        i++;
    if (i == a.n || i == b.n)
        return a.n + b.n <= 2 * i + 1;
    bool exchanged = i + 1 < a.n && i + 1 < b.n && a.chars[i] == b.chars[i + 1] && a.chars[i + 1] == b.chars[i];
    return same_from(a, i + 1, b, i + 1) || same_from(a, i + 1, b, i) || same_from(a, i, b, i + 1) ||
           (exchanged && same_from(a, i + 2, b, i + 2));
}

bool search_find_typo(struct search_text word, struct search_text text, size_t *start, size_t *length)
{
    struct search_text run;

    if (!search_may_err(word))
        return false;
    for (size_t at = 0; search_next_latin(text, &at, &run);)
        if (search_may_err(run) && is_near(word, run)) {
            *start = at - run.n;
            *length = run.n;
            return true;
        }
    return false;
}
