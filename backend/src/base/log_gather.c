#include "base/log_gather.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { GATHERED_BYTES = 64 << 10 };

/* A newline, and behind it whole lines. */
struct heap {
    size_t n;
    char bytes[GATHERED_BYTES];
};

static struct heap heaps[2], *now = &heaps[0], *spare = &heaps[1];
static struct log_sink *to;
static atomic_bool gathers;
static bool ends;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    /* of what is gathered; never held while something is written */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; /* of the sink and `spare`; taken before `lock` */
static pthread_cond_t there_is_some = PTHREAD_COND_INITIALIZER;

static void write_out(void)
{
    pthread_mutex_lock(&writing);
    pthread_mutex_lock(&lock);
    struct heap *full = now;
    now = spare;
    spare = full;
    pthread_mutex_unlock(&lock);
    if (full->n > 1)
        log_sink_put(to, full->bytes, full->n);
    full->n = 1;
    pthread_mutex_unlock(&writing);
}

static void *write_from_time_to_time(void *arg)
{
    const struct timespec pause = {.tv_nsec = LOG_GATHER_MS * 1000000L};
    bool over = false;
    (void)arg;
    while (!over) {
        pthread_mutex_lock(&lock);
        while (now->n == 1 && !ends)
            pthread_cond_wait(&there_is_some, &lock);
        over = ends;
        pthread_mutex_unlock(&lock);
        if (!over)
            nanosleep(&pause, NULL);
        write_out();
    }
    return NULL;
}

void log_gather_begin(struct log_sink *sink)
{
    to = sink;
    ends = false;
    for (size_t i = 0; i < 2; i++) {
        heaps[i].bytes[0] = '\n';
        heaps[i].n = 1;
    }
    if (pthread_create(&thread, NULL, write_from_time_to_time, NULL) == 0)
        atomic_store(&gathers, true);
}

void log_gather_end(void)
{
    if (!atomic_exchange(&gathers, false))
        return;
    pthread_mutex_lock(&lock);
    ends = true;
    pthread_cond_signal(&there_is_some);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

/* Without the newline in front, which only ends a torn line. */
static bool add(const char *line, size_t n)
{
    pthread_mutex_lock(&lock);
    bool is_first = now->n == 1, fits = n - 1 <= sizeof now->bytes - now->n;
    if (fits) {
        memcpy(now->bytes + now->n, line + 1, n - 1);
        now->n += n - 1;
        if (is_first)
            pthread_cond_signal(&there_is_some);
    }
    pthread_mutex_unlock(&lock);
    return fits;
}

bool log_gather_put(const char *line, size_t n, bool at_once)
{
    if (!atomic_load_explicit(&gathers, memory_order_acquire))
        return false;
    while (!add(line, n))
        write_out();
    if (at_once)
        write_out();
    return true;
}
