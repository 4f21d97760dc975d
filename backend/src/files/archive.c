#include "files/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

/* Larger than any file that can be uploaded (MAX_FILE_SIZE, an import). */
#define FILE_BYTES_MAX ((size_t)1 << 30)
#define TRIES 3

/* ---------------------------------------------------------------- writing */

/* One entry. Its file is opened when the archive is written, and not before. */
struct entry {
    struct files *files;
    const char *folder;
    struct archive_sum *sum;
    enum rc *opened; /* why one could not be opened */
    int fd;          /* -1: not open */
    int64_t changed_ms;
    zip_error_t why;
    char key[];
};

static void close_entry(struct entry *e)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
}

static zip_int64_t open_entry(struct entry *e)
{
    int64_t bytes = 0;
    close_entry(e);
    *e->opened = files_open_file(e->files, e->key, e->folder, &e->fd, &bytes);
    if (*e->opened != RC_OK) {
        zip_error_set(&e->why, *e->opened == RC_NOT_FOUND ? ZIP_ER_DELETED : ZIP_ER_READ, EIO);
        return -1;
    }
    e->sum->files++;
    e->sum->bytes += bytes;
    return 0;
}

static zip_int64_t read_entry(struct entry *e, void *data, zip_uint64_t room)
{
    ssize_t n = read(e->fd, data, room);
    if (n < 0) {
        *e->opened = RC_FILES_UNREADABLE;
        zip_error_set(&e->why, ZIP_ER_READ, errno);
    }
    return n;
}

static zip_int64_t describe(const struct entry *e, void *data)
{
    zip_stat_t *st = data;
    zip_stat_init(st);
    st->mtime = (time_t)(e->changed_ms / 1000);
    st->valid |= ZIP_STAT_MTIME;
    return sizeof *st;
}

static zip_int64_t entry_source(void *arg, void *data, zip_uint64_t n, zip_source_cmd_t command)
{
    struct entry *e = arg;
    if (command == ZIP_SOURCE_OPEN)
        return open_entry(e);
    if (command == ZIP_SOURCE_READ)
        return read_entry(e, data, n);
    if (command == ZIP_SOURCE_STAT)
        return describe(e, data);
    if (command == ZIP_SOURCE_ERROR)
        return zip_error_to_data(&e->why, data, n);
    if (command == ZIP_SOURCE_CLOSE)
        close_entry(e);
    if (command == ZIP_SOURCE_FREE) {
        close_entry(e);
        free(e);
    }
    if (command == ZIP_SOURCE_SUPPORTS)
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
                                              ZIP_SOURCE_FREE, -1);
    return 0;
}

struct gathering {
    struct files *files;
    const char *folder;
    zip_t *zip;
    struct archive_sum *sum;
    enum rc opened;
    bool failed;
};

static void add_entry(void *arg, const char *key, int64_t changed_ms)
{
    struct gathering *g = arg;
    size_t n = strlen(key) + 1;
    struct entry *e = calloc(1, sizeof *e + n);
    if (!e)
        abort(); /* as in the arena: no half-working state */
    *e = (struct entry){.files = g->files, .folder = g->folder, .sum = g->sum, .opened = &g->opened, .fd = -1, .changed_ms = changed_ms};
    memcpy(e->key, key, n);
    zip_error_init(&e->why);
    zip_source_t *source = zip_source_function(g->zip, entry_source, e);
    zip_int64_t at = source ? zip_file_add(g->zip, key, source, ZIP_FL_ENC_UTF_8) : -1;
    if (!source)
        free(e);
    else if (at < 0)
        zip_source_free(source);
    g->failed = g->failed || at < 0 || zip_set_file_compression(g->zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) != 0;
}

/* *vanished: a file was removed while it was done. */
static enum rc write_once(struct files *f, const char *const folders[], const char *path, struct archive_sum *out, bool *vanished)
{
    int code = 0;
    *out = (struct archive_sum){0};
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    if (!folder)
        abort();
    struct gathering g = {f, folder, zip_open(path, ZIP_CREATE | ZIP_EXCL, &code), out, RC_OK, false};
    if (!g.zip) {
        free(folder);
        return files_failure(errno);
    }
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && folders[i]; i++)
        rc = files_list(f, folders[i], add_entry, &g);
    if (rc == RC_OK && g.failed)
        rc = RC_FILES_UNWRITABLE;
    bool written = rc == RC_OK && zip_close(g.zip) == 0;
    if (!written) {
        zip_error_t *why = zip_get_error(g.zip);
        *vanished = zip_error_code_zip(why) == ZIP_ER_DELETED;
        if (rc == RC_OK)
            rc = g.opened != RC_OK && !*vanished ? g.opened : files_failure(zip_error_code_system(why));
        zip_discard(g.zip);
    }
    free(folder);
    return rc;
}

enum rc archive_write(struct files *f, const char *const folders[], const char *path, struct archive_sum *out)
{
    bool vanished = true;
    enum rc rc = RC_FILES_UNWRITABLE;
    for (int i = 0; i < TRIES && rc != RC_OK && vanished; i++) {
        vanished = false;
        rc = write_once(f, folders, path, out, &vanished);
    }
    return rc;
}

/* ---------------------------------------------------------------- reading */

static enum rc read_bytes(zip_t *zip, zip_uint64_t at, const zip_stat_t *st, struct buf *out)
{
    char *room = st->size <= FILE_BYTES_MAX ? buf_room(out, (size_t)st->size) : NULL;
    zip_file_t *file = room || st->size == 0 ? zip_fopen_index(zip, at, 0) : NULL;
    if (!file)
        return RC_FILES_DAMAGED;
    char end;
    bool whole = st->size == 0 || zip_fread(file, room, st->size) == (zip_int64_t)st->size;
    whole = whole && zip_fread(file, &end, 1) == 0; /* at the end the sum is compared */
    out->n = (size_t)st->size;
    return zip_fclose(file) == 0 && whole ? RC_OK : RC_FILES_DAMAGED;
}

static enum rc read_entry_of(zip_t *zip, zip_uint64_t at, struct files *f, struct archive_sum *out)
{
    zip_stat_t st;
    struct buf bytes;
    if (zip_stat_index(zip, at, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || !files_key_is_good(st.name))
        return RC_FILES_DAMAGED;
    buf_init(&bytes, FILE_BYTES_MAX);
    enum rc rc = read_bytes(zip, at, &st, &bytes);
    if (rc == RC_OK && f)
        rc = files_put(f, st.name, buf_text(&bytes), bytes.n);
    buf_free(&bytes);
    out->files++;
    out->bytes += (int64_t)st.size;
    return rc;
}

enum rc archive_read(const char *path, struct files *f, struct archive_sum *out)
{
    int code = 0;
    *out = (struct archive_sum){0};
    zip_t *zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (!zip)
        return RC_FILES_DAMAGED;
    enum rc rc = RC_OK;
    zip_int64_t count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; rc == RC_OK && i < count; i++)
        rc = read_entry_of(zip, (zip_uint64_t)i, f, out);
    zip_discard(zip);
    return rc;
}
