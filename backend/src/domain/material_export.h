/* Materials as a workbook (contract, section 10). */
#ifndef MMS_DOMAIN_MATERIAL_EXPORT_H
#define MMS_DOMAIN_MATERIAL_EXPORT_H

#include "domain/route.h"

#define EXPORT_IDS_MAX 10000

extern const struct module material_export_module;

#endif
