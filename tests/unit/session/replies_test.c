// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "replies_priv.h"

/*
 * A conversation as words:
 *   +P   the client sends Parse (any type; c stands for CopyDone and CopyFail)
 *   ?P   the session sends a message of its probe
 *   *P   the session replays one
 *   1>   the server says ParseComplete and the client is to have it
 *   1-   … and it is swallowed
 *   1!   … and it fits nothing
 * `ends` are the expectations that left the queue, in order: P= answered, Px failed, P~ skipped.
 * `left` is how many are still in it.
 */
struct conversation {
    const char *name;
    const char *words;
    const char *ends;
    size_t left;
};

// clang-format off
static const struct conversation conversations[] = {
    /* simple queries */
    {"query", "+Q T> D> D> C> Z>", "Q=", 0},
    {"query of no statement", "+Q I> Z>", "Q=", 0},
    {"query of several statements", "+Q T> D> C> C> T> C> Z>", "Q=", 0},
    {"query that fails", "+Q T> D> E> Z>", "Qx", 0},
    {"queries in a row", "+Q +Q +Q C> Z> E> Z> C> Z>", "Q= Qx Q=", 0},
    {"query under way", "+Q T> D>", "", 1},
    {"what may come at any time", "N> S> A> +Q N> C> S> A> Z>", "Q=", 0},
    {"copy out", "+Q H> d> d> c> C> Z>", "Q=", 0},
    {"function call", "+F V> Z>", "F=", 0},
    {"function call that fails", "+F E> Z>", "Fx", 0},
    /* the extended protocol */
    {"unit", "+P +B +D +E +S 1> 2> T> D> C> Z>", "P= B= D= E= S=", 0},
    {"describe of a statement", "+P +D +S 1> t> T> Z>", "P= D= S=", 0},
    {"describe of nothing", "+P +D +S 1> t> n> Z>", "P= D= S=", 0},
    {"close", "+C +S 3> Z>", "C= S=", 0},
    {"row limit", "+B +E +E +S 2> D> s> D> C> Z>", "B= E= E= S=", 0},
    {"execute of nothing", "+P +B +E +S 1> 2> I> Z>", "P= B= E= S=", 0},
    {"pipeline", "+P +B +E +S +B +E +S 1> 2> C> Z> 2> D> C> Z>", "P= B= E= S= B= E= S=", 0},
    {"sync alone", "+S Z>", "S=", 0},
    {"copy out by execute", "+E +S H> d> c> C> Z>", "E= S=", 0},
    /* errors: everything up to Sync is skipped */
    {"error in parse", "+P +B +E +S E> Z>", "Px B~ E~ S=", 0},
    {"error in bind", "+P +B +E +S 1> E> Z>", "P= Bx E~ S=", 0},
    {"error in execute", "+B +E +E +S 2> D> E> Z>", "B= Ex E~ S=", 0},
    {"error at sync", "+B +E +S 2> C> E> Z>", "B= E= Sx", 0},
    {"error in the first of two units", "+P +S +P +B +E +S E> Z> 1> 2> C> Z>",
     "Px S= P= B= E= S=", 0},
    {"error in the second of two units", "+P +S +P +B +S +Q 1> Z> E> Z> C> Z>",
     "P= S= Px B~ S= Q=", 0},
    {"error before sync was sent", "+P +B E> +E +D +S Z>", "Px B~ E~ D~ S=", 0},
    {"a query is skipped as well", "+P E> +Q +F +S Z> +Q C> Z>", "Px Q~ F~ S= Q=", 0},
    {"a query behind a skipped unit", "+B +E +S +Q E> Z> C> Z>", "Bx E~ S= Q=", 0},
    {"error unasked", "E> E>", "", 0},
    {"error while a sync is owed", "+S E> Z>", "Sx", 0},
    /* COPY FROM STDIN */
    {"copy in", "+Q G> +c C> Z>", "Q=", 0},
    {"copy in, sent blindly", "+Q +c G> C> Z>", "Q=", 0},
    {"copy in that the client ends", "+Q G> +c E> Z>", "Qx c~", 0},
    {"copy in that the server ends", "+Q G> E> Z> +c +Q C> Z>", "Qx c~ Q=", 0},
    {"copy in that fails before its end was sent", "+Q G> E> +c Z>", "Qx c~", 0},
    {"two copies in one query", "+Q G> +c C> G> +c C> Z>", "Q=", 0},
    {"two copies in one query, sent blindly", "+Q +c +c G> C!", "", 2},
    {"copy in by execute", "+B +E 2> G> +c C> +S Z>", "B= E= c= S=", 0},
    {"copy in by execute, sent blindly", "+B +E +c +S 2> G> C> Z>", "B= E= c= S=", 0},
    {"syncs in a copy are ignored", "+B +E +S +S 2> G> +c +S C> Z>", "B= E= S~ S~ c= S=", 0},
    {"two copies by execute", "+E +c +S +E +c +S G> C> Z> G> C> Z>", "E= c= S= E= c= S=", 0},
    {"copy by execute fails", "+E +c +S G> E> Z>", "Ex c~ S=", 0},
    {"copy by execute fails, its end not yet sent", "+E G> E> +c +S Z>", "Ex c~ S=", 0},
    {"copy by execute fails with a sync before its end", "+E +S G> E!", "", 2},
    {"stray CopyDone", "+c +Q C> Z>", "c~ Q=", 0},
    {"stray CopyDone in a unit", "+P +c +B +S 1> 2> Z>", "P= c~ B= S=", 0},
    {"stray CopyDone before an error", "+c +P +S E> Z>", "c~ Px S=", 0},
    {"stray CopyDone behind a query", "+Q +c C> Z>", "Q= c~", 0},
    /* our own exchanges */
    {"probe", "?P ?B ?E ?C ?S 1- 2- D- C- 3- Z-", "P= B= E= C= S=", 0},
    {"probe that fails", "?P ?B ?E ?C ?S 1- 2- E- Z-", "P= B= Ex C~ S=", 0},
    {"probe and a notice", "?P ?B ?E ?C ?S N> 1- 2- S> D- A> C- 3- Z-", "P= B= E= C= S=", 0},
    {"replay of a parse", "*P +B +E +S 1- 2> C> Z>", "P= B= E= S=", 0},
    {"replay of a close", "*C +B +S 3- E> Z>", "C= Bx S=", 0},
    {"replay that fails is the client's", "*P +B +E +S E> Z>", "Px B~ E~ S=", 0},
    /* what fits nothing */
    {"row unasked", "D!", "", 0},
    {"ready unasked", "Z!", "", 0},
    {"complete unasked", "C!", "", 0},
    {"unknown message", "+Q x!", "", 1},
    {"ready before the answer", "+P +S Z!", "", 2},
    {"parse answered by a row", "+P D!", "", 1},
    {"bind answered by ParseComplete", "+B 1!", "", 1},
    {"sync answered by a row", "+S D!", "", 1},
    {"suspended query", "+Q s!", "", 1},
};
// clang-format on

struct record {
    char ends[256];
    size_t len;
};

static void note_end(void *arg, struct pgr_op *op, enum pgr_op_end end)
{
    static const char marks[] = {
        [PGR_OP_ANSWERED] = '=', [PGR_OP_FAILED] = 'x', [PGR_OP_SKIPPED] = '~'};
    struct record *record = arg;
    record->len += (size_t)snprintf(record->ends + record->len, sizeof(record->ends) - record->len,
                                    "%s%c%c", record->len ? " " : "", op->type, marks[end]);
    assert_true(record->len < sizeof(record->ends));
}

static void push(struct pgr_replies *r, char whose, uint8_t type)
{
    struct pgr_op op = {.type = type,
                        .owner = whose == '+'   ? PGR_OP_CLIENT
                                 : whose == '?' ? PGR_OP_PROBE
                                                : PGR_OP_REPLAY};
    pgr_replies_push(r, &op);
}

static size_t count_visible(const struct pgr_replies *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct pgr_op *op = &r->ring[(r->head + i) & (r->cap - 1)];
        count += op->owner == PGR_OP_CLIENT && op->type != 'c';
    }
    return count;
}

static void hold(struct pgr_replies *r, const struct conversation *c)
{
    static const char routes[] = {
        [PGR_ROUTE_CLIENT] = '>', [PGR_ROUTE_SWALLOW] = '-', [PGR_ROUTE_SURPRISE] = '!'};
    for (const char *word = c->words; *word; word += word[2] ? 3 : 2) {
        if (strchr("+?*", word[0]) != NULL) {
            push(r, word[0], (uint8_t)word[1]);
        } else {
            char route = routes[pgr_replies_accept(r, (uint8_t)word[0])];
            if (route != word[1])
                fail_msg("%s: at \"%s\" the answer goes %c", c->name, word, route);
        }
        if (r->visible != count_visible(r))
            fail_msg("%s: at \"%s\" %zu visible, counted as %zu", c->name, word, count_visible(r),
                     r->visible);
    }
}

static void conversations_are_matched(void **state)
{
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(conversations); i++) {
        const struct conversation *c = &conversations[i];
        struct record record = {.len = 0};
        struct pgr_replies r;
        pgr_replies_init(&r, note_end, &record);
        hold(&r, c);
        if (strcmp(record.ends, c->ends) != 0)
            fail_msg("%s: ended as \"%s\"", c->name, record.ends);
        if (r.count != c->left)
            fail_msg("%s: %zu are left", c->name, r.count);
        pgr_replies_fini(&r);
    }
}

/* A queue that has wrapped around its ring many times, and grown while it was wrapped. */
static void order_survives_growing(void **state)
{
    PGR_UNUSED(state);
    struct record record = {.len = 0};
    struct pgr_replies r;
    pgr_replies_init(&r, note_end, &record);
    for (size_t depth = 1; depth < 70; depth += 3) {
        for (size_t i = 0; i < depth; i++)
            push(&r, '+', i % 2 ? 'P' : 'B');
        assert_int_equal(r.count, depth);
        assert_int_equal(pgr_replies_front(&r)->type, 'B');
        for (size_t i = 0; i < depth; i++)
            assert_int_equal(pgr_replies_accept(&r, i % 2 ? '1' : '2'), PGR_ROUTE_CLIENT);
        record.len = 0;
        assert_null(pgr_replies_front(&r));
    }
    pgr_replies_fini(&r);
}

static void closing_is_the_next_end_of_a_unit(void **state)
{
    static const struct {
        const char *words;
        int type; /* of the expectation that closes, 0: none */
        size_t at;
    } cases[] = {
        {"", 0, 0},        {"+P +B", 0, 0},      {"+P +B +S +Q", 'S', 2},
        {"+Q +S", 'Q', 0}, {"*P +F +S", 'F', 1}, {"+E +c +S", 'S', 2},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct record record = {.len = 0};
        struct pgr_replies r;
        pgr_replies_init(&r, note_end, &record);
        hold(&r, &(struct conversation){.name = cases[i].words, .words = cases[i].words});
        struct pgr_op *op = pgr_replies_closing(&r);
        assert_int_equal(op ? op->type : 0, cases[i].type);
        if (op != NULL)
            assert_ptr_equal(op, &r.ring[cases[i].at]);
        pgr_replies_fini(&r);
    }
}

static void fini_skips_what_is_left(void **state)
{
    PGR_UNUSED(state);
    struct record record = {.len = 0};
    struct pgr_replies r;
    pgr_replies_init(&r, note_end, &record);
    hold(&r, &(struct conversation){.name = "fini", .words = "+P ?S *C +Q"});
    pgr_replies_fini(&r);
    assert_string_equal(record.ends, "P~ S~ C~ Q~");
}

/* While the server skips, what is pushed is finished at once: what it owns is not kept. */
static void error_is_noted_on_its_call(void **state)
{
    PGR_UNUSED(state);
    struct record record = {.len = 0};
    struct pgr_replies r;
    pgr_replies_init(&r, note_end, &record);
    hold(&r, &(struct conversation){.name = "error", .words = "+Q E>"});
    assert_true(pgr_replies_front(&r)->note.is_error);
    hold(&r, &(struct conversation){.name = "error", .words = "Z> +P E> +B"});
    assert_true(r.is_skipping);
    assert_int_equal(r.count, 0);
    hold(&r, &(struct conversation){.name = "error", .words = "+S Z>"});
    assert_false(r.is_skipping);
    pgr_replies_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_are_matched),
        cmocka_unit_test(order_survives_growing),
        cmocka_unit_test(closing_is_the_next_end_of_a_unit),
        cmocka_unit_test(fini_skips_what_is_left),
        cmocka_unit_test(error_is_noted_on_its_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
