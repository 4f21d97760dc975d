/* mms files migrate: uploaded files from the local disk into object storage, or back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/storage.h"
#include "base/clock.h"
#include "base/text.h"
#include "json/json.h"
#include "ops/files_move.h"
#include "ops/tool.h"

#define NAME "files migrate"
#define LINE_EVERY_US INT64_C(10000000) /* where each line stays, as in a log */
#define FAULTS_SHOWN 20
#define REPORT_MAX (256 << 20)

static const char *const PLACES[] = {"local", "oss"};
static const char *const STATES[FILES_MOVED_KINDS] = {"waiting", "copied", "there", "gone", "different", "failed", "deleted"};

struct request {
    struct tool *tool;
    const char *to, *report; /* report NULL: none is written */
    int64_t parallel;
    bool delete_source;
    enum upload_backend where;
    struct files_move move;
    const char *round;
    bool on_terminal;
    int64_t began_us, next_line_us;
};

static int refuse(enum rc rc, int code, const char *zh, const char *en)
{
    tool_print_error(NAME, rc, &(struct error){.zh = zh, .en = en});
    return code;
}

/* ---------------------------------------------------------------- progress and report */

static void show(void *arg, const struct files_move *m)
{
    struct request *r = arg;
    bool over = m->done == m->count;
    if (!r->on_terminal && clock_monotonic_us() < r->next_line_us && !over)
        return;
    r->next_line_us = clock_monotonic_us() + LINE_EVERY_US;
    printf("%s%s: %zu / %zu, %lld MiB%s", r->on_terminal ? "\r" : "", r->round, m->done, m->count, (long long)(m->moved_bytes >> 20),
           r->on_terminal && !over ? "" : "\n");
    fflush(stdout);
}

static void write_report_text(const struct request *r, struct buf *out)
{
    struct json_writer w;
    char now[CLOCK_TEXT_MAX];
    clock_print_iso(clock_now_ms(), now);
    jw_init(&w, out, false);
    jw_object(&w);
    jw_member_text(&w, "ended_at", now);
    jw_member_text(&w, "to", PLACES[r->where]);
    jw_member_int(&w, "took_ms", (clock_monotonic_us() - r->began_us) / 1000);
    jw_member_int(&w, "files", (int64_t)r->move.count);
    for (int i = 0; i < FILES_MOVED_KINDS; i++)
        jw_member_int(&w, STATES[i], (int64_t)files_move_count(&r->move, (enum files_moved)i));
    jw_name(&w, "items");
    jw_array(&w);
    for (size_t i = 0; i < r->move.count; i++) {
        const struct files_move_item *item = &r->move.items[i];
        jw_object(&w);
        jw_member_text(&w, "key", item->key);
        jw_member_text(&w, "state", STATES[item->state]);
        jw_member_int(&w, "bytes", item->bytes);
        if (item->state == FILES_FAILED) {
            jw_member_text(&w, "error", error_row(item->rc)->code);
            jw_member_text(&w, "why", item->why);
        }
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    buf_char(out, '\n');
}

static int write_report(struct request *r)
{
    struct buf text;
    if (!r->report)
        return EXIT_OK;
    buf_init(&text, REPORT_MAX);
    write_report_text(r, &text);
    FILE *file = fopen(r->report, "we");
    bool written = file && fwrite(buf_text(&text), 1, text.n, file) == text.n && fflush(file) == 0;
    int why = errno;
    if (file)
        fclose(file);
    buf_free(&text);
    if (written)
        return EXIT_OK;
    struct arena *a = &r->tool->arena;
    return refuse(RC_FILES_UNWRITABLE, EXIT_STORAGE, arena_fmt(a, "报告无法写入 %s：%s", r->report, strerror(why)),
                  arena_fmt(a, "The report could not be written to %s: %s", r->report, strerror(why)));
}

static void print_faults(const struct request *r)
{
    size_t shown = 0, bad = 0;
    for (size_t i = 0; i < r->move.count; i++) {
        const struct files_move_item *item = &r->move.items[i];
        if (item->state != FILES_FAILED && item->state != FILES_DIFFERENT)
            continue;
        bad++;
        if (shown++ >= FAULTS_SHOWN)
            continue;
        if (item->state == FILES_DIFFERENT)
            fprintf(stderr, "  %s: 目标中已有同名但内容不同的文件，未改动 / another file of this name is there; it was left alone\n", item->key);
        else
            fprintf(stderr, "  %s: %s / %s%s%s\n", item->key, error_row(item->rc)->zh, error_row(item->rc)->en, *item->why ? ": " : "", item->why);
    }
    if (bad > FAULTS_SHOWN)
        fprintf(stderr, "  … %zu\n", bad - FAULTS_SHOWN);
}

static size_t bad_ones(const struct files_move *m)
{
    return files_move_count(m, FILES_FAILED) + files_move_count(m, FILES_DIFFERENT) + files_move_count(m, FILES_WAITING);
}

/* The older system's pictures are among them; whoever names none of the program's has named the wrong folder. */
static int tell_strangers(struct request *r)
{
    const char *one = "";
    size_t n = r->where == UPLOAD_OSS ? files_move_strangers(&r->move, r->tool->settings.upload_dir, &one) : 0;
    if (n)
        fprintf(stderr,
                "%zu 个文件的名称不是本系统的，未复制；旧系统的头像由 mms import-legacy --uploads 导入 / %zu files are not named as this system names its own, and were "
                "left alone; the older system's pictures come with mms import-legacy --uploads: %s\n",
                n, n, one);
    return n && r->move.count == 0 ? EXIT_FAILED : EXIT_OK;
}

static int tell_end(struct request *r)
{
    const struct files_move *m = &r->move;
    size_t bad = bad_ones(m);
    printf("复制 / copied: %zu · 已在目标 / there already: %zu · 已不存在 / gone meanwhile: %zu · 已从源删除 / deleted from the source: %zu · 失败 / failed: %zu\n",
           files_move_count(m, FILES_COPIED), files_move_count(m, FILES_THERE), files_move_count(m, FILES_GONE), files_move_count(m, FILES_DELETED), bad);
    print_faults(r);
    if (m->gave_up)
        fprintf(stderr, "连续 %d 次失败，已停止；排除原因后再次运行即可继续 / stopped after %d failures in a row; run it again when the reason is gone\n",
                FILES_MOVE_GIVES_UP, FILES_MOVE_GIVES_UP);
    int code = write_report(r);
    if (bad || code != EXIT_OK)
        return code == EXIT_OK ? EXIT_FAILED : code;
    const char *from = r->where == UPLOAD_OSS ? r->tool->settings.upload_dir : r->tool->settings.oss_bucket;
    size_t proven = m->count - files_move_count(m, FILES_GONE);
    if (proven)
        printf("完成：%zu 个文件均已核对 / done: %zu files, all of them verified\n", proven, proven);
    else
        printf("源中没有文件，无可核对 / no file is in the source, nothing was there to verify: %s\n", from);
    return tell_strangers(r);
}

/* ---------------------------------------------------------------- the way */

/* Deleting what the service still serves from would be the end of it. */
static int look_at_settings(struct request *r)
{
    const struct settings *s = &r->tool->settings;
    if (!s->oss_bucket || !s->oss_region)
        return refuse(RC_INVALID_INPUT, EXIT_SETTINGS, "请设置 OSS_BUCKET 与 OSS_REGION", "Set OSS_BUCKET and OSS_REGION");
    if (r->where == UPLOAD_OSS && access(s->upload_dir, R_OK | X_OK) != 0)
        return refuse(RC_FILES_UNWRITABLE, EXIT_STORAGE, arena_fmt(&r->tool->arena, "UPLOAD_DIR 无法读取，未复制任何文件：%s：%s", s->upload_dir, strerror(errno)),
                      arena_fmt(&r->tool->arena, "UPLOAD_DIR cannot be read, nothing was copied: %s: %s", s->upload_dir, strerror(errno)));
    if (r->delete_source && s->upload_backend != r->where)
        return refuse(RC_INVALID_INPUT, EXIT_SETTINGS,
                      arena_fmt(&r->tool->arena, "--delete-source 仅在服务已改用目标之后可用：请先以 UPLOAD_BACKEND=%s 运行服务", PLACES[r->where]),
                      arena_fmt(&r->tool->arena, "--delete-source is for when the service uses the target: run it with UPLOAD_BACKEND=%s first", PLACES[r->where]));
    return EXIT_OK;
}

static int list(struct request *r)
{
    enum rc rc = files_move_list(&r->move);
    if (rc == RC_OK)
        return EXIT_OK;
    struct buf why;
    buf_init(&why, 1024);
    files_why(r->move.from, &why);
    const char *more = arena_fmt(&r->tool->arena, "%s%s", why.n ? ": " : "", buf_text(&why));
    buf_free(&why);
    return refuse(rc, EXIT_STORAGE, arena_fmt(&r->tool->arena, "%s%s", error_row(rc)->zh, more), arena_fmt(&r->tool->arena, "%s%s", error_row(rc)->en, more));
}

static int move(struct request *r)
{
    int code = list(r);
    if (code != EXIT_OK)
        return code;
    r->round = "复制 / copying";
    files_move_copy(&r->move, show, r);
    if (r->delete_source && bad_ones(&r->move) == 0) {
        r->round = "再次核对并删除源文件 / verifying again, deleting from the source";
        r->move.moved_bytes = 0;
        files_move_delete(&r->move, show, r);
    } else if (r->delete_source)
        fprintf(stderr, "有文件未能核对，源文件全部保留 / not all could be verified: nothing is deleted from the source\n");
    return tell_end(r);
}

static bool read_arguments(struct request *r, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "migrate") != 0)
        return false;
    for (int i = 2; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--to") == 0 && more)
            r->to = argv[++i];
        else if (strcmp(argv[i], "--report") == 0 && more)
            r->report = argv[++i];
        else if (strcmp(argv[i], "--parallel") == 0 && more && text_int(argv[i + 1], 1, FILES_MOVE_PARALLEL_MAX, &r->parallel))
            i++;
        else if (strcmp(argv[i], "--delete-source") == 0)
            r->delete_source = true;
        else
            return false;
    }
    r->where = text_equal(r->to, "oss") ? UPLOAD_OSS : UPLOAD_LOCAL;
    return text_equal(r->to, "oss") || text_equal(r->to, "local");
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct request r = {.tool = &t, .parallel = 4, .on_terminal = isatty(STDOUT_FILENO) == 1};
    if (!read_arguments(&r, argc, argv)) {
        fputs(files_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, NAME, false);
    if (code != EXIT_OK)
        return code;
    code = look_at_settings(&r);
    if (code == EXIT_OK) {
        r.began_us = clock_monotonic_us();
        r.move = (struct files_move){.from = storage_open_at(&t.settings, r.where == UPLOAD_OSS ? UPLOAD_LOCAL : UPLOAD_OSS, true),
                                     .to = storage_open_at(&t.settings, r.where, true), .folder = t.settings.upload_dir, .parallel = (int)r.parallel};
        arena_init(&r.move.arena);
        code = move(&r);
        files_move_end(&r.move);
    }
    arena_free(&t.arena);
    return code;
}

const struct command files_command = {
    .name = "files",
    .summary = "move uploaded files into object storage, or back",
    .help = "usage: mms files migrate --to oss|local [--parallel N] [--delete-source] [--report FILE]\n\n"
            "Copies all uploaded files (pictures, imports, exports) from UPLOAD_DIR into the bucket that OSS_BUCKET, OSS_REGION and the other\n"
            "OSS_ settings name, or back; N at a time (1-16, default 4). Each is verified by size and CRC-64, as the other side tells them.\n"
            "What is there already is left, so it may end at any moment, and be run again; the source stays. The service may go on meanwhile:\n"
            "copy, restart the service with UPLOAD_BACKEND set to the target, and run it once more for what came in between.\n"
            "--delete-source, then: when all are there, each is read back byte by byte, and only then deleted from the source.\n"
            "--report writes all of it as JSON. Exit codes: 0 all verified, 1 some failed, 74 a place cannot be used, 78 a setting is not acceptable.\n",
    .run = run,
};
