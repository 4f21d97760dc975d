/* mms migrate: brings the database to this program's version. */
#include "ops/tool.h"

/* What an older database holds is searched for as well. */
static int fill(struct tool *t)
{
    enum rc rc = db_writer_start(t->settings.database, &t->writer, &t->err);
    if (rc == RC_OK)
        rc = tool_fill_search(t);
    db_writer_stop(t->writer);
    if (rc != RC_OK)
        tool_print_error("migrate", rc, &t->err);
    return rc == RC_OK ? EXIT_OK : EXIT_STORAGE;
}

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tool t;
    int code = tool_settings(&t, "migrate", false);
    if (code == EXIT_OK)
        code = tool_migrate(&t, "migrate", false);
    if (code == EXIT_OK)
        code = fill(&t);
    arena_free(&t.arena);
    return code;
}

const struct command migrate_command = {
    .name = "migrate",
    .summary = "bring the database (DATABASE_URL or DB_PATH) to this version",
    .help = "usage: mms migrate\n\nMakes the database when it is not there. An older SQLite file is first copied beside\n"
            "itself (DB_PATH.before-NNNN); a newer one is refused. Run it as often as you like.\n",
    .run = run,
};
