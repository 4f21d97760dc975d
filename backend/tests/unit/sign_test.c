/* The signatures' edges. That they are right, backend/tests/cloud/vectors shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/acs_sign.h"
#include "cloud/oss_sign.h"

#define NOW 1768465800000 /* 2026-01-15T08:30:00Z */

static struct arena arena;
static const struct cloud_key key = {"AK", "secret", NULL}, with_token = {"STS.AK", "secret", "token"};

static struct oss_request a_request(void)
{
    return (struct oss_request){.method = "GET", .region = "cn-hangzhou", .bucket = "b", .key = "k", .at_ms = NOW};
}

static const char *canonical(const struct oss_request *r)
{
    struct oss_signed out;
    assert_true(oss_sign(&arena, &key, r, &out));
    return out.canonical_request;
}

static void test_every_byte_is_encoded(void **state)
{
    (void)state;
    char all[256] = "";
    for (int c = 1; c < 256; c++)
        all[c - 1] = (char)c;
    const char *encoded = sign_encoded(&arena, all, true);
    for (int c = 1; c < 256; c++) {
        bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/", c) != NULL;
        char hex[4] = {(char)c, 0};
        if (!plain)
            snprintf(hex, sizeof hex, "%%%02X", (unsigned)c);
        assert_memory_equal(encoded, hex, strlen(hex));
        encoded += strlen(hex);
    }
    assert_string_equal(encoded, "");
    assert_string_equal(sign_encoded(&arena, "a/b", false), "a%2Fb");
}

static void test_headers_are_lowered_trimmed_sorted(void **state)
{
    (void)state;
    struct oss_request r = a_request();
    const struct sign_pair headers[] = {{"X-Oss-Meta-B", "  two words \t"}, {"Content-Type", ""}, {"Unsigned", "x"}, {"x-oss-meta-a", "1"}};
    r.headers = headers;
    r.headers_n = 4;
    assert_string_equal(canonical(&r), "GET\n/b/k\n\ncontent-type:\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:20260115T083000Z\n"
                                       "x-oss-meta-a:1\nx-oss-meta-b:two words\n\n\nUNSIGNED-PAYLOAD");
}

static void test_additional_headers(void **state)
{
    (void)state;
    struct oss_request r = a_request();
    const struct sign_pair headers[] = {{"Host", "h"}, {"Range", "bytes=0-1"}, {"content-type", "t"}};
    const char *const names[] = {"RANGE", "range", "content-type", "absent", "host", NULL};
    struct oss_signed out;
    r.headers = headers;
    r.headers_n = 3;
    r.additional = names;
    assert_true(oss_sign(&arena, &key, &r, &out));
    assert_non_null(strstr(out.canonical_request, "\nhost:h\nrange:bytes=0-1\n"));
    assert_non_null(strstr(out.canonical_request, "\n\nhost;range\n"));
    assert_non_null(strstr(out.authorization, ",AdditionalHeaders=host;range,Signature="));
}

static void test_sub_resources(void **state)
{
    (void)state;
    struct oss_request r = a_request();
    const struct sign_pair query[] = {{"uploadId", "x/y"}, {"acl", NULL}, {"partNumber", "1"}, {"a b", "+"}};
    struct oss_signed out;
    r.query = query;
    r.query_n = 4;
    r.key = NULL;
    assert_true(oss_sign(&arena, &key, &r, &out));
    assert_non_null(strstr(out.canonical_request, "GET\n/b/\na%20b=%2B&acl&partNumber=1&uploadId=x%2Fy\n"));
    assert_string_equal(out.target, "/?a%20b=%2B&acl&partNumber=1&uploadId=x%2Fy");
    r.bucket = NULL;
    assert_non_null(strstr(canonical(&r), "GET\n/\na%20b"));
}

static bool has_line(const char *const *lines, const char *line)
{
    for (; *lines; lines++)
        if (strcmp(*lines, line) == 0)
            return true;
    return false;
}

static void test_lines_that_are_sent(void **state)
{
    (void)state;
    struct oss_request r = a_request();
    const struct sign_pair headers[] = {{"Content-Type", ""}};
    struct oss_signed out;
    r.headers = headers;
    r.headers_n = 1;
    assert_true(oss_sign(&arena, &with_token, &r, &out));
    assert_true(has_line(out.headers, "content-type;"));
    assert_true(has_line(out.headers, "x-oss-date: 20260115T083000Z"));
    assert_true(has_line(out.headers, "x-oss-security-token: token"));
    assert_true(has_line(out.headers, arena_fmt(&arena, "authorization: %s", out.authorization)));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct sign_pair bad[] = {{"x-oss-meta-a", "1\r\nx-oss-meta-b: 2"}, {"x-oss-meta-a\r\nb", "1"}, {"", "1"}, {"a:b", "1"}, {"a", "\x7f"}};
    struct oss_request r = a_request();
    struct oss_signed out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r.headers = &bad[i];
        r.headers_n = 1;
        assert_false(oss_sign(&arena, &key, &r, &out));
        assert_false(oss_presign(&arena, &key, &r, 60, &out));
        struct acs_signed acs;
        assert_false(acs_sign(&arena, &key, &(struct acs_request){.method = "POST", .host = "h", .headers = &bad[i], .headers_n = 1}, &acs));
    }
    r = a_request();
    r.bucket = NULL;
    assert_false(oss_sign(&arena, &key, &r, &out));
    r.bucket = "b";
    r.key = "";
    assert_false(oss_sign(&arena, &key, &r, &out));
    char *longest = arena_alloc(&arena, 1025);
    memset(longest, 'k', 1024);
    r.key = longest;
    assert_false(oss_sign(&arena, &key, &r, &out));
    longest[1023] = 0;
    assert_true(oss_sign(&arena, &key, &r, &out));
    assert_false(oss_presign(&arena, &key, &r, 0, &out));
    assert_false(oss_presign(&arena, &key, &r, OSS_PRESIGN_MAX_S + 1, &out));
    assert_true(oss_presign(&arena, &key, &r, OSS_PRESIGN_MAX_S, &out));
}

static void test_presigned_address(void **state)
{
    (void)state;
    struct oss_request r = a_request();
    struct oss_signed out;
    r.key = "报表/a b.csv";
    assert_true(oss_presign(&arena, &with_token, &r, 300, &out));
    assert_null(out.authorization);
    assert_true(strncmp(out.target, "/%E6%8A%A5%E8%A1%A8/a%20b.csv?x-oss-credential=STS.AK%2F20260115%2Fcn-hangzhou%2Foss%2Faliyun_v4_request&", 20) == 0);
    assert_non_null(strstr(out.target, "&x-oss-security-token=token&"));
    assert_non_null(strstr(out.target, "&x-oss-expires=300&"));
    assert_non_null(strstr(out.target, arena_fmt(&arena, "x-oss-signature=%s", out.signature)));
    assert_null(strstr(out.canonical_request, "x-oss-signature="));
}

static void test_acs_adds_what_is_missing(void **state)
{
    (void)state;
    const struct sign_pair query[] = {{"B", ""}, {"A", "x*y z"}};
    struct acs_request r = {.method = "POST", .host = "h:81", .action = "Act", .version = "2016-01-20", .nonce = "n", .query = query, .query_n = 2, .at_ms = NOW};
    struct acs_signed out;
    assert_true(acs_sign(&arena, &with_token, &r, &out));
    assert_string_equal(out.canonical_request,
                        "POST\n/\nA=x%2Ay%20z&B=\nhost:h:81\nx-acs-action:Act\n"
                        "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-acs-date:2026-01-15T08:30:00Z\n"
                        "x-acs-security-token:token\nx-acs-signature-nonce:n\nx-acs-version:2016-01-20\n\n"
                        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version\n"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(out.target, "/?A=x%2Ay%20z&B=");
    const char *before = out.signature;
    r.body = "x";
    r.body_n = 1;
    assert_true(acs_sign(&arena, &with_token, &r, &out));
    assert_string_not_equal(before, out.signature);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_is_encoded), cmocka_unit_test(test_headers_are_lowered_trimmed_sorted),
        cmocka_unit_test(test_additional_headers),    cmocka_unit_test(test_sub_resources),
        cmocka_unit_test(test_lines_that_are_sent),   cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_presigned_address),     cmocka_unit_test(test_acs_adds_what_is_missing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
