/* Reports over the ledger: stock at a past moment, opening/in/out/closing of a period (收发存), what moves most, what does not.
 * They read the moves; what the dashboard shows at every look is kept with each posting instead (dashboard.h). */
#ifndef MMS_DOMAIN_REPORT_H
#define MMS_DOMAIN_REPORT_H

#include "domain/route.h"

extern const struct module report_module;

#endif
