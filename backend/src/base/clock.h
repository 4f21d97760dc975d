/* Time. Instants are milliseconds since 1970-01-01T00:00:00Z (int64_t) everywhere, in memory and in the database.
 * The clock is asked once, at the edge (request, command), and handed on in the context.
 * Days belong to the company's zone: a fixed offset from a short table of tzdata's zones without daylight saving. */
#ifndef MMS_BASE_CLOCK_H
#define MMS_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now_ms(void);       /* wall clock */
int64_t clock_monotonic_us(void); /* for measuring durations only */

#define CLOCK_TEXT_MAX 32
/* "2026-11-23 08:15:30" (UTC): how rows show created_at and the like. */
size_t clock_print_row(int64_t ms, char text[static CLOCK_TEXT_MAX]);
/* "2026-11-23T08:15:30.123Z": how approved_at, health and the log show an instant. */
size_t clock_print_iso(int64_t ms, char text[static CLOCK_TEXT_MAX]);
/* Either of the two forms, with or without milliseconds or "Z"; no other. False: not a real instant. */
bool clock_parse(const char *text, int64_t *ms);

struct zone {
    const char *name;       /* IANA name, e.g. "Asia/Shanghai" */
    int32_t offset_s;       /* east of UTC, in seconds */
};
/* The table's zone of that name, or NULL. */
const struct zone *zone_find(const char *name);

/* A day in a zone, as days since 1970-01-01. */
int64_t zone_day(const struct zone *z, int64_t ms);
int64_t zone_day_start_ms(const struct zone *z, int64_t day);   /* the instant at which the day begins */
#define DAY_TEXT_MAX 16
size_t day_print(int64_t day, char text[static DAY_TEXT_MAX]);          /* "2026-11-23" */
size_t day_print_compact(int64_t day, char text[static DAY_TEXT_MAX]);  /* "20261123" */
bool day_parse(const char *text, int64_t *day);                         /* "2026-11-23", a day that exists */

#endif
