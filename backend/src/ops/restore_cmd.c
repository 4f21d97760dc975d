/* mms restore: a backup back to where it is served from, or only for a try. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/storage.h"
#include "base/durable.h"
#include "base/text.h"
#include "db/bulk.h"
#include "domain/audit.h"
#include "files/archive.h"
#include "crypto/age.h"
#include "ops/backup.h"
#include "ops/backup_cloud.h"
#include "ops/continuous.h"

#define NAME "restore"

struct request {
    struct tool *tool;
    const char *from;   /* a manifest, a file of a backup, or a folder: its newest one */
    const char *folder; /* where the backup lies */
    const char *key;    /* file with the key of age; NULL: none was given */
    bool check, force, check_sums;
    bool is_continuous; /* `from` is the folder of the continuous backup */
    struct continuous_source continuous;
    struct backup backup;
    const char *work;   /* the database, until it takes its place */
    const char *aside;  /* DB_PATH.replaced-YYYYMMDD_HHMMSS: what was there before */
};

static int refuse(int code, const char *zh, const char *en)
{
    tool_print_error(NAME, RC_INVALID_INPUT, &(struct error){.zh = zh, .en = en});
    return code;
}

#define REFUSE(r, code, zh, en, ...) refuse(code, arena_fmt(&(r)->tool->arena, zh, __VA_ARGS__), arena_fmt(&(r)->tool->arena, en, __VA_ARGS__))

/* ---------------------------------------------------------------- which one */

/* The newest that is proven. */
static int take_newest(struct request *r)
{
    struct backup *list = NULL;
    size_t count = backup_list(&r->tool->arena, r->folder, &list);
    for (size_t i = 0; i < count; i++)
        if (list[i].proven_ms) {
            r->backup = list[i];
            return EXIT_OK;
        }
    return REFUSE(r, EXIT_STORAGE, "%s 中没有经过验证的备份", "There is no proven backup in %s", r->folder);
}

static int take_named(struct request *r)
{
    struct arena *a = &r->tool->arena;
    const char *slash = strrchr(r->from, '/'), *file = slash ? slash + 1 : r->from;
    const char *name = arena_copy(a, file, strcspn(file, "."));
    r->folder = slash ? arena_copy(a, r->from, (size_t)(slash - r->from) + (slash == r->from)) : ".";
    if (!backup_name_is_good(name))
        return REFUSE(r, EXIT_USAGE_ERROR, "%s 不是备份：备份的名称形如 " BACKUP_PREFIX "20261129_143000.json",
                      "%s is no backup: they are called like " BACKUP_PREFIX "20261129_143000.json", r->from);
    enum rc rc = backup_read(a, r->folder, name, &r->backup);
    if (rc == RC_NOT_FOUND)
        return REFUSE(r, EXIT_STORAGE, "找不到备份的清单 %s/%s.json", "There is no manifest %s/%s.json", r->folder, name);
    return rc == RC_OK ? EXIT_OK
                       : REFUSE(r, EXIT_STORAGE, "%s/%s.json 不是本程序能读的清单", "%s/%s.json is no manifest that this program understands",
                                r->folder, name);
}

static int look_at_part(struct request *r, const struct backup_part *p)
{
    if (p->file && access(arena_fmt(&r->tool->arena, "%s/%s", r->folder, p->file), F_OK) != 0)
        return REFUSE(r, EXIT_STORAGE, "备份不完整，缺少 %s/%s", "The backup is not whole: %s/%s is missing", r->folder, p->file);
    if (p->file && p->sealed_hash && !r->key)
        return REFUSE(r, EXIT_STORAGE, "%s 已加密：请用 --age-key 指定密钥文件", "%s is encrypted: name the file with its key with --age-key", p->file);
    return EXIT_OK;
}

static int find_backup(struct request *r)
{
    struct stat st;
    if (stat(r->from, &st) == 0 && S_ISDIR(st.st_mode))
        r->folder = r->from;
    int code = r->folder ? take_newest(r) : take_named(r);
    if (code == EXIT_OK)
        code = look_at_part(r, &r->backup.database);
    if (code == EXIT_OK)
        code = look_at_part(r, &r->backup.files);
    return code;
}

/* ---------------------------------------------------------------- encrypted ones */

/* What is decrypted lies here meanwhile. */
static const char *open_folder(const struct request *r)
{
    return arena_fmt(&r->tool->arena, "%s.parts", r->work);
}

static const char *open_name(const struct request *r, const struct backup_part *p)
{
    return arena_copy(&r->tool->arena, p->file, strlen(p->file) - strlen(BACKUP_SEALED));
}

static void remove_open(struct request *r)
{
    DIR *dir = opendir(open_folder(r));
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            unlink(arena_fmt(&r->tool->arena, "%s/%s", open_folder(r), entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(open_folder(r));
}

static int decrypt(struct request *r, struct backup_part *p)
{
    if (!p->file)
        return EXIT_OK;
    const char *sealed = arena_fmt(&r->tool->arena, "%s/%s", r->folder, p->file);
    p->file = open_name(r, p);
    if (age_decrypt(r->key, sealed, arena_fmt(&r->tool->arena, "%s/%s", open_folder(r), p->file)))
        return EXIT_OK;
    return backup_say_age(r->tool, NAME, sealed);
}

static int decrypt_all(struct request *r)
{
    if (!r->backup.database.sealed_hash)
        return EXIT_OK;
    if (mkdir(open_folder(r), 0700) != 0)
        return backup_say_errno(r->tool, NAME, open_folder(r));
    int code = decrypt(r, &r->backup.database);
    if (code == EXIT_OK)
        code = decrypt(r, &r->backup.files);
    r->folder = open_folder(r);
    return code;
}

/* ---------------------------------------------------------------- what is there already */

static bool looks_like_a_database(const char *path)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    char head[sizeof magic] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_one = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head && memcmp(head, magic, sizeof head) == 0;
    if (fd >= 0)
        close(fd);
    return is_one;
}

/* Closing brings its log home, so that it is whole in its one file at every moment. What is none any more is left as it is: SQLite
 * would throw its log away. */
static void bring_log_home(const char *path)
{
    struct db *db = NULL;
    struct error why = {0};
    if (looks_like_a_database(path) && db_open(path, DB_WRITE, &db, &why) == RC_OK)
        db_close(db);
}

/* With force: that nobody uses it. */
static int look_at_present(struct request *r, const char *path)
{
    if (access(path, F_OK) != 0)
        return EXIT_OK;
    if (!r->force)
        return REFUSE(r, EXIT_STORAGE, "%s 已存在。先停止服务，再加 --force：原文件会保留为 %s",
                      "%s is there already. Stop the service, then give --force: what is there is kept as %s", path, r->aside);
    if (db_file_in_use(arena_fmt(&r->tool->arena, "%s-shm", path)))
        return REFUSE(r, EXIT_STORAGE, "%s 正被另一个程序（例如 mms serve）使用：请先停止它", "%s is in use by another program (such as mms serve): stop it first",
                      path);
    bring_log_home(path);
    return EXIT_OK;
}

static int keep_present_files(struct request *r, struct files *files)
{
    struct archive_sum sum;
    const char *path = arena_fmt(&r->tool->arena, "%s.files.zip", r->aside);
    enum rc rc = r->force ? archive_write(files, backup_folders, path, &sum) : RC_OK;
    if (rc == RC_OK)
        return EXIT_OK;
    return refuse(EXIT_STORAGE, arena_fmt(&r->tool->arena, "现有的上传文件未能保留到 %s：%s", path, error_row(rc)->zh),
                  arena_fmt(&r->tool->arena, "The uploaded files that are there could not be kept in %s: %s", path, error_row(rc)->en));
}

static enum rc read_files(struct request *r, const char *path, struct files *files, struct archive_sum *sum)
{
    return r->is_continuous ? continuous_put_files(r->tool, &r->continuous, files, &sum->files) : archive_read(path, files, sum);
}

static int put_files(struct request *r)
{
    struct archive_sum sum = {0};
    if (!r->is_continuous && !r->backup.files.file)
        return EXIT_OK;
    const char *file = r->is_continuous ? continuous_uploads(r->tool, &r->continuous) : r->backup.files.file;
    const char *path = arena_fmt(&r->tool->arena, "%s/%s", r->folder, file);
    const char *to = r->tool->settings.upload_backend == UPLOAD_OSS ? r->tool->settings.oss_bucket : r->tool->settings.upload_dir;
    struct files *files = r->check ? NULL : storage_open(&r->tool->settings, true);
    int code = files ? keep_present_files(r, files) : EXIT_OK;
    enum rc rc = code == EXIT_OK ? read_files(r, path, files, &sum) : RC_OK;
    files_close(files);
    if (rc != RC_OK)
        return refuse(EXIT_STORAGE, arena_fmt(&r->tool->arena, "上传文件未能恢复（%s → %s）：%s", path, to, error_row(rc)->zh),
                      arena_fmt(&r->tool->arena, "The uploaded files could not be restored (%s to %s): %s", path, to, error_row(rc)->en));
    if (code == EXIT_OK)
        printf("上传文件 / uploaded files: %lld\n", (long long)sum.files);
    return code;
}

/* ---------------------------------------------------------------- its place */

/* A log that belongs to another file would be played into this one. */
static bool move_log_aside(struct request *r, const char *path)
{
    static const char *const endings[] = {"-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const char *from = arena_fmt(&r->tool->arena, "%s%s", path, endings[i]), *to = arena_fmt(&r->tool->arena, "%s%s", r->aside, endings[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return false;
    }
    return true;
}

/* There is a database of this name at every moment, so that nothing that starts meanwhile finds none and makes an empty one. */
static bool change_places(struct request *r, const char *path)
{
    if (renameat2(AT_FDCWD, r->work, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
        return durable_rename(r->work, r->aside, false);
    return errno == EINVAL && rename(path, r->aside) == 0 && durable_rename(r->work, path, false);
}

static bool put_in_place(struct request *r, const char *path)
{
    struct stat st;
    const char *log = arena_fmt(&r->tool->arena, "%s-wal", r->work);
    if (stat(log, &st) == 0 && st.st_size > 0) {
        errno = EBUSY; /* closing has brought it home, as nobody else knows this file */
        return false;
    }
    unlink(log);
    unlink(arena_fmt(&r->tool->arena, "%s-shm", r->work));
    bool there = access(path, F_OK) == 0;
    return move_log_aside(r, path) && (there ? change_places(r, path) : durable_rename(r->work, path, false));
}

static enum rc note_restore(struct ctx *c, void *arg)
{
    const struct request *r = arg;
    return audit_write(c, &(struct audit_entry){.module = "admin_data_management", .action = "restore",
                                                .description = arena_fmt(c->arena, "从备份恢复: %s", r->backup.name)});
}

/* The log of what happens goes on with this. */
static int note_in_log(struct request *r)
{
    struct tool *t = r->tool;
    enum rc rc = db_writer_start(r->work, &t->writer, &t->err);
    if (rc == RC_OK)
        rc = tool_run(t, note_restore, r);
    db_writer_stop(t->writer);
    t->writer = NULL;
    if (rc != RC_OK)
        tool_print_error(NAME, rc, &t->err);
    return rc == RC_OK ? EXIT_OK : EXIT_STORAGE;
}

static int take_out(struct request *r)
{
    if (r->is_continuous)
        return continuous_take_out(r->tool, NAME, &r->continuous, &r->backup, r->work);
    int code = decrypt_all(r);
    return code == EXIT_OK ? backup_take_out(r->tool, NAME, r->folder, &r->backup, r->work) : code;
}

/* From here to the end no instance may begin to serve what is being replaced. */
static int hold(struct request *r, const char *path)
{
    struct tool *t = r->tool;
    enum rc rc = db_hold_take(path, tool_who(t, NAME), &t->hold, &t->err);
    if (rc != RC_OK)
        tool_print_error(NAME, rc, &t->err);
    return rc == RC_OK ? EXIT_OK : EXIT_STORAGE;
}

static int restore(struct request *r)
{
    const char *path = r->tool->settings.db_path;
    int code = look_at_present(r, path);
    if (code == EXIT_OK)
        code = take_out(r);
    if (code == EXIT_OK)
        code = note_in_log(r);
    if (code == EXIT_OK)
        code = hold(r, path);
    if (code == EXIT_OK)
        code = put_files(r);
    if (code != EXIT_OK)
        return code;
    bool there = access(path, F_OK) == 0;
    if (!put_in_place(r, path))
        return backup_say_errno(r->tool, NAME, path);
    printf("已恢复并验证 / restored and proven: %s → %s\n", r->backup.name, path);
    if (there)
        printf("原数据保留为 / what was there is kept as: %s\n", r->aside);
    printf("下一步 / next: mms serve\n");
    return EXIT_OK;
}

static int check(struct request *r)
{
    struct stat st = {0};
    int code = take_out(r);
    if (code == EXIT_OK)
        code = put_files(r);
    if (code == EXIT_OK && stat(r->work, &st) == 0)
        printf("备份可以恢复 / the backup can be restored: %s, %lld bytes\n", r->backup.name, (long long)st.st_size);
    return code;
}

static void remove_work(struct request *r)
{
    backup_remove_database(&r->tool->arena, r->work);
    remove_open(r);
}

/* Beside what it will replace: on the same disk. */
static int run_request(struct request *r)
{
    struct arena *a = &r->tool->arena;
    const struct settings *s = &r->tool->settings;
    int code = r->is_continuous ? EXIT_OK : find_backup(r);
    if (code != EXIT_OK)
        return code;
    if (r->is_continuous) {
        r->folder = r->continuous.folder = r->from;
        r->continuous.identity = r->key;
    }
    if (r->check_sums)
        return continuous_check_sums(r->tool, NAME, &r->continuous);
    if (!r->check && s->database_url)
        return REFUSE(r, EXIT_SETTINGS, "备份恢复为 SQLite 文件：请去掉 DATABASE_URL，恢复到 DB_PATH，再用 mms migrate-to-postgres --to %s 迁入 PostgreSQL",
                      "A backup is restored to a SQLite file: unset DATABASE_URL, restore to DB_PATH, then mms migrate-to-postgres --to %s", "URL");
    r->aside = arena_fmt(a, "%s.replaced-%s", s->db_path, backup_name(a, clock_now_ms()) + strlen(BACKUP_PREFIX));
    r->work = arena_fmt(a, "%s.restoring", s->db_path);
    remove_work(r);
    code = r->check ? check(r) : restore(r);
    remove_work(r);
    db_hold_release(r->tool->hold);
    return code;
}

static bool read_options(int argc, char **argv, struct request *r)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            r->check = true;
        else if (strcmp(argv[i], "--check-sums") == 0)
            r->check_sums = true;
        else if (strcmp(argv[i], "--force") == 0)
            r->force = true;
        else if (strcmp(argv[i], "--continuous") == 0)
            r->is_continuous = true;
        else if (strcmp(argv[i], "--until") == 0 && i + 1 < argc && clock_parse(argv[i + 1], &r->continuous.until_ms) &&
                 r->continuous.until_ms > 0)
            i++;
        else if (strcmp(argv[i], "--age-key") == 0 && i + 1 < argc)
            r->key = argv[++i];
        else if (argv[i][0] != '-' && !r->from)
            r->from = argv[i];
        else
            return false;
    }
    return r->check + r->force + r->check_sums <= 1 && (r->is_continuous || (!r->continuous.until_ms && !r->check_sums));
}

/* From object storage into BACKUP_DIR first. */
static int bring_backup(struct request *r)
{
    const char *folder = r->tool->settings.backup_dir;
    if (!folder)
        return refuse(EXIT_SETTINGS, "请设置 BACKUP_DIR：备份先取到那里", "Set BACKUP_DIR: the backup is brought there first");
    return backup_fetch(r->tool, NAME, r->from + strlen(BACKUP_CLOUD), folder, &r->from);
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct request r = {.tool = &t};
    if (!read_options(argc, argv, &r)) {
        fputs(restore_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, NAME, false);
    if (code != EXIT_OK)
        return code;
    if (r.from && text_starts(r.from, BACKUP_CLOUD) && !r.is_continuous) {
        code = bring_backup(&r);
        if (code != EXIT_OK) {
            arena_free(&t.arena);
            return code;
        }
    }
    if (!r.from)
        r.from = r.is_continuous ? t.settings.backup_continuous_dir : t.settings.backup_dir;
    const char *name = r.is_continuous ? "BACKUP_CONTINUOUS_DIR" : "BACKUP_DIR";
    code = r.from ? run_request(&r) : REFUSE(&r, EXIT_USAGE_ERROR, "请指定备份，或设置 %s", "Name a backup, or set %s", name);
    arena_free(&t.arena);
    return code;
}

const struct command restore_command = {
    .name = NAME,
    .summary = "restore a backup to DB_PATH and UPLOAD_DIR, or only try whether it could be",
    .help = "usage: mms restore [BACKUP] [--age-key FILE] [--force | --check]\n"
            "       mms restore --continuous [FOLDER] [--until TIME] [--age-key FILE] [--force | --check | --check-sums]\n\n"
            "BACKUP is one of its files, such as mms_backup_20261129_143000.json, or a folder, whose newest proven one is taken;\n"
            "else BACKUP_DIR. oss:NAME is brought from the bucket of the OSS_ settings into BACKUP_DIR first, oss: is the newest proven one there.\n"
            "Checksums, rows, control totals, mms verify and the log's chain are proven before anything is replaced;\n"
            "one that an older program has made is brought to this version.\n\n"
            "--continuous    what the service has shipped while it ran, to FOLDER, else BACKUP_CONTINUOUS_DIR: the newest state there is\n"
            "--until TIME    … or the newest not after this moment of UTC, such as 2026-11-29T14:30:00Z\n"
            "--age-key FILE  of an encrypted backup: the file with the private key\n"
            "--force         although there is a database: it is kept as DB_PATH.replaced-YYYYMMDD_HHMMSS, its uploaded files beside it\n"
            "                as .files.zip. A database that is in use is never replaced: stop the service first\n"
            "--check         only the proof: nothing is replaced\n"
            "--check-sums    only whether a continuous backup is whole and in order, for which nobody needs its key\n\n"
            "May be ended at any moment: DB_PATH is what it was, or what was restored.\n",
    .run = run,
};
