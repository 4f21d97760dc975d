#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "http/http.h"
#include "http/path.h"
#include "http/router.h"

static struct arena arena;

static int reset_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define ROW(METHOD, PATH)                                                                          \
    {                                                                                              \
        .method = (METHOD), .path = (PATH)                                                         \
    }

static const struct http_route ROUTES[] = {
    ROW("GET", "/api/inventory"),
    ROW("POST", "/api/inventory"),
    ROW("GET", "/api/inventory/:id"),
    ROW("PUT", "/api/inventory/:id"),
    ROW("GET", "/api/inventory/mine"),
    ROW("GET", "/api/inventory/mine/open"),
    ROW("POST", "/api/inventory/:id/approve"),
    ROW("GET", "/api/x/:a/y/:b"),
    ROW("GET", "/api/x/:a/y/fixed"),
    ROW("GET", "/api/x/left/:b"),
    ROW("GET", "/"),
    ROW("GET", "/p/:a/:b/:c/:d"),
};
enum { COUNT = sizeof ROUTES / sizeof *ROUTES };

static struct http_router *make(const struct http_route *rows, size_t count)
{
    const struct http_route *pointers[32];

    for (size_t i = 0; i < count; i++)
        pointers[i] = &rows[i];
    return http_router_new(pointers, count);
}

struct found {
    enum http_match match;
    const char *path; /* of the row */
    struct http_param params[HTTP_PARAMS_MAX];
    size_t count;
    const char *allow;
};

static struct found find(const char *method, const char *path)
{
    struct http_router *r = make(ROUTES, COUNT);
    struct found f = {0};
    const struct http_route *route = NULL;

    assert_non_null(r);
    f.match = http_router_find(r, &arena, method, path, &route, f.params, &f.count, &f.allow);
    f.path = route ? route->path : NULL;
    f.allow = arena_dup(&arena, f.allow);
    for (size_t i = 0; i < f.count; i++) /* the names belong to the router */
        f.params[i].name = arena_dup(&arena, f.params[i].name);
    http_router_free(r);
    return f;
}

static void goes_to(const char *method, const char *path, const char *row)
{
    struct found f = find(method, path);

    assert_int_equal(f.match, HTTP_MATCHED);
    assert_string_equal(f.path, row);
}

static void finds_literals_and_parameters(void **state)
{
    (void)state;
    goes_to("GET", "/", "/");
    goes_to("GET", "/api/inventory", "/api/inventory");
    goes_to("POST", "/api/inventory", "/api/inventory");
    goes_to("GET", "/api/inventory/7", "/api/inventory/:id");
    goes_to("PUT", "/api/inventory/7", "/api/inventory/:id");
    struct found f = find("POST", "/api/inventory/42/approve");
    assert_int_equal(f.count, 1);
    assert_string_equal(f.params[0].name, "id");
    assert_string_equal(f.params[0].value, "42");
    f = find("GET", "/p/1/2/3/物料");
    assert_int_equal(f.count, 4);
    assert_string_equal(f.params[3].name, "d");
    assert_string_equal(f.params[3].value, "物料");
}

static void literal_wins_with_a_way_back(void **state)
{
    (void)state;
    goes_to("GET", "/api/inventory/mine", "/api/inventory/mine");
    goes_to("GET", "/api/inventory/mine/open", "/api/inventory/mine/open");
    goes_to("POST", "/api/inventory/mine/approve", "/api/inventory/:id/approve");
    goes_to("GET", "/api/x/left/9", "/api/x/left/:b");
    goes_to("GET", "/api/x/left/y/9", "/api/x/:a/y/:b");
    goes_to("GET", "/api/x/left/y/fixed", "/api/x/:a/y/fixed");
    goes_to("GET", "/api/inventory/mines", "/api/inventory/:id");
}

static void slash_at_the_end_is_the_same_path(void **state)
{
    (void)state;
    goes_to("GET", "/api/inventory/", "/api/inventory");
    goes_to("GET", "/api/inventory/7/", "/api/inventory/:id");
    assert_int_equal(find("GET", "/api/inventory/7//").match, HTTP_NO_PATH);
    assert_int_equal(find("GET", "/api//inventory").match, HTTP_NO_PATH);
    assert_int_equal(find("GET", "/api/inventory//approve").match, HTTP_NO_PATH);
}

static void unknown_paths(void **state)
{
    static const char *const PATHS[] = {"/api",
                                        "/api/",
                                        "/API/inventory",
                                        "/api/inventory/7/approve/x",
                                        "api/inventory",
                                        "",
                                        "*",
                                        "/api/x/left",
                                        "/p/1/2/3",
                                        "/p/1/2/3/4/5"};

    (void)state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++)
        assert_int_equal(find("GET", PATHS[i]).match, HTTP_NO_PATH);
}

static void wrong_methods_say_which_are_right(void **state)
{
    (void)state;
    struct found f = find("DELETE", "/api/inventory/7");
    assert_int_equal(f.match, HTTP_NO_METHOD);
    assert_string_equal(f.allow, "GET, PUT");
    f = find("PUT", "/api/inventory/mine"); /* the path decides before the method */
    assert_int_equal(f.match, HTTP_NO_METHOD);
    assert_string_equal(f.allow, "GET");
    assert_int_equal(find("get", "/api/inventory").match, HTTP_NO_METHOD);
}

static void too_many_segments_are_no_path(void **state)
{
    char path[256] = "";

    (void)state;
    for (int i = 0; i < 100; i++)
        strncat(path, "/a", 3);
    assert_int_equal(find("GET", path).match, HTTP_NO_PATH);
}

static void refuses_rows_that_answer_the_same(void **state)
{
    static const struct http_route PAIRS[][2] = {
        {ROW("GET", "/a/:id"), ROW("GET", "/a/:name")},
        {ROW("GET", "/a/b"), ROW("GET", "/a/b/")},
        {ROW("GET", "/"), ROW("GET", "/")},
        {ROW("GET", "/a"), ROW("GET", "b")},               /* no slash */
        {ROW("GET", "/a"), ROW("GET", "/a/:")},            /* no name */
        {ROW("GET", "/a"), ROW("GET", "/:a/:b/:c/:d/:e")}, /* too many */
    };
    static const struct http_route FINE[] = {ROW("GET", "/a/:id"), ROW("PUT", "/a/:name"),
                                             ROW("GET", "/a/:id/c")};

    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++)
        assert_null(make(PAIRS[i], 2));
    struct http_router *r = make(FINE, 3);
    assert_non_null(r);
    http_router_free(r);
    r = make(NULL, 0);
    assert_non_null(r);
    http_router_free(r);
    http_router_free(NULL);
}

static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } CASES[] = {
        {"plain", "plain"},  {"", ""},       {"a%20b", "a b"}, {"%e6%b0%a2", "氢"},
        {"%E6%B0%A2", "氢"}, {"氢", "氢"},   {"a%2Fb", "a/b"}, {"%25", "%"},
        {"100%", NULL},      {"%4", NULL},   {"%zz", NULL},    {"%00", NULL},
        {"%ff", NULL},       {"\xff", NULL}, {"%c0%af", NULL}, {"%ed%a0%80", NULL},
        {"%-1", NULL},       {"% 1", NULL},  {"%%", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *got = percent_decode(&arena, CASES[i].from);
        if (CASES[i].to)
            assert_string_equal(got, CASES[i].to);
        else
            assert_null(got);
    }
}

static void reads_paths(void **state)
{
    struct segments s;
    const char *text;

    (void)state;
    assert_true(path_read(&arena, "/api/a%2Fb/%E6%B0%A2", &s, &text));
    assert_int_equal(s.count, 3);
    assert_string_equal(s.at[1], "a/b");
    assert_string_equal(text, "/api/a/b/氢");
    assert_true(path_read(&arena, "http://host:80/x/y", &s, &text));
    assert_string_equal(text, "/x/y");
    assert_true(path_read(&arena, "HTTP://host", &s, &text));
    assert_string_equal(text, "/");
    assert_true(path_read(&arena, "/", &s, &text));
    assert_int_equal(s.count, 0);
    static const char *const BAD[] = {"",     "*",      "x",    "/..", "/a/../b",  "/a/%2e%2E/b",
                                      "/./a", "/a/%2e", "/%00", "/%f", "ftp://h/x"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(path_read(&arena, BAD[i], &s, &text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(finds_literals_and_parameters, reset_arena),
        cmocka_unit_test_teardown(literal_wins_with_a_way_back, reset_arena),
        cmocka_unit_test_teardown(slash_at_the_end_is_the_same_path, reset_arena),
        cmocka_unit_test_teardown(unknown_paths, reset_arena),
        cmocka_unit_test_teardown(wrong_methods_say_which_are_right, reset_arena),
        cmocka_unit_test_teardown(too_many_segments_are_no_path, reset_arena),
        cmocka_unit_test_teardown(refuses_rows_that_answer_the_same, reset_arena),
        cmocka_unit_test_teardown(escapes, reset_arena),
        cmocka_unit_test_teardown(reads_paths, reset_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
