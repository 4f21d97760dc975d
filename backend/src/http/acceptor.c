#include "http/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

struct acceptor {
    int listen_fd;
    acceptor_take_fn take;
    void *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t room; /* a connection ended, or the acceptor ends */
    size_t open, max;    /* under lock, as is `ending` */
    bool ending;
};

/* Waits for room for one more and counts it; false: the acceptor ends. */
static bool reserve(struct acceptor *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->open >= a->max && !a->ending)
        pthread_cond_wait(&a->room, &a->lock);
    bool go_on = !a->ending;
    a->open += go_on;
    pthread_mutex_unlock(&a->lock);
    return go_on;
}

size_t acceptor_open(struct acceptor *a)
{
    pthread_mutex_lock(&a->lock);
    size_t open = a->open;
    pthread_mutex_unlock(&a->lock);
    return open;
}

bool acceptor_is_crowded(struct acceptor *a)
{
    pthread_mutex_lock(&a->lock);
    bool crowded = a->open > a->max / 2;
    pthread_mutex_unlock(&a->lock);
    return crowded;
}

void acceptor_release(struct acceptor *a)
{
    pthread_mutex_lock(&a->lock);
    a->open--;
    pthread_cond_signal(&a->room);
    pthread_mutex_unlock(&a->lock);
}

/* Without descriptors or memory accept fails at once, again and again: not so fast. */
static void wait_after_failure(int error, bool *told)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
        return;
    if (!*told)
        log_event(LOG_WARN, "http.cannot_accept", NULL, LOG_INT("errno", error));
    *told = true;
    nanosleep(&pause, NULL);
}

static void *accept_all(void *arg)
{
    struct acceptor *a = arg;
    struct sockaddr_storage peer;
    bool told = false;

    while (reserve(a)) {
        socklen_t n = sizeof peer;
        int fd = accept4(a->listen_fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            int error = errno;
            acceptor_release(a);
            wait_after_failure(error, &told);
        } else if (a->take(a->app, fd, (const struct sockaddr *)&peer, n)) {
            told = false;
        } else {
            acceptor_release(a);
        }
    }
    return NULL;
}

bool acceptor_start(int listen_fd, size_t connections_max, acceptor_take_fn take, void *app,
                    struct acceptor **out)
{
    struct acceptor *a = calloc(1, sizeof *a);

    if (!a)
        abort(); /* as in the arena: no half-working state */
    a->listen_fd = listen_fd;
    a->take = take;
    a->app = app;
    a->max = connections_max;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->room, NULL);
    *out = a;
    if (pthread_create(&a->thread, NULL, accept_all, a) != 0) {
        acceptor_free(a);
        *out = NULL;
        return false;
    }
    pthread_setname_np(a->thread, "accept");
    return true;
}

void acceptor_stop(struct acceptor *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->ending = true;
    pthread_cond_signal(&a->room);
    pthread_mutex_unlock(&a->lock);
    shutdown(a->listen_fd, SHUT_RDWR); /* wakes accept4, which fails from now on */
    pthread_join(a->thread, NULL);
    close(a->listen_fd);
}

void acceptor_free(struct acceptor *a)
{
    if (!a)
        return;
    pthread_cond_destroy(&a->room);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
