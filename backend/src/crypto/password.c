#include "crypto/password.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

/* OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane. */
#define PASSES 2
#define MEMORY (19U * 1024 * 1024)

enum rc password_hash(const char *password, char hash[static PASSWORD_HASH_MAX])
{
    _Static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "room for libsodium's text");
    return crypto_pwhash_str(hash, password, strlen(password), PASSES, MEMORY) == 0 ? RC_OK : RC_INTERNAL;
}

static bool is_bcrypt(const char *hash)
{
    return hash[0] == '$' && hash[1] == '2' && hash[2] && strchr("aby", hash[2]) && hash[3] == '$';
}

static bool bcrypt_matches(const char *password, const char *hash)
{
    struct crypt_data data;
    memset(&data, 0, sizeof data);
    const char *again = crypt_rn(password, hash, &data, (int)sizeof data);
    size_t n = strlen(hash);
    bool same = again && *again != '*' && strlen(again) == n && sodium_memcmp(again, hash, n) == 0;
    sodium_memzero(&data, sizeof data);
    return same;
}

bool password_matches(const char *password, const char *hash)
{
    if (is_bcrypt(hash))
        return bcrypt_matches(password, hash);
    return strncmp(hash, "$argon2id$", 10) == 0 && crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

bool password_needs_renewal(const char *hash)
{
    return is_bcrypt(hash) || crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY) != 0;
}

/* The hash of 32 random bytes that nobody has kept, with today's costs. */
const char PASSWORD_OF_NOBODY[] = "$argon2id$v=19$m=19456,t=2,p=1$"
                                  "7RksCP2QpmwJ+U1mTr+CyQ$jtzKTvZLtIBgRyDKjSjiR3BV4KvbMPygvys5QKJDSJs";

enum rc crypto_init(void)
{
    return sodium_init() < 0 ? RC_INTERNAL : RC_OK;
}

void password_random(char out[static PASSWORD_RANDOM_MAX])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz", digits[] = "23456789";
    static const char all[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char *to = out;
    for (int i = 0; i < 16; i++) {
        if (i && i % 4 == 0)
            *to++ = '-';
        /* one sure letter and one sure digit, so that it passes our own rule */
        const char *from = i == 0 ? letters : i == 15 ? digits : all;
        *to++ = from[randombytes_uniform((uint32_t)strlen(from))];
    }
    *to = 0;
}
