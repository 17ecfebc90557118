// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pgrecall/base/clock.h"
#include "pgrecall/base/err.h"
#include "pgrecall/base/hash.h"
#include "pgrecall/base/list.h"

static void strings_compare_and_null_equals_only_null(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool expect;
    } cases[] = {
        {"", "", true},    {"a", "a", true},  {"a", "b", false},  {"a", "aa", false},
        {NULL, "", false}, {"", NULL, false}, {NULL, NULL, true},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        assert_int_equal(pgr_str_eq(cases[i].a, cases[i].b), cases[i].expect);
    PGR_UNUSED(state);
}

static void a_broken_invariant_aborts_and_names_itself(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        PGR_ASSERT(child == 1);
        _exit(0);
    }
    close(ends[1]);
    char text[512] = "";
    ssize_t len = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_true(len > 0);
    assert_non_null(strstr(text, "child == 1"));
    assert_non_null(strstr(text, "base_test.c"));
    PGR_UNUSED(state);
}

static void every_error_has_its_own_word(void **state)
{
    for (int i = PGR_OK; i <= PGR_ERR_TIMEOUT; i++) {
        const char *word = pgr_err_text((enum pgr_err)i);
        assert_string_not_equal(word, "unknown");
        for (int k = PGR_OK; k < i; k++)
            assert_string_not_equal(word, pgr_err_text((enum pgr_err)k));
    }
    PGR_UNUSED(state);
}

static void a_fault_is_cut_not_overrun(void **state)
{
    struct pgr_fault fault;
    pgr_fault_set(&fault, "08006", "port %d", 5432);
    assert_string_equal(fault.sqlstate, "08006");
    assert_string_equal(fault.text, "port 5432");
    char text[400];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    pgr_fault_set(&fault, "XX000", "%s", text);
    assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
    PGR_UNUSED(state);
}

static void hashes_know_content_and_seed(void **state)
{
    struct pgr_bytes a = PGR_BYTES_LIT("select 1");
    struct pgr_bytes b = PGR_BYTES_LIT("select 2");
    assert_true(pgr_hash64(a) == pgr_hash64(PGR_BYTES_LIT("select 1")));
    assert_true(pgr_hash64(a) != pgr_hash64(b));
    /* XXH3_64bits of nothing, from its specification: fingerprints are stable over builds. */
    assert_true(pgr_hash64(PGR_BYTES(NULL, 0)) == 0x2D06800538D394C2ULL);
    struct pgr_hash128 one = pgr_hash128(a, 1);
    struct pgr_hash128 again = pgr_hash128(a, 1);
    struct pgr_hash128 two = pgr_hash128(a, 2);
    assert_true(one.low == again.low && one.high == again.high);
    assert_true(one.low != two.low && one.high != two.high);
    PGR_UNUSED(state);
}

struct item {
    int value;
    struct pgr_list node;
};

static void a_list_keeps_order_and_survives_removal_while_walking(void **state)
{
    struct pgr_list head;
    struct item items[4];
    pgr_list_init(&head);
    assert_true(pgr_list_is_empty(&head));
    for (int i = 0; i < 4; i++) {
        items[i].value = i;
        pgr_list_push_back(&head, &items[i].node);
    }
    int seen = 0;
    pgr_list_foreach (node, &head) {
        struct item *item = pgr_container_of(node, struct item, node);
        assert_int_equal(item->value, seen++);
        pgr_list_remove(&item->node);
        pgr_list_remove(&item->node);
    }
    assert_int_equal(seen, 4);
    assert_true(pgr_list_is_empty(&head));
    PGR_UNUSED(state);
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    uint64_t before = pgr_clock_now_us(&pgr_clock_monotonic);
    assert_true(before > 0);
    assert_true(pgr_clock_now_us(&pgr_clock_monotonic) >= before);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_compare_and_null_equals_only_null),
        cmocka_unit_test(a_broken_invariant_aborts_and_names_itself),
        cmocka_unit_test(every_error_has_its_own_word),
        cmocka_unit_test(a_fault_is_cut_not_overrun),
        cmocka_unit_test(hashes_know_content_and_seed),
        cmocka_unit_test(a_list_keeps_order_and_survives_removal_while_walking),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
