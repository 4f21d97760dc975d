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

/* One entry. Its file is read when the archive is written, and not before: all of them may be more than there is memory. */
struct entry {
    struct files *files;
    struct archive_sum *sum;
    struct buf bytes;
    size_t given;
    int64_t changed_ms;
    zip_error_t why;
    char key[];
};

static zip_int64_t open_entry(struct entry *e)
{
    buf_free(&e->bytes);
    buf_init(&e->bytes, FILE_BYTES_MAX);
    e->given = 0;
    if (files_get(e->files, e->key, &e->bytes) != RC_OK) {
        zip_error_set(&e->why, ZIP_ER_DELETED, ENOENT);
        return -1;
    }
    e->sum->files++;
    e->sum->bytes += (int64_t)e->bytes.n;
    return 0;
}

static zip_int64_t read_entry(struct entry *e, void *data, zip_uint64_t room)
{
    size_t left = e->bytes.n - e->given, n = left < room ? left : (size_t)room;
    if (n)
        memcpy(data, e->bytes.bytes + e->given, n);
    e->given += n;
    return (zip_int64_t)n;
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
        buf_free(&e->bytes);
    if (command == ZIP_SOURCE_FREE) {
        buf_free(&e->bytes);
        free(e);
    }
    if (command == ZIP_SOURCE_SUPPORTS)
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
                                              ZIP_SOURCE_FREE, -1);
    return 0;
}

struct gathering {
    struct files *files;
    zip_t *zip;
    struct archive_sum *sum;
    bool failed;
};

static void add_entry(void *arg, const char *key, int64_t changed_ms)
{
    struct gathering *g = arg;
    size_t n = strlen(key) + 1;
    struct entry *e = calloc(1, sizeof *e + n);
    if (!e)
        abort(); /* as in the arena: no half-working state */
    *e = (struct entry){.files = g->files, .sum = g->sum, .changed_ms = changed_ms};
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
    struct gathering g = {f, zip_open(path, ZIP_CREATE | ZIP_EXCL, &code), out, false};
    if (!g.zip)
        return files_failure(errno);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && folders[i]; i++)
        rc = files_list(f, folders[i], add_entry, &g);
    if (rc == RC_OK && g.failed)
        rc = RC_FILES_UNWRITABLE;
    if (rc == RC_OK && zip_close(g.zip) == 0)
        return RC_OK;
    zip_error_t *why = zip_get_error(g.zip);
    *vanished = zip_error_code_zip(why) == ZIP_ER_DELETED;
    if (rc == RC_OK)
        rc = files_failure(zip_error_code_system(why));
    zip_discard(g.zip);
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
