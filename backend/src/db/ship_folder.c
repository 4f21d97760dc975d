#include "db/ship_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/text.h"
#include "json/json.h"

#define CHAIN "mms_chain_"
#define MAGIC "mms-segment-v1\n" /* with its NUL 16 bytes */
#define MAGIC_SEALED "mms-segment-v2\n"
#define OPEN ".db"
#define SEALED ".db.age"
#define PATH_BYTES 4352
#define MANIFEST_MAX 8192
#define KEPT_NEWEST 2
#define KEPT_DAYS 7
#define NUMBER_DIGITS 8
#define RAW_MAX (INT64_C(128) << 20)

static bool is_chain_name(const char *name)
{
    const char *stamp = name + strlen(CHAIN);
    return text_starts(name, CHAIN) && strspn(stamp, "0123456789_") == 15 && !stamp[15];
}

static void print_name(int64_t ms, char out[static SHIP_NAME_MAX])
{
    char at[CLOCK_TEXT_MAX]; /* "2026-11-29 14:30:00" */
    clock_print_row(ms, at);
    snprintf(out, SHIP_NAME_MAX, CHAIN "%.4s%.2s%.2s_%.2s%.2s%.2s", at, at + 5, at + 8, at + 11, at + 14, at + 17);
}

/* The moment in a chain's name; -1: it is none. */
static int64_t time_in(const char *name)
{
    char text[CLOCK_TEXT_MAX];
    const char *s = name + strlen(CHAIN);
    int64_t ms;
    if (!is_chain_name(name))
        return -1;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", s, s + 4, s + 6, s + 9, s + 11, s + 13);
    return clock_parse(text, &ms) ? ms : -1;
}

void ship_chain_name(const char *folder, int64_t ms, char out[static SHIP_NAME_MAX])
{
    int64_t at_ms = ms / 1000 * 1000;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        int64_t there_ms = time_in(entry->d_name);
        at_ms = there_ms >= at_ms ? there_ms + 1000 : at_ms;
    }
    if (dir)
        closedir(dir);
    print_name(at_ms, out);
}

/* "00000012.seg" is 12; 0: another name. */
static int64_t number_in(const char *name, const char *before, const char *ending)
{
    size_t n = strlen(before);
    if (strncmp(name, before, n) != 0 || strspn(name + n, "0123456789") < NUMBER_DIGITS)
        return 0;
    char *end;
    int64_t number = strtoll(name + n, &end, 10);
    return strcmp(end, ending) == 0 ? number : 0;
}

/* ---------------------------------------------------------------- segments */

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void put_u64(unsigned char *at, int64_t v)
{
    put_u32(at, (uint32_t)((uint64_t)v >> 32));
    put_u32(at + 4, (uint32_t)v);
}

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t get_u64(const unsigned char *at)
{
    return (int64_t)((uint64_t)get_u32(at) << 32 | get_u32(at + 4));
}

enum { AT_NUMBER = 16, AT_TIME = 24, AT_PAGE_SIZE = 32, AT_PAGES = 36, AT_AFTER = 40, AT_PACKED = 44, AT_RAW = 48, AT_BEFORE = 64, AT_HASH = 128 };

static void print_header(const struct ship_segment *s, unsigned char h[SHIP_SEGMENT_HEADER_BYTES])
{
    memset(h, 0, SHIP_SEGMENT_HEADER_BYTES);
    memcpy(h, s->sealed ? MAGIC_SEALED : MAGIC, sizeof MAGIC);
    put_u64(h + AT_NUMBER, s->number);
    put_u64(h + AT_TIME, s->time_ms);
    put_u32(h + AT_PAGE_SIZE, s->page_size);
    put_u32(h + AT_PAGES, s->pages);
    put_u32(h + AT_AFTER, s->pages_after);
    put_u32(h + AT_PACKED, s->packed);
    put_u32(h + AT_RAW, s->raw);
    memcpy(h + AT_BEFORE, s->before, HASH_HEX_MAX - 1);
}

static bool read_header(const unsigned char h[SHIP_SEGMENT_HEADER_BYTES], struct ship_segment *s)
{
    *s = (struct ship_segment){.number = get_u64(h + AT_NUMBER), .time_ms = get_u64(h + AT_TIME), .page_size = get_u32(h + AT_PAGE_SIZE),
                               .pages = get_u32(h + AT_PAGES), .pages_after = get_u32(h + AT_AFTER), .packed = get_u32(h + AT_PACKED),
                               .raw = get_u32(h + AT_RAW), .sealed = memcmp(h, MAGIC_SEALED, sizeof MAGIC) == 0};
    memcpy(s->before, h + AT_BEFORE, HASH_HEX_MAX - 1);
    memcpy(s->hash, h + AT_HASH, HASH_HEX_MAX - 1);
    return (s->sealed || memcmp(h, MAGIC, sizeof MAGIC) == 0) && s->page_size >= 512 && s->page_size <= 65536 && s->raw <= RAW_MAX &&
           (int64_t)s->raw == (int64_t)s->pages * (4 + (int64_t)s->page_size);
}

static void hash_segment(const unsigned char h[SHIP_SEGMENT_HEADER_BYTES], const unsigned char *packed, size_t n, char out[HASH_HEX_MAX])
{
    struct hash_stream hash;
    hash_begin(&hash);
    hash_add(&hash, h, AT_HASH);
    hash_add(&hash, packed, n);
    hash_end(&hash, out);
}

static bool segment_path(char out[PATH_BYTES], const char *chain, int64_t number, const char *ending)
{
    return snprintf(out, PATH_BYTES, "%s/%0*lld%s", chain, NUMBER_DIGITS, (long long)number, ending) < PATH_BYTES;
}

static bool write_whole(const char *part, const char *path, const void *a, size_t an, const void *b, size_t bn)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool written = durable_write(fd, a, an) && durable_write(fd, b, bn);
    int why = errno;
    if (close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    errno = why;
    if (written && durable_rename(part, path, true))
        return true;
    why = errno;
    unlink(part);
    errno = why;
    return false;
}

bool ship_segment_write(const char *chain, struct ship_segment *s, const unsigned char *pages)
{
    unsigned char header[SHIP_SEGMENT_HEADER_BYTES];
    char path[PATH_BYTES], part[PATH_BYTES];
    errno = ENAMETOOLONG;
    if (!segment_path(path, chain, s->number, ".seg") || !segment_path(part, chain, s->number, ".seg.part"))
        return false;
    print_header(s, header);
    hash_segment(header, pages, s->packed, s->hash);
    memcpy(header + AT_HASH, s->hash, HASH_HEX_MAX - 1);
    return write_whole(part, path, header, sizeof header, pages, s->packed);
}

static bool read_exactly(int fd, void *out, size_t n)
{
    for (unsigned char *at = out; n > 0;) {
        ssize_t got = read(fd, at, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static unsigned char *unpack(const struct ship_segment *s, const void *packed, size_t packed_n)
{
    unsigned char *raw = malloc(s->raw ? s->raw : 1);
    uLongf n = s->raw;
    if (!raw)
        abort();
    if (uncompress(raw, &n, packed, packed_n) == Z_OK && n == s->raw)
        return raw;
    free(raw);
    return NULL;
}

static enum rc open_pages(const struct ship_segment *s, const unsigned char *packed, struct ship_key *key, unsigned char **pages)
{
    struct buf opened;
    enum rc rc = RC_OK;
    buf_init(&opened, RAW_MAX);
    if (s->sealed && !key->identity)
        rc = RC_FILES_REFUSED;
    else if (s->sealed && !age_open(key->identity, packed, s->packed, &opened, key->said))
        rc = RC_FILES_REFUSED;
    else {
        *pages = s->sealed ? unpack(s, buf_text(&opened), opened.n) : unpack(s, packed, s->packed);
        rc = *pages ? RC_OK : RC_FILES_DAMAGED;
    }
    buf_free(&opened);
    return rc;
}

static enum rc read_segment(int fd, int64_t number, struct ship_segment *s, struct ship_key *key, unsigned char **pages)
{
    unsigned char header[SHIP_SEGMENT_HEADER_BYTES], more;
    char hash[HASH_HEX_MAX];
    if (!read_exactly(fd, header, sizeof header) || !read_header(header, s) || s->number != number || s->packed > RAW_MAX)
        return RC_FILES_DAMAGED;
    unsigned char *packed = malloc(s->packed ? s->packed : 1);
    if (!packed)
        abort();
    bool good = read_exactly(fd, packed, s->packed) && read(fd, &more, 1) == 0;
    if (good) {
        hash_segment(header, packed, s->packed, hash);
        good = text_equal(hash, s->hash);
    }
    enum rc rc = !good ? RC_FILES_DAMAGED : pages ? open_pages(s, packed, key, pages) : RC_OK;
    free(packed);
    return rc;
}

enum rc ship_segment_read(const char *chain, int64_t number, struct ship_segment *s, struct ship_key *key, unsigned char **pages)
{
    char path[PATH_BYTES];
    int fd = segment_path(path, chain, number, ".seg") ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return RC_NOT_FOUND;
    enum rc rc = read_segment(fd, number, s, key, pages);
    close(fd);
    return rc;
}

void ship_segment_range(const char *chain, int64_t *first, int64_t *last)
{
    *first = *last = 0;
    DIR *dir = opendir(chain);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        int64_t number = number_in(entry->d_name, "", ".seg");
        *last = number > *last ? number : *last;
        *first = number && (!*first || number < *first) ? number : *first;
    }
    if (dir)
        closedir(dir);
}

/* ---------------------------------------------------------------- bases */

const char *ship_base_path(struct arena *a, const char *chain, int64_t number, const char *ending)
{
    return arena_fmt(a, "%s/base_%0*lld%s", chain, NUMBER_DIGITS, (long long)number, ending);
}

const char *ship_base_ending(const struct ship_base *b)
{
    return b->sealed ? SEALED : OPEN;
}

static bool write_text(struct arena *a, const char *path, const struct buf *text)
{
    return write_whole(arena_fmt(a, "%s.part", path), path, text->bytes, text->n, "", 0);
}

static void put_time(struct json_writer *w, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(ms, text);
    jw_member_text(w, name, text);
}

bool ship_base_write(struct arena *a, const char *chain, const struct ship_base *b)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, MANIFEST_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_text(&w, "format", "mms-base");
    jw_member_int(&w, "version", b->sealed ? 2 : 1);
    jw_member_text(&w, "program", MMS_VERSION);
    jw_member_int(&w, "site", b->site);
    jw_member_int(&w, "number", b->number);
    jw_member_int(&w, "first", b->first);
    jw_member_int(&w, "whole", b->whole);
    put_time(&w, "made_at", b->made_ms);
    put_time(&w, "whole_at", b->whole_ms);
    jw_member_int(&w, "bytes", b->bytes);
    jw_member_int(&w, "page_size", b->page_size);
    jw_member_text(&w, "sha256", b->hash);
    if (b->sealed) {
        jw_member_text(&w, "sealed", "age");
        jw_member_text(&w, "sealed_for", b->sealed);
        jw_member_int(&w, "stored", b->stored);
    }
    jw_object_end(&w);
    buf_char(&text, '\n');
    bool written = write_text(a, ship_base_path(a, chain, b->number, ".json"), &text);
    buf_free(&text);
    return written;
}

bool ship_base_note_proof(struct arena *a, const char *chain, const struct ship_base *b, int64_t now_ms)
{
    struct buf text;
    char at[CLOCK_TEXT_MAX];
    clock_print_iso(now_ms, at);
    buf_init(&text, MANIFEST_MAX);
    buf_fmt(&text, "%s\n", at);
    bool written = write_text(a, ship_base_path(a, chain, b->number, ".proven"), &text);
    buf_free(&text);
    return written;
}

/* NULL: it cannot be read, or is too long for what it should be. */
static char *read_text(struct arena *a, const char *path, size_t *n)
{
    char *text = arena_alloc(a, MANIFEST_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd < 0 ? -1 : read(fd, text, MANIFEST_MAX);
    if (fd >= 0)
        close(fd);
    *n = got > 0 ? (size_t)got : 0;
    return got > 0 ? text : NULL;
}

static int64_t int_of(const struct json *object, const char *name)
{
    int64_t n;
    const struct json *v = json_member(object, name);
    return v && json_to_int(v, &n) && n >= 0 ? n : -1;
}

static const char *text_of(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && v->type == JSON_STRING ? v->text : NULL;
}

static int64_t time_of(const struct json *object, const char *name)
{
    int64_t ms;
    const char *text = text_of(object, name);
    return text && clock_parse(text, &ms) ? ms : 0;
}

static int64_t read_proof(struct arena *a, const char *path)
{
    size_t n;
    int64_t ms;
    char *text = read_text(a, path, &n);
    return text && clock_parse(text_trim(a, text), &ms) ? ms : 0;
}

/* It is part of a path. */
static bool is_age_name(const char *text)
{
    return text && strspn(text, "0123456789abcdef") == AGE_NAME_MAX - 1 && !text[AGE_NAME_MAX - 1];
}

/* What version 2 has and version 1 has not. */
static bool read_seal(const struct json *m, struct ship_base *b)
{
    int64_t version = int_of(m, "version");
    if (version == 1) {
        b->stored = b->bytes;
        return true;
    }
    b->sealed = text_of(m, "sealed_for");
    b->stored = int_of(m, "stored");
    return version == 2 && text_equal(text_of(m, "sealed"), "age") && is_age_name(b->sealed) && b->stored > 0;
}

static bool read_base(struct arena *a, const char *folder, const char *chain, int64_t number, struct ship_base *out)
{
    size_t n;
    struct json_fault fault;
    const char *path = arena_fmt(a, "%s/%s", folder, chain);
    const char *text = read_text(a, ship_base_path(a, path, number, ".json"), &n);
    const struct json *m = text ? json_parse(a, text, n, &fault) : NULL;
    *out = (struct ship_base){.chain = chain, .site = int_of(m, "site"), .number = int_of(m, "number"), .first = int_of(m, "first"), .whole = int_of(m, "whole"), .made_ms = time_of(m, "made_at"),
                              .whole_ms = time_of(m, "whole_at"), .bytes = int_of(m, "bytes"), .page_size = int_of(m, "page_size"),
                              .hash = text_of(m, "sha256"), .proven_ms = read_proof(a, ship_base_path(a, path, number, ".proven"))};
    return text_equal(text_of(m, "format"), "mms-base") && read_seal(m, out) && out->number == number && out->first > 0 &&
           out->first <= number && out->whole >= number - 1 &&
           out->made_ms && out->whole_ms && out->bytes > 0 && out->page_size >= 512 && out->hash;
}

static int newest_first(const void *a, const void *b)
{
    const struct ship_base *x = a, *y = b;
    int chains = strcmp(y->chain, x->chain);
    return chains ? chains : x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
}

/* Grows by doubling: the arena keeps what is left behind until its end. */
struct base_list {
    struct arena *arena;
    struct ship_base *list;
    size_t count, cap;
};

static void add_base(struct base_list *l, const struct ship_base *b)
{
    if (l->count == l->cap) {
        struct ship_base *more = arena_array(l->arena, l->cap ? l->cap * 2 : 16, sizeof *more);
        if (l->count)
            memcpy(more, l->list, l->count * sizeof *more);
        l->list = more;
        l->cap = l->cap ? l->cap * 2 : 16;
    }
    l->list[l->count++] = *b;
}

static void read_chain(struct base_list *l, const char *folder, const char *chain)
{
    struct ship_base base;
    DIR *dir = opendir(arena_fmt(l->arena, "%s/%s", folder, chain));
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        int64_t number = number_in(entry->d_name, "base_", ".json");
        if (number && read_base(l->arena, folder, chain, number, &base))
            add_base(l, &base);
    }
    if (dir)
        closedir(dir);
}

size_t ship_bases(struct arena *a, const char *folder, struct ship_base **out)
{
    struct base_list l = {.arena = a};
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (is_chain_name(entry->d_name))
            read_chain(&l, folder, arena_dup(a, entry->d_name));
    if (dir)
        closedir(dir);
    if (l.count)
        qsort(l.list, l.count, sizeof *l.list, newest_first);
    *out = l.list;
    return l.count;
}

/* ---------------------------------------------------------------- what is kept */

static void choose(const struct ship_base *list, size_t count, bool *kept)
{
    int64_t days = 0, last_day = -1;
    bool has_proven = false;
    for (size_t i = 0; i < count; i++) {
        int64_t day = zone_day(zone_find("UTC"), list[i].made_ms);
        bool newest_of_day = day != last_day && days < KEPT_DAYS;
        bool newest_proven = list[i].proven_ms && !has_proven;
        kept[i] = i < KEPT_NEWEST || newest_of_day || newest_proven;
        days += day != last_day;
        last_day = day;
        has_proven = has_proven || newest_proven;
    }
}

/* The manifest first, so that what is half gone is nothing. */
static void remove_base(struct arena *a, const char *chain, int64_t number)
{
    static const char *const endings[] = {".json", ".proven", OPEN, SEALED};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(ship_base_path(a, chain, number, endings[i]));
}

static void remove_segments_before(struct arena *a, const char *chain, int64_t first)
{
    DIR *dir = opendir(chain);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        int64_t number = number_in(entry->d_name, "", ".seg");
        if (number && number < first)
            unlink(arena_fmt(a, "%s/%s", chain, entry->d_name));
    }
    if (dir)
        closedir(dir);
}

void ship_chain_remove(struct arena *a, const char *folder, const char *chain)
{
    const char *path = arena_fmt(a, "%s/%s", folder, chain);
    for (int manifests = 1; manifests >= 0; manifests--) {
        DIR *dir = opendir(path);
        for (const struct dirent *entry; dir && (entry = readdir(dir));)
            if (entry->d_name[0] != '.' && (!manifests || number_in(entry->d_name, "base_", ".json")))
                unlink(arena_fmt(a, "%s/%s", path, entry->d_name));
        if (dir)
            closedir(dir);
    }
    rmdir(path);
}

/* The first segment that a kept base of this chain needs; 0: none is kept. */
static int64_t needed_from(const struct ship_base *list, const bool *kept, size_t count, const char *chain)
{
    int64_t first = 0;
    for (size_t i = 0; i < count; i++)
        if (kept[i] && text_equal(list[i].chain, chain) && (!first || list[i].first < first))
            first = list[i].first;
    return first;
}

/* "uploads/avatars/name": only what lies as deep as we put it. */
static void remove_uploads(struct arena *a, const char *path)
{
    DIR *dir = opendir(path);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *inner = arena_fmt(a, "%s/%s", path, entry->d_name);
        DIR *files = entry->d_name[0] != '.' && entry->d_type != DT_LNK ? opendir(inner) : NULL;
        for (const struct dirent *file; files && (file = readdir(files));)
            unlink(arena_fmt(a, "%s/%s", inner, file->d_name));
        if (files)
            closedir(files);
        rmdir(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

/* Whether `live` is this folder, or lies in it: one that somebody has set to where the service keeps its own. */
static bool holds(const char *path, const char *live)
{
    char ours[PATH_MAX], theirs[PATH_MAX];
    if (!live || !realpath(live, theirs))
        return false;
    size_t n = realpath(path, ours) ? strlen(ours) : 0;
    return n == 0 || (strncmp(ours, theirs, n) == 0 && (theirs[n] == '/' || !theirs[n]));
}

/* Whether a kept base is sealed as this folder of uploaded files is; what has another name is not looked at. */
static bool uploads_are_needed(const struct ship_base *list, const bool *kept, size_t count, const char *name)
{
    const char *sealed = text_starts(name, SHIP_SEALED_UPLOADS) ? name + strlen(SHIP_SEALED_UPLOADS) : NULL;
    bool needed = sealed ? !is_age_name(sealed) : !text_equal(name, SHIP_UPLOADS);
    for (size_t i = 0; i < count; i++)
        needed = needed || (kept[i] && (sealed ? text_equal(list[i].sealed, sealed) : !list[i].sealed));
    return needed;
}

size_t ship_prune(struct arena *a, const char *folder, const char *current, const char *live)
{
    struct ship_base *list;
    size_t count = ship_bases(a, folder, &list), gone = 0;
    bool *kept = arena_array(a, count + 1, sizeof *kept);
    choose(list, count, kept);
    for (size_t i = 0; i < count; i++)
        if (!kept[i]) {
            remove_base(a, arena_fmt(a, "%s/%s", folder, list[i].chain), list[i].number);
            gone++;
        }
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *path = arena_fmt(a, "%s/%s", folder, entry->d_name);
        if (count && !uploads_are_needed(list, kept, count, entry->d_name) && !holds(path, live))
            remove_uploads(a, path);
        if (!is_chain_name(entry->d_name))
            continue;
        int64_t first = needed_from(list, kept, count, entry->d_name);
        if (first)
            remove_segments_before(a, arena_fmt(a, "%s/%s", folder, entry->d_name), first);
        else if (!text_equal(entry->d_name, current))
            ship_chain_remove(a, folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    return gone;
}
