// SPDX-License-Identifier: PostgreSQL
/*
 * What a node says about its statement: one row per rule. A row takes names down, or refuses the
 * statement with its reason, or both. Rows are the unit of mutation: each can be switched off in a
 * test, and some test must then fail.
 */
#include "walk_priv.h"

#include <string.h>

#include "pgrecall/sql/lex.h"

typedef bool pgr_rule_fn(struct pgr_walk *walk, const struct pgr_walk_item *item);

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static const char *member_text(const struct pgr_json *object, const char *key)
{
    return pgr_json_text(pgr_json_get(object, key));
}

/* The text of a wrapped String, NULL for anything else. */
static const char *string_of(const struct pgr_json *wrapper)
{
    return member_text(pgr_json_get(wrapper, "String"), "sval");
}

bool pgr_walk_names(const struct pgr_json *list, const char **schema, const char **name)
{
    size_t count = 0;
    bool is_plain = true;
    *schema = NULL;
    *name = NULL;
    for (const struct pgr_json *at = pgr_json_first(list); at != NULL; at = at->next) {
        const char *text = string_of(at);
        is_plain &= text != NULL;
        *schema = *name;
        *name = text;
        count++;
    }
    return is_plain && count >= 1 && count <= 2;
}

/*
 * The server clips names at 63 bytes by its own encoding, our parser by UTF-8: where the two may
 * differ, nothing is known about the name.
 */
static bool is_clipped_unsurely(const char *name)
{
    if (name == NULL || strlen(name) < 60)
        return false;
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name >= 0x80)
            return true;
    }
    return false;
}

static bool is_visible(const struct pgr_scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->outer) {
        if (strcmp(scope->name, name) == 0)
            return true;
    }
    return false;
}

/* A target is always a relation: PostgreSQL does not look for WITH queries there. */
static bool note_relation(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const char *schema = member_text(item->value, "schemaname");
    const char *name = member_text(item->value, "relname");
    if (name == NULL)
        return true;
    if (schema == NULL && item->use == PGR_REL_READ && is_visible(item->scope, name))
        return false;
    pgr_refs_add_relation(&walk->refs, (struct pgr_rel_ref){schema, name, item->use});
    return pgr_json_get(item->value, "catalogname") != NULL || is_clipped_unsurely(name) ||
           is_clipped_unsurely(schema);
}

static bool note_into(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const struct pgr_json *target = pgr_json_get(item->value, "rel");
    const char *schema = member_text(target, "schemaname");
    const char *name = member_text(target, "relname");
    const char *persistence = member_text(target, "relpersistence");
    walk->has_into = true;
    if (name != NULL)
        pgr_refs_add_relation(&walk->refs, (struct pgr_rel_ref){schema, name, PGR_REL_WRITE});
    if (pgr_str_eq(persistence, "t") || pgr_str_eq(schema, "pg_temp"))
        walk->creates_temp = true;
    return true;
}

static bool note_locking(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(item);
    walk->locks_rows = true;
    return true;
}

static bool is_modifying_query(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(walk);
    const struct pgr_json *query = pgr_json_only(pgr_json_get(item->value, "ctequery"));
    return query == NULL || !pgr_str_eq(query->key, "SelectStmt");
}

static bool note_sort(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const char *schema;
    const char *name;
    const struct pgr_json *use = pgr_json_get(item->value, "useOp");
    walk->has_sort = true;
    if (use == NULL)
        return false;
    bool is_plain = pgr_walk_names(use, &schema, &name);
    if (name != NULL)
        pgr_refs_add_operator(&walk->refs, name);
    return !is_plain || schema != NULL;
}

/* ---- functions ---- */

static bool is_aggregate(const struct pgr_json *call, const char *name)
{
    static const char *const names[] = {
        "count",           "sum",      "avg",       "min",      "max",        "array_agg",
        "string_agg",      "json_agg", "jsonb_agg", "bool_and", "bool_or",    "every",
        "bit_and",         "bit_or",   "stddev",    "variance", "stddev_pop", "stddev_samp",
        "var_pop",         "var_samp", "corr",      "mode",     "regr_slope", "json_object_agg",
        "jsonb_object_agg"};
    if (pgr_json_get(call, "over") != NULL)
        return false;
    return pgr_json_get(call, "agg_star") != NULL || pgr_json_get(call, "agg_filter") != NULL ||
           pgr_json_get(call, "agg_within_group") != NULL ||
           is_one_of(name, names, PGR_ARRAY_LEN(names));
}

/* Of an ordered-set aggregate pg_proc counts what stands in WITHIN GROUP too. */
static uint32_t arg_count(const struct pgr_json *call)
{
    size_t count = pgr_json_count(pgr_json_get(call, "args"));
    if (pgr_json_get(call, "agg_within_group") != NULL)
        count += pgr_json_count(pgr_json_get(call, "agg_order"));
    return (uint32_t)count;
}

static bool note_function(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const char *schema;
    const char *name;
    bool is_plain = pgr_walk_names(pgr_json_get(item->value, "funcname"), &schema, &name);
    if (name == NULL)
        return true;
    pgr_refs_add_function(&walk->refs, (struct pgr_func_ref){schema, name, arg_count(item->value)});
    walk->has_aggregate |= is_aggregate(item->value, name);
    return !is_plain || is_clipped_unsurely(name) || is_clipped_unsurely(schema);
}

/* A literal, a parameter, or an ARRAY of these: what the search for date words sees whole. */
static bool is_scanned(const struct pgr_json *wrapper)
{
    if (pgr_json_get(wrapper, "A_Const") != NULL || pgr_json_get(wrapper, "ParamRef") != NULL)
        return true;
    const struct pgr_json *array = pgr_json_get(wrapper, "A_ArrayExpr");
    if (array == NULL)
        return false;
    const struct pgr_json *elements = pgr_json_get(array, "elements");
    for (const struct pgr_json *at = pgr_json_first(elements); at != NULL; at = at->next) {
        if (pgr_json_get(at, "A_Const") == NULL && pgr_json_get(at, "ParamRef") == NULL)
            return false;
    }
    return true;
}

/*
 * name(x) is a cast when no function of that name takes x: these are names of both, so that the
 * function's being known proves nothing.
 */
static bool note_function_cast(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    static const char *const names[] = {
        "date",    "time",      "timetz",    "timestamp",    "timestamptz",    "interval",
        "tsrange", "tstzrange", "daterange", "tsmultirange", "tstzmultirange", "datemultirange"};
    const char *schema;
    const char *name;
    const struct pgr_json *arg = pgr_json_only(pgr_json_get(item->value, "args"));
    pgr_walk_names(pgr_json_get(item->value, "funcname"), &schema, &name);
    if (arg != NULL && is_one_of(name, names, PGR_ARRAY_LEN(names)))
        pgr_refs_add_type(&walk->refs, (struct pgr_type_ref){schema, name, false, is_scanned(arg)});
    return false;
}

/* ---- types ---- */

static bool is_timetz_name(const char *name)
{
    return pgr_str_eq(name, "timetz") || pgr_str_eq(name, "_timetz");
}

static bool is_timetz_call(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(walk);
    const char *schema;
    const char *name;
    pgr_walk_names(pgr_json_get(item->value, "funcname"), &schema, &name);
    return is_timetz_name(name);
}

static bool is_timetz_type(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(walk);
    const char *schema;
    const char *name;
    pgr_walk_names(pgr_json_get(item->value, "names"), &schema, &name);
    return is_timetz_name(name);
}

static bool note_type(struct pgr_walk *walk, const struct pgr_json *type, bool of_literal)
{
    const char *schema;
    const char *name;
    bool is_plain = pgr_walk_names(pgr_json_get(type, "names"), &schema, &name);
    if (name == NULL)
        return true;
    bool is_array = pgr_json_get(type, "arrayBounds") != NULL;
    pgr_refs_add_type(&walk->refs, (struct pgr_type_ref){schema, name, is_array, of_literal});
    return !is_plain || pgr_json_get(type, "setof") != NULL ||
           pgr_json_get(type, "pct_type") != NULL || is_clipped_unsurely(name);
}

static bool note_cast(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    return note_type(walk, pgr_json_get(item->value, "typeName"),
                     is_scanned(pgr_json_get(item->value, "arg")));
}

static bool note_column_type(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const struct pgr_json *type = pgr_json_get(item->value, "typeName");
    return type != NULL && note_type(walk, type, false);
}

static bool is_date_word(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(walk);
    const char *text = member_text(pgr_json_get(item->value, "sval"), "sval");
    return text != NULL && pgr_lex_has_date_word(pgr_bytes_str(text));
}

/* ---- operators ---- */

/* What an A_Expr kind looks up: the names it carries, or those that the kind stands for. */
static const struct {
    const char *kind;
    const char *operators[2];
} expression_kinds[] = {
    {"AEXPR_OP", {NULL, NULL}},           {"AEXPR_OP_ANY", {NULL, NULL}},
    {"AEXPR_OP_ALL", {NULL, NULL}},       {"AEXPR_DISTINCT", {NULL, NULL}},
    {"AEXPR_NOT_DISTINCT", {NULL, NULL}}, {"AEXPR_NULLIF", {NULL, NULL}},
    {"AEXPR_IN", {NULL, NULL}},           {"AEXPR_LIKE", {NULL, NULL}},
    {"AEXPR_ILIKE", {NULL, NULL}},        {"AEXPR_SIMILAR", {NULL, NULL}},
    {"AEXPR_BETWEEN", {">=", "<="}},      {"AEXPR_NOT_BETWEEN", {"<", ">"}},
    {"AEXPR_BETWEEN_SYM", {">=", "<="}},  {"AEXPR_NOT_BETWEEN_SYM", {"<", ">"}},
};

static bool note_expression(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const char *kind = member_text(item->value, "kind");
    const char *schema;
    const char *name;
    pgr_walk_names(pgr_json_get(item->value, "name"), &schema, &name);
    for (size_t i = 0; i < PGR_ARRAY_LEN(expression_kinds); i++) {
        if (!pgr_str_eq(kind, expression_kinds[i].kind))
            continue;
        const char *const *operators = expression_kinds[i].operators;
        if (operators[0] == NULL && name == NULL)
            return true;
        pgr_refs_add_operator(&walk->refs, operators[0] ? operators[0] : name);
        if (operators[1] != NULL)
            pgr_refs_add_operator(&walk->refs, operators[1]);
        return false;
    }
    return true;
}

static bool has_operator_schema(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(walk);
    const char *schema;
    const char *name;
    const struct pgr_json *names = pgr_json_get(item->value, "name");
    if (names == NULL)
        names = pgr_json_get(item->value, "operName");
    return names != NULL && (!pgr_walk_names(names, &schema, &name) || schema != NULL);
}

static bool note_sublink(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const char *schema;
    const char *name;
    const struct pgr_json *names = pgr_json_get(item->value, "operName");
    pgr_walk_names(names, &schema, &name);
    if (name != NULL)
        pgr_refs_add_operator(&walk->refs, name);
    else if (pgr_json_get(item->value, "testexpr") != NULL)
        pgr_refs_add_operator(&walk->refs, "=");
    return false;
}

static bool note_join(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    if (pgr_json_get(item->value, "usingClause") != NULL ||
        pgr_json_get(item->value, "isNatural") != NULL)
        pgr_refs_add_operator(&walk->refs, "=");
    return false;
}

static bool note_case(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    if (pgr_json_get(item->value, "arg") != NULL)
        pgr_refs_add_operator(&walk->refs, "=");
    return false;
}

static bool note_cycle(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    PGR_UNUSED(item);
    pgr_refs_add_operator(&walk->refs, "=");
    pgr_refs_add_operator(&walk->refs, "<>");
    return false;
}

/* ---- columns ---- */

static bool note_column(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const struct pgr_json *fields = pgr_json_get(item->value, "fields");
    const struct pgr_json *first = pgr_json_first(fields);
    const char *last = NULL;
    for (const struct pgr_json *at = first; at != NULL; at = at->next)
        last = string_of(at);
    if (last != NULL && first->next != NULL)
        pgr_refs_add_column(&walk->refs, last);
    return is_clipped_unsurely(last);
}

static bool note_selections(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    const struct pgr_json *parts = pgr_json_get(item->value, "indirection");
    for (const struct pgr_json *at = pgr_json_first(parts); at != NULL; at = at->next) {
        const char *name = string_of(at);
        if (name != NULL)
            pgr_refs_add_column(&walk->refs, name);
    }
    return false;
}

static bool is_system_column(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    PGR_UNUSED(walk);
    const struct pgr_json *parts = pgr_json_get(item->value, "fields");
    if (parts == NULL)
        parts = pgr_json_get(item->value, "indirection");
    for (const struct pgr_json *at = pgr_json_first(parts); at != NULL; at = at->next) {
        if (is_one_of(string_of(at), names, PGR_ARRAY_LEN(names)))
            return true;
    }
    return false;
}

/* ---- the table ---- */

/* A row without a function always holds; `reason` NONE never refuses. */
// clang-format off
static const struct rule {
    enum pgr_node node;
    const char *title;
    pgr_rule_fn *look;
    enum pgr_reason reason;
} rules[] = {
    {PGR_NODE_A_Const,          "A_Const: date words",             is_date_word,        PGR_REASON_SPECIAL_DATE},
    {PGR_NODE_A_Expr,           "A_Expr: operators",               note_expression,     PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_A_Expr,           "A_Expr: OPERATOR(schema.name)",   has_operator_schema, PGR_REASON_UNSAFE_OPERATOR},
    {PGR_NODE_A_Indirection,    "A_Indirection: field names",      note_selections,     PGR_REASON_NONE},
    {PGR_NODE_A_Indirection,    "A_Indirection: system columns",   is_system_column,    PGR_REASON_SYSTEM_COLUMN},
    {PGR_NODE_CTECycleClause,   "CTECycleClause: = and <>",        note_cycle,          PGR_REASON_NONE},
    {PGR_NODE_CaseExpr,         "CaseExpr: =",                     note_case,           PGR_REASON_NONE},
    {PGR_NODE_ColumnDef,        "ColumnDef: type",                 note_column_type,    PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_ColumnRef,        "ColumnRef: column names",         note_column,         PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_ColumnRef,        "ColumnRef: system columns",       is_system_column,    PGR_REASON_SYSTEM_COLUMN},
    {PGR_NODE_CommonTableExpr,  "CommonTableExpr: writes",         is_modifying_query,  PGR_REASON_DATA_MODIFYING_CTE},
    {PGR_NODE_CurrentOfExpr,    "CurrentOfExpr: a cursor's place", NULL,                PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_FuncCall,         "FuncCall: functions",             note_function,       PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_FuncCall,         "FuncCall: casts by name",         note_function_cast,  PGR_REASON_NONE},
    {PGR_NODE_FuncCall,         "FuncCall: timetz",                is_timetz_call,      PGR_REASON_UNSAFE_CAST},
    {PGR_NODE_IntoClause,       "IntoClause: a new table",         note_into,           PGR_REASON_SELECT_INTO},
    {PGR_NODE_JoinExpr,         "JoinExpr: = of USING",            note_join,           PGR_REASON_NONE},
    {PGR_NODE_LockingClause,    "LockingClause: row locks",        note_locking,        PGR_REASON_LOCKING_CLAUSE},
    {PGR_NODE_RangeTableSample, "RangeTableSample: samples",       NULL,                PGR_REASON_TABLESAMPLE},
    {PGR_NODE_RangeVar,         "RangeVar: relations",             note_relation,       PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_SQLValueFunction, "SQLValueFunction: the session",   NULL,                PGR_REASON_SESSION_FUNCTION},
    {PGR_NODE_SortBy,           "SortBy: USING",                   note_sort,           PGR_REASON_UNSAFE_OPERATOR},
    {PGR_NODE_SubLink,          "SubLink: operators",              note_sublink,        PGR_REASON_NONE},
    {PGR_NODE_SubLink,          "SubLink: OPERATOR(schema.name)",  has_operator_schema, PGR_REASON_UNSAFE_OPERATOR},
    {PGR_NODE_TypeCast,         "TypeCast: types",                 note_cast,           PGR_REASON_UNKNOWN_NODE},
    {PGR_NODE_TypeName,         "TypeName: timetz",                is_timetz_type,      PGR_REASON_UNSAFE_CAST},
};
// clang-format on

/* Per thread, so that a mutated test disturbs nobody. */
static _Thread_local size_t skipped_row = SIZE_MAX;

void pgr_rules_apply(struct pgr_walk *walk, const struct pgr_walk_item *item)
{
    for (size_t row = 0; row < PGR_ARRAY_LEN(rules); row++) {
        const struct rule *rule = &rules[row];
        if (rule->node != item->type || row == skipped_row)
            continue;
        bool holds = rule->look == NULL || rule->look(walk, item);
        if (holds && rule->reason != PGR_REASON_NONE)
            pgr_walk_block(walk, rule->reason);
    }
}

size_t pgr_rules_count(void)
{
    return PGR_ARRAY_LEN(rules);
}

const char *pgr_rules_title(size_t row)
{
    return row < PGR_ARRAY_LEN(rules) ? rules[row].title : "";
}

void pgr_rules_skip(size_t row)
{
    skipped_row = row;
}
