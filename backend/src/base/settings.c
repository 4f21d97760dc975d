#include "base/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/settings_check.h"
#include "base/text.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

enum { SECRET_BYTES_MIN = 32, TOKEN_BYTES_MIN = 16, PASSWORD_CHARS_MIN = 8, VALUE_SHOWN = 60, NAME_WIDTH = 25 };

static const char *const MODES[] = {"production", "development", "test", NULL};
static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};

/* A run over the environment: where values and faults go. */
struct reading {
    struct arena *arena;
    struct settings *out;
    struct error *err;
};

struct row {
    const char *name;
    /* Checks the value and puts it into r->out. NULL: neither set nor a default. */
    void (*read)(struct reading *r, const struct row *row, const char *value);
    void (*show)(const struct settings *s, const struct row *row, struct buf *out);
    size_t at;            /* offset in struct settings */
    const char *fallback; /* default, read like a value; NULL: none */
    int64_t min, max;     /* of numbers */
    bool secret;
    const char *shape;    /* for help; NULL: min–max */
    const char *zh, *en;
};

static void fault(struct reading *r, const struct row *row, const char *code, const char *zh,
                  const char *en, const char *value)
{
    const char *shown = row->secret ? NULL : text_shorten(r->arena, value, VALUE_SHOWN);

    error_fault(r->err, r->arena, row->name, code, zh, en, shown);
}

/* --- numbers --- */

static int64_t *number_at(const struct reading *r, const struct row *row)
{
    return (int64_t *)((char *)r->out + row->at);
}

static int64_t number_of(const struct settings *s, const struct row *row)
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

static void read_number(struct reading *r, const struct row *row, const char *value)
{
    int64_t number;

    if (!setting_is_whole(value, strlen(value), &number)) {
        fault(r, row, "type", "必须是整数", "must be a whole number", value);
        return;
    }
    if (number < row->min || number > row->max) {
        long long min = row->min, max = row->max;
        fault(r, row, "out_of_range", arena_fmt(r->arena, "必须在 %lld 到 %lld 之间", min, max),
              arena_fmt(r->arena, "must be from %lld to %lld", min, max), value);
        return;
    }
    *number_at(r, row) = number;
}

static void show_number(const struct settings *s, const struct row *row, struct buf *out)
{
    buf_int(out, number_of(s, row));
}

static void read_duration(struct reading *r, const struct row *row, const char *value)
{
    int64_t seconds;

    if (!setting_is_duration(value, &seconds))
        fault(r, row, "format", "必须是秒数，或带单位 s、m、h、d 的数字，例如 12h",
              "must be seconds, or a number with s, m, h or d, such as 12h", value);
    else if (seconds < row->min || seconds > row->max)
        fault(r, row, "out_of_range", "必须在 60 秒到 90 天之间",
              "must be from 60 seconds to 90 days", value);
    else
        *number_at(r, row) = seconds;
}

static void show_duration(const struct settings *s, const struct row *row, struct buf *out)
{
    put_duration(out, number_of(s, row));
}

/* --- choices --- */

static void read_mode(struct reading *r, const struct row *row, const char *value)
{
    for (size_t i = 0; MODES[i]; i++) {
        if (text_equal(MODES[i], value)) {
            r->out->mode = (enum app_mode)i;
            return;
        }
    }
    fault(r, row, "choice", "必须是 production、development 或 test",
          "must be production, development or test", value);
}

static void show_mode(const struct settings *s, const struct row *row, struct buf *out)
{
    (void)row;
    buf_str(out, MODES[s->mode]);
}

static void read_level(struct reading *r, const struct row *row, const char *value)
{
    if (!log_level_parse(value, &r->out->log_level))
        fault(r, row, "choice", "必须是 error、warn、info 或 debug",
              "must be error, warn, info or debug", value);
}

static void show_level(const struct settings *s, const struct row *row, struct buf *out)
{
    (void)row;
    buf_str(out, LEVELS[s->log_level]);
}

static void read_backend(struct reading *r, const struct row *row, const char *value)
{
    if (text_equal(value, "local") || text_equal(value, "oss"))
        r->out->upload_backend = text_equal(value, "oss") ? UPLOAD_OSS : UPLOAD_LOCAL;
    else
        fault(r, row, "choice", "必须是 local 或 oss", "must be local or oss", value);
}

static void show_backend(const struct settings *s, const struct row *row, struct buf *out)
{
    (void)row;
    buf_str(out, s->upload_backend == UPLOAD_OSS ? "oss" : "local");
}

static void read_delivery(struct reading *r, const struct row *row, const char *value)
{
    if (text_equal(value, "service") || text_equal(value, "signed"))
        r->out->oss_delivery = text_equal(value, "signed") ? OSS_BY_ADDRESS : OSS_BY_SERVICE;
    else
        fault(r, row, "choice", "必须是 service 或 signed", "must be service or signed", value);
}

static void show_delivery(const struct settings *s, const struct row *row, struct buf *out)
{
    (void)row;
    buf_str(out, s->oss_delivery == OSS_BY_ADDRESS ? "signed" : "service");
}

/* --- texts --- */

static const char *text_of(const struct settings *s, const struct row *row)
{
    return *(const char *const *)((const char *)s + row->at);
}

static void read_text(struct reading *r, const struct row *row, const char *value)
{
    *(const char **)((char *)r->out + row->at) = value;
}

static void show_text(const struct settings *s, const struct row *row, struct buf *out)
{
    const char *value = text_of(s, row);

    if (row->secret)
        buf_str(out, value ? "(set)" : "(not set)");
    else
        buf_str(out, value ? value : "(not set)");
}

static void read_host(struct reading *r, const struct row *row, const char *value)
{
    if (setting_is_host(value))
        read_text(r, row, value);
    else
        fault(r, row, "format", "必须是 IPv4 或 IPv6 地址，或 localhost",
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
static void read_secret(struct reading *r, const struct row *row, const char *value)
{
    if (!is_source(r->out, "environment"))
        value = NULL;
    const char *zh, *en, *code = value ? settings_secret_fault(r->out, value, &zh, &en) : NULL;

    if (code)
        fault(r, row, code, zh, en, NULL);
    else
        read_text(r, row, value);
}

/* Elsewhere than in production, and from another source, it may come later. */
static void read_jwt_secret(struct reading *r, const struct row *row, const char *value)
{
    const char *const *sources = r->out->secret_sources;
    bool is_only_source = !sources || (text_equal(sources[0], "environment") && !sources[1]);

    if (!value && r->out->mode == MODE_PRODUCTION && is_only_source)
        fault(r, row, "required", "生产环境必须设置，可用 openssl rand -base64 48 生成",
              "required in production: openssl rand -base64 48 makes one", NULL);
    else
        read_secret(r, row, value);
}

static void read_secret_file(struct reading *r, const struct row *row, const char *value)
{
    if (!value && is_source(r->out, "file"))
        fault(r, row, "required", "来源 file 必须有此设置", "is needed by the source file", NULL);
    else
        read_text(r, row, value);
}

static void read_kms_name(struct reading *r, const struct row *row, const char *value)
{
    if (strlen(value) > 300 || value[strspn(value, NAME_LETTERS "/+=.@-:")])
        fault(r, row, "format", "只能包含字母、数字和 _/+=.@-:", "may have letters, digits and _/+=.@-: only", value);
    else
        read_text(r, row, value);
}

static void read_pair(struct reading *r, const struct row *row, const char *value, const char *id)
{
    if (!value != !id)
        fault(r, row, "required", "AccessKey 的 ID 与 SECRET 必须同时设置，或都不设置", "the access key's ID and SECRET are both set, or neither", NULL);
    else
        read_text(r, row, value);
}

static void read_aliyun_secret(struct reading *r, const struct row *row, const char *value)
{
    read_pair(r, row, value, r->out->aliyun_access_key_id);
}

static void read_metadata_url(struct reading *r, const struct row *row, const char *value)
{
    if (text_starts(value, "http://") && setting_is_endpoint(value + strlen("http://")) && !text_starts(value + strlen("http://"), "http"))
        read_text(r, row, value);
    else
        fault(r, row, "format", "必须是 http://主机[:端口]，不带路径", "must be http://host[:port] without a path", value);
}

static void read_password(struct reading *r, const struct row *row, const char *value)
{
    bool letter = false, digit = false;

    for (const char *p = value; p && *p; p++) {
        letter = letter || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        digit = digit || (*p >= '0' && *p <= '9');
    }
    if (value && text_chars(value) < PASSWORD_CHARS_MIN)
        fault(r, row, "too_short", "密码至少需要8个字符", "the password needs at least 8 characters", NULL);
    else if (value && !(letter && digit))
        fault(r, row, "format", "密码需要包含字母和数字", "the password needs a letter and a digit", NULL);
    else
        read_text(r, row, value);
}

static void read_metrics_token(struct reading *r, const struct row *row, const char *value)
{
    if (value && strlen(value) < TOKEN_BYTES_MIN)
        fault(r, row, "too_short", "至少需要 16 个字节", "needs at least 16 bytes", NULL);
    else
        read_text(r, row, value);
}

/* --- object storage --- */

/* Wanted when files lie there. */
static bool is_missing(struct reading *r, const struct row *row, const char *value)
{
    if (!value && r->out->upload_backend == UPLOAD_OSS)
        fault(r, row, "required", "UPLOAD_BACKEND=oss 时必须设置", "is needed with UPLOAD_BACKEND=oss", NULL);
    return !value;
}

static void read_bucket(struct reading *r, const struct row *row, const char *value)
{
    if (is_missing(r, row, value))
        return;
    if (setting_is_bucket(value))
        read_text(r, row, value);
    else
        fault(r, row, "format", "必须是 3–63 个小写字母、数字或短横线，且不以短横线开头或结尾",
              "must be 3–63 small letters, digits or hyphens, with no hyphen at its ends", value);
}

static void read_region(struct reading *r, const struct row *row, const char *value)
{
    if (is_missing(r, row, value))
        return;
    if (text_starts(value, "oss-"))
        value += strlen("oss-");
    if (setting_is_region(value))
        read_text(r, row, value);
    else
        fault(r, row, "format", "必须是地域 ID，例如 cn-hangzhou", "must be the id of a region, such as cn-hangzhou", value);
}

/* A key and what is stored go over the network: in the open only when they stay on this machine. */
static void read_endpoint(struct reading *r, const struct row *row, const char *value)
{
    if (!value || setting_is_endpoint(value) || setting_is_plain_loopback(value))
        read_text(r, row, value);
    else if (text_starts(value, "http://"))
        fault(r, row, "not_encrypted", "http:// 仅允许用于本机地址，请使用 https://", "http:// is for this machine's own addresses only: use https://", value);
    else
        fault(r, row, "format", "必须是 [https://]主机[:端口]，不带路径", "must be [https://]host[:port] without a path", value);
}

static void read_kms_endpoint(struct reading *r, const struct row *row, const char *value)
{
    if (!value && is_source(r->out, "kms"))
        fault(r, row, "required", "来源 kms 必须有此设置", "is needed by the source kms", NULL);
    else
        read_endpoint(r, row, value);
}

/* Its row stands behind OSS_ACCESS_KEY_ID's. */
static void read_key_secret(struct reading *r, const struct row *row, const char *value)
{
    read_pair(r, row, value, r->out->oss_access_key_id);
}

/* --- lists --- */

static const char *const *list_of(const struct settings *s, const struct row *row)
{
    return *(const char *const *const *)((const char *)s + row->at);
}

/* A comma list's items, trimmed, without the empty ones; `check` makes the faults. */
/* --- the database --- */

static void read_database_url(struct reading *r, const struct row *row, const char *value)
{
    r->out->database_url = NULL;
    if (!value)
        return;
    const char *hosts = text_starts(value, "postgresql://") || text_starts(value, "postgres://")
                            ? strstr(value, "://") + 3
                            : NULL;
    if (!hosts)
        fault(r, row, "format", "必须以 postgresql:// 开头", "must begin with postgresql://", NULL);
    else if (strchr(hosts + strcspn(hosts, "/?#"), '@')) /* a piece of a password would be taken for a host, and be shown */
        fault(r, row, "format", "用户名和密码中的 / ? # @ 必须写成 %2F %3F %23 %40",
              "in user and password / ? # @ must be written %2F %3F %23 %40", NULL);
    else
        r->out->database_url = arena_dup(r->arena, value);
}

static void read_recipients(struct reading *r, const struct row *row, const char *value)
{
    if (value && !setting_is_recipients(value))
        fault(r, row, "format", "必须是 age 的公钥（age1… 或 ssh-…），最多 8 个，以逗号分隔", "must be public keys of age (age1… or ssh-…), 8 at most, with commas between", NULL);
    else
        read_text(r, row, value);
}

/* Its row stands after DATABASE_URL's. */
static void read_continuous_dir(struct reading *r, const struct row *row, const char *value)
{
    if (value && r->out->database_url)
        fault(r, row, "sqlite_only", "仅适用于 SQLite；PostgreSQL 请用 pg_receivewal（见 docs/operations.md）",
              "is for SQLite: with PostgreSQL use pg_receivewal (docs/operations.md)", NULL);
    else
        read_text(r, row, value);
}

/* postgresql://hosts/name: what stands before the @ and after the ? may be secret. */
static const char *shown_url(struct arena *a, const char *url)
{
    const char *hosts = strstr(url, "://") + 3;
    const char *at = memrchr(hosts, '@', strcspn(hosts, "/?#"));

    if (at)
        hosts = at + 1;
    return arena_fmt(a, "postgresql://%.*s", (int)strcspn(hosts, "?"), hosts);
}

static void choose_database(struct arena *a, struct settings *s)
{
    s->database = s->database_url ? s->database_url : s->db_path;
    s->database_name = s->database_url ? shown_url(a, s->database_url) : s->db_path;
}

static void read_list(struct reading *r, const struct row *row, const char *value,
                      void (*check)(struct reading *r, const struct row *row, const char *item))
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

static void check_source(struct reading *r, const struct row *row, const char *item)
{
    if (!text_equal(item, "environment") && !text_equal(item, "file") && !text_equal(item, "kms") && !text_equal(item, "user-data"))
        fault(r, row, "choice", "必须是 environment、file、kms、user-data 中的一个或几个，用逗号隔开",
              "must be of environment, file, kms, user-data, with commas between", item);
}

static void read_sources(struct reading *r, const struct row *row, const char *value)
{
    read_list(r, row, value, check_source);
    if (!r->out->secret_sources[0])
        fault(r, row, "choice", "至少需要一个来源", "needs at least one source", value);
}

static void show_list(const struct settings *s, const struct row *row, struct buf *out)
{
    const char *const *item = list_of(s, row);

    if (!*item)
        buf_str(out, "(empty)");
    for (; *item; item++) {
        buf_str(out, *item);
        buf_str(out, item[1] ? "," : "");
    }
}

static void check_origin(struct reading *r, const struct row *row, const char *item)
{
    if (!setting_is_origin(item))
        fault(r, row, "format", "必须是 协议://主机[:端口]，不带路径",
              "must be scheme://host[:port] without a path", item);
    else if (text_equal(item, "*") && r->out->mode == MODE_PRODUCTION)
        fault(r, row, "not_in_production", "生产环境请列出具体来源，不能使用 *",
              "in production * is not allowed: name the origins", item);
}

/* Browsers send origins in lower case, and they are compared byte by byte. */
static void read_origins(struct reading *r, const struct row *row, const char *value)
{
    char *lower = arena_dup(r->arena, value);

    for (char *p = lower; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 'a' - 'A');
    }
    read_list(r, row, lower, check_origin);
}

static void check_proxy(struct reading *r, const struct row *row, const char *item)
{
    if (!setting_is_address_block(item))
        fault(r, row, "format", "必须是 IP 地址或网段，例如 10.0.0.0/8",
              "must be an address or a block, such as 10.0.0.0/8", item);
}

static void read_proxies(struct reading *r, const struct row *row, const char *value)
{
    read_list(r, row, value, check_proxy);
}

/* --- the table --- */

#define AT(member) offsetof(struct settings, member)
#define DAY_S INT64_C(86400)

/* NODE_ENV stands before what depends on it. */
static const struct row ROWS[] = {
    {"PORT", read_number, show_number, AT(port), "3000", 0, 65535, false, NULL,
     "监听端口；0 表示任选一个空闲端口", "Port to listen on; 0 takes any free one"},
    {"HOST", read_host, show_text, AT(host), "0.0.0.0", 0, 0, false, "IPv4 | IPv6 | localhost",
     "监听地址", "Address to listen on"},
    {"NODE_ENV", read_mode, show_mode, AT(mode), "production", 0, 0, false,
     "production | development | test", "运行模式", "Mode of operation"},
    {"SECRET_SOURCE", read_sources, show_list, AT(secret_sources), "environment", 0, 0, false, "environment | file | kms | user-data, …",
     "令牌签名密钥的来源，按顺序取第一个有密钥的：环境变量（含 --env-file）、文件、阿里云 KMS、ECS 用户数据",
     "Where the key that signs tokens comes from, the first that has one: the environment (and --env-file), a file, Alibaba Cloud KMS, the ECS user data"},
    {"JWT_SECRET", read_jwt_secret, show_text, AT(jwt_secret), NULL, 0, 0, true, "text",
     "令牌签名密钥；生产环境必填（除非另有 SECRET_SOURCE），至少 32 字节", "Key that signs tokens; required in production (unless SECRET_SOURCE names another source), at least 32 bytes"},
    {"JWT_SECRET_PREVIOUS", read_secret, show_text, AT(jwt_secret_previous), NULL, 0, 0, true, "text",
     "更换密钥时的上一个密钥，由它签名的令牌仍然有效", "The key before it, after a change: tokens signed with it stay valid"},
    {"JWT_SECRET_FILE", read_secret_file, show_text, AT(jwt_secret_file), NULL, 0, 0, false, "path",
     "来源 file：密钥文件，第一行为密钥，第二行（可选）为上一个密钥", "Source file: the key's file; its first line is the key, a second one the key before it"},
    {"SECRET_REFRESH_SECONDS", read_number, show_number, AT(secret_refresh_s), "300", 1, DAY_S, false, NULL,
     "每隔多少秒重新读取密钥来源（file、kms、user-data），不重启即可更换密钥", "How often the key's source is read again, in seconds (file, kms, user-data): a change needs no restart"},
    {"KMS_ENDPOINT", read_kms_endpoint, show_text, AT(kms_endpoint), NULL, 0, 0, false, "[https://]host[:port]",
     "来源 kms：访问地址，例如 kms-vpc.cn-hangzhou.aliyuncs.com", "Source kms: its address, such as kms-vpc.cn-hangzhou.aliyuncs.com"},
    {"KMS_SECRET_NAME", read_kms_name, show_text, AT(kms_secret_name), "mms-jwt-secret", 0, 0, false, "name | ARN",
     "来源 kms：凭据名称", "Source kms: the secret's name"},
    {"KMS_SECRET_FIELD", read_text, show_text, AT(kms_secret_field), NULL, 0, 0, false, "name",
     "来源 kms：凭据为 JSON 对象时，密钥所在的成员；不设置则整个凭据就是密钥", "Source kms: the member that is the key, where the secret is a JSON object; without it all of the secret is"},
    {"KMS_CA_FILE", read_text, show_text, AT(kms_ca_file), NULL, 0, 0, false, "path",
     "来源 kms：KMS 实例专属网关的 CA 证书；不设置则使用系统的", "Source kms: authorities of a KMS instance's own gateway; without it the system's"},
    {"ALIYUN_ACCESS_KEY_ID", read_text, show_text, AT(aliyun_access_key_id), NULL, 0, 0, true, "text",
     "访问 KMS 的密钥，未设置 OSS_ACCESS_KEY_ID 时也用于对象存储；在 ECS 上不要设置，使用实例的 RAM 角色",
     "Access key for KMS, and for object storage without OSS_ACCESS_KEY_ID; not on ECS, where the machine's RAM role is used"},
    {"ALIYUN_ACCESS_KEY_SECRET", read_aliyun_secret, show_text, AT(aliyun_access_key_secret), NULL, 0, 0, true, "text",
     "与 ALIYUN_ACCESS_KEY_ID 配对的密钥", "The secret that belongs to ALIYUN_ACCESS_KEY_ID"},
    {"ALIYUN_METADATA_URL", read_metadata_url, show_text, AT(aliyun_metadata_url), "http://100.100.100.200", 0, 0, false, "http://host[:port]",
     "ECS 实例元数据服务的地址（RAM 角色与用户数据）", "Address of the ECS metadata service (RAM role and user data)"},
    {"JWT_EXPIRES_IN", read_duration, show_duration, AT(jwt_expires_s), "7d", 60, 90 * DAY_S, false,
     "60s–90d", "登录有效期：秒数，或 30m、12h、7d",
     "How long a sign-in lasts: seconds, or 30m, 12h, 7d"},
    {"DATABASE_URL", read_database_url, show_text, AT(database_url), NULL, 0, 0, true,
     "postgresql://user:password@host[:port][,…]/name[?…]",
     "PostgreSQL 数据库；不设置则使用 SQLite（DB_PATH）",
     "The PostgreSQL database; without it, SQLite (DB_PATH)"},
    {"DB_PATH", read_text, show_text, AT(db_path), "./data/mms.db", 0, 0, false, "path",
     "SQLite 数据文件", "The SQLite data file"},
    {"DB_TAKEOVER_WAIT", read_number, show_number, AT(takeover_wait_s), "0", 0, 3600, false, NULL,
     "SQLite 文件正由另一个实例提供服务时，等待接管的秒数；0 表示立即退出",
     "How many seconds to wait for a SQLite file that another instance serves; 0: end at once"},
    {"LOG_LEVEL", read_level, show_level, AT(log_level), "info", 0, 0, false,
     "error | warn | info | debug", "日志级别", "How much is logged"},
    {"LOG_DIR", read_text, show_text, AT(log_dir), NULL, 0, 0, false, "path",
     "日志目录；不设置则只写标准输出", "Folder of the log; without it, standard output only"},
    {"LOG_MAX_SIZE", read_number, show_number, AT(log_max_size), "10485760", 65536, 1 << 30, false, NULL,
     "日志文件达到此大小（字节）即轮换", "The log's file is put aside when it has so many bytes"},
    {"LOG_MAX_AGE", read_duration, show_duration, AT(log_max_age_s), "1d", 60, 90 * DAY_S, false, "60s–90d",
     "日志文件达到此时长即轮换", "… or when its first line is so old"},
    {"LOG_KEEP", read_number, show_number, AT(log_keep), "14", 1, 1000, false, NULL, "保留的旧日志文件数",
     "How many of the log's older files are kept"},
    {"UPLOAD_DIR", read_text, show_text, AT(upload_dir), "./data/uploads", 0, 0, false, "path",
     "上传文件目录", "Folder of uploaded files"},
    {"UPLOAD_BACKEND", read_backend, show_backend, AT(upload_backend), "local", 0, 0, false, "local | oss",
     "上传文件的存放位置：local 为 UPLOAD_DIR，oss 为阿里云对象存储", "Where uploaded files lie: local: UPLOAD_DIR; oss: object storage (Alibaba Cloud OSS)"},
    {"OSS_BUCKET", read_bucket, show_text, AT(oss_bucket), NULL, 0, 0, false, "name",
     "对象存储的存储空间，须为私有", "The bucket, which must be private"},
    {"OSS_REGION", read_region, show_text, AT(oss_region), NULL, 0, 0, false, "cn-hangzhou",
     "存储空间所在地域", "The bucket's region"},
    {"OSS_ENDPOINT", read_endpoint, show_text, AT(oss_endpoint), NULL, 0, 0, false, "[https://]host[:port]",
     "对象存储的访问地址；不设置则使用该地域的公网地址，同地域的主机请用 oss-地域-internal.aliyuncs.com",
     "Its address; without it the region's public one. Machines in the region use oss-REGION-internal.aliyuncs.com"},
    {"OSS_CA_FILE", read_text, show_text, AT(oss_ca_file), NULL, 0, 0, false, "path",
     "对象存储访问地址的 CA 证书（自建网关）；不设置则使用系统的", "Authorities of an address of one's own; without it the system's"},
    {"OSS_ACCESS_KEY_ID", read_text, show_text, AT(oss_access_key_id), NULL, 0, 0, true, "text",
     "访问对象存储的密钥；不设置则使用 ALIYUN_ACCESS_KEY_ID 一对，再没有则使用实例的 RAM 角色（在 ECS 上应当如此）",
     "Access key for object storage; without it that of ALIYUN_ACCESS_KEY_ID, and without both the machine's RAM role, as it should be on ECS"},
    {"OSS_ACCESS_KEY_SECRET", read_key_secret, show_text, AT(oss_access_key_secret), NULL, 0, 0, true, "text",
     "与 OSS_ACCESS_KEY_ID 配对的密钥", "The secret that belongs to OSS_ACCESS_KEY_ID"},
    {"OSS_DELIVERY", read_delivery, show_delivery, AT(oss_delivery), "service", 0, 0, false, "service | signed",
     "导出文件的下载方式：service 经本服务，signed 由浏览器凭短期签名地址直接下载",
     "How exports reach the browser: service: through this service; signed: from the storage, by an address good for minutes"},
    {"BACKUP_DIR", read_text, show_text, AT(backup_dir), NULL, 0, 0, false, "path",
     "备份目录（mms backup）；不设置则须用 --to 指定", "Folder of backups (mms backup); without it, --to must name one"},
    {"AGE_RECIPIENT", read_recipients, show_text, AT(age_recipient), NULL, 0, 0, false, "age1…, …",
     "备份（含连续备份）以此 age 公钥加密，可多个；私钥请另行保管，恢复时才需要；不设置则不加密",
     "Public keys of age that all backups are encrypted for, the continuous one too; the private key is kept elsewhere. Without it they are not"},
    {"BACKUP_CONTINUOUS_DIR", read_continuous_dir, show_text, AT(backup_continuous_dir), NULL, 0, 0, false, "path",
     "连续备份的目录，须已存在，应在另一块磁盘上；不设置则没有连续备份（仅 SQLite）",
     "Folder of the continuous backup: it must be there, on another disk; without it there is none (SQLite only)"},
    {"BACKUP_CONTINUOUS_SECONDS", read_number, show_number, AT(backup_continuous_s), "10", 1, 60, false, NULL,
     "连续备份的间隔（秒）", "How often the continuous backup takes what has changed, in seconds"},
    {"MAX_FILE_SIZE", read_number, show_number, AT(max_file_size), "2097152", 1024, 1 << 30, false,
     NULL, "上传文件大小上限（字节）", "Largest upload, in bytes"},
    {"CORS_ORIGIN", read_origins, show_list, AT(cors_origins), "", 0, 0, false,
     "scheme://host[:port], … | *", "允许跨域的来源；留空则仅限同源，生产环境不能用 *",
     "Other origins that may call; empty: none, * not in production"},
    {"WEB_DIR", read_text, show_text, AT(web_dir), NULL, 0, 0, false, "path",
     "前端页面目录；不设置则只提供 API", "Folder of the built page; without it, API only"},
    {"ADMIN_INITIAL_PASSWORD", read_password, show_text, AT(admin_initial_password), NULL, 0, 0,
     true, "text", "首个管理员的初始密码；不设置则随机生成并显示一次",
     "First administrator's password; without it, a random one is shown once"},
    {"METRICS_TOKEN", read_metrics_token, show_text, AT(metrics_token), NULL, 0, 0, true, "text",
     "读取 /metrics 的令牌，至少 16 字节；不设置则没有 /metrics",
     "What GET /metrics wants as its token, at least 16 bytes; without it there is no /metrics"},
    {"TRUSTED_PROXIES", read_proxies, show_list, AT(trusted_proxies), "", 0, 0, false,
     "address[/bits], …", "可信反向代理的地址或网段", "Reverse proxies whose headers are believed"},
};

enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

/* Printed on one line, put into JSON: a value has to be text. */
static bool is_clean(const char *value)
{
    bool clean = text_is_utf8(value, strlen(value));

    for (; *value; value++)
        clean = clean && (unsigned char)*value >= 0x20 && *value != 0x7F;
    return clean;
}

static void read_row(struct reading *r, const struct row *row, const char *given)
{
    const char *value = text_trim(r->arena, given);

    if (!value || !*value)
        value = row->fallback;
    else if (!is_clean(value)) {
        fault(r, row, "format", "包含控制字符或不是有效的 UTF-8",
              "holds control characters or is not valid UTF-8", NULL);
        return;
    }
    row->read(r, row, value);
}

enum rc settings_read(struct arena *a, const char *(*get)(const char *name), struct settings *out,
                      struct error *err)
{
    struct settings read = {.mode = MODE_PRODUCTION}; /* also when NODE_ENV is at fault */
    struct reading r = {a, &read, err};
    size_t faults_before = err->fault_count;

    for (size_t i = 0; i < ROW_COUNT; i++)
        read_row(&r, &ROWS[i], get(ROWS[i].name));
    if (err->fault_count > faults_before)
        return RC_INVALID_INPUT;
    choose_database(a, &read);
    *out = read;
    return RC_OK;
}

/* `width` columns, and two more between this and the next. What is padded here is mostly ASCII. */
static void put_padded(struct buf *out, const char *text, size_t width)
{
    buf_str(out, text);
    for (size_t n = text_chars(text); n < width + 2; n++)
        buf_char(out, ' ');
}

static const char *fallback_text(const struct row *row)
{
    return row->fallback && *row->fallback ? row->fallback : "-";
}

static size_t wider(size_t width, const char *text)
{
    size_t chars = text_chars(text);

    return chars > width ? chars : width;
}

/* One long list of origins must not push all other lines to the right. */
enum { VALUE_WIDTH_MAX = 40 };

void settings_print(const struct settings *s, struct buf *out)
{
    struct buf values[ROW_COUNT];
    size_t name_width = 4, value_width = 5, fallback_width = 7;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        buf_init(&values[i], 64 * 1024);
        ROWS[i].show(s, &ROWS[i], &values[i]);
        name_width = wider(name_width, ROWS[i].name);
        value_width = wider(value_width, buf_text(&values[i]));
        fallback_width = wider(fallback_width, fallback_text(&ROWS[i]));
    }
    if (value_width > VALUE_WIDTH_MAX)
        value_width = VALUE_WIDTH_MAX;
    put_padded(out, "NAME", name_width);
    put_padded(out, "VALUE", value_width);
    put_padded(out, "DEFAULT", fallback_width);
    buf_str(out, "MEANING\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        put_padded(out, ROWS[i].name, name_width);
        put_padded(out, buf_text(&values[i]), value_width);
        put_padded(out, fallback_text(&ROWS[i]), fallback_width);
        buf_fmt(out, "%s / %s\n", ROWS[i].zh, ROWS[i].en);
        buf_free(&values[i]);
    }
}

static void put_shape(struct buf *out, const struct row *row)
{
    if (row->shape)
        buf_str(out, row->shape);
    else
        buf_fmt(out, "%lld–%lld", (long long)row->min, (long long)row->max);
}

void settings_help(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];
        buf_str(out, "  ");
        put_padded(out, row->name, NAME_WIDTH);
        put_shape(out, row);
        buf_fmt(out, "  [%s]\n      %s\n      %s\n", fallback_text(row), row->zh, row->en);
    }
}

void settings_example(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];
        bool must_be_set = row->read == read_jwt_secret;
        buf_fmt(out, "%s# %s\n# %s\n# ", i ? "\n" : "", row->zh, row->en);
        put_shape(out, row);
        buf_fmt(out, "\n%s%s=%s\n", must_be_set ? "" : "#", row->name, row->fallback ? row->fallback : "");
    }
}
