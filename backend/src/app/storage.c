#include "app/storage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cloud/credentials.h"
#include "cloud/files_oss.h"

#define ANOTHER_KEY_MS 2000 /* how long a call that was refused waits for another key */
#define NAP_MS 20

/* Who signs the calls of object storage. */
struct signer {
    struct metadata *metadata; /* NULL: a permanent key */
    struct credentials *credentials;
};

static bool take_key(void *arg, struct arena *a, struct cloud_key *out, const char **why)
{
    const struct signer *s = arg;
    struct trouble trouble = {0};
    bool taken = credentials_take(s->credentials, a, out, NULL, &trouble);
    if (!taken)
        *why = arena_fmt(a, "%s / %s", trouble.zh, trouble.en);
    return taken;
}

/* The credentials' own thread fetches it. */
static bool wait_for_another(void *arg, const char *id)
{
    const struct signer *s = arg;
    struct arena a;
    struct cloud_key now;
    struct trouble trouble;
    bool is_another = false;
    if (!s->metadata)
        return false;
    arena_init(&a);
    credentials_refused(s->credentials, id);
    for (int64_t until_us = clock_monotonic_us() + ANOTHER_KEY_MS * 1000; !is_another && clock_monotonic_us() < until_us; arena_reset(&a)) {
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000}, NULL);
        is_another = credentials_take(s->credentials, &a, &now, NULL, &trouble) && strcmp(now.id, id) != 0;
    }
    arena_free(&a);
    return is_another;
}

static void release(void *arg)
{
    struct signer *s = arg;
    credentials_free(s->credentials);
    metadata_free(s->metadata);
    free(s);
}

struct cloud_key storage_key(const struct settings *s)
{
    return s->oss_access_key_id ? (struct cloud_key){s->oss_access_key_id, s->oss_access_key_secret, NULL}
                                : (struct cloud_key){s->aliyun_access_key_id, s->aliyun_access_key_secret, NULL};
}

/* A command has no time to wait for the thread's first key. */
static struct signer *new_signer(const struct settings *settings, bool is_patient)
{
    struct signer *s = calloc(1, sizeof *s);
    const struct cloud_key key = storage_key(settings);
    struct arena a;
    struct trouble why;
    if (!s)
        abort();
    s->metadata = key.id ? NULL : metadata_new(settings->aliyun_metadata_url);
    s->credentials = credentials_new(&key, s->metadata);
    if (is_patient)
        log_set_level(LOG_ERROR); /* a command says what went wrong in its own words */
    arena_init(&a);
    if (is_patient && !credentials_fetch(s->credentials, &a, &why))
        arena_reset(&a); /* who takes one is told why there is none */
    arena_free(&a);
    credentials_start(s->credentials);
    return s;
}

/* Its endpoint is in the arena. */
static struct oss_config config_of(const struct settings *s, struct arena *a, bool is_patient)
{
    return (struct oss_config){.endpoint = s->oss_endpoint ? s->oss_endpoint : arena_fmt(a, "https://oss-%s.aliyuncs.com", s->oss_region),
                               .bucket = s->oss_bucket, .region = s->oss_region, .ca = s->oss_ca_file, .credentials = take_key, .refused = wait_for_another,
                               .release = release, .credentials_arg = new_signer(s, is_patient), .is_patient = is_patient};
}

static struct files *open_oss(const struct settings *s, bool is_patient)
{
    struct arena a;
    arena_init(&a);
    const struct oss_config config = config_of(s, &a, is_patient);
    struct files *files = files_open_oss(&config);
    arena_free(&a);
    return files;
}

struct oss *storage_open_bucket(const struct settings *s)
{
    struct arena a;
    arena_init(&a);
    const struct oss_config config = config_of(s, &a, true);
    struct oss *o = oss_open(&config);
    arena_free(&a);
    return o;
}

struct files *storage_open_at(const struct settings *s, enum upload_backend where, bool is_patient)
{
    switch (where) {
    case UPLOAD_LOCAL:
        return files_open_local(s->upload_dir);
    case UPLOAD_OSS:
        return open_oss(s, is_patient);
    }
    return NULL;
}

struct files *storage_open(const struct settings *s, bool is_patient)
{
    return storage_open_at(s, s->upload_backend, is_patient);
}
