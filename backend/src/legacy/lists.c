/* Lists that grow in an arena, and a map from ids, or hashes of texts, to places in them. */
#include <stdlib.h>
#include <string.h>

#include "legacy/import.h"

struct id_slot {
    int64_t id;
    size_t value;
    bool used;
};

void *list_room(struct arena *a, void *items, size_t count, size_t *cap, size_t each)
{
    if (count < *cap)
        return items;
    *cap = *cap ? 2 * *cap : 64;
    void *grown = arena_array(a, *cap, each);
    if (count)
        memcpy(grown, items, count * each);
    return grown;
}

static struct id_slot *slot_of(const struct id_map *m, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 20) & (m->cap - 1);
    while (m->slots[at].used && m->slots[at].id != id)
        at = (at + 1) & (m->cap - 1);
    return &m->slots[at];
}

static void grow(struct id_map *m)
{
    struct id_map wider = {.arena = m->arena, .cap = m->cap ? 2 * m->cap : 256};
    wider.slots = arena_array(m->arena, wider.cap, sizeof *wider.slots);
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].used)
            *slot_of(&wider, m->slots[i].id) = m->slots[i];
    wider.count = m->count;
    *m = wider;
}

void id_put(struct id_map *m, int64_t id, size_t value)
{
    if (2 * m->count >= m->cap)
        grow(m);
    struct id_slot *slot = slot_of(m, id);
    m->count += !slot->used;
    *slot = (struct id_slot){id, value, true};
}

size_t id_get(const struct id_map *m, int64_t id)
{
    if (!m->cap)
        return ID_NONE;
    const struct id_slot *slot = slot_of(m, id);
    return slot->used ? slot->value : ID_NONE;
}

int64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (int64_t)hash;
}
