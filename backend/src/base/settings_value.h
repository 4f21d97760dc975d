/* How the values of settings are read and shown; which settings there are is the table in settings.c. Private to both. */
#ifndef MMS_BASE_SETTINGS_VALUE_H
#define MMS_BASE_SETTINGS_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/settings.h"

/* A run over the environment: where values and faults go. */
struct settings_reading {
    struct arena *arena;
    struct settings *out;
    struct error *err;
};

struct setting;
typedef void setting_reader(struct settings_reading *r, const struct setting *row, const char *value);
typedef void setting_shower(const struct settings *s, const struct setting *row, struct buf *out);

struct setting {
    const char *name;
    /* Checks the value and puts it into r->out. NULL: neither set nor a default. */
    setting_reader *read;
    setting_shower *show;
    size_t at;            /* offset in struct settings */
    const char *fallback; /* default, read like a value; NULL: none */
    int64_t min, max;     /* of numbers */
    bool secret;
    const char *shape;    /* for help; NULL: min–max */
    const char *zh, *en;
};

/* The value, when there is one, is told but for a secret's. */
void setting_fault(struct settings_reading *r, const struct setting *row, const char *code, const char *zh, const char *en,
                   const char *value);

/* Of any kind of value; `at` says where it goes. */
setting_reader setting_read_number, setting_read_duration, setting_read_text, setting_read_host;
setting_shower setting_show_number, setting_show_duration, setting_show_text, setting_show_list;
/* Of one setting each, for what its value depends on. */
setting_reader setting_read_aliyun_secret, setting_read_backend, setting_read_bucket, setting_read_continuous_dir,
    setting_read_database_url, setting_read_delivery, setting_read_endpoint, setting_read_jwt_secret, setting_read_key_secret,
    setting_read_kms_endpoint, setting_read_kms_name, setting_read_level, setting_read_metadata_url, setting_read_metrics_token,
    setting_read_mode, setting_read_origins, setting_read_password, setting_read_proxies, setting_read_recipients, setting_read_region,
    setting_read_secret, setting_read_secret_file, setting_read_sources;
setting_shower setting_show_backend, setting_show_delivery, setting_show_level, setting_show_mode;

#endif
