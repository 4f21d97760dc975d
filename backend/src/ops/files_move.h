/* Copying all uploaded files from one place to another, some at a time; what is there already, the same by size and sum, is left. So it
 * may end at any moment, and begin again. Nothing is ever written over a file that differs. */
#ifndef MMS_OPS_FILES_MOVE_H
#define MMS_OPS_FILES_MOVE_H

#include "files/files.h"

#define FILES_MOVE_PARALLEL_MAX 16
#define FILES_MOVE_GIVES_UP 10 /* failures in a row: it is not the files */

enum files_moved {
    FILES_WAITING,  /* not looked at yet */
    FILES_COPIED,
    FILES_THERE,    /* it was there */
    FILES_GONE,     /* from the source meanwhile: its row has changed */
    FILES_DIFFERENT, /* another file of this key is there */
    FILES_FAILED,
    FILES_DELETED,  /* from the source, after the second proof */
    FILES_MOVED_KINDS,
};

struct files_move_item {
    const char *key;
    enum files_moved state;
    int64_t bytes;
    enum rc rc;      /* why it failed */
    const char *why; /* … in more words, "" without */
};

struct files_move {
    struct files *from, *to;
    const char *folder; /* for what is on its way */
    int parallel;
    struct arena arena;
    struct files_move_item *items;
    size_t count;
    size_t done;        /* while it runs: of this round; read with atomics by whoever shows it */
    int64_t moved_bytes;
    int failures_in_row;
    bool gave_up;
};

/* Lists what there is at the source. */
MUST_CHECK enum rc files_move_list(struct files_move *m);
/* How many files of the folder `uploads` are left alone, because they are not named as this program names its own; *one: one of them, in
 * the arena. */
size_t files_move_strangers(struct files_move *m, const char *uploads, const char **one);
/* Copies, and proves each by what the other side says of it. `shows` is called now and then, on the caller's thread. */
void files_move_copy(struct files_move *m, void (*shows)(void *arg, const struct files_move *m), void *arg);
/* Reads all that is at the other side once more, byte by byte, and only then removes it from the source. For when nothing failed. */
void files_move_delete(struct files_move *m, void (*shows)(void *arg, const struct files_move *m), void *arg);
size_t files_move_count(const struct files_move *m, enum files_moved state);
void files_move_end(struct files_move *m);

#endif
