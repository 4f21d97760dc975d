/* The running service: settings, the writer, a reader per thread, the server. */
#ifndef MMS_APP_APP_H
#define MMS_APP_APP_H

#include <pthread.h>

#include "base/settings.h"
#include "db/db.h"
#include "domain/route.h"
#include "http/http.h"

struct secrets;

struct app {
    const struct settings *settings;
    struct secrets *secrets;
    const struct keyring *keys; /* of secrets */
    struct db_writer *writer;
    bool on_server; /* the database is a server's: no I/O thread waits for it, workers do */
    pthread_key_t readers; /* struct reader of each thread that reads */
    struct files *files;
    struct sweep *sweep; /* NULL: none is under way */
    struct continuous *continuous; /* NULL: there is none */
    struct queue_notes *queue_notes;
    struct job_runner *jobs;
    struct notification_hub *hub;
    struct metrics *metrics;
    int64_t started_ms;
};

/* The secrets outlive it. */
MUST_CHECK enum rc app_init(struct app *app, const struct settings *settings, struct secrets *secrets, struct error *why);
/* After the server has stopped. */
void app_end(struct app *app);

/* Gives the context this thread's own read-only connection and what the thread remembers. False when the database cannot be
 * opened (logged). */
bool app_use_reader(struct app *app, struct ctx *c);

/* The callbacks of http_config (dispatch.c); `app` is the struct app. */
void app_admit(void *app, struct http_exchange *x);
void app_expect_upload(void *app, struct http_exchange *x, int64_t *sender);
void app_run(void *app, struct http_exchange *x);
enum rc app_submit_write(void *app, struct http_exchange *x);
void app_refuse(void *app, struct http_exchange *x, enum rc rc);
void app_finished(void *app, struct http_exchange *x);

/* Fills http_config's route pointers from the list of modules. */
const struct http_route *const *app_routes(struct arena *a, size_t *count);
const struct route *app_route(const struct http_route *http);

/* Memory of this process that is in use, in bytes; 0: unknown. */
int64_t health_resident_bytes(void);

extern const struct module assessment_module;
extern const struct module health_module;
extern const struct module metrics_api_module;
extern const struct module openapi_module;
extern const struct module api_docs_module;

#endif
