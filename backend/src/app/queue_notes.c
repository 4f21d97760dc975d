#include "app/queue_notes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/wait.h"

struct queue_notes {
    struct db_writer *writer;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool is_stopping;               /* under the lock */
    struct assessment_queue noted;  /* under the lock: of all that the writer has counted */
};

/* Values above the bound; a bucket's own bound belongs to it. */
static int64_t count_above(const struct histogram *h, int64_t bound)
{
    int64_t n = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS_MAX; i++) {
        if (!h->bounds[i] || h->bounds[i] > bound)
            n += atomic_load(&h->counts[i]);
        if (!h->bounds[i])
            break;
    }
    return n;
}

static struct assessment_queue counted(const struct queue_notes *n)
{
    struct db_writer_stats stats;
    db_writer_stats(n->writer, &stats);
    return (struct assessment_queue){0, stats.jobs, count_above(stats.wait, ASSESSMENT_SLOW_US), stats.longest_wait_us};
}

static struct assessment_queue since(const struct assessment_queue *all, const struct assessment_queue *noted)
{
    return (struct assessment_queue){0, all->jobs - noted->jobs, all->slow - noted->slow,
                                     all->longest_us > noted->longest_us ? all->longest_us : 0};
}

struct assessment_queue queue_notes_rest(struct queue_notes *n)
{
    pthread_mutex_lock(&n->lock);
    struct assessment_queue all = counted(n), rest = since(&all, &n->noted);
    pthread_mutex_unlock(&n->lock);
    return rest;
}

static enum rc write_note(struct db *db, void *arg)
{
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena, .db = db, .now_ms = clock_now_ms()};
    enum rc rc = assessment_note_queue(&c, arg);
    arena_free(&arena);
    return rc;
}

/* The note is a write itself, which is not told. */
static void note(struct queue_notes *n)
{
    struct assessment_queue all = counted(n), rest = since(&all, &n->noted);
    if (!rest.jobs)
        return;
    enum rc rc = db_run_tx(n->writer, write_note, &rest);
    if (rc != RC_OK) {
        log_event(LOG_WARN, "queue.not_noted", NULL, LOG_TEXT("code", error_row(rc)->code));
        return;
    }
    all.jobs++;
    pthread_mutex_lock(&n->lock);
    n->noted = all;
    pthread_mutex_unlock(&n->lock);
}

/* False: it is to stop. */
static bool wait_a_minute(struct queue_notes *n)
{
    int late = 0;
    struct timespec until = wait_until(QUEUE_NOTE_S * 1000);
    pthread_mutex_lock(&n->lock);
    while (!n->is_stopping && late == 0)
        late = pthread_cond_timedwait(&n->stop, &n->lock, &until);
    bool go_on = !n->is_stopping;
    pthread_mutex_unlock(&n->lock);
    return go_on;
}

static void *notes_main(void *arg)
{
    while (wait_a_minute(arg))
        note(arg);
    note(arg);
    return NULL;
}

struct queue_notes *queue_notes_start(struct db_writer *writer)
{
    struct queue_notes *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    n->writer = writer;
    pthread_mutex_init(&n->lock, NULL);
    wait_cond_init(&n->stop);
    if (pthread_create(&n->thread, NULL, notes_main, n) != 0)
        abort(); /* at the start: the system's limit of threads */
    return n;
}

void queue_notes_stop(struct queue_notes *n)
{
    if (!n)
        return;
    pthread_mutex_lock(&n->lock);
    n->is_stopping = true;
    pthread_cond_signal(&n->stop);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
    pthread_cond_destroy(&n->stop);
    pthread_mutex_destroy(&n->lock);
    free(n);
}
