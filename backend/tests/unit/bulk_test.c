/* Whole tables as lines, and back, on SQLite: escaping, the catalogue, ids and counters, and rows that cannot be. */
#include "db_toy.h"

#include "base/arena.h"
#include "base/buf.h"
#include "db/bulk.h"

struct bench {
    struct db *db;
    struct arena arena;
    struct bulk_tables tables;
};

static struct bench open_bench(const struct toy *toy, const char *const *schema)
{
    struct bench b = {.db = toy_open(toy, DB_WRITE)};
    arena_init(&b.arena);
    for (; *schema; schema++)
        toy_run(b.db, *schema);
    assert_int_equal(db_bulk_tables(b.db, &b.arena, &b.tables), RC_OK);
    return b;
}

static void close_bench(struct bench *b)
{
    arena_free(&b->arena);
    db_close(b->db);
}

static const struct bulk_table *table(const struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->tables.count; i++)
        if (strcmp(b->tables.list[i].name, name) == 0)
            return &b->tables.list[i];
    fail_msg("no table %s", name);
    return NULL;
}

static enum rc keep_line(void *arg, const char *line, size_t n)
{
    buf_add(arg, line, n);
    buf_char(arg, '\n');
    return RC_OK;
}

/* All lines of the table, each with its newline. */
static const char *lines(struct bench *b, const char *name)
{
    struct buf all;
    buf_init(&all, 1 << 20);
    assert_int_equal(db_bulk_read(b->db, table(b, name), keep_line, &all), RC_OK);
    const char *text = arena_dup(&b->arena, buf_text(&all));
    buf_free(&all);
    return text;
}

static enum rc add_lines(struct bulk_load *load, const char *text)
{
    enum rc rc = RC_OK;
    for (const char *end; rc == RC_OK && (end = strchr(text, '\n')); text = end + 1)
        rc = db_bulk_add(load, text, (size_t)(end - text));
    return rc;
}

/* Fills one table; gives the first failure, of a row or at the end. */
static enum rc fill(struct bench *b, const char *name, const char *text)
{
    struct bulk_load *load = NULL;
    assert_int_equal(db_bulk_ready(b->db, true), RC_OK);
    toy_run(b->db, "BEGIN");
    assert_int_equal(db_bulk_open(b->db, &b->tables, &b->arena, &load), RC_OK);
    assert_int_equal(db_bulk_begin(load, table(b, name)), RC_OK);
    enum rc rc = add_lines(load, text), ended = db_bulk_end(load);
    assert_int_equal(ended, RC_OK);
    if (rc == RC_OK)
        rc = db_bulk_close(load);
    toy_run(b->db, rc == RC_OK ? "COMMIT" : "ROLLBACK");
    return rc;
}

/* ---- lines ---- */

static const char *const plain[] = {"CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT) STRICT", NULL};

static void what_stands_for_what(void **state)
{
    struct bench b = open_bench(*state, plain);
    toy_run(b.db, "INSERT INTO t VALUES (1, NULL, NULL), (2, 0, ''), (3, 9223372036854775807, char(8, 12, 10, 13, 9, 11, 92)),"
                  " (4, -9223372036854775807 - 1, '\\N'), (5, -1, '氢 \\t \"x\" ''y'' ' || char(1, 127)), (6, 6, '\\'), (7, 7, char(9))");
    const char *written = "1\t\\N\t\\N\n"
                          "2\t0\t\n"
                          "3\t9223372036854775807\t\\b\\f\\n\\r\\t\\v\\\\\n"
                          "4\t-9223372036854775808\t\\\\N\n"
                          "5\t-1\t氢 \\\\t \"x\" 'y' \x01\x7f\n"
                          "6\t6\t\\\\\n"
                          "7\t7\t\\t\n";
    assert_string_equal(lines(&b, "t"), written);
    assert_int_equal(fill(&b, "t", written), RC_OK);
    assert_string_equal(lines(&b, "t"), written);
    assert_int_equal(toy_number(b.db, "SELECT COUNT(*) FROM t WHERE s = char(8, 12, 10, 13, 9, 11, 92) OR s = '\\N' OR s = char(9)"), 3);
    assert_int_equal(toy_number(b.db, "SELECT COUNT(*) FROM t WHERE s IS NULL AND n IS NULL"), 1);
    assert_int_equal(toy_number(b.db, "SELECT COUNT(*) FROM t WHERE s = '' AND typeof(s) = 'text'"), 1);
    close_bench(&b);
}

static void a_long_text(void **state)
{
    struct bench b = open_bench(*state, plain);
    toy_run(b.db, "INSERT INTO t VALUES (1, 1, replace(hex(zeroblob(100000)), '00', char(10) || 'x' || char(92)))");
    const char *before = lines(&b, "t");
    assert_int_equal(strlen(before), 4 + 5 * 100000 + 1);
    assert_int_equal(fill(&b, "t", before), RC_OK);
    assert_string_equal(lines(&b, "t"), before);
    close_bench(&b);
}

static void rows_come_in_the_order_of_the_key(void **state)
{
    static const char *const schema[] = {"CREATE TABLE t (b TEXT NOT NULL, a INTEGER NOT NULL, PRIMARY KEY (a, b)) STRICT",
                                         "CREATE TABLE u (b TEXT, a INTEGER) STRICT", NULL};
    struct bench b = open_bench(*state, schema);
    toy_run(b.db, "INSERT INTO t VALUES ('B', 2), ('a', 2), ('z', 1), ('b', 10)");
    toy_run(b.db, "INSERT INTO u VALUES ('x', 2), ('x', 1), (NULL, 3)");
    assert_string_equal(table(&b, "u")->key, "\"b\", \"a\"");
    assert_string_equal(lines(&b, "u"), "\\N\t3\nx\t1\nx\t2\n");
    assert_string_equal(lines(&b, "t"), "B\t2\na\t2\nb\t10\nz\t1\n");
    close_bench(&b);
}

static enum rc refuse_line(void *arg, const char *line, size_t n)
{
    ++*(int *)arg;
    return line && n ? RC_BUSY : RC_OK;
}

static void who_takes_can_end_it(void **state)
{
    struct bench b = open_bench(*state, plain);
    int calls = 0;
    toy_run(b.db, "INSERT INTO t (id) VALUES (1), (2)");
    assert_int_equal(db_bulk_read(b.db, table(&b, "t"), refuse_line, &calls), RC_BUSY);
    assert_int_equal(calls, 1);
    assert_string_equal(lines(&b, "t"), "1\t\\N\t\\N\n2\t\\N\t\\N\n");
    close_bench(&b);
}

/* ---- the catalogue ---- */

static void which_tables_and_columns(void **state)
{
    static const char *const schema[] = {
        "CREATE TABLE zebra (id INTEGER PRIMARY KEY AUTOINCREMENT, s TEXT, twice INTEGER GENERATED ALWAYS AS (id * 2) STORED) STRICT",
        "CREATE TABLE \"order\" (\"from\" TEXT PRIMARY KEY, \"a \"\"b\" INTEGER) STRICT, WITHOUT ROWID",
        "CREATE TABLE loose (id INTEGER PRIMARY KEY)", "CREATE TABLE real (id INTEGER PRIMARY KEY, r REAL, x BLOB) STRICT",
        "CREATE TABLE search_things (id INTEGER PRIMARY KEY) STRICT", "CREATE VIEW seen AS SELECT 1 AS one", NULL};
    struct bench b = open_bench(*state, schema);
    static const char *const names[] = {"loose", "order", "real", "zebra"};
    assert_int_equal(b.tables.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(b.tables.list[i].name, names[i]);
    const struct bulk_table *order = table(&b, "order"), *zebra = table(&b, "zebra");
    assert_null(order->odd_column);
    assert_string_equal(order->list, "\"from\", \"a \"\"b\"");
    assert_string_equal(order->key, "\"from\"");
    assert_true(!order->columns[0].is_number && order->columns[0].is_key && order->columns[1].is_number && !order->columns[1].is_key);
    assert_null(zebra->odd_column);
    assert_string_equal(zebra->list, "\"id\", \"s\"");
    assert_string_equal(table(&b, "loose")->odd_column, "id (not strict)");
    assert_string_equal(table(&b, "real")->odd_column, "x (BLOB)");
    toy_run(b.db, "INSERT INTO \"order\" VALUES ('x', 1)");
    assert_int_equal(fill(&b, "order", "y\t2\n"), RC_OK);
    assert_string_equal(lines(&b, "order"), "y\t2\n");
    assert_int_equal(fill(&b, "zebra", "7\tx\n"), RC_OK);
    assert_int_equal(toy_number(b.db, "SELECT twice FROM zebra"), 14);
    close_bench(&b);
}

/* ---- rows that cannot be ---- */

static const char *const bound[] = {
    "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, n INTEGER CHECK (n >= 0), parent INTEGER REFERENCES t (id)) STRICT",
    "CREATE UNIQUE INDEX t_by_n ON t (n)", "CREATE TABLE seen (id INTEGER PRIMARY KEY) STRICT",
    "CREATE TRIGGER t_follows AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.id); END", "INSERT INTO t VALUES (1, 'old', 1, NULL)", NULL};

static void is_refused(struct bench *b, const char *text, enum rc rc, const char *why)
{
    assert_int_equal(fill(b, "t", text), rc);
    if (!strstr(db_last_error(b->db), why))
        fail_msg("%s: %s", text, db_last_error(b->db));
    assert_string_equal(lines(b, "t"), "1\told\t1\t\\N\n"); /* rolled back */
    assert_string_equal(lines(b, "seen"), "1\n");
}

static void rows_that_cannot_be(void **state)
{
    struct bench b = open_bench(*state, bound);
    is_refused(&b, "2\ta\t1\n", RC_DB, "t: a row does not have 4 columns");
    is_refused(&b, "2\ta\t1\t\\N\t5\n", RC_DB, "t: a row does not have 4 columns");
    is_refused(&b, "\n", RC_DB, "t: a row does not have 4 columns");
    is_refused(&b, "2\t\\N\t1\t\\N\n", RC_DB_CHECK, "t.code");
    is_refused(&b, "2\ta\t-1\t\\N\n", RC_DB_CHECK, "n >= 0");
    is_refused(&b, "2\ta\t1\t\\N\n2\tb\t2\t\\N\n", RC_DB_UNIQUE, "t.id");
    is_refused(&b, "2\ta\t1\t\\N\n3\ta\t2\t\\N\n", RC_DB_UNIQUE, "t.code");
    is_refused(&b, "2\ta\t1\t\\N\n3\tb\t1\t\\N\n", RC_DB_UNIQUE, "t.n"); /* by its index, when that comes back */
    is_refused(&b, "2\ta\t1\t7\n", RC_DB_FOREIGN_KEY, "row 2 of t refers to a row of t that is not there");
    close_bench(&b);
}

static void loading_empties_and_puts_all_back(void **state)
{
    struct bench b = open_bench(*state, bound);
    assert_int_equal(fill(&b, "t", "3\tb\t3\t2\n2\ta\t2\t\\N\n"), RC_OK); /* a child before its parent */
    assert_string_equal(lines(&b, "t"), "2\ta\t2\t\\N\n3\tb\t3\t2\n");
    assert_string_equal(lines(&b, "seen"), "");
    toy_run(b.db, "INSERT INTO t VALUES (4, 'c', 4, NULL)");
    assert_string_equal(lines(&b, "seen"), "4\n");
    assert_int_equal(toy_try(b.db, "INSERT INTO t VALUES (5, 'd', 4, NULL)"), RC_DB_UNIQUE);
    close_bench(&b);
}

/* ---- ids ---- */

static void last_is(struct bench *b, const char *name, int64_t wanted, bool wanted_counts)
{
    int64_t last = -7;
    bool counts = !wanted_counts;
    assert_int_equal(db_bulk_last_id(b->db, table(b, name), &last, &counts), RC_OK);
    assert_int_equal(last, wanted);
    assert_true(counts == wanted_counts);
}

static void set_last(struct bench *b, const char *name, int64_t last)
{
    assert_int_equal(db_bulk_set_last_id(b->db, table(b, name), last), RC_OK);
}

static void ids_and_counters(void **state)
{
    static const char *const schema[] = {
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, s TEXT) STRICT", "CREATE TABLE largest (id INTEGER PRIMARY KEY, s TEXT) STRICT",
        "CREATE TABLE named (k TEXT PRIMARY KEY) STRICT", "CREATE TABLE pair (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)) STRICT", NULL};
    struct bench b = open_bench(*state, schema);
    last_is(&b, "counted", 0, true);
    last_is(&b, "largest", 0, false);
    toy_run(b.db, "INSERT INTO counted (id) VALUES (3), (5)");
    toy_run(b.db, "INSERT INTO largest (id) VALUES (3), (5)");
    toy_run(b.db, "DELETE FROM counted WHERE id = 5");
    toy_run(b.db, "DELETE FROM largest WHERE id = 5");
    last_is(&b, "counted", 5, true);
    last_is(&b, "largest", 3, false);
    last_is(&b, "named", -1, false);
    last_is(&b, "pair", -1, false);
    set_last(&b, "counted", 9);
    last_is(&b, "counted", 9, true);
    assert_int_equal(toy_number(b.db, "INSERT INTO counted (s) VALUES ('x') RETURNING id"), 10);
    set_last(&b, "largest", 9);
    last_is(&b, "largest", 3, false);
    toy_run(b.db, "DELETE FROM counted");
    set_last(&b, "counted", 0);
    last_is(&b, "counted", 0, true);
    assert_int_equal(toy_number(b.db, "INSERT INTO counted (s) VALUES ('x') RETURNING id"), 1);
    set_last(&b, "counted", INT64_MAX - 1);
    assert_true(toy_number(b.db, "INSERT INTO counted (s) VALUES ('x') RETURNING id") == INT64_MAX);
    last_is(&b, "counted", INT64_MAX, true);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(what_stands_for_what),
        TOY_TEST(a_long_text),
        TOY_TEST(rows_come_in_the_order_of_the_key),
        TOY_TEST(who_takes_can_end_it),
        TOY_TEST(which_tables_and_columns),
        TOY_TEST(rows_that_cannot_be),
        TOY_TEST(loading_empties_and_puts_all_back),
        TOY_TEST(ids_and_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
