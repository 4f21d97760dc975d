#include "cloud/acs_sign.h"

#include <string.h>

#include "base/text.h"
#include "crypto/token.h"

#define ALGORITHM "ACS3-HMAC-SHA256"

static void unless_given(struct arena *a, struct sign_pairs *headers, const char *name, const char *value)
{
    if (value && !sign_find(headers, name))
        sign_add(a, headers, name, value);
}

static bool all_headers(struct arena *a, const struct cloud_key *key, const struct acs_request *r, struct sign_pairs *headers)
{
    char date[SIGN_TIME_MAX], hash[HASH_HEX_MAX];
    if (!sign_add_headers(a, headers, r->headers, r->headers_n))
        return false;
    sign_time_iso(r->at_ms, date);
    hash_hex(r->body ? r->body : "", r->body ? r->body_n : 0, hash);
    unless_given(a, headers, "host", r->host);
    unless_given(a, headers, "x-acs-action", r->action);
    unless_given(a, headers, "x-acs-version", r->version);
    unless_given(a, headers, "x-acs-date", arena_dup(a, date));
    unless_given(a, headers, "x-acs-signature-nonce", r->nonce);
    unless_given(a, headers, "x-acs-content-sha256", arena_dup(a, hash));
    unless_given(a, headers, "x-acs-security-token", key->token);
    return true;
}

static const char *query_of(struct arena *a, const struct acs_request *r)
{
    struct sign_pairs query = {0};
    struct buf out;
    for (size_t i = 0; i < r->query_n; i++)
        sign_add(a, &query, r->query[i].name, r->query[i].value);
    sign_sort(&query);
    buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < query.n; i++) {
        if (i)
            buf_char(&out, '&');
        sign_encode(&out, query.at[i].name, false);
        buf_char(&out, '=');
        sign_encode(&out, query.at[i].value ? query.at[i].value : "", false);
    }
    return sign_keep(a, &out);
}

bool acs_sign(struct arena *a, const struct cloud_key *key, const struct acs_request *r, struct acs_signed *out)
{
    struct sign_pairs headers = {0}, sorted = {0};
    struct buf lines, names;
    char hex[HASH_HEX_MAX];
    unsigned char mac[HASH_BYTES];
    if (!all_headers(a, key, r, &headers))
        return false;
    for (size_t i = 0; i < headers.n; i++)
        if (text_starts(headers.at[i].name, "x-acs-") || strcmp(headers.at[i].name, "host") == 0 ||
            strcmp(headers.at[i].name, "content-type") == 0)
            sign_add(a, &sorted, headers.at[i].name, headers.at[i].value);
    sign_sort(&sorted);
    buf_init(&lines, SIZE_MAX);
    buf_init(&names, SIZE_MAX);
    for (size_t i = 0; i < sorted.n; i++) {
        buf_fmt(&lines, "%s:%s\n", sorted.at[i].name, sorted.at[i].value);
        buf_fmt(&names, "%s%s", i ? ";" : "", sorted.at[i].name);
    }
    const char *query = query_of(a, r), *path = sign_encoded(a, r->path ? r->path : "/", true);
    const char *all_lines = sign_keep(a, &lines), *all_names = sign_keep(a, &names);
    *out = (struct acs_signed){0};
    out->canonical_request = arena_fmt(a, "%s\n%s\n%s\n%s\n%s\n%s", r->method, path, query, all_lines, all_names,
                                       sign_find(&headers, "x-acs-content-sha256")->value);
    hash_hex(out->canonical_request, strlen(out->canonical_request), hex);
    out->string_to_sign = arena_fmt(a, ALGORITHM "\n%s", hex);
    keyed_hash(key->secret, strlen(key->secret), out->string_to_sign, strlen(out->string_to_sign), mac);
    hash_text(mac, hex);
    out->signature = arena_dup(a, hex);
    out->authorization = arena_fmt(a, ALGORITHM " Credential=%s,SignedHeaders=%s,Signature=%s", key->id, all_names, hex);
    out->target = arena_fmt(a, "%s%s%s", path, query[0] ? "?" : "", query);
    out->headers = sign_header_lines(a, &headers, out->authorization);
    return true;
}
