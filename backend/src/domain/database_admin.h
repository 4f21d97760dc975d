/* The database as its administrator sees it: tables and rows to read, figures, and a copy to take away. Nothing is changed
 * here: contract 12.6. */
#ifndef MMS_DOMAIN_DATABASE_ADMIN_H
#define MMS_DOMAIN_DATABASE_ADMIN_H

#include "domain/route.h"

extern const struct module database_admin_module;

#endif
