#include "domain/search_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/pinyin.h"

#define GRAM 3
#define EXPRESSION_MAX (64 * 1024)

/* A token as a number, its kind above: they are sorted and compared by the hundred. */
enum { TOKEN_LETTERS, TOKEN_CHAR, TOKEN_PAIR, TOKEN_NEAR };
#define KIND_SHIFT 56
#define TOKEN_PRINTED 16

struct tokens {
    struct arena *arena;
    uint64_t *at;
    size_t n, cap;
};

static void add(struct tokens *t, unsigned kind, uint64_t value)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        uint64_t *more = arena_array(t->arena, cap, sizeof *more);
        if (t->n)
            memcpy(more, t->at, t->n * sizeof *more);
        t->at = more;
        t->cap = cap;
    }
    t->at[t->n++] = (uint64_t)kind << KIND_SHIFT | value;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_once(struct tokens *t)
{
    size_t kept = 0;
    if (t->n)
        qsort(t->at, t->n, sizeof *t->at, by_number);
    for (size_t i = 0; i < t->n; i++)
        if (kept == 0 || t->at[i] != t->at[kept - 1])
            t->at[kept++] = t->at[i];
    t->n = kept;
}

static size_t print(uint64_t token, char *out)
{
    uint64_t value = token & ((UINT64_C(1) << KIND_SHIFT) - 1);
    unsigned kind = (unsigned)(token >> KIND_SHIFT);
    size_t n = 0;
    out[n++] = "lcbd"[kind];
    if (kind == TOKEN_LETTERS) {
        for (int shift = 8 * (GRAM - 1); shift >= 0; shift -= 8)
            if (value >> shift & 0xFF)
                out[n++] = (char)(value >> shift & 0xFF);
        return n;
    }
    do {
        out[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
        value /= 36;
    } while (value);
    return n;
}

static bool is_chinese(uint32_t cp)
{
    return pinyin_readings(cp) != NULL;
}

/* ---------------------------------------------------------------- of what is indexed */

/* A piece that is growing: the letters so far. */
struct piece {
    uint64_t letters;
    size_t n;
};

static struct piece longer(struct piece p, uint32_t letter)
{
    return (struct piece){p.letters << 8 | letter, p.n + 1};
}

/* All pieces that begin with `p` and go on with what the characters from `at` on spell. */
static void grow(struct tokens *t, struct search_text text, size_t at, struct piece p)
{
    if (p.n > 0)
        add(t, TOKEN_LETTERS, p.letters);
    while (at < text.n && search_is_gap(text.chars[at]))
        at++;
    if (p.n == GRAM || at == text.n)
        return;
    if (search_is_letter(text.chars[at])) {
        grow(t, text, at + 1, longer(p, text.chars[at]));
        return;
    }
    const char *r = pinyin_readings(text.chars[at]);
    char before = 0;
    for (; r && *r; r += strcspn(r, " "), r += *r == ' ') {
        size_t n = strcspn(r, " ");
        struct piece q = p;
        if (*r != before) /* readings are in the order of the alphabet: each first letter once */
            grow(t, text, at + 1, longer(p, (unsigned char)*r));
        before = *r;
        for (size_t i = 0; i < n && q.n < GRAM; i++) {
            q = longer(q, (unsigned char)r[i]);
            if (i + 1 < n)
                add(t, TOKEN_LETTERS, q.letters);
        }
        if (n > 1 && q.n - p.n == n)
            grow(t, text, at + 1, q);
    }
}

/* Pieces that begin inside a reading. */
static void grow_from_inside(struct tokens *t, struct search_text text, size_t at)
{
    const char *r = pinyin_readings(text.chars[at]);
    for (; r && *r; r += strcspn(r, " "), r += *r == ' ') {
        size_t n = strcspn(r, " ");
        for (size_t from = 1; from < n; from++) {
            struct piece p = {0, 0};
            for (size_t i = from; i < n && p.n < GRAM; i++) {
                p = longer(p, (unsigned char)r[i]);
                add(t, TOKEN_LETTERS, p.letters);
            }
            if (n - from < GRAM)
                grow(t, text, at + 1, p);
        }
    }
}

static uint64_t hash(const uint32_t *letters, size_t n, size_t without)
{
    uint32_t h = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        if (i != without)
            h = (h ^ letters[i]) * 16777619U;
    return h & 0x3FFFFFFF;
}

static void add_near(struct tokens *t, struct search_text word)
{
    for (size_t without = 0; without <= word.n; without++)
        add(t, TOKEN_NEAR, hash(word.chars, word.n, without));
}

static void add_text(struct tokens *t, struct search_text text)
{
    struct search_text run;
    uint32_t before = 0; /* the Chinese character before, with gaps at most between */

    for (size_t i = 0; i < text.n; i++) {
        uint32_t cp = text.chars[i];
        if (!search_is_letter(cp))
            add(t, TOKEN_CHAR, cp);
        if (search_is_gap(cp))
            continue;
        if (is_chinese(cp) && before)
            add(t, TOKEN_PAIR, (uint64_t)before << 21 | cp);
        before = is_chinese(cp) ? cp : 0;
        grow(t, text, i, (struct piece){0, 0});
        grow_from_inside(t, text, i);
    }
    for (size_t at = 0; search_next_latin(text, &at, &run);)
        if (search_may_err(run))
            add_near(t, run);
}

char *search_tokens(struct arena *a, const struct search_text *texts, size_t count)
{
    struct tokens t = {.arena = a};
    for (size_t i = 0; i < count; i++)
        add_text(&t, texts[i]);
    sort_once(&t);
    char *out = arena_array(a, t.n + 1, TOKEN_PRINTED), *at = out;
    for (size_t i = 0; i < t.n; i++) {
        at += print(t.at[i], at);
        *at++ = ' ';
    }
    if (at > out)
        at[-1] = '\0';
    return out;
}

/* ---------------------------------------------------------------- of what is asked for */

static uint64_t letters_of(const uint32_t *chars, size_t n)
{
    struct piece p = {0, 0};
    for (size_t i = 0; i < n; i++)
        p = longer(p, chars[i]);
    return p.letters;
}

static size_t run_length(struct search_text word, size_t from, bool (*is)(uint32_t cp))
{
    size_t n = 0;
    while (from + n < word.n && is(word.chars[from + n]))
        n++;
    return n;
}

/* Pieces of `size` that cover the run, the last one overlapping when it must. */
static void cover(struct tokens *t, const uint32_t *chars, size_t n, size_t size, bool letters)
{
    size_t each = n < size ? n : size;
    for (size_t i = 0; i < n; i += each) {
        size_t from = i + each <= n ? i : n - each;
        if (letters)
            add(t, TOKEN_LETTERS, letters_of(chars + from, each));
        else if (each == 1)
            add(t, TOKEN_CHAR, chars[from]);
        else
            add(t, TOKEN_PAIR, (uint64_t)chars[from] << 21 | chars[from + 1]);
    }
}

static void add_wanted(struct tokens *t, struct search_text word)
{
    for (size_t i = 0, n; i < word.n; i += n) {
        if ((n = run_length(word, i, search_is_letter)) > 0)
            cover(t, word.chars + i, n, GRAM, true);
        else if ((n = run_length(word, i, is_chinese)) > 0)
            cover(t, word.chars + i, n, 2, false);
        else
            cover(t, word.chars + i, n = 1, 1, false);
    }
}

static void print_all(struct buf *b, const struct tokens *t, const char *between)
{
    char token[TOKEN_PRINTED];
    for (size_t i = 0; i < t->n; i++) {
        if (i > 0)
            buf_str(b, between);
        buf_add(b, token, print(t->at[i], token));
    }
}

static void print_word(struct buf *b, struct arena *a, struct search_text word, bool with_typos)
{
    struct tokens wanted = {.arena = a}, near = {.arena = a};
    add_wanted(&wanted, word);
    sort_once(&wanted);
    buf_char(b, '(');
    print_all(b, &wanted, " AND ");
    buf_char(b, ')');
    if (!with_typos || !search_may_err(word))
        return;
    add_near(&near, word);
    sort_once(&near);
    buf_str(b, " OR ");
    print_all(b, &near, " OR ");
}

char *search_expression(struct arena *a, const struct search_text *words, size_t count, bool with_typos)
{
    struct buf b;
    buf_init(&b, EXPRESSION_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_str(&b, i > 0 ? " AND (" : "(");
        print_word(&b, a, words[i], with_typos);
        buf_char(&b, ')');
    }
    char *out = count > 0 && !b.overflow ? arena_copy(a, b.bytes, b.n) : NULL;
    buf_free(&b);
    return out;
}
