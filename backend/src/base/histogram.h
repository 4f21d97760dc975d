/* How often values up to certain bounds were seen. Any thread adds, any thread reads; neither waits. */
#ifndef MMS_BASE_HISTOGRAM_H
#define MMS_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_MAX 16

struct histogram {
    const int64_t *bounds; /* ascending; a value equal to a bound is counted with it. Ends with 0 */
    atomic_llong counts[HISTOGRAM_BOUNDS_MAX + 1]; /* the last one in use: above all bounds */
    atomic_llong sum;
};

extern const int64_t histogram_us[];    /* 100 µs … 5 s */
extern const int64_t histogram_sizes[]; /* 1, 2, 4 … 128 */

void histogram_add(struct histogram *h, int64_t value);

#endif
