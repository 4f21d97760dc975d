/* Pictures of people: read from the old upload folder, encoded anew like everything that is sent, before the import; named in it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/avatar.h"
#include "domain/loose_file.h"
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

static int open_picture(const char *uploads, const char *name, struct arena *a)
{
    int fd = open(arena_fmt(a, "%s/avatars/%s", uploads, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 ? fd : open(arena_fmt(a, "%s/%s", uploads, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* NULL: not there, or too large. */
static const unsigned char *read_picture(const char *uploads, const char *name, struct arena *a, size_t *n)
{
    struct stat st;
    int fd = open_picture(uploads, name, a);
    if (fd < 0)
        return NULL;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= PICTURE_BYTES_MAX;
    unsigned char *bytes = good ? arena_alloc(a, (size_t)st.st_size) : NULL;
    *n = 0;
    while (good && *n < (size_t)st.st_size) {
        ssize_t got = read(fd, bytes + *n, (size_t)st.st_size - *n);
        good = got > 0;
        *n += good ? (size_t)got : 0;
    }
    close(fd);
    return good ? bytes : NULL;
}

/* ---------------------------------------------------------------- before the import */

struct picture {
    const char *key; /* NULL: there is none, because … */
    enum reason why;
    bool is_put, is_named;
};

struct legacy_pictures {
    struct arena *arena;
    struct id_map of_user;
    struct {
        struct picture *items;
        size_t count, cap;
    } list;
};

struct legacy_pictures *legacy_pictures_new(struct arena *a)
{
    struct legacy_pictures *p = arena_new(a, struct legacy_pictures);
    *p = (struct legacy_pictures){.arena = a, .of_user.arena = a};
    return p;
}

struct putting {
    struct legacy_pictures *pictures;
    const struct legacy_options *options;
    struct files *files;
    struct arena scratch; /* of one row */
    int64_t done;
};

static enum rc put_picture(struct putting *k, struct picture *of, const struct buf *picture, enum picture_type type)
{
    char name[2 * NAME_BYTES + 1];
    random_hex(NAME_BYTES, name);
    of->key = arena_fmt(k->pictures->arena, "avatars/%s.%s", name, type == PICTURE_JPEG ? "jpg" : "png");
    if (k->options->dry_run)
        return RC_OK;
    TRY(k->options->note_file(k->options->note_arg, of->key));
    of->is_put = true; /* before it is there: what fails half-way is removed, too */
    return files_put(k->files, of->key, picture->bytes, picture->n);
}

static enum rc bring_picture(struct putting *k, struct picture *of, const char *avatar)
{
    size_t n = 0;
    const char *name = file_name(avatar);
    const unsigned char *bytes = name ? read_picture(k->options->uploads, name, &k->scratch, &n) : NULL;
    struct buf picture;
    enum picture_type type;
    enum rc rc = RC_OK;
    buf_init(&picture, (size_t)PICTURE_BYTES_MAX);
    of->why = WHY_picture_missing;
    if (bytes && picture_fit(bytes, n, AVATAR_EDGE, &picture, &type) == RC_OK)
        rc = put_picture(k, of, &picture, type);
    else if (bytes)
        of->why = WHY_picture_broken;
    buf_free(&picture);
    return rc;
}

static enum rc take_user(void *arg, const struct legacy_value *row)
{
    struct putting *k = arg;
    struct legacy_pictures *p = k->pictures;
    arena_reset(&k->scratch);
    const char *avatar = row[1].text ? arena_copy(&k->scratch, row[1].text, row[1].n) : NULL;
    if (row[0].kind != LEGACY_INT || text_is_blank(avatar))
        return RC_OK;
    id_put(&p->of_user, row[0].number, p->list.count);
    struct picture *of = LIST_ADD(p->arena, p->list);
    *of = (struct picture){0};
    if (k->options->progress)
        k->options->progress(k->options->progress_arg, "头像 / pictures", ++k->done, 0);
    return bring_picture(k, of, avatar);
}

enum rc legacy_pictures_put(struct legacy_pictures *p, const struct legacy_options *options, struct files *files, struct error *why)
{
    static const char *const columns[] = {"id", "avatar"};
    static const struct legacy_table users = {"users", columns, sizeof columns / sizeof *columns};
    struct putting k = {.pictures = p, .options = options, .files = files};
    struct legacy_file *file = NULL;
    struct legacy_outcome outcome;
    TRY(legacy_open(options->path, p->arena, &file, why));
    arena_init(&k.scratch);
    enum rc rc = legacy_has_table(file, users.name) ? legacy_read(file, &users, take_user, &k, &outcome) : RC_OK;
    arena_free(&k.scratch);
    legacy_close(file);
    return rc == RC_OK ? RC_OK : error_set(why, rc);
}

void legacy_pictures_remove(struct legacy_pictures *p, struct files *files, bool all)
{
    for (size_t i = 0; i < p->list.count; i++) {
        struct picture *of = &p->list.items[i];
        if (of->is_put && (all || !of->is_named) && files_remove(files, of->key) != RC_OK)
            return;
    }
}

/* ---------------------------------------------------------------- in the import */

void forget_pictures(struct legacy_pictures *p)
{
    for (size_t i = 0; i < p->list.count; i++)
        p->list.items[i].is_named = false;
}

void import_picture(struct old_row *r, int column)
{
    struct legacy_import *im = r->im;
    struct legacy_pictures *p = im->options->pictures;
    if (text_is_blank(row_text(r, column)))
        return;
    if (!p) {
        row_replaced(r, column, WHY_picture_not_asked, NULL);
        return;
    }
    size_t at = id_get(&p->of_user, r->id);
    struct picture *of = at == ID_NONE ? NULL : &p->list.items[at];
    if (!of || !of->key) {
        row_replaced(r, column, of ? of->why : WHY_picture_missing, NULL); /* not there: he has it only since they were brought */
        return;
    }
    of->is_named = true;
    if (of->is_put) {
        struct ctx now = *im->c;
        now.now_ms = im->now_ms;
        import_fail(im, loose_file_take(&now, of->key));
    }
    import_exec(im, &SET_AVATAR, DB_ARGS(DB_I(r->id), DB_T(arena_fmt(im->c->arena, "/uploads/%s", of->key))));
}
