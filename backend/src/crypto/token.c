#include "crypto/token.h"

#include <jwt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static void free_jwt(jwt_t **jwt)
{
    if (*jwt)
        jwt_free(*jwt);
}

void token_kid(const char *secret, char kid[static TOKEN_KID_MAX])
{
    char hash[HASH_HEX_MAX];
    keyed_hash_hex(secret, "kid", 3, hash);
    memcpy(kid, hash, TOKEN_KID_MAX - 1);
    kid[TOKEN_KID_MAX - 1] = 0;
}

enum rc access_token_sign(struct arena *a, const char *secret, const struct access_claims *claims, const char **token)
{
    __attribute__((cleanup(free_jwt))) jwt_t *jwt = NULL;
    const char *subject = arena_fmt(a, "%lld", (long long)claims->user_id);
    char kid[TOKEN_KID_MAX];
    token_kid(secret, kid);
    if (jwt_new(&jwt) != 0 || jwt_add_grant(jwt, "sub", subject) != 0 ||
        jwt_add_header(jwt, "kid", kid) != 0 || jwt_add_grant_int(jwt, "sid", (long)claims->session_id) != 0 ||
        jwt_add_grant_int(jwt, "iat", (long)claims->issued_s) != 0 ||
        jwt_add_grant_int(jwt, "exp", (long)claims->expires_s) != 0 ||
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) != 0)
        return RC_INTERNAL;
    char *text = jwt_encode_str(jwt);
    if (!text)
        return RC_INTERNAL;
    *token = arena_dup(a, text);
    free(text);
    return RC_OK;
}

bool access_token_kid(const char *token, char kid[static TOKEN_KID_MAX])
{
    __attribute__((cleanup(free_jwt))) jwt_t *jwt = NULL;
    const char *named = jwt_decode(&jwt, token, NULL, 0) == 0 ? jwt_get_header(jwt, "kid") : NULL;
    if (!named)
        return false;
    snprintf(kid, TOKEN_KID_MAX, "%s", named);
    return true;
}

static bool digits_to_id(const char *text, int64_t *out)
{
    size_t n = text ? strlen(text) : 0;
    int64_t id = 0;
    if (n < 1 || n > 18 || strspn(text, "0123456789") != n)
        return false;
    for (; *text; text++)
        id = id * 10 + (*text - '0');
    *out = id;
    return id > 0;
}

bool access_token_verify(const char *secret, const char *token, int64_t now_s, struct access_claims *out)
{
    __attribute__((cleanup(free_jwt))) jwt_t *jwt = NULL;
    struct access_claims claims = {0};
    if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret)) != 0)
        return false;
    if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !digits_to_id(jwt_get_grant(jwt, "sub"), &claims.user_id))
        return false;
    claims.session_id = jwt_get_grant_int(jwt, "sid");
    claims.issued_s = jwt_get_grant_int(jwt, "iat");
    claims.expires_s = jwt_get_grant_int(jwt, "exp");
    if (claims.session_id < 1 || claims.issued_s < 1 || claims.expires_s <= now_s)
        return false;
    *out = claims;
    return true;
}

void token_random(char out[static TOKEN_RANDOM_MAX])
{
    unsigned char bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(out, TOKEN_RANDOM_MAX, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void hash_hex(const void *bytes, size_t n, char out[static HASH_HEX_MAX])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes, n);
    sodium_bin2hex(out, HASH_HEX_MAX, hash, sizeof hash);
}

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct hash_stream), "room for the state");

static crypto_hash_sha256_state *state_of(struct hash_stream *h)
{
    return (crypto_hash_sha256_state *)(void *)h->state;
}

void hash_begin(struct hash_stream *h)
{
    crypto_hash_sha256_init(state_of(h));
}

void hash_add(struct hash_stream *h, const void *bytes, size_t n)
{
    crypto_hash_sha256_update(state_of(h), bytes, n);
}

void hash_end(struct hash_stream *h, char out[static HASH_HEX_MAX])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state_of(h), hash);
    sodium_bin2hex(out, HASH_HEX_MAX, hash, sizeof hash);
}

void keyed_hash(const void *key, size_t key_n, const void *bytes, size_t n, unsigned char out[static HASH_BYTES])
{
    _Static_assert(HASH_BYTES == crypto_auth_hmacsha256_BYTES, "room for the hash");
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_n);
    crypto_auth_hmacsha256_update(&state, bytes, n);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void hash_text(const unsigned char hash[static HASH_BYTES], char out[static HASH_HEX_MAX])
{
    sodium_bin2hex(out, HASH_HEX_MAX, hash, HASH_BYTES);
}

void keyed_hash_hex(const char *key, const void *bytes, size_t n, char out[static HASH_HEX_MAX])
{
    unsigned char hash[HASH_BYTES];
    keyed_hash(key, strlen(key), bytes, n, hash);
    hash_text(hash, out);
}

void random_hex(size_t n, char *out)
{
    unsigned char bytes[32];
    if (n > sizeof bytes)
        n = sizeof bytes;
    randombytes_buf(bytes, n);
    sodium_bin2hex(out, 2 * n + 1, bytes, n);
}
