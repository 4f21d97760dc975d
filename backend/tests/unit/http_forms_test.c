/* How much of uploads is held: of one sender, of all, of how many senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/forms.h"
#include "http/http.h"

#define MIB ((size_t)1024 * 1024)

static void test_one_sender(void **state)
{
    struct form_budget f = {.lock = PTHREAD_MUTEX_INITIALIZER};

    (void)state;
    assert_true(forms_take(&f, 7, HTTP_FORMS_OF_ONE_MAX - 1));
    assert_false(forms_take(&f, 7, 2));
    assert_true(forms_take(&f, 7, 1));
    assert_false(forms_take(&f, 7, 1));
    assert_true(forms_take(&f, 8, MIB));
    forms_give_back(&f, 7, 1);
    assert_true(forms_take(&f, 7, 1));
    forms_give_back(&f, 7, HTTP_FORMS_OF_ONE_MAX);
    forms_give_back(&f, 8, MIB);
    assert_int_equal(f.bytes, 0);
    forms_give_back(&f, 9, 0); /* who has taken nothing */
    assert_int_equal(f.bytes, 0);
}

static void test_all_together(void **state)
{
    struct form_budget f = {.lock = PTHREAD_MUTEX_INITIALIZER};
    int64_t sender = 0; /* those who are not known yet are one */
    size_t held = 0;

    (void)state;
    while (forms_take(&f, sender, 60 * MIB)) {
        held += 60 * MIB;
        sender++;
    }
    assert_int_equal(held, 240 * MIB);
    assert_true(forms_take(&f, sender, HTTP_FORMS_MAX - held));
    assert_false(forms_take(&f, sender, 1));
    assert_false(forms_take(&f, 0, 1));
    forms_give_back(&f, 0, 60 * MIB);
    assert_true(forms_take(&f, sender, 1));
}

static void test_many_senders(void **state)
{
    struct form_budget f = {.lock = PTHREAD_MUTEX_INITIALIZER};

    (void)state;
    for (int64_t i = 0; i < FORM_SENDERS_MAX; i++)
        assert_true(forms_take(&f, i, 1));
    assert_false(forms_take(&f, FORM_SENDERS_MAX, 1));
    assert_true(forms_take(&f, FORM_SENDERS_MAX - 1, 1));
    forms_give_back(&f, 3, 1);
    assert_true(forms_take(&f, FORM_SENDERS_MAX, 1));
    assert_false(forms_take(&f, 3, 1));
    assert_int_equal(f.bytes, FORM_SENDERS_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_sender),
        cmocka_unit_test(test_all_together),
        cmocka_unit_test(test_many_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
