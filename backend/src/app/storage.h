/* Where files lie, by the settings (UPLOAD_BACKEND, OSS_…). */
#ifndef MMS_APP_STORAGE_H
#define MMS_APP_STORAGE_H

#include "base/settings.h"
#include "cloud/sign.h"
#include "files/files.h"

/* `settings` live as long as the files. is_patient: of commands, which go on trying. Asks nobody. */
struct files *storage_open(const struct settings *settings, bool is_patient);
/* One of the two. Object storage wants OSS_BUCKET and OSS_REGION. */
struct files *storage_open_at(const struct settings *settings, enum upload_backend where, bool is_patient);

/* The permanent key that calls of object storage are signed with: OSS_ACCESS_KEY_…, else ALIYUN_ACCESS_KEY_…. id NULL: there is none,
 * and the machine's role gives one. The reverse holds not: a key for a bucket is as a rule not one for KMS. */
struct cloud_key storage_key(const struct settings *settings);

struct oss;
/* The bucket itself (cloud/oss.h), for a command. */
struct oss *storage_open_bucket(const struct settings *settings);

#endif
