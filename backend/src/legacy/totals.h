/* Control totals: both sides of the import, counted apart. A line agrees when
 *     old − left out − moved away + moved here + made = new,
 * for the number of rows and for the quantity. */
#ifndef MMS_LEGACY_TOTALS_H
#define MMS_LEGACY_TOTALS_H

#include "base/arena.h"
#include "base/dec.h"

enum side { SIDE_OLD, SIDE_LEFT_OUT, SIDE_AWAY, SIDE_HERE, SIDE_MADE, SIDE_NEW, SIDE_COUNT };

/* A sum of many quantities, which may pass the range of one: wholes and millionths, the latter of the same sign and below one. */
struct sum {
    int64_t wholes, millionths;
};

struct total {
    const char *group, *name; /* "documents by month", "2026-03 in" */
    int64_t rows[SIDE_COUNT];
    struct sum quantity[SIDE_COUNT];
    bool has_quantity;
    const char *remark; /* more about it; NULL */
};

struct totals {
    struct arena *arena;
    struct total *items;
    size_t count, cap;
};

/* `group` is a constant of totals.c; `name` is copied. */
void total_add(struct totals *t, const char *group, const char *name, enum side side, int64_t rows, struct dec quantity);
bool total_agrees(const struct total *t);
bool sum_is_zero(struct sum s);
#define SUM_TEXT_MAX 48
void sum_print(struct sum s, char text[static SUM_TEXT_MAX]);

extern const char TOTAL_TABLES[], TOTAL_STATUS[], TOTAL_MONTHS[], TOTAL_MOVED[], TOTAL_CATEGORIES[], TOTAL_STOCK[], TOTAL_HISTORY[],
    TOTAL_TASKS[], TOTAL_ROLES[], TOTAL_LOGS[];

#endif
