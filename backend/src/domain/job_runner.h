/* The thread that runs jobs, one at a time for each instance. */
#ifndef MMS_DOMAIN_JOB_RUNNER_H
#define MMS_DOMAIN_JOB_RUNNER_H

#include "domain/job.h"

#define JOB_LOOK_MS 2000      /* for jobs that other instances have queued or left behind */
#define JOB_TELL_MS 500       /* between two notes of how far a job is */

/* lend_reader: as of notification_hub_start. `base` has settings, keys, files and writer. */
struct job_runner *job_runner_new(const struct ctx *base, bool (*lend_reader)(void *arg, struct ctx *c), void *arg);
/* From here on it takes jobs. */
void job_runner_start(struct job_runner *r);
/* Interrupts the job that runs. NULL is fine. Before the writer is stopped. */
void job_runner_stop(struct job_runner *r);
/* When nobody asks it any more: after the writer and the hub have been stopped. NULL is fine. */
void job_runner_free(struct job_runner *r);

/* A job is being queued, in the writer: the next commit wakes the runner. NULL is fine. */
void job_runner_expect(struct job_runner *r);
/* Something was committed; cheap. */
void job_runner_wake(struct job_runner *r);
/* Asks the running job to stop if it is this one: also while it holds the writer. */
void job_runner_cancel(struct job_runner *r, int64_t id);

/* How far the running job is at this moment. False: none runs here. */
struct job_now {
    int64_t id, user_id, done, total;
    const char *kind;
    bool is_ending; /* its end is being written, and may be seen by others already */
};
bool job_runner_now(struct job_runner *r, struct job_now *out);

/* ---- for job.c ---- */

/* Notes how far it is for job_runner_now; RC_JOB_CANCELLED, RC_JOB_INTERRUPTED when it is to stop. */
MUST_CHECK enum rc job_runner_step(struct job_runner *r, int64_t done, int64_t total);
/* Its end is about to be committed. */
void job_runner_ending(struct job_runner *r);

#endif
