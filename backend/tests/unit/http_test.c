/* One request at a time, as clients of all kinds send them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_toy.h"

static void answers_with_the_usual_headers(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "GET /api/hello", "");
    assert_string_equal(answer_header(&a, "Content-Type"), "application/json; charset=utf-8");
    assert_string_equal(answer_header(&a, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(answer_header(&a, "Referrer-Policy"), "same-origin");
    assert_string_equal(answer_header(&a, "Cache-Control"), "no-store");
    assert_null(answer_header(&a, "Content-Encoding"));
    assert_null(answer_header(&a, "Access-Control-Allow-Origin"));
    expect(a, 200, "{\"hello\":\"world\"}");
}

static void headers_of_the_application(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "GET /api/headers", "X-Forwarded-For: 1.2.3.4\r\n");
    assert_string_equal(answer_header(&a, "ETag"), "\"2\"");
    assert_string_equal(answer_header(&a, "Cache-Control"), "private");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/plain");
    assert_null(answer_header(&a, "X-Bad"));
    assert_null(answer_header(&a, "X-Evil"));
    expect(a, 200, "127.0.0.1");
}

static void paths_and_queries_are_decoded(void **state)
{
    (void)state;
    expect(client_get(toy, "GET /api/echo/7?q=a+b%2Bc&q=second", ""), 200,
           "id=7 q=a b+c other=- path=/api/echo/7");
    expect(client_get(toy, "GET /api/echo/a%2Fb%20c?%E5%90%8D+%E5%AD%97=%E6%B0%A2", ""), 200,
           "id=a/b c q=- other=氢 path=/api/echo/a/b c");
    expect(client_get(toy, "GET /api/echo/x/?q", ""), 200, "id=x q= other=- path=/api/echo/x/");
    expect(client_get(toy, "GET http://toy/api/echo/x?q=&&=1", ""), 200,
           "id=x q= other=- path=/api/echo/x");
}

static void bad_targets(void **state)
{
    static const char *const BAD[] = {
        "GET /api/echo/%zz",
        "GET /api/echo/%00",
        "GET /api/echo/%ff",
        "GET /api/echo/%",
        "GET /api/echo/1?q=%",
        "GET /api/echo/1?q=%00",
        "GET /api/echo/1?q=%C3",
        "GET /api/echo/1?%ff=1",
        "GET /api/../api/hello",
        "GET /api/%2e%2e/hello",
        "OPTIONS *",
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        expect_refused(client_get(toy, BAD[i], ""), 400, "bad_request");
    assert_int_equal(toy->admitted, 0);
}

static void unknown_paths_and_methods(void **state)
{
    (void)state;
    expect_refused(client_get(toy, "GET /api/none", ""), 404, "not_found");
    expect_refused(client_get(toy, "GET /", ""), 404, "not_found");
    struct answer a = client_get(toy, "GET /api/small", "");
    assert_string_equal(answer_header(&a, "Allow"), "POST, DELETE, PUT");
    expect_refused(a, 405, "method_not_allowed");
    expect_refused(client_get(toy, "BREW /api/hello", ""), 405, "method_not_allowed");
}

static void refusals_of_the_application(void **state)
{
    (void)state;
    expect(client_get(toy, "GET /api/private", ""), 401, "{\"who\":\"nobody\"}");
    expect_refused(client_get(toy, "GET /api/silent", ""), 500, "internal");
    expect_refused(client_get(toy, "GET /api/overflow", ""), 500, "internal");
    struct answer a = client_get(toy, "GET /api/nothing", "");
    assert_null(answer_header(&a, "Content-Type"));
    expect(a, 204, "");
}

static void head_is_get_without_a_body(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "HEAD /api/hello", "");
    assert_string_equal(answer_header(&a, "Content-Length"), "17");
    expect(a, 200, "");
    int fd = client_connect(toy);
    client_send(fd, "HEAD /api/hello HTTP/1.1\r\nHost: toy\r\n\r\nGET /api/echo/2 "
                    "HTTP/1.1\r\nHost: toy\r\n\r\n");
    expect(client_read_for(fd, true), 200, "");
    expect(client_read(fd), 200, "id=2 q=- other=- path=/api/echo/2");
    close(fd);
}

static void request_ids(void **state)
{
    char id[128];

    (void)state;
    struct answer a = client_get(toy, "GET /api/none", "X-Request-Id: Trace-1.a_B\r\n");
    assert_string_equal(answer_header(&a, "X-Request-Id"), "Trace-1.a_B");
    assert_non_null(strstr(a.body, "Trace-1.a_B"));
    free(a.body);
    static const char *const BAD[] = {
        "", "X-Request-Id: a b\r\n", "X-Request-Id: <x>\r\n", "X-Request-Id:\r\n",
        "X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"};
    id[0] = '\0';
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        a = client_get(toy, "GET /api/hello", BAD[i]);
        const char *made = answer_header(&a, "X-Request-Id");
        assert_int_equal(strspn(made, "0123456789abcdef"), 16);
        assert_int_equal(strlen(made), 16);
        assert_string_not_equal(made, id);
        snprintf(id, sizeof id, "%s", made);
        free(a.body);
    }
}

static void keep_alive_and_pipelining(void **state)
{
    (void)state;
    int fd = client_connect(toy);
    for (int i = 0; i < 50; i++) {
        client_send(fd, "GET /api/hello HTTP/1.1\r\nHost: toy\r\n\r\n");
        expect(client_read(fd), 200, "{\"hello\":\"world\"}");
    }
    for (int i = 0; i < 20; i++)
        client_send(fd, "POST /api/write HTTP/1.1\r\nHost: toy\r\nContent-Type: "
                        "application/json\r\nContent-Length: 3\r\n"
                        "\r\n[1]GET /api/slow?n=5 HTTP/1.1\r\nHost: toy\r\n\r\nGET /api/echo/9 "
                        "HTTP/1.1\r\nHost: toy\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        expect(client_read(fd), 201, "[1]");
        expect(client_read(fd), 200, "done 5");
        expect(client_read(fd), 200, "id=9 q=- other=- path=/api/echo/9");
    }
    close(fd);
}

static void byte_by_byte(void **state)
{
    static const char TEXT[] = "POST /api/echo?q=1 HTTP/1.1\r\nHost: toy\r\nContent-Type: "
                               "application/JSON;charset=utf-8\r\n"
                               "Content-Length: 9\r\n\r\n{\"a\":\"b\"}";
    const struct timespec pause = {.tv_nsec = 200000};

    (void)state;
    int fd = client_connect(toy);
    for (size_t i = 0; i < sizeof TEXT - 1; i++) {
        client_send_n(fd, TEXT + i, 1);
        nanosleep(&pause, NULL);
    }
    expect(client_read(fd), 200, "{\"a\":\"b\"}");
    close(fd);
}

static void cross_origin(void **state)
{
    static const char PREFLIGHT[] =
        "Origin: https://mms.example\r\nAccess-Control-Request-Method: PUT\r\n";

    (void)state;
    struct answer a = client_get(toy, "OPTIONS /api/small", PREFLIGHT);
    assert_string_equal(answer_header(&a, "Access-Control-Allow-Origin"), "https://mms.example");
    assert_string_equal(answer_header(&a, "Access-Control-Allow-Methods"), "POST, DELETE, PUT");
    assert_non_null(strstr(answer_header(&a, "Access-Control-Allow-Headers"), "Idempotency-Key"));
    assert_non_null(strstr(answer_header(&a, "Access-Control-Allow-Headers"), "Last-Event-ID"));
    assert_string_equal(answer_header(&a, "Vary"), "Origin");
    expect(a, 204, "");
    a = client_get(toy, "OPTIONS /api/small",
                   "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n");
    assert_null(strstr(a.head, "Access-Control"));
    assert_string_equal(answer_header(&a, "Allow"), "POST, DELETE, PUT");
    expect(a, 204, "");
    a = client_get(toy, "GET /api/hello", "Origin: https://mms.example\r\n");
    assert_string_equal(answer_header(&a, "Access-Control-Allow-Origin"), "https://mms.example");
    assert_string_equal(answer_header(&a, "Access-Control-Expose-Headers"),
                        "Content-Disposition, X-Request-Id, ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
    expect(a, 200, NULL);
    a = client_get(toy, "GET /api/none",
                   "Origin: https://mms.example\r\n"); /* a page may read refusals too */
    assert_non_null(answer_header(&a, "Access-Control-Allow-Origin"));
    expect(a, 404, NULL);
    expect_refused(client_get(toy, "OPTIONS /api/none", PREFLIGHT), 404, "not_found");
}

static void broken_requests_end_quietly(void **state)
{
    static const char *const BAD[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /api/hello HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: toy\r\nContent-Length: -5\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: toy\r\nContent-Length: 5x\r\n\r\n"};
    char huge[40000];

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        int fd = client_connect(toy);
        client_send(fd, BAD[i]);
        shutdown(fd, SHUT_WR);
        struct answer a = client_read(fd);
        assert_true(a.status == 0 || a.status == 400);
        free(a.body);
        close(fd);
    }
    memset(huge, 'a', sizeof huge);
    memcpy(huge, "GET /", 5);
    huge[sizeof huge - 1] = '\0';
    struct answer a = client_get(toy, "GET /api/hello", "");
    expect(a, 200, NULL);
    int fd = client_connect(toy);
    client_send(fd, huge);
    a = client_read(fd);
    assert_true(a.status == 0 || a.status == 414 || a.status == 431);
    free(a.body);
    close(fd);
}

static void proxies(void **state)
{
    static const char *const trusted[] = {"127.0.0.0/8", NULL};
    struct toy *behind = toy_new();
    struct http_config c = toy_config(behind);

    (void)state;
    c.trusted_proxies = trusted;
    toy_start(behind, &c);
    expect(client_get(behind, "GET /api/headers",
                      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4\r\n"),
           200, "1.2.3.4");
    expect(client_get(behind, "GET /api/headers", ""), 200, "127.0.0.1");
    assert_true(http_stop(behind->server, 1000));
    toy_free(behind);
}

static void start_says_why_not(void **state)
{
    struct error why = {0};
    struct http_server *s = NULL;
    struct http_config c = toy_config(toy);

    (void)state;
    c.port = http_port(toy->server);
    assert_int_equal(http_start(&c, &s, &why), RC_INTERNAL);
    assert_string_equal(why.en, "The port (PORT) is in use by another program");
    c.host = "no such host";
    assert_int_equal(http_start(&c, &s, &why), RC_INTERNAL);
    assert_string_equal(why.en, "The address to listen on (HOST) is not an IP address");
    c.host = "203.0.113.77";
    c.port = 0;
    assert_int_equal(http_start(&c, &s, &why), RC_INTERNAL);
    assert_string_equal(why.en, "The address to listen on (HOST) is not one of this machine");
    c.host = "localhost";
    c.io_threads = 1;
    assert_int_equal(http_start(&c, &s, &why), RC_OK);
    assert_true(http_stop(s, 100));
    c.route_count = 0;
    c.host = "::";
    if (http_start(&c, &s, &why) == RC_OK) /* a machine may be without IPv6 */
        assert_true(http_stop(s, 100));
}

static void tells_the_application_once(void **state)
{
    (void)state;
    expect(client_get(toy, "GET /api/hello", ""), 200, NULL);
    expect(client_get(toy, "GET /api/none", ""), 404, NULL);
    expect(client_get(toy, "GET /api/slow", ""), 200, NULL);
    expect(client_ask(toy, "POST /api/small HTTP/1.1\r\nHost: toy\r\nContent-Length: 101\r\n\r\n"),
           413, NULL);
    assert_int_equal(toy->finished, 4);
    assert_int_equal(toy->refused, 2);
    assert_int_equal(toy->admitted, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_with_the_usual_headers),
        TEST(headers_of_the_application),
        TEST(paths_and_queries_are_decoded),
        TEST(bad_targets),
        TEST(unknown_paths_and_methods),
        TEST(refusals_of_the_application),
        TEST(head_is_get_without_a_body),
        TEST(request_ids),
        TEST(keep_alive_and_pipelining),
        TEST(byte_by_byte),
        TEST(cross_origin),
        TEST(broken_requests_end_quietly),
        TEST(proxies),
        TEST(start_says_why_not),
        TEST(tells_the_application_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
