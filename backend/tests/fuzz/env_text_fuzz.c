/* Environment files: what is read is text, each name once; written with quotes around it, it is read as the same. */
#include <string.h>

#include "base/arena.h"
#include "base/env_text.h"
#include "base/text.h"
#include "fuzz.h"

static void check_line(struct arena *a, const struct env_text *all, const struct env_line *line)
{
    struct env_text again = {0};
    struct error err = {0};
    error_clear(&err);
    insist(*line->name && text_is_utf8(line->value, strlen(line->value)) && !strchr(line->value, '\n'));
    insist(env_text_get(all, line->name) == line->value);
    if (strchr(line->value, '\''))
        return;
    const char *text = arena_fmt(a, "%s='%s'\n", line->name, line->value);
    insist(env_text_read(a, text, strlen(text), &again, &err) == RC_OK && again.count == 1);
    insist(strcmp(again.lines[0].name, line->name) == 0 && strcmp(again.lines[0].value, line->value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct env_text read = {0};
    struct error err = {0};
    arena_init(&a);
    error_clear(&err);
    if (env_text_read(&a, (const char *)data, size, &read, &err) == RC_OK)
        for (size_t i = 0; i < read.count; i++)
            check_line(&a, &read, &read.lines[i]);
    else
        insist(err.fault_count > 0 || size > ENV_TEXT_MAX);
    arena_free(&a);
    return 0;
}
