#include "ops/demo_csv.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

static size_t count_of(const char *text, const char *any)
{
    size_t n = 0;
    for (; *text; text++)
        n += strchr(any, *text) != NULL;
    return n;
}

/* One cell from *at on; leaves *at on the comma, line end or NUL behind it. */
static const char *read_cell(struct arena *a, const char **at)
{
    const char *p = *at;
    char *cell = arena_alloc(a, strcspn(p, "\n") + 1 + (*p == '"' ? strlen(p) : 0)), *to = cell;
    if (*p == '"') {
        for (p++; *p && !(*p == '"' && p[1] != '"'); p++) {
            p += *p == '"';
            *to++ = *p;
        }
        p += *p == '"';
    } else {
        while (*p && *p != ',' && *p != '\n' && *p != '\r')
            *to++ = *p++;
    }
    p += *p == '\r';
    *at = p;
    return cell;
}

void csv_read(struct arena *a, const char *text, struct csv *out)
{
    const char **cells = arena_array(a, count_of(text, ",\n") + 2, sizeof *cells);
    size_t n = 0, lines = 0;
    out->columns = 0;
    while (*text) {
        cells[n++] = read_cell(a, &text);
        if (*text == '\n' || !*text) {
            lines++;
            if (!out->columns)
                out->columns = n;
        }
        text += *text != 0;
    }
    out->cells = cells;
    out->rows = lines ? lines - 1 : 0;
}

const char *csv_get(const struct csv *csv, size_t row, const char *heading)
{
    for (size_t i = 0; i < csv->columns; i++)
        if (strcmp(csv->cells[i], heading) == 0)
            return csv->cells[(row + 1) * csv->columns + i];
    return "";
}
