/* The throttle of sign-ins: who is stopped, and above all who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "domain/throttle.h"

#define START INT64_C(1800000000000)

static char folder[] = "/tmp/mms-throttle-XXXXXX", path[64];
static struct arena arena;
static struct db *db;
static struct ctx ctx;

static const struct sql ADD_USER = {
    "test.user", "INSERT INTO users (id, username, username_fold, password_hash, role, created_at, updated_at) "
                 "VALUES ($1, $2, $2, 'x', 'regular_user', 0, 0)"};
static const struct sql ADD_SESSION = {
    "test.session", "INSERT INTO sessions (user_id, ip_address, created_at, expires_at) VALUES ($1, $2, $3, 0)"};
static const struct sql CLEAR = {"test.clear", "DELETE FROM login_failures"};

static int open_database(void **state)
{
    (void)state;
    int applied;
    struct error why = {0};
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/mms.db", folder);
    arena_init(&arena);
    if (db_open(path, DB_WRITE, &db, &why) != RC_OK ||
        db_migrate(db, path, migrations, migration_count, START, &arena, &applied, NULL, &why) != RC_OK)
        return -1;
    ctx = (struct ctx){.arena = &arena, .db = db, .now_ms = START};
    enum rc rc = db_exec(db, &ADD_USER, DB_ARGS(DB_I(1), DB_T("keeper")), NULL);
    return rc == RC_OK && db_exec(db, &ADD_SESSION, DB_ARGS(DB_I(1), DB_T("10.0.0.1"), DB_I(START - 1000)), NULL) == RC_OK ? 0 : -1;
}

static int close_database(void **state)
{
    (void)state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[80];
    db_close(db);
    arena_free(&arena);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static int clear(void **state)
{
    (void)state;
    ctx.now_ms = START;
    return db_exec(db, &CLEAR, DB_NO_ARGS, NULL) == RC_OK ? 0 : -1;
}

static void from(const char *address)
{
    ctx.actor.ip_address = address;
    error_clear(&ctx.err);
}

static void fail_times(const char *name, const char *address, int times)
{
    from(address);
    for (int i = 0; i < times; i++)
        assert_int_equal(throttle_failed(&ctx, name), RC_OK);
}

static enum rc check(const char *name, const char *address)
{
    from(address);
    return throttle_check(&ctx, name);
}

static void test_pair(void **state)
{
    (void)state;
    fail_times("keeper", "10.0.0.1", THROTTLE_PAIR_MAX - 1);
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
    fail_times("keeper", "10.0.0.1", 1);
    assert_int_equal(check("keeper", "10.0.0.1"), RC_TOO_MANY_LOGINS);
    assert_in_range(ctx.err.retry_after_s, 1, THROTTLE_WINDOW_MS / 1000 + 1);
    assert_int_equal(check("manager", "10.0.0.1"), RC_OK); /* others behind the same address */
    assert_int_equal(check("keeper", "10.0.0.2"), RC_OK);  /* the same person elsewhere */
}

static void test_success_begins_anew(void **state)
{
    (void)state;
    fail_times("keeper", "10.0.0.1", THROTTLE_PAIR_MAX - 1);
    from("10.0.0.1");
    assert_int_equal(throttle_succeeded(&ctx, "keeper"), RC_OK);
    fail_times("keeper", "10.0.0.1", THROTTLE_PAIR_MAX - 1);
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
}

static void test_window_passes(void **state)
{
    (void)state;
    fail_times("keeper", "10.0.0.1", THROTTLE_PAIR_MAX);
    ctx.now_ms = START + THROTTLE_WINDOW_MS - 1;
    assert_int_equal(check("keeper", "10.0.0.1"), RC_TOO_MANY_LOGINS);
    ctx.now_ms = START + THROTTLE_WINDOW_MS;
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
}

/* An account that is guessed at from many places: closed to strangers, open to its owner at his own desk. */
static void test_account(void **state)
{
    (void)state;
    char address[32];
    for (int i = 0; i < THROTTLE_ACCOUNT_MAX; i++) {
        snprintf(address, sizeof address, "203.0.113.%d", i);
        fail_times("keeper", address, 1);
    }
    assert_int_equal(check("keeper", "198.51.100.1"), RC_TOO_MANY_LOGINS);
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
    assert_int_equal(check("manager", "198.51.100.1"), RC_OK);
}

/* A guesser behind the factory's one address: those who work there still get in. */
static void test_address(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < THROTTLE_ADDRESS_MAX; i++) {
        snprintf(name, sizeof name, "guess%d", i);
        fail_times(name, "10.0.0.1", 1);
    }
    assert_int_equal(check("never-seen", "10.0.0.1"), RC_TOO_MANY_LOGINS);
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
    ctx.now_ms = START + THROTTLE_KNOWN_MS; /* too long ago to be known (and the failures are forgotten too) */
    assert_int_equal(check("keeper", "10.0.0.1"), RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pair, clear),
        cmocka_unit_test_setup(test_success_begins_anew, clear),
        cmocka_unit_test_setup(test_window_passes, clear),
        cmocka_unit_test_setup(test_account, clear),
        cmocka_unit_test_setup(test_address, clear),
    };
    return cmocka_run_group_tests(tests, open_database, close_database);
}
