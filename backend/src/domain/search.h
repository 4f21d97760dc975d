/* One question over materials, people and documents (contract, section 10). */
#ifndef MMS_DOMAIN_SEARCH_H
#define MMS_DOMAIN_SEARCH_H

#include "domain/route.h"

#define SEARCH_ROWS_MAX 10 /* of each kind */
#define SEARCH_CHARS_MAX 100

extern const struct module search_module;

#endif
