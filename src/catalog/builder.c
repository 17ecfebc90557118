// SPDX-License-Identifier: PostgreSQL
/*
 * Lays the joined facts out as a snapshot: worst cases by name, closures by relation.
 */
#include "builder_priv.h"

#include "index_priv.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/catalog/builtins.h"

struct pgr_builder {
    struct pgr_catalog *catalog; /* being made */
    struct pgr_facts facts;
};

struct pgr_builder *pgr_builder_create(void)
{
    struct pgr_builder *builder = pgr_new(struct pgr_builder);
    builder->catalog = pgr_new(struct pgr_catalog);
    atomic_init(&builder->catalog->refs, 1);
    builder->catalog->index = pgr_new(struct pgr_catalog_index);
    pgr_facts_init(&builder->facts, &builder->catalog->index->arena);
    return builder;
}

void pgr_builder_destroy(struct pgr_builder **pointer)
{
    struct pgr_builder *builder = *pointer;
    *pointer = NULL;
    if (builder == NULL)
        return;
    pgr_facts_fini(&builder->facts);
    pgr_catalog_unref(builder->catalog);
    pgr_free(builder);
}

enum pgr_err pgr_builder_take(struct pgr_builder *builder, enum pgr_query query,
                              const struct pgr_rows *rows)
{
    return pgr_facts_take(&builder->facts, query, rows);
}

char *pgr_builder_version(const struct pgr_builder *builder)
{
    const struct pgr_raw_server *s = &builder->facts.server;
    uint32_t both = (uint32_t)1 << PGR_QUERY_IDENTITY | (uint32_t)1 << PGR_QUERY_VERSION;
    if ((builder->facts.taken & both) != both)
        return NULL;
    return pgr_asprintf("%s/%u/%s/%d/%d/%u/%s", s->system_identifier, (unsigned)s->timeline,
                        s->postmaster_start, (int)s->is_standby, s->server_version,
                        (unsigned)s->database_oid, s->version);
}

const char *pgr_builder_pulse(const struct pgr_builder *builder)
{
    return builder->facts.server.pulse;
}

/*
 * In attribute notation nothing tells a call from a column, so a name counts only if calling it
 * could matter.
 */
static bool matters_as_attribute(const struct pgr_raw_function *raw)
{
    return raw->takes_composite && pgr_judge_function(raw) != PGR_REASON_NONE;
}

static bool add_function(struct pgr_catalog_index *index, const struct pgr_raw_function *raw)
{
    struct pgr_function *f = pgr_name_map_get(&index->functions, "", raw->name);
    if (f == NULL) {
        f = pgr_catalog_arena_alloc(&index->arena, sizeof(*f));
        if (f == NULL || !pgr_name_map_put(&index->functions, "", raw->name, f))
            return false;
        *f = (struct pgr_function){
            .name = raw->name,
            .is_builtin_only = true,
            .is_c_extension = true,
            .is_user_only = true,
        };
    }
    if (f->volatility < raw->volatility)
        f->volatility = raw->volatility;
    f->is_builtin_only &= raw->origin == PGR_ORIGIN_BUILTIN;
    f->is_c_extension &= raw->origin != PGR_ORIGIN_FOREIGN;
    f->is_user_only &= raw->origin != PGR_ORIGIN_BUILTIN;
    f->takes_composite |= matters_as_attribute(raw);
    return true;
}

static bool add_operator(struct pgr_catalog_index *index, const struct pgr_facts *facts,
                         const struct pgr_raw_operator *raw)
{
    struct pgr_operator *o = pgr_name_map_get(&index->operators, "", raw->name);
    if (o == NULL) {
        o = pgr_catalog_arena_alloc(&index->arena, sizeof(*o));
        if (o == NULL || !pgr_name_map_put(&index->operators, "", raw->name, o))
            return false;
        *o = (struct pgr_operator){
            .name = raw->name, .is_builtin_only = true, .is_c_extension = true};
    }
    const struct pgr_raw_function *f = pgr_facts_function(facts, raw->function);
    enum pgr_volatility volatility = f ? f->volatility : PGR_VOLATILE;
    enum pgr_origin origin = f ? f->origin : PGR_ORIGIN_FOREIGN;
    if (o->volatility < volatility)
        o->volatility = volatility;
    o->is_builtin_only &= raw->is_builtin && origin == PGR_ORIGIN_BUILTIN;
    o->is_c_extension &= origin != PGR_ORIGIN_FOREIGN;
    return true;
}

static bool put_names(struct pgr_name_map *map, const struct pgr_raw_names *names, void *value)
{
    bool is_done = true;
    for (size_t i = 0; i < names->count && is_done; i++)
        is_done = pgr_name_map_put(map, "", names->items[i], value);
    return is_done;
}

/* Enums are not among the rows of TYPES, which are those that may be cast to freely. */
static bool lay_out_types(struct pgr_catalog_index *index, const struct pgr_facts *facts)
{
    size_t count = facts->type_count + facts->enums.count;
    struct pgr_type *types = pgr_catalog_arena_alloc(&index->arena, count * sizeof(types[0]));
    bool is_done = types != NULL;
    for (size_t i = 0; i < count && is_done; i++) {
        bool is_enum = i >= facts->type_count;
        types[i] = is_enum ? (struct pgr_type){.name = facts->enums.items[i - facts->type_count],
                                               .runs_no_code = true}
                           : facts->types[i];
        is_done = pgr_name_map_put(&index->types, "", types[i].name, &types[i]);
    }
    return is_done;
}

static bool lay_out_names(struct pgr_catalog_index *index, const struct pgr_facts *facts)
{
    bool is_done = true;
    for (size_t i = 0; i < facts->function_count && is_done; i++)
        is_done = add_function(index, &facts->functions[i]);
    for (size_t i = 0; i < facts->operator_count && is_done; i++)
        is_done = add_operator(index, facts, &facts->operators[i]);
    for (size_t i = 0; i < facts->system.count && is_done; i++)
        is_done = pgr_name_map_put(&index->system_names, facts->system.items[2 * i],
                                   facts->system.items[2 * i + 1], index);
    return is_done && put_names(&index->date_columns, &facts->date_columns, index) &&
           lay_out_types(index, facts);
}

static struct pgr_relset *set_of(const struct pgr_builder_target *target, const uint32_t *oids,
                                 size_t count)
{
    uint32_t slots[PGR_RELSET_MAX];
    for (size_t i = 0; i < count; i++)
        slots[i] = target->slot_of(target->arg, target->database_id, oids[i]);
    return pgr_relset_create(slots, count);
}

static void close_relation(const struct pgr_facts *facts, const struct pgr_raw_relation *raw,
                           const struct pgr_builder_target *target, struct pgr_relation *out)
{
    uint32_t oids[PGR_RELSET_MAX];
    size_t count;
    out->read_block = pgr_close_reads(facts, raw, oids, &count);
    out->reads = set_of(target, oids, count);
    bool is_alone = count == 1;
    if (!pgr_close_writes(facts, raw, oids, &count))
        return;
    out->writes = is_alone && count == 1 ? pgr_relset_ref(out->reads) : set_of(target, oids, count);
}

static bool lay_out_relations(struct pgr_catalog_index *index, const struct pgr_facts *facts,
                              const struct pgr_builder_target *target)
{
    index->relations =
        pgr_catalog_arena_alloc(&index->arena, facts->relation_count * sizeof(index->relations[0]));
    if (index->relations == NULL)
        return false;
    for (size_t i = 0; i < facts->relation_count; i++) {
        const struct pgr_raw_relation *raw = &facts->relations[i];
        struct pgr_relation *out = &index->relations[i];
        *out = (struct pgr_relation){
            .oid = raw->oid,
            .slot = target->slot_of(target->arg, target->database_id, raw->oid),
            .schema = raw->schema,
            .name = raw->name,
            .kind = raw->kind,
            .persistence = raw->persistence,
            .has_row_security = raw->has_row_security,
        };
        close_relation(facts, raw, target, out);
        index->relation_count = i + 1;
        if (!pgr_name_map_put(&index->relation_names, raw->schema, raw->name, out))
            return false;
    }
    return true;
}

static bool lay_out_server(struct pgr_catalog *catalog, const struct pgr_facts *facts,
                           const struct pgr_builder_target *target)
{
    catalog->epoch = target->epoch;
    catalog->database_id = target->database_id;
    catalog->database_oid = facts->server.database_oid;
    catalog->all_slot = target->slot_of(target->arg, target->database_id, 0);
    catalog->system_identifier = facts->server.system_identifier;
    catalog->timeline = facts->server.timeline;
    catalog->postmaster_start = facts->server.postmaster_start;
    catalog->is_standby = facts->server.is_standby;
    catalog->server_version = facts->server.server_version;
    size_t size = facts->settings.count * sizeof(facts->settings.items[0]);
    const char **settings = pgr_catalog_arena_alloc(&catalog->index->arena, size);
    if (settings == NULL)
        return false;
    if (size > 0)
        memcpy(settings, facts->settings.items, size);
    catalog->extra_settings = settings;
    catalog->extra_setting_count = facts->settings.count;
    return true;
}

struct pgr_catalog *pgr_builder_finish(struct pgr_builder *builder,
                                       const struct pgr_builder_target *target)
{
    struct pgr_catalog *catalog = builder->catalog;
    struct pgr_facts *facts = &builder->facts;
    if (catalog == NULL || facts->taken != ((uint32_t)1 << PGR_QUERY_COUNT) - 1)
        return NULL;
    if (!pgr_facts_join(facts) || !lay_out_server(catalog, facts, target) ||
        !lay_out_names(catalog->index, facts) || !lay_out_relations(catalog->index, facts, target))
        return NULL;
    builder->catalog = NULL;
    pgr_facts_fini(facts);
    return catalog;
}
