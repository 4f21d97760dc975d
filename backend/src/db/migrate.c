/* Bringing a database to the present schema. Table: schema_migrations.
 *
 * Everything is checked before anything is changed; each migration runs in one transaction together
 * with its record, so that a failing one leaves the database as it was. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "crypto/token.h"
#include "db/dialect.h"
#include "db/driver.h"

#define SCRIPT_MAX ((size_t)8 << 20)

static const char table_text[] = "CREATE TABLE IF NOT EXISTS schema_migrations (\n"
                                 "    number     @int@ NOT NULL PRIMARY KEY,\n"
                                 "    name       @text@ NOT NULL,\n"
                                 "    checksum   @text@ NOT NULL,\n"
                                 "    applied_at @int@ NOT NULL\n"
                                 ") @strict@;\n";

static const struct sql sql_last = {
    "migration.last", "SELECT COALESCE(MAX(number), 0) AS number FROM schema_migrations"};
static const struct sql sql_all = {
    "migration.all", "SELECT number, name, checksum FROM schema_migrations ORDER BY number"};
static const struct sql sql_add = {
    "migration.add",
    "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"};

struct task {
    struct db *db;
    const char *path;
    const struct migration *list;
    size_t count;
    int64_t now_ms;
    struct arena *arena;
    struct error *why;
};

/* The engine's own reason goes with the sentence: a person at the console reads it. */
static enum rc say(const struct task *t, enum rc rc, const char *zh, const char *en,
                   const char *detail)
{
    const char *open_zh = *detail ? "（" : "", *close_zh = *detail ? "）" : "";
    const char *open_en = *detail ? " (" : "", *close_en = *detail ? ")" : "";
    if (!t->why)
        return rc;
    return error_say(
        t->why, rc,
        arena_fmt(t->arena, "数据库 %s：%s%s%s%s", t->path, zh, open_zh, detail, close_zh),
        arena_fmt(t->arena, "Database %s: %s%s%s%s", t->path, en, open_en, detail, close_en));
}

static enum rc say_storage(const struct task *t, enum rc rc)
{
    return say(t, rc, "读取或写入失败", "reading or writing failed", db_last_error(t->db));
}

static enum rc say_about(const struct task *t, enum rc rc, const struct migration *m,
                         const char *zh, const char *en, const char *detail)
{
    return say(t, rc, arena_fmt(t->arena, "迁移 %04d_%s %s", m->number, m->name, zh),
               arena_fmt(t->arena, "migration %04d_%s %s", m->number, m->name, en), detail);
}

/* ---- what has been applied ---- */

enum rc db_schema_version(struct db *db, int *number)
{
    bool has = false, more = false;
    enum rc rc = driver_has_table(db_conn(db), "schema_migrations", &has);
    if (rc != RC_OK)
        return rc;
    int last = 0;
    if (has) {
        DB_ROWS rows = NULL;
        rc = db_start(db, &sql_last, DB_NO_ARGS, &rows);
        if (rc == RC_OK)
            rc = db_next(rows, &more);
        if (rc != RC_OK)
            return rc;
        last = more ? (int)db_int(rows, "number") : 0;
    }
    *number = last;
    return RC_OK;
}

static enum rc check_list(const struct task *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].number != (int)i + 1)
            return say_about(
                t, RC_DB, &t->list[i], "编号不连续，程序本身有误，请重新安装",
                "leaves a gap before it: the program itself is at fault, install it again", "");
    return RC_OK;
}

static enum rc check_applied(const struct task *t, struct db_rows *rows, size_t i)
{
    char checksum[HASH_HEX_MAX];
    const struct migration *m = &t->list[i];
    if (db_int(rows, "number") != m->number)
        return say_about(
            t, RC_DB, m, "在数据库中没有记录，而其后的迁移已执行；请从备份恢复",
            "is not recorded in the database although a later one is: restore a backup", "");
    hash_hex(m->text, strlen(m->text), checksum);
    if (text_equal(checksum, db_text(rows, "checksum")))
        return RC_OK;
    return say_about(t, RC_DB, m, "在执行之后被改动过，校验和不符；请使用与数据库相配的程序版本",
                     "has changed since it was applied (its checksum differs): use the program "
                     "that belongs to this database",
                     "");
}

static enum rc check_records(const struct task *t, size_t applied)
{
    DB_ROWS rows = NULL;
    bool more = false;
    enum rc rc = db_start(t->db, &sql_all, DB_NO_ARGS, &rows);
    for (size_t i = 0; rc == RC_OK && i < applied; i++) {
        rc = db_next(rows, &more);
        if (rc != RC_OK || !more)
            break;
        rc = check_applied(t, rows, i);
        if (rc != RC_OK)
            return rc;
    }
    return rc == RC_OK ? RC_OK : say_storage(t, rc);
}

static enum rc say_newer(const struct task *t, int version)
{
    return say(
        t, RC_DB_NEWER,
        arena_fmt(t->arena,
                  "版本 %04d 高于本程序的 %04zu；请升级程序，或恢复升级前的快照 %s.before-NNNN",
                  version, t->count, t->path),
        arena_fmt(t->arena,
                  "its version %04d is newer than this program's %04zu: upgrade the program, or "
                  "restore the snapshot %s.before-NNNN made before the upgrade",
                  version, t->count, t->path),
        "");
}

/* A file of another program is refused before anything is mixed into it. */
static enum rc check_stranger(const struct task *t)
{
    bool has = false;
    enum rc rc = driver_has_table(db_conn(t->db), NULL, &has);
    if (rc != RC_OK)
        return say_storage(t, rc);
    return !has ? RC_OK
                : say(t, RC_DB,
                      "其中有别的程序建立的表，不是本系统的数据库；请把 DB_PATH 改为新的文件",
                      "it holds tables of another program and is not a database of this system: "
                      "set DB_PATH to a new file",
                      "");
}

static enum rc check_present(const struct task *t, int *version)
{
    enum rc rc = db_schema_version(t->db, version);
    if (rc != RC_OK)
        return say_storage(t, rc);
    if (*version > 0 && (size_t)*version > t->count)
        return say_newer(t, *version);
    return *version == 0 ? check_stranger(t) : check_records(t, (size_t)*version);
}

/* ---- snapshot ---- */

static const char *free_name(const struct task *t, int first)
{
    const char *name = arena_fmt(t->arena, "%s.before-%04d", t->path, first);
    for (int i = 2; access(name, F_OK) == 0 || errno != ENOENT; i++) {
        if (i > 9999)
            return NULL;
        name = arena_fmt(t->arena, "%s.before-%04d-%d", t->path, first, i);
    }
    return name;
}

static enum rc take_snapshot(const struct task *t, int first, const char **snapshot)
{
    struct conn *c = db_conn(t->db);
    if (!c->engine->backup)
        return RC_OK;
    const char *name = free_name(t, first);
    enum rc rc = name ? c->engine->backup(c, name) : RC_DB;
    if (rc == RC_OK)
        *snapshot = name;
    return rc == RC_OK
               ? rc
               : say(t, rc, "升级前的快照无法写入，尚未作任何改动；请检查磁盘空间和文件夹权限",
                     "the snapshot before the upgrade could not be written and nothing was "
                     "changed: check the disk space and the folder's permissions",
                     name ? db_last_error(t->db) : "");
}

/* ---- applying ---- */

static enum rc run_text(struct db *db, const char *text)
{
    struct buf script;
    buf_init(&script, SCRIPT_MAX);
    db_conn(db)->engine->translate(text, &script);
    enum rc rc = script.overflow ? RC_INTERNAL : driver_script(db_conn(db), buf_text(&script));
    buf_free(&script);
    return rc;
}

static enum rc apply_inside(const struct task *t, const struct migration *m)
{
    char checksum[HASH_HEX_MAX];
    hash_hex(m->text, strlen(m->text), checksum);
    enum rc rc = run_text(t->db, table_text);
    if (rc == RC_OK)
        rc = run_text(t->db, m->text);
    if (rc == RC_OK && !driver_in_tx(db_conn(t->db)))
        db_misuse(m->name, "ends its own transaction");
    if (rc == RC_OK)
        rc =
            db_exec(t->db, &sql_add,
                    DB_ARGS(DB_I(m->number), DB_T(m->name), DB_T(checksum), DB_I(t->now_ms)), NULL);
    return rc;
}

static enum rc apply(const struct task *t, const struct migration *m)
{
    struct conn *c = db_conn(t->db);
    int version = 0;
    enum rc rc = driver_tx(c, DRIVER_BEGIN_WRITE);
    if (rc == RC_OK)
        rc = db_schema_version(t->db, &version);
    if (rc == RC_OK && version < m->number) /* else another program has done it just now */
        rc = apply_inside(t, m);
    if (rc == RC_OK)
        rc = driver_tx(c, DRIVER_COMMIT);
    if (rc == RC_OK)
        return RC_OK;
    const char *reason = arena_dup(t->arena, driver_error(c));
    if (driver_in_tx(c) && driver_tx(c, DRIVER_ROLLBACK) != RC_OK && driver_in_tx(c))
        db_misuse("ROLLBACK", "failed after a migration");
    return say_about(t, rc, m, "执行失败，数据库保持该迁移之前的状态",
                     "failed; the database is as it was before this migration", reason);
}

enum rc db_migrate(struct db *writer, const char *path, const struct migration *list, size_t count,
                   int64_t now_ms, struct arena *a, int *applied, const char **snapshot,
                   struct error *why)
{
    const struct task t = {writer, path, list, count, now_ms, a, why};
    int version = 0;
    const char *copy = NULL;
    enum rc rc = check_list(&t);
    if (rc == RC_OK)
        rc = check_present(&t, &version);
    if (rc == RC_OK && version > 0 && (size_t)version < count)
        rc = take_snapshot(&t, version + 1, &copy);
    for (size_t i = (size_t)version; rc == RC_OK && i < count; i++)
        rc = apply(&t, &list[i]);
    if (rc != RC_OK)
        return rc;
    *applied = (int)count - version;
    if (snapshot)
        *snapshot = copy;
    return RC_OK;
}

enum rc db_migrate_inside(struct db *db, const char *path, const struct migration *list, size_t count,
                          int64_t now_ms, struct arena *a, struct error *why)
{
    const struct task t = {db, path, list, count, now_ms, a, why};
    enum rc rc = check_list(&t);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        rc = apply_inside(&t, &list[i]);
        if (rc != RC_OK)
            return say_about(&t, rc, &list[i], "执行失败，数据库保持原状",
                             "failed; the database is as it was", db_last_error(db));
    }
    return rc;
}
