/* Sealing with the program age, as it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/age.h"

static char folder[] = "/tmp/mms-age-XXXXXX", recipient[128], identity[128];

/* The key of a test, by age-keygen. */
static int make_key(void **state)
{
    char command[512];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(identity, sizeof identity, "%s/key", folder);
    snprintf(command, sizeof command, "age-keygen -o %s 2>/dev/null && age-keygen -y %s", identity, identity);
    FILE *said = popen(command, "r");
    assert_non_null(said);
    bool told = fgets(recipient, sizeof recipient, said);
    if (pclose(said) != 0 || !told)
        fail_msg("age is not installed");
    recipient[strcspn(recipient, "\n")] = '\0';
    return 0;
}

static int remove_key(void **state)
{
    (void)state;
    unlink(identity);
    return rmdir(folder);
}

static void what_is_sealed_comes_back(void **state)
{
    static const size_t SIZES[] = {0, 1, 65535, 65536, 3 * 65536 + 7, 5 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        size_t n = SIZES[i];
        char said[AGE_SAID_MAX];
        unsigned char *bytes = malloc(n + 1);
        struct buf sealed, opened;
        assert_non_null(bytes);
        for (size_t at = 0; at < n; at++)
            bytes[at] = (unsigned char)(at * 31 + at / 257);
        buf_init(&sealed, SIZE_MAX);
        buf_init(&opened, SIZE_MAX);
        assert_true(age_seal(recipient, bytes, n, &sealed, said));
        assert_true(sealed.n > n);
        assert_memory_equal(buf_text(&sealed), "age-encryption.org/v1\n", 22);
        assert_true(age_open(identity, buf_text(&sealed), sealed.n, &opened, said));
        assert_int_equal(opened.n, n);
        assert_memory_equal(buf_text(&opened), bytes, n);
        buf_free(&opened);
        buf_free(&sealed);
        free(bytes);
    }
}

static void it_says_why_not(void **state)
{
    static const struct {
        const char *recipients, *said;
        int why;
    } CASES[] = {{"age1nonsense", "malformed recipient", EIO}, {"nonsense", "Invalid argument", EINVAL}, {"", "Invalid argument", EINVAL}};
    char said[AGE_SAID_MAX];
    struct buf out;
    (void)state;
    buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_false(age_seal(CASES[i].recipients, "x", 1, &out, said));
        assert_int_equal(errno, CASES[i].why);
        assert_non_null(strstr(said, CASES[i].said));
    }
    assert_false(age_open(identity, "no seal of age", 14, &out, said));
    assert_true(*said && !strchr(said, '\n') && strncmp(said, "age:", 4) != 0);
    assert_false(age_open("/nowhere/key", "no seal of age", 14, &out, said));
    assert_non_null(strstr(said, "/nowhere/key"));
    char *path = strdup(getenv("PATH"));
    setenv("PATH", folder, 1);
    assert_false(age_seal(recipient, "x", 1, &out, said));
    assert_int_equal(errno, ENOENT);
    assert_string_equal(said, AGE_MISSING);
    setenv("PATH", path, 1);
    free(path);
    buf_free(&out);
}

static bool take_none(void *arg, const void *bytes, size_t n)
{
    (void)arg;
    (void)bytes;
    (void)n;
    errno = ENOSPC;
    return false;
}

/* Nowhere to put it: the error is that of the place, however much is still given. */
static void a_full_place_is_told_as_such(void **state)
{
    struct age_stream s = {.take = take_none};
    char *bytes = calloc(1, 4 << 20);
    (void)state;
    assert_true(age_seal_begin(&s, recipient));
    while (age_add(&s, bytes, 4 << 20))
        continue;
    assert_false(age_end(&s));
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(s.said, "No space left on device");
    assert_true(age_seal_begin(&s, recipient));
    age_drop(&s);
    free(bytes);
}

static void names_tell_recipients_apart(void **state)
{
    char a[AGE_NAME_MAX], b[AGE_NAME_MAX];
    (void)state;
    age_name("age1a", a);
    age_name("age1b", b);
    assert_int_equal(strlen(a), AGE_NAME_MAX - 1);
    assert_string_not_equal(a, b);
    age_name("age1a", b);
    assert_string_equal(a, b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_comes_back),
        cmocka_unit_test(it_says_why_not),
        cmocka_unit_test(a_full_place_is_told_as_such),
        cmocka_unit_test(names_tell_recipients_apart),
    };
    return cmocka_run_group_tests(tests, make_key, remove_key);
}
