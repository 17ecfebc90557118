// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_priv.h"
#include "pgrecall/base/mem.h"
#include "say.h"

#define MAX_ENTRY ((size_t)200)

struct bench {
    struct pgr_contexts *contexts;
    struct pgr_context *context;
    struct pgr_relset *deps;
    struct pgr_settings *settings;
    struct pgr_stmt *stmt;
    struct pgr_tag *tag;
};

static struct pgr_tag *make_tag(struct bench *b)
{
    struct pgr_catalog catalog = {.refs = 1};
    struct pgr_search_path path = {0};
    struct pgr_verdict_input input = {.stmt = b->stmt,
                                      .text = PGR_BYTES_LIT("SELECT 1"),
                                      .catalog = &catalog,
                                      .path = &path,
                                      .settings = b->settings,
                                      .database = "db",
                                      .user = "alice",
                                      .application = ""};
    return pgr_tag_create(&input);
}

static void setup(struct bench *b)
{
    static const char *const overrides[] = {"upstream.dsn=host=/nowhere"};
    struct pgr_settings_source source = {.overrides = overrides, .override_count = 1};
    struct pgr_buf errors;
    pgr_buf_init(&errors, 1024);
    *b = (struct bench){.contexts = pgr_contexts_create()};
    assert_int_equal(pgr_settings_load(&source, &b->settings, &errors), PGR_OK);
    pgr_buf_fini(&errors);
    b->context = pgr_context_intern(b->contexts, PGR_BYTES_LIT("someone"));
    b->deps = pgr_relset_create((uint32_t[]){1, 2}, 2);
    b->stmt = pgr_analyze(PGR_BYTES_LIT("SELECT 1"));
    b->tag = make_tag(b);
    assert_non_null(b->tag);
}

static void teardown(struct bench *b)
{
    assert_int_equal(b->deps->refs, 1);
    assert_int_equal(b->tag->refs, 1);
    pgr_tag_unref(b->tag);
    pgr_stmt_unref(b->stmt);
    pgr_relset_unref(b->deps);
    pgr_context_unref(b->context);
    pgr_settings_unref(b->settings);
    pgr_contexts_destroy(&b->contexts);
    say_forget();
}

static struct pgr_capture *start(struct bench *b)
{
    uint64_t *words = pgr_new_array(uint64_t, 2);
    struct pgr_token token = {pgr_relset_ref(b->deps), words};
    struct pgr_key key = {PGR_BYTES_LIT("the key"), {1, 2}};
    struct pgr_capture *c = pgr_capture_create(&key, b->context, &token, b->tag, 1000, MAX_ENTRY);
    assert_null(token.words); /* taken */
    return c;
}

static void finish(struct pgr_capture *c)
{
    c->is_complete = true;
    c->done_us = 1700;
}

static void entry_is_what_was_copied(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes columns = be_columns("v");
    struct pgr_bytes answer = SAY(columns, be_row("one"), be_complete("SELECT 1"));
    struct pgr_capture *c = start(&b);
    for (size_t i = 0; i < answer.len; i += 3) /* in parts, as it comes */
        pgr_capture_append(c, PGR_BYTES(answer.at + i, answer.len - i < 3 ? answer.len - i : 3));
    c->description_len = columns.len;
    c->rows = 1;
    finish(c);
    struct pgr_entry *entry = pgr_capture_entry(c);
    assert_non_null(entry);
    assert_true(pgr_bytes_eq(PGR_BYTES(entry->reply->data, entry->reply->len), answer));
    assert_true(pgr_bytes_eq(PGR_BYTES(entry->key, entry->key_len), PGR_BYTES_LIT("the key")));
    assert_ptr_equal(entry->token.deps, b.deps);
    assert_ptr_equal(entry->tag, b.tag);
    assert_int_equal(entry->description_len, columns.len);
    assert_int_equal(entry->rows, 1);
    assert_int_equal(entry->birth_us, 1000);
    assert_int_equal(entry->cost_us, 700);
    pgr_capture_unref(c);
    pgr_entry_unref(entry); /* outlives the capture */
    teardown(&b);
}

static void incomplete_or_spoilt_is_no_entry(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_capture *c = start(&b);
    pgr_capture_append(c, be_row("one"));
    assert_null(pgr_capture_entry(c));
    finish(c);
    pgr_capture_spoil(c, PGR_REASON_UNCLEAN_REPLY);
    pgr_capture_spoil(c, PGR_REASON_TOO_LARGE);
    assert_int_equal(c->spoilt, PGR_REASON_UNCLEAN_REPLY); /* the first word stays */
    pgr_capture_append(c, be_row("two"));
    assert_int_equal(pgr_buf_len(&c->reply), 0); /* no memory is spent on it any more */
    assert_null(pgr_capture_entry(c));
    pgr_capture_unref(c);
    teardown(&b);
}

/* Exactly max_entry is kept, one byte more is not. */
static void size_is_bounded(void **state)
{
    PGR_UNUSED(state);
    for (size_t over = 0; over < 2; over++) {
        struct bench b;
        setup(&b);
        struct pgr_capture *c = start(&b);
        pgr_capture_append(c, say_filling(MAX_ENTRY - 1));
        assert_int_equal(c->spoilt, PGR_REASON_NONE);
        pgr_capture_append(c, say_filling(1 + over));
        assert_int_equal(c->spoilt, over ? PGR_REASON_TOO_LARGE : PGR_REASON_NONE);
        finish(c);
        struct pgr_entry *entry = pgr_capture_entry(c);
        assert_true((entry == NULL) == (over > 0));
        pgr_entry_unref(entry);
        pgr_capture_unref(c);
        teardown(&b);
    }
}

static void references_are_counted(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_capture *c = start(&b);
    assert_ptr_equal(pgr_capture_ref(c), c);
    pgr_capture_unref(c);
    assert_int_equal(c->refs, 1);
    pgr_capture_unref(c);
    pgr_capture_unref(NULL);
    teardown(&b);
}

/* Creating, copying and making the entry, each n-th allocation failing: never an entry in part. */
static void want_of_memory_stores_nothing(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes answer = SAY(be_row("one"), be_complete("SELECT 1"));
    unsigned failed = 0;
    for (unsigned n = 1; n < 50; n++) {
        pgr_mem_fail_nth(n);
        struct pgr_capture *c = start(&b);
        pgr_capture_append(c, answer);
        finish(c);
        struct pgr_entry *entry = pgr_capture_entry(c);
        pgr_mem_fail_nth(0);
        pgr_capture_unref(c);
        if (entry != NULL) {
            assert_true(pgr_bytes_eq(PGR_BYTES(entry->reply->data, entry->reply->len), answer));
            pgr_entry_unref(entry);
            break;
        }
        failed++;
    }
    assert_in_range(failed, 4, 40); /* key, reply, its copy, the entry */
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_is_what_was_copied),
        cmocka_unit_test(incomplete_or_spoilt_is_no_entry),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(want_of_memory_stores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
