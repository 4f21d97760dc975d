/* Content codings: what a client accepts, and gzip. */
#ifndef MMS_HTTP_GZIP_H
#define MMS_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define GZIP_MIN 1400 /* a body that fits one packet gains nothing */

/* Does Accept-Encoding (NULL: absent) take this coding? A weight of zero is a no; "*" stands for
 * those not named. */
bool coding_accepted(const char *accept_encoding, const char *coding);
/* Text of some kind, which gets smaller; pictures and archives do not. */
bool gzip_worth(const char *content_type, size_t n);
/* False: it did not get smaller, or zlib has no memory; then *out is empty. level: 1 fast – 9
 * small. */
bool gzip_pack(const void *bytes, size_t n, int level, struct buf *out);

#endif
