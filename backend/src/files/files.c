#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "files/driver.h"
#include "files/later.h"

struct files {
    const struct files_driver *driver;
    void *self;
    struct files_later *later; /* remote ones */
};

static void remove_now(void *arg, const char *key, bool *went_well)
{
    *went_well = files_remove(arg, key) == RC_OK;
}

struct files *files_new(const struct files_driver *driver, void *self)
{
    struct files *f = malloc(sizeof *f);
    if (!f)
        abort(); /* as in the arena: no half-working state */
    *f = (struct files){driver, self, NULL};
    if (driver->is_remote)
        f->later = files_later_start(remove_now, f);
    return f;
}

void files_close(struct files *f)
{
    if (!f)
        return;
    files_later_end(f->later);
    f->driver->close(f->self);
    free(f);
}

void files_stop(struct files *f)
{
    if (f->driver->stop)
        f->driver->stop(f->self);
}

bool files_are_remote(const struct files *f)
{
    return f->driver->is_remote;
}

bool files_state(const struct files *f, struct files_state *out)
{
    if (f->driver->state)
        f->driver->state(f->self, out);
    return f->driver->state != NULL;
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
            return segments <= 2 && total <= FILES_KEY_MAX;
        if (*at != '/')
            return false;
    }
    return false;
}

enum rc files_failure(int why)
{
    return why == ENOSPC || why == EDQUOT ? RC_DB_FULL : RC_FILES_UNWRITABLE;
}

/* ---------------------------------------------------------------- sources and sinks */

static bool read_bytes(void *arg, int64_t at, void *into, size_t n)
{
    const struct files_piece *piece = arg;
    memcpy(into, (const char *)piece->bytes + at, n);
    return true;
}

struct files_source files_source_of(const struct files_piece *piece, size_t n)
{
    return (struct files_source){(int64_t)n, read_bytes, (void *)(uintptr_t)piece};
}

static bool read_fd(void *arg, int64_t at, void *into, size_t n)
{
    const int *fd = arg;
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(*fd, (char *)into + done, n - done, at + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; /* shorter than it was said to be */
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

struct files_source files_source_fd(const int *fd, int64_t n)
{
    return (struct files_source){n, read_fd, (void *)(uintptr_t)fd};
}

struct filling {
    struct buf *out;
    size_t before;
};

static bool write_buf(void *arg, const void *bytes, size_t n)
{
    struct filling *f = arg;
    buf_add(f->out, bytes, n);
    errno = EFBIG;
    return !f->out->overflow;
}

static bool restart_buf(void *arg)
{
    struct filling *f = arg;
    f->out->n = f->before;
    return true;
}

static bool write_fd(void *arg, const void *bytes, size_t n)
{
    return durable_write(*(const int *)arg, bytes, n);
}

static bool restart_fd(void *arg)
{
    int fd = *(const int *)arg;
    return ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

struct files_sink files_sink_fd(const int *fd)
{
    return (struct files_sink){write_fd, (void *)(uintptr_t)fd, restart_fd};
}

/* ---------------------------------------------------------------- the calls */

enum rc files_put_from(struct files *f, const char *key, const struct files_source *source)
{
    return files_key_is_good(key) ? f->driver->put(f->self, key, source) : RC_INTERNAL;
}

enum rc files_put(struct files *f, const char *key, const void *bytes, size_t n)
{
    const struct files_piece piece = {bytes};
    const struct files_source source = files_source_of(&piece, n);
    return files_put_from(f, key, &source);
}

enum rc files_get_to(struct files *f, const char *key, const struct files_sink *sink)
{
    return files_key_is_good(key) ? f->driver->get(f->self, key, sink) : RC_NOT_FOUND;
}

enum rc files_get(struct files *f, const char *key, struct buf *out)
{
    struct filling filling = {out, out->n};
    const struct files_sink sink = {write_buf, &filling, restart_buf};
    enum rc rc = files_get_to(f, key, &sink);
    if (rc == RC_OK)
        return RC_OK;
    restart_buf(&filling);
    return out->overflow ? RC_NOT_FOUND : rc;
}

static enum rc fetch(struct files *f, const char *key, int fd, int64_t *bytes)
{
    const struct files_sink sink = files_sink_fd(&fd);
    struct stat st;
    TRY(f->driver->get(f->self, key, &sink));
    if (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return files_failure(errno);
    *bytes = st.st_size;
    return RC_OK;
}

enum rc files_open_file(struct files *f, const char *key, const char *folder, int *fd, int64_t *bytes)
{
    if (!files_key_is_good(key))
        return RC_NOT_FOUND;
    if (f->driver->open)
        return f->driver->open(f->self, key, fd, bytes);
    (void)mkdir(folder, 0750);
    int made = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0)
        return files_failure(errno);
    enum rc rc = fetch(f, key, made, bytes);
    if (rc == RC_OK)
        *fd = made;
    else
        close(made);
    return rc;
}

enum rc files_head(struct files *f, const char *key, struct files_fact *out)
{
    return files_key_is_good(key) ? f->driver->head(f->self, key, out) : RC_NOT_FOUND;
}

enum rc files_remove(struct files *f, const char *key)
{
    return files_key_is_good(key) ? f->driver->remove(f->self, key) : RC_INTERNAL;
}

void files_remove_later(struct files *f, const char *key)
{
    if (f->later)
        files_later_add(f->later, key);
    else if (files_remove(f, key) != RC_OK)
        return; /* left for the sweep */
}

enum rc files_list(struct files *f, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms), void *arg)
{
    return files_key_is_good(prefix) ? f->driver->list(f->self, prefix, found, arg) : RC_FILES_UNWRITABLE;
}

struct gathering {
    struct arena *arena;
    struct files_names names;
    size_t cap;
};

static void gather_one(void *arg, const char *key, int64_t changed_ms)
{
    struct gathering *g = arg;
    (void)changed_ms;
    if (g->names.n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        const char **more = arena_array(g->arena, cap, sizeof *more);
        if (g->names.n)
            memcpy(more, g->names.at, g->names.n * sizeof *more);
        g->names.at = more;
        g->cap = cap;
    }
    g->names.at[g->names.n++] = arena_dup(g->arena, key);
}

enum rc files_gather(struct files *f, const char *prefix, struct arena *a, struct files_names *out)
{
    struct gathering g = {.arena = a};
    TRY(files_list(f, prefix, gather_one, &g));
    *out = g.names;
    return RC_OK;
}

bool files_address(struct files *f, const char *key, const char *disposition, const char *media, int seconds, struct buf *out)
{
    return f->driver->address && files_key_is_good(key) && f->driver->address(f->self, key, disposition, media, seconds, out);
}

void files_why(struct files *f, struct buf *out)
{
    if (f->driver->why)
        f->driver->why(f->self, out);
}
