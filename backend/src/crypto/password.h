/* Passwords: argon2id through libsodium; the older system's bcrypt hashes are read through libcrypt.
 * Both take tens of milliseconds on purpose: call them in the SLOW lane only. */
#ifndef MMS_CRYPTO_PASSWORD_H
#define MMS_CRYPTO_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PASSWORD_HASH_MAX 128

/* Once per process, before any other function of crypto/. */
MUST_CHECK enum rc crypto_init(void);

/* argon2id, 19 MiB, 2 passes (OWASP Password Storage Cheat Sheet). RC_INTERNAL when memory is short. */
MUST_CHECK enum rc password_hash(const char *password, char hash[static PASSWORD_HASH_MAX]);
/* `$argon2id$…` or bcrypt `$2a$`, `$2b$`, `$2y$`; any other hash never matches. */
bool password_matches(const char *password, const char *hash);
/* True for a hash that password_hash would not make today: bcrypt, other costs. Renew it after a match. */
bool password_needs_renewal(const char *hash);
/* A hash with today's costs that nothing matches: compared with where there is no such user, it takes as long. */
extern const char PASSWORD_OF_NOBODY[];
/* A password that can be read out and typed: 4 groups of 4 from an alphabet without look-alikes, about 78 bits. */
#define PASSWORD_RANDOM_MAX 24
void password_random(char out[static PASSWORD_RANDOM_MAX]);

#endif
