/* What the commands share: settings from the environment and --env-file, the migrated database, a context to call services with. */
#ifndef MMS_OPS_TOOL_H
#define MMS_OPS_TOOL_H

#include <stdio.h>

#include "base/settings.h"
#include "domain/ctx.h"
#include "ops/command.h"

struct tool {
    struct arena arena;
    struct settings settings;
    struct db_writer *writer;
    struct db_hold *hold; /* of who serves (db.h) */
    struct error err;
};

/* Prints what is in err for a person: the sentence, then each field. */
void tool_print_error(const char *command, enum rc rc, const struct error *err);

/* Reads the settings; all faults are printed and EXIT_SETTINGS comes back (0: fine). Commands that sign no tokens
 * (need_secret false) do without JWT_SECRET. */
int tool_settings(struct tool *t, const char *command, bool need_secret);
/* Brings the database to the newest version; makes the file, but never its folder: a folder that is not there is more often a
 * volume that was not mounted than a wish for an empty database. Prints what it did. A schema under another instance that serves
 * the SQLite file is never changed: refused (t->hold: this process is that instance). */
int tool_migrate(struct tool *t, const char *command, bool quiet);
/* One line about this process, for those who find what it holds. */
const char *tool_who(struct tool *t, const char *command);
/* Indexes for the search what is not indexed yet (domain/search_index.h), some hundred rows a transaction; t->writer runs. */
MUST_CHECK enum rc tool_fill_search(struct tool *t);
/* tool_settings, tool_migrate, the writer, and tool_fill_search. */
int tool_open(struct tool *t, const char *command);
void tool_close(struct tool *t);

/* Runs a service in the writer's transaction, as the program itself, at the present time. */
enum rc tool_run(struct tool *t, enum rc (*service)(struct ctx *c, void *arg), void *arg);

/* Runs a service in one snapshot of a database that is of this program's version, with the settings read. What goes wrong is
 * printed; the exit code comes back. */
int tool_read(struct tool *t, const char *command, enum rc (*service)(struct ctx *c, void *arg), void *arg);

/* The first administrator "admin" on a database without users: with ADMIN_INITIAL_PASSWORD, or with a random password, which
 * is written once to `out`. */
enum rc tool_first_administrator(struct tool *t, FILE *out);

#endif
