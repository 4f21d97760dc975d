/* Encryption of backups by the program age, which is started as it is, without a shell. */
#ifndef MMS_OPS_AGE_H
#define MMS_OPS_AGE_H

#include <stdbool.h>

/* Both make `to`, which must not be there. False: age said why on standard error, or errno is ENOENT: it is not installed. */
bool age_encrypt(const char *recipient, const char *from, const char *to);
bool age_decrypt(const char *identity_file, const char *from, const char *to);

#endif
