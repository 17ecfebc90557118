// SPDX-License-Identifier: PostgreSQL
/*
 * The queries, the builder and the side connection against a real PostgreSQL, as a role that may
 * only log in. Started by live.py, which brings the server up.
 */
#include "live_support.h"

#include "pgrecall/base/thread.h"

#define CASES(live, table) live_assert_cases((live), (table), PGR_ARRAY_LEN(table))

static void fresh_schema(struct live *live)
{
    live_sql(live, "DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;"
                   "SET search_path = app, public");
}

static void the_server_is_told(void **state)
{
    struct live *live = *state;
    struct pgr_catalog *catalog = live_catalog(live);
    assert_string_equal(catalog->system_identifier,
                        live_sql(live, "SELECT system_identifier FROM pg_control_system()"));
    assert_int_equal(catalog->timeline, 1);
    assert_false(catalog->is_standby);
    assert_true(catalog->server_version >= 140000);
    assert_int_equal(strlen(catalog->postmaster_start), strlen("2026-01-31T23:59:59.123456Z"));
    assert_int_equal(
        catalog->database_oid,
        (uint32_t)atoi(live_sql(live, "SELECT oid FROM pg_database WHERE datname = 'postgres'")));
    assert_int_equal(catalog->all_slot, 0);
    assert_true(pgr_relset_has(pgr_database_all(live->database), catalog->all_slot));
    pgr_catalog_unref(catalog);
}

static void views_are_read_to_their_tables(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(
        live,
        "CREATE TABLE t(id int PRIMARY KEY, name text, at timestamptz, d date, ids int[]);"
        "CREATE TABLE u(id int);"
        "CREATE VIEW plain AS SELECT id, upper(name) n, at FROM t WHERE id > 0;"
        "CREATE VIEW over AS SELECT p.*, u.id uid FROM plain p JOIN u USING (id);"
        "CREATE VIEW top AS WITH x AS (SELECT * FROM over) SELECT id, count(*),"
        " sum(id) OVER (ORDER BY id ROWS 1 PRECEDING), CASE WHEN id = ANY ('{1,2}') THEN 1 END k"
        " FROM x GROUP BY id;"
        "CREATE VIEW shown AS SELECT at::text, id::text, to_char(at, 'YYYY'), at + '1 day' nxt,"
        " date_trunc('day', at) FROM t;"
        "CREATE VIEW parsed AS SELECT name::timestamptz FROM t;"
        "CREATE VIEW recent AS SELECT * FROM t WHERE at > now() - interval '1 day';"
        "CREATE VIEW mine AS SELECT * FROM t WHERE name = current_user;"
        "CREATE VIEW setting AS SELECT * FROM t WHERE name = current_setting('app.user_id');"
        "CREATE VIEW chance AS SELECT id FROM t ORDER BY random();"
        "CREATE VIEW hidden AS SELECT ctid, id FROM t;"
        "CREATE VIEW sampled AS SELECT id FROM t TABLESAMPLE system (10);"
        "CREATE VIEW locked AS SELECT pg_try_advisory_lock(id) FROM t;"
        "CREATE VIEW sets AS SELECT set_config('a.b', name, false) FROM t;"
        "CREATE VIEW runs AS SELECT query_to_xml(name, true, true, '') FROM t;"
        "CREATE VIEW catalogs AS SELECT relname FROM pg_class JOIN t ON t.name = relname;"
        "CREATE VIEW over_locked AS SELECT * FROM locked;"
        "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
        "CREATE FUNCTION g(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';"
        "CREATE VIEW calls AS SELECT g(id) FROM t;"
        "CREATE VIEW windowed AS SELECT rank() OVER (PARTITION BY name ORDER BY id) FROM t;"
        "CREATE VIEW united AS SELECT id FROM t UNION SELECT id FROM u;");
    static const struct live_case cases[] = {
        {"plain", PGR_REASON_NONE, "plain t", "plain t"},
        {"over", PGR_REASON_NONE, "over plain t u", "over plain t u"},
        {"top", PGR_REASON_NONE, "top over plain t u", "top over plain t u"},
        {"shown", PGR_REASON_NONE, "shown t", "shown t"},
        {"windowed", PGR_REASON_NONE, "windowed t", "windowed t"},
        {"united", PGR_REASON_NONE, "united t u", "united t u"},
        {"parsed", PGR_REASON_UNSAFE_CAST, "parsed t", "parsed t"},
        {"recent", PGR_REASON_UNSAFE_VIEW, "recent t", "recent t"},
        {"mine", PGR_REASON_UNSAFE_VIEW, "mine t", "mine t"},
        {"setting", PGR_REASON_UNSAFE_VIEW, "setting t", "setting t"},
        {"chance", PGR_REASON_UNSAFE_VIEW, "chance t", "chance t"},
        {"hidden", PGR_REASON_SYSTEM_COLUMN, "hidden t", "hidden t"},
        {"sampled", PGR_REASON_UNSAFE_VIEW, "sampled t", "sampled t"},
        {"locked", PGR_REASON_USER_FUNCTION, "locked t", "*"},
        {"over_locked", PGR_REASON_USER_FUNCTION, "over_locked locked t", "*"},
        {"sets", PGR_REASON_USER_FUNCTION, "sets t", "*"},
        {"runs", PGR_REASON_USER_FUNCTION, "runs t", "*"},
        {"calls", PGR_REASON_USER_FUNCTION, "calls t", "*"},
    };
    CASES(live, cases);
    struct pgr_catalog *catalog = live_catalog(live);
    assert_int_equal(live_relation(catalog, "catalogs")->read_block, PGR_REASON_SYSTEM_RELATION);
    assert_null(live_relation(catalog, "catalogs")->writes);
    pgr_catalog_unref(catalog);
}

static void writes_close_over_trees_and_keys(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(
        live,
        "CREATE TABLE root(k int, v int) PARTITION BY RANGE (k);"
        "CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (k);"
        "CREATE TABLE high1 PARTITION OF high FOR VALUES FROM (10) TO (15);"
        "CREATE TABLE base(id int); CREATE TABLE heir(x int) INHERITS (base);"
        "CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE other(id int PRIMARY KEY);"
        "CREATE TABLE child(id int PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE);"
        "CREATE TABLE grandchild(c int REFERENCES child ON UPDATE SET NULL);"
        "CREATE TABLE strict(p int REFERENCES parent);"
        "CREATE TABLE own(id int PRIMARY KEY, up int REFERENCES own ON DELETE CASCADE);"
        "CREATE TABLE pref(id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE pref1 PARTITION OF pref FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE pkey(id int REFERENCES pref ON DELETE CASCADE);"
        "CREATE TABLE wide(k int) PARTITION BY LIST (k);"
        "DO $$ BEGIN FOR i IN 1..70 LOOP EXECUTE format("
        "'CREATE TABLE app.wide%s PARTITION OF app.wide FOR VALUES IN (%s)', i, i);"
        " END LOOP; END $$;");
    static const struct live_case cases[] = {
        {"root", PGR_REASON_NONE, "root", "root low high high1"},
        {"low", PGR_REASON_NONE, "low", "low root"},
        {"high", PGR_REASON_NONE, "high", "high high1 root"},
        {"high1", PGR_REASON_NONE, "high1", "high1 high root"},
        {"base", PGR_REASON_NONE, "base", "base heir"},
        {"heir", PGR_REASON_NONE, "heir", "heir base"},
        {"parent", PGR_REASON_NONE, "parent", "parent child grandchild"},
        {"child", PGR_REASON_NONE, "child", "child grandchild"},
        {"strict", PGR_REASON_NONE, "strict", "strict"},
        {"own", PGR_REASON_NONE, "own", "own"},
        {"pref1", PGR_REASON_NONE, "pref1", "pref1 pref pkey"},
        {"pref", PGR_REASON_NONE, "pref", "pref1 pref pkey"},
        {"wide", PGR_REASON_NONE, "wide", "*"},
        {"wide7", PGR_REASON_NONE, "wide7", "wide7 wide"},
    };
    CASES(live, cases);
}

static void code_that_a_write_runs_widens_it(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(
        live,
        "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';"
        "CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE OPERATOR |+| (leftarg = int, rightarg = int, function = int4pl);"
        "CREATE FUNCTION bad_eq(int, int) RETURNS bool IMMUTABLE LANGUAGE plpgsql"
        " AS 'BEGIN RETURN true; END';"
        "CREATE OPERATOR ==== (leftarg = int, rightarg = int, function = bad_eq);"
        "CREATE DOMAIN checked AS int CHECK (app.f(VALUE) = 1);"
        "CREATE DOMAIN plain_domain AS int CHECK (VALUE > 0);"
        "CREATE TYPE pair AS (a int, b checked);"
        "CREATE TABLE plain(id int DEFAULT 1 CHECK (id > 0), v plain_domain, s serial,"
        " at timestamptz DEFAULT now(), n text GENERATED ALWAYS AS ('x') STORED);"
        "CREATE TABLE def(id int DEFAULT app.f(1));"
        "CREATE TABLE gen(id int, g int GENERATED ALWAYS AS (app.f(id)) STORED);"
        "CREATE TABLE chk(id int CHECK (app.f(id) = 1));"
        "CREATE TABLE chk_op(id int CHECK (id ==== 1));"
        "CREATE TABLE good_op(id int CHECK ((id |+| 1) > 0));"
        "CREATE TABLE dom(id checked); CREATE TABLE doms(ids checked[]);"
        "CREATE TABLE comp(c pair); CREATE TABLE whole(c comp);"
        "CREATE TABLE idx(id int); CREATE INDEX ON idx (app.f(id));"
        "CREATE TABLE pred(id int); CREATE INDEX ON pred (id) WHERE app.f(id) = 1;"
        "CREATE TABLE trig(id int); CREATE TRIGGER t AFTER INSERT ON trig"
        " FOR EACH ROW EXECUTE FUNCTION tr();"
        "CREATE TABLE off(id int); CREATE TRIGGER t AFTER INSERT ON off"
        " FOR EACH ROW EXECUTE FUNCTION tr(); ALTER TABLE off DISABLE TRIGGER t;"
        "CREATE TABLE fts(b text, v tsvector); CREATE TRIGGER t BEFORE INSERT ON fts FOR EACH ROW"
        " EXECUTE FUNCTION tsvector_update_trigger(v, 'pg_catalog.english', b);"
        "CREATE TABLE ruled(id int); CREATE RULE r AS ON INSERT TO ruled DO ALSO"
        " INSERT INTO off VALUES (1);"
        "CREATE TABLE ptrig(k int) PARTITION BY RANGE (k);"
        "CREATE TABLE ptrig1 PARTITION OF ptrig FOR VALUES FROM (0) TO (9);"
        "CREATE TRIGGER t AFTER INSERT ON ptrig FOR EACH ROW EXECUTE FUNCTION tr();"
        "CREATE TABLE pk(id int PRIMARY KEY); CREATE TABLE fk(id int REFERENCES pk"
        " ON DELETE CASCADE);"
        "CREATE TRIGGER t AFTER DELETE ON fk FOR EACH ROW EXECUTE FUNCTION tr();"
        "CREATE VIEW inst AS SELECT id FROM plain; CREATE TRIGGER t INSTEAD OF INSERT ON inst"
        " FOR EACH ROW EXECUTE FUNCTION tr();"
        "CREATE VIEW on_def AS SELECT * FROM def;");
    static const struct live_case cases[] = {
        {"plain", PGR_REASON_NONE, "plain", "plain"},
        {"good_op", PGR_REASON_NONE, "good_op", "good_op"},
        {"off", PGR_REASON_NONE, "off", "off"},
        {"fts", PGR_REASON_NONE, "fts", "fts"},
        {"def", PGR_REASON_NONE, "def", "*"},
        {"gen", PGR_REASON_NONE, "gen", "*"},
        {"chk", PGR_REASON_NONE, "chk", "*"},
        {"chk_op", PGR_REASON_NONE, "chk_op", "*"},
        {"dom", PGR_REASON_NONE, "dom", "*"},
        {"doms", PGR_REASON_NONE, "doms", "*"},
        {"comp", PGR_REASON_NONE, "comp", "*"},
        {"whole", PGR_REASON_NONE, "whole", "*"},
        {"idx", PGR_REASON_NONE, "idx", "*"},
        {"pred", PGR_REASON_NONE, "pred", "*"},
        {"trig", PGR_REASON_NONE, "trig", "*"},
        {"ruled", PGR_REASON_NONE, "ruled", "*"},
        {"ptrig", PGR_REASON_NONE, "ptrig", "*"},
        {"ptrig1", PGR_REASON_NONE, "ptrig1", "*"},
        {"pk", PGR_REASON_NONE, "pk", "*"},
        {"fk", PGR_REASON_NONE, "fk", "*"},
        {"inst", PGR_REASON_NONE, "inst plain", "*"},
        {"on_def", PGR_REASON_NONE, "on_def def", "*"},
    };
    CASES(live, cases);
}

static void what_may_not_be_read_says_why(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(
        live,
        "CREATE EXTENSION IF NOT EXISTS file_fdw; CREATE EXTENSION IF NOT EXISTS pg_trgm;"
        "DROP SERVER IF EXISTS files CASCADE;"
        "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
        "CREATE FUNCTION f(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';"
        "CREATE TABLE t(id int);"
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM t;"
        "CREATE SEQUENCE s;"
        "CREATE UNLOGGED TABLE u(id int);"
        "CREATE FOREIGN TABLE f(x text) SERVER files OPTIONS (filename '/dev/null');"
        "CREATE TABLE base(x text);"
        "CREATE FOREIGN TABLE f_heir() INHERITS (base) SERVER files"
        " OPTIONS (filename '/dev/null');"
        "CREATE TABLE clock(at timetz);"
        "CREATE TABLE rls(id int); ALTER TABLE rls ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON rls USING (id = 1);"
        "CREATE TABLE rls_code(id int); ALTER TABLE rls_code ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON rls_code USING (app.f(id));"
        "CREATE VIEW on_m AS SELECT * FROM m; CREATE VIEW on_f AS SELECT * FROM f;"
        "CREATE VIEW on_base AS SELECT * FROM base; CREATE VIEW on_s AS SELECT last_value FROM s;"
        "CREATE VIEW on_rls AS SELECT * FROM rls; CREATE VIEW on_code AS SELECT * FROM rls_code;"
        "CREATE VIEW near AS SELECT id FROM t WHERE similarity(id::text, 'x') > 0.5;"
        "CREATE TEMP TABLE fleeting(id int); CREATE TEMP VIEW fleeting_view AS SELECT * FROM t;");
    static const struct live_case cases[] = {
        {"m", PGR_REASON_UNSAFE_RELATION, "m", "m"},
        {"s", PGR_REASON_UNSAFE_RELATION, "s", "s"},
        {"u", PGR_REASON_NONE, "u", "u"},
        {"f", PGR_REASON_UNSAFE_RELATION, "f", "*"},
        {"base", PGR_REASON_UNSAFE_RELATION, "base", "*"},
        {"clock", PGR_REASON_UNSAFE_RELATION, "clock", "clock"},
        {"rls", PGR_REASON_ROW_SECURITY, "rls", "rls"},
        {"rls_code", PGR_REASON_USER_FUNCTION, "rls_code", "*"},
        {"on_m", PGR_REASON_UNSAFE_RELATION, "on_m m", "on_m m"},
        {"on_f", PGR_REASON_UNSAFE_RELATION, "on_f f", "*"},
        {"on_base", PGR_REASON_UNSAFE_RELATION, "on_base base", "*"},
        {"on_s", PGR_REASON_UNSAFE_RELATION, "on_s s", "on_s s"},
        {"on_rls", PGR_REASON_ROW_SECURITY, "on_rls rls", "on_rls rls"},
        {"on_code", PGR_REASON_USER_FUNCTION, "on_code rls_code", "*"},
        {"near", PGR_REASON_NONE, "near t", "near t"},
    };
    CASES(live, cases);
    struct pgr_catalog *catalog = live_catalog(live);
    assert_int_equal(live_relation(catalog, "u")->persistence, 'u');
    assert_true(live_relation(catalog, "rls")->has_row_security);
    static const char *const schemas[] = {"app"};
    const struct pgr_search_path path = {schemas, 1};
    bool is_system;
    assert_null(pgr_catalog_relation(catalog, &path, NULL, "fleeting", &is_system));
    assert_null(pgr_catalog_relation(catalog, &path, "pg_temp", "fleeting_view", &is_system));
    assert_false(is_system);
    assert_null(pgr_catalog_relation(catalog, &path, NULL, "pg_class", &is_system));
    assert_true(is_system);
    assert_null(pgr_catalog_relation(catalog, &path, "information_schema", "tables", &is_system));
    assert_true(is_system);
    pgr_catalog_unref(catalog);
    live_sql(live, "DISCARD TEMP");
}

static void functions_are_their_worst_namesakes(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(
        live, "CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore;"
              "CREATE EXTENSION IF NOT EXISTS cube;"
              "CREATE TABLE t(id int, at timestamptz, at2 timestamptz, name text);"
              "CREATE TABLE t2(at2 text);"
              "CREATE FUNCTION lower(int) RETURNS int VOLATILE LANGUAGE plpgsql"
              " AS 'BEGIN RETURN 1; END';"
              "CREATE FUNCTION step(int, int) RETURNS int VOLATILE LANGUAGE plpgsql"
              " AS 'BEGIN RETURN 1; END';"
              "CREATE AGGREGATE sly(int) (sfunc = step, stype = int, initcond = '0');"
              "CREATE AGGREGATE together(anycompatible) (sfunc = array_append, stype = "
              "anycompatiblearray,"
              " initcond = '{}');"
              "CREATE FUNCTION secret(t) RETURNS int LANGUAGE sql AS 'SELECT 1';"
              "CREATE FUNCTION defaulted(t, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';"
              "CREATE FUNCTION two(t, int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
              "CREATE FUNCTION any_of(anyelement) RETURNS int LANGUAGE sql AS 'SELECT 1';"
              "CREATE OPERATOR <=> (leftarg = int, rightarg = int, function = step);"
              "CREATE DOMAIN uuid_like AS text; CREATE TYPE mood AS ENUM ('ok');"
              "CREATE TYPE shadowed AS ENUM ('ok'); CREATE TYPE public.shadowed AS (x int);"
              "CREATE TYPE app.int8 AS (x int);");
    static const struct {
        const char *name;
        enum pgr_volatility volatility;
        bool is_builtin_only;
        bool is_c_extension;
        bool takes_composite;
    } functions[] = {
        {"upper", PGR_IMMUTABLE, true, true, false},
        {"lower", PGR_VOLATILE, false, false, false},
        {"now", PGR_STABLE, true, true, false},
        {"count", PGR_IMMUTABLE, true, true, false},
        {"pg_typeof", PGR_STABLE, true, true, true},
        {"to_json", PGR_STABLE, true, true, false},
        {"json_agg", PGR_STABLE, true, true, false},
        {"sly", PGR_VOLATILE, false, false, false},
        {"together", PGR_IMMUTABLE, false, true, false},
        {"cube_distance", PGR_IMMUTABLE, false, true, false},
        {"secret", PGR_VOLATILE, false, false, true},
        {"defaulted", PGR_VOLATILE, false, false, true},
        {"two", PGR_VOLATILE, false, false, false},
        {"any_of", PGR_VOLATILE, false, false, true},
    };
    struct pgr_catalog *catalog = live_catalog(live);
    for (size_t i = 0; i < PGR_ARRAY_LEN(functions); i++) {
        const struct pgr_function *f = pgr_catalog_function(catalog, functions[i].name);
        print_message("  %s\n", functions[i].name);
        assert_non_null(f);
        assert_int_equal(f->volatility, functions[i].volatility);
        assert_int_equal(f->is_builtin_only, functions[i].is_builtin_only);
        assert_int_equal(f->is_c_extension, functions[i].is_c_extension);
        assert_int_equal(f->takes_composite, functions[i].takes_composite);
    }
    assert_null(pgr_catalog_function(catalog, "no_such_function"));

    assert_true(pgr_catalog_operator(catalog, "+")->is_builtin_only);
    assert_int_equal(pgr_catalog_operator(catalog, "+")->volatility, PGR_STABLE);
    assert_false(pgr_catalog_operator(catalog, "<@")->is_builtin_only); /* hstore and cube */
    assert_true(pgr_catalog_operator(catalog, "<@")->is_c_extension);
    assert_int_equal(pgr_catalog_operator(catalog, "<=>")->volatility, PGR_VOLATILE);
    assert_false(pgr_catalog_operator(catalog, "<=>")->is_c_extension);
    assert_null(pgr_catalog_operator(catalog, "<+++>"));

    assert_true(pgr_catalog_type(catalog, "int4")->is_builtin_plain);
    assert_true(pgr_catalog_type(catalog, "_text")->is_builtin_plain);
    assert_true(pgr_catalog_type(catalog, "tstzrange")->is_builtin_plain);
    assert_false(pgr_catalog_type(catalog, "int8")->is_builtin_plain);
    assert_false(pgr_catalog_type(catalog, "int8")->is_c_extension);
    assert_true(pgr_catalog_type(catalog, "hstore")->is_c_extension);
    assert_true(pgr_catalog_type(catalog, "mood")->runs_no_code);
    static const char *const refused[] = {"regclass", "xml",          "uuid_like", "shadowed",
                                          "record",   "pg_node_tree", "t"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(refused); i++)
        assert_null(pgr_catalog_type(catalog, refused[i]));

    assert_false(pgr_catalog_column_may_be_text(catalog, "at"));
    assert_true(pgr_catalog_column_may_be_text(catalog, "at2"));
    assert_true(pgr_catalog_column_may_be_text(catalog, "name"));
    assert_true(pgr_catalog_column_may_be_text(catalog, "no_such_column"));
    pgr_catalog_unref(catalog);
    live_sql(live, "DROP TYPE public.shadowed");
}

static void dotted_settings_of_roles_are_known(void **state)
{
    struct live *live = *state;
    live_define(live, "ALTER ROLE u_trust SET app.tenant = 'a'; ALTER DATABASE postgres"
                      " SET hnsw.ef_search = 10; ALTER ROLE u_trust SET work_mem = '8MB'");
    struct pgr_catalog *catalog = live_catalog(live);
    assert_int_equal(catalog->extra_setting_count, 2);
    const char *const *names = catalog->extra_settings;
    bool is_first = strcmp(names[0], "app.tenant") == 0;
    assert_string_equal(names[is_first ? 0 : 1], "app.tenant");
    assert_string_equal(names[is_first ? 1 : 0], "hnsw.ef_search");
    pgr_catalog_unref(catalog);
    live_sql(live, "ALTER ROLE u_trust RESET ALL; ALTER DATABASE postgres RESET ALL");
}

/* ---- freshness ---- */

static void a_reload_sees_what_was_defined_before_it(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_reload(live);
    for (int i = 0; i < 5; i++) {
        char name[16];
        char sql[80];
        uint64_t epoch = pgr_database_epoch(live->database);
        snprintf(name, sizeof(name), "made%d", i);
        snprintf(sql, sizeof(sql), "CREATE TABLE app.%s(id int)", name);
        live_define(live, sql);
        struct pgr_catalog *catalog = live_catalog(live);
        assert_true(catalog->epoch > epoch);
        live_relation(catalog, name);
        pgr_catalog_unref(catalog);
    }
}

static void reloads_asked_for_at_once_are_all_told(void **state)
{
    struct live *live = *state;
    int told = 0;
    for (int i = 0; i < 20; i++)
        pgr_database_reload(live->database, live_count, &told);
    PUMP_UNTIL(live->loop, told == 20);
    pgr_catalog_unref(live_catalog(live));
}

/* Each makes its change out of band, and it must be seen and announced. */
static void changes_from_elsewhere_are_seen_by_the_poll(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(live, "CREATE TABLE t(id int, n varchar(5)); CREATE ROLE reader;"
                      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    static const char *const changes[] = {
        "CREATE TABLE app.x(id int)",
        "ALTER TABLE app.t ADD COLUMN y int",
        "ALTER TABLE app.t ALTER n TYPE text",
        "ALTER TABLE app.t RENAME n TO m",
        "ALTER TABLE app.t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON app.t USING (true)",
        "GRANT SELECT ON app.t TO reader",
        "GRANT SELECT (id) ON app.t TO reader",
        "REVOKE SELECT ON app.t FROM reader",
        "GRANT reader TO u_trust",
        "ALTER ROLE reader BYPASSRLS",
        "CREATE OR REPLACE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "ALTER FUNCTION app.f() STABLE",
        "CREATE VIEW app.v AS SELECT id FROM app.t",
        "CREATE OR REPLACE VIEW app.v AS SELECT id FROM app.t WHERE id > 1",
        "CREATE TYPE app.mood AS ENUM ('a')",
        "ALTER TYPE app.mood ADD VALUE 'b'",
        "ALTER ROLE u_trust SET app.x = '1'",
        "ALTER TABLE app.x ADD CONSTRAINT c CHECK (id > 0)",
        "DROP TABLE app.x",
        "ALTER ROLE u_trust RESET ALL; DROP OWNED BY reader; DROP ROLE reader",
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(changes); i++) {
        int before = live->changes;
        live_sql(live, changes[i]);
        PUMP_UNTIL(live->loop, live->changes > before);
    }
}

static void data_and_temporary_things_are_no_definitions(void **state)
{
    struct live *live = *state;
    fresh_schema(live);
    live_define(live, "CREATE TABLE t(id int); CREATE TABLE heir() INHERITS (t);"
                      "CREATE MATERIALIZED VIEW m AS SELECT * FROM t");
    uint64_t epoch = pgr_database_epoch(live->database);
    live_sql(live, "INSERT INTO t VALUES (1)");
    live_sql(live, "TRUNCATE t");
    live_sql(live, "VACUUM FULL t");
    live_sql(live, "ANALYZE t");
    live_sql(live, "REFRESH MATERIALIZED VIEW m");
    live_sql(live, "CREATE TEMP TABLE fleeting(id serial PRIMARY KEY, n text CHECK (n <> ''))");
    /* The poll has looked at what these left once it sees a definition made after them. */
    int before = live->changes;
    live_sql(live, "CREATE TABLE last(id int)");
    PUMP_UNTIL(live->loop, live->changes > before);
    assert_int_equal(live->changes, before + 1);
    assert_int_equal(pgr_database_epoch(live->database), epoch + 1);
    live_sql(live, "DISCARD TEMP");
}

static void the_settings_files_are_watched(void **state)
{
    struct live *live = *state;
    uint64_t before = pgr_database_conf_epoch(live->database);
    live_sql(live, "SELECT pg_reload_conf()");
    PUMP_UNTIL(live->loop, pgr_database_conf_epoch(live->database) == before + 1);
}

/* ---- backends ---- */

static void a_backend_is_awaited_until_it_is_gone(void **state)
{
    struct live *live = *state;
    struct live_answer answer = {0};
    struct pgr_pqconn *victim =
        pgr_pqconn_create(live->loop, &(struct pgr_pqconn_options){.dsn = live->super_dsn,
                                                                   .connect_timeout_us = 10000000});
    pgr_pqconn_connect(victim, live_on_ready, &answer);
    PUMP_UNTIL(live->loop, answer.is_done);
    answer.is_done = false;
    pgr_pqconn_query(victim, "SELECT pg_backend_pid()", live_on_result, &answer);
    PUMP_UNTIL(live->loop, answer.is_done);
    uint32_t pid = (uint32_t)atoi(answer.value);

    int ended = 0;
    int never_was = 0;
    pgr_database_await_backend_end(live->database, pid, live_count, &ended);
    pgr_database_await_backend_end(live->database, 999999999, live_count, &never_was);
    PUMP_UNTIL(live->loop, never_was == 1);
    assert_int_equal(ended, 0);
    pgr_pqconn_close(&victim);
    PUMP_UNTIL(live->loop, ended == 1);
}

/* ---- threads ---- */

struct reader {
    struct pgr_thread thread;
    struct live *live;
    _Atomic bool is_over;
    _Atomic uint64_t seen;
};

/* As a worker does: takes a reference, looks names up, lets go. */
static void read_a_lot(void *arg)
{
    static const char *const schemas[] = {"app"};
    const struct pgr_search_path path = {schemas, 1};
    struct reader *reader = arg;
    while (!atomic_load(&reader->is_over)) {
        enum pgr_reason reason;
        bool is_system;
        uint64_t now_us = pgr_clock_now_us(&pgr_clock_monotonic);
        struct pgr_catalog *catalog = pgr_database_catalog(reader->live->database, now_us, &reason);
        if (catalog == NULL)
            continue;
        const struct pgr_relation *t = pgr_catalog_relation(catalog, &path, NULL, "t", &is_system);
        if (t != NULL && pgr_relset_has(t->reads, t->slot))
            atomic_fetch_add(&reader->seen, 1);
        pgr_catalog_unref(catalog);
    }
}

static void readers_on_other_threads_are_not_disturbed(void **state)
{
    struct live *live = *state;
    struct reader readers[2] = {{.live = live}, {.live = live}};
    fresh_schema(live);
    live_define(live, "CREATE TABLE t(id int)");
    for (size_t i = 0; i < PGR_ARRAY_LEN(readers); i++)
        assert_int_equal(pgr_thread_start(&readers[i].thread, "reader", (size_t)1 << 20, read_a_lot,
                                          &readers[i]),
                         PGR_OK);
    for (int i = 0; i < 10; i++)
        live_reload(live);
    for (size_t i = 0; i < PGR_ARRAY_LEN(readers); i++) {
        PUMP_UNTIL(live->loop, atomic_load(&readers[i].seen) > 0);
        atomic_store(&readers[i].is_over, true);
        pgr_thread_join(&readers[i].thread);
    }
}

/* ---- loss and return ---- */

static void a_killed_side_connection_comes_back(void **state)
{
    struct live *live = *state;
    pgr_catalog_unref(live_catalog(live));
    uint64_t epoch = pgr_database_epoch(live->database);
    live_sql(live, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE application_name = 'pgrecall'");
    int told = 0;
    int changes = live->changes;
    pgr_database_reload(live->database, live_count, &told);
    PUMP_UNTIL(live->loop, told == 1);
    /* Told after the old snapshot was withdrawn, or after a new one was published. */
    assert_true(pgr_database_epoch(live->database) != epoch);
    struct pgr_catalog *catalog = live_catalog(live);
    assert_true(catalog->epoch > epoch);
    assert_int_equal(live->changes, changes);
    pgr_catalog_unref(catalog);
}

static void restart_server(struct live *live)
{
    char line[32];
    pgr_pqconn_close(&live->super);
    printf("restart\n");
    fflush(stdout);
    assert_non_null(fgets(line, sizeof(line), stdin));
    live_connect_super(live);
}

static void a_restarted_server_is_another_one(void **state)
{
    struct live *live = *state;
    struct pgr_catalog *old = live_catalog(live);
    int ended = 0;
    int changes = live->changes;
    uint32_t pid = (uint32_t)atoi(live_sql(live, "SELECT pg_backend_pid()"));
    pgr_database_await_backend_end(live->database, pid, live_count, &ended);
    restart_server(live);
    PUMP_UNTIL(live->loop, live->changes > changes);
    struct pgr_catalog *new = live_catalog(live);
    assert_true(new->epoch > old->epoch);
    assert_string_equal(new->system_identifier, old->system_identifier);
    assert_string_not_equal(new->postmaster_start, old->postmaster_start);
    PUMP_UNTIL(live->loop, ended == 1);
    pgr_catalog_unref(old);
    pgr_catalog_unref(new);
}

static void a_catalog_not_confirmed_is_not_given(void **state)
{
    struct live *live = *state;
    enum pgr_reason reason;
    pgr_catalog_unref(live_catalog(live));
    uint64_t later = pgr_loop_clock_us(live->loop) + STALENESS_US + 1;
    assert_null(pgr_database_catalog(live->database, later, &reason));
    assert_int_equal(reason, PGR_REASON_CATALOG_UNAVAILABLE);
}

static void a_database_that_is_not_there_has_no_catalog(void **state)
{
    struct live *live = *state;
    struct pgr_database *none = pgr_databases_get(live->databases, "host=evil dbname=postgres");
    enum pgr_reason reason;
    int told = 0;
    pgr_database_reload(none, live_count, &told);
    PUMP_UNTIL(live->loop, told == 1);
    assert_null(pgr_database_catalog(none, pgr_loop_clock_us(live->loop), &reason));
    assert_int_equal(reason, PGR_REASON_CATALOG_UNAVAILABLE);
    assert_string_equal(pgr_database_name(none), "host=evil dbname=postgres");
    assert_int_not_equal(pgr_database_id(none), pgr_database_id(live->database));
}

static int set_up(void **state)
{
    struct live *live = *state;
    live->loop = pgr_loop_create(&pgr_clock_monotonic);
    live_connect_super(live);
    const struct pgr_databases_options options = {
        .loop = live->loop,
        .service_dsn = live->service_dsn,
        .connect_timeout_us = 5000000,
        .slot_of = live_slot,
        .changed = live_changed,
        .arg = live,
    };
    live->databases = pgr_databases_create(&options);
    pgr_databases_set_staleness(live->databases, STALENESS_US);
    live->database = pgr_databases_get(live->databases, "postgres");
    pgr_catalog_unref(live_catalog(live));
    return 0;
}

static int tear_down(void **state)
{
    struct live *live = *state;
    pgr_databases_close(live->databases);
    pgr_pqconn_close(&live->super);
    pgr_databases_destroy(&live->databases);
    pgr_loop_destroy(&live->loop);
    return 0;
}

int main(int argc, char **argv)
{
    struct live live = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: %s SUPERUSER_DSN SERVICE_DSN (see live.py)\n", argv[0]);
        return 2;
    }
    live.super_dsn = argv[1];
    live.service_dsn = argv[2];
#define T(f) cmocka_unit_test_prestate(f, &live)
    const struct CMUnitTest tests[] = {
        T(the_server_is_told),
        T(views_are_read_to_their_tables),
        T(writes_close_over_trees_and_keys),
        T(code_that_a_write_runs_widens_it),
        T(what_may_not_be_read_says_why),
        T(functions_are_their_worst_namesakes),
        T(dotted_settings_of_roles_are_known),
        T(a_reload_sees_what_was_defined_before_it),
        T(reloads_asked_for_at_once_are_all_told),
        T(changes_from_elsewhere_are_seen_by_the_poll),
        T(data_and_temporary_things_are_no_definitions),
        T(the_settings_files_are_watched),
        T(a_backend_is_awaited_until_it_is_gone),
        T(readers_on_other_threads_are_not_disturbed),
        T(a_killed_side_connection_comes_back),
        T(a_restarted_server_is_another_one),
        T(a_catalog_not_confirmed_is_not_given),
        T(a_database_that_is_not_there_has_no_catalog),
    };
    void *state = &live;
    if (set_up(&state) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tear_down(&state);
    return failed != 0;
}
