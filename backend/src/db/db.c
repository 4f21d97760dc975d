/* Statements and rows, whatever the engine: prepared once per connection, found again,
 * read by column name. */
#include "db/driver.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define TEXT_STATEMENTS 64
#define GUESSES 32

/* Where the names of one table of names stand in the row. */
struct column_map {
    struct column_map *next;
    const void *first;
    size_t count;
    int16_t at[];
};

/* A prepared statement; at most one run at a time, which is what the caller holds as its rows. */
struct db_rows {
    struct db *db;
    struct stmt *stmt;
    const char *name;
    bool running, on_row, ended;
    int column_count;
    char **columns;
    /* the column found last for a name at such an address; verified before it is used */
    int16_t guess[GUESSES];
    struct column_map *maps;
    char *text; /* of db_start_text; NULL for a named one */
    size_t text_n;
    uint64_t hash, last_used;
    int64_t began_us;
};

struct named {
    const struct sql *sql;
    struct db_rows *rows;
};

struct db {
    struct conn *conn;
    char *place;
    enum db_mode mode;
    struct named *named; /* open addressing, a power of two, at most half full */
    size_t named_cap, named_count;
    struct db_rows *texts[TEXT_STATEMENTS];
    uint64_t uses;
    size_t running;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void db_misuse(const char *statement, const char *what)
{
    fprintf(stderr, "mms: programming error: statement '%.200s' %s\n", statement, what);
    abort();
}

struct db_value db_text_value(const char *text)
{
    return text ? (struct db_value){DB_TEXT, 0, text} : DB_N;
}

/* ---- preparing and forgetting ---- */

static char **copy_column_names(const struct stmt *s, int count)
{
    char **names = must(calloc((size_t)count + 1, sizeof *names));
    for (int i = 0; i < count; i++)
        names[i] = must(strdup(driver_column_name(s, i)));
    return names;
}

static enum rc prepare(struct db *db, const char *name, const char *text, struct db_rows **out)
{
    struct stmt *stmt = NULL;
    enum rc rc = driver_prepare(db->conn, name, text, &stmt);
    if (rc != RC_OK)
        return rc;
    struct db_rows *rows = must(calloc(1, sizeof *rows));
    rows->db = db;
    rows->stmt = stmt;
    rows->name = name;
    rows->column_count = driver_column_count(stmt);
    rows->columns = copy_column_names(stmt, rows->column_count);
    *out = rows;
    return RC_OK;
}

static void forget(struct db_rows *rows)
{
    if (!rows)
        return;
    driver_finalize(rows->stmt);
    for (int i = 0; i < rows->column_count; i++)
        free(rows->columns[i]);
    free(rows->columns);
    while (rows->maps) {
        struct column_map *map = rows->maps;
        rows->maps = map->next;
        free(map);
    }
    free(rows->text);
    free(rows);
}

/* ---- named statements: by the address of the constant ---- */

static struct named *named_slot(struct named *table, size_t cap, const struct sql *sql)
{
    size_t at = (size_t)(((uintptr_t)sql >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (cap - 1);
    while (table[at].sql && table[at].sql != sql)
        at = (at + 1) & (cap - 1);
    return &table[at];
}

static void grow_named(struct db *db)
{
    size_t cap = db->named_cap ? db->named_cap * 2 : 128;
    struct named *table = must(calloc(cap, sizeof *table));
    for (size_t i = 0; i < db->named_cap; i++)
        if (db->named[i].sql)
            *named_slot(table, cap, db->named[i].sql) = db->named[i];
    free(db->named);
    db->named = table;
    db->named_cap = cap;
}

static enum rc find_named(struct db *db, const struct sql *sql, struct db_rows **out)
{
    if (db->named_count * 2 >= db->named_cap)
        grow_named(db);
    struct named *slot = named_slot(db->named, db->named_cap, sql);
    if (!slot->sql) {
        enum rc rc = prepare(db, sql->name, sql->text, &slot->rows);
        if (rc != RC_OK)
            return rc;
        slot->sql = sql;
        db->named_count++;
    }
    *out = slot->rows;
    return RC_OK;
}

/* ---- text statements: by content, the 64 last used ---- */

static uint64_t hash_of(const char *text, size_t n)
{
    uint64_t hash = n, word = 0;
    for (; n >= sizeof word; text += sizeof word, n -= sizeof word) {
        memcpy(&word, text, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, text, n);
    return (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_text(const struct db_rows *rows, const char *text, size_t n, uint64_t hash)
{
    return rows && rows->hash == hash && rows->text_n == n && memcmp(rows->text, text, n) == 0;
}

/* The place of that text; else an empty one, else the one unused for longest. */
static struct db_rows **text_place(struct db *db, const char *text, size_t n, uint64_t hash)
{
    struct db_rows **place = NULL;
    for (size_t i = 0; i < TEXT_STATEMENTS; i++) {
        struct db_rows **p = &db->texts[i];
        if (is_text(*p, text, n, hash))
            return p;
        if (*p && (*p)->running)
            continue;
        if (!place || (*place && (!*p || (*p)->last_used < (*place)->last_used)))
            place = p;
    }
    return place;
}

static enum rc prepare_text(struct db *db, const char *text, size_t n, struct db_rows **out)
{
    char *copy = must(strdup(text));
    enum rc rc = prepare(db, copy, copy, out);
    if (rc != RC_OK) {
        free(copy);
        return rc;
    }
    (*out)->text = copy;
    (*out)->text_n = n;
    (*out)->hash = hash_of(copy, n);
    return RC_OK;
}

static enum rc find_text(struct db *db, const char *text, struct db_rows **out)
{
    size_t n = strlen(text);
    uint64_t hash = hash_of(text, n);
    struct db_rows **place = text_place(db, text, n, hash);
    if (!place)
        db_misuse(text, "comes while all the others of its kind are running");
    if (!is_text(*place, text, n, hash)) {
        struct db_rows *fresh = NULL;
        enum rc rc = prepare_text(db, text, n, &fresh);
        if (rc != RC_OK)
            return rc;
        forget(*place);
        *place = fresh;
    }
    (*place)->last_used = ++db->uses;
    *out = *place;
    return RC_OK;
}

/* ---- slow ones ---- */

static _Atomic int64_t slow_us; /* 0: none is told */

void db_tell_slow_statements(int64_t us)
{
    atomic_store(&slow_us, us);
}

/* Its text holds no values: these are bound. */
static void tell_when_slow(const struct db_rows *rows)
{
    int64_t bound_us = atomic_load_explicit(&slow_us, memory_order_relaxed), took_us = bound_us ? clock_monotonic_us() - rows->began_us : 0;
    if (bound_us && took_us >= bound_us)
        log_event(LOG_INFO, "storage.slow", NULL, LOG_TEXT("statement", rows->name), LOG_INT("took_us", took_us));
}

/* ---- running ---- */

static enum rc start(struct db_rows *rows, const struct db_value *args, size_t count,
                     struct db_rows **out)
{
    if (rows->running)
        db_misuse(rows->name, "was started while its earlier run has not ended");
    rows->began_us = atomic_load_explicit(&slow_us, memory_order_relaxed) ? clock_monotonic_us() : 0;
    enum rc rc = driver_start(rows->stmt, args, count);
    if (rc != RC_OK)
        return rc;
    rows->running = true;
    rows->on_row = rows->ended = false;
    rows->db->running++;
    *out = rows;
    return RC_OK;
}

enum rc db_start(struct db *db, const struct sql *sql, const struct db_value *args, size_t count,
                 struct db_rows **out)
{
    struct db_rows *rows = NULL;
    enum rc rc = find_named(db, sql, &rows);
    return rc == RC_OK ? start(rows, args, count, out) : rc;
}

enum rc db_start_text(struct db *db, const char *text, const struct db_value *args, size_t count,
                      struct db_rows **out)
{
    struct db_rows *rows = NULL;
    enum rc rc = find_text(db, text, &rows);
    return rc == RC_OK ? start(rows, args, count, out) : rc;
}

enum rc db_next(struct db_rows *rows, bool *more)
{
    bool row = false;
    /* After its last row SQLite would begin the statement anew. */
    enum rc rc = rows->ended ? RC_OK : driver_step(rows->stmt, &row);
    rows->on_row = row;
    rows->ended = !row;
    if (rc == RC_OK)
        *more = row;
    return rc;
}

void db_end(struct db_rows *rows)
{
    if (!rows)
        return;
    if (!rows->running)
        db_misuse(rows->name, "was ended twice");
    tell_when_slow(rows);
    driver_reset(rows->stmt);
    rows->running = rows->on_row = false;
    rows->db->running--;
}

enum rc db_exec(struct db *db, const struct sql *sql, const struct db_value *args, size_t count,
                int64_t *changed)
{
    DB_ROWS rows = NULL;
    enum rc rc = db_start(db, sql, args, count, &rows);
    for (bool more = true; rc == RC_OK && more;)
        rc = db_next(rows, &more);
    if (rc == RC_OK && changed)
        *changed = driver_changed(rows->stmt);
    return rc;
}

/* ---- columns ---- */

static int search_column(const struct db_rows *rows, const char *name)
{
    for (int i = 0; i < rows->column_count; i++)
        if (strcmp(rows->columns[i], name) == 0)
            return i;
    return -1;
}

static int column_of(struct db_rows *rows, const char *name)
{
    if (!rows->on_row)
        db_misuse(rows->name, "has no present row to read from");
    uintptr_t address = (uintptr_t)name;
    int16_t *guess = &rows->guess[(address ^ (address >> 5)) % GUESSES];
    if (*guess < rows->column_count && strcmp(rows->columns[*guess], name) == 0)
        return *guess;
    int at = search_column(rows, name);
    if (at < 0) {
        fprintf(stderr, "mms: column '%.100s'\n", name);
        db_misuse(rows->name, "does not give that column");
    }
    *guess = (int16_t)at;
    return at;
}

int64_t db_int(struct db_rows *rows, const char *column)
{
    return driver_int(rows->stmt, column_of(rows, column));
}

struct dec db_dec(struct db_rows *rows, const char *column)
{
    return (struct dec){db_int(rows, column)};
}

const char *db_text(struct db_rows *rows, const char *column)
{
    return driver_text(rows->stmt, column_of(rows, column), NULL);
}

bool db_is_null(struct db_rows *rows, const char *column)
{
    return driver_type(rows->stmt, column_of(rows, column)) == DB_NULL;
}

static const int16_t *make_map(struct db_rows *rows, const void *first, size_t stride, size_t count)
{
    struct column_map *map = must(calloc(1, sizeof *map + count * sizeof *map->at));
    map->first = first;
    map->count = count;
    for (size_t i = 0; i < count; i++)
        map->at[i] =
            (int16_t)search_column(rows, *(const char *const *)((const char *)first + i * stride));
    map->next = rows->maps;
    rows->maps = map;
    return map->at;
}

const int16_t *db_columns(struct db_rows *rows, const void *first, size_t stride, size_t count)
{
    for (const struct column_map *map = rows->maps; map; map = map->next)
        if (map->first == first && map->count == count)
            return map->at;
    return make_map(rows, first, stride, count);
}

enum db_type db_type_at(struct db_rows *rows, int column)
{
    return driver_type(rows->stmt, column);
}

int64_t db_int_at(struct db_rows *rows, int column)
{
    return driver_int(rows->stmt, column);
}

const char *db_text_at(struct db_rows *rows, int column, size_t *n)
{
    return driver_text(rows->stmt, column, n);
}

/* ---- connections ---- */

bool db_is_server(const char *place)
{
    return strncmp(place, "postgresql://", 13) == 0 || strncmp(place, "postgres://", 11) == 0;
}

static enum rc open_conn(const char *place, enum db_mode mode, struct conn **out, struct error *why)
{
    return db_is_server(place) ? postgres_open(place, mode, out, why)
                               : sqlite_open(place, mode, out, why);
}

enum rc db_open(const char *place, enum db_mode mode, struct db **out, struct error *why)
{
    struct conn *conn = NULL;
    enum rc rc = open_conn(place, mode, &conn, why);
    if (rc != RC_OK)
        return rc;
    struct db *db = must(calloc(1, sizeof *db));
    db->conn = conn;
    db->place = must(strdup(place));
    db->mode = mode;
    *out = db;
    return RC_OK;
}

static void forget_all(struct db *db)
{
    for (size_t i = 0; i < db->named_cap; i++)
        forget(db->named[i].rows);
    for (size_t i = 0; i < TEXT_STATEMENTS; i++)
        forget(db->texts[i]);
    free(db->named);
    memset(db->texts, 0, sizeof db->texts);
    db->named = NULL;
    db->named_cap = db->named_count = 0;
}

enum rc db_renew(struct db *db)
{
    struct conn *fresh = NULL;
    if (!driver_is_lost(db->conn))
        return RC_OK;
    db_check_ended(db, "db_renew");
    enum rc rc = open_conn(db->place, db->mode, &fresh, NULL);
    if (rc != RC_OK)
        return rc;
    forget_all(db);
    driver_close(db->conn);
    db->conn = fresh;
    return RC_OK;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_check_ended(db, "db_close");
    forget_all(db);
    driver_close(db->conn);
    free(db->place);
    free(db);
}

const char *db_last_error(const struct db *db)
{
    return driver_error(db->conn);
}

const char *db_place(const struct db *db)
{
    return db->place;
}

struct conn *db_conn(struct db *db)
{
    return db->conn;
}

static const char *running_name(const struct db *db)
{
    for (size_t i = 0; i < db->named_cap; i++)
        if (db->named[i].rows && db->named[i].rows->running)
            return db->named[i].rows->name;
    for (size_t i = 0; i < TEXT_STATEMENTS; i++)
        if (db->texts[i] && db->texts[i]->running)
            return db->texts[i]->name;
    return "?";
}

void db_check_ended(const struct db *db, const char *where)
{
    if (db->running == 0)
        return;
    fprintf(stderr, "mms: at the end of %s\n", where);
    db_misuse(running_name(db), "is still running");
}

/* ---- the database itself ---- */

const struct db_catalogue *db_catalogue(const struct db *db)
{
    return db->conn->engine->catalogue;
}

enum rc db_expect_many(struct db *db)
{
    const struct engine *engine = db->conn->engine;
    return engine->expect_many ? engine->expect_many(db->conn) : RC_OK;
}

enum rc db_plan_anew(struct db *db)
{
    const struct engine *engine = db->conn->engine;
    return engine->plan_anew ? engine->plan_anew(db->conn) : RC_OK;
}

enum rc db_set_trigger(struct db *db, const char *table, const char *trigger, bool on)
{
    const struct engine *engine = db->conn->engine;
    return engine->set_trigger ? engine->set_trigger(db->conn, table, trigger, on) : RC_OK;
}
