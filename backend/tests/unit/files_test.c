/* Files behind rows: files/files.h on the local disk, and what is the same wherever they are. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/crc64.h"
#include "files/driver.h"
#include "files/later.h"

#define BIG (300 * 1000 + 7)

struct place {
    char folder[64];
    struct files *files;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/files-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    p->files = files_open_local(p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    files_close(p->files);
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    assert_int_equal(system(command), 0);
    free(p);
    return 0;
}

static char *make_bytes(size_t n)
{
    char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)((i * 31 + i / 251) & 0xFF);
    return bytes;
}

static void knows_the_sum(void **state)
{
    (void)state;
    assert_true(crc64(0, "123456789", 9) == UINT64_C(11051210869376104954));
    assert_true(crc64(crc64(0, "1234", 4), "56789", 5) == UINT64_C(11051210869376104954));
    assert_true(crc64(0, "", 0) == 0);
    assert_true(crc64_join(crc64(0, "1234", 4), crc64(0, "56789", 5), 5) == UINT64_C(11051210869376104954));
    assert_true(crc64_join(crc64(0, "1234", 4), 0, 0) == crc64(0, "1234", 4) && crc64_join(0, crc64(0, "9", 1), 1) == crc64(0, "9", 1));
}

static void accepts_good_keys_only(void **state)
{
    (void)state;
    const char *good[] = {"a", "avatars/0f.png", "exports/job-7-ab_c.xlsx"};
    const char *bad[] = {"", "/a", "a/", "a//b", "a/b/c", "../a", "a/../b", ".a", "a/.b", "A", "a b", "a\\b", "a%2fb", "文件", "a\nb"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(files_key_is_good(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(files_key_is_good(bad[i]));
    char longest[FILES_KEY_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[FILES_KEY_MAX + 1] = '\0';
    assert_false(files_key_is_good(longest));
    longest[FILES_KEY_MAX] = '\0';
    assert_true(files_key_is_good(longest));
}

static void keeps_what_was_put(void **state)
{
    const struct place *p = *state;
    struct files_fact fact;
    struct buf out;
    char *bytes = make_bytes(BIG);
    assert_int_equal(files_put(p->files, "avatars/a.png", bytes, BIG), RC_OK);
    buf_init(&out, BIG);
    assert_int_equal(files_get(p->files, "avatars/a.png", &out), RC_OK);
    assert_int_equal(out.n, BIG);
    assert_memory_equal(out.bytes, bytes, BIG);
    assert_int_equal(files_head(p->files, "avatars/a.png", &fact), RC_OK);
    assert_true(fact.bytes == BIG && fact.crc == crc64(0, bytes, BIG) && fact.changed_ms > 0);
    assert_int_equal(files_put(p->files, "avatars/a.png", "", 0), RC_OK); /* over it */
    buf_reset(&out);
    assert_int_equal(files_get(p->files, "avatars/a.png", &out), RC_OK);
    assert_int_equal(out.n, 0);
    assert_int_equal(files_remove(p->files, "avatars/a.png"), RC_OK);
    assert_int_equal(files_remove(p->files, "avatars/a.png"), RC_OK); /* fine when there is none */
    assert_int_equal(files_get(p->files, "avatars/a.png", &out), RC_NOT_FOUND);
    assert_int_equal(files_head(p->files, "avatars/a.png", &fact), RC_NOT_FOUND);
    buf_free(&out);
    free(bytes);
}

static void copies_from_descriptor_to_descriptor(void **state)
{
    const struct place *p = *state;
    char *bytes = make_bytes(BIG), *back = malloc(BIG);
    int from = memfd_create("from", 0), fd = -1;
    int64_t n = 0;
    assert_int_equal(write(from, bytes, BIG), BIG);
    const struct files_source source = files_source_fd(&from, BIG);
    assert_int_equal(files_put_from(p->files, "exports/b.xlsx", &source), RC_OK);
    assert_int_equal(files_open_file(p->files, "exports/b.xlsx", p->folder, &fd, &n), RC_OK);
    assert_int_equal(n, BIG);
    assert_int_equal(read(fd, back, BIG), BIG);
    assert_memory_equal(back, bytes, BIG);
    close(fd);
    close(from);
    free(back);
    free(bytes);
}

/* A source that ends early leaves nothing behind, and what was there stays. */
static void keeps_the_old_when_the_new_breaks_off(void **state)
{
    const struct place *p = *state;
    struct buf out;
    int from = memfd_create("from", 0);
    assert_int_equal(write(from, "short", 5), 5);
    const struct files_source source = files_source_fd(&from, 100);
    assert_int_equal(files_put(p->files, "avatars/c.png", "old", 3), RC_OK);
    assert_int_equal(files_put_from(p->files, "avatars/c.png", &source), RC_FILES_UNWRITABLE);
    buf_init(&out, 10);
    assert_int_equal(files_get(p->files, "avatars/c.png", &out), RC_OK);
    assert_string_equal(buf_text(&out), "old");
    char part[128];
    snprintf(part, sizeof part, "%s/avatars/c.png.part", p->folder);
    assert_int_equal(access(part, F_OK), -1);
    buf_free(&out);
    close(from);
}

static bool refuse(void *arg, const void *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    errno = *(int *)arg;
    return false;
}

static void tells_why_a_sink_refused(void **state)
{
    const struct place *p = *state;
    int why = ENOSPC;
    const struct files_sink sink = {refuse, &why};
    struct buf small;
    assert_int_equal(files_put(p->files, "avatars/d.png", "0123456789", 10), RC_OK);
    assert_int_equal(files_get_to(p->files, "avatars/d.png", &sink), RC_DB_FULL);
    why = EIO;
    assert_int_equal(files_get_to(p->files, "avatars/d.png", &sink), RC_FILES_UNWRITABLE);
    buf_init(&small, 5);
    assert_int_equal(files_get(p->files, "avatars/d.png", &small), RC_NOT_FOUND);
    buf_free(&small);
}

static void count(void *arg, const char *key, int64_t changed_ms)
{
    assert_true(files_key_is_good(key));
    assert_true(changed_ms > 0);
    ++*(int *)arg;
}

static void lists_a_folder(void **state)
{
    const struct place *p = *state;
    int n = 0;
    assert_int_equal(files_list(p->files, "avatars", count, &n), RC_OK);
    assert_int_equal(n, 0);
    assert_int_equal(files_put(p->files, "avatars/e.png", "1", 1), RC_OK);
    assert_int_equal(files_put(p->files, "avatars/f.png", "2", 1), RC_OK);
    assert_int_equal(files_put(p->files, "imports/g", "3", 1), RC_OK);
    assert_int_equal(files_list(p->files, "avatars", count, &n), RC_OK);
    assert_int_equal(n, 2);
    assert_false(files_are_remote(p->files));
    files_remove_later(p->files, "avatars/e.png");
    n = 0;
    assert_int_equal(files_list(p->files, "avatars", count, &n), RC_OK);
    assert_int_equal(n, 1);
}

/* ---- what is removed behind those who may not wait ---- */

struct removals {
    int seen;
};

static void note_removal(void *arg, const char *key, bool *went_well)
{
    struct removals *r = arg;
    char wanted[32];
    snprintf(wanted, sizeof wanted, "avatars/%d", r->seen);
    assert_string_equal(key, wanted);
    r->seen++;
    *went_well = true;
}

static void removes_in_order_and_all_at_the_end(void **state)
{
    (void)state;
    struct removals r = {0};
    char key[32];
    struct files_later *l = files_later_start(note_removal, &r);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "avatars/%d", i);
        files_later_add(l, key);
    }
    files_later_end(l);
    assert_int_equal(r.seen, 100);
    files_later_end(files_later_start(note_removal, &r)); /* without any */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_sum),
        cmocka_unit_test(accepts_good_keys_only),
        cmocka_unit_test_setup_teardown(keeps_what_was_put, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_from_descriptor_to_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_the_old_when_the_new_breaks_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_why_a_sink_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_a_folder, set_up, tear_down),
        cmocka_unit_test(removes_in_order_and_all_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
