/* Files of the folders of files.h as one zip archive, which any program for archives opens: backups keep them so. Each entry's name
 * is its key. They are stored, not packed: pictures and workbooks are packed already. */
#ifndef MMS_FILES_ARCHIVE_H
#define MMS_FILES_ARCHIVE_H

#include "files/files.h"

struct archive_sum {
    int64_t files, bytes;
};

/* Writes all files of the folders (NULL-ended) into `path`, which must not be there; without any file, nothing is made.
 * RC_FILES_UNWRITABLE, RC_DB_FULL. */
MUST_CHECK enum rc archive_write(struct files *f, const char *const folders[], const char *path, struct archive_sum *out);

/* Puts each file of the archive into f; with f NULL each is only read, and its sum checked. RC_FILES_DAMAGED: it is none of ours,
 * or not whole. RC_FILES_UNWRITABLE, RC_DB_FULL: from files_put. */
MUST_CHECK enum rc archive_read(const char *path, struct files *f, struct archive_sum *out);

#endif
