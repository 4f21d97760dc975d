/* mms doctor: what it looks at in the database, its settings and its backups. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "crypto/age.h"
#include "db/dialect.h"
#include "db/ship.h"
#include "db/ship_folder.h"
#include "domain/audit_chain.h"
#include "domain/backup.h"
#include "ops/doctor.h"
#include "ops/verify.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define NAMES_SHOWN 5

/* ---------------------------------------------------------------- reading */

struct reading {
    struct doctor *d;
    enum rc (*look)(struct ctx *c, void *arg);
    void *arg;
    const char *problem;
    bool is_older;
};

static enum rc read_in_snapshot(struct db *db, void *arg)
{
    struct reading *r = arg;
    int version = 0, newest = migrations[migration_count - 1].number;
    struct ctx c = {.arena = r->d->arena, .db = db, .settings = &r->d->settings, .now_ms = clock_now_ms()};
    TRY(db_schema_version(db, &version));
    if (version != newest) {
        r->is_older = version < newest;
        r->problem = arena_fmt(r->d->arena, "数据库版本 %d，本程序为 %d / the database has version %d, this program %d", version, newest, version, newest);
        return RC_OK;
    }
    c.actor.role = ROLE_SYSTEM_ADMIN;
    c.actor.permissions = role_permissions(c.actor.role);
    enum rc rc = r->look(&c, r->arg);
    if (rc != RC_OK)
        r->problem = arena_fmt(r->d->arena, "%s: %s", r->d->settings.database_name, db_last_error(db));
    return rc;
}

bool doctor_read(struct doctor *d, enum rc (*look)(struct ctx *c, void *arg), void *arg)
{
    struct db *db = NULL;
    struct error why = {0};
    struct reading r = {.d = d, .look = look, .arg = arg};
    enum rc rc = db_open(d->settings.database, DB_READ, &db, &why);
    if (rc == RC_OK)
        rc = db_run_read(db, read_in_snapshot, &r);
    db_close(db);
    if (rc != RC_OK && !r.problem)
        r.problem = arena_fmt(d->arena, "%s / %s", why.zh ? why.zh : error_row(rc)->zh, why.en ? why.en : error_row(rc)->en);
    if (r.problem)
        doctor_failed(d, r.is_older ? "mms migrate" : "mms migrate   (DB_PATH, DATABASE_URL)", "%s", r.problem);
    return !r.problem;
}

/* ---------------------------------------------------------------- indexes and triggers */

struct names {
    bool triggers; /* else indexes */
    bool is_sqlite;
    const char **list, **from; /* from: the migration */
    size_t count, room;
};

static void add_name(struct arena *a, struct names *out, const char *name, const char *from)
{
    if (out->count == out->room) {
        size_t room = out->room ? out->room * 2 : 64;
        const char **list = arena_array(a, room, sizeof *list), **origin = arena_array(a, room, sizeof *origin);
        for (size_t i = 0; i < out->count; i++) {
            list[i] = out->list[i];
            origin[i] = out->from[i];
        }
        out->list = list;
        out->from = origin;
        out->room = room;
    }
    out->list[out->count] = name;
    out->from[out->count++] = from;
}

static bool holds(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->list[i], name))
            return true;
    return false;
}

static void take_away(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->list[i], name)) {
            names->count--;
            names->list[i] = names->list[names->count];
            names->from[i] = names->from[names->count];
        }
}

static enum rc read_present(struct ctx *c, void *arg)
{
    struct names *out = arg;
    const struct db_catalogue *catalogue = db_catalogue(c->db);
    bool more;
    DB_ROWS rows = NULL;
    out->is_sqlite = text_equal(catalogue->engine, "SQLite");
    TRY(db_start(c->db, out->triggers ? &catalogue->triggers : &catalogue->indexes, DB_NO_ARGS, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        add_name(c->arena, out, arena_dup(c->arena, db_text(rows, "name")), NULL);
    }
}

/* The name behind `verb` when the line begins with that; NULL: it does not. */
static const char *named_by(struct arena *a, const char *line, const char *verb)
{
    if (!text_starts(line, verb))
        return NULL;
    line += strlen(verb);
    return arena_copy(a, line, strcspn(line, " ;\n"));
}

/* What the migrations make, in the engine's own form. In backend/sql each such statement begins a line. */
static void read_expected(struct doctor *d, const struct names *present, struct names *out)
{
    static const char *const verbs[2][3] = {{"CREATE INDEX ", "CREATE UNIQUE INDEX ", "DROP INDEX "}, {"CREATE TRIGGER ", NULL, "DROP TRIGGER "}};
    const char *const *verb = verbs[present->triggers];
    for (size_t i = 0; i < migration_count; i++) {
        struct buf text;
        buf_init(&text, 1 << 20);
        (present->is_sqlite ? dialect_sqlite : dialect_postgres)(migrations[i].text, &text);
        for (const char *line = buf_text(&text); *line; line += strcspn(line, "\n"), line += *line == '\n') {
            const char *made = named_by(d->arena, line, verb[0]), *gone = named_by(d->arena, line, verb[2]);
            if (!made && verb[1])
                made = named_by(d->arena, line, verb[1]);
            if (made && !holds(out, made))
                add_name(d->arena, out, made, arena_fmt(d->arena, "backend/sql/%04d_%s.sql", migrations[i].number, migrations[i].name));
            if (gone)
                take_away(out, gone);
        }
        buf_free(&text);
    }
}

static void compare_names(struct doctor *d, bool triggers)
{
    struct names present = {.triggers = triggers}, expected = {0};
    size_t missing = 0;
    const char *first = "", *mend = NULL;
    if (!doctor_read(d, read_present, &present))
        return;
    read_expected(d, &present, &expected);
    for (size_t i = 0; i < expected.count; i++)
        if (!holds(&present, expected.list[i]) && missing++ < NAMES_SHOWN) {
            first = arena_fmt(d->arena, "%s %s", first, expected.list[i]);
            if (!mend)
                mend = arena_fmt(d->arena, "%s: CREATE %s %s …", expected.from[i], triggers ? "TRIGGER" : "INDEX", expected.list[i]);
        }
    if (missing)
        doctor_failed(d, mend, "缺少 %zu 个 / missing:%s%s", missing, first, missing > NAMES_SHOWN ? " …" : "");
    else if (expected.count)
        doctor_ok(d, "%zu 个均在 / all there", expected.count);
}

void doctor_indexes(struct doctor *d)
{
    compare_names(d, false);
}

void doctor_guards(struct doctor *d)
{
    compare_names(d, true);
}

/* ---------------------------------------------------------------- settings */

/* The folder is there, and the user who asks may write there. */
static const char *bad_folder(struct doctor *d, const char *setting, const char *folder)
{
    struct stat st;
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return arena_fmt(d->arena, "%s=%s 不是目录 / is no folder", setting, folder);
    return access(folder, W_OK | X_OK) == 0 ? NULL : arena_fmt(d->arena, "%s=%s 不可写 / is not writable", setting, folder);
}

void doctor_environment(struct doctor *d)
{
    const char *mode = getenv("NODE_ENV"), *bad = NULL;
    const char *faults = "";
    for (const struct field_fault *f = d->faults ? d->faults->faults : NULL; f; f = f->next)
        faults = arena_fmt(d->arena, "%s%s%s: %s / %s", faults, *faults ? "; " : "", f->field, f->zh, f->en);
    if (*faults) {
        doctor_failed(d, "mms check-config", "%s", faults);
        return;
    }
    bad = bad_folder(d, "UPLOAD_DIR", d->settings.upload_dir);
    if (!bad && d->settings.backup_dir)
        bad = bad_folder(d, "BACKUP_DIR", d->settings.backup_dir);
    if (mode && *mode && !text_equal(mode, "production"))
        doctor_failed(d, "NODE_ENV=production", "NODE_ENV=%s", mode);
    else if (!getenv("DB_PATH") && !getenv("DATABASE_URL"))
        doctor_failed(d, "export DB_PATH=/data/mms.db   (或 / or DATABASE_URL)", "未说明数据库在哪里 / nothing says where the database is");
    else if (!d->settings.backup_dir)
        doctor_failed(d, "export BACKUP_DIR=/backup", "BACKUP_DIR 未设置 / is not set");
    else if (bad)
        doctor_failed(d, "install -d -o 1001 -g 1001 -m 750 …", "%s", bad);
    else
        doctor_ok(d, "生产环境可接受；%s / acceptable in production", d->settings.database_name);
}

/* ---------------------------------------------------------------- proofs */

struct books {
    struct verify verify;
    struct audit_walk walk;
    int64_t seals;
};

static enum rc prove_books(struct ctx *c, void *arg)
{
    struct books *b = arg;
    TRY(verify_all(c, &b->verify));
    return b->verify.failed ? RC_OK : audit_prove(c, &b->walk, &b->seals);
}

void doctor_books(struct doctor *d)
{
    struct books b = {.verify = {.silent = true}};
    bool read = doctor_read(d, prove_books, &b);
    if (read && b.verify.failed)
        doctor_failed(d, "mms verify", "%s", b.verify.what);
    else if (read && b.walk.broken)
        doctor_failed(d, "mms audit verify", "操作日志的链有 %lld 处断开 / the log's chain is broken in %lld places", (long long)b.walk.broken, (long long)b.walk.broken);
    else if (read)
        doctor_ok(d, "%zu 项证明，日志 %lld 行 / proofs, rows of the log", b.verify.proofs, (long long)b.walk.rows);
    audit_walk_end(&b.walk);
}

/* ---------------------------------------------------------------- backups */

static bool is_whole(struct doctor *d, const struct backup_part *p)
{
    struct stat st;
    if (!p->file)
        return true;
    return stat(arena_fmt(d->arena, "%s/%s", d->settings.backup_dir, p->file), &st) == 0 && (p->sealed_hash ? st.st_size > 0 : st.st_size == p->stored);
}

static void look_at_newest(struct doctor *d, const struct backup *b)
{
    int64_t age_ms = clock_now_ms() - b->made_ms;
    char made[CLOCK_TEXT_MAX];
    clock_print_iso(b->made_ms, made);
    if (!is_whole(d, &b->database) || !is_whole(d, &b->files))
        doctor_failed(d, "mms backup", "%s 的文件缺失或大小不符 / its files are missing, or of another size", b->name);
    else if (age_ms < -HOUR_MS)
        doctor_failed(d, "date -u", "%s 的时间在将来 / is of a time to come: %s", b->name, made);
    else if (age_ms > d->options.backup_hours * HOUR_MS)
        doctor_failed(d, "mms backup --gzip --keep 7,4,12   (deploy/mms-backup.timer)", "%s 已 %lld 小时，上限 %lld / is so many hours old, the limit is %lld",
                      b->name, (long long)(age_ms / HOUR_MS), (long long)d->options.backup_hours, (long long)d->options.backup_hours);
    else
        doctor_ok(d, "%s，%lld 小时前，已试恢复并验证 / hours ago, restored once and proven", b->name, (long long)(age_ms / HOUR_MS));
}

void doctor_backup(struct doctor *d)
{
    struct backup *list = NULL;
    if (!d->settings.backup_dir) {
        doctor_failed(d, "export BACKUP_DIR=/backup", "BACKUP_DIR 未设置 / is not set");
        return;
    }
    size_t count = backup_list(d->arena, d->settings.backup_dir, &list);
    for (size_t i = 0; i < count; i++)
        if (list[i].proven_ms) {
            look_at_newest(d, &list[i]);
            return;
        }
    doctor_failed(d, "mms backup --gzip --keep 7,4,12", "%s 中没有验证过的备份（共 %zu 个）/ holds no proven backup (%zu in all)", d->settings.backup_dir, count, count);
}

/* The newest segment's moment, or the base's when none came after it. */
static int64_t shipped_until(struct doctor *d, const struct ship_base *b)
{
    struct ship_segment s;
    int64_t first, last;
    const char *chain = arena_fmt(d->arena, "%s/%s", d->settings.backup_continuous_dir, b->chain);
    ship_segment_range(chain, &first, &last);
    return last && ship_segment_read(chain, last, &s, NULL, NULL) == RC_OK && s.time_ms > b->whole_ms ? s.time_ms : b->whole_ms;
}

/* When the database was written last, as its log tells; 0: it has none, so nothing is under way. */
static int64_t written_ms(struct doctor *d)
{
    struct stat st;
    if (stat(arena_fmt(d->arena, "%s-wal", d->settings.db_path), &st) != 0 || st.st_size == 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* False: it was said. */
static bool age_can_seal(struct doctor *d)
{
    struct buf sealed;
    char said[AGE_SAID_MAX];
    buf_init(&sealed, 65536);
    bool can = age_seal(d->settings.age_recipient, "mms", 3, &sealed, said);
    buf_free(&sealed);
    if (!can)
        doctor_failed(d, "apt-get install age; age-keygen", "AGE_RECIPIENT：%s", arena_dup(d->arena, said));
    return can;
}

static void look_at_newest_base(struct doctor *d, const struct ship_base *b, size_t open)
{
    char at[CLOCK_TEXT_MAX], sealed_for[AGE_NAME_MAX] = "";
    const char *wanted = d->settings.age_recipient;
    int64_t until_ms = shipped_until(d, b);
    clock_print_iso(until_ms, at);
    if (wanted)
        age_name(wanted, sealed_for);
    if (!text_equal(b->sealed, wanted ? sealed_for : NULL))
        doctor_failed(d, "systemctl restart mms", "%s %s，与 AGE_RECIPIENT 不符 / is not sealed as AGE_RECIPIENT says", b->chain, b->sealed ? "已加密 / sealed" : "未加密 / open");
    else if (written_ms(d) > until_ms + SHIP_PROMISE_MS)
        doctor_failed(d, "journalctl -u mms | grep ship", "已保存到 %s，其后的变更尚未写入 / what came after that is not there yet", at);
    else if (b->sealed && open)
        doctor_ok(d, "已加密，已保存到 %s；仍有 %zu 份旧副本未加密 / sealed, safe until then; older copies that are not sealed: %zu", at, open, open);
    else
        doctor_ok(d, "%s，已保存到 / safe until %s；%s", b->sealed ? "已加密 / sealed" : "未加密（AGE_RECIPIENT 未设置）/ not sealed", at,
                  b->proven_ms ? "已试恢复并验证 / restored once and proven" : "尚未试恢复 / not restored for a try yet");
}

void doctor_continuous(struct doctor *d)
{
    struct ship_base *list = NULL;
    const char *folder = d->settings.backup_continuous_dir;
    if (!folder) {
        doctor_not_applicable(d, "export BACKUP_CONTINUOUS_DIR=…", "%s", d->settings.database_url ? "PostgreSQL：见 pg_receivewal / see pg_receivewal" : "BACKUP_CONTINUOUS_DIR 未设置 / is not set");
        return;
    }
    size_t count = ship_bases(d->arena, folder, &list), open = 0;
    for (size_t i = 0; i < count; i++)
        open += !list[i].sealed;
    if (d->settings.age_recipient && !age_can_seal(d))
        return;
    if (count)
        look_at_newest_base(d, &list[0], open);
    else
        doctor_failed(d, "journalctl -u mms | grep ship", "%s 中没有完整的副本 / holds no whole copy", folder);
}
