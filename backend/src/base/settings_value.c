#include "base/settings_value.h"

#include <string.h>

#include "base/settings_check.h"
#include "base/text.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

enum { SECRET_BYTES_MIN = 32, TOKEN_BYTES_MIN = 16, PASSWORD_CHARS_MIN = 8, VALUE_SHOWN = 60 };

static const char *const MODES[] = {"production", "development", "test", NULL};
static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};

void setting_fault(struct settings_reading *r, const struct setting *row, const char *code, const char *zh,
                   const char *en, const char *value)
{
    const char *shown = row->secret ? NULL : text_shorten(r->arena, value, VALUE_SHOWN);

    error_fault(r->err, r->arena, row->name, code, zh, en, shown);
}

/* --- numbers --- */

static int64_t *number_at(const struct settings_reading *r, const struct setting *row)
{
    return (int64_t *)((char *)r->out + row->at);
}

static int64_t number_of(const struct settings *s, const struct setting *row)
{
    return *(const int64_t *)((const char *)s + row->at);
}

/* The largest unit that says it exactly: "7d", "90s". */
static void put_duration(struct buf *out, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        char name;
    } UNITS[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;

    while (seconds % UNITS[i].seconds != 0)
        i++;
    buf_int(out, seconds / UNITS[i].seconds);
    buf_char(out, UNITS[i].name);
}

void setting_read_number(struct settings_reading *r, const struct setting *row, const char *value)
{
    int64_t number;

    if (!setting_is_whole(value, strlen(value), &number)) {
        setting_fault(r, row, "type", "必须是整数", "must be a whole number", value);
        return;
    }
    if (number < row->min || number > row->max) {
        long long min = row->min, max = row->max;
        setting_fault(r, row, "out_of_range", arena_fmt(r->arena, "必须在 %lld 到 %lld 之间", min, max),
                      arena_fmt(r->arena, "must be from %lld to %lld", min, max), value);
        return;
    }
    *number_at(r, row) = number;
}

void setting_show_number(const struct settings *s, const struct setting *row, struct buf *out)
{
    buf_int(out, number_of(s, row));
}

void setting_read_duration(struct settings_reading *r, const struct setting *row, const char *value)
{
    int64_t seconds;

    if (!setting_is_duration(value, &seconds))
        setting_fault(r, row, "format", "必须是秒数，或带单位 s、m、h、d 的数字，例如 12h",
                      "must be seconds, or a number with s, m, h or d, such as 12h", value);
    else if (seconds < row->min || seconds > row->max)
        setting_fault(r, row, "out_of_range", "必须在 60 秒到 90 天之间",
                      "must be from 60 seconds to 90 days", value);
    else
        *number_at(r, row) = seconds;
}

void setting_show_duration(const struct settings *s, const struct setting *row, struct buf *out)
{
    put_duration(out, number_of(s, row));
}

/* --- choices --- */

void setting_read_mode(struct settings_reading *r, const struct setting *row, const char *value)
{
    for (size_t i = 0; MODES[i]; i++) {
        if (text_equal(MODES[i], value)) {
            r->out->mode = (enum app_mode)i;
            return;
        }
    }
    setting_fault(r, row, "choice", "必须是 production、development 或 test",
                  "must be production, development or test", value);
}

void setting_show_mode(const struct settings *s, const struct setting *row, struct buf *out)
{
    (void)row;
    buf_str(out, MODES[s->mode]);
}

void setting_read_level(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!log_level_parse(value, &r->out->log_level))
        setting_fault(r, row, "choice", "必须是 error、warn、info 或 debug",
                      "must be error, warn, info or debug", value);
}

void setting_show_level(const struct settings *s, const struct setting *row, struct buf *out)
{
    (void)row;
    buf_str(out, LEVELS[s->log_level]);
}

void setting_read_backend(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (text_equal(value, "local") || text_equal(value, "oss"))
        r->out->upload_backend = text_equal(value, "oss") ? UPLOAD_OSS : UPLOAD_LOCAL;
    else
        setting_fault(r, row, "choice", "必须是 local 或 oss", "must be local or oss", value);
}

void setting_show_backend(const struct settings *s, const struct setting *row, struct buf *out)
{
    (void)row;
    buf_str(out, s->upload_backend == UPLOAD_OSS ? "oss" : "local");
}

void setting_read_delivery(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (text_equal(value, "service") || text_equal(value, "signed"))
        r->out->oss_delivery = text_equal(value, "signed") ? OSS_BY_ADDRESS : OSS_BY_SERVICE;
    else
        setting_fault(r, row, "choice", "必须是 service 或 signed", "must be service or signed", value);
}

void setting_show_delivery(const struct settings *s, const struct setting *row, struct buf *out)
{
    (void)row;
    buf_str(out, s->oss_delivery == OSS_BY_ADDRESS ? "signed" : "service");
}

/* --- texts --- */

static const char *text_of(const struct settings *s, const struct setting *row)
{
    return *(const char *const *)((const char *)s + row->at);
}

void setting_read_text(struct settings_reading *r, const struct setting *row, const char *value)
{
    *(const char **)((char *)r->out + row->at) = value;
}

void setting_show_text(const struct settings *s, const struct setting *row, struct buf *out)
{
    const char *value = text_of(s, row);

    if (row->secret)
        buf_str(out, value ? "(set)" : "(not set)");
    else
        buf_str(out, value ? value : "(not set)");
}

void setting_read_host(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (setting_is_host(value))
        setting_read_text(r, row, value);
    else
        setting_fault(r, row, "format", "必须是 IPv4 或 IPv6 地址，或 localhost",
                      "must be an IPv4 or IPv6 address, or localhost", value);
}

/* The row of SECRET_SOURCE stands before those of the sources. */
static bool is_source(const struct settings *s, const char *name)
{
    for (const char *const *source = s->secret_sources; source && *source; source++) {
        if (text_equal(*source, name))
            return true;
    }
    return false;
}

const char *settings_secret_fault(const struct settings *s, const char *secret, const char **zh, const char **en)
{
    if (s->mode == MODE_PRODUCTION && strlen(secret) < SECRET_BYTES_MIN) {
        *zh = "生产环境至少需要 32 个字节";
        *en = "needs at least 32 bytes in production";
        return "too_short";
    }
    if (s->mode == MODE_PRODUCTION && setting_is_weak_secret(secret)) {
        *zh = "看起来是示例值或过于简单，可用 openssl rand -base64 48 生成";
        *en = "looks like a sample or is too simple: openssl rand -base64 48 makes one";
        return "weak";
    }
    return NULL;
}

/* Where the environment is no source, something may stand there all the same, and is not looked at. */
void setting_read_secret(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!is_source(r->out, "environment"))
        value = NULL;
    const char *zh, *en, *code = value ? settings_secret_fault(r->out, value, &zh, &en) : NULL;

    if (code)
        setting_fault(r, row, code, zh, en, NULL);
    else
        setting_read_text(r, row, value);
}

/* Elsewhere than in production, and from another source, it may come later. */
void setting_read_jwt_secret(struct settings_reading *r, const struct setting *row, const char *value)
{
    const char *const *sources = r->out->secret_sources;
    bool is_only_source = !sources || (text_equal(sources[0], "environment") && !sources[1]);

    if (!value && r->out->mode == MODE_PRODUCTION && is_only_source)
        setting_fault(r, row, "required", "生产环境必须设置，可用 openssl rand -base64 48 生成",
                      "required in production: openssl rand -base64 48 makes one", NULL);
    else
        setting_read_secret(r, row, value);
}

void setting_read_secret_file(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!value && is_source(r->out, "file"))
        setting_fault(r, row, "required", "来源 file 必须有此设置", "is needed by the source file", NULL);
    else
        setting_read_text(r, row, value);
}

void setting_read_kms_name(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (strlen(value) > 300 || value[strspn(value, NAME_LETTERS "/+=.@-:")])
        setting_fault(r, row, "format", "只能包含字母、数字和 _/+=.@-:", "may have letters, digits and _/+=.@-: only", value);
    else
        setting_read_text(r, row, value);
}

static void read_pair(struct settings_reading *r, const struct setting *row, const char *value, const char *id)
{
    if (!value != !id)
        setting_fault(r, row, "required", "AccessKey 的 ID 与 SECRET 必须同时设置，或都不设置", "the access key's ID and SECRET are both set, or neither", NULL);
    else
        setting_read_text(r, row, value);
}

void setting_read_aliyun_secret(struct settings_reading *r, const struct setting *row, const char *value)
{
    read_pair(r, row, value, r->out->aliyun_access_key_id);
}

void setting_read_metadata_url(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (text_starts(value, "http://") && setting_is_endpoint(value + strlen("http://")) && !text_starts(value + strlen("http://"), "http"))
        setting_read_text(r, row, value);
    else
        setting_fault(r, row, "format", "必须是 http://主机[:端口]，不带路径", "must be http://host[:port] without a path", value);
}

void setting_read_password(struct settings_reading *r, const struct setting *row, const char *value)
{
    bool letter = false, digit = false;

    for (const char *p = value; p && *p; p++) {
        letter = letter || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        digit = digit || (*p >= '0' && *p <= '9');
    }
    if (value && text_chars(value) < PASSWORD_CHARS_MIN)
        setting_fault(r, row, "too_short", "密码至少需要8个字符", "the password needs at least 8 characters", NULL);
    else if (value && !(letter && digit))
        setting_fault(r, row, "format", "密码需要包含字母和数字", "the password needs a letter and a digit", NULL);
    else
        setting_read_text(r, row, value);
}

void setting_read_metrics_token(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (value && strlen(value) < TOKEN_BYTES_MIN)
        setting_fault(r, row, "too_short", "至少需要 16 个字节", "needs at least 16 bytes", NULL);
    else
        setting_read_text(r, row, value);
}

/* --- object storage --- */

/* Wanted when files lie there. */
static bool is_missing(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!value && r->out->upload_backend == UPLOAD_OSS)
        setting_fault(r, row, "required", "UPLOAD_BACKEND=oss 时必须设置", "is needed with UPLOAD_BACKEND=oss", NULL);
    return !value;
}

void setting_read_bucket(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (is_missing(r, row, value))
        return;
    if (setting_is_bucket(value))
        setting_read_text(r, row, value);
    else
        setting_fault(r, row, "format", "必须是 3–63 个小写字母、数字或短横线，且不以短横线开头或结尾",
                      "must be 3–63 small letters, digits or hyphens, with no hyphen at its ends", value);
}

void setting_read_region(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (is_missing(r, row, value))
        return;
    if (text_starts(value, "oss-"))
        value += strlen("oss-");
    if (setting_is_region(value))
        setting_read_text(r, row, value);
    else
        setting_fault(r, row, "format", "必须是地域 ID，例如 cn-hangzhou", "must be the id of a region, such as cn-hangzhou", value);
}

/* A key and what is stored go over the network: in the open only when they stay on this machine. */
void setting_read_endpoint(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!value || setting_is_endpoint(value) || setting_is_plain_loopback(value))
        setting_read_text(r, row, value);
    else if (text_starts(value, "http://"))
        setting_fault(r, row, "not_encrypted", "http:// 仅允许用于本机地址，请使用 https://", "http:// is for this machine's own addresses only: use https://", value);
    else
        setting_fault(r, row, "format", "必须是 [https://]主机[:端口]，不带路径", "must be [https://]host[:port] without a path", value);
}

void setting_read_kms_endpoint(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (!value && is_source(r->out, "kms"))
        setting_fault(r, row, "required", "来源 kms 必须有此设置", "is needed by the source kms", NULL);
    else
        setting_read_endpoint(r, row, value);
}

/* Its row stands behind OSS_ACCESS_KEY_ID's. */
void setting_read_key_secret(struct settings_reading *r, const struct setting *row, const char *value)
{
    read_pair(r, row, value, r->out->oss_access_key_id);
}

/* --- the database and its backups --- */

void setting_read_database_url(struct settings_reading *r, const struct setting *row, const char *value)
{
    r->out->database_url = NULL;
    if (!value)
        return;
    const char *hosts = text_starts(value, "postgresql://") || text_starts(value, "postgres://")
                            ? strstr(value, "://") + 3
                            : NULL;
    if (!hosts)
        setting_fault(r, row, "format", "必须以 postgresql:// 开头", "must begin with postgresql://", NULL);
    else if (strchr(hosts + strcspn(hosts, "/?#"), '@')) /* a piece of a password would be taken for a host, and be shown */
        setting_fault(r, row, "format", "用户名和密码中的 / ? # @ 必须写成 %2F %3F %23 %40",
                      "in user and password / ? # @ must be written %2F %3F %23 %40", NULL);
    else
        r->out->database_url = arena_dup(r->arena, value);
}

void setting_read_recipients(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (value && !setting_is_recipients(value))
        setting_fault(r, row, "format", "必须是 age 的公钥（age1… 或 ssh-…），最多 8 个，以逗号分隔", "must be public keys of age (age1… or ssh-…), 8 at most, with commas between", NULL);
    else
        setting_read_text(r, row, value);
}

/* Its row stands after DATABASE_URL's. */
void setting_read_continuous_dir(struct settings_reading *r, const struct setting *row, const char *value)
{
    if (value && r->out->database_url)
        setting_fault(r, row, "sqlite_only", "仅适用于 SQLite；PostgreSQL 请用 pg_receivewal（见 docs/operations.md）",
                      "is for SQLite: with PostgreSQL use pg_receivewal (docs/operations.md)", NULL);
    else
        setting_read_text(r, row, value);
}

/* --- lists --- */

static const char *const *list_of(const struct settings *s, const struct setting *row)
{
    return *(const char *const *const *)((const char *)s + row->at);
}

/* A comma list's items, trimmed, without the empty ones; `check` makes the faults. */
static void read_list(struct settings_reading *r, const struct setting *row, const char *value,
                      void (*check)(struct settings_reading *r, const struct setting *row, const char *item))
{
    const char **list = arena_array(r->arena, strlen(value) / 2 + 2, sizeof *list);
    size_t count = 0;

    while (*value) {
        size_t n = strcspn(value, ",");
        char *item = text_trim(r->arena, arena_copy(r->arena, value, n));
        value += value[n] ? n + 1 : n;
        if (!*item)
            continue;
        check(r, row, item);
        list[count++] = item;
    }
    *(const char *const **)((char *)r->out + row->at) = list;
}

static void check_source(struct settings_reading *r, const struct setting *row, const char *item)
{
    if (!text_equal(item, "environment") && !text_equal(item, "file") && !text_equal(item, "kms") && !text_equal(item, "user-data"))
        setting_fault(r, row, "choice", "必须是 environment、file、kms、user-data 中的一个或几个，用逗号隔开",
                      "must be of environment, file, kms, user-data, with commas between", item);
}

void setting_read_sources(struct settings_reading *r, const struct setting *row, const char *value)
{
    read_list(r, row, value, check_source);
    if (!r->out->secret_sources[0])
        setting_fault(r, row, "choice", "至少需要一个来源", "needs at least one source", value);
}

void setting_show_list(const struct settings *s, const struct setting *row, struct buf *out)
{
    const char *const *item = list_of(s, row);

    if (!*item)
        buf_str(out, "(empty)");
    for (; *item; item++) {
        buf_str(out, *item);
        buf_str(out, item[1] ? "," : "");
    }
}

static void check_origin(struct settings_reading *r, const struct setting *row, const char *item)
{
    if (!setting_is_origin(item))
        setting_fault(r, row, "format", "必须是 协议://主机[:端口]，不带路径",
                      "must be scheme://host[:port] without a path", item);
    else if (text_equal(item, "*") && r->out->mode == MODE_PRODUCTION)
        setting_fault(r, row, "not_in_production", "生产环境请列出具体来源，不能使用 *",
                      "in production * is not allowed: name the origins", item);
}

/* Browsers send origins in lower case, and they are compared byte by byte. */
void setting_read_origins(struct settings_reading *r, const struct setting *row, const char *value)
{
    char *lower = arena_dup(r->arena, value);

    for (char *p = lower; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 'a' - 'A');
    }
    read_list(r, row, lower, check_origin);
}

static void check_proxy(struct settings_reading *r, const struct setting *row, const char *item)
{
    if (!setting_is_address_block(item))
        setting_fault(r, row, "format", "必须是 IP 地址或网段，例如 10.0.0.0/8",
                      "must be an address or a block, such as 10.0.0.0/8", item);
}

void setting_read_proxies(struct settings_reading *r, const struct setting *row, const char *value)
{
    read_list(r, row, value, check_proxy);
}
