// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output_priv.h"
#include "pgrecall/base/mem.h"

enum {
    VECTOR = 16
};

/* Takes up to len bytes from the front as the kernel would, and checks that they count on. */
static void drain(struct pgr_output *out, size_t len, uint8_t *next, struct pgr_blob **spare)
{
    while (len > 0 && out->pending > 0) {
        struct iovec vector[VECTOR];
        size_t count = pgr_output_vector(out, vector, VECTOR);
        assert_in_range(count, 1, VECTOR);
        size_t taken = 0;
        for (size_t i = 0; i < count && taken < len; i++) {
            const uint8_t *at = vector[i].iov_base;
            assert_true(vector[i].iov_len > 0);
            for (size_t k = 0; k < vector[i].iov_len && taken < len; k++, taken++)
                assert_int_equal(at[k], (*next)++);
        }
        pgr_output_consume(out, taken, spare);
        len -= taken;
    }
}

static void fill(uint8_t *at, size_t len, uint8_t *next)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (*next)++;
}

static void put(struct pgr_output *out, size_t len, uint8_t *next, struct pgr_blob **spare)
{
    struct pgr_blob *blob = pgr_blob_create(len);
    fill(blob->data, len, next);
    assert_true(pgr_output_put(out, PGR_BYTES(blob->data, len), spare));
    pgr_blob_unref(blob);
}

static void put_blob(struct pgr_output *out, size_t len, uint8_t *next, struct pgr_blob **spare)
{
    struct pgr_blob *blob = pgr_blob_create(len + 7);
    memset(blob->data, 0xEE, len + 7);
    fill(blob->data + 3, len, next);
    assert_true(pgr_output_put_blob(out, blob, 3, len, spare));
    pgr_blob_unref(blob);
}

static void bytes_leave_in_order_whatever_they_are_made_of(void **state)
{
    static const size_t sizes[] = {1, 5, 100, 256, 257, 1000, 16000, 17000, 100000};
    static const size_t steps[] = {1, 3, 300, 4096, 50000, SIZE_MAX};
    for (size_t k = 0; k < PGR_ARRAY_LEN(steps); k++) {
        struct pgr_output out = {0};
        struct pgr_blob *spare = NULL;
        uint8_t in = 0;
        uint8_t next = 0;
        for (size_t i = 0; i < 10 * PGR_ARRAY_LEN(sizes); i++) {
            size_t size = sizes[i % PGR_ARRAY_LEN(sizes)];
            put(&out, size, &in, &spare);
            put_blob(&out, size, &in, &spare);
            put(&out, 3, &in, &spare);
            drain(&out, steps[k], &next, &spare);
        }
        drain(&out, SIZE_MAX, &next, &spare);
        assert_int_equal(out.pending, 0);
        assert_int_equal(in, next);
        assert_int_equal(out.count, 0);
        pgr_output_clear(&out);
        pgr_blob_unref(spare);
    }
    PGR_UNUSED(state);
}

static void short_writes_share_one_element(void **state)
{
    struct pgr_output out = {0};
    struct pgr_blob *spare = NULL;
    struct iovec vector[VECTOR];
    uint8_t in = 0;
    for (int i = 0; i < 100; i++)
        put(&out, 50, &in, &spare);
    for (int i = 0; i < 10; i++)
        put_blob(&out, 20, &in, &spare);
    assert_int_equal(pgr_output_vector(&out, vector, VECTOR), 1);
    assert_int_equal(vector[0].iov_len, 5200);
    pgr_output_clear(&out);
    assert_null(spare);
    PGR_UNUSED(state);
}

static void neighbouring_runs_of_a_blob_join(void **state)
{
    struct pgr_output out = {0};
    struct pgr_blob *spare = NULL;
    struct iovec vector[VECTOR];
    struct pgr_blob *blob = pgr_blob_create(10000);
    for (size_t i = 0; i < 10; i++)
        assert_true(pgr_output_put_blob(&out, blob, i * 1000, 1000, &spare));
    assert_int_equal(pgr_output_vector(&out, vector, VECTOR), 1);
    assert_ptr_equal(vector[0].iov_base, blob->data); /* not a copy */
    assert_int_equal(blob->refs, 2);
    pgr_output_consume(&out, 9999, &spare);
    assert_int_equal(blob->refs, 2);
    pgr_output_consume(&out, 1, &spare);
    assert_int_equal(blob->refs, 1);
    pgr_blob_unref(blob);
    pgr_output_clear(&out);
    PGR_UNUSED(state);
}

static void the_emptied_chunk_serves_the_next_writer(void **state)
{
    struct pgr_output one = {0};
    struct pgr_output two = {0};
    struct pgr_blob *spare = NULL;
    uint8_t in = 0;
    uint8_t next = 0;
    put(&one, 100, &in, &spare);
    struct pgr_blob *chunk = one.chunk;
    drain(&one, SIZE_MAX, &next, &spare);
    assert_ptr_equal(spare, chunk);
    put(&two, 100, &in, &spare);
    assert_ptr_equal(two.chunk, chunk);
    assert_null(spare);
    drain(&two, SIZE_MAX, &next, &spare);
    pgr_output_clear(&one);
    pgr_output_clear(&two);
    pgr_blob_unref(spare);
    PGR_UNUSED(state);
}

static void no_nth_allocation_breaks_it(void **state)
{
    bool has_failed = true;
    for (unsigned n = 1; has_failed; n++) {
        struct pgr_output out = {0};
        struct pgr_blob *spare = NULL;
        struct pgr_blob *blob = pgr_blob_create(40000);
        memset(blob->data, 1, 40000);
        has_failed = false;
        pgr_mem_fail_nth(n);
        for (int i = 0; i < 20 && !has_failed; i++) {
            has_failed = !pgr_output_put(&out, PGR_BYTES(blob->data, 9000), &spare) ||
                         !pgr_output_put_blob(&out, blob, 0, 40000, &spare);
        }
        pgr_mem_fail_nth(0);
        pgr_output_clear(&out);
        assert_int_equal(blob->refs, 1);
        pgr_blob_unref(blob);
        pgr_blob_unref(spare);
        assert_true(n < 100);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_order_whatever_they_are_made_of),
        cmocka_unit_test(short_writes_share_one_element),
        cmocka_unit_test(neighbouring_runs_of_a_blob_join),
        cmocka_unit_test(the_emptied_chunk_serves_the_next_writer),
        cmocka_unit_test(no_nth_allocation_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
