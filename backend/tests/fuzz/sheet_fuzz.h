/* What the fuzz targets of tables share. */
#ifndef MMS_SHEET_FUZZ_H
#define MMS_SHEET_FUZZ_H

#include "../unit/sheet_toy.h"
#include "fuzz.h"

/* Reads a table to its end: rows are sound, and what is refused is refused in words of its own. */
static inline void sheet_is_read(const char *bytes, size_t n)
{
    struct arena a;
    struct sheet *s = NULL;
    struct error why = {0};
    const struct sheet_row *row = NULL;
    int64_t before = 0;
    arena_init(&a);
    enum rc rc = sheet_open_bytes(bytes, n, &a, &s, &why);
    insist((rc == RC_OK) == (s != NULL));
    while (rc == RC_OK && (rc = sheet_next(s, &row, &why)) == RC_OK && row) {
        insist(toy_row_is_sound(row, before));
        before = row->number;
    }
    insist(rc == RC_OK || (why.rc == rc && strncmp(error_row(rc)->code, "sheet_", 6) == 0));
    sheet_close(s);
    arena_free(&a);
}

#endif
