/* mms import-legacy: the older system's database, with everything in it, into an empty one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/storage.h"
#include "base/clock.h"
#include "base/text.h"
#include "db/legacy_file.h"
#include "domain/loose_file.h"
#include "domain/search_index.h"
#include "legacy/legacy.h"
#include "ops/tool.h"

#define NAME "import-legacy"
#define TERMINAL_EVERY_US INT64_C(200000)
#define STORAGE_SAYS_MAX 1024
#define LINE_EVERY_US INT64_C(10000000) /* where each line stays, as in a log */

struct request {
    struct tool *tool;
    struct legacy_options options;
    const char *report; /* NULL: to standard output */
    const char *part;   /* of the report, until it is whole */
    FILE *part_file;
    struct legacy_result result;
    struct files *files;
    char scratch[64]; /* the folder of a dry run's database */
    bool on_terminal, shown;
    int64_t next_shown_us;
};

static int refuse(struct request *r, const char *path, const char *zh, const char *en)
{
    struct error err = {.zh = arena_fmt(&r->tool->arena, "%s：%s", path, zh), .en = arena_fmt(&r->tool->arena, "%s: %s", path, en)};
    tool_print_error(NAME, RC_INVALID_INPUT, &err);
    return EXIT_FAILED;
}

/* ---------------------------------------------------------------- before anything is done */

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int look_at_old(struct request *r)
{
    struct legacy_file *file = NULL;
    struct error err = {0};
    const struct settings *s = &r->tool->settings;
    if (!db_is_server(s->database) && same_file(r->options.path, s->db_path))
        return refuse(r, r->options.path, "这是目标数据库自身：请用 DB_PATH 指定另一个新文件",
                      "this is the target itself: name another, new file with DB_PATH");
    enum rc rc = legacy_open(r->options.path, &r->tool->arena, &file, &err);
    legacy_close(file);
    if (rc == RC_OK)
        return EXIT_OK;
    tool_print_error(NAME, rc, &err);
    return EXIT_FAILED;
}

static int look_at_uploads(struct request *r)
{
    struct stat st;
    if (!r->options.uploads || (stat(r->options.uploads, &st) == 0 && S_ISDIR(st.st_mode)))
        return EXIT_OK;
    return refuse(r, r->options.uploads, "--uploads 应为旧系统的 uploads 文件夹", "--uploads must be the older system's folder of uploads");
}

/* Before it is brought to the present schema: what is not empty is not touched at all. What else is wrong with it, and that it is not there
 * yet, is the migration's to say. */
static int look_at_target(struct request *r)
{
    struct db *db = NULL;
    bool empty = true;
    const struct settings *s = &r->tool->settings;
    if (db_open(s->database, DB_READ, &db, NULL) != RC_OK)
        return EXIT_OK;
    enum rc rc = legacy_target_is_empty(db, &empty);
    db_close(db);
    if (rc != RC_OK || empty)
        return EXIT_OK;
    return refuse(r, s->database_name, "目标数据库不是空的，未做任何更改：请用 DB_PATH 或 DATABASE_URL 指定一个新的空数据库",
                  "the target database is not empty, nothing was changed: name a new, empty one with DB_PATH or DATABASE_URL");
}

/* That the report can be written is found out before, not after. */
static int open_report(struct request *r)
{
    if (!r->report)
        return EXIT_OK;
    if (same_file(r->report, r->options.path))
        return refuse(r, r->report, "报告不能写到旧数据库上", "the report must not be written over the old database");
    r->part = arena_fmt(&r->tool->arena, "%s.part", r->report);
    r->part_file = fopen(r->part, "we");
    return r->part_file ? EXIT_OK : refuse(r, r->part, strerror(errno), strerror(errno));
}

/* ---------------------------------------------------------------- how far it is */

static void show_progress(void *arg, const char *what, int64_t done, int64_t total)
{
    struct request *r = arg;
    int64_t now = clock_monotonic_us();
    if (now < r->next_shown_us)
        return;
    r->next_shown_us = now + (r->on_terminal ? TERMINAL_EVERY_US : LINE_EVERY_US);
    r->shown = true;
    fprintf(stderr, "%s%s: %lld", r->on_terminal ? "\r\033[K" : "", what, (long long)done);
    if (total)
        fprintf(stderr, " / %lld", (long long)total);
    if (!r->on_terminal)
        fputc('\n', stderr);
}

static void begin_progress(struct request *r)
{
    r->on_terminal = isatty(STDERR_FILENO) == 1;
    r->next_shown_us = clock_monotonic_us() + (r->on_terminal ? TERMINAL_EVERY_US : LINE_EVERY_US);
    r->options.progress = show_progress;
    r->options.progress_arg = r;
}

static void end_progress(const struct request *r)
{
    if (r->on_terminal && r->shown)
        fputs("\r\033[K", stderr);
}

/* ---------------------------------------------------------------- the work */

/* A dry run works in a database of its own, so that it leaves nothing in the target, not even tables. */
static int use_scratch(struct request *r)
{
    const char *folder = getenv("TMPDIR");
    int n = snprintf(r->scratch, sizeof r->scratch, "%s/mms-dry-run-XXXXXX", folder && strlen(folder) < 40 ? folder : "/tmp");
    if (n < 0 || !mkdtemp(r->scratch)) {
        const char *folder_name = arena_dup(&r->tool->arena, r->scratch);
        r->scratch[0] = '\0';
        return refuse(r, folder_name, strerror(errno), strerror(errno));
    }
    r->tool->settings.database = r->tool->settings.database_name = arena_fmt(&r->tool->arena, "%s/mms.db", r->scratch);
    return EXIT_OK;
}

static void remove_scratch(struct request *r)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    if (!r->scratch[0])
        return;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        unlink(arena_fmt(&r->tool->arena, "%s/mms.db%s", r->scratch, suffixes[i]));
    rmdir(r->scratch);
}

static enum rc import(struct ctx *c, void *arg)
{
    struct request *r = arg;
    TRY(legacy_import(c, &r->options, &r->result));
    return search_fill_anew(c);
}

/* The whole report to its file, or all but the lists to standard output; without a file, all of it. */
static int write_report(struct request *r)
{
    const struct buf *text = &r->result.report;
    const char *bytes = buf_text(text);
    if (!r->report) {
        fwrite(bytes, 1, text->n, stdout);
        return EXIT_OK;
    }
    bool written = fwrite(bytes, 1, text->n, r->part_file) == text->n && fflush(r->part_file) == 0;
    written = fclose(r->part_file) == 0 && written;
    r->part_file = NULL;
    if (!written || rename(r->part, r->report) != 0)
        return refuse(r, r->report, strerror(errno), strerror(errno));
    fwrite(bytes, 1, r->result.lists_from, stdout);
    fwrite(bytes + r->result.totals_from, 1, text->n - r->result.totals_from, stdout);
    printf("\n报告 / report: %s\n", r->report);
    return EXIT_OK;
}

struct noting {
    const char *key;
};

static enum rc note_in_transaction(struct ctx *c, void *arg)
{
    const struct noting *n = arg;
    return loose_file_note(c, n->key, LEGACY_PICTURE_KEPT_MS);
}

static enum rc note_file(void *tool, const char *key)
{
    struct noting n = {key};
    return tool_run(tool, note_in_transaction, &n);
}

/* Before the transaction, which would hold everybody up while object storage is waited for. */
static enum rc bring_pictures(struct request *r)
{
    struct arena *a = &r->tool->arena;
    struct buf why;
    if (!r->options.uploads)
        return RC_OK;
    r->options.pictures = legacy_pictures_new(a);
    r->options.note_file = note_file;
    r->options.note_arg = r->tool;
    enum rc rc = legacy_pictures_put(r->options.pictures, &r->options, r->files, &r->tool->err);
    if (rc != RC_FILES_AWAY && rc != RC_FILES_REFUSED && rc != RC_FILES_BROKEN)
        return rc;
    buf_init(&why, STORAGE_SAYS_MAX);
    files_why(r->files, &why);
    rc = error_say(&r->tool->err, rc, arena_fmt(a, "%s，未导入任何数据：%s", error_row(rc)->zh, buf_text(&why)),
                   arena_fmt(a, "%s; nothing was imported: %s", error_row(rc)->en, buf_text(&why)));
    buf_free(&why);
    return rc;
}

static void remove_pictures(struct request *r, enum rc rc)
{
    if (r->options.pictures && rc != RC_DB_UNCERTAIN) /* then the sweep finds what nobody names */
        legacy_pictures_remove(r->options.pictures, r->files, rc != RC_OK);
}

static int work(struct request *r)
{
    struct tool *t = r->tool;
    r->files = storage_open(&t->settings, true);
    begin_progress(r);
    enum rc rc = bring_pictures(r);
    if (rc == RC_OK)
        rc = tool_run(t, import, r);
    end_progress(r);
    remove_pictures(r, rc);
    files_close(r->files);
    int code = r->result.report.n ? write_report(r) : EXIT_OK;
    buf_free(&r->result.report);
    bool rolled_back_on_purpose = rc == RC_NOTHING_TO_UPDATE && r->result.complete;
    if (rc == RC_OK || (rolled_back_on_purpose && r->options.dry_run))
        return code;
    if (!rolled_back_on_purpose) {
        tool_print_error(NAME, rc, &t->err);
        return rc >= RC_DB && rc <= RC_DB_NEWER ? EXIT_STORAGE : EXIT_FAILED;
    }
    return refuse(
        r, r->options.path, "旧文件已损坏，未导入任何数据；报告列出了能读出的内容，确认接受缺失后加 --accept-damage",
        "the old file is damaged, nothing was imported; the report tells what can be read: with --accept-damage that is imported");
}

static int open_and_work(struct request *r)
{
    struct tool *t = r->tool;
    int code = r->options.dry_run ? use_scratch(r) : EXIT_OK;
    if (code == EXIT_OK)
        code = tool_migrate(t, NAME, true);
    if (code != EXIT_OK)
        return code;
    enum rc rc = db_writer_start(t->settings.database, &t->writer, &t->err);
    if (rc != RC_OK) {
        tool_print_error(NAME, rc, &t->err);
        return EXIT_STORAGE;
    }
    code = work(r);
    db_writer_stop(t->writer);
    return code;
}

static int run_with(struct request *r)
{
    int code = tool_settings(r->tool, NAME, false);
    if (code != EXIT_OK)
        return code;
    code = look_at_old(r);
    if (code == EXIT_OK)
        code = look_at_target(r);
    if (code == EXIT_OK)
        code = look_at_uploads(r);
    if (code == EXIT_OK)
        code = open_report(r);
    if (code == EXIT_OK)
        code = open_and_work(r);
    remove_scratch(r);
    if (r->part_file)
        fclose(r->part_file);
    if (r->part)
        unlink(r->part); /* gone already when the report is there */
    arena_free(&r->tool->arena);
    return code;
}

/* False: wrong usage. */
static bool read_arguments(struct request *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--uploads") == 0 ? &r->options.uploads : strcmp(argv[i], "--report") == 0 ? &r->report : NULL;
        if (value && i + 1 < argc && !*value)
            *value = argv[++i];
        else if (strcmp(argv[i], "--dry-run") == 0)
            r->options.dry_run = true;
        else if (strcmp(argv[i], "--accept-damage") == 0)
            r->options.accept_damage = true;
        else if (argv[i][0] != '-' && !r->options.path)
            r->options.path = argv[i];
        else
            return false;
    }
    return r->options.path != NULL;
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct request r = {.tool = &t};
    if (read_arguments(&r, argc, argv))
        return run_with(&r);
    fputs(import_legacy_command.help, stderr);
    return EXIT_USAGE_ERROR;
}

const struct command import_legacy_command = {
    .name = NAME,
    .summary = "bring the older system's data into an empty database",
    .help = "usage: mms import-legacy OLD.db [--uploads DIR] [--dry-run] [--report FILE] [--accept-damage]\n\n"
            "Reads the older system's SQLite file (never writes to it) and brings users, materials, documents, stock, counts, logs,\n"
            "notifications and, with --uploads (its folder of uploads), pictures into the empty database that DB_PATH or DATABASE_URL\n"
            "names, in one transaction. Stock is built anew from documents and history; where the old figure differs, one visible\n"
            "document per material says so. What cannot come as it was is in the report and in the table legacy_quarantine.\n"
            "Ends with control totals of both sides; when they do not agree, nothing is imported. --dry-run does all of it in a\n"
            "database of its own and keeps nothing. A damaged file is only reported, unless --accept-damage.\n",
    .run = run,
};
