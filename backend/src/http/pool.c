#include "http/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

struct item {
    void *item;
    int64_t since_us;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more; /* an item was put, or the pool ends */
    void (*job)(void *item);
    bool ending;
    size_t first, count, max; /* the ring */
    struct item *items;
    struct histogram wait;
    int thread_count;
    pthread_t threads[];
};

/* With the lock held. */
static void *take_oldest(struct pool *p)
{
    if (!p->count)
        return NULL;
    const struct item oldest = p->items[p->first];
    p->first = (p->first + 1) % p->max;
    p->count--;
    histogram_add(&p->wait, clock_monotonic_us() - oldest.since_us);
    return oldest.item;
}

static void *work(void *arg)
{
    struct pool *p = arg;

    for (;;) {
        pthread_mutex_lock(&p->lock);
        while (!p->count && !p->ending)
            pthread_cond_wait(&p->more, &p->lock);
        void *item = take_oldest(p);
        pthread_mutex_unlock(&p->lock);
        if (!item)
            return NULL;
        p->job(item);
    }
}

struct pool *pool_start(const char *name, int threads, size_t queue_max, void (*job)(void *item))
{
    struct pool *p = calloc(1, sizeof *p + (size_t)threads * sizeof *p->threads);
    struct item *items = calloc(queue_max, sizeof *items);

    if (!p || !items)
        abort(); /* as in the arena: no half-working state */
    p->items = items;
    p->max = queue_max;
    p->job = job;
    p->wait.bounds = histogram_us;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    for (; p->thread_count < threads; p->thread_count++) {
        pthread_t *t = &p->threads[p->thread_count];
        if (pthread_create(t, NULL, work, p) != 0)
            break;
        pthread_setname_np(*t, name);
    }
    if (!p->thread_count) {
        pool_stop(p);
        return NULL;
    }
    return p;
}

bool pool_put(struct pool *p, void *item)
{
    pthread_mutex_lock(&p->lock);
    bool taken = p->count < p->max && !p->ending;
    if (taken)
        p->items[(p->first + p->count++) % p->max] = (struct item){item, clock_monotonic_us()};
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void *pool_take_back(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    void *item = take_oldest(p);
    pthread_mutex_unlock(&p->lock);
    return item;
}

size_t pool_length(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

const struct histogram *pool_wait(const struct pool *p)
{
    return &p->wait;
}

void pool_stop(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p->items);
    free(p);
}
