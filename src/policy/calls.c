// SPDX-License-Identifier: PostgreSQL
/*
 * Everything is by name and worst case: which overload PostgreSQL would take is not asked, since a
 * wrong guess would be a wrong answer (A4).
 */
#include "calls_priv.h"

#include <string.h>

#include "pgrecall/catalog/builtins.h"

// clang-format off
/* The only operators of PostgreSQL that are STABLE: by TimeZone and the text search settings (A4). */
static const char *const stable_operators[] = {
    "+", "-", "<", "<=", "<>", "=", ">", ">=", "@@", "||",
};

/* STABLE by pg_trgm's thresholds, which every session's key holds. */
static const char *const similarity_operators[] = {
    "%", "%>", "%>>", "<%", "<<%",
};

/*
 * VOLATILE code of extensions that writes nothing: uuid-ossp, pgcrypto, pg_stat_statements. Other
 * code of extensions that is not IMMUTABLE may run SQL (dblink, crosstab).
 */
static const char *const harmless_of_extensions[] = {
    "gen_random_bytes", "gen_random_uuid", "gen_salt", "pg_stat_statements",
    "pg_stat_statements_info", "pgp_pub_encrypt", "pgp_pub_encrypt_bytea", "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
};

/* PostgreSQL's own types that are no plain ones, but call nothing foreign. */
static const char *const inert_types[] = {
    "aclitem", "cstring", "gtsvector", "pg_brin_bloom_summary", "pg_lsn", "pg_mcv_list",
    "pg_node_tree", "pg_snapshot", "record", "refcursor", "regclass", "regcollation", "regconfig",
    "regdictionary", "regnamespace", "regoper", "regoperator", "regproc", "regprocedure", "regrole",
    "regtype", "unknown", "void", "xml",
};

static const char *const date_types[] = {
    "date", "datemultirange", "daterange", "time", "timestamp", "timestamptz", "timetz",
    "tsmultirange", "tsrange", "tstzmultirange", "tstzrange",
};
// clang-format on

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

#define LISTED(name, names) is_one_of((name), (names), PGR_ARRAY_LEN(names))

bool pgr_is_temp_schema(const char *schema)
{
    static const char prefix[] = "pg_temp";
    return schema != NULL && strncmp(schema, prefix, sizeof prefix - 1) == 0;
}

bool pgr_function_is_pure(const struct pgr_function *function)
{
    if (pgr_builtin_runs_sql(function->name))
        return false;
    if (function->volatility == PGR_IMMUTABLE)
        return function->is_builtin_only || function->is_c_extension;
    return function->is_builtin_only && function->volatility == PGR_STABLE &&
           pgr_builtin_stable_is_safe(function->name);
}

/*
 * An extension's namesake of a STABLE builtin (pgvector's + beside timestamptz's) hides which of
 * the two is STABLE: these names are PostgreSQL's own, and an operator of theirs that depends on
 * more than its operands would break its extension's own indexes.
 */
bool pgr_operator_is_pure(const struct pgr_operator *found)
{
    if (!found->is_builtin_only && !found->is_c_extension)
        return false;
    if (found->volatility == PGR_IMMUTABLE)
        return true;
    return found->volatility == PGR_STABLE &&
           (LISTED(found->name, stable_operators) || LISTED(found->name, similarity_operators));
}

bool pgr_type_reads_date_words(const char *name)
{
    return LISTED(name[0] == '_' ? name + 1 : name, date_types);
}

static bool is_harmless_code(const struct pgr_function *function)
{
    if (function->is_builtin_only)
        return true;
    if (!function->is_c_extension)
        return false;
    return function->volatility == PGR_IMMUTABLE || LISTED(function->name, harmless_of_extensions);
}

static bool may_write(const struct pgr_function *function)
{
    return function->is_builtin_only && function->volatility == PGR_VOLATILE &&
           !pgr_builtin_volatile_is_harmless(function->name) &&
           !pgr_builtin_changes_settings(function->name);
}

/* Locks and settings go by the name alone: a namesake of a user's costs some bypasses. */
unsigned pgr_function_effects(const struct pgr_function *function, const char *name)
{
    unsigned flags = 0;
    if (function == NULL || !is_harmless_code(function) || pgr_builtin_runs_sql(name))
        flags |= PGR_EFFECTS_CODE;
    else if (may_write(function))
        flags |= PGR_EFFECT_WRITES_ALL;
    if (pgr_builtin_changes_settings(name))
        flags |= PGR_EFFECT_SETTINGS;
    if (pgr_builtin_takes_session_lock(name))
        flags |= PGR_EFFECT_SESSION_LOCK;
    else if (pgr_builtin_takes_lock(name))
        flags |= PGR_EFFECT_LOCKS;
    if (pgr_builtin_releases_locks(name))
        flags |= PGR_EFFECT_UNLOCKS;
    return flags;
}

unsigned pgr_operator_effects(const struct pgr_operator *found)
{
    if (found == NULL)
        return PGR_EFFECTS_CODE;
    if (found->is_builtin_only)
        return 0;
    return found->is_c_extension && found->volatility != PGR_VOLATILE ? 0 : PGR_EFFECTS_CODE;
}

/* Checks of a domain call functions, and so do input functions that are a user's. */
unsigned pgr_cast_effects(const struct pgr_type *type, const struct pgr_type_ref *ref)
{
    if (pgr_is_temp_schema(ref->schema))
        return PGR_EFFECTS_CODE;
    if (type != NULL && (type->is_builtin_plain || type->is_c_extension || type->runs_no_code))
        return 0;
    bool is_own = ref->schema == NULL || strcmp(ref->schema, "pg_catalog") == 0;
    const char *element = ref->name[0] == '_' ? ref->name + 1 : ref->name;
    return is_own && LISTED(element, inert_types) ? 0 : PGR_EFFECTS_CODE;
}
