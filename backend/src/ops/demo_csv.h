/* CSV (RFC 4180) with a heading line, into an arena. */
#ifndef MMS_OPS_DEMO_CSV_H
#define MMS_OPS_DEMO_CSV_H

#include <stddef.h>

struct arena;

struct csv {
    const char **cells; /* rows × columns, the heading first */
    size_t columns, rows; /* rows without the heading */
};

void csv_read(struct arena *a, const char *text, struct csv *out);
/* The cell under that heading; "" when there is none. */
const char *csv_get(const struct csv *csv, size_t row, const char *heading);

#endif
