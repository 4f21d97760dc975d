#include "base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_gather.h"

#define FILE_NAME "mms.log"
#define TRIES 8
#define TIME_AT (sizeof "{\"time\":\"" - 1) /* in a line */
#define TIME_CHARS (sizeof "2026-11-23T08:15:30.123Z" - 1)

static struct log_sink file = {-1};
static pthread_mutex_t turning = PTHREAD_MUTEX_INITIALIZER; /* held by who opens the file or puts it aside */
static char folder[PATH_MAX];
static _Atomic int64_t written, began_ms; /* of the present file */
static int64_t limit_bytes, limit_ms;
static int kept;

size_t log_sink_put(struct log_sink *s, const char *line, size_t n)
{
    int fd = atomic_load(&s->fd);
    bool torn = fd >= 0 && atomic_exchange(&s->torn, false);
    size_t first = torn ? 0 : 1, at = first;

    for (int tries = 0; fd >= 0 && at < n && tries < TRIES; tries++) {
        ssize_t wrote = write(fd, line + at, n - at);
        if (wrote > 0)
            at += (size_t)wrote;
        else if (wrote < 0 && errno != EINTR)
            break;
    }
    if (fd >= 0 && at < n && (at > first || torn))
        atomic_store(&s->torn, true);
    return at - first;
}

/* ---------------------------------------------------------------- opening */

static bool path_of(const char *dir, const char *ending, char out[static PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/" FILE_NAME "%s", dir, ending);
    if (n > 0 && n < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* When the file was begun: as its first line says. A file without any begins now. */
static int64_t time_of_first_line(const char *path)
{
    char line[TIME_AT + TIME_CHARS + 1] = {0};
    int64_t ms, now_ms = clock_now_ms();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, TIME_AT + TIME_CHARS);
    if (fd >= 0)
        close(fd);
    return n == (ssize_t)(TIME_AT + TIME_CHARS) && clock_parse(line + TIME_AT, &ms) ? ms : now_ms;
}

/* The number of the descriptor stays: a thread that is just writing never meets a closed or a foreign file. */
static bool take_place(int fd)
{
    int old = atomic_load(&file.fd);
    if (old < 0) {
        atomic_store(&file.fd, fd);
        return true;
    }
    bool replaced = dup3(fd, old, O_CLOEXEC) >= 0;
    int why = errno;
    close(fd);
    errno = why;
    return replaced;
}

/* Under `turning`. */
static bool open_file(const char *dir)
{
    char path[PATH_MAX];
    struct stat st = {0};
    if (!path_of(dir, "", path) || (mkdir(dir, 0750) != 0 && errno != EEXIST))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    fstat(fd, &st);
    if (!take_place(fd))
        return false;
    atomic_store(&written, (int64_t)st.st_size);
    atomic_store(&began_ms, time_of_first_line(path));
    return true;
}

void log_set_limits(int64_t bytes, int64_t age_ms, int keep)
{
    limit_bytes = bytes;
    limit_ms = age_ms;
    kept = keep;
}

bool log_open_dir(const char *dir)
{
    pthread_mutex_lock(&turning);
    bool opened = open_file(dir);
    int why = errno;
    if (opened && dir != folder)
        snprintf(folder, sizeof folder, "%s", dir);
    pthread_mutex_unlock(&turning);
    errno = why;
    return opened;
}

bool log_open_again(void)
{
    return atomic_load(&file.fd) < 0 || log_open_dir(folder);
}

void log_close(void)
{
    int fd = atomic_exchange(&file.fd, -1);
    if (fd >= 0)
        close(fd);
    log_gather_end();
}

/* ---------------------------------------------------------------- putting aside */

static bool is_due(int64_t now_ms)
{
    return (limit_bytes && atomic_load(&written) >= limit_bytes) || (limit_ms && now_ms - atomic_load(&began_ms) >= limit_ms);
}

/* Number 0 is the file that is written to. */
static bool path_of_older(int number, char out[static PATH_MAX])
{
    char ending[16];
    snprintf(ending, sizeof ending, number ? ".%d" : "", number);
    return path_of(folder, ending, out);
}

static bool is_there(int number)
{
    char path[PATH_MAX];
    return path_of_older(number, path) && access(path, F_OK) == 0;
}

static bool rename_older(int from, int to)
{
    char old[PATH_MAX], new[PATH_MAX];
    return path_of_older(from, old) && path_of_older(to, new) && rename(old, new) == 0;
}

/* What cannot be done is tried again when the limits are reached once more, and not with each line. */
static void put_aside(int64_t now_ms)
{
    int free_number = 1;
    while (free_number < kept && is_there(free_number))
        free_number++;
    while (free_number > 0 && rename_older(free_number - 1, free_number))
        free_number--;
    if (free_number == 0 && open_file(folder))
        return;
    atomic_store(&written, 0);
    atomic_store(&began_ms, now_ms);
}

void log_file_put(const char *line, size_t n, int64_t now_ms)
{
    if (atomic_load(&file.fd) < 0)
        return;
    atomic_fetch_add(&written, (int64_t)log_sink_put(&file, line, n));
    if (!is_due(now_ms))
        return;
    pthread_mutex_lock(&turning); /* who comes meanwhile waits for the new file, so that no file grows far beyond its limit */
    if (is_due(now_ms))
        put_aside(now_ms);
    pthread_mutex_unlock(&turning);
}
