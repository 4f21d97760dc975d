/* CRC-64/XZ (ECMA-182, reflected): the sum that object storage tells of its objects. "123456789" has 11051210869376104954. */
#ifndef MMS_FILES_CRC64_H
#define MMS_FILES_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`; 0 at the beginning. */
uint64_t crc64(uint64_t crc, const void *bytes, size_t n);
/* That of two things, one behind the other, from those of each: without their bytes. */
uint64_t crc64_join(uint64_t first, uint64_t second, int64_t second_bytes);

#endif
