#include "domain/assessment_measure.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "domain/audit.h"

#define CLIENTS 16
#define MEASURE_US 1000000 /* each of the two measurements */
#define MARK ".assess-"
#define LEFT_AFTER_S 600 /* what is so old is no other process's that measures now */

/* ---------------------------------------------------------------- writing */

struct measuring {
    struct db_writer *writer;
    const struct settings *settings;
    int64_t until_us;
    atomic_llong written;
    atomic_bool failed;
};

/* A write as any other: an entry in the chain of the operation log, durable when it is told. */
static enum rc write_one(struct db *db, void *arg)
{
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena, .db = db, .settings = arg, .now_ms = clock_now_ms()};
    enum rc rc = audit_write(&c, &(struct audit_entry){.module = "assessment", .action = "measure", .description = "测量写入能力"});
    arena_free(&arena);
    return rc;
}

static void *write_on(void *arg)
{
    struct measuring *m = arg;
    struct settings settings = *m->settings;
    while (!m->failed && clock_monotonic_us() < m->until_us)
        if (db_run_tx(m->writer, write_one, &settings) == RC_OK)
            m->written++;
        else
            m->failed = true;
    return NULL;
}

/* Writes a second by so many clients. */
static enum rc measure(struct db_writer *writer, const struct settings *settings, int clients, int64_t *per_s)
{
    pthread_t threads[CLIENTS];
    int begun = 0;
    int64_t from_us = clock_monotonic_us();
    struct measuring m = {.writer = writer, .settings = settings, .until_us = from_us + MEASURE_US};
    while (begun < clients && pthread_create(&threads[begun], NULL, write_on, &m) == 0)
        begun++;
    for (int i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    int64_t took_us = clock_monotonic_us() - from_us;
    *per_s = m.written * 1000000 / took_us;
    return m.failed || begun < clients ? RC_DB : RC_OK;
}

static enum rc measure_with(struct db_writer *writer, const struct settings *settings, enum rc (*go_on)(void *arg, int step), void *arg,
                            struct assessment_machine *out)
{
    out->clients = CLIENTS;
    if (go_on)
        TRY(go_on(arg, 0));
    TRY(measure(writer, settings, 1, &out->alone_per_s));
    if (go_on)
        TRY(go_on(arg, 1));
    return measure(writer, settings, CLIENTS, &out->together_per_s);
}

/* ---------------------------------------------------------------- the database beside */

static void sweep(const char *db_path, struct arena *a)
{
    const char *folder = dirname(arena_dup(a, db_path));
    const char *prefix = arena_fmt(a, "%s" MARK, basename(arena_dup(a, db_path)));
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat st;
        const char *path = arena_fmt(a, "%s/%s", folder, entry->d_name);
        if (text_starts(entry->d_name, prefix) && stat(path, &st) == 0 && st.st_mtime < clock_now_ms() / 1000 - LEFT_AFTER_S)
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

static enum rc make_database(const char *path, struct arena *a, struct db_writer **writer)
{
    struct db *db = NULL;
    struct error why = {0};
    int applied;
    enum rc rc = db_open(path, DB_WRITE, &db, &why);
    if (rc == RC_OK)
        rc = db_migrate(db, path, migrations, migration_count, clock_now_ms(), a, &applied, NULL, &why);
    db_close(db);
    return rc == RC_OK ? db_writer_start(path, writer, &why) : rc;
}

enum rc assessment_measure(const struct settings *settings, struct arena *a, enum rc (*go_on)(void *arg, int step), void *arg,
                           struct assessment_machine *out)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct db_writer *writer = NULL;
    sweep(settings->db_path, a);
    char *path = arena_fmt(a, "%s" MARK "XXXXXX", settings->db_path);
    int fd = mkstemp(path);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? RC_DB_FULL : RC_DB;
    close(fd);
    *out = (struct assessment_machine){.measured_at_ms = clock_now_ms()};
    enum rc rc = make_database(path, a, &writer);
    if (rc == RC_OK) {
        rc = measure_with(writer, settings, go_on, arg, out);
        db_writer_stop(writer);
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(arena_fmt(a, "%s%s", path, endings[i]));
    return rc;
}

/* ---------------------------------------------------------------- as a job */

static enum rc tell_step(void *run, int step)
{
    return job_tell(run, step, ASSESSMENT_MEASURE_STEPS);
}

static enum rc run_measure(struct job_run *run)
{
    struct ctx *c = &run->ctx;
    struct assessment_machine m;
    enum rc rc = assessment_measure(c->settings, c->arena, tell_step, run, &m);
    if (rc != RC_OK)
        return error_set(&c->err, rc);
    run->result = arena_fmt(c->arena, "{\"measuredAt\":%lld,\"clients\":%lld,\"aloneWritesPerSecond\":%lld,\"writesPerSecond\":%lld}",
                            (long long)m.measured_at_ms, (long long)m.clients, (long long)m.alone_per_s, (long long)m.together_per_s);
    return job_tell(run, ASSESSMENT_MEASURE_STEPS, ASSESSMENT_MEASURE_STEPS);
}

const struct job_kind assessment_measure_job = {"assessment.measure", "测量本机写入能力", "Measuring what this machine can write",
                                                PERM_DATABASE_READ, run_measure};

static const struct sql LAST = {"assessment.last_measured",
                                "SELECT result FROM jobs WHERE kind = 'assessment.measure' AND status = 'done' ORDER BY id DESC LIMIT 1"};

static int64_t number_of(const struct json *result, const char *name)
{
    int64_t n = 0;
    return json_to_int(json_member(result, name), &n) ? n : 0;
}

enum rc assessment_last_measured(struct ctx *c, const struct assessment_machine **out)
{
    DB_ROWS rows = NULL;
    bool more;
    struct json_fault fault;
    *out = NULL;
    TRY(db_start(c->db, &LAST, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return RC_OK;
    const char *text = db_text(rows, "result");
    const struct json *result = json_parse(c->arena, text, strlen(text), &fault);
    struct assessment_machine *m = arena_new(c->arena, struct assessment_machine);
    *m = (struct assessment_machine){.measured_at_ms = number_of(result, "measuredAt"), .clients = number_of(result, "clients"),
                                     .alone_per_s = number_of(result, "aloneWritesPerSecond"), .together_per_s = number_of(result, "writesPerSecond")};
    *out = m;
    return RC_OK;
}
