// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/upstream/auth.h"
#include "say.h"

struct step {
    struct pgr_bytes message; /* an 'R' of the server */
    enum pgr_auth_step expected;
};

static enum pgr_auth_step step(struct pgr_auth_relay *relay, struct pgr_bytes message,
                               struct pgr_buf *out)
{
    return pgr_auth_relay_step(relay, PGR_BYTES(message.at + 5, message.len - 5), out);
}

static void run(const struct step *steps, size_t count)
{
    struct pgr_auth_relay relay = {false, false};
    struct pgr_buf out;
    pgr_buf_init(&out, 4096);
    for (size_t i = 0; i < count; i++) {
        pgr_buf_reset(&out);
        enum pgr_auth_step got = step(&relay, steps[i].message, &out);
        if (got != steps[i].expected)
            fail_msg("step %zu: %d", i, (int)got);
        assert_true((pgr_buf_len(&out) > 0) == (got == PGR_AUTH_REWRITTEN));
        assert_true(relay.is_done == (got == PGR_AUTH_ADMITTED || got == PGR_AUTH_TRUSTED));
    }
    pgr_buf_fini(&out);
}

static void exchanges(void **state)
{
    PGR_UNUSED(state);
    struct pgr_bytes ok = be_auth(0);
    struct pgr_bytes md5 = say('R', "4b", 5u, PGR_BYTES_LIT("salt"));
    struct pgr_bytes sasl = say('R', "4s1", 10u, "SCRAM-SHA-256", 0u);
    struct pgr_bytes sasl_plus = say('R', "4ss1", 10u, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", 0u);
    struct pgr_bytes more = say('R', "4b", 11u, PGR_BYTES_LIT("r=x"));
    struct pgr_bytes final = say('R', "4b", 12u, PGR_BYTES_LIT("v=x"));
    const struct step trusted[] = {{ok, PGR_AUTH_TRUSTED}};
    const struct step cleartext[] = {{be_auth(3), PGR_AUTH_PASS}, {ok, PGR_AUTH_ADMITTED}};
    const struct step hashed[] = {{md5, PGR_AUTH_PASS}, {ok, PGR_AUTH_ADMITTED}};
    const struct step scram[] = {{sasl, PGR_AUTH_PASS},
                                 {more, PGR_AUTH_PASS},
                                 {final, PGR_AUTH_PASS},
                                 {ok, PGR_AUTH_ADMITTED}};
    const struct step scram_plus[] = {{sasl_plus, PGR_AUTH_REWRITTEN},
                                      {more, PGR_AUTH_PASS},
                                      {final, PGR_AUTH_PASS},
                                      {ok, PGR_AUTH_ADMITTED}};
    const struct step gss[] = {{be_auth(7), PGR_AUTH_PASS},
                               {say('R', "4b", 8u, PGR_BYTES_LIT("token")), PGR_AUTH_PASS},
                               {ok, PGR_AUTH_ADMITTED}};
    const struct step of_the_future[] = {{be_auth(4711), PGR_AUTH_PASS}, {ok, PGR_AUTH_ADMITTED}};
    run(trusted, 1);
    run(cleartext, 2);
    run(hashed, 2);
    run(scram, 4);
    run(scram_plus, 4);
    run(gss, 3);
    run(of_the_future, 2);
    say_forget();
}

static void plus_is_struck(void **state)
{
    static const char *const offers[][4] = {
        {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", NULL},
        {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", NULL},
        {"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", NULL},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(offers); i++) {
        struct pgr_bytes names = PGR_BYTES("", 0);
        for (size_t k = 0; k < 4 && offers[i][k] != NULL; k++)
            names = SAY(names, PGR_BYTES(offers[i][k], strlen(offers[i][k]) + 1));
        struct pgr_auth_relay relay = {false, false};
        struct pgr_buf out;
        pgr_buf_init(&out, 4096);
        assert_int_equal(step(&relay, say('R', "4b1", 10u, names, 0u), &out), PGR_AUTH_REWRITTEN);
        assert_true(pgr_bytes_eq(pgr_buf_bytes(&out), say('R', "4s1", 10u, "SCRAM-SHA-256", 0u)));
        pgr_buf_fini(&out);
    }
    say_forget();
}

/* A message cut short says nothing, and above all not that the client is admitted. */
static void broken_messages_pass(void **state)
{
    PGR_UNUSED(state);
    struct pgr_bytes ok = be_auth(0);
    struct pgr_buf out;
    pgr_buf_init(&out, 4096);
    for (size_t len = 5; len < ok.len; len++) {
        struct pgr_auth_relay relay = {false, false};
        assert_int_equal(step(&relay, PGR_BYTES(ok.at, len), &out), PGR_AUTH_PASS);
        assert_false(relay.is_done);
        assert_false(relay.was_challenged);
    }
    pgr_buf_fini(&out);
    say_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges),
        cmocka_unit_test(plus_is_struck),
        cmocka_unit_test(broken_messages_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
