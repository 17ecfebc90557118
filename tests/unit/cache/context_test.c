// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "entry_support.h"

#include "pgrecall/base/thread.h"
#include "pgrecall/cache/context.h"

enum {
    MANY = 500,
    THREADS = 4,
    ROUNDS = 4000,
    NAMES = 7
};

static void equal_bytes_are_one_context(void **state)
{
    struct pgr_contexts *contexts = pgr_contexts_create();
    struct pgr_context *a = pgr_context_intern(contexts, PGR_BYTES_LIT("alice\0UTC"));
    struct pgr_context *b = pgr_context_intern(contexts, PGR_BYTES_LIT("alice\0UTC"));
    struct pgr_context *c = pgr_context_intern(contexts, PGR_BYTES_LIT("alice\0UTD"));
    struct pgr_context *d = pgr_context_intern(contexts, PGR_BYTES_LIT("alice"));
    struct pgr_context *none = pgr_context_intern(contexts, PGR_BYTES(NULL, 0));
    assert_ptr_equal(a, b);
    assert_true(pgr_context_id(a) != pgr_context_id(c) && pgr_context_id(a) != pgr_context_id(d));
    assert_true(pgr_bytes_eq(pgr_context_bytes(a), PGR_BYTES_LIT("alice\0UTC")));
    assert_int_equal(pgr_context_bytes(none).len, 0);
    struct pgr_context *all[] = {a, b, c, d, none, NULL};
    for (size_t i = 0; i < PGR_ARRAY_LEN(all); i++)
        pgr_context_unref(all[i]);
    pgr_contexts_destroy(&contexts);
    assert_null(contexts);
    pgr_contexts_destroy(&contexts);
    PGR_UNUSED(state);
}

static void ids_are_never_reused(void **state)
{
    struct pgr_contexts *contexts = pgr_contexts_create();
    uint64_t last = 0;
    for (int i = 0; i < 100; i++) {
        struct pgr_context *context = pgr_context_intern(contexts, PGR_BYTES_LIT("same"));
        assert_true(pgr_context_id(context) > last);
        last = pgr_context_id(context);
        pgr_context_unref(context);
    }
    pgr_contexts_destroy(&contexts);
    PGR_UNUSED(state);
}

static struct pgr_context *intern_number(struct pgr_contexts *contexts, int number)
{
    char name[16];
    int len = snprintf(name, sizeof(name), "context %d", number);
    return pgr_context_intern(contexts, PGR_BYTES(name, (size_t)len));
}

static void many_contexts_stay_apart(void **state)
{
    struct pgr_contexts *contexts = pgr_contexts_create();
    struct pgr_context *held[MANY];
    for (int i = 0; i < MANY; i++)
        held[i] = intern_number(contexts, i);
    for (int i = 0; i < MANY; i++) {
        struct pgr_context *again = intern_number(contexts, i);
        assert_ptr_equal(again, held[i]);
        pgr_context_unref(again);
    }
    for (int i = 0; i < MANY; i += 2)
        pgr_context_unref(held[i]);
    for (int i = 1; i < MANY; i += 2) {
        struct pgr_context *again = intern_number(contexts, i);
        assert_ptr_equal(again, held[i]);
        pgr_context_unref(again);
        pgr_context_unref(held[i]);
    }
    pgr_contexts_destroy(&contexts);
    PGR_UNUSED(state);
}

/* The sixteenth context needs two allocations, of which the second (growing) may be missing. */
static void missing_memory_is_survived(void **state)
{
    struct pgr_contexts *contexts = pgr_contexts_create();
    struct pgr_context *held[20];
    for (int i = 0; i < 20; i++) {
        pgr_mem_fail_nth(1);
        assert_null(intern_number(contexts, i));
        pgr_mem_fail_nth(2);
        held[i] = intern_number(contexts, i);
        pgr_mem_fail_nth(0);
        assert_non_null(held[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct pgr_context *again = intern_number(contexts, i);
        assert_ptr_equal(again, held[i]);
        pgr_context_unref(again);
        pgr_context_unref(held[i]);
    }
    pgr_contexts_destroy(&contexts);
    PGR_UNUSED(state);
}

static void intern_and_forget(void *arg)
{
    struct pgr_contexts *contexts = arg;
    uint64_t random = (uintptr_t)&random | 1;
    for (int i = 0; i < ROUNDS; i++) {
        int number = (int)(next_random(&random) % NAMES);
        struct pgr_context *a = intern_number(contexts, number);
        struct pgr_context *b = intern_number(contexts, number);
        PGR_ASSERT(a == b && pgr_context_id(a) != 0);
        pgr_context_unref(a);
        pgr_context_unref(b);
    }
}

static void threads_may_forget_while_others_intern(void **state)
{
    struct pgr_contexts *contexts = pgr_contexts_create();
    struct pgr_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pgr_thread_start(&threads[i], "intern", PGR_PARSE_STACK, intern_and_forget, contexts),
            PGR_OK);
    for (int i = 0; i < THREADS; i++)
        pgr_thread_join(&threads[i]);
    pgr_contexts_destroy(&contexts); /* asserts that all are forgotten */
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_are_one_context),
        cmocka_unit_test(ids_are_never_reused),
        cmocka_unit_test(many_contexts_stay_apart),
        cmocka_unit_test(missing_memory_is_survived),
        cmocka_unit_test(threads_may_forget_while_others_intern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
