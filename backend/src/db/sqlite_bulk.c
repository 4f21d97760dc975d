/* Whole tables out of a SQLite file and into one (bulk.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "db/bulk_driver.h"
#include "db/sqlite.h"

#define LINE_MAX_BYTES ((size_t)1 << 30)

static struct sqlite_conn *conn_of(struct db *db)
{
    return (struct sqlite_conn *)db_conn(db);
}

/* ---- readiness ---- */

/* The target's foreign keys are checked as a whole by bulk_close. */
static enum rc ready(struct db *db, bool loading)
{
    sqlite3_busy_timeout(conn_of(db)->sqlite, 60000);
    return loading ? bulk_run(db, "PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536") : RC_OK;
}

/* Each connection holds a lock on this byte of the shared memory for as long as it is open (os_unix.c of SQLite: UNIX_SHM_DMS).
 * Locks of this process are not told. */
#define OPEN_LOCK_BYTE 128

/* fd: of the file beside it, FILE-shm. False: errno. */
static bool shared_by_others(int fd, bool *out)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = OPEN_LOCK_BYTE, .l_len = 1};
    if (fcntl(fd, F_GETLK, &lock) != 0)
        return false;
    *out = lock.l_type != F_UNLCK;
    return true;
}

static enum rc in_use(struct db *db, bool *out)
{
    struct sqlite_conn *c = conn_of(db);
    if (!c->watched) {
        struct buf name;
        buf_init(&name, 8192);
        buf_fmt(&name, "%s-shm", c->path);
        c->watched = fopen(buf_text(&name), "re");
        buf_free(&name);
    }
    if (c->watched && shared_by_others(fileno(c->watched), out))
        return RC_OK;
    snprintf(c->error, sizeof c->error, "who has it open: %s", strerror(errno));
    return RC_DB;
}

bool db_file_in_use(const char *shared)
{
    bool used = false;
    int fd = open(shared, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false; /* who uses it has made this file */
    bool known = shared_by_others(fd, &used);
    close(fd);
    return used || !known;
}

/* ---- out ---- */

static const char escaped[256] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\'};

static void add_text(struct buf *line, const char *text, size_t n)
{
    size_t begun = 0;
    for (size_t i = 0; i < n; i++) {
        char as = escaped[(unsigned char)text[i]];
        if (!as)
            continue;
        buf_add(line, text + begun, i - begun);
        buf_char(line, '\\');
        buf_char(line, as);
        begun = i + 1;
    }
    buf_add(line, text + begun, n - begun);
}

static void add_field(struct buf *line, sqlite3_stmt *s, int column)
{
    if (column)
        buf_char(line, '\t');
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        buf_add(line, "\\N", 2);
        return;
    case SQLITE_INTEGER:
        buf_int(line, sqlite3_column_int64(s, column));
        return;
    }
    const char *text = (const char *)sqlite3_column_text(s, column);
    if (!text)
        abort(); /* no memory */
    add_text(line, text, (size_t)sqlite3_column_bytes(s, column));
}

static enum rc read_rows(struct sqlite_conn *c, sqlite3_stmt *s, const struct bulk_table *t, struct buf *line,
                         enum rc (*take)(void *arg, const char *line, size_t n), void *arg)
{
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        buf_reset(line);
        for (int i = 0; i < (int)t->count; i++)
            add_field(line, s, i);
        enum rc rc = line->overflow ? RC_INTERNAL : take(arg, line->bytes ? line->bytes : "", line->n);
        if (rc != RC_OK)
            return rc;
    }
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(c, t->name);
}

static sqlite3_stmt *prepare_reading(struct sqlite_conn *c, const struct bulk_table *t)
{
    struct buf text;
    sqlite3_stmt *s = NULL;
    buf_init(&text, 1 << 16);
    buf_fmt(&text, "SELECT %s FROM \"%s\" ORDER BY %s", t->list, t->name, t->key);
    if (text.overflow || sqlite3_prepare_v2(c->sqlite, buf_text(&text), -1, &s, NULL) != SQLITE_OK)
        s = NULL;
    buf_free(&text);
    return s;
}

static enum rc read_table(struct db *db, const struct bulk_table *t, enum rc (*take)(void *arg, const char *line, size_t n), void *arg)
{
    struct sqlite_conn *c = conn_of(db);
    struct buf line;
    sqlite3_stmt *s = prepare_reading(c, t);
    if (!s)
        return sqlite_fail(c, t->name);
    buf_init(&line, LINE_MAX_BYTES);
    enum rc rc = read_rows(c, s, t, &line, take, arg);
    buf_free(&line);
    sqlite3_finalize(s);
    return rc;
}

/* ---- in ---- */

static const struct sql sql_triggers = {
    "bulk.triggers", "SELECT 'DROP TRIGGER \"' || name || '\"' AS text, sql AS undo FROM sqlite_schema WHERE type = 'trigger'"};
static const struct sql sql_indexes = {
    "bulk.indexes", "SELECT 'DROP INDEX \"' || name || '\"' AS text, sql AS undo FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"};
static const struct sql sql_empty = {
    "bulk.empty", "SELECT 'DELETE FROM \"' || name || '\"' AS text, NULL AS undo FROM sqlite_schema WHERE type = 'table' AND "
                  "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT (" BULK_IS_OWN("name") ")"};
/* Indexes are made again before triggers, whose statements may need them. */
static enum rc open_load(struct bulk_load *load)
{
    enum rc rc = bulk_take_off(load, &sql_indexes);
    if (rc == RC_OK)
        rc = bulk_take_off(load, &sql_triggers);
    return rc == RC_OK ? bulk_take_off(load, &sql_empty) : rc;
}

static enum rc begin(struct bulk_load *load)
{
    const struct bulk_table *t = load->table;
    struct sqlite_conn *c = conn_of(load->db);
    const char *places = "?";
    for (size_t i = 1; i < t->count; i++)
        places = arena_fmt(load->arena, "%s,?", places);
    const char *text = arena_fmt(load->arena, "INSERT INTO \"%s\" (%s) VALUES (%s)", t->name, t->list, places);
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(c->sqlite, text, -1, &s, NULL) != SQLITE_OK)
        return sqlite_fail(c, t->name);
    load->into = s;
    buf_init(&load->out, LINE_MAX_BYTES);
    return RC_OK;
}

static char meant_by(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    }
    return c;
}

/* The field's own bytes, at the end of `out`. */
static void add_unescaped(struct buf *out, const char *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_escape = field[i] == '\\' && i + 1 < n;
        buf_char(out, is_escape ? meant_by(field[++i]) : field[i]);
    }
}

static int bind_field(sqlite3_stmt *s, int at, bool is_number, const char *field, size_t n, struct buf *out)
{
    if (n == 2 && memcmp(field, "\\N", 2) == 0)
        return sqlite3_bind_null(s, at);
    if (is_number)
        return sqlite3_bind_int64(s, at, strtoll(field, NULL, 10)); /* a tab or the line's end comes after it */
    if (!memchr(field, '\\', n))
        return sqlite3_bind_text(s, at, field, (int)n, SQLITE_STATIC);
    size_t begun = out->n;
    add_unescaped(out, field, n);
    return sqlite3_bind_text(s, at, out->bytes + begun, (int)(out->n - begun), SQLITE_TRANSIENT);
}

static enum rc add(struct bulk_load *load, const char *line, size_t n)
{
    const struct bulk_table *t = load->table;
    struct sqlite_conn *c = conn_of(load->db);
    const char *end = line + n, *field = line;
    buf_reset(&load->out);
    for (size_t i = 0; i < t->count; i++) {
        const char *tab = memchr(field, '\t', (size_t)(end - field)), *stop = tab ? tab : end;
        if (!tab != (i + 1 == t->count)) {
            snprintf(c->error, sizeof c->error, "%s: a row does not have %zu columns", t->name, t->count);
            return RC_DB;
        }
        if (bind_field(load->into, (int)i + 1, t->columns[i].is_number, field, (size_t)(stop - field), &load->out) != SQLITE_OK)
            return sqlite_fail(c, t->name);
        field = stop + 1;
    }
    int code = sqlite3_step(load->into);
    if (code != SQLITE_DONE) {
        enum rc rc = sqlite_fail(c, t->name);
        sqlite3_reset(load->into);
        return rc;
    }
    sqlite3_reset(load->into);
    return RC_OK;
}

static enum rc end(struct bulk_load *load)
{
    sqlite3_finalize(load->into);
    load->into = NULL;
    buf_free(&load->out);
    return RC_OK;
}

static enum rc check_foreign_keys(struct sqlite_conn *c)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(c->sqlite, "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1", -1, &s, NULL) != SQLITE_OK)
        return sqlite_fail(c, "foreign keys");
    int code = sqlite3_step(s);
    enum rc rc = code == SQLITE_DONE ? RC_OK : code == SQLITE_ROW ? RC_DB_FOREIGN_KEY : sqlite_fail(c, "foreign keys");
    if (code == SQLITE_ROW)
        snprintf(c->error, sizeof c->error, "row %lld of %s refers to a row of %s that is not there", (long long)sqlite3_column_int64(s, 1),
                 (const char *)sqlite3_column_text(s, 0), (const char *)sqlite3_column_text(s, 2));
    sqlite3_finalize(s);
    return rc;
}

static enum rc close_load(struct bulk_load *load)
{
    return check_foreign_keys(conn_of(load->db));
}

/* ---- ids ---- */

static const struct sql sql_is_counting = {
    "bulk.is_counting", "SELECT CASE WHEN sql LIKE '%AUTOINCREMENT%' THEN 1 ELSE 0 END AS n FROM sqlite_schema WHERE type = 'table' AND name = $1"};
static const struct sql sql_last = {"bulk.last", "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = $1), 0) AS n"};
static const struct sql sql_forget_last = {"bulk.forget_last", "DELETE FROM sqlite_sequence WHERE name = $1"};
static const struct sql sql_set_last = {"bulk.set_last", "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)"};

static enum rc number(struct db *db, const struct sql *sql, const char *text, const char *name, int64_t *out)
{
    DB_ROWS rows = NULL;
    bool more = false;
    enum rc rc = sql ? db_start(db, sql, DB_ARGS(DB_T(name)), &rows) : db_start_text(db, text, DB_NO_ARGS, &rows);
    if (rc == RC_OK)
        rc = db_next(rows, &more);
    if (rc == RC_OK)
        *out = more ? db_int(rows, "n") : 0;
    return rc;
}

/* A table without AUTOINCREMENT goes on after its largest key. */
static enum rc largest_id(struct db *db, const struct bulk_table *t, int64_t *last)
{
    struct buf text;
    const struct bulk_column *key = NULL;
    size_t keys = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->columns[i].is_key && ++keys)
            key = &t->columns[i];
    *last = -1;
    if (keys != 1 || !key->is_number)
        return RC_OK;
    buf_init(&text, 4096);
    buf_fmt(&text, "SELECT COALESCE(MAX(%s), 0) AS n FROM \"%s\"", t->key, t->name);
    enum rc rc = number(db, NULL, buf_text(&text), NULL, last);
    buf_free(&text);
    return rc;
}

static enum rc last_id(struct db *db, const struct bulk_table *t, int64_t *last, bool *counts)
{
    int64_t has_counter = 0;
    enum rc rc = number(db, &sql_is_counting, NULL, t->name, &has_counter);
    if (rc != RC_OK)
        return rc;
    *counts = has_counter != 0;
    return has_counter ? number(db, &sql_last, NULL, t->name, last) : largest_id(db, t, last);
}

static enum rc set_last_id(struct db *db, const struct bulk_table *t, int64_t last)
{
    int64_t counts = 0;
    enum rc rc = number(db, &sql_is_counting, NULL, t->name, &counts);
    if (rc != RC_OK || !counts)
        return rc;
    rc = db_exec(db, &sql_forget_last, DB_ARGS(DB_T(t->name)), NULL);
    return rc == RC_OK && last > 0 ? db_exec(db, &sql_set_last, DB_ARGS(DB_T(t->name), DB_I(last)), NULL) : rc;
}

const struct bulk_engine sqlite_bulk = {
    .tables = {"bulk.tables", "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                              "AND NOT (" BULK_IS_OWN("name") ") ORDER BY name"},
    .columns = {"bulk.columns",
                "SELECT name, CASE WHEN NOT EXISTS (SELECT 1 FROM pragma_table_list($1) WHERE schema = 'main' AND strict) THEN 'not strict' "
                "WHEN type IN ('INTEGER', 'INT') THEN 'number' WHEN type = 'TEXT' THEN 'text' ELSE type END AS kind, "
                "CASE WHEN pk > 0 THEN 1 ELSE 0 END AS is_key FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid"},
    .ready = ready,
    .in_use = in_use,
    .read = read_table,
    .open = open_load,
    .begin = begin,
    .add = add,
    .end = end,
    .close = close_load,
    .last_id = last_id,
    .set_last_id = set_last_id,
};
