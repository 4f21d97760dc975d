/* The envelope of every answer: {"success": …, "message"?, "data"?, …}. */
#ifndef MMS_DOMAIN_REPLY_H
#define MMS_DOMAIN_REPLY_H

#include "domain/route.h"

/* Begins a success; with messages (both or neither). What follows is the value of "data"; end with reply_end. */
struct json_writer reply_data(struct call *call, int status, const char *zh, const char *en);
/* Ends what reply_data began. RC_INTERNAL when the answer grew past its limit. */
MUST_CHECK enum rc reply_end(struct call *call, struct json_writer *w);

/* A success without data. */
MUST_CHECK enum rc reply_message(struct call *call, const char *zh, const char *en);
/* A success whose data is one record, or {"id": …}. */
MUST_CHECK enum rc reply_record(struct call *call, const struct record_type *type, const void *record);
MUST_CHECK enum rc reply_id(struct call *call, int status, const char *zh, const char *en, int64_t id);

/* A success whose data is the array of a statement's rows. */
MUST_CHECK enum rc reply_rows(struct call *call, const struct record_type *type, const struct sql *sql,
                              const struct db_value *args, size_t count);

/* RC_VERSION_CONFLICT, with the present row as the data of the failure. */
MUST_CHECK enum rc reply_conflict(struct ctx *c, const struct record_type *type, const void *present);

/* The failure in c->err (rc, when nothing was said there). Used by the dispatcher, and by the few handlers that must commit
 * what they did although they refuse. */
void reply_error(struct http_exchange *x, struct ctx *c, enum rc rc);

#endif
