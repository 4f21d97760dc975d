/* Documents line by line, as a file. */
#ifndef MMS_DOMAIN_DOCUMENT_LINES_H
#define MMS_DOMAIN_DOCUMENT_LINES_H

#include "domain/route.h"

extern const struct module document_line_module;

#endif
