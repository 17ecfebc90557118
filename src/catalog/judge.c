// SPDX-License-Identifier: PostgreSQL
/*
 * May what a view does be remembered? An allow-list over the words that PGR_QUERY_VIEWS takes from
 * the view's stored tree; labels are those of PostgreSQL 14 to 18.
 */
#include <stdlib.h>
#include <string.h>

#include "facts_priv.h"
#include "pgrecall/catalog/builtins.h"

// clang-format off
/* Nodes that add nothing of their own. Ascending. */
static const char *const harmless_nodes[] = {
    "AGGREF", "ALIAS", "ARRAY", "ARRAYEXPR", "BOOLEANTEST", "BOOLEXPR", "CASE", "CASEEXPR",
    "CASETESTEXPR", "CASEWHEN", "COALESCE", "COALESCEEXPR", "COLLATE", "COLLATEEXPR",
    "COMMONTABLEEXPR", "CONST", "CONVERTROWTYPEEXPR", "CTECYCLECLAUSE", "CTESEARCHCLAUSE",
    "DISTINCTEXPR", "FIELDSELECT", "FROMEXPR", "FUNCEXPR", "GROUPINGFUNC", "GROUPINGSET",
    "JOINEXPR", "JSONCONSTRUCTOREXPR", "JSONFORMAT", "JSONISPREDICATE", "JSONRETURNING",
    "JSONVALUEEXPR", "MINMAX", "MINMAXEXPR", "NAMEDARGEXPR", "NULLIFEXPR", "NULLTEST", "OPEXPR",
    "PARAM", "QUERY", "RANGETBLENTRY", "RANGETBLFUNCTION", "RANGETBLREF", "RELABELTYPE", "ROW",
    "ROWCOMPARE", "ROWCOMPAREEXPR", "ROWEXPR", "RTE", "RTEPERMISSIONINFO", "SCALARARRAYOPEXPR",
    "SETOPERATIONSTMT", "SORTGROUPCLAUSE", "SUBLINK", "SUBSCRIPTINGREF", "TARGETENTRY", "VAR",
    "WHEN", "WINDOWCLAUSE", "WINDOWFUNC",
};
/* Casts by way of text: harmless if no type that a cast of this view yields may read 'now'. */
static const char *const io_nodes[] = {"ARRAYCOERCEEXPR", "COERCEVIAIO"};

/*
 * Types whose input depends on nothing but the text (and keyed settings), and their arrays: bool
 * bytea char name int8 int2 int4 text json float4 float8 inet cidr bpchar varchar bit varbit
 * numeric interval uuid jsonb. Ascending.
 */
static const uint32_t safe_inputs[] = {
    16, 17, 18, 19, 20, 21, 23, 25, 114, 199, 650, 651, 700, 701, 869, 1000, 1001, 1002, 1003,
    1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1041, 1042, 1043, 1186, 1187, 1231, 1560,
    1561, 1562, 1563, 1700, 2950, 2951, 3802, 3807,
};
// clang-format on

/* One word of a view: its letter, and the text after it. */
struct word {
    char letter;
    const char *text;
    size_t len;
    uint32_t oid; /* 0 if the text is no number */
};

static bool next_word(const char **at, struct word *word)
{
    *at += strspn(*at, " ");
    size_t len = strcspn(*at, " ");
    if (len == 0)
        return false;
    word->letter = (*at)[0];
    word->text = *at + 1;
    word->len = len - 1;
    word->oid = (uint32_t)strtoul(word->text, NULL, 10);
    *at += len;
    return true;
}

size_t pgr_view_relations(const char *words, uint32_t *oids)
{
    size_t count = 0;
    struct word word;
    while (next_word(&words, &word)) {
        if (word.letter != 'R' || word.oid == 0)
            continue;
        if (oids != NULL)
            oids[count] = word.oid;
        count++;
    }
    return count;
}

static bool is_listed(const struct word *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == word->len && memcmp(list[i], word->text, word->len) == 0)
            return true;
    }
    return false;
}

static bool is_safe_input(uint32_t type)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(safe_inputs); i++) {
        if (safe_inputs[i] == type)
            return true;
    }
    return false;
}

static bool has_side_effect(const struct pgr_raw_function *function)
{
    if (function->origin != PGR_ORIGIN_BUILTIN)
        return true;
    const char *name = function->name;
    if (pgr_builtin_runs_sql(name) || pgr_builtin_changes_settings(name) ||
        pgr_builtin_takes_lock(name) || pgr_builtin_releases_locks(name))
        return true;
    return function->volatility == PGR_VOLATILE && !pgr_builtin_volatile_is_harmless(name);
}

enum pgr_reason pgr_judge_function(const struct pgr_raw_function *function)
{
    if (function->origin == PGR_ORIGIN_FOREIGN)
        return PGR_REASON_USER_FUNCTION;
    if (function->volatility == PGR_IMMUTABLE && !pgr_builtin_runs_sql(function->name))
        return PGR_REASON_NONE;
    if (has_side_effect(function))
        return PGR_REASON_USER_FUNCTION;
    if (function->volatility == PGR_STABLE && pgr_builtin_stable_is_safe(function->name))
        return PGR_REASON_NONE;
    return PGR_REASON_UNSAFE_VIEW;
}

static enum pgr_reason judge_function_oid(const struct pgr_facts *facts, uint32_t oid)
{
    if (oid == 0)
        return PGR_REASON_NONE; /* a window frame without an offset */
    const struct pgr_raw_function *function = pgr_facts_function(facts, oid);
    return function ? pgr_judge_function(function) : PGR_REASON_USER_FUNCTION;
}

/* A domain (or what contains one) whose constraints run foreign code. */
static bool is_code_type(const struct pgr_facts *facts, uint32_t oid)
{
    const struct pgr_edge *edge;
    size_t count = pgr_edges_from(&facts->code, oid, &edge);
    for (size_t i = 0; i < count; i++) {
        if (edge[i].to == 't')
            return true;
    }
    return false;
}

static enum pgr_reason judge_word(const struct pgr_facts *facts, const struct word *word)
{
    switch (word->letter) {
    case 'N':
        return is_listed(word, harmless_nodes, PGR_ARRAY_LEN(harmless_nodes)) ||
                       is_listed(word, io_nodes, PGR_ARRAY_LEN(io_nodes))
                   ? PGR_REASON_NONE
                   : PGR_REASON_UNSAFE_VIEW;
    case 'F':
        return judge_function_oid(facts, word->oid);
    case 'R':
        return PGR_REASON_NONE;
    case 'T':
        return is_code_type(facts, word->oid) ? PGR_REASON_USER_FUNCTION : PGR_REASON_NONE;
    case 'C':
        return PGR_REASON_SYSTEM_COLUMN;
    default:
        return PGR_REASON_UNSAFE_VIEW;
    }
}

/* A word that may have an effect outweighs one that merely may not be remembered. */
static enum pgr_reason worse(enum pgr_reason a, enum pgr_reason b)
{
    if (a == PGR_REASON_USER_FUNCTION || b == PGR_REASON_NONE)
        return a;
    return a == PGR_REASON_NONE || b == PGR_REASON_USER_FUNCTION ? b : a;
}

enum pgr_reason pgr_judge_view(const struct pgr_facts *facts, const char *words)
{
    enum pgr_reason block = PGR_REASON_NONE;
    bool has_io = false;
    bool has_unsafe_input = false;
    struct word word;
    while (next_word(&words, &word)) {
        block = worse(block, judge_word(facts, &word));
        if (word.letter == 'N' && is_listed(&word, io_nodes, PGR_ARRAY_LEN(io_nodes)))
            has_io = true;
        if (word.letter == 'T' && !is_safe_input(word.oid))
            has_unsafe_input = true;
    }
    return has_io && has_unsafe_input ? worse(block, PGR_REASON_UNSAFE_CAST) : block;
}
