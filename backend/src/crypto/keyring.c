#include "crypto/keyring.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct version {
    struct keyring_keys keys; /* its secrets belong to it */
    struct version *older;
};

struct keyring {
    _Atomic(struct version *) newest; /* the older ones hang on it: somebody may be reading them */
    void (*tell_unknown)(void *arg);
    void *arg;
};

struct keyring *keyring_new(void)
{
    struct keyring *k = calloc(1, sizeof *k);
    if (!k)
        abort();
    return k;
}

void keyring_free(struct keyring *k)
{
    struct version *next;
    if (!k)
        return;
    for (struct version *v = k->newest; v; v = next) {
        next = v->older;
        for (size_t i = 0; i < v->keys.n; i++) {
            char *secret = (char *)(uintptr_t)v->keys.at[i].secret;
            sodium_memzero(secret, strlen(secret));
            free(secret);
        }
        free(v);
    }
    free(k);
}

void keyring_put(struct keyring *k, const struct keyring_keys *keys)
{
    struct version *v = calloc(1, sizeof *v);
    if (!v)
        abort();
    v->keys = *keys;
    for (size_t i = 0; i < keys->n; i++) {
        if (!(v->keys.at[i].secret = strdup(keys->at[i].secret)))
            abort();
        token_kid(keys->at[i].secret, v->keys.at[i].kid);
    }
    v->older = k->newest;
    atomic_store_explicit(&k->newest, v, memory_order_release);
}

const struct keyring_keys *keyring_get(const struct keyring *k)
{
    return &atomic_load_explicit(&k->newest, memory_order_acquire)->keys;
}

void keyring_on_unknown(struct keyring *k, void (*tell)(void *arg), void *arg)
{
    k->tell_unknown = tell;
    k->arg = arg;
}

enum rc keyring_sign(const struct keyring *k, struct arena *a, const struct access_claims *claims, const char **token)
{
    return access_token_sign(a, keyring_get(k)->at[0].secret, claims, token);
}

static bool verify(const struct keyring *k, const struct keyring_keys *keys, const char *token, int64_t now_s, struct access_claims *out)
{
    char kid[TOKEN_KID_MAX];
    bool named = access_token_kid(token, kid), known = false;
    for (size_t i = 0; i < keys->n; i++) {
        if (named && strcmp(kid, keys->at[i].kid) != 0)
            continue;
        known = true;
        if (keys->at[i].until_s > now_s && access_token_verify(keys->at[i].secret, token, now_s, out))
            return true;
    }
    if (named && !known && k->tell_unknown)
        k->tell_unknown(k->arg);
    return false;
}

/* ---------------------------------------------------------------- what a thread has checked already */

#define MEMO_SLOTS 256
#define MEMO_TOKEN_MAX 1000

struct token_memo {
    const struct keyring_keys *keys; /* with which all of it was checked */
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

static void forget(struct token_memo *memo)
{
    for (size_t i = 0; i < MEMO_SLOTS; i++) {
        free(memo->slots[i].token);
        memo->slots[i].token = NULL;
    }
}

void token_memo_free(struct token_memo *memo)
{
    if (memo)
        forget(memo);
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

bool keyring_verify(const struct keyring *k, struct token_memo *memo, const char *token, int64_t now_s, struct access_claims *out)
{
    const struct keyring_keys *keys = keyring_get(k);
    size_t n = strlen(token), slot = slot_of(token, n);
    if (!memo || n > MEMO_TOKEN_MAX)
        return verify(k, keys, token, now_s, out);
    if (memo->keys != keys)
        forget(memo);
    memo->keys = keys;
    if (memo->slots[slot].token && memo->slots[slot].n == n && sodium_memcmp(memo->slots[slot].token, token, n) == 0) {
        if (memo->slots[slot].claims.expires_s <= now_s)
            return false;
        *out = memo->slots[slot].claims;
        return true;
    }
    if (!verify(k, keys, token, now_s, out))
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
