/* Transactions. The writer owns the one connection that changes the database.
 *
 * Promise: done(RC_OK) is said only after the commit that holds the job's changes is durable, and
 * done is called exactly once for each job that db_writer_submit took. Whatever goes wrong with a
 * batch as a whole (begin, savepoint, commit, a transaction the engine gave up by itself) is told
 * to every job that had not failed on its own. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "db/driver.h"
#include "db/ship.h"

#define LOG_PAGE_BYTES INT64_C(4096)
#define CHECKPOINT_PAGES 2000 /* 8 MiB of log */
/* Readers have kept the log from beginning anew for long: from here on wait for them a little. */
#define LOG_LARGE_PAGES 8000
#define CHECKPOINT_WAIT_MS 50
#define STOP_WAIT_MS 2000
/* A batch is tried again after 20 to 40 ms, 40 to 60, 80 to 100 …; and no longer than that, when each try takes its time. */
#define RETRIES_MAX 5
#define RETRY_MS 20
#define RETRY_WITHIN_US 5000000
/* Where one job fails late, others will: so many batches are not tried together. */
#define CAREFUL_BATCHES 32

enum rc db_run_read(struct db *reader, enum rc (*run)(struct db *db, void *arg), void *arg)
{
    struct conn *c = db_conn(reader);
    if (driver_in_tx(c))
        return run(reader, arg); /* inside a snapshot already */
    enum rc rc = driver_tx(c, DRIVER_BEGIN_READ);
    if (rc == RC_DB_LOST && db_renew(reader) == RC_OK) { /* it had gone while it was idle */
        c = db_conn(reader);
        rc = driver_tx(c, DRIVER_BEGIN_READ);
    }
    if (rc != RC_OK)
        return rc;
    rc = run(reader, arg);
    db_check_ended(reader, "db_run_read");
    enum rc ended = driver_in_tx(c) ? driver_tx(c, DRIVER_ROLLBACK) : RC_OK;
    return rc != RC_OK ? rc : ended;
}

enum rc db_run_nested(struct db *db, enum rc (*run)(struct db *db, void *arg), void *arg)
{
    struct conn *c = db_conn(db);
    enum rc whole = driver_tx(c, DRIVER_SAVEPOINT);
    if (whole != RC_OK)
        return whole;
    enum rc rc = run(db, arg);
    if (!driver_in_tx(c))
        return rc != RC_OK ? rc : RC_DB;
    if (rc != RC_OK)
        whole = driver_tx(c, DRIVER_ROLLBACK_TO);
    if (whole == RC_OK)
        whole = driver_tx(c, DRIVER_RELEASE);
    return whole != RC_OK ? whole : rc;
}

enum rc db_run_alone(struct db *db, enum rc (*run)(struct db *db, void *arg, bool *keep), void *arg)
{
    struct conn *c = db_conn(db);
    bool keep = true;
    enum rc rc = driver_tx(c, DRIVER_BEGIN_WRITE);
    if (rc == RC_OK)
        rc = run(db, arg, &keep);
    db_check_ended(db, "db_run_alone");
    if (rc == RC_OK && keep)
        rc = driver_tx(c, DRIVER_COMMIT);
    if (!driver_in_tx(c))
        return rc;
    enum rc ended = driver_tx(c, DRIVER_ROLLBACK);
    return rc != RC_OK ? rc : ended;
}

/* ---- the writer ---- */

struct queued {
    struct db_job job;
    int64_t since_us;
};

struct db_writer {
    struct db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    /* under the lock */
    struct queued ring[DB_QUEUE_MAX];
    size_t head, count;
    bool stopping;
    /* of the thread */
    struct queued batch[DB_BATCH_MAX];
    enum rc rcs[DB_BATCH_MAX];
    void (*committed)(void *arg);
    void *committed_arg;
    struct db_ship *ship; /* NULL: nothing is shipped */
    int careful; /* so many batches are run with a savepoint for each job */
    int checkpointed_pages;
    /* for anybody */
    _Atomic int64_t commits, jobs, failed_jobs, longest_wait_us, log_bytes;
    struct histogram wait, group, commit;
};

enum rc db_writer_submit(struct db_writer *w, struct db_job job)
{
    struct queued queued = {job, clock_monotonic_us()};
    enum rc rc = RC_OK;
    pthread_mutex_lock(&w->lock);
    if (w->stopping)
        rc = RC_SHUTTING_DOWN;
    else if (w->count == DB_QUEUE_MAX)
        rc = RC_BUSY;
    else
        w->ring[(w->head + w->count++) % DB_QUEUE_MAX] = queued;
    if (rc == RC_OK && w->count == 1)
        pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    return rc;
}

/* Waits for work and takes it; 0: the writer is to stop and nothing is left. */
static size_t take_batch(struct db_writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->count == 0 && !w->stopping)
        pthread_cond_wait(&w->work, &w->lock);
    size_t n = w->count < DB_BATCH_MAX ? w->count : DB_BATCH_MAX;
    for (size_t i = 0; i < n; i++)
        w->batch[i] = w->ring[(w->head + i) % DB_QUEUE_MAX];
    w->head = (w->head + n) % DB_QUEUE_MAX;
    w->count -= n;
    pthread_mutex_unlock(&w->lock);
    int64_t now_us = clock_monotonic_us();
    for (size_t i = 0; i < n; i++)
        histogram_add(&w->wait, now_us - w->batch[i].since_us);
    if (n)
        histogram_add(&w->group, (int64_t)n);
    return n;
}

/* The engine has given up the whole transaction while a job ran: the job may know why. */
static enum rc lost_transaction(enum rc job)
{
    return job == RC_DB_FULL || job == RC_DB_READONLY || job == RC_DB_CORRUPT || job == RC_DB_LOST
               ? job
               : RC_DB;
}

/* Runs one job; *rc is its own result. What is returned is about the transaction as a whole. */
static enum rc run_job(struct db_writer *w, const struct db_job *job, enum rc *rc)
{
    *rc = job->run(w->db, job->arg);
    db_check_ended(w->db, "a job of the writer");
    if (*rc == RC_DB_RETRY)
        return *rc;
    return driver_in_tx(db_conn(w->db)) ? RC_OK : lost_transaction(*rc);
}

/* All jobs one after the other, without savepoints, which cost a twentieth of a short job. Most jobs that fail have changed
 * nothing yet; *spoilt: one had, so nothing of this run may stay. */
static enum rc run_together(struct db_writer *w, size_t n, bool *spoilt)
{
    const struct conn *c = db_conn(w->db);
    for (size_t i = 0; i < n && !*spoilt; i++) {
        int64_t before = driver_changes(c);
        enum rc whole = run_job(w, &w->batch[i].job, &w->rcs[i]);
        if (whole != RC_OK)
            return whole;
        *spoilt = n > 1 && w->rcs[i] != RC_OK && driver_changes(c) != before;
    }
    return RC_OK;
}

static enum rc run_each(struct db_writer *w, size_t n)
{
    struct conn *c = db_conn(w->db);
    for (size_t i = 0; i < n; i++) {
        enum rc whole = driver_tx(c, DRIVER_SAVEPOINT);
        if (whole == RC_OK)
            whole = run_job(w, &w->batch[i].job, &w->rcs[i]);
        if (whole == RC_OK && w->rcs[i] != RC_OK)
            whole = driver_tx(c, DRIVER_ROLLBACK_TO);
        if (whole == RC_OK)
            whole = driver_tx(c, DRIVER_RELEASE);
        if (whole != RC_OK)
            return whole;
    }
    return RC_OK;
}

/* In the transaction that has begun; it is another one afterwards when the jobs had to be run again. */
static enum rc run_jobs(struct db_writer *w, size_t n)
{
    struct conn *c = db_conn(w->db);
    bool spoilt = n > 1 && w->careful > 0;
    enum rc whole = RC_OK;
    if (spoilt) {
        w->careful--;
    } else {
        whole = run_together(w, n, &spoilt);
        if (whole != RC_OK || !spoilt)
            return whole;
        w->careful = CAREFUL_BATCHES;
        whole = driver_tx(c, DRIVER_ROLLBACK);
        if (whole == RC_OK)
            whole = driver_tx(c, DRIVER_BEGIN_WRITE);
    }
    for (size_t i = 0; i < n; i++)
        w->rcs[i] = RC_OK;
    return whole == RC_OK ? run_each(w, n) : whole;
}

static size_t count_failed(const struct db_writer *w, size_t n)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++)
        failed += w->rcs[i] != RC_OK;
    return failed;
}

static void note_commit(struct db_writer *w, int64_t began_us)
{
    atomic_fetch_add(&w->commits, 1);
    histogram_add(&w->commit, clock_monotonic_us() - began_us);
    if (w->committed)
        w->committed(w->committed_arg);
}

/* Begin, all jobs, commit. Afterwards no transaction is open. */
static enum rc try_batch(struct db_writer *w, size_t n)
{
    struct conn *c = db_conn(w->db);
    for (size_t i = 0; i < n; i++)
        w->rcs[i] = RC_OK;
    enum rc whole = driver_tx(c, DRIVER_BEGIN_WRITE);
    if (whole == RC_OK)
        whole = run_jobs(w, n);
    if (whole == RC_OK && count_failed(w, n) < n) {
        int64_t began_us = clock_monotonic_us();
        whole = driver_tx(c, DRIVER_COMMIT);
        if (whole == RC_OK)
            note_commit(w, began_us);
    }
    if (driver_in_tx(c) && driver_tx(c, DRIVER_ROLLBACK) != RC_OK && driver_in_tx(c))
        db_misuse("ROLLBACK", "failed, and without it no promise can be kept");
    return whole;
}

static void wait_before(int attempt)
{
    unsigned jitter = 0;
    if (getrandom(&jitter, sizeof jitter, 0) != (ssize_t)sizeof jitter)
        jitter = 0;
    int64_t ms = (RETRY_MS << attempt) + jitter % RETRY_MS;
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* Once more when the engine asks for it, or on a new connection; nothing has been promised yet. rcs[] is what each job is
 * told. */
static void run_batch(struct db_writer *w, size_t n)
{
    enum rc whole = RC_OK;
    int64_t until_us = clock_monotonic_us() + RETRY_WITHIN_US;
    for (int attempt = 0; attempt <= RETRIES_MAX && clock_monotonic_us() < until_us; attempt++) {
        if (attempt > 0)
            wait_before(attempt - 1);
        whole = db_renew(w->db);
        if (whole == RC_OK)
            whole = try_batch(w, n);
        if (whole != RC_DB_RETRY && whole != RC_DB_LOST)
            break;
    }
    if (whole == RC_OK)
        return;
    log_event(LOG_ERROR, "storage.batch_failed", NULL, LOG_TEXT("code", error_row(whole)->code),
              LOG_TEXT("error", driver_error(db_conn(w->db))), LOG_INT("jobs", n));
    for (size_t i = 0; i < n; i++)
        w->rcs[i] = w->rcs[i] == RC_OK || whole == RC_DB_LOST ? whole : w->rcs[i];
}

static void tell_all(struct db_writer *w, size_t n)
{
    int64_t now = clock_monotonic_us(), longest = atomic_load(&w->longest_wait_us);
    for (size_t i = 0; i < n; i++)
        if (now - w->batch[i].since_us > longest)
            longest = now - w->batch[i].since_us;
    /* Counted before they are told, so that who has an answer finds itself in the figures. */
    atomic_store(&w->longest_wait_us, longest);
    atomic_fetch_add(&w->jobs, (int64_t)n);
    atomic_fetch_add(&w->failed_jobs, (int64_t)count_failed(w, n));
    for (size_t i = 0; i < n; i++)
        if (w->batch[i].job.done)
            w->batch[i].job.done(w->batch[i].job.arg, w->rcs[i]);
}

/* Between batches, when all have been told. A failure costs disk space only; the next attempt
 * follows. */
static void care_for_log(struct db_writer *w)
{
    struct conn *c = db_conn(w->db);
    if (!c->engine->checkpoint)
        return;
    int pages = c->engine->log_pages(c);
    atomic_store(&w->log_bytes, pages * LOG_PAGE_BYTES);
    if (w->ship && ship_care(w->ship, c, pages))
        return;
    if (pages < w->checkpointed_pages)
        w->checkpointed_pages = 0; /* the log has begun anew */
    if (pages - w->checkpointed_pages < CHECKPOINT_PAGES)
        return;
    w->checkpointed_pages = pages;
    enum rc rc = c->engine->checkpoint(c, pages >= LOG_LARGE_PAGES ? CHECKPOINT_WAIT_MS : 0);
    if (rc != RC_OK && rc != RC_DB_BUSY)
        log_event(LOG_WARN, "storage.checkpoint_failed", NULL, LOG_TEXT("error", driver_error(c)));
}

static void *writer_main(void *arg)
{
    struct db_writer *w = arg;
    for (size_t n = take_batch(w); n > 0; n = take_batch(w)) {
        run_batch(w, n);
        tell_all(w, n);
        care_for_log(w);
    }
    struct conn *c = db_conn(w->db);
    if (w->ship)
        ship_end(w->ship);
    enum rc rc = c->engine->checkpoint ? c->engine->checkpoint(c, STOP_WAIT_MS) : RC_OK;
    if (rc != RC_OK && rc != RC_DB_BUSY)
        log_event(LOG_WARN, "storage.checkpoint_failed", NULL,
                  LOG_TEXT("error", db_last_error(w->db)));
    return NULL;
}

enum rc db_writer_start(const char *place, struct db_writer **out, struct error *why)
{
    struct db *db = NULL;
    enum rc rc = db_open(place, DB_WRITE, &db, why);
    if (rc != RC_OK)
        return rc;
    struct db_writer *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->db = db;
    w->log_bytes = db_conn(db)->engine->checkpoint ? 0 : -1;
    w->wait.bounds = w->commit.bounds = histogram_us;
    w->group.bounds = histogram_sizes;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        db_close(db);
        free(w);
        return why ? error_say(why, RC_INTERNAL, "无法启动写入线程，请检查系统的线程数限制",
                               "The writer's thread cannot be started: check the system's limit of "
                               "threads")
                   : RC_INTERNAL;
    }
    *out = w;
    return RC_OK;
}

void db_writer_on_commit(struct db_writer *w, void (*committed)(void *arg), void *arg)
{
    w->committed = committed;
    w->committed_arg = arg;
}

enum rc db_writer_ship(struct db_writer *w, const struct db_ship_config *config, struct error *why)
{
    w->ship = ship_new(w, db_place(w->db), config, why);
    if (!w->ship)
        return RC_DB;
    ship_start(w->ship);
    return RC_OK;
}

void db_writer_ship_state(struct db_writer *w, struct db_ship_state *out)
{
    *out = (struct db_ship_state){0};
    if (w->ship)
        ship_state(w->ship, out);
}

void db_writer_stop(struct db_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    db_close(w->db);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void db_writer_stats(struct db_writer *w, struct db_writer_stats *out)
{
    pthread_mutex_lock(&w->lock);
    out->queue_length = (int64_t)w->count;
    pthread_mutex_unlock(&w->lock);
    out->commits = atomic_load(&w->commits);
    out->jobs = atomic_load(&w->jobs);
    out->failed_jobs = atomic_load(&w->failed_jobs);
    out->longest_wait_us = atomic_load(&w->longest_wait_us);
    out->log_bytes = atomic_load(&w->log_bytes);
    out->wait = &w->wait;
    out->group = &w->group;
    out->commit = &w->commit;
}

/* ---- waiting for a job ---- */

/* Held by who waits and by the job; the last one to let go frees it. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t finished;
    enum rc (*run)(struct db *db, void *arg);
    void (*release)(void *arg);
    void *arg;
    int holders;
    bool is_finished;
    enum rc rc;
};

static struct waiter *waiter_new(enum rc (*run)(struct db *db, void *arg), void *arg,
                                 void (*release)(void *arg))
{
    struct waiter *wait = calloc(1, sizeof *wait);
    if (!wait)
        abort();
    wait_cond_init(&wait->finished);
    pthread_mutex_init(&wait->lock, NULL);
    wait->run = run;
    wait->arg = arg;
    wait->release = release;
    wait->holders = 2;
    return wait;
}

static void waiter_drop(struct waiter *wait)
{
    pthread_mutex_lock(&wait->lock);
    bool last = --wait->holders == 0;
    pthread_mutex_unlock(&wait->lock);
    if (!last)
        return;
    if (wait->release)
        wait->release(wait->arg);
    pthread_cond_destroy(&wait->finished);
    pthread_mutex_destroy(&wait->lock);
    free(wait);
}

static enum rc waiter_run(struct db *db, void *arg)
{
    const struct waiter *wait = arg;
    return wait->run(db, wait->arg);
}

static void waiter_done(void *arg, enum rc rc)
{
    struct waiter *wait = arg;
    pthread_mutex_lock(&wait->lock);
    wait->rc = rc;
    wait->is_finished = true;
    pthread_cond_signal(&wait->finished);
    pthread_mutex_unlock(&wait->lock);
    waiter_drop(wait);
}

/* deadline NULL: as long as it takes. */
static enum rc wait_for(struct waiter *wait, const struct timespec *deadline)
{
    int late = 0;
    pthread_mutex_lock(&wait->lock);
    while (!wait->is_finished && late != ETIMEDOUT)
        late = deadline ? pthread_cond_timedwait(&wait->finished, &wait->lock, deadline)
                        : pthread_cond_wait(&wait->finished, &wait->lock);
    enum rc rc = wait->is_finished ? wait->rc : RC_BUSY;
    pthread_mutex_unlock(&wait->lock);
    return rc;
}

static enum rc submit_and_wait(struct db_writer *w, struct waiter *wait,
                               const struct timespec *deadline)
{
    if (pthread_equal(pthread_self(), w->thread))
        db_misuse("db_run_tx", "is called by a job of the writer, which would wait for itself");
    enum rc rc = db_writer_submit(w, (struct db_job){waiter_run, waiter_done, wait});
    if (rc == RC_OK)
        rc = wait_for(wait, deadline);
    else
        waiter_drop(wait); /* the job's hold: it will never run */
    waiter_drop(wait);
    return rc;
}

enum rc db_run_tx(struct db_writer *w, enum rc (*run)(struct db *db, void *arg), void *arg)
{
    return submit_and_wait(w, waiter_new(run, arg, NULL), NULL);
}

enum rc db_run_tx_within(struct db_writer *w, enum rc (*run)(struct db *db, void *arg), void *arg,
                         void (*release)(void *arg), int timeout_ms)
{
    struct timespec deadline = wait_until(timeout_ms);
    return submit_and_wait(w, waiter_new(run, arg, release), &deadline);
}
