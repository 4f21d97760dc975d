/* Backups as they lie in a folder (BACKUP_DIR), made by `mms backup`. NAME is mms_backup_YYYYMMDD_HHMMSS, the moment in UTC:
 *
 *   NAME.db.gz (or NAME.db)  the whole database as a SQLite file, of either engine
 *   NAME.files.zip           uploaded files, when there are any
 *   NAME.json                the manifest: what is in the others, their checksums, rows of each table, control totals
 *
 * Encrypted with age (https://age-encryption.org), the first two end with .age; the manifest says no more than figures, and stays open.
 *
 * The manifest is written last: what has none is no backup. One whose `proven_at` is null was never restored for a try, and does not
 * count as one either. */
#ifndef MMS_DOMAIN_BACKUP_H
#define MMS_DOMAIN_BACKUP_H

#include "domain/route.h"

#define BACKUP_PREFIX "mms_backup_"
#define BACKUP_SEALED ".age"

/* A file of a backup, and what is in it. */
struct backup_part {
    const char *file;        /* its name in the folder; NULL: there is none */
    int64_t bytes, stored;   /* of what is inside; of the file, before it is encrypted */
    const char *hash;        /* SHA-256 of what is inside; NULL for an archive of files */
    const char *stored_hash; /* … of the file */
    const char *sealed_hash; /* … of the encrypted file, which is then called `file`; NULL: it is not encrypted */
    int64_t count;           /* uploaded files */
};

struct backup_figure {
    const char *name, *value;
};

#define BACKUP_FIGURES_MAX 320

struct backup {
    const char *name, *program, *engine;
    int64_t made_ms, proven_ms; /* 0: not proven */
    int64_t schema, took_ms;
    struct backup_part database, files;
    struct backup_figure *rows, *totals; /* rows of each table; control totals (stock, documents, ledger, head of the log) */
    size_t row_count, total_count;
};

/* Uploaded files that a backup holds (files.h): pictures of people, files of imports. What is given out for an hour only is not. */
extern const char *const backup_folders[];

bool backup_name_is_good(const char *name);
/* The name of a backup made at that moment, in the arena. */
const char *backup_name(struct arena *a, int64_t made_ms);
/* Of all that lies in the folder for it. */
int64_t backup_size(const struct backup *b);

/* Writes the manifest over one that is there; whole and on the disk, or not at all. False: errno. */
bool backup_write(struct arena *a, const char *folder, const struct backup *b);
/* RC_NOT_FOUND: no manifest. RC_FILES_DAMAGED: one that this program does not understand. */
MUST_CHECK enum rc backup_read(struct arena *a, const char *folder, const char *name, struct backup *out);

/* All that can be read, the newest first; 0 also for a folder that is not there. */
size_t backup_list(struct arena *a, const char *folder, struct backup **out);

/* Which are kept: of each of the last `days` days, `weeks` weeks (from Monday) and `months` months that have any, the newest; and the
 * newest of all. made_ms: newest first. */
struct backup_keep {
    int64_t days, weeks, months;
};
void backup_choose(const struct backup *list, size_t count, const struct backup_keep *keep, bool *kept);

extern const struct module backup_module;

#endif
