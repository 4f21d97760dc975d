#include "excel/sheet_room.h"

#include <stdalign.h>
#include <stdlib.h>

struct piece {
    alignas(max_align_t) size_t n;
    alignas(max_align_t) char bytes[];
};

/* Expat tells its allocator nothing about the parser. */
static _Thread_local struct sheet_room *present;

void sheet_room_enter(struct sheet_room *room)
{
    present = room;
}

static struct piece *piece_of(void *bytes)
{
    return (struct piece *)((char *)bytes - offsetof(struct piece, bytes));
}

static void *resize(void *bytes, size_t n)
{
    struct piece *old = bytes ? piece_of(bytes) : NULL;
    size_t had = old ? old->n : 0;
    if (n > had && n - had > present->left)
        return NULL;
    struct piece *p = realloc(old, sizeof *p + n);
    if (!p)
        abort(); /* as in the arena */
    present->left = present->left + had - n;
    p->n = n;
    return p->bytes;
}

static void *take(size_t n)
{
    return resize(NULL, n);
}

static void give(void *bytes)
{
    if (!bytes)
        return;
    present->left += piece_of(bytes)->n;
    free(piece_of(bytes));
}

const XML_Memory_Handling_Suite sheet_room_suite = {take, resize, give};
