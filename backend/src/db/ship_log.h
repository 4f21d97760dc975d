/* The write-ahead log between the writer, who lets it begin anew, and the thread that ships it (ship.c). Private to this folder. */
#ifndef MMS_DB_SHIP_LOG_H
#define MMS_DB_SHIP_LOG_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/ship_folder.h"
#include "db/wal.h"

/* Frames of the log, taken into memory. */
struct ship_chunk {
    struct ship_chunk *next;
    int64_t time_ms, taken_us; /* all that was committed before is in this chunk, or before it */
    uint32_t first, frames, page_size;
    unsigned char salt[WAL_SALT_BYTES], header[WAL_HEADER_BYTES]; /* the log's header: when first is 0 */
    unsigned char *bytes;
    struct ship_segment segment; /* once it has been checked and packed */
    unsigned char *packed;
};

struct ship_log {
    pthread_mutex_t lock;
    struct sqlite_conn *eyes; /* the thread's: reads files and shared memory */
    struct sqlite_conn *pin;  /* under the lock: its read transaction keeps the log from beginning anew */
    _Atomic bool joined;      /* it is pinned, and all of it has been taken or will be */
    /* under the lock */
    bool hurry;               /* the log is long: the thread is to take it */
    bool busy, failing;       /* of the thread */
    int64_t progress_us;
    uint32_t page_size, next; /* the frame to be taken next, of the log with this salt */
    unsigned char salt[WAL_SALT_BYTES];
    int64_t whole_ms;         /* all that was committed before has been taken */
    int cared_pages;
    struct ship_chunk *head, *tail; /* taken, not shipped; only the thread takes the head off */
    int waiting;
};

MUST_CHECK enum rc ship_log_open(struct ship_log *l, const char *path, struct error *why);
void ship_log_close(struct ship_log *l);
/* Lets the log go, and leaves the rest to the thread, which does not end. */
void ship_log_release(struct ship_log *l);

/* When this database was made, in ms; 0: unknown. Copies of it tell the same. */
int64_t ship_log_site(struct ship_log *l);

/* ---- the thread ---- */

/* From the log's first frame on. False: it cannot be pinned now. */
bool ship_log_join(struct ship_log *l);
/* Lets the log go, and forgets what was taken. */
void ship_log_leave(struct ship_log *l);
/* The oldest chunk that is not shipped; NULL: all is. It stays the oldest until it is dropped. False: there is a gap behind what was shipped. */
bool ship_log_take(struct ship_log *l, struct ship_chunk **out);
void ship_log_drop(struct ship_log *l, struct ship_chunk *c);
/* It should begin anew, which only a commit of our writer does: when others alone write, one must be made. */
bool ship_log_is_long(struct ship_log *l);
/* Something has been written to the folder. */
void ship_log_progress(struct ship_log *l);

/* ---- the writer ---- */

/* A job of the writer that changes nothing, and yet is in the log. */
MUST_CHECK enum rc ship_log_touch(struct db *db);
/* Lets the log begin anew when it is time. False: it is not pinned; the writer cares for it as always. Under the lock: how the thread
 * stands is looked at. */
bool ship_log_care(struct ship_log *l, struct sqlite_conn *c, int pages);

#endif
