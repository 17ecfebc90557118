// SPDX-License-Identifier: PostgreSQL
#include "analysis.h"

#include "stmt_priv.h"
#include "walk_priv.h"

static const struct analysis_case cases[] = {
#define X(text, line) {text, line},
#include "other_cases.def"
#include "select_cases.def"
#undef X
};

static void nodes_are_sorted_and_found(void **state)
{
    for (unsigned i = 0; i < PGR_NODE_COUNT; i++) {
        const char *name = pgr_node_name((enum pgr_node)i);
        assert_int_equal(pgr_node_by_name(name), i);
        if (i > 0)
            assert_true(strcmp(pgr_node_name((enum pgr_node)(i - 1)), name) < 0);
    }
    static const char *const strangers[] = {"",           "A",       "SelectStm", "SelectStmtX",
                                            "selectstmt", "XmlExpr", "JsonTable", "zzz"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(strangers); i++)
        assert_int_equal(pgr_node_by_name(strangers[i]), PGR_NODE_COUNT);
    assert_string_equal(pgr_node_name(PGR_NODE_COUNT), "");
    assert_non_null(pgr_node_find_field(PGR_NODE_SelectStmt, "fromClause"));
    assert_null(pgr_node_find_field(PGR_NODE_SelectStmt, "from"));
    assert_null(pgr_node_find_field(PGR_NODE_A_Star, ""));
    PGR_UNUSED(state);
}

static bool some_case_fails(void)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct analysis_line line;
        analysis_of(pgr_bytes_str(cases[i].text), &line);
        if (strcmp(line.text, cases[i].line) != 0)
            return true;
    }
    return false;
}

/* The mutants of the table: without any one of its rows the tables of statements no longer hold. */
static void every_rule_is_needed(void **state)
{
    assert_false(some_case_fails());
    for (size_t row = 0; row < pgr_rules_count(); row++) {
        pgr_rules_skip(row);
        bool is_killed = some_case_fails();
        pgr_rules_skip(pgr_rules_count());
        if (!is_killed)
            fail_msg("no statement needs the rule %s", pgr_rules_title(row));
    }
    assert_false(some_case_fails());
    assert_string_equal(pgr_rules_title(pgr_rules_count()), "");
    PGR_UNUSED(state);
}

/* Every rule's title begins with the node that it is about. */
static void rules_are_named_by_their_nodes(void **state)
{
    for (size_t row = 0; row < pgr_rules_count(); row++) {
        char node[32];
        const char *title = pgr_rules_title(row);
        size_t len = strcspn(title, ":");
        assert_true(len > 0 && len < sizeof node);
        memcpy(node, title, len);
        node[len] = '\0';
        assert_true(pgr_node_by_name(node) < PGR_NODE_COUNT);
    }
    PGR_UNUSED(state);
}

/* What a tree gives that no parser at hand writes: other versions, other shapes. */
static void line_of_tree(const char *json, struct analysis_line *line)
{
    struct pgr_arena arena;
    struct pgr_json *root;
    struct pgr_walk walk;
    char *copy = pgr_strdup(json);
    pgr_arena_init(&arena, (size_t)1 << 20);
    assert_int_equal(pgr_json_read(copy, strlen(copy), &arena, &root), PGR_OK);
    struct pgr_stmt *stmt = pgr_stmt_create();
    pgr_walk_init(&walk, &arena);
    pgr_walk_statement(&walk, root, stmt);
    assert_true(pgr_refs_finish(&walk.refs, stmt));
    pgr_walk_fini(&walk);
    analysis_line(stmt, line);
    pgr_stmt_unref(stmt);
    pgr_arena_fini(&arena);
    pgr_free(copy);
}

#define T "{\"RangeVar\":{\"relname\":\"t\",\"inh\":true,\"relpersistence\":\"p\",\"location\":3}}"

static const struct analysis_case trees[] = {
    {"{\"SelectStmt\":{\"fromClause\":[" T "],\"limitOption\":\"LIMIT_OPTION_DEFAULT\"}}",
     "select (batch load) r:t"},
    /* positions are known in every node */
    {"{\"SelectStmt\":{\"location\":1,\"stmt_len\":2,\"stmt_location\":3}}", "select (other)"},
    /* a field that is not in the list, whatever it holds; what it holds is seen */
    {"{\"SelectStmt\":{\"newFlag\":true}}", "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"newList\":[" T "]}}", "select (other) UNKNOWN_NODE r:t"},
    {"{\"SelectStmt\":{\"fromClause\":[{\"RangeVar\":{\"relname\":\"t\",\"asOf\":1}}]}}",
     "select (batch load) UNKNOWN_NODE r:t"},
    {"{\"SelectStmt\":{\"withClause\":{\"ctes\":[],\"newFlag\":true}}}",
     "select (other) UNKNOWN_NODE"},
    /* a node that is not in the list */
    {"{\"SelectStmt\":{\"fromClause\":[{\"JsonTable\":{\"x\":[" T "]}}]}}",
     "select (batch load) UNKNOWN_NODE r:t"},
    {"{\"SelectStmt\":{\"whereClause\":{\"ParamRef\":{\"number\":1},\"List\":{}}}}",
     "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"whereClause\":7}}", "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"whereClause\":\"x\"}}", "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"whereClause\":{\"ParamRef\":[]}}}", "select (other) UNKNOWN_NODE"},
    {"{\"InsertStmt\":{\"relation\":{\"relname\":\"t\"},\"news\":1}}",
     "insert (write) UNKNOWN_NODE w:t"},
    /* UNKNOWN_NODE goes before what was found earlier */
    {"{\"SelectStmt\":{\"whereClause\":{\"SQLValueFunction\":{}},\"newFlag\":true}}",
     "select (other) UNKNOWN_NODE"},
    /* kinds of expressions are a list too */
    {"{\"SelectStmt\":{\"whereClause\":{\"A_Expr\":{\"kind\":\"AEXPR_NEW\",\"name\":[{\"String\":{"
     "\"sval\":\"=\"}}]}}}}",
     "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"whereClause\":{\"A_Expr\":{\"kind\":\"AEXPR_OP\"}}}}",
     "select (other) UNKNOWN_NODE"},
    /* nodes without what makes them */
    {"{\"SelectStmt\":{\"fromClause\":[{\"RangeVar\":{}}]}}", "select (batch load) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"targetList\":[{\"FuncCall\":{}}]}}", "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"targetList\":[{\"TypeCast\":{}}]}}", "select (other) UNKNOWN_NODE"},
    {"{\"SelectStmt\":{\"targetList\":[{\"TypeCast\":{\"typeName\":{\"names\":[{\"String\":{"
     "\"sval\":\"x\"}}],\"setof\":true}}}]}}",
     "select (other) UNKNOWN_NODE t:x"},
    {"{\"SelectStmt\":{\"withClause\":{\"ctes\":[{\"CommonTableExpr\":{\"ctename\":\"t\"}}]},"
     "\"fromClause\":[" T "]}}",
     "select (write) DATA_MODIFYING_CTE"},
    /* a null pointer is nothing */
    {"{\"SelectStmt\":{\"distinctClause\":[{}],\"whereClause\":{}}}", "select (other)"},
    /* version 17 */
    {"{\"MergeStmt\":{\"relation\":{\"relname\":\"t\"},\"mergeWhenClauses\":[{\"MergeWhenClause\":{"
     "\"matchKind\":\"MERGE_WHEN_MATCHED\",\"commandType\":\"CMD_DELETE\"}}],\"returningList\":[]}"
     "}",
     "merge (write) w:t"},
    {"{\"DeallocateStmt\":{\"isall\":true,\"location\":-1}}", "deallocate (utility)"},
    {"{\"TransactionStmt\":{\"kind\":\"TRANS_STMT_COMMIT\",\"location\":-1}}",
     "commit (transaction)"},
    {"{\"TransactionStmt\":{\"kind\":\"TRANS_STMT_NEW\"}}", "ddl (utility)"},
    {"{\"VariableSetStmt\":{\"kind\":\"VAR_SET_VALUE\"}}", "ddl (utility)"},
    /* statements of tomorrow */
    {"{\"NewStmt\":{\"relation\":{\"relname\":\"t\"}}}", "ddl (utility)"},
    {"{\"NewStmt\":{\"relation\":{\"relname\":\"t\",\"relpersistence\":\"t\"}}}",
     "ddl (utility) temp"},
    {"{\"NewStmt\":{\"a\":[{\"b\":[\"pg_temp_3\"]}],\"c\":1}}", "ddl (utility) temp"},
    {"{\"NewStmt\":{}}", "ddl (utility)"},
    {"{\"DiscardStmt\":{}}", "discard (utility) setting:ALL"},
    {"{\"LockStmt\":{\"relations\":[" T "]}}", "lock (utility) w:t"},
};

static void other_trees_are_judged_safely(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(trees); i++) {
        struct analysis_line line;
        line_of_tree(trees[i].text, &line);
        if (strcmp(line.text, trees[i].line) != 0)
            fail_msg("%s\n  gives    %s\n  expected %s", trees[i].text, line.text, trees[i].line);
    }
    PGR_UNUSED(state);
}

static int tests(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(nodes_are_sorted_and_found),
        cmocka_unit_test(every_rule_is_needed),
        cmocka_unit_test(rules_are_named_by_their_nodes),
        cmocka_unit_test(other_trees_are_judged_safely),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
    return run_on_parse_stack(tests);
}
