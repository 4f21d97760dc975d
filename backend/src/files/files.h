/* Files that belong to rows of the database: put, get, remove, list. On the local disk; object storage comes behind the same
 * functions.
 *
 * A key is one or two segments of [a-z0-9._-], such as "avatars/3f9c….png", and no segment begins with a dot. Keys are made by
 * the program, never taken from a client as they are. */
#ifndef MMS_FILES_FILES_H
#define MMS_FILES_FILES_H

#include "base/buf.h"
#include "base/error.h"

struct files;

/* On the disk, in this folder; it is made when the first file comes. */
struct files *files_open_local(const char *folder);
void files_close(struct files *f); /* NULL is fine */

bool files_key_is_good(const char *key);

/* What it means that a file could not be written for this errno: RC_DB_FULL or RC_FILES_UNWRITABLE. */
enum rc files_failure(int why);

/* Whole and durable, or not there at all; over a file of the same key. RC_FILES_UNWRITABLE; RC_DB_FULL: no space. */
MUST_CHECK enum rc files_put(struct files *f, const char *key, const void *bytes, size_t n);
/* RC_NOT_FOUND; also for a key that is not good. */
MUST_CHECK enum rc files_get(struct files *f, const char *key, struct buf *out);
/* Fine when there is none. */
MUST_CHECK enum rc files_remove(struct files *f, const char *key);
/* Tells of each file in the folder `prefix` ("avatars"). */
MUST_CHECK enum rc files_list(struct files *f, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms),
                              void *arg);

#endif
