// SPDX-License-Identifier: PostgreSQL
/*
 * A statement may change what its kind says (kinds.c), what its targets' closures say, and anything
 * at all if it calls code that is neither PostgreSQL's nor an extension's, at any depth (A6, G11).
 */
#include "pgrecall/policy/effects.h"

#include <string.h>

#include "calls_priv.h"
#include "kinds_priv.h"

struct scan {
    const struct pgr_stmt *stmt;
    const struct pgr_catalog *catalog;
    const struct pgr_search_path *path;
    unsigned names; /* of enum pgr_kind_names */
    unsigned flags;
    const struct pgr_relset *writes;
};

/* ---- relations ---- */

/*
 * A view or a policy may call what a statement's text does not show. A read by an unknown
 * search_path is looked for where nearly all names are, and what is not found there is taken for
 * harmless: a session that only ever reads in transactions may never learn its path, and each of
 * its reads would empty the cache. Likewise without a catalog, where nothing is served meanwhile.
 */
static void take_read(struct scan *scan, const struct pgr_rel_ref *ref)
{
    static const char *const usual[] = {"public"};
    static const struct pgr_search_path usual_path = {usual, PGR_ARRAY_LEN(usual)};
    bool is_guess = ref->schema == NULL && scan->path == NULL;
    bool is_system;
    if (scan->catalog == NULL)
        return;
    const struct pgr_relation *relation = pgr_catalog_relation(
        scan->catalog, is_guess ? &usual_path : scan->path, ref->schema, ref->name, &is_system);
    if (relation != NULL && relation->read_block == PGR_REASON_USER_FUNCTION)
        scan->flags |= PGR_EFFECTS_CODE;
    /* A temporary view, or one made a moment ago. */
    if (relation == NULL && !is_system && !is_guess)
        scan->flags |= PGR_EFFECTS_UNRESOLVED;
}

static void add_writes(struct scan *scan, const struct pgr_relset *writes)
{
    const struct pgr_relset *both = pgr_relset_union(scan->writes, writes);
    pgr_relset_unref(scan->writes);
    scan->writes = both;
    if (both->count > PGR_RELSET_MAX)
        scan->flags |= PGR_EFFECT_WRITES_ALL;
}

static void take_target(struct scan *scan, const struct pgr_rel_ref *ref)
{
    bool is_system;
    const struct pgr_relation *relation = NULL;
    if (scan->catalog != NULL && (ref->schema != NULL || scan->path != NULL))
        relation =
            pgr_catalog_relation(scan->catalog, scan->path, ref->schema, ref->name, &is_system);
    if (relation == NULL || relation->writes == NULL)
        scan->flags |=
            scan->names & PGR_NAMES_LOCKED ? PGR_EFFECT_WRITES_ALL : PGR_EFFECTS_UNRESOLVED;
    else if (!(scan->names & PGR_NAMES_PLANNED) && !(scan->flags & PGR_EFFECT_WRITES_ALL))
        add_writes(scan, relation->writes);
}

static void take_relations(struct scan *scan)
{
    for (size_t i = 0; i < scan->stmt->relation_count; i++) {
        const struct pgr_rel_ref *ref = &scan->stmt->relations[i];
        if (ref->use == PGR_REL_READ)
            take_read(scan, ref);
        else
            take_target(scan, ref);
    }
}

/* ---- calls ---- */

static void take_functions(struct scan *scan)
{
    for (size_t i = 0; i < scan->stmt->function_count; i++) {
        const struct pgr_func_ref *ref = &scan->stmt->functions[i];
        scan->flags |=
            pgr_function_effects(pgr_catalog_function(scan->catalog, ref->name), ref->name);
        if (pgr_is_temp_schema(ref->schema))
            scan->flags |= PGR_EFFECTS_CODE;
    }
}

/* t.f calls f with the row of t. */
static void take_columns(struct scan *scan)
{
    for (size_t i = 0; i < scan->stmt->column_count; i++) {
        const char *name = scan->stmt->columns[i];
        const struct pgr_function *function = pgr_catalog_function(scan->catalog, name);
        if (function != NULL && function->takes_composite)
            scan->flags |= pgr_function_effects(function, name);
    }
}

static void take_operators(struct scan *scan)
{
    for (size_t i = 0; i < scan->stmt->operator_count; i++)
        scan->flags |=
            pgr_operator_effects(pgr_catalog_operator(scan->catalog, scan->stmt->operators[i]));
}

static void take_casts(struct scan *scan)
{
    for (size_t i = 0; i < scan->stmt->type_count; i++) {
        const struct pgr_type_ref *ref = &scan->stmt->types[i];
        scan->flags |= pgr_cast_effects(pgr_catalog_type(scan->catalog, ref->name), ref);
    }
}

static void take_calls(struct scan *scan)
{
    /* Below a node that is not known, calls may have been missed. */
    if (scan->stmt->block == PGR_REASON_UNKNOWN_NODE)
        scan->flags |= PGR_EFFECTS_CODE;
    if (scan->stmt->locks_rows)
        scan->flags |= PGR_EFFECT_LOCKS;
    if (scan->catalog == NULL) {
        if (scan->stmt->function_count > 0)
            scan->flags |= PGR_EFFECTS_UNRESOLVED;
        return;
    }
    take_functions(scan);
    take_columns(scan);
    take_operators(scan);
    take_casts(scan);
}

void pgr_effects_of(const struct pgr_stmt *stmt, const struct pgr_catalog *catalog,
                    const struct pgr_search_path *path, struct pgr_effects *out)
{
    struct pgr_kind_effects kind = pgr_kind_effects(stmt);
    struct scan scan = {
        .stmt = stmt, .catalog = catalog, .path = path, .names = kind.names, .flags = kind.flags};
    if (scan.names & PGR_NAMES_CALLED)
        take_calls(&scan);
    if (scan.names != 0)
        take_relations(&scan);
    if (scan.flags & PGR_EFFECT_WRITES_ALL) {
        pgr_relset_unref(scan.writes);
        scan.writes = NULL;
    }
    bool is_dotted =
        stmt->kind == PGR_STMT_SET && stmt->setting != NULL && strchr(stmt->setting, '.') != NULL;
    *out = (struct pgr_effects){
        .flags = scan.flags,
        .writes = scan.writes,
        .setting = is_dotted ? stmt->setting : NULL,
    };
}

void pgr_effects_fini(struct pgr_effects *effects)
{
    pgr_relset_unref(effects->writes);
    effects->writes = NULL;
}
