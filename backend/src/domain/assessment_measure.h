/* What this machine can write: durable writes a second in a database of its own beside the real one, so that it is the same disk. */
#ifndef MMS_DOMAIN_ASSESSMENT_MEASURE_H
#define MMS_DOMAIN_ASSESSMENT_MEASURE_H

#include "domain/assessment.h"
#include "domain/job.h"

/* Takes about two seconds; SQLite only. `go_on` (may be NULL) is asked before each of ASSESSMENT_MEASURE_STEPS, and stops it with
 * whatever it gives. RC_DB, RC_DB_FULL: it could not be done. What was written is removed again; what a killed one left as well. */
#define ASSESSMENT_MEASURE_STEPS 2
MUST_CHECK enum rc assessment_measure(const struct settings *settings, struct arena *a, enum rc (*go_on)(void *arg, int step), void *arg,
                                      struct assessment_machine *out);

/* The same as a job, whose result is kept with it. */
extern const struct job_kind assessment_measure_job;
/* What the last of these jobs found; *out is NULL when there was none. */
MUST_CHECK enum rc assessment_last_measured(struct ctx *c, const struct assessment_machine **out);

#endif
