#include "domain/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"
#include "db/ship.h"
#include "db/ship_folder.h"
#include "domain/reply.h"

#define FORMAT "mms-backup"
#define VERSION 1
#define STAMP_CHARS 15 /* "20261129_143000" */
#define DAY_DIGITS 8
#define MANIFEST_MAX ((size_t)1 << 20)
#define BACKUPS_MAX 10000

const char *const backup_folders[] = {"avatars", "imports", NULL};

/* ---------------------------------------------------------------- names */

bool backup_name_is_good(const char *name)
{
    const char *stamp = name + strlen(BACKUP_PREFIX);
    return text_starts(name, BACKUP_PREFIX) && strspn(stamp, "0123456789") == DAY_DIGITS && stamp[DAY_DIGITS] == '_' &&
           strspn(stamp + DAY_DIGITS + 1, "0123456789") == STAMP_CHARS - DAY_DIGITS - 1 && !stamp[STAMP_CHARS];
}

const char *backup_name(struct arena *a, int64_t made_ms)
{
    char at[CLOCK_TEXT_MAX]; /* "2026-11-29 14:30:00" */
    clock_print_row(made_ms, at);
    return arena_fmt(a, BACKUP_PREFIX "%.4s%.2s%.2s_%.2s%.2s%.2s", at, at + 5, at + 8, at + 11, at + 14, at + 17);
}

int64_t backup_size(const struct backup *b)
{
    return b->database.stored + b->files.stored;
}

/* ---------------------------------------------------------------- the manifest */

static void put_time(struct json_writer *w, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(ms, text);
    jw_member_text(w, name, ms ? text : NULL);
}

static void put_part(struct json_writer *w, const char *name, const struct backup_part *p)
{
    jw_name(w, name);
    if (!p->file) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_member_text(w, "file", p->file);
    jw_member_int(w, "bytes", p->bytes);
    jw_member_text(w, "sha256", p->hash);
    jw_member_int(w, "stored", p->stored);
    jw_member_text(w, "stored_sha256", p->stored_hash);
    jw_member_int(w, "count", p->count);
    jw_member_text(w, "age_sha256", p->sealed_hash);
    jw_object_end(w);
}

static void put_figures(struct json_writer *w, const char *name, const struct backup_figure *list, size_t count)
{
    jw_name(w, name);
    jw_object(w);
    for (size_t i = 0; i < count; i++) {
        jw_name_text(w, list[i].name);
        jw_text(w, list[i].value);
    }
    jw_object_end(w);
}

static void put_manifest(struct json_writer *w, const struct backup *b)
{
    jw_object(w);
    jw_member_text(w, "format", FORMAT);
    jw_member_int(w, "version", VERSION);
    jw_member_text(w, "name", b->name);
    put_time(w, "made_at", b->made_ms);
    put_time(w, "proven_at", b->proven_ms);
    jw_member_text(w, "program", b->program);
    jw_member_text(w, "engine", b->engine);
    jw_member_int(w, "schema", b->schema);
    jw_member_int(w, "took_ms", b->took_ms);
    put_part(w, "database", &b->database);
    put_part(w, "files", &b->files);
    put_figures(w, "rows", b->rows, b->row_count);
    put_figures(w, "totals", b->totals, b->total_count);
    jw_object_end(w);
}

static bool put_file(const char *path, const struct buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool written = durable_write(fd, text->bytes, text->n);
    return close(fd) == 0 && written;
}

bool backup_write(struct arena *a, const char *folder, const struct backup *b)
{
    struct buf text;
    struct json_writer w;
    const char *path = arena_fmt(a, "%s/%s.json", folder, b->name), *part = arena_fmt(a, "%s.part", path);
    buf_init(&text, MANIFEST_MAX);
    jw_init(&w, &text, false);
    put_manifest(&w, b);
    buf_char(&text, '\n');
    bool written = !text.overflow && put_file(part, &text) && durable_rename(part, path, true);
    buf_free(&text);
    if (!written)
        unlink(part);
    return written;
}

static const char *text_of(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && v->type == JSON_STRING ? v->text : NULL;
}

/* -1: it is not there. */
static int64_t int_of(const struct json *object, const char *name)
{
    int64_t n;
    const struct json *v = json_member(object, name);
    return v && json_to_int(v, &n) && n >= 0 ? n : -1;
}

static int64_t time_of(const struct json *object, const char *name)
{
    int64_t ms;
    const char *text = text_of(object, name);
    return text && clock_parse(text, &ms) ? ms : 0;
}

/* A file beside the manifest, and nothing else. */
static bool is_file_of(const char *file, const char *name)
{
    return file && text_starts(file, name) && file[strlen(name)] == '.' && !strchr(file, '/');
}

static bool take_part(const struct json *object, const char *name, struct backup_part *out)
{
    *out = (struct backup_part){
        .file = text_of(object, "file"), .hash = text_of(object, "sha256"), .stored_hash = text_of(object, "stored_sha256"), .sealed_hash = text_of(object, "age_sha256"),
        .bytes = int_of(object, "bytes"), .stored = int_of(object, "stored"), .count = int_of(object, "count")};
    size_t n = out->file ? strlen(out->file) : 0, sealed_n = strlen(BACKUP_SEALED);
    bool is_sealed = n > sealed_n && strcmp(out->file + n - sealed_n, BACKUP_SEALED) == 0;
    return is_file_of(out->file, name) && is_sealed == (out->sealed_hash != NULL) && out->bytes >= 0 && out->stored >= 0 && out->count >= 0 && out->stored_hash;
}

static struct backup_figure *take_figures(struct arena *a, const struct json *object, size_t *count)
{
    size_t n = object && object->type == JSON_OBJECT && object->n <= BACKUP_FIGURES_MAX ? object->n : 0;
    struct backup_figure *list = arena_array(a, n + 1, sizeof *list);
    *count = 0;
    for (const struct json *v = n ? object->first : NULL; v; v = v->next)
        list[(*count)++] = (struct backup_figure){v->name, v->type == JSON_STRING ? v->text : ""};
    return list;
}

static bool take_manifest(struct arena *a, const struct json *m, const char *name, struct backup *out)
{
    const struct json *files = json_member(m, "files");
    *out = (struct backup){.name = text_of(m, "name"), .program = text_of(m, "program"), .engine = text_of(m, "engine"),
                           .made_ms = time_of(m, "made_at"), .proven_ms = time_of(m, "proven_at"), .schema = int_of(m, "schema"),
                           .took_ms = int_of(m, "took_ms")};
    out->rows = take_figures(a, json_member(m, "rows"), &out->row_count);
    out->totals = take_figures(a, json_member(m, "totals"), &out->total_count);
    return text_equal(text_of(m, "format"), FORMAT) && int_of(m, "version") == VERSION && text_equal(out->name, name) && out->program &&
           out->engine && out->made_ms && out->schema > 0 && out->took_ms >= 0 && take_part(json_member(m, "database"), name, &out->database) &&
           out->database.hash && files && (files->type == JSON_NULL || take_part(files, name, &out->files));
}

static bool read_text(const char *path, struct buf *out)
{
    char *room = buf_room(out, MANIFEST_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, room, MANIFEST_MAX);
    if (fd >= 0)
        close(fd);
    out->n = n > 0 ? (size_t)n : 0;
    return n >= 0;
}

enum rc backup_read(struct arena *a, const char *folder, const char *name, struct backup *out)
{
    struct buf text;
    struct json_fault fault;
    buf_init(&text, MANIFEST_MAX + 1);
    bool found = read_text(arena_fmt(a, "%s/%s.json", folder, name), &text);
    const struct json *m = found ? json_parse(a, text.bytes, text.n, &fault) : NULL;
    bool understood = m && take_manifest(a, m, name, out);
    buf_free(&text);
    return understood ? RC_OK : found ? RC_FILES_DAMAGED : RC_NOT_FOUND;
}

/* ---------------------------------------------------------------- what there is */

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct backup *)b)->name, ((const struct backup *)a)->name);
}

static bool manifest_name(struct arena *a, const char *file, const char **name)
{
    const char *dot = strchr(file, '.');
    *name = dot ? arena_copy(a, file, (size_t)(dot - file)) : "";
    return dot && strcmp(dot, ".json") == 0 && backup_name_is_good(*name);
}

size_t backup_list(struct arena *a, const char *folder, struct backup **out)
{
    size_t count = 0, room = 0;
    const char *name;
    *out = NULL;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && count < BACKUPS_MAX && (entry = readdir(dir));) {
        if (!manifest_name(a, entry->d_name, &name))
            continue;
        if (count == room) {
            struct backup *more = arena_array(a, room = room ? 2 * room : 64, sizeof *more);
            if (count)
                memcpy(more, *out, count * sizeof *more);
            *out = more;
        }
        count += backup_read(a, folder, name, &(*out)[count]) == RC_OK;
    }
    if (dir)
        closedir(dir);
    if (count)
        qsort(*out, count, sizeof **out, newest_first);
    return count;
}

/* ---------------------------------------------------------------- which are kept */

static int64_t day_of(const struct backup *b)
{
    return zone_day(zone_find("UTC"), b->made_ms);
}

/* 1970-01-01 was a Thursday. */
static int64_t week_of(const struct backup *b)
{
    return (day_of(b) + 3) / 7;
}

static int64_t month_of(const struct backup *b)
{
    char text[DAY_TEXT_MAX]; /* "20261129" */
    day_print_compact(day_of(b), text);
    return strtol(text, NULL, 10) / 100;
}

static void keep_newest_of_each(const struct backup *list, size_t count, int64_t (*span_of)(const struct backup *b), int64_t spans, bool *kept)
{
    int64_t last = -1;
    for (size_t i = 0; i < count && spans > 0; i++) {
        int64_t span = span_of(&list[i]);
        if (i > 0 && span == last)
            continue;
        kept[i] = true;
        last = span;
        spans--;
    }
}

void backup_choose(const struct backup *list, size_t count, const struct backup_keep *keep, bool *kept)
{
    for (size_t i = 0; i < count; i++)
        kept[i] = i == 0;
    keep_newest_of_each(list, count, day_of, keep->days, kept);
    keep_newest_of_each(list, count, week_of, keep->weeks, kept);
    keep_newest_of_each(list, count, month_of, keep->months, kept);
}

/* ---------------------------------------------------------------- GET /api/admin/backups */

static void put_backup(struct json_writer *w, const struct backup *b)
{
    jw_object(w);
    jw_member_text(w, "name", b->name);
    put_time(w, "made_at", b->made_ms);
    put_time(w, "proven_at", b->proven_ms);
    jw_member_text(w, "engine", b->engine);
    jw_member_text(w, "program", b->program);
    jw_member_int(w, "schema", b->schema);
    jw_member_int(w, "size", backup_size(b));
    jw_member_int(w, "took_ms", b->took_ms);
    jw_member_int(w, "files", b->files.count);
    put_figures(w, "rows", b->rows, b->row_count);
    put_figures(w, "totals", b->totals, b->total_count);
    jw_object_end(w);
}

/* What the service ships while it runs; null: BACKUP_CONTINUOUS_DIR is not set. */
static void put_continuous(struct json_writer *w, struct ctx *c)
{
    struct db_ship_state s;
    struct ship_base *bases = NULL;
    int64_t proven_ms = 0, open = 0;
    db_writer_ship_state(c->writer, &s);
    jw_name(w, "continuous");
    if (!s.on) {
        jw_null(w);
        return;
    }
    const char *folder = c->settings->backup_continuous_dir;
    size_t count = ship_bases(c->arena, folder, &bases);
    for (size_t i = 0; i < count; i++) {
        proven_ms = bases[i].proven_ms > proven_ms ? bases[i].proven_ms : proven_ms;
        open += !bases[i].sealed;
    }
    jw_object(w);
    jw_member_text(w, "folder", folder);
    jw_member_int(w, "every_s", c->settings->backup_continuous_s);
    jw_member_bool(w, "sealed", s.sealed);
    jw_member_int(w, "open_bases", open);
    jw_member_bool(w, "late", s.late);
    put_time(w, "safe_until", s.safe_ms);
    put_time(w, "failing_since", s.failing ? s.failing_ms : 0);
    jw_member_text(w, "reason", s.failing ? s.why : NULL);
    jw_member_text(w, "chain", s.chain[0] ? s.chain : NULL);
    put_time(w, "base_at", s.base_ms);
    jw_member_int(w, "bases", (int64_t)count);
    put_time(w, "oldest_at", count ? bases[count - 1].whole_ms : 0);
    put_time(w, "proven_at", proven_ms);
    jw_member_int(w, "segments", s.segments);
    jw_member_int(w, "bytes", s.bytes);
    jw_member_int(w, "gaps", s.gaps);
    jw_member_int(w, "failures", s.failures);
    jw_object_end(w);
}

static enum rc get_backups(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct backup *list = NULL;
    const char *folder = c->settings->backup_dir;
    size_t count = folder ? backup_list(c->arena, folder, &list) : 0;
    int64_t newest_ms = 0;
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_text(&w, "folder", folder);
    jw_name(&w, "list");
    jw_array(&w);
    for (size_t i = 0; i < count; i++) {
        put_backup(&w, &list[i]);
        newest_ms = newest_ms ? newest_ms : list[i].proven_ms ? list[i].made_ms : 0;
    }
    jw_array_end(&w);
    put_time(&w, "newest_proven", newest_ms);
    put_continuous(&w, c);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static const struct answer_part backup_parts[] = {{"name", PART_TEXT},    {"made_at", PART_TEXT},  {"proven_at", PART_TEXT, .nullable = true},
                                                  {"engine", PART_TEXT},  {"program", PART_TEXT},  {"schema"},
                                                  {"size"},               {"took_ms"},             {"files"},
                                                  {"rows", PART_OBJECT},  {"totals", PART_OBJECT}, {0}};

static const struct answer_part continuous_parts[] = {{"folder", PART_TEXT},
                                                      {"every_s"},
                                                      {"sealed", PART_BOOL},
                                                      {"open_bases"},
                                                      {"late", PART_BOOL},
                                                      {"safe_until", PART_TEXT, .nullable = true},
                                                      {"failing_since", PART_TEXT, .nullable = true},
                                                      {"reason", PART_TEXT, .nullable = true},
                                                      {"chain", PART_TEXT, .nullable = true},
                                                      {"base_at", PART_TEXT, .nullable = true},
                                                      {"bases"},
                                                      {"oldest_at", PART_TEXT, .nullable = true},
                                                      {"proven_at", PART_TEXT, .nullable = true},
                                                      {"segments"},
                                                      {"bytes"},
                                                      {"gaps"},
                                                      {"failures"},
                                                      {0}};

static const struct route backup_routes[] = {
    ROUTE("GET", "/api/admin/backups", LANE_SLOW, PERM_DATABASE_READ, NULL, get_backups, "备份",
          .parts = PARTS({"folder", PART_TEXT, .nullable = true}, {"list", PART_ARRAY, .parts = backup_parts},
                         {"newest_proven", PART_TEXT, .nullable = true}, {"continuous", PART_OBJECT, .parts = continuous_parts, .nullable = true})),
};
const struct module backup_module = MODULE("backups", "备份", backup_routes);
