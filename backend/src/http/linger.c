#include "http/linger.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct lingering {
    int fd;
    int64_t until_us;
    size_t bytes_left;
};

struct linger_set {
    pthread_t thread;
    int wake; /* an eventfd */
    pthread_mutex_t lock;
    bool ending;                          /* under lock, as are the next two */
    struct lingering of[LINGER_SOCKETS];
    size_t count;
};

void linger_take(struct linger_set *l, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0)
        return;
    pthread_mutex_lock(&l->lock);
    bool taken = !l->ending && l->count < LINGER_SOCKETS;
    if (taken)
        l->of[l->count++] =
            (struct lingering){copy, clock_monotonic_us() + LINGER_MS * 1000, LINGER_BYTES};
    pthread_mutex_unlock(&l->lock);
    if (taken)
        eventfd_write(l->wake, 1);
    else
        close(copy);
}

/* Throws away what is there; false: the client has ended, or has had enough. */
static bool read_on(struct lingering *s)
{
    char nothing[16 * 1024];

    for (;;) {
        ssize_t n = recv(s->fd, nothing, sizeof nothing, MSG_DONTWAIT);
        if (n <= 0)
            return n < 0; /* nothing there yet, or an error that poll tells again */
        if ((size_t)n >= s->bytes_left)
            return false;
        s->bytes_left -= (size_t)n;
    }
}

static bool goes_on(struct lingering *s, short events, int64_t now_us)
{
    if (now_us >= s->until_us || events & (POLLERR | POLLNVAL))
        return false;
    return !(events & (POLLIN | POLLHUP)) || (read_on(s) && !(events & POLLHUP));
}

/* Waits for the first `n` and does what there is to do. */
static void attend(struct linger_set *l, size_t n)
{
    struct pollfd all[LINGER_SOCKETS + 1] = {{.fd = l->wake, .events = POLLIN}};
    eventfd_t woken;

    for (size_t i = 0; i < n; i++)
        all[i + 1] = (struct pollfd){.fd = l->of[i].fd, .events = POLLIN};
    poll(all, (nfds_t)n + 1, n ? 100 : -1);
    if (all[0].revents)
        eventfd_read(l->wake, &woken);
    int64_t now_us = clock_monotonic_us();
    for (size_t i = n; i > 0; i--) { /* from the end: the last one takes the place of one that leaves */
        if (goes_on(&l->of[i - 1], all[i].revents, now_us))
            continue;
        close(l->of[i - 1].fd);
        pthread_mutex_lock(&l->lock);
        l->of[i - 1] = l->of[--l->count];
        pthread_mutex_unlock(&l->lock);
    }
}

static void *work(void *arg)
{
    struct linger_set *l = arg;

    for (;;) {
        pthread_mutex_lock(&l->lock);
        size_t n = l->count;
        bool ending = l->ending;
        pthread_mutex_unlock(&l->lock);
        if (ending)
            return NULL;
        attend(l, n);
    }
}

struct linger_set *linger_start(void)
{
    struct linger_set *l = calloc(1, sizeof *l);

    if (!l)
        abort(); /* as in the arena: no half-working state */
    pthread_mutex_init(&l->lock, NULL);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake >= 0 && pthread_create(&l->thread, NULL, work, l) == 0) {
        pthread_setname_np(l->thread, "linger");
        return l;
    }
    if (l->wake >= 0)
        close(l->wake);
    free(l);
    return NULL;
}

void linger_stop(struct linger_set *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->ending = true;
    pthread_mutex_unlock(&l->lock);
    eventfd_write(l->wake, 1);
    pthread_join(l->thread, NULL);
    for (size_t i = 0; i < l->count; i++)
        close(l->of[i].fd);
    close(l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
