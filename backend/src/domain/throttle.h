/* Guessing passwords is slowed down without locking a factory out.
 *
 * Within 15 minutes: 5 failures of one account from one address close that pair; 30 failures of an account from anywhere, or
 * 100 failures from an address, close the account or the address for everybody who has not signed in from that address
 * within the last 30 days. So a wrong guesser behind the factory's one address never shuts out those who work there, and
 * somebody far away cannot shut an account's owner out of his own desk. Table: login_failures. */
#ifndef MMS_DOMAIN_THROTTLE_H
#define MMS_DOMAIN_THROTTLE_H

#include "domain/ctx.h"

#define THROTTLE_WINDOW_MS (INT64_C(15) * 60 * 1000)
#define THROTTLE_PAIR_MAX 5
#define THROTTLE_ACCOUNT_MAX 30
#define THROTTLE_ADDRESS_MAX 100
#define THROTTLE_KNOWN_MS (INT64_C(30) * 24 * 3600 * 1000)

/* RC_TOO_MANY_LOGINS with the seconds to wait when an attempt must not be looked at. */
MUST_CHECK enum rc throttle_check(struct ctx *c, const char *username_fold);
MUST_CHECK enum rc throttle_failed(struct ctx *c, const char *username_fold);
/* Signed in: the pair begins anew. */
MUST_CHECK enum rc throttle_succeeded(struct ctx *c, const char *username_fold);

#endif
