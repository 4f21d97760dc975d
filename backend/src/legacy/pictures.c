/* Pictures of people: read from the old upload folder, encoded anew like everything that is sent. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/avatar.h"
#include "files/files.h"
#include "legacy/import.h"
#include "media/picture.h"

#define PICTURE_BYTES_MAX (INT64_C(32) << 20)
#define NAME_BYTES 16 /* random, as avatar.c makes them */

static const struct sql SET_AVATAR = {"legacy.avatar", "UPDATE users SET avatar = $2 WHERE id = $1"};

/* The file's name alone; NULL: it would lead elsewhere. */
static const char *file_name(const char *avatar)
{
    const char *slash = strrchr(avatar, '/');
    const char *name = slash ? slash + 1 : avatar;
    return *name && *name != '.' ? name : NULL;
}

static int open_picture(struct old_row *r, const char *name)
{
    struct arena *a = r->im->c->arena;
    const char *uploads = r->im->options->uploads;
    int fd = open(arena_fmt(a, "%s/avatars/%s", uploads, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 ? fd : open(arena_fmt(a, "%s/%s", uploads, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* NULL: not there, or too large. */
static const unsigned char *read_picture(struct old_row *r, const char *name, size_t *n)
{
    struct stat st;
    int fd = open_picture(r, name);
    if (fd < 0)
        return NULL;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= PICTURE_BYTES_MAX;
    unsigned char *bytes = good ? arena_alloc(r->im->c->arena, (size_t)st.st_size) : NULL;
    *n = 0;
    while (good && *n < (size_t)st.st_size) {
        ssize_t got = read(fd, bytes + *n, (size_t)st.st_size - *n);
        good = got > 0;
        *n += good ? (size_t)got : 0;
    }
    close(fd);
    return good ? bytes : NULL;
}

static void keep_picture(struct old_row *r, const struct buf *picture, enum picture_type type)
{
    struct legacy_import *im = r->im;
    char name[2 * NAME_BYTES + 1];
    random_hex(NAME_BYTES, name);
    char *key = arena_fmt(im->keep, "avatars/%s.%s", name, type == PICTURE_JPEG ? "jpg" : "png");
    if (!im->options->dry_run) {
        *LIST_ADD(im->keep, im->pictures) = key; /* before it is there: what fails half-way is removed, too */
        enum rc rc = files_put(im->c->files, key, picture->bytes, picture->n);
        if (rc != RC_OK)
            import_fail(im, error_set(&im->c->err, rc));
    }
    import_exec(im, &SET_AVATAR, DB_ARGS(DB_I(r->id), DB_T(arena_fmt(im->c->arena, "/uploads/%s", key))));
}

void import_picture(struct old_row *r, int column)
{
    const char *avatar = row_text(r, column);
    size_t n = 0;
    if (text_is_blank(avatar))
        return;
    if (!r->im->options->uploads) {
        row_replaced(r, column, WHY_picture_not_asked, NULL);
        return;
    }
    const char *name = file_name(avatar);
    const unsigned char *bytes = name ? read_picture(r, name, &n) : NULL;
    struct buf picture;
    enum picture_type type;
    buf_init(&picture, (size_t)PICTURE_BYTES_MAX);
    if (!bytes)
        row_replaced(r, column, WHY_picture_missing, NULL);
    else if (picture_fit(bytes, n, AVATAR_EDGE, &picture, &type) != RC_OK)
        row_replaced(r, column, WHY_picture_broken, NULL);
    else
        keep_picture(r, &picture, type);
    buf_free(&picture);
}
