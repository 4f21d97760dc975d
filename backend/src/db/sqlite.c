/* The SQLite engine: statements, transactions, copies. Opening a file: sqlite_open.c. */
#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/durable.h"
#include "db/bulk_driver.h"
#include "db/dialect.h"
#include "db/sqlite_copy.h"

/* ---- errors ---- */

enum rc sqlite_rc(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return RC_DB_UNIQUE;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return RC_DB_FOREIGN_KEY;
    }
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RC_OK;
    case SQLITE_CONSTRAINT:
        return RC_DB_CHECK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return RC_DB_BUSY;
    case SQLITE_FULL:
        return RC_DB_FULL;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return RC_DB_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RC_DB_CORRUPT;
    }
    return RC_DB;
}

/* A sum past 64 bits has become a REAL, which no column takes. */
static bool is_out_of_range(int code, const char *message)
{
    return code == SQLITE_CONSTRAINT_DATATYPE && strstr(message, "REAL value in INTEGER column");
}

enum rc sqlite_fail(struct sqlite_conn *c, const char *what)
{
    int code = sqlite3_extended_errcode(c->sqlite);
    const char *message = sqlite3_errmsg(c->sqlite);
    snprintf(c->error, sizeof c->error, "%s: %s (SQLite %d)", what, message, code);
    if (is_out_of_range(code, message))
        return RC_AMOUNT_TOO_LARGE;
    enum rc rc = sqlite_rc(code);
    return rc == RC_OK ? RC_DB : rc;
}

static const char *engine_error(const struct conn *base)
{
    const struct sqlite_conn *c = (const struct sqlite_conn *)base;
    return c->error;
}

/* ---- statements ---- */

struct sqlite_stmt {
    struct stmt base;
    sqlite3_stmt *sqlite;
    const char *name;
    int params;
    int arg_of[]; /* which argument SQLite's parameter i + 1 takes */
};

static struct sqlite_conn *conn_of(const struct sqlite_stmt *s)
{
    return (struct sqlite_conn *)s->base.conn;
}

/* To SQLite $1 is a name like any other, numbered where it first appears. */
static int arg_index(const char *name, const char *parameter)
{
    char *end = NULL;
    long number = parameter && parameter[0] == '$' ? strtol(parameter + 1, &end, 10) : 0;
    if (!end || *end != '\0' || number < 1 || number > 9999)
        db_misuse(name, "has a parameter that is not $1 ... $n");
    return (int)number - 1;
}

static void map_parameters(struct sqlite_stmt *s)
{
    for (int i = 0; i < s->params; i++) {
        s->arg_of[i] = arg_index(s->name, sqlite3_bind_parameter_name(s->sqlite, i + 1));
        if (s->arg_of[i] >= s->params)
            db_misuse(s->name, "leaves out one of its parameters $1 ... $n");
    }
}

static enum rc engine_prepare(struct conn *base, const char *name, const char *text, struct stmt **out)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    sqlite3_stmt *sqlite = NULL;
    const char *rest = NULL;
    if (sqlite3_prepare_v3(c->sqlite, text, -1, SQLITE_PREPARE_PERSISTENT, &sqlite, &rest) !=
        SQLITE_OK)
        return sqlite_fail(c, name);
    if (!sqlite || rest[strspn(rest, " \t\r\n;")] != '\0')
        db_misuse(name, "is not exactly one statement");
    int params = sqlite3_bind_parameter_count(sqlite);
    struct sqlite_stmt *s = calloc(1, sizeof *s + (size_t)params * sizeof *s->arg_of);
    if (!s)
        abort();
    s->sqlite = sqlite;
    s->base.conn = base;
    s->name = name;
    s->params = params;
    map_parameters(s);
    *out = &s->base;
    return RC_OK;
}

static void engine_finalize(struct stmt *base)
{
    struct sqlite_stmt *s = (struct sqlite_stmt *)base;
    sqlite3_finalize(s->sqlite);
    free(s);
}

static int bind_one(sqlite3_stmt *s, int at, const struct db_value *v)
{
    switch (v->type) {
    case DB_NULL:
        break;
    case DB_INT:
        return sqlite3_bind_int64(s, at, v->number);
    case DB_TEXT:
        return sqlite3_bind_text(s, at, v->text, -1, SQLITE_STATIC);
    }
    return sqlite3_bind_null(s, at);
}

static enum rc engine_start(struct stmt *base, const struct db_value *args, size_t count)
{
    struct sqlite_stmt *s = (struct sqlite_stmt *)base;
    if (count != (size_t)s->params)
        db_misuse(s->name, "was started with the wrong number of arguments");
    for (int i = 0; i < s->params; i++)
        if (bind_one(s->sqlite, i + 1, &args[s->arg_of[i]]) != SQLITE_OK)
            return sqlite_fail(conn_of(s), s->name);
    return RC_OK;
}

static enum rc engine_step(struct stmt *base, bool *more)
{
    struct sqlite_stmt *s = (struct sqlite_stmt *)base;
    int code = sqlite3_step(s->sqlite);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_fail(conn_of(s), s->name);
    *more = code == SQLITE_ROW;
    return RC_OK;
}

static void engine_reset(struct stmt *base)
{
    struct sqlite_stmt *s = (struct sqlite_stmt *)base;
    sqlite3_reset(s->sqlite);
}

static int64_t engine_changed(const struct stmt *base)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    /* SQLite's count is that of the last change, however long ago. */
    return sqlite3_stmt_readonly(s->sqlite) ? 0 : sqlite3_changes64(conn_of(s)->sqlite);
}

static int64_t engine_changes(const struct conn *base)
{
    const struct sqlite_conn *c = (const struct sqlite_conn *)base;
    return sqlite3_total_changes64(c->sqlite);
}

static int engine_column_count(const struct stmt *base)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    return sqlite3_column_count(s->sqlite);
}

static const char *engine_column_name(const struct stmt *base, int column)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    return sqlite3_column_name(s->sqlite, column);
}

static enum db_type engine_type(const struct stmt *base, int column)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    switch (sqlite3_column_type(s->sqlite, column)) {
    case SQLITE_NULL:
        return DB_NULL;
    case SQLITE_INTEGER:
        return DB_INT;
    case SQLITE_TEXT:
        return DB_TEXT;
    }
    db_misuse(s->name, "gives a column that is neither a whole number nor a text");
}

static int64_t engine_int(const struct stmt *base, int column)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    return sqlite3_column_int64(s->sqlite, column);
}

static const char *engine_text(const struct stmt *base, int column, size_t *n)
{
    const struct sqlite_stmt *s = (const struct sqlite_stmt *)base;
    const unsigned char *text = sqlite3_column_text(s->sqlite, column);
    if (!text && sqlite3_column_type(s->sqlite, column) != SQLITE_NULL)
        abort(); /* no memory */
    if (n)
        *n = text ? (size_t)sqlite3_column_bytes(s->sqlite, column) : 0;
    return (const char *)text;
}

/* ---- transactions ---- */

static const char *const tx_text[DRIVER_TX_COUNT] = {
    [DRIVER_BEGIN_READ] = "BEGIN",
    [DRIVER_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [DRIVER_COMMIT] = "COMMIT",
    [DRIVER_ROLLBACK] = "ROLLBACK",
    [DRIVER_SAVEPOINT] = "SAVEPOINT job",
    [DRIVER_RELEASE] = "RELEASE job",
    [DRIVER_ROLLBACK_TO] = "ROLLBACK TO job",
};

static enum rc engine_tx(struct conn *base, enum driver_tx what)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    sqlite3_stmt **s = &c->tx[what];
    if (!*s && sqlite3_prepare_v3(c->sqlite, tx_text[what], -1, SQLITE_PREPARE_PERSISTENT, s,
                                  NULL) != SQLITE_OK)
        return sqlite_fail(c, tx_text[what]);
    enum rc rc = sqlite3_step(*s) == SQLITE_DONE ? RC_OK : sqlite_fail(c, tx_text[what]);
    sqlite3_reset(*s);
    return rc;
}

static bool engine_in_tx(const struct conn *base)
{
    const struct sqlite_conn *c = (const struct sqlite_conn *)base;
    return !sqlite3_get_autocommit(c->sqlite);
}

/* ---- for migrations and care ---- */

static enum rc engine_script(struct conn *base, const char *text)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    return sqlite3_exec(c->sqlite, text, NULL, NULL, NULL) == SQLITE_OK ? RC_OK
                                                                        : sqlite_fail(c, "script");
}

static enum rc engine_has_table(struct conn *base, const char *name, bool *has)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    static const char text[] =
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND (?1 IS NULL OR name = ?1)"
        " AND name NOT LIKE 'sqlite~_%' ESCAPE '~' LIMIT 1";
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(c->sqlite, text, -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    enum rc rc =
        code == SQLITE_ROW || code == SQLITE_DONE ? RC_OK : sqlite_fail(c, "list of tables");
    if (rc == RC_OK)
        *has = code == SQLITE_ROW;
    sqlite3_finalize(s);
    return rc;
}

/* What went wrong with the copy is known to the connection of the copy. */
static enum rc copy_failed(struct sqlite_conn *c, sqlite3 *to)
{
    enum rc rc = sqlite_rc(sqlite3_extended_errcode(to));
    snprintf(c->error, sizeof c->error, "copy: %s", sqlite3_errmsg(to));
    return rc == RC_OK ? RC_DB : rc;
}

static enum rc copy_pages(struct sqlite_conn *c, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", c->sqlite, "main");
    if (!b)
        return copy_failed(c, to);
    bool complete = sqlite3_backup_step(b, -1) == SQLITE_DONE;
    return sqlite3_backup_finish(b) == SQLITE_OK && complete ? RC_OK : copy_failed(c, to);
}

static enum rc copy_by_pages(struct sqlite_conn *c, const char *file)
{
    sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ready = sqlite3_open_v2(file, &to, flags, NULL) == SQLITE_OK &&
                 sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK;
    enum rc rc = ready ? copy_pages(c, to) : copy_failed(c, to);
    sqlite3_close(to);
    return rc;
}

/* Why a file could not be written (errno), as the engine would tell it. */
static enum rc rc_of_reason(int reason)
{
    static const int unwritable[] = {EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR};
    if (reason == ENOSPC || reason == EDQUOT)
        return RC_DB_FULL;
    for (size_t i = 0; i < sizeof unwritable / sizeof *unwritable; i++)
        if (reason == unwritable[i])
            return RC_DB_READONLY;
    return RC_DB;
}

/* The copy is put on the disk once, when it is finished, and is nothing until then: no journal for it, and no waiting in between. */
static enum rc copy_into(struct sqlite_conn *c, const char *file)
{
    int reason;
    enum sqlite_copied copied = sqlite_copy(c->sqlite, file, &reason);
    if (copied == SQLITE_COPY_OTHERWISE)
        return copy_by_pages(c, file);
    if (copied == SQLITE_COPIED)
        return RC_OK;
    snprintf(c->error, sizeof c->error, "copy: %s", reason ? strerror(reason) : "the database cannot be read");
    return rc_of_reason(reason);
}

/* The copy holds the same secrets as the database: the same people may read it. */
static bool finish_copy(const struct sqlite_conn *c, const char *part, const char *file)
{
    struct stat source;
    return stat(c->path, &source) == 0 && chmod(part, source.st_mode & 07777) == 0 &&
           durable_rename(part, file, false);
}

static enum rc engine_backup(struct conn *base, const char *file)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    struct buf part;
    buf_init(&part, 8192);
    buf_fmt(&part, "%s.part", file);
    unlink(buf_text(&part));
    enum rc rc = part.overflow ? RC_DB : copy_into(c, buf_text(&part));
    if (rc == RC_OK && !finish_copy(c, buf_text(&part), file)) {
        snprintf(c->error, sizeof c->error, "copy: %s could not be finished", file);
        rc = RC_DB;
    }
    if (rc != RC_OK)
        unlink(buf_text(&part));
    buf_free(&part);
    return rc;
}

static int engine_log_pages(const struct conn *base)
{
    const struct sqlite_conn *c = (const struct sqlite_conn *)base;
    return c->log_pages;
}

static enum rc engine_checkpoint(struct conn *base, int wait_ms)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    int mode = wait_ms > 0 ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_busy_timeout(c->sqlite, wait_ms);
    int code = sqlite3_wal_checkpoint_v2(c->sqlite, "main", mode, NULL, NULL);
    enum rc rc = code == SQLITE_OK ? RC_OK : sqlite_fail(c, "checkpoint");
    sqlite3_busy_timeout(c->sqlite, SQLITE_BUSY_WAIT_MS);
    return rc;
}

static bool engine_is_lost(const struct conn *c)
{
    (void)c;
    return false;
}

static const struct db_catalogue sqlite_catalogue = {
    .engine = "SQLite",
    .version = {"sqlite.version", "SELECT sqlite_version() AS version"},
    .tables = {"sqlite.tables",
               "SELECT name FROM pragma_table_list() WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE "
               "'sqlite\\_%' ESCAPE '\\' ORDER BY name"},
    .columns = {"sqlite.columns",
                "SELECT name, type, is_required, is_key, CASE WHEN is_strict AND type IN ('INTEGER', 'INT', 'TEXT') THEN quoted ELSE "
                "'CASE typeof(' || quoted || ') WHEN ''integer'' THEN ' || quoted || ' WHEN ''blob'' THEN hex(' || quoted || ') ELSE "
                "CAST(' || quoted || ' AS TEXT) END' END AS value FROM (SELECT cid, name, type, \"notnull\" AS is_required, "
                "CASE WHEN pk > 0 THEN 1 ELSE 0 END AS is_key, '\"' || replace(name, '\"', '\"\"') || '\"' AS quoted, EXISTS (SELECT 1 "
                "FROM pragma_table_list($1) WHERE schema = 'main' AND strict) AS is_strict FROM pragma_table_info($1)) ORDER BY cid"},
    .size = {"sqlite.size", "SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()"},
    .integrity = {"sqlite.integrity", "SELECT quick_check AS result FROM pragma_quick_check(1)"},
    .indexes = {"sqlite.indexes", "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"},
    .triggers = {"sqlite.triggers", "SELECT name FROM sqlite_schema WHERE type = 'trigger'"},
    .session = {"sqlite.session", "SELECT $1 AS session"},
    .session_is_gone = {"sqlite.session_is_gone", "SELECT CASE WHEN $1 = $2 THEN 0 ELSE 1 END AS n"},
    /* By itself: the next id follows the greatest there has been. */
    .ids_after = {"sqlite.ids_after", "SELECT CAST($2 AS INTEGER) AS n WHERE $1 IS NOT NULL"},
};

const struct engine sqlite_engine = {
    .close = sqlite_close,
    .error = engine_error,
    .prepare = engine_prepare,
    .finalize = engine_finalize,
    .start = engine_start,
    .step = engine_step,
    .reset = engine_reset,
    .changed = engine_changed,
    .column_count = engine_column_count,
    .column_name = engine_column_name,
    .type = engine_type,
    .number = engine_int,
    .text = engine_text,
    .tx = engine_tx,
    .in_tx = engine_in_tx,
    .changes = engine_changes,
    .is_lost = engine_is_lost,
    .translate = dialect_sqlite,
    .script = engine_script,
    .has_table = engine_has_table,
    .catalogue = &sqlite_catalogue,
    .backup = engine_backup,
    .log_pages = engine_log_pages,
    .checkpoint = engine_checkpoint,
    .bulk = &sqlite_bulk,
};
