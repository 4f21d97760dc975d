/* Files that belong to rows of the database: put, get, head, remove, list. Where they are is a driver's matter (driver.h): the local
 * disk (local.c), or object storage (cloud/files_oss.h).
 *
 * A key is one or two segments of [a-z0-9._-], such as "avatars/3f9c….png", and no segment begins with a dot. Keys are made by
 * the program, never taken from a client as they are; what is kept under one never changes.
 *
 * Where files are remote, all of these wait for another machine, and fail with RC_FILES_AWAY (it cannot be reached, or has too much
 * to do: later it may be there again) and RC_FILES_REFUSED (it wants nothing of us: a matter of settings). So they are for a lane
 * that may wait, and never for who holds the writer; files_remove_later is for him. */
#ifndef MMS_FILES_FILES_H
#define MMS_FILES_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

struct files;

#define FILES_KEY_MAX 200
/* What a route that moves files may be refused: where they are remote, and on the local disk. */
#define FILES_REFUSALS RC_FILES_AWAY, RC_FILES_REFUSED, RC_FILES_BROKEN, RC_FILES_UNREADABLE

/* On the disk, in this folder; it is made when the first file comes. */
struct files *files_open_local(const char *folder);
/* What is still to be removed later is removed before, as long as that goes well. NULL is fine. */
void files_close(struct files *f);
/* Ends what waits for another machine: RC_FILES_AWAY from here on, and what is to be removed is left for the sweep. For the end of the
 * process, from any thread. */
void files_stop(struct files *f);
bool files_are_remote(const struct files *f);
/* How it has been with another machine since it was opened. */
struct files_state {
    bool is_away;    /* it is not asked for a while, since it failed again and again */
    int64_t outages; /* how often that began */
};
/* Asks nobody, waits for nobody. False: they are on the disk. */
bool files_state(const struct files *f, struct files_state *out);

bool files_key_is_good(const char *key);

/* What it means that a file could not be written for this errno: RC_DB_FULL or RC_FILES_UNWRITABLE. */
enum rc files_failure(int why);

/* Where bytes come from. They are asked for by their place, so that what was lost on its way can be sent once more. */
struct files_source {
    int64_t bytes;
    bool (*read)(void *arg, int64_t at, void *into, size_t n); /* all n of them; false: errno */
    void *arg;
};
struct files_piece {
    const void *bytes;
};
struct files_source files_source_of(const struct files_piece *piece, size_t n); /* bytes in memory */
struct files_source files_source_fd(const int *fd, int64_t n);                  /* the first n bytes of an open file */

/* Where bytes go. What was written before a failure is worth nothing. */
struct files_sink {
    bool (*write)(void *arg, const void *bytes, size_t n); /* false: errno */
    void *arg;
    bool (*restart)(void *arg); /* forgets what was written: all of it comes once more. NULL: it cannot */
};

struct files_sink files_sink_fd(const int *fd); /* a file of one's own, from its beginning */

struct files_fact {
    int64_t bytes, changed_ms;
    uint64_t crc; /* crc64.h */
};

/* Whole and durable, or not there at all; over a file of the same key. RC_FILES_UNWRITABLE; RC_DB_FULL: no space. */
MUST_CHECK enum rc files_put(struct files *f, const char *key, const void *bytes, size_t n);
/* The same in memory that does not grow with the file. */
MUST_CHECK enum rc files_put_from(struct files *f, const char *key, const struct files_source *source);
/* RC_NOT_FOUND; also for a key that is not good. RC_FILES_UNREADABLE, here and below: on the local disk it is there, and cannot be read. */
MUST_CHECK enum rc files_get(struct files *f, const char *key, struct buf *out);
/* The same in memory that does not grow with the file. RC_FILES_UNWRITABLE, RC_DB_FULL: the sink did not take it. RC_FILES_BROKEN:
 * what came is not what was put. */
MUST_CHECK enum rc files_get_to(struct files *f, const char *key, const struct files_sink *sink);
/* The file, open for reading, to be closed by the caller. One that is remote comes here first, whole and checked, into a file
 * without a name in `folder`. RC_NOT_FOUND. */
MUST_CHECK enum rc files_open_file(struct files *f, const char *key, const char *folder, int *fd, int64_t *bytes);
/* What is known of it. On the local disk it is read for that. RC_NOT_FOUND. */
MUST_CHECK enum rc files_head(struct files *f, const char *key, struct files_fact *out);
/* Fine when there is none. */
MUST_CHECK enum rc files_remove(struct files *f, const char *key);
/* The same for who may not wait: at once on the local disk; else a thread does it, and what it cannot do is left for the sweep. */
void files_remove_later(struct files *f, const char *key);
/* Tells of each file in the folder `prefix` ("avatars"). */
MUST_CHECK enum rc files_list(struct files *f, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms),
                              void *arg);
/* The keys of a folder's files, in the arena. */
struct files_names {
    const char **at;
    size_t n;
};
MUST_CHECK enum rc files_gather(struct files *f, const char *prefix, struct arena *a, struct files_names *out);
/* An address at which anybody gets the file for so long; `disposition` and `media` are what he is told about it. Made here, nobody
 * is asked. False: there is none. */
bool files_address(struct files *f, const char *key, const char *disposition, const char *media, int seconds, struct buf *out);
/* What the storage, or the disk, last said about a failure, for a log or a terminal; "" where the error says all. */
void files_why(struct files *f, struct buf *out);

#endif
