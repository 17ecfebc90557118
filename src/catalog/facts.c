// SPDX-License-Identifier: PostgreSQL
/*
 * Rows to arrays. Each query has one function that takes its rows; a value that is not what the
 * query promises spoils the whole load, since half a catalog is worse than none.
 */
#include "facts_priv.h"

#include <ctype.h>
#include <stdlib.h>

#include "pgrecall/base/mem.h"

/* One load's reading position: the first wrong value makes everything after it moot. */
struct cursor {
    const struct pgr_rows *rows;
    struct pgr_facts *facts;
    int row;
    bool is_bad;
};

static const char *raw_at(struct cursor *c, int column)
{
    const char *value = c->rows->value(c->rows->self, c->row, column);
    if (value == NULL)
        c->is_bad = true;
    return value ? value : "";
}

static const char *text_at(struct cursor *c, int column)
{
    return pgr_catalog_arena_str(c->facts->arena, raw_at(c, column));
}

static uint32_t oid_at(struct cursor *c, int column)
{
    const char *value = raw_at(c, column);
    char *end = NULL;
    unsigned long number = isdigit((unsigned char)value[0]) ? strtoul(value, &end, 10) : 0;
    if (end == NULL || *end != '\0' || number > UINT32_MAX)
        c->is_bad = true;
    return (uint32_t)number;
}

static char letter_at(struct cursor *c, int column)
{
    const char *value = raw_at(c, column);
    if (value[0] == '\0' || value[1] != '\0')
        c->is_bad = true;
    return value[0];
}

static bool flag_at(struct cursor *c, int column)
{
    char letter = letter_at(c, column);
    if (letter != 't' && letter != 'f')
        c->is_bad = true;
    return letter == 't';
}

/* An array of one item a row, zeroed; NULL when memory is short. */
static void *array_for(struct cursor *c, size_t item_size)
{
    size_t size = (size_t)c->rows->count * item_size;
    void *array = pgr_try_alloc(size);
    if (array == NULL) {
        c->facts->arena->is_short = true;
        return NULL;
    }
    return memset(array, 0, size);
}

static bool next_row(struct cursor *c)
{
    return ++c->row < c->rows->count;
}

static void take_identity(struct cursor *c)
{
    struct pgr_raw_server *server = &c->facts->server;
    if (!next_row(c)) {
        c->is_bad = true;
        return;
    }
    server->database_oid = oid_at(c, 0);
    server->system_identifier = text_at(c, 1);
    server->timeline = oid_at(c, 2);
    server->postmaster_start = text_at(c, 3);
    server->is_standby = flag_at(c, 4);
    server->server_version = (int)(oid_at(c, 5) & 0x7fffffff);
    server->pulse = text_at(c, 6);
}

static void take_version(struct cursor *c)
{
    if (next_row(c))
        c->facts->server.version = text_at(c, 0);
    else
        c->is_bad = true;
}

static void take_relations(struct cursor *c)
{
    struct pgr_raw_relation *relations = array_for(c, sizeof(relations[0]));
    c->facts->relations = relations;
    while (relations != NULL && next_row(c)) {
        relations[c->facts->relation_count++] = (struct pgr_raw_relation){
            .oid = oid_at(c, 0),
            .schema = text_at(c, 1),
            .name = text_at(c, 2),
            .kind = letter_at(c, 3),
            .persistence = letter_at(c, 4),
            .has_row_security = flag_at(c, 5),
            .has_triggers = flag_at(c, 6),
            .has_rules = flag_at(c, 7),
            .has_timetz = flag_at(c, 8),
        };
    }
}

static void take_edges(struct cursor *c, struct pgr_edges *edges)
{
    edges->items = array_for(c, sizeof(edges->items[0]));
    while (edges->items != NULL && next_row(c))
        edges->items[edges->count++] = (struct pgr_edge){oid_at(c, 0), oid_at(c, 1)};
}

static void take_children(struct cursor *c)
{
    take_edges(c, &c->facts->children);
}

static void take_cascades(struct cursor *c)
{
    take_edges(c, &c->facts->cascades);
}

static void take_aggregates(struct cursor *c)
{
    take_edges(c, &c->facts->aggregates);
}

static void take_user_code(struct cursor *c)
{
    struct pgr_edges *edges = &c->facts->code;
    edges->items = array_for(c, sizeof(edges->items[0]));
    while (edges->items != NULL && next_row(c))
        edges->items[edges->count++] =
            (struct pgr_edge){oid_at(c, 1), (uint32_t)(unsigned char)letter_at(c, 0)};
}

static void take_views(struct cursor *c)
{
    struct pgr_facts *facts = c->facts;
    struct pgr_edges *at = &facts->view_at;
    at->items = array_for(c, sizeof(at->items[0]));
    facts->view_words = array_for(c, sizeof(facts->view_words[0]));
    while (at->items != NULL && facts->view_words != NULL && next_row(c)) {
        facts->view_words[at->count] = text_at(c, 1);
        at->items[at->count] = (struct pgr_edge){oid_at(c, 0), (uint32_t)at->count};
        at->count++;
    }
}

static enum pgr_volatility volatility_at(struct cursor *c, int column)
{
    char letter = letter_at(c, column);
    if (letter != 'i' && letter != 's' && letter != 'v')
        c->is_bad = true;
    return letter == 'i' ? PGR_IMMUTABLE : letter == 's' ? PGR_STABLE : PGR_VOLATILE;
}

static enum pgr_origin origin_at(struct cursor *c, int column)
{
    char letter = letter_at(c, column);
    return letter == 'b'   ? PGR_ORIGIN_BUILTIN
           : letter == 'c' ? PGR_ORIGIN_EXTENSION
                           : PGR_ORIGIN_FOREIGN;
}

static void take_functions(struct cursor *c)
{
    struct pgr_raw_function *functions = array_for(c, sizeof(functions[0]));
    c->facts->functions = functions;
    while (functions != NULL && next_row(c)) {
        /* NULL: no argument at all. */
        const char *composite = c->rows->value(c->rows->self, c->row, 4);
        functions[c->facts->function_count++] = (struct pgr_raw_function){
            .oid = oid_at(c, 0),
            .name = text_at(c, 1),
            .volatility = volatility_at(c, 2),
            .origin = origin_at(c, 3),
            .takes_composite = composite != NULL && flag_at(c, 4),
        };
    }
}

static void take_operators(struct cursor *c)
{
    struct pgr_raw_operator *operators = array_for(c, sizeof(operators[0]));
    c->facts->operators = operators;
    while (operators != NULL && next_row(c)) {
        operators[c->facts->operator_count++] = (struct pgr_raw_operator){
            .name = text_at(c, 0),
            .function = oid_at(c, 1),
            .is_builtin = flag_at(c, 2),
        };
    }
}

static void take_types(struct cursor *c)
{
    struct pgr_type *types = array_for(c, sizeof(types[0]));
    c->facts->types = types;
    while (types != NULL && next_row(c)) {
        bool is_plain = flag_at(c, 1);
        types[c->facts->type_count++] = (struct pgr_type){
            .name = text_at(c, 0),
            .is_builtin_plain = is_plain,
            .is_c_extension = flag_at(c, 2) && !is_plain,
        };
    }
}

static void take_names(struct cursor *c, struct pgr_raw_names *names, int per_row)
{
    size_t at = 0;
    names->items = array_for(c, (size_t)per_row * sizeof(names->items[0]));
    while (names->items != NULL && next_row(c)) {
        for (int column = 0; column < per_row; column++)
            names->items[at++] = text_at(c, column);
        names->count++;
    }
}

static void take_system(struct cursor *c)
{
    take_names(c, &c->facts->system, 2);
}

static void take_enums(struct cursor *c)
{
    take_names(c, &c->facts->enums, 1);
}

static void take_date_columns(struct cursor *c)
{
    take_names(c, &c->facts->date_columns, 1);
}

static void take_settings(struct cursor *c)
{
    take_names(c, &c->facts->settings, 1);
}

static void (*const takers[PGR_QUERY_COUNT])(struct cursor *) = {
    [PGR_QUERY_IDENTITY] = take_identity,   [PGR_QUERY_VERSION] = take_version,
    [PGR_QUERY_RELATIONS] = take_relations, [PGR_QUERY_SYSTEM] = take_system,
    [PGR_QUERY_CHILDREN] = take_children,   [PGR_QUERY_CASCADES] = take_cascades,
    [PGR_QUERY_USER_CODE] = take_user_code, [PGR_QUERY_VIEWS] = take_views,
    [PGR_QUERY_FUNCTIONS] = take_functions, [PGR_QUERY_AGGREGATES] = take_aggregates,
    [PGR_QUERY_OPERATORS] = take_operators, [PGR_QUERY_TYPES] = take_types,
    [PGR_QUERY_ENUMS] = take_enums,         [PGR_QUERY_DATE_COLUMNS] = take_date_columns,
    [PGR_QUERY_SETTINGS] = take_settings,
};

enum pgr_err pgr_facts_take(struct pgr_facts *facts, enum pgr_query query,
                            const struct pgr_rows *rows)
{
    uint32_t bit = (uint32_t)1 << query;
    if (rows->columns != pgr_queries[query].columns || (facts->taken & bit) != 0)
        return PGR_ERR_INVALID;
    struct cursor c = {.rows = rows, .facts = facts, .row = -1};
    takers[query](&c);
    facts->taken |= bit;
    if (facts->arena->is_short)
        return PGR_ERR_NOMEM;
    return c.is_bad ? PGR_ERR_INVALID : PGR_OK;
}

void pgr_facts_init(struct pgr_facts *facts, struct pgr_catalog_arena *arena)
{
    *facts = (struct pgr_facts){.arena = arena};
}

void pgr_facts_fini(struct pgr_facts *facts)
{
    struct pgr_edges *const edges[] = {&facts->children, &facts->parents,   &facts->cascades,
                                       &facts->reads,    &facts->readers,   &facts->code,
                                       &facts->view_at,  &facts->aggregates};
    for (size_t i = 0; i < PGR_ARRAY_LEN(edges); i++)
        pgr_free(edges[i]->items);
    pgr_free(facts->relations);
    pgr_free(facts->view_words);
    pgr_free(facts->functions);
    pgr_free(facts->operators);
    pgr_free(facts->system.items);
    pgr_free(facts->types);
    pgr_free(facts->enums.items);
    pgr_free(facts->date_columns.items);
    pgr_free(facts->settings.items);
    *facts = (struct pgr_facts){0};
}
