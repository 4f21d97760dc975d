#include "app/continuous.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/age.h"
#include "db/ship.h"
#include "db/ship_folder.h"
#include "domain/backup.h"
#include "files/files.h"

#define UNREADABLE_AGAIN_US (INT64_C(600) * 1000000) /* how often the log tells of one */

/* Uploaded files never change, so a name that is there is the file. */
struct continuous {
    struct files *from, *to;
    const char *recipients; /* of age; NULL: they lie open */
    char **names; /* of those in the folder, sorted */
    size_t count, cap;
    enum rc rc;   /* of the round */
    int64_t told_us; /* when of a file that cannot be read; 0: not yet */
};

static size_t place_of(const struct continuous *c, const char *key, bool *found)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(c->names[mid], key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = low < c->count && strcmp(c->names[low], key) == 0;
    return low;
}

static void note_name(void *arg, const char *key, int64_t changed_ms)
{
    struct continuous *c = arg;
    bool found;
    (void)changed_ms;
    size_t at = place_of(c, key, &found);
    if (found)
        return;
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->names = realloc(c->names, c->cap * sizeof *c->names);
        if (!c->names)
            abort();
    }
    memmove(c->names + at + 1, c->names + at, (c->count - at) * sizeof *c->names);
    if (!(c->names[at] = strdup(key)))
        abort();
    c->count++;
}

static void forget_names(struct continuous *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->names[i]);
    c->count = 0;
}

/* As they lie. */
static bool seal(const struct continuous *c, struct buf *bytes)
{
    struct buf sealed;
    char said[AGE_SAID_MAX];
    if (!c->recipients)
        return true;
    buf_init(&sealed, SIZE_MAX);
    if (!age_seal(c->recipients, buf_text(bytes), bytes->n, &sealed, said)) {
        log_event(LOG_WARN, "ship.age_failed", NULL, LOG_TEXT("error", said));
        buf_free(&sealed);
        return false;
    }
    buf_free(bytes);
    *bytes = sealed;
    return true;
}

/* For a file that cannot be read the log of changes does not wait: without it all would be lost. It is tried again each time. */
static void tell_unreadable(struct continuous *c, const char *key)
{
    int64_t now_us = clock_monotonic_us();
    if (c->told_us && now_us - c->told_us < UNREADABLE_AGAIN_US)
        return;
    c->told_us = now_us;
    log_event(LOG_ERROR, "ship.file_unreadable", NULL, LOG_TEXT("key", key));
}

/* One that went meanwhile was of a row that has changed. */
static void bring_one(void *arg, const char *key, int64_t changed_ms)
{
    struct continuous *c = arg;
    struct buf bytes;
    bool found;
    place_of(c, key, &found);
    if (c->rc != RC_OK || found)
        return;
    buf_init(&bytes, SIZE_MAX);
    enum rc rc = files_get(c->from, key, &bytes);
    if (rc == RC_OK)
        rc = seal(c, &bytes) ? files_put(c->to, key, buf_text(&bytes), bytes.n) : RC_FILES_UNWRITABLE;
    buf_free(&bytes);
    if (rc == RC_OK)
        note_name(c, key, changed_ms);
    if (rc == RC_FILES_UNREADABLE)
        tell_unreadable(c, key);
    c->rc = rc == RC_NOT_FOUND || rc == RC_FILES_UNREADABLE ? RC_OK : rc;
}

static bool bring_files(void *arg, bool all)
{
    struct continuous *c = arg;
    c->rc = RC_OK;
    if (files_are_remote(c->from)) /* they are not on this machine, and the log must not wait for where they are */
        return true;
    if (all)
        forget_names(c);
    for (size_t i = 0; backup_folders[i] && c->rc == RC_OK; i++) {
        enum rc rc = all ? files_list(c->to, backup_folders[i], note_name, c) : RC_OK;
        if (rc == RC_OK)
            rc = files_list(c->from, backup_folders[i], bring_one, c);
        c->rc = c->rc == RC_OK ? rc : c->rc;
    }
    errno = c->rc == RC_DB_FULL ? ENOSPC : EIO;
    return c->rc == RC_OK;
}

enum rc continuous_start(struct app *app, struct continuous **out, struct error *why)
{
    const struct settings *s = app->settings;
    *out = NULL;
    if (!s->backup_continuous_dir)
        return RC_OK;
    struct buf uploads;
    struct continuous *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    buf_init(&uploads, 8192);
    char sealed_for[AGE_NAME_MAX] = "";
    c->recipients = s->age_recipient;
    if (c->recipients)
        age_name(c->recipients, sealed_for);
    buf_fmt(&uploads, "%s/%s%s", s->backup_continuous_dir, c->recipients ? SHIP_SEALED_UPLOADS : SHIP_UPLOADS, sealed_for);
    c->from = app->files;
    c->to = files_open_local(buf_text(&uploads));
    buf_free(&uploads);
    const struct db_ship_config config = {.folder = s->backup_continuous_dir, .interval_ms = s->backup_continuous_s * 1000, .recipients = s->age_recipient,
                                          .uploads = s->upload_dir, .files = bring_files, .arg = c};
    *out = c;
    return db_writer_ship(app->writer, &config, why);
}

void continuous_end(struct continuous *c)
{
    if (!c)
        return;
    forget_names(c);
    free(c->names);
    files_close(c->to);
    free(c);
}
