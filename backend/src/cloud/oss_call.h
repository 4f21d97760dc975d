/* One call of object storage: signed, sent, sent again where that is safe, and its refusal understood. What the operations (oss.c)
 * have in common, and the handle itself.
 *
 * Sent again are calls that went wrong on the way, 408, 429 and 5xx, sums that do not agree; three times in all, with full jitter
 * between them, within a budget. All of our calls may be: keys never repeat, so a second PUT writes the same bytes once more. */
#ifndef MMS_CLOUD_OSS_CALL_H
#define MMS_CLOUD_OSS_CALL_H

#include <pthread.h>

#include "cloud/breaker.h"
#include "cloud/client.h"
#include "cloud/oss.h"
#include "cloud/oss_xml.h"
#include "cloud/sign.h"

#define OSS_CLIENTS_MAX 8        /* connections that are kept */
#define OSS_ATTEMPTS 3
#define OSS_CONNECT_MS 3000
#define OSS_IDLE_S 10            /* nothing moved for so long */
#define OSS_BUDGET_MS 8000       /* for a call and all its repetitions, but for … */
#define OSS_PER_MIB_MS 4000      /* … so much more for each MiB */
#define OSS_ANSWER_MAX (64 << 10) /* bytes of a refusal that are looked at */
#define OSS_WHY_MAX 600

struct oss {
    const char *base;            /* "https://bucket.host" or "http://127.0.0.1:1234": the target follows */
    const char *public_base;     /* the same for others than us: not the region's inner address */
    const char *host_line;       /* "host: …" where the address does not have the bucket; NULL */
    const char *bucket, *region, *ca;
    bool (*credentials)(void *arg, struct arena *a, struct cloud_key *out, const char **why);
    bool (*refused)(void *arg, const char *id);
    void (*release)(void *arg);
    void *credentials_arg;
    struct arena arena;
    atomic_bool stop;
    atomic_llong skew_ms;        /* their clock before ours */
    struct breaker breaker;
    pthread_mutex_t lock;
    struct client *clients[OSS_CLIENTS_MAX]; /* under the lock, as are the next two */
    size_t client_count;
    char why[OSS_WHY_MAX];
};

struct oss_call {
    const char *method, *key;    /* key NULL: the bucket */
    struct sign_pairs query, headers;
    const struct files_source *upload;
    const void *body;
    size_t body_n;
    const struct files_sink *take;
    size_t answer_max;           /* 0: OSS_ANSWER_MAX */
    int64_t bytes;               /* of either body, as far as it is known */
    /* Before each attempt but the first, may be NULL. False: enough. `moved`: whether it counts as a new beginning. */
    bool (*again)(void *arg, struct arena *a, struct oss_call *call, bool *moved);
    /* Whether an answer 2xx is what it should be; RC_FILES_BROKEN: try again. May be NULL. */
    enum rc (*check)(void *arg, struct arena *a, const struct client_answer *answer);
    void *arg;
    bool is_anonymous;           /* not signed: for the doctor */
};

struct oss_answer {
    struct client_answer http;
    struct oss_refusal refusal;
};

/* RC_OK: 2xx. RC_NOT_FOUND: no such object. RC_FILES_AWAY, RC_FILES_REFUSED, RC_FILES_BROKEN; RC_DB_FULL, RC_FILES_UNWRITABLE: the
 * sink or the source. Anything but a missing object is logged, with the vendor's request id. */
MUST_CHECK enum rc oss_ask(struct oss *o, struct arena *a, struct oss_call *call, struct oss_answer *out);

/* RC_FILES_BROKEN, with the words for oss_why: an answer 2xx is not what it should be. */
enum rc oss_broken(struct oss *o, struct arena *a, const struct oss_call *call, const struct oss_answer *answer);

/* What an answer says the sum of the whole object is. False: it does not. */
bool oss_read_crc(struct arena *a, const struct client_answer *answer, uint64_t *out);

/* What their clock says. */
int64_t oss_now_ms(struct oss *o);

#endif
