/* One question over materials, people, documents and count tasks (contract, section 10).
 *
 * The question is words with blanks between; each must be found in what a row is called (search_text.h). The index proposes rows that
 * have the words' tokens, some hundred at most, in the order of their ids, those in use first; the program decides, and puts
 * what it has found into order: the exact code, codes that begin so, the rest; in use before retired; then by code. When nothing
 * of a kind is found so, one typing error in each latin word is forgiven. */
#ifndef MMS_DOMAIN_SEARCH_H
#define MMS_DOMAIN_SEARCH_H

#include "domain/route.h"

#define SEARCH_ROWS_DEFAULT 10 /* of each kind */
#define SEARCH_ROWS_MAX 20
#define SEARCH_CHARS_MAX 100

extern const struct module search_module;

#endif
