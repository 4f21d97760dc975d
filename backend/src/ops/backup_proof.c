/* Bringing a backup's database back, and proving that it is what was backed up (backup.h). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "domain/audit_chain.h"
#include "ops/backup.h"
#include "ops/move.h"
#include "ops/packed.h"
#include "ops/verify.h"

int backup_say_errno(struct tool *t, const char *command, const char *path)
{
    int why = errno;
    struct error err = {
        .zh = why == EBADMSG ? arena_fmt(&t->arena, "%s：文件已损坏或不完整", path)
                             : arena_fmt(&t->arena, "%s：%s", path, strerrordesc_np(why)),
        .en = why == EBADMSG ? arena_fmt(&t->arena, "%s: the file is damaged or not whole", path)
                             : arena_fmt(&t->arena, "%s: %s", path, strerrordesc_np(why))};
    tool_print_error(command, RC_FILES_DAMAGED, &err);
    return EXIT_STORAGE;
}

int backup_say_age(struct tool *t, const char *command, const char *path)
{
    struct error err = {.zh = arena_fmt(&t->arena, "%s：age 未能完成（见上）", path), .en = arena_fmt(&t->arena, "%s: age could not do it (see above)", path)};
    if (errno == EINVAL)
        err = (struct error){.zh = "AGE_RECIPIENT（--age）必须是 age 的公钥（age1… 或 ssh-…）", .en = "AGE_RECIPIENT (--age) must be public keys of age (age1… or ssh-…)"};
    if (errno == ENOENT)
        err = (struct error){.zh = "未安装 age（Debian：apt-get install age）", .en = "age is not installed (Debian: apt-get install age)"};
    tool_print_error(command, RC_FILES_DAMAGED, &err);
    return EXIT_STORAGE;
}

void backup_remove_database(struct arena *a, const char *file)
{
    unlink(file);
    unlink(arena_fmt(a, "%s-wal", file));
    unlink(arena_fmt(a, "%s-shm", file));
}

/* ---------------------------------------------------------------- figures */

struct proving {
    struct backup *backup;
    struct verify verify;
    struct audit_walk walk;
    int64_t seals;
    bool differs; /* a figure does, and was printed */
    bool migrated; /* it was of an older version, whose figures are not told in this one's tables; the checksums have proved its bytes */
};

static enum rc count_rows(struct ctx *c, const struct bulk_table *t, int64_t *n)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(c->db, arena_fmt(c->arena, "SELECT COUNT(*) AS n FROM \"%s\"", t->name), DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *n = more ? db_int(rows, "n") : 0;
    return RC_OK;
}

static enum rc read_rows(struct ctx *c, const struct bulk_tables *tables, struct backup *found)
{
    int64_t n;
    found->rows = arena_array(c->arena, tables->count + 1, sizeof *found->rows);
    for (size_t i = 0; i < tables->count; i++) {
        TRY(count_rows(c, &tables->list[i], &n));
        found->rows[found->row_count++] = (struct backup_figure){tables->list[i].name, arena_fmt(c->arena, "%lld", (long long)n)};
    }
    return RC_OK;
}

static enum rc read_totals(struct ctx *c, struct move_side *side, struct backup *found)
{
    TRY(move_side_totals(side));
    found->totals = arena_array(c->arena, side->total_count + 1, sizeof *found->totals);
    for (size_t i = 0; i < side->total_count; i++)
        found->totals[found->total_count++] = (struct backup_figure){side->totals[i].what, side->totals[i].value};
    return RC_OK;
}

static const char *figure_of(const struct backup_figure *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(list[i].name, name))
            return list[i].value;
    return "-";
}

static bool all_are_in(const struct backup_figure *a, size_t a_count, const struct backup_figure *b, size_t b_count, bool first)
{
    bool same = true;
    for (size_t i = 0; i < a_count; i++) {
        const char *other = figure_of(b, b_count, a[i].name);
        if (text_equal(a[i].value, other))
            continue;
        same = false;
        printf("FAIL  %s: expected %s, found %s\n", a[i].name, first ? a[i].value : other, first ? other : a[i].value);
    }
    return same;
}

static bool same_figures(const struct backup_figure *wanted, size_t wanted_count, const struct backup_figure *found, size_t found_count)
{
    return all_are_in(wanted, wanted_count, found, found_count, true) && all_are_in(found, found_count, wanted, wanted_count, false);
}

static enum rc compare_figures(struct ctx *c, struct proving *p)
{
    struct move_side side = {.db = c->db, .arena = c->arena};
    struct backup found = {0}, *b = p->backup;
    TRY(move_side_tables(&side));
    TRY(read_rows(c, &side.tables, &found));
    TRY(read_totals(c, &side, &found));
    if (!b->row_count) {
        b->rows = found.rows;
        b->row_count = found.row_count;
        b->totals = found.totals;
        b->total_count = found.total_count;
        return RC_OK;
    }
    p->differs = !same_figures(b->rows, b->row_count, found.rows, found.row_count) ||
                 !same_figures(b->totals, b->total_count, found.totals, found.total_count);
    return RC_OK;
}

/* ---------------------------------------------------------------- the proof */

static void print_break(void *arg, const char *zh, const char *en)
{
    (void)arg;
    printf("FAIL  %s / %s\n", zh, en);
}

static enum rc prove(struct ctx *c, void *arg)
{
    struct proving *p = arg;
    if (!p->migrated)
        TRY(compare_figures(c, p));
    if (!p->differs)
        TRY(verify_all(c, &p->verify));
    if (!p->differs && !p->verify.failed)
        TRY(audit_prove(c, &p->walk, &p->seals));
    return RC_OK;
}

/* Brings a backup that an older program has made to this version. */
static int migrate(struct tool *t, const char *command, const char *file)
{
    struct db *db = NULL;
    int applied;
    const char *snapshot = NULL;
    enum rc rc = db_open(file, DB_WRITE, &db, &t->err);
    if (rc == RC_OK)
        rc = db_migrate(db, file, migrations, migration_count, clock_now_ms(), &t->arena, &applied, &snapshot, &t->err);
    db_close(db);
    if (snapshot)
        unlink(snapshot); /* the backup itself is still there */
    if (rc == RC_OK)
        rc = db_writer_start(file, &t->writer, &t->err);
    if (rc == RC_OK)
        rc = tool_fill_search(t);
    db_writer_stop(t->writer);
    t->writer = NULL;
    if (rc != RC_OK)
        tool_print_error(command, rc, &t->err);
    return rc == RC_OK ? EXIT_OK : EXIT_STORAGE;
}

int backup_prove(struct tool *t, const char *command, struct backup *b, const char *file)
{
    struct proving p = {.backup = b, .verify = {.quiet = true}, .walk = {.found = print_break}};
    p.migrated = b->schema < migrations[migration_count - 1].number;
    if (p.migrated && migrate(t, command, file) != EXIT_OK)
        return EXIT_STORAGE;
    const char *database = t->settings.database, *name = t->settings.database_name;
    t->settings.database = t->settings.database_name = file;
    int code = tool_read(t, command, prove, &p);
    t->settings.database = database;
    t->settings.database_name = name;
    bool broken = p.walk.broken > 0;
    audit_walk_end(&p.walk);
    if (code != EXIT_OK || (!p.differs && !p.verify.failed && !broken))
        return code;
    struct error err = {.zh = arena_fmt(&t->arena, "备份 %s 未通过验证，不可使用", b->name),
                        .en = arena_fmt(&t->arena, "The backup %s did not stand its proof: it is not to be used", b->name)};
    fflush(stdout);
    tool_print_error(command, RC_FILES_DAMAGED, &err);
    return EXIT_FAILED;
}

static bool unpack(struct tool *t, const char *folder, const struct backup *b, const char *file)
{
    struct packed found;
    const struct backup_part *p = &b->database;
    size_t n = strlen(p->file);
    bool gzip = n > 3 && strcmp(p->file + n - 3, ".gz") == 0;
    if (!unpack_file(arena_fmt(&t->arena, "%s/%s", folder, p->file), file, gzip, p->bytes, &found))
        return false;
    if (found.bytes == p->bytes && found.stored == p->stored && text_equal(found.hash, p->hash) && text_equal(found.stored_hash, p->stored_hash))
        return true;
    unlink(file);
    errno = EBADMSG;
    return false;
}

int backup_take_out(struct tool *t, const char *command, const char *folder, struct backup *b, const char *file)
{
    if (!unpack(t, folder, b, file))
        return backup_say_errno(t, command, arena_fmt(&t->arena, "%s/%s", folder, b->database.file));
    int code = backup_prove(t, command, b, file);
    if (code != EXIT_OK)
        backup_remove_database(&t->arena, file);
    return code;
}
