#include "app/storage.h"

#include "base/arena.h"
#include "cloud/files_oss.h"

static bool static_key(void *arg, struct arena *a, struct cloud_key *out)
{
    const struct settings *s = arg;
    (void)a;
    *out = (struct cloud_key){.id = s->oss_access_key_id, .secret = s->oss_access_key_secret};
    return s->oss_access_key_id != NULL;
}

static struct files *open_oss(const struct settings *s, bool is_patient)
{
    struct arena a;
    arena_init(&a);
    const struct oss_config config = {.endpoint = s->oss_endpoint ? s->oss_endpoint : arena_fmt(&a, "https://oss-%s.aliyuncs.com", s->oss_region),
                                      .bucket = s->oss_bucket, .region = s->oss_region, .credentials = static_key,
                                      .credentials_arg = (void *)(uintptr_t)s, .is_patient = is_patient};
    struct files *files = files_open_oss(&config);
    arena_free(&a);
    return files;
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
