// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "pgrecall/base/mem.h"
#include "prepared_priv.h"
#include "say.h"

static struct pgr_prepared *prepare(const char *name, const char *text)
{
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
    struct pgr_prepared *p = pgr_prepared_create(fe_parse(name, text), stmt);
    pgr_stmt_unref(stmt);
    return p;
}

static struct pgr_prepared *get(const struct pgr_names *names, const char *name)
{
    return pgr_names_get(names, pgr_bytes_str(name));
}

static void parse_message_is_kept_whole(void **state)
{
    PGR_UNUSED(state);
    struct pgr_bytes message = say('P', "ss244", "name", "SELECT $1", 2u, 23u, 25u);
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES_LIT("SELECT $1"));
    struct pgr_prepared *p = pgr_prepared_create(message, stmt);
    assert_non_null(p);
    assert_true(pgr_bytes_eq(PGR_BYTES(p->message->data, p->message->len), message));
    assert_true(pgr_bytes_eq(p->name, PGR_BYTES_LIT("name")));
    assert_true(pgr_bytes_eq(p->text, PGR_BYTES_LIT("SELECT $1")));
    assert_true(pgr_bytes_eq(p->oids, PGR_BYTES("\0\0\0\x17\0\0\0\x19", 8)));
    assert_false(p->is_confirmed);
    assert_int_equal(p->context_id, 0);
    assert_int_equal(p->epoch, 0);
    pgr_stmt_unref(stmt);
    assert_ptr_equal(p->stmt, stmt); /* a reference of its own */
    pgr_prepared_unref(p);
    pgr_prepared_unref(NULL);
    say_forget();
}

static void broken_parse_is_nothing(void **state)
{
    PGR_UNUSED(state);
    struct pgr_bytes whole = say('P', "ss24", "n", "SELECT 1", 1u, 23u);
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES_LIT("SELECT 1"));
    for (size_t len = 5; len < whole.len; len++)
        assert_null(pgr_prepared_create(PGR_BYTES(whole.at, len), stmt));
    pgr_stmt_unref(stmt);
    say_forget();
}

static void names_mean_what_was_put_last(void **state)
{
    PGR_UNUSED(state);
    struct pgr_names *names = pgr_names_create();
    struct pgr_prepared *a = prepare("", "SELECT 1");
    struct pgr_prepared *b = prepare("b", "SELECT 2");
    assert_null(get(names, ""));
    pgr_names_put(names, PGR_BYTES("", 0), a);
    pgr_names_put(names, PGR_BYTES_LIT("b"), b);
    assert_ptr_equal(get(names, ""), a);
    assert_ptr_equal(get(names, "b"), b);
    assert_null(get(names, "B"));
    pgr_names_put(names, PGR_BYTES("", 0), b);
    assert_ptr_equal(get(names, ""), b);
    pgr_names_put(names, PGR_BYTES("", 0), b); /* itself anew */
    assert_ptr_equal(get(names, ""), b);
    pgr_names_put(names, PGR_BYTES("", 0), NULL);
    assert_null(get(names, ""));
    pgr_names_put(names, PGR_BYTES("", 0), NULL); /* already gone */
    assert_int_equal(a->refs, 1);
    assert_int_equal(b->refs, 2);
    pgr_names_clear(names);
    assert_null(get(names, "b"));
    assert_int_equal(b->refs, 1);
    pgr_prepared_unref(a);
    pgr_prepared_unref(b);
    pgr_names_destroy(&names);
    assert_null(names);
    pgr_names_destroy(&names);
    say_forget();
}

static void drop_spares_a_later_meaning(void **state)
{
    PGR_UNUSED(state);
    struct pgr_names *names = pgr_names_create();
    struct pgr_prepared *first = prepare("n", "SELECT 1");
    struct pgr_prepared *second = prepare("n", "SELECT 2");
    pgr_names_put(names, PGR_BYTES_LIT("n"), first);
    pgr_names_put(names, PGR_BYTES_LIT("n"), second);
    pgr_names_drop(names, first);
    assert_ptr_equal(get(names, "n"), second);
    pgr_names_drop(names, second);
    assert_null(get(names, "n"));
    pgr_names_drop(names, second);
    pgr_prepared_unref(first);
    pgr_prepared_unref(second);
    pgr_names_destroy(&names);
    say_forget();
}

/* Names that a client makes up without end are forgotten; the unnamed statement never is. */
static void names_are_bounded(void **state)
{
    PGR_UNUSED(state);
    struct pgr_names *names = pgr_names_create();
    struct pgr_prepared *p = prepare("", "SELECT 1");
    char name[16];
    for (int i = 0; i < PGR_PREPARED_MAX + 10; i++) {
        (void)snprintf(name, sizeof(name), "s%d", i);
        pgr_names_put(names, pgr_bytes_str(name), p);
        assert_true((get(names, name) == p) == (i < PGR_PREPARED_MAX));
    }
    assert_ptr_equal(get(names, "s0"), p);
    pgr_names_put(names, PGR_BYTES("", 0), p);
    assert_ptr_equal(get(names, ""), p);
    pgr_names_put(names, PGR_BYTES_LIT("s7"), NULL);
    pgr_names_put(names, PGR_BYTES("", 0), NULL);
    pgr_names_put(names, PGR_BYTES_LIT("again"), p);
    assert_ptr_equal(get(names, "again"), p);
    pgr_names_destroy(&names);
    assert_int_equal(p->refs, 1);
    pgr_prepared_unref(p);
    say_forget();
}

static void want_of_memory_means_unknown(void **state)
{
    PGR_UNUSED(state);
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES_LIT("SELECT 1"));
    pgr_mem_fail_nth(1);
    assert_null(pgr_prepared_create(fe_parse("n", "SELECT 1"), stmt));
    pgr_mem_fail_nth(0);
    struct pgr_prepared *p = pgr_prepared_create(fe_parse("n", "SELECT 1"), stmt);
    struct pgr_names *names = pgr_names_create();
    pgr_mem_fail_nth(1);
    pgr_names_put(names, PGR_BYTES_LIT("n"), p);
    pgr_mem_fail_nth(0);
    assert_null(get(names, "n"));
    assert_int_equal(p->refs, 1);
    pgr_prepared_unref(p);
    pgr_names_destroy(&names);
    pgr_stmt_unref(stmt);
    say_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_message_is_kept_whole),
        cmocka_unit_test(broken_parse_is_nothing),
        cmocka_unit_test(names_mean_what_was_put_last),
        cmocka_unit_test(drop_spares_a_later_meaning),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(want_of_memory_means_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
