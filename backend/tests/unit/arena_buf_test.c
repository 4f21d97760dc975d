#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

static void arena_memory_is_zero_and_aligned(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n += 7) {
            arena_copy(&a, "xxx", n % 4 < 3 ? n % 4 : 3); /* puts the next one off its alignment */
            unsigned char *p = arena_alloc(&a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xAB, n);
        }
        arena_reset(&a);
        assert_int_equal(a.used, 0);
        assert_non_null(a.blocks);
    }
    arena_free(&a);
    assert_null(a.blocks);
}

static void arena_pieces_do_not_overlap(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    struct arena a = {0}; /* zero is as good as arena_init */
    unsigned char *pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = i % 50 == 0 ? 300000 + i : i * 3;
        pieces[i] = memset(arena_alloc(&a, n), (int)(i & 0xFF), n);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = i % 50 == 0 ? 300000 + i : i * 3;
        for (size_t k = 0; k < n; k++)
            assert_int_equal(pieces[i][k], i & 0xFF);
    }
    arena_reset(&a);
    arena_free(&a);
}

static void arena_reset_after_one_big_piece(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    memset(arena_alloc(&a, 10 << 20), 1, 10 << 20);
    assert_int_equal(a.used, 10 << 20);
    arena_reset(&a);
    assert_string_equal(arena_dup(&a, "again"), "again");
    assert_int_equal(a.used, 6);
    arena_free(&a);
    arena_free(&a); /* harmless */
}

static void arena_makes_text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *copy = arena_copy(&a, "a\0b", 3);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(arena_copy(&a, NULL, 0), "");
    assert_null(arena_dup(&a, NULL));
    assert_string_equal(arena_fmt(&a, "%d-%s", 42, "氢"), "42-氢");
    assert_string_equal(arena_fmt(&a, "%s", ""), "");
    char *wide = arena_fmt(&a, "%20000d", 7);
    assert_int_equal(strlen(wide), 20000);
    assert_int_equal(wide[19999], '7');
    int *numbers = arena_array(&a, 100, sizeof *numbers);
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    arena_free(&a);
}

static void buf_grows_to_its_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_char(&b, (char)('a' + i % 26));
    assert_false(b.overflow);
    assert_int_equal(b.n, 1000);
    assert_int_equal(b.bytes[1000], '\0');
    buf_char(&b, 'x');
    assert_true(b.overflow);
    assert_int_equal(b.n, 1000);
    buf_reset(&b);
    assert_false(b.overflow);
    assert_string_equal(buf_text(&b), "");
    buf_free(&b);
    buf_str(&b, "still usable");
    assert_string_equal(buf_text(&b), "still usable");
    buf_free(&b);
}

static void buf_adds_nothing_after_overflow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_str(&b, "12345");
    buf_str(&b, "6789");
    assert_true(b.overflow);
    buf_str(&b, "6");
    assert_null(buf_room(&b, 0));
    assert_string_equal(buf_text(&b), "12345");
    buf_free(&b);
    buf_init(&b, 0);
    buf_str(&b, "");
    assert_false(b.overflow);
    buf_fmt(&b, "%d", 1);
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "");
    buf_free(&b);
}

static void buf_refuses_sizes_that_wrap(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_str(&b, "abc");
    assert_null(buf_room(&b, SIZE_MAX));
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "abc");
    buf_free(&b);
}

static void buf_room_may_be_used_in_part(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    buf_str(&b, "ab");
    char *room = buf_room(&b, 1000);
    assert_non_null(room);
    memset(room, 'x', 1000);
    b.n += 3;
    assert_string_equal(buf_text(&b), "abxxx");
    room = buf_room(&b, 2);
    memcpy(room, "yz", 2);
    b.n += 2;
    assert_string_equal(b.bytes, "abxxxyz");
    buf_free(&b);
}

static void buf_prints_numbers(void **state)
{
    (void)state;
    static const int64_t NUMBERS[] = {0, 7, -7, 10, 99, -100, 1234567890123, INT64_MAX, INT64_MIN};
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        char want[32];
        snprintf(want, sizeof want, "%lld", (long long)NUMBERS[i]);
        buf_reset(&b);
        buf_int(&b, NUMBERS[i]);
        assert_string_equal(buf_text(&b), want);
    }
    buf_reset(&b);
    buf_fmt(&b, "%s=%d;", "n", 5);
    buf_fmt(&b, "%500s", "r");
    assert_int_equal(b.n, 504);
    assert_memory_equal(b.bytes, "n=5; ", 5);
    buf_free(&b);
}

static void buf_take_hands_over(void **state)
{
    (void)state;
    struct buf b;
    size_t n = 99;
    buf_init(&b, 100);
    char *empty = buf_take(&b, &n);
    assert_string_equal(empty, "");
    assert_int_equal(n, 0);
    free(empty);
    buf_add(&b, "a\0b", 3);
    char *bytes = buf_take(&b, &n);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "a\0b", 4);
    free(bytes);
    assert_null(b.bytes);
    assert_int_equal(b.max, 100);
}

static void errors_have_rows(void **state)
{
    (void)state;
    assert_int_equal(error_row(RC_OK)->status, 200);
    for (int rc = 1; rc < RC_COUNT; rc++) {
        const struct error_row *row = error_row((enum rc)rc);
        assert_in_range(row->status, 400, 599);
        assert_true(row->code[0] && row->zh[0] && row->en[0]);
    }
    assert_string_equal(error_row(RC_NOT_FOUND)->code, "not_found");
    assert_ptr_equal(error_row(RC_COUNT), error_row(RC_INTERNAL));
}

static void errors_keep_what_services_say(void **state)
{
    (void)state;
    struct error e;
    error_clear(&e);
    e.members = "\"wanted\":5";
    assert_int_equal(error_say(&e, RC_INSUFFICIENT_STOCK, "中", "en"), RC_INSUFFICIENT_STOCK);
    assert_string_equal(e.zh, "中");
    assert_string_equal(e.members, "\"wanted\":5");
    assert_int_equal(error_set(&e, RC_NOT_FOUND), RC_NOT_FOUND);
    assert_null(e.zh);
    error_clear(&e);
    assert_null(e.members);
    assert_int_equal(e.rc, RC_OK);
}

static void faults_stay_in_order_and_are_bounded(void **state)
{
    (void)state;
    struct arena a = {0};
    struct error e = {0};
    for (int i = 0; i < 150; i++)
        error_fault(&e, &a, arena_fmt(&a, "f%d", i), "type", "中", "en", NULL);
    assert_int_equal(e.rc, RC_INVALID_INPUT);
    assert_int_equal(e.fault_count, 150);
    int seen = 0;
    for (const struct field_fault *f = e.faults; f; f = f->next)
        assert_string_equal(f->field, arena_fmt(&a, "f%d", seen++));
    assert_int_equal(seen, 100);
    error_clear(&e);
    error_fault(&e, &a, "again", "type", "中", "en", "v");
    assert_string_equal(e.faults->field, "again");
    assert_null(e.faults->next);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_memory_is_zero_and_aligned),
        cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(arena_reset_after_one_big_piece),
        cmocka_unit_test(arena_makes_text),
        cmocka_unit_test(buf_grows_to_its_maximum),
        cmocka_unit_test(buf_adds_nothing_after_overflow),
        cmocka_unit_test(buf_refuses_sizes_that_wrap),
        cmocka_unit_test(buf_room_may_be_used_in_part),
        cmocka_unit_test(buf_prints_numbers),
        cmocka_unit_test(buf_take_hands_over),
        cmocka_unit_test(errors_have_rows),
        cmocka_unit_test(errors_keep_what_services_say),
        cmocka_unit_test(faults_stay_in_order_and_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
