/* How a person has set up the page for himself: short texts under names, which the page alone understands. Table: user_preferences. */
#ifndef MMS_DOMAIN_PREFERENCE_H
#define MMS_DOMAIN_PREFERENCE_H

#include "domain/route.h"

#define PREFERENCES_MAX 100 /* of one person */
#define PREFERENCE_VALUE_MAX 8192

/* Whether this may name something of the page's: a lower-case letter, then at most 63 letters, digits, '.', '_', '-'. */
bool preference_is_name(const char *text);

/* Takes away all that belongs to this person: his account has been closed. */
MUST_CHECK enum rc preference_forget(struct ctx *c, int64_t user_id);

extern const struct module preference_module;

#endif
