/* What the service tells of itself to a monitor: GET /metrics, in the text format of Prometheus (0.0.4).
 *
 * Only with METRICS_TOKEN, which the request must bring as "Authorization: Bearer …"; without the setting there is no such path.
 * Nothing in it names a person or a material. */
#ifndef MMS_APP_METRICS_H
#define MMS_APP_METRICS_H

#include "domain/route.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* NULL is fine */
/* A request was answered; route NULL: none matched (the page's files among them). From any thread. */
void metrics_count(struct metrics *m, const struct route *route, int status, int64_t took_us);

/* How long the requests of a lane took; its name. lane: 0 … METRICS_LANES - 1. */
#define METRICS_LANES 4
const struct histogram *metrics_took(const struct metrics *m, int lane, const char **name);

extern const struct module metrics_module;

#endif
