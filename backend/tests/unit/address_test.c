#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/http.h"

static struct arena arena;

static int reset_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *const TRUSTED[] = {"10.0.0.0/8", "192.168.1.1",   "fd00::/8",
                                      "::1",        "172.16.0.0/12", NULL};

static void is(const char *peer, const char *forwarded_for, const char *expected)
{
    assert_string_equal(http_client_address(&arena, peer, forwarded_for, TRUSTED), expected);
}

static void nobody_trusted(void **state)
{
    static const char *const NONE[] = {NULL};

    (void)state;
    assert_string_equal(http_client_address(&arena, "10.0.0.1", "1.2.3.4", NULL), "10.0.0.1");
    assert_string_equal(http_client_address(&arena, "10.0.0.1", "1.2.3.4", NONE), "10.0.0.1");
    assert_string_equal(http_client_address(&arena, "::ffff:10.0.0.1", "1.2.3.4", NONE),
                        "10.0.0.1");
    assert_string_equal(http_client_address(&arena, "2001:DB8:0::1", NULL, NONE), "2001:db8::1");
    assert_string_equal(http_client_address(&arena, "nonsense", "1.2.3.4", TRUSTED), "nonsense");
}

static void an_untrusted_peer_says_nothing(void **state)
{
    (void)state;
    is("8.8.8.8", "1.2.3.4", "8.8.8.8");
    is("192.168.1.2", "1.2.3.4", "192.168.1.2");
    is("11.0.0.1", "1.2.3.4", "11.0.0.1");
}

static void walks_from_the_right(void **state)
{
    (void)state;
    is("10.1.2.3", NULL, "10.1.2.3");
    is("10.1.2.3", "", "10.1.2.3");
    is("10.1.2.3", "1.2.3.4", "1.2.3.4");
    is("10.1.2.3", "6.6.6.6, 1.2.3.4", "1.2.3.4");
    is("10.1.2.3", "6.6.6.6,1.2.3.4 ,\t10.9.9.9", "1.2.3.4");
    is("10.1.2.3", "10.0.0.7, 10.0.0.8", "10.0.0.7");
    is("::ffff:10.1.2.3", "1.2.3.4", "1.2.3.4");
    is("::1", "fd12::9, 2001:db8::5", "2001:db8::5");
    is("::1", "2001:db8::5, fd12::9", "2001:db8::5");
}

static void entries_may_have_ports(void **state)
{
    (void)state;
    is("10.0.0.1", "1.2.3.4:555", "1.2.3.4");
    is("10.0.0.1", "[2001:db8::7]:33", "2001:db8::7");
    is("10.0.0.1", "[2001:db8::7]", "2001:db8::7");
    is("10.0.0.1", "1.2.3.4, 10.0.0.2:80", "1.2.3.4");
    is("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4");
}

static void stops_at_a_malformed_entry(void **state)
{
    static const char *const BAD[] = {
        "unknown",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4:",
        "1.2.3.4:99999999",
        "[::1",
        "[1.2.3.4]:5",
        "_hidden",
        "1.2.3.4:x",
        "[::1]x",
        "256.1.1.1",
        " ",
        ",",
        "1.2.3.4 5",
        "[::1]:",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        is("10.0.0.1", BAD[i], "10.0.0.1");
    is("10.0.0.1", "5.5.5.5, oops, 10.0.0.2", "10.0.0.2");
    is("10.0.0.1", "5.5.5.5, , 10.0.0.2", "10.0.0.2");
    is("10.0.0.1", "5.5.5.5,", "10.0.0.1");
}

static void blocks(void **state)
{
    static const struct {
        const char *block, *peer;
        int trusted;
    } CASES[] = {
        {"172.16.0.0/12", "172.31.255.255", 1},
        {"172.16.0.0/12", "172.32.0.0", 0},
        {"1.2.3.4/32", "1.2.3.4", 1},
        {"1.2.3.4/32", "1.2.3.5", 0},
        {"1.2.3.4/31", "1.2.3.5", 1},
        {"0.0.0.0/0", "9.9.9.9", 1},
        {"0.0.0.0/0", "2001:db8::1", 0},
        {"::/0", "9.9.9.9", 0},
        {"::/0", "2001:db8::1", 1},
        {"2001:db8::/33", "2001:db8:7fff::1", 1},
        {"2001:db8::/33", "2001:db8:8000::1", 0},
        {"::ffff:1.2.3.0/120", "1.2.3.9", 1},
        {"1.2.3.4/33", "1.2.3.4", 0},
        {"1.2.3.4/", "1.2.3.4", 0},
        {"1.2.3.4/a", "1.2.3.4", 0},
        {"1.2.3/8", "1.2.3.4", 0},
        {"1.2.3.4/99999999999", "1.2.3.4", 0},
        {"::1/129", "::1", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *const trusted[] = {CASES[i].block, NULL};
        assert_string_equal(http_client_address(&arena, CASES[i].peer, "7.7.7.7", trusted),
                            CASES[i].trusted ? "7.7.7.7" : CASES[i].peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nobody_trusted, reset_arena),
        cmocka_unit_test_teardown(an_untrusted_peer_says_nothing, reset_arena),
        cmocka_unit_test_teardown(walks_from_the_right, reset_arena),
        cmocka_unit_test_teardown(entries_may_have_ports, reset_arena),
        cmocka_unit_test_teardown(stops_at_a_malformed_entry, reset_arena),
        cmocka_unit_test_teardown(blocks, reset_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
