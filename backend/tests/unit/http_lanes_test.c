/* Many clients at once: the lanes, clients that go away, and stopping while requests are under way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_toy.h"

static void send_get(int fd, const char *path)
{
    char text[256];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: toy\r\n\r\n", path);
    client_send(fd, text);
}

/* ---- all lanes under load ---- */

enum { CLIENTS = 48, ROUNDS = 60 };

/* One round over one connection; false: not what was to come back. */
static bool ask_round(int fd, int number)
{
    char text[512], body[64];

    int n = snprintf(body, sizeof body, "[%d,\"%.*s\"]", number, number % 7, "xxxxxxx");
    snprintf(text, sizeof text,
             "POST /api/write HTTP/1.1\r\nHost: toy\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\n\r\n%s",
             n, body);
    client_send(fd, text);
    struct answer a = client_read(fd);
    bool good = a.status == 201 && !strcmp(a.body, body);
    free(a.body);
    snprintf(text, sizeof text, "GET /api/%s?quick=1&n=%d HTTP/1.1\r\nHost: toy\r\n\r\n",
             number % 2 ? "slow" : "probe", number);
    client_send(fd, text);
    a = client_read(fd);
    snprintf(body, sizeof body, "done %d", number);
    good = good && (a.status == 503 || (a.status == 200 && !strcmp(a.body, body)));
    free(a.body);
    send_get(fd, "/api/hello");
    a = client_read(fd);
    good = good && a.status == 200;
    free(a.body);
    return good;
}

static void *be_client(void *arg)
{
    atomic_int *bad = arg;
    int fd = client_connect(toy);

    for (int i = 0; i < ROUNDS; i++)
        if (!ask_round(fd, i))
            atomic_fetch_add(bad, 1);
    close(fd);
    return NULL;
}

static void many_clients_in_all_lanes(void **state)
{
    pthread_t threads[CLIENTS];
    atomic_int bad = 0;

    (void)state;
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_client, &bad), 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(bad, 0);
}

/* ---- full queues ---- */

static void a_full_slow_lane_leaves_the_others_alone(void **state)
{
    enum { FULL = 2 + HTTP_SLOW_QUEUE_MAX, MORE = 10 };
    int fds[FULL + MORE];
    int done = 0, busy = 0;

    (void)state;
    toy_hold(toy, true);
    for (int i = 0; i < 2; i++)
        send_get(fds[i] = client_connect(toy), "/api/slow");
    toy_await_inside(toy, 2); /* both threads are taken, the queue is empty */
    for (int i = 2; i < FULL + MORE; i++)
        send_get(fds[i] = client_connect(toy), "/api/slow");
    expect(client_get(toy, "GET /api/hello", ""), 200, NULL);
    expect(client_get(toy, "GET /api/probe", ""), 200, "done -");
    while (atomic_load(&toy->refused) < MORE)
        usleep(1000);
    toy_hold(toy, false);
    for (int i = 0; i < FULL + MORE; i++) {
        struct answer a = client_read(fds[i]);
        done += a.status == 200;
        busy += a.status == 503 && !strcmp(answer_header(&a, "Retry-After"), "1") &&
                strstr(a.body, "\"busy\"");
        free(a.body);
        close(fds[i]);
    }
    assert_int_equal(done, FULL);
    assert_int_equal(busy, MORE);
}

static void a_full_writer(void **state)
{
    (void)state;
    toy->writer_full = true;
    struct answer a =
        client_ask(toy, "POST /api/write HTTP/1.1\r\nHost: toy\r\nContent-Length: 0\r\n\r\n");
    assert_string_equal(answer_header(&a, "Retry-After"), "1");
    expect(a, 503, NULL);
}

/* ---- clients that go away ---- */

static void clients_that_leave_while_their_request_is_away(void **state)
{
    (void)state;
    toy_hold(toy, true);
    for (int i = 0; i < 30; i++) {
        int fd = client_connect(toy);
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};
        send_get(fd, "/api/slow");
        if (i < 2)
            toy_await_inside(toy, i + 1);
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    expect(client_get(toy, "GET /api/hello", ""), 200, NULL);
    toy_hold(toy, false);
    expect(client_get(toy, "GET /api/slow?n=1", ""), 200, "done 1");
}

static void clients_that_leave_in_the_middle(void **state)
{
    static const char *const PARTS[] = {"G", "GET /api/hello HTTP/1.1\r\nHo",
                                        "POST /api/echo HTTP/1.1\r\nHost: toy\r\n"
                                        "Content-Length: 10\r\n\r\n12345",
                                        "GET /api/big HTTP/1.1\r\nHost: toy\r\n\r\n"};

    (void)state;
    for (int i = 0; i < 200; i++) {
        int fd = client_connect(toy);
        client_send(fd, PARTS[i % 4]);
        close(fd);
    }
    expect(client_get(toy, "GET /api/hello", ""), 200, NULL);
}

static void a_large_answer_from_the_slow_lane(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "GET /api/slow-big", "");
    assert_int_equal(a.n, TOY_HUGE);
    expect(a, 200, NULL);
    a = client_get(toy, "GET /api/slow-big", "Accept-Encoding: gzip\r\n");
    assert_string_equal(answer_header(&a, "Content-Encoding"), "gzip");
    assert_true(a.n < TOY_HUGE / 10);
    expect(a, 200, NULL);
}

/* More clients than connections_max: the others wait until one ends. */
static void connections_are_limited(void **state)
{
    enum { LIMIT = 6, ALL = 20 };
    int fds[ALL], answered = 0;
    struct toy *small = toy_new();
    struct http_config c = toy_config(small);

    (void)state;
    c.connections_max = LIMIT;
    toy_start(small, &c);
    for (int i = 0; i < ALL; i++)
        send_get(fds[i] = client_connect(small), "/api/hello");
    usleep(100000);
    assert_int_equal(small->finished, LIMIT);
    for (int i = 0; i < ALL; i++) {
        struct answer a = client_read(fds[i]);
        answered += a.status == 200;
        free(a.body);
        close(fds[i]);
    }
    assert_int_equal(answered, ALL);
    assert_true(http_stop(small->server, 1000));
    toy_free(small);
}

/* Clients that sit on all connections and send nothing: those of the second half are soon sent away. */
static void idle_clients_make_room(void **state)
{
    enum { LIMIT = 6 };
    int idle[LIMIT], fd;
    struct toy *small = toy_new();
    struct http_config c = toy_config(small);

    (void)state;
    c.connections_max = LIMIT;
    toy_start(small, &c);
    for (int i = 0; i < LIMIT; i++)
        idle[i] = client_connect(small);
    int64_t began_us = clock_monotonic_us();
    send_get(fd = client_connect(small), "/api/hello");
    expect(client_read(fd), 200, NULL);
    assert_true(clock_monotonic_us() - began_us < 20 * 1000000);
    assert_true(client_at_end(idle[LIMIT - 1]));
    close(fd);
    for (int i = 0; i < LIMIT; i++)
        close(idle[i]);
    assert_true(http_stop(small->server, 1000));
    toy_free(small);
}

/* ---- stopping ---- */

struct stopper {
    pthread_t thread;
    int timeout_ms;
    bool all_answered;
};

static void *do_stop(void *arg)
{
    struct stopper *s = arg;

    s->all_answered = http_stop(toy->server, s->timeout_ms);
    return NULL;
}

/* Begins to stop and waits until new connections are refused. */
static void begin_stop(struct stopper *s, int timeout_ms)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)http_port(toy->server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool refused = false;

    s->timeout_ms = timeout_ms;
    assert_int_equal(pthread_create(&s->thread, NULL, do_stop, s), 0);
    while (!refused) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        refused = connect(fd, (const struct sockaddr *)&a, sizeof a) != 0;
        close(fd);
    }
}

static void stop_finishes_what_is_under_way(void **state)
{
    struct stopper s;
    int slow[12], idle = client_connect(toy), kept = client_connect(toy);

    (void)state;
    send_get(kept, "/api/hello");
    expect(client_read(kept), 200, NULL);
    toy_hold(toy, true);
    for (int i = 0; i < 12; i++)
        send_get(slow[i] = client_connect(toy), "/api/slow?n=3");
    toy_await_inside(toy, 2);
    while (atomic_load(&toy->admitted) < 13)
        usleep(1000);
    begin_stop(&s, 10000);
    send_get(kept, "/api/hello");
    struct answer a = client_read(kept);
    assert_string_equal(answer_header(&a, "Connection"), "close");
    expect(a, 200, NULL); /* who is in is served, once more */
    assert_true(client_at_end(kept));
    toy_hold(toy, false);
    for (int i = 0; i < 12; i++) {
        expect(client_read(slow[i]), 200, "done 3");
        close(slow[i]);
    }
    pthread_join(s.thread, NULL);
    assert_true(s.all_answered);
    assert_true(client_at_end(idle));
    close(idle);
    close(kept);
    toy->server = NULL;
}

static void stop_does_not_wait_for_ever_for_a_client(void **state)
{
    (void)state;
    int fd = client_connect(toy);
    client_send(fd, "POST /api/echo HTTP/1.1\r\nHost: toy\r\nContent-Length: 10\r\n\r\n12345");
    expect(client_get(toy, "GET /api/hello", ""), 200, NULL);
    int64_t began = clock_monotonic_us();
    assert_true(http_stop(toy->server, 10000));
    assert_true(clock_monotonic_us() - began < 5000000);
    assert_true(client_at_end(fd));
    close(fd);
    toy->server = NULL;
}

/* The time runs out while both threads are in a handler: what is queued is refused, and nothing is
 * freed. */
static void stop_with_handlers_that_do_not_return(void **state)
{
    struct stopper s;
    int slow[6], refused = 0;

    (void)state;
    toy_hold(toy, true);
    for (int i = 0; i < 6; i++) {
        send_get(slow[i] = client_connect(toy), "/api/slow?n=4");
        if (i < 2)
            toy_await_inside(toy, i + 1);
    }
    while (atomic_load(&toy->admitted) < 6)
        usleep(1000);
    begin_stop(&s, 100);
    for (int i = 2; i < 6; i++) {
        struct answer a = client_read(slow[i]);
        refused += a.status == 503;
        free(a.body);
    }
    pthread_join(s.thread, NULL);
    assert_false(s.all_answered);
    assert_int_equal(refused, 4);
    toy_hold(toy, false); /* they come back after all; the server is still there for them */
    for (int i = 0; i < 2; i++)
        expect(client_read(slow[i]), 200, "done 4");
    for (int i = 0; i < 6; i++)
        close(slow[i]);
    assert_true(http_stop(toy->server, 5000)); /* and may be asked again */
    toy->server = NULL;
}

static void *be_restless_client(void *arg)
{
    atomic_bool *over = arg;

    while (!atomic_load(over)) {
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)http_port(toy->server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool connected = connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
        while (connected && !atomic_load(over)) {
            struct answer got;
            send_get(fd, "/api/slow?quick=1");
            got = client_read(fd);
            free(got.body);
            connected = got.status == 200;
        }
        close(fd);
        if (!connected)
            break;
    }
    return NULL;
}

static void stop_under_load(void **state)
{
    pthread_t threads[16];
    atomic_bool over = false;

    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_restless_client, &over), 0);
    usleep(100000);
    struct http_server *s = toy->server;
    while (atomic_load(&toy->finished) < 100)
        usleep(1000);
    bool all_answered = http_stop(s, 5000);
    atomic_store(&over, true);
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    assert_true(all_answered);
    toy->server = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_clients_in_all_lanes),
        TEST(a_full_slow_lane_leaves_the_others_alone),
        TEST(a_full_writer),
        TEST(clients_that_leave_while_their_request_is_away),
        TEST(clients_that_leave_in_the_middle),
        TEST(a_large_answer_from_the_slow_lane),
        TEST(connections_are_limited),
        TEST(idle_clients_make_room),
        TEST(stop_finishes_what_is_under_way),
        TEST(stop_does_not_wait_for_ever_for_a_client),
        TEST(stop_with_handlers_that_do_not_return),
        TEST(stop_under_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
