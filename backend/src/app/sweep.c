#include "app/sweep.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/wait.h"
#include "domain/avatar.h"
#include "domain/export_job.h"
#include "domain/import.h"
#include "files/files.h"

#define AGAIN_MS (24 * INT64_C(3600000))
/* After one that failed; twice as long after the next. */
#define RETRY_MS INT64_C(5000)
#define RETRY_MAX_MS INT64_C(3600000)

struct sweep {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_stopping; /* under the lock */
    int64_t failed;   /* how often, one after the other */
};

/* A folder of files that rows name. */
struct folder {
    const char *name;
    int64_t left_ms;
    enum rc (*keep_unnamed)(struct ctx *c, struct files_names *names);
};

static const struct folder folders[] = {{AVATAR_FOLDER, AVATAR_LEFT_MS, avatar_keep_unnamed}, {IMPORT_FOLDER, IMPORT_LEFT_MS, import_keep_unnamed}};

struct looking {
    struct app *app;
    struct arena arena;
    enum rc (*look)(struct ctx *c, struct looking *l);
    const struct folder *folder;
    struct files_names names;
};

static enum rc in_transaction(struct db *db, void *arg)
{
    struct looking *l = arg;
    struct ctx c = {.arena = &l->arena, .db = db, .settings = l->app->settings, .now_ms = clock_now_ms()};
    c.actor.role = ROLE_SYSTEM_ADMIN;
    c.actor.permissions = role_permissions(c.actor.role);
    return l->look(&c, l);
}

static enum rc remove_old_rows(struct ctx *c, struct looking *l)
{
    (void)l;
    return import_sweep(c);
}

static enum rc look_up(struct ctx *c, struct looking *l)
{
    return l->folder->keep_unnamed(c, &l->names);
}

static enum rc sweep_folder(struct looking *l)
{
    l->look = look_up;
    TRY(files_gather(l->app->files, l->folder->name, clock_now_ms() - l->folder->left_ms, &l->arena, &l->names));
    if (l->names.n)
        TRY(db_run_tx(l->app->writer, in_transaction, l));
    for (size_t i = 0; i < l->names.n; i++)
        TRY(files_remove(l->app->files, l->names.at[i]));
    return RC_OK;
}

static bool sweep_all(struct app *app)
{
    struct looking l = {.app = app, .look = remove_old_rows};
    arena_init(&l.arena);
    enum rc rc = db_run_tx(app->writer, in_transaction, &l);
    for (size_t i = 0; rc == RC_OK && i < sizeof folders / sizeof *folders; i++) {
        arena_reset(&l.arena);
        l.folder = &folders[i];
        rc = sweep_folder(&l);
    }
    arena_reset(&l.arena);
    const struct ctx c = {.arena = &l.arena, .settings = app->settings, .files = app->files, .now_ms = clock_now_ms()};
    export_job_sweep(&c);
    arena_free(&l.arena);
    if (rc != RC_OK)
        log_event(LOG_WARN, "files.sweep_failed", NULL, LOG_TEXT("folder", l.folder ? l.folder->name : ""), LOG_TEXT("error", error_row(rc)->code));
    return rc == RC_OK;
}

static void sweep_once(struct sweep *s)
{
    s->failed = sweep_all(s->app) ? 0 : s->failed + 1;
}

static int64_t pause_ms(const struct sweep *s)
{
    int64_t ms = RETRY_MS;
    if (!s->failed)
        return AGAIN_MS;
    for (int64_t i = 1; i < s->failed && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
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
