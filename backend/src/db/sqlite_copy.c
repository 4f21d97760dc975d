/* A copy of a SQLite file as fast as the disk: its bytes, and over them what the log holds beyond them.
 *
 * It stands on what SQLite promises a reader (https://www.sqlite.org/walformat.html, "Checkpoint algorithm" and "Reset"). While a read
 * transaction is open, a checkpoint brings home at most the frames that this reader sees, and the log does not begin anew over frames that
 * are not home. So there are two cases, told apart once the transaction has begun:
 *  - all frames are home: the file is what the reader sees, and nobody may change it;
 *  - some are not: the file is older than the log's frames or holds some of them, perhaps by halves; written over with all frames in their
 *    order, it is what the log's last commit made of it. */
#include "db/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "db/wal.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define FLUSH_BYTES (INT64_C(16) << 20) /* so much at a time is sent on to the disk while the next is read */

struct copy {
    sqlite3 *db;
    unsigned char *room; /* CHUNK_BYTES; a frame is at most 64 KiB and its header */
    int fd;
    int reason; /* errno of what could not be written; 0: of what could not be read */
};

static bool put(struct copy *c, const void *bytes, size_t n)
{
    if (durable_write(c->fd, bytes, n))
        return true;
    c->reason = errno ? errno : EIO;
    return false;
}

static bool copy_file(struct copy *c)
{
    int64_t size = wal_main_size(c->db);
    for (int64_t at = 0; at < size;) {
        size_t n = size - at < (int64_t)CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;
        if (!wal_read_main(c->db, at, c->room, n) || !put(c, c->room, n))
            return false;
        at += (int64_t)n;
        if (at % FLUSH_BYTES == 0) /* it will be waited for in the end: let the disk begin */
            (void)sync_file_range(c->fd, at - FLUSH_BYTES, FLUSH_BYTES, SYNC_FILE_RANGE_WRITE);
    }
    return size >= 0;
}

static bool put_page(struct copy *c, uint32_t page, const unsigned char *bytes, uint32_t page_size)
{
    return lseek(c->fd, (off_t)(page - 1) * page_size, SEEK_SET) >= 0 && put(c, bytes, page_size);
}

/* Every frame that was committed, each proven by its sum. */
static bool copy_frames(struct copy *c, const struct wal_end *end)
{
    struct wal_sum sum;
    uint32_t pages = 0;
    if (!wal_read(c->db, 0, c->room, WAL_HEADER_BYTES) || memcmp(c->room + 16, end->salt, WAL_SALT_BYTES) != 0 || !wal_sum_begin(&sum, c->room))
        return false;
    for (uint32_t i = 0; i < end->frames; i++) {
        if (!wal_read(c->db, wal_frame_at(i, end->page_size), c->room, (size_t)wal_frame_bytes(end->page_size)) ||
            memcmp(c->room + 8, end->salt, WAL_SALT_BYTES) != 0 || !wal_sum_frame(&sum, c->room, end->page_size) || wal_frame_page(c->room) == 0)
            return false;
        if (!put_page(c, wal_frame_page(c->room), c->room + WAL_FRAME_HEADER_BYTES, end->page_size))
            return false;
        pages = wal_frame_commit(c->room);
    }
    return pages > 0 && ftruncate(c->fd, (off_t)pages * end->page_size) == 0;
}

static enum sqlite_copied copy_now(struct copy *c)
{
    struct wal_end end = {.frames = UINT32_MAX};
    if (!wal_read_end(c->db, &end) && end.frames != 0)
        return SQLITE_COPY_OTHERWISE;
    if (!copy_file(c))
        return SQLITE_COPY_FAILED;
    if (end.backfilled >= end.frames || copy_frames(c, &end))
        return SQLITE_COPIED;
    return c->reason ? SQLITE_COPY_FAILED : SQLITE_COPY_OTHERWISE;
}

/* The transaction begins with the first read. */
static bool begin(sqlite3 *db)
{
    return sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) == SQLITE_OK;
}

enum sqlite_copied sqlite_copy(sqlite3 *db, const char *file, int *reason)
{
    struct copy c = {.db = db};
    enum sqlite_copied copied = SQLITE_COPY_OTHERWISE;
    *reason = 0;
    if (!sqlite3_get_autocommit(db)) /* what the transaction has changed is in no file */
        return copied;
    c.room = malloc(CHUNK_BYTES);
    if (!c.room)
        abort();
    c.fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c.fd < 0) {
        c.reason = errno;
        copied = SQLITE_COPY_FAILED;
    } else if (begin(db)) {
        copied = copy_now(&c);
    }
    if (!sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    if (c.fd >= 0 && close(c.fd) != 0 && copied == SQLITE_COPIED) {
        c.reason = errno;
        copied = SQLITE_COPY_FAILED;
    }
    if (c.fd >= 0 && copied != SQLITE_COPIED)
        unlink(file);
    free(c.room);
    *reason = c.reason;
    return copied;
}
