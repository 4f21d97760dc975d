/* Notifications. Tables: notifications, notification_marks.
 *
 * A todo is shown while its document is pending; so deciding a document costs nothing here. */
#ifndef MMS_DOMAIN_NOTIFICATION_H
#define MMS_DOMAIN_NOTIFICATION_H

#include "domain/ctx.h"
#include "domain/route.h"

/* A document waits for those who approve. */
MUST_CHECK enum rc notification_submitted(struct ctx *c, int64_t document_id);
/* Tells its applicant how his document was decided, unless he did so himself. */
MUST_CHECK enum rc notification_decided(struct ctx *c, int64_t document_id, const char *number, bool receipt, bool approved,
                                        int64_t applicant_id);
/* A stock has come down to its minimum: tells those who approve. */
MUST_CHECK enum rc notification_low_stock(struct ctx *c, int64_t material_id);

extern const struct module notification_module;

#endif
