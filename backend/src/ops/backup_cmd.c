/* mms backup: a consistent copy of everything, restored for a try before it counts (domain/backup.h says what it consists of). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/storage.h"
#include "base/durable.h"
#include "base/text.h"
#include "domain/search_index.h"
#include "files/archive.h"
#include "crypto/age.h"
#include "ops/backup.h"
#include "ops/backup_cloud.h"
#include "ops/packed.h"

#define NAME "backup"
#define WORK ".work" /* NAME.work.…: what is not finished */
#define LOCK ".mms_backup.lock"
#define KEEP_MAX 10000

struct request {
    struct tool *tool;
    const char *to, *second; /* folders; second NULL: none */
    bool to_cloud;           /* in place of the second */
    const char *recipient;   /* of age; NULL: not encrypted */
    bool gzip, unproven, prune;
    struct backup_keep keep;
    struct backup made;
    int64_t began_us, step_us;
};

static int say(const char *zh, const char *en)
{
    tool_print_error(NAME, RC_FILES_UNWRITABLE, &(struct error){.zh = zh, .en = en});
    return EXIT_STORAGE;
}

static const char *path_of(const struct request *r, const char *suffix)
{
    return arena_fmt(&r->tool->arena, "%s/%s%s", r->to, r->made.name, suffix);
}

static void print_step(struct request *r, const char *what)
{
    int64_t now_us = clock_monotonic_us(), took_ms = (now_us - r->step_us) / 1000;
    r->step_us = now_us;
    printf("%-52s %lld.%03lld s\n", what, (long long)(took_ms / 1000), (long long)(took_ms % 1000));
    fflush(stdout);
}

/* ---------------------------------------------------------------- the folder */

/* Makes the folder, but never the one above it, which is more often a disk that was not mounted than a wish. */
static int make_folder(struct request *r, const char *folder)
{
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return EXIT_OK;
    return backup_say_errno(r->tool, NAME, folder);
}

/* Held until the process ends. */
static int lock_folder(struct request *r, const char *folder)
{
    const char *path = arena_fmt(&r->tool->arena, "%s/" LOCK, folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return backup_say_errno(r->tool, NAME, path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return EXIT_OK;
    return say(arena_fmt(&r->tool->arena, "另一个 mms backup 正在写入 %s", folder),
               arena_fmt(&r->tool->arena, "Another mms backup is at work in %s", folder));
}

static bool begins_with_name(const char *file, const char *name)
{
    return text_starts(file, name) && file[strlen(name)] == '.';
}

/* Everything of that name: the manifest first, so that a backup that is half gone is none. */
static void remove_backup(struct arena *a, const char *folder, const char *name)
{
    unlink(arena_fmt(a, "%s/%s.json", folder, name));
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (begins_with_name(entry->d_name, name))
            unlink(arena_fmt(a, "%s/%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
}

/* What a run left behind that was ended: the lock says that none is at work. */
static void remove_unfinished(struct request *r, const char *folder)
{
    struct arena *a = &r->tool->arena;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t n = strcspn(entry->d_name, ".");
        const char *name = arena_copy(a, entry->d_name, n);
        if (backup_name_is_good(name) && access(arena_fmt(a, "%s/%s.json", folder, name), F_OK) != 0)
            unlink(arena_fmt(a, "%s/%s", folder, entry->d_name));
    }
    if (dir)
        closedir(dir);
}

/* ---------------------------------------------------------------- making it */

static int copy_database(struct request *r, const char *work)
{
    char why[DB_WHY_MAX];
    struct db *db = NULL;
    int schema = 0;
    struct tool *t = r->tool;
    enum rc rc = db_open(t->settings.database, DB_READ, &db, &t->err);
    if (rc == RC_OK) {
        rc = db_schema_version(db, &schema);
        if (rc == RC_OK)
            r->made.engine = arena_dup(&t->arena, db_catalogue(db)->engine);
        if (rc == RC_OK)
            rc = db_back_up(db, work, search_fill_database, why);
        else
            snprintf(why, sizeof why, "%s", db_last_error(db));
        if (rc != RC_OK)
            error_say(&t->err, rc, arena_fmt(&t->arena, "数据库未能复制：%s", why), arena_fmt(&t->arena, "The database could not be copied: %s", why));
    }
    db_close(db);
    r->made.schema = schema;
    if (rc == RC_OK)
        return EXIT_OK;
    tool_print_error(NAME, rc, &t->err);
    return EXIT_STORAGE;
}

static void take_packed(struct request *r, struct backup_part *part, const char *file, const struct packed *p)
{
    struct arena *a = &r->tool->arena;
    *part = (struct backup_part){.file = file, .bytes = p->bytes, .stored = p->stored, .hash = arena_dup(a, p->hash),
                                 .stored_hash = arena_dup(a, p->stored_hash)};
}

static int pack_database(struct request *r, const char *work)
{
    struct packed packed;
    const char *file = arena_fmt(&r->tool->arena, "%s.db%s", r->made.name, r->gzip ? ".gz" : "");
    const char *path = arena_fmt(&r->tool->arena, "%s/%s", r->to, file), *part = arena_fmt(&r->tool->arena, "%s.part", work);
    if (!pack_file(work, part, r->gzip, &packed) || !durable_rename(part, path, false)) {
        int code = backup_say_errno(r->tool, NAME, path);
        unlink(part);
        return code;
    }
    take_packed(r, &r->made.database, file, &packed);
    return EXIT_OK;
}

/* Files come after the rows that name them; one that went meanwhile was of a row that has changed. */
static int pack_files(struct request *r)
{
    struct archive_sum sum;
    struct packed packed;
    const char *file = arena_fmt(&r->tool->arena, "%s.files.zip", r->made.name);
    const char *path = arena_fmt(&r->tool->arena, "%s/%s", r->to, file), *work = path_of(r, WORK ".zip");
    struct files *files = storage_open(&r->tool->settings, true);
    struct buf why;
    enum rc rc = archive_write(files, backup_folders, work, &sum);
    buf_init(&why, 1024);
    files_why(files, &why);
    const char *more = why.n ? arena_fmt(&r->tool->arena, ": %s", buf_text(&why)) : "";
    buf_free(&why);
    files_close(files);
    if (rc != RC_OK)
        return say(arena_fmt(&r->tool->arena, "上传文件未能备份：%s%s", error_row(rc)->zh, more),
                   arena_fmt(&r->tool->arena, "The uploaded files could not be backed up: %s%s", error_row(rc)->en, more));
    if (sum.files == 0)
        return EXIT_OK;
    struct archive_sum found;
    bool written = pack_file(work, path, false, &packed);
    if (!written)
        return backup_say_errno(r->tool, NAME, path);
    unlink(work);
    take_packed(r, &r->made.files, file, &packed);
    r->made.files.bytes = sum.bytes;
    r->made.files.count = sum.files;
    r->made.files.hash = NULL;
    if (archive_read(path, NULL, &found) != RC_OK || found.files != sum.files || found.bytes != sum.bytes) {
        errno = EBADMSG;
        return backup_say_errno(r->tool, NAME, path);
    }
    return EXIT_OK;
}

/* Restored for a try, to a file of its own. */
static int prove(struct request *r)
{
    const char *tried = path_of(r, WORK ".restored");
    int code = backup_take_out(r->tool, NAME, r->to, &r->made, tried);
    if (code != EXIT_OK)
        return code;
    backup_remove_database(&r->tool->arena, tried);
    r->made.proven_ms = clock_now_ms();
    return EXIT_OK;
}

/* After the proof: from here on only who has the key can read it. */
static int seal(struct request *r, struct backup_part *p)
{
    struct packed packed;
    struct arena *a = &r->tool->arena;
    if (!p->file)
        return EXIT_OK;
    const char *open = arena_fmt(a, "%s/%s", r->to, p->file), *work = path_of(r, WORK BACKUP_SEALED);
    p->file = arena_fmt(a, "%s" BACKUP_SEALED, p->file);
    const char *sealed = arena_fmt(a, "%s/%s", r->to, p->file);
    if (!age_encrypt(r->recipient, open, work))
        return backup_say_age(r->tool, NAME, open);
    if (!pack_file(work, sealed, false, &packed))
        return backup_say_errno(r->tool, NAME, sealed);
    p->sealed_hash = arena_dup(a, packed.stored_hash);
    unlink(work);
    unlink(open);
    return EXIT_OK;
}

static int seal_all(struct request *r)
{
    if (!r->recipient)
        return EXIT_OK;
    int code = seal(r, &r->made.database);
    if (code == EXIT_OK)
        code = seal(r, &r->made.files);
    if (code == EXIT_OK)
        print_step(r, "  加密 / encrypted");
    return code;
}

static int make(struct request *r)
{
    struct arena *a = &r->tool->arena;
    const char *work = path_of(r, WORK ".db");
    int code = copy_database(r, work);
    if (code != EXIT_OK)
        return code;
    print_step(r, "1 数据库副本 / copy of the database");
    code = pack_database(r, work);
    backup_remove_database(a, work);
    if (code != EXIT_OK)
        return code;
    print_step(r, r->gzip ? "2 压缩 / gzip" : "2 校验和 / checksum");
    code = pack_files(r);
    if (code != EXIT_OK)
        return code;
    print_step(r, arena_fmt(a, "3 上传文件 / uploaded files: %lld", (long long)r->made.files.count));
    if (!r->unproven) {
        code = prove(r);
        if (code != EXIT_OK)
            return code;
        print_step(r, "4 试恢复并验证 / restored for a try, and proven");
    }
    code = seal_all(r);
    if (code != EXIT_OK)
        return code;
    r->made.took_ms = (clock_monotonic_us() - r->began_us) / 1000;
    return backup_write(a, r->to, &r->made) ? EXIT_OK : backup_say_errno(r->tool, NAME, path_of(r, ".json"));
}

/* ---------------------------------------------------------------- the second place, and what is no longer kept */

static bool copy_there(struct request *r, const struct backup_part *p)
{
    struct packed packed;
    struct arena *a = &r->tool->arena;
    if (!p->file)
        return true;
    const char *to = arena_fmt(a, "%s/%s", r->second, p->file);
    if (!pack_file(arena_fmt(a, "%s/%s", r->to, p->file), to, false, &packed))
        return false;
    errno = EBADMSG;
    return text_equal(packed.stored_hash, p->sealed_hash ? p->sealed_hash : p->stored_hash);
}

static int copy_to_second(struct request *r)
{
    if (copy_there(r, &r->made.database) && copy_there(r, &r->made.files) && backup_write(&r->tool->arena, r->second, &r->made))
        return EXIT_OK;
    int code = backup_say_errno(r->tool, NAME, r->second);
    remove_backup(&r->tool->arena, r->second, r->made.name);
    return code;
}

/* Unproven ones neither stay nor take the place of others, but for the one just made. */
static void prune(struct request *r, const char *folder)
{
    struct arena *a = &r->tool->arena;
    struct backup *list = NULL;
    size_t count = backup_list(a, folder, &list), proven = 0, gone = 0;
    struct backup *chosen = arena_array(a, count + 1, sizeof *chosen);
    bool *kept = arena_array(a, count + 1, sizeof *kept);
    for (size_t i = 0; i < count; i++)
        if (list[i].proven_ms)
            chosen[proven++] = list[i];
        else if (!text_equal(list[i].name, r->made.name)) {
            remove_backup(a, folder, list[i].name);
            gone++;
        }
    backup_choose(chosen, proven, &r->keep, kept);
    for (size_t i = 0; i < proven; i++)
        if (!kept[i]) {
            remove_backup(a, folder, chosen[i].name);
            gone++;
        }
    printf("保留 / kept in %s: %zu；删除 / removed: %zu\n", folder, count - gone, gone);
}

static int run_request(struct request *r)
{
    int code = make_folder(r, r->to);
    if (code == EXIT_OK && r->second)
        code = make_folder(r, r->second);
    if (code == EXIT_OK)
        code = lock_folder(r, r->to);
    if (code == EXIT_OK && r->second)
        code = lock_folder(r, r->second);
    if (code != EXIT_OK)
        return code;
    remove_unfinished(r, r->to);
    if (r->second)
        remove_unfinished(r, r->second);
    r->began_us = r->step_us = clock_monotonic_us();
    r->made.made_ms = clock_now_ms();
    r->made.program = MMS_VERSION;
    while (r->made.name = backup_name(&r->tool->arena, r->made.made_ms), access(path_of(r, ".json"), F_OK) == 0)
        r->made.made_ms += 1000; /* one was made within this second */
    code = make(r);
    if (code != EXIT_OK) {
        remove_backup(&r->tool->arena, r->to, r->made.name);
        return code;
    }
    printf("备份完成 / done: %s\n", arena_fmt(&r->tool->arena, "%s/%s", r->to, r->made.database.file));
    if (r->second)
        code = copy_to_second(r);
    if (code == EXIT_OK && r->second)
        print_step(r, arena_fmt(&r->tool->arena, "5 副本 / copied to %s", r->second));
    if (code == EXIT_OK && r->to_cloud)
        code = backup_send(r->tool, NAME, r->to, &r->made);
    if (code == EXIT_OK && r->to_cloud)
        print_step(r, arena_fmt(&r->tool->arena, "5 副本 / copied to oss: %s", r->tool->settings.oss_bucket));
    if (r->prune && code == EXIT_OK) {
        prune(r, r->to);
        if (r->second)
            prune(r, r->second);
    }
    return code;
}

/* ---------------------------------------------------------------- the command line */

/* "7,4,12" */
static bool read_keep(const char *text, struct backup_keep *out)
{
    int64_t *numbers[] = {&out->days, &out->weeks, &out->months};
    for (size_t i = 0; i < 3; i++) {
        char *end;
        *numbers[i] = strtoll(text, &end, 10);
        if (end == text || *numbers[i] < 0 || *numbers[i] > KEEP_MAX || *end != (i < 2 ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

static bool read_options(int argc, char **argv, struct request *r)
{
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--to") == 0 && more)
            r->to = argv[++i];
        else if (strcmp(argv[i], "--second") == 0 && more)
            r->second = argv[++i];
        else if (strcmp(argv[i], "--age") == 0 && more)
            r->recipient = argv[++i];
        else if (strcmp(argv[i], "--keep") == 0 && more && read_keep(argv[i + 1], &r->keep))
            r->prune = ++i > 0;
        else if (strcmp(argv[i], "--gzip") == 0)
            r->gzip = true;
        else if (strcmp(argv[i], "--unproven") == 0)
            r->unproven = true;
        else
            return false;
    }
    if (r->second && strcmp(r->second, BACKUP_CLOUD) == 0) {
        r->second = NULL;
        r->to_cloud = true;
    }
    return true;
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct request r = {.tool = &t};
    if (!read_options(argc, argv, &r)) {
        fputs(backup_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, NAME, false);
    if (code != EXIT_OK)
        return code;
    if (!r.to)
        r.to = t.settings.backup_dir;
    if (!r.recipient)
        r.recipient = t.settings.age_recipient;
    if (r.to)
        code = run_request(&r);
    else
        code = say("请用 --to 指定备份目录，或设置 BACKUP_DIR", "Name a folder with --to, or set BACKUP_DIR");
    arena_free(&t.arena);
    return code;
}

const struct command backup_command = {
    .name = NAME,
    .summary = "back everything up while the service runs, and prove that it can be restored",
    .help = "usage: mms backup [--to FOLDER] [--gzip] [--age RECIPIENT] [--second FOLDER] [--keep DAYS,WEEKS,MONTHS] [--unproven]\n\n"
            "Makes a consistent copy of the database (of either engine, as a SQLite file) and of the uploaded files, without stopping\n"
            "anybody's work, restores it to a file beside, proves that (mms verify, rows, control totals, the log's chain) and only then\n"
            "writes its manifest: a folder never holds a backup that was not restored once.\n\n"
            "--to FOLDER      where to; else BACKUP_DIR. It is made when the folder above it is there\n"
            "--gzip           the database is stored as NAME.db.gz\n"
            "--age RECIPIENT  encrypted for this public key (age1…, or several with commas between), by the program age, once it is proven;\n"
            "                 else for AGE_RECIPIENT\n"
            "--second FOLDER  a copy there, too: another disk, or another machine's; oss: for the bucket of the OSS_ settings\n"
            "--keep D,W,M     then removes what is not the newest of one of the last D days, W weeks or M months, such as 7,4,12\n"
            "--unproven       without the proof; it does not count as a backup then, and goes with the next --keep\n\n"
            "May be ended at any moment; what is unfinished goes with the next run. Exit codes: 1 the proof failed, 74 a disk or the database.\n",
    .run = run,
};
