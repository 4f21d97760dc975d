#include "domain/database_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/token.h"
#include "domain/search_index.h"

#define FOLDER "exports"
#define PREFIX "mms-"
#define SECRET_BYTES 16
#define STAMP_CHARS 15 /* "20261124-083000" */

static const char *folder_of(struct ctx *c)
{
    return arena_fmt(c->arena, "%s/" FOLDER, c->settings->upload_dir);
}

/* Ours, and nothing that leaves the folder: mms-DIGITS-DIGITS-HEX.db */
static bool is_name(const char *name)
{
    size_t n = strlen(PREFIX);
    if (!name || !text_starts(name, PREFIX) || strspn(name + n, "0123456789-") < STAMP_CHARS + 1)
        return false;
    n += STAMP_CHARS + 1;
    return strspn(name + n, "0123456789abcdef") == 2 * SECRET_BYTES && strcmp(name + n + 2 * SECRET_BYTES, ".db") == 0;
}

static const char *shown_name(struct ctx *c, const char *name)
{
    return arena_fmt(c->arena, "%.*s.db", (int)(strlen(PREFIX) + STAMP_CHARS), name);
}

static bool is_over(const struct ctx *c, const struct stat *st)
{
    return st->st_mtime * 1000 < c->now_ms - DATABASE_COPY_KEPT_MS;
}

static void remove_old(struct ctx *c, const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat st;
        const char *path = arena_fmt(c->arena, "%s/%s", folder, entry->d_name);
        if (text_starts(entry->d_name, PREFIX) && stat(path, &st) == 0 && is_over(c, &st))
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

static bool make_folder(const char *path)
{
    struct stat st;
    if (mkdir(path, 0750) == 0)
        return true;
    if (errno != EEXIST || stat(path, &st) != 0)
        return false;
    errno = ENOTDIR; /* for the log */
    return S_ISDIR(st.st_mode);
}

/* In the company's eyes a name needs no zone: it only tells copies apart. */
static const char *new_name(struct ctx *c)
{
    char secret[2 * SECRET_BYTES + 1], stamp[CLOCK_TEXT_MAX]; /* "2026-11-24 08:30:00" */
    random_hex(SECRET_BYTES, secret);
    clock_print_row(c->now_ms, stamp);
    return arena_fmt(c->arena, PREFIX "%.4s%.2s%.2s-%.2s%.2s%.2s-%s.db", stamp, stamp + 5, stamp + 8, stamp + 11,
                     stamp + 14, stamp + 17, secret);
}

enum rc database_copy_make(struct ctx *c, struct database_copy *out)
{
    char why[DB_WHY_MAX];
    struct stat st;
    const char *folder = folder_of(c);
    if (!make_folder(c->settings->upload_dir) || !make_folder(folder)) {
        log_event(LOG_ERROR, "export.folder", c->request_id, LOG_TEXT("folder", folder), LOG_TEXT("error", strerror(errno)));
        return error_set(&c->err, RC_FILES_UNWRITABLE);
    }
    remove_old(c, folder);
    out->name = new_name(c);
    out->shown = shown_name(c, out->name);
    const char *path = arena_fmt(c->arena, "%s/%s", folder, out->name);
    enum rc rc = db_back_up(c->db, path, search_fill_database, why);
    if (rc != RC_OK) {
        log_event(LOG_ERROR, "export.copy", c->request_id, LOG_TEXT("error", why));
        unlink(path);
        return error_set(&c->err, rc);
    }
    if (chmod(path, 0600) != 0 || stat(path, &st) != 0)
        return error_set(&c->err, RC_INTERNAL);
    out->size = st.st_size;
    return RC_OK;
}

enum rc database_copy_open(struct ctx *c, const char *name, struct database_copy *out, int *fd)
{
    struct stat st;
    if (!is_name(name))
        return error_set(&c->err, RC_NOT_FOUND);
    *fd = open(arena_fmt(c->arena, "%s/%s", folder_of(c), name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return error_set(&c->err, RC_NOT_FOUND);
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode) || is_over(c, &st)) {
        close(*fd);
        return error_set(&c->err, RC_NOT_FOUND);
    }
    *out = (struct database_copy){name, shown_name(c, name), st.st_size};
    return RC_OK;
}
