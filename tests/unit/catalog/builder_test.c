// SPDX-License-Identifier: PostgreSQL
#include "rows_support.h"

// clang-format off
static const char *const relation_rows[][9] = {
    {"101", "s", "t", "r", "p", "f", "f", "f", "f"},
    {"102", "s", "u", "r", "u", "t", "f", "f", "f"},
    {"103", "other", "t", "r", "p", "f", "f", "f", "f"},
    {"104", "s", "v", "v", "p", "f", "f", "f", "f"},
    {"105", "s", "pg_class", "r", "p", "f", "f", "f", "f"}};
static const char *const view_rows[][2] = {{"104", "NQUERY R104 R101 F10"}};
static const char *const more_functions[][5] = {
    {"10", "upper", "i", "b", NULL}, {"40", "upper", "s", "c", "f"},
    {"41", "plus", "i", "b", "f"}, {"42", "sly_step", "v", "u", "f"},
    {"43", "sly", "i", "u", "t"}, {"44", "kind", "i", "u", "f"}, {"45", "kind_step", "i", "b", "f"},
    {"46", "typeof", "s", "b", "t"}, {"47", "to_json", "s", "b", "t"}};
static const char *const aggregate_rows[][2] = {
    {"43", "42"}, {"43", "41"}, {"44", "45"}, {"44", "41"}};
static const char *const operator_rows[][3] = {
    {"+", "41", "t"}, {"+", "40", "f"}, {"-", "41", "t"}, {"#", "41", "f"}, {"!", "42", "f"}, {"?", "999", "f"}};
static const char *const type_rows[][3] = {
    {"int4", "t", "t"}, {"vector", "f", "t"}, {"mixed", "f", "f"}};
static const char *const enum_rows[][1] = {{"mood"}};
static const char *const date_rows[][1] = {{"created_at"}};
static const char *const setting_rows[][1] = {{"app.tenant"}, {"hnsw.ef_search"}};
// clang-format on

static struct database full_database(void)
{
    struct database db = small_database();
    db.tables[PGR_QUERY_RELATIONS] = TABLE(relation_rows, 9);
    db.tables[PGR_QUERY_VIEWS] = TABLE(view_rows, 2);
    db.tables[PGR_QUERY_FUNCTIONS] = TABLE(more_functions, 5);
    db.tables[PGR_QUERY_AGGREGATES] = TABLE(aggregate_rows, 2);
    db.tables[PGR_QUERY_OPERATORS] = TABLE(operator_rows, 3);
    db.tables[PGR_QUERY_TYPES] = TABLE(type_rows, 3);
    db.tables[PGR_QUERY_ENUMS] = TABLE(enum_rows, 1);
    db.tables[PGR_QUERY_DATE_COLUMNS] = TABLE(date_rows, 1);
    db.tables[PGR_QUERY_SETTINGS] = TABLE(setting_rows, 1);
    return db;
}

static void the_server_is_laid_out(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    assert_int_equal(catalog->epoch, 9);
    assert_int_equal(catalog->database_id, 2);
    assert_int_equal(catalog->database_oid, 5);
    assert_int_equal(catalog->all_slot, 0);
    assert_string_equal(catalog->system_identifier, "7000000000000000001");
    assert_int_equal(catalog->timeline, 3);
    assert_string_equal(catalog->postmaster_start, "2026-01-31T23:59:59.123456Z");
    assert_false(catalog->is_standby);
    assert_int_equal(catalog->server_version, 150020);
    assert_int_equal(catalog->extra_setting_count, 2);
    assert_string_equal(catalog->extra_settings[1], "hnsw.ef_search");
    pgr_catalog_unref(catalog);
}

static void an_empty_database_is_a_catalog(void **state)
{
    PGR_UNUSED(state);
    struct database db = small_database();
    struct pgr_catalog *catalog = build(&db);
    assert_null(find(catalog, "t"));
    assert_null(pgr_catalog_operator(catalog, "+"));
    assert_null(pgr_catalog_type(catalog, "int4"));
    assert_true(pgr_catalog_column_may_be_text(catalog, "created_at"));
    pgr_catalog_unref(catalog);
}

static void names_are_resolved_along_the_path(void **state)
{
    PGR_UNUSED(state);
    static const struct {
        const char *path[3];
        const char *schema;
        const char *name;
        uint32_t oid; /* 0: not found */
        bool is_system;
    } cases[] = {
        {{"s", "other"}, NULL, "t", 101, false},
        {{"other", "s"}, NULL, "t", 103, false},
        {{"other", "s"}, NULL, "u", 102, false},
        {{"other"}, NULL, "u", 0, false},
        {{NULL}, NULL, "t", 0, false},
        {{"s"}, NULL, "pg_class", 0, true}, /* pg_catalog comes first unless it is named */
        {{"pg_catalog", "s"}, NULL, "pg_class", 0, true},
        {{"s", "pg_catalog"}, NULL, "pg_class", 105, false},
        {{"s"}, "s", "pg_class", 105, false},
        {{"s"}, "pg_catalog", "pg_class", 0, true},
        {{"s"}, "pg_catalog", "t", 0, false},
        {{"s"}, NULL, "tables", 0, false},
        {{"information_schema"}, NULL, "tables", 0, true},
        {{"s"}, "information_schema", "tables", 0, true},
        {{"s"}, "pg_toast", "pg_toast_1", 0, true},
        {{"s"}, "pg_temp", "t", 0, false},
        {{"s"}, "other", "t", 103, false},
        {{"s"}, "S", "t", 0, false},
        {{"s"}, "", "t", 0, false},
        {{"s"}, NULL, "", 0, false},
    };
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_search_path path = {cases[i].path, 0};
        while (path.count < 3 && cases[i].path[path.count] != NULL)
            path.count++;
        bool is_system = !cases[i].is_system;
        const struct pgr_relation *relation =
            pgr_catalog_relation(catalog, &path, cases[i].schema, cases[i].name, &is_system);
        assert_int_equal(relation ? relation->oid : 0, cases[i].oid);
        assert_int_equal(is_system, cases[i].is_system);
    }
    pgr_catalog_unref(catalog);
}

static void relations_carry_their_facts(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    const struct pgr_relation *t = find(catalog, "t");
    const struct pgr_relation *u = find(catalog, "u");
    const struct pgr_relation *v = find(catalog, "v");
    assert_int_equal(t->slot, 101);
    assert_ptr_equal(t->reads, t->writes); /* one set serves both */
    assert_int_equal(u->persistence, 'u');
    assert_true(u->has_row_security);
    assert_int_equal(u->read_block, PGR_REASON_ROW_SECURITY);
    assert_int_equal(v->kind, 'v');
    assert_int_equal(v->reads->count, 2);
    assert_true(pgr_relset_has(v->writes, 101));
    pgr_catalog_unref(catalog);
}

static void the_worst_namesake_decides(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    const struct pgr_function *f = pgr_catalog_function(catalog, "upper");
    assert_int_equal(f->volatility, PGR_STABLE);
    assert_false(f->is_builtin_only);
    assert_true(f->is_c_extension);
    assert_false(f->is_user_only);
    assert_true(pgr_catalog_function(catalog, "sly_step")->is_user_only);
    assert_true(pgr_catalog_function(catalog, "plus")->is_builtin_only);
    assert_false(pgr_catalog_function(catalog, "plus")->is_user_only);
    assert_true(pgr_catalog_function(catalog, "typeof")->takes_composite);
    assert_false(pgr_catalog_function(catalog, "to_json")->takes_composite); /* proven pure */

    const struct pgr_operator *o = pgr_catalog_operator(catalog, "+");
    assert_int_equal(o->volatility, PGR_STABLE);
    assert_false(o->is_builtin_only);
    assert_true(o->is_c_extension);
    assert_true(pgr_catalog_operator(catalog, "-")->is_builtin_only);
    assert_false(pgr_catalog_operator(catalog, "#")->is_builtin_only); /* made by a user … */
    assert_true(pgr_catalog_operator(catalog, "#")->is_c_extension);   /* … of builtin parts */
    assert_false(pgr_catalog_operator(catalog, "!")->is_c_extension);
    assert_int_equal(pgr_catalog_operator(catalog, "?")->volatility, PGR_VOLATILE);

    assert_true(pgr_catalog_type(catalog, "int4")->is_builtin_plain);
    assert_false(pgr_catalog_type(catalog, "int4")->is_c_extension);
    assert_true(pgr_catalog_type(catalog, "vector")->is_c_extension);
    assert_true(pgr_catalog_type(catalog, "mood")->runs_no_code);
    assert_false(pgr_catalog_type(catalog, "mood")->is_builtin_plain);
    assert_false(pgr_catalog_type(catalog, "int4")->runs_no_code);
    assert_false(pgr_catalog_type(catalog, "mixed")->is_builtin_plain);
    assert_false(pgr_catalog_column_may_be_text(catalog, "created_at"));
    pgr_catalog_unref(catalog);
}

/* G12: pg_proc calls both immutable; only their parts tell. */
static void an_aggregate_is_its_parts(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    const struct pgr_function *sly = pgr_catalog_function(catalog, "sly");
    assert_int_equal(sly->volatility, PGR_VOLATILE);
    assert_false(sly->is_c_extension);
    assert_true(sly->takes_composite);
    const struct pgr_function *kind = pgr_catalog_function(catalog, "kind");
    assert_int_equal(kind->volatility, PGR_IMMUTABLE);
    assert_false(kind->is_builtin_only);
    assert_true(kind->is_c_extension);
    pgr_catalog_unref(catalog);
}

static void the_version_names_server_and_definitions(void **state)
{
    PGR_UNUSED(state);
    struct database db = small_database();
    struct pgr_builder *builder = pgr_builder_create();
    assert_null(pgr_builder_version(builder));
    for (int q = PGR_QUERY_IDENTITY; q <= PGR_QUERY_VERSION; q++) {
        struct pgr_rows rows = rows_of(&db.tables[q]);
        assert_int_equal(pgr_builder_take(builder, (enum pgr_query)q, &rows), PGR_OK);
    }
    char *version = pgr_builder_version(builder);
    assert_string_equal(version,
                        "7000000000000000001/3/2026-01-31T23:59:59.123456Z/0/150020/5/digest");
    assert_string_equal(pgr_builder_pulse(builder), "10:10:/f");
    pgr_free(version);
    /* Half a load is no catalog. */
    assert_null(pgr_builder_finish(builder, &test_target));
    pgr_builder_destroy(&builder);
}

static void half_a_load_is_no_catalog(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    for (int missing = 0; missing < PGR_QUERY_COUNT; missing++) {
        struct pgr_builder *builder = pgr_builder_create();
        for (int q = 0; q < PGR_QUERY_COUNT; q++) {
            struct pgr_rows rows = rows_of(&db.tables[q]);
            if (q != missing)
                assert_int_equal(pgr_builder_take(builder, (enum pgr_query)q, &rows), PGR_OK);
        }
        assert_null(pgr_builder_finish(builder, &test_target));
        pgr_builder_destroy(&builder);
        assert_null(builder);
    }
}

static enum pgr_err take_alone(int query, const struct table *table)
{
    struct pgr_builder *builder = pgr_builder_create();
    struct pgr_rows rows = rows_of(table);
    enum pgr_err err = pgr_builder_take(builder, (enum pgr_query)query, &rows);
    pgr_builder_destroy(&builder);
    return err;
}

static void rows_of_the_wrong_shape_are_refused(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct table none = {NULL, 0, 0};
    for (int q = 0; q < PGR_QUERY_COUNT; q++) {
        struct table wide = db.tables[q];
        wide.columns++;
        wide.count = 0;
        assert_int_equal(take_alone(q, &wide), PGR_ERR_INVALID);
        assert_int_equal(take_alone(q, &none), PGR_ERR_INVALID);
    }
    none.columns = pgr_queries[PGR_QUERY_IDENTITY].columns;
    assert_int_equal(take_alone(PGR_QUERY_IDENTITY, &none), PGR_ERR_INVALID);

    struct pgr_builder *builder = pgr_builder_create();
    struct pgr_rows rows = rows_of(&db.tables[PGR_QUERY_TYPES]);
    assert_int_equal(pgr_builder_take(builder, PGR_QUERY_TYPES, &rows), PGR_OK);
    assert_int_equal(pgr_builder_take(builder, PGR_QUERY_TYPES, &rows), PGR_ERR_INVALID);
    pgr_builder_destroy(&builder);
}

/* Each cell in turn is replaced; `o` oid, `b` boolean, `l` letter, `s` text, `n` may be NULL. */
static void hostile_values_are_refused(void **state)
{
    PGR_UNUSED(state);
    static const char *const kinds[PGR_QUERY_COUNT] = {
        [PGR_QUERY_IDENTITY] = "ososbos",
        [PGR_QUERY_VERSION] = "s",
        [PGR_QUERY_RELATIONS] = "ossllbbbb",
        [PGR_QUERY_SYSTEM] = "ss",
        [PGR_QUERY_CHILDREN] = "oo",
        [PGR_QUERY_CASCADES] = "oo",
        [PGR_QUERY_USER_CODE] = "lo",
        [PGR_QUERY_VIEWS] = "os",
        [PGR_QUERY_FUNCTIONS] = "osvln",
        [PGR_QUERY_AGGREGATES] = "oo",
        [PGR_QUERY_OPERATORS] = "sob",
        [PGR_QUERY_TYPES] = "sbb",
        [PGR_QUERY_ENUMS] = "s",
        [PGR_QUERY_DATE_COLUMNS] = "s",
        [PGR_QUERY_SETTINGS] = "s",
    };
    static const struct {
        const char *value;
        const char *refused_for; /* kinds */
    } hostile[] = {
        {NULL, "oblsv"},
        {"", "oblvn"},
        {"-1", "oblvn"},
        {" 1", "oblvn"},
        {"0x10", "oblvn"},
        {"4294967296", "oblvn"},
        {"1e3", "oblvn"},
        {"tt", "oblvn"},
        {"\xff\xfe", "oblvn"},
        {"x", "obvn"},
        {"99999999999999999999", "oblvn"},
    };
    static const char *const good[] = {
        ['o'] = "1", ['b'] = "t", ['l'] = "r", ['s'] = "x", ['v'] = "i", ['n'] = "t"};
    for (int q = 0; q < PGR_QUERY_COUNT; q++) {
        int width = pgr_queries[q].columns;
        assert_int_equal(strlen(kinds[q]), width);
        for (int column = 0; column < width; column++) {
            for (size_t h = 0; h < PGR_ARRAY_LEN(hostile); h++) {
                const char *cells[9];
                for (int i = 0; i < width; i++)
                    cells[i] = good[(int)kinds[q][i]];
                struct table table = {cells, 1, width};
                assert_int_equal(take_alone(q, &table), PGR_OK);
                cells[column] = hostile[h].value;
                bool is_refused = strchr(hostile[h].refused_for, kinds[q][column]) != NULL;
                assert_int_equal(take_alone(q, &table), is_refused ? PGR_ERR_INVALID : PGR_OK);
            }
        }
    }
}

static void memory_may_end_anywhere(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = NULL;
    unsigned n = 0;
    while (catalog == NULL) {
        pgr_mem_fail_nth(++n);
        catalog = try_build(&db);
    }
    pgr_mem_fail_nth(0);
    assert_true(n > 20);
    assert_non_null(find(catalog, "v"));
    pgr_catalog_unref(catalog);
}

static void a_snapshot_lives_as_long_as_its_last_reader(void **state)
{
    PGR_UNUSED(state);
    struct database db = full_database();
    struct pgr_catalog *catalog = build(&db);
    struct pgr_catalog *second = pgr_catalog_ref(catalog);
    pgr_catalog_unref(catalog);
    assert_non_null(find(second, "t"));
    pgr_catalog_unref(second);
    pgr_catalog_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_laid_out),
        cmocka_unit_test(an_empty_database_is_a_catalog),
        cmocka_unit_test(names_are_resolved_along_the_path),
        cmocka_unit_test(relations_carry_their_facts),
        cmocka_unit_test(the_worst_namesake_decides),
        cmocka_unit_test(an_aggregate_is_its_parts),
        cmocka_unit_test(the_version_names_server_and_definitions),
        cmocka_unit_test(half_a_load_is_no_catalog),
        cmocka_unit_test(rows_of_the_wrong_shape_are_refused),
        cmocka_unit_test(hostile_values_are_refused),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(a_snapshot_lives_as_long_as_its_last_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
