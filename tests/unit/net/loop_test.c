// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/net/loop.h"
#include "pump.h"

static int set_up(void **state)
{
    *state = pgr_loop_create(&pgr_clock_monotonic);
    return 0;
}

static int tear_down(void **state)
{
    pgr_loop_destroy((struct pgr_loop **)state);
    assert_null(*state);
    return 0;
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void an_empty_loop_is_inactive(void **state)
{
    assert_false(pgr_loop_turn(*state));
}

/* ---- time ---- */

struct fake_clock {
    uint64_t now_us;
    int reads;
};

static uint64_t read_fake(void *self)
{
    struct fake_clock *fake = self;
    fake->reads++;
    return fake->now_us;
}

static void the_clock_is_read_once_per_turn(void **state)
{
    struct fake_clock fake = {.now_us = 5};
    const struct pgr_clock clock = {read_fake, &fake};
    struct pgr_loop *loop = pgr_loop_create(&clock);
    assert_int_equal(pgr_loop_now_us(loop), 5);
    fake.now_us = 9;
    assert_int_equal(pgr_loop_now_us(loop), 5);
    assert_int_equal(fake.reads, 1);
    assert_int_equal(pgr_loop_clock_us(loop), 9);
    pgr_loop_turn(loop);
    fake.now_us = 11;
    assert_int_equal(pgr_loop_now_us(loop), 11);
    pgr_loop_destroy(&loop);
    PGR_UNUSED(state);
}

/* ---- timers ---- */

struct ticker {
    struct pgr_timer *timer;
    struct pgr_loop *loop;
    int ticks;
};

static void close_at_third(void *arg)
{
    struct ticker *t = arg;
    if (++t->ticks == 3)
        pgr_timer_close(&t->timer);
}

static void a_timer_repeats_until_closed_in_its_callback(void **state)
{
    struct ticker t = {.loop = *state};
    t.timer = pgr_timer_create(*state, close_at_third, &t);
    pgr_timer_start(t.timer, 0, 1);
    while (pgr_loop_turn(*state))
        pump_pause();
    assert_int_equal(t.ticks, 3);
    assert_null(t.timer);
    pgr_timer_close(&t.timer);
}

static void a_stopped_timer_is_silent_and_may_start_again(void **state)
{
    int ticks = 0;
    struct pgr_timer *timer = pgr_timer_create(*state, count, &ticks);
    pgr_timer_start(timer, 0, 0);
    pgr_timer_stop(timer);
    pump_some(*state);
    assert_int_equal(ticks, 0);
    pgr_timer_start(timer, 0, 0);
    PUMP_UNTIL(*state, ticks == 1);
    pump_some(*state);
    assert_int_equal(ticks, 1);
    pgr_timer_close(&timer);
}

/* ---- descriptors ---- */

struct watcher {
    struct pgr_poll *poll;
    int events;
    int calls;
};

static void note_events(void *arg, int events)
{
    struct watcher *w = arg;
    w->events |= events;
    w->calls++;
}

static void a_poll_reports_what_is_wanted(void **state)
{
    int ends[2];
    struct watcher w = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    w.poll = pgr_poll_create(*state, ends[0], note_events, &w);
    assert_non_null(w.poll);
    assert_null(pgr_poll_create(*state, -1, note_events, &w));
    pump_some(*state);
    assert_int_equal(w.calls, 0);
    pgr_poll_want(w.poll, PGR_POLL_WRITE);
    PUMP_UNTIL(*state, w.calls > 0);
    assert_int_equal(w.events, PGR_POLL_WRITE);
    w.events = 0;
    pgr_poll_want(w.poll, PGR_POLL_READ);
    pump_some(*state);
    assert_int_equal(w.events, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    PUMP_UNTIL(*state, w.events == PGR_POLL_READ);
    pgr_poll_want(w.poll, 0);
    w.events = 0;
    pump_some(*state);
    assert_int_equal(w.events, 0);
    pgr_poll_close(&w.poll);
    close(ends[0]);
    close(ends[1]);
}

static void a_poll_tells_of_errors_as_readiness(void **state)
{
    int ends[2];
    struct watcher w = {0};
    assert_int_equal(pipe(ends), 0);
    w.poll = pgr_poll_create(*state, ends[1], note_events, &w);
    close(ends[0]); /* the writing end is now in error */
    pgr_poll_want(w.poll, PGR_POLL_WRITE);
    PUMP_UNTIL(*state, w.calls >= 2); /* and stays so for who goes on watching */
    assert_int_equal(w.events, PGR_POLL_READ | PGR_POLL_WRITE);
    pgr_poll_close(&w.poll);
    close(ends[1]);
}

static void a_signal_arrives_on_the_loop(void **state)
{
    int signals = 0;
    struct pgr_signal *usr1 = pgr_signal_create(*state, SIGUSR1, count, &signals);
    raise(SIGUSR1);
    PUMP_UNTIL(*state, signals == 1);
    pgr_signal_close(&usr1);
    assert_null(usr1);
}

/* ---- posts ---- */

enum {
    POSTERS = 3,
    POSTS = 2000
};

struct poster {
    struct pgr_loop *loop;
    struct pgr_thread thread;
    int *left; /* posts not yet run; touched on the loop only */
    int next;
};

struct letter {
    struct poster *from;
    int number;
};

static void receive(void *arg)
{
    struct letter *letter = arg;
    PGR_ASSERT(letter->number == letter->from->next);
    letter->from->next++;
    if (--*letter->from->left == 0)
        pgr_loop_stop(letter->from->loop);
    pgr_free(letter);
}

static void post_many(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < POSTS; i++) {
        struct letter *letter = pgr_new(struct letter);
        letter->from = poster;
        letter->number = i;
        pgr_loop_post(poster->loop, receive, letter);
    }
}

static void posts_of_each_thread_run_in_order(void **state)
{
    struct poster posters[POSTERS];
    int left = POSTERS * POSTS;
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = *state, .left = &left};
        assert_int_equal(
            pgr_thread_start(&posters[i].thread, "poster", (size_t)1 << 20, post_many, &posters[i]),
            PGR_OK);
    }
    pgr_loop_run(*state);
    for (int i = 0; i < POSTERS; i++)
        pgr_thread_join(&posters[i].thread);
    assert_int_equal(left, 0);
}

static void stop_it(void *arg)
{
    pgr_loop_stop(arg);
}

static void run_it(void *arg)
{
    pgr_loop_run(arg);
}

static void a_waiting_loop_is_stopped_by_a_post(void **state)
{
    struct pgr_thread thread;
    assert_int_equal(pgr_thread_start(&thread, "loop", (size_t)1 << 20, run_it, *state), PGR_OK);
    pgr_loop_post(*state, stop_it, *state);
    pgr_thread_join(&thread);
}

static void a_post_made_by_a_post_runs_too(void **state)
{
    struct ticker t = {.loop = *state};
    int ran = 0;
    pgr_loop_post(*state, count, &ran);
    pgr_loop_post(*state, stop_it, *state);
    pgr_loop_run(*state);
    assert_int_equal(ran, 1);
    pgr_loop_post(t.loop, count, &ran);
    PUMP_UNTIL(*state, ran == 2);
}

static void what_is_left_open_goes_with_the_loop(void **state)
{
    int ends[2];
    int ran = 0;
    struct watcher w = {0};
    struct pgr_loop *loop = pgr_loop_create(&pgr_clock_monotonic);
    assert_int_equal(pipe(ends), 0);
    pgr_timer_start(pgr_timer_create(loop, count, &ran), 0, 1);
    pgr_poll_want(pgr_poll_create(loop, ends[1], note_events, &w), PGR_POLL_WRITE);
    pgr_signal_create(loop, SIGUSR2, count, &ran);
    pgr_loop_post(loop, count, &ran);
    pgr_loop_destroy(&loop);
    assert_int_equal(ran, 0);
    assert_int_equal(w.calls, 0);
    close(ends[0]);
    close(ends[1]);
    PGR_UNUSED(state);
}

/* ---- offload ---- */

enum {
    JOBS = 200
};

struct job {
    struct pgr_loop *loop;
    int *left;
    pthread_t home;
    int result;
};

static void work(void *arg)
{
    struct job *job = arg;
    volatile char deep[4 << 20]; /* more stack than a thread of the system's has left to waste */
    deep[0] = 1;
    deep[sizeof(deep) - 1] = 1;
    PGR_ASSERT(!pthread_equal(pthread_self(), job->home));
    job->result += deep[0] + deep[sizeof(deep) - 1];
}

static void work_is_done(void *arg)
{
    struct job *job = arg;
    PGR_ASSERT(pthread_equal(pthread_self(), job->home));
    PGR_ASSERT(job->result == 2);
    if (--*job->left == 0)
        pgr_loop_stop(job->loop);
}

static void offloaded_work_comes_back_to_its_loop(void **state)
{
    struct pgr_offload_pool *pool = pgr_offload_create(2);
    struct job jobs[JOBS];
    int left = JOBS;
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.loop = *state, .left = &left, .home = pthread_self()};
        pgr_offload(pool, *state, work, work_is_done, &jobs[i]);
    }
    pgr_loop_run(*state);
    assert_int_equal(left, 0);
    pgr_offload_destroy(&pool);
    assert_null(pool);
}

static void destroying_the_pool_finishes_what_was_queued(void **state)
{
    struct pgr_offload_pool *pool = pgr_offload_create(1);
    struct job jobs[JOBS];
    int left = JOBS;
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.loop = *state, .left = &left, .home = pthread_self()};
        pgr_offload(pool, *state, work, work_is_done, &jobs[i]);
    }
    pgr_offload_destroy(&pool);
    assert_int_equal(left, JOBS);
    pgr_loop_run(*state);
    assert_int_equal(left, 0);
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(an_empty_loop_is_inactive),
        LOOP_TEST(the_clock_is_read_once_per_turn),
        LOOP_TEST(a_timer_repeats_until_closed_in_its_callback),
        LOOP_TEST(a_stopped_timer_is_silent_and_may_start_again),
        LOOP_TEST(a_poll_reports_what_is_wanted),
        LOOP_TEST(a_poll_tells_of_errors_as_readiness),
        LOOP_TEST(a_signal_arrives_on_the_loop),
        LOOP_TEST(posts_of_each_thread_run_in_order),
        LOOP_TEST(a_waiting_loop_is_stopped_by_a_post),
        LOOP_TEST(a_post_made_by_a_post_runs_too),
        LOOP_TEST(what_is_left_open_goes_with_the_loop),
        LOOP_TEST(offloaded_work_comes_back_to_its_loop),
        LOOP_TEST(destroying_the_pool_finishes_what_was_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
