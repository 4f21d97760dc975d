/* Reading a folder into memory, for static.c. */
#ifndef MMS_HTTP_STATIC_READ_H
#define MMS_HTTP_STATIC_READ_H

#include "base/arena.h"
#include "http/static.h"

struct static_list {
    struct arena *arena;
    const char *root;          /* the folder's real path */
    struct static_file *files; /* room for STATIC_FILES_MAX; path and plain are filled in */
    size_t count, bytes;
    struct error *why;
};

/* Adds all files below the folder; names that begin with a dot are left out. */
MUST_CHECK enum rc static_read(const char *dir, struct static_list *list);

#endif
