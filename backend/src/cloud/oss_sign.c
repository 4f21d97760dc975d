#include "cloud/oss_sign.h"

#include <string.h>

#include "base/text.h"
#include "crypto/token.h"

#define ALGORITHM "OSS4-HMAC-SHA256"
#define UNSIGNED "UNSIGNED-PAYLOAD"
#define KEY_MAX 1023 /* bytes */

/* A signature in the making. */
struct making {
    struct arena *a;
    const struct oss_request *r;
    struct sign_pairs headers, query; /* as they will be sent */
    const char *additional;           /* "a;b" */
    char time[SIGN_TIME_MAX];
    const char *scope;
};

/* Signed without being named. */
static bool signed_anyway(const char *name)
{
    return text_starts(name, "x-oss-") || strcmp(name, "content-type") == 0 || strcmp(name, "content-md5") == 0;
}

/* Those that are there and are not signed anyway, each once. */
static bool choose_additional(struct making *m)
{
    struct sign_pairs wanted = {0}, chosen = {0};
    struct buf names;
    for (const char *const *name = m->r->additional; name && *name; name++)
        if (!sign_add_headers(m->a, &wanted, &(struct sign_pair){*name, ""}, 1))
            return false;
    for (size_t i = 0; i < wanted.n; i++)
        if (!signed_anyway(wanted.at[i].name) && sign_find(&m->headers, wanted.at[i].name) && !sign_find(&chosen, wanted.at[i].name))
            sign_add(m->a, &chosen, wanted.at[i].name, NULL);
    sign_sort(&chosen);
    buf_init(&names, SIZE_MAX);
    for (size_t i = 0; i < chosen.n; i++)
        buf_fmt(&names, "%s%s", i ? ";" : "", chosen.at[i].name);
    m->additional = sign_keep(m->a, &names);
    return true;
}

static bool begin(struct making *m)
{
    const struct oss_request *r = m->r;
    if (r->key && (!r->bucket || !r->key[0] || strlen(r->key) > KEY_MAX))
        return false;
    for (size_t i = 0; i < r->query_n; i++)
        sign_add(m->a, &m->query, r->query[i].name, r->query[i].value);
    return sign_add_headers(m->a, &m->headers, r->headers, r->headers_n) && choose_additional(m);
}

static bool is_additional(const struct making *m, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = m->additional; *at; at += strcspn(at, ";"), at += *at == ';')
        if (strcspn(at, ";") == n && memcmp(at, name, n) == 0)
            return true;
    return false;
}

static void write_query(struct arena *a, struct buf *out, const struct sign_pairs *query)
{
    struct sign_pairs encoded = {0};
    for (size_t i = 0; i < query->n; i++)
        sign_add(a, &encoded, sign_encoded(a, query->at[i].name, false), sign_encoded(a, query->at[i].value ? query->at[i].value : "", false));
    sign_sort(&encoded);
    for (size_t i = 0; i < encoded.n; i++)
        buf_fmt(out, "%s%s%s%s", i ? "&" : "", encoded.at[i].name, encoded.at[i].value[0] ? "=" : "", encoded.at[i].value);
}

static const char *canonical_request(struct making *m, const char *payload)
{
    const struct oss_request *r = m->r;
    struct sign_pairs sorted = {0};
    struct buf out;
    for (size_t i = 0; i < m->headers.n; i++)
        if (signed_anyway(m->headers.at[i].name) || is_additional(m, m->headers.at[i].name))
            sign_add(m->a, &sorted, m->headers.at[i].name, m->headers.at[i].value);
    sign_sort(&sorted);
    buf_init(&out, SIZE_MAX);
    buf_fmt(&out, "%s\n/", r->method);
    if (r->bucket) {
        sign_encode(&out, r->bucket, false);
        buf_char(&out, '/');
        sign_encode(&out, r->key ? r->key : "", true);
    }
    buf_char(&out, '\n');
    write_query(m->a, &out, &m->query);
    buf_char(&out, '\n');
    for (size_t i = 0; i < sorted.n; i++)
        buf_fmt(&out, "%s:%s\n", sorted.at[i].name, sorted.at[i].value);
    buf_fmt(&out, "\n%s\n%s", m->additional, payload);
    return sign_keep(m->a, &out);
}

static void sign(const struct making *m, const char *secret, struct oss_signed *out)
{
    const char *start = arena_fmt(m->a, "aliyun_v4%s", secret);
    const char *steps[] = {arena_copy(m->a, m->time, 8), m->r->region, m->r->product ? m->r->product : "oss", "aliyun_v4_request"};
    unsigned char key[HASH_BYTES], next[HASH_BYTES];
    char hex[HASH_HEX_MAX];
    hash_hex(out->canonical_request, strlen(out->canonical_request), hex);
    out->string_to_sign = arena_fmt(m->a, ALGORITHM "\n%s\n%s\n%s", m->time, m->scope, hex);
    keyed_hash(start, strlen(start), steps[0], strlen(steps[0]), key);
    for (size_t i = 1; i < 4; i++) {
        keyed_hash(key, sizeof key, steps[i], strlen(steps[i]), next);
        memcpy(key, next, sizeof key);
    }
    keyed_hash(key, sizeof key, out->string_to_sign, strlen(out->string_to_sign), next);
    hash_text(next, hex);
    out->signature = arena_dup(m->a, hex);
}

static void set_time(struct making *m, const char *given)
{
    if (given && strlen(given) == 16)
        memcpy(m->time, given, 17);
    else
        sign_time_compact(m->r->at_ms, m->time);
    m->scope = arena_fmt(m->a, "%.8s/%s/%s/aliyun_v4_request", m->time, m->r->region, m->r->product ? m->r->product : "oss");
}

static const char *target(struct making *m)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    buf_char(&out, '/');
    sign_encode(&out, m->r->key ? m->r->key : "", true);
    if (m->query.n)
        buf_char(&out, '?');
    write_query(m->a, &out, &m->query);
    return sign_keep(m->a, &out);
}

static const char *header_or(struct making *m, const char *name, const char *value)
{
    const struct sign_pair *given = sign_find(&m->headers, name);
    if (!given)
        sign_add(m->a, &m->headers, name, value);
    return given ? given->value : value;
}

bool oss_sign(struct arena *a, const struct cloud_key *key, const struct oss_request *r, struct oss_signed *out)
{
    struct making m = {.a = a, .r = r};
    if (!begin(&m))
        return false;
    const struct sign_pair *date = sign_find(&m.headers, "x-oss-date");
    set_time(&m, date ? date->value : NULL);
    header_or(&m, "x-oss-date", arena_dup(a, m.time));
    const char *payload = header_or(&m, "x-oss-content-sha256", UNSIGNED);
    if (key->token)
        header_or(&m, "x-oss-security-token", key->token);
    *out = (struct oss_signed){.canonical_request = canonical_request(&m, payload)};
    sign(&m, key->secret, out);
    out->authorization = arena_fmt(a, ALGORITHM " Credential=%s/%s,%s%s%sSignature=%s", key->id, m.scope,
                                   m.additional[0] ? "AdditionalHeaders=" : "", m.additional, m.additional[0] ? "," : "", out->signature);
    out->target = target(&m);
    out->headers = sign_header_lines(a, &m.headers, out->authorization);
    return true;
}

bool oss_presign(struct arena *a, const struct cloud_key *key, const struct oss_request *r, int64_t expires_s, struct oss_signed *out)
{
    struct making m = {.a = a, .r = r};
    if (expires_s < 1 || expires_s > OSS_PRESIGN_MAX_S || !begin(&m))
        return false;
    set_time(&m, NULL);
    sign_add(a, &m.query, "x-oss-signature-version", ALGORITHM);
    sign_add(a, &m.query, "x-oss-credential", arena_fmt(a, "%s/%s", key->id, m.scope));
    sign_add(a, &m.query, "x-oss-date", arena_dup(a, m.time));
    sign_add(a, &m.query, "x-oss-expires", arena_fmt(a, "%lld", (long long)expires_s));
    if (key->token)
        sign_add(a, &m.query, "x-oss-security-token", key->token);
    if (m.additional[0])
        sign_add(a, &m.query, "x-oss-additional-headers", m.additional);
    *out = (struct oss_signed){.canonical_request = canonical_request(&m, UNSIGNED)};
    sign(&m, key->secret, out);
    sign_add(a, &m.query, "x-oss-signature", out->signature);
    out->target = target(&m);
    out->headers = sign_header_lines(a, &m.headers, NULL);
    return true;
}
