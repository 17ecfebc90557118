// SPDX-License-Identifier: PostgreSQL
/* What statements may change, told by real texts over a whole catalog. */
#include "policy_support.h"

/*
 * Expected: words for flags (see flag_words), "w:" and the slots written, "set:" and the setting
 * that the probe must ask for; "-" for nothing at all.
 */
struct effect_case {
    const char *text;
    const char *effects;
};

static const struct {
    unsigned flag;
    const char *word;
} flag_words[] = {
    {PGR_EFFECT_WRITES_ALL, "ALL"},  {PGR_EFFECT_DEFINITION, "DEF"},
    {PGR_EFFECT_EXCLUSIVE, "EXCL"},  {PGR_EFFECT_MAY_COMMIT, "COMMIT"},
    {PGR_EFFECT_SETTINGS, "SET"},    {PGR_EFFECT_STATEMENTS, "STMT"},
    {PGR_EFFECT_LOCKS, "LOCKS"},     {PGR_EFFECT_SESSION_LOCK, "SESSION"},
    {PGR_EFFECT_UNLOCKS, "UNLOCKS"},
};

#define EVERYTHING "ALL DEF COMMIT SET STMT"
/* … but no definition: statements that only manipulate. */
#define UNDEFINING "ALL COMMIT SET STMT"
#define CODE       "ALL SET STMT"
#define UNRESOLVED "ALL SET"
#define DDL        "ALL DEF EXCL COMMIT SET"

// clang-format off
static const struct effect_case cases[] = {
    /* reads */
    {"",                                                        "-"},
    {"SELECT 1",                                                "-"},
    {"SELECT * FROM features WHERE id = 1",                     "-"},
    {"SELECT count(*), max(a) FROM features GROUP BY b::date",  "-"},
    {"SELECT * FROM pg_class",                                  "-"},
    {"SELECT now(), version(), current_setting('a')",           "-"},
    {"SELECT nextval('ids'), random(), pg_sleep(1)",            "-"},
    {"SELECT * FROM clock_view, plain_view",                    "-"},
    {"SELECT * FROM secret",                                    "-"},
    {"SELECT * FROM features FOR UPDATE",                       "LOCKS"},
    {"SELECT * FROM features FOR SHARE",                        "LOCKS"},
    {"SELECT * FROM (SELECT 1 FROM features FOR UPDATE) x",     "LOCKS"},
    {"SELECT * FROM features TABLESAMPLE system (10)",          "-"},
    {"SELECT ctid, current_date FROM features",                 "-"},
    {"COPY features TO STDOUT",                                 "-"},
    {"COPY (SELECT lower(a) FROM features) TO STDOUT",          "-"},
    {"SHOW search_path",                                        "-"},
    {"EXPLAIN SELECT * FROM features",                          "-"},
    {"EXPLAIN ANALYZE SELECT * FROM features",                  "-"},
    /* what a read may call */
    {"SELECT score_of(1)",                                      CODE},
    {"SELECT vector_distance(a, b) FROM features",              CODE},
    {"SELECT upper(a) FROM features",                           CODE},
    {"SELECT my_sum(a) FROM features",                          CODE},
    {"SELECT unheard_of(1)",                                    CODE},
    {"SELECT pg_temp.lower('a')",                               CODE},
    {"SELECT 1 FROM features ORDER BY log_access(a)",           CODE},
    {"SELECT f.full_name FROM features f",                      CODE},
    {"SELECT f.row_to_json, f.name FROM features f",            "-"},
    {"SELECT cosine_distance(a, b) FROM documents",             "-"},
    {"SELECT uuid_generate_v4()",                               "-"},
    {"SELECT dblink('update x')",                               CODE},
    {"SELECT * FROM crosstab('select f()')",                    CODE},
    {"SELECT query_to_xml('select f()', true, true, '')",       CODE},
    {"SELECT word FROM ts_stat('select f()')",                  CODE},
    {"SELECT lo_create(0)",                                     CODE},
    {"SELECT pg_replication_slot_advance('a', '0/0')",          "ALL"},
    {"SELECT set_config('a.b', 'c', false)",                    "SET"},
    {"SELECT pg_advisory_lock(1)",                              "SESSION"},
    {"SELECT pg_try_advisory_lock(1)",                          "SESSION"},
    {"SELECT pg_advisory_xact_lock(1)",                         "LOCKS"},
    {"SELECT pg_advisory_unlock_all()",                         "UNLOCKS"},
    {"SELECT * FROM calling_view",                              CODE},
    {"SELECT * FROM policed",                                   CODE},
    {"SELECT * FROM nowhere",                                   UNRESOLVED},
    {"SELECT * FROM pg_temp.features",                          UNRESOLVED},
    {"SELECT a === b FROM features",                            CODE},
    {"SELECT a ~> b FROM features",                             "-"},
    {"SELECT a <~ b FROM features",                             CODE},
    {"SELECT a !! b FROM features",                             "-"},
    {"SELECT a ^@ b FROM features",                             CODE},
    {"SELECT 'glad'::mood",                                     "-"},
    {"SELECT 'features'::regclass::oid, '{}'::regclass[]",      "-"},
    {"SELECT 'a'::_regclass, '<a/>'::xml",                      "-"},
    {"SELECT 'a'::app.regclass",                                CODE},
    {"SELECT 'a'::a_domain",                                    CODE},
    {"SELECT 'a'::shadowed",                                    CODE},
    {"SELECT '1'::pg_temp.int4",                                CODE},
    {"SELECT xmlelement(name a)",                               CODE},
    {"SELECT * FROM shop.public.features",                      CODE},
    {"COPY (SELECT score_of(1)) TO STDOUT",                     CODE},
    {"DECLARE c CURSOR FOR SELECT * FROM features",             "-"},
    {"DECLARE c CURSOR FOR SELECT score_of(1)",                 CODE},
    {"DECLARE c CURSOR FOR SELECT * FROM features FOR UPDATE",  "LOCKS"},
    {"EXPLAIN SELECT score_of(1)",                              CODE},
    {"EXPLAIN SELECT * FROM calling_view",                      CODE},
    /* writes */
    {"INSERT INTO features VALUES (1)",                         "w:101"},
    {"INSERT INTO features SELECT * FROM documents",            "w:101"},
    {"INSERT INTO app.features VALUES (1)",                     "w:170"},
    {"INSERT INTO features SELECT score_of(1)",                 CODE},
    {"INSERT INTO features SELECT * FROM calling_view",         CODE},
    {"INSERT INTO features VALUES (uuid_generate_v4(), now())", "w:101"},
    {"UPDATE features SET a = 1",                               "w:101"},
    {"UPDATE events SET a = 1",                                 "w:120,121,122"},
    {"UPDATE events_1 SET a = 1",                               "w:120,121"},
    {"UPDATE plain_view SET a = 1",                             "w:101,150"},
    {"UPDATE features SET a = 1 WHERE CURRENT OF c",            CODE},
    {"DELETE FROM orders",                                      "w:130,131"},
    {"DELETE FROM order_lines",                                 "w:131"},
    {"DELETE FROM features USING documents d WHERE d.id = 1",   "w:101"},
    {"MERGE INTO features f USING documents d ON f.id = d.id WHEN MATCHED THEN DELETE", "w:101"},
    {"WITH d AS (DELETE FROM documents RETURNING *) INSERT INTO features SELECT * FROM d", "w:101,102"},
    {"WITH d AS (DELETE FROM documents RETURNING *) SELECT * FROM d", "w:102"},
    {"COPY features FROM STDIN",                                "w:101"},
    {"COPY (INSERT INTO features VALUES (1) RETURNING *) TO STDOUT", "w:101"},
    {"EXPLAIN ANALYZE DELETE FROM features",                    "w:101"},
    {"EXPLAIN DELETE FROM features",                            "-"},
    {"EXPLAIN INSERT INTO defaulted VALUES (1)",                UNRESOLVED},
    {"INSERT INTO triggered VALUES (1)",                        UNRESOLVED},
    {"INSERT INTO ruled VALUES (1)",                            UNRESOLVED},
    {"INSERT INTO defaulted VALUES (1)",                        UNRESOLVED},
    {"UPDATE calling_view SET a = 1",                           UNRESOLVED},
    {"UPDATE policed SET a = 1",                                UNRESOLVED},
    {"UPDATE secret SET a = 1",                                 "w:141"},
    {"UPDATE elsewhere SET a = 1",                              UNRESOLVED},
    {"UPDATE nowhere SET a = 1",                                UNRESOLVED},
    {"UPDATE pg_settings SET setting = 'x'",                    UNRESOLVED},
    {"UPDATE pg_temp.features SET a = 1",                       UNRESOLVED},
    {"WITH a AS (DELETE FROM triggered) INSERT INTO features VALUES (1)", UNRESOLVED},
    {"TRUNCATE features",                                       "EXCL w:101"},
    {"TRUNCATE features, documents",                            "EXCL w:101,102"},
    {"TRUNCATE features RESTRICT",                              "EXCL w:101"},
    {"TRUNCATE orders CASCADE",                                 "ALL EXCL SET"},
    {"truncate orders /* */ cAsCaDe",                           "ALL EXCL SET"},
    {"TRUNCATE triggered",                                      "ALL EXCL SET"},
    {"LOCK TABLE features",                                     "EXCL LOCKS w:101"},
    {"LOCK features, documents IN SHARE MODE",                  "EXCL LOCKS w:101,102"},
    {"LOCK triggered",                                          "ALL EXCL LOCKS"},
    {"LOCK nowhere",                                            "ALL EXCL LOCKS"},
    {"REFRESH MATERIALIZED VIEW summary",                       "ALL EXCL"},
    /* transactions */
    {"BEGIN",                                                   "-"},
    {"START TRANSACTION ISOLATION LEVEL SERIALIZABLE",          "-"},
    {"COMMIT",                                                  "COMMIT"},
    {"END AND CHAIN",                                           "COMMIT"},
    {"ROLLBACK",                                                "COMMIT"},
    {"ABORT",                                                   "COMMIT"},
    {"SAVEPOINT a",                                             "-"},
    {"RELEASE a",                                               "-"},
    {"ROLLBACK TO a",                                           "SET"},
    {"PREPARE TRANSACTION 'a'",                                 "COMMIT"},
    {"COMMIT PREPARED 'a'",                                     "ALL DEF COMMIT"},
    {"ROLLBACK PREPARED 'a'",                                   "ALL DEF COMMIT"},
    /* settings */
    {"SET work_mem = '1MB'",                                    "-"},
    {"SET LOCAL enable_seqscan = off",                          "-"},
    {"RESET statement_timeout",                                 "-"},
    {"SET search_path = app",                                   "SET"},
    {"SET TIME ZONE 'UTC'",                                     "SET"},
    {"SET NAMES 'UTF8'",                                        "SET"},
    {"SET idle_session_timeout = 5",                            "SET"},
    {"RESET search_path",                                       "SET"},
    {"SET hnsw.ef_search = 100",                                "SET set:hnsw.ef_search"},
    {"SET LOCAL HNSW.EF_search = 100",                          "SET set:hnsw.ef_search"},
    {"RESET app.user_id",                                       "SET set:app.user_id"},
    {"SHOW app.user_id",                                        "-"},
    {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",            "-"},
    {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",    "SET"},
    {"SET ROLE auditor",                                        "SET"},
    {"RESET ROLE",                                              "SET"},
    {"SET SESSION AUTHORIZATION DEFAULT",                       "SET"},
    {"RESET ALL",                                               "SET"},
    {"DISCARD ALL",                                             "SET STMT UNLOCKS"},
    {"DISCARD TEMP",                                            "SET"},
    {"DISCARD TEMPORARY",                                       "SET"},
    {"DISCARD PLANS",                                           "-"},
    {"DISCARD SEQUENCES",                                       "-"},
    /* statements and cursors */
    {"PREPARE a AS INSERT INTO features VALUES (1)",            "STMT"},
    {"EXECUTE a",                                               EVERYTHING},
    {"EXPLAIN ANALYZE EXECUTE a",                               EVERYTHING},
    {"DEALLOCATE a",                                            "STMT"},
    {"DEALLOCATE ALL",                                          "STMT"},
    {"FETCH 10 FROM c",                                         UNRESOLVED},
    {"MOVE 10 FROM c",                                          UNRESOLVED},
    {"CLOSE c",                                                 "-"},
    {"LISTEN a",                                                "-"},
    {"UNLISTEN *",                                              "-"},
    {"NOTIFY a, 'b'",                                           "-"},
    /* definitions and the rest */
    {"VACUUM features",                                         "COMMIT"},
    {"ANALYZE",                                                 "COMMIT"},
    {"REINDEX TABLE features",                                  "COMMIT"},
    {"CREATE INDEX CONCURRENTLY i ON features (a)",             "COMMIT"},
    {"COMMENT ON TABLE features IS 'x'",                        "COMMIT"},
    {"VACUUM FULL features",                                    DDL},
    {"CREATE TABLE x (a int)",                                  DDL},
    {"CREATE TEMP TABLE x (a int)",                             DDL},
    {"CREATE TABLE x AS SELECT 1",                              DDL},
    {"SELECT * INTO x FROM features",                           DDL},
    {"SELECT score_of(1) INTO TEMP x",                          "ALL DEF EXCL COMMIT SET STMT"},
    {"ALTER TABLE features ADD b int",                          DDL},
    {"DROP TABLE features",                                     DDL},
    {"GRANT SELECT ON features TO public",                      DDL},
    {"ALTER ROLE app SET search_path = app",                    DDL},
    {"CREATE EXTENSION vector",                                 DDL},
    {"CALL f()",                                                EVERYTHING},
    {"DO $$ BEGIN END $$",                                      EVERYTHING},
    {"SELECT FROM WHERE",                                       EVERYTHING},
    {"\x01",                                                    EVERYTHING},
    /* several */
    {"SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;", "SET UNLOCKS"},
    {"CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP", "SET UNLOCKS"},
    {"SELECT 1; SELECT 2",                                      "-"},
    {"deallocate all; set session authorization default",       "SET STMT"},
    {"SELECT 1; DELETE FROM features",                          UNDEFINING},
    {"SELECT 1; SELECT f(1)",                                   UNDEFINING},
    {"INSERT INTO features VALUES (1); UPDATE features SET value = 1", UNDEFINING},
    {"SELECT 1; SELECT 2 INTO features2",                       EVERYTHING},
    {"DELETE FROM features; CREATE TABLE b (a int)",            EVERYTHING},
    {"SELECT 1 AS \"; \"; DROP TABLE features",                   EVERYTHING},
    {"SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS vector;", EVERYTHING},
    {"CLOSE ALL; LISTEN \"a; CLOSE ALL\"",                      EVERYTHING},
    {"CLOSE ALL; LISTEN \"CLOSE ALL; b\"",                      EVERYTHING},
    {"BEGIN; SELECT 1",                                         EVERYTHING},
};
// clang-format on

static struct pgr_catalog *catalog;

static void add_text(char *text, size_t cap, const char *prefix, const char *word)
{
    size_t len = strlen(text);
    int added = snprintf(text + len, cap - len, "%s%s%s", len ? " " : "", prefix, word);
    assert_true(added > 0 && (size_t)added < cap - len);
}

/* Static. */
static const char *effects_of(const struct pgr_stmt *stmt, const struct pgr_catalog *known,
                              const struct pgr_search_path *path)
{
    static char text[1024];
    struct pgr_effects effects;
    text[0] = '\0';
    pgr_effects_of(stmt, known, path, &effects);
    unsigned rest = effects.flags;
    for (size_t i = 0; i < PGR_ARRAY_LEN(flag_words); i++) {
        if (effects.flags & flag_words[i].flag)
            add_text(text, sizeof text, "", flag_words[i].word);
        rest &= ~flag_words[i].flag;
    }
    assert_int_equal(rest, 0);
    assert_true(effects.writes == NULL || !(effects.flags & PGR_EFFECT_WRITES_ALL));
    assert_true(effects.writes == NULL || effects.writes->count <= PGR_RELSET_MAX);
    if (effects.writes != NULL)
        add_text(text, sizeof text, "w:", fake_slots(effects.writes));
    if (effects.setting != NULL)
        add_text(text, sizeof text, "set:", effects.setting);
    pgr_effects_fini(&effects);
    assert_null(effects.writes);
    return text[0] ? text : "-";
}

static void assert_effects(const struct effect_case *expected, const struct pgr_catalog *known,
                           const struct pgr_search_path *path)
{
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(expected->text));
    const char *effects = effects_of(stmt, known, path);
    if (strcmp(effects, expected->effects) != 0)
        fail_msg("%s\n  gives    %s\n  expected %s", expected->text, effects, expected->effects);
    pgr_stmt_unref(stmt);
}

static void statements_change_what_is_listed(void **state)
{
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        assert_effects(&cases[i], catalog, &public_path);
}

/* Names that need a path are unknown without one; a read is looked for in the usual place. */
static void without_a_path_unqualified_writes_are_to_anything(void **state)
{
    static const struct effect_case pathless[] = {
        {"INSERT INTO features VALUES (1)", UNRESOLVED},
        {"INSERT INTO public.features VALUES (1)", "w:101"},
        {"LOCK features", "ALL EXCL LOCKS"},
        {"SELECT lower(a) FROM features WHERE a = 1", "-"},
        {"SELECT * FROM only_here", "-"},
        {"SELECT * FROM calling_view", CODE},
        {"SELECT * FROM app.nowhere", UNRESOLVED},
        {"SELECT score_of(1)", CODE},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(pathless); i++)
        assert_effects(&pathless[i], catalog, NULL);
}

static void without_a_catalog_every_write_is_to_anything(void **state)
{
    static const struct effect_case unknown[] = {
        {"INSERT INTO public.features VALUES (1)", UNRESOLVED},
        {"COPY features FROM STDIN", UNRESOLVED},
        {"TRUNCATE features", "ALL EXCL SET"},
        {"SELECT * FROM features WHERE a = 1", "-"},
        {"SELECT * FROM public.features", "-"},
        {"SELECT lower(a) FROM features", UNRESOLVED},
        {"SELECT 1", "-"},
        {"COMMIT", "COMMIT"},
        {"CREATE TABLE x (a int)", DDL},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(unknown); i++) {
        assert_effects(&unknown[i], NULL, &public_path);
        assert_effects(&unknown[i], NULL, NULL);
    }
}

/* A catalog or a path more never widens what a statement may change. */
static void knowledge_only_narrows(void **state)
{
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(cases[i].text));
        struct pgr_effects with;
        struct pgr_effects without;
        pgr_effects_of(stmt, catalog, &public_path, &with);
        pgr_effects_of(stmt, NULL, NULL, &without);
        if (with.writes != NULL && !(without.flags & PGR_EFFECT_WRITES_ALL))
            fail_msg("%s writes, and without a catalog it does not", cases[i].text);
        unsigned by_kind = PGR_EFFECT_DEFINITION | PGR_EFFECT_EXCLUSIVE | PGR_EFFECT_MAY_COMMIT;
        assert_int_equal(with.flags & by_kind, without.flags & by_kind);
        pgr_effects_fini(&with);
        pgr_effects_fini(&without);
        pgr_stmt_unref(stmt);
    }
}

static void more_targets_than_a_set_holds_are_everything(void **state)
{
    PGR_UNUSED(state);
    for (size_t count = PGR_RELSET_MAX - 1; count <= PGR_RELSET_MAX + 1; count++) {
        char text[4096];
        size_t len = (size_t)snprintf(text, sizeof text, "LOCK TABLE ");
        for (size_t i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%smany_%zu", i ? ", " : "",
                                    MANY_FIRST + i);
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
        struct pgr_effects effects;
        pgr_effects_of(stmt, catalog, &public_path, &effects);
        bool is_all = (effects.flags & PGR_EFFECT_WRITES_ALL) != 0;
        assert_int_equal(is_all, count > PGR_RELSET_MAX);
        assert_int_equal(effects.writes ? effects.writes->count : 0, is_all ? 0 : count);
        pgr_effects_fini(&effects);
        pgr_stmt_unref(stmt);
    }
}

static bool put_text(struct pgr_buf *buf, const char *text)
{
    return pgr_buf_put(buf, text, strlen(text));
}

/* Texts whose normalised form is cut say nothing about their end. */
static void cut_texts_are_not_trusted(void **state)
{
    struct pgr_buf buf;
    PGR_UNUSED(state);
    pgr_buf_init(&buf, 1 << 16);
    for (int i = 0; i < 400; i++)
        assert_true(put_text(&buf, "CLOSE ALL; "));
    assert_true(put_text(&buf, "DELETE FROM features"));
    struct pgr_stmt *stmt = pgr_analyze(pgr_buf_bytes(&buf));
    assert_int_equal(stmt->kind, PGR_STMT_MULTI);
    assert_string_equal(effects_of(stmt, catalog, &public_path), EVERYTHING);
    pgr_stmt_unref(stmt);

    pgr_buf_reset(&buf);
    assert_true(put_text(&buf, "TRUNCATE features"));
    for (int i = 0; i < 200; i++)
        assert_true(put_text(&buf, ", public.features"));
    stmt = pgr_analyze(pgr_buf_bytes(&buf));
    assert_int_equal(stmt->kind, PGR_STMT_TRUNCATE);
    assert_string_equal(effects_of(stmt, catalog, &public_path), "ALL EXCL SET");
    pgr_stmt_unref(stmt);
    pgr_buf_fini(&buf);
}

/* A bulk insert too long for the parser still names its table only (G13). */
static void a_long_insert_writes_its_table(void **state)
{
    struct pgr_buf buf;
    PGR_UNUSED(state);
    pgr_buf_init(&buf, 1 << 20);
    assert_true(put_text(&buf, "INSERT INTO features (a, b) VALUES (0, '[0]'::vector)"));
    while (pgr_buf_bytes(&buf).len <= PGR_ANALYZE_MAX)
        assert_true(put_text(&buf, ", (1, '[0.1,0.2,0.3]'::vector)"));
    struct pgr_stmt *stmt = pgr_analyze(pgr_buf_bytes(&buf));
    assert_string_equal(effects_of(stmt, catalog, &public_path), "w:101");
    pgr_stmt_unref(stmt);
    assert_true(put_text(&buf, ", (f(1), 2)"));
    stmt = pgr_analyze(pgr_buf_bytes(&buf));
    assert_string_equal(effects_of(stmt, catalog, &public_path), EVERYTHING);
    pgr_stmt_unref(stmt);
    pgr_buf_fini(&buf);
}

/* A kind that the table does not know may do anything. */
static void an_unknown_kind_may_do_anything(void **state)
{
    PGR_UNUSED(state);
    struct pgr_stmt stmt = {.kind = PGR_STMT_KIND_COUNT};
    assert_string_equal(effects_of(&stmt, catalog, &public_path), EVERYTHING);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_change_what_is_listed),
        cmocka_unit_test(without_a_path_unqualified_writes_are_to_anything),
        cmocka_unit_test(without_a_catalog_every_write_is_to_anything),
        cmocka_unit_test(knowledge_only_narrows),
        cmocka_unit_test(more_targets_than_a_set_holds_are_everything),
        cmocka_unit_test(cut_texts_are_not_trusted),
        cmocka_unit_test(a_long_insert_writes_its_table),
        cmocka_unit_test(an_unknown_kind_may_do_anything),
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
