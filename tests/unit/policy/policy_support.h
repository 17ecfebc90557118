// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * policy_support.h - one small database that has everything the policy tells apart.
 *
 * Tables and views are named for what they are; tests refer to them by name and to slots by the
 * oids below.
 */
#include "analysis.h"
#include "fake_catalog.h"

#include "pgrecall/policy/effects.h"
#include "pgrecall/policy/verdict.h"

#define MANY_FIRST 1000 /* of 80 tables under two views */
#define MANY_COUNT 80

// clang-format off
/* oid, schema, name, kind, persistence, row security, triggers, rules, timetz */
static const char *const relation_rows[] = {
    "101;public;features;r;p;f;f;f;f",
    "102;public;documents;r;p;f;f;f;f",
    "103;public;training_data;r;p;f;f;f;f",
    "104;public;user_features;r;p;f;f;f;f",
    "105;public;proj_view;r;p;f;f;f;f",
    "106;public;chunks;r;p;f;f;f;f",
    "107;public;langchain_pg_collection;r;p;f;f;f;f",
    "108;public;langchain_pg_embedding;r;p;f;f;f;f",
    "109;public;t;r;p;f;f;f;f",
    "110;public;registered_models;r;p;f;f;f;f",
    "111;public;model_versions;r;p;f;f;f;f",
    "112;public;model_version_tags;r;p;f;f;f;f",
    "113;public;runs;r;p;f;f;f;f",
    "114;public;performance_metrics;r;p;f;f;f;f",
    "115;public;unlogged;r;u;f;f;f;f",
    "120;public;events;p;p;f;f;f;f",
    "121;public;events_1;r;p;f;f;f;f",
    "122;public;events_2;r;p;f;f;f;f",
    "130;public;orders;r;p;f;f;f;f",
    "131;public;order_lines;r;p;f;f;f;f",
    "140;public;triggered;r;p;f;t;f;f",
    "141;public;secret;r;p;t;f;f;f",
    "142;public;policed;r;p;t;f;f;f",
    "143;public;defaulted;r;p;f;f;f;f",
    "144;public;ruled;r;p;f;f;t;f",
    "150;public;plain_view;v;p;f;f;f;f",
    "151;public;clock_view;v;p;f;f;f;f",
    "152;public;calling_view;v;p;f;f;f;f",
    "153;public;secret_view;v;p;f;f;f;f",
    "154;public;many_left;v;p;f;f;f;f",
    "155;public;many_right;v;p;f;f;f;f",
    "160;public;summary;m;p;f;f;f;f",
    "161;public;elsewhere;f;p;f;f;f;f",
    "162;public;ids;S;p;f;f;f;f",
    "163;public;scratch;r;t;f;f;f;f",
    "164;public;offices;r;p;f;f;f;t",
    "170;app;features;r;p;f;f;f;f",
    "171;app;only_here;r;p;f;f;f;f",
};

static const char *const system_rows[] = {
    "pg_catalog;pg_class", "pg_catalog;pg_type", "pg_catalog;pg_tables", "pg_catalog;pg_settings",
    "information_schema;tables",
};

static const char *const child_rows[] = {"120;121", "120;122"};
static const char *const cascade_rows[] = {"130;131"};
static const char *const code_rows[] = {"p;142", "r;143"};

static const char *const view_rows[] = {
    "150;NQUERY NVAR R101",
    "151;NQUERY NFUNCEXPR F20 R101",
    "152;NQUERY NFUNCEXPR F202 R101",
    "153;NQUERY R141",
};

/* oid, name, volatility, origin, callable with a row alone */
static const char *const function_rows[] = {
    /* PostgreSQL's own */
    "1;count;i;b;~", "2;lower;i;b;f", "3;rank;i;b;~", "4;to_tsvector;s;b;f",
    "5;plainto_tsquery;s;b;f", "6;ts_rank_cd;i;b;f", "7;jsonb_path_match;i;b;f", "8;round;i;b;f",
    "9;quote_ident;i;b;f", "10;upper;i;b;f", "11;avg;i;b;f", "12;date_trunc;s;b;f",
    "13;extract;s;b;f", "14;row_to_json;s;b;t", "15;age;s;b;f", "16;max;i;b;f", "17;date;s;b;f",
    "20;now;s;b;~", "21;random;v;b;~", "22;nextval;v;b;f", "23;set_config;v;b;f",
    "24;pg_advisory_lock;v;b;f", "25;pg_advisory_xact_lock;v;b;f",
    "26;pg_try_advisory_lock;v;b;f", "27;pg_advisory_unlock_all;v;b;~", "28;pg_sleep;v;b;f",
    "29;query_to_xml;v;b;f", "30;lo_create;v;b;f", "31;to_regtype;s;b;f", "32;version;s;b;~",
    "33;current_schema;s;b;~", "34;current_setting;s;b;f", "35;pg_reload_conf;v;b;~",
    "36;pg_total_relation_size;v;b;f", "37;pg_replication_slot_advance;v;b;f",
    "38;ts_stat;i;b;f", "39;hashed;i;b;t",
    /* operators' */
    "60;texteq;i;b;f", "61;timestamptz_eq_date;s;b;f", "62;int4pl;i;b;f", "63;textlike;i;b;f",
    "64;ts_match_tt;s;b;f", "65;int4mod;i;b;f", "66;oddly;v;b;f",
    /* extensions' */
    "100;cosine_distance;i;c;f", "101;l2_distance;i;c;f", "102;inner_product;i;c;f",
    "103;avg;i;c;f", "104;uuid_generate_v4;v;c;~", "105;dblink;v;c;f", "106;crosstab;s;c;f",
    "107;similarity_op;s;c;f", "108;fickle;v;c;f", "109;tenant_of;s;c;f",
    /* users' */
    "200;vector_distance;i;u;f", "201;score_of;s;u;f", "202;log_access;v;u;f",
    "203;upper;v;u;f", "204;full_name;i;u;t", "205;my_sum;i;c;f", "206;age;v;u;f",
    "207;initcap;i;u;f",
    "50;initcap;i;b;f",
};

static const char *const aggregate_rows[] = {"205;202"};

/* Of users alone: what no overload of PostgreSQL's own is named like. */
static const char *const user_names[] = {"vector_distance", "score_of", "log_access", "full_name",
                                         "my_sum", "fickle", "tenant_of"};

static const char *const operator_rows[] = {
    "=;60;t", "=;61;t", "=;100;f", "<;60;t", "<;61;t", ">;60;t", ">;61;t", "<=;61;t", ">=;61;t",
    "<>;60;t", "+;62;t", "-;62;t", "/;62;t", "->>;60;t", "->;60;t", "~~;63;t", "@@;64;t", "||;62;t",
    "%;65;t", "%;107;f", "<->;101;f", "<=>;100;f", "<#>;102;f", "<+>;101;f",
    "===;200;f", "~>;107;f", "<~;108;f", "!!;66;t",
};

/* name, plain, plain or an extension's */
static const char *const type_rows[] = {
    "text;t;t", "int4;t;t", "int8;t;t", "numeric;t;t", "varchar;t;t", "uuid;t;t", "jsonb;t;t",
    "jsonpath;t;t", "oid;t;t", "bool;t;t", "date;t;t", "_date;t;t", "timestamptz;t;t",
    "timestamp;t;t", "tstzrange;t;t", "float8;t;t", "vector;f;t", "shadowed;f;f", "mood;f;f",
};
// clang-format on

struct many_rows {
    char text[MANY_COUNT + PGR_ARRAY_LEN(relation_rows)][64];
    const char *rows[MANY_COUNT + PGR_ARRAY_LEN(relation_rows)];
    char words[2][1024];
    const char *views[PGR_ARRAY_LEN(view_rows) + 2];
};

/* Two views over 40 tables each: one is few enough, both are too many. */
static inline void make_many(struct many_rows *many)
{
    size_t count = 0;
    for (size_t i = 0; i < PGR_ARRAY_LEN(relation_rows); i++)
        many->rows[count++] = relation_rows[i];
    for (size_t i = 0; i < PGR_ARRAY_LEN(view_rows); i++)
        many->views[i] = view_rows[i];
    for (int side = 0; side < 2; side++) {
        size_t len = (size_t)snprintf(many->words[side], 1024, "%d;NQUERY", 154 + side);
        for (int i = 0; i < MANY_COUNT / 2; i++) {
            int oid = MANY_FIRST + side * MANY_COUNT / 2 + i;
            len += (size_t)snprintf(many->words[side] + len, 1024 - len, " R%d", oid);
            snprintf(many->text[count], 64, "%d;public;many_%d;r;p;f;f;f;f", oid, oid);
            many->rows[count] = many->text[count];
            count++;
        }
        many->views[PGR_ARRAY_LEN(view_rows) + (size_t)side] = many->words[side];
    }
}

#define FAKE_TABLE(array)                                                                          \
    {                                                                                              \
        .rows = (array), .count = PGR_ARRAY_LEN(array)                                             \
    }

/*
 * What only the newest contract of the snapshot says is put in by hand: true for these names
 * whether the builder says so or not.
 */
static inline void mark_names(const struct pgr_catalog *catalog)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(user_names); i++) {
        const struct pgr_function *function = pgr_catalog_function(catalog, user_names[i]);
        assert_non_null(function);
        ((struct pgr_function *)(uintptr_t)function)->is_user_only = true;
    }
    const struct pgr_type *mood = pgr_catalog_type(catalog, "mood");
    assert_non_null(mood);
    ((struct pgr_type *)(uintptr_t)mood)->runs_no_code = true;
}

static inline struct pgr_catalog *small_database(void)
{
    static struct many_rows many;
    make_many(&many);
    static struct fake_table tables[PGR_QUERY_COUNT] = {
        [PGR_QUERY_RELATIONS] = FAKE_TABLE(many.rows),
        [PGR_QUERY_SYSTEM] = FAKE_TABLE(system_rows),
        [PGR_QUERY_CHILDREN] = FAKE_TABLE(child_rows),
        [PGR_QUERY_CASCADES] = FAKE_TABLE(cascade_rows),
        [PGR_QUERY_USER_CODE] = FAKE_TABLE(code_rows),
        [PGR_QUERY_VIEWS] = FAKE_TABLE(many.views),
        [PGR_QUERY_FUNCTIONS] = FAKE_TABLE(function_rows),
        [PGR_QUERY_AGGREGATES] = FAKE_TABLE(aggregate_rows),
        [PGR_QUERY_OPERATORS] = FAKE_TABLE(operator_rows),
        [PGR_QUERY_TYPES] = FAKE_TABLE(type_rows),
    };
    struct pgr_catalog *catalog = fake_catalog(tables);
    mark_names(catalog);
    return catalog;
}

static const char *const public_schemas[] = {"pg_catalog", "public"};
static const struct pgr_search_path public_path = {public_schemas, 2};
static const char *const app_schemas[] = {"app", "public"};
static const struct pgr_search_path app_path = {app_schemas, 2};

/* Settings with these rules, at their defaults else. */
static inline struct pgr_settings settings_with(const struct pgr_rule *rules, size_t count)
{
    return (struct pgr_settings){
        .cache_enabled = true,
        .cache_local_ttl_us = 10000000,
        .cache_max_staleness_us = 10000000,
        .rules = rules,
        .rule_count = count,
    };
}
