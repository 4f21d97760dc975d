/* Why asking a service of the cloud gave nothing: one sentence in each language, never with a secret in it. */
#ifndef MMS_CLOUD_TROUBLE_H
#define MMS_CLOUD_TROUBLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "cloud/client.h"

struct trouble {
    const char *zh, *en; /* in the arena */
    bool again;          /* it may work when it is tried again */
};

/* Always false, so that a function can end with it. */
bool trouble_say(struct trouble *t, bool again, const char *zh, const char *en);

/* The service's clock by the answer's Date header, ms since 1970; 0: it tells none. */
int64_t trouble_server_clock(struct arena *a, const struct client_answer *answer);
/* Nobody can have a request accepted whose clock is off: a sentence with both clocks. */
bool trouble_clock(struct trouble *t, struct arena *a, const char *service, int64_t ours_ms, int64_t theirs_ms);

#endif
