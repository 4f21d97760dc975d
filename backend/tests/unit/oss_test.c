/* What object storage says in XML, and the circuit breaker before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/breaker.h"
#include "cloud/oss.h"
#include "cloud/oss_xml.h"

static struct oss_refusal refusal_of(struct arena *a, const char *text)
{
    struct oss_refusal r;
    oss_read_refusal(a, text, strlen(text), &r);
    return r;
}

static void reads_a_refusal(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct oss_refusal r = refusal_of(&a, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>RequestTimeTooSkewed</Code><Message>a &lt; b &amp; 时</Message>"
                                          "<RequestId>65A</RequestId><HostId>h</HostId><ServerTime>2026-11-29T19:30:44.000Z</ServerTime><EC>0002-1</EC></Error>");
    assert_string_equal(r.code, "RequestTimeTooSkewed");
    assert_string_equal(r.message, "a < b & 时");
    assert_string_equal(r.request_id, "65A");
    assert_string_equal(r.ec, "0002-1");
    assert_string_equal(r.server_time, "2026-11-29T19:30:44.000Z");
    arena_free(&a);
}

/* Whatever it is, nothing of it breaks us, and what could be read counts. */
static void reads_what_is_there(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(refusal_of(&a, "<Error><Code>AccessDenied</Code><Message>You ha").code, "AccessDenied");
    assert_string_equal(refusal_of(&a, "<Error><Code>AccessDenied</Code><Message>You ha").message, "");
    assert_string_equal(refusal_of(&a, "").code, "");
    assert_string_equal(refusal_of(&a, "<html><body><h1>502 Bad Gateway</h1></body>").code, "");
    assert_string_equal(refusal_of(&a, "\xff\xfe\x01 not XML").code, "");
    assert_string_equal(refusal_of(&a, "<Other><Code>x</Code></Other>").code, "");
    char deep[4096] = "";
    for (int i = 0; i < 40; i++)
        strcat(deep, "<Error>");
    strcat(deep, "<Code>x</Code>");
    assert_string_equal(refusal_of(&a, deep).code, "");
    /* An element without content is still ended when its start was too much. */
    assert_string_equal(refusal_of(&a, "<A234567890123456789012345678901234567890123456789012345678901234567890/>").code, "");
    deep[0] = '\0';
    for (int i = 0; i < 16; i++)
        strcat(deep, "<Error>");
    strcat(deep, "<Code/><Code>x</Code>");
    assert_string_equal(refusal_of(&a, deep).code, "");
    arena_free(&a);
}

static void expands_nothing(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(refusal_of(&a, "<!DOCTYPE Error [<!ENTITY a \"AccessDenied\">]><Error><Code>&a;</Code></Error>").code, "");
    assert_string_equal(refusal_of(&a, "<!DOCTYPE Error [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Error><Code>&a;</Code></Error>").code, "");
    assert_string_equal(refusal_of(&a, "<!DOCTYPE Error SYSTEM \"http://127.0.0.1/x.dtd\"><Error><Code>x</Code></Error>").code, "");
    arena_free(&a);
}

struct seen {
    char text[512];
};

static void note(void *arg, const char *key, int64_t bytes, int64_t changed_ms)
{
    struct seen *s = arg;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s:%lld:%lld;", key, (long long)bytes, (long long)changed_ms);
}

static bool page_of(struct arena *a, const char *text, struct seen *seen, struct oss_page *page)
{
    *seen = (struct seen){""};
    *page = (struct oss_page){.found = note, .arg = seen};
    return oss_read_page(a, text, strlen(text), page);
}

static void reads_a_page(void **state)
{
    (void)state;
    struct arena a;
    struct seen seen;
    struct oss_page page;
    arena_init(&a);
    assert_true(page_of(&a, "<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>CgA=</NextContinuationToken>"
                            "<Contents><Key>avatars%2Fa.png</Key><LastModified>1970-01-01T00:00:01.000Z</LastModified><Size>7</Size></Contents>"
                            "<Contents><Key>%E4%B8%AD%zz%</Key><Size>0</Size><LastModified>bad</LastModified></Contents></ListBucketResult>", &seen, &page));
    assert_string_equal(seen.text, "avatars/a.png:7:1000;中%zz%:0:0;");
    assert_true(page.is_cut);
    assert_string_equal(page.next, "CgA=");
    assert_true(page_of(&a, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", &seen, &page));
    assert_false(page.is_cut);
    assert_string_equal(seen.text, "");
    /* No list, a list that breaks off, and one that says there is more without saying where. */
    assert_false(page_of(&a, "<html/>", &seen, &page));
    assert_false(page_of(&a, "<ListBucketResult><Contents><Key>a</Key></Contents>", &seen, &page));
    assert_false(page_of(&a, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", &seen, &page));
    assert_false(page_of(&a, "", &seen, &page));
    arena_free(&a);
}

static void reads_an_upload_id(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    const char *good = "<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>0004B</UploadId></InitiateMultipartUploadResult>";
    assert_string_equal(oss_read_upload_id(&a, good, strlen(good)), "0004B");
    assert_null(oss_read_upload_id(&a, good, strlen(good) - 5));
    assert_null(oss_read_upload_id(&a, "<a/>", 4));
    arena_free(&a);
}

/* ---- the breaker ---- */

static void opens_after_failures_in_a_row(void **state)
{
    (void)state;
    struct breaker b;
    breaker_init(&b, false);
    for (int i = 1; i < BREAKER_FAILURES; i++) {
        assert_true(breaker_lets_through(&b, 0));
        assert_int_equal(breaker_tell(&b, false, 0), BREAKER_NO_NEWS);
    }
    assert_int_equal(breaker_tell(&b, true, 0), BREAKER_NO_NEWS); /* not in a row */
    for (int i = 1; i < BREAKER_FAILURES; i++)
        assert_int_equal(breaker_tell(&b, false, 0), BREAKER_NO_NEWS);
    assert_true(breaker_lets_through(&b, 0));
    assert_int_equal(breaker_tell(&b, false, 0), BREAKER_OPENED);
    assert_false(breaker_lets_through(&b, 1));
    assert_int_equal(breaker_wait_ms(&b, 1), BREAKER_FIRST_MS - 1);
    breaker_end(&b);
}

static void lets_one_try_and_waits_longer_each_time(void **state)
{
    (void)state;
    struct breaker b;
    int64_t now = 0, wait = BREAKER_FIRST_MS;
    breaker_init(&b, false);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        (void)breaker_tell(&b, false, now);
    for (int i = 0; i < 8; i++) {
        assert_false(breaker_lets_through(&b, now + wait - 1));
        now += wait;
        assert_true(breaker_lets_through(&b, now));
        assert_false(breaker_lets_through(&b, now)); /* one only */
        assert_int_equal(breaker_tell(&b, false, now), BREAKER_NO_NEWS);
        wait = 2 * wait < BREAKER_LONGEST_MS ? 2 * wait : BREAKER_LONGEST_MS;
        assert_int_equal(breaker_wait_ms(&b, now), wait);
    }
    now += wait;
    assert_true(breaker_lets_through(&b, now));
    assert_int_equal(breaker_tell(&b, true, now), BREAKER_CLOSED);
    assert_true(breaker_lets_through(&b, now));
    assert_true(breaker_lets_through(&b, now));
    assert_int_equal(breaker_wait_ms(&b, now), 0);
    breaker_end(&b);
}

/* What was on its way when it opened fails as well: that does not put off the trial. */
static void stragglers_change_nothing(void **state)
{
    (void)state;
    struct breaker b;
    breaker_init(&b, false);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        (void)breaker_tell(&b, false, 0);
    assert_int_equal(breaker_tell(&b, false, 3000), BREAKER_NO_NEWS);
    assert_true(breaker_lets_through(&b, BREAKER_FIRST_MS));
    breaker_end(&b);
}

/* A trial that could not be made is no answer: the next one may try. */
static void forgets_a_trial_that_was_not_made(void **state)
{
    (void)state;
    struct breaker b;
    breaker_init(&b, false);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        (void)breaker_tell(&b, false, 0);
    assert_true(breaker_lets_through(&b, BREAKER_FIRST_MS));
    assert_false(breaker_lets_through(&b, BREAKER_FIRST_MS));
    breaker_forget(&b);
    assert_true(breaker_lets_through(&b, BREAKER_FIRST_MS));
    breaker_end(&b);
}

static void a_patient_one_never_opens(void **state)
{
    (void)state;
    struct breaker b;
    breaker_init(&b, true);
    for (int i = 0; i < 100; i++) {
        assert_true(breaker_lets_through(&b, 0));
        assert_int_equal(breaker_tell(&b, false, 0), BREAKER_NO_NEWS);
    }
    breaker_end(&b);
}

static bool any_key(void *arg, struct arena *a, struct cloud_key *out, const char **why)
{
    (void)arg;
    (void)a;
    (void)why;
    *out = (struct cloud_key){"id", "secret", NULL};
    return true;
}

/* Where it is asked, and where others find it: not at the region's inner address. */
static void knows_the_buckets_addresses(void **state)
{
    (void)state;
    const struct {
        const char *endpoint, *inner, *outer;
    } rows[] = {
        {"https://oss-cn-hangzhou-internal.aliyuncs.com", "https://files-1.oss-cn-hangzhou-internal.aliyuncs.com", "https://files-1.oss-cn-hangzhou.aliyuncs.com/k?"},
        {"oss-cn-hangzhou-internal.aliyuncs.com:443", "https://files-1.oss-cn-hangzhou-internal.aliyuncs.com:443", "https://files-1.oss-cn-hangzhou.aliyuncs.com:443/k?"},
        {"https://oss-cn-hangzhou.aliyuncs.com", "https://files-1.oss-cn-hangzhou.aliyuncs.com", "https://files-1.oss-cn-hangzhou.aliyuncs.com/k?"},
        {"files-1.oss-cn-hangzhou-internal.aliyuncs.com", "https://files-1.oss-cn-hangzhou-internal.aliyuncs.com", "https://files-1.oss-cn-hangzhou.aliyuncs.com/k?"},
        {"https://files.example.com:8443", "https://files.example.com:8443", "https://files.example.com:8443/k?"},
        {"https://files.mms-internal.example.com", "https://files.mms-internal.example.com", "https://files.mms-internal.example.com/k?"},
        {"https://files-internal.example.com", "https://files-internal.example.com", "https://files-internal.example.com/k?"},
        {"http://127.0.0.1:99", "http://127.0.0.1:99", "http://localhost:99/files-1/k?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        const struct oss_config config = {.endpoint = rows[i].endpoint, .bucket = "files-1", .region = "cn-hangzhou", .credentials = any_key};
        struct oss *o = oss_open(&config);
        buf_init(&out, 4096);
        assert_string_equal(oss_address_of_bucket(o), rows[i].inner);
        assert_true(oss_address(o, "k", NULL, NULL, 60, &out));
        assert_int_equal(strncmp(buf_text(&out), rows[i].outer, strlen(rows[i].outer)), 0);
        buf_free(&out);
        oss_close(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_buckets_addresses),
        cmocka_unit_test(reads_a_refusal),
        cmocka_unit_test(reads_what_is_there),
        cmocka_unit_test(expands_nothing),
        cmocka_unit_test(reads_a_page),
        cmocka_unit_test(reads_an_upload_id),
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(lets_one_try_and_waits_longer_each_time),
        cmocka_unit_test(stragglers_change_nothing),
        cmocka_unit_test(forgets_a_trial_that_was_not_made),
        cmocka_unit_test(a_patient_one_never_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
