/* For the tests of http: a server with a toy route table on 127.0.0.1, and a client that speaks raw
 * bytes to it. */
#ifndef MMS_TESTS_HTTP_TOY_H
#define MMS_TESTS_HTTP_TOY_H

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"

#define TOY __attribute__((unused)) static

/* ---- the application ---- */

struct toy {
    struct http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    bool held; /* SLOW handlers wait for the gate */
    bool writer_full;
    int inside; /* SLOW handlers that have begun */
    atomic_int finished, refused, admitted;
    char last_peer[64];
};

static const struct http_route TOY_ROUTES[] = {
    {"GET", "/api/hello", LANE_READ, 0},      {"GET", "/api/echo/:id", LANE_READ, 0},
    {"POST", "/api/echo", LANE_READ, 0},      {"POST", "/api/small", LANE_READ, 100},
    {"DELETE", "/api/small", LANE_READ, 100}, {"PUT", "/api/small", LANE_SLOW, 100},
    {"GET", "/api/big", LANE_READ, 0},        {"GET", "/api/silent", LANE_READ, 0},
    {"GET", "/api/overflow", LANE_READ, 0},   {"GET", "/api/private", LANE_READ, 0},
    {"GET", "/api/headers", LANE_READ, 0},    {"GET", "/api/slow", LANE_SLOW, 0},
    {"GET", "/api/slow-big", LANE_SLOW, 0},   {"POST", "/api/write", LANE_WRITE, 0},
    {"GET", "/api/probe", LANE_PROBE, 0},     {"GET", "/api/nothing", LANE_READ, 0},
};
enum {
    TOY_ROUTE_COUNT = sizeof TOY_ROUTES / sizeof *TOY_ROUTES,
    TOY_BIG = 8000,
    TOY_HUGE = 3 * 1024 * 1024
};

TOY void toy_admit(void *app, struct http_exchange *x)
{
    struct toy *t = app;

    atomic_fetch_add(&t->admitted, 1);
    if (!strcmp(x->request.route->path, "/api/private")) {
        x->response.status = 401;
        buf_str(&x->response.body, "{\"who\":\"nobody\"}");
    }
}

TOY void toy_echo(struct http_exchange *x)
{
    const char *q = http_query(x, "q"), *other = http_query(x, "名 字");

    buf_fmt(&x->response.body, "id=%s q=%s other=%s path=%s", http_param(x, "id"), q ? q : "-",
            other ? other : "-", x->request.path);
}

TOY void toy_fill(struct http_exchange *x, size_t n)
{
    x->response.status = 200;
    for (size_t i = 0; i < n; i++)
        buf_char(&x->response.body, "0123456789"[i % 10]);
}

TOY void toy_wait_at_gate(struct toy *t)
{
    pthread_mutex_lock(&t->lock);
    t->inside++;
    pthread_cond_broadcast(&t->turn);
    while (t->held)
        pthread_cond_wait(&t->turn, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

TOY void toy_run_read(struct toy *t, struct http_exchange *x)
{
    const char *path = x->request.route->path;
    struct http_response *r = &x->response;

    r->status = 200;
    if (!strcmp(path, "/api/hello"))
        buf_str(&r->body, "{\"hello\":\"world\"}");
    else if (!strcmp(path, "/api/echo/:id"))
        toy_echo(x);
    else if (!strcmp(path, "/api/echo") || !strcmp(path, "/api/small"))
        buf_add(&r->body, x->request.body, x->request.body_n);
    else if (!strcmp(path, "/api/big"))
        toy_fill(x, TOY_BIG);
    else if (!strcmp(path, "/api/silent"))
        r->status = 0;
    else if (!strcmp(path, "/api/overflow"))
        buf_room(&r->body, (size_t)HTTP_ANSWER_MAX + 1);
    else if (!strcmp(path, "/api/nothing"))
        r->status = 204;
    if (!strcmp(path, "/api/headers")) {
        http_set_header(x, "ETag", "\"1\"");
        http_set_header(x, "etag", "\"2\"");
        http_set_header(x, "X-Bad", "a\r\nX-Evil: 1");
        http_set_header(x, "Cache-Control", "private");
        r->content_type = "text/plain";
        buf_str(&r->body, x->request.peer);
    }
    (void)t;
}

TOY void toy_run(void *app, struct http_exchange *x)
{
    struct toy *t = app;
    enum http_lane lane = x->request.route->lane;

    if (lane == LANE_READ) {
        toy_run_read(t, x);
        return;
    }
    if (lane == LANE_SLOW && !http_query(x, "quick"))
        toy_wait_at_gate(t);
    if (!strcmp(x->request.route->path, "/api/slow-big"))
        toy_fill(x, TOY_HUGE);
    else
        buf_fmt(&x->response.body, "done %s", http_query(x, "n") ? http_query(x, "n") : "-");
    x->response.status = 200;
    http_done(x);
}

TOY void *toy_write(void *arg)
{
    struct http_exchange *x = arg;

    x->response.status = 201;
    buf_add(&x->response.body, x->request.body, x->request.body_n);
    http_done(x);
    return NULL;
}

TOY enum rc toy_submit_write(void *app, struct http_exchange *x)
{
    struct toy *t = app;
    pthread_t writer;

    if (t->writer_full)
        return RC_BUSY;
    if (x->request.body_n % 2 == 0) { /* at once, on the I/O thread itself */
        toy_write(x);
        return RC_OK;
    }
    if (pthread_create(&writer, NULL, toy_write, x) != 0)
        return RC_BUSY;
    pthread_detach(writer);
    return RC_OK;
}

TOY void toy_refuse(void *app, struct http_exchange *x, enum rc rc)
{
    struct toy *t = app;

    atomic_fetch_add(&t->refused, 1);
    x->response.status = error_row(rc)->status;
    buf_fmt(&x->response.body, "{\"code\":\"%s\",\"request_id\":\"%s\"}", error_row(rc)->code,
            x->request.id);
}

TOY void toy_finished(void *app, struct http_exchange *x)
{
    struct toy *t = app;

    (void)x;
    atomic_fetch_add(&t->finished, 1);
}

TOY struct http_config toy_config(struct toy *t)
{
    static const struct http_route *rows[TOY_ROUTE_COUNT];
    static const char *const origins[] = {"https://mms.example", NULL};

    for (size_t i = 0; i < TOY_ROUTE_COUNT; i++)
        rows[i] = &TOY_ROUTES[i];
    return (struct http_config){
        .host = "127.0.0.1",
        .io_threads = 2,
        .slow_threads = 2,
        .connections_max = 512,
        .routes = rows,
        .route_count = TOY_ROUTE_COUNT,
        .cors_origins = origins,
        .app = t,
        .admit = toy_admit,
        .run = toy_run,
        .submit_write = toy_submit_write,
        .refuse = toy_refuse,
        .finished = toy_finished,
    };
}

TOY void toy_start(struct toy *t, const struct http_config *config)
{
    struct error why = {0};

    if (http_start(config, &t->server, &why) != RC_OK) {
        fprintf(stderr, "http_start: %s\n", why.en);
        abort();
    }
}

TOY struct toy *toy_new(void)
{
    struct toy *t = calloc(1, sizeof *t);

    if (!t)
        abort();
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->turn, NULL);
    return t;
}

TOY void toy_free(struct toy *t)
{
    pthread_cond_destroy(&t->turn);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

TOY void toy_hold(struct toy *t, bool held)
{
    pthread_mutex_lock(&t->lock);
    t->held = held;
    pthread_cond_broadcast(&t->turn);
    pthread_mutex_unlock(&t->lock);
}

/* Until that many SLOW handlers have begun. */
TOY void toy_await_inside(struct toy *t, int count)
{
    pthread_mutex_lock(&t->lock);
    while (t->inside < count)
        pthread_cond_wait(&t->turn, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* ---- a test's own server ---- */

TOY struct toy *toy;

TOY int start(void **state)
{
    (void)state;
    toy = toy_new();
    struct http_config c = toy_config(toy);
    toy_start(toy, &c);
    return 0;
}

TOY int stop(void **state)
{
    (void)state;
    bool all_answered = !toy->server || http_stop(toy->server, 5000);
    toy_free(toy);
    return all_answered ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

/* ---- the client ---- */

struct answer {
    int status; /* 0: the connection ended without one */
    char head[4096];
    char *body; /* NUL-terminated; free() */
    size_t n;
};

TOY int client_connect(const struct toy *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)http_port(t->server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof a) != 0)
        abort();
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

/* False: the server does not want any more. */
TOY bool client_send_n(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

TOY bool client_send(int fd, const char *text)
{
    return client_send_n(fd, text, strlen(text));
}

/* The value of a header in the head, in a static buffer per thread; NULL: absent. */
TOY const char *answer_header(const struct answer *a, const char *name)
{
    static _Thread_local char value[1024];
    size_t n = strlen(name);

    for (const char *line = strstr(a->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        const char *from = line + n + 1 + strspn(line + n + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return NULL;
}

TOY bool client_read_head(int fd, struct answer *a)
{
    size_t n = 0;

    while (n + 1 < sizeof a->head) {
        if (recv(fd, a->head + n, 1, 0) != 1)
            return false;
        a->head[++n] = '\0';
        if (n >= 4 && !memcmp(a->head + n - 4, "\r\n\r\n", 4))
            return true;
    }
    return false;
}

/* One answer; `head_only` for HEAD. Interim answers (100) are passed over. */
TOY struct answer client_read_for(int fd, bool head_only)
{
    struct answer a = {0};

    do {
        if (!client_read_head(fd, &a))
            return (struct answer){0};
        a.status = (int)strtol(a.head + sizeof "HTTP/1.1", NULL, 10);
    } while (a.status == 100);
    const char *length = answer_header(&a, "Content-Length");
    a.n = length && !head_only && a.status != 304 ? strtoul(length, NULL, 10) : 0;
    a.body = calloc(1, a.n + 1);
    for (size_t got = 0; got < a.n;) {
        ssize_t more = recv(fd, a.body + got, a.n - got, 0);
        if (more <= 0) {
            a.status = 0;
            break;
        }
        got += (size_t)more;
    }
    return a;
}

TOY struct answer client_read(int fd)
{
    return client_read_for(fd, false);
}

/* One request on a connection of its own. */
TOY struct answer client_ask(const struct toy *t, const char *bytes)
{
    int fd = client_connect(t);

    client_send(fd, bytes);
    struct answer a = client_read_for(fd, !strncmp(bytes, "HEAD ", 5));
    close(fd);
    return a;
}

/* "GET /x" and more header lines, each with its \r\n. */
TOY struct answer client_get(const struct toy *t, const char *line, const char *headers)
{
    char text[8192];

    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: toy\r\n%s\r\n", line, headers);
    return client_ask(t, text);
}

TOY void expect(struct answer a, int status, const char *body)
{
    assert_int_equal(a.status, status);
    if (body)
        assert_string_equal(a.body, body);
    free(a.body);
}

TOY void expect_refused(struct answer a, int status, const char *code)
{
    char member[64];

    snprintf(member, sizeof member, "{\"code\":\"%s\",", code);
    assert_int_equal(a.status, status);
    assert_non_null(strstr(a.body, member));
    free(a.body);
}

/* Has the other side ended the connection? */
TOY bool client_at_end(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
}

#endif
