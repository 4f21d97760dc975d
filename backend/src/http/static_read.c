#include "http/static_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { DEPTH_MAX = 16 };

static enum rc fail(struct static_list *list, const char *zh, const char *en)
{
    return error_say(list->why, RC_INTERNAL, zh, en);
}

static enum rc unreadable(struct static_list *list)
{
    return fail(list, "网页目录（WEB_DIR）无法读取",
                "The folder of the page (WEB_DIR) cannot be read");
}

/* A file that grows or shrinks meanwhile is not taken half. */
static bool read_whole(int fd, char *bytes, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t more = read(fd, bytes + got, n - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static enum rc add_open_file(struct static_list *list, int fd, size_t n, const char *path)
{
    if (list->count == STATIC_FILES_MAX || n > STATIC_BYTES_MAX - list->bytes)
        return fail(
            list, "网页目录（WEB_DIR）过大：最多 5000 个文件、64 MiB",
            "The folder of the page (WEB_DIR) is too large: at most 5,000 files and 64 MiB");
    char *bytes = arena_alloc(list->arena, n + 1);
    if (!read_whole(fd, bytes, n))
        return unreadable(list);
    struct static_file *f = &list->files[list->count++];
    *f = (struct static_file){.path = arena_dup(list->arena, path)};
    f->plain = (struct static_body){.bytes = bytes, .n = n};
    list->bytes += n;
    return RC_OK;
}

static enum rc add_file(struct static_list *list, const char *full, const char *path)
{
    struct stat st;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return unreadable(list);
    enum rc rc = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
                     ? unreadable(list)
                     : add_open_file(list, fd, (size_t)st.st_size, path);
    close(fd);
    return rc;
}

static bool is_inside(const struct static_list *list, const char *real)
{
    size_t n = strlen(list->root);

    return !strncmp(real, list->root, n) && (real[n] == '/' || !strcmp(list->root, "/"));
}

/* A link to a file inside the folder is that file under another name. */
static enum rc add_link(struct static_list *list, const char *full, const char *path)
{
    struct stat st;
    char *real = realpath(full, NULL);

    if (!real)
        return unreadable(list);
    enum rc rc = RC_OK;
    if (!is_inside(list, real))
        rc = fail(list, "网页目录（WEB_DIR）中有指向目录之外的符号链接",
                  "The folder of the page (WEB_DIR) has a symbolic link that leaves it");
    else if (stat(real, &st) == 0 && S_ISREG(st.st_mode))
        rc = add_file(list, real, path);
    free(real);
    return rc;
}

static enum rc add_folder(struct static_list *list, const char *full, const char *path, int depth);

static enum rc add_entry(struct static_list *list, const char *folder, const char *path,
                         const char *name, int depth)
{
    struct stat st;
    const char *full = arena_fmt(list->arena, "%s/%s", folder, name);
    const char *below = arena_fmt(list->arena, "%s/%s", path, name);

    if (lstat(full, &st) != 0)
        return unreadable(list);
    if (S_ISLNK(st.st_mode))
        return add_link(list, full, below);
    if (S_ISDIR(st.st_mode))
        return add_folder(list, full, below, depth + 1);
    return S_ISREG(st.st_mode) && text_is_utf8(name, strlen(name)) ? add_file(list, full, below)
                                                                   : RC_OK;
}

static enum rc add_folder(struct static_list *list, const char *full, const char *path, int depth)
{
    enum rc rc = RC_OK;
    DIR *dir = depth <= DEPTH_MAX ? opendir(full) : NULL;

    if (!dir)
        return unreadable(list);
    for (const struct dirent *d = readdir(dir); d && rc == RC_OK; d = readdir(dir))
        if (d->d_name[0] != '.')
            rc = add_entry(list, full, path, d->d_name, depth);
    closedir(dir);
    return rc;
}

enum rc static_read(const char *dir, struct static_list *list)
{
    char *root = realpath(dir, NULL);

    if (!root)
        return unreadable(list);
    list->root = arena_dup(list->arena, root);
    free(root);
    return add_folder(list, list->root, "", 0);
}
