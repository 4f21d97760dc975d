#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void buf_init(struct buf *b, size_t max)
{
    /* Half the address space, so that sizes near the maximum are added without wrapping round. */
    *b = (struct buf){.max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2};
}

void buf_free(struct buf *b)
{
    free(b->bytes);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->overflow = false;
    if (b->bytes)
        b->bytes[0] = '\0';
}

char *buf_take(struct buf *b, size_t *n)
{
    char *bytes = b->bytes ? b->bytes : calloc(1, 1);

    if (!bytes)
        abort();
    bytes[b->n] = '\0';
    if (n)
        *n = b->n;
    buf_init(b, b->max);
    return bytes;
}

/* Room for `need` bytes in all and the NUL; need <= max. */
static void grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;

    if (cap < need + 1)
        cap = need + 1;
    if (cap > b->max + 1)
        cap = b->max + 1;
    char *bytes = realloc(b->bytes, cap);
    if (!bytes)
        abort(); /* as in the arena: no half-working state */
    b->bytes = bytes;
    b->cap = cap;
}

char *buf_grow(struct buf *b, size_t n)
{
    if (b->overflow || n > b->max - b->n) {
        b->overflow = true;
        return NULL;
    }
    size_t need = b->n + n;
    if (b->cap <= need)
        grow(b, need);
    b->bytes[b->n] = b->bytes[need] = '\0';
    return b->bytes + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *at = n ? buf_room(b, n) : NULL;

    if (!at)
        return;
    memcpy(at, bytes, n);
    b->n += n;
}

void buf_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_int(struct buf *b, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_fmt(struct buf *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        abort();
    char *at = n ? buf_room(b, (size_t)n) : NULL;
    if (at) {
        vsnprintf(at, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

const char *buf_text(const struct buf *b)
{
    if (!b->bytes)
        return "";
    if (b->bytes[b->n] != '\0')
        b->bytes[b->n] = '\0'; /* buf_room gave more than was written */
    return b->bytes;
}
