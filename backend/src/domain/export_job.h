/* Lists as files, made by a job: POST /api/export-jobs/<the list's path> with the parameters of GET /api/export/<the list's path>. The file
 * lies in the folder exports/ of files.h for a day, and is fetched by GET /api/jobs/:id/file, or
 * from the object storage itself, at the address that GET /api/jobs/:id/file-address tells. */
#ifndef MMS_DOMAIN_EXPORT_JOB_H
#define MMS_DOMAIN_EXPORT_JOB_H

#include "domain/job.h"

#define EXPORT_JOB_KEPT_MS (INT64_C(24) * 3600 * 1000)
#define EXPORT_ADDRESS_S 300 /* how long a signed address is good for */

extern const struct job_kind export_job;
extern const struct module export_job_module;

#endif
