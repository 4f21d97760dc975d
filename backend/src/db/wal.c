#include "db/wal.h"

#include <string.h>
#include <unistd.h>

#define INDEX_HEADER_BYTES 48 /* twice, then where each reader is */
#define INDEX_READ_BYTES 136
#define INDEX_REGION_BYTES 32768
#define MAGIC 0x377f0682u /* the last bit: sums are over big-endian words */
#define TRIES 100
#define AT_ONCE 10 /* then with pauses of so long: the system may have set the one who writes it aside */
#define PAUSE_US 10000

static sqlite3_file *file_of(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    return sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file && file->pMethods ? file : NULL;
}

bool wal_read(sqlite3 *db, int64_t at, void *out, size_t n)
{
    sqlite3_file *log = file_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
    return log && log->pMethods->xRead(log, out, (int)n, at) == SQLITE_OK;
}

bool wal_read_main(sqlite3 *db, int64_t at, void *out, size_t n)
{
    sqlite3_file *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    int code = file ? file->pMethods->xRead(file, out, (int)n, at) : SQLITE_ERROR;
    return code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ;
}

int64_t wal_main_size(sqlite3 *db)
{
    sqlite3_file *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    sqlite3_int64 size;
    return file && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : -1;
}

/* The writer of the index changes the second copy first, so that two that are the same are whole. */
static bool read_whole(const volatile unsigned char *index, unsigned char out[INDEX_READ_BYTES])
{
    for (int i = 0; i < TRIES; i++) {
        for (size_t k = 0; k < INDEX_READ_BYTES; k++)
            out[k] = index[k];
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        bool same = memcmp(out, out + INDEX_HEADER_BYTES, INDEX_HEADER_BYTES) == 0;
        for (size_t k = 0; same && k < INDEX_HEADER_BYTES; k++)
            same = out[k] == index[k];
        if (same)
            return true;
        if (i >= AT_ONCE)
            usleep(PAUSE_US);
    }
    return false;
}

static uint32_t native_u32(const unsigned char *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

bool wal_read_end(sqlite3 *db, struct wal_end *out)
{
    enum { IS_INIT = 12, PAGE_SIZE = 14, FRAMES = 16, SALT = 32, BACKFILLED = 2 * INDEX_HEADER_BYTES };
    unsigned char index[INDEX_READ_BYTES];
    void volatile *region = NULL;
    sqlite3_file *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    if (!file || file->pMethods->iVersion < 2 || file->pMethods->xShmMap(file, 0, INDEX_REGION_BYTES, 0, &region) != SQLITE_OK || !region ||
        !read_whole(region, index) || index[IS_INIT] != 1)
        return false;
    uint16_t size;
    memcpy(&size, index + PAGE_SIZE, sizeof size);
    *out = (struct wal_end){.frames = native_u32(index + FRAMES), .backfilled = native_u32(index + BACKFILLED),
                            .page_size = size == 1 ? 65536 : size};
    memcpy(out->salt, index + SALT, WAL_SALT_BYTES);
    return out->page_size >= 512;
}

uint32_t wal_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool wal_follows(const unsigned char a[WAL_SALT_BYTES], const unsigned char b[WAL_SALT_BYTES])
{
    return wal_u32(b) == wal_u32(a) + 1;
}

static uint32_t word(const struct wal_sum *s, const unsigned char *at)
{
    return s->big_endian ? wal_u32(at) : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void add(struct wal_sum *s, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        s->a += word(s, bytes + i) + s->b;
        s->b += word(s, bytes + i + 4) + s->a;
    }
}

bool wal_sum_begin(struct wal_sum *s, const unsigned char header[WAL_HEADER_BYTES])
{
    *s = (struct wal_sum){.big_endian = header[3] & 1};
    if ((wal_u32(header) & ~1u) != MAGIC)
        return false;
    add(s, header, WAL_HEADER_BYTES - 8);
    return s->a == wal_u32(header + 24) && s->b == wal_u32(header + 28);
}

bool wal_sum_frame(struct wal_sum *s, const unsigned char *frame, uint32_t page_size)
{
    add(s, frame, 8);
    add(s, frame + WAL_FRAME_HEADER_BYTES, page_size);
    return s->a == wal_u32(frame + 16) && s->b == wal_u32(frame + 20);
}
