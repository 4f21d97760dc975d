/* Sealing of backups by the program age (https://age-encryption.org), which is started as it is, without a shell. */
#ifndef MMS_CRYPTO_AGE_H
#define MMS_CRYPTO_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* Recipients are public keys (age1…, ssh-…) as one text, commas between them (setting_is_recipients); each of them can open what is sealed. */

#define AGE_SAID_MAX 160
#define AGE_MISSING "the program age is not installed"

#define AGE_NAME_MAX 17
/* What tells these recipients from others: 16 hexadecimal digits. */
void age_name(const char *recipients, char out[static AGE_NAME_MAX]);

/* Both make `to`, which must not be there. False: age said why on standard error, or errno is ENOENT: it is not installed, or EINVAL: these
 * have not the form of recipients. */
bool age_encrypt(const char *recipients, const char *from, const char *to);
bool age_decrypt(const char *identity_file, const char *from, const char *to);

/* age at work on bytes that come in pieces: what it gives back goes to `take`, in order, from within age_add and age_end. */
struct age_stream {
    bool (*take)(void *arg, const void *bytes, size_t n); /* false: errno; nothing more is taken */
    void *arg;
    char said[AGE_SAID_MAX]; /* once age_end has failed: why, in English */
    /* its own */
    pid_t child;
    int in, out, err, why;
};

/* False: errno; ENOENT: age is not installed. age_end is not called then. */
bool age_seal_begin(struct age_stream *s, const char *recipients);
bool age_open_begin(struct age_stream *s, const char *identity_file);
/* False: nothing more need be given; age_end tells why. */
bool age_add(struct age_stream *s, const void *bytes, size_t n);
/* The last of it is taken, and age has ended well. False: errno, and `said`. */
bool age_end(struct age_stream *s);
/* Ends it as it stands, when nobody wants the rest. */
void age_drop(struct age_stream *s);

/* The whole at once, in memory alone: added to `out`. False: errno, and why in `said`. */
bool age_seal(const char *recipients, const void *bytes, size_t n, struct buf *out, char said[static AGE_SAID_MAX]);
bool age_open(const char *identity_file, const void *bytes, size_t n, struct buf *out, char said[static AGE_SAID_MAX]);

#endif
