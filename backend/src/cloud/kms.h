/* Reading a secret of the key management service (KMS): GetSecretValue, version 2016-01-20, signed with ACS3-HMAC-SHA256. */
#ifndef MMS_CLOUD_KMS_H
#define MMS_CLOUD_KMS_H

#include "cloud/credentials.h"

#define KMS_CURRENT "ACSCurrent"
#define KMS_PREVIOUS "ACSPrevious"

struct kms {
    const char *endpoint; /* a host and perhaps a port, asked over TLS; or a whole http: or https: address */
    const char *ca;       /* a file of authorities to trust, for a KMS instance with its own; NULL: the system's */
    struct client *client;
    struct credentials *credentials;
    const atomic_bool *stop; /* becomes true: given up; may be NULL */
};

/* One answer about the secret, in the arena; NULL: there is no such secret or stage. `field`: its text is a JSON object, and this
 * member of it is meant; NULL: all of it. Blocks for some seconds; a temporary key that is not taken is fetched anew, once. */
bool kms_get_secret(const struct kms *k, struct arena *a, const char *name, const char *field, const char *stage, const char **out,
                    struct trouble *why);

#endif
