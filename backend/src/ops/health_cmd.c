/* mms health: asks the service of these settings whether it is well, for the health check of a container in which there is
 * nothing else that could ask. Its own settings tell where: PORT, and HOST unless that is every address. Over within
 * ANSWERS_WITHIN_MS whatever the service does. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "ops/tool.h"

#define ANSWERS_WITHIN_MS 2500 /* its writer is given 2000 (app/health.c) */
#define STATUS_BYTES 13        /* "HTTP/1.1 200 " */

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Where a service that listens on `host` is reached from this machine; the length of the address. */
static socklen_t find_place(const char *host, int64_t port, union place *p)
{
    *p = (union place){0};
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    if (inet_pton(AF_INET, host, &p->v4.sin_addr) == 1) {
        p->v4.sin_family = AF_INET;
        p->v4.sin_port = htons((uint16_t)port);
        return sizeof p->v4;
    }
    p->v6.sin6_family = AF_INET6;
    p->v6.sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, host, &p->v6.sin6_addr) == 1 ? sizeof p->v6 : 0;
}

/* Until the socket is ready; false: time is up. */
static bool wait_ready(int fd, short events, int64_t until_us)
{
    struct pollfd ready = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_us = until_us - clock_monotonic_us();
        int found = left_us > 0 ? poll(&ready, 1, (int)(left_us / 1000) + 1) : 0;
        if (found >= 0 || errno != EINTR)
            return found > 0;
    }
}

static bool connect_within(int fd, const union place *p, socklen_t n, int64_t until_us)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, &p->any, n) == 0)
        return true;
    if (errno != EINPROGRESS || !wait_ready(fd, POLLOUT, until_us))
        return false;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static bool send_within(int fd, const char *text, int64_t until_us)
{
    for (size_t n = strlen(text); n > 0;) {
        ssize_t sent = wait_ready(fd, POLLOUT, until_us) ? send(fd, text, n, MSG_NOSIGNAL) : -1;
        if (sent < 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The status of the answer; 0: none that is one of HTTP came in time. */
static int status_within(int fd, int64_t until_us)
{
    char line[STATUS_BYTES + 1] = "";
    size_t n = 0;
    while (n < STATUS_BYTES) {
        ssize_t got = wait_ready(fd, POLLIN, until_us) ? recv(fd, line + n, STATUS_BYTES - n, 0) : -1;
        if (got <= 0)
            return 0;
        n += (size_t)got;
    }
    int status = 0;
    return sscanf(line, "HTTP/1.%*1d %3d ", &status) == 1 ? status : 0;
}

static int ask(const struct settings *s)
{
    static const char request[] = "GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int64_t until_us = clock_monotonic_us() + (int64_t)ANSWERS_WITHIN_MS * 1000;
    union place p;
    socklen_t n = find_place(s->host, s->port, &p);
    int fd = n ? socket(p.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    int status = 0;
    if (fd >= 0 && connect_within(fd, &p, n, until_us) && send_within(fd, request, until_us))
        status = status_within(fd, until_us);
    if (fd >= 0)
        close(fd);
    return status;
}

static int run(int argc, char **argv)
{
    (void)argv;
    struct tool t;
    if (argc > 1) {
        fputs("usage: mms health\n", stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, "health", false);
    if (code != EXIT_OK)
        return code;
    if (t.settings.port == 0) {
        fputs("mms health: PORT=0 不说明服务在哪个端口 / PORT=0 does not tell where the service is\n", stderr);
        code = EXIT_USAGE_ERROR;
    } else {
        int status = ask(&t.settings);
        bool waits = !status && t.settings.takeover_wait_s && db_hold_is_awaited(t.settings.database);
        code = status == 200 ? EXIT_OK : waits ? EXIT_WAITING : EXIT_FAILED;
        if (status == 200)
            puts("ok");
        else if (status)
            fprintf(stderr, "mms health: 服务状态异常 / the service is not well: HTTP %d\n", status);
        else if (waits)
            fputs("mms health: 正在等待接管数据库 / the service waits for the database that another instance serves\n", stderr);
        else
            fprintf(stderr, "mms health: 服务没有应答 / the service does not answer: HOST=%s PORT=%lld\n", t.settings.host,
                    (long long)t.settings.port);
    }
    arena_free(&t.arena);
    return code;
}

const struct command health_command = {
    .name = "health",
    .summary = "ask the running service whether it is well (for health checks)",
    .help = "usage: mms health\n\n"
            "Asks GET /api/health on this machine, at PORT (and HOST), and prints ok. Exit code 1: no answer within 2.5 seconds,\n"
            "or one that is not 200. Exit code 75: it waits for the database that another instance serves (DB_TAKEOVER_WAIT).\n",
    .run = run,
};
