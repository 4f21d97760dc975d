/* The older system's data, brought over: users, materials, documents, stock, counts, logs, notifications, pictures.
 *
 * All of it in one transaction of an empty database. Ids are kept, so that links and logs still name what they named. Stock is never
 * copied: it is what the ledger's postings leave, and where the old figure says otherwise, one visible document per material
 * makes up for it. What cannot come as it was is listed in legacy_quarantine (migration legacy), never dropped silently.
 * Control totals of both sides must agree, or nothing is imported. */
#ifndef MMS_LEGACY_LEGACY_H
#define MMS_LEGACY_LEGACY_H

#include "base/buf.h"
#include "domain/ctx.h"

#define LEGACY_PICTURE_KEPT_MS (INT64_C(24) * 3600 * 1000) /* within which an import must come to its end */

struct legacy_options {
    const char *path;    /* the old file */
    const char *uploads; /* the folder with its avatars/; NULL: pictures are not brought */
    struct legacy_pictures *pictures; /* that were brought from there */
    bool dry_run;        /* everything is done and reported, and nothing kept */
    bool accept_damage;
    /* Told of each row that was read, and each document that was posted; total 0: not known. NULL: nobody asks. */
    void (*progress)(void *arg, const char *what, int64_t done, int64_t total);
    void *progress_arg;
    /* Notes a picture before it is put (domain/loose_file.h), LEGACY_PICTURE_KEPT_MS. With `uploads` and without dry_run, to be set. */
    enum rc (*note_file)(void *arg, const char *key);
    void *note_arg;
};

struct legacy_result {
    struct buf report;              /* Markdown; the caller's to free */
    size_t lists_from, totals_from; /* where in it the lists begin, and the control totals that end it */
    int64_t left_out, replaced, noted, adjustments;
    int64_t users, materials, documents, moves, logs;
    bool complete;      /* came to its end, whether it is kept or not */
    bool kept;          /* … and is to be kept */
    const char *damage; /* in the caller's arena; NULL: the file is whole */
};

/* Whether nothing is in the database that an import could meet. Also of an older schema, or of none. */
MUST_CHECK enum rc legacy_target_is_empty(struct db *db, bool *empty);

/* The pictures of `uploads`, encoded anew and put into `files` before the import, since that may wait for another machine, which nobody
 * who holds the writer may do. In the arena. With dry_run they are looked at, and none is put. Not RC_OK: *why, and what had been put is to
 * be removed. */
struct legacy_pictures *legacy_pictures_new(struct arena *a);
MUST_CHECK enum rc legacy_pictures_put(struct legacy_pictures *p, const struct legacy_options *options, struct files *files, struct error *why);
/* Those that the last import left unnamed, or all of them. The first that cannot be removed ends it: the sweep finds what nobody names. */
void legacy_pictures_remove(struct legacy_pictures *p, struct files *files, bool all);

/* Runs in the writer's job; c->arena is used for what lives until the end. With dry_run, or a damaged file that was not accepted,
 * everything is done and then RC_NOTHING_TO_UPDATE returned, so that the job is rolled back: result->complete tells.
 * RC_INVALID_INPUT: the file, or the target is not empty; c->err says so. */
MUST_CHECK enum rc legacy_import(struct ctx *c, const struct legacy_options *options, struct legacy_result *result);

#endif
