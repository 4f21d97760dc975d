#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

/* Functions that make text give NULL for NULL. Bytes that are no UTF-8 are kept as they are. */

bool text_is_utf8(const char *bytes, size_t n)
{
    const char *end = bytes + n;
    uint32_t cp;

    for (size_t step; bytes < end; bytes += step) {
        step = utf8_decode(bytes, end, &cp);
        if (step == 0 || cp == 0)
            return false;
    }
    return true;
}

/* Every byte but a continuation begins a character. */
static bool begins_char(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

size_t text_chars(const char *text)
{
    size_t chars = 0;

    for (; *text; text++)
        chars += begins_char(*text);
    return chars;
}

bool text_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    bool negative = *text == '-' && min < 0;
    const char *digits = text + negative;
    int64_t value = 0;

    if (!*digits || (*digits == '0' && (digits[1] || negative)))
        return false;
    for (const char *p = digits; *p; p++) {
        int digit = *p - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) /* downwards: INT64_MIN has no positive twin */
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_white(uint32_t cp)
{
    return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0xA0 || cp == 0x3000 || cp == 0xFEFF;
}

struct span {
    const char *at, *end;
};

static struct span trimmed(const char *text)
{
    const char *end = text + strlen(text);
    struct span s = {end, end};
    uint32_t cp;

    for (size_t step; text < end; text += step) {
        step = utf8_decode(text, end, &cp);
        if (step && is_white(cp))
            continue;
        step = step ? step : 1;
        if (s.at == end)
            s.at = text;
        s.end = text + step;
    }
    return s;
}

bool text_is_blank(const char *text)
{
    if (!text)
        return true;
    struct span s = trimmed(text);
    return s.at == s.end;
}

char *text_trim(struct arena *a, const char *text)
{
    if (!text)
        return NULL;
    struct span s = trimmed(text);
    return arena_copy(a, s.at, (size_t)(s.end - s.at));
}

/* The span with every character put through `turn`, which never makes one longer. */
static char *turned(struct arena *a, struct span s, uint32_t (*turn)(uint32_t cp))
{
    char *text = arena_copy(a, s.at, (size_t)(s.end - s.at));
    char *out = text;
    uint32_t cp;

    while (s.at < s.end) {
        size_t step = utf8_decode(s.at, s.end, &cp);
        if (step)
            out += utf8_encode(turn(cp), out);
        else
            *out++ = *s.at;
        s.at += step ? step : 1;
    }
    *out = '\0';
    return text;
}

static uint32_t narrow(uint32_t cp)
{
    if (cp >= 0xFF01 && cp <= 0xFF5E)
        return cp - 0xFF01 + '!';
    return cp == 0x3000 ? ' ' : cp;
}

static uint32_t lower_greek(uint32_t cp)
{
    if (cp >= 0x391 && cp <= 0x3AB && cp != 0x3A2)
        return cp + 0x20;
    switch (cp) {
    case 0x386:
        return 0x3AC;
    case 0x388:
    case 0x389:
    case 0x38A:
        return cp + 0x25;
    case 0x38C:
        return 0x3CC;
    case 0x38E:
    case 0x38F:
        return cp + 0x3F;
    case 0x3C2: /* the sigma at the end of a word is the same letter */
        return 0x3C3;
    default:
        return cp;
    }
}

static uint32_t lower_cyrillic(uint32_t cp)
{
    if (cp <= 0x40F)
        return cp + 0x50;
    if (cp <= 0x42F)
        return cp + 0x20;
    if (cp == 0x4C0)
        return 0x4CF;
    if (cp >= 0x4C1 && cp <= 0x4CE)
        return cp + (cp & 1);
    bool paired = (cp >= 0x460 && cp <= 0x481) || (cp >= 0x48A && cp <= 0x4BF) || cp >= 0x4D0;
    return paired ? cp | 1 : cp;
}

uint32_t text_fold_char(uint32_t cp)
{
    cp = narrow(cp);
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 0x20 : cp;
    if (cp >= 0xC0 && cp <= 0xDE && cp != 0xD7)
        return cp + 0x20;
    if (cp >= 0x370 && cp <= 0x3FF)
        return lower_greek(cp);
    return cp >= 0x400 && cp <= 0x52F ? lower_cyrillic(cp) : cp;
}

char *text_fold(struct arena *a, const char *text)
{
    return text ? turned(a, trimmed(text), text_fold_char) : NULL;
}

char *text_narrow(struct arena *a, const char *text)
{
    return text ? turned(a, (struct span){text, text + strlen(text)}, narrow) : NULL;
}

/* Where character number `chars` begins. */
static const char *skip_chars(const char *text, size_t chars)
{
    for (; *text; text++) {
        if (begins_char(*text) && chars-- == 0)
            break;
    }
    return text;
}

char *text_shorten(struct arena *a, const char *text, size_t chars)
{
    if (!text)
        return NULL;
    if (*skip_chars(text, chars) == '\0')
        return arena_dup(a, text);
    if (chars == 0)
        return arena_dup(a, "");
    const char *cut = skip_chars(text, chars - 1);
    return arena_fmt(a, "%.*s…", (int)(cut - text), text);
}

char *text_tame(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return text;
}

char *text_like(struct arena *a, const char *text)
{
    if (!text)
        return NULL;
    char *pattern = arena_array(a, strlen(text) + 2, 2); /* each escaped, two `%` and the NUL */
    char *out = pattern;

    *out++ = '%';
    for (; *text; text++) {
        if (strchr("%_\\", *text))
            *out++ = '\\';
        *out++ = *text;
    }
    *out++ = '%';
    return pattern;
}
