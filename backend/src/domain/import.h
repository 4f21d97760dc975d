/* Imports of tables that somebody made: materials, opening stock, lines of receipts and issues. Tables: imports, import_rows,
 * import_documents.
 *
 * Upload: the whole file is read once, so that what is wrong with the file itself is told at once; columns are proposed by their
 * heads. Check (a job): every row is looked at as it will be stored, and what would be created or changed is kept in import_rows,
 * with faults by cell. Commit (a job): what the check has kept is stored, all of it in one transaction, by the services that requests
 * use; what has changed since the check is refused. Undo (a job): as long as nothing later depends on it. */
#ifndef MMS_DOMAIN_IMPORT_H
#define MMS_DOMAIN_IMPORT_H

#include "domain/job.h"
#include "domain/route.h"

extern const struct job_kind import_check_job, import_commit_job, import_undo_job;
extern const struct module import_module;

/* Removes imports that nobody has finished for 30 days. */
MUST_CHECK enum rc import_sweep(struct ctx *c);

#endif
