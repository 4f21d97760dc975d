#include "ops/files_move.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "files/crc64.h"

#define SHOW_EVERY_MS 200
#define WHY_BYTES 700

static const char *const folders[] = {"avatars", "imports", "exports", NULL};

/* A round over the items, by several threads. */
struct round {
    struct files_move *m;
    void (*each)(struct round *r, struct files_move_item *item);
    pthread_mutex_t lock; /* over what follows, the arena and the counts of m */
    pthread_cond_t ended;
    size_t next;
    int running;
};

/* What is not finished, and what is only kept for an hour (a copy of the database), stays where it is. */
static bool is_ours(const char *key)
{
    size_t n = strlen(key);
    return !(n > 5 && strcmp(key + n - 5, ".part") == 0) && !text_starts(key, "exports/mms-");
}

enum rc files_move_list(struct files_move *m)
{
    struct files_names names[sizeof folders / sizeof *folders] = {{0}};
    size_t count = 0;
    for (size_t i = 0; folders[i]; i++) {
        TRY(files_gather(m->from, folders[i], &m->arena, &names[i]));
        count += names[i].n;
    }
    m->items = arena_array(&m->arena, count + 1, sizeof *m->items);
    for (size_t i = 0; folders[i]; i++)
        for (size_t k = 0; k < names[i].n; k++)
            if (is_ours(names[i].at[k]))
                m->items[m->count++] = (struct files_move_item){.key = names[i].at[k], .why = ""};
    return RC_OK;
}

size_t files_move_strangers(struct files_move *m, const char *uploads, const char **one)
{
    size_t n = 0;
    for (size_t i = 0; folders[i]; i++) {
        DIR *dir = opendir(arena_fmt(&m->arena, "%s/%s", uploads, folders[i]));
        for (const struct dirent *entry; dir && (entry = readdir(dir));) {
            const char *key = arena_fmt(&m->arena, "%s/%s", folders[i], entry->d_name);
            if (entry->d_name[0] == '.' || files_key_is_good(key))
                continue;
            *one = key;
            n++;
        }
        if (dir)
            closedir(dir);
    }
    return n;
}

/* ---------------------------------------------------------------- one file */

static void say(struct round *r, struct files_move_item *item, enum rc rc)
{
    struct buf why;
    buf_init(&why, WHY_BYTES);
    struct files *local = files_are_remote(r->m->from) ? r->m->to : r->m->from;
    if (rc == RC_FILES_UNREADABLE)
        files_why(local, &why);
    else if (rc == RC_FILES_AWAY || rc == RC_FILES_REFUSED || rc == RC_FILES_BROKEN)
        files_why(local == r->m->to ? r->m->from : r->m->to, &why);
    item->state = FILES_FAILED;
    item->rc = rc;
    pthread_mutex_lock(&r->lock);
    item->why = arena_dup(&r->m->arena, buf_text(&why));
    pthread_mutex_unlock(&r->lock);
    buf_free(&why);
}

static bool same(const struct files_fact *a, const struct files_fact *b)
{
    return a->bytes == b->bytes && a->crc == b->crc;
}

static enum rc copy_bytes(struct files_move *m, const char *key)
{
    int fd;
    int64_t bytes;
    TRY(files_open_file(m->from, key, m->folder, &fd, &bytes));
    const struct files_source source = files_source_fd(&fd, bytes);
    enum rc rc = files_put_from(m->to, key, &source);
    close(fd);
    return rc;
}

/* Nothing is believed of it but what the other side says afterwards. */
static void copy_one(struct round *r, struct files_move_item *item)
{
    struct files_move *m = r->m;
    struct files_fact here, there;
    enum rc rc = files_head(m->from, item->key, &here);
    if (rc == RC_NOT_FOUND) {
        item->state = FILES_GONE;
        return;
    }
    if (rc != RC_OK) {
        say(r, item, rc);
        return;
    }
    item->bytes = here.bytes;
    rc = files_head(m->to, item->key, &there);
    if (rc == RC_OK) {
        item->state = same(&here, &there) ? FILES_THERE : FILES_DIFFERENT;
        return;
    }
    if (rc == RC_NOT_FOUND)
        rc = copy_bytes(m, item->key);
    if (rc == RC_NOT_FOUND) {
        item->state = FILES_GONE;
        return;
    }
    if (rc == RC_OK)
        rc = files_head(m->to, item->key, &there);
    if (rc == RC_OK && !same(&here, &there))
        rc = RC_FILES_BROKEN;
    if (rc == RC_OK)
        item->state = FILES_COPIED;
    else
        say(r, item, rc);
}

static bool add_up(void *arg, const void *bytes, size_t n)
{
    struct files_fact *fact = arg;
    fact->crc = crc64(fact->crc, bytes, n);
    fact->bytes += (int64_t)n;
    return true;
}

static bool add_anew(void *arg)
{
    *(struct files_fact *)arg = (struct files_fact){0};
    return true;
}

/* The second proof: the bytes themselves, read back. */
static void delete_one(struct round *r, struct files_move_item *item)
{
    struct files_move *m = r->m;
    struct files_fact here, read = {0};
    const struct files_sink sink = {add_up, &read, add_anew};
    if (item->state != FILES_COPIED && item->state != FILES_THERE)
        return;
    enum rc rc = files_head(m->from, item->key, &here);
    if (rc == RC_NOT_FOUND) {
        item->state = FILES_GONE;
        return;
    }
    if (rc == RC_OK)
        rc = files_get_to(m->to, item->key, &sink);
    if (rc == RC_OK && !same(&here, &read))
        rc = RC_FILES_BROKEN;
    if (rc != RC_OK) {
        say(r, item, rc);
        return;
    }
    rc = files_remove(m->from, item->key);
    if (rc == RC_OK)
        item->state = FILES_DELETED;
    else
        say(r, item, rc);
}

/* ---------------------------------------------------------------- a round */

/* Under the lock. */
static void note_done(struct files_move *m, const struct files_move_item *item)
{
    bool failed = item->state == FILES_FAILED;
    m->done++;
    m->moved_bytes += item->state == FILES_COPIED ? item->bytes : 0;
    m->failures_in_row = failed ? m->failures_in_row + 1 : 0;
    m->gave_up = m->gave_up || m->failures_in_row >= FILES_MOVE_GIVES_UP;
}

static void *work(void *arg)
{
    struct round *r = arg;
    pthread_mutex_lock(&r->lock);
    while (r->next < r->m->count && !r->m->gave_up) {
        struct files_move_item *item = &r->m->items[r->next++];
        pthread_mutex_unlock(&r->lock);
        r->each(r, item);
        pthread_mutex_lock(&r->lock);
        note_done(r->m, item);
    }
    r->running--;
    pthread_cond_signal(&r->ended);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void watch(struct round *r, void (*shows)(void *arg, const struct files_move *m), void *arg)
{
    pthread_mutex_lock(&r->lock);
    while (r->running) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += SHOW_EVERY_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&r->ended, &r->lock, &until);
        shows(arg, r->m);
    }
    pthread_mutex_unlock(&r->lock);
}

static void go_round(struct files_move *m, void (*each)(struct round *r, struct files_move_item *item),
                     void (*shows)(void *arg, const struct files_move *m), void *arg)
{
    struct round r = {.m = m, .each = each};
    pthread_t threads[FILES_MOVE_PARALLEL_MAX];
    int started = 0;
    m->done = 0;
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.ended, NULL);
    pthread_mutex_lock(&r.lock);
    while (started < m->parallel && pthread_create(&threads[started], NULL, work, &r) == 0)
        started++;
    r.running = started;
    pthread_mutex_unlock(&r.lock);
    if (!started)
        abort(); /* not one thread: as without memory */
    watch(&r, shows, arg);
    while (started)
        pthread_join(threads[--started], NULL);
    pthread_mutex_destroy(&r.lock);
    pthread_cond_destroy(&r.ended);
}

void files_move_copy(struct files_move *m, void (*shows)(void *arg, const struct files_move *m), void *arg)
{
    go_round(m, copy_one, shows, arg);
}

void files_move_delete(struct files_move *m, void (*shows)(void *arg, const struct files_move *m), void *arg)
{
    go_round(m, delete_one, shows, arg);
}

size_t files_move_count(const struct files_move *m, enum files_moved state)
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += m->items[i].state == state;
    return n;
}

void files_move_end(struct files_move *m)
{
    files_close(m->from);
    files_close(m->to);
    arena_free(&m->arena);
}
