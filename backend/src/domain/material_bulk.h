/* One change to many materials at once: looked at first, then made in one transaction through the services of single changes. */
#ifndef MMS_DOMAIN_MATERIAL_BULK_H
#define MMS_DOMAIN_MATERIAL_BULK_H

#include "domain/route.h"

#define MATERIAL_BULK_MAX 10000
#define MATERIAL_BULK_GATHERED 100 /* from so many on what each notes down is noted once (bulk_change.h): the index of the search alone pays for it */
#define MATERIAL_BULK_TOLD 200 /* of those that are refused */

extern const struct module material_bulk_module;

#endif
