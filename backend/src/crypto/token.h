/* Tokens: signed access tokens (JWT, HS256 and nothing else) and random ones. */
#ifndef MMS_CRYPTO_TOKEN_H
#define MMS_CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

struct access_claims {
    int64_t user_id;    /* "sub" (a string, as RFC 7519 wants) */
    int64_t session_id; /* "sid" */
    int64_t issued_s;   /* "iat" */
    int64_t expires_s;  /* "exp" */
};

#define TOKEN_KID_MAX 17
/* What a token calls the secret that it is signed with: 16 hexadecimal digits that tell nothing else of it. */
void token_kid(const char *secret, char kid[static TOKEN_KID_MAX]);

/* The compact form, in the arena; its header has "kid". */
MUST_CHECK enum rc access_token_sign(struct arena *a, const char *secret, const struct access_claims *claims,
                                     const char **token);
/* False: forged, another algorithm, expired at now_s, or not one of ours. Constant time over the signature. */
bool access_token_verify(const char *secret, const char *token, int64_t now_s, struct access_claims *out);
/* The "kid" that its header claims, nothing being checked, and cut to its room; false: none. */
bool access_token_kid(const char *token, char kid[static TOKEN_KID_MAX]);

#define TOKEN_RANDOM_MAX 48
/* 32 random bytes as 43 characters of base64url: refresh tokens, generated secrets. */
void token_random(char out[static TOKEN_RANDOM_MAX]);

#define HASH_HEX_MAX 65
/* SHA-256, 64 lower-case hexadecimal digits: how a refresh token is stored. */
void hash_hex(const void *bytes, size_t n, char out[static HASH_HEX_MAX]);
/* The same over bytes that come in pieces. */
struct hash_stream {
    _Alignas(8) unsigned char state[128];
};
void hash_begin(struct hash_stream *h);
void hash_add(struct hash_stream *h, const void *bytes, size_t n);
void hash_end(struct hash_stream *h, char out[static HASH_HEX_MAX]);
/* HMAC-SHA-256 under `key`: how the body of an idempotent request is remembered. */
void keyed_hash_hex(const char *key, const void *bytes, size_t n, char out[static HASH_HEX_MAX]);
#define HASH_BYTES 32
/* HMAC-SHA-256 as bytes, under a key of any bytes: one step of a signature made of several. */
void keyed_hash(const void *key, size_t key_n, const void *bytes, size_t n, unsigned char out[static HASH_BYTES]);
void hash_text(const unsigned char hash[static HASH_BYTES], char out[static HASH_HEX_MAX]); /* as 64 lower-case hexadecimal digits */
/* n ≤ 32 random bytes as hexadecimal: request ids (n = 8). */
void random_hex(size_t n, char *out /* 2n + 1 */);

#endif
