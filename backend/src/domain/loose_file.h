/* Files that no row names: on their way to one, kept for a while only, or not needed any more. Table: loose_files.
 *
 * A file is noted here before it is put, so that a sudden end leaves none behind that nobody knows of; the row that names it takes it out
 * again, in its own transaction. The sweep (app/sweep.h) removes what is due here and nothing else, without looking at what lies in the
 * storage: another site's files, or those of a newer state of this database, may lie beside. */
#ifndef MMS_DOMAIN_LOOSE_FILE_H
#define MMS_DOMAIN_LOOSE_FILE_H

#include "domain/ctx.h"
#include "files/files.h"

#define LOOSE_FILE_NAMED_WITHIN_MS (INT64_C(3600) * 1000) /* a request's file; then it is not coming any more */

/* In a transaction: nobody needs it after `kept_ms` from now. */
MUST_CHECK enum rc loose_file_note(struct ctx *c, const char *key, int64_t kept_ms);
/* Notes it in a transaction of its own (c->writer), then puts it (files_put_from). Outside of the writer. */
MUST_CHECK enum rc loose_file_put(struct ctx *c, const char *key, const struct files_source *source, int64_t kept_ms);
/* In the transaction of the row that names it. RC_FILES_AWAY: it was due, and may be gone already. */
MUST_CHECK enum rc loose_file_take(struct ctx *c, const char *key);

/* Some of those that are due, in the arena. */
MUST_CHECK enum rc loose_file_due(struct ctx *c, struct files_names *out);
/* These are gone. */
MUST_CHECK enum rc loose_file_forget(struct ctx *c, const struct files_names *names);

#endif
