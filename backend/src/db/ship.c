/* The thread that ships (ship.h), and the writer's part in it. */
#include "db/ship.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/wait.h"
#include "db/ship_folder.h"
#include "db/ship_log.h"

#define LOCK ".mms_continuous.lock"
#define COPY "copy of the database" /* what failed */
#define STOP_WITHIN_MS 5000
#define PAUSE_MAX_MS 60000 /* between attempts to begin a chain */
#define BASE_BYTES (1 << 20)
#define BASE_ROUND_BYTES (INT64_C(64) << 20) /* while a base is copied, segments go on after so much of it */
#define BASE_AGE_MS (INT64_C(24) * 3600 * 1000)
#define BASE_AGAIN_US (INT64_C(600) * 1000000) /* after one that failed */
#define BASE_SEGMENTS_MIN (INT64_C(256) << 20) /* a new base comes once segments are larger than it, and than this */
#define PATH_BYTES 4352

struct db_ship {
    struct db_ship_config config;
    struct db_writer *writer;
    struct ship_log log; /* what is shared with the writer */
    pthread_t thread;
    pthread_cond_t wake;
    /* under log.lock */
    bool stopping, ended, abandoned;
    int64_t began_ms, site; /* constant */
    char sealed_for[AGE_NAME_MAX]; /* constant; when there are recipients */
    struct db_ship_state state;
    /* of the thread */
    int lock_fd;
    char chain[PATH_BYTES]; /* path */
    struct ship_segment last;
    struct wal_sum sum;
    int64_t log_first;      /* the segment that begins with the log's first frame */
    int64_t segment_bytes, base_bytes;
    int64_t files_us;       /* when uploaded files were looked at last */
    bool files_begun;
    bool in_chain;
    int64_t attempts;       /* that failed, one after the other */
    int64_t base_after_us;  /* no other base before */
};

/* ---------------------------------------------------------------- what is told */

static void fail_since(struct db_ship *s, const char *what, const char *reason)
{
    char why[sizeof s->state.why];
    snprintf(why, sizeof why, "%.60s: %s", what, reason ? reason : "?");
    pthread_mutex_lock(&s->log.lock);
    bool news = !s->state.failing;
    if (news)
        s->state.failing_ms = clock_now_ms();
    s->state.failing = s->log.failing = true;
    s->state.failures++;
    snprintf(s->state.why, sizeof s->state.why, "%s", why);
    pthread_mutex_unlock(&s->log.lock);
    s->attempts++;
    if (news)
        log_event(LOG_ERROR, "ship.failed", NULL, LOG_TEXT("folder", s->config.folder), LOG_TEXT("error", why));
}

static void fail(struct db_ship *s, const char *what)
{
    fail_since(s, what, strerrordesc_np(errno));
}

static bool is_set(struct db_ship *s, const bool *flag)
{
    pthread_mutex_lock(&s->log.lock);
    bool set = *flag;
    pthread_mutex_unlock(&s->log.lock);
    return set;
}

/* All that was committed before time_ms has arrived. */
static void arrived(struct db_ship *s, int64_t time_ms)
{
    pthread_mutex_lock(&s->log.lock);
    bool news = s->state.failing;
    s->state.failing = s->log.failing = false;
    s->state.safe_ms = time_ms;
    int64_t since_ms = s->state.failing_ms;
    pthread_mutex_unlock(&s->log.lock);
    s->attempts = 0;
    if (news)
        log_event(LOG_INFO, "ship.recovered", NULL, LOG_TEXT("folder", s->config.folder), LOG_INT("after_ms", clock_now_ms() - since_ms));
}

static void note_written(struct db_ship *s, int64_t bytes, int segments)
{
    pthread_mutex_lock(&s->log.lock);
    s->state.bytes += bytes;
    s->state.segments += segments;
    pthread_mutex_unlock(&s->log.lock);
    ship_log_progress(&s->log);
}

/* ---------------------------------------------------------------- segments */

/* Of each page the newest image alone; sets s->pages, raw. */
static unsigned char *newest_pages(const struct ship_chunk *c, struct ship_segment *seg)
{
    size_t frame_bytes = (size_t)wal_frame_bytes(c->page_size), cap = 16;
    while (cap < (size_t)c->frames * 2)
        cap *= 2;
    uint32_t *seen = calloc(cap, sizeof *seen);
    unsigned char *raw = malloc((size_t)c->frames * (4 + (size_t)c->page_size)), *at = raw;
    if (!seen || !raw)
        abort();
    for (size_t i = c->frames; i-- > 0;) {
        const unsigned char *frame = c->bytes + i * frame_bytes;
        uint32_t page = wal_frame_page(frame);
        size_t slot = page * UINT32_C(2654435761) & (cap - 1);
        while (seen[slot] && seen[slot] != page)
            slot = (slot + 1) & (cap - 1);
        if (seen[slot] == page)
            continue;
        seen[slot] = page;
        memcpy(at, frame, 4);
        memcpy(at + 4, frame + WAL_FRAME_HEADER_BYTES, c->page_size);
        at += 4 + c->page_size;
        seg->pages++;
    }
    free(seen);
    seg->raw = (uint32_t)(at - raw);
    return raw;
}

/* The chunk is held against the log's own sums first. */
static bool chunk_is_next(struct db_ship *s, const struct ship_chunk *c)
{
    size_t frame_bytes = (size_t)wal_frame_bytes(c->page_size);
    bool good = c->first > 0 || wal_sum_begin(&s->sum, c->header);
    for (size_t i = 0; good && i < c->frames; i++) {
        const unsigned char *frame = c->bytes + i * frame_bytes;
        good = memcmp(frame + 8, c->salt, WAL_SALT_BYTES) == 0 && wal_sum_frame(&s->sum, frame, c->page_size);
    }
    return good;
}

static void pack(struct db_ship *s, struct ship_chunk *c)
{
    struct ship_segment *seg = &c->segment;
    *seg = (struct ship_segment){.number = s->last.number + 1, .time_ms = c->time_ms, .page_size = c->page_size};
    snprintf(seg->before, sizeof seg->before, "%s", s->last.hash);
    seg->pages_after = wal_frame_commit(c->bytes + (size_t)(c->frames - 1) * (size_t)wal_frame_bytes(c->page_size));
    unsigned char *raw = newest_pages(c, seg);
    uLongf n = compressBound(seg->raw);
    c->packed = malloc(n);
    if (!c->packed || compress2(c->packed, &n, raw, seg->raw, Z_BEST_SPEED) != Z_OK)
        abort();
    free(raw);
    seg->packed = (uint32_t)n;
}

/* Never open instead, when age cannot. */
static bool seal(struct db_ship *s, struct ship_chunk *c)
{
    struct buf out;
    char said[AGE_SAID_MAX];
    if (!s->config.recipients || c->segment.sealed)
        return true;
    buf_init(&out, UINT32_MAX);
    bool sealed = age_seal(s->config.recipients, c->packed, c->segment.packed, &out, said);
    if (sealed) {
        size_t n;
        free(c->packed);
        c->packed = (unsigned char *)buf_take(&out, &n);
        c->segment.packed = (uint32_t)n;
        c->segment.sealed = true;
    } else
        fail_since(s, "age", said);
    buf_free(&out);
    return sealed;
}

static bool bring_files(struct db_ship *s, const struct ship_chunk *c)
{
    int64_t now_us = clock_monotonic_us();
    if (s->files_begun && s->files_us > c->taken_us)
        return true;
    errno = ECANCELED;
    if (is_set(s, &s->abandoned) || !s->config.files(s->config.arg, !s->files_begun))
        return false;
    s->files_us = now_us;
    return s->files_begun = true;
}

enum outcome { SHIPPED, FAILED, GAP };

static enum outcome write_chunk(struct db_ship *s, struct ship_chunk *c)
{
    if (!c->packed) {
        if (!chunk_is_next(s, c))
            return GAP;
        pack(s, c);
    }
    if (!seal(s, c))
        return FAILED;
    if (!bring_files(s, c)) {
        fail(s, "uploaded files");
        return FAILED;
    }
    if (!ship_segment_write(s->chain, &c->segment, c->packed)) {
        struct stat st;
        bool is_gone = errno == ENOENT && stat(s->config.folder, &st) == 0 && stat(s->chain, &st) != 0;
        fail(s, "segment");
        return is_gone ? GAP : FAILED;
    }
    if (c->first == 0)
        s->log_first = c->segment.number;
    s->last = c->segment;
    s->segment_bytes += c->segment.packed;
    note_written(s, c->segment.packed + SHIP_SEGMENT_HEADER_BYTES, 1);
    return SHIPPED;
}

/* Ships all that has been committed until now. */
static enum outcome ship_round(struct db_ship *s, bool counts)
{
    int64_t began_ms = clock_now_ms();
    for (;;) {
        struct ship_chunk *c = NULL;
        if (!ship_log_take(&s->log, &c))
            return GAP;
        if (!c)
            break;
        enum outcome o = write_chunk(s, c);
        if (o != SHIPPED)
            return o;
        ship_log_drop(&s->log, c);
    }
    if (counts)
        arrived(s, began_ms);
    return SHIPPED;
}

/* ---------------------------------------------------------------- bases */

struct copying {
    struct age_stream age;
    struct hash_stream hash;
    int fd;
    int64_t n, size, stored;
};

static bool put_base(void *arg, const void *bytes, size_t n)
{
    struct copying *c = arg;
    hash_add(&c->hash, bytes, n);
    c->stored += (int64_t)n;
    return durable_write(c->fd, bytes, n);
}

static enum outcome copy_pages(struct db_ship *s, struct copying *c, bool first)
{
    unsigned char *room = malloc(BASE_BYTES);
    enum outcome o = SHIPPED;
    if (!room)
        abort();
    while (o == SHIPPED && c->n < c->size) {
        size_t n = c->size - c->n < BASE_BYTES ? (size_t)(c->size - c->n) : BASE_BYTES;
        bool read = wal_read_main(s->log.eyes->sqlite, c->n, room, n);
        if (!read || !(s->config.recipients ? age_add(&c->age, room, n) : put_base(c, room, n))) {
            if (!read || !s->config.recipients) /* else copy_sealed says it */
                fail(s, COPY);
            o = FAILED;
            break;
        }
        c->n += (int64_t)n;
        note_written(s, (int64_t)n, 0);
        if (c->n % BASE_ROUND_BYTES == 0)
            o = ship_round(s, !first);
        if (o == SHIPPED && is_set(s, &s->stopping))
            o = FAILED; /* nobody waits for it any more */
    }
    free(room);
    return o;
}

static enum outcome copy_sealed(struct db_ship *s, struct copying *c, bool first)
{
    c->age.take = put_base;
    c->age.arg = c;
    if (!age_seal_begin(&c->age, s->config.recipients)) {
        fail_since(s, "age", errno == ENOENT ? AGE_MISSING : strerrordesc_np(errno));
        return FAILED;
    }
    enum outcome o = copy_pages(s, c, first);
    if (o != SHIPPED && is_set(s, &s->stopping)) {
        age_drop(&c->age);
        return o;
    }
    if (age_end(&c->age))
        return o;
    fail_since(s, errno == EIO ? "age" : COPY, c->age.said);
    return o == SHIPPED ? FAILED : o;
}

static enum outcome copy_base(struct db_ship *s, const char *part, struct ship_base *b, char hash[HASH_HEX_MAX], bool first)
{
    struct copying c = {.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), .size = wal_main_size(s->log.eyes->sqlite)};
    if (c.fd < 0 || c.size <= 0) {
        fail(s, COPY);
        if (c.fd >= 0)
            close(c.fd);
        return FAILED;
    }
    hash_begin(&c.hash);
    enum outcome o = s->config.recipients ? copy_sealed(s, &c, first) : copy_pages(s, &c, first);
    hash_end(&c.hash, hash);
    if (close(c.fd) != 0 && o == SHIPPED) {
        fail(s, COPY);
        o = FAILED;
    }
    b->bytes = c.size;
    b->stored = c.stored;
    b->hash = hash;
    return o;
}

/* A copy of the file as it is while others write: each page that changes meanwhile is in a segment, and the segments go before it counts. */
static enum outcome make_base(struct db_ship *s, bool first)
{
    struct arena a;
    char hash[HASH_HEX_MAX];
    struct ship_base b = {.number = s->last.number + 1, .first = s->log_first ? s->log_first : 1, .site = s->site, .made_ms = clock_now_ms(), .page_size = s->log.page_size,
                          .sealed = s->config.recipients ? s->sealed_for : NULL};
    arena_init(&a);
    const char *file = ship_base_path(&a, s->chain, b.number, ship_base_ending(&b)), *part = arena_fmt(&a, "%s.part", file);
    enum outcome o = copy_base(s, part, &b, hash, first);
    if (o == SHIPPED && !durable_rename(part, file, true)) {
        fail(s, COPY);
        o = FAILED;
    }
    int64_t whole_ms = clock_now_ms();
    if (o == SHIPPED)
        o = ship_round(s, false);
    b.whole = s->last.number;
    b.whole_ms = s->last.number >= b.number ? s->last.time_ms : whole_ms;
    if (o == SHIPPED && !ship_base_write(&a, s->chain, &b)) {
        fail(s, "manifest");
        o = FAILED;
    }
    if (o == SHIPPED) {
        arrived(s, whole_ms);
        pthread_mutex_lock(&s->log.lock);
        s->state.base_ms = b.made_ms;
        pthread_mutex_unlock(&s->log.lock);
        s->segment_bytes = 0;
        s->base_bytes = b.stored;
        size_t gone = ship_prune(&a, s->config.folder, s->state.chain, s->config.uploads);
        log_event(LOG_INFO, "ship.base", NULL, LOG_TEXT("chain", s->state.chain), LOG_INT("number", b.number), LOG_INT("bytes", b.bytes), LOG_INT("sealed", b.sealed != NULL),
                  LOG_INT("took_ms", clock_now_ms() - b.made_ms), LOG_INT("removed", (int64_t)gone));
    } else {
        unlink(part);
        unlink(file); /* without its manifest it is nothing */
    }
    arena_free(&a);
    return o;
}

static bool base_is_due(const struct db_ship *s)
{
    int64_t most = s->base_bytes > BASE_SEGMENTS_MIN ? s->base_bytes : BASE_SEGMENTS_MIN;
    return (s->segment_bytes > most || (s->segment_bytes > 0 && clock_now_ms() - s->state.base_ms > BASE_AGE_MS)) &&
           clock_monotonic_us() > s->base_after_us;
}

/* ---------------------------------------------------------------- chains */

/* Two services would not know of each other's segments. */
static bool lock_folder(struct db_ship *s)
{
    char path[PATH_BYTES];
    if (s->lock_fd >= 0)
        return true;
    snprintf(path, sizeof path, "%s/" LOCK, s->config.folder);
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); /* what is open for writing keeps a disk from becoming read-only */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        s->lock_fd = fd;
        return true;
    }
    int why = fd >= 0 && errno == EWOULDBLOCK ? EBUSY : errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return false;
}

/* After a disk was lost, a service that makes an empty database must not push the true one's copies out, nor be what is restored. */
static bool folder_is_ours(struct db_ship *s)
{
    struct arena a;
    struct ship_base *list;
    arena_init(&a);
    bool is_ours = ship_bases(&a, s->config.folder, &list) == 0 || list[0].site == s->site;
    arena_free(&a);
    errno = EEXIST;
    return is_ours;
}

static bool make_chain(struct db_ship *s)
{
    char name[SHIP_NAME_MAX];
    ship_chain_name(s->config.folder, clock_now_ms(), name);
    snprintf(s->chain, sizeof s->chain, "%s/%s", s->config.folder, name);
    if (mkdir(s->chain, 0700) != 0)
        return false;
    pthread_mutex_lock(&s->log.lock);
    snprintf(s->state.chain, sizeof s->state.chain, "%s", name);
    pthread_mutex_unlock(&s->log.lock);
    return true;
}

static void give_chain_up(struct db_ship *s)
{
    struct arena a;
    arena_init(&a);
    ship_log_leave(&s->log);
    s->in_chain = false;
    ship_chain_remove(&a, s->config.folder, s->state.chain);
    arena_free(&a);
}

static enum rc touch(struct db *db, void *arg)
{
    (void)arg;
    return ship_log_touch(db);
}

/* A write that changes nothing, so that the log holds something that is not in the file yet. False: the service is stopping, or its own
 * disk is full. */
static bool touch_log(struct db_ship *s)
{
    return !is_set(s, &s->abandoned) && db_run_tx(s->writer, touch, NULL) == RC_OK;
}

static void begin_chain(struct db_ship *s)
{
    bool locked = lock_folder(s);
    if (locked && !folder_is_ours(s)) {
        fail(s, "it holds the backups of another database");
        return;
    }
    if (!locked || !make_chain(s)) {
        fail(s, "folder");
        return;
    }
    s->last = (struct ship_segment){0};
    memset(s->last.hash, '0', HASH_HEX_MAX - 1);
    s->log_first = s->segment_bytes = 0;
    s->files_begun = false;
    if (!touch_log(s) || !ship_log_join(&s->log)) {
        give_chain_up(s);
        return;
    }
    if (make_base(s, true) != SHIPPED)
        give_chain_up(s);
    else if ((s->in_chain = true))
        log_event(LOG_INFO, "ship.began", NULL, LOG_TEXT("chain", s->state.chain));
}

static void end_chain(struct db_ship *s)
{
    ship_log_leave(&s->log);
    s->in_chain = false;
    pthread_mutex_lock(&s->log.lock);
    s->state.gaps++;
    pthread_mutex_unlock(&s->log.lock);
    log_event(LOG_WARN, "ship.gap", NULL, LOG_TEXT("chain", s->state.chain));
}

/* ---------------------------------------------------------------- the thread */

static int64_t pause_ms(const struct db_ship *s)
{
    int64_t ms = s->config.interval_ms;
    for (int64_t i = 1; i < s->attempts && ms < PAUSE_MAX_MS && !s->in_chain; i++)
        ms *= 2;
    return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

/* False: the service is stopping. */
static bool wait_for_turn(struct db_ship *s)
{
    int64_t ms = pause_ms(s);
    struct timespec until = wait_until(ms);
    pthread_mutex_lock(&s->log.lock);
    while (!s->stopping && !s->log.hurry && pthread_cond_timedwait(&s->wake, &s->log.lock, &until) != ETIMEDOUT)
        continue;
    s->log.hurry = false;
    bool goes_on = !s->stopping;
    pthread_mutex_unlock(&s->log.lock);
    return goes_on;
}

static void set_busy(struct db_ship *s, bool busy)
{
    pthread_mutex_lock(&s->log.lock);
    s->log.busy = busy;
    s->log.progress_us = clock_monotonic_us();
    pthread_mutex_unlock(&s->log.lock);
}

static void look_after(struct db_ship *s)
{
    if (!s->in_chain)
        begin_chain(s);
    if (!s->in_chain)
        return;
    enum outcome o = ship_round(s, true);
    if (o == SHIPPED && ship_log_is_long(&s->log) && touch_log(s))
        o = ship_round(s, true);
    if (o == SHIPPED && base_is_due(s)) {
        o = make_base(s, false);
        s->base_after_us = o == FAILED ? clock_monotonic_us() + BASE_AGAIN_US : 0;
    }
    if (o != GAP)
        return;
    end_chain(s);
    begin_chain(s);
}

static void *ship_main(void *arg)
{
    struct db_ship *s = arg;
    do {
        set_busy(s, true);
        look_after(s);
        set_busy(s, false);
    } while (wait_for_turn(s));
    if (s->in_chain && ship_round(s, true) == SHIPPED)
        log_event(LOG_INFO, "ship.complete", NULL, LOG_TEXT("chain", s->state.chain), LOG_INT("segment", s->last.number));
    pthread_mutex_lock(&s->log.lock);
    s->ended = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->log.lock);
    return NULL;
}

/* ---------------------------------------------------------------- for the writer */

struct db_ship *ship_new(struct db_writer *w, const char *path, const struct db_ship_config *config, struct error *why)
{
    struct db_ship *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    if (ship_log_open(&s->log, path, why) != RC_OK) {
        free(s);
        return NULL;
    }
    s->config = *config;
    s->site = ship_log_site(&s->log);
    s->writer = w;
    s->lock_fd = -1;
    s->state.on = true;
    s->state.sealed = config->recipients != NULL;
    if (config->recipients)
        age_name(config->recipients, s->sealed_for);
    s->began_ms = clock_now_ms();
    wait_cond_init(&s->wake);
    return s;
}

void ship_start(struct db_ship *s)
{
    if (pthread_create(&s->thread, NULL, ship_main, s) != 0)
        abort();
}

bool ship_care(struct db_ship *s, struct conn *c, int pages)
{
    pthread_mutex_lock(&s->log.lock);
    bool was_joined = s->log.joined, cared = ship_log_care(&s->log, (struct sqlite_conn *)c, pages), is_joined = s->log.joined;
    if (s->log.hurry)
        pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->log.lock);
    if (was_joined && !is_joined)
        log_event(LOG_WARN, "ship.let_go", NULL, LOG_TEXT("folder", s->config.folder), LOG_INT("log_pages", pages));
    return cared;
}

void ship_state(struct db_ship *s, struct db_ship_state *out)
{
    int64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&s->log.lock);
    *out = s->state;
    pthread_mutex_unlock(&s->log.lock);
    out->late = now_ms - (out->safe_ms ? out->safe_ms : s->began_ms) > SHIP_PROMISE_MS;
}

/* What hangs on a folder that does not answer is left behind: the process ends soon. */
void ship_end(struct db_ship *s)
{
    int late = 0;
    struct timespec until = wait_until(STOP_WITHIN_MS);
    pthread_mutex_lock(&s->log.lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->wake);
    while (!s->ended && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&s->wake, &s->log.lock, &until);
    bool ended = s->ended;
    pthread_mutex_unlock(&s->log.lock);
    if (!ended) {
        pthread_mutex_lock(&s->log.lock);
        s->abandoned = true;
        pthread_mutex_unlock(&s->log.lock);
        log_event(LOG_WARN, "ship.left_behind", NULL, LOG_TEXT("folder", s->config.folder));
        pthread_detach(s->thread);
        ship_log_release(&s->log);
        return;
    }
    pthread_join(s->thread, NULL);
    ship_log_close(&s->log);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_cond_destroy(&s->wake);
    free(s);
}
