/* Statements, rows, and the mapping of errors. */
#include "db_toy.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static const struct sql sql_make = {
    "toy.make",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, n INTEGER CHECK (n >= 0),"
    " parent INTEGER REFERENCES t (id)) STRICT"};
static const struct sql sql_add = {"toy.add",
                                   "INSERT INTO t (id, code, n, parent) VALUES ($1, $2, $3, $4)"};
static const struct sql sql_by_id = {"toy.by_id",
                                     "SELECT id, code, n, parent FROM t WHERE id = $1"};
static const struct sql sql_all = {"toy.all", "SELECT id, code, n, parent FROM t ORDER BY id"};

static struct db *open_toy(const struct toy *toy)
{
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(db_exec(db, &sql_make, DB_NO_ARGS, NULL), RC_OK);
    return db;
}

static enum rc add(struct db *db, int64_t id, const char *code, int64_t n)
{
    return db_exec(db, &sql_add, DB_ARGS(DB_I(id), DB_T(code), DB_I(n), DB_N), NULL);
}

/* ---- statements and types ---- */

static void types_and_nulls(void **state)
{
    struct db *db = open_toy(*state);
    int64_t changed = -1;
    bool more = false;
    assert_int_equal(
        db_exec(db, &sql_add, DB_ARGS(DB_I(1), DB_T("氢气 H₂"), DB_I(INT64_MAX), DB_N), &changed),
        RC_OK);
    assert_int_equal(changed, 1);
    struct db_rows *rows = NULL;
    assert_int_equal(db_start(db, &sql_by_id, DB_ARGS(DB_I(1)), &rows), RC_OK);
    assert_int_equal(db_next(rows, &more), RC_OK);
    assert_true(more);
    assert_int_equal(db_int(rows, "id"), 1);
    assert_string_equal(db_text(rows, "code"), "氢气 H₂");
    assert_true(db_int(rows, "n") == INT64_MAX);
    assert_true(db_dec(rows, "n").millionths == INT64_MAX);
    assert_true(db_is_null(rows, "parent"));
    assert_false(db_is_null(rows, "n"));
    assert_null(db_text(rows, "parent"));
    assert_int_equal(db_int(rows, "parent"), 0);
    assert_int_equal(db_type_at(rows, 0), DB_INT);
    assert_int_equal(db_type_at(rows, 1), DB_TEXT);
    assert_int_equal(db_type_at(rows, 3), DB_NULL);
    size_t n = 99;
    assert_string_equal(db_text_at(rows, 1, &n), "氢气 H₂");
    assert_int_equal(n, strlen("氢气 H₂"));
    assert_null(db_text_at(rows, 3, &n));
    assert_int_equal(n, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_next(rows, &more), RC_OK);
        assert_false(more);
    }
    db_end(rows);
    db_end(NULL);
    db_close(db);
    db_close(NULL);
}

static void parameters_repeat_in_any_order(void **state)
{
    struct db *db = open_toy(*state);
    static const struct sql sql = {
        "toy.order", "SELECT $2 AS b, $1 AS a, $2 AS again, $3 AS c, $1 + $1 AS twice"};
    DB_ROWS rows = NULL;
    bool more = false;
    assert_int_equal(db_start(db, &sql, DB_ARGS(DB_I(7), DB_T("b"), DB_D(DEC_WHOLE(2))), &rows),
                     RC_OK);
    assert_int_equal(db_next(rows, &more), RC_OK);
    assert_int_equal(db_int(rows, "a"), 7);
    assert_string_equal(db_text(rows, "b"), "b");
    assert_string_equal(db_text(rows, "again"), "b");
    assert_int_equal(db_int(rows, "c"), 2000000);
    assert_int_equal(db_int(rows, "twice"), 14);
    db_end(rows);
    rows = NULL;
    db_close(db);
}

static void a_statement_runs_again(void **state)
{
    struct db *db = open_toy(*state);
    for (int i = 1; i <= 300; i++) {
        char code[16];
        snprintf(code, sizeof code, "m-%d", i);
        assert_int_equal(add(db, i, code, i), RC_OK);
    }
    int64_t sum = 0;
    DB_ROWS rows = NULL;
    assert_int_equal(db_start(db, &sql_all, DB_NO_ARGS, &rows), RC_OK);
    for (bool more = true; more && db_next(rows, &more) == RC_OK && more;) {
        DB_ROWS one = NULL;
        bool found = false;
        assert_int_equal(db_start(db, &sql_by_id, DB_ARGS(DB_I(db_int(rows, "id"))), &one), RC_OK);
        assert_int_equal(db_next(one, &found), RC_OK);
        sum += db_int(one, "n");
    }
    assert_int_equal(sum, 300 * 301 / 2);
    db_end(rows);
    rows = NULL;
    db_close(db);
}

static void many_named_statements(void **state)
{
    static struct sql many[500];
    static char text[500][40];
    struct db *db = toy_open(*state, DB_WRITE);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 500; i++) {
            snprintf(text[i], sizeof text[i], "SELECT %d AS n", i);
            many[i] = (struct sql){"toy.many", text[i]};
            DB_ROWS rows = NULL;
            bool more = false;
            assert_int_equal(db_start(db, &many[i], DB_NO_ARGS, &rows), RC_OK);
            assert_int_equal(db_next(rows, &more), RC_OK);
            assert_int_equal(db_int(rows, "n"), i);
        }
    db_close(db);
}

static void returning_gives_rows(void **state)
{
    struct db *db = open_toy(*state);
    static const struct sql sql = {
        "toy.returning", "INSERT INTO t (code, n) VALUES ($1, $2), ($3, $4) RETURNING id, code"};
    int64_t changed = 0;
    bool more = false;
    DB_ROWS rows = NULL;
    assert_int_equal(db_start(db, &sql, DB_ARGS(DB_T("a"), DB_I(1), DB_T("b"), DB_I(2)), &rows),
                     RC_OK);
    assert_int_equal(db_next(rows, &more), RC_OK);
    assert_string_equal(db_text(rows, "code"), "a");
    assert_int_equal(db_next(rows, &more), RC_OK);
    assert_int_equal(db_int(rows, "id"), 2);
    db_end(rows);
    rows = NULL;
    assert_int_equal(db_exec(db, &sql, DB_ARGS(DB_T("c"), DB_I(1), DB_T("d"), DB_I(2)), &changed),
                     RC_OK);
    assert_int_equal(changed, 2);
    assert_int_equal(db_exec(db, &sql_all, DB_NO_ARGS, &changed), RC_OK);
    assert_int_equal(changed, 0);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM t"), 4);
    db_close(db);
}

static void texts_beyond_the_cache(void **state)
{
    struct db *db = toy_open(*state, DB_WRITE);
    struct db_rows *held = NULL;
    bool more = false;
    assert_int_equal(db_start_text(db, "SELECT $1 AS held", DB_ARGS(DB_T("kept")), &held), RC_OK);
    assert_int_equal(db_next(held, &more), RC_OK);
    for (int i = 0; i < 400; i++) {
        char text[64];
        snprintf(text, sizeof text, "SELECT %d AS n", i % 100);
        assert_int_equal(toy_number(db, text), i % 100);
    }
    assert_string_equal(db_text(held, "held"), "kept");
    db_end(held);
    assert_int_equal(toy_try(db, "SELECT nonsense FROM nowhere"), RC_DB);
    assert_int_equal(toy_try(db, "SELECT nonsense FROM nowhere"), RC_DB);
    assert_non_null(strstr(db_last_error(db), "nowhere"));
    db_close(db);
}

struct name_row {
    const char *name;
    int width;
};
static const struct name_row names_some[] = {{"n", 1}, {"missing", 2}, {"id", 3}};
static const struct name_row names_other[] = {{"parent", 1}, {"code", 2}};

static void columns_by_table(void **state)
{
    struct db *db = open_toy(*state);
    assert_int_equal(add(db, 5, "five", 55), RC_OK);
    const int16_t *first_some = NULL;
    for (int i = 0; i < 3; i++) {
        DB_ROWS rows = NULL;
        bool more = false;
        assert_int_equal(db_start(db, &sql_all, DB_NO_ARGS, &rows), RC_OK);
        const int16_t *some = db_columns(rows, names_some, sizeof *names_some, 3);
        const int16_t *other = db_columns(rows, names_other, sizeof *names_other, 2);
        assert_int_equal(some[0], 2);
        assert_int_equal(some[1], -1);
        assert_int_equal(some[2], 0);
        assert_int_equal(other[0], 3);
        assert_int_equal(other[1], 1);
        assert_true(!first_some || first_some == some);
        first_some = some;
        assert_int_equal(db_next(rows, &more), RC_OK);
        assert_int_equal(db_int_at(rows, some[0]), 55);
    }
    db_close(db);
}

/* ---- errors ---- */

static void broken_rules(void **state)
{
    struct db *db = open_toy(*state);
    toy_run(
        db,
        "CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept for ever'); END");
    assert_int_equal(add(db, 1, "a", 1), RC_OK);
    assert_int_equal(add(db, 1, "b", 1), RC_DB_UNIQUE);
    assert_int_equal(add(db, 2, "a", 1), RC_DB_UNIQUE);
    assert_non_null(strstr(db_last_error(db), "toy.add"));
    assert_non_null(strstr(db_last_error(db), "t.code"));
    assert_int_equal(add(db, 2, "b", -1), RC_DB_CHECK);
    assert_int_equal(add(db, 2, NULL, 1), RC_DB_CHECK);
    assert_int_equal(db_exec(db, &sql_add, DB_ARGS(DB_I(2), DB_T("b"), DB_T("x"), DB_N), NULL),
                     RC_DB_CHECK);
    assert_int_equal(toy_try(db, "UPDATE t SET n = n + 9223372036854775807"), RC_AMOUNT_TOO_LARGE);
    assert_int_equal(db_exec(db, &sql_add, DB_ARGS(DB_I(2), DB_T("b"), DB_I(1), DB_I(77)), NULL),
                     RC_DB_FOREIGN_KEY);
    assert_int_equal(toy_try(db, "DELETE FROM t"), RC_DB_CHECK);
    assert_int_equal(toy_try(db, "REPLACE INTO t (id, code, n) VALUES (1, 'a', 2)"), RC_DB_CHECK);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM t"), 1);
    db_close(db);
}

static void a_full_file(void **state)
{
    struct db *db = open_toy(*state);
    toy_run(db, "PRAGMA max_page_count = 10");
    static char big[9000];
    memset(big, 'x', sizeof big - 1);
    enum rc rc = RC_OK;
    for (int i = 1; rc == RC_OK && i < 100; i++) {
        big[0] = (char)('0' + i / 10);
        big[1] = (char)('0' + i % 10);
        rc = add(db, i, big, 1);
    }
    assert_int_equal(rc, RC_DB_FULL);
    db_close(db);
}

static void a_reader_cannot_write(void **state)
{
    struct db *db = open_toy(*state);
    struct db *reader = toy_open(*state, DB_READ);
    assert_int_equal(add(reader, 1, "a", 1), RC_DB_READONLY);
    assert_int_equal(add(db, 1, "a", 1), RC_OK);
    assert_int_equal(toy_number(reader, "SELECT n FROM t"), 1);
    db_close(reader);
    db_close(db);
}

struct snapshot {
    struct db *writer;
    int64_t before, after;
};

static enum rc read_twice(struct db *db, void *arg)
{
    struct snapshot *s = arg;
    s->before = toy_number(db, "SELECT count(*) FROM t");
    assert_int_equal(add(s->writer, 1, "during", 1), RC_OK);
    s->after = toy_number(db, "SELECT count(*) FROM t");
    return RC_NOT_FOUND;
}

static enum rc read_nested(struct db *db, void *arg)
{
    return db_run_read(db, read_twice, arg);
}

static void a_snapshot_stands_still(void **state)
{
    struct db *db = open_toy(*state);
    struct db *reader = toy_open(*state, DB_READ);
    struct snapshot s = {.writer = db};
    assert_int_equal(db_run_read(reader, read_nested, &s), RC_NOT_FOUND);
    assert_int_equal(s.before, 0);
    assert_int_equal(s.after, 0);
    assert_int_equal(toy_number(reader, "SELECT count(*) FROM t"), 1);
    db_close(reader);
    db_close(db);
}

/* ---- programming errors end the process ---- */

static void wrong_column(struct db *db)
{
    struct db_rows *rows = NULL;
    bool more = false;
    if (db_start_text(db, "SELECT 1 AS one", DB_NO_ARGS, &rows) == RC_OK &&
        db_next(rows, &more) == RC_OK)
        db_int(rows, "two");
}

static void started_twice(struct db *db)
{
    struct db_rows *rows = NULL, *again = NULL;
    if (db_start(db, &sql_all, DB_NO_ARGS, &rows) == RC_OK &&
        db_start(db, &sql_all, DB_NO_ARGS, &again) == RC_OK)
        db_end(again);
}

static void left_open(struct db *db)
{
    struct db_rows *rows = NULL;
    if (db_start(db, &sql_all, DB_NO_ARGS, &rows) == RC_OK)
        db_close(db);
}

static void too_few_arguments(struct db *db)
{
    if (db_exec(db, &sql_by_id, DB_NO_ARGS, NULL) == RC_OK)
        db_close(db);
}

static void a_missing_number(struct db *db)
{
    static const struct sql sql = {"toy.gap", "SELECT $1, $3"};
    if (db_exec(db, &sql, DB_ARGS(DB_I(1), DB_I(2)), NULL) == RC_OK)
        db_close(db);
}

static void two_statements(struct db *db)
{
    static const struct sql sql = {"toy.two", "SELECT 1; SELECT 2"};
    if (db_exec(db, &sql, DB_NO_ARGS, NULL) == RC_OK)
        db_close(db);
}

static void programming_errors(void **state)
{
    static void (*const wrong[])(struct db *) = {wrong_column,     started_twice,
                                                 left_open,        too_few_arguments,
                                                 a_missing_number, two_statements};
    struct db *db = open_toy(*state);
    fflush(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            if (!freopen("/dev/null", "w", stderr))
                _exit(1);
            wrong[i](db);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    db_close(db);
}

static void slow_statements_are_told(void **state)
{
    const struct toy *toy = *state;
    static const struct sql sleep = {"toy.sleep", "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200000) SELECT COUNT(*) FROM c"};
    struct db *db = open_toy(toy);
    char path[128], text[4096] = "";
    snprintf(path, sizeof path, "%s/mms.log", toy->folder);
    assert_true(log_open_dir(toy->folder));
    assert_int_equal(db_exec(db, &sleep, DB_NO_ARGS, NULL), RC_OK); /* not asked for */
    db_tell_slow_statements(1000);
    assert_int_equal(add(db, 1, "secret value", 1), RC_OK);
    assert_int_equal(db_exec(db, &sleep, DB_NO_ARGS, NULL), RC_OK);
    db_tell_slow_statements(0);
    log_close();
    FILE *f = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    static const char told[] = "\"event\":\"storage.slow\",\"statement\":\"toy.sleep\",\"took_us\":";
    const char *first = strstr(text, told);
    assert_non_null(first);
    assert_null(strstr(first + strlen(told), "toy.sleep"));
    assert_null(strstr(text, "secret value"));
    unlink(path);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(types_and_nulls),
        TOY_TEST(parameters_repeat_in_any_order),
        TOY_TEST(a_statement_runs_again),
        TOY_TEST(many_named_statements),
        TOY_TEST(returning_gives_rows),
        TOY_TEST(texts_beyond_the_cache),
        TOY_TEST(columns_by_table),
        TOY_TEST(broken_rules),
        TOY_TEST(a_full_file),
        TOY_TEST(a_reader_cannot_write),
        TOY_TEST(a_snapshot_stands_still),
        TOY_TEST(slow_statements_are_told),
        TOY_TEST(programming_errors),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
