/* mms doctor --cloud: what only the real account can show. Probes are objects _doctor/…, which are deleted again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/storage.h"
#include "base/text.h"
#include "cloud/kms.h"
#include "cloud/oss.h"
#include "crypto/token.h"
#include "ops/doctor.h"

#define PROBE_FOLDER "_doctor/"
#define PROBE_BYTES 16
#define PARTS_BYTES (OSS_PART_BYTES + 1) /* the least that goes in parts */
#define SIGNED_S 60
#define ADDRESS_MAX 8192 /* bytes */
#define CLOCK_GOOD_S 60 /* of the 15 minutes that are tolerated */

static const char set_oss[] = "OSS_BUCKET, OSS_REGION";

/* ---------------------------------------------------------------- keys */

struct keys {
    struct metadata *metadata;
    struct credentials *credentials;
};

static void open_keys(struct doctor *d, const struct cloud_key *key, struct keys *out)
{
    out->metadata = metadata_new(d->settings.aliyun_metadata_url);
    out->credentials = credentials_new(key, out->metadata);
}

static void close_keys(struct keys *k)
{
    credentials_free(k->credentials);
    metadata_free(k->metadata);
}

void doctor_cloud_role(struct doctor *d)
{
    const struct cloud_key permanent = storage_key(&d->settings);
    struct keys keys;
    struct cloud_key key;
    struct trouble why = {0};
    char ends[CLOCK_TEXT_MAX];
    int64_t ends_ms;
    if (permanent.id) {
        doctor_not_applicable(d, "ECS: 给实例授予 RAM 角色，去掉 OSS_ACCESS_KEY_… 与 ALIYUN_ACCESS_KEY_… / attach a RAM role, unset OSS_ACCESS_KEY_… and ALIYUN_ACCESS_KEY_…",
                              "使用固定的 AccessKey / a permanent access key is used");
        return;
    }
    open_keys(d, &permanent, &keys);
    bool got = credentials_fetch(keys.credentials, d->arena, &why) && credentials_take(keys.credentials, d->arena, &key, &ends_ms, &why);
    const char *source = credentials_source(keys.credentials, d->arena);
    close_keys(&keys);
    if (!got) {
        doctor_failed(d, "ECS: 实例 RAM 角色 / the instance's RAM role; OSS_ACCESS_KEY_ID", "%s / %s", why.zh, why.en);
        return;
    }
    clock_print_iso(ends_ms, ends);
    doctor_ok(d, "%s，有效至 / until %s", source, ends);
}

/* Asked as somebody would who has found a way to make this machine fetch an address: without a token. */
void doctor_cloud_metadata(struct doctor *d)
{
    struct doctor_answer plain;
    const char *url = arena_fmt(d->arena, "%s/latest/meta-data/instance-id", d->settings.aliyun_metadata_url);
    struct metadata *m = metadata_new(d->settings.aliyun_metadata_url);
    struct trouble why = {0};
    const char *id = NULL;
    bool answers = metadata_get(m, d->arena, "meta-data/instance-id", &id, &why);
    metadata_free(m);
    if (!answers) {
        doctor_not_applicable(d, "在 ECS 实例上运行 / run it on the instance", "%s / %s", why.zh, why.en);
        return;
    }
    doctor_get(d, url, NULL, &plain);
    if (plain.status == 200)
        doctor_failed(d, "ECS 控制台：实例元数据访问 → 仅加固模式 / the console: metadata access, hardened mode only", "不带令牌也会应答 / answers without a token, too: %s", d->settings.aliyun_metadata_url);
    else
        doctor_ok(d, "%s；不带令牌 / without a token: %s", id ? text_shorten(d->arena, text_trim(d->arena, id), 40) : "", doctor_shown(d, &plain));
}

/* ---------------------------------------------------------------- object storage */

/* NULL: there is none by the settings, and the line says so. */
static struct oss *open_bucket(struct doctor *d)
{
    if (d->settings.oss_bucket && d->settings.oss_region)
        return storage_open_bucket(&d->settings);
    doctor_not_applicable(d, set_oss, "未设置对象存储 / object storage is not set up");
    return NULL;
}

static void say_why(struct doctor *d, struct oss *o, const char *what, enum rc rc)
{
    struct buf why;
    buf_init(&why, 1024);
    oss_why(o, &why);
    doctor_failed(d, "docs/operations.md: Object storage", "%s: %s / %s: %s", what, error_row(rc)->zh, error_row(rc)->en, buf_text(&why));
    buf_free(&why);
}

/* Any answer does, as long as it is theirs. */
static bool ask_endpoint(struct doctor *d, struct doctor_answer *out)
{
    struct oss *o = open_bucket(d);
    if (!o)
        return false;
    const char *url = arena_fmt(d->arena, "%s/", oss_address_of_bucket(o));
    oss_close(o);
    doctor_ask(d, &(struct doctor_request){.method = "GET", .url = url, .ca = d->settings.oss_ca_file}, out);
    const char *id = out->status ? doctor_header(d, out, "x-oss-request-id") : NULL;
    if (!out->status)
        doctor_failed(d, "OSS_ENDPOINT, OSS_REGION, OSS_CA_FILE, DNS", "%s: %s", url, doctor_shown(d, out));
    else if (!id)
        doctor_failed(d, "OSS_ENDPOINT", "%s: %s；应答的不是对象存储 / it is not object storage that answers", url, doctor_shown(d, out));
    return id != NULL;
}

void doctor_cloud_endpoint(struct doctor *d)
{
    struct doctor_answer a;
    if (ask_endpoint(d, &a))
        doctor_ok(d, "%s%s, %lld ms", d->settings.oss_endpoint ? d->settings.oss_endpoint : d->settings.oss_region,
                  d->settings.oss_endpoint && strstr(d->settings.oss_endpoint, "-internal") ? " (内网 / inner)" : "", (long long)(a.took_us / 1000));
}

void doctor_cloud_clock(struct doctor *d)
{
    struct doctor_answer a;
    char ours[CLOCK_TEXT_MAX], theirs[CLOCK_TEXT_MAX];
    int64_t theirs_ms, now_ms;
    if (!ask_endpoint(d, &a))
        return;
    now_ms = clock_now_ms();
    const char *date = doctor_header(d, &a, "date");
    if (!date || !client_date(date, &theirs_ms)) {
        doctor_failed(d, "OSS_ENDPOINT", "应答没有时间 / the answer tells no time");
        return;
    }
    clock_print_iso(now_ms, ours);
    clock_print_iso(theirs_ms, theirs);
    int64_t off_s = (now_ms - theirs_ms) / 1000;
    if (off_s > CLOCK_GOOD_S || off_s < -CLOCK_GOOD_S)
        doctor_failed(d, "apt-get install chrony; chronyc makestep", "本机 / ours %s，对象存储 / theirs %s，相差 / apart %lld s", ours, theirs, (long long)off_s);
    else
        doctor_ok(d, "相差不超过 / apart no more than %d s: %s", CLOCK_GOOD_S, theirs);
}

void doctor_cloud_bucket(struct doctor *d)
{
    struct oss_bucket b;
    struct oss *o = open_bucket(d);
    if (!o)
        return;
    enum rc rc = oss_look_at_bucket(o, d->arena, &b);
    const char *region = text_starts(b.location, "oss-") ? b.location + strlen("oss-") : b.location;
    if (rc != RC_OK)
        say_why(d, o, "bucketInfo", rc);
    else if (!text_equal(b.acl, "private"))
        doctor_failed(d, "OSS 控制台：读写权限 → 私有 / the console: ACL, private", "读写权限 / ACL: %s", *b.acl ? b.acl : "?");
    else if (!text_equal(region, d->settings.oss_region))
        doctor_failed(d, arena_fmt(d->arena, "OSS_REGION=%s", region), "地域 / region: %s", region);
    else if (!text_equal(b.versioning, "Enabled"))
        doctor_failed(d, "OSS 控制台：版本控制 → 开通 / the console: versioning, enabled", "版本控制 / versioning: %s", *b.versioning ? b.versioning : "-");
    else
        doctor_ok(d, "%s: %s, %s, versioning %s, block public access %s", d->settings.oss_bucket, b.acl, region, b.versioning, *b.blocked ? b.blocked : "?");
    oss_close(o);
}

/* An object that was put for a line. */
struct probe {
    struct oss *oss;
    char text[2 * PROBE_BYTES + 1], key[sizeof PROBE_FOLDER + 2 * PROBE_BYTES + 1];
    bool is_there;
};

/* `source` NULL: its own text. False: the line has been told why not. */
static bool put_probe_of(struct doctor *d, struct probe *p, const struct files_source *source, const char *what)
{
    *p = (struct probe){.oss = open_bucket(d)};
    if (!p->oss)
        return false;
    random_hex(PROBE_BYTES, p->text);
    snprintf(p->key, sizeof p->key, PROBE_FOLDER "%s", p->text);
    const struct files_piece piece = {p->text};
    const struct files_source own = files_source_of(&piece, strlen(p->text));
    enum rc rc = oss_put(p->oss, p->key, "text/plain", source ? source : &own);
    p->is_there = rc == RC_OK;
    if (p->is_there)
        return true;
    say_why(d, p->oss, what, rc);
    oss_close(p->oss);
    return false;
}

static bool put_probe(struct doctor *d, struct probe *p)
{
    return put_probe_of(d, p, NULL, "PutObject");
}

/* What was found counts; a probe that cannot be deleted is the matter of the line about deleting. */
static void end_probe(struct probe *p)
{
    if (p->is_there && oss_delete(p->oss, p->key) != RC_OK)
        p->is_there = false;
    oss_close(p->oss);
}

static bool add_text(void *arg, const void *bytes, size_t n)
{
    struct buf *out = arg;
    buf_add(out, bytes, n);
    return !out->overflow;
}

void doctor_cloud_write(struct doctor *d)
{
    struct probe p;
    struct files_fact fact;
    struct buf text;
    if (!put_probe(d, &p))
        return;
    buf_init(&text, 1024);
    const struct files_sink sink = {.write = add_text, .arg = &text};
    enum rc rc = oss_head(p.oss, p.key, &fact);
    const char *what = rc == RC_OK ? "GetObject" : "HeadObject";
    if (rc == RC_OK)
        rc = oss_get(p.oss, p.key, &sink);
    if (rc != RC_OK)
        say_why(d, p.oss, what, rc);
    else if (!text_equal(buf_text(&text), p.text))
        doctor_failed(d, "OSS_ENDPOINT", "读回的内容不同 / what came back is something else");
    else
        doctor_ok(d, "PutObject, HeadObject, GetObject: %s，CRC-64 %" PRIu64, p.key, fact.crc);
    buf_free(&text);
    end_probe(&p);
}

struct search {
    const char *key;
    bool found;
};

static void compare(void *arg, const char *key, int64_t bytes, int64_t changed_ms)
{
    struct search *s = arg;
    (void)bytes;
    (void)changed_ms;
    s->found = s->found || strcmp(key, s->key) == 0;
}

static bool give_dots(void *arg, int64_t at, void *into, size_t n)
{
    (void)arg;
    (void)at;
    memset(into, '.', n);
    return true;
}

/* As a backup goes there: its sum is compared over all parts. */
void doctor_cloud_parts(struct doctor *d)
{
    struct probe p;
    struct files_fact fact;
    const struct files_source dots = {PARTS_BYTES, give_dots, NULL};
    if (!put_probe_of(d, &p, &dots, "InitiateMultipartUpload, UploadPart, CompleteMultipartUpload"))
        return;
    enum rc rc = oss_head(p.oss, p.key, &fact);
    if (rc != RC_OK)
        say_why(d, p.oss, "HeadObject", rc);
    else if (fact.bytes != PARTS_BYTES)
        doctor_failed(d, "OSS_ENDPOINT", "%lld 字节，而不是 / bytes, not %lld", (long long)fact.bytes, (long long)PARTS_BYTES);
    else
        doctor_ok(d, "2 段 / parts, %lld 字节 / bytes，CRC-64 %" PRIu64, (long long)fact.bytes, fact.crc);
    end_probe(&p);
}

void doctor_cloud_list(struct doctor *d)
{
    struct probe p;
    if (!put_probe(d, &p))
        return;
    struct search s = {.key = p.key};
    enum rc rc = oss_list(p.oss, PROBE_FOLDER, compare, &s);
    if (rc != RC_OK)
        say_why(d, p.oss, "ListObjectsV2", rc);
    else if (!s.found)
        doctor_failed(d, set_oss, "列表中没有刚写入的对象 / what was just put is not in the list");
    else
        doctor_ok(d, "ListObjectsV2: " PROBE_FOLDER);
    end_probe(&p);
}

void doctor_cloud_delete(struct doctor *d)
{
    struct probe p;
    struct files_fact fact;
    if (!put_probe(d, &p))
        return;
    enum rc rc = oss_delete(p.oss, p.key);
    if (rc != RC_OK)
        say_why(d, p.oss, "DeleteObject", rc);
    else if (oss_head(p.oss, p.key, &fact) != RC_NOT_FOUND)
        doctor_failed(d, set_oss, "删除后仍在 / it is still there");
    else
        doctor_ok(d, "DeleteObject; HeadObject: 404");
    p.is_there = false;
    end_probe(&p);
}

void doctor_cloud_private(struct doctor *d)
{
    struct probe p;
    if (!put_probe(d, &p))
        return;
    int status = oss_status_for_anybody(p.oss, p.key);
    if (status == 403)
        doctor_ok(d, "GetObject, 未签名 / not signed: 403");
    else if (status == 200)
        doctor_failed(d, "OSS 控制台：阻止公共访问，读写权限 → 私有 / the console: block public access, ACL private", "任何人都能读取 / anybody can read it");
    else
        doctor_failed(d, set_oss, "未签名的读取得到 %d，而不是 403 / who does not sign is answered %d, not 403", status, status);
    end_probe(&p);
}

static void look_at_address(struct doctor *d, const struct probe *p, const char *url)
{
    static const char mend[] = "OSS_DELIVERY=service；或给存储空间绑定自己的域名（OSS_ENDPOINT）/ or bind a domain of one's own to the bucket (OSS_ENDPOINT)";
    struct doctor_answer a;
    const char *place = arena_copy(d->arena, url, strcspn(url, "?")); /* what follows lets anybody in */
    doctor_ask(d, &(struct doctor_request){.method = "GET", .url = url}, &a);
    const char *ec = a.status ? doctor_header(d, &a, "x-oss-ec") : NULL;
    if (a.status == 200 && text_equal(a.body, p->text))
        doctor_ok(d, "%s: 200", place);
    else if (a.status == 200)
        doctor_failed(d, mend, "%s: 读回的内容不同 / what came back is something else", place);
    else
        doctor_failed(d, mend, "%s: %s%s%s", place, doctor_shown(d, &a), ec ? ", EC " : "", ec ? ec : "");
}

/* What a browser is given: the bucket's public name, which is not where this service goes, and which newer accounts may not use. */
void doctor_cloud_signed(struct doctor *d)
{
    struct probe p;
    struct buf url;
    if (d->settings.oss_delivery != OSS_BY_ADDRESS) {
        doctor_not_applicable(d, "OSS_DELIVERY=signed", "浏览器只经本服务取文件 / browsers get files through the service alone");
        return;
    }
    if (!put_probe(d, &p))
        return;
    buf_init(&url, ADDRESS_MAX);
    if (oss_address(p.oss, p.key, "attachment", "text/plain", SIGNED_S, &url) && !url.overflow)
        look_at_address(d, &p, buf_text(&url));
    else
        doctor_failed(d, "cloud.role", "没有可用于签名的密钥 / there is no key to sign with");
    buf_free(&url);
    end_probe(&p);
}

/* ---------------------------------------------------------------- KMS */

void doctor_cloud_kms(struct doctor *d)
{
    const struct settings *s = &d->settings;
    const struct cloud_key key = {s->aliyun_access_key_id, s->aliyun_access_key_secret, NULL};
    struct keys keys;
    struct trouble why = {0};
    const char *secret = NULL;
    if (!s->kms_endpoint) {
        doctor_not_applicable(d, "KMS_ENDPOINT, SECRET_SOURCE=kms", "未使用 KMS / KMS is not used");
        return;
    }
    open_keys(d, &key, &keys);
    struct client *client = client_new();
    const struct kms kms = {s->kms_endpoint, s->kms_ca_file, client, keys.credentials, NULL};
    bool got = credentials_fetch(keys.credentials, d->arena, &why) &&
               kms_get_secret(&kms, d->arena, s->kms_secret_name, s->kms_secret_field, KMS_CURRENT, &secret, &why);
    client_free(client);
    close_keys(&keys);
    if (!got)
        doctor_failed(d, "docs/operations/aliyun.md: KMS", "%s / %s", why.zh, why.en);
    else if (!secret)
        doctor_failed(d, "KMS_SECRET_NAME, KMS_ENDPOINT", "%s 中没有凭据 / has no secret %s", s->kms_endpoint, s->kms_secret_name);
    else
        doctor_ok(d, "%s: %s，%zu 字节 / bytes", s->kms_endpoint, s->kms_secret_name, strlen(secret));
}
