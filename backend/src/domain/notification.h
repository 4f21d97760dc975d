/* Notifications. Tables: notifications, notification_marks, notification_mutes.
 *
 * A todo is shown while its document is pending; so deciding a document costs nothing here. What the program writes by itself
 * has a topic, and each person may switch a topic off for himself: then it is neither shown, counted nor delivered to him. */
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

struct new_notification {
    const char *audience; /* user (user_id), approvers, everybody */
    int64_t user_id;      /* 0: none */
    const char *type;     /* system, todo, announcement */
    const char *topic;    /* submitted, decided, low_stock; NULL: somebody wrote it */
    const char *title, *content, *link, *link_type;
    int64_t document_id;  /* 0: none */
};
MUST_CHECK enum rc notification_add(struct ctx *c, const struct new_notification *n, int64_t *id);

/* The id of the last one; 0: there is none. */
MUST_CHECK enum rc notification_newest(struct ctx *c, int64_t *id);

/* What c->actor has not heard yet, as events of a stream (text/event-stream). */
struct notification_news {
    int64_t after_id; /* he has heard all up to this one; afterwards: as far as `events` goes */
    int64_t until_id;
    int64_t most;     /* events */
    struct buf events; /* what does not fit any more waits for the next time */
};
MUST_CHECK enum rc notification_read_news(struct ctx *c, struct notification_news *news);

extern const struct module notification_module;

#endif
