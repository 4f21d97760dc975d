/* Files behind rows: files/files.h on the local disk, and what is the same wherever they are. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
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

/* Without a descriptor left nothing can be opened: that says nothing of what is there. */
static void tells_what_it_cannot_read_from_what_is_missing(void **state)
{
    const struct place *p = *state;
    struct rlimit limit, none;
    struct files_fact fact;
    struct buf out;
    int fd;
    int64_t n;
    assert_int_equal(files_put(p->files, "avatars/d.png", "bytes", 5), RC_OK);
    buf_init(&out, 10);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum rc got = files_get(p->files, "avatars/d.png", &out), head = files_head(p->files, "avatars/d.png", &fact),
            opened = files_open_file(p->files, "avatars/d.png", p->folder, &fd, &n), missing = files_head(p->files, "avatars/e.png", &fact);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(got, RC_FILES_UNREADABLE);
    assert_int_equal(head, RC_FILES_UNREADABLE);
    assert_int_equal(opened, RC_FILES_UNREADABLE);
    assert_int_equal(missing, RC_NOT_FOUND);
    assert_int_equal(files_get(p->files, "avatars/e.png", &out), RC_NOT_FOUND);
    buf_free(&out);
}

/* Two puts of one key, the second of which stops as soon as it has begun. */
struct meeting {
    struct files *files;
    const char *bytes;
    pthread_t second;
    atomic_bool has_begun, may_go_on;
    bool is_started;
    enum rc rc;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool read_and_stop(void *arg, int64_t at, void *into, size_t n)
{
    struct meeting *m = arg;
    atomic_store(&m->has_begun, true);
    while (!atomic_load(&m->may_go_on))
        nap();
    memcpy(into, m->bytes + at, n);
    return true;
}

static void *put_second(void *arg)
{
    struct meeting *m = arg;
    const struct files_source source = {BIG, read_and_stop, m};
    m->rc = files_put_from(m->files, "imports/f", &source);
    return NULL;
}

/* In the middle of the first the second comes: with luck it is made to wait, and else it has its chance to spoil everything. */
static bool read_and_meet(void *arg, int64_t at, void *into, size_t n)
{
    struct meeting *m = arg;
    memcpy(into, m->bytes + at, n);
    if (at == 0 || m->is_started)
        return true;
    m->is_started = true;
    if (pthread_create(&m->second, NULL, put_second, m) != 0)
        return false;
    for (int i = 0; i < 200 && !atomic_load(&m->has_begun); i++)
        nap();
    return true;
}

static void keeps_two_writers_apart(void **state)
{
    const struct place *p = *state;
    char *bytes = make_bytes(BIG);
    struct meeting m = {.files = p->files, .bytes = bytes};
    const struct files_source source = {BIG, read_and_meet, &m};
    struct buf out;
    enum rc rc = files_put_from(p->files, "imports/f", &source);
    buf_init(&out, BIG);
    enum rc got = files_get(p->files, "imports/f", &out);
    bool is_whole = out.n == BIG && memcmp(out.bytes, bytes, BIG) == 0;
    atomic_store(&m.may_go_on, true);
    assert_int_equal(pthread_join(m.second, NULL), 0);
    assert_int_equal(rc, RC_OK);
    assert_int_equal(got, RC_OK);
    assert_true(is_whole);
    assert_int_equal(m.rc, RC_OK);
    buf_reset(&out);
    assert_int_equal(files_get(p->files, "imports/f", &out), RC_OK);
    assert_true(out.n == BIG && memcmp(out.bytes, bytes, BIG) == 0);
    char part[128];
    snprintf(part, sizeof part, "%s/imports/f.part", p->folder);
    assert_int_equal(access(part, F_OK), -1);
    buf_free(&out);
    free(bytes);
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
    char path[128];
    snprintf(path, sizeof path, "%s/exports", p->folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600); /* where a folder should be */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(files_list(p->files, "exports", count, &n), RC_FILES_UNREADABLE);
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
        cmocka_unit_test_setup_teardown(tells_what_it_cannot_read_from_what_is_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_two_writers_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_why_a_sink_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_a_folder, set_up, tear_down),
        cmocka_unit_test(removes_in_order_and_all_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
