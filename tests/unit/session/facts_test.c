// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "facts_priv.h"
#include "fake_database.h"
#include "fake_probe.h"
#include "pgrecall/base/mem.h"

/* One backend that is asked, and what it is compared with. */
struct bench {
    struct pgr_contexts *contexts;
    struct pgr_catalog catalog;
    struct pgr_backend_facts facts;
    struct pgr_facts_expect expect;
};

static const char *const role_settings[] = {"app.of_role"};

static void setup(struct bench *b)
{
    *b = (struct bench){.contexts = pgr_contexts_create()};
    b->catalog.system_identifier = FAKE_SYSTEM;
    b->catalog.timeline = FAKE_TIMELINE;
    b->catalog.postmaster_start = FAKE_START;
    b->catalog.database_oid = 16384;
    b->catalog.extra_settings = role_settings;
    b->catalog.extra_setting_count = 1;
    pgr_backend_init(&b->facts);
    b->expect = (struct pgr_facts_expect){&b->catalog, FAKE_PID, 3, b->contexts};
}

static void teardown(struct bench *b)
{
    pgr_backend_fini(&b->facts);
    pgr_contexts_destroy(&b->contexts);
    say_forget();
}

/* The probe's text, from its Parse. */
static struct pgr_bytes ask(struct bench *b)
{
    struct pgr_buf out;
    pgr_buf_init(&out, (size_t)1 << 20);
    pgr_backend_probe(&b->facts, &b->catalog, &out);
    assert_false(out.is_short);
    struct pgr_bytes whole = pgr_buf_bytes(&out);
    struct pgr_bytes copy = say_all(&whole, 1);
    pgr_buf_fini(&out);
    struct pgr_reader r = pgr_reader_of(PGR_BYTES(copy.at + 5, copy.len - 5));
    assert_int_equal(copy.at[0], 'P');
    assert_true(pgr_bytes_eq(pgr_read_cstr(&r), PGR_BYTES_LIT(PGR_PROBE_NAME)));
    return pgr_read_cstr(&r);
}

static void learn_row(struct bench *b, struct pgr_bytes row)
{
    pgr_backend_learn(&b->facts, PGR_BYTES(row.at + 5, row.len - 5), &b->expect);
}

static void learn(struct bench *b, const struct fake_answer *answers, size_t count)
{
    learn_row(b, fake_probe_row(ask(b), answers, count));
}

static bool asks_for(struct bench *b, const char *expression)
{
    struct pgr_bytes columns[256];
    size_t count = fake_probe_columns(ask(b), columns, 256);
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += memmem(columns[i].at, columns[i].len, expression, strlen(expression)) != NULL;
    return found == 1;
}

static void ordinary_backend_is_known(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    assert_int_equal(b.facts.state, PGR_FACTS_UNKNOWN);
    assert_int_equal(b.facts.reason, PGR_REASON_SETTINGS_UNKNOWN);
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    assert_int_equal(b.facts.reason, PGR_REASON_NONE);
    assert_int_equal(b.facts.conf_epoch, 3);
    assert_non_null(b.facts.context);
    assert_true(b.facts.is_path_known);
    assert_int_equal(b.facts.path.count, 2);
    assert_string_equal(b.facts.path.schemas[0], "pg_catalog");
    assert_string_equal(b.facts.path.schemas[1], "public");
    teardown(&b);
}

/* The whole exchange: a reserved name, closed in the same batch (G16). */
static void probe_leaves_nothing_behind(void **state)
{
    struct bench b;
    struct pgr_buf out;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes text = ask(&b);
    pgr_buf_init(&out, (size_t)1 << 20);
    pgr_backend_probe(&b.facts, &b.catalog, &out);
    struct pgr_bytes expected =
        SAY(fe_parse(PGR_PROBE_NAME, (const char *)text.at), fe_bind("", PGR_PROBE_NAME),
            fe_execute("", 0), fe_close('S', PGR_PROBE_NAME), fe_sync());
    assert_true(pgr_bytes_eq(pgr_buf_bytes(&out), expected));
    pgr_buf_fini(&out);
    teardown(&b);
}

/* The session's search_path must not decide what the probe means: a name before a parenthesis, and
 * an operator, always say their schema. */
static void probe_names_its_schemas(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes text = ask(&b);
    static const char *const keywords[] = {"EXISTS", "OPERATOR", "CASE", "SELECT", "WHERE",
                                           "THEN",   "ELSE",     "OR",   "bit"};
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        is_quoted ^= text.at[i] == '\'';
        if (is_quoted)
            continue;
        assert_null(strchr("=<>|", text.at[i]) && memcmp(text.at + i - 11, "pg_catalog.", 11) &&
                            text.at[i - 1] != text.at[i]
                        ? "an operator without its schema"
                        : NULL);
        if (text.at[i] != '(' || text.at[i - 1] == ' ' || text.at[i - 1] == '(')
            continue;
        size_t start = i;
        while (start > 0 && strchr(" (,", text.at[start - 1]) == NULL)
            start--;
        bool is_keyword = false;
        for (size_t k = 0; k < PGR_ARRAY_LEN(keywords); k++)
            is_keyword |=
                pgr_bytes_eq(PGR_BYTES(text.at + start, i - start), pgr_bytes_str(keywords[k]));
        if (!is_keyword && memmem(text.at + start, i - start, "pg_catalog.", 11) == NULL)
            fail_msg("a function without its schema: %.*s", (int)(i - start),
                     (const char *)text.at + start);
    }
    teardown(&b);
}

static void everything_that_is_keyed_is_asked_for(void **state)
{
    static const char *const names[] = {
        "search_path",
        "DateStyle",
        "IntervalStyle",
        "TimeZone",
        "extra_float_digits",
        "bytea_output",
        "lc_monetary",
        "lc_numeric",
        "lc_time",
        "xmlbinary",
        "xmloption",
        "array_nulls",
        "backslash_quote",
        "row_security",
        "session_replication_role",
        "timezone_abbreviations",
        "transform_null_equals",
        "default_text_search_config",
        "quote_all_identifiers",
        "gin_fuzzy_search_limit",
        "hnsw.ef_search",
        "ivfflat.probes",
        "pg_trgm.similarity_threshold",
        "app.of_role",
    };
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++) {
        char expression[128];
        (void)snprintf(expression, sizeof(expression), "current_setting('%s', true)", names[i]);
        if (!asks_for(&b, expression))
            fail_msg("%s is not asked for", names[i]);
    }
    assert_true(asks_for(&b, "OPERATOR(pg_catalog.=) session_user)"));
    assert_true(asks_for(&b, "OPERATOR(pg_catalog.=) current_user)"));
    teardown(&b);
}

/* Each answer that is out of the ordinary, and the reason for which the session then passes through. */
static void odd_backends_are_refused(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum pgr_reason reason;
    } cases[] = {
        {{"pg_backend_pid()", "4712"}, PGR_REASON_POOLER_UPSTREAM},
        {{"pg_backend_pid()", NULL}, PGR_REASON_POOLER_UPSTREAM},
        {{"pg_control_system()", "7000000000000000002"}, PGR_REASON_OTHER_SERVER},
        {{"pg_control_system()", NULL}, PGR_REASON_OTHER_SERVER},
        {{"pg_walfile_name", "2"}, PGR_REASON_OTHER_SERVER},
        {{"pg_postmaster_start_time", "2026-02-01T00:00:00.000000Z"}, PGR_REASON_OTHER_SERVER},
        {{"pg_my_temp_schema", "t"}, PGR_REASON_TEMP_OBJECTS},
        {{"pg_my_temp_schema", NULL}, PGR_REASON_TEMP_OBJECTS},
        {{"idle_session_timeout", "5min"}, PGR_REASON_IDLE_TIMEOUT},
        {{"default_transaction_isolation", "repeatable read"}, PGR_REASON_UNSAFE_SETTING},
        {{"default_transaction_isolation", "serializable"}, PGR_REASON_UNSAFE_SETTING},
        {{"standard_conforming_strings", "off"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_min_messages", "debug1"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_min_messages", "log"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_min_messages", "warning"}, PGR_REASON_NONE},
        {{"client_min_messages", "error"}, PGR_REASON_NONE},
        {{"client_encoding", "SJIS"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_encoding", "GB18030"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_encoding", "BIG5"}, PGR_REASON_UNSAFE_SETTING},
        {{"client_encoding", "LATIN1"}, PGR_REASON_NONE},
        {{"client_encoding", "EUC_JP"}, PGR_REASON_NONE},
        {{"client_encoding", "WIN1252"}, PGR_REASON_NONE},
        {{"client_encoding", "SQL_ASCII"}, PGR_REASON_NONE},
        {{"client_encoding", NULL}, PGR_REASON_UNSAFE_SETTING},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct bench b;
        setup(&b);
        learn(&b, &cases[i].answer, 1);
        if (b.facts.reason != cases[i].reason)
            fail_msg("%s = %s: %s", cases[i].answer.column,
                     cases[i].answer.value ? cases[i].answer.value : "NULL",
                     pgr_reason_name(b.facts.reason));
        bool is_fit = cases[i].reason == PGR_REASON_NONE;
        assert_int_equal(b.facts.state, is_fit ? PGR_FACTS_KNOWN : PGR_FACTS_REFUSED);
        assert_true((b.facts.context != NULL) == is_fit);
        /* what was judged is not judged again until something changes */
        assert_int_equal(b.facts.conf_epoch, 3);
        teardown(&b);
    }
}

static void standby_is_a_standby(void **state)
{
    /* its timeline is asked for in the same words: the first expression that fits is taken */
    static const struct fake_answer answers[] = {{"pg_walfile_name", "1"},
                                                 {"pg_is_in_recovery()", "t"}};
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    learn(&b, answers, 2);
    assert_int_equal(b.facts.reason, PGR_REASON_STANDBY);
    teardown(&b);
}

static void path_is_read_as_it_is(void **state)
{
    static const struct {
        const char *count;
        const char *schemas;
        size_t known; /* SIZE_MAX: not to be believed */
        const char *last;
    } cases[] = {
        {"0", "", 0, ""},
        {"1", "pg_catalog", 1, "pg_catalog"},
        {"3", "pg_catalog\001Odd \"name\"\001public", 3, "public"},
        {"1", "evil\001public", SIZE_MAX, ""}, /* one schema whose name holds the separator */
        {"2", "evil\001pg_catalog\001public", SIZE_MAX, ""},
        {"2", "pg_catalog", SIZE_MAX, ""},
        {"2", "", SIZE_MAX, ""},
        {"1", "\001public", SIZE_MAX, ""},
        {"1001", "public", SIZE_MAX, ""},
        {"-1", "public", SIZE_MAX, ""},
        {NULL, "public", SIZE_MAX, ""},
        {"1", NULL, SIZE_MAX, ""},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        const struct fake_answer answers[] = {{"cardinality", cases[i].count},
                                              {"array_to_string", cases[i].schemas}};
        struct bench b;
        setup(&b);
        learn(&b, answers, 2);
        bool is_known = cases[i].known != SIZE_MAX;
        if (b.facts.is_path_known != is_known)
            fail_msg("case %zu: the path is %s", i, is_known ? "not known" : "believed");
        assert_int_equal(b.facts.state, is_known ? PGR_FACTS_KNOWN : PGR_FACTS_REFUSED);
        assert_int_equal(b.facts.path.count, is_known ? cases[i].known : 0);
        if (is_known && cases[i].known > 0)
            assert_string_equal(b.facts.path.schemas[cases[i].known - 1], cases[i].last);
        teardown(&b);
    }
}

/* Writes need the path even where reads are refused; not where names may mean something else. */
static void path_outlives_some_refusals(void **state)
{
    static const struct fake_answer answers[] = {{"idle_session_timeout", "1s"},
                                                 {"pg_my_temp_schema", "t"}};
    PGR_UNUSED(state);
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        setup(&b);
        learn(&b, &answers[i], 1);
        assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
        assert_true(b.facts.is_path_known == (i == 0));
        teardown(&b);
    }
}

static uint64_t context_of(const char *column, const char *value)
{
    static struct bench kept; /* ids are compared within one registry */
    struct fake_answer answer = {column, value};
    if (kept.contexts == NULL)
        setup(&kept);
    if (column == NULL) {
        teardown(&kept);
        kept = (struct bench){0};
        return 0;
    }
    struct pgr_backend_facts facts;
    pgr_backend_init(&facts);
    pgr_backend_note_setting(&facts, "app.noted");
    struct bench b = kept;
    b.facts = facts;
    learn(&b, &answer, 1);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    /* the registry forgets a context with its last reference, and ids are never reused */
    static struct pgr_context *first;
    if (first == NULL)
        first = pgr_context_ref(b.facts.context);
    uint64_t id = pgr_context_id(b.facts.context);
    if (value == NULL) {
        pgr_context_unref(first);
        first = NULL;
    }
    pgr_backend_fini(&b.facts);
    return id;
}

static void context_is_who_asks_and_how(void **state)
{
    static const struct fake_answer differing[] = {
        {" session_user", "bob"},
        {" current_user", "bob"},
        {"('search_path', true)", "public"},
        {"'DateStyle'", "ISO, DMY"},
        {"'TimeZone'", "Europe/Rome"},
        {"'hnsw.ef_search'", "100"},
        {"'app.of_role'", "x"},
        {"'app.noted'", "x"},
        {"'bytea_output'", ""}, /* empty is not NULL */
    };
    PGR_UNUSED(state);
    uint64_t ordinary = context_of("nothing", "");
    assert_true(context_of("nothing", "") == ordinary);
    for (size_t i = 0; i < PGR_ARRAY_LEN(differing); i++)
        if (context_of(differing[i].column, differing[i].value) == ordinary)
            fail_msg("%s does not matter", differing[i].column);
    assert_true(context_of("nothing", NULL) == ordinary);
    (void)context_of(NULL, NULL);
}

/* What is judged and equal for all that pass is not in the context: it would only split it. */
static void row_of_another_shape_is_refused(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes row = fake_probe_row(ask(&b), NULL, 0);
    for (size_t len = 5; len < row.len; len += 1 + len / 40) {
        pgr_backend_learn(&b.facts, PGR_BYTES(row.at + 5, len - 5), &b.expect);
        assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
        assert_int_equal(b.facts.reason, PGR_REASON_SETTINGS_UNKNOWN);
    }
    pgr_backend_note_setting(&b.facts, "one.more"); /* one column more is expected now */
    learn_row(&b, row);
    assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    teardown(&b);
}

static void dotted_settings_are_asked_for_once(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    pgr_backend_note_setting(&b.facts, "app.tenant");
    pgr_backend_note_setting(&b.facts, "app.tenant");
    pgr_backend_note_setting(&b.facts, "hnsw.ef_search"); /* is asked for anyway */
    assert_int_equal(b.facts.extra_count, 1);
    assert_true(asks_for(&b, "current_setting('app.tenant', true)"));
    assert_true(asks_for(&b, "'hnsw.ef_search'"));
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    pgr_backend_forget(&b.facts); /* … but not what to ask for */
    assert_true(asks_for(&b, "current_setting('app.tenant', true)"));
    teardown(&b);
}

static void too_many_dotted_settings_end_caching(void **state)
{
    struct bench b;
    char name[32];
    PGR_UNUSED(state);
    setup(&b);
    for (int i = 0; i < PGR_EXTRA_SETTINGS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "app.s%d", i);
        pgr_backend_note_setting(&b.facts, name);
    }
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    pgr_backend_note_setting(&b.facts, "app.one_more");
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
    teardown(&b);
}

/*
 * The probe decides who may read whose answers: a client's words must not become part of its SQL,
 * under no setting of the session. A name that PostgreSQL itself would refuse is not asked for.
 */
static void names_cannot_leave_their_quotes(void **state)
{
    static const char *const names[] = {
        "a.b', true), 'x", "a.b\\', true) UNION ALL SELECT 'x'--",
        "a.b\\",           "a.b\"c",
        "a.b c",           "a.b\n",
        "a.\x81\\'",       "a.b;",
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++) {
        struct bench b;
        setup(&b);
        struct pgr_bytes before = ask(&b);
        pgr_backend_note_setting(&b.facts, names[i]);
        if (!pgr_bytes_eq(ask(&b), before))
            fail_msg("the probe holds: %s", names[i]);
        learn(&b, NULL, 0);
        assert_int_equal(b.facts.state, PGR_FACTS_REFUSED); /* there is a setting we cannot see */
        teardown(&b);
    }
}

/* Names that a role was given are not of the client's choice, but no better. */
static void odd_names_of_roles_end_caching(void **state)
{
    static const char *const odd[] = {"app.plain", "app.gr\xc3\xb6\xc3\x9f"
                                                   "e\\'"};
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    b.catalog.extra_settings = odd;
    b.catalog.extra_setting_count = 2;
    struct pgr_bytes text = ask(&b);
    assert_null(memchr(text.at, '\\', text.len));
    assert_true(asks_for(&b, "'app.plain'"));
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
    teardown(&b);
}

static void forgetting(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    learn(&b, NULL, 0);
    pgr_backend_forget_settings(&b.facts);
    assert_int_equal(b.facts.state, PGR_FACTS_UNKNOWN);
    assert_int_equal(b.facts.reason, PGR_REASON_SETTINGS_UNKNOWN);
    assert_null(b.facts.context);
    assert_true(b.facts.is_path_known);
    pgr_backend_forget(&b.facts);
    assert_false(b.facts.is_path_known);
    assert_int_equal(b.facts.path.count, 0);
    pgr_backend_refuse(&b.facts, PGR_REASON_SETTINGS_UNKNOWN);
    assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
    learn(&b, NULL, 0);
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    teardown(&b);
}

static void want_of_memory_means_bypass(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_bytes row = fake_probe_row(ask(&b), NULL, 0);
    unsigned failed = 0;
    for (unsigned n = 1; n < 100; n++) {
        pgr_mem_fail_nth(n);
        learn_row(&b, row);
        pgr_mem_fail_nth(0);
        if (b.facts.state == PGR_FACTS_KNOWN)
            break;
        assert_int_equal(b.facts.state, PGR_FACTS_REFUSED);
        assert_int_equal(b.facts.reason, PGR_REASON_NO_MEMORY);
        failed++;
    }
    assert_int_equal(b.facts.state, PGR_FACTS_KNOWN);
    assert_true(failed > 0);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_backend_is_known),
        cmocka_unit_test(probe_leaves_nothing_behind),
        cmocka_unit_test(probe_names_its_schemas),
        cmocka_unit_test(everything_that_is_keyed_is_asked_for),
        cmocka_unit_test(odd_backends_are_refused),
        cmocka_unit_test(standby_is_a_standby),
        cmocka_unit_test(path_is_read_as_it_is),
        cmocka_unit_test(path_outlives_some_refusals),
        cmocka_unit_test(context_is_who_asks_and_how),
        cmocka_unit_test(row_of_another_shape_is_refused),
        cmocka_unit_test(dotted_settings_are_asked_for_once),
        cmocka_unit_test(too_many_dotted_settings_end_caching),
        cmocka_unit_test(names_cannot_leave_their_quotes),
        cmocka_unit_test(odd_names_of_roles_end_caching),
        cmocka_unit_test(forgetting),
        cmocka_unit_test(want_of_memory_means_bypass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
