// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"
#include "index_priv.h"

enum {
    KEYS = 300,
    STEPS = 60000,
};

struct model {
    struct pgr_index index;
    struct pgr_node nodes[KEYS];
    struct small_key keys[KEYS];
    bool is_in[KEYS];
};

/* `spread` is the number of different low hash halves: few of them mean long runs of equal tags. */
static void model_init(struct model *m, uint64_t spread)
{
    memset(m, 0, sizeof(*m));
    for (uint64_t i = 0; i < KEYS; i++) {
        struct pgr_entry *entry = small_entry_create(0, (struct small_entry){.number = i});
        small_key_init(&m->keys[i], i, 0);
        /* Homes at the array's end, so that runs wrap around. */
        entry->hash = (struct pgr_hash128){UINT64_MAX - entry->hash.low % spread, 0};
        m->keys[i].key.hash = entry->hash;
        m->nodes[i].entry = entry;
    }
}

static void model_fini(struct model *m)
{
    for (size_t i = 0; i < KEYS; i++)
        pgr_entry_unref(m->nodes[i].entry);
    pgr_index_fini(&m->index);
    assert_int_equal(m->index.bytes, 0);
}

static void model_check(const struct model *m)
{
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        const struct pgr_node *found = pgr_index_find(&m->index, &m->keys[i].key);
        assert_ptr_equal(found, m->is_in[i] ? &m->nodes[i] : NULL);
        count += m->is_in[i];
    }
    assert_int_equal(m->index.count, count);
    assert_true(m->index.bytes >= m->index.cap * sizeof(struct pgr_cell));
}

static void model_step(struct model *m, size_t i)
{
    if (m->is_in[i]) {
        pgr_index_remove(&m->index, &m->nodes[i]);
    } else {
        if (pgr_index_is_full(&m->index))
            assert_true(pgr_index_grow(&m->index));
        pgr_index_insert(&m->index, &m->nodes[i]);
    }
    m->is_in[i] = !m->is_in[i];
}

static void it_agrees_with_a_plain_array(void **state)
{
    static const uint64_t spreads[] = {1, 3, 40, 100000, UINT64_MAX};
    for (size_t s = 0; s < PGR_ARRAY_LEN(spreads); s++) {
        struct model m;
        model_init(&m, spreads[s]);
        uint64_t random = 1234567;
        size_t steps = spreads[s] < 40 ? STEPS / 10 : STEPS;
        for (size_t i = 0; i < steps; i++) {
            /* Rising and falling: the number of keys in use drifts between few and all. */
            size_t range = 8 + (i / 500) % 2 * (KEYS - 8);
            size_t at = next_random(&random) % range;
            if (range == 8 && m.index.count > 20)
                at = next_random(&random) % KEYS;
            if (range != 8 || m.is_in[at] || at < 8)
                model_step(&m, at);
            while (pgr_index_is_sparse(&m.index))
                pgr_index_shrink(&m.index);
            if (i % 97 == 0)
                model_check(&m);
        }
        model_check(&m);
        model_fini(&m);
    }
    PGR_UNUSED(state);
}

static void equal_hashes_are_told_apart_by_bytes(void **state)
{
    struct model m;
    model_init(&m, 1);
    model_step(&m, 0);
    assert_ptr_equal(pgr_index_find(&m.index, &m.keys[0].key), &m.nodes[0]);
    assert_null(pgr_index_find(&m.index, &m.keys[1].key));
    model_step(&m, 1);
    assert_ptr_equal(pgr_index_find(&m.index, &m.keys[1].key), &m.nodes[1]);
    model_fini(&m);
    PGR_UNUSED(state);
}

static void growing_without_memory_changes_nothing(void **state)
{
    struct model m;
    model_init(&m, UINT64_MAX);
    pgr_mem_fail_nth(1);
    assert_false(pgr_index_grow(&m.index));
    assert_int_equal(m.index.cap, 0);
    for (size_t i = 0; !pgr_index_is_full(&m.index) || i == 0; i++)
        model_step(&m, i);
    size_t cap = m.index.cap;
    pgr_mem_fail_nth(1);
    assert_false(pgr_index_grow(&m.index));
    assert_int_equal(m.index.cap, cap);
    model_check(&m);
    model_fini(&m);
    PGR_UNUSED(state);
}

static void shrinking_needs_no_memory(void **state)
{
    struct model m;
    model_init(&m, UINT64_MAX);
    for (size_t i = 0; i < KEYS; i++)
        model_step(&m, i);
    size_t cap = m.index.cap;
    for (size_t i = 10; i < KEYS; i++)
        model_step(&m, i);
    assert_true(pgr_index_is_sparse(&m.index));
    pgr_mem_fail_nth(1);
    pgr_index_shrink(&m.index);
    pgr_mem_fail_nth(0);
    assert_int_equal(m.index.cap, cap / 2);
    model_check(&m);
    while (pgr_index_is_sparse(&m.index))
        pgr_index_shrink(&m.index);
    assert_true(m.index.cap < cap / 2);
    model_check(&m);
    model_fini(&m);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_plain_array),
        cmocka_unit_test(equal_hashes_are_told_apart_by_bytes),
        cmocka_unit_test(growing_without_memory_changes_nothing),
        cmocka_unit_test(shrinking_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
