/* A growing buffer that cannot grow past the maximum it was made with.
 *
 * Adding past the maximum sets `overflow` and adds nothing more; test the flag once, at the end.
 * The bytes are always followed by a NUL. Text added is taken as it is (UTF-8). */
#ifndef MMS_BASE_BUF_H
#define MMS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *bytes; /* owned; NULL until the first byte */
    size_t n, cap, max;
    bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_reset(struct buf *b);                          /* empty, keeps the memory */
char *buf_take(struct buf *b, size_t *n);               /* the bytes become the caller's (free()); b is empty */
/* The slow half of buf_room: grows, or sets overflow and gives NULL. */
char *buf_grow(struct buf *b, size_t n);
/* Room for n more bytes at the end, or NULL (overflow set). Follow with b->n += what was written. */
static inline char *buf_room(struct buf *b, size_t n)
{
    if (b->overflow || n >= b->cap - b->n)
        return buf_grow(b, n);
    b->bytes[b->n] = b->bytes[b->n + n] = '\0'; /* right whether all of the room is filled, or none */
    return b->bytes + b->n;
}
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t value);             /* decimal digits, fast */
void buf_fmt(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *buf_text(const struct buf *b);              /* never NULL */

#endif
