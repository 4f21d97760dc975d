/* A database out of a base and the segments that came after it (ship_folder.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/text.h"
#include "db/ship_folder.h"

#define COPY_BYTES (1 << 20)
#define READERS_MAX 8 /* of segments, one for each processor: a start of age costs more than what it opens */

struct work {
    struct arena *arena;
    const char *folder, *file, *identity; /* of struct ship_wish */
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
        bool good = ship_segment_read(chain, n, &s, NULL, NULL) == RC_OK && s.page_size == b->page_size && s.sealed == (b->sealed != NULL) &&
                    (!*before || text_equal(before, s.before));
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

static const char *base_path(const struct work *k, const struct ship_base *b)
{
    return ship_base_path(k->arena, chain_path(k, b), b->number, ship_base_ending(b));
}

/* A base on its way. */
struct copying {
    int to; /* -1: it is only looked at */
    struct hash_stream hash;
    int64_t stored, bytes; /* as it lies, and as it is */
};

static bool put(void *arg, const void *bytes, size_t n)
{
    struct copying *c = arg;
    c->bytes += (int64_t)n;
    return c->to < 0 || durable_write(c->to, bytes, n);
}

/* age NULL: it is not sealed, or only looked at. False: errno is that of writing, EIO when it cannot be read. */
static bool copy_some(struct copying *c, int from, struct age_stream *age, unsigned char *room)
{
    for (;;) {
        ssize_t got = read(from, room, COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = EIO;
            return got == 0;
        }
        hash_add(&c->hash, room, (size_t)got);
        c->stored += got;
        if (!(age ? age_add(age, room, (size_t)got) : put(c, room, (size_t)got)))
            return false;
    }
}

/* *good: it is the base's. */
static bool copy_base(const struct work *k, const struct ship_base *b, int to, struct age_stream *age, bool *good)
{
    char found[HASH_HEX_MAX];
    struct copying c = {.to = to};
    int from = open(base_path(k, b), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *good = false;
    if (from < 0)
        return true;
    unsigned char *room = malloc(COPY_BYTES);
    if (!room)
        abort();
    if (age)
        age->arg = &c;
    hash_begin(&c.hash);
    bool copied = copy_some(&c, from, age, room);
    if (age)
        copied = age_end(age) && copied;
    int why = errno;
    hash_end(&c.hash, found);
    free(room);
    close(from);
    *good = copied && c.stored == b->stored && text_equal(found, b->hash) && (to < 0 || c.bytes == b->bytes);
    errno = why;
    return copied || (!age && why == EIO); /* what cannot be read is damaged; what cannot be written is another matter */
}

static enum rc say_age(const struct work *k, const char *path, int why, const char *said)
{
    if (why == ENOENT)
        return SAY(k, RC_FILES_REFUSED, "%s 已加密，而本机未安装 age（Debian：apt-get install age）", "%s is encrypted, and age is not installed (Debian: apt-get install age)", path);
    return SAY(k, RC_FILES_REFUSED, "%s 已加密，用 %s 未能打开：%s", "%s is encrypted, and could not be opened with %s: %s", path, k->identity, said);
}

/* The sum is looked at before age is asked, so that what is damaged is not taken for another key. */
static enum rc open_base(const struct work *k, const struct ship_base *b, int fd, bool *good)
{
    struct age_stream age = {.take = put};
    if (!copy_base(k, b, -1, NULL, good))
        return say_errno(k, base_path(k, b));
    if (!*good)
        return RC_OK;
    if (!age_open_begin(&age, k->identity))
        return say_age(k, base_path(k, b), errno, strerrordesc_np(errno));
    if (copy_base(k, b, fd, &age, good))
        return RC_OK;
    return errno == ENOSPC || errno == EDQUOT ? say_errno(k, k->file) : say_age(k, base_path(k, b), EIO, age.said);
}

static enum rc take_base(const struct work *k, const struct ship_base *b, int fd, bool *good)
{
    if (b->sealed)
        return open_base(k, b, fd, good);
    return copy_base(k, b, fd, NULL, good) ? RC_OK : say_errno(k, k->file);
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

/* Segments are read side by side, and played in their order. */
struct reader {
    pthread_t thread;
    const char *chain;
    int64_t number;
    struct ship_key key;
    struct ship_segment segment;
    unsigned char *pages;
    enum rc rc;
    int why;
};

static void *read_one(void *arg)
{
    struct reader *r = arg;
    errno = 0;
    r->rc = ship_segment_read(r->chain, r->number, &r->segment, &r->key, &r->pages);
    r->why = errno;
    return NULL;
}

static enum rc say_segment(const struct work *k, const struct reader *r)
{
    const char *path = arena_fmt(k->arena, "%s/%08" PRId64 ".seg", r->chain, r->number);
    if (r->rc == RC_FILES_REFUSED)
        return say_age(k, path, r->why, r->key.said);
    return SAY(k, RC_FILES_DAMAGED, "%s 已损坏或缺失", "%s is damaged or missing", path);
}

static enum rc play_some(const struct work *k, struct reader *list, size_t count, int fd, int64_t *pages_after)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&list[i].thread, NULL, read_one, &list[i]) != 0)
            abort();
    for (size_t i = 0; i < count; i++) {
        struct reader *r = &list[i];
        pthread_join(r->thread, NULL);
        if (rc == RC_OK && r->rc != RC_OK)
            rc = say_segment(k, r);
        else if (rc == RC_OK && !play(fd, &r->segment, r->pages))
            rc = say_errno(k, k->file);
        free(r->pages);
        if (r->segment.pages_after)
            *pages_after = r->segment.pages_after;
    }
    return rc;
}

static enum rc play_all(const struct work *k, const struct ship_base *b, const struct reach *r, int fd)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t pages_after = 0, most = !b->sealed || processors < 1 ? 1 : processors < READERS_MAX ? processors : READERS_MAX;
    const char *chain = chain_path(k, b);
    for (int64_t n = b->first; n <= r->last; n += most) {
        struct reader list[READERS_MAX];
        size_t count = 0;
        while ((int64_t)count < most && n + (int64_t)count <= r->last) {
            list[count] = (struct reader){.chain = chain, .number = n + (int64_t)count, .key = {.identity = k->identity}};
            count++;
        }
        TRY(play_some(k, list, count, fd, &pages_after));
    }
    if ((pages_after && ftruncate(fd, pages_after * b->page_size) != 0) || fsync(fd) != 0)
        return say_errno(k, k->file);
    return RC_OK;
}

/* *good: false when the base is damaged. */
static enum rc make(const struct work *k, const struct ship_base *b, const struct reach *r, bool *good)
{
    int fd = open(k->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return say_errno(k, k->file);
    enum rc rc = take_base(k, b, fd, good);
    if (rc == RC_OK && *good)
        rc = play_all(k, b, r, fd);
    close(fd);
    if (rc != RC_OK || !*good)
        unlink(k->file);
    return rc;
}

/* As a new file, or only its sums. */
static enum rc bring(const struct work *k, const struct ship_base *b, const struct reach *r, bool *good)
{
    if (!k->file)
        return copy_base(k, b, -1, NULL, good) ? RC_OK : say_errno(k, base_path(k, b));
    if (b->sealed && !k->identity)
        return SAY(k, RC_FILES_REFUSED, "连续备份 %s 已加密：请用 --age-key 指定密钥文件；没有密钥时，--check-sums 可以检查其是否完整",
                   "The continuous backup %s is encrypted: name the file with its key with --age-key; without the key, --check-sums tells whether all of it is there", chain_path(k, b));
    return make(k, b, r, good);
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

enum rc ship_restore(struct arena *a, const struct ship_wish *wish, struct ship_restored *out, struct error *why)
{
    struct ship_base *list;
    const char *folder = wish->folder;
    int64_t until_ms = wish->until_ms;
    struct work k = {.arena = a, .folder = folder, .file = wish->file, .identity = wish->identity, .until_ms = until_ms, .why = why};
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
        TRY(bring(&k, b, &r, &good));
        if (good) {
            *out = (struct ship_restored){.base = *b, .segments = r.last - b->first + 1, .as_of_ms = r.as_of_ms};
            return RC_OK;
        }
        const char *base = base_path(&k, b);
        bool next_will_do = i + 1 < count && text_equal(list[i + 1].chain, b->chain);
        if (next_will_do)
            wish->warn(arena_fmt(a, "%s 已损坏，改用同一链中较早的一份，不丢失任何内容", base), arena_fmt(a, "%s is damaged: an earlier one of the same chain is used, nothing is lost", base));
        else
            damaged = base;
    }
    return damaged ? say_damaged(&k, damaged, NULL) : say_none(&k, looked_at ? 0 : count);
}
