/* Reading the operation log; writing it: audit.h. Table: operation_log. */
#ifndef MMS_DOMAIN_OPERATION_LOG_H
#define MMS_DOMAIN_OPERATION_LOG_H

#include "domain/route.h"

extern const struct module operation_log_module;

#endif
