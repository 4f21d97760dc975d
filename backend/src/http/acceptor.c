#include "http/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

struct acceptor {
    int listen_fd;
    int end_fd; /* wakes the thread when it is to end */
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

/* Takes one more, whose place is reserved; false: nobody was let in (errno). */
static bool accept_one(struct acceptor *a)
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof peer;
    int fd = accept4(a->listen_fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int error = errno;

    if (fd >= 0 && a->take(a->app, fd, (const struct sockaddr *)&peer, n))
        return true;
    acceptor_release(a);
    errno = fd < 0 ? error : 0;
    return false;
}

/* Those who stand before the door when it is shut have come in time: the kernel has told them so already. */
static void let_in_the_last(struct acceptor *a)
{
    pthread_mutex_lock(&a->lock);
    size_t room = a->max > a->open ? a->max - a->open : 0;
    pthread_mutex_unlock(&a->lock);
    for (; room > 0; room--) {
        pthread_mutex_lock(&a->lock);
        a->open++;
        pthread_mutex_unlock(&a->lock);
        if (!accept_one(a) && errno != 0 && errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static void *accept_all(void *arg)
{
    struct acceptor *a = arg;
    struct pollfd wanted[] = {{.fd = a->listen_fd, .events = POLLIN}, {.fd = a->end_fd, .events = POLLIN}};
    bool told = false;

    while (reserve(a)) {
        if (accept_one(a)) {
            told = false;
            continue;
        }
        if (errno == EAGAIN)
            poll(wanted, 2, -1);
        else
            wait_after_failure(errno, &told);
    }
    let_in_the_last(a);
    return NULL;
}

bool acceptor_start(int listen_fd, size_t connections_max, acceptor_take_fn take, void *app,
                    struct acceptor **out)
{
    struct acceptor *a = calloc(1, sizeof *a);

    if (!a)
        abort(); /* as in the arena: no half-working state */
    a->listen_fd = listen_fd;
    a->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->end_fd < 0 || fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK) != 0) {
        if (a->end_fd >= 0)
            close(a->end_fd);
        free(a);
        return false;
    }
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
    eventfd_write(a->end_fd, 1);
    pthread_join(a->thread, NULL);
    close(a->listen_fd);
}

void acceptor_free(struct acceptor *a)
{
    if (!a)
        return;
    close(a->end_fd);
    pthread_cond_destroy(&a->room);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
