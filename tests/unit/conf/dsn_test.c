// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

#include "dsn_priv.h"

struct dsn_case {
    const char *dsn;
    const char *shown;
    bool has_password;
    bool is_plausible;
};

static const struct dsn_case cases[] = {
    /* URIs */
    {"postgresql://", "postgresql://", false, true},
    {"postgresql://h/db", "postgresql://h/db", false, true},
    {"postgresql://u@h:5432/db", "postgresql://u@h:5432/db", false, true},
    {"postgresql://u:pw@h/db", "postgresql://u:***@h/db", true, true},
    {"postgres://u:pw@h1:1,h2:2/db", "postgres://u:***@h1:1,h2:2/db", true, true},
    {"postgresql://u:@h/db", "postgresql://u:@h/db", false, true},
    {"postgresql://:pw@h", "postgresql://:***@h", true, true},
    {"postgresql://u:p%40w@[::1]:5432/db", "postgresql://u:***@[::1]:5432/db", true, true},
    {"postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db", false, true},
    {"postgresql://u:p?w@h/db?sslmode=require", "postgresql://u:***@h/db?sslmode=require", true,
     true},
    {"postgresql://h/db?user=u&password=pw&sslmode=require",
     "postgresql://h/db?user=u&password=***&sslmode=require", true, true},
    {"postgresql://h/db?password=", "postgresql://h/db?password=", false, true},
    {"postgresql://h/db?pass%77ord=pw", "postgresql://h/db?pass%77ord=***", true, true},
    {"postgresql://h?password=p@w", "postgresql://h?***@w", false, true},
    {"postgresql://u@h?password=p@w", "postgresql://u@h?password=***", true, true},
    {"postgresql://h/db?sslpassword=pw", "postgresql://h/db?sslpassword=***", false, true},
    {"postgresql://u:a@h/db?sslpassword=b&password=c",
     "postgresql://u:***@h/db?sslpassword=***&password=***", true, true},
    {"postgresql://h/db?user=a@b", "postgresql://h/db?user=a@b", false, true},
    {"postgresql://h/db?", "postgresql://h/db?", false, true},
    {"postgresql://h/db?&", "postgresql://h/db?&", false, true},
    /* URIs that libpq reads otherwise than they were meant, or not at all */
    {"postgresql://u:p@w@h/db", "postgresql://u:***@h/db", true, true},
    {"postgresql://u:p/w@h/db", "postgresql://u:***@h/db", true, true},
    {"postgresql://u:p@w/x@h/db", "postgresql://u:***@h/db", true, true},
    {"postgresql://u:p?w/x@h", "postgresql://u:***", false, false},
    {"postgresql://u:pw", "postgresql://u:***", false, false},
    {"postgresql://h/db?pw", "postgresql://h/db?***", false, true},
    {"PostgreSQL://u:pw@h/db", "PostgreSQL://u:***@h/db", true, false},
    /* Keywords and values */
    {"", "", false, false},
    {"  ", "  ", false, false},
    {"host=h user=u", "host=h user=u", false, true},
    {"host=h password=pw user=u", "host=h password=*** user=u", true, true},
    {"password=pw", "password=***", true, true},
    {"password = pw", "password = ***", true, true},
    {"password='p w' host=h", "password=*** host=h", true, true},
    {"password='p\\'w' host=h", "password=*** host=h", true, true},
    {"password=p\\ w host=h", "password=*** host=h", true, true},
    {"password='p\\\\' host=h", "password=*** host=h", true, true},
    {"password='' host=h", "password='' host=h", false, true},
    {"password=", "password=", false, true},
    {"PASSWORD=pw", "PASSWORD=***", true, true},
    {"sslpassword=pw host=h", "sslpassword=*** host=h", false, true},
    {"host='a b' password=x", "host='a b' password=***", true, true},
    {"passfile=/etc/pw host=h", "passfile=/etc/pw host=h", false, true},
    {"host=h\npassword=pw\n", "host=h\npassword=***\n", true, true},
    {"dbname='password=x'", "dbname='password=x'", false, true},
    /* Not what libpq reads: the rest is kept back */
    {"secret", "***", false, false},
    {"host=h secret", "host=h***", false, false},
    {"host=h password secret", "host=h***", false, false},
    {"password='secret", "***", false, false},
    {"host=h password='secret", "host=h***", false, false},
    {"=secret", "***", false, false},
    {"http://u:secret@h/?a=b", "***", false, false},
    {"jdbc:postgresql://u:secret@h/db?a=b", "***", false, false},
    {"host=h password='a'secret=b", "host=h password=***secret=b", true, true},
};

static void redact(const char *dsn, char *out, size_t cap)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 4096);
    pgr_dsn_redact(dsn, &buf);
    snprintf(out, cap, "%.*s", (int)pgr_buf_len(&buf),
             pgr_buf_len(&buf) ? (const char *)pgr_buf_bytes(&buf).at : "");
    pgr_buf_fini(&buf);
}

static void passwords_are_not_shown(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char shown[256];
        redact(cases[i].dsn, shown, sizeof(shown));
        assert_string_equal(shown, cases[i].shown);
    }
    PGR_UNUSED(state);
}

static void passwords_and_form_are_known(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        if (pgr_dsn_has_password(cases[i].dsn) != cases[i].has_password)
            fail_msg("has_password: %s", cases[i].dsn);
        if (pgr_dsn_is_plausible(cases[i].dsn) != cases[i].is_plausible)
            fail_msg("is_plausible: %s", cases[i].dsn);
    }
    PGR_UNUSED(state);
}

static void join(void *arg, enum pgr_dsn_part part, struct pgr_bytes text)
{
    assert_true(text.len > 0);
    PGR_UNUSED(part);
    pgr_buf_put_bytes(arg, text);
}

/* Whatever the string, whole or cut anywhere, its parts are the string. */
static void parts_joined_are_the_string(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 4096);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        for (size_t len = 0; len <= strlen(cases[i].dsn); len++) {
            char *cut = pgr_strndup(cases[i].dsn, len);
            pgr_buf_reset(&buf);
            (void)pgr_dsn_walk(cut, join, &buf);
            assert_true(pgr_bytes_eq(pgr_buf_bytes(&buf), pgr_bytes_str(cut)));
            pgr_free(cut);
        }
    }
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

/* A password of odd characters, raw, in each place it can stand. */
static void no_raw_character_lets_a_password_out(void **state)
{
    static const char *const forms[] = {"postgresql://user:%s@host/db",
                                        "postgresql://user:%s@host:5432/db?sslmode=require",
                                        "host=h password='%s' user=u", "host=h password=%s"};
    for (int c = 1; c < 256; c++) {
        char password[32];
        snprintf(password, sizeof(password), "QX%cZV", c);
        for (size_t i = 0; i < PGR_ARRAY_LEN(forms); i++) {
            char dsn[128];
            char shown[256];
            snprintf(dsn, sizeof(dsn), forms[i], password);
            redact(dsn, shown, sizeof(shown));
            assert_null(strstr(shown, "QX"));
            /* What a quote ends or a blank parts is another word by libpq's rules. */
            bool is_one_word = i < 2 || (i == 2 ? c != '\'' : strchr(" \t\n\v\f\r", c) == NULL);
            if (is_one_word && strstr(shown, "ZV") != NULL)
                fail_msg("%s -> %s", dsn, shown);
        }
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_are_not_shown),
        cmocka_unit_test(passwords_and_form_are_known),
        cmocka_unit_test(parts_joined_are_the_string),
        cmocka_unit_test(no_raw_character_lets_a_password_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
