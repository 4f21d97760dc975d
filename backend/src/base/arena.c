#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double up to GROW_MAX. A bigger request gets a block of its own behind the current one, so
 * that the room left there stays in use; reset keeps no block bigger than GROW_MAX. */
enum { FIRST_BLOCK = 8 * 1024, GROW_MAX = 256 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t room;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void use_block(struct arena *a, struct arena_block *b)
{
    a->at = b->bytes;
    a->end = b->bytes + b->room;
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = NULL;

    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        if (b->room <= GROW_MAX && (!kept || b->room > kept->room)) {
            free(kept);
            kept = b;
        } else {
            free(b);
        }
    }
    arena_init(a);
    if (!kept)
        return;
    kept->next = NULL;
    a->blocks = kept;
    use_block(a, kept);
}

void arena_free(struct arena *a)
{
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    arena_init(a);
}

static struct arena_block *make_block(size_t room)
{
    if (room > PTRDIFF_MAX - sizeof(struct arena_block))
        abort();
    struct arena_block *b = malloc(sizeof *b + room);
    if (!b)
        abort();
    b->next = NULL;
    b->room = room;
    return b;
}

static void *own_block(struct arena *a, size_t bytes)
{
    struct arena_block *b = make_block(bytes);

    b->next = a->blocks->next;
    a->blocks->next = b;
    return b->bytes;
}

static void next_block(struct arena *a, size_t bytes)
{
    size_t room = a->blocks ? a->blocks->room * 2 : FIRST_BLOCK;

    if (room > GROW_MAX)
        room = GROW_MAX;
    struct arena_block *b = make_block(room < bytes ? bytes : room);
    b->next = a->blocks;
    a->blocks = b;
    use_block(a, b);
}

/* Not zeroed: for callers that write every byte. `align` is a power of two. */
static void *take(struct arena *a, size_t bytes, size_t align)
{
    size_t skip = a->at ? -(uintptr_t)a->at & (align - 1) : 0;
    size_t left = (size_t)(a->end - a->at);

    a->used += bytes;
    if (!a->blocks || left < skip || left - skip < bytes) {
        if (a->blocks && bytes > GROW_MAX)
            return own_block(a, bytes);
        next_block(a, bytes);
        skip = 0;
    }
    void *p = a->at + skip;
    a->at += skip + bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    return memset(take(a, bytes, alignof(max_align_t)), 0, bytes);
}

void *arena_array(struct arena *a, size_t count, size_t each)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, each, &bytes))
        abort();
    return arena_alloc(a, bytes);
}

char *arena_copy(struct arena *a, const char *bytes, size_t n)
{
    if (n == SIZE_MAX)
        abort();
    char *copy = take(a, n + 1, 1);
    if (n)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}

char *arena_dup(struct arena *a, const char *text)
{
    return text ? arena_copy(a, text, strlen(text)) : NULL;
}

char *arena_fmt(struct arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = arena_vfmt(a, format, args);
    va_end(args);
    return text;
}

char *arena_vfmt(struct arena *a, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        abort();
    char *text = take(a, (size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}
