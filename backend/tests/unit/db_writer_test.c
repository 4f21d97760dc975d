/* The writer: every job answered once and truly, whatever fails; stopping; waiting with a limit. */
#include "db_toy.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 8
#define JOBS 500

static const struct sql sql_make = {
    "toy.make",
    "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) STRICT"};
static const struct sql sql_children = {"toy.children",
                                        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent "
                                        "INTEGER NOT NULL REFERENCES counter (id)) STRICT"};
static const struct sql sql_first = {"toy.first", "INSERT INTO counter (id, n) VALUES (1, 0)"};
static const struct sql sql_up = {"toy.up", "UPDATE counter SET n = n + $1 WHERE id = 1"};
static const struct sql sql_defer = {"toy.defer", "PRAGMA defer_foreign_keys = ON"};
static const struct sql sql_orphan = {"toy.orphan", "INSERT INTO child (parent) VALUES (77)"};
static const struct sql sql_rollback = {"toy.rollback", "ROLLBACK"};

static enum rc make(struct db *db, void *arg)
{
    (void)arg;
    enum rc rc = db_exec(db, &sql_make, DB_NO_ARGS, NULL);
    if (rc == RC_OK)
        rc = db_exec(db, &sql_children, DB_NO_ARGS, NULL);
    return rc == RC_OK ? db_exec(db, &sql_first, DB_NO_ARGS, NULL) : rc;
}

static struct db_writer *start(const struct toy *toy)
{
    struct db_writer *w = NULL;
    struct error why = {0};
    if (db_writer_start(toy->file, &w, &why) != RC_OK)
        fail_msg("%s", why.en);
    assert_int_equal(db_run_tx(w, make, NULL), RC_OK);
    return w;
}

static int64_t counter(const struct toy *toy)
{
    struct db *db = toy_open(toy, DB_READ);
    int64_t n = toy_number(db, "SELECT n FROM counter");
    db_close(db);
    return n;
}

/* ---- jobs ---- */

struct job {
    int64_t up;
    enum rc answer; /* what run gives after its update */
    enum rc told;
    atomic_int done;
};

static enum rc count_up(struct db *db, void *arg)
{
    const struct job *job = arg;
    enum rc rc = db_exec(db, &sql_up, DB_ARGS(DB_I(job->up)), NULL);
    return rc == RC_OK ? job->answer : rc;
}

static void told(void *arg, enum rc rc)
{
    struct job *job = arg;
    job->told = rc;
    atomic_fetch_add(&job->done, 1);
}

/* Keeps the writer busy so that the jobs after it make one batch. */
struct gate {
    atomic_bool inside, open;
};

static enum rc wait_at_gate(struct db *db, void *arg)
{
    struct gate *gate = arg;
    (void)db;
    atomic_store(&gate->inside, true);
    while (!atomic_load(&gate->open))
        usleep(100);
    return RC_OK;
}

static void close_gate(struct db_writer *w, struct gate *gate)
{
    assert_int_equal(db_writer_submit(w, (struct db_job){wait_at_gate, NULL, gate}), RC_OK);
    while (!atomic_load(&gate->inside))
        usleep(100);
}

static void submit(struct db_writer *w, enum rc (*run)(struct db *, void *), struct job *job)
{
    assert_int_equal(db_writer_submit(w, (struct db_job){run, told, job}), RC_OK);
}

static enum rc wait_done(struct job *job)
{
    while (atomic_load(&job->done) == 0)
        usleep(100);
    return job->told;
}

/* ---- jobs that are run again ---- */

/* Counts its runs, then counts up. */
struct counted {
    struct job job;
    atomic_int runs;
};

static enum rc count_runs(struct db *db, void *arg)
{
    struct counted *counted = arg;
    atomic_fetch_add(&counted->runs, 1);
    return count_up(db, &counted->job);
}

static enum rc refuse_at_once(struct db *db, void *arg)
{
    (void)db, (void)arg;
    return RC_NOT_FOUND;
}

static void gather(struct db_writer *w, struct counted *all, size_t n, enum rc last)
{
    struct gate gate = {0};
    close_gate(w, &gate);
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct counted){.job = {.up = 1, .answer = i + 1 < n ? RC_OK : last}};
        submit(w, count_runs, &all[i].job);
    }
    atomic_store(&gate.open, true);
    for (size_t i = 0; i < n; i++)
        wait_done(&all[i].job);
}

/* A job that fails after it changed something spoils the batch: all are run once more, each for itself, and nothing counts
 * twice. After that the writer is careful for a while. */
static void a_late_failure(void **state)
{
    enum { N = 5 };
    struct counted all[N];
    struct job early = {0};
    struct db_writer *w = start(*state);
    gather(w, all, N, RC_INSUFFICIENT_STOCK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(all[i].runs, 2);
        assert_int_equal(all[i].job.done, 1);
        assert_int_equal(all[i].job.told, i + 1 < N ? RC_OK : RC_INSUFFICIENT_STOCK);
    }
    assert_int_equal(counter(*state), N - 1);
    gather(w, all, N, RC_INSUFFICIENT_STOCK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(all[i].runs, 1);
    assert_int_equal(counter(*state), 2 * (N - 1));
    submit(w, refuse_at_once, &early);
    assert_int_equal(wait_done(&early), RC_NOT_FOUND);
    db_writer_stop(w);
}

/* ---- many at once ---- */

struct crowd {
    struct db_writer *w;
    struct job jobs[JOBS];
};

static void *submit_all(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < JOBS; i++) {
        struct job *job = &crowd->jobs[i];
        job->up = i % 11 == 0 ? INT64_C(-1000000000) : 1; /* breaks the CHECK */
        job->answer = i % 7 == 0 ? RC_INSUFFICIENT_STOCK : RC_OK;
        if (i % 3 == 0) {
            told(job, db_run_tx(crowd->w, count_up, job));
            continue;
        }
        while (db_writer_submit(crowd->w, (struct db_job){count_up, told, job}) == RC_BUSY)
            usleep(100);
    }
    return NULL;
}

static void a_crowd(void **state)
{
    static struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    int64_t expected = 0, failed = 0;
    struct db_writer *w = start(*state);
    for (int t = 0; t < THREADS; t++) {
        crowds[t].w = w;
        assert_int_equal(pthread_create(&threads[t], NULL, submit_all, &crowds[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(db_run_tx(w, count_up, &(struct job){.up = 0}), RC_OK);
    struct db_writer_stats stats;
    db_writer_stats(w, &stats);
    db_writer_stop(w);
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < JOBS; i++) {
            struct job *job = &crowds[t].jobs[i];
            enum rc rc = i % 11 == 0 ? RC_DB_CHECK : i % 7 == 0 ? RC_INSUFFICIENT_STOCK : RC_OK;
            assert_int_equal(atomic_load(&job->done), 1);
            assert_int_equal(job->told, rc);
            expected += rc == RC_OK;
            failed += rc != RC_OK;
        }
    assert_int_equal(counter(*state), expected);
    assert_int_equal(stats.jobs, THREADS * JOBS + 2);
    assert_int_equal(stats.failed_jobs, failed);
    assert_int_equal(stats.queue_length, 0);
    assert_true(stats.commits > 0 && stats.commits < stats.jobs);
    assert_true(stats.longest_wait_us > 0);
}

/* ---- what fails, and for whom ---- */

static enum rc orphan(struct db *db, void *arg)
{
    (void)arg;
    enum rc rc = db_exec(db, &sql_defer, DB_NO_ARGS, NULL);
    return rc == RC_OK ? db_exec(db, &sql_orphan, DB_NO_ARGS, NULL) : rc;
}

static void a_failed_commit_is_told_to_all(void **state)
{
    struct db_writer *w = start(*state);
    struct job jobs[6] = {{.up = 1},  {.up = 1, .answer = RC_NOT_FOUND}, {0}, {.up = -9}, {.up = 1},
                          {.up = 100}};
    static const enum rc expected[] = {RC_DB_FOREIGN_KEY, RC_NOT_FOUND,      RC_DB_FOREIGN_KEY,
                                       RC_DB_CHECK,       RC_DB_FOREIGN_KEY, RC_DB_FOREIGN_KEY};
    struct gate gate = {0};
    close_gate(w, &gate);
    for (int i = 0; i < 6; i++)
        submit(w, i == 2 ? orphan : count_up, &jobs[i]);
    atomic_store(&gate.open, true);
    for (int i = 0; i < 6; i++)
        assert_int_equal(wait_done(&jobs[i]), expected[i]);
    assert_int_equal(db_run_tx(w, count_up, &(struct job){.up = 5}), RC_OK);
    assert_int_equal(db_run_tx(w, orphan, NULL), RC_DB_FOREIGN_KEY);
    db_writer_stop(w);
    for (int i = 0; i < 6; i++)
        assert_int_equal(atomic_load(&jobs[i].done), 1);
    assert_int_equal(counter(*state), 5);
}

/* As SQLite does by itself when the disk is full. */
static enum rc lose_transaction(struct db *db, void *arg)
{
    const struct job *job = arg;
    enum rc rc = db_exec(db, &sql_rollback, DB_NO_ARGS, NULL);
    return rc == RC_OK ? job->answer : rc;
}

static void a_lost_transaction_is_told_to_all(void **state)
{
    static const enum rc answers[] = {RC_OK, RC_DB_FULL, RC_NOT_FOUND},
                         whole[] = {RC_DB, RC_DB_FULL, RC_DB};
    struct db_writer *w = start(*state);
    for (int round = 0; round < 3; round++) {
        struct job jobs[4] = {{.up = 1}, {.answer = answers[round]}, {.up = 1}, {.up = 1}};
        struct gate gate = {0};
        close_gate(w, &gate);
        for (int i = 0; i < 4; i++)
            submit(w, i == 1 ? lose_transaction : count_up, &jobs[i]);
        atomic_store(&gate.open, true);
        for (int i = 0; i < 4; i++)
            assert_int_equal(wait_done(&jobs[i]),
                             i == 1 && answers[round] != RC_OK ? answers[round] : whole[round]);
        assert_int_equal(db_run_tx(w, lose_transaction, &(struct job){.answer = RC_OK}), RC_DB);
    }
    assert_int_equal(db_run_tx(w, count_up, &(struct job){.up = 3}), RC_OK);
    db_writer_stop(w);
    assert_int_equal(counter(*state), 3);
}

static const struct sql sql_patience = {"toy.patience", "PRAGMA busy_timeout = 50"};

static enum rc lose_patience(struct db *db, void *arg)
{
    (void)arg;
    return db_exec(db, &sql_patience, DB_NO_ARGS, NULL);
}

static void a_failed_begin_is_told_to_all(void **state)
{
    struct db_writer *w = start(*state);
    struct job jobs[3] = {{.up = 1}, {.up = 1}, {.up = 1}};
    struct db *other = toy_open(*state, DB_WRITE);
    assert_int_equal(db_run_tx(w, lose_patience, NULL), RC_OK);
    toy_run(other, "BEGIN IMMEDIATE");
    for (int i = 0; i < 3; i++)
        submit(w, count_up, &jobs[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(wait_done(&jobs[i]), RC_DB_BUSY);
    toy_run(other, "ROLLBACK");
    assert_int_equal(db_run_tx(w, count_up, &(struct job){.up = 1}), RC_OK);
    db_writer_stop(w);
    db_close(other);
    assert_int_equal(counter(*state), 1);
}

/* ---- a full queue, stopping ---- */

static void a_full_queue(void **state)
{
    static struct job jobs[DB_QUEUE_MAX];
    struct db_writer *w = start(*state);
    struct gate gate = {0};
    struct db_writer_stats stats;
    close_gate(w, &gate);
    for (int i = 0; i < DB_QUEUE_MAX; i++) {
        jobs[i].up = 1;
        submit(w, count_up, &jobs[i]);
    }
    struct job one_more = {.up = 1};
    assert_int_equal(db_writer_submit(w, (struct db_job){count_up, told, &one_more}), RC_BUSY);
    assert_int_equal(db_run_tx(w, count_up, &one_more), RC_BUSY);
    db_writer_stats(w, &stats);
    assert_int_equal(stats.queue_length, DB_QUEUE_MAX);
    atomic_store(&gate.open, true);
    db_writer_stop(w);
    for (int i = 0; i < DB_QUEUE_MAX; i++)
        assert_true(atomic_load(&jobs[i].done) == 1 && jobs[i].told == RC_OK);
    assert_int_equal(atomic_load(&one_more.done), 0);
    assert_int_equal(counter(*state), DB_QUEUE_MAX);
}

static void *stop(void *w)
{
    db_writer_stop(w);
    return NULL;
}

static void stopping_finishes_what_is_queued(void **state)
{
    const struct toy *toy = *state;
    struct db_writer *w = start(toy);
    struct job jobs[200] = {0};
    struct gate gate = {0};
    pthread_t stopper;
    char log[128];
    close_gate(w, &gate);
    for (int i = 0; i < 200; i++) {
        jobs[i].up = 1;
        submit(w, count_up, &jobs[i]);
    }
    assert_int_equal(pthread_create(&stopper, NULL, stop, w), 0);
    struct job late = {.up = 1};
    enum rc rc = RC_OK;
    int64_t taken = 0;
    while ((rc = db_writer_submit(w, (struct db_job){count_up, NULL, &late})) == RC_OK) {
        taken++;
        usleep(1000);
    }
    assert_int_equal(rc, RC_SHUTTING_DOWN);
    assert_int_equal(db_run_tx(w, count_up, &late), RC_SHUTTING_DOWN);
    atomic_store(&gate.open, true);
    pthread_join(stopper, NULL);
    for (int i = 0; i < 200; i++)
        assert_true(atomic_load(&jobs[i].done) == 1 && jobs[i].told == RC_OK);
    snprintf(log, sizeof log, "%s-wal", toy->file);
    assert_true(toy_size(log) <= 0);
    assert_int_equal(counter(toy), 200 + taken);
    db_writer_stop(NULL);
}

/* ---- waiting with a limit ---- */

struct owned {
    struct gate *gate;
    atomic_int *released;
};

static enum rc pass_gate(struct db *db, void *arg)
{
    const struct owned *owned = arg;
    if (owned->gate)
        wait_at_gate(db, owned->gate);
    return db_exec(db, &sql_up, DB_ARGS(DB_I(1)), NULL);
}

static void release(void *arg)
{
    struct owned *owned = arg;
    atomic_fetch_add(owned->released, 1);
    free(owned);
}

static struct owned *own(struct gate *gate, atomic_int *released)
{
    struct owned *owned = calloc(1, sizeof *owned);
    assert_non_null(owned);
    owned->gate = gate;
    owned->released = released;
    return owned;
}

static void waiting_with_a_limit(void **state)
{
    struct db_writer *w = start(*state);
    struct gate gate = {0};
    atomic_int released = 0;
    assert_int_equal(db_run_tx_within(w, pass_gate, own(NULL, &released), release, 60000), RC_OK);
    while (atomic_load(&released) < 1) /* by the writer, if it is the last to let go */
        usleep(100);
    assert_int_equal(db_run_tx_within(w, pass_gate, own(&gate, &released), release, 20), RC_BUSY);
    assert_int_equal(db_run_tx_within(w, pass_gate, own(NULL, &released), release, 0), RC_BUSY);
    assert_int_equal(atomic_load(&released), 1);
    atomic_store(&gate.open, true);
    db_writer_stop(w);
    assert_int_equal(atomic_load(&released), 3);
    assert_int_equal(counter(*state), 3);
}

static void refused_with_a_limit(void **state)
{
    static struct job jobs[DB_QUEUE_MAX];
    struct db_writer *w = start(*state);
    struct gate gate = {0};
    atomic_int released = 0;
    close_gate(w, &gate);
    for (int i = 0; i < DB_QUEUE_MAX; i++)
        submit(w, count_up, &jobs[i]);
    assert_int_equal(db_run_tx_within(w, pass_gate, own(NULL, &released), release, 1000), RC_BUSY);
    assert_int_equal(atomic_load(&released), 1);
    atomic_store(&gate.open, true);
    db_writer_stop(w);
}

/* ---- the log and the readers ---- */

static const struct sql sql_many = {
    "toy.many",
    "INSERT INTO counter (id, n) SELECT $1 + value, value FROM (WITH RECURSIVE c (value) AS"
    " (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < 5000) SELECT value FROM c)"};

/* About twelve pages. */
static enum rc add_many(struct db *db, void *arg)
{
    return db_exec(db, &sql_many, DB_ARGS(DB_I(*(const int64_t *)arg)), NULL);
}

static void add_pages(struct db_writer *w, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        int64_t first = i * 10000;
        assert_int_equal(db_run_tx(w, add_many, &first), RC_OK);
    }
}

static enum rc hold_snapshot(struct db *db, void *arg)
{
    int64_t rows = toy_number(db, "SELECT count(*) FROM counter");
    add_pages(arg, 500, 1400);
    assert_int_equal(toy_number(db, "SELECT count(*) FROM counter"), rows);
    return RC_OK;
}

static void the_log_stays_short(void **state)
{
    const struct toy *toy = *state;
    struct db_writer *w = start(toy);
    struct db *reader = toy_open(toy, DB_READ);
    char log[128];
    snprintf(log, sizeof log, "%s-wal", toy->file);
    add_pages(w, 1, 500);
    assert_true(toy_size(log) > 0 && toy_size(log) < INT64_C(3000) * 4120);
    assert_int_equal(db_run_read(reader, hold_snapshot, w), RC_OK);
    assert_true(toy_size(log) > INT64_C(9000) * 4120);
    add_pages(w, 1400, 1700);
    assert_true(toy_size(log) < INT64_C(3000) * 4120);
    assert_int_equal(toy_number(reader, "SELECT count(*) FROM counter"), 1699 * 5000 + 1);
    db_close(reader);
    db_writer_stop(w);
    assert_true(toy_size(log) <= 0);
}

/* ---- programming errors ---- */

static enum rc wait_for_itself(struct db *db, void *arg)
{
    (void)db;
    return db_run_tx(arg, make, NULL);
}

static enum rc leave_open(struct db *db, void *arg)
{
    (void)arg;
    struct db_rows *rows = NULL;
    return db_start_text(db, "SELECT 1", DB_NO_ARGS, &rows);
}

static void dies(const struct toy *toy, enum rc (*run)(struct db *, void *))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct db_writer *w = NULL;
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr) || db_writer_start(toy->file, &w, NULL) != RC_OK ||
            db_run_tx(w, run, w) != RC_OK)
            _exit(1);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void programming_errors(void **state)
{
    dies(*state, wait_for_itself);
    dies(*state, leave_open);
}

static void a_start_that_fails(void **state)
{
    const struct toy *toy = *state;
    struct db_writer *w = NULL;
    struct error why = {0};
    assert_int_equal(db_writer_start(toy->folder, &w, &why), RC_DB);
    assert_non_null(strstr(why.en, toy->folder));
    assert_null(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(programming_errors), /* forks: before there are threads */
        TOY_TEST(a_crowd),
        TOY_TEST(a_late_failure),
        TOY_TEST(a_failed_commit_is_told_to_all),
        TOY_TEST(a_lost_transaction_is_told_to_all),
        TOY_TEST(a_failed_begin_is_told_to_all),
        TOY_TEST(a_full_queue),
        TOY_TEST(stopping_finishes_what_is_queued),
        TOY_TEST(waiting_with_a_limit),
        TOY_TEST(refused_with_a_limit),
        TOY_TEST(the_log_stays_short),
        TOY_TEST(a_start_that_fails),
    };
    return cmocka_run_group_tests_name("db_writer", tests, NULL, NULL);
}
