/* Who may serve a SQLite file (db.h). Locks belong to the open file (OFD locks): unlike those of a process they can be asked about
 * without being taken, and closing some other descriptor does not lose them. The files stay where they are when they are let go: taking
 * one away would let two processes lock two files of one name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sqlite.h"

#define WHO_MAX 200

struct db_hold {
    int fd;
};

/* Beside the file itself, whatever links lead there, so that two names of one file have one lock. */
static bool lock_name(const char *path, const char *ending, char out[static PATH_MAX + 8])
{
    char real[PATH_MAX];
    if (realpath(path, real))
        path = real; /* else it is not there yet: its folder says where it will be */
    bool fits = snprintf(out, PATH_MAX + 8, "%s%s", path, ending) < PATH_MAX;
    errno = fits ? 0 : ENAMETOOLONG;
    return fits;
}

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Made by root, it would keep out the program itself: it belongs to whom the folder belongs to, as SQLite does with its own files. */
static void give_away(int fd, const char *name)
{
    char folder[PATH_MAX + 8];
    struct stat st;
    snprintf(folder, sizeof folder, "%s", name);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    if (geteuid() == 0 && stat(slash ? folder : ".", &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
        return; /* a disk without owners */
}

/* What stands there comes from another process: only what can be shown. */
static void read_who(int fd, char who[static WHO_MAX])
{
    ssize_t n = pread(fd, who, WHO_MAX - 1, 0);
    size_t length = n > 0 ? (size_t)n : 0;
    who[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)who[i] < 0x20 || (unsigned char)who[i] > 0x7e)
            who[i] = i + 1 == length ? '\0' : ' ';
}

/* One of the two locks: its file, and what is said to whom it is refused: before and after who has it. */
struct place {
    const char *ending, *zh, *zh_way_out, *en, *en_way_out;
};

static const struct place serving = {
    ".lock", "另一个 mms 正在使用",
    "一个 SQLite 文件同一时刻只能由一个实例提供服务：请先停止它，或设置 DB_TAKEOVER_WAIT 等待接管；需要多个实例时请改用 PostgreSQL（DATABASE_URL）",
    "another mms serves it",
    "A SQLite file has one instance at a time: stop that one first, or set DB_TAKEOVER_WAIT to wait for it; several instances want "
    "PostgreSQL (DATABASE_URL)"};
static const struct place waiting = {".next", "已有另一个 mms 在等待接管", "请先停止它", "another mms waits for it already",
                                     "Stop that one first"};

static enum rc say_held(const char *path, int fd, const struct place *p, struct error *why)
{
    static _Thread_local char zh[1600], en[1600];
    char who[WHO_MAX] = "";
    read_who(fd, who);
    const char *shown = *who ? who : "?";
    snprintf(zh, sizeof zh, "数据库 %.600s：%s（%s）。%s", path, p->zh, shown, p->zh_way_out);
    snprintf(en, sizeof en, "Database %.600s: %s (%s). %s", path, p->en, shown, p->en_way_out);
    return error_say(why, RC_DB_BUSY, zh, en);
}

static enum rc lock(const char *path, const struct place *p, const char *who, struct db_hold **out, struct error *why)
{
    char name[PATH_MAX + 8];
    enum rc rc = sqlite_look(path, why);
    if (rc != RC_OK)
        return rc;
    int fd = lock_name(path, p->ending, name) ? open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640) : -1;
    if (fd < 0)
        return sqlite_refuse_unwritable(path, errno, why);
    give_away(fd, name);
    struct flock whole = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        rc = errno == EAGAIN || errno == EACCES ? say_held(path, fd, p, why) : sqlite_refuse_unwritable(path, errno, why);
        close(fd);
        return rc;
    }
    /* On a full disk nobody can read who it is; it is held all the same. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, who, strnlen(who, WHO_MAX - 1), 0) < 0)
        errno = 0;
    struct db_hold *h = malloc(sizeof *h);
    if (!h)
        abort();
    h->fd = fd;
    *out = h;
    return RC_OK;
}

enum rc db_hold_take(const char *place, const char *who, struct db_hold **out, struct error *why)
{
    return db_is_server(place) ? RC_OK : lock(place, &serving, who, out, why);
}

enum rc db_hold_queue(const char *place, const char *who, struct db_hold **out, struct error *why)
{
    return db_is_server(place) ? RC_OK : lock(place, &waiting, who, out, why);
}

void db_hold_release(struct db_hold *h)
{
    if (!h)
        return;
    close(h->fd);
    free(h);
}

bool db_hold_is_awaited(const char *place)
{
    char name[PATH_MAX + 8];
    struct flock whole = whole_file();
    int fd = !db_is_server(place) && lock_name(place, waiting.ending, name) ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    bool awaited = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    close(fd);
    return awaited;
}
