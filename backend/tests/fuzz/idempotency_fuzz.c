/* Idempotency-Key: only what can stand in a header, and within its length. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "domain/idempotency.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a);
    const char *key = arena_copy(&a, (const char *)data, size);
    size_t n = strlen(key);
    bool visible = n > 0;
    for (size_t i = 0; i < n; i++)
        visible = visible && isgraph((unsigned char)key[i]);
    insist(idempotency_key_is_good(key) == (visible && n <= IDEMPOTENCY_KEY_MAX));
    arena_free(&a);
    return 0;
}
