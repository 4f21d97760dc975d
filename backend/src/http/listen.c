#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t size_of(const union address *a)
{
    return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static bool parse_host(const char *host, int port, union address *out)
{
    memset(out, 0, sizeof *out);
    if (!strcmp(host, "localhost"))
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        return true;
    }
    memset(out, 0, sizeof *out);
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
}

static bool bind_and_listen(int fd, const union address *a)
{
    const int yes = 1, no = 0;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return false;
    if (a->any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0)
        return false;
    return bind(fd, &a->any, size_of(a)) == 0 && listen(fd, BACKLOG) == 0;
}

static enum rc say_why(int error, struct error *why)
{
    switch (error) {
    case EADDRINUSE:
        return error_say(why, RC_INTERNAL, "端口（PORT）已被其他程序占用",
                         "The port (PORT) is in use by another program");
    case EACCES:
        return error_say(why, RC_INTERNAL, "没有权限监听此端口（PORT）",
                         "Not permitted to listen on this port (PORT)");
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return error_say(why, RC_INTERNAL, "监听地址（HOST）不属于本机",
                         "The address to listen on (HOST) is not one of this machine");
    default:
        return error_say(why, RC_INTERNAL, "无法打开监听端口",
                         "The listening socket cannot be opened");
    }
}

static int real_port(int fd)
{
    union address a = {0};
    socklen_t n = sizeof a;

    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

enum rc listen_open(const char *host, int port, int *fd_out, int *port_out, struct error *why)
{
    union address a;

    if (!parse_host(host, port, &a))
        return error_say(why, RC_INTERNAL, "监听地址（HOST）不是有效的 IP 地址",
                         "The address to listen on (HOST) is not an IP address");
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return say_why(errno, why);
    if (!bind_and_listen(fd, &a)) {
        int error = errno;
        close(fd);
        return say_why(error, why);
    }
    *fd_out = fd;
    *port_out = real_port(fd);
    return RC_OK;
}
