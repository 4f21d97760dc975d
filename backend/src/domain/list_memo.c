#include "domain/list_memo.h"

#include <stdlib.h>
#include <string.h>

#define TOTAL_SLOTS 128
#define PAGE_SLOTS 64
#define KEY_MAX 8192 /* bytes of statement and values; longer ones are not remembered */

struct list_memo {
    struct memo_slot totals[TOTAL_SLOTS], pages[PAGE_SLOTS];
};

struct list_memo *list_memo_new(void)
{
    struct list_memo *memo = calloc(1, sizeof *memo);
    if (!memo)
        abort();
    return memo;
}

static void forget(struct memo_slot *slot)
{
    free(slot->key);
    free(slot->page);
    *slot = (struct memo_slot){0};
}

void list_memo_free(struct list_memo *memo)
{
    if (!memo)
        return;
    for (size_t i = 0; i < TOTAL_SLOTS; i++)
        forget(&memo->totals[i]);
    for (size_t i = 0; i < PAGE_SLOTS; i++)
        forget(&memo->pages[i]);
    free(memo);
}

static char *copy_bytes(const char *bytes, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    copy[n] = 0;
    return copy;
}

static size_t slot_of(const struct buf *key, size_t slots)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < key->n; i++)
        h = (h ^ (unsigned char)key->bytes[i]) * UINT64_C(1099511628211);
    return (size_t)((h >> 7) % slots);
}

struct memo_slot *memo_total(struct list_memo *memo, const struct buf *key)
{
    return &memo->totals[slot_of(key, TOTAL_SLOTS)];
}

struct memo_slot *memo_page(struct list_memo *memo, const struct buf *key)
{
    return &memo->pages[slot_of(key, PAGE_SLOTS)];
}

bool memo_key(struct buf *key, const char *text, const struct db_value *args, size_t count, int64_t place, bool numbers_as_text)
{
    buf_init(key, KEY_MAX);
    buf_str(key, text);
    buf_char(key, numbers_as_text ? 't' : 'n');
    buf_int(key, place); /* page and its size stand in the answer, but not in the values */
    for (size_t i = 0; i < count; i++) {
        buf_char(key, '\n');
        buf_char(key, args[i].type == DB_TEXT ? '"' : '#');
        if (args[i].type == DB_TEXT) {
            buf_int(key, (int64_t)strlen(args[i].text));
            buf_char(key, ':');
            buf_str(key, args[i].text);
        } else {
            buf_int(key, args[i].number);
        }
    }
    if (!key->overflow)
        return true;
    buf_free(key);
    return false;
}

bool memo_holds(const struct memo_slot *slot, const struct buf *key, int64_t changes)
{
    return slot->key && slot->changes == changes && slot->key_n == key->n && memcmp(slot->key, key->bytes, key->n) == 0;
}

void memo_take(struct memo_slot *slot, const struct buf *key, int64_t changes)
{
    forget(slot);
    slot->key = copy_bytes(key->bytes, key->n);
    slot->key_n = key->n;
    slot->changes = changes;
}

void memo_set_page(struct memo_slot *slot, const char *bytes, size_t n)
{
    slot->page = copy_bytes(bytes, n);
    slot->page_n = n;
}
