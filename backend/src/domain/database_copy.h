/* Consistent copies of the database for an administrator to take away: files in UPLOAD_DIR/exports. They are given out for an
 * hour, and removed when the next one is made. Their names cannot be guessed, and are asked for by administrators only. */
#ifndef MMS_DOMAIN_DATABASE_COPY_H
#define MMS_DOMAIN_DATABASE_COPY_H

#include "domain/ctx.h"

#define DATABASE_COPY_KEPT_MS (INT64_C(3600) * 1000)

struct database_copy {
    const char *name;  /* "mms-20261124-0830-<32 digits>.db" */
    const char *shown; /* without what cannot be guessed: for the log, and for the file that is saved */
    int64_t size;      /* bytes */
};

/* On a worker: copying takes its time, while others go on. A SQLite file on either engine. */
MUST_CHECK enum rc database_copy_make(struct ctx *c, struct database_copy *out);
/* *fd: open for reading, the caller's to close. RC_NOT_FOUND. */
MUST_CHECK enum rc database_copy_open(struct ctx *c, const char *name, struct database_copy *out, int *fd);

#endif
