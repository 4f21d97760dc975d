#include "ops/move.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "domain/search_index.h"

#define POLL_MS 200

static const struct sql PEOPLE = {"move.people", "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM operation_log) AS n"};

/* ---------------------------------------------------------------- saying */

/* The first failure's sentence is the one that counts. */
static enum rc refuse(struct move *m, enum rc rc, const char *zh, const char *en)
{
    return m->err.en ? rc : error_say(&m->err, rc, zh, en);
}

/* What an engine said while this was being done; RC_OK stays it. */
static enum rc fail(struct move *m, enum rc rc, const struct db *db, const char *name, const char *zh, const char *en)
{
    if (rc == RC_OK)
        return rc;
    const char *why = db_last_error(db);
    return refuse(m, rc, arena_fmt(&m->arena, "%s：%s（%s）", name, zh, why), arena_fmt(&m->arena, "%s: %s (%s)", name, en, why));
}

static enum rc fail_source(struct move *m, enum rc rc)
{
    return fail(m, rc, m->source.db, m->from_name, "读取来源失败，目标保持原状", "the source could not be read; the target is as it was");
}

static enum rc fail_target(struct move *m, enum rc rc)
{
    return fail(m, rc, m->target.db, m->to_name, "写入目标失败，目标保持原状", "the target could not be written; it is as it was");
}

#define SOURCE(call) TRY(fail_source(m, (call)))
#define TARGET(call) TRY(fail_target(m, (call)))

static int say_failure(struct move *m, enum rc rc)
{
    fflush(stdout);
    tool_print_error(m->command, rc, &m->err);
    return EXIT_STORAGE;
}

static void print_step(struct move *m, const char *what)
{
    int64_t now_us = clock_monotonic_us(), took_ms = (now_us - m->step_us) / 1000;
    m->step_us = now_us;
    printf("%-44s %lld.%03lld s\n", what, (long long)(took_ms / 1000), (long long)(took_ms % 1000));
    fflush(stdout);
}

/* ---------------------------------------------------------------- what must be so before anything is done */

static enum rc check_source(struct move *m)
{
    int version, newest = migrations[migration_count - 1].number;
    SOURCE(db_schema_version(m->source.db, &version));
    if (version > newest)
        return refuse(m, RC_DB_NEWER, arena_fmt(&m->arena, "来源 %s 的版本高于本程序，请升级程序", m->from_name),
                      arena_fmt(&m->arena, "The source %s is newer than this program: upgrade the program", m->from_name));
    if (version < newest)
        return refuse(m, RC_DB, arena_fmt(&m->arena, "来源 %s 的版本低于本程序，请先对它运行 mms migrate", m->from_name),
                      arena_fmt(&m->arena, "The source %s is older than this program: run mms migrate on it first", m->from_name));
    return RC_OK;
}

static enum rc check_service(struct move *m)
{
    bool serving;
    TRY(fail(m, db_bulk_in_use(m->hold, &serving), m->hold, m->from_name, "无法确定是否有程序正在使用", "whether a program is using it cannot be told"));
    if (!serving)
        return RC_OK;
    if (m->while_serving || m->dry_run) {
        printf("另有程序打开着来源：其写入将以 503 拒绝 / the source is in use: reading goes on, writes are refused with 503 meanwhile\n");
        return RC_OK;
    }
    return refuse(m, RC_DB_BUSY,
                  arena_fmt(&m->arena, "%s 正被另一个程序（例如 mms serve）使用：请先停止它；或加 --while-serving，迁移期间只读，直到它停止", m->from_name),
                  arena_fmt(&m->arena, "%s is in use by another program (such as mms serve): stop it first; or give --while-serving, then it can "
                                       "only be read until it is stopped", m->from_name));
}

static enum rc not_empty(struct move *m, const char *zh, const char *en)
{
    return refuse(m, RC_DB, arena_fmt(&m->arena, "目标 %s %s；请换一个新建的空数据库", m->to_name, zh),
                  arena_fmt(&m->arena, "The target %s %s: give a database that was newly made", m->to_name, en));
}

/* *made: the schema is there already, with nothing in it that people have entered. */
static enum rc check_target(struct move *m, bool *made)
{
    struct bulk_tables tables;
    int version = 0;
    int64_t people = 0;
    DB_ROWS rows = NULL;
    bool more;
    TARGET(db_bulk_tables(m->target.db, &m->arena, &tables));
    *made = tables.count > 0;
    if (!*made)
        return RC_OK;
    TARGET(db_schema_version(m->target.db, &version));
    if (version == 0)
        return not_empty(m, "中有别的程序的表", "holds tables of another program");
    if (version != migrations[migration_count - 1].number)
        return not_empty(m, "中有另一版本的本系统", "holds this system in another version");
    TARGET(db_start(m->target.db, &PEOPLE, DB_NO_ARGS, &rows));
    TARGET(db_next(rows, &more));
    people = more ? db_int(rows, "n") : 0;
    return people ? not_empty(m, "不是空的，其中已有数据", "is not empty, there are data in it") : RC_OK;
}

/* ---------------------------------------------------------------- copying */

struct copying {
    struct bulk_load *load;
    struct line_sum sum;
    bool is_lost; /* the target does not take it */
};

static enum rc copy_line(void *arg, const char *line, size_t n)
{
    struct copying *c = arg;
    line_sum_add(&c->sum, line, n);
    enum rc rc = db_bulk_add(c->load, line, n);
    c->is_lost = rc != RC_OK;
    return rc;
}

static enum rc copy_table(struct move *m, struct bulk_load *load, size_t i)
{
    struct copying c = {.load = load};
    line_sum_begin(&c.sum);
    TARGET(db_bulk_begin(load, &m->target.tables.list[i]));
    enum rc rc = db_bulk_read(m->source.db, &m->source.tables.list[i], copy_line, &c);
    if (c.is_lost)
        fail_target(m, rc);
    fail_source(m, rc);
    enum rc ended = db_bulk_end(load);
    TRY(rc);
    TARGET(ended);
    line_sum_end(&c.sum, &m->source.sums[i]);
    SOURCE(db_bulk_last_id(m->source.db, &m->source.tables.list[i], &m->source.sums[i].last_id, &m->source.sums[i].counts));
    return RC_OK;
}

static int64_t row_count(const struct move_side *s)
{
    int64_t rows = 0;
    for (size_t i = 0; i < s->tables.count; i++)
        rows += s->sums[i].rows;
    return rows;
}

static enum rc copy_tables(struct move *m, struct bulk_load *load)
{
    for (size_t i = 0; i < m->source.tables.count; i++)
        TRY(copy_table(m, load, i));
    print_step(m, arena_fmt(&m->arena, "2 copy: %zu tables, %lld rows", m->source.tables.count, (long long)row_count(&m->source)));
    TARGET(db_bulk_close(load));
    for (size_t i = 0; i < m->target.tables.count; i++)
        TARGET(db_bulk_set_last_id(m->target.db, &m->target.tables.list[i], m->source.sums[i].last_id));
    print_step(m, "3 keys, indexes, constraints, counters");
    TARGET(search_fill_database(m->target.db));
    print_step(m, "3 index of the search");
    return RC_OK;
}

static enum rc make_schema(struct move *m)
{
    bool made;
    const char *zh, *en;
    TRY(check_target(m, &made));
    if (!made)
        TRY(db_migrate_inside(m->target.db, m->to_name, migrations, migration_count, clock_now_ms(), &m->arena, &m->err));
    TARGET(move_side_tables(&m->target));
    if (!move_sides_match(&m->source, &m->target, &m->arena, &zh, &en))
        return refuse(m, RC_DB, zh, en);
    print_step(m, arena_fmt(&m->arena, "1 schema: version %d", migrations[migration_count - 1].number));
    return RC_OK;
}

static enum rc prove(struct move *m)
{
    SOURCE(move_side_totals(&m->source));
    TARGET(move_side_sums(&m->target));
    TARGET(move_side_totals(&m->target));
    m->differences = move_print_proof(&m->source, &m->target);
    print_step(m, "4 proof");
    if (m->differences)
        return refuse(m, RC_DB_CHECK, "两边不一致，目标保持原状", "the two sides differ; the target is as it was");
    return RC_OK;
}

/* What was written after the lock was lost would be missed. Before the commit of the target, and without any effect there. */
static enum rc check_lock(struct move *m)
{
    bool in_use;
    return fail(m, db_bulk_in_use(m->hold, &in_use), m->hold, m->from_name, "来源的锁已丢失，目标保持原状", "the source's lock was lost; the target is as it was");
}

/* In the target's transaction, the source's snapshot, and under the lock of the source's writers. */
static enum rc fill(struct db *target, void *arg, bool *keep)
{
    struct move *m = arg;
    struct bulk_load *load;
    (void)target;
    TRY(make_schema(m));
    TARGET(db_bulk_open(m->target.db, &m->target.tables, &m->arena, &load));
    TRY(copy_tables(m, load));
    TRY(prove(m));
    TRY(check_lock(m));
    *keep = !m->dry_run;
    return RC_OK;
}

static enum rc read_and_fill(struct db *source, void *arg)
{
    struct move *m = arg;
    (void)source;
    TRY(check_source(m));
    SOURCE(move_side_tables(&m->source));
    enum rc rc = db_run_alone(m->target.db, fill, m);
    if (rc == RC_DB_UNCERTAIN)
        return refuse(m, rc, "连接在提交时中断，结果未知：请用 --verify-only 查明", "the connection was lost during the commit: find out with --verify-only");
    if (rc == RC_DB_BUSY && !m->err.en)
        return fail(m, rc, m->target.db, m->to_name, "目标正被另一个程序写入", "another program is writing to the target");
    return fail_target(m, rc);
}

/* ---------------------------------------------------------------- the file that is made on the way back */

static const char *part_of(struct move *m)
{
    return db_is_server(m->to) ? m->to : arena_fmt(&m->arena, "%s.moving", m->to);
}

/* Under the source's lock: nobody else of us is at work on it. */
static void remove_part(struct move *m)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    if (db_is_server(m->to))
        return;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(arena_fmt(&m->arena, "%s.moving%s", m->to, endings[i]));
}

/* The file bears its name only when it is complete; a name that has come meanwhile is left alone. */
static enum rc publish(struct move *m)
{
    if (db_is_server(m->to) || m->dry_run)
        return RC_OK;
    db_close(m->target.db); /* which brings the write-ahead log home, and then removes it */
    m->target.db = NULL;
    bool complete = access(arena_fmt(&m->arena, "%s.moving-wal", m->to), F_OK) != 0;
    if (complete && durable_rename(part_of(m), m->to, false))
        return RC_OK;
    const char *why = complete ? strerror(errno) : "write-ahead log";
    return refuse(m, RC_DB, arena_fmt(&m->arena, "%s 无法写入：%s", m->to, why), arena_fmt(&m->arena, "%s cannot be written: %s", m->to, why));
}

static enum rc open_target(struct move *m)
{
    if (!db_is_server(m->to) && access(m->to, F_OK) == 0)
        return refuse(m, RC_DB, arena_fmt(&m->arena, "%s 已经存在：请换一个文件名", m->to),
                      arena_fmt(&m->arena, "%s exists already: give another name", m->to));
    remove_part(m);
    TRY(db_open(part_of(m), DB_WRITE, &m->target.db, &m->err));
    TARGET(db_bulk_ready(m->target.db, true));
    return RC_OK;
}

/* ---------------------------------------------------------------- the whole */

/* Until nobody can write to the source any more: what was written there now would be missed in the target. */
static void wait_for_service(struct move *m)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    bool serving = false;
    if (m->dry_run || db_bulk_in_use(m->hold, &serving) != RC_OK || !serving)
        return;
    printf("已全部迁移。请现在停止使用来源的程序；在此之前它只能读取 / everything is moved. Now stop the program that uses the source; until then it can only read\n");
    fflush(stdout);
    enum rc rc;
    while ((rc = db_bulk_in_use(m->hold, &serving)) == RC_OK && serving)
        nanosleep(&pause, NULL);
    if (rc != RC_OK)
        printf("来源的锁已丢失：停止该程序后请用 --verify-only 核对 / the source's lock was lost: stop that program, then look with --verify-only\n");
}

static enum rc under_lock(struct db *hold, void *arg, bool *keep)
{
    struct move *m = arg;
    *keep = false; /* nothing is changed here */
    m->began_us = m->step_us = clock_monotonic_us();
    TRY(check_service(m));
    TRY(open_target(m));
    TRY(db_run_read(m->source.db, read_and_fill, m));
    TRY(publish(m));
    print_step(m, "5 commit");
    wait_for_service(m);
    (void)hold;
    return RC_OK;
}

static enum rc open_source(struct move *m)
{
    TRY(db_open(m->from, DB_READ, &m->source.db, &m->err));
    SOURCE(db_bulk_ready(m->source.db, false));
    TRY(db_open(m->from, DB_WRITE, &m->hold, &m->err));
    return fail(m, db_bulk_ready(m->hold, false), m->hold, m->from_name, "会话无法设置", "the session cannot be set up");
}

static void end(struct move *m)
{
    db_close(m->target.db);
    db_close(m->source.db);
    db_close(m->hold);
}

static void print_end(const struct move *m)
{
    long long ms = (clock_monotonic_us() - m->began_us) / 1000;
    printf("%s: %zu tables, %lld rows, %d differences; writes were stopped for %lld.%03lld s\n",
           m->dry_run ? "试运行，未留下任何内容 / dry run, nothing is left behind" : "已迁移 / moved", m->source.tables.count,
           (long long)row_count(&m->source), m->differences, ms / 1000, ms % 1000);
}

int move_run(struct move *m)
{
    m->source.arena = m->target.arena = &m->arena;
    printf("%s  ->  %s\n", m->from_name, m->to_name);
    enum rc rc = open_source(m);
    if (rc == RC_OK)
        rc = db_run_alone(m->hold, under_lock, m);
    if (rc != RC_OK && m->hold && !m->err.en)
        fail(m, rc, m->hold, m->from_name, "来源正被写入，锁无法取得，请稍后重试", "the source's lock could not be had: try again later");
    if (m->dry_run || rc != RC_OK) {
        db_close(m->target.db);
        bool opened = m->target.db != NULL;
        m->target.db = NULL;
        if (opened)
            remove_part(m);
    }
    end(m);
    if (rc == RC_DB_CHECK && m->differences) {
        tool_print_error(m->command, rc, &m->err);
        return EXIT_FAILED;
    }
    if (rc != RC_OK)
        return say_failure(m, rc);
    print_end(m);
    return EXIT_OK;
}

/* ---------------------------------------------------------------- comparing only */

struct reading {
    struct move_side *side;
    struct arena arena; /* of its thread */
    enum rc rc;
};

static enum rc read_sums(struct db *db, void *arg)
{
    struct move_side *s = arg;
    (void)db;
    TRY(move_side_tables(s));
    TRY(move_side_sums(s));
    return move_side_totals(s);
}

static void *read_side(void *arg)
{
    struct reading *r = arg;
    r->rc = db_bulk_ready(r->side->db, false);
    if (r->rc == RC_OK)
        r->rc = db_run_read(r->side->db, read_sums, r->side);
    return NULL;
}

/* Both at the same time, the target on a thread of its own. */
static void read_both(struct reading *source, struct reading *target)
{
    pthread_t thread;
    bool begun = pthread_create(&thread, NULL, read_side, target) == 0;
    if (!begun)
        read_side(target);
    read_side(source);
    if (begun)
        pthread_join(thread, NULL);
}

static enum rc compare(struct move *m, struct reading *source, struct reading *target)
{
    const char *zh, *en;
    m->source.arena = &source->arena;
    m->target.arena = &target->arena;
    TRY(db_open(m->from, DB_READ, &m->source.db, &m->err));
    TRY(db_open(m->to, DB_READ, &m->target.db, &m->err));
    read_both(source, target);
    if (source->rc != RC_OK)
        return fail(m, source->rc, m->source.db, m->from_name, "读取失败", "it could not be read");
    if (target->rc != RC_OK && m->target.tables.count == 0)
        return refuse(m, target->rc, arena_fmt(&m->arena, "目标 %s 是空的", m->to_name), arena_fmt(&m->arena, "The target %s is empty", m->to_name));
    if (target->rc != RC_OK)
        return fail(m, target->rc, m->target.db, m->to_name, "读取失败", "it could not be read");
    if (!move_sides_match(&m->source, &m->target, &m->arena, &zh, &en))
        return refuse(m, RC_DB, zh, en);
    m->differences = move_print_proof(&m->source, &m->target);
    return RC_OK;
}

int move_verify(struct move *m)
{
    struct reading source = {.side = &m->source}, target = {.side = &m->target};
    arena_init(&source.arena);
    arena_init(&target.arena);
    m->began_us = m->step_us = clock_monotonic_us();
    printf("%s  =  %s\n", m->from_name, m->to_name);
    enum rc rc = compare(m, &source, &target);
    int code = rc != RC_OK ? say_failure(m, rc) : m->differences ? EXIT_FAILED : EXIT_OK;
    if (rc == RC_OK)
        printf("%s: %zu tables, %lld rows, %d differences\n", m->differences ? "不一致 / different" : "一致 / equal", m->source.tables.count,
               (long long)row_count(&m->source), m->differences);
    end(m);
    arena_free(&source.arena);
    arena_free(&target.arena);
    return code;
}
