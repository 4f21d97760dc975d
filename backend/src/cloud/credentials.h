/* The key that requests to the cloud are signed with: a permanent one from the settings, or else the temporary one of the machine's
 * RAM role, which one thread fetches anew well before it ends.
 *
 * Nobody who takes a key waits for it to be fetched. When fetching fails the last key is used until it ends. A key is never logged,
 * only whose it is. */
#ifndef MMS_CLOUD_CREDENTIALS_H
#define MMS_CLOUD_CREDENTIALS_H

#include "cloud/metadata.h"
#include "cloud/sign.h"

struct credentials;

/* id NULL: the role's, through `metadata`, which outlives it. All is copied. Asks nobody yet. */
struct credentials *credentials_new(const struct cloud_key *key, struct metadata *metadata);
/* Starts the thread that fetches; for a permanent key there is nothing to do. */
void credentials_start(struct credentials *c);
/* Ends the thread and forgets the key. NULL is fine. */
void credentials_free(struct credentials *c);

/* Its three parts, that belong together, copied into the arena; and when it ends, in ms since 1970 (INT64_MAX: never; may be NULL).
 * Never blocks. False: there is none that is still good, and *why says why not. */
bool credentials_take(struct credentials *c, struct arena *a, struct cloud_key *out, int64_t *ends_ms, struct trouble *why);

/* A service has called the key of this id expired or unknown: the thread fetches another at once. A permanent key stays. */
void credentials_refused(struct credentials *c, const char *id);

/* Fetches on the caller's thread, which may take seconds: at the start, and on threads that serve no request. For a permanent key it
 * has nothing to do. */
bool credentials_fetch(struct credentials *c, struct arena *a, struct trouble *why);

/* "environment", "role mms-ecs-role" or "role": for the log and for people; in the arena. */
const char *credentials_source(struct credentials *c, struct arena *a);

#endif
