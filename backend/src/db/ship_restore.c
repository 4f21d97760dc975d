/* A database out of a base and the segments that came after it (ship_folder.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/text.h"
#include "db/ship_folder.h"

#define COPY_BYTES (1 << 20)

struct work {
    struct arena *arena;
    const char *folder, *file;
    int64_t until_ms;
    struct error *why;
};

/* How far a base can be brought. */
struct reach {
    int64_t last, as_of_ms; /* the last segment that ends with a commit, and its moment */
    int64_t damaged;        /* the segment that cannot be used, though there are some after it, or it is there; 0: none */
};

static const char *chain_path(const struct work *k, const struct ship_base *b)
{
    return arena_fmt(k->arena, "%s/%s", k->folder, b->chain);
}

#define SAY(k, rc, zh, en, ...) error_say((k)->why, (rc), arena_fmt((k)->arena, zh, __VA_ARGS__), arena_fmt((k)->arena, en, __VA_ARGS__))

static enum rc say_errno(const struct work *k, const char *path)
{
    const char *reason = strerrordesc_np(errno);
    return SAY(k, RC_FILES_UNWRITABLE, "%s：%s", "%s: %s", path, reason ? reason : "?");
}

/* ---------------------------------------------------------------- looking */

static void look(const struct work *k, const struct ship_base *b, struct reach *out)
{
    int64_t first, last;
    char before[HASH_HEX_MAX] = "";
    const char *chain = chain_path(k, b);
    ship_segment_range(chain, &first, &last);
    *out = (struct reach){.last = b->first - 1, .as_of_ms = b->whole_ms};
    for (int64_t n = b->first; n <= last; n++) {
        struct ship_segment s;
        bool good = ship_segment_read(chain, n, &s, NULL) == RC_OK && s.page_size == b->page_size && (!*before || text_equal(before, s.before));
        if (!good) { /* who asks for the very moment before it knows of it */
            out->damaged = out->as_of_ms == k->until_ms ? 0 : n;
            return;
        }
        if (k->until_ms && s.time_ms > k->until_ms)
            return;
        memcpy(before, s.hash, sizeof before);
        if (s.pages_after) {
            out->last = n;
            out->as_of_ms = s.time_ms;
        }
    }
    if (last < b->whole)
        out->damaged = last + 1;
}

/* ---------------------------------------------------------------- putting together */

static bool copy_some(int from, int to, struct hash_stream *hash, int64_t *n, unsigned char *room)
{
    for (;;) {
        ssize_t got = read(from, room, COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        hash_add(hash, room, (size_t)got);
        *n += got;
        if (!durable_write(to, room, (size_t)got))
            return false;
    }
}

/* *good: it is the base's. */
static bool copy_base(const struct work *k, const struct ship_base *b, int to, bool *good)
{
    struct hash_stream hash;
    char found[HASH_HEX_MAX];
    int64_t n = 0;
    int from = open(ship_base_path(k->arena, chain_path(k, b), b->number, ".db"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *good = false;
    if (from < 0)
        return true;
    unsigned char *room = malloc(COPY_BYTES);
    if (!room)
        abort();
    hash_begin(&hash);
    bool copied = copy_some(from, to, &hash, &n, room);
    int why = errno;
    hash_end(&hash, found);
    free(room);
    close(from);
    *good = copied && n == b->bytes && text_equal(found, b->hash);
    errno = why;
    return copied || why == EIO; /* what cannot be read is damaged; what cannot be written is another matter */
}

static bool write_at(int fd, const unsigned char *bytes, size_t n, int64_t at)
{
    while (n > 0) {
        ssize_t put = pwrite(fd, bytes, n, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        at += put;
        n -= (size_t)put;
    }
    return true;
}

static uint32_t page_number(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* What a checkpoint does with the log: the newest image of each page, up to a commit. */
static bool play(int fd, const struct ship_segment *s, const unsigned char *pages)
{
    for (uint32_t i = 0; i < s->pages; i++) {
        const unsigned char *one = pages + (size_t)i * (4 + s->page_size);
        uint32_t page = page_number(one);
        errno = EBADMSG;
        if (page == 0 || !write_at(fd, one + 4, s->page_size, ((int64_t)page - 1) * s->page_size))
            return false;
    }
    return true;
}

static bool play_all(const struct work *k, const struct ship_base *b, const struct reach *r, int fd)
{
    int64_t pages_after = 0;
    for (int64_t n = b->first; n <= r->last; n++) {
        struct ship_segment s;
        unsigned char *pages = NULL;
        errno = EBADMSG;
        bool played = ship_segment_read(chain_path(k, b), n, &s, &pages) == RC_OK && play(fd, &s, pages);
        int why = errno;
        free(pages);
        errno = why;
        if (!played)
            return false;
        if (s.pages_after)
            pages_after = s.pages_after;
    }
    return (!pages_after || ftruncate(fd, pages_after * b->page_size) == 0) && fsync(fd) == 0;
}

/* *good: false when the base is damaged. */
static enum rc make(const struct work *k, const struct ship_base *b, const struct reach *r, bool *good)
{
    int fd = open(k->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return say_errno(k, k->file);
    bool made = copy_base(k, b, fd, good) && (!*good || play_all(k, b, r, fd));
    enum rc rc = made ? RC_OK : say_errno(k, k->file);
    close(fd);
    if (!made || !*good)
        unlink(k->file);
    return rc;
}

/* ---------------------------------------------------------------- which */

static const char *time_text(struct arena *a, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(ms, text);
    return arena_dup(a, text);
}

static enum rc say_damaged(const struct work *k, const char *what, const struct reach *r)
{
    const char *at = r ? time_text(k->arena, r->as_of_ms) : NULL;
    if (!at)
        return SAY(k, RC_FILES_DAMAGED, "%s 已损坏或缺失，此前也没有可恢复的状态", "%s is damaged or missing, and there is nothing before it that could be restored", what);
    return SAY(k, RC_FILES_DAMAGED, "%s 已损坏或缺失。可以恢复到此前的 %s：请加 --until %s", "%s is damaged or missing. What was there as of %s can be restored: give --until %s",
               what, at, at);
}

static enum rc say_none(const struct work *k, size_t all)
{
    if (all)
        return SAY(k, RC_NOT_FOUND, "%s 中没有早于 %s 的状态", "%s holds nothing as old as %s", k->folder, time_text(k->arena, k->until_ms));
    return SAY(k, RC_NOT_FOUND, "%s 中没有可恢复的连续备份", "%s holds no continuous backup that could be restored", k->folder);
}

enum rc ship_restore(struct arena *a, const char *folder, int64_t until_ms, const char *file, struct ship_restored *out,
                     void (*warn)(const char *zh, const char *en), struct error *why)
{
    struct ship_base *list;
    struct work k = {.arena = a, .folder = folder, .file = file, .until_ms = until_ms, .why = why};
    size_t count = ship_bases(a, folder, &list), looked_at = 0;
    const char *damaged = NULL; /* what is, and costs something */
    for (size_t i = 0; i < count; i++) {
        const struct ship_base *b = &list[i];
        struct reach r;
        if (until_ms && b->whole_ms > until_ms)
            continue;
        looked_at++;
        look(&k, b, &r);
        if (r.damaged && !damaged)
            damaged = arena_fmt(a, "%s/%s/%08" PRId64 ".seg", folder, b->chain, r.damaged);
        if (r.last < b->whole)
            continue;
        if (damaged)
            return say_damaged(&k, damaged, &r);
        bool good = false;
        TRY(make(&k, b, &r, &good));
        if (good) {
            *out = (struct ship_restored){.base = *b, .segments = r.last - b->first + 1, .as_of_ms = r.as_of_ms};
            return RC_OK;
        }
        const char *base = ship_base_path(a, chain_path(&k, b), b->number, ".db");
        bool next_will_do = i + 1 < count && text_equal(list[i + 1].chain, b->chain);
        if (next_will_do)
            warn(arena_fmt(a, "%s 已损坏，改用同一链中较早的一份，不丢失任何内容", base), arena_fmt(a, "%s is damaged: an earlier one of the same chain is used, nothing is lost", base));
        else
            damaged = base;
    }
    return damaged ? say_damaged(&k, damaged, NULL) : say_none(&k, looked_at ? 0 : count);
}
