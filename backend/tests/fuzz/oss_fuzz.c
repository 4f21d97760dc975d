/* What object storage, or whoever answers in its place, says in XML: read as far as it goes, and never beyond. */
#include <string.h>

#include "base/text.h"
#include "cloud/oss_xml.h"
#include "fuzz.h"

static void found(void *arg, const char *key, int64_t bytes, int64_t changed_ms)
{
    (void)bytes;
    (void)changed_ms;
    insist(strlen(key) <= 8192);
    ++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct oss_refusal refusal;
    size_t count = 0;
    struct oss_page page = {.found = found, .arg = &count};
    const char *text = (const char *)data;
    arena_init(&a);
    oss_read_refusal(&a, text, size, &refusal);
    insist(text_is_utf8(refusal.code, strlen(refusal.code)) && text_is_utf8(refusal.message, strlen(refusal.message)));
    insist(count <= size);
    if (oss_read_page(&a, text, size, &page))
        insist(!page.is_cut || *page.next);
    const char *id = oss_read_upload_id(&a, text, size);
    insist(!id || *id);
    arena_free(&a);
    return 0;
}
