/* Signs what a file of vectors holds and compares canonical request, string to sign, signature and authorization byte by byte.
 * The file: vectors.json beside this one, or any other of its form. A line per vector, `N of M` last; ends with 1 unless all are ok.
 *
 * The older RPC signature (HMAC-SHA1) is no part of the program. Its vectors are signed by code of this test alone, for the emulator's
 * sake, and their lines say so. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "cloud/acs_sign.h"
#include "cloud/oss_sign.h"
#include "crypto/token.h"
#include "json/json.h"

#define FILE_MAX (64U << 20)

static struct arena arena;

/* What came out; NULL: not made. */
struct result {
    const char *canonical_request, *string_to_sign, *signature, *authorization;
    const char *problem;
};

struct vector {
    const struct json *object;
    struct cloud_key key;
    const char *method, *host, *path, *bucket;
    struct sign_pairs query, headers;
    const char *const *additional;
    int64_t at_ms;
};

static const char *text_of(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && (v->type == JSON_STRING || v->type == JSON_NUMBER) ? v->text : NULL;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A % that begins no byte stands for itself. In a query, + is a blank. NULL: a NUL, which no name can have. */
static const char *decoded(const char *text, size_t n, bool plus_is_blank)
{
    char *out = arena_copy(&arena, text, n), *to = out;
    for (size_t i = 0; i < n; i++) {
        int high = i + 2 < n && text[i] == '%' ? hex_digit(text[i + 1]) : -1, low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        *to = low >= 0 ? (char)(high * 16 + low) : plus_is_blank && text[i] == '+' ? ' ' : text[i];
        if (low >= 0)
            i += 2;
        if (!*to++)
            return NULL;
    }
    *to = 0;
    return out;
}

static bool read_query(struct vector *v, const char *text, size_t n)
{
    for (const char *at = text, *end = text + n; at < end;) {
        size_t part = strcspn(at, "&");
        part = part < (size_t)(end - at) ? part : (size_t)(end - at);
        const char *equals = memchr(at, '=', part);
        const char *name = decoded(at, equals ? (size_t)(equals - at) : part, true);
        const char *value = equals ? decoded(equals + 1, (size_t)(at + part - equals - 1), true) : "";
        if (!name || !value)
            return false;
        if (part)
            sign_add(&arena, &v->query, name, value);
        at += part + 1;
    }
    return true;
}

/* scheme://user@host:port/path?query#fragment */
static bool read_url(struct vector *v, const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return false;
    host += 3;
    size_t host_n = strcspn(host, "/?#");
    const char *path = host + host_n, *at = memchr(host, '@', host_n);
    size_t path_n = strcspn(path, "?#");
    if (at) {
        host_n -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    v->host = arena_copy(&arena, host, host_n);
    v->path = path_n ? decoded(path, path_n, false) : "/";
    const char *query = path + path_n;
    return v->path && (*query != '?' || read_query(v, query + 1, strcspn(query + 1, "#")));
}

static const char *upper(const char *text)
{
    char *out = arena_dup(&arena, text);
    for (char *c = out; c && *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return out;
}

static const char *read_vector(struct vector *v)
{
    const struct json *headers = json_member(v->object, "headers"), *more = json_member(v->object, "additional_headers");
    const char *date = text_of(v->object, "date"), *url = text_of(v->object, "url");
    v->method = upper(text_of(v->object, "method"));
    v->key = (struct cloud_key){text_of(v->object, "access_key_id"), text_of(v->object, "access_key_secret"), text_of(v->object, "security_token")};
    v->bucket = text_of(v->object, "bucket");
    if (v->key.token && !v->key.token[0])
        v->key.token = NULL;
    if (v->bucket && !v->bucket[0])
        v->bucket = NULL;
    if (!v->method || !v->key.id || !v->key.secret || !url || !date)
        return "method, url, date, access_key_id or access_key_secret is missing";
    if (!clock_parse(date, &v->at_ms))
        return "date is no instant";
    if (!read_url(v, url))
        return "url cannot be read";
    for (const struct json *h = headers ? headers->first : NULL; h; h = h->next)
        if (h->type == JSON_STRING || h->type == JSON_NUMBER)
            sign_add(&arena, &v->headers, h->name, h->text);
    const char **names = arena_array(&arena, (more ? more->n : 0) + 1, sizeof *names);
    size_t n = 0;
    for (const struct json *one = more && more->type == JSON_ARRAY ? more->first : NULL; one; one = one->next)
        if (one->type == JSON_STRING)
            names[n++] = one->text;
    v->additional = names;
    return NULL;
}

/* The key in the path: behind the bucket when the host does not name it but is the service itself, or this machine. */
static const char *key_of(const struct vector *v)
{
    const char *path = v->path + 1;
    size_t n = v->bucket ? strlen(v->bucket) : 0;
    bool named = n && strncasecmp(v->host, v->bucket, n) == 0 && v->host[n] == '.';
    bool service = strncasecmp(v->host, "oss-", 4) == 0 || strncasecmp(v->host, "localhost", 9) == 0 || strspn(v->host, "0123456789.:") == strlen(v->host);
    if (n && !named && service && strncmp(path, v->bucket, n) == 0 && (path[n] == '/' || !path[n]))
        path += path[n] ? n + 1 : n;
    return *path ? path : NULL;
}

/* A header that says what the signer would say is left to the signer. */
static void leave_to_signer(struct vector *v, const char *name, const char *value)
{
    for (size_t i = 0; value && i < v->headers.n; i++)
        if (strcasecmp(v->headers.at[i].name, name) == 0 && strcmp(v->headers.at[i].value, value) == 0)
            v->headers.at[i--] = v->headers.at[--v->headers.n];
}

/* What oss_presign adds itself. */
static void without_signature(struct sign_pairs *query)
{
    static const char *const ours[] = {"x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-expires", "x-oss-security-token",
                                       "x-oss-additional-headers", "x-oss-signature"};
    size_t n = 0;
    for (size_t i = 0; i < query->n; i++) {
        bool is_ours = false;
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            is_ours |= strcmp(query->at[i].name, ours[k]) == 0;
        if (!is_ours)
            query->at[n++] = query->at[i];
    }
    query->n = n;
}

/* A file that does not name the bucket may have it in the host. */
static const char *bucket_of_host(const char *host)
{
    const char *dot = strchr(host, '.');
    return dot && text_starts(dot + 1, "oss-") ? arena_copy(&arena, host, (size_t)(dot - host)) : NULL;
}

static struct result sign_oss(struct vector *v, bool presign)
{
    const char *expires = text_of(v->object, "expires");
    const struct sign_pair *in_url = sign_find(&v->query, "x-oss-expires");
    int64_t expires_s = 0;
    if (!v->bucket)
        v->bucket = bucket_of_host(v->host);
    struct oss_signed out = {0};
    if (presign && !text_int(expires ? expires : in_url ? in_url->value : "", 0, INT64_MAX, &expires_s))
        return (struct result){.problem = "expires is missing"};
    char date[SIGN_TIME_MAX];
    if (presign)
        without_signature(&v->query);
    else {
        sign_time_compact(v->at_ms, date);
        leave_to_signer(v, "x-oss-date", date);
        leave_to_signer(v, "x-oss-content-sha256", "UNSIGNED-PAYLOAD");
        leave_to_signer(v, "x-oss-security-token", v->key.token);
    }
    struct oss_request r = {.method = v->method, .region = text_of(v->object, "region"), .product = text_of(v->object, "product"), .bucket = v->bucket,
                            .key = key_of(v), .query = v->query.at, .query_n = v->query.n, .headers = v->headers.at,
                            .headers_n = v->headers.n, .additional = v->additional, .at_ms = v->at_ms};
    if (!r.region)
        return (struct result){.problem = "region is missing"};
    if (!(presign ? oss_presign(&arena, &v->key, &r, expires_s, &out) : oss_sign(&arena, &v->key, &r, &out)))
        return (struct result){.problem = "the signer refuses it"};
    return (struct result){out.canonical_request, out.string_to_sign, out.signature, out.authorization, NULL};
}

static bool is_hash_of(const char *hex, const void *bytes, size_t n)
{
    char own[HASH_HEX_MAX];
    hash_hex(bytes, n, own);
    return hex && strcmp(hex, own) == 0;
}

/* Text as it is, or base64, whichever has the hash that the file tells. */
static void read_body(const struct vector *v, const char *hash, struct acs_request *r)
{
    const char *body = text_of(v->object, "body");
    r->body = body;
    r->body_n = body ? strlen(body) : 0;
    if (!body || is_hash_of(hash, body, r->body_n))
        return;
    unsigned char *bytes = arena_alloc(&arena, r->body_n + 3);
    int n = EVP_DecodeBlock(bytes, (const unsigned char *)body, (int)r->body_n);
    for (int cut = 0; cut < 3 && n - cut >= 0; cut++) /* padding counts as zero bytes there */
        if (is_hash_of(hash, bytes, (size_t)(n - cut))) {
            r->body = bytes;
            r->body_n = (size_t)(n - cut);
        }
}

static struct result sign_acs(struct vector *v)
{
    char date[SIGN_TIME_MAX];
    struct acs_signed out;
    struct acs_request r = {.method = v->method, .host = v->host, .path = v->path, .query = v->query.at, .query_n = v->query.n, .at_ms = v->at_ms};
    for (size_t i = 0; i < v->headers.n; i++)
        if (strcasecmp(v->headers.at[i].name, "x-acs-content-sha256") == 0) {
            read_body(v, v->headers.at[i].value, &r);
            if (r.body)
                leave_to_signer(v, "x-acs-content-sha256", v->headers.at[i].value);
        }
    sign_time_iso(v->at_ms, date);
    leave_to_signer(v, "host", v->host);
    leave_to_signer(v, "x-acs-date", date);
    leave_to_signer(v, "x-acs-security-token", v->key.token);
    r.headers = v->headers.at;
    r.headers_n = v->headers.n;
    if (!acs_sign(&arena, &v->key, &r, &out))
        return (struct result){.problem = "the signer refuses it"};
    return (struct result){out.canonical_request, out.string_to_sign, out.signature, out.authorization, NULL};
}

/* RPC signature 1.0: HMAC-SHA1 under secret + "&", over VERB&%2F&encode(sorted query without Signature). */
static struct result sign_rpc(const struct vector *v)
{
    struct sign_pairs query = {0};
    struct buf canonical;
    unsigned char mac[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
    unsigned mac_n = 0;
    for (size_t i = 0; i < v->query.n; i++)
        if (strcmp(v->query.at[i].name, "Signature") != 0)
            sign_add(&arena, &query, v->query.at[i].name, v->query.at[i].value);
    sign_sort(&query);
    buf_init(&canonical, SIZE_MAX);
    for (size_t i = 0; i < query.n; i++)
        buf_fmt(&canonical, "%s%s=%s", i ? "&" : "", sign_encoded(&arena, query.at[i].name, false), sign_encoded(&arena, query.at[i].value, false));
    struct result out = {.canonical_request = sign_keep(&arena, &canonical)};
    out.string_to_sign = arena_fmt(&arena, "%s&%%2F&%s", v->method, sign_encoded(&arena, out.canonical_request, false));
    const char *key = arena_fmt(&arena, "%s&", v->key.secret);
    if (!HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)out.string_to_sign, strlen(out.string_to_sign), mac, &mac_n))
        return (struct result){.problem = "HMAC-SHA1 failed"};
    EVP_EncodeBlock(text, mac, (int)mac_n);
    out.signature = arena_dup(&arena, (const char *)text);
    return out;
}

/* SDKs write no blank behind the commas of the header, the documentation does. */
static const char *without_blanks(const char *text)
{
    char *out = arena_dup(&arena, text), *to = out;
    for (const char *c = text; *c; c++)
        if (!(*c == ' ' && c > text && c[-1] == ','))
            *to++ = *c;
    *to = 0;
    return out;
}

/* NULL: equal. What the file does not tell, but for the signature, is not compared. */
static const char *difference(const struct json *object, const struct result *made)
{
    const char *canonical = text_of(object, "canonical_request"), *to_sign = text_of(object, "string_to_sign");
    const char *signature = text_of(object, "signature"), *authorization = text_of(object, "authorization");
    if (made->problem)
        return made->problem;
    if (!signature)
        return "the file has no signature for it";
    if (canonical && strcmp(canonical, made->canonical_request) != 0)
        return arena_fmt(&arena, "canonical_request differs; made:\n%s\nexpected:\n%s", made->canonical_request, canonical);
    if (to_sign && strcmp(to_sign, made->string_to_sign) != 0)
        return arena_fmt(&arena, "string_to_sign differs; made:\n%s\nexpected:\n%s", made->string_to_sign, to_sign);
    if (strcmp(signature, made->signature) != 0)
        return arena_fmt(&arena, "signature differs; made %s, expected %s", made->signature, signature);
    if (authorization && made->authorization && strcmp(without_blanks(authorization), made->authorization) != 0)
        return arena_fmt(&arena, "authorization differs; made:\n%s\nexpected:\n%s", made->authorization, authorization);
    return NULL;
}

static bool try_vector(const struct json *object)
{
    const char *kind = text_of(object, "kind"), *name = text_of(object, "name"), *note = "";
    struct vector v = {.object = object};
    struct result made = {.problem = object->type == JSON_OBJECT ? read_vector(&v) : "no object"};
    if (made.problem)
        ;
    else if (text_equal(kind, "oss-v4-header") || text_equal(kind, "oss-v4-presign"))
        made = sign_oss(&v, text_equal(kind, "oss-v4-presign"));
    else if (text_equal(kind, "acs3"))
        made = sign_acs(&v);
    else if (text_equal(kind, "rpc-v1-hmac-sha1")) {
        made = sign_rpc(&v);
        note = " (signed by this test, not by the program)";
    } else
        made.problem = "a kind that is not known";
    const char *bad = difference(object, &made);
    printf("%-42s %-17s → %s%s%s\n", name ? name : "?", kind ? kind : "?", bad ? "NOT OK: " : "ok", bad ? bad : "", bad ? "" : note);
    return !bad;
}

static char *read_file(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    char *bytes = malloc(FILE_MAX);
    if (!in || !bytes) {
        perror(path);
        exit(66);
    }
    *n = fread(bytes, 1, FILE_MAX, in);
    if (ferror(in) || *n == FILE_MAX) {
        fprintf(stderr, "%s: cannot be read, or is of 64 MiB and more\n", path);
        exit(66);
    }
    fclose(in);
    return bytes;
}

int main(int argc, char **argv)
{
    size_t n = 0, good = 0, all = 0;
    struct json_fault fault;
    if (argc != 2) {
        fprintf(stderr, "usage: vectors FILE\n");
        return 64;
    }
    arena_init(&arena);
    char *bytes = read_file(argv[1], &n);
    const struct json *file = json_parse(&arena, bytes, n, &fault);
    if (!file) {
        fprintf(stderr, "%s: byte %zu: %s\n", argv[1], fault.offset, fault.reason);
        return 65;
    }
    const struct json *vectors = file->type == JSON_ARRAY ? file : json_member(file, "vectors");
    for (const struct json *v = vectors && vectors->type == JSON_ARRAY ? vectors->first : NULL; v; v = v->next) {
        all++;
        good += try_vector(v);
    }
    free(bytes);
    arena_free(&arena);
    printf("%zu of %zu\n", good, all);
    return all && good == all ? 0 : 1;
}
