/* The tokens by which an engine's index finds candidates. Each is lower-case ASCII letters and digits beginning with a letter, so
 * that no engine's own tokenizer changes it:
 *   l + 1–3 letters   every such piece of what the text spells (search_text.h): of latin words, readings, first letters, and
 *                     of what runs over from one character to the next
 *   c, b + base 36    a character that is no latin letter or digit; two Chinese ones side by side
 *   d + base 36       a latin word without one of its letters, hashed: what words have in common that one typing error apart
 *
 * What search_find or search_find_typo accept has all tokens that search_expression asks for; it has others, too. */
#ifndef MMS_DOMAIN_SEARCH_TOKENS_H
#define MMS_DOMAIN_SEARCH_TOKENS_H

#include "domain/search_text.h"

/* Grows when the same text gives other tokens: what is indexed already is then indexed again (search_index.h). */
#define SEARCH_TOKENS_VERSION 1

/* All tokens of the texts, each once, a blank between them. */
char *search_tokens(struct arena *a, const struct search_text *texts, size_t count);

/* What the index is asked for words that must all be there: tokens with AND, OR and brackets. NULL: nothing to ask for, as for no
 * words. with_typos: words in which one is forgiven may have one. */
char *search_expression(struct arena *a, const struct search_text *words, size_t count, bool with_typos);

#endif
