/* Days and instants: what is read is printed as the same. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "fuzz.h"

static void check_day(int64_t day)
{
    char text[DAY_TEXT_MAX];
    int64_t again;
    day_print(day, text);
    insist(day_parse(text, &again) && again == day);
}

static void check_instant(int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    int64_t again;
    const struct zone *zone = zone_find("Asia/Shanghai");
    clock_print_iso(ms, text);
    insist(clock_parse(text, &again) && again == ms);
    clock_print_row(ms, text);
    insist(clock_parse(text, &again) && again / 1000 * 1000 == again && again <= ms && ms - again < 1000);
    int64_t day = zone_day(zone, ms), start = zone_day_start_ms(zone, day);
    insist(start <= ms && ms < zone_day_start_ms(zone, day + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    int64_t value;
    arena_init(&a);
    char *text = arena_copy(&a, (const char *)data, size);
    if (day_parse(text, &value)) {
        char same[DAY_TEXT_MAX];
        day_print(value, same);
        insist(strcmp(same, text) == 0); /* one spelling only */
        check_day(value);
    }
    if (clock_parse(text, &value))
        check_instant(value);
    insist(!zone_find(text) || strcmp(zone_find(text)->name, text) == 0);
    arena_free(&a);
    return 0;
}
