/* mms serve: the service itself. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/app.h"
#include "app/secrets.h"
#include "app/sweep.h"
#include "base/log.h"
#include "base/notify.h"
#include "domain/recent_moves.h"
#include "ops/env_file.h"
#include "files/files.h"
#include "ops/tool.h"

#define IO_THREADS 2
#define SLOW_THREADS 2
#define FILE_THREADS 4
/* With a database server. Each thread that asks it has a connection of its own: these, the slow ones, the probe, the writer. */
#define WORKER_THREADS 8
#define CONNECTIONS_MAX 1024
#define STREAMS_MAX 768
#define STREAMS_PER_PERSON 512 /* his service tokens' included: nobody takes all of them */
#define STOP_WITHIN_MS 8000
#define STOP_FILES_WITHIN_MS 3000 /* more, for those who wait for object storage and are not let wait any longer */
#define SLOW_STATEMENT_US 250000
#define DATABASE_WITHIN_MS 10000 /* at the start */
#define HOLD_AGAIN_MS 20         /* how often a database that another instance serves is tried */

/* SIGTERM, SIGINT and SIGHUP are read from a descriptor, so that they interrupt nothing. Before any thread is made. */
static int catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Reads a signal: whether it ends the program. SIGHUP opens the log's file anew, and has the secret read again (wait_for_signal). */
static bool read_signal(int signals, uint32_t *signo)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *signo = info.ssi_signo;
    if (info.ssi_signo != SIGHUP)
        return true;
    if (log_open_again())
        log_event(LOG_INFO, "log.opened", NULL, LOG_TEXT("signal", strsignal(SIGHUP)));
    else
        log_event(LOG_ERROR, "log.not_opened", NULL, LOG_TEXT("error", strerror(errno)));
    return false;
}

/* A database server may be started together with us: waits for it, with growing pauses, until it answers, says no for good, or
 * time is up; false: a signal came first. */
static bool wait_for_database(const struct tool *t, int signals, enum rc *rc, struct error *why)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)DATABASE_WITHIN_MS * 1000;
    struct pollfd signalled = {.fd = signals, .events = POLLIN};
    uint32_t signo;
    for (int pause_ms = 100;; pause_ms = pause_ms < 1600 ? pause_ms * 2 : pause_ms) {
        struct db *db = NULL;
        error_clear(why);
        *rc = db_open(t->settings.database, DB_READ, &db, why);
        db_close(db);
        if (*rc != RC_DB_LOST || clock_monotonic_us() + pause_ms * 1000 > until_us)
            return true;
        log_event(LOG_WARN, "storage.waiting", NULL, LOG_TEXT("database", t->settings.database_name), LOG_TEXT("error", why->en));
        if (poll(&signalled, 1, pause_ms) > 0 && read_signal(signals, &signo))
            return false;
    }
}

/* The exit code; EXIT_OK: go on. *stopped: a signal came while waiting. */
static int find_database(struct tool *t, int signals, bool *stopped)
{
    enum rc rc = RC_OK;
    *stopped = false;
    if (!db_is_server(t->settings.database))
        return EXIT_OK;
    *stopped = !wait_for_database(t, signals, &rc, &t->err);
    if (*stopped || rc == RC_OK)
        return EXIT_OK;
    tool_print_error("serve", rc, &t->err);
    return EXIT_STORAGE;
}

static bool signalled_within(void *arg, int ms)
{
    struct pollfd signalled = {.fd = *(const int *)arg, .events = POLLIN};
    uint32_t signo;
    return poll(&signalled, 1, ms) > 0 && read_signal(signalled.fd, &signo);
}

static bool read_environment(struct arena *a, const char **current, const char **previous)
{
    static const char *const names[] = {"JWT_SECRET", "JWT_SECRET_PREVIOUS", NULL};
    const char *values[2];
    if (!env_file_read_again(a, names, values))
        return false;
    *current = values[0];
    *previous = values[1];
    return true;
}

/* The exit code; EXIT_OK: go on. *stopped: a signal came while waiting. */
static int find_secret(struct tool *t, int signals, struct secrets **out, bool *stopped)
{
    enum secrets_outcome outcome = secrets_open(&t->settings, env_file_is_used() ? read_environment : NULL, &t->arena, signalled_within, &signals, out, &t->err);
    *stopped = outcome == SECRETS_CALLED_OFF;
    if (*stopped || outcome == SECRETS_READ)
        return EXIT_OK;
    tool_print_error("serve", RC_INVALID_INPUT, &t->err);
    return outcome == SECRETS_AWAY ? EXIT_AWAY : EXIT_SETTINGS;
}

static int fail(struct tool *t, enum rc rc)
{
    fprintf(stderr, "mms serve: HOST=%s PORT=%lld, database %s\n", t->settings.host, (long long)t->settings.port,
            t->settings.database_name);
    tool_print_error("serve", rc, &t->err);
    return rc >= RC_DB && rc <= RC_DB_NEWER ? EXIT_STORAGE : EXIT_FAILED;
}

/* Whatever LOG_LEVEL says: of that a start wants known. */
#define LOG_ALWAYS(s, ...) \
    do { \
        if (!log_on(LOG_INFO)) \
            log_set_level(LOG_INFO); \
        log_event(LOG_INFO, __VA_ARGS__); \
        log_set_level((s)->log_level); \
    } while (0)

/* Until the instance that serves the file has let it go, time is up (RC_DB_BUSY), or a signal has come. */
static enum rc wait_for_hold(struct tool *t, int signals, const struct http_door *door, bool *stopped)
{
    const struct settings *s = &t->settings;
    struct pollfd signalled = {.fd = signals, .events = POLLIN};
    struct db_hold *place = NULL;
    const char *who = tool_who(t, "serve");
    uint32_t signo;
    int64_t began_us = clock_monotonic_us(), until_us = began_us + s->takeover_wait_s * 1000000;
    enum rc rc = db_hold_queue(s->database, who, &place, &t->err);
    if (rc != RC_OK)
        return rc;
    LOG_ALWAYS(s, "server.waiting", NULL, LOG_INT("port", door->port), LOG_TEXT("host", s->host), LOG_TEXT("database", s->database_name),
               LOG_INT("for_s", s->takeover_wait_s));
    do {
        error_clear(&t->err);
        rc = db_hold_take(s->database, who, &t->hold, &t->err);
        if (rc == RC_DB_BUSY && poll(&signalled, 1, HOLD_AGAIN_MS) > 0)
            *stopped = read_signal(signals, &signo);
    } while (rc == RC_DB_BUSY && !*stopped && clock_monotonic_us() < until_us);
    db_hold_release(place);
    if (rc == RC_OK)
        log_event(LOG_INFO, "server.taking_over", NULL, LOG_INT("waited_ms", (clock_monotonic_us() - began_us) / 1000));
    return rc;
}

/* A SQLite file is this instance's alone from here on. With DB_TAKEOVER_WAIT the door is open before that, so that who is sent here
 * already waits, too, and is not turned away. The exit code; EXIT_OK: go on, unless *stopped. */
static int hold_database(struct tool *t, int signals, struct http_door *door, bool *stopped)
{
    const struct settings *s = &t->settings;
    enum rc rc = RC_OK;
    if (s->takeover_wait_s && !db_is_server(s->database)) {
        rc = http_open_door(s->host, (int)s->port, door, &t->err);
        if (rc != RC_OK)
            return fail(t, rc);
    }
    rc = db_hold_take(s->database, tool_who(t, "serve"), &t->hold, &t->err);
    if (rc == RC_DB_BUSY && s->takeover_wait_s)
        rc = wait_for_hold(t, signals, door, stopped);
    if (rc == RC_OK || *stopped)
        return EXIT_OK;
    tool_print_error("serve", rc, &t->err);
    return EXIT_STORAGE;
}

static enum rc start_server(struct tool *t, struct app *app, struct http_door *door, struct http_server **server)
{
    struct http_config config = {
        .host = t->settings.host,
        .port = (int)t->settings.port,
        .door = door->fd >= 0 ? door : NULL,
        .io_threads = IO_THREADS,
        .slow_threads = SLOW_THREADS,
        .file_threads = FILE_THREADS,
        .worker_threads = app->on_server ? WORKER_THREADS : 0,
        .connections_max = CONNECTIONS_MAX,
        .streams_max = STREAMS_MAX,
        .streams_per_owner = STREAMS_PER_PERSON,
        .upload_max = (size_t)t->settings.max_file_size,
        .trusted_proxies = t->settings.trusted_proxies,
        .cors_origins = t->settings.cors_origins,
        .web_dir = t->settings.web_dir,
        .app = app,
        .admit = app_admit,
        .expect_upload = app_expect_upload,
        .run = app_run,
        .submit_write = app_submit_write,
        .refuse = app_refuse,
        .finished = app_finished,
    };
    config.routes = app_routes(&t->arena, &config.route_count);
    return http_start(&config, server, &t->err);
}

static void wait_for_signal(int signals, struct secrets *secrets)
{
    uint32_t signo = 0;
    while (!read_signal(signals, &signo))
        if (signo == SIGHUP)
            secrets_read_again(secrets);
    log_event(LOG_INFO, "server.stopping", NULL, LOG_TEXT("signal", strsignal((int)signo)));
}

/* Better before the first posting than with it: after a long rest there is much to take off. */
static enum rc shift_figures(struct ctx *c, void *arg)
{
    (void)arg;
    return recent_moves_shift(c);
}

#define CLOCK_BEHIND_MS 300000

static const struct sql LAST_DEED = {"serve.last_deed", "SELECT MAX(created_at) AS n FROM operation_log"};

/* A clock that is behind what was done already is more likely wrong than right. It costs no data: ids have the order, not times. */
static enum rc look_at_clock(struct ctx *c, void *arg)
{
    int64_t last_ms;
    (void)arg;
    TRY(ctx_number(c, &LAST_DEED, DB_NO_ARGS, &last_ms));
    if (last_ms > c->now_ms + CLOCK_BEHIND_MS) {
        char last[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
        clock_print_iso(last_ms, last);
        clock_print_iso(c->now_ms, now);
        fprintf(stderr, "mms serve: 系统时钟（%s）早于最近一次操作（%s）：请校准时钟\n"
                        "mms serve: The clock (%s) is behind the last deed in the log (%s): set it right\n", now, last, now, last);
        log_event(LOG_WARN, "clock.behind", NULL, LOG_TEXT("last_deed", last), LOG_INT("behind_s", (last_ms - c->now_ms) / 1000));
    }
    return RC_OK;
}

static bool stop_server(const struct app *app, struct http_server *server)
{
    if (http_stop(server, STOP_WITHIN_MS))
        return true;
    files_stop(app->files);
    return http_stop(server, STOP_FILES_WITHIN_MS);
}

static int serve(struct tool *t, int signals, struct secrets *secrets, struct http_door *door)
{
    struct app app;
    struct http_server *server = NULL;
    enum rc rc = app_init(&app, &t->settings, secrets, &t->err);
    if (rc != RC_OK)
        return fail(t, rc);
    t->writer = app.writer;
    rc = tool_fill_search(t);
    if (rc == RC_OK)
        rc = tool_first_administrator(t, stderr);
    if (rc == RC_OK)
        app.sweep = sweep_start(&app);
    if (rc == RC_OK)
        rc = tool_run(t, look_at_clock, NULL);
    if (rc == RC_OK)
        rc = tool_run(t, shift_figures, NULL);
    if (rc == RC_OK)
        rc = start_server(t, &app, door, &server);
    int code = rc == RC_OK ? EXIT_OK : fail(t, rc);
    if (rc == RC_OK) {
        secrets_tell(secrets);
        /* With PORT=0 nobody could know the port otherwise. */
        LOG_ALWAYS(&t->settings, "server.started", NULL, LOG_INT("port", http_port(server)), LOG_TEXT("host", t->settings.host),
                   LOG_TEXT("version", MMS_VERSION), LOG_TEXT("database", t->settings.database_name));
        if (!notify_send("READY=1"))
            log_event(LOG_WARN, "server.not_told", NULL, LOG_TEXT("error", strerror(errno)));
        secrets_start(secrets);
        wait_for_signal(signals, secrets);
        if (!stop_server(&app, server)) { /* handlers still run: nothing they use may be freed */
            log_write(LOG_ERROR, "server.stop_timed_out", NULL, NULL, 0);
            _exit(EXIT_FAILED);
        }
    }
    app_end(&app);
    t->writer = NULL;
    if (rc == RC_OK)
        log_event(LOG_INFO, "server.stopped", NULL, LOG_INT("uptime_s", (clock_now_ms() - app.started_ms) / 1000));
    return code;
}

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tool t;
    int signals = catch_signals();
    int code = tool_settings(&t, "serve", true);
    if (code != EXIT_OK)
        return code;
    log_set_level(t.settings.log_level);
    db_tell_slow_statements(SLOW_STATEMENT_US);
    log_set_limits(t.settings.log_max_size, t.settings.log_max_age_s * 1000, (int)t.settings.log_keep);
    if (t.settings.log_dir && !log_open_dir(t.settings.log_dir)) {
        error_fault(&t.err, &t.arena, "LOG_DIR", "unusable", "日志目录无法写入", "the log folder cannot be written to", NULL);
        tool_print_error("serve", RC_INVALID_INPUT, &t.err);
        arena_free(&t.arena);
        return EXIT_SETTINGS;
    }
    log_gather();
    struct http_door door = {.fd = -1};
    struct secrets *secrets = NULL;
    bool stopped = false;
    code = find_secret(&t, signals, &secrets, &stopped);
    if (code == EXIT_OK && !stopped)
        code = find_database(&t, signals, &stopped);
    if (code == EXIT_OK && !stopped)
        code = hold_database(&t, signals, &door, &stopped);
    if (code == EXIT_OK && !stopped)
        code = tool_migrate(&t, "serve", true);
    if (code == EXIT_OK && !stopped)
        code = serve(&t, signals, secrets, &door);
    http_close_door(&door);
    db_hold_release(t.hold);
    secrets_close(secrets);
    arena_free(&t.arena);
    log_close();
    return code;
}

const struct command serve_command = {
    .name = "serve",
    .summary = "serve API and page",
    .help = "usage: mms serve\n\nServes until SIGTERM or SIGINT; then finishes what was accepted and exits 0.\n"
            "A SQLite file is served by one instance at a time: another one ends with 74, or waits for it (DB_TAKEOVER_WAIT).\n"
            "Exit codes: 69 the secret could not be fetched for now, 74 the database cannot be used, 78 a setting is not acceptable.\n",
    .run = run,
};
