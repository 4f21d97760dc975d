/* Forms: whatever stands in the body, what is found in it is a piece of it, and the server answers: the input goes through a whole
 * server, over the loopback. Its first line is the boundary that the header names, the rest the body. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "http/http.h"

#define UPLOAD_MAX 2048

static const struct http_route route = {"POST", "/form", LANE_READ, .is_upload = true};
static const struct http_route *const routes[] = {&route};
static int port;

static void admit(void *app, struct http_exchange *x)
{
    (void)app, (void)x;
}

static void run(void *app, struct http_exchange *x)
{
    static const char *const names[] = {"avatar", "file", NULL};
    const char *bytes, *file_name;
    size_t n;
    (void)app;
    x->response.status = 200;
    if (!http_form_file(x, names, &bytes, &n, &file_name))
        return;
    insist(n > 0 && n <= x->request.body_n);
    insist(bytes >= x->request.body && bytes + n <= x->request.body + x->request.body_n);
}

static enum rc submit(void *app, struct http_exchange *x)
{
    (void)app, (void)x;
    return RC_BUSY;
}

static void refuse(void *app, struct http_exchange *x, enum rc rc)
{
    (void)app;
    x->response.status = error_row(rc)->status;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct http_config config = {.host = "127.0.0.1", .io_threads = 1, .slow_threads = 1, .connections_max = 64,
        .upload_max = UPLOAD_MAX, .routes = routes, .route_count = 1, .admit = admit, .run = run, .submit_write = submit,
        .refuse = refuse, .finished = admit};
    struct http_server *server;
    struct error why = {0};
    (void)argc, (void)argv;
    insist(http_start(&config, &server, &why) == RC_OK);
    port = http_port(server);
    return 0;
}

static int connect_to_it(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    insist(fd >= 0);
    /* libFuzzer's clock is a signal: a connection that it interrupts is still made, and waited for. */
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        struct pollfd made = {.fd = fd, .events = POLLOUT};
        int error = 0;
        insist(errno == EINTR && TEMP_FAILURE_RETRY(poll(&made, 1, -1)) == 1);
        insist(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) == 0 && error == 0);
    }
    /* A connection that is broken off leaves no port behind that could not be used again soon. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    size_t n = line ? (size_t)(line - data) : 0;
    if (!line || n > 200 || memchr(data, '\0', n) || memchr(data, '\r', n))
        return 0;
    char head[512], answer[512];
    const size_t body = size - n - 1;
    int length = snprintf(head, sizeof head,
                          "POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=%.*s\r\n"
                          "Content-Length: %zu\r\n\r\n", (int)n, (const char *)data, body);
    int fd = connect_to_it();
    ssize_t sent = TEMP_FAILURE_RETRY(send(fd, head, (size_t)length, MSG_NOSIGNAL));
    if (sent == length)
        TEMP_FAILURE_RETRY(send(fd, line + 1, body, MSG_NOSIGNAL));
    ssize_t got = TEMP_FAILURE_RETRY(recv(fd, answer, sizeof answer - 1, 0));
    insist(got <= 0 || memcmp(answer, "HTTP/1.1 ", 9) == 0);
    insist(got <= 0 || answer[9] != '5');
    close(fd);
    return 0;
}
