// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/blob.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"

static void a_copy_holds_the_bytes(void **state)
{
    struct pgr_blob *blob = pgr_blob_copy(PGR_BYTES("a\0b", 3));
    assert_non_null(blob);
    assert_int_equal(blob->len, 3);
    assert_memory_equal(blob->data, "a\0b", 3);
    pgr_blob_unref(blob);
    struct pgr_blob *empty = pgr_blob_copy(PGR_BYTES(NULL, 0));
    assert_non_null(empty);
    assert_int_equal(empty->len, 0);
    pgr_blob_unref(empty);
    pgr_blob_unref(NULL);
    PGR_UNUSED(state);
}

static void the_last_unref_frees(void **state)
{
    struct pgr_blob *blob = pgr_blob_create(16);
    assert_ptr_equal(pgr_blob_ref(blob), blob);
    pgr_blob_unref(blob);
    assert_int_equal(blob->refs, 1);
    memset(blob->data, 7, 16);
    pgr_blob_unref(blob); /* the leak check of the run sees whether it was freed */
    PGR_UNUSED(state);
}

static void no_memory_gives_null(void **state)
{
    pgr_mem_fail_nth(1);
    assert_null(pgr_blob_create(10));
    pgr_mem_fail_nth(1);
    assert_null(pgr_blob_copy(PGR_BYTES_LIT("abc")));
    assert_null(pgr_blob_create(SIZE_MAX));
    assert_null(pgr_blob_create(SIZE_MAX - sizeof(struct pgr_blob) + 1));
    PGR_UNUSED(state);
}

enum {
    ROUNDS = 10000
};

static void ref_and_unref(void *arg)
{
    struct pgr_blob *blob = arg;
    unsigned sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct pgr_blob *mine = pgr_blob_ref(blob);
        sum += mine->data[0];
        pgr_blob_unref(mine);
    }
    PGR_ASSERT(sum == 3 * ROUNDS);
    pgr_blob_unref(blob);
}

static void threads_share_a_blob(void **state)
{
    struct pgr_thread threads[3];
    struct pgr_blob *blob = pgr_blob_create(1);
    blob->data[0] = 3;
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        assert_int_equal(pgr_thread_start(&threads[i], "blob", (size_t)1 << 20, ref_and_unref,
                                          pgr_blob_ref(blob)),
                         PGR_OK);
    pgr_blob_unref(blob);
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        pgr_thread_join(&threads[i]);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_holds_the_bytes),
        cmocka_unit_test(the_last_unref_frees),
        cmocka_unit_test(no_memory_gives_null),
        cmocka_unit_test(threads_share_a_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
