#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define PATH_BYTES 8192

static bool sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    int why = errno;
    close(fd);
    errno = why;
    return synced;
}

static bool sync_folder_of(const char *file)
{
    struct buf folder;
    buf_init(&folder, PATH_BYTES);
    const char *slash = strrchr(file, '/');
    buf_add(&folder, slash ? file : ".", slash ? (size_t)(slash - file) + 1 : 1);
    if (folder.overflow)
        errno = ENAMETOOLONG;
    bool synced = !folder.overflow && sync_path(buf_text(&folder));
    buf_free(&folder);
    return synced;
}

bool durable_rename(const char *part, const char *name, bool replaces)
{
    return sync_path(part) && renameat2(AT_FDCWD, part, AT_FDCWD, name, replaces ? 0 : RENAME_NOREPLACE) == 0 && sync_folder_of(name);
}

bool durable_write(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        n -= (size_t)written;
    }
    return true;
}
