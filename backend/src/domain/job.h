/* Jobs: long work that goes on behind the request that asked for it. Table: jobs.
 *
 * A job is queued in the transaction of its request, run by one of the instances (job_runner.h), and ends done, failed, cancelled or
 * interrupted. Interrupted is one whose instance has gone: the connection that ran it is not there any more, so it is told at the
 * next look, by whichever instance looks. What it had written stands or falls with its own transactions. */
#ifndef MMS_DOMAIN_JOB_H
#define MMS_DOMAIN_JOB_H

#include "domain/ctx.h"
#include "domain/route.h"

struct job_runner;

/* A job while it runs. */
struct job_run {
    struct ctx ctx; /* reads; the actor is who asked for it, if he still may */
    struct job_runner *runner;
    const char *instance; /* which process this is, where connections do not say so */
    int64_t id, subject_id;
    const char *arguments;    /* JSON, or NULL */
    int64_t told_at_us;       /* when `done` was last noted */
    bool is_writing;          /* inside job_write */
    int64_t done, total;      /* steps; total 0: not known */
    const char *result;       /* JSON, in ctx.arena, or NULL */
};

struct job_kind {
    const char *name, *title, *title_en; /* "import.check" */
    enum permission permission;          /* still needed when it begins */
    /* On the runner's thread. RC_JOB_CANCELLED and RC_JOB_INTERRUPTED are handed on from job_tell and job_write. */
    enum rc (*run)(struct job_run *run);
    /* What a job with these arguments is about, in the request's language; NULL: not known. Stands behind the title. May be NULL. */
    const char *(*about)(struct ctx *c, const char *arguments);
};

/* The list of kinds (app/modules.c). */
extern const struct job_kind *const job_kinds[];
extern const size_t job_kind_count;

/* Queues a job of c->actor about `subject_id`, in the writer. arguments: JSON, or NULL. */
MUST_CHECK enum rc job_add(struct ctx *c, const struct job_kind *kind, int64_t subject_id, const char *arguments, int64_t *id);
/* The answer to a request that has queued a job: 202, data {id, jobId}. */
MUST_CHECK enum rc job_reply(struct call *call, const char *zh, const char *en, int64_t job_id);
/* RC_JOB_OPEN when a job about this subject is queued or runs (of a kind whose name begins with `prefix`). */
MUST_CHECK enum rc job_none_open(struct ctx *c, const char *prefix, int64_t subject_id);

/* The job of the path, for who may see it: what it is, its status and its result (JSON, or NULL). RC_JOB_NOT_FOUND. */
struct job_seen {
    const char *kind, *status, *result, *arguments;
};
MUST_CHECK enum rc job_see(struct call *call, struct job_seen *out);

/* ---- for a job that runs ---- */

/* How far it is. Cheap: call it as often as you like, also inside job_write. RC_JOB_CANCELLED, RC_JOB_INTERRUPTED: stop, and hand
 * it on. */
MUST_CHECK enum rc job_tell(struct job_run *run, int64_t done, int64_t total);
/* One transaction: `write` gets a context with the writer's connection and the same actor. RC_JOB_…: as above, nothing was done. */
MUST_CHECK enum rc job_write(struct job_run *run, enum rc (*write)(struct ctx *c, void *arg), void *arg);
/* The same, and the job is done (with run->result) if and only if the transaction is committed. */
MUST_CHECK enum rc job_write_last(struct job_run *run, enum rc (*write)(struct ctx *c, void *arg), void *arg);

/* ---- for the runner and the event stream ---- */

struct job_claim {
    int64_t id; /* 0: there is none */
    int64_t subject_id, user_id;
    const char *arguments;
    const struct job_kind *kind;
};
/* Whether there is anything to do for the runner: a queued job, or an open one whose instance may have gone. Reads only. */
MUST_CHECK enum rc job_is_awaited(struct ctx *c, const char *instance, bool *out);
/* Ends those whose instance has gone, and takes the oldest queued one for this instance. In the writer. */
MUST_CHECK enum rc job_claim(struct ctx *c, const char *instance, struct job_claim *out);
/* Fills c->actor with who asked; RC_TOKEN_INVALID: his account is closed or disabled, or the service token that asked is withdrawn;
 * RC_PERMISSION_MISSING. */
MUST_CHECK enum rc job_take_actor(struct ctx *c, const struct job_claim *claim);
/* In the writer. RC_JOB_CANCELLED: somebody has asked for it; RC_JOB_INTERRUPTED: it was taken for dead. */
MUST_CHECK enum rc job_check(struct ctx *c, const struct job_run *run);
/* In the writer; does nothing when it has ended already. */
MUST_CHECK enum rc job_end(struct ctx *c, const struct job_run *run, const char *status, const struct error *why);

/* The change that was told last; 0: none. */
MUST_CHECK enum rc job_newest(struct ctx *c, int64_t *news);
/* The changes after *news, as events of a stream, each with whom it is for; in c->arena. *news moves on; *more: there are others. */
struct job_event {
    int64_t user_id, job_id;
    const char *text;
    struct job_event *next;
};
MUST_CHECK enum rc job_read_news(struct ctx *c, int64_t *news, struct job_event **out, bool *more);
struct job_event *job_event_new(struct arena *a, int64_t user_id, int64_t id, const char *kind, const char *status, int64_t done,
                                int64_t total);

extern const struct module job_module;

#endif
