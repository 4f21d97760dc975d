/* Object storage (Alibaba Cloud OSS): put, get, head, delete, list, and addresses for a while. All calls are signed (V4) and wait for
 * another machine; from any thread.
 * Source: the vendor's API reference of PutObject, GetObject, ListObjectsV2, InitiateMultipartUpload and their errors. */
#ifndef MMS_CLOUD_OSS_H
#define MMS_CLOUD_OSS_H

#include "base/error.h"
#include "cloud/sign.h"
#include "files/files.h"

#define OSS_PART_BYTES (INT64_C(8) << 20) /* what is larger is put in parts of this size, or larger ones when they would be too many */
#define OSS_PARTS_MAX 10000

struct oss;

struct oss_config {
    const char *endpoint; /* "https://oss-cn-hangzhou-internal.aliyuncs.com", a domain of one's own, or http on loopback */
    const char *bucket, *region; /* "cn-hangzhou" */
    const char *ca;       /* a file of authorities; NULL: the system's */
    /* Who signs; texts in the arena. False: nobody, for now, and *why says why not. */
    bool (*credentials)(void *arg, struct arena *a, struct cloud_key *out, const char **why);
    /* The key of this id was refused as old: whether there is another now. May be NULL. */
    bool (*refused)(void *arg, const char *id);
    void (*release)(void *arg); /* at the end; may be NULL */
    void *credentials_arg;
    bool is_patient;      /* goes on trying, however often it failed: for commands */
};

/* Texts are copied. Asks nobody. */
struct oss *oss_open(const struct oss_config *config);
void oss_close(struct oss *o); /* NULL is fine */
void oss_stop(struct oss *o);  /* all calls end, with RC_FILES_AWAY */

/* RC_FILES_AWAY, RC_FILES_REFUSED, RC_FILES_BROKEN, and RC_FILES_UNWRITABLE when the source cannot be read. */
MUST_CHECK enum rc oss_put(struct oss *o, const char *key, const char *media, const struct files_source *source);
/* RC_NOT_FOUND and the above; RC_DB_FULL, RC_FILES_UNWRITABLE: from the sink. Goes on where it was cut. */
MUST_CHECK enum rc oss_get(struct oss *o, const char *key, const struct files_sink *sink);
MUST_CHECK enum rc oss_head(struct oss *o, const char *key, struct files_fact *out);
/* Fine when there is none. */
MUST_CHECK enum rc oss_delete(struct oss *o, const char *key);
MUST_CHECK enum rc oss_list(struct oss *o, const char *prefix, void (*found)(void *arg, const char *key, int64_t bytes, int64_t changed_ms), void *arg);
/* An address at which anybody gets the object for so many seconds. False: no credentials. */
bool oss_address(struct oss *o, const char *key, const char *disposition, const char *media, int seconds, struct buf *out);

void oss_state(struct oss *o, struct files_state *out);
/* The last failure in words: status, the vendor's code and request id, both clocks when they differ. */
void oss_why(struct oss *o, struct buf *out);

/* ---- for the doctor ---- */

/* Where it is asked: "https://bucket.host". */
const char *oss_address_of_bucket(const struct oss *o);
/* What somebody without credentials is answered; 0: nothing. */
int oss_status_for_anybody(struct oss *o, const char *key);
/* What the bucket says of itself; "" where it does not. In the arena. */
struct oss_bucket {
    const char *acl;        /* "private" */
    const char *location;   /* "oss-cn-hangzhou" */
    const char *versioning; /* "Enabled", "Suspended" */
    const char *blocked;    /* "true": nothing in it can be made public */
};
MUST_CHECK enum rc oss_look_at_bucket(struct oss *o, struct arena *a, struct oss_bucket *out);

#endif
