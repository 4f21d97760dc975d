/* The copy of a SQLite file by its bytes. Private to this folder. */
#ifndef MMS_DB_SQLITE_COPY_H
#define MMS_DB_SQLITE_COPY_H

#include <sqlite3.h>

enum sqlite_copied {
    SQLITE_COPIED,
    SQLITE_COPY_OTHERWISE, /* there is no log to stand on: page by page, by the engine */
    SQLITE_COPY_FAILED,
};

/* A consistent copy of what is committed, into a new file; on the disk when the caller has synced it. Others may read and write meanwhile;
 * the log grows, since checkpoints wait. *reason: errno when it could not be written, else 0. */
enum sqlite_copied sqlite_copy(sqlite3 *db, const char *file, int *reason);

#endif
