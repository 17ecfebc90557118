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

#include "options_priv.h"

#define WORDS_MAX 12

/* What was printed to descriptor 1 or 2 meanwhile. */
struct printed {
    int fd;
    int kept;
    FILE *file;
    char text[65536];
};

static void start_catching(struct printed *p, int fd)
{
    (void)fflush(fd == 1 ? stdout : stderr);
    p->fd = fd;
    p->kept = dup(fd);
    p->file = tmpfile();
    assert_non_null(p->file);
    assert_true(dup2(fileno(p->file), fd) == fd);
}

static void stop_catching(struct printed *p)
{
    (void)fflush(p->fd == 1 ? stdout : stderr);
    assert_true(dup2(p->kept, p->fd) == p->fd);
    (void)close(p->kept);
    rewind(p->file);
    p->text[fread(p->text, 1, sizeof(p->text) - 1, p->file)] = '\0';
    (void)fclose(p->file);
}

static struct printed out;
static struct printed err;

static void parse(const char *const *words, struct pgr_options *options)
{
    char *argv[WORDS_MAX + 1] = {strdup("pgrecall")};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = strdup(words[argc - 1]);
    char *copies[WORDS_MAX + 1];
    memcpy(copies, argv, sizeof(copies)); /* getopt moves them about */
    start_catching(&out, 1);
    start_catching(&err, 2);
    pgr_options_parse(argc, argv, options);
    stop_catching(&err);
    stop_catching(&out);
    const char *path = NULL; /* borrowed from argv: kept for the test */
    if (options->path != NULL)
        path = strcmp(options->path, "a.conf") == 0 ? "a.conf" : "other";
    options->path = path;
    for (int i = 0; i < argc; i++)
        free(copies[i]);
}

static void command_lines(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        enum pgr_mode mode;
        int status;
        const char *path;
        const char *overrides[4];
        const char *printed; /* to stderr, a part of it; "" is nothing at all */
    } cases[] = {
        {{"-c", "a.conf"}, PGR_MODE_SERVE, 0, "a.conf", {NULL}, ""},
        {{"--config=a.conf"}, PGR_MODE_SERVE, 0, "a.conf", {NULL}, ""},
        {{"--upstream", "host=h"}, PGR_MODE_SERVE, 0, NULL, {"upstream.dsn=host=h"}, ""},
        {{"--set", "log.level=debug", "--set", "log.level=error"},
         PGR_MODE_SERVE,
         0,
         NULL,
         {"log.level=debug", "log.level=error"},
         ""},
        {{"--listen", "1.2.3.4:5", "--listen", "/run/x", "--listen", ":7"},
         PGR_MODE_SERVE,
         0,
         NULL,
         {"proxy.listen=1.2.3.4:5,/run/x,:7"},
         ""},
        {{"--check", "--upstream", "host=h"}, PGR_MODE_CHECK, 0, NULL, {"upstream.dsn=host=h"}, ""},
        {{"--upstream", "host=h password=secret"},
         PGR_MODE_SERVE,
         0,
         NULL,
         {"upstream.dsn=host=h password=secret"},
         "warning: a password on the command line"},
        {{"--set", "upstream.dsn=postgresql://u:secret@h/"},
         PGR_MODE_SERVE,
         0,
         NULL,
         {"upstream.dsn=postgresql://u:secret@h/"},
         "warning: a password on the command line"},
        {{"--nonsense"}, PGR_MODE_EXIT, 1, NULL, {NULL}, "see pgrecall --help"},
        {{"--upstream"}, PGR_MODE_EXIT, 1, NULL, {NULL}, "requires an argument"},
        {{"--check", "stray"}, PGR_MODE_EXIT, 1, NULL, {NULL}, "unexpected argument \"stray\""},
        {{NULL}, PGR_MODE_EXIT, 1, NULL, {NULL}, "usage: pgrecall"},
    };
    PGR_UNUSED(state);
    assert_int_equal(unsetenv("PGRECALL_UPSTREAM_DSN"), 0);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_options options;
        parse(cases[i].words, &options);
        if (options.mode != cases[i].mode || options.status != cases[i].status)
            fail_msg("case %zu: mode %d, status %d", i, (int)options.mode, options.status);
        assert_true((options.path == NULL) == (cases[i].path == NULL));
        if (cases[i].path != NULL)
            assert_string_equal(options.path, cases[i].path);
        size_t count = 0;
        while (count < 4 && cases[i].overrides[count] != NULL)
            count++;
        assert_int_equal(options.override_count, count);
        for (size_t k = 0; k < count; k++)
            assert_string_equal(options.overrides[k], cases[i].overrides[k]);
        if (strstr(err.text, cases[i].printed) == NULL || (!cases[i].printed[0] && err.text[0]))
            fail_msg("case %zu printed: %s", i, err.text);
        assert_null(strstr(err.text, "secret"));
        assert_string_equal(out.text, "");
        pgr_options_fini(&options);
    }
}

static void questions_are_answered_on_stdout(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *printed;
    } cases[] = {
        {{"--help"}, "usage: pgrecall"},
        {{"-h"}, "usage: pgrecall"},
        {{"--version"}, "pgrecall " PGR_VERSION "\n"},
        {{"--help-config"}, "max_clients"},
        {{"--version", "--nonsense"}, "pgrecall "},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_options options;
        parse(cases[i].words, &options);
        assert_int_equal(options.mode, PGR_MODE_EXIT);
        assert_int_equal(options.status, 0);
        if (strstr(out.text, cases[i].printed) == NULL)
            fail_msg("case %zu printed: %s", i, out.text);
        assert_string_equal(err.text, "");
        pgr_options_fini(&options);
    }
}

/* A container gives nothing but its environment. */
static void environment_is_enough(void **state)
{
    static const char *const none[] = {NULL};
    struct pgr_options options;
    struct pgr_settings *settings = NULL;
    struct pgr_buf errors;
    PGR_UNUSED(state);
    pgr_buf_init(&errors, 65536);
    assert_int_equal(setenv("PGRECALL_UPSTREAM_DSN", "host=from_environment", 1), 0);
    parse(none, &options);
    assert_int_equal(options.mode, PGR_MODE_SERVE);
    assert_int_equal(pgr_options_load(&options, &settings, &errors), PGR_OK);
    assert_string_equal(settings->upstream_dsn, "host=from_environment");
    pgr_settings_unref(settings);
    pgr_options_fini(&options);

    /* … and the command line outweighs it */
    static const char *const words[] = {"--upstream", "host=h", "--listen", "*:7", NULL};
    parse(words, &options);
    assert_int_equal(pgr_options_load(&options, &settings, &errors), PGR_OK);
    assert_string_equal(settings->upstream_dsn, "host=h");
    assert_int_equal(settings->proxy_listen_count, 1);
    assert_string_equal(settings->proxy_listen[0], "*:7");
    pgr_settings_unref(settings);
    pgr_options_fini(&options);
    assert_int_equal(unsetenv("PGRECALL_UPSTREAM_DSN"), 0);
    pgr_buf_fini(&errors);
}

static void faults_are_told(void **state)
{
    static const char *const words[] = {"--upstream", "host=h", "--set", "cache.memry=1MB", NULL};
    struct pgr_options options;
    struct pgr_settings *settings = NULL;
    struct pgr_buf errors;
    PGR_UNUSED(state);
    pgr_buf_init(&errors, 65536);
    parse(words, &options);
    assert_int_equal(pgr_options_load(&options, &settings, &errors), PGR_ERR_INVALID);
    assert_null(settings);
    struct pgr_bytes text = pgr_buf_bytes(&errors);
    assert_non_null(memmem(text.at, text.len, "memory", 6)); /* the nearest right name */
    pgr_options_fini(&options);
    pgr_buf_fini(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines),
        cmocka_unit_test(questions_are_answered_on_stdout),
        cmocka_unit_test(environment_is_enough),
        cmocka_unit_test(faults_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
