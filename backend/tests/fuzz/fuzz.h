/* What the fuzz targets share. */
#ifndef MMS_FUZZ_H
#define MMS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void insist(bool holds)
{
    if (!holds)
        abort();
}

#endif
