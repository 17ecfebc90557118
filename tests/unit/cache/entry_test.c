// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"

#include "pgrecall/cache/entry.h"

static void count_unref(const void *tag)
{
    (*(int *)(uintptr_t)tag)++;
}

struct fixture {
    struct pgr_contexts *contexts;
    struct pgr_context *context;
    struct pgr_relset *deps;
    struct pgr_token token;
    struct pgr_entry_parts parts;
    int tag_unrefs;
};

static void fixture_init(struct fixture *f)
{
    static const uint32_t slots[] = {3, 9};
    *f = (struct fixture){0};
    f->contexts = pgr_contexts_create();
    f->context = pgr_context_intern(f->contexts, PGR_BYTES_LIT("somebody"));
    f->deps = pgr_relset_create(slots, 2);
    f->token.deps = pgr_relset_ref(f->deps);
    f->token.words = pgr_new_array(uint64_t, 2);
    f->token.words[1] = 17;
    f->parts = (struct pgr_entry_parts){
        .key = {PGR_BYTES_LIT("the key"), {1, 2}},
        .context = f->context,
        .token = &f->token,
        .reply = pgr_blob_copy(PGR_BYTES_LIT("the reply")),
        .description_len = 3,
        .rows = 4,
        .birth_us = 5,
        .cost_us = 6,
        .tag = &f->tag_unrefs,
        .tag_unref = count_unref,
    };
}

static void fixture_fini(struct fixture *f)
{
    pgr_token_fini(&f->token);
    pgr_blob_unref(f->parts.reply);
    pgr_context_unref(f->context);
    pgr_relset_unref(f->deps);
    pgr_contexts_destroy(&f->contexts); /* asserts that the entry's reference is gone */
}

static void parts_are_taken(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct pgr_blob *reply = f.parts.reply;
    struct pgr_entry *entry = pgr_entry_create(&f.parts);
    assert_non_null(entry);
    assert_null(f.token.deps);
    assert_null(f.token.words);
    assert_null(f.parts.reply);
    assert_ptr_equal(entry->reply, reply);
    assert_ptr_equal(entry->token.deps, f.deps);
    assert_true(entry->token.words[1] == 17);
    assert_int_equal(entry->key_len, 7);
    assert_memory_equal(entry->key, "the key", 7);
    assert_true(entry->hash.low == 1 && entry->hash.high == 2);
    assert_true(entry->description_len == 3 && entry->rows == 4);
    assert_true(entry->birth_us == 5 && entry->cost_us == 6);
    assert_true(entry->charge >= sizeof(*entry) + 7 + sizeof(*reply) + reply->len + 16);
    pgr_entry_unref(entry);
    assert_int_equal(f.tag_unrefs, 1);
    fixture_fini(&f);
    PGR_UNUSED(state);
}

static void the_last_reference_ends_it(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct pgr_entry *entry = pgr_entry_create(&f.parts);
    assert_ptr_equal(pgr_entry_ref(entry), entry);
    pgr_entry_unref(entry);
    assert_int_equal(f.tag_unrefs, 0);
    assert_memory_equal(entry->reply->data, "the reply", 9);
    struct pgr_blob *reply = pgr_blob_ref(entry->reply);
    pgr_entry_unref(entry);
    assert_int_equal(f.tag_unrefs, 1);
    assert_memory_equal(reply->data, "the reply", 9); /* a socket may still write it */
    pgr_blob_unref(reply);
    pgr_entry_unref(NULL);
    fixture_fini(&f);
    PGR_UNUSED(state);
}

static void failing_takes_nothing(void **state)
{
    static uint8_t zeros[PGR_KEY_MAX + 1];
    struct fixture f;
    fixture_init(&f);
    struct pgr_bytes key = f.parts.key.bytes;
    pgr_mem_fail_nth(1);
    assert_null(pgr_entry_create(&f.parts));
    f.parts.key.bytes = PGR_BYTES(zeros, sizeof(zeros));
    assert_null(pgr_entry_create(&f.parts));
    assert_ptr_equal(f.token.deps, f.deps);
    assert_non_null(f.parts.reply);
    assert_int_equal(f.tag_unrefs, 0);
    f.parts.key.bytes = key;
    pgr_entry_unref(pgr_entry_create(&f.parts));
    assert_int_equal(f.tag_unrefs, 1);
    fixture_fini(&f);
    PGR_UNUSED(state);
}

static void a_zeroed_token_may_end(void **state)
{
    struct pgr_token token = {0};
    pgr_token_fini(&token);
    assert_null(token.words);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_taken),
        cmocka_unit_test(the_last_reference_ends_it),
        cmocka_unit_test(failing_takes_nothing),
        cmocka_unit_test(a_zeroed_token_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
