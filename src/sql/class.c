// SPDX-License-Identifier: PostgreSQL
/*
 * Guesses what a query is for from its shape. Only rules' targets, counters and log lines hang on
 * it, so it looks at the outermost SELECT and at what the walk has seen anywhere.
 */
#include "stmt_priv.h"
#include "walk_priv.h"

#include <string.h>

#define BATCH_LIMIT 500

static const char *const class_names[PGR_CLASS_COUNT] = {
    [PGR_CLASS_POINT_LOOKUP] = "point lookup",
    [PGR_CLASS_FEATURE_RETRIEVAL] = "feature retrieval",
    [PGR_CLASS_VECTOR_SEARCH] = "vector search",
    [PGR_CLASS_DOCUMENT_LOOKUP] = "document lookup",
    [PGR_CLASS_AGGREGATE] = "aggregate",
    [PGR_CLASS_BATCH_LOAD] = "batch load",
    [PGR_CLASS_WRITE] = "write",
    [PGR_CLASS_TRANSACTION] = "transaction",
    [PGR_CLASS_UTILITY] = "utility",
    [PGR_CLASS_OTHER] = "other",
};

const char *pgr_class_name(enum pgr_class class)
{
    PGR_ASSERT((unsigned)class < PGR_CLASS_COUNT);
    return class_names[class];
}

bool pgr_class_by_name(const char *name, enum pgr_class *out)
{
    for (unsigned i = 0; i < PGR_CLASS_COUNT; i++) {
        if (!pgr_str_eq(name, class_names[i]))
            continue;
        *out = (enum pgr_class)i;
        return true;
    }
    return false;
}

enum pgr_class pgr_class_of_kind(enum pgr_stmt_kind kind)
{
    switch (kind) {
    case PGR_STMT_INSERT:
    case PGR_STMT_UPDATE:
    case PGR_STMT_DELETE:
    case PGR_STMT_MERGE:
    case PGR_STMT_COPY_IN:
    case PGR_STMT_TRUNCATE:
        return PGR_CLASS_WRITE;
    case PGR_STMT_BEGIN:
    case PGR_STMT_COMMIT:
    case PGR_STMT_ROLLBACK:
    case PGR_STMT_SAVEPOINT:
    case PGR_STMT_RELEASE:
    case PGR_STMT_ROLLBACK_TO:
    case PGR_STMT_PREPARE_TX:
    case PGR_STMT_FINISH_PREPARED:
    case PGR_STMT_SET_TRANSACTION:
        return PGR_CLASS_TRANSACTION;
    case PGR_STMT_COPY_OUT:
    case PGR_STMT_FETCH:
        return PGR_CLASS_BATCH_LOAD;
    case PGR_STMT_EMPTY:
    case PGR_STMT_SELECT:
    case PGR_STMT_MULTI:
    case PGR_STMT_UNPARSED:
    case PGR_STMT_KIND_COUNT:
        return PGR_CLASS_OTHER;
    case PGR_STMT_SET:
    case PGR_STMT_SET_ROLE:
    case PGR_STMT_RESET_ALL:
    case PGR_STMT_DISCARD:
    case PGR_STMT_SHOW:
    case PGR_STMT_PREPARE:
    case PGR_STMT_EXECUTE:
    case PGR_STMT_DEALLOCATE:
    case PGR_STMT_DECLARE:
    case PGR_STMT_CLOSE_CURSOR:
    case PGR_STMT_LISTEN:
    case PGR_STMT_UNLISTEN:
    case PGR_STMT_NOTIFY:
    case PGR_STMT_LOCK:
    case PGR_STMT_EXPLAIN:
    case PGR_STMT_EXPLAIN_ANALYZE:
    case PGR_STMT_MAINTENANCE:
    case PGR_STMT_REFRESH:
    case PGR_STMT_CALL:
    case PGR_STMT_DO:
    case PGR_STMT_DDL:
        return PGR_CLASS_UTILITY;
    }
    return PGR_CLASS_OTHER;
}

static bool uses_operator(const struct pgr_refs *refs, const char *const *names, size_t count)
{
    const char *const *used = refs->operators.items;
    for (size_t i = 0; i < refs->operators.count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(used[i], names[j]) == 0)
                return true;
        }
    }
    return false;
}

static bool calls_like(const struct pgr_refs *refs, const char *const *parts, size_t count)
{
    const struct pgr_func_ref *used = refs->functions.items;
    for (size_t i = 0; i < refs->functions.count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strstr(used[i].name, parts[j]) != NULL)
                return true;
        }
    }
    return false;
}

static bool is_vector_search(const struct pgr_walk *walk)
{
    static const char *const operators[] = {"<->", "<=>", "<#>", "<+>"};
    static const char *const functions[] = {"distance", "inner_product"};
    return walk->has_sort && (uses_operator(&walk->refs, operators, PGR_ARRAY_LEN(operators)) ||
                              calls_like(&walk->refs, functions, PGR_ARRAY_LEN(functions)));
}

static bool is_document_lookup(const struct pgr_walk *walk)
{
    static const char *const operators[] = {"@@", "->", "->>", "#>", "#>>", "@>", "<@", "?",
                                            "?|", "?&", "@?",  "~~", "~~*", "~",  "~*"};
    static const char *const functions[] = {"tsvector", "tsquery", "ts_rank", "jsonb_path"};
    return uses_operator(&walk->refs, operators, PGR_ARRAY_LEN(operators)) ||
           calls_like(&walk->refs, functions, PGR_ARRAY_LEN(functions));
}

/* What stands in WHERE, at the first level of AND. */
struct condition {
    bool has_equality; /* column = value */
    bool has_list;     /* column IN (…), = ANY (…) */
    bool has_other;    /* more than these, <>, and tests for NULL */
};

static void look_at_term(const struct pgr_json *term, struct condition *condition)
{
    const struct pgr_json *expression = pgr_json_get(term, "A_Expr");
    if (expression == NULL) {
        bool is_test = pgr_json_get(term, "NullTest") || pgr_json_get(term, "ColumnRef");
        condition->has_other |= !is_test;
        return;
    }
    const char *schema;
    const char *name;
    const char *kind = pgr_json_text(pgr_json_get(expression, "kind"));
    pgr_walk_names(pgr_json_get(expression, "name"), &schema, &name);
    bool is_equal = pgr_str_eq(name, "=");
    if (is_equal && pgr_str_eq(kind, "AEXPR_OP"))
        condition->has_equality = true;
    else if (is_equal && (pgr_str_eq(kind, "AEXPR_IN") || pgr_str_eq(kind, "AEXPR_OP_ANY")))
        condition->has_list = true;
    else
        condition->has_other |= !pgr_str_eq(name, "<>");
}

static struct condition look_at_where(const struct pgr_json *where)
{
    struct condition condition = {0};
    const struct pgr_json *both = pgr_json_get(where, "BoolExpr");
    if (!pgr_str_eq(pgr_json_text(pgr_json_get(both, "boolop")), "AND_EXPR")) {
        look_at_term(where, &condition);
        return condition;
    }
    for (const struct pgr_json *at = pgr_json_first(pgr_json_get(both, "args")); at; at = at->next)
        look_at_term(at, &condition);
    return condition;
}

/* The constant of LIMIT, 0 when there is none. */
static int64_t limit_of(const struct pgr_json *select)
{
    const struct pgr_json *constant = pgr_json_get(pgr_json_get(select, "limitCount"), "A_Const");
    return pgr_json_number(pgr_json_get(pgr_json_get(constant, "ival"), "ival"));
}

/* One relation in FROM, named and not computed. */
static bool reads_one_relation(const struct pgr_json *select)
{
    const struct pgr_json *only = pgr_json_only(pgr_json_get(select, "fromClause"));
    return pgr_json_get(only, "RangeVar") != NULL;
}

static enum pgr_class class_of_lookup(const struct pgr_json *select)
{
    struct condition condition = look_at_where(pgr_json_get(select, "whereClause"));
    bool is_cut = pgr_json_get(select, "sortClause") != NULL ||
                  (pgr_json_get(select, "limitCount") != NULL && limit_of(select) != 1);
    if (condition.has_list)
        return PGR_CLASS_FEATURE_RETRIEVAL;
    if (!condition.has_equality)
        return PGR_CLASS_OTHER;
    return is_cut || condition.has_other ? PGR_CLASS_FEATURE_RETRIEVAL : PGR_CLASS_POINT_LOOKUP;
}

enum pgr_class pgr_class_of_select(const struct pgr_json *select, const struct pgr_walk *walk)
{
    bool has_from = pgr_json_get(select, "fromClause") != NULL;
    bool has_where = pgr_json_get(select, "whereClause") != NULL;
    if (walk->block == PGR_REASON_DATA_MODIFYING_CTE)
        return PGR_CLASS_WRITE;
    if (is_vector_search(walk))
        return PGR_CLASS_VECTOR_SEARCH;
    if (walk->has_aggregate || pgr_json_get(select, "groupClause") != NULL)
        return PGR_CLASS_AGGREGATE;
    if (is_document_lookup(walk))
        return PGR_CLASS_DOCUMENT_LOOKUP;
    if (limit_of(select) >= BATCH_LIMIT)
        return PGR_CLASS_BATCH_LOAD;
    if (has_where && reads_one_relation(select))
        return class_of_lookup(select);
    if (has_from && !has_where && pgr_json_get(select, "limitCount") == NULL)
        return PGR_CLASS_BATCH_LOAD;
    return PGR_CLASS_OTHER;
}
