// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/upstream/cancel.h"
#include "pump.h"

static const uint8_t packet[16] = {0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 18, 103, 0, 0, 0, 99};

struct bench {
    struct pgr_loop *loop;
    char directory[32];
    char path[64];
    struct pgr_endpoint endpoint;
    int listener;
    int done;
};

static void setup(struct bench *b)
{
    *b = (struct bench){.loop = pgr_loop_create(&pgr_clock_monotonic)};
    (void)snprintf(b->directory, sizeof(b->directory), "/tmp/pgr_cancel_XXXXXX");
    assert_non_null(mkdtemp(b->directory));
    (void)snprintf(b->path, sizeof(b->path), "%s/s", b->directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, b->path, strlen(b->path) + 1);
    b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(b->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(b->listener, 4), 0);
    b->endpoint.unix_path = b->path;
}

static void teardown(struct bench *b)
{
    pump_some(b->loop);
    assert_int_equal(b->done, 1); /* exactly once */
    pgr_loop_destroy(&b->loop);
    (void)close(b->listener);
    (void)unlink(b->path);
    (void)rmdir(b->directory);
}

static void on_done(void *arg)
{
    struct bench *b = arg;
    b->done++;
}

static void relay(struct bench *b, uint64_t timeout_ms)
{
    pgr_cancel_relay(b->loop, &b->endpoint, PGR_BYTES(packet, sizeof(packet)), timeout_ms, on_done,
                     b);
}

static int accept_one(struct bench *b)
{
    int fd = -1;
    PUMP_UNTIL(b->loop, (fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    return fd;
}

static void packet_is_carried_as_it_is(void **state)
{
    struct bench b;
    uint8_t got[64];
    ssize_t len = -1;
    PGR_UNUSED(state);
    setup(&b);
    relay(&b, 60000);
    int fd = accept_one(&b);
    PUMP_UNTIL(b.loop, (len = recv(fd, got, sizeof(got), MSG_DONTWAIT)) > 0);
    assert_int_equal(len, sizeof(packet));
    assert_memory_equal(got, packet, sizeof(packet));
    /* what a server might say is of no interest */
    assert_int_equal(send(fd, "E", 1, MSG_NOSIGNAL), 1);
    pump_some(b.loop);
    assert_int_equal(b.done, 0);
    (void)close(fd);
    PUMP_UNTIL(b.loop, b.done > 0);
    teardown(&b);
}

static void server_that_is_not_there(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    b.endpoint.unix_path = "/nowhere/at/all";
    relay(&b, 60000);
    PUMP_UNTIL(b.loop, b.done > 0);
    teardown(&b);
}

static void server_that_never_closes(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    relay(&b, 1);
    int fd = accept_one(&b);
    PUMP_UNTIL(b.loop, b.done > 0);
    (void)close(fd);
    teardown(&b);
}

static void want_of_memory(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    pgr_mem_fail_nth(1);
    relay(&b, 60000);
    pgr_mem_fail_nth(0);
    PUMP_UNTIL(b.loop, b.done > 0);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_is_carried_as_it_is),
        cmocka_unit_test(server_that_is_not_there),
        cmocka_unit_test(server_that_never_closes),
        cmocka_unit_test(want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
