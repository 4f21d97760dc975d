/* Access tokens: nothing is accepted but what was signed with our secret, unchanged. */
#include <string.h>

#include "base/arena.h"
#include "crypto/token.h"
#include "fuzz.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_S 1790000000

/* The good token with some bytes changed: the first byte says where, the others are put there. */
static void check_changed(struct arena *a, const char *good, const uint8_t *data, size_t size)
{
    char *changed = arena_dup(a, good);
    size_t n = strlen(good), at = data[0] % n;
    for (size_t i = 1; i < size && at < n; i++, at++)
        changed[at] = data[i] ? (char)data[i] : 'A';
    struct access_claims claims;
    if (access_token_verify(SECRET, changed, NOW_S, &claims)) /* base64 may spell the same bytes twice, in its last digit only */
        insist(claims.user_id == 7 && claims.session_id == 9 && strncmp(changed, good, n - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    const char *good;
    const struct access_claims mine = {.user_id = 7, .session_id = 9, .issued_s = NOW_S, .expires_s = NOW_S + 60};
    struct access_claims claims;
    arena_init(&a);
    insist(access_token_sign(&a, SECRET, &mine, &good) == RC_OK);
    insist(access_token_verify(SECRET, good, NOW_S, &claims) && claims.user_id == 7);
    insist(!access_token_verify(SECRET "x", good, NOW_S, &claims) && !access_token_verify(SECRET, good, NOW_S + 60, &claims));
    insist(!access_token_verify(SECRET, arena_copy(&a, (const char *)data, size), NOW_S, &claims));
    if (size > 1)
        check_changed(&a, good, data, size);
    arena_free(&a);
    return 0;
}
