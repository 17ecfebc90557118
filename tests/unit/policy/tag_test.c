// SPDX-License-Identifier: PostgreSQL
/* What governs a hit is asked again at each hit, by names that outlive catalog and text. */
#include "verdict_support.h"

static const struct pgr_rule psql_off = {
    .name = "psql", .applications = {"psql*"}, .application_count = 1, .cache = PGR_RULE_CACHE_OFF};
static const struct pgr_rule documents_short = {.name = "rag",
                                                .tables = {"public.documents"},
                                                .table_count = 1,
                                                .has_local_ttl = true,
                                                .local_ttl_us = 2000000};
static const struct pgr_rule forced = {
    .name = "forced", .databases = {"shop"}, .database_count = 1, .cache = PGR_RULE_CACHE_FORCE};
static const struct pgr_rule hinted = {
    .name = "hinted", .query = "*no cache*", .cache = PGR_RULE_CACHE_OFF};
static const struct pgr_rule by_class = {
    .name = "class", .classes = {"aggregate"}, .class_count = 1, .cache = PGR_RULE_CACHE_OFF};

static struct pgr_tag *tag_of(const char *text)
{
    struct pgr_settings settings = settings_with(no_rules, 0);
    char *copy = pgr_strdup(text);
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(copy));
    struct pgr_verdict_input input = input_of(stmt, copy, &settings);
    struct pgr_tag *tag = pgr_tag_create(&input);
    pgr_stmt_unref(stmt);
    pgr_free(copy);
    return tag;
}

struct hit {
    const char *text;
    const char *user;
    const char *application;
    const char *database;
};

static enum pgr_reason govern(const struct pgr_tag *tag, const struct hit *hit,
                              const struct pgr_rule *rule, uint64_t *max_age_us)
{
    struct pgr_settings settings = settings_with(rule, rule ? 1 : 0);
    return pgr_tag_govern(tag, pgr_bytes_str(hit->text), &settings, hit->database, hit->user,
                          hit->application, max_age_us);
}

static const struct hit plain = {"SELECT * FROM documents", "app", "python", "shop"};

static void a_tag_keeps_the_resolved_names(void **state)
{
    PGR_UNUSED(state);
    struct pgr_tag *tag = tag_of("SELECT * FROM documents, app.features, nowhere");
    assert_int_equal(tag->table_count, 2);
    assert_string_equal(tag->tables[0].schema, "public");
    assert_string_equal(tag->tables[0].name, "documents");
    assert_string_equal(tag->tables[1].schema, "app");
    assert_string_equal(tag->tables[1].name, "features");
    assert_int_equal(tag->stmt->kind, PGR_STMT_SELECT);
    assert_false(tag->needs_force);
    struct pgr_tag *again = pgr_tag_ref(tag);
    assert_ptr_equal(again, tag);
    pgr_tag_unref(tag);
    assert_string_equal(again->tables[1].name, "features");
    pgr_tag_unref(again);
    pgr_tag_unref(NULL);

    tag = tag_of("SELECT 1");
    assert_int_equal(tag->table_count, 0);
    pgr_tag_unref(tag);
}

static void the_readers_rule_governs(void **state)
{
    static const struct {
        struct hit hit;
        const struct pgr_rule *rule;
        enum pgr_reason reason;
        uint64_t max_age_us;
    } hits[] = {
        {{"SELECT * FROM documents", "app", "python", "shop"}, NULL, PGR_REASON_NONE, 10000000},
        {{"SELECT * FROM documents", "app", "psql", "shop"}, NULL, PGR_REASON_NONE, 10000000},
        {{"SELECT * FROM documents", "app", "psql", "shop"}, &psql_off, PGR_REASON_RULE_OFF, 0},
        {{"SELECT * FROM documents", "app", NULL, "shop"}, &psql_off, PGR_REASON_NONE, 10000000},
        {{"SELECT * FROM documents", "app", "python", "shop"},
         &documents_short,
         PGR_REASON_NONE,
         2000000},
        {{"SELECT * FROM documents", "app", "python", "shop"}, &forced, PGR_REASON_NONE, 10000000},
        {{"SELECT 1 /* no cache */", "app", "python", "shop"}, &hinted, PGR_REASON_RULE_OFF, 0},
        {{"SELECT * FROM documents", "app", "python", "shop"}, &hinted, PGR_REASON_NONE, 10000000},
        {{"SELECT * FROM documents", "app", "python", "shop"},
         &by_class,
         PGR_REASON_NONE,
         10000000},
    };
    struct pgr_tag *tag = tag_of("SELECT * FROM documents");
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(hits); i++) {
        uint64_t max_age_us = 0;
        assert_int_equal(govern(tag, &hits[i].hit, hits[i].rule, &max_age_us), hits[i].reason);
        assert_int_equal(max_age_us, hits[i].max_age_us);
    }
    pgr_tag_unref(tag);

    uint64_t max_age_us = 0;
    tag = tag_of("SELECT count(*) FROM features");
    assert_int_equal(govern(tag, &plain, &by_class, &max_age_us), PGR_REASON_RULE_OFF);
    assert_int_equal(govern(tag, &plain, &documents_short, &max_age_us), PGR_REASON_NONE);
    assert_int_equal(max_age_us, 10000000);
    pgr_tag_unref(tag);
}

static void a_cache_switched_off_answers_nothing(void **state)
{
    struct pgr_tag *tag = tag_of("SELECT * FROM documents");
    struct pgr_settings settings = settings_with(&psql_off, 1);
    uint64_t max_age_us = 0;
    PGR_UNUSED(state);
    settings.cache_enabled = false;
    assert_int_equal(
        pgr_tag_govern(tag, pgr_bytes_str("x"), &settings, "shop", "app", "psql", &max_age_us),
        PGR_REASON_CACHE_OFF);
    pgr_tag_unref(tag);
}

/* An answer that rests on the operator's word is given by that word only. */
static void what_was_forced_needs_force(void **state)
{
    static const char *const needing[] = {
        "SELECT vector_distance(e, '[1]') FROM documents",
        "SELECT score_of(id) FROM documents",
        "SELECT app.upper(name) FROM documents",
    };
    struct hit elsewhere = plain;
    uint64_t max_age_us = 0;
    PGR_UNUSED(state);
    elsewhere.database = "other";
    for (size_t i = 0; i < PGR_ARRAY_LEN(needing); i++) {
        struct pgr_tag *tag = tag_of(needing[i]);
        assert_true(tag->needs_force);
        assert_int_equal(govern(tag, &plain, NULL, &max_age_us), PGR_REASON_USER_FUNCTION);
        assert_int_equal(govern(tag, &plain, &documents_short, &max_age_us),
                         PGR_REASON_USER_FUNCTION);
        assert_int_equal(govern(tag, &elsewhere, &forced, &max_age_us), PGR_REASON_USER_FUNCTION);
        assert_int_equal(govern(tag, &plain, &forced, &max_age_us), PGR_REASON_NONE);
        pgr_tag_unref(tag);
    }
}

/* Entries, and so their tags, are shared by all workers. */
static void use_tag(void *arg)
{
    const struct pgr_tag *tag = arg;
    for (int i = 0; i < 2000; i++) {
        uint64_t max_age_us = 0;
        struct pgr_tag *own = pgr_tag_ref(tag);
        PGR_ASSERT(govern(own, &plain, &documents_short, &max_age_us) == PGR_REASON_NONE);
        PGR_ASSERT(max_age_us == 2000000);
        pgr_tag_unref(own);
    }
    pgr_tag_unref(tag);
}

static void workers_share_a_tag(void **state)
{
    struct pgr_thread threads[4];
    struct pgr_tag *tag = tag_of("SELECT * FROM documents");
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        assert_int_equal(
            pgr_thread_start(&threads[i], "user", (size_t)1 << 20, use_tag, pgr_tag_ref(tag)),
            PGR_OK);
    pgr_tag_unref(tag); /* the last thread frees it */
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        pgr_thread_join(&threads[i]);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_keeps_the_resolved_names),
        cmocka_unit_test(the_readers_rule_governs),
        cmocka_unit_test(a_cache_switched_off_answers_nothing),
        cmocka_unit_test(what_was_forced_needs_force),
        cmocka_unit_test(workers_share_a_tag),
    };
    catalog = small_database();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pgr_catalog_unref(catalog);
    return failed;
}

int main(void)
{
    return run_on_parse_stack(all_tests);
}
