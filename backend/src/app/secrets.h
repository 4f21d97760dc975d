/* The secret of access tokens (JWT_SECRET), from the sources that SECRET_SOURCE names, in their order; and another one in its place
 * while the service runs, without signing anybody out.
 *
 * At the start a source that fails is tried again, for at most SECRETS_WITHIN_MS over all of them; one that has none is passed over.
 * The source that gave the secret is read again every SECRET_REFRESH_SECONDS (an environment file is not) and whenever it is asked to.
 * A secret that is new there is valid from then on, and signs from the next reading on: by then all instances know it. The one
 * before stays valid for as long as tokens of it can live (JWT_EXPIRES_IN), or as long as the source names it. */
#ifndef MMS_APP_SECRETS_H
#define MMS_APP_SECRETS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/settings.h"
#include "crypto/keyring.h"

#define SECRETS_WITHIN_MS 30000

struct secrets;

/* Waits so many ms; true: no longer, the start is called off. */
typedef bool secrets_pause(void *arg, int ms);

enum secrets_outcome {
    SECRETS_READ,
    SECRETS_NONE,       /* no source has one */
    SECRETS_AWAY,       /* the same, but another time one of them may: it could not be asked, or the cloud has to be set right */
    SECRETS_CALLED_OFF, /* by `pause` */
};

/* The variables JWT_SECRET and JWT_SECRET_PREVIOUS as they stand now, in the arena; false: they cannot be read. */
typedef bool secrets_environment(struct arena *a, const char **current, const char **previous);

/* Reads the first secret. environment: for the source of that name, when it can change (--env-file); NULL: it cannot. NONE and AWAY:
 * err->zh and ->en say in one line what each source answered. Outside of production, with no source but the environment, one is
 * made for this run. */
MUST_CHECK enum secrets_outcome secrets_open(const struct settings *s, secrets_environment *environment, struct arena *a, secrets_pause *pause,
                                             void *arg, struct secrets **out, struct error *err);
/* Logs which source gave the secret: once the service begins, since a start that is refused says why and nothing else. */
void secrets_tell(const struct secrets *s);
/* Starts the thread that reads again, where the source can be read again. */
void secrets_start(struct secrets *s);
void secrets_close(struct secrets *s); /* NULL is fine; after the last token was looked at */

const struct keyring *secrets_ring(const struct secrets *s);
void secrets_read_again(struct secrets *s); /* soon, by the thread */

/* For the metrics. */
struct secrets_state {
    const char *source;
    int64_t failures;      /* readings that failed since the start */
    bool is_failing;       /* the last one did */
    size_t valid;          /* how many secrets are */
};
void secrets_state(struct secrets *s, struct secrets_state *out);

#endif
