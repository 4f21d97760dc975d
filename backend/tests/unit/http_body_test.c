/* Bodies: their type, their length, and how the length is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_toy.h"

static struct answer post(const char *path, const char *headers, const char *body)
{
    char text[1024];

    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: toy\r\n%sContent-Length: %zu\r\n\r\n%s",
             path, headers, strlen(body), body);
    return client_ask(toy, text);
}

static void bodies_must_be_json(void **state)
{
    static const char *const FINE[] = {"application/json", "Application/JSON",
                                       "application/json; charset=utf-8",
                                       "application/json;charset=utf-8", "application/json "};
    static const char *const BAD[] = {"text/plain",
                                      "application/jsonx",
                                      "application/json-seq",
                                      "application/x-www-form-urlencoded",
                                      "json",
                                      "text/json",
                                      ""};
    char header[128];

    (void)state;
    for (size_t i = 0; i < sizeof FINE / sizeof *FINE; i++) {
        snprintf(header, sizeof header, "Content-Type: %s\r\n", FINE[i]);
        expect(post("/api/echo", header, "{}"), 200, "{}");
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        snprintf(header, sizeof header, "Content-Type: %s\r\n", BAD[i]);
        expect_refused(post("/api/echo", header, "{}"), 415, "unsupported_media");
    }
    expect_refused(post("/api/echo", "", "{}"), 415, "unsupported_media");
    expect(post("/api/echo", "", ""), 200, "");
    expect_refused(post("/api/none", "", "{}"), 404, "not_found");
}

#define JSON_TYPE "Content-Type: application/json\r\n"

static void declared_too_large(void **state)
{
    char body[102];

    (void)state;
    memset(body, ' ', sizeof body);
    body[100] = '\0';
    expect(post("/api/small", JSON_TYPE, body), 200, body);
    /* Refused before one byte of the body is sent. */
    struct answer a = client_ask(toy, "POST /api/small HTTP/1.1\r\nHost: toy\r\n" JSON_TYPE
                                      "Content-Length: 101\r\n\r\n");
    assert_string_equal(answer_header(&a, "Connection"), "close");
    expect_refused(a, 413, "body_too_large");
    expect_refused(client_ask(toy,
                              "PUT /api/small HTTP/1.1\r\nHost: toy\r\nExpect: 100-continue\r\n"
                              "Content-Length: 99999999999\r\n\r\n"),
                   413, "body_too_large");
    /* What comes behind it is not taken for a request. */
    int fd = client_connect(toy);
    client_send(fd, "POST /api/small HTTP/1.1\r\nHost: toy\r\nContent-Length: 200\r\n\r\nGET "
                    "/api/hello HTTP/1.1\r\nHost: toy\r\n\r\n");
    expect_refused(client_read(fd), 413, "body_too_large");
    assert_true(client_at_end(fd));
    close(fd);
}

/* libmicrohttpd answers early for POST and PUT only: others are read to their end. */
static void declared_too_large_for_delete(void **state)
{
    char text[512];

    (void)state;
    int fd = client_connect(toy);
    snprintf(text, sizeof text,
             "DELETE /api/small HTTP/1.1\r\nHost: toy\r\nContent-Length: 150\r\n\r\n%150s"
             "GET /api/hello HTTP/1.1\r\nHost: toy\r\n\r\n",
             "");
    client_send(fd, text);
    expect_refused(client_read(fd), 413, "body_too_large");
    expect(client_read(fd), 200, "{\"hello\":\"world\"}");
    close(fd);
}

/* Sends a chunked body of n bytes; false: the server hung up. */
static bool send_chunked(int fd, const char *path, size_t n)
{
    char chunk[16384 + 16];
    char head[256];

    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: toy\r\n" JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n",
             path);
    if (!client_send(fd, head))
        return false;
    while (n) {
        size_t part = n < 16384 ? n : 16384;
        int at = snprintf(chunk, sizeof chunk, "%zx\r\n", part);
        memset(chunk + at, '1', part);
        memcpy(chunk + (size_t)at + part, "\r\n", 2);
        if (!client_send_n(fd, chunk, (size_t)at + part + 2))
            return false;
        n -= part;
    }
    return client_send(fd, "0\r\n\r\n");
}

static void chunked_bodies(void **state)
{
    static const size_t FINE[] = {0, 1, 100, 70000, HTTP_BODY_MAX};

    (void)state;
    int fd = client_connect(toy);
    for (size_t i = 0; i < sizeof FINE / sizeof *FINE; i++) {
        assert_true(send_chunked(fd, "/api/echo", FINE[i]));
        struct answer a = client_read(fd);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.n, FINE[i]);
        assert_int_equal(strspn(a.body, "1"), FINE[i]);
        free(a.body);
    }
    assert_true(send_chunked(fd, "/api/echo", HTTP_BODY_MAX + 1));
    expect_refused(client_read(fd), 413, "body_too_large");
    assert_true(send_chunked(fd, "/api/small", HTTP_BODY_MAX));
    expect_refused(client_read(fd), 413, "body_too_large");
    client_send(fd,
                "GET /api/hello HTTP/1.1\r\nHost: toy\r\n\r\n"); /* the connection is still good */
    expect(client_read(fd), 200, NULL);
    bool taken = send_chunked(fd, "/api/echo", 16 * 1024 * 1024);
    assert_true(!taken || client_read(fd).status == 0);
    close(fd);
}

static void unclear_lengths(void **state)
{
    static const char *const BAD[] = {
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        int fd = client_connect(toy);
        snprintf(text, sizeof text, "POST /api/echo HTTP/1.1\r\nHost: toy\r\n%s\r\n", BAD[i]);
        client_send(fd, text);
        expect_refused(client_read(fd), 400, "bad_request");
        assert_true(client_at_end(fd));
        close(fd);
        snprintf(text, sizeof text, "DELETE /api/small HTTP/1.1\r\nHost: toy\r\n%s\r\n", BAD[i]);
        assert_int_equal(client_ask(toy, text).status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bodies_must_be_json), TEST(declared_too_large), TEST(declared_too_large_for_delete),
        TEST(chunked_bodies),      TEST(unclear_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
