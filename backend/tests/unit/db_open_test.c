/* What db_open says of a file it cannot use. */
#include "db_toy.h"

static const struct sql sql_make = {
    "toy.make", "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE) STRICT"};
static const struct sql sql_add = {"toy.add", "INSERT INTO t (id, code) VALUES ($1, $2)"};

static struct db *open_toy(const struct toy *toy)
{
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(db_exec(db, &sql_make, DB_NO_ARGS, NULL), RC_OK);
    return db;
}

static enum rc add(struct db *db, int64_t id, const char *code)
{
    return db_exec(db, &sql_add, DB_ARGS(DB_I(id), DB_T(code)), NULL);
}

static void refused(const char *path, enum db_mode mode, enum rc expected, const char *en)
{
    struct db *db = NULL;
    struct error why = {0};
    assert_int_equal(db_open(path, mode, &db, NULL), expected);
    assert_int_equal(db_open(path, mode, &db, &why), expected);
    assert_null(db);
    assert_int_equal(why.rc, expected);
    assert_non_null(strstr(why.en, path));
    assert_non_null(strstr(why.zh, path));
    if (!strstr(why.en, en))
        fail_msg("\"%s\" does not say \"%s\"", why.en, en);
}

static void files_that_are_none(void **state)
{
    const struct toy *toy = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/nowhere/mms.db", toy->folder);
    refused(path, DB_WRITE, RC_DB, "folder does not exist");
    refused(path, DB_READ, RC_DB, "folder does not exist");
    refused(toy->folder, DB_WRITE, RC_DB, "is a folder");
    refused(toy->file, DB_READ, RC_DB, "file does not exist");
    assert_false(toy_exists(toy->file));
    toy_write(toy->file, 0, "x", 1);
    snprintf(path, sizeof path, "%s/mms.db", toy->file);
    refused(path, DB_WRITE, RC_DB, "folder does not exist");
}

static void a_disk_that_cannot_be_written(void **state)
{
    (void)state;
    refused("/proc/mms.db", DB_WRITE, RC_DB_READONLY, "cannot be opened or written");
}

static void a_log_that_cannot_be_made(void **state)
{
    const struct toy *toy = *state;
    struct db *db = open_toy(toy);
    db_close(db);
    char log[128];
    snprintf(log, sizeof log, "%s-wal", toy->file);
    assert_int_equal(mkdir(log, 0700), 0);
    refused(toy->file, DB_WRITE, RC_DB_READONLY, "permissions");
}

static void files_that_are_no_database(void **state)
{
    const struct toy *toy = *state;
    static char garbage[20000];
    memset(garbage, 'G', sizeof garbage);
    toy_write(toy->file, 0, "short", 5);
    refused(toy->file, DB_WRITE, RC_DB_CORRUPT, "not an SQLite database");
    toy_write(toy->file, 0, garbage, sizeof garbage);
    refused(toy->file, DB_WRITE, RC_DB_CORRUPT, "not an SQLite database");
    refused(toy->file, DB_READ, RC_DB_CORRUPT, "not an SQLite database");
}

static void fill(const struct toy *toy, int rows)
{
    struct db *db = open_toy(toy);
    char code[200];
    toy_run(db, "BEGIN");
    for (int i = 1; i <= rows; i++) {
        snprintf(code, sizeof code, "%0199d", i);
        assert_int_equal(add(db, i, code), RC_OK);
    }
    toy_run(db, "COMMIT");
    db_close(db);
}

static void a_file_that_was_cut(void **state)
{
    const struct toy *toy = *state;
    fill(toy, 2000);
    int64_t size = toy_size(toy->file);
    assert_true(size > 400000);
    static const int keep_percent[] = {99, 50, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(truncate(toy->file, (off_t)(size * keep_percent[i] / 100)), 0);
        refused(toy->file, DB_WRITE, RC_DB_CORRUPT, "damaged");
        refused(toy->file, DB_READ, RC_DB_CORRUPT, "damaged");
    }
    assert_int_equal(truncate(toy->file, 60), 0);
    refused(toy->file, DB_READ, RC_DB_CORRUPT, "damaged");
}

/* The log's pages are newer than the file's, so SQLite itself does not miss the file's end. */
static void a_cut_file_with_a_log(void **state)
{
    const struct toy *toy = *state;
    fill(toy, 2000);
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(add(db, 9999, "in the log"), RC_OK);
    struct db *reader = toy_open(toy, DB_READ);
    assert_int_equal(toy_number(reader, "SELECT count(*) FROM t"), 2001);
    assert_int_equal(truncate(toy->file, 8192), 0);
    refused(toy->file, DB_READ, RC_DB_CORRUPT, "damaged");
    db_close(reader);
    db_close(db);
}

static void a_file_damaged_inside(void **state)
{
    const struct toy *toy = *state;
    static char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    fill(toy, 2000);
    toy_write(toy->file, (int64_t)20 * 4096, noise, sizeof noise);
    refused(toy->file, DB_WRITE, RC_DB_CORRUPT, "damaged");
    toy_write(toy->file, 16, noise, 80);
    refused(toy->file, DB_WRITE, RC_DB_CORRUPT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(files_that_are_none),       TOY_TEST(a_disk_that_cannot_be_written),
        TOY_TEST(a_log_that_cannot_be_made), TOY_TEST(files_that_are_no_database),
        TOY_TEST(a_file_that_was_cut),       TOY_TEST(a_cut_file_with_a_log),
        TOY_TEST(a_file_damaged_inside),
    };
    return cmocka_run_group_tests_name("db_open", tests, NULL, NULL);
}
