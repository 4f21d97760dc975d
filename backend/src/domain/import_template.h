/* Empty tables to fill in: GET /api/imports/template/:kind?format=xlsx|csv&lang=zh|en. */
#ifndef MMS_DOMAIN_IMPORT_TEMPLATE_H
#define MMS_DOMAIN_IMPORT_TEMPLATE_H

#include "domain/route.h"

extern const struct module import_template_module;

#endif
