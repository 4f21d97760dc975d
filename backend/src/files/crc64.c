#include "files/crc64.h"

#include <lzma.h>

uint64_t crc64(uint64_t crc, const void *bytes, size_t n)
{
    return lzma_crc64(bytes, n, crc);
}
