/* Copies of a whole database into a SQLite file (db.h). A file's pages are copied by its engine; a server's tables one by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/durable.h"
#include "db/bulk.h"
#include "db/driver.h"

struct copy {
    struct arena arena;
    struct db *from, *to;
    struct bulk_tables source, target;
    enum rc (*finish)(struct db *copy);
    struct error err; /* of what has no connection yet, or has given its own sentence */
};

static enum rc take_line(void *load, const char *line, size_t n)
{
    return db_bulk_add(load, line, n);
}

static enum rc copy_table(struct copy *c, struct bulk_load *load, size_t i)
{
    const struct bulk_table *from = &c->source.list[i], *to = &c->target.list[i];
    int64_t last;
    bool counts;
    if (from->odd_column || strcmp(from->name, to->name) != 0 || strcmp(from->list, to->list) != 0)
        return error_say(&c->err, RC_DB, from->name, arena_fmt(&c->arena, "the table %s is not of this program", from->name));
    TRY(db_bulk_begin(load, to));
    enum rc rc = db_bulk_read(c->from, from, take_line, load);
    enum rc ended = db_bulk_end(load);
    TRY(rc);
    TRY(ended);
    TRY(db_bulk_last_id(c->from, from, &last, &counts));
    return db_bulk_set_last_id(c->to, to, last);
}

static enum rc fill(struct db *to, void *arg, bool *keep)
{
    struct copy *c = arg;
    struct bulk_load *load;
    (void)keep;
    TRY(db_migrate_inside(to, db_place(to), migrations, migration_count, clock_now_ms(), &c->arena, &c->err));
    TRY(db_bulk_tables(to, &c->arena, &c->target));
    if (c->source.count != c->target.count)
        return error_say(&c->err, RC_DB, "表不同", "the tables are not those of this program");
    TRY(db_bulk_open(to, &c->target, &c->arena, &load));
    for (size_t i = 0; i < c->source.count; i++)
        TRY(copy_table(c, load, i));
    TRY(db_bulk_close(load));
    return c->finish(to);
}

static enum rc read_and_fill(struct db *from, void *arg)
{
    struct copy *c = arg;
    TRY(db_bulk_tables(from, &c->arena, &c->source));
    return db_run_alone(c->to, fill, c);
}

static enum rc copy_tables(struct copy *c, const char *server, const char *part)
{
    TRY(db_open(server, DB_READ, &c->from, &c->err));
    TRY(db_bulk_ready(c->from, false));
    TRY(db_open(part, DB_WRITE, &c->to, &c->err));
    TRY(db_bulk_ready(c->to, true));
    return db_run_read(c->from, read_and_fill, c);
}

static void say_why(const struct copy *c, char why[DB_WHY_MAX])
{
    const char *read = c->from ? db_last_error(c->from) : "", *written = c->to ? db_last_error(c->to) : "";
    snprintf(why, DB_WHY_MAX, "%.100s %.60s %.60s", c->err.en ? c->err.en : "", read, written);
}

static void remove_part(struct arena *a, const char *part)
{
    unlink(part);
    unlink(arena_fmt(a, "%s-wal", part));
    unlink(arena_fmt(a, "%s-shm", part));
}

/* Closing brings the write-ahead log home, and then removes it. Who runs the service may read the copy, as he may read the server. */
static enum rc finish_file(struct copy *c, const char *part, const char *file)
{
    db_close(c->to);
    c->to = NULL;
    if (access(arena_fmt(&c->arena, "%s-wal", part), F_OK) != 0 && chmod(part, 0600) == 0 && durable_rename(part, file, false))
        return RC_OK;
    return error_say(&c->err, RC_DB, "副本无法写入", "the file could not be finished");
}

static enum rc back_up_server(const char *server, const char *file, enum rc (*finish)(struct db *copy), char why[DB_WHY_MAX])
{
    struct copy c = {.finish = finish};
    arena_init(&c.arena);
    const char *part = arena_fmt(&c.arena, "%s.part", file);
    remove_part(&c.arena, part);
    enum rc rc = copy_tables(&c, server, part);
    if (rc == RC_OK)
        rc = finish_file(&c, part, file);
    if (rc != RC_OK)
        say_why(&c, why);
    db_close(c.to);
    db_close(c.from);
    if (rc != RC_OK)
        remove_part(&c.arena, part);
    arena_free(&c.arena);
    return rc;
}

enum rc db_back_up(struct db *db, const char *file, enum rc (*finish)(struct db *copy), char why[DB_WHY_MAX])
{
    struct conn *c = db_conn(db);
    if (!c->engine->backup)
        return back_up_server(db_place(db), file, finish, why);
    enum rc rc = c->engine->backup(c, file);
    if (rc != RC_OK)
        snprintf(why, DB_WHY_MAX, "%s", db_last_error(db));
    return rc;
}
