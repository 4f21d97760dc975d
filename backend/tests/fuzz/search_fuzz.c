/* A question and a text, with the first line end between: what is found has the tokens that the index is asked for, and tokens are
 * such as no engine's tokenizer changes. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "domain/search_tokens.h"
#include "fuzz.h"

#define WORDS_MAX 10

static bool has(const char *tokens, const char *token, size_t n)
{
    for (const char *at = tokens; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && memcmp(at, token, n) == 0)
            return true;
    return false;
}

/* An expression's tokens that are there, and those that are not. */
static void count_tokens(const char *expression, const char *tokens, size_t *there, size_t *missing)
{
    for (const char *at = expression; *at;) {
        size_t n = strcspn(at, " ()");
        bool is_token = n > 0 && strncmp(at, "AND ", 4) != 0 && strncmp(at, "OR ", 3) != 0;
        insist(!is_token || strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789") == n);
        if (is_token)
            ++*(has(tokens, at, n) ? there : missing);
        at += n ? n : 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct search_text words[WORDS_MAX];
    size_t start, length, there = 0, missing = 0;
    arena_init(&a);
    const char *all = arena_copy(&a, (const char *)data, size), *end = strchr(all, '\n');
    const char *q = end ? arena_copy(&a, all, (size_t)(end - all)) : all;
    struct search_text text = search_text(&a, end ? end + 1 : all);
    if (text_is_utf8(q, strlen(q)) && text_chars(q) <= SEARCH_WORD_MAX) {
        size_t count = search_words(&a, q, words, WORDS_MAX);
        const char *tokens = search_tokens(&a, &text, 1);
        bool found = count > 0;
        insist(strspn(tokens, "abcdefghijklmnopqrstuvwxyz0123456789 ") == strlen(tokens));
        for (size_t i = 0; i < count; i++) {
            bool here = search_find(words[i], text, &start, &length);
            insist(!here || start + length <= text.n);
            found = found && here;
            if (search_find_typo(words[i], text, &start, &length)) {
                insist(start + length <= text.n);
                size_t near = 0, others = 0;
                count_tokens(search_expression(&a, &words[i], 1, true), tokens, &near, &others);
                insist(near > 0);
            }
        }
        if (count > 0)
            count_tokens(search_expression(&a, words, count, false), tokens, &there, &missing);
        insist(!found || missing == 0);
    }
    arena_free(&a);
    return 0;
}
