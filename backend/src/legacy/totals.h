/* Control totals: both sides of the import, counted apart. A line agrees when
 *     old − left out − moved away + moved here + made = new,
 * for the number of rows and for the quantity. */
#ifndef MMS_LEGACY_TOTALS_H
#define MMS_LEGACY_TOTALS_H

#include "base/arena.h"
#include "base/dec.h"

enum side { SIDE_OLD, SIDE_LEFT_OUT, SIDE_AWAY, SIDE_HERE, SIDE_MADE, SIDE_NEW, SIDE_COUNT };

struct total {
    const char *group, *name; /* "documents by month", "2026-03 in" */
    int64_t rows[SIDE_COUNT];
    struct dec quantity[SIDE_COUNT];
    bool has_quantity;
    const char *remark; /* more about it; NULL */
};

struct totals {
    struct arena *arena;
    struct total *items;
    size_t count, cap;
    bool overflow; /* a sum passed the range of decimals */
};

/* `group` is a constant of totals.c; `name` is copied. */
void total_add(struct totals *t, const char *group, const char *name, enum side side, int64_t rows, struct dec quantity);
bool total_agrees(const struct total *t);

extern const char TOTAL_TABLES[], TOTAL_STATUS[], TOTAL_MONTHS[], TOTAL_MOVED[], TOTAL_CATEGORIES[], TOTAL_STOCK[], TOTAL_HISTORY[],
    TOTAL_TASKS[], TOTAL_ROLES[], TOTAL_LOGS[];

#endif
