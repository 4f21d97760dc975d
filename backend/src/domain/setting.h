/* The company's settings: what the administrator decides and every instance of the program minds. Table: settings.
 * (What one instance is told by its environment is base/settings.h.) */
#ifndef MMS_DOMAIN_SETTING_H
#define MMS_DOMAIN_SETTING_H

#include "domain/ctx.h"
#include "domain/route.h"

enum setting { SETTING_TIMEZONE, SETTING_OWN_DOCUMENTS, SETTING_REASON_PERCENT, SETTING_REASON_VALUE, SETTING_COUNT };

#define SETTING_REASON_PERCENT_MAX 1000
#define SETTING_REASON_VALUE_MAX 1000000000 /* yuan */

/* The value on record; where there is none, or one that this program does not know, the default. Never NULL. */
MUST_CHECK enum rc setting_get(struct ctx *c, enum setting which, const char **value);
/* The company's zone, in which days are computed. */
MUST_CHECK enum rc setting_zone(struct ctx *c, const struct zone **zone);

/* From which difference of a count a reason is wanted: percent of the book quantity, value in yuan (millionths); DB_N: never. */
MUST_CHECK enum rc setting_reason_percent(struct ctx *c, struct db_value *percent);
MUST_CHECK enum rc setting_reason_value(struct ctx *c, struct db_value *value);

extern const struct module setting_module;

#endif
