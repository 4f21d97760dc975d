/* SQLite's write-ahead log as bytes (https://www.sqlite.org/walformat.html), seen through a connection's own files: to open and close
 * a database's file once more in this process would drop the locks that SQLite holds on it. Private to this folder. */
#ifndef MMS_DB_WAL_H
#define MMS_DB_WAL_H

#include "db/sqlite.h"

#define WAL_HEADER_BYTES 32
#define WAL_FRAME_HEADER_BYTES 24
#define WAL_SALT_BYTES 8

/* The log as it was committed last. Each time the log begins anew its salt changes: the first four bytes count up by one. */
struct wal_end {
    unsigned char salt[WAL_SALT_BYTES];
    uint32_t frames, backfilled; /* frames that were committed; of these, in the database's file already */
    uint32_t page_size;
};

/* From the shared memory beside the file. False: it is no log's, or not whole for about a second (*out is as it was), or the log has
 * never had a page (*out has 0 frames). */
bool wal_read_end(sqlite3 *db, struct wal_end *out);
/* Bytes of the log. False: they are not there, or cannot be read. */
bool wal_read(sqlite3 *db, int64_t at, void *out, size_t n);
/* Bytes of the database's own file; what is after its end comes as zeros. */
bool wal_read_main(sqlite3 *db, int64_t at, void *out, size_t n);
/* -1: it cannot be told. */
int64_t wal_main_size(sqlite3 *db);

static inline int64_t wal_frame_bytes(uint32_t page_size)
{
    return WAL_FRAME_HEADER_BYTES + (int64_t)page_size;
}
static inline int64_t wal_frame_at(uint32_t frame, uint32_t page_size)
{
    return WAL_HEADER_BYTES + frame * wal_frame_bytes(page_size);
}

uint32_t wal_u32(const unsigned char *at); /* big-endian */
/* The number of the page that a frame holds, and of pages that the database has after it (0: it is no commit's last). */
static inline uint32_t wal_frame_page(const unsigned char *frame)
{
    return wal_u32(frame);
}
static inline uint32_t wal_frame_commit(const unsigned char *frame)
{
    return wal_u32(frame + 4);
}
/* Whether a log that begins with salt `b` is the very next after one with `a`. */
bool wal_follows(const unsigned char a[WAL_SALT_BYTES], const unsigned char b[WAL_SALT_BYTES]);

/* The sums in a log go on from its header through every frame. */
struct wal_sum {
    uint32_t a, b;
    bool big_endian;
};
/* False: the header is not whole. */
bool wal_sum_begin(struct wal_sum *s, const unsigned char header[WAL_HEADER_BYTES]);
/* False: the frame is not the next one. */
bool wal_sum_frame(struct wal_sum *s, const unsigned char *frame, uint32_t page_size);

#endif
