/* Counting (盘点): tasks, what was counted, and posting the differences. Tables: count_tasks, count_items.
 *
 * A difference is counted − book at the moment of that line's count (contract, 12.16): what moved before or after stays as it
 * is. Completing posts it as documents with the purpose `count`, against the place of count differences. */
#ifndef MMS_DOMAIN_STOCKTAKING_H
#define MMS_DOMAIN_STOCKTAKING_H

#include "domain/ctx.h"
#include "domain/route.h"

#define COUNT_ITEMS_MAX 5000
#define COUNT_REASON_MAX 200 /* characters */
#define COUNT_ID_MAX 64      /* characters */
#define COUNT_AGE_MAX_MS (INT64_C(30) * 24 * 3600 * 1000) /* of a count that comes later */

extern const struct module stocktaking_module;

#endif
