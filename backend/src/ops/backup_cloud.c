#include "ops/backup_cloud.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/storage.h"
#include "base/durable.h"
#include "base/text.h"
#include "files/crc64.h"

#define FOLDER "backup"
#define PIECE (64 * 1024)

struct request {
    struct tool *tool;
    const char *command, *folder;
    struct files *files;
};

static int say_errno(struct request *r, const char *path)
{
    return backup_say_errno(r->tool, r->command, path);
}

static int say(struct request *r, const char *key, enum rc rc)
{
    struct arena *a = &r->tool->arena;
    struct buf why;
    buf_init(&why, 1024);
    files_why(r->files, &why);
    const char *more = why.n && rc != RC_NOT_FOUND ? arena_fmt(a, ": %s", buf_text(&why)) : "";
    buf_free(&why);
    tool_print_error(r->command, rc, &(struct error){.zh = arena_fmt(a, "%s：%s%s", key, error_row(rc)->zh, more),
                                                     .en = arena_fmt(a, "%s: %s%s", key, error_row(rc)->en, more)});
    return EXIT_STORAGE;
}

static int begin(struct request *r)
{
    const struct settings *s = &r->tool->settings;
    if (!s->oss_bucket || !s->oss_region) {
        tool_print_error(r->command, RC_INVALID_INPUT, &(struct error){.zh = "请设置 OSS_BUCKET 与 OSS_REGION", .en = "Set OSS_BUCKET and OSS_REGION"});
        return EXIT_SETTINGS;
    }
    r->files = storage_open_at(s, UPLOAD_OSS, true);
    return EXIT_OK;
}

/* ---------------------------------------------------------------- there */

static bool sum_of(int fd, int64_t bytes, uint64_t *crc)
{
    unsigned char piece[PIECE];
    const struct files_source source = files_source_fd(&fd, bytes);
    *crc = 0;
    for (int64_t at = 0; at < bytes; at += PIECE) {
        size_t n = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
        if (!source.read(source.arg, at, piece, n))
            return false;
        *crc = crc64(*crc, piece, n);
    }
    return true;
}

static enum rc send_open(struct request *r, const char *key, int fd, int64_t bytes)
{
    struct files_fact there;
    uint64_t crc;
    const struct files_source source = files_source_fd(&fd, bytes);
    TRY(files_put_from(r->files, key, &source));
    TRY(files_head(r->files, key, &there));
    if (!sum_of(fd, bytes, &crc))
        return RC_FILES_UNWRITABLE;
    return there.bytes == bytes && there.crc == crc ? RC_OK : RC_FILES_BROKEN;
}

static int send_file(struct request *r, const char *name)
{
    struct arena *a = &r->tool->arena;
    struct stat st;
    const char *path = arena_fmt(a, "%s/%s", r->folder, name), *key = arena_fmt(a, FOLDER "/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int code = say_errno(r, path);
        if (fd >= 0)
            close(fd);
        return code;
    }
    enum rc rc = send_open(r, key, fd, st.st_size);
    close(fd);
    return rc == RC_OK ? EXIT_OK : say(r, key, rc);
}

int backup_send(struct tool *t, const char *command, const char *folder, const struct backup *b)
{
    struct request r = {.tool = t, .command = command, .folder = folder};
    const char *names[] = {b->database.file, b->files.file, arena_fmt(&t->arena, "%s.json", b->name)};
    int code = begin(&r);
    for (size_t i = 0; code == EXIT_OK && i < 3; i++)
        if (names[i])
            code = send_file(&r, names[i]);
    files_close(r.files);
    return code;
}

/* ---------------------------------------------------------------- and back */

static int bring_file(struct request *r, const char *name)
{
    struct arena *a = &r->tool->arena;
    const char *path = arena_fmt(a, "%s/%s", r->folder, name), *part = arena_fmt(a, "%s.part", path), *key = arena_fmt(a, FOLDER "/%s", name);
    int fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return say_errno(r, part);
    const struct files_sink sink = files_sink_fd(&fd);
    enum rc rc = files_get_to(r->files, key, &sink);
    close(fd);
    if (rc == RC_OK && durable_rename(part, path, true))
        return EXIT_OK;
    int code = rc == RC_OK ? say_errno(r, path) : say(r, key, rc);
    unlink(part);
    return code;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

/* Its manifest, into a folder for a moment: there is to be no backup of this name before all of it is there. */
static int look_at(struct request *r, const char *name, struct backup *out, bool *is_proven)
{
    struct arena *a = &r->tool->arena;
    const char *whole = r->folder;
    char *made = mkdtemp(arena_fmt(a, "%s/.mms-manifest-XXXXXX", r->folder));
    if (!made)
        return say_errno(r, r->folder);
    r->folder = made;
    int code = bring_file(r, arena_fmt(a, "%s.json", name));
    enum rc rc = code == EXIT_OK ? backup_read(a, made, name, out) : RC_OK;
    unlink(arena_fmt(a, "%s/%s.json", made, name));
    rmdir(made);
    r->folder = whole;
    if (rc != RC_OK)
        code = say(r, arena_fmt(a, FOLDER "/%s.json", name), rc);
    *is_proven = code == EXIT_OK && out->proven_ms;
    return code;
}

/* The names in the bucket, the newest first. */
static int list(struct request *r, struct files_names *out)
{
    struct files_names keys;
    size_t n = 0;
    enum rc rc = files_gather(r->files, FOLDER, &r->tool->arena, &keys);
    if (rc != RC_OK)
        return say(r, FOLDER "/", rc);
    for (size_t i = 0; i < keys.n; i++) {
        const char *file = keys.at[i] + strlen(FOLDER "/"), *dot = strchr(file, '.');
        const char *name = dot && strcmp(dot, ".json") == 0 ? arena_copy(&r->tool->arena, file, (size_t)(dot - file)) : NULL;
        if (name && backup_name_is_good(name))
            keys.at[n++] = name;
    }
    keys.n = n;
    qsort(keys.at, n, sizeof *keys.at, newest_first);
    *out = keys;
    return EXIT_OK;
}

static int find(struct request *r, const char *name, struct backup *out)
{
    struct files_names names = {.at = &name, .n = 1};
    bool is_proven = false;
    int code = *name ? EXIT_OK : list(r, &names);
    for (size_t i = 0; code == EXIT_OK && !is_proven && i < names.n; i++) {
        code = look_at(r, names.at[i], out, &is_proven);
        is_proven = is_proven || *name;
    }
    if (code == EXIT_OK && !is_proven) {
        tool_print_error(r->command, RC_NOT_FOUND, &(struct error){.zh = "存储空间中没有经过验证的备份", .en = "There is no proven backup in the bucket"});
        return EXIT_STORAGE;
    }
    return code;
}

/* The manifest last. A file that is there already is of a run that was ended: restoring proves it. */
static int bring_all(struct request *r, const struct backup *b)
{
    struct arena *a = &r->tool->arena;
    const char *parts[] = {b->database.file, b->files.file};
    for (size_t i = 0; i < 2; i++)
        if (parts[i] && access(arena_fmt(a, "%s/%s", r->folder, parts[i]), F_OK) != 0) {
            int code = bring_file(r, parts[i]);
            if (code != EXIT_OK)
                return code;
        }
    return bring_file(r, arena_fmt(a, "%s.json", b->name));
}

int backup_fetch(struct tool *t, const char *command, const char *name, const char *folder, const char **manifest)
{
    struct request r = {.tool = t, .command = command, .folder = folder};
    struct backup b;
    if (*name && !backup_name_is_good(name)) {
        tool_print_error(command, RC_INVALID_INPUT, &(struct error){.zh = "备份的名称形如 " BACKUP_PREFIX "20261129_143000", .en = "Backups are called like " BACKUP_PREFIX "20261129_143000"});
        return EXIT_USAGE_ERROR;
    }
    int code = begin(&r);
    if (code == EXIT_OK)
        code = find(&r, name, &b);
    if (code == EXIT_OK)
        code = bring_all(&r, &b);
    files_close(r.files);
    if (code == EXIT_OK)
        *manifest = arena_fmt(&t->arena, "%s/%s.json", folder, b.name);
    return code;
}
