// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target_priv.h"

static struct pgr_settings *load(const char *dsn, const char *service)
{
    char first[256];
    char second[256];
    (void)snprintf(first, sizeof(first), "upstream.dsn=%s", dsn);
    (void)snprintf(second, sizeof(second), "upstream.service_dsn=%s", service ? service : "");
    const char *const overrides[] = {first, second};
    struct pgr_settings_source source = {.overrides = overrides, .override_count = service ? 2 : 1};
    struct pgr_settings *settings = NULL;
    struct pgr_buf errors;
    pgr_buf_init(&errors, 4096);
    if (pgr_settings_load(&source, &settings, &errors) != PGR_OK)
        fail_msg("%.*s", (int)pgr_buf_len(&errors), (const char *)pgr_buf_bytes(&errors).at);
    pgr_buf_fini(&errors);
    return settings;
}

static void addresses(void **state)
{
    static const struct {
        const char *dsn;
        const char *service;
        const char *host;
        const char *unix_path;
        uint16_t port;
        const char *service_found;
    } cases[] = {
        {"host=h", NULL, "h", NULL, 5432, ""},
        {"host=h port=6000 user=u", NULL, "h", NULL, 6000, "host=h port=6000 user=u"},
        {"host=h user=u", "host=h user=s", "h", NULL, 5432, "host=h user=s"},
        {"host=h", "host=h user=s", "h", NULL, 5432, "host=h user=s"},
        {"postgresql://u@h:77/db", NULL, "h", NULL, 77, "postgresql://u@h:77/db"},
        {"host=/run/pg", NULL, NULL, "/run/pg/.s.PGSQL.5432", 5432, ""},
        {"host=/run/pg port=65535", NULL, NULL, "/run/pg/.s.PGSQL.65535", 65535, ""},
        {"host=h sslmode=prefer", NULL, "h", NULL, 5432, ""},
        {"host=h sslmode=disable", NULL, "h", NULL, 5432, ""},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_settings *settings = load(cases[i].dsn, cases[i].service);
        struct pgr_target target;
        char text[512] = "";
        if (pgr_target_resolve(settings, &target, text, sizeof(text)) != PGR_OK)
            fail_msg("%s: %s", cases[i].dsn, text);
        assert_true((target.endpoint.host != NULL) == (cases[i].host != NULL));
        if (cases[i].host != NULL)
            assert_string_equal(target.endpoint.host, cases[i].host);
        else
            assert_string_equal(target.endpoint.unix_path, cases[i].unix_path);
        assert_int_equal(target.endpoint.port, cases[i].port);
        assert_string_equal(target.service_dsn, cases[i].service_found);
        pgr_target_fini(&target);
        pgr_settings_unref(settings);
    }
}

/* What cannot be given is refused in a sentence that names the setting, never ignored. */
static void refusals(void **state)
{
    static const struct {
        const char *dsn;
        const char *service;
        const char *text;
    } cases[] = {
        {"host=h sslmode=require", NULL, "upstream.dsn: sslmode=require"},
        {"host=h sslmode=verify-ca", NULL, "upstream.dsn: sslmode=verify-ca"},
        {"host=h sslmode=verify-full", NULL, "upstream.dsn: sslmode=verify-full"},
        {"host=h", "host=h user=u sslmode=require", "upstream.service_dsn: sslmode=require"},
        {"host=a,b", NULL, "upstream.dsn: several hosts"},
        {"host=h port=0", NULL, "upstream.dsn: invalid port"},
        {"host=h port=65536", NULL, "upstream.dsn: invalid port"},
        {"host=h port=12x", NULL, "upstream.dsn: invalid port"},
        {"host=h nonsense=1", NULL, "upstream.dsn: "},
        {"host=h", "host=h nonsense=1", "upstream.service_dsn: "},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_settings *settings = load(cases[i].dsn, cases[i].service);
        struct pgr_target target;
        char text[512] = "";
        assert_int_equal(pgr_target_resolve(settings, &target, text, sizeof(text)),
                         PGR_ERR_INVALID);
        if (strstr(text, cases[i].text) != text)
            fail_msg("%s: %s", cases[i].dsn, text);
        pgr_settings_unref(settings);
    }
}

int main(void)
{
    /* libpq would fill in what the machine's environment says */
    static const char *const names[] = {"PGHOST",    "PGPORT",    "PGUSER",
                                        "PGSERVICE", "PGSSLMODE", "PGHOSTADDR"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++)
        (void)unsetenv(names[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
