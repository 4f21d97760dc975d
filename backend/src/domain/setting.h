/* The company's settings: what the administrator decides and every instance of the program minds. Table: settings.
 * (What one instance is told by its environment is base/settings.h.) */
#ifndef MMS_DOMAIN_SETTING_H
#define MMS_DOMAIN_SETTING_H

#include "domain/ctx.h"
#include "domain/route.h"

enum setting { SETTING_TIMEZONE, SETTING_OWN_DOCUMENTS, SETTING_COUNT };

/* The value on record; where there is none, or one that this program does not know, the default. Never NULL. */
MUST_CHECK enum rc setting_get(struct ctx *c, enum setting which, const char **value);
/* The company's zone, in which days are computed. */
MUST_CHECK enum rc setting_zone(struct ctx *c, const struct zone **zone);

extern const struct module setting_module;

#endif
