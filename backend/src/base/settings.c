#include "base/settings.h"

#include <string.h>

#include "base/settings_value.h"
#include "base/text.h"

enum { NAME_WIDTH = 25 };

#define AT(member) offsetof(struct settings, member)
#define DAY_S INT64_C(86400)

/* NODE_ENV stands before what depends on it. */
static const struct setting ROWS[] = {
    {"PORT", setting_read_number, setting_show_number, AT(port), "3000", 0, 65535, false, NULL,
     "监听端口；0 表示任选一个空闲端口", "Port to listen on; 0 takes any free one"},
    {"HOST", setting_read_host, setting_show_text, AT(host), "0.0.0.0", 0, 0, false, "IPv4 | IPv6 | localhost",
     "监听地址", "Address to listen on"},
    {"NODE_ENV", setting_read_mode, setting_show_mode, AT(mode), "production", 0, 0, false,
     "production | development | test", "运行模式", "Mode of operation"},
    {"SECRET_SOURCE", setting_read_sources, setting_show_list, AT(secret_sources), "environment", 0, 0, false, "environment | file | kms | user-data, …",
     "令牌签名密钥的来源，按顺序取第一个有密钥的：环境变量（含 --env-file）、文件、阿里云 KMS、ECS 用户数据",
     "Where the key that signs tokens comes from, the first that has one: the environment (and --env-file), a file, Alibaba Cloud KMS, the ECS user data"},
    {"JWT_SECRET", setting_read_jwt_secret, setting_show_text, AT(jwt_secret), NULL, 0, 0, true, "text",
     "令牌签名密钥；生产环境必填（除非另有 SECRET_SOURCE），至少 32 字节", "Key that signs tokens; required in production (unless SECRET_SOURCE names another source), at least 32 bytes"},
    {"JWT_SECRET_PREVIOUS", setting_read_secret, setting_show_text, AT(jwt_secret_previous), NULL, 0, 0, true, "text",
     "更换密钥时的上一个密钥，由它签名的令牌仍然有效", "The key before it, after a change: tokens signed with it stay valid"},
    {"JWT_SECRET_FILE", setting_read_secret_file, setting_show_text, AT(jwt_secret_file), NULL, 0, 0, false, "path",
     "来源 file：密钥文件，第一行为密钥，第二行（可选）为上一个密钥", "Source file: the key's file; its first line is the key, a second one the key before it"},
    {"SECRET_REFRESH_SECONDS", setting_read_number, setting_show_number, AT(secret_refresh_s), "300", 1, DAY_S, false, NULL,
     "每隔多少秒重新读取密钥来源（file、kms、user-data），不重启即可更换密钥", "How often the key's source is read again, in seconds (file, kms, user-data): a change needs no restart"},
    {"KMS_ENDPOINT", setting_read_kms_endpoint, setting_show_text, AT(kms_endpoint), NULL, 0, 0, false, "[https://]host[:port]",
     "来源 kms：访问地址，例如 kms-vpc.cn-hangzhou.aliyuncs.com", "Source kms: its address, such as kms-vpc.cn-hangzhou.aliyuncs.com"},
    {"KMS_SECRET_NAME", setting_read_kms_name, setting_show_text, AT(kms_secret_name), "mms-jwt-secret", 0, 0, false, "name | ARN",
     "来源 kms：凭据名称", "Source kms: the secret's name"},
    {"KMS_SECRET_FIELD", setting_read_text, setting_show_text, AT(kms_secret_field), NULL, 0, 0, false, "name",
     "来源 kms：凭据为 JSON 对象时，密钥所在的成员；不设置则整个凭据就是密钥", "Source kms: the member that is the key, where the secret is a JSON object; without it all of the secret is"},
    {"KMS_CA_FILE", setting_read_text, setting_show_text, AT(kms_ca_file), NULL, 0, 0, false, "path",
     "来源 kms：KMS 实例专属网关的 CA 证书；不设置则使用系统的", "Source kms: authorities of a KMS instance's own gateway; without it the system's"},
    {"ALIYUN_ACCESS_KEY_ID", setting_read_text, setting_show_text, AT(aliyun_access_key_id), NULL, 0, 0, true, "text",
     "访问 KMS 的密钥，未设置 OSS_ACCESS_KEY_ID 时也用于对象存储；在 ECS 上不要设置，使用实例的 RAM 角色",
     "Access key for KMS, and for object storage without OSS_ACCESS_KEY_ID; not on ECS, where the machine's RAM role is used"},
    {"ALIYUN_ACCESS_KEY_SECRET", setting_read_aliyun_secret, setting_show_text, AT(aliyun_access_key_secret), NULL, 0, 0, true, "text",
     "与 ALIYUN_ACCESS_KEY_ID 配对的密钥", "The secret that belongs to ALIYUN_ACCESS_KEY_ID"},
    {"ALIYUN_METADATA_URL", setting_read_metadata_url, setting_show_text, AT(aliyun_metadata_url), "http://100.100.100.200", 0, 0, false, "http://host[:port]",
     "ECS 实例元数据服务的地址（RAM 角色与用户数据）", "Address of the ECS metadata service (RAM role and user data)"},
    {"JWT_EXPIRES_IN", setting_read_duration, setting_show_duration, AT(jwt_expires_s), "7d", 60, 90 * DAY_S, false,
     "60s–90d", "登录有效期：秒数，或 30m、12h、7d",
     "How long a sign-in lasts: seconds, or 30m, 12h, 7d"},
    {"DATABASE_URL", setting_read_database_url, setting_show_text, AT(database_url), NULL, 0, 0, true,
     "postgresql://user:password@host[:port][,…]/name[?…]",
     "PostgreSQL 数据库；不设置则使用 SQLite（DB_PATH）",
     "The PostgreSQL database; without it, SQLite (DB_PATH)"},
    {"DB_PATH", setting_read_text, setting_show_text, AT(db_path), "./data/mms.db", 0, 0, false, "path",
     "SQLite 数据文件", "The SQLite data file"},
    {"DB_TAKEOVER_WAIT", setting_read_number, setting_show_number, AT(takeover_wait_s), "0", 0, 3600, false, NULL,
     "SQLite 文件正由另一个实例提供服务时，等待接管的秒数；0 表示立即退出",
     "How many seconds to wait for a SQLite file that another instance serves; 0: end at once"},
    {"LOG_LEVEL", setting_read_level, setting_show_level, AT(log_level), "info", 0, 0, false,
     "error | warn | info | debug", "日志级别", "How much is logged"},
    {"LOG_DIR", setting_read_text, setting_show_text, AT(log_dir), NULL, 0, 0, false, "path",
     "日志目录；不设置则只写标准输出", "Folder of the log; without it, standard output only"},
    {"LOG_MAX_SIZE", setting_read_number, setting_show_number, AT(log_max_size), "10485760", 65536, 1 << 30, false, NULL,
     "日志文件达到此大小（字节）即轮换", "The log's file is put aside when it has so many bytes"},
    {"LOG_MAX_AGE", setting_read_duration, setting_show_duration, AT(log_max_age_s), "1d", 60, 90 * DAY_S, false, "60s–90d",
     "日志文件达到此时长即轮换", "… or when its first line is so old"},
    {"LOG_KEEP", setting_read_number, setting_show_number, AT(log_keep), "14", 1, 1000, false, NULL, "保留的旧日志文件数",
     "How many of the log's older files are kept"},
    {"UPLOAD_DIR", setting_read_text, setting_show_text, AT(upload_dir), "./data/uploads", 0, 0, false, "path",
     "上传文件目录", "Folder of uploaded files"},
    {"UPLOAD_BACKEND", setting_read_backend, setting_show_backend, AT(upload_backend), "local", 0, 0, false, "local | oss",
     "上传文件的存放位置：local 为 UPLOAD_DIR，oss 为阿里云对象存储", "Where uploaded files lie: local: UPLOAD_DIR; oss: object storage (Alibaba Cloud OSS)"},
    {"OSS_BUCKET", setting_read_bucket, setting_show_text, AT(oss_bucket), NULL, 0, 0, false, "name",
     "对象存储的存储空间，须为私有", "The bucket, which must be private"},
    {"OSS_REGION", setting_read_region, setting_show_text, AT(oss_region), NULL, 0, 0, false, "cn-hangzhou",
     "存储空间所在地域", "The bucket's region"},
    {"OSS_ENDPOINT", setting_read_endpoint, setting_show_text, AT(oss_endpoint), NULL, 0, 0, false, "[https://]host[:port]",
     "对象存储的访问地址；不设置则使用该地域的公网地址，同地域的主机请用 oss-地域-internal.aliyuncs.com",
     "Its address; without it the region's public one. Machines in the region use oss-REGION-internal.aliyuncs.com"},
    {"OSS_CA_FILE", setting_read_text, setting_show_text, AT(oss_ca_file), NULL, 0, 0, false, "path",
     "对象存储访问地址的 CA 证书（自建网关）；不设置则使用系统的", "Authorities of an address of one's own; without it the system's"},
    {"OSS_ACCESS_KEY_ID", setting_read_text, setting_show_text, AT(oss_access_key_id), NULL, 0, 0, true, "text",
     "访问对象存储的密钥；不设置则使用 ALIYUN_ACCESS_KEY_ID 一对，再没有则使用实例的 RAM 角色（在 ECS 上应当如此）",
     "Access key for object storage; without it that of ALIYUN_ACCESS_KEY_ID, and without both the machine's RAM role, as it should be on ECS"},
    {"OSS_ACCESS_KEY_SECRET", setting_read_key_secret, setting_show_text, AT(oss_access_key_secret), NULL, 0, 0, true, "text",
     "与 OSS_ACCESS_KEY_ID 配对的密钥", "The secret that belongs to OSS_ACCESS_KEY_ID"},
    {"OSS_DELIVERY", setting_read_delivery, setting_show_delivery, AT(oss_delivery), "service", 0, 0, false, "service | signed",
     "导出文件的下载方式：service 经本服务，signed 由浏览器凭短期签名地址直接下载",
     "How exports reach the browser: service: through this service; signed: from the storage, by an address good for minutes"},
    {"BACKUP_DIR", setting_read_text, setting_show_text, AT(backup_dir), NULL, 0, 0, false, "path",
     "备份目录（mms backup）；不设置则须用 --to 指定", "Folder of backups (mms backup); without it, --to must name one"},
    {"AGE_RECIPIENT", setting_read_recipients, setting_show_text, AT(age_recipient), NULL, 0, 0, false, "age1…, …",
     "备份（含连续备份）以此 age 公钥加密，可多个；私钥请另行保管，恢复时才需要；不设置则不加密",
     "Public keys of age that all backups are encrypted for, the continuous one too; the private key is kept elsewhere. Without it they are not"},
    {"BACKUP_CONTINUOUS_DIR", setting_read_continuous_dir, setting_show_text, AT(backup_continuous_dir), NULL, 0, 0, false, "path",
     "连续备份的目录，须已存在，应在另一块磁盘上；不设置则没有连续备份（仅 SQLite）",
     "Folder of the continuous backup: it must be there, on another disk; without it there is none (SQLite only)"},
    {"BACKUP_CONTINUOUS_SECONDS", setting_read_number, setting_show_number, AT(backup_continuous_s), "10", 1, 60, false, NULL,
     "连续备份的间隔（秒）", "How often the continuous backup takes what has changed, in seconds"},
    {"MAX_FILE_SIZE", setting_read_number, setting_show_number, AT(max_file_size), "2097152", 1024, 1 << 30, false,
     NULL, "上传文件大小上限（字节）", "Largest upload, in bytes"},
    {"CORS_ORIGIN", setting_read_origins, setting_show_list, AT(cors_origins), "", 0, 0, false,
     "scheme://host[:port], … | *", "允许跨域的来源；留空则仅限同源，生产环境不能用 *",
     "Other origins that may call; empty: none, * not in production"},
    {"WEB_DIR", setting_read_text, setting_show_text, AT(web_dir), NULL, 0, 0, false, "path",
     "前端页面目录；不设置则只提供 API", "Folder of the built page; without it, API only"},
    {"ADMIN_INITIAL_PASSWORD", setting_read_password, setting_show_text, AT(admin_initial_password), NULL, 0, 0,
     true, "text", "首个管理员的初始密码；不设置则随机生成并显示一次",
     "First administrator's password; without it, a random one is shown once"},
    {"METRICS_TOKEN", setting_read_metrics_token, setting_show_text, AT(metrics_token), NULL, 0, 0, true, "text",
     "读取 /metrics 的令牌，至少 16 字节；不设置则没有 /metrics",
     "What GET /metrics wants as its token, at least 16 bytes; without it there is no /metrics"},
    {"TRUSTED_PROXIES", setting_read_proxies, setting_show_list, AT(trusted_proxies), "", 0, 0, false,
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

static void read_row(struct settings_reading *r, const struct setting *row, const char *given)
{
    const char *value = text_trim(r->arena, given);

    if (!value || !*value)
        value = row->fallback;
    else if (!is_clean(value)) {
        setting_fault(r, row, "format", "包含控制字符或不是有效的 UTF-8",
                      "holds control characters or is not valid UTF-8", NULL);
        return;
    }
    row->read(r, row, value);
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

enum rc settings_read(struct arena *a, const char *(*get)(const char *name), struct settings *out,
                      struct error *err)
{
    struct settings read = {.mode = MODE_PRODUCTION}; /* also when NODE_ENV is at fault */
    struct settings_reading r = {a, &read, err};
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

static const char *fallback_text(const struct setting *row)
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

static void put_shape(struct buf *out, const struct setting *row)
{
    if (row->shape)
        buf_str(out, row->shape);
    else
        buf_fmt(out, "%lld–%lld", (long long)row->min, (long long)row->max);
}

void settings_help(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct setting *row = &ROWS[i];
        buf_str(out, "  ");
        put_padded(out, row->name, NAME_WIDTH);
        put_shape(out, row);
        buf_fmt(out, "  [%s]\n      %s\n      %s\n", fallback_text(row), row->zh, row->en);
    }
}

void settings_example(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct setting *row = &ROWS[i];
        bool must_be_set = row->read == setting_read_jwt_secret;
        buf_fmt(out, "%s# %s\n# %s\n# ", i ? "\n" : "", row->zh, row->en);
        put_shape(out, row);
        buf_fmt(out, "\n%s%s=%s\n", must_be_set ? "" : "#", row->name, row->fallback ? row->fallback : "");
    }
}
