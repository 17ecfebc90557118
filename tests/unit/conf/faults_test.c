// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

/* Each fault of a file: what is said, and on which line. */
struct fault_case {
    const char *text; /* DSN_LINES, lines 1 and 2, stand before it */
    const char *expect;
};

static void check(const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[1024];
        snprintf(text, sizeof(text), DSN_LINES "%s", cases[i].text);
        struct load load = load_text(text);
        assert_int_equal(load.err, PGR_ERR_INVALID);
        assert_string_equal(load.errors, cases[i].expect);
    }
}

static void names_that_are_not(void **state)
{
    static const struct fault_case cases[] = {
        {"[cache]\nmemroy = 1MB\n",
         "4: cache.memroy is not a setting; did you mean cache.memory?\n"},
        {"[cache]\nlog_intervall = 1s\n",
         "4: cache.log_intervall is not a setting; did you mean log.log_interval?\n"},
        {"[log]\nx = 1s\n", "4: log.x is not a setting; [log] knows level, format, log_interval, "
                            "slow_query\n"},
        {"[log]\n\tx\x01y = 1s\n", "4: log.x?y is not a setting; [log] knows level, format, "
                                   "log_interval, slow_query\n"},
        {"[cahce]\nmemory = 1MB\nmemroy = 1MB\n",
         "3: [cahce] is not a section; did you mean [cache]?\n"},
        {"[unlike]\n", "3: [unlike] is not a section; there are [proxy], [upstream], [cache], "
                       "[log], [rule NAME]\n"},
        {"[rules]\n", "3: [rules] is not a section; a rule is written [rule NAME]\n"},
        {"[Cache]\n", "3: [Cache] is not a section; did you mean [cache]?\n"},
        {"[rule a]\ntable = b\n",
         "4: rule a: table is not a key of a rule; did you mean tables?\n"},
        {"[rule a]\nttl = 1s\n",
         "4: rule a: ttl is not a key of a rule; a rule knows tables, class, fingerprint, query, "
         "database, user, application, cache, local_ttl, max_staleness\n"},
    };
    check(cases, PGR_ARRAY_LEN(cases));
    PGR_UNUSED(state);
}

static void names_of_later_versions(void **state)
{
    static const struct fault_case cases[] = {
        {"[cache]\nredis_ttl = 1s\n", "4: cache.redis_ttl is not in this version\n"},
        {"[cache]\ncache_in_transaction = on\n",
         "4: cache.cache_in_transaction is not in this version\n"},
        {"[proxy]\nauth = file\n", "4: proxy.auth is not in this version\n"},
        {"sslmode = require\n", "3: upstream.sslmode is not in this version\n"},
        {"[redis]\n", "3: [redis] is not in this version\n"},
        {"[tls]\nclient_cert = x\n",
         "3: [tls] is not in this version\n4: tls.client_cert is not in this version\n"},
        {"[http]\n[admin]\n[metrics]\n", "3: [http] is not in this version\n4: [admin] is not in "
                                         "this version\n5: [metrics] is not in this version\n"},
        {"[rule a]\nredis_ttl = 1s\nstale_while_revalidate = 1s\nstale_if_error = 1s\n"
         "cache_in_transaction = on\n",
         "4: rule a: redis_ttl is not in this version\n"
         "5: rule a: stale_while_revalidate is not in this version\n"
         "6: rule a: stale_if_error is not in this version\n"
         "7: rule a: cache_in_transaction is not in this version\n"},
        {"[cache]\nconsistency = cdc\n",
         "4: cache.consistency = cdc: is not in this version; there are auto|ttl\n"},
        {"[cache]\nconsistency = Snapshot\n",
         "4: cache.consistency = Snapshot: is not in this version; there are auto|ttl\n"},
    };
    check(cases, PGR_ARRAY_LEN(cases));
    PGR_UNUSED(state);
}

static void values_out_of_bounds(void **state)
{
    static const struct fault_case cases[] = {
        {"[proxy]\nworkers = 65\n", "4: proxy.workers = 65: must be 0 to 64\n"},
        {"[proxy]\nworkers = -1\n", "4: proxy.workers = -1: must be a whole number\n"},
        {"[proxy]\nworkers = 4294967296\n", "4: proxy.workers = 4294967296: must be 0 to 64\n"},
        {"[proxy]\nmax_clients = 0\n", "4: proxy.max_clients = 0: must be 1 to 1000000\n"},
        {"[proxy]\nlogin_timeout = 999ms\n", "4: proxy.login_timeout = 999ms: must be 1s to 1h\n"},
        {"[proxy]\nallow_trust = maybe\n", "4: proxy.allow_trust = maybe: must be on or off\n"},
        {"[proxy]\nlisten =\n", "4: proxy.listen = \"\": is empty\n"},
        {"[proxy]\nlisten = a,\n", "4: proxy.listen = a,: holds an empty word\n"},
        {"[proxy]\nlisten = a b\n", "4: proxy.listen = a b: addresses are separated by commas\n"},
        {"[proxy]\nlisten = a, b, a\n", "4: proxy.listen = a, b, a: names an address twice\n"},
        {"[proxy]\nlisten = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
         "4: proxy.listen = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17: holds more than 16 words\n"},
        {"[cache]\nmemory = 1023kB\n", "4: cache.memory = 1023kB: must be 1MB to 1TB\n"},
        {"[cache]\nmemory = 2TB\n", "4: cache.memory = 2TB: must be 1MB to 1TB\n"},
        {"[cache]\nshards = 0\n", "4: cache.shards = 0: must be 1 to 4096\n"},
        {"[cache]\nshards = 48\n", "4: cache.shards = 48: must be a power of two\n"},
        {"[cache]\nmax_entry = 0\n", "4: cache.max_entry = 0: must be 1kB to 1GB\n"},
        {"[cache]\nlocal_ttl = 366d\n", "4: cache.local_ttl = 366d: must be 0 to 365d\n"},
        {"[cache]\nlocal_ttl =\n",
         "4: cache.local_ttl = \"\": must be a whole number and a unit (us, "
         "ms, s, min, h, d), as in 10s\n"},
        {"[log]\nlevel = inf\n", "4: log.level = inf: must be one of error|warning|info|debug; did "
                                 "you mean info?\n"},
        {"service_dsn = secret\n", "3: upstream.service_dsn: must be "
                                   "postgresql://user@host:5432/db or host=... user=...\n"},
        {"service_dsn = host=h password='secret\n",
         "3: upstream.service_dsn: must be postgresql://user@host:5432/db or host=... user=...\n"},
    };
    check(cases, PGR_ARRAY_LEN(cases));
    PGR_UNUSED(state);
}

static void what_is_written_twice(void **state)
{
    static const struct fault_case cases[] = {
        {"[cache]\nmemory = 1MB\n\nmemory = 1MB\n",
         "6: cache.memory is written twice; the first is on line 4\n"},
        {"[cache]\n[log]\n[cache]\n", "5: [cache] is written twice; the first is on line 3\n"},
        {"[rule a]\n[rule b]\n[rule  a]\n",
         "5: [rule a] is written twice; the first is on line 3\n"},
        {"[rule a]\nuser = x\nuser = y\n",
         "5: rule a: user is written twice; the first is on line 4\n"},
    };
    check(cases, PGR_ARRAY_LEN(cases));
    PGR_UNUSED(state);
}

static void rules_that_cannot_be(void **state)
{
    static const struct fault_case cases[] = {
        {"[rule]\nuser = a\n", "3: a rule needs a name: [rule NAME]\n"},
        {"[rule  ]\n", "3: a rule needs a name: [rule NAME]\n"},
        {"[rule a]\nclass = vectr search\n",
         "4: rule a: class = vectr search: must be one of point lookup|feature retrieval|vector "
         "search|document lookup|aggregate|batch load|write|transaction|utility|other; did you "
         "mean vector search?\n"},
        {"[rule a]\nfingerprint = abc\n", "4: rule a: fingerprint = abc: must be 16 hexadecimal "
                                          "digits, as the log writes it\n"},
        {"[rule a]\nfingerprint = 0000000000000000\n",
         "4: rule a: fingerprint = 0000000000000000: names no query type\n"},
        {"[rule a]\ntables =\n", "4: rule a: tables = \"\": is empty\n"},
        {"[rule a]\ntables = a,,b\n", "4: rule a: tables = a,,b: holds an empty word\n"},
        {"[rule a]\nquery =\n", "4: rule a: query = \"\": is empty\n"},
        {"[rule a]\ncache = maybe\n", "4: rule a: cache = maybe: must be one of on|off|force\n"},
        {"[rule a]\nlocal_ttl = 10\n", "4: rule a: local_ttl = 10: needs a unit (us, ms, s, min, "
                                       "h, d), as in 10s\n"},
        {"[rule a]\nmax_staleness = 400d\n",
         "4: rule a: max_staleness = 400d: must be 0 to 365d\n"},
        {"[rule a]\nuser = 1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3\n",
         "4: rule a: user = 1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,...: holds "
         "more "
         "than 32 words\n"},
    };
    check(cases, PGR_ARRAY_LEN(cases));
    PGR_UNUSED(state);
}

static void every_fault_of_a_file_is_told(void **state)
{
    struct load load = load_text("word\n[cache]\nmemory = 5\nredis_ttl = 1s\n[log\nx\n[log]\n"
                                 "level = \"info\"\n[rule]\ncache = x\n");
    assert_int_equal(load.err, PGR_ERR_INVALID);
    unsigned lines = 0;
    for (const char *at = load.errors; *at != '\0'; at = strchr(at, '\n') + 1)
        lines++;
    assert_int_equal(lines, 8);
    assert_non_null(strstr(load.errors, " upstream.dsn is required"));
    PGR_UNUSED(state);
}

static void a_file_that_is_not_there_is_one_fault(void **state)
{
    struct load load = load_source((struct pgr_settings_source){.path = "/nonexistent/a.ini"});
    assert_int_equal(load.err, PGR_ERR_INVALID);
    assert_string_equal(load.errors, " No such file or directory\n");
    PGR_UNUSED(state);
}

static const char good[] =
    "; comment\n[upstream]\ndsn = postgresql://u:QXZ@h/db\nservice_dsn = host=h password='QXZ'\n"
    "[cache]\nmemory = 64MB ; c\nshards = 16\n[proxy]\nlisten = *:1,[::1]:2\n"
    "[rule a b]\ntables = t, s.t\nclass = vector search\nfingerprint = 0123456789abcdef\n"
    "query = SELECT*\ncache = force\nlocal_ttl = 5min\n[rule c]\n";

/* Loads, or says why in lines; a password is in none of them. */
static void check_hostile(struct pgr_bytes text)
{
    struct load load = load_bytes(text);
    if (load.err == PGR_OK)
        assert_string_equal(load.errors, "");
    else
        assert_true(load.errors[0] != '\0');
    assert_null(strstr(load.errors, "QXZ"));
    pgr_settings_unref(load.settings);
}

static void cut_anywhere_it_loads_or_says_why(void **state)
{
    for (size_t len = 0; len < sizeof(good); len++)
        check_hostile(PGR_BYTES(good, len));
    PGR_UNUSED(state);
}

static void with_any_byte_changed_it_loads_or_says_why(void **state)
{
    static const char bytes[] = "\0\n\r\t []=:;#\"',\\x0\x7F\x80\xFF";
    char text[sizeof(good) - 1];
    for (size_t i = 0; i < sizeof(text); i++) {
        for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
            memcpy(text, good, sizeof(text));
            text[i] = bytes[k];
            check_hostile(PGR_BYTES(text, sizeof(text)));
        }
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_not),
        cmocka_unit_test(names_of_later_versions),
        cmocka_unit_test(values_out_of_bounds),
        cmocka_unit_test(what_is_written_twice),
        cmocka_unit_test(rules_that_cannot_be),
        cmocka_unit_test(every_fault_of_a_file_is_told),
        cmocka_unit_test(a_file_that_is_not_there_is_one_fault),
        cmocka_unit_test(cut_anywhere_it_loads_or_says_why),
        cmocka_unit_test(with_any_byte_changed_it_loads_or_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
