// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pgrecall/net/listener.h"

#define LONG_NAME "a234567890123456789012345678901234567890123456789012345678901234567890"

static void words_name_endpoints(void **state)
{
    static const struct {
        const char *word;
        const char *host;
        const char *path;
        uint16_t port;
    } good[] = {
        {"127.0.0.1", "127.0.0.1", NULL, 6433},
        {"127.0.0.1:5432", "127.0.0.1", NULL, 5432},
        {"localhost:0", "localhost", NULL, 0},
        {"db_1.example-2.org:65535", "db_1.example-2.org", NULL, 65535},
        {":7000", "127.0.0.1", NULL, 7000},
        {"*:7000", "*", NULL, 7000},
        {"*", "*", NULL, 6433},
        {"[::1]:5432", "::1", NULL, 5432},
        {"[::1]", "::1", NULL, 6433},
        {"::1", "::1", NULL, 6433},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", NULL, 1},
        {"/tmp", NULL, "/tmp/.s.PGSQL.6433", 6433},
        {"/tmp/", NULL, "/tmp/.s.PGSQL.6433", 6433},
        {"/", NULL, "/.s.PGSQL.6433", 6433},
        {"/tmp:5555", NULL, "/tmp/.s.PGSQL.5555", 5555},
        {"/tmp/.s.PGSQL.5432", NULL, "/tmp/.s.PGSQL.5432", 5432},
        {"/tmp/.s.PGSQL.5432:5432", NULL, "/tmp/.s.PGSQL.5432", 5432},
        {"/tmp/.s.PGSQL.x", NULL, "/tmp/.s.PGSQL.x/.s.PGSQL.6433", 6433},
        {"/with:colon/x", NULL, "/with:colon/x/.s.PGSQL.6433", 6433},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(good); i++) {
        char storage[128];
        char text[256] = "";
        struct pgr_endpoint endpoint = {0};
        enum pgr_err err = pgr_endpoint_parse(good[i].word, 6433, storage, sizeof(storage),
                                              &endpoint, text, sizeof(text));
        if (err != PGR_OK)
            fail_msg("%s: %s", good[i].word, text);
        assert_int_equal(endpoint.port, good[i].port);
        assert_true(pgr_str_eq(endpoint.host, good[i].host));
        assert_true(pgr_str_eq(endpoint.unix_path, good[i].path));
    }
    PGR_UNUSED(state);
}

static void wrong_words_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *word;
        const char *text;
    } bad[] = {
        {"", "an address is missing"},
        {"localhost:", "the port must be a number"},
        {"localhost:x", "the port must be a number"},
        {"localhost:65536", "the port must be a number"},
        {"localhost:000001", "the port must be a number"},
        {"localhost:-1", "the port must be a number"},
        {":", "the port must be a number"},
        {"[::1", "without"},
        {"[]:1", "not an IPv6 address"},
        {"[127.0.0.1]:1", "not an IPv6 address"},
        {"[::1]x", "the port must be a number"},
        {"[::1]:", "the port must be a number"},
        {"::1:x:", "[ADDRESS]:PORT"},
        {"a:b:c", "[ADDRESS]:PORT"},
        {"two words:1", "not a host name"},
        {"new\nline", "not a host name"},
        {"-x:1", "not a host name"},
        {"h\xC3\xA4t", "not a host name"},
        {"**:1", "not a host name"},
        {"/tmp/.s.PGSQL.1:2", "names another port"},
        {"/" LONG_NAME "/" LONG_NAME, "longer than 107 bytes"},
        {LONG_NAME LONG_NAME, "too long"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(bad); i++) {
        char storage[128];
        char text[512] = "";
        struct pgr_endpoint endpoint = {.port = 77};
        enum pgr_err err = pgr_endpoint_parse(bad[i].word, 6433, storage, sizeof(storage),
                                              &endpoint, text, sizeof(text));
        if (err != PGR_ERR_INVALID || strstr(text, bad[i].text) == NULL)
            fail_msg("\"%s\" gave %d: %s", bad[i].word, (int)err, text);
        assert_int_equal(endpoint.port, 77);
    }
    PGR_UNUSED(state);
}

static void nothing_is_written_beyond_the_storage(void **state)
{
    static const char *const words[] = {"127.0.0.1:1", "/tmp", "[::1]:5", ":1"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++) {
        for (size_t cap = 1; cap < 40; cap++) {
            char *storage = test_malloc(cap);
            char *text = test_malloc(cap);
            struct pgr_endpoint endpoint = {0};
            enum pgr_err err = pgr_endpoint_parse(words[i], 1, storage, cap, &endpoint, text, cap);
            assert_true(err == PGR_OK || err == PGR_ERR_INVALID);
            if (err == PGR_OK)
                assert_true(strlen(storage) < cap);
            else
                assert_true(strlen(text) < cap);
            test_free(storage);
            test_free(text);
        }
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_name_endpoints),
        cmocka_unit_test(wrong_words_are_refused_with_a_sentence),
        cmocka_unit_test(nothing_is_written_beyond_the_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
