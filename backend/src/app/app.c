#include "app/app.h"
#include "app/continuous.h"
#include "app/metrics.h"
#include "app/queue_notes.h"
#include "app/secrets.h"
#include "app/storage.h"
#include "app/sweep.h"

#include <stdlib.h>

#include "base/log.h"
#include "crypto/keyring.h"
#include "domain/job_runner.h"
#include "domain/list_memo.h"
#include "domain/notification_hub.h"
#include "files/files.h"

struct reader {
    struct db *db;
    struct list_memo *memo;
    struct token_memo *tokens;
};

static void close_reader(void *arg)
{
    struct reader *r = arg;
    db_close(r->db);
    list_memo_free(r->memo);
    token_memo_free(r->tokens);
    free(r);
}

static bool lend_reader(void *arg, struct ctx *c)
{
    struct app *app = arg;
    c->jobs = app->jobs;
    return app_use_reader(app, c);
}

static void committed(void *arg)
{
    const struct app *app = arg;
    notification_hub_wake(app->hub);
    job_runner_wake(app->jobs);
}

enum rc app_init(struct app *app, const struct settings *settings, struct secrets *secrets, struct error *why)
{
    *app = (struct app){.settings = settings, .secrets = secrets, .keys = secrets_ring(secrets), .started_ms = clock_now_ms(),
                         .on_server = db_is_server(settings->database)};
    if (pthread_key_create(&app->readers, close_reader) != 0)
        return error_set(why, RC_INTERNAL);
    app->metrics = metrics_new();
    app->files = storage_open(settings, false);
    enum rc rc = db_writer_start(settings->database, &app->writer, why);
    if (rc == RC_OK) {
        const struct ctx base = {.settings = settings, .keys = app->keys, .files = app->files, .writer = app->writer};
        app->jobs = job_runner_new(&base, lend_reader, app);
        app->hub = notification_hub_start(lend_reader, app);
        db_writer_on_commit(app->writer, committed, app);
        rc = continuous_start(app, &app->continuous, why);
    }
    if (rc == RC_OK) {
        job_runner_start(app->jobs);
        app->queue_notes = queue_notes_start(app->writer);
    }
    return rc;
}

void app_end(struct app *app)
{
    files_stop(app->files);
    sweep_end(app->sweep);
    job_runner_stop(app->jobs);
    queue_notes_stop(app->queue_notes);
    db_writer_stop(app->writer);
    continuous_end(app->continuous);
    notification_hub_stop(app->hub);
    job_runner_free(app->jobs);
    files_close(app->files);
    metrics_free(app->metrics);
    void *own = pthread_getspecific(app->readers);
    if (own)
        close_reader(own);
    pthread_key_delete(app->readers);
}

bool app_use_reader(struct app *app, struct ctx *c)
{
    struct reader *r = pthread_getspecific(app->readers);
    if (!r) {
        struct error why = {0};
        struct db *db;
        if (db_open(app->settings->database, DB_READ, &db, &why) != RC_OK) {
            log_event(LOG_ERROR, "storage.reader_failed", NULL, LOG_TEXT("error", why.en));
            return false;
        }
        r = calloc(1, sizeof *r);
        if (!r)
            abort();
        *r = (struct reader){db, list_memo_new(), token_memo_new()};
        pthread_setspecific(app->readers, r);
    }
    if (db_renew(r->db) != RC_OK)
        return false;
    c->db = r->db;
    c->memo = r->memo;
    c->tokens = r->tokens;
    return true;
}

const struct http_route *const *app_routes(struct arena *a, size_t *count)
{
    size_t n = 0;
    for (size_t i = 0; i < module_count; i++)
        n += modules[i]->route_count;
    const struct http_route **out = arena_array(a, n, sizeof *out);
    *count = 0;
    for (size_t i = 0; i < module_count; i++)
        for (size_t k = 0; k < modules[i]->route_count; k++)
            out[(*count)++] = &modules[i]->routes[k].http;
    return out;
}

const struct route *app_route(const struct http_route *http)
{
    return (const struct route *)(const void *)((const char *)http - offsetof(struct route, http));
}
