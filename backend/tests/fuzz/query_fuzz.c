/* A request's target: what is decoded is text, and stays in its segments. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/path.h"

static void check_path(struct arena *a, const char *url)
{
    struct segments segments;
    const char *text;
    if (!path_read(a, url, &segments, &text))
        return;
    insist(segments.count <= SEGMENTS_MAX && text_is_utf8(text, strlen(text)));
    for (size_t i = 0; i < segments.count; i++) {
        const char *s = segments.at[i];
        insist(text_is_utf8(s, strlen(s)) && strcmp(s, ".") != 0 && strcmp(s, "..") != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a);
    const char *text = arena_copy(&a, (const char *)data, size);
    const char *decoded = percent_decode(&a, text);
    insist(!decoded || (text_is_utf8(decoded, strlen(decoded)) && strlen(decoded) <= strlen(text)));
    check_path(&a, text);
    check_path(&a, arena_fmt(&a, "/%s", text));
    int64_t n;
    insist(!text_int(text, 1, 1000, &n) || (n >= 1 && n <= 1000 && strlen(text) <= 4));
    if (text_is_utf8(text, strlen(text))) {
        const char *folded = text_fold(&a, text);
        insist(text_is_utf8(folded, strlen(folded)) && text_equal(folded, text_fold(&a, folded)));
        insist(text_is_utf8(text_shorten(&a, text, 5), strlen(text_shorten(&a, text, 5))));
        (void)text_like(&a, folded);
    }
    arena_free(&a);
    return 0;
}
