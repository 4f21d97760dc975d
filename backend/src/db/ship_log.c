#include "db/ship_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define CHUNK_BYTES (4 << 20)
#define WAITING_MAX 3       /* chunks in memory, beyond which the log is left to grow */
#define TURN_PAGES 2000     /* 8 MiB: time to begin anew (as of CHECKPOINT_PAGES in tx.c) */
#define TURN_AGAIN_PAGES 250
#define LARGE_PAGES 8000    /* readers have kept it for long: from here on wait for them a little */
#define WAIT_MS 50          /* … and for somebody else who writes */
#define AWAY_PAGES 16384    /* 64 MiB: nobody takes it, so that it is let go */
#define AWAY_US INT64_C(60000000)

/* ---------------------------------------------------------------- pinning */

static bool run(struct sqlite_conn *c, const char *text)
{
    return sqlite3_exec(c->sqlite, text, NULL, NULL, NULL) == SQLITE_OK;
}

static bool pin(struct ship_log *l)
{
    return run(l->pin, "BEGIN; SELECT COUNT(*) FROM sqlite_schema");
}

static void unpin(struct ship_log *l)
{
    if (!sqlite3_get_autocommit(l->pin->sqlite))
        run(l->pin, "ROLLBACK");
}

enum rc ship_log_open(struct ship_log *l, const char *path, struct error *why)
{
    struct conn *eyes, *held;
    TRY(sqlite_open(path, DB_READ, &eyes, why));
    enum rc rc = sqlite_open(path, DB_READ, &held, why);
    if (rc != RC_OK) {
        sqlite_close(eyes);
        return rc;
    }
    pthread_mutex_init(&l->lock, NULL);
    l->eyes = (struct sqlite_conn *)eyes;
    l->pin = (struct sqlite_conn *)held;
    return RC_OK;
}

static void free_chunk(struct ship_chunk *c)
{
    if (!c)
        return;
    free(c->bytes);
    free(c->packed);
    free(c);
}

static void forget_chunks(struct ship_log *l)
{
    while (l->head) {
        struct ship_chunk *c = l->head;
        l->head = c->next;
        free_chunk(c);
    }
    l->tail = NULL;
    l->waiting = 0;
}

void ship_log_close(struct ship_log *l)
{
    unpin(l);
    forget_chunks(l);
    sqlite_close(&l->eyes->base);
    sqlite_close(&l->pin->base);
    pthread_mutex_destroy(&l->lock);
}

int64_t ship_log_site(struct ship_log *l)
{
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_prepare_v2(l->eyes->sqlite, "SELECT applied_at FROM schema_migrations WHERE number = 1", -1, &s, NULL) == SQLITE_OK &&
                 sqlite3_step(s) == SQLITE_ROW;
    int64_t site = found ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return site;
}

void ship_log_release(struct ship_log *l)
{
    pthread_mutex_lock(&l->lock);
    l->joined = false;
    unpin(l);
    pthread_mutex_unlock(&l->lock);
}

/* What is not in the file yet keeps a reader in the log, and by that the log from beginning anew. */
bool ship_log_join(struct ship_log *l)
{
    struct wal_end end;
    pthread_mutex_lock(&l->lock);
    unpin(l);
    forget_chunks(l);
    bool joined = pin(l) && wal_read_end(l->eyes->sqlite, &end) && end.backfilled < end.frames;
    if (joined) {
        memcpy(l->salt, end.salt, sizeof l->salt);
        l->page_size = end.page_size;
        l->next = 0;
        l->whole_ms = clock_now_ms();
        l->cared_pages = 0;
        l->progress_us = clock_monotonic_us();
    } else
        unpin(l);
    l->joined = joined;
    pthread_mutex_unlock(&l->lock);
    return joined;
}

void ship_log_leave(struct ship_log *l)
{
    pthread_mutex_lock(&l->lock);
    l->joined = false;
    unpin(l);
    forget_chunks(l);
    pthread_mutex_unlock(&l->lock);
}

/* ---------------------------------------------------------------- taking */

static struct ship_chunk *read_chunk(const struct ship_log *l, sqlite3 *from, uint32_t frames)
{
    size_t frame_bytes = (size_t)wal_frame_bytes(l->page_size);
    struct ship_chunk *c = calloc(1, sizeof *c);
    if (!c || !(c->bytes = malloc(frames * frame_bytes)))
        abort();
    c->taken_us = clock_monotonic_us();
    c->first = l->next;
    c->frames = frames;
    c->page_size = l->page_size;
    memcpy(c->salt, l->salt, sizeof c->salt);
    if (wal_read(from, wal_frame_at(l->next, l->page_size), c->bytes, frames * frame_bytes) &&
        (l->next > 0 || wal_read(from, 0, c->header, sizeof c->header)))
        return c;
    free_chunk(c);
    return NULL;
}

/* So that a chunk ends with a commit whenever it holds one. */
static void cut_at_commit(struct ship_chunk *c)
{
    size_t frame_bytes = (size_t)wal_frame_bytes(c->page_size);
    for (uint32_t n = c->frames; n > 0; n--)
        if (wal_frame_commit(c->bytes + (n - 1) * frame_bytes)) {
            c->frames = n;
            return;
        }
}

static void append(struct ship_log *l, struct ship_chunk *c)
{
    if (l->tail)
        l->tail->next = c;
    else
        l->head = c;
    l->tail = c;
    l->waiting++;
}

static uint32_t chunk_frames(const struct ship_log *l)
{
    uint32_t n = (uint32_t)(CHUNK_BYTES / wal_frame_bytes(l->page_size));
    return n ? n : 1;
}

static bool take_more(struct ship_log *l)
{
    struct wal_end end;
    int64_t now_ms = clock_now_ms();
    if (!l->joined || !wal_read_end(l->eyes->sqlite, &end) || memcmp(end.salt, l->salt, sizeof l->salt) != 0 || end.frames < l->next)
        return false;
    if (end.frames == l->next)
        return true;
    uint32_t n = end.frames - l->next, most = chunk_frames(l);
    struct ship_chunk *c = read_chunk(l, l->eyes->sqlite, n < most ? n : most);
    if (!c)
        return false;
    if (n > most) {
        cut_at_commit(c);
        c->time_ms = l->whole_ms; /* more was committed before this moment */
    } else
        c->time_ms = l->whole_ms = now_ms; /* before the end was read */
    l->next += c->frames;
    append(l, c);
    return true;
}

bool ship_log_take(struct ship_log *l, struct ship_chunk **out)
{
    pthread_mutex_lock(&l->lock);
    bool whole = l->head || take_more(l);
    *out = whole ? l->head : NULL;
    pthread_mutex_unlock(&l->lock);
    return whole;
}

void ship_log_drop(struct ship_log *l, struct ship_chunk *c)
{
    pthread_mutex_lock(&l->lock);
    l->head = c->next;
    if (!l->head)
        l->tail = NULL;
    l->waiting--;
    pthread_mutex_unlock(&l->lock);
    free_chunk(c);
}

bool ship_log_is_long(struct ship_log *l)
{
    pthread_mutex_lock(&l->lock);
    bool is_long = l->joined && l->next >= TURN_PAGES;
    pthread_mutex_unlock(&l->lock);
    return is_long;
}

void ship_log_progress(struct ship_log *l)
{
    pthread_mutex_lock(&l->lock);
    l->progress_us = clock_monotonic_us();
    pthread_mutex_unlock(&l->lock);
}

/* ---------------------------------------------------------------- the writer */

/* Writes the first page as it is. Nothing of ours is in this number. */
#define TOUCH "PRAGMA user_version = 0"

enum rc ship_log_touch(struct db *db)
{
    return driver_script(db_conn(db), TOUCH);
}

static bool is_at(const struct ship_log *l, struct sqlite_conn *c, int pages)
{
    struct wal_end end;
    return wal_read_end(c->sqlite, &end) && memcmp(end.salt, l->salt, sizeof l->salt) == 0 && end.frames == (uint32_t)pages;
}

/* All of the log is in the file, as far as somebody else does not write. */
static bool bring_home(struct sqlite_conn *c, int pages)
{
    int frames = 0, done = 0;
    sqlite3_busy_timeout(c->sqlite, pages >= LARGE_PAGES ? WAIT_MS : 0);
    int code = sqlite3_wal_checkpoint_v2(c->sqlite, "main", pages >= LARGE_PAGES ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
                                         &frames, &done);
    sqlite3_busy_timeout(c->sqlite, SQLITE_BUSY_WAIT_MS);
    return code == SQLITE_OK && frames == pages && done == pages;
}

/* With the lock for writing it is certain that nobody adds to the log between the last look at it and the frame with which it begins anew.
 * True: it has begun anew, by this very write. */
static bool begin_anew(const struct ship_log *l, struct sqlite_conn *c, int pages)
{
    sqlite3_busy_timeout(c->sqlite, WAIT_MS);
    bool begun = run(c, "BEGIN IMMEDIATE");
    sqlite3_busy_timeout(c->sqlite, SQLITE_BUSY_WAIT_MS);
    if (!begun)
        return false;
    bool written = is_at(l, c, pages) && run(c, TOUCH) && run(c, "COMMIT");
    if (!sqlite3_get_autocommit(c->sqlite) && !run(c, "ROLLBACK") && !sqlite3_get_autocommit(c->sqlite))
        db_misuse("ROLLBACK", "failed, and without it no promise can be kept");
    return written && c->log_pages < pages;
}

/* What the thread has not taken is taken here, before it is gone. */
static bool turn(struct ship_log *l, struct sqlite_conn *c, int pages)
{
    struct wal_end end;
    struct ship_chunk *rest = NULL;
    int64_t now_ms = clock_now_ms();
    if (!is_at(l, c, pages))
        return false;
    if (l->next < (uint32_t)pages && !(rest = read_chunk(l, c->sqlite, (uint32_t)pages - l->next)))
        return false;
    unpin(l);
    bool anew = bring_home(c, pages) && begin_anew(l, c, pages);
    bool pinned = pin(l);
    if (!anew) {
        free_chunk(rest);
        l->joined = pinned;
        return false;
    }
    if (rest) {
        rest->time_ms = l->whole_ms = now_ms;
        append(l, rest);
    }
    l->joined = pinned && wal_read_end(c->sqlite, &end) && wal_follows(l->salt, end.salt);
    memcpy(l->salt, end.salt, sizeof l->salt);
    l->next = 0;
    return true;
}

static bool nobody_takes_it(const struct ship_log *l, int pages)
{
    bool stands = l->busy && clock_monotonic_us() - l->progress_us > AWAY_US;
    return (l->failing || stands) && (int64_t)pages * l->page_size >= (int64_t)AWAY_PAGES * 4096;
}

bool ship_log_care(struct ship_log *l, struct sqlite_conn *c, int pages)
{
    if (!l->joined)
        return false;
    if (nobody_takes_it(l, pages)) {
        l->joined = false;
        unpin(l);
        return false;
    }
    if (pages < l->cared_pages)
        l->cared_pages = 0;
    if (pages - l->cared_pages < TURN_PAGES)
        return true;
    if (l->waiting >= WAITING_MAX || (uint32_t)pages - l->next > chunk_frames(l)) {
        l->hurry = !l->failing;
        return true;
    }
    if (turn(l, c, pages))
        l->cared_pages = 0;
    else /* once it waits for readers, not more often than without us */
        l->cared_pages = pages >= LARGE_PAGES ? pages : pages - TURN_PAGES + TURN_AGAIN_PAGES;
    return true;
}
