/* Copies of a file by its bytes: whatever state its log is in, and while others write, bring home, and shrink it. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/sqlite_copy.h"
#include "db/wal.h"

#define ROWS 400
#define SUM (INT64_C(1000) * ROWS)
#define COPIES 40

struct place {
    char folder[64], file[80], copy[80];
};

static struct place begin(void)
{
    struct place p = {.folder = "/tmp/mms-copy-XXXXXX"};
    assert_non_null(mkdtemp(p.folder));
    snprintf(p.file, sizeof p.file, "%s/a.db", p.folder);
    snprintf(p.copy, sizeof p.copy, "%s/copy.db", p.folder);
    return p;
}

static void forget(const char *file)
{
    char name[128];
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", file, ends[i]);
        unlink(name);
    }
}

static void end(const struct place *p)
{
    forget(p->file);
    forget(p->copy);
    assert_int_equal(rmdir(p->folder), 0);
}

static sqlite3 *open_file(const char *file)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 60000);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why ? why : "");
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* Accounts whose sum never changes, and a counter of the changes; each row on a page of its own, nearly. */
static sqlite3 *fill(const struct place *p)
{
    sqlite3 *db = open_file(p->file);
    run(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;"
            "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, more BLOB); CREATE TABLE done (n INTEGER); INSERT INTO done VALUES (0);"
            "INSERT INTO a SELECT value, 1000, zeroblob(2000) FROM (WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < 400) SELECT value FROM s)");
    return db;
}

static void change(sqlite3 *db, int from, int to)
{
    char sql[300];
    snprintf(sql, sizeof sql, "BEGIN IMMEDIATE; UPDATE a SET n = n - 1 WHERE id = %d; UPDATE a SET n = n + 1 WHERE id = %d; UPDATE done SET n = n + 1; COMMIT",
             from % ROWS + 1, to % ROWS + 1);
    run(db, sql);
}

/* Sound, and how many changes it has. */
static int64_t changes_in(const char *file)
{
    sqlite3 *db = open_file(file);
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    assert_int_equal(number(db, "SELECT sum(n) FROM a"), SUM);
    int64_t n = number(db, "SELECT n FROM done");
    sqlite3_close(db);
    return n;
}

static int64_t copied(const struct place *p, sqlite3 *reader)
{
    int reason = -1;
    forget(p->copy);
    assert_int_equal(sqlite_copy(reader, p->copy, &reason), SQLITE_COPIED);
    assert_int_equal(reason, 0);
    assert_true(sqlite3_get_autocommit(reader));
    return changes_in(p->copy);
}

static void every_state_of_the_log(void **state)
{
    (void)state;
    struct place p = begin();
    sqlite3 *db = fill(&p), *reader = open_file(p.file), *held = open_file(p.file);
    assert_int_equal(copied(&p, reader), 0); /* nothing is home */
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(copied(&p, reader), 0); /* the log is empty */
    change(db, 1, 2);
    run(held, "BEGIN; SELECT count(*) FROM a");
    change(db, 3, 4);
    run(db, "PRAGMA wal_checkpoint(PASSIVE)"); /* as far as `held` sees */
    assert_int_equal(copied(&p, reader), 2);
    run(held, "COMMIT");
    run(db, "PRAGMA wal_checkpoint(PASSIVE)");
    assert_int_equal(copied(&p, reader), 2); /* all is home, the log stands */
    change(db, 5, 6); /* and begins anew */
    assert_int_equal(copied(&p, reader), 3);
    sqlite3_close(held);
    sqlite3_close(reader);
    sqlite3_close(db); /* the last one takes the log away */
    assert_int_equal(sqlite3_open_v2(p.file, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(copied(&p, reader), 3);
    sqlite3_close(reader);
    end(&p);
}

static void what_is_not_committed_is_not_copied(void **state)
{
    (void)state;
    struct place p = begin();
    sqlite3 *db = fill(&p), *reader = open_file(p.file);
    run(db, "PRAGMA cache_size = 10; BEGIN; UPDATE a SET n = n + 1; UPDATE done SET n = 99"); /* too much for the cache: it is in the log */
    assert_int_equal(copied(&p, reader), 0);
    run(db, "ROLLBACK");
    change(db, 7, 8);
    assert_int_equal(copied(&p, reader), 1);
    sqlite3_close(reader);
    sqlite3_close(db);
    end(&p);
}

static void a_file_that_shrinks(void **state)
{
    (void)state;
    struct place p = begin();
    sqlite3 *db = fill(&p), *reader = open_file(p.file);
    run(db, "CREATE TABLE large AS SELECT randomblob(4000) AS x FROM (WITH RECURSIVE s (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM s WHERE v < 500) SELECT v FROM s); PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE large; VACUUM");
    assert_int_equal(copied(&p, reader), 0);
    sqlite3 *copy = open_file(p.copy);
    assert_int_equal(number(copy, "PRAGMA page_count"), number(db, "PRAGMA page_count"));
    sqlite3_close(copy);
    sqlite3_close(reader);
    sqlite3_close(db);
    end(&p);
}

static void otherwise(void **state)
{
    (void)state;
    struct place p = begin();
    int reason;
    sqlite3 *db = open_file(p.file);
    run(db, "PRAGMA journal_mode = DELETE; CREATE TABLE a (n INTEGER)");
    assert_int_equal(sqlite_copy(db, p.copy, &reason), SQLITE_COPY_OTHERWISE); /* no log */
    assert_int_not_equal(access(p.copy, F_OK), 0);
    run(db, "PRAGMA journal_mode = WAL; BEGIN; INSERT INTO a VALUES (1)");
    assert_int_equal(sqlite_copy(db, p.copy, &reason), SQLITE_COPY_OTHERWISE); /* a transaction, which stays */
    assert_false(sqlite3_get_autocommit(db));
    run(db, "COMMIT");
    assert_int_equal(sqlite_copy(db, "/nowhere/copy.db", &reason), SQLITE_COPY_FAILED);
    assert_int_equal(reason, ENOENT);
    sqlite3_close(db);
    end(&p);
}

struct others {
    const struct place *place;
    atomic_bool over;
    atomic_llong done;
};

static void *write_on(void *arg)
{
    struct others *o = arg;
    sqlite3 *db = open_file(o->place->file);
    run(db, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0");
    for (int i = 0; !o->over; i++) {
        change(db, i * 7, i * 13 + 1);
        atomic_store(&o->done, i + 1);
        /* Often home, so that the log begins anew between the copies, and is partly home under them. */
        sqlite3_wal_checkpoint_v2(db, NULL, i % 100 == 0 ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        usleep(200);
    }
    sqlite3_close(db);
    return NULL;
}

/* Readers hold the log back now and then. */
static void *read_on(void *arg)
{
    struct others *o = arg;
    sqlite3 *db = open_file(o->place->file);
    while (!o->over) {
        run(db, "BEGIN");
        assert_int_equal(number(db, "SELECT sum(n) FROM a"), SUM);
        usleep(500);
        run(db, "COMMIT");
        usleep(2000);
    }
    sqlite3_close(db);
    return NULL;
}

static void while_others_write(void **state)
{
    (void)state;
    struct place p = begin();
    sqlite3 *db = fill(&p), *reader = open_file(p.file);
    struct others o = {.place = &p};
    pthread_t writer, readers[2];
    assert_int_equal(pthread_create(&writer, NULL, write_on, &o), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &o), 0);
    for (int i = 0; i < COPIES; i++) {
        int64_t before = atomic_load(&o.done), has = copied(&p, reader);
        assert_true(has >= before);
        assert_true(has <= atomic_load(&o.done) + 1);
    }
    o.over = true;
    pthread_join(writer, NULL);
    for (size_t i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(copied(&p, reader), atomic_load(&o.done));
    sqlite3_close(reader);
    sqlite3_close(db);
    end(&p);
}

static volatile unsigned char *index_of(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    void volatile *region = NULL;
    assert_int_equal(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    assert_int_equal(file->pMethods->xShmMap(file, 0, 32768, 0, &region), SQLITE_OK);
    return region;
}

static void *resume(void *arg)
{
    usleep(50000);
    index_of(arg)[8] += 1;
    return NULL;
}

/* A writer that the system sets aside between the two copies of the index's header. */
static void a_writer_set_aside(void **state)
{
    (void)state;
    struct place p = begin();
    sqlite3 *db = fill(&p);
    struct wal_end before, after;
    assert_true(wal_read_end(db, &before));
    assert_true(before.frames > 0);
    volatile unsigned char *index = index_of(db);
    index[8] -= 1; /* of the count of changes */
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, resume, db), 0);
    assert_true(wal_read_end(db, &after));
    pthread_join(writer, NULL);
    assert_int_equal(after.frames, before.frames);
    index[8] -= 1; /* and one that never comes back */
    assert_false(wal_read_end(db, &after));
    index[8] += 1;
    sqlite3_close(db);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_the_log), cmocka_unit_test(what_is_not_committed_is_not_copied), cmocka_unit_test(a_file_that_shrinks),
        cmocka_unit_test(otherwise),              cmocka_unit_test(while_others_write),
        cmocka_unit_test(a_writer_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
