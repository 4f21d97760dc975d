/* Remembered totals and pages of lists, one memo per thread. A key is the whole text of statement and values, so that two queries can
 * never be taken for each other. */
#ifndef MMS_DOMAIN_LIST_MEMO_H
#define MMS_DOMAIN_LIST_MEMO_H

#include "base/buf.h"
#include "db/db.h"

struct list_memo *list_memo_new(void);
void list_memo_free(struct list_memo *memo);

struct memo_slot {
    char *key; /* NULL: empty */
    size_t key_n;
    int64_t changes; /* of the topics, when it was remembered */
    int64_t total;
    char *page; /* the answer's body */
    size_t page_n;
};

#define MEMO_PAGE_BYTES_MAX (64 * 1024) /* of a page that is remembered: at most 4 MiB a thread */

/* False: too long to be remembered. True: `key` is the caller's to free. */
bool memo_key(struct buf *key, const char *text, const struct db_value *args, size_t count, int64_t place, bool numbers_as_text);
/* The slot that this key would be in. */
struct memo_slot *memo_total(struct list_memo *memo, const struct buf *key);
struct memo_slot *memo_page(struct list_memo *memo, const struct buf *key);
bool memo_holds(const struct memo_slot *slot, const struct buf *key, int64_t changes);
/* Empties the slot and gives it to this key; total and page are the caller's to set. */
void memo_take(struct memo_slot *slot, const struct buf *key, int64_t changes);
void memo_set_page(struct memo_slot *slot, const char *bytes, size_t n);

#endif
