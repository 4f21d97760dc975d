/* Files on their way into a backup and out of it: copied or gzipped, with the checksums of both ends. */
#ifndef MMS_OPS_PACKED_H
#define MMS_OPS_PACKED_H

#include <stdbool.h>

#include "crypto/token.h"

struct packed {
    int64_t bytes, stored; /* of what is inside; of the file that it is in */
    char hash[HASH_HEX_MAX], stored_hash[HASH_HEX_MAX]; /* SHA-256 */
};

/* Makes `to`, which must not be there, from the file `from`; it is on the disk then. False: errno says why; `to` is gone again. */
bool pack_file(const char *from, const char *to, bool gzip, struct packed *out);
/* The other way. EBADMSG: the file is damaged, or holds more than `most` bytes. */
bool unpack_file(const char *from, const char *to, bool gzip, int64_t most, struct packed *out);

#endif
