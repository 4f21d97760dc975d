/* The secrets that access tokens are signed with: one signs, and others may still be valid, so that another secret can take its place
 * without signing anybody out. A token names its secret (`kid`).
 *
 * What is in a ring can be read by any thread at any time, without locks. */
#ifndef MMS_CRYPTO_KEYRING_H
#define MMS_CRYPTO_KEYRING_H

#include "crypto/token.h"

#define KEYRING_MAX 8

/* Never changes once it is in a ring. */
struct keyring_keys {
    size_t n; /* 1 … KEYRING_MAX; the first one signs */
    struct keyring_key {
        const char *secret;
        int64_t until_s; /* valid until then, in seconds since 1970; INT64_MAX: as long as it is here */
        char kid[TOKEN_KID_MAX];
    } at[KEYRING_MAX];
};

struct keyring;

struct keyring *keyring_new(void);
void keyring_free(struct keyring *k); /* NULL is fine */
/* From one thread at a time. Copies; kids are worked out. What was there before stays readable for those who still read it. */
void keyring_put(struct keyring *k, const struct keyring_keys *keys);
const struct keyring_keys *keyring_get(const struct keyring *k); /* good until keyring_free */

/* Told when a token names a secret that is not here: it may be newer than what is known. From any thread, briefly. Set before
 * others read the ring. */
void keyring_on_unknown(struct keyring *k, void (*tell)(void *arg), void *arg);

MUST_CHECK enum rc keyring_sign(const struct keyring *k, struct arena *a, const struct access_claims *claims, const char **token);

/* Access tokens whose signature this thread has checked already, by their whole text; at most 256, of at most 1,000 bytes.
 * Only the signature is remembered, and until the ring changes: expiry is looked at every time. For one thread. */
struct token_memo;
struct token_memo *token_memo_new(void);
void token_memo_free(struct token_memo *memo); /* NULL is fine */
/* access_token_verify with the secret that the token names, or, where it names none, with any that is here. memo may be NULL. */
bool keyring_verify(const struct keyring *k, struct token_memo *memo, const char *token, int64_t now_s, struct access_claims *out);

#endif
