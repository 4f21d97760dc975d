#include "ops/continuous.h"

#include <errno.h>
#include <string.h>

#include "files/files.h"

static void warn(const char *zh, const char *en)
{
    printf("注意 / note: %s / %s\n", zh, en);
}

static const char *time_text(struct tool *t, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(ms, text);
    return arena_dup(&t->arena, text);
}

static int fail(struct tool *t, const char *command, enum rc rc)
{
    tool_print_error(command, rc, &t->err);
    return EXIT_STORAGE;
}

static enum rc read_schema(struct tool *t, const char *file, int64_t *schema)
{
    struct db *db = NULL;
    int number = 0;
    enum rc rc = db_open(file, DB_READ, &db, &t->err);
    if (rc == RC_OK)
        rc = db_schema_version(db, &number);
    db_close(db);
    *schema = number;
    return rc;
}

static void note_proof(struct tool *t, const struct continuous_source *s)
{
    const struct ship_base *b = &s->restored.base;
    if (!ship_base_note_proof(&t->arena, arena_fmt(&t->arena, "%s/%s", s->folder, b->chain), b, clock_now_ms()))
        warn(arena_fmt(&t->arena, "验证结果未能写入 %s", s->folder), arena_fmt(&t->arena, "the proof could not be noted in %s (%s)", s->folder, strerrordesc_np(errno)));
}

static enum rc bring(struct tool *t, struct continuous_source *s, const char *file)
{
    const struct ship_wish wish = {.folder = s->folder, .until_ms = s->until_ms, .file = file, .identity = s->identity, .warn = warn};
    return ship_restore(&t->arena, &wish, &s->restored, &t->err);
}

int continuous_check_sums(struct tool *t, const char *command, struct continuous_source *s)
{
    enum rc rc = bring(t, s, NULL);
    if (rc != RC_OK)
        return fail(t, command, rc);
    const struct ship_base *b = &s->restored.base;
    printf("%s：%lld 个分段及其副本的次序与校验和无误，截至 %s（%s）。仅此而已：能否恢复，须用 --check 证明%s\n"
           "%s: its copy and %lld segments are in order and stand their checksums, as of %s (%s). No more than that: whether it can be restored, --check proves%s\n",
           b->chain, (long long)s->restored.segments, time_text(t, s->restored.as_of_ms), b->sealed ? "已加密" : "未加密", b->sealed ? "（需要密钥）" : "",
           b->chain, (long long)s->restored.segments, time_text(t, s->restored.as_of_ms), b->sealed ? "encrypted" : "not encrypted", b->sealed ? " (with the key)" : "");
    return EXIT_OK;
}

int continuous_take_out(struct tool *t, const char *command, struct continuous_source *s, struct backup *b, const char *file)
{
    enum rc rc = bring(t, s, file);
    if (rc != RC_OK)
        return fail(t, command, rc);
    const char *as_of = time_text(t, s->restored.as_of_ms);
    *b = (struct backup){.name = arena_fmt(&t->arena, "%s @ %s", s->restored.base.chain, as_of)};
    printf("连续备份 / continuous backup: %s，截至 / as of %s，分段 / segments: %lld\n", s->restored.base.chain, as_of, (long long)s->restored.segments);
    rc = read_schema(t, file, &b->schema);
    int code = rc == RC_OK ? backup_prove(t, command, b, file) : fail(t, command, rc);
    if (code == EXIT_OK)
        note_proof(t, s);
    else
        backup_remove_database(&t->arena, file);
    return code;
}

const char *continuous_uploads(struct tool *t, const struct continuous_source *s)
{
    const char *sealed = s->restored.base.sealed;
    return sealed ? arena_fmt(&t->arena, SHIP_SEALED_UPLOADS "%s", sealed) : SHIP_UPLOADS;
}

struct putting {
    struct files *from, *to;
    const char *identity; /* NULL: they lie open */
    int64_t count;
    enum rc rc;
};

static enum rc open_one(struct putting *p, const char *key, struct buf *bytes)
{
    struct buf opened;
    char said[AGE_SAID_MAX];
    if (!p->identity)
        return RC_OK;
    buf_init(&opened, SIZE_MAX);
    bool good = age_open(p->identity, buf_text(bytes), bytes->n, &opened, said);
    if (!good)
        printf("FAIL  %s: %s\n", key, said);
    buf_free(bytes);
    *bytes = opened;
    return good ? RC_OK : RC_FILES_DAMAGED;
}

static void put_one(void *arg, const char *key, int64_t changed_ms)
{
    struct putting *p = arg;
    struct buf bytes;
    (void)changed_ms;
    if (p->rc != RC_OK)
        return;
    buf_init(&bytes, SIZE_MAX);
    p->rc = files_get(p->from, key, &bytes);
    if (p->rc == RC_OK)
        p->rc = open_one(p, key, &bytes);
    if (p->rc == RC_OK && p->to)
        p->rc = files_put(p->to, key, buf_text(&bytes), bytes.n);
    buf_free(&bytes);
    p->count += p->rc == RC_OK;
}

enum rc continuous_put_files(struct tool *t, const struct continuous_source *s, struct files *to, int64_t *count)
{
    struct putting p = {.from = files_open_local(arena_fmt(&t->arena, "%s/%s", s->folder, continuous_uploads(t, s))), .to = to,
                        .identity = s->restored.base.sealed ? s->identity : NULL};
    for (size_t i = 0; backup_folders[i] && p.rc == RC_OK; i++) {
        enum rc rc = files_list(p.from, backup_folders[i], put_one, &p);
        p.rc = p.rc == RC_OK ? rc : p.rc;
    }
    files_close(p.from);
    *count = p.count;
    return p.rc;
}
