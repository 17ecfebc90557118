// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pgrecall/pq/dsn.h"

/* What libpq would read of this machine is not part of any case. */
static int clean_environment(void **state)
{
    static const char *const names[] = {"PGHOST",        "PGHOSTADDR", "PGPORT",
                                        "PGUSER",        "PGSSLMODE",  "PGDATABASE",
                                        "PGSERVICEFILE", "PGSERVICE",  "PGPASSWORD"};
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("PGSYSCONFDIR", "/nonexistent", 1);
    return 0;
}

static void assert_same(const char *got, const char *expect)
{
    if (expect == NULL)
        assert_null(got);
    else
        assert_string_equal(got, expect);
}

struct dsn_case {
    const char *text;
    const char *host;
    const char *port;
    const char *user;
    const char *dbname;
    const char *sslmode;
    bool is_multi_host;
    bool has_password;
};

static void check(const struct dsn_case *c)
{
    struct pgr_dsn dsn;
    char error[200] = "";
    print_message("  %s\n", c->text);
    assert_int_equal(pgr_dsn_parse(c->text, &dsn, error, sizeof(error)), PGR_OK);
    assert_string_equal(dsn.text, c->text);
    assert_same(dsn.host, c->host);
    assert_same(dsn.port, c->port);
    assert_same(dsn.user, c->user);
    assert_same(dsn.dbname, c->dbname);
    assert_same(dsn.sslmode, c->sslmode);
    assert_int_equal(dsn.is_multi_host, c->is_multi_host);
    assert_int_equal(dsn.has_password, c->has_password);
    pgr_dsn_fini(&dsn);
    assert_null(dsn.host);
}

static void both_forms_are_read(void **state)
{
    PGR_UNUSED(state);
    static const struct dsn_case cases[] = {
        {"host=db.example port=6000 user=u dbname=d", "db.example", "6000", "u", "d", NULL, false,
         false},
        {"postgresql://u:secret@db.example:6000/d?sslmode=require", "db.example", "6000", "u", "d",
         "require", false, true},
        {"postgres://db.example", "db.example", "5432", NULL, NULL, NULL, false, false},
        {"host=/tmp/socket\\ dir", "/tmp/socket dir", "5432", NULL, NULL, NULL, false, false},
        {"postgresql://%2Ftmp%2Fpg/d", "/tmp/pg", "5432", NULL, "d", NULL, false, false},
        {"postgresql://[::1]:77/", "::1", "77", NULL, NULL, NULL, false, false},
        {"host=a,b port=1,2", "a", "1", NULL, NULL, NULL, true, false},
        {"host=name hostaddr=127.0.0.9", "127.0.0.9", "5432", NULL, NULL, NULL, false, false},
        {"hostaddr=127.0.0.9,127.0.0.8", "127.0.0.9", "5432", NULL, NULL, NULL, true, false},
        {"host=h user='a b' password=x", "h", "5432", "a b", NULL, NULL, false, true},
        {"host=h sslmode=prefer", "h", "5432", NULL, NULL, "prefer", false, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        check(&cases[i]);
}

static void the_environment_fills_in(void **state)
{
    PGR_UNUSED(state);
    setenv("PGHOST", "from-env", 1);
    setenv("PGPORT", "7777", 1);
    setenv("PGUSER", "env-user", 1);
    setenv("PGSSLMODE", "disable", 1);
    static const struct dsn_case cases[] = {
        {"", "from-env", "7777", NULL, NULL, "disable", false, false},
        {" \t", "from-env", "7777", NULL, NULL, "disable", false, false},
        {"dbname=d", "from-env", "7777", NULL, "d", "disable", false, false},
        {"host=h port=1 user=u sslmode=require", "h", "1", "u", NULL, "require", false, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        check(&cases[i]);
}

/* libpq's own directory where the machine has it, localhost where not. */
static void without_a_host_it_is_this_machine(void **state)
{
    PGR_UNUSED(state);
    struct pgr_dsn dsn;
    char error[200];
    assert_int_equal(pgr_dsn_parse("user=u", &dsn, error, sizeof(error)), PGR_OK);
    if (dsn.host[0] == '/')
        assert_int_equal(access(dsn.host, F_OK), 0);
    else
        assert_string_equal(dsn.host, "localhost");
    pgr_dsn_fini(&dsn);
}

static void a_service_file_is_honoured(void **state)
{
    PGR_UNUSED(state);
    char path[] = "/tmp/pgr-service-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "[here]\nhost=served\nport=88\nsslmode=require\n") > 0);
    close(fd);
    setenv("PGSERVICEFILE", path, 1);
    check(&(struct dsn_case){"service=here dbname=d", "served", "88", NULL, "d", "require", false,
                             false});
    unlink(path);
}

static void what_is_wrong_is_said_without_the_password(void **state)
{
    PGR_UNUSED(state);
    static const struct {
        const char *text;
        const char *part; /* of the sentence */
    } cases[] = {
        {"hots=db", "hots"},
        {"mydb", "mydb"},
        {"port=0", "port"},
        {"port=65536", "65536"},
        {"port=5432x", "port"},
        {"host=a,b port=1,2,3", "3"},
        {"service=nope", "nope"},
        {"host='unended", "unterminated"},
        {"password=my hunter2", "missing"},
        {"password=a hunter2=b", "invalid"},
        {"postgres://u:hunter2@h:%zz/d", "…"},
        {"postgres://u:hunter2@[::1/d", "…"},
        {"postgres://u:hun\"ter2@h/d?hunter2=1", "…"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_dsn dsn = {.port = NULL};
        char error[200] = "";
        print_message("  %s\n", cases[i].text);
        assert_int_equal(pgr_dsn_parse(cases[i].text, &dsn, error, sizeof(error)), PGR_ERR_INVALID);
        assert_null(dsn.port); /* untouched */
        if (strstr(error, cases[i].part) == NULL || strstr(error, "ter2") || strchr(error, '\n'))
            fail_msg("said: %s", error);
    }
}

static void a_short_buffer_holds_what_fits(void **state)
{
    PGR_UNUSED(state);
    struct pgr_dsn dsn;
    char error[8] = "xxxxxxx";
    assert_int_equal(pgr_dsn_parse("hots=db", &dsn, error, sizeof(error)), PGR_ERR_INVALID);
    assert_int_equal(strlen(error), sizeof(error) - 1);
    assert_int_equal(pgr_dsn_parse("hots=db", &dsn, NULL, 0), PGR_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_forms_are_read, clean_environment),
        cmocka_unit_test_setup(the_environment_fills_in, clean_environment),
        cmocka_unit_test_setup(without_a_host_it_is_this_machine, clean_environment),
        cmocka_unit_test_setup(a_service_file_is_honoured, clean_environment),
        cmocka_unit_test_setup(what_is_wrong_is_said_without_the_password, clean_environment),
        cmocka_unit_test_setup(a_short_buffer_holds_what_fits, clean_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
