/* A folder that a test has to itself, and short ways to run SQL in it. */
#ifndef MMS_TESTS_DB_TOY_H
#define MMS_TESTS_DB_TOY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/db.h"

struct toy {
    char folder[64];
    char file[96]; /* of the database */
};

static inline int toy_set_up(void **state)
{
    struct toy *toy = calloc(1, sizeof *toy);
    snprintf(toy->folder, sizeof toy->folder, "/tmp/mms-test-XXXXXX");
    assert_non_null(mkdtemp(toy->folder));
    snprintf(toy->file, sizeof toy->file, "%s/mms.db", toy->folder);
    *state = toy;
    return 0;
}

static inline int toy_tear_down(void **state)
{
    struct toy *toy = *state;
    DIR *dir = opendir(toy->folder);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", toy->folder, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) != 0)
            rmdir(path);
    }
    if (dir)
        closedir(dir);
    int left = rmdir(toy->folder);
    free(toy);
    return left;
}

static inline struct db *toy_open(const struct toy *toy, enum db_mode mode)
{
    struct db *db = NULL;
    struct error why = {0};
    if (db_open(toy->file, mode, &db, &why) != RC_OK)
        fail_msg("%s", why.en);
    return db;
}

/* Runs a text once; gives its result. */
static inline enum rc toy_try(struct db *db, const char *text)
{
    DB_ROWS rows = NULL;
    enum rc rc = db_start_text(db, text, DB_NO_ARGS, &rows);
    for (bool more = true; rc == RC_OK && more;)
        rc = db_next(rows, &more);
    return rc;
}

static inline void toy_run(struct db *db, const char *text)
{
    if (toy_try(db, text) != RC_OK)
        fail_msg("%s: %s", text, db_last_error(db));
}

/* The first column of the first row. */
static inline int64_t toy_number(struct db *db, const char *text)
{
    DB_ROWS rows = NULL;
    bool more = false;
    if (db_start_text(db, text, DB_NO_ARGS, &rows) != RC_OK || db_next(rows, &more) != RC_OK ||
        !more)
        fail_msg("%s: %s", text, db_last_error(db));
    return db_int_at(rows, 0);
}

static inline bool toy_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static inline int64_t toy_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static inline void toy_write(const char *path, int64_t at, const void *bytes, size_t n)
{
    FILE *f = fopen(path, toy_exists(path) ? "r+b" : "wb");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

#define TOY_TEST(f) cmocka_unit_test_setup_teardown(f, toy_set_up, toy_tear_down)

#endif
