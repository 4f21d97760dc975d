#include "http/page.h"

#include <fts.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

enum {
    LOOK_MS = 1000,
    SETTLED_MS = 3000, /* nothing written for so long: the build is through */
    RETRY_MS = 60 * 1000
};

/* Which index.html it is. The inode's own time, not the content's: copying may bring an old one of
 * that along. */
struct stamp {
    dev_t device;
    ino_t inode;
    int64_t changed_ns;
};

struct page_edition {
    struct static_site *site;
    struct stamp stamp;
    size_t holders; /* the page itself is one while this is in force; under its lock */
};

struct page {
    struct arena arena;
    char *dir;
    const char *index;
    pthread_mutex_t lock;
    struct page_edition *now;
    int64_t next_look_ms;
};

static int64_t changed_ns(const struct stat *st)
{
    return st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec;
}

static bool read_stamp(const struct page *p, struct stamp *out)
{
    struct stat st;

    if (stat(p->index, &st) != 0)
        return false;
    *out = (struct stamp){st.st_dev, st.st_ino, changed_ns(&st)};
    return true;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->changed_ns == b->changed_ns;
}

static void let_go(struct page_edition *e)
{
    if (!e || --e->holders)
        return;
    static_free(e->site);
    free(e);
}

static enum rc load(const struct page *p, struct page_edition **out, struct error *why)
{
    struct stamp stamp = {0};
    struct static_site *site = NULL;

    read_stamp(p, &stamp); /* before the files: what changes meanwhile is seen at the next look */
    enum rc rc = static_load(p->dir, &site, why);
    if (rc != RC_OK)
        return rc;
    struct page_edition *e = calloc(1, sizeof *e);
    if (!e)
        abort(); /* as in the arena: no half-working state */
    *e = (struct page_edition){.site = site, .stamp = stamp, .holders = 1};
    *out = e;
    return RC_OK;
}

enum rc page_open(const char *dir, struct page **out, struct error *why)
{
    struct page *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    arena_init(&p->arena);
    pthread_mutex_init(&p->lock, NULL);
    p->dir = arena_dup(&p->arena, dir);
    p->index = arena_fmt(&p->arena, "%s/index.html", dir);
    enum rc rc = load(p, &p->now, why);
    if (rc == RC_OK)
        *out = p;
    else
        page_close(p);
    return rc;
}

void page_close(struct page *p)
{
    if (!p)
        return;
    let_go(p->now);
    pthread_mutex_destroy(&p->lock);
    arena_free(&p->arena);
    free(p);
}

/* Compressed forms are written well after the index, one by one. A change far in the future: the
 * clock was set back, which says nothing. */
static bool is_settled(const struct page *p)
{
    int64_t now_ms = clock_now_ms();
    bool settled = true;
    FTS *walk =
        fts_open((char *const[]){p->dir, NULL}, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);

    for (FTSENT *f = walk ? fts_read(walk) : NULL; f && settled; f = fts_read(walk))
        if (f->fts_info == FTS_F || f->fts_info == FTS_D)
            settled = llabs(now_ms - changed_ns(f->fts_statp) / 1000000) >= SETTLED_MS;
    if (walk)
        fts_close(walk);
    return settled;
}

/* No index: a build is under way. */
static bool is_outdated(const struct page *p)
{
    struct stamp stamp;

    return read_stamp(p, &stamp) && !same_stamp(&stamp, &p->now->stamp) && is_settled(p);
}

static void look(struct page *p, int64_t now_ms)
{
    struct page_edition *next = NULL;
    struct error why = {0};

    p->next_look_ms = now_ms + LOOK_MS;
    if (!is_outdated(p))
        return;
    if (load(p, &next, &why) != RC_OK) {
        p->next_look_ms = now_ms + RETRY_MS;
        log_event(LOG_WARN, "page.not_loaded", NULL, LOG_TEXT("reason", why.en));
        return;
    }
    let_go(p->now);
    p->now = next;
    log_event(LOG_INFO, "page.loaded", NULL, LOG_TEXT("folder", p->dir));
}

struct page_edition *page_take(struct page *p)
{
    int64_t now_ms = clock_monotonic_us() / 1000;

    pthread_mutex_lock(&p->lock);
    if (now_ms >= p->next_look_ms)
        look(p, now_ms);
    struct page_edition *e = p->now;
    e->holders++;
    pthread_mutex_unlock(&p->lock);
    return e;
}

void page_put(struct page *p, struct page_edition *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&p->lock);
    let_go(e);
    pthread_mutex_unlock(&p->lock);
}

const struct static_site *page_site(const struct page_edition *e)
{
    return e->site;
}
