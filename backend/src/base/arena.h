/* An arena: memory that lives and dies together, one per request, command or test.
 *
 * Memory comes zeroed and is never NULL. When the system itself has no memory left the process ends
 * (abort): the ledger survives a sudden end by design, and no half-working state is worth keeping.
 * What a client can make us allocate is bounded before it gets here (body size, items, page size). */
#ifndef MMS_BASE_ARENA_H
#define MMS_BASE_ARENA_H

#include <stddef.h>
#include <stdarg.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    char *at, *end;
    size_t used; /* bytes handed out since arena_init or arena_reset */
};

void arena_init(struct arena *a);
/* Forgets everything but keeps one block for the next use. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

void *arena_alloc(struct arena *a, size_t bytes);                 /* zeroed, aligned for any type */
void *arena_array(struct arena *a, size_t count, size_t each);    /* overflow checked */
char *arena_copy(struct arena *a, const char *bytes, size_t n);   /* n bytes and a NUL */
char *arena_dup(struct arena *a, const char *text);               /* NULL gives NULL */
char *arena_fmt(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vfmt(struct arena *a, const char *format, va_list args);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
