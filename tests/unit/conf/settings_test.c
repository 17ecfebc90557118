// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

#include "pgrecall/base/log.h"

#define S  ((uint64_t)1000000)
#define MB ((uint64_t)1 << 20)

static void unset_settings_have_their_defaults(void **state)
{
    struct pgr_settings *s = settings_of(DSN_LINES);
    assert_int_equal(s->proxy_listen_count, 1);
    assert_string_equal(s->proxy_listen[0], "127.0.0.1:6433");
    assert_in_range(s->proxy_workers, 1, 4);
    assert_int_equal(s->proxy_max_clients, 1000);
    assert_int_equal(s->proxy_login_timeout_us, 60 * S);
    assert_int_equal(s->proxy_drain_timeout_us, 30 * S);
    assert_false(s->proxy_allow_trust);
    assert_string_equal(s->upstream_dsn, "postgresql://app@db/shop");
    assert_string_equal(s->upstream_service_dsn, "");
    assert_int_equal(s->upstream_connect_timeout_us, 10 * S);
    assert_true(s->cache_enabled);
    assert_int_equal(s->cache_memory, 256 * MB);
    assert_int_equal(s->cache_shards, 64);
    assert_int_equal(s->cache_max_entry, 8 * MB);
    assert_int_equal(s->cache_local_ttl_us, 10 * S);
    assert_int_equal(s->cache_max_staleness_us, 10 * S);
    assert_int_equal(s->cache_consistency, PGR_CONSISTENCY_AUTO);
    assert_false(s->cache_has_local_ttl);
    assert_false(s->cache_has_max_staleness);
    assert_int_equal(s->log_level, PGR_LOG_INFO);
    assert_int_equal(s->log_format, PGR_LOG_LOGFMT);
    assert_int_equal(s->log_interval_us, 60 * S);
    assert_int_equal(s->log_slow_query_us, 0);
    assert_int_equal(s->rule_count, 0);
    pgr_settings_unref(s);
    PGR_UNUSED(state);
}

static void the_file_sets_every_one(void **state)
{
    struct pgr_settings *s = settings_of(
        "[proxy]\nlisten = *:6433 , [::1]:7000,/run/pgrecall\nworkers = 3\nmax_clients = 7\n"
        "login_timeout = 5s\ndrain_timeout = 0\nallow_trust = on\n"
        "[upstream]\ndsn = host=h user=u\nservice_dsn = host=h user=s\nconnect_timeout = 100ms\n"
        "[cache]\nenabled = off\nmemory = 1MB\nshards = 4096\nmax_entry = 1kB\nlocal_ttl = 365d\n"
        "max_staleness = 0\nconsistency = ttl\n"
        "[log]\nlevel = debug\nformat = json\nlog_interval = 1min\nslow_query = 250ms\n");
    assert_int_equal(s->proxy_listen_count, 3);
    assert_string_equal(s->proxy_listen[0], "*:6433");
    assert_string_equal(s->proxy_listen[1], "[::1]:7000");
    assert_string_equal(s->proxy_listen[2], "/run/pgrecall");
    assert_int_equal(s->proxy_workers, 3);
    assert_int_equal(s->proxy_max_clients, 7);
    assert_int_equal(s->proxy_login_timeout_us, 5 * S);
    assert_int_equal(s->proxy_drain_timeout_us, 0);
    assert_true(s->proxy_allow_trust);
    assert_string_equal(s->upstream_dsn, "host=h user=u");
    assert_string_equal(s->upstream_service_dsn, "host=h user=s");
    assert_int_equal(s->upstream_connect_timeout_us, 100000);
    assert_false(s->cache_enabled);
    assert_int_equal(s->cache_memory, MB);
    assert_int_equal(s->cache_shards, 4096);
    assert_int_equal(s->cache_max_entry, 1024);
    assert_int_equal(s->cache_local_ttl_us, 365 * 86400 * S);
    assert_int_equal(s->cache_max_staleness_us, 0);
    assert_true(s->cache_has_local_ttl && s->cache_has_max_staleness);
    assert_int_equal(s->cache_consistency, PGR_CONSISTENCY_TTL);
    assert_int_equal(s->log_level, PGR_LOG_DEBUG);
    assert_int_equal(s->log_format, PGR_LOG_JSON);
    assert_int_equal(s->log_interval_us, 60 * S);
    assert_int_equal(s->log_slow_query_us, 250000);
    pgr_settings_unref(s);
    PGR_UNUSED(state);
}

static void the_later_source_wins(void **state)
{
    struct memory_file file = memory_file_open(PGR_BYTES_LIT(
        DSN_LINES "[cache]\nmemory = 1MB\nmax_entry = 1MB\nshards = 1\n[log]\nlevel = error\n"));
    char *environment[] = {"PATH=/bin", "PGRECALL_CACHE_MEMORY= 2MB ", "PGRECALL_CACHE_SHARDS=2",
                           "PGRECALL_LOG_LEVEL=", NULL};
    const char *overrides[] = {"cache.shards=4", "cache.shards = 8", "upstream.dsn=host=a user=b"};
    struct load load = load_source(
        (struct pgr_settings_source){file.path, overrides, PGR_ARRAY_LEN(overrides), environment});
    close(file.fd);
    assert_string_equal(load.errors, "");
    assert_int_equal(load.settings->cache_max_entry, MB);
    assert_int_equal(load.settings->cache_memory, 2 * MB);
    assert_int_equal(load.settings->cache_shards, 8);
    assert_int_equal(load.settings->log_level, PGR_LOG_ERROR);
    assert_string_equal(load.settings->upstream_dsn, "host=a user=b");
    pgr_settings_unref(load.settings);
    PGR_UNUSED(state);
}

static void the_upstream_is_all_that_is_needed(void **state)
{
    const char *override = "upstream.dsn=postgresql://h";
    char *environment[] = {"PGRECALL_UPSTREAM_DSN=postgresql://e", NULL};
    struct load load =
        load_source((struct pgr_settings_source){.overrides = &override, .override_count = 1});
    assert_int_equal(load.err, PGR_OK);
    assert_string_equal(load.settings->upstream_dsn, "postgresql://h");
    pgr_settings_unref(load.settings);
    load = load_source((struct pgr_settings_source){.environment = environment});
    assert_int_equal(load.err, PGR_OK);
    assert_string_equal(load.settings->upstream_dsn, "postgresql://e");
    pgr_settings_unref(load.settings);
    load = load_source((struct pgr_settings_source){.path = NULL});
    assert_int_equal(load.err, PGR_ERR_INVALID);
    assert_non_null(strstr(load.errors, "settings: upstream.dsn is required"));
    /* An empty later value takes an earlier one away. */
    override = "upstream.dsn=";
    load = load_source((struct pgr_settings_source){
        .overrides = &override, .override_count = 1, .environment = environment});
    assert_int_equal(load.err, PGR_ERR_INVALID);
    PGR_UNUSED(state);
}

static void the_environment_of_others_is_left_alone(void **state)
{
    char *environment[] = {"PGRECALL_UPSTREAM_DSN=postgresql://e",
                           "PGRECALL_VERSION=1",
                           "PGRECALL_",
                           "PGRECALL_=x",
                           "PGRECALL",
                           "PGRECALL_PORT=tcp://10.0.0.1:6433",
                           "PGRECALL_SERVICE_HOST=10.0.0.1",
                           "PGRECALL_REDIS_SERVICE_HOST=10.0.0.1",
                           "PGRECALL_REDIS_SERVICE_PORT=6379",
                           "PGRECALL_REDIS_SERVICE_PORT_REDIS=6379",
                           "PGRECALL_REDIS_PORT=tcp://10.0.0.1:6379",
                           "PGRECALL_REDIS_PORT_6379_TCP=tcp://10.0.0.1:6379",
                           "PGRECALL_REDIS_PORT_6379_TCP_ADDR=10.0.0.1",
                           "PGRECALL_METRICS_PORT_9633_TCP_PROTO=tcp",
                           "pgrecall_cache_memory=1",
                           "NOPGRECALL_CACHE_MEMORY=1",
                           NULL};
    struct load load = load_source((struct pgr_settings_source){.environment = environment});
    assert_string_equal(load.errors, "");
    pgr_settings_unref(load.settings);
    PGR_UNUSED(state);
}

static void faults_outside_the_file_name_their_source(void **state)
{
    static const struct {
        char *variable;
        const char *override;
        const char *expect;
    } cases[] = {
        {"PGRECALL_CACHE_MEMROY=1MB", NULL,
         "PGRECALL_CACHE_MEMROY: cache.memroy is not a setting; did you mean cache.memory?\n"},
        {"PGRECALL_CACHE_memory=1MB", NULL,
         "PGRECALL_CACHE_memory: cache.memory is not a setting; did you mean cache.memory?\n"},
        {"PGRECALL_REDIS_URL=x", NULL, "PGRECALL_REDIS_URL: redis.url is not in this version\n"},
        {"PGRECALL_CACHE_REDIS_TTL=1s", NULL,
         "PGRECALL_CACHE_REDIS_TTL: cache.redis_ttl is not in this version\n"},
        {"PGRECALL_PROXY_PORT=6433", NULL,
         "PGRECALL_PROXY_PORT: proxy.port is not a setting; [proxy] knows listen, workers, "
         "max_clients, login_timeout, drain_timeout, allow_trust\n"},
        {"PGRECALL_LOG_LEVEL=loud", NULL,
         "PGRECALL_LOG_LEVEL: log.level = loud: must be one of error|warning|info|debug\n"},
        {"PGRECALL_UPSTREAM_SERVICE_DSN=secret", NULL,
         "PGRECALL_UPSTREAM_SERVICE_DSN: upstream.service_dsn: must be "
         "postgresql://user@host:5432/db or host=... user=...\n"},
        {NULL, "cache.memory=1",
         "--set cache.memory: cache.memory = 1: needs a unit (B, kB, MB, GB, TB), as in 64MB\n"},
        {NULL, "cache.memory", "--set cache.memory: must be section.key=value\n"},
        {NULL, "memory=1MB", "--set memory: must be section.key=value\n"},
        {NULL, "", "--set: must be section.key=value\n"},
        {NULL, "=", "--set: must be section.key=value\n"},
        {NULL, "postgresql://u:secret@h", "--set: must be section.key=value\n"},
        {NULL, "cach.memory=1MB",
         "--set cach.memory: cach.memory is not a setting; did you mean cache.memory?\n"},
        {NULL, "chace.foo=1MB",
         "--set chace.foo: chace.foo is not a setting; did you mean [cache]?\n"},
        {NULL, "rule.x=1", "--set rule.x: rules are written in the file\n"},
        {NULL, "http.listen=x", "--set http.listen: http.listen is not in this version\n"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char *environment[] = {"PGRECALL_UPSTREAM_DSN=postgresql://e", cases[i].variable, NULL};
        struct load load =
            load_source((struct pgr_settings_source){.overrides = &cases[i].override,
                                                     .override_count = cases[i].override != NULL,
                                                     .environment = environment});
        assert_int_equal(load.err, PGR_ERR_INVALID);
        assert_string_equal(load.errors, cases[i].expect);
    }
    PGR_UNUSED(state);
}

static uint64_t age_s(const struct pgr_settings *settings, const struct pgr_rule *rule)
{
    return pgr_settings_max_age_us(settings, rule) / S;
}

static void the_age_ladder(void **state)
{
    static const struct {
        const char *cache;
        const char *rule;
        unsigned without_rule;
        unsigned with_rule;
    } cases[] = {
        {"", "", 10, 10},
        {"local_ttl = 5s", "", 5, 5},
        {"local_ttl = 60s", "", 60, 60},
        {"local_ttl = 60s\nmax_staleness = 20s", "", 20, 20},
        {"max_staleness = 3s", "", 3, 3},
        {"max_staleness = 60s", "", 10, 10},
        {"local_ttl = 0", "", 0, 0},
        {"", "local_ttl = 60s", 10, 60},
        {"", "local_ttl = 2s", 10, 2},
        {"", "max_staleness = 2s", 10, 2},
        {"", "max_staleness = 60s", 10, 10},
        {"", "local_ttl = 60s\nmax_staleness = 30s", 10, 30},
        {"", "local_ttl = 60s\nmax_staleness = 90s", 10, 60},
        {"max_staleness = 3s", "local_ttl = 60s", 3, 60},
        {"max_staleness = 3s", "local_ttl = 2s", 3, 2},
        {"local_ttl = 60s", "max_staleness = 20s", 60, 20},
        {"local_ttl = 60s", "local_ttl = 20s", 60, 20},
        {"local_ttl = 60s\nmax_staleness = 5s", "local_ttl = 30s", 5, 30},
        {"local_ttl = 60s", "max_staleness = 0", 60, 0},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof(text), DSN_LINES "[cache]\n%s\n[rule r]\n%s\n", cases[i].cache,
                 cases[i].rule);
        struct pgr_settings *s = settings_of(text);
        assert_int_equal(age_s(s, NULL), cases[i].without_rule);
        assert_int_equal(age_s(s, &s->rules[0]), cases[i].with_rule);
        pgr_settings_unref(s);
    }
    PGR_UNUSED(state);
}

static void a_restart_is_asked_for_by_name(void **state)
{
    static const struct {
        const char *text;
        const char *expect;
    } cases[] = {
        {DSN_LINES "[proxy]\nworkers = 2\n", ""},
        {DSN_LINES "[proxy]\nworkers = 2\nmax_clients = 5\n[cache]\nmemory = 5MB\nenabled = off\n"
                   "[log]\nlevel = debug\n[rule a]\ncache = off\n",
         ""},
        {DSN_LINES "[proxy]\nworkers = 3\n", "proxy.workers"},
        {DSN_LINES "[proxy]\nworkers = 2\nlisten = 127.0.0.1:6433, *:1\n", "proxy.listen"},
        {DSN_LINES "service_dsn = host=a\n[proxy]\nworkers=1\nlisten = 127.0.0.1:6434\n"
                   "[cache]\nshards = 32\n",
         "proxy.listen, proxy.workers, upstream.service_dsn, cache.shards"},
        {"[upstream]\ndsn = postgresql://other\n[proxy]\nworkers = 2\n", "upstream.dsn"},
    };
    struct pgr_settings *old = settings_of(cases[0].text);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_settings *fresh = settings_of(cases[i].text);
        struct pgr_buf out;
        pgr_buf_init(&out, 1024);
        pgr_settings_diff_restart(old, fresh, &out);
        assert_true(pgr_bytes_eq(pgr_buf_bytes(&out), pgr_bytes_str(cases[i].expect)));
        pgr_buf_fini(&out);
        pgr_settings_unref(fresh);
    }
    pgr_settings_unref(old);
    PGR_UNUSED(state);
}

static void a_snapshot_lives_as_long_as_its_last_holder(void **state)
{
    struct pgr_settings *s = settings_of(DSN_LINES "[rule r]\ntables = a\n");
    const struct pgr_settings *held = pgr_settings_ref(s);
    pgr_settings_unref(s);
    assert_string_equal(held->upstream_dsn, "postgresql://app@db/shop");
    assert_string_equal(held->rules[0].tables[0], "a");
    pgr_settings_unref(held);
    pgr_settings_unref(NULL);
    PGR_UNUSED(state);
}

/* Short memory is a fault like any other: nothing is half loaded, nothing leaks. */
static void short_memory_loads_all_or_nothing(void **state)
{
    struct memory_file file = memory_file_open(PGR_BYTES_LIT("[cache]\nmemroy = 1MB\n" DSN_LINES));
    for (unsigned n = 1; n <= 4; n++) {
        struct pgr_buf errors;
        struct pgr_settings *settings = NULL;
        struct pgr_settings_source source = {.path = file.path};
        pgr_buf_init(&errors, 4096);
        pgr_mem_fail_nth(n);
        assert_int_equal(pgr_settings_load(&source, &settings, &errors), PGR_ERR_INVALID);
        pgr_mem_fail_nth(0);
        assert_null(settings);
        pgr_buf_fini(&errors);
    }
    close(file.fd);
    PGR_UNUSED(state);
}

static void errors_that_do_not_fit_are_still_errors(void **state)
{
    struct memory_file file = memory_file_open(PGR_BYTES_LIT("[cache]\nmemroy = 1MB\n" DSN_LINES));
    struct pgr_buf errors;
    struct pgr_settings *settings = NULL;
    struct pgr_settings_source source = {.path = file.path};
    pgr_buf_init(&errors, 8);
    assert_int_equal(pgr_settings_load(&source, &settings, &errors), PGR_ERR_INVALID);
    assert_null(settings);
    pgr_buf_fini(&errors);
    close(file.fd);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unset_settings_have_their_defaults),
        cmocka_unit_test(the_file_sets_every_one),
        cmocka_unit_test(the_later_source_wins),
        cmocka_unit_test(the_upstream_is_all_that_is_needed),
        cmocka_unit_test(the_environment_of_others_is_left_alone),
        cmocka_unit_test(faults_outside_the_file_name_their_source),
        cmocka_unit_test(the_age_ladder),
        cmocka_unit_test(a_restart_is_asked_for_by_name),
        cmocka_unit_test(a_snapshot_lives_as_long_as_its_last_holder),
        cmocka_unit_test(short_memory_loads_all_or_nothing),
        cmocka_unit_test(errors_that_do_not_fit_are_still_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
