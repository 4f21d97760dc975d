/* Migrations: upwards from every version, and every way in which that is refused. */
#include "db_toy.h"

#include "base/arena.h"
#include "base/buf.h"
#include "crypto/password.h"
#include "crypto/token.h"
#include "db/dialect.h"

#define NOW INT64_C(1795000000000)

static const struct migration three[] = {
    {1, "core",
     "CREATE TABLE a (id @id@, n @int@ NOT NULL) @strict@;\nINSERT INTO a (n) VALUES (11);\n"},
    {2, "more",
     "ALTER TABLE a ADD COLUMN note TEXT;\n--:sqlite\nCREATE TRIGGER a_kept BEFORE DELETE ON a "
     "BEGIN SELECT RAISE(ABORT, 'kept');"
     " END;\n--:end\n--:postgres\nCREATE NONSENSE;\n--:end\nUPDATE a SET note = 'two';\n"},
    {3, "last",
     "CREATE TABLE b (id @id@, a_id @int@ REFERENCES a (id)) @strict@;\nINSERT INTO b (a_id) "
     "VALUES (1);\n"},
};

struct outcome {
    enum rc rc;
    int applied;
    char snapshot[256];
    char zh[1024], en[1024];
};

static int set_up_crypto(void **state)
{
    (void)state;
    return crypto_init() == RC_OK ? 0 : -1;
}

static struct outcome migrate(struct db *db, const struct toy *toy, const struct migration *list,
                              size_t count)
{
    struct outcome o = {.applied = -1};
    struct arena a;
    struct error why = {0};
    const char *snapshot = NULL;
    arena_init(&a);
    o.rc = db_migrate(db, toy->file, list, count, NOW, &a, &o.applied, &snapshot, &why);
    snprintf(o.snapshot, sizeof o.snapshot, "%s", snapshot ? snapshot : "");
    snprintf(o.zh, sizeof o.zh, "%s", why.zh ? why.zh : "");
    snprintf(o.en, sizeof o.en, "%s", why.en ? why.en : "");
    arena_free(&a);
    return o;
}

static int version(struct db *db)
{
    int number = -1;
    assert_int_equal(db_schema_version(db, &number), RC_OK);
    return number;
}

static void says(const struct outcome *o, enum rc rc, const char *zh, const char *en)
{
    assert_int_equal(o->rc, rc);
    assert_int_equal(o->applied, -1);
    if (!strstr(o->en, en) || !strstr(o->zh, zh))
        fail_msg("\"%s\" \"%s\" does not say \"%s\" \"%s\"", o->zh, o->en, zh, en);
}

/* ---- upwards ---- */

static void from_every_version(void **state)
{
    const struct toy *toy = *state;
    for (size_t from = 0; from <= 3; from++) {
        struct db *db = toy_open(toy, DB_WRITE);
        struct outcome o = migrate(db, toy, three, from);
        assert_int_equal(o.rc, RC_OK);
        assert_int_equal(o.applied, from);
        assert_int_equal(version(db), from);
        o = migrate(db, toy, three, 3);
        assert_int_equal(o.rc, RC_OK);
        assert_int_equal(o.applied, 3 - from);
        assert_int_equal(o.snapshot[0] != '\0', from > 0 && from < 3);
        assert_int_equal(version(db), 3);
        assert_int_equal(
            toy_number(
                db, "SELECT count(*) FROM a JOIN b ON b.a_id = a.id WHERE n = 11 AND note = 'two'"),
            1);
        assert_int_equal(toy_try(db, "DELETE FROM a"), RC_DB_CHECK);
        assert_int_equal(
            toy_number(db,
                       "SELECT count(*) FROM schema_migrations WHERE applied_at = 1795000000000"),
            3);
        db_close(db);
        unlink(toy->file);
    }
}

static void the_record(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    char checksum[HASH_HEX_MAX];
    bool more = false;
    assert_int_equal(migrate(db, toy, three, 2).rc, RC_OK);
    hash_hex(three[1].text, strlen(three[1].text), checksum);
    struct db_rows *rows = NULL;
    assert_int_equal(db_start_text(db,
                                   "SELECT name, checksum FROM schema_migrations WHERE number = $1",
                                   DB_ARGS(DB_I(2)), &rows),
                     RC_OK);
    assert_int_equal(db_next(rows, &more), RC_OK);
    assert_true(more);
    assert_string_equal(db_text(rows, "name"), "more");
    assert_string_equal(db_text(rows, "checksum"), checksum);
    db_end(rows);
    db_close(db);
}

static void a_reader_knows_the_version(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    struct db *reader = toy_open(toy, DB_READ);
    assert_int_equal(version(reader), 0);
    assert_int_equal(migrate(db, toy, three, 3).rc, RC_OK);
    assert_int_equal(version(reader), 3);
    db_close(reader);
    db_close(db);
}

static void the_real_ones(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    struct outcome o = migrate(db, toy, migrations, migration_count);
    if (o.rc != RC_OK)
        fail_msg("%s", o.en);
    assert_int_equal(o.applied, migration_count);
    assert_true(
        toy_number(
            db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT'") >
        5);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    o = migrate(db, toy, migrations, migration_count);
    assert_int_equal(o.rc, RC_OK);
    assert_int_equal(o.applied, 0);
    db_close(db);
    db = toy_open(toy, DB_WRITE);
    assert_int_equal(version(db), migration_count);
    db_close(db);
}

/* ---- snapshots ---- */

static void snapshots(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    struct toy copy = *toy;
    char expected[128];
    assert_int_equal(migrate(db, toy, three, 1).rc, RC_OK);
    assert_int_equal(chmod(toy->file, 0640), 0);
    toy_run(db, "INSERT INTO a (n) VALUES (12)");
    struct outcome o = migrate(db, toy, three, 3);
    db_close(db);
    snprintf(expected, sizeof expected, "%s.before-0002", toy->file);
    assert_string_equal(o.snapshot, expected);
    snprintf(copy.file, sizeof copy.file, "%.80s.before-0002", toy->file);
    struct stat st;
    assert_int_equal(stat(copy.file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    db = toy_open(&copy, DB_WRITE);
    assert_int_equal(version(db), 1);
    assert_int_equal(toy_number(db, "SELECT sum(n) FROM a"), 23);
    assert_int_equal(migrate(db, &copy, three, 3).rc, RC_OK);
    db_close(db);
}

static void snapshots_never_overwrite(void **state)
{
    const struct toy *toy = *state;
    char name[128], expected[128];
    snprintf(name, sizeof name, "%s.before-0003", toy->file);
    toy_write(name, 0, "mine", 4);
    snprintf(name, sizeof name, "%s.before-0003-2", toy->file);
    toy_write(name, 0, "mine", 4);
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(migrate(db, toy, three, 2).rc, RC_OK);
    struct outcome o = migrate(db, toy, three, 3);
    snprintf(expected, sizeof expected, "%s.before-0003-3", toy->file);
    assert_string_equal(o.snapshot, expected);
    assert_int_equal(toy_size(name), 4);
    assert_true(toy_size(expected) > 4);
    db_close(db);
}

static void a_snapshot_that_fails(void **state)
{
    const struct toy *toy = *state;
    struct toy elsewhere = *toy;
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(migrate(db, toy, three, 1).rc, RC_OK);
    snprintf(elsewhere.file, sizeof elsewhere.file, "/proc/mms.db");
    struct outcome o = migrate(db, &elsewhere, three, 3);
    says(&o, RC_DB_READONLY, "快照", "snapshot");
    assert_int_equal(version(db), 1);
    db_close(db);
}

/* ---- what is refused ---- */

static void a_changed_checksum(void **state)
{
    const struct toy *toy = *state;
    struct migration changed[3];
    memcpy(changed, three, sizeof changed);
    changed[1].text = "ALTER TABLE a ADD COLUMN note TEXT;";
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(migrate(db, toy, three, 2).rc, RC_OK);
    struct outcome o = migrate(db, toy, changed, 3);
    says(&o, RC_DB, "0002_more", "0002_more has changed");
    assert_non_null(strstr(o.en, toy->file));
    assert_int_equal(version(db), 2);
    db_close(db);
}

static void a_newer_database(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    assert_int_equal(migrate(db, toy, three, 3).rc, RC_OK);
    struct outcome o = migrate(db, toy, three, 2);
    says(&o, RC_DB_NEWER, "请升级程序", "upgrade the program");
    assert_non_null(strstr(o.en, ".before-"));
    assert_int_equal(version(db), 3);
    db_close(db);
}

static void gaps(void **state)
{
    const struct toy *toy = *state;
    struct migration gap[2] = {three[0], three[2]};
    struct db *db = toy_open(toy, DB_WRITE);
    struct outcome o = migrate(db, toy, gap, 2);
    says(&o, RC_DB, "不连续", "gap");
    assert_int_equal(version(db), 0);
    assert_int_equal(migrate(db, toy, three, 2).rc, RC_OK);
    toy_run(db, "DELETE FROM schema_migrations WHERE number = 1");
    o = migrate(db, toy, three, 3);
    says(&o, RC_DB, "0001_core", "0001_core is not recorded");
    db_close(db);
}

static void a_strangers_database(void **state)
{
    const struct toy *toy = *state;
    struct db *db = toy_open(toy, DB_WRITE);
    toy_run(db, "CREATE TABLE theirs (id INTEGER PRIMARY KEY AUTOINCREMENT)");
    struct outcome o = migrate(db, toy, three, 3);
    says(&o, RC_DB, "别的程序", "another program");
    assert_int_equal(
        toy_number(db, "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"), 1);
    db_close(db);
}

static void a_failing_migration(void **state)
{
    const struct toy *toy = *state;
    struct migration bad[3];
    memcpy(bad, three, sizeof bad);
    bad[2].text = "CREATE TABLE b (id @id@) @strict@; INSERT INTO a (n) VALUES (99); INSERT INTO a "
                  "(n) VALUES ('text');";
    struct db *db = toy_open(toy, DB_WRITE);
    struct outcome o = migrate(db, toy, bad, 3);
    says(&o, RC_DB_CHECK, "0003_last", "0003_last failed");
    assert_int_equal(version(db), 2);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM a"), 1);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
    o = migrate(db, toy, bad, 3);
    says(&o, RC_DB_CHECK, "0003_last", "0003_last failed");
    o = migrate(db, toy, three, 3);
    assert_int_equal(o.rc, RC_OK);
    assert_int_equal(o.applied, 1);
    assert_non_null(strstr(o.snapshot, ".before-0003-2"));
    db_close(db);
}

static void a_first_one_that_fails(void **state)
{
    const struct toy *toy = *state;
    static const struct migration bad[] = {
        {1, "core", "CREATE TABLE a (id @id@) @strict@; NONSENSE;"}};
    struct db *db = toy_open(toy, DB_WRITE);
    struct outcome o = migrate(db, toy, bad, 1);
    says(&o, RC_DB, "0001_core", "NONSENSE");
    assert_int_equal(version(db), 0);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM sqlite_schema"), 0);
    assert_int_equal(migrate(db, toy, three, 3).rc, RC_OK);
    db_close(db);
}

/* A foreign key left broken until the commit. */
static void a_commit_that_fails(void **state)
{
    const struct toy *toy = *state;
    struct migration bad[3];
    memcpy(bad, three, sizeof bad);
    bad[2].text = "PRAGMA defer_foreign_keys = ON; CREATE TABLE b (id @id@, a_id @int@ REFERENCES "
                  "a (id)) @strict@;"
                  "INSERT INTO b (a_id) VALUES (404);";
    struct db *db = toy_open(toy, DB_WRITE);
    struct outcome o = migrate(db, toy, bad, 3);
    says(&o, RC_DB_FOREIGN_KEY, "0003_last", "0003_last failed");
    assert_int_equal(version(db), 2);
    db_close(db);
}

/* ---- the dialect ---- */

static void the_dialect(void **state)
{
    static const char text[] = "a @id@,\r\n b @int@ x@y.z @strict@@strict@;\n  --:sqlite  \nonly "
                               "here\n--:end\n--:postgres\n@id@ there\n"
                               "  --:end\r\n--:sqlite3\n-- @int\n@";
    static const char expected[] =
        "a INTEGER PRIMARY KEY AUTOINCREMENT,\r\n b INTEGER x@y.z STRICTSTRICT;\nonly here\n"
        "--:sqlite3\n-- @int\n@";
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    dialect_sqlite(text, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_reset(&out);
    dialect_sqlite("", &out);
    assert_string_equal(buf_text(&out), "");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(from_every_version),
        TOY_TEST(the_record),
        TOY_TEST(a_reader_knows_the_version),
        TOY_TEST(the_real_ones),
        TOY_TEST(snapshots),
        TOY_TEST(snapshots_never_overwrite),
        TOY_TEST(a_snapshot_that_fails),
        TOY_TEST(a_changed_checksum),
        TOY_TEST(a_newer_database),
        TOY_TEST(gaps),
        TOY_TEST(a_strangers_database),
        TOY_TEST(a_failing_migration),
        TOY_TEST(a_first_one_that_fails),
        TOY_TEST(a_commit_that_fails),
        cmocka_unit_test(the_dialect),
    };
    return cmocka_run_group_tests_name("migrate", tests, set_up_crypto, NULL);
}
