#include "excel/table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* Where the file system knows no files without a name. */
static int named_and_removed(const char *folder)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/table-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int table_scratch(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : named_and_removed(folder);
}
