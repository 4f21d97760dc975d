/* Files on the local disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "files/files.h"

#define PATH_BYTES 4096
#define KEY_MAX 200
#define PART ".part"

struct files {
    char *folder;
};

struct files *files_open_local(const char *folder)
{
    struct files *f = malloc(sizeof *f);
    char *copy = strdup(folder);
    if (!f || !copy)
        abort(); /* as in the arena: no half-working state */
    f->folder = copy;
    return f;
}

void files_close(struct files *f)
{
    if (f)
        free(f->folder);
    free(f);
}

bool files_key_is_good(const char *key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t segments = 0, total = strlen(key);
    for (const char *at = key; segments <= 2; at++) {
        size_t n = strspn(at, letters);
        if (n == 0 || *at == '.')
            return false;
        segments++;
        at += n;
        if (!*at)
            return segments <= 2 && total <= KEY_MAX;
        if (*at != '/')
            return false;
    }
    return false;
}

static bool path_of(const struct files *f, const char *key, const char *suffix, char path[static PATH_BYTES])
{
    int n = snprintf(path, PATH_BYTES, "%s/%s%s", f->folder, key, suffix);
    return files_key_is_good(key) && n > 0 && n < PATH_BYTES;
}

enum rc files_failure(int why)
{
    return why == ENOSPC || why == EDQUOT ? RC_DB_FULL : RC_FILES_UNWRITABLE;
}

/* The folder, and the key's own in it. */
static bool make_folders(const struct files *f, const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return (mkdir(f->folder, 0750) == 0 || errno == EEXIST) && (mkdir(folder, 0750) == 0 || errno == EEXIST);
}

enum rc files_put(struct files *f, const char *key, const void *bytes, size_t n)
{
    char path[PATH_BYTES], part[PATH_BYTES];
    if (!path_of(f, key, "", path) || !path_of(f, key, PART, part))
        return RC_INTERNAL;
    if (!make_folders(f, path))
        return files_failure(errno);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return files_failure(errno);
    bool written = durable_write(fd, bytes, n);
    enum rc rc = written ? RC_OK : files_failure(errno);
    close(fd);
    if (rc == RC_OK && !durable_rename(part, path, true))
        rc = files_failure(errno);
    if (rc != RC_OK)
        unlink(part);
    return rc;
}

enum rc files_get(struct files *f, const char *key, struct buf *out)
{
    char path[PATH_BYTES], piece[16 * 1024];
    int fd = path_of(f, key, "", path) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return RC_NOT_FOUND;
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    close(fd);
    return n == 0 && !out->overflow ? RC_OK : RC_NOT_FOUND;
}

enum rc files_remove(struct files *f, const char *key)
{
    char path[PATH_BYTES];
    if (!path_of(f, key, "", path))
        return RC_INTERNAL;
    return unlink(path) == 0 || errno == ENOENT ? RC_OK : files_failure(errno);
}

enum rc files_list(struct files *f, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms), void *arg)
{
    char folder[PATH_BYTES], key[KEY_MAX + 1], path[PATH_BYTES];
    struct stat st;
    DIR *dir = path_of(f, prefix, "", folder) ? opendir(folder) : NULL;
    if (!dir)
        return errno == ENOENT ? RC_OK : RC_FILES_UNWRITABLE;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        int n = snprintf(key, sizeof key, "%s/%s", prefix, entry->d_name);
        if (n > 0 && n < (int)sizeof key && path_of(f, key, "", path) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            found(arg, key, (int64_t)st.st_mtime * 1000);
    }
    closedir(dir);
    return RC_OK;
}
