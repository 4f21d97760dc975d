/* One's own account: name, e-mail, password, and the devices that are signed in. */
#ifndef MMS_DOMAIN_PROFILE_H
#define MMS_DOMAIN_PROFILE_H

#include "domain/route.h"

/* So long after signing in the password may be changed without the present one, as the older page does (contract 12.10). */
#define PROFILE_FRESH_MS (INT64_C(10) * 60 * 1000)

extern const struct module profile_module;

#endif
