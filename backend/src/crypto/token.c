#include "crypto/token.h"

#include <jwt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static void free_jwt(jwt_t **jwt)
{
    if (*jwt)
        jwt_free(*jwt);
}

enum rc access_token_sign(struct arena *a, const char *secret, const struct access_claims *claims, const char **token)
{
    __attribute__((cleanup(free_jwt))) jwt_t *jwt = NULL;
    const char *subject = arena_fmt(a, "%lld", (long long)claims->user_id);
    if (jwt_new(&jwt) != 0 || jwt_add_grant(jwt, "sub", subject) != 0 ||
        jwt_add_grant_int(jwt, "sid", (long)claims->session_id) != 0 ||
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

#define MEMO_SLOTS 256
#define MEMO_TOKEN_MAX 1000

struct token_memo {
    struct {
        char *token; /* NULL: empty */
        size_t n;
        struct access_claims claims;
    } slots[MEMO_SLOTS];
};

struct token_memo *token_memo_new(void)
{
    struct token_memo *memo = calloc(1, sizeof *memo);
    if (!memo)
        abort();
    return memo;
}

void token_memo_free(struct token_memo *memo)
{
    for (size_t i = 0; memo && i < MEMO_SLOTS; i++)
        free(memo->slots[i].token);
    free(memo);
}

/* The signature's end is as good as random. */
static size_t slot_of(const char *token, size_t n)
{
    size_t h = 0;
    for (size_t i = n > 8 ? n - 8 : 0; i < n; i++)
        h = h * 31 + (unsigned char)token[i];
    return h % MEMO_SLOTS;
}

bool access_token_verify_with(struct token_memo *memo, const char *secret, const char *token, int64_t now_s,
                              struct access_claims *out)
{
    size_t n = strlen(token), slot = slot_of(token, n);
    if (!memo || n > MEMO_TOKEN_MAX)
        return access_token_verify(secret, token, now_s, out);
    if (memo->slots[slot].token && memo->slots[slot].n == n && sodium_memcmp(memo->slots[slot].token, token, n) == 0) {
        if (memo->slots[slot].claims.expires_s <= now_s)
            return false;
        *out = memo->slots[slot].claims;
        return true;
    }
    if (!access_token_verify(secret, token, now_s, out))
        return false;
    char *copy = strdup(token);
    if (!copy)
        return true; /* right, only not remembered */
    free(memo->slots[slot].token);
    memo->slots[slot].token = copy;
    memo->slots[slot].n = n;
    memo->slots[slot].claims = *out;
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
