/* Figures at a glance, of what was approved, in days of the company's zone. Table: posted_quarters. */
#ifndef MMS_DOMAIN_DASHBOARD_H
#define MMS_DOMAIN_DASHBOARD_H

#include "domain/ctx.h"
#include "domain/route.h"

/* Counts a document that has just been posted; `quantity` is the sum of its lines. */
MUST_CHECK enum rc dashboard_posted(struct ctx *c, bool receipt, struct dec quantity);

extern const struct module dashboard_module;

#endif
