#include "app/sweep.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "domain/avatar.h"
#include "domain/export_job.h"
#include "domain/import.h"
#include "files/files.h"

struct sweep {
    struct app *app;
    pthread_t thread;
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

static void sweep_all(struct app *app)
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
}

static void *sweep_on_thread(void *arg)
{
    struct sweep *s = arg;
    sweep_all(s->app);
    return NULL;
}

struct sweep *sweep_start(struct app *app)
{
    if (!files_are_remote(app->files)) {
        sweep_all(app);
        return NULL;
    }
    struct sweep *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->app = app;
    if (pthread_create(&s->thread, NULL, sweep_on_thread, s) == 0)
        return s;
    free(s);
    return NULL;
}

void sweep_end(struct sweep *s)
{
    if (s)
        pthread_join(s->thread, NULL);
    free(s);
}
