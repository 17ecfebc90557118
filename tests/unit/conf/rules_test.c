// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

static void globs(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool expect;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"a", "a", true},
        {"a", "A", false},
        {"a", "ab", false},
        {"*", "", true},
        {"*", "anything\nat all", true},
        {"**", "", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a*", "a", true},
        {"a*", "abc", true},
        {"a*", "ba", false},
        {"*a", "bca", true},
        {"*a", "ab", false},
        {"*a*", "bab", true},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*c", "a1c2b", false},
        {"*ab", "aab", true},
        {"*abab", "abaabab", true},
        {"*?b", "aab", true},
        {"*?", "", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\?", "?", true},
        {"\\?", "a", false},
        {"\\\\", "\\", true},
        {"\\a", "a", true},
        {"*\\*", "a*", true},
        {"*\\*", "ab", false},
        {"a\\", "a\\", true},
        {"a\\", "a", false},
        {"*\\", "a\\", true},
        {"\xC3\xA4", "\xC3\xA4", true},
        {"??", "\xC3\xA4", true},
        {"SELECT * FROM t", "SELECT a FROM t", true},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        if (pgr_glob_match(cases[i].pattern, pgr_bytes_str(cases[i].text)) != cases[i].expect)
            fail_msg("%s against %s", cases[i].pattern, cases[i].text);
    }
    assert_false(pgr_glob_match("a", PGR_BYTES_LIT("a\0")));
    assert_true(pgr_glob_match("a?", PGR_BYTES_LIT("a\0")));
    assert_true(pgr_glob_match("*", PGR_BYTES(NULL, 0)));
    PGR_UNUSED(state);
}

/* The definition itself, in exponential time. */
static bool slow_match(const char *p, const char *t)
{
    if (*p == '*')
        return slow_match(p + 1, t) || (*t != '\0' && slow_match(p, t + 1));
    if (*p == '\\' && p[1] != '\0')
        return *t == p[1] && slow_match(p + 2, t + 1);
    if (*p == '\0' || *t == '\0')
        return *p == *t;
    return (*p == '?' || *p == *t) && slow_match(p + 1, t + 1);
}

static void globs_agree_with_their_definition(void **state)
{
    static const char alphabet[] = "ab*?\\";
    uint32_t random = 7;
    for (int round = 0; round < 20000; round++) {
        char pattern[8] = "";
        char text[10] = "";
        for (size_t i = 0; i < sizeof(pattern) - 1U - (size_t)(round % 4); i++) {
            random = random * 1664525 + 1013904223;
            pattern[i] = alphabet[(random >> 20) % 5];
        }
        for (size_t i = 0; i < (size_t)(round % 9); i++) {
            random = random * 1664525 + 1013904223;
            text[i] = alphabet[(random >> 20) % 3];
        }
        if (pgr_glob_match(pattern, pgr_bytes_str(text)) != slow_match(pattern, text))
            fail_msg("%s against %s", pattern, text);
    }
    PGR_UNUSED(state);
}

static const struct pgr_rule_table two_tables[] = {{"public", "features"}, {"shop", "users"}};

static struct pgr_rule_facts facts_of(size_t table_count)
{
    return (struct pgr_rule_facts){
        .tables = two_tables,
        .table_count = table_count,
        .class = "vector search",
        .fingerprint = 0xabcdef0123456789,
        .text = PGR_BYTES_LIT("SELECT a FROM features"),
        .database = "db",
        .user = "alice",
        .application = "feast 1",
    };
}

static const char *matched(const char *rules, const struct pgr_rule_facts *facts, char *name,
                           size_t cap)
{
    char text[1024];
    snprintf(text, sizeof(text), DSN_LINES "%s", rules);
    struct pgr_settings *settings = settings_of(text);
    const struct pgr_rule *rule = pgr_rules_match(settings, facts);
    snprintf(name, cap, "%s", rule ? rule->name : "");
    pgr_settings_unref(settings);
    return name;
}

static void matchers(void **state)
{
    static const struct {
        const char *lines;
        size_t table_count;
        bool expect;
    } cases[] = {
        {"", 0, true},
        {"cache = off", 2, true},
        {"tables = features", 1, true},
        {"tables = public.features", 1, true},
        {"tables = shop.features", 1, false},
        {"tables = Features", 1, false},
        {"tables = feature", 1, false},
        {"tables = features", 2, false},
        {"tables = features, users", 2, true},
        {"tables = shop.users, other, public.features", 2, true},
        {"tables = features", 0, false},
        {"class = vector search", 1, true},
        {"class = Vector Search", 1, true},
        {"class = aggregate, vector search", 1, true},
        {"class = aggregate", 1, false},
        {"fingerprint = abcdef0123456789", 1, true},
        {"fingerprint = ABCDEF0123456789", 1, true},
        {"fingerprint = abcdef0123456788", 1, false},
        {"query = SELECT * FROM features", 1, true},
        {"query = select * from features", 1, false},
        {"query = SELECT *", 1, true},
        {"database = db", 1, true},
        {"database = other, db", 1, true},
        {"database = d*", 1, false},
        {"user = bob, alice", 1, true},
        {"user = bob", 1, false},
        {"application = feast*", 1, true},
        {"application = psql, feast ?", 1, true},
        {"application = feast", 1, false},
        {"user = alice\ndatabase = db\ntables = features", 1, true},
        {"user = alice\ndatabase = other\ntables = features", 1, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char rules[256];
        char name[64];
        struct pgr_rule_facts facts = facts_of(cases[i].table_count);
        snprintf(rules, sizeof(rules), "[rule r]\n%s\n", cases[i].lines);
        matched(rules, &facts, name, sizeof(name));
        if ((name[0] != '\0') != cases[i].expect)
            fail_msg("%s with %zu tables", cases[i].lines, cases[i].table_count);
    }
    PGR_UNUSED(state);
}

static void the_first_that_matches_governs(void **state)
{
    char name[64];
    struct pgr_rule_facts facts = facts_of(1);
    assert_string_equal(matched("", &facts, name, sizeof(name)), "");
    assert_string_equal(
        matched("[rule z]\nuser = bob\n[rule m]\nuser = alice\n[rule a]\n", &facts, name, 64), "m");
    assert_string_equal(
        matched("[rule z]\nuser = bob\n[rule a]\n[rule m]\nuser = alice\n", &facts, name, 64), "a");
    PGR_UNUSED(state);
}

static void facts_may_be_missing(void **state)
{
    char name[64];
    struct pgr_rule_facts facts = {.text = PGR_BYTES(NULL, 0)};
    assert_string_equal(matched("[rule a]\n", &facts, name, 64), "a");
    assert_string_equal(matched("[rule a]\napplication = *\n", &facts, name, 64), "a");
    assert_string_equal(matched("[rule a]\nuser = x\n", &facts, name, 64), "");
    assert_string_equal(matched("[rule a]\nclass = other\n", &facts, name, 64), "");
    PGR_UNUSED(state);
}

static void a_rule_holds_what_was_written(void **state)
{
    struct pgr_settings *s =
        settings_of(DSN_LINES "[rule my rule]\ntables = a , b.c\nclass = AGGREGATE, point lookup\n"
                              "query = SELECT\\*;x ; comment\ncache = force\nlocal_ttl = 5min\n"
                              "[rule empty]\n[rule late]\ncache = off\nmax_staleness = 0\n");
    assert_int_equal(s->rule_count, 3);
    const struct pgr_rule *rule = &s->rules[0];
    assert_string_equal(rule->name, "my rule");
    assert_int_equal(rule->table_count, 2);
    assert_string_equal(rule->tables[0], "a");
    assert_string_equal(rule->tables[1], "b.c");
    assert_int_equal(rule->class_count, 2);
    assert_string_equal(rule->classes[0], "aggregate");
    assert_string_equal(rule->classes[1], "point lookup");
    assert_string_equal(rule->query, "SELECT\\*;x");
    assert_int_equal(rule->cache, PGR_RULE_CACHE_FORCE);
    assert_true(rule->has_local_ttl && !rule->has_max_staleness);
    assert_true(rule->local_ttl_us == 300000000);
    assert_string_equal(s->rules[1].name, "empty");
    assert_int_equal(s->rules[1].cache, PGR_RULE_CACHE_ON);
    assert_false(s->rules[1].has_local_ttl);
    assert_int_equal(s->rules[2].cache, PGR_RULE_CACHE_OFF);
    assert_true(s->rules[2].has_max_staleness && s->rules[2].max_staleness_us == 0);
    pgr_settings_unref(s);
    PGR_UNUSED(state);
}

static void many_rules_keep_their_order(void **state)
{
    struct pgr_buf text;
    pgr_buf_init(&text, 1 << 20);
    pgr_buf_printf(&text, DSN_LINES);
    for (int i = 0; i < 300; i++)
        pgr_buf_printf(&text, "[rule r%d]\nuser = u%d\n", i, i);
    struct load load = load_bytes(pgr_buf_bytes(&text));
    pgr_buf_fini(&text);
    assert_int_equal(load.err, PGR_OK);
    assert_int_equal(load.settings->rule_count, 300);
    for (int i = 0; i < 300; i++) {
        char user[16];
        snprintf(user, sizeof(user), "u%d", i);
        assert_string_equal(load.settings->rules[i].users[0], user);
    }
    pgr_settings_unref(load.settings);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(globs_agree_with_their_definition),
        cmocka_unit_test(matchers),
        cmocka_unit_test(the_first_that_matches_governs),
        cmocka_unit_test(facts_may_be_missing),
        cmocka_unit_test(a_rule_holds_what_was_written),
        cmocka_unit_test(many_rules_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
