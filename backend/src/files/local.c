/* Files on the local disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"
#include "files/crc64.h"
#include "files/driver.h"

#define PATH_BYTES 4096
#define PIECE (64 * 1024)
#define WHY_BYTES 400
#define PART ".part"
#define PART_TRIES 100 /* to have it for oneself */

struct local {
    char *folder;
    pthread_mutex_t lock;
    char why[WHY_BYTES]; /* under the lock: what could not be read last, and the system's reason */
};

static void local_close(void *self)
{
    struct local *l = self;
    pthread_mutex_destroy(&l->lock);
    free(l->folder);
    free(l);
}

static bool path_of(const struct local *l, const char *key, const char *suffix, char path[static PATH_BYTES])
{
    int n = snprintf(path, PATH_BYTES, "%s/%s%s", l->folder, key, suffix);
    errno = ENAMETOOLONG;
    return n > 0 && n < PATH_BYTES;
}

/* The folder, and the key's own in it. */
static bool make_folders(const struct local *l, const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return (mkdir(l->folder, 0750) == 0 || errno == EEXIST) && (mkdir(folder, 0750) == 0 || errno == EEXIST);
}

static bool write_all(int fd, const struct files_source *source)
{
    char piece[PIECE];
    for (int64_t at = 0; at < source->bytes;) {
        size_t n = source->bytes - at < PIECE ? (size_t)(source->bytes - at) : PIECE;
        if (!source->read(source->arg, at, piece, n) || !durable_write(fd, piece, n))
            return false;
        at += (int64_t)n;
    }
    return true;
}

/* Lists are of who asked for them; the rest anybody in the service's group may back up. */
static mode_t mode_of(const char *key)
{
    return text_starts(key, "exports/") ? 0600 : 0640;
}

/* Of two that put the same key the second waits, and then begins a file of its own: neither writes into what the other has renamed.
 * Where the disk knows no locks, or calls the same file by another number each time, they may. -1: errno. */
static int open_part(const char *part, mode_t mode)
{
    struct stat opened, named;
    for (int i = 1;; i++) {
        int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
            return -1;
        while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
            continue;
        bool is_named = i == PART_TRIES || (fstat(fd, &opened) == 0 && lstat(part, &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev);
        if (is_named && ftruncate(fd, 0) == 0)
            return fd;
        int why = errno;
        close(fd);
        if (is_named) {
            errno = why;
            return -1;
        }
    }
}

static enum rc local_put(void *self, const char *key, const struct files_source *source)
{
    char path[PATH_BYTES], part[PATH_BYTES];
    if (!path_of(self, key, "", path) || !path_of(self, key, PART, part) || !make_folders(self, path))
        return files_failure(errno);
    int fd = open_part(part, mode_of(key));
    if (fd < 0)
        return files_failure(errno);
    enum rc rc = write_all(fd, source) && durable_rename(part, path, true) ? RC_OK : files_failure(errno);
    if (rc != RC_OK)
        unlink(part);
    close(fd);
    return rc;
}

static enum rc unreadable(struct local *l, const char *key, int why)
{
    pthread_mutex_lock(&l->lock);
    snprintf(l->why, sizeof l->why, "%s: %s", key, strerror(why));
    pthread_mutex_unlock(&l->lock);
    return RC_FILES_UNREADABLE;
}

/* Only what is not there is missing: who may not read a file, or has no descriptor left, knows nothing of it. A link is none of ours. */
static enum rc why_not_read(struct local *l, const char *key, int why)
{
    return why == ENOENT || why == ENOTDIR || why == ELOOP || why == ENAMETOOLONG ? RC_NOT_FOUND : unreadable(l, key, why);
}

static void local_why(void *self, struct buf *out)
{
    struct local *l = self;
    pthread_mutex_lock(&l->lock);
    buf_str(out, l->why);
    pthread_mutex_unlock(&l->lock);
}

static enum rc local_open(void *self, const char *key, int *fd, int64_t *bytes)
{
    char path[PATH_BYTES];
    struct stat st;
    int opened = path_of(self, key, "", path) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (opened < 0)
        return why_not_read(self, key, errno);
    if (fstat(opened, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(opened);
        return RC_NOT_FOUND;
    }
    *fd = opened;
    *bytes = st.st_size;
    return RC_OK;
}

static enum rc local_get(void *self, const char *key, const struct files_sink *sink)
{
    char piece[PIECE];
    int fd;
    int64_t bytes;
    TRY(local_open(self, key, &fd, &bytes));
    ssize_t n;
    bool taken = true;
    while (taken && (n = read(fd, piece, sizeof piece)) > 0)
        taken = sink->write(sink->arg, piece, (size_t)n);
    int why = errno;
    close(fd);
    return !taken ? files_failure(why) : n == 0 ? RC_OK : unreadable(self, key, why);
}

static bool add_crc(void *arg, const void *bytes, size_t n)
{
    struct files_fact *fact = arg;
    fact->crc = crc64(fact->crc, bytes, n);
    fact->bytes += (int64_t)n;
    return true;
}

static enum rc local_head(void *self, const char *key, struct files_fact *out)
{
    char path[PATH_BYTES];
    struct stat st;
    struct files_fact fact = {0};
    const struct files_sink sink = {add_crc, &fact};
    if (!path_of(self, key, "", path) || stat(path, &st) != 0)
        return why_not_read(self, key, errno);
    TRY(local_get(self, key, &sink));
    fact.changed_ms = (int64_t)st.st_mtime * 1000;
    *out = fact;
    return RC_OK;
}

static enum rc local_remove(void *self, const char *key)
{
    char path[PATH_BYTES];
    if (!path_of(self, key, "", path))
        return RC_INTERNAL;
    return unlink(path) == 0 || errno == ENOENT ? RC_OK : files_failure(errno);
}

static enum rc local_list(void *self, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms), void *arg)
{
    char folder[PATH_BYTES], key[FILES_KEY_MAX + 1], path[PATH_BYTES];
    struct stat st;
    DIR *dir = path_of(self, prefix, "", folder) ? opendir(folder) : NULL;
    if (!dir)
        return errno == ENOENT ? RC_OK : unreadable(self, prefix, errno);
    enum rc rc = RC_OK;
    for (const struct dirent *entry; rc == RC_OK && (errno = 0, entry = readdir(dir));) {
        int n = snprintf(key, sizeof key, "%s/%s", prefix, entry->d_name);
        if (n <= 0 || n >= (int)sizeof key || !files_key_is_good(key) || !path_of(self, key, "", path))
            continue;
        if (stat(path, &st) != 0)
            rc = why_not_read(self, key, errno) == RC_NOT_FOUND ? RC_OK : RC_FILES_UNREADABLE;
        else if (S_ISREG(st.st_mode))
            found(arg, key, (int64_t)st.st_mtime * 1000);
    }
    if (rc == RC_OK && errno && errno != ENOENT)
        rc = unreadable(self, prefix, errno); /* a list that breaks off is none */
    closedir(dir);
    return rc;
}

static const struct files_driver local_driver = {.close = local_close, .put = local_put, .get = local_get, .open = local_open,
                                                 .head = local_head, .remove = local_remove, .list = local_list, .why = local_why};

struct files *files_open_local(const char *folder)
{
    struct local *l = calloc(1, sizeof *l);
    char *copy = strdup(folder);
    if (!l || !copy)
        abort();
    l->folder = copy;
    pthread_mutex_init(&l->lock, NULL);
    return files_new(&local_driver, l);
}
