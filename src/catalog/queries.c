// SPDX-License-Identifier: PostgreSQL
/*
 * The SQL. It runs as any role that may log in, on PostgreSQL 14 to 18, inside one REPEATABLE READ
 * READ ONLY transaction with search_path = pg_catalog, so that no name here can mean a user's. No
 * literal holds a backslash, which standard_conforming_strings would give two meanings.
 *
 * "Foreign code" below is a function that is neither PostgreSQL's own (oid below 16384, what initdb
 * made) nor compiled code that an extension brought: SQL and procedural languages, which may do
 * anything whatever volatility they claim (G11).
 */
#include "queries_priv.h"

#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/catalog/identity.h"

/* prolang 12 is internal, 13 is C: fixed oids. */
#define IS_EXTENSION_CODE                                                                          \
    "(p.prolang IN (12, 13) AND EXISTS (SELECT 1 FROM pg_depend e"                                 \
    " WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'"               \
    " AND e.refclassid = 'pg_extension'::regclass))"

#define NOT_TEMP_SCHEMA(column)                                                                    \
    column " NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_')"

#define IS_USER_SCHEMA                                                                             \
    "n.nspname !~ '^pg_(toast|temp)' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"

/* B4: while this is the same, so is everything that MVCC governs; a promotion is not. */
#define PULSE                                                                                      \
    "pg_catalog.concat(pg_catalog.pg_current_snapshot(), '/', pg_catalog.pg_is_in_recovery())"

/* D8, G15. */
// clang-format off
static const char identity_sql[] =
    "SELECT (SELECT oid FROM pg_database WHERE datname = current_database()), "
    PGR_SQL_SYSTEM_IDENTIFIER ", " PGR_SQL_TIMELINE ", " PGR_SQL_POSTMASTER_START ","
    " pg_is_in_recovery(), current_setting('server_version_num'), " PULSE;
// clang-format on

/*
 * D9. Rows of pg_class are hashed by what they say, since TRUNCATE, VACUUM FULL and REFRESH write
 * them anew without defining anything; the other catalogs by the transactions that wrote their
 * rows: while their number stays, a new row's xmin is above that of any row it replaces, so the sum
 * grows. Temporary objects of other sessions come and go and are left out.
 */
static const char version_head[] =
    "SELECT md5(string_agg(catalog || '=' || digest, ',' ORDER BY catalog)) FROM ("
    "SELECT 'pg_class' AS catalog, concat_ws(':', count(*), sum(hashtextextended(ROW(c.oid,"
    " c.relname, c.relnamespace, c.relkind, c.relpersistence, c.relrowsecurity,"
    " c.relforcerowsecurity, c.relowner, c.relacl, c.relispartition, c.reloptions, c.relnatts,"
    " c.relhasrules)::text, 0)::numeric)) AS digest FROM pg_class c"
    " WHERE c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')"
    " UNION ALL SELECT 'pg_roles', md5(string_agg(c::text, ',' ORDER BY c.oid)) FROM pg_roles c";
static const char version_row[] =
    " UNION ALL SELECT '%s', concat_ws(':', count(*), sum(c.xmin::text::bigint)) FROM %s c"
    " WHERE %s";
static const char version_tail[] = ") digests";

#define OF_LASTING(column)                                                                         \
    "EXISTS (SELECT 1 FROM pg_class t WHERE t.oid = " column                                       \
    " AND t.relpersistence <> 't' AND t.relkind IN ('r', 'p', 'v', 'm', 'f', 'c'))"

static const struct {
    const char *catalog;
    const char *condition;
} version_rows[] = {
    {"pg_attribute", OF_LASTING("c.attrelid")},
    {"pg_attrdef", OF_LASTING("c.adrelid")},
    {"pg_trigger", OF_LASTING("c.tgrelid")},
    {"pg_inherits", OF_LASTING("c.inhrelid")},
    {"pg_rewrite", OF_LASTING("c.ev_class")},
    {"pg_index", "c.indexprs IS NOT NULL OR c.indpred IS NOT NULL"},
    {"pg_constraint", NOT_TEMP_SCHEMA("c.connamespace")},
    {"pg_type", NOT_TEMP_SCHEMA("c.typnamespace")},
    {"pg_proc", NOT_TEMP_SCHEMA("c.pronamespace")},
    {"pg_operator", NOT_TEMP_SCHEMA("c.oprnamespace")},
    {"pg_namespace", "c.nspname !~ '^pg_(toast_)?temp_'"},
    {"pg_depend", "c.deptype = 'e'"},
    {"pg_aggregate", "true"},
    {"pg_amproc", "true"},
    {"pg_cast", "true"},
    {"pg_collation", "true"},
    {"pg_conversion", "true"},
    {"pg_enum", "true"},
    {"pg_extension", "true"},
    {"pg_opclass", "true"},
    {"pg_partitioned_table", "true"},
    {"pg_policy", "true"},
    {"pg_range", "true"},
    {"pg_ts_config", "true"},
    {"pg_ts_config_map", "true"},
    {"pg_ts_dict", "true"},
    {"pg_auth_members", "true"},
    {"pg_database", "true"},
    {"pg_db_role_setting", "true"},
};

/*
 * D1. Triggers that PostgreSQL itself brings (tsvector_update_trigger …) change the row in hand and
 * nothing else. A column of type timetz makes `AT TIME ZONE` depend on today's date.
 */
static const char relations_sql[] =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,"
    " EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal"
    " AND t.tgenabled <> 'D' AND t.tgfoid >= 16384),"
    " EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'),"
    " EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"
    " AND NOT a.attisdropped AND a.atttypid IN (1266, 1270))"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' "
    "AND " IS_USER_SCHEMA;

static const char system_sql[] =
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
    " AND n.nspname IN ('pg_catalog', 'information_schema')";

/* D2. A temporary child is seen by its own session only, and that one is not answered from here. */
static const char children_sql[] =
    "SELECT i.inhparent, i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'";

static const char cascades_sql[] =
    "SELECT DISTINCT confrelid, conrelid FROM pg_constraint WHERE contype = 'f'"
    " AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))";

/*
 * Foreign code that a write runs unseen: in defaults, generated columns, checks, index expressions
 * and predicates, operator classes, partition keys, policies; and in the constraints and defaults
 * of domains, however deep in a column's type. pg_depend leaves out only what initdb made.
 */
static const char user_code_sql[] =
    "WITH RECURSIVE code(oid) AS (SELECT p.oid FROM pg_proc p WHERE p.oid >= 16384 AND "
    "NOT " IS_EXTENSION_CODE "),"
    " suspect(classid, objid) AS ("
    "SELECT 'pg_proc'::regclass::oid, oid FROM code"
    " UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprcode IN"
    " (SELECT oid FROM code)"
    " UNION ALL SELECT 'pg_opclass'::regclass, o.oid FROM pg_opclass o JOIN pg_amproc a"
    " ON a.amprocfamily = o.opcfamily WHERE a.amproc IN (SELECT oid FROM code)),"
    " uses(classid, objid) AS (SELECT d.classid, d.objid FROM pg_depend d JOIN suspect s"
    " ON s.classid = d.refclassid AND s.objid = d.refobjid),"
    " parts(part, whole) AS MATERIALIZED ("
    "SELECT y.typbasetype, y.oid FROM pg_type y WHERE y.typbasetype <> 0"
    " UNION ALL SELECT y.typelem, y.oid FROM pg_type y WHERE y.typelem <> 0"
    " UNION ALL SELECT g.rngsubtype, g.rngtypid FROM pg_range g"
    " UNION ALL SELECT a.atttypid, c.reltype FROM pg_attribute a JOIN pg_class c"
    " ON c.oid = a.attrelid WHERE c.reltype <> 0 AND a.atttypid >= 16384),"
    " types(oid) AS (SELECT objid FROM uses WHERE classid = 'pg_type'::regclass"
    " UNION SELECT k.contypid FROM pg_constraint k JOIN uses u ON u.objid = k.oid"
    " WHERE u.classid = 'pg_constraint'::regclass AND k.contypid <> 0"
    " UNION SELECT p.whole FROM types t JOIN parts p ON p.part = t.oid)"
    " SELECT 't', oid FROM types"
    " UNION SELECT 'r', a.attrelid FROM pg_attribute a JOIN types t ON t.oid = a.atttypid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped"
    " UNION SELECT 'r', d.adrelid FROM pg_attrdef d JOIN uses u ON u.objid = d.oid"
    " WHERE u.classid = 'pg_attrdef'::regclass"
    " UNION SELECT 'r', k.conrelid FROM pg_constraint k JOIN uses u ON u.objid = k.oid"
    " WHERE u.classid = 'pg_constraint'::regclass AND k.conrelid <> 0"
    " UNION SELECT 'r', i.indrelid FROM pg_index i JOIN uses u ON u.objid = i.indexrelid"
    " WHERE u.classid = 'pg_class'::regclass"
    " UNION SELECT 'r', t.partrelid FROM pg_partitioned_table t JOIN uses u"
    " ON u.objid = t.partrelid WHERE u.classid = 'pg_class'::regclass"
    " UNION SELECT 'p', q.polrelid FROM pg_policy q JOIN uses u ON u.objid = q.oid"
    " WHERE u.classid = 'pg_policy'::regclass";

/*
 * D3, D4. What a view does is read from its stored tree, since pg_depend leaves out what initdb
 * made: nodes (N), functions (F), relations (R), types of results (T), system columns (C) and
 * values of type timetz (Z), as words without duplicates. The tree is cut at each colon, which
 * begins every field: one pass, where a regular expression would take six times as long. A name
 * with a colon or brace in it (spaces are escaped) can only add words, never hide one.
 */
static const char views_sql[] =
    "SELECT r.ev_class, (SELECT string_agg(DISTINCT w.word, ' ') FROM (SELECT"
    " split_part(part, ' ', 1) AS field, rtrim(split_part(part, ' ', 2), '})') AS value, part"
    " FROM string_to_table(r.ev_action::text, ':') part WHERE split_part(part, ' ', 1) IN "
    "('funcid',"
    " 'opfuncid', 'aggfnoid', 'winfnoid', 'startInRangeFunc', 'endInRangeFunc', 'relid',"
    " 'resulttype', 'varattno', 'vartype', 'consttype', 'funcresulttype', 'opresulttype')"
    " OR part LIKE '%{%' OFFSET 0) f, LATERAL unnest(ARRAY[CASE"
    " WHEN f.field IN ('funcid', 'opfuncid', 'aggfnoid', 'winfnoid', 'startInRangeFunc',"
    " 'endInRangeFunc') THEN 'F' || f.value"
    " WHEN f.field = 'relid' THEN 'R' || f.value"
    " WHEN f.field = 'resulttype' THEN 'T' || f.value"
    " WHEN f.field = 'varattno' AND f.value LIKE '-%' THEN 'C'"
    " WHEN f.field IN ('vartype', 'consttype', 'funcresulttype', 'opresulttype')"
    " AND f.value IN ('1266', '1270') THEN 'Z' END,"
    " CASE WHEN f.part LIKE '%{%{%' THEN 'N?'"
    " WHEN f.part LIKE '%{%' THEN 'N' || substring(f.part FROM '[{]([A-Z0-9_]*)') END]) w(word))"
    " FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'v' AND r.ev_type = '1' AND c.relpersistence <> 't' AND " IS_USER_SCHEMA;

/*
 * D5, D7. One row per function: 'b' PostgreSQL's own, 'c' an extension's compiled code, 'u' foreign
 * code. `t.f` calls f with the row of t if f can be called with one argument and takes a composite,
 * a domain over one, any type at all, or what a composite is cast to.
 */
static const char functions_sql[] =
    "SELECT p.oid, p.proname, p.provolatile,"
    " CASE WHEN p.oid < 16384 AND p.pronamespace = 'pg_catalog'::regnamespace THEN 'b' "
    "WHEN " IS_EXTENSION_CODE " THEN 'c' ELSE 'u' END,"
    " p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1 AND (t.typtype = 'c'"
    " OR t.oid IN (2249, 2283, 2276, 2776, 5077, 5079) OR p.provariadic <> 0"
    " OR EXISTS (SELECT 1 FROM pg_type b WHERE b.oid = t.typbasetype AND b.typtype = 'c')"
    " OR t.oid IN (SELECT k.casttarget FROM pg_cast k JOIN pg_type s ON s.oid = k.castsource"
    " WHERE s.typtype = 'c'))"
    " FROM pg_proc p LEFT JOIN pg_type t ON t.oid = p.proargtypes[0]";

/* G12: an aggregate is what its support functions are; pg_proc says nothing true about it. */
static const char aggregates_sql[] =
    "SELECT a.aggfnoid::oid, s.oid FROM pg_aggregate a, unnest(ARRAY[a.aggtransfn::oid,"
    " a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn,"
    " a.aggminvtransfn, a.aggmfinalfn]) s(oid) WHERE s.oid <> 0";

/* D6. An operator without a function is a promise only and cannot be called. */
static const char operators_sql[] = "SELECT o.oprname, o.oprcode::oid, o.oid < 16384 AND "
                                    "o.oprnamespace = 'pg_catalog'::regnamespace"
                                    " FROM pg_operator o WHERE o.oprcode <> 0";

/*
 * Types by name, the worst of all namesakes: 'p' plain (base, range, array of such, made by initdb
 * and not one whose input reads a catalog or runs code), 'e' a base type of an extension, 'o'
 * other.
 */
static const char types_sql[] =
    "SELECT t.typname, bool_and(t.plain), bool_and(t.plain OR t.extension) FROM (SELECT y.typname,"
    " y.oid < 16384 AND n.nspname = 'pg_catalog' AND y.typtype IN ('b', 'r', 'm')"
    " AND y.typname !~ '^_?(reg|pg_|xml|aclitem|refcursor|gtsvector)' AND y.typname <> '_record'"
    " AND y.typname <> '_cstring' AND (y.typelem = 0 OR e.typtype IN ('b', 'r', 'm')) AS plain,"
    " y.typtype = 'b' AND EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass"
    " AND d.objid = y.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass)"
    " AS extension FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace"
    " LEFT JOIN pg_type e ON e.oid = y.typelem) t"
    " GROUP BY t.typname HAVING bool_or(t.plain OR t.extension)";

/* Names that mean enums only: making a value of one runs nothing. */
static const char enums_sql[] =
    "SELECT typname FROM pg_type GROUP BY typname HAVING bool_and(typtype = 'e')";

/* Names of columns that are a date or a time wherever they occur. */
static const char date_columns_sql[] =
    "SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')"
    " GROUP BY a.attname HAVING bool_and(a.atttypid IN (1082, 1083, 1114, 1184))";

/* Dotted settings given to a role or this database: no session says them by itself. */
static const char settings_sql[] =
    "SELECT DISTINCT lower(split_part(c.entry, '=', 1)) FROM pg_db_role_setting s,"
    " unnest(s.setconfig) c(entry) WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database"
    " WHERE datname = current_database())) AND split_part(c.entry, '=', 1) LIKE '%.%'";

const struct pgr_query_text pgr_queries[PGR_QUERY_COUNT] = {
    [PGR_QUERY_IDENTITY] = {"identity", identity_sql, 7},
    [PGR_QUERY_VERSION] = {"version", NULL, 1},
    [PGR_QUERY_RELATIONS] = {"relations", relations_sql, 9},
    [PGR_QUERY_SYSTEM] = {"system", system_sql, 2},
    [PGR_QUERY_CHILDREN] = {"children", children_sql, 2},
    [PGR_QUERY_CASCADES] = {"cascades", cascades_sql, 2},
    [PGR_QUERY_USER_CODE] = {"user_code", user_code_sql, 2},
    [PGR_QUERY_VIEWS] = {"views", views_sql, 2},
    [PGR_QUERY_FUNCTIONS] = {"functions", functions_sql, 5},
    [PGR_QUERY_AGGREGATES] = {"aggregates", aggregates_sql, 2},
    [PGR_QUERY_OPERATORS] = {"operators", operators_sql, 3},
    [PGR_QUERY_TYPES] = {"types", types_sql, 3},
    [PGR_QUERY_ENUMS] = {"enums", enums_sql, 1},
    [PGR_QUERY_DATE_COLUMNS] = {"date_columns", date_columns_sql, 1},
    [PGR_QUERY_SETTINGS] = {"settings", settings_sql, 1},
};

const char pgr_query_pulse[] = "SELECT " PULSE ", pg_catalog.pg_conf_load_time()";

/* PGR_SCRIPT_PREFIX statements. A role's statement_timeout is not meant for us;
 * compiling these queries takes longer than running them. */
static const char prefix[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
                             "SET LOCAL search_path = pg_catalog;\n"
                             "SET LOCAL statement_timeout = 0;\n"
                             "SET LOCAL datestyle = 'ISO, YMD';\n"
                             "SET LOCAL jit = off;\n";

static void put_query(struct pgr_buf *buf, enum pgr_query query)
{
    if (query != PGR_QUERY_VERSION) {
        pgr_buf_printf(buf, "%s;\n", pgr_queries[query].sql);
        return;
    }
    pgr_buf_put(buf, version_head, sizeof(version_head) - 1);
    for (size_t i = 0; i < PGR_ARRAY_LEN(version_rows); i++)
        pgr_buf_printf(buf, version_row, version_rows[i].catalog, version_rows[i].catalog,
                       version_rows[i].condition);
    pgr_buf_printf(buf, "%s;\n", version_tail);
}

static char *script_of(enum pgr_query first, enum pgr_query end)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, (size_t)1 << 20);
    pgr_buf_put(&buf, prefix, sizeof(prefix) - 1);
    for (int q = (int)first; q < (int)end; q++)
        put_query(&buf, (enum pgr_query)q);
    pgr_buf_put_cstr(&buf, "COMMIT");
    PGR_ASSERT(!buf.is_short);
    char *script = pgr_strdup((const char *)pgr_buf_bytes(&buf).at);
    pgr_buf_fini(&buf);
    return script;
}

char *pgr_query_script_load(void)
{
    return script_of(PGR_QUERY_IDENTITY, PGR_QUERY_COUNT);
}

char *pgr_query_script_version(void)
{
    return script_of(PGR_QUERY_IDENTITY, PGR_QUERY_RELATIONS);
}
