// SPDX-License-Identifier: PostgreSQL
/*
 * One letter is one entry; every entry has the same charge. The small queue's target is one entry:
 * while it has more, it is the one that gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"
#include "evict_priv.h"

enum {
    LETTERS = 26,
    SPECIAL_COST = 1000
};

struct run {
    struct pgr_evict evict;
    struct pgr_node *nodes[LETTERS];
    bool is_in[LETTERS];
    size_t charge;
    char out[64]; /* letters in the order in which they were evicted */
    size_t out_len;
};

static void run_init(struct run *run)
{
    memset(run, 0, sizeof(*run));
    pgr_evict_init(&run->evict);
    for (size_t i = 0; i < LETTERS; i++) {
        /* X, Y and Z are costly. */
        uint64_t cost = i >= LETTERS - 3 ? SPECIAL_COST : 10;
        run->nodes[i] = pgr_node_create(
            small_entry_create(99, (struct small_entry){.number = i, .cost_us = cost}));
    }
    run->charge = run->nodes[0]->charge;
}

static void run_fini(struct run *run)
{
    for (size_t i = 0; i < LETTERS; i++)
        pgr_node_destroy(run->nodes[i]);
    pgr_evict_fini(&run->evict);
}

static void add_anew(struct run *run, size_t i)
{
    assert_false(run->is_in[i]);
    run->nodes[i]->queue = PGR_QUEUE_NONE;
    run->nodes[i]->hits = 0;
    pgr_evict_add(&run->evict, run->nodes[i]);
    run->is_in[i] = true;
}

static void evict_one(struct run *run)
{
    struct pgr_node *node = pgr_evict_victim(&run->evict, run->charge);
    run->out[run->out_len++] = '-';
    for (size_t i = 0; node != NULL && i < LETTERS; i++) {
        if (run->nodes[i] != node)
            continue;
        run->is_in[i] = false;
        run->out[run->out_len - 1] = (char)('A' + i);
    }
}

/* A capital: put; a small letter: hit; `!`: one must go; `~`: taken out by hand. */
static void play(struct run *run, const char *script)
{
    for (; *script; script++) {
        if (*script == '!')
            evict_one(run);
        else if (*script == '~') {
            size_t i = (size_t)(*++script - 'A');
            pgr_evict_remove(&run->evict, run->nodes[i]);
            run->is_in[i] = false;
        } else if (*script >= 'a')
            pgr_evict_touch(run->nodes[*script - 'a']);
        else
            add_anew(run, (size_t)(*script - 'A'));
    }
}

static void what_leaves_and_when(void **state)
{
    static const struct {
        const char *story;
        const char *script;
        const char *out;
    } cases[] = {
        {"nothing to evict", "!", "-"},
        {"first in, first out", "ABC!!!!", "ABC-"},
        {"one hit is not enough to stay", "ABCa!!!", "ABC"},
        {"two hits move to the main queue", "ABCaa!!!", "BAC"},
        {"hits in the main queue buy rounds there", "ABCDaabb!aE!!!!", "CDBAE"},
        {"a hit entry in the main queue outlives an unhit one", "ABaabb!!", "AB"},
        {"passers-by do not push out the main queue", "Aaa BC! D! E! F!", "BCDE"},
        {"remembered: back into the main queue", "AB!AC!D!", "ABC"},
        {"remembered for as many evictions as there are entries", "ABC!!!DEA!!!", "ABCDAE"},
        {"forgotten after one more", "ABC!!!DA!!", "ABCDA"},
        {"earlier hits do not count in the main queue", "ABCDaaabb!!!!", "CABD"},
        {"taken out by hand is not remembered", "ABC~AA!!!", "BCA"},
        {"costly: one more life", "ABXCD!!!!!", "ABCXD"},
        {"costly, but that life is spent once", "AXB!!!!", "AXB-"},
        {"all cost the same: none is costly", "XYZ!!!", "XYZ"},
    };
    int failures = 0;
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct run run;
        char script[64];
        size_t len = 0;
        for (const char *p = cases[i].script; *p; p++) {
            if (*p != ' ')
                script[len++] = *p;
        }
        script[len] = 0;
        run_init(&run);
        pgr_evict_ghost_resize(&run.evict, 64);
        play(&run, script);
        if (strcmp(run.out, cases[i].out) != 0) {
            print_message("%s: %s gives %s\n", cases[i].story, cases[i].script, run.out);
            failures++;
        }
        run_fini(&run);
    }
    assert_int_equal(failures, 0);
    PGR_UNUSED(state);
}

static void it_works_without_a_ghost(void **state)
{
    struct run run;
    run_init(&run);
    pgr_mem_fail_nth(1);
    pgr_evict_ghost_resize(&run.evict, 64);
    assert_int_equal(run.evict.ghost.bytes, 0);
    play(&run, "AB!AC!!!");
    assert_string_equal(run.out, "ABAC");
    run_fini(&run);
    PGR_UNUSED(state);
}

static void bytes_of_queues_follow(void **state)
{
    struct run run;
    run_init(&run);
    pgr_evict_ghost_resize(&run.evict, 4);
    assert_true(run.evict.ghost.bytes <= pgr_evict_ghost_cost(4));
    play(&run, "ABCDEaa!");
    assert_int_equal(run.evict.bytes[PGR_QUEUE_MAIN], run.charge);
    assert_int_equal(run.evict.bytes[PGR_QUEUE_SMALL], 3 * run.charge);
    struct pgr_list out;
    pgr_list_init(&out);
    pgr_evict_take_all(&run.evict, &out);
    size_t count = 0;
    for (struct pgr_list *link = out.next; link != &out; link = link->next)
        count++;
    assert_int_equal(count, 4);
    assert_int_equal(run.evict.count, 0);
    assert_int_equal(run.evict.bytes[0] + run.evict.bytes[1], 0);
    assert_null(pgr_evict_victim(&run.evict, 0));
    run_fini(&run);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_and_when),
        cmocka_unit_test(it_works_without_a_ghost),
        cmocka_unit_test(bytes_of_queues_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
