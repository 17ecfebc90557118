// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/net/listener.h"
#include "pump.h"

struct world {
    struct pgr_loop *loop;
    struct pgr_listener *listener;
    char text[256];
    char dir[32];
    char path[64];
    int accepted[16];
    size_t count;
    bool shall_close;
};

static int set_up(void **state)
{
    struct world *w = pgr_new(struct world);
    w->loop = pgr_loop_create(&pgr_clock_monotonic);
    snprintf(w->dir, sizeof(w->dir), "/tmp/pgr-listener-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/.s.PGSQL.1", w->dir);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->count; i++)
        close(w->accepted[i]);
    pgr_listener_close(&w->listener);
    pgr_loop_destroy(&w->loop);
    unlink(w->path);
    assert_int_equal(rmdir(w->dir), 0);
    pgr_free(w);
    return 0;
}

static void on_accept(void *arg, int fd)
{
    struct world *w = arg;
    PGR_ASSERT(w->count < PGR_ARRAY_LEN(w->accepted));
    w->accepted[w->count++] = fd;
    if (w->shall_close)
        pgr_listener_close(&w->listener);
}

static enum pgr_err open_word(struct world *w, const char *word, struct pgr_listener **out)
{
    char storage[128];
    struct pgr_endpoint endpoint;
    assert_int_equal(
        pgr_endpoint_parse(word, 1, storage, sizeof(storage), &endpoint, w->text, sizeof(w->text)),
        PGR_OK);
    return pgr_listener_open(w->loop, &endpoint, on_accept, w, out, w->text, sizeof(w->text));
}

static int dial(const struct sockaddr *addr, socklen_t len)
{
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, addr, len) == 0)
        return fd;
    close(fd);
    return -1;
}

static int dial_port(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return dial((struct sockaddr *)&addr, sizeof(addr));
}

static int dial_path(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    return dial((struct sockaddr *)&addr, sizeof(addr));
}

static void it_accepts_on_the_port_it_was_given(void **state)
{
    struct world *w = *state;
    int fds[3];
    assert_int_equal(open_word(w, "127.0.0.1:0", &w->listener), PGR_OK);
    uint16_t port = pgr_listener_port(w->listener);
    assert_int_not_equal(port, 0);
    for (size_t i = 0; i < PGR_ARRAY_LEN(fds); i++) {
        fds[i] = dial_port(port);
        assert_true(fds[i] >= 0);
    }
    PUMP_UNTIL(w->loop, w->count == PGR_ARRAY_LEN(fds));
    assert_true(fcntl(w->accepted[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(w->accepted[0], F_GETFD) & FD_CLOEXEC);
    for (size_t i = 0; i < PGR_ARRAY_LEN(fds); i++)
        close(fds[i]);
    pgr_listener_close(&w->listener);
    assert_int_equal(dial_port(port), -1);
}

static void a_port_in_use_is_named(void **state)
{
    struct world *w = *state;
    char word[32];
    char expect[64];
    struct pgr_listener *second = NULL;
    assert_int_equal(open_word(w, "127.0.0.1:0", &w->listener), PGR_OK);
    unsigned port = pgr_listener_port(w->listener);
    snprintf(word, sizeof(word), "127.0.0.1:%u", port);
    snprintf(expect, sizeof(expect), "127.0.0.1:%u: Address already in use", port);
    assert_int_equal(open_word(w, word, &second), PGR_ERR_IO);
    assert_null(second);
    assert_string_equal(w->text, expect);
}

static void a_star_and_a_name_listen_on_loopback_too(void **state)
{
    static const char *const words[] = {"*:0", "localhost:0"};
    struct world *w = *state;
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++) {
        assert_int_equal(open_word(w, words[i], &w->listener), PGR_OK);
        int fd = dial_port(pgr_listener_port(w->listener));
        assert_true(fd >= 0);
        PUMP_UNTIL(w->loop, w->count == i + 1);
        close(fd);
        pgr_listener_close(&w->listener);
    }
}

static void an_address_of_others_is_refused(void **state)
{
    struct world *w = *state;
    assert_int_equal(open_word(w, "192.0.2.1:5000", &w->listener), PGR_ERR_IO);
    assert_string_equal(w->text, "192.0.2.1:5000: Cannot assign requested address");
}

static void it_may_be_closed_while_accepting(void **state)
{
    struct world *w = *state;
    assert_int_equal(open_word(w, "127.0.0.1:0", &w->listener), PGR_OK);
    w->shall_close = true;
    int one = dial_port(pgr_listener_port(w->listener));
    int two = dial_port(pgr_listener_port(w->listener));
    PUMP_UNTIL(w->loop, w->listener == NULL);
    pump_some(w->loop);
    assert_int_equal(w->count, 1);
    close(one);
    close(two);
}

static void a_unix_socket_is_for_all_and_goes_with_its_listener(void **state)
{
    struct world *w = *state;
    struct stat st;
    assert_int_equal(open_word(w, w->path, &w->listener), PGR_OK);
    assert_int_equal(pgr_listener_port(w->listener), 0);
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0777);
    int fd = dial_path(w->path);
    assert_true(fd >= 0);
    PUMP_UNTIL(w->loop, w->count == 1);
    close(fd);
    pgr_listener_close(&w->listener);
    assert_int_equal(stat(w->path, &st), -1);
}

static void leave_stale_socket(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
}

static void a_stale_socket_file_is_replaced(void **state)
{
    struct world *w = *state;
    leave_stale_socket(w->path);
    assert_int_equal(dial_path(w->path), -1);
    assert_int_equal(open_word(w, w->path, &w->listener), PGR_OK);
    int fd = dial_path(w->path);
    assert_true(fd >= 0);
    close(fd);
    PUMP_UNTIL(w->loop, w->count == 1);
}

static void a_socket_in_use_and_a_file_are_left_alone(void **state)
{
    struct world *w = *state;
    struct pgr_listener *second = NULL;
    struct stat st;
    assert_int_equal(open_word(w, w->path, &w->listener), PGR_OK);
    assert_int_equal(open_word(w, w->path, &second), PGR_ERR_IO);
    assert_non_null(strstr(w->text, ": Address already in use"));
    int fd = dial_path(w->path);
    assert_true(fd >= 0);
    close(fd);
    pgr_listener_close(&w->listener);

    int file = open(w->path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(open_word(w, w->path, &second), PGR_ERR_IO);
    assert_int_equal(stat(w->path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

/* A successor that has taken over the path keeps it. */
static void another_ones_file_is_not_unlinked(void **state)
{
    struct world *w = *state;
    struct stat st;
    assert_int_equal(open_word(w, w->path, &w->listener), PGR_OK);
    char moved[160];
    snprintf(moved, sizeof(moved), "%s.old", w->path);
    assert_int_equal(rename(w->path, moved), 0);
    leave_stale_socket(w->path);
    pgr_listener_close(&w->listener);
    assert_int_equal(stat(w->path, &st), 0);
    unlink(moved);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    struct world *w = *state;
    assert_int_equal(open_word(w, "/nonexistent/dir", &w->listener), PGR_ERR_IO);
    assert_string_equal(w->text, "/nonexistent/dir/.s.PGSQL.1: No such file or directory");
}

/* Without descriptors the connection waits in the backlog and is taken when there are some. */
static void want_of_descriptors_is_survived(void **state)
{
    struct world *w = *state;
    struct rlimit limit;
    assert_int_equal(open_word(w, "127.0.0.1:0", &w->listener), PGR_OK);
    int client = dial_port(pgr_listener_port(w->listener));
    assert_true(client >= 0);
    int lowest_free = dup(0);
    close(lowest_free);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit tight = {(rlim_t)lowest_free, limit.rlim_max};
    pgr_log_set_level(PGR_LOG_ERROR);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    pump_some(w->loop);
    size_t accepted_without = w->count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    pgr_log_set_level(PGR_LOG_INFO);
    assert_int_equal(accepted_without, 0);
    PUMP_UNTIL(w->loop, w->count == 1);
    close(client);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(it_accepts_on_the_port_it_was_given),
        WORLD_TEST(a_port_in_use_is_named),
        WORLD_TEST(a_star_and_a_name_listen_on_loopback_too),
        WORLD_TEST(an_address_of_others_is_refused),
        WORLD_TEST(it_may_be_closed_while_accepting),
        WORLD_TEST(a_unix_socket_is_for_all_and_goes_with_its_listener),
        WORLD_TEST(a_stale_socket_file_is_replaced),
        WORLD_TEST(a_socket_in_use_and_a_file_are_left_alone),
        WORLD_TEST(another_ones_file_is_not_unlinked),
        WORLD_TEST(a_directory_that_is_not_there_is_named),
        WORLD_TEST(want_of_descriptors_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
