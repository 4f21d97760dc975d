/* mms migrate-to-postgres and mms migrate-to-sqlite: the two ways of the move. */
#include <stdlib.h>
#include <string.h>

#include "ops/move.h"

struct options {
    const char *to;
    bool dry_run, verify_only, while_serving;
};

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--to") == 0 && i + 1 < argc && !o->to)
            o->to = argv[++i];
        else if (strcmp(argv[i], "--dry-run") == 0)
            o->dry_run = true;
        else if (strcmp(argv[i], "--verify-only") == 0)
            o->verify_only = true;
        else if (strcmp(argv[i], "--while-serving") == 0)
            o->while_serving = true;
        else
            return false;
    }
    return o->to && *o->to && !(o->verify_only && (o->dry_run || o->while_serving));
}

/* Settings read a URL well, and know how to show it; settings_read hands nothing on to what it asks. */
static const char *given_url;
static const char *only_url(const char *name)
{
    return strcmp(name, "DATABASE_URL") == 0 ? given_url : strcmp(name, "JWT_SECRET") == 0 ? "commands-sign-no-tokens-0123456789" : NULL;
}

/* The URL holds a password, which other users of the machine could see among the arguments: "-" reads it from standard input. */
static const char *url_of(struct arena *a, const char *to)
{
    char line[4096];
    if (strcmp(to, "-") != 0)
        return to;
    if (!fgets(line, sizeof line, stdin))
        return "";
    line[strcspn(line, "\r\n")] = '\0';
    return arena_dup(a, line);
}

static int read_target_url(struct tool *t, struct move *m, const char *to)
{
    struct settings target;
    given_url = url_of(&t->arena, to);
    enum rc rc = *given_url ? settings_read(&t->arena, only_url, &target, &t->err) : RC_INVALID_INPUT;
    if (rc == RC_OK && target.database_url) {
        m->to = target.database_url;
        m->to_name = target.database_name;
        return EXIT_OK;
    }
    t->err.zh = "--to 的地址不可用：";
    t->err.en = "The URL given with --to is not acceptable:";
    tool_print_error(m->command, RC_INVALID_INPUT, &t->err);
    return EXIT_USAGE_ERROR;
}

static int start(struct tool *t, struct move *m, const struct options *o)
{
    m->dry_run = o->dry_run;
    m->while_serving = o->while_serving;
    arena_init(&m->arena);
    int code = o->verify_only ? move_verify(m) : move_run(m);
    arena_free(&m->arena);
    arena_free(&t->arena);
    return code;
}

static int run_to_postgres(int argc, char **argv)
{
    struct tool t;
    struct options o = {0};
    struct move m = {.command = "migrate-to-postgres"};
    if (!read_options(argc, argv, &o)) {
        fputs(migrate_to_postgres_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, m.command, false);
    if (code != EXIT_OK)
        return code;
    code = read_target_url(&t, &m, o.to);
    if (code != EXIT_OK) {
        arena_free(&t.arena);
        return code;
    }
    m.from = m.from_name = t.settings.db_path;
    code = start(&t, &m, &o);
    if (code == EXIT_OK && !o.dry_run && !o.verify_only)
        printf("下一步 / next: 以新的 DATABASE_URL 启动 mms serve / start mms serve with the new DATABASE_URL\n");
    return code;
}

static int run_to_sqlite(int argc, char **argv)
{
    struct tool t;
    struct options o = {0};
    struct move m = {.command = "migrate-to-sqlite"};
    if (!read_options(argc, argv, &o) || db_is_server(o.to)) {
        fputs(migrate_to_sqlite_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, m.command, false);
    if (code != EXIT_OK)
        return code;
    if (!t.settings.database_url) {
        t.err.zh = "来源是 PostgreSQL 数据库：请设置 DATABASE_URL";
        t.err.en = "The source is a PostgreSQL database: set DATABASE_URL";
        tool_print_error(m.command, RC_INVALID_INPUT, &t.err);
        arena_free(&t.arena);
        return EXIT_SETTINGS;
    }
    m.from = t.settings.database_url;
    m.from_name = t.settings.database_name;
    m.to = m.to_name = o.to;
    code = start(&t, &m, &o);
    if (code == EXIT_OK && !o.dry_run && !o.verify_only)
        printf("下一步 / next: 去掉 DATABASE_URL，以 DB_PATH=%s 启动 mms serve / start mms serve with that DB_PATH, without DATABASE_URL\n", o.to);
    return code;
}

#define OPTIONS_HELP                                                                                                                        \
    "--dry-run        does all of it, with the proof, and takes it back before the commit: nothing is left behind\n"                       \
    "--verify-only    moves nothing: compares the two, row by row; exit 1 names the tables and totals that differ\n"                       \
    "--while-serving  although a service uses the source: it can be read, its writes are answered 503, and the move ends when it is\n"     \
    "                 stopped, so that nothing is written that the target lacks\n\n"                                                       \
    "Source: never changed; must be of this program's version. Target: one transaction, committed when both sides are proven equal.\n"     \
    "May be ended at any moment, by kill -9 too: the target is then as it was, and the command is simply run again.\n"

const struct command migrate_to_postgres_command = {
    .name = "migrate-to-postgres",
    .summary = "move everything from the SQLite file (DB_PATH) into an empty PostgreSQL database",
    .help = "usage: mms migrate-to-postgres --to URL [--dry-run | --verify-only] [--while-serving]\n\n"
            "URL: postgresql://user:password@host[:port]/name; - reads it from standard input, where nobody sees the password.\n" OPTIONS_HELP,
    .run = run_to_postgres,
};

const struct command migrate_to_sqlite_command = {
    .name = "migrate-to-sqlite",
    .summary = "move everything from the PostgreSQL database (DATABASE_URL) into a new SQLite file",
    .help = "usage: mms migrate-to-sqlite --to FILE [--dry-run | --verify-only] [--while-serving]\n\n"
            "FILE must not be there; while it is made it is called FILE.moving.\n" OPTIONS_HELP,
    .run = run_to_sqlite,
};
