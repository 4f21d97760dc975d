/* The settings of the process: read once from the environment, read-only afterwards.
 * settings.c has the one table (name, type, default, limits, secret or not, text); everything else comes from it. */
#ifndef MMS_BASE_SETTINGS_H
#define MMS_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

enum upload_backend { UPLOAD_LOCAL, UPLOAD_OSS };
enum oss_delivery { OSS_BY_SERVICE, OSS_BY_ADDRESS };
enum app_mode { MODE_PRODUCTION, MODE_DEVELOPMENT, MODE_TEST };

struct settings {
    int64_t port;                       /* PORT, 0–65535; 0: any free one (printed at start). Default 3000 */
    const char *host;                   /* HOST, an address. Default 0.0.0.0 */
    enum app_mode mode;                 /* NODE_ENV: production (default), development, test */
    const char *const *secret_sources;  /* SECRET_SOURCE: comma list of environment, file, kms, user-data. NULL-ended, at least one. Default environment */
    const char *jwt_secret;             /* JWT_SECRET, secret. Production: ≥ 32 bytes and no known sample. NULL: from another source, or made at start; without the source environment it is not looked at */
    const char *jwt_secret_previous;    /* JWT_SECRET_PREVIOUS, secret: still valid beside jwt_secret; the same rules. NULL: none */
    const char *jwt_secret_file;        /* JWT_SECRET_FILE: the secret's file; NULL: none. Wanted with the source file */
    int64_t secret_refresh_s;           /* SECRET_REFRESH_SECONDS, 1–86400: how often a source is read again. Default 300 */
    const char *kms_endpoint;           /* KMS_ENDPOINT: [https://]host[:port], http on loopback only; NULL: none. Wanted with the source kms */
    const char *kms_secret_name;        /* KMS_SECRET_NAME. Default mms-jwt-secret */
    const char *kms_secret_field;       /* KMS_SECRET_FIELD: the member, where the secret is a JSON object; NULL: all of it */
    const char *kms_ca_file;            /* KMS_CA_FILE: authorities of a KMS instance; NULL: the system's */
    const char *aliyun_access_key_id;   /* ALIYUN_ACCESS_KEY_ID, ALIYUN_ACCESS_KEY_SECRET, secret, both or neither; NULL: by the machine's role */
    const char *aliyun_access_key_secret;
    const char *aliyun_metadata_url;    /* ALIYUN_METADATA_URL: http://host[:port]. Default http://100.100.100.200 */
    int64_t jwt_expires_s;              /* JWT_EXPIRES_IN: seconds, or 30s 15m 12h 7d. 60 s – 90 d. Default 7d */
    const char *database_url;           /* DATABASE_URL, secret: postgresql://…; NULL: SQLite */
    const char *db_path;                /* DB_PATH. Default ./data/mms.db */
    int64_t takeover_wait_s;            /* DB_TAKEOVER_WAIT, seconds, 0–3600. Default 0: a SQLite file that is served already is refused */
    const char *database;               /* which of the two is used */
    const char *database_name;          /* … as it may be shown: without user, password and parameters */
    enum log_level log_level;           /* LOG_LEVEL. Default info */
    const char *log_dir;                /* LOG_DIR; NULL: standard output only */
    int64_t log_max_size;               /* LOG_MAX_SIZE, bytes, 64 KiB – 1 GiB. Default 10485760 */
    int64_t log_max_age_s;              /* LOG_MAX_AGE. Default 1d */
    int64_t log_keep;                   /* LOG_KEEP, older files, 1–1000. Default 14 */
    const char *upload_dir;             /* UPLOAD_DIR. Default ./data/uploads */
    enum upload_backend upload_backend; /* UPLOAD_BACKEND: local (default): UPLOAD_DIR; oss: the object storage that the next ones tell of */
    const char *oss_bucket;             /* OSS_BUCKET; NULL: none. Wanted with oss, as is the next */
    const char *oss_region;             /* OSS_REGION, "cn-hangzhou" ("oss-" in front is taken off); NULL: none */
    const char *oss_endpoint;           /* OSS_ENDPOINT: https://host[:port], http on loopback only. Default: the region's public one */
    const char *oss_ca_file;            /* OSS_CA_FILE: authorities of an endpoint of one's own; NULL: the system's */
    const char *oss_access_key_id;      /* OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, secret, both or neither; NULL: ALIYUN_ACCESS_KEY_… (storage_key) */
    const char *oss_access_key_secret;
    enum oss_delivery oss_delivery;     /* OSS_DELIVERY: service (default), or signed: large files by an address that is good for minutes */
    const char *backup_dir;             /* BACKUP_DIR: where backups lie; NULL: nowhere */
    const char *age_recipient;          /* AGE_RECIPIENT: public keys of age that all backups are encrypted for, commas between; NULL: they are not */
    const char *backup_continuous_dir;  /* BACKUP_CONTINUOUS_DIR: where changes are shipped to while the service runs; NULL: nowhere. SQLite only */
    int64_t backup_continuous_s;        /* BACKUP_CONTINUOUS_SECONDS, 1–60: how often. Default 10 */
    int64_t max_file_size;              /* MAX_FILE_SIZE, bytes, 1 KiB – 1 GiB. Default 2097152 */
    const char *const *cors_origins;    /* CORS_ORIGIN: comma list of origins, or "*"; empty: same origin only. NULL-ended */
    const char *web_dir;                /* WEB_DIR: folder of the built page; NULL: API only */
    const char *admin_initial_password; /* ADMIN_INITIAL_PASSWORD, secret; NULL: a random one is made and printed once */
    const char *metrics_token;          /* METRICS_TOKEN, secret, ≥ 16 bytes; NULL: there is no /metrics */
    const char *const *trusted_proxies; /* TRUSTED_PROXIES: comma list of addresses or CIDR blocks. NULL-ended */
};

struct arena;

/* Fills *out from getenv-like `get` (so that tests need no environment). All faults are collected in *err
 * (field = variable's name; a secret's value is never in them) and RC_INVALID_INPUT is returned. */
MUST_CHECK enum rc settings_read(struct arena *a, const char *(*get)(const char *name), struct settings *out,
                                 struct error *err);

/* What speaks against a secret, wherever it comes from: a stable code, and sentences without it. NULL: nothing. */
const char *settings_secret_fault(const struct settings *s, const char *secret, const char **zh, const char **en);

struct buf;
/* One line per setting for `mms check-config`: name, value ("(set)" / "(not set)" for secrets), default, text. */
void settings_print(const struct settings *s, struct buf *out);
/* The table as the help text of `mms serve --help`. */
void settings_help(struct buf *out);
/* The table as an environment file, to be filled in: what has a default, or may be left out, is a comment. */
void settings_example(struct buf *out);

#endif
