#include "domain/job_runner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/wait.h"
#include "crypto/token.h"

#define INSTANCE_BYTES 16
#define PLAIN_AFTER 10 /* tries to write a job's end */

struct job_runner {
    struct ctx base;
    bool (*lend_reader)(void *arg, struct ctx *c);
    void *arg;
    pthread_t thread;
    char instance[2 * INSTANCE_BYTES + 1]; /* this process, of all that there ever were */
    pthread_mutex_t lock;
    pthread_cond_t news;
    /* under the lock */
    bool is_started;
    bool is_woken, is_running;
    struct job_now now; /* while is_running */
    atomic_bool is_stopping, is_cancelled; /* written under the lock */
    atomic_bool is_expected;
};

/* ---------------------------------------------------------------- one job */

enum rc job_runner_step(struct job_runner *r, int64_t done, int64_t total)
{
    pthread_mutex_lock(&r->lock);
    r->now.done = done;
    r->now.total = total;
    r->now.is_ending = false; /* a transaction may be run again */
    pthread_mutex_unlock(&r->lock);
    return atomic_load(&r->is_stopping) ? RC_JOB_INTERRUPTED : atomic_load(&r->is_cancelled) ? RC_JOB_CANCELLED : RC_OK;
}

void job_runner_ending(struct job_runner *r)
{
    pthread_mutex_lock(&r->lock);
    r->now.is_ending = true;
    pthread_mutex_unlock(&r->lock);
}

static void set_running(struct job_runner *r, const struct job_claim *claim)
{
    pthread_mutex_lock(&r->lock);
    r->is_running = claim != NULL;
    atomic_store(&r->is_cancelled, false);
    if (claim)
        r->now = (struct job_now){.id = claim->id, .user_id = claim->user_id, .kind = claim->kind ? claim->kind->name : ""};
    pthread_mutex_unlock(&r->lock);
}

struct ending {
    struct job_run *run;
    const char *status;
    const struct error *why;
};

static enum rc write_end(struct db *db, void *arg)
{
    const struct ending *e = arg;
    struct ctx c = e->run->ctx;
    c.db = db;
    c.now_ms = clock_now_ms();
    return job_end(&c, e->run, e->status, e->why);
}

/* Waits; false: it is to stop. With `for_news`, news end it, too. */
static bool wait_for(struct job_runner *r, int64_t ms, bool for_news)
{
    int late = 0;
    struct timespec until = wait_until(ms);
    pthread_mutex_lock(&r->lock);
    while (!(for_news && r->is_woken) && !atomic_load(&r->is_stopping) && late == 0)
        late = pthread_cond_timedwait(&r->news, &r->lock, &until);
    if (for_news)
        r->is_woken = false;
    pthread_mutex_unlock(&r->lock);
    return !atomic_load(&r->is_stopping);
}

/* Whatever has not ended itself. Again and again while the database takes nothing: as long as this connection is there, nobody else
 * would take the job for dead. */
static void end(struct job_run *run, enum rc rc)
{
    struct error why = run->ctx.err;
    if (why.rc != rc) {
        error_clear(&why);
        error_set(&why, rc);
    }
    struct ending e = {run, rc == RC_OK ? "done" : rc == RC_JOB_CANCELLED ? "cancelled" : rc == RC_JOB_INTERRUPTED ? "interrupted" : "failed",
                       rc == RC_OK || rc == RC_JOB_INTERRUPTED ? NULL : &why};
    enum rc written;
    for (int tries = 1; (written = db_run_tx(run->ctx.writer, write_end, &e)) != RC_OK && wait_for(run->runner, JOB_LOOK_MS, false); tries++)
        if (tries == PLAIN_AFTER) { /* should it be the words that the database does not take */
            error_clear(&why);
            error_set(&why, rc);
            run->result = NULL;
        }
    log_event(rc == RC_OK ? LOG_INFO : error_row(rc)->status >= 500 ? LOG_ERROR : LOG_WARN, "job.ended", NULL, LOG_INT("job", run->id),
              LOG_TEXT("status", e.status), LOG_TEXT("code", error_row(rc)->code), LOG_TEXT("noted", error_row(written)->code));
}

static void run_claimed(struct job_runner *r, const struct job_claim *claim, struct ctx *c)
{
    struct job_run run = {.ctx = *c, .runner = r, .instance = r->instance, .id = claim->id,
                          .subject_id = claim->subject_id, .arguments = claim->arguments};
    enum rc rc = job_take_actor(&run.ctx, claim);
    set_running(r, claim);
    if (rc == RC_OK)
        rc = claim->kind->run(&run);
    job_runner_ending(r);
    end(&run, rc);
    set_running(r, NULL);
}

/* ---------------------------------------------------------------- the thread */

struct claiming {
    struct ctx *c;
    const char *instance;
    struct job_claim claim;
};

static enum rc write_claim(struct db *db, void *arg)
{
    struct claiming *k = arg;
    struct ctx c = *k->c;
    c.db = db;
    return job_claim(&c, k->instance, &k->claim);
}

/* True: one was run, and there may be another. */
static bool run_next(struct job_runner *r, struct arena *arena)
{
    struct ctx c = r->base;
    struct claiming k = {&c, r->instance, {0}};
    bool awaited;
    arena_reset(arena);
    c.arena = arena;
    c.now_ms = clock_now_ms();
    if (!r->lend_reader(r->arg, &c) || job_is_awaited(&c, r->instance, &awaited) != RC_OK || !awaited)
        return false;
    if (db_run_tx(r->base.writer, write_claim, &k) != RC_OK || !k.claim.id)
        return false;
    run_claimed(r, &k.claim, &c);
    return true;
}

static void *runner_main(void *arg)
{
    struct job_runner *r = arg;
    struct arena arena;
    arena_init(&arena);
    do
        while (!atomic_load(&r->is_stopping) && run_next(r, &arena))
            ;
    while (wait_for(r, JOB_LOOK_MS, true));
    arena_free(&arena);
    return NULL;
}

/* ---------------------------------------------------------------- from outside */

struct job_runner *job_runner_new(const struct ctx *base, bool (*lend_reader)(void *arg, struct ctx *c), void *arg)
{
    struct job_runner *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->base = *base;
    r->base.jobs = r;
    r->lend_reader = lend_reader;
    r->arg = arg;
    random_hex(INSTANCE_BYTES, r->instance);
    pthread_mutex_init(&r->lock, NULL);
    wait_cond_init(&r->news);
    return r;
}

void job_runner_start(struct job_runner *r)
{
    r->is_started = pthread_create(&r->thread, NULL, runner_main, r) == 0;
    if (!r->is_started)
        abort(); /* at the start: the system's limit of threads */
}

void job_runner_expect(struct job_runner *r)
{
    if (r)
        atomic_store(&r->is_expected, true);
}

void job_runner_wake(struct job_runner *r)
{
    if (!atomic_exchange(&r->is_expected, false))
        return;
    pthread_mutex_lock(&r->lock);
    if (!r->is_woken)
        pthread_cond_signal(&r->news);
    r->is_woken = true;
    pthread_mutex_unlock(&r->lock);
}

void job_runner_cancel(struct job_runner *r, int64_t id)
{
    pthread_mutex_lock(&r->lock);
    if (r->is_running && r->now.id == id)
        atomic_store(&r->is_cancelled, true);
    pthread_mutex_unlock(&r->lock);
}

bool job_runner_now(struct job_runner *r, struct job_now *out)
{
    if (!r)
        return false;
    pthread_mutex_lock(&r->lock);
    bool runs = r->is_running;
    *out = r->now;
    pthread_mutex_unlock(&r->lock);
    return runs;
}

void job_runner_stop(struct job_runner *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    atomic_store(&r->is_stopping, true);
    pthread_cond_signal(&r->news);
    pthread_mutex_unlock(&r->lock);
    if (r->is_started)
        pthread_join(r->thread, NULL);
    r->is_started = false;
}

void job_runner_free(struct job_runner *r)
{
    if (!r)
        return;
    pthread_cond_destroy(&r->news);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
