/* mms assess: whether to move from SQLite to PostgreSQL, with a short measurement of this machine. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "domain/assessment.h"
#include "domain/audit.h"
#include "ops/tool.h"

#define CLIENTS 16
#define MEASURE_US 1000000 /* each of the two measurements */

/* ---------------------------------------------------------------- what this machine can write */

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

/* Writes a second by so many clients; -1: it could not be done. */
static int64_t measure(struct db_writer *writer, const struct settings *settings, int clients)
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
    return m.failed || begun < clients ? -1 : m.written * 1000000 / took_us;
}

static bool measure_in(const char *path, struct tool *t, struct assessment_machine *out)
{
    struct db *db = NULL;
    struct db_writer *writer = NULL;
    struct error why = {0};
    int applied;
    enum rc rc = db_open(path, DB_WRITE, &db, &why);
    if (rc == RC_OK)
        rc = db_migrate(db, path, migrations, migration_count, clock_now_ms(), &t->arena, &applied, NULL, &why);
    db_close(db);
    if (rc == RC_OK)
        rc = db_writer_start(path, &writer, &why);
    if (rc != RC_OK)
        return false;
    *out = (struct assessment_machine){CLIENTS, measure(writer, &t->settings, 1), measure(writer, &t->settings, CLIENTS)};
    db_writer_stop(writer);
    return out->alone_per_s >= 0 && out->together_per_s >= 0;
}

/* In a database beside the real one, so that it is the same disk; it is removed again. */
static bool measure_machine(struct tool *t, struct assessment_machine *out)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char *path = arena_fmt(&t->arena, "%s.assess-XXXXXX", t->settings.db_path);
    int fd = mkstemp(path);
    if (fd < 0)
        return false;
    close(fd);
    bool measured = measure_in(path, t, out);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(arena_fmt(&t->arena, "%s%s", path, endings[i]));
    return measured;
}

/* ---------------------------------------------------------------- telling */

static void print_dec(struct dec value, char *text, size_t room)
{
    if (value.millionths % 1000000)
        snprintf(text, room, "%lld.%02lld", (long long)(value.millionths / 1000000), (long long)(value.millionths % 1000000 / 10000));
    else
        snprintf(text, room, "%lld", (long long)(value.millionths / 1000000));
}

static void print_texts(const char *title, const struct assessment_text *texts, size_t count)
{
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++)
        printf("  - %s\n    %s\n", texts[i].zh, texts[i].en);
}

static void print_table(const struct assessment *as)
{
    static const char *const advice[] = {[ADVICE_STAY] = "暂不迁移 / stay", [ADVICE_PREPARE] = "准备迁移 / prepare", [ADVICE_MOVE] = "应当迁移 / move"};
    printf("%-18s %12s %12s   \n", "last 30 days", "now", "threshold");
    for (size_t i = 0; i < INDICATOR_COUNT; i++) {
        char now[40];
        print_dec(as->indicators[i].value, now, sizeof now);
        printf("%-18s %12s %12lld   %-6s %s\n", as->indicators[i].en, now, (long long)as->indicators[i].threshold,
               indicator_state_name(as->indicators[i].state), as->indicators[i].zh);
    }
    printf("%-18s %12lld               people with a session in force\n", "signed in", (long long)as->signed_in);
    printf("%-18s %12lld               in all; %lld in the busiest quarter of an hour, %lld in the busiest second\n", "writes", (long long)as->writes,
           (long long)as->writes_in_quarter, (long long)as->writes_in_second);
    printf("%-18s %12lld               bytes, %s\n", "size", (long long)as->size, as->engine);
    if (as->machine)
        printf("%-18s %12lld               durable writes a second by %lld clients; %lld by one\n", "this machine", (long long)as->machine->together_per_s,
               (long long)as->machine->clients, (long long)as->machine->alone_per_s);
    printf("\n结论 / advice: %s\n", advice[as->advice]);
    print_texts("理由 / why:", as->reasons, as->reason_count);
    print_texts("未知 / not known:", as->unknown, as->unknown_count);
}

static void print_json(const struct assessment *as)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, 256 * 1024);
    jw_init(&w, &out, false);
    assessment_write(&w, as);
    printf("%s\n", buf_text(&out));
    buf_free(&out);
}

static enum rc read_all(struct ctx *c, void *arg)
{
    return assessment_read(c, arg);
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct assessment as;
    struct assessment_machine machine;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        fputs(assess_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, "assess", false);
    if (code != EXIT_OK)
        return code;
    code = tool_read(&t, "assess", read_all, &as);
    if (code == EXIT_OK) {
        if (!as.on_server && measure_machine(&t, &machine))
            as.machine = &machine;
        assessment_advise(&t.arena, &as);
        (json ? print_json : print_table)(&as);
    }
    arena_free(&t.arena);
    return code;
}

const struct command assess_command = {
    .name = "assess",
    .summary = "tell whether it is time to move to PostgreSQL",
    .help = "usage: mms assess [--json]\n\nReads how many rows there are, and from the records of the last 30 days how many people and writes at once; measures for two\n"
            "seconds what this machine can write, in a database of its own beside the real one (DB_PATH.assess-…, removed again); holds\n"
            "that against the thresholds and says stay, prepare or move, why, and what is not known. May run beside the service.\n",
    .run = run,
};
