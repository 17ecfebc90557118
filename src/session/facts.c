// SPDX-License-Identifier: PostgreSQL
/*
 * The probe is one SELECT. Its first columns are judged (server, pooler, temp objects, settings that
 * make results unsafe to share); from `session_user` on they enter the context byte for byte, so a
 * setting is keyed by being listed. Every name is schema-qualified: the session's search_path, which
 * the probe asks for, must not decide what the probe means.
 */
#include "facts_priv.h"

#include <stdlib.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/catalog/identity.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/encode.h"
#include "pgrecall/wire/frame.h"

/* Columns before the context; the order of judged_columns. */
enum judged {
    JUDGED_PID,
    JUDGED_SYSTEM,
    JUDGED_TIMELINE,
    JUDGED_START,
    JUDGED_RECOVERY,
    JUDGED_TEMP,
    JUDGED_ISOLATION,
    JUDGED_MESSAGES,
    JUDGED_IDLE,
    JUDGED_STRINGS,
    JUDGED_ENCODING,
    JUDGED_PREPARED,
    JUDGED_SCHEMA_COUNT,
    JUDGED_SCHEMAS,
    JUDGED_COUNT
};

#define SETTING(name) "pg_catalog.current_setting('" name "')"

/* Resolving a search_path that names pg_temp would make the schema: the probe changes nothing. */
#define SCHEMAS "pg_catalog.current_schemas(true)"
#define UNLESS_TEMP(value)                                                                         \
    "CASE WHEN pg_catalog.strpos(" SETTING(                                                        \
        "search_path") ", 'pg_temp') OPERATOR(pg_catalog.>) 0 THEN NULL ELSE " value " END"

/* A name may be given to another role while a session lives. */
#define ROLE_OID(user)                                                                             \
    "(SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) " user ")"
#define WHO_COLUMNS 4

static const char *const judged_columns[JUDGED_COUNT] = {
    [JUDGED_PID] = "pg_catalog.pg_backend_pid()",
    [JUDGED_SYSTEM] = PGR_SQL_SYSTEM_IDENTIFIER,
    [JUDGED_TIMELINE] = PGR_SQL_TIMELINE,
    [JUDGED_START] = PGR_SQL_POSTMASTER_START,
    [JUDGED_RECOVERY] = "pg_catalog.pg_is_in_recovery()",
    [JUDGED_TEMP] =
        "CASE WHEN pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN "
        "false ELSE EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace "
        "OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) OR EXISTS (SELECT 1 FROM "
        "pg_catalog.pg_type WHERE typnamespace OPERATOR(pg_catalog.=) "
        "pg_catalog.pg_my_temp_schema()) OR EXISTS (SELECT 1 FROM pg_catalog.pg_operator WHERE "
        "oprnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) END",
    [JUDGED_ISOLATION] = SETTING("default_transaction_isolation"),
    [JUDGED_MESSAGES] = SETTING("client_min_messages"),
    [JUDGED_IDLE] = SETTING("idle_session_timeout"),
    [JUDGED_STRINGS] = SETTING("standard_conforming_strings"),
    [JUDGED_ENCODING] = SETTING("client_encoding"),
    /* NULL if SQL's own PREPARE made one: it may have given a name another meaning. */
    [JUDGED_PREPARED] = "CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_prepared_statements p WHERE "
                        "p.from_sql) THEN "
                        "NULL ELSE (SELECT pg_catalog.string_agg(p.name, pg_catalog.chr(1)) FROM "
                        "pg_catalog.pg_prepared_statements p) END",
    [JUDGED_SCHEMA_COUNT] = UNLESS_TEMP("pg_catalog.cardinality(" SCHEMAS ")"),
    [JUDGED_SCHEMAS] = UNLESS_TEMP("pg_catalog.array_to_string(" SCHEMAS ", pg_catalog.chr(1))"),
};

/* A2: what changes output or the meaning of a statement. Missing names (older servers) are NULL. */
static const char *const keyed_settings[] = {
    "search_path",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "timezone_abbreviations",
    "extra_float_digits",
    "bytea_output",
    "client_encoding",
    "server_encoding",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "xmlbinary",
    "xmloption",
    "array_nulls",
    "transform_null_equals",
    "backslash_quote",
    "escape_string_warning",
    "default_text_search_config",
    "quote_all_identifiers",
    "row_security",
    "session_replication_role",
    "gin_fuzzy_search_limit",
    "restrict_nonsystem_relation_kind",
    "default_transaction_read_only",
    "enable_group_by_reordering",
    "icu_validation_level",
    "hnsw.ef_search",
    "hnsw.iterative_scan",
    "hnsw.max_scan_tuples",
    "hnsw.scan_mem_multiplier",
    "ivfflat.probes",
    "ivfflat.iterative_scan",
    "ivfflat.max_probes",
    "pg_trgm.similarity_threshold",
    "pg_trgm.word_similarity_threshold",
    "pg_trgm.strict_word_similarity_threshold",
};

/* Encodings whose bytes below 0x80 are always ASCII (A1). */
static const char *const safe_encodings[] = {"UTF8", "SQL_ASCII", "LATIN", "ISO_8859",
                                             "WIN",  "KOI8",      "EUC"};

void pgr_backend_init(struct pgr_backend_facts *facts)
{
    *facts = (struct pgr_backend_facts){.reason = PGR_REASON_SETTINGS_UNKNOWN};
}

static void drop_learned(struct pgr_backend_facts *facts)
{
    pgr_context_unref(facts->context);
    facts->context = NULL;
    facts->state = PGR_FACTS_UNKNOWN;
    facts->reason = PGR_REASON_SETTINGS_UNKNOWN;
}

static void drop_prepared(struct pgr_backend_facts *facts)
{
    pgr_free(facts->prepared);
    facts->prepared = NULL;
}

static void drop_path(struct pgr_backend_facts *facts)
{
    pgr_free(facts->schemas);
    pgr_free(facts->schema_text);
    facts->schemas = NULL;
    facts->schema_text = NULL;
    facts->path = (struct pgr_search_path){0};
    facts->is_path_known = false;
}

void pgr_backend_fini(struct pgr_backend_facts *facts)
{
    drop_learned(facts);
    drop_path(facts);
    drop_prepared(facts);
    for (size_t i = 0; i < facts->extra_count; i++)
        pgr_free(facts->extra[i]);
    facts->extra_count = 0;
}

void pgr_backend_forget_settings(struct pgr_backend_facts *facts)
{
    facts->generation++;
    drop_learned(facts);
}

void pgr_backend_forget(struct pgr_backend_facts *facts)
{
    facts->generation++;
    drop_learned(facts);
    drop_path(facts);
}

static bool is_keyed(const char *name)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(keyed_settings); i++)
        if (pgr_str_eq(keyed_settings[i], name))
            return true;
    return false;
}

/*
 * PostgreSQL takes no other names, but a client may say them; under standard_conforming_strings = off
 * or an odd client_encoding a backslash or a cut character would end the literal, and the client
 * would write the row that says who it is.
 */
static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') &&
            *c != '.' && *c != '_' && *c != '$')
            return false;
    return true;
}

void pgr_backend_note_setting(struct pgr_backend_facts *facts, const char *name)
{
    if (is_keyed(name))
        return;
    if (!is_plain(name)) {
        facts->has_unseen_extra = true;
        return;
    }
    for (size_t i = 0; i < facts->extra_count; i++)
        if (pgr_str_eq(facts->extra[i], name))
            return;
    if (facts->extra_count == PGR_EXTRA_SETTINGS_MAX) {
        facts->has_unseen_extra = true;
        return;
    }
    facts->extra[facts->extra_count++] = pgr_strdup(name);
}

/* One more column: the setting's value, NULL if the server does not know it. */
static void add_setting(struct pgr_buf *sql, const char *name)
{
    if (is_plain(name))
        (void)pgr_buf_printf(sql, ", pg_catalog.current_setting('%s', true)", name);
    else
        (void)pgr_buf_put_bytes(sql, PGR_BYTES_LIT(", NULL"));
}

static void build_sql(const struct pgr_backend_facts *facts, const struct pgr_catalog *catalog,
                      struct pgr_buf *sql)
{
    (void)pgr_buf_printf(sql, "SELECT ");
    for (size_t i = 0; i < JUDGED_COUNT; i++)
        (void)pgr_buf_printf(sql, "%s%s", i ? ", " : "", judged_columns[i]);
    (void)pgr_buf_printf(sql, ", session_user, current_user, " ROLE_OID(
                                  "session_user") ", " ROLE_OID("current_user"));
    for (size_t i = 0; i < PGR_ARRAY_LEN(keyed_settings); i++)
        add_setting(sql, keyed_settings[i]);
    for (size_t i = 0; i < catalog->extra_setting_count; i++)
        add_setting(sql, catalog->extra_settings[i]);
    for (size_t i = 0; i < facts->extra_count; i++)
        add_setting(sql, facts->extra[i]);
    (void)pgr_buf_put_u8(sql, 0);
}

void pgr_backend_probe(const struct pgr_backend_facts *facts, const struct pgr_catalog *catalog,
                       struct pgr_buf *out)
{
    struct pgr_buf sql;
    pgr_buf_init(&sql, (size_t)1 << 20);
    build_sql(facts, catalog, &sql);
    pgr_encode_parse(out, PGR_PROBE_NAME, (const char *)pgr_buf_bytes(&sql).at);
    pgr_encode_bind_plain(out, PGR_PROBE_NAME);
    pgr_encode_execute_all(out);
    pgr_encode_close_statement(out, PGR_PROBE_NAME);
    pgr_encode_sync(out);
    pgr_buf_fini(&sql);
}

void pgr_backend_refuse(struct pgr_backend_facts *facts, enum pgr_reason reason)
{
    drop_learned(facts);
    facts->state = PGR_FACTS_REFUSED;
    facts->reason = reason;
}

/* Everything that may differ between two sessions can be asked for. */
static bool is_all_seen(const struct pgr_backend_facts *facts, const struct pgr_catalog *catalog)
{
    for (size_t i = 0; i < catalog->extra_setting_count; i++)
        if (!is_plain(catalog->extra_settings[i]))
            return false;
    return !facts->has_unseen_extra;
}

static bool is_text(struct pgr_bytes value, const char *text)
{
    return value.at != NULL && pgr_bytes_eq(value, pgr_bytes_str(text));
}

static bool is_safe_encoding(struct pgr_bytes value)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(safe_encodings); i++) {
        size_t len = strlen(safe_encodings[i]);
        if (value.len >= len && memcmp(value.at, safe_encodings[i], len) == 0)
            return true;
    }
    return false;
}

static uint64_t number(struct pgr_bytes value)
{
    char text[32];
    if (value.at == NULL || value.len >= sizeof(text))
        return UINT64_MAX;
    memcpy(text, value.at, value.len);
    text[value.len] = 0;
    return strtoull(text, NULL, 10);
}

static enum pgr_reason judge(const struct pgr_bytes *v, const struct pgr_facts_expect *expect)
{
    const struct pgr_catalog *catalog = expect->catalog;
    if (number(v[JUDGED_PID]) != expect->backend_pid)
        return PGR_REASON_POOLER_UPSTREAM;
    if (is_text(v[JUDGED_RECOVERY], "t"))
        return PGR_REASON_STANDBY;
    if (!is_text(v[JUDGED_SYSTEM], catalog->system_identifier) ||
        !is_text(v[JUDGED_START], catalog->postmaster_start) ||
        number(v[JUDGED_TIMELINE]) != catalog->timeline)
        return PGR_REASON_OTHER_SERVER;
    if (!is_text(v[JUDGED_TEMP], "f"))
        return PGR_REASON_TEMP_OBJECTS;
    if (!is_text(v[JUDGED_IDLE], "0"))
        return PGR_REASON_IDLE_TIMEOUT;
    if (!is_text(v[JUDGED_ISOLATION], "read committed") || !is_text(v[JUDGED_STRINGS], "on") ||
        !is_safe_encoding(v[JUDGED_ENCODING]) ||
        !(is_text(v[JUDGED_MESSAGES], "notice") || is_text(v[JUDGED_MESSAGES], "warning") ||
          is_text(v[JUDGED_MESSAGES], "error")))
        return PGR_REASON_UNSAFE_SETTING;
    return PGR_REASON_NONE;
}

static bool learn_path(struct pgr_backend_facts *facts, const struct pgr_bytes *v)
{
    uint64_t count = number(v[JUDGED_SCHEMA_COUNT]);
    drop_path(facts);
    if (count > 1000 || v[JUDGED_SCHEMAS].at == NULL)
        return false;
    facts->schema_text = pgr_strndup((const char *)v[JUDGED_SCHEMAS].at, v[JUDGED_SCHEMAS].len);
    facts->schemas = pgr_new_array(const char *, count + 1);
    size_t found = 0;
    char *rest = facts->schema_text;
    if (count == 0 && *rest == 0)
        rest = NULL; /* no word, rather than an empty one */
    for (char *word = strsep(&rest, "\001"); word != NULL; word = strsep(&rest, "\001")) {
        if (found < count)
            facts->schemas[found] = word;
        found++;
    }
    if (found != count)
        return false; /* a schema's name holds our separator */
    facts->path = (struct pgr_search_path){facts->schemas, found};
    facts->is_path_known = true;
    return true;
}

/* Namespace, user, role, settings: length-delimited as PostgreSQL sent them (docs/key.md). */
static struct pgr_context *intern_context(const struct pgr_backend_facts *facts,
                                          const struct pgr_bytes *v, size_t count,
                                          const struct pgr_facts_expect *expect)
{
    struct pgr_buf bytes;
    pgr_buf_init(&bytes, (size_t)1 << 20);
    (void)pgr_buf_printf(&bytes, "%s/%u/%s/%u/%zu", expect->catalog->system_identifier,
                         expect->catalog->timeline, expect->catalog->postmaster_start,
                         expect->catalog->database_oid, facts->extra_count);
    (void)pgr_buf_put_u8(&bytes, 0);
    for (size_t i = 0; i < expect->catalog->extra_setting_count; i++)
        (void)pgr_buf_put_cstr(&bytes, expect->catalog->extra_settings[i]);
    for (size_t i = 0; i < facts->extra_count; i++)
        (void)pgr_buf_put_cstr(&bytes, facts->extra[i]);
    for (size_t i = JUDGED_SCHEMAS; i < count; i++) {
        (void)pgr_buf_put_u32(&bytes, v[i].at ? (uint32_t)v[i].len : UINT32_MAX);
        (void)pgr_buf_put_bytes(&bytes, v[i]);
    }
    struct pgr_context *context =
        bytes.is_short ? NULL : pgr_context_intern(expect->contexts, pgr_buf_bytes(&bytes));
    pgr_buf_fini(&bytes);
    return context;
}

void pgr_backend_learn(struct pgr_backend_facts *facts, struct pgr_bytes row,
                       const struct pgr_facts_expect *expect)
{
    size_t count = JUDGED_COUNT + WHO_COLUMNS + PGR_ARRAY_LEN(keyed_settings) +
                   expect->catalog->extra_setting_count + facts->extra_count;
    struct pgr_bytes *values = pgr_new_array(struct pgr_bytes, count);
    enum pgr_reason reason = PGR_REASON_SETTINGS_UNKNOWN;
    if (pgr_msg_data_row(row, values, count) && is_all_seen(facts, expect->catalog)) {
        reason = judge(values, expect);
        if (!learn_path(facts, values) && reason == PGR_REASON_NONE)
            reason = PGR_REASON_SETTINGS_UNKNOWN;
    }
    if (reason == PGR_REASON_TEMP_OBJECTS || reason == PGR_REASON_POOLER_UPSTREAM)
        drop_path(facts); /* names may mean something else */
    pgr_backend_refuse(facts, reason);
    facts->conf_epoch = expect->conf_epoch; /* what is refused is not asked again either */
    facts->epoch = expect->catalog->epoch;
    drop_prepared(facts);
    if (values[JUDGED_PREPARED].at != NULL)
        facts->prepared =
            pgr_strndup((const char *)values[JUDGED_PREPARED].at, values[JUDGED_PREPARED].len);
    if (reason == PGR_REASON_NONE) {
        facts->context = intern_context(facts, values, count, expect);
        if (facts->context != NULL)
            facts->state = PGR_FACTS_KNOWN;
        else
            facts->reason = PGR_REASON_NO_MEMORY;
    }
    pgr_free(values);
}
