// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "pgrecall/base/thread.h"

struct facts {
    struct pgr_mutex mutex;
    unsigned count;
    size_t stack;
    bool is_signal_blocked;
};

static void learn(void *arg)
{
    struct facts *facts = arg;
    pthread_attr_t attr;
    sigset_t mask;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &facts->stack);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    facts->is_signal_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGUSR1) == 1;
}

static void a_thread_has_its_stack_and_no_signals(void **state)
{
    struct facts facts = {0};
    struct pgr_thread thread;
    assert_int_equal(pgr_thread_start(&thread, "parse", PGR_PARSE_STACK, learn, &facts), PGR_OK);
    pgr_thread_join(&thread);
    assert_true(facts.stack >= PGR_PARSE_STACK);
    assert_true(facts.is_signal_blocked);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0); /* the starter's mask is as before */
    PGR_UNUSED(state);
}

static void an_impossible_stack_is_an_error(void **state)
{
    struct pgr_thread thread;
    assert_int_equal(pgr_thread_start(&thread, "x", 1, learn, NULL), PGR_ERR_IO);
    PGR_UNUSED(state);
}

static void count_up(void *arg)
{
    struct facts *facts = arg;
    for (int i = 0; i < 5000; i++) {
        pgr_mutex_lock(&facts->mutex);
        facts->count++;
        pgr_mutex_unlock(&facts->mutex);
    }
}

static void a_mutex_excludes(void **state)
{
    struct facts facts = {0};
    struct pgr_thread threads[3];
    pgr_mutex_init(&facts.mutex);
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        assert_int_equal(
            pgr_thread_start(&threads[i], "a-name-that-is-too-long", 1 << 20, count_up, &facts),
            PGR_OK);
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        pgr_thread_join(&threads[i]);
    assert_int_equal(facts.count, 15000);
    pgr_mutex_fini(&facts.mutex);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_its_stack_and_no_signals),
        cmocka_unit_test(an_impossible_stack_is_an_error),
        cmocka_unit_test(a_mutex_excludes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
