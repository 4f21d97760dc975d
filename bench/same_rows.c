/* The bare loop for imports: the rows of one database into another of the same schema, each by an INSERT of its own that was prepared once, in
 * one durable transaction; keys, indexes and foreign keys stand, triggers do not, and the index for searching is filled, too.
 *   same_rows FROM INTO        prints how long that took, in ms */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *from, *into;

static void need(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s / %s\n", what, sqlite3_errmsg(from), sqlite3_errmsg(into));
    exit(1);
}

static void run(sqlite3 *db, const char *text)
{
    need(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *s = NULL;
    need(sqlite3_prepare_v2(db, text, -1, &s, NULL) == SQLITE_OK, text);
    return s;
}

/* Each row of the question is a statement, to be run on `into`. Read first: a running statement would keep tables from being changed. */
static void run_each(const char *question)
{
    char *all = NULL;
    sqlite3_stmt *s = prepare(into, question);
    while (sqlite3_step(s) == SQLITE_ROW) {
        char *more = sqlite3_mprintf("%s%s;", all ? all : "", sqlite3_column_text(s, 0));
        sqlite3_free(all);
        all = more;
    }
    sqlite3_finalize(s);
    if (all)
        run(into, all);
    sqlite3_free(all);
}

static void copy(const char *table, const char *columns, const char *places)
{
    char text[8192];
    snprintf(text, sizeof text, "SELECT %s FROM \"%s\"", columns, table);
    sqlite3_stmt *read = prepare(from, text);
    snprintf(text, sizeof text, "INSERT INTO \"%s\" (%s) VALUES (%s)", table, columns, places);
    sqlite3_stmt *write = prepare(into, text);
    while (sqlite3_step(read) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(read); i++)
            sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
        need(sqlite3_step(write) == SQLITE_DONE, table);
        sqlite3_reset(write);
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
}

#define TABLES "type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE 'search!_tokens!_%' ESCAPE '!'"

int main(int argc, char **argv)
{
    struct timespec begun, done;
    need(argc == 3 && sqlite3_open_v2(argv[1], &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
             sqlite3_open_v2(argv[2], &into, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK,
         "same_rows FROM INTO");
    run(into, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
    run_each("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'");
    run_each("SELECT 'DELETE FROM ' || name FROM sqlite_schema WHERE " TABLES);
    run(into, "PRAGMA foreign_keys = ON");
    sqlite3_stmt *tables = prepare(from, "SELECT name, (SELECT group_concat('\"' || c.name || '\"') FROM pragma_table_xinfo(t.name) c WHERE c.hidden = 0), "
                                         "(SELECT group_concat('?') FROM pragma_table_xinfo(t.name) c WHERE c.hidden = 0) FROM sqlite_schema t WHERE " TABLES
                                         " AND name <> 'search_tokens'");
    clock_gettime(CLOCK_MONOTONIC, &begun);
    run(into, "BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON");
    while (sqlite3_step(tables) == SQLITE_ROW)
        copy((const char *)sqlite3_column_text(tables, 0), (const char *)sqlite3_column_text(tables, 1), (const char *)sqlite3_column_text(tables, 2));
    copy("search_tokens", "rowid, terms", "?, ?");
    run(into, "COMMIT");
    clock_gettime(CLOCK_MONOTONIC, &done);
    printf("%ld\n", (done.tv_sec - begun.tv_sec) * 1000 + (done.tv_nsec - begun.tv_nsec) / 1000000);
    return 0;
}
