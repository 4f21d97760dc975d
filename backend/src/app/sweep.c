#include "app/sweep.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/wait.h"
#include "domain/import.h"
#include "domain/loose_file.h"

#define AGAIN_MS INT64_C(3600000)
/* After one that failed; twice as long after the next. */
#define RETRY_MS INT64_C(5000)

struct sweep {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_stopping; /* under the lock */
    int64_t failed;   /* how often, one after the other */
};

struct sweeping {
    struct app *app;
    struct arena arena;
    struct files_names due;
    enum rc (*step)(struct ctx *c, struct sweeping *s);
};

static enum rc run_step(struct db *db, void *arg)
{
    struct sweeping *s = arg;
    struct ctx c = {.arena = &s->arena, .db = db, .settings = s->app->settings, .now_ms = clock_now_ms()};
    c.actor.role = ROLE_SYSTEM_ADMIN;
    c.actor.permissions = role_permissions(c.actor.role);
    return s->step(&c, s);
}

static enum rc look_up(struct ctx *c, struct sweeping *s)
{
    TRY(import_sweep(c));
    return loose_file_due(c, &s->due);
}

static enum rc forget(struct ctx *c, struct sweeping *s)
{
    return loose_file_forget(c, &s->due);
}

static enum rc in_transaction(struct sweeping *s, enum rc (*step)(struct ctx *c, struct sweeping *s))
{
    s->step = step;
    return db_run_tx(s->app->writer, run_step, s);
}

/* One that cannot be removed does not hold up the others. */
static enum rc remove_due(struct sweeping *s)
{
    enum rc failed = RC_OK;
    size_t gone = 0;
    for (size_t i = 0; i < s->due.n; i++) {
        enum rc rc = files_remove(s->app->files, s->due.at[i]);
        if (rc == RC_OK)
            s->due.at[gone++] = s->due.at[i];
        else
            failed = rc;
    }
    s->due.n = gone;
    if (gone)
        TRY(in_transaction(s, forget));
    return failed;
}

static enum rc sweep_all(struct sweeping *s)
{
    for (;;) {
        arena_reset(&s->arena);
        TRY(in_transaction(s, look_up));
        if (!s->due.n)
            return RC_OK;
        TRY(remove_due(s));
    }
}

static void sweep_once(struct sweep *s)
{
    struct sweeping sweeping = {.app = s->app};
    arena_init(&sweeping.arena);
    enum rc rc = sweep_all(&sweeping);
    arena_free(&sweeping.arena);
    if (rc != RC_OK)
        log_event(LOG_WARN, "files.sweep_failed", NULL, LOG_TEXT("error", error_row(rc)->code));
    s->failed = rc == RC_OK ? 0 : s->failed + 1;
}

static int64_t pause_ms(const struct sweep *s)
{
    int64_t ms = RETRY_MS;
    if (!s->failed)
        return AGAIN_MS;
    for (int64_t i = 1; i < s->failed && ms < AGAIN_MS; i++)
        ms *= 2;
    return ms < AGAIN_MS ? ms : AGAIN_MS;
}

/* False: the program ends. */
static bool wait_for_turn(struct sweep *s)
{
    struct timespec until = wait_until(pause_ms(s));
    pthread_mutex_lock(&s->lock);
    while (!s->is_stopping && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
        continue;
    bool goes_on = !s->is_stopping;
    pthread_mutex_unlock(&s->lock);
    return goes_on;
}

static void *sweep_on_thread(void *arg)
{
    struct sweep *s = arg;
    if (files_are_remote(s->app->files))
        sweep_once(s);
    while (wait_for_turn(s))
        sweep_once(s);
    return NULL;
}

struct sweep *sweep_start(struct app *app)
{
    struct sweep *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->app = app;
    pthread_mutex_init(&s->lock, NULL);
    wait_cond_init(&s->wake);
    if (!files_are_remote(app->files))
        sweep_once(s);
    if (pthread_create(&s->thread, NULL, sweep_on_thread, s) != 0)
        abort();
    return s;
}

void sweep_end(struct sweep *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
