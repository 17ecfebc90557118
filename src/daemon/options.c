// SPDX-License-Identifier: PostgreSQL
#include "options_priv.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"

static const char usage[] =
    "usage: pgrecall [-c FILE] [--upstream DSN] [--listen ADDR[:PORT]]... [--set "
    "SECTION.KEY=VALUE]...\n"
    "                [--check] [--help-config] [--version] [--help]\n"
    "\n"
    "A caching proxy for PostgreSQL: clients connect to it instead, repeated reads are answered "
    "from\n"
    "memory, everything else is forwarded untouched.\n"
    "\n"
    "  -c, --config FILE   settings and rules (INI); SIGHUP reads it again\n"
    "  --upstream DSN      PostgreSQL: same as --set upstream.dsn=DSN\n"
    "  --listen ADDR:PORT  where clients connect (default 127.0.0.1:6433), also /socket/dir:PORT;\n"
    "                      may be given several times: same as --set proxy.listen=A,B\n"
    "  --set S.K=VALUE     any setting of the file; the last one wins\n"
    "  --check             validate, try PostgreSQL, print the freshness promise, and exit:\n"
    "                      0 fine, 1 invalid configuration, 3 PostgreSQL cannot be reached\n"
    "  --help-config       every setting with its unit, range, default and meaning\n"
    "\n"
    "example: pgrecall --upstream 'host=127.0.0.1 port=5432 user=app' --listen 127.0.0.1:6433\n"
    "         psql -h 127.0.0.1 -p 6433 -U app mydb\n"
    "A password belongs in ~/.pgpass or in PGRECALL_UPSTREAM_DSN, not on the command line.\n";

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"upstream", required_argument, NULL, 'u'},
    {"listen", required_argument, NULL, 'l'},
    {"set", required_argument, NULL, 's'},
    {"check", no_argument, NULL, 'k'},
    {"help-config", no_argument, NULL, 'H'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void add_override(struct pgr_options *o, char *text)
{
    o->overrides = pgr_realloc_array(o->overrides, o->override_count + 1, sizeof(char *));
    o->overrides[o->override_count++] = text;
}

static void exit_with(struct pgr_options *o, int status)
{
    o->mode = PGR_MODE_EXIT;
    o->status = status;
}

static void print_config_help(void)
{
    struct pgr_buf help;
    pgr_buf_init(&help, (size_t)1 << 20);
    pgr_settings_help(&help);
    (void)fwrite(pgr_buf_bytes(&help).at, 1, pgr_buf_len(&help), stdout);
    pgr_buf_fini(&help);
}

static void warn_password(const char *word)
{
    if (pgr_dsn_has_password(word))
        (void)fprintf(stderr,
                      "pgrecall: warning: a password on the command line can be read by every user "
                      "of this machine; put the DSN into the environment variable "
                      "PGRECALL_UPSTREAM_DSN, or the password into ~/.pgpass (PGPASSFILE)\n");
}

static void take_option(struct pgr_options *o, int which, char **listen)
{
    char *joined;
    switch (which) {
    case 'c':
        o->path = optarg;
        break;
    case 'u':
        warn_password(optarg);
        add_override(o, pgr_asprintf("upstream.dsn=%s", optarg));
        break;
    case 'l':
        joined = *listen ? pgr_asprintf("%s,%s", *listen, optarg) : pgr_strdup(optarg);
        pgr_free(*listen);
        *listen = joined;
        break;
    case 's':
        warn_password(strchr(optarg, '=') ? strchr(optarg, '=') + 1 : optarg);
        add_override(o, pgr_strdup(optarg));
        break;
    case 'k':
        o->mode = PGR_MODE_CHECK;
        break;
    case 'H':
        print_config_help();
        exit_with(o, 0);
        break;
    case 'v':
        (void)printf("pgrecall %s\n", PGR_VERSION);
        exit_with(o, 0);
        break;
    case 'h':
        (void)fputs(usage, stdout);
        exit_with(o, 0);
        break;
    default:
        (void)fputs("pgrecall: see pgrecall --help\n", stderr);
        exit_with(o, 1);
    }
}

void pgr_options_parse(int argc, char **argv, struct pgr_options *out)
{
    char *listen = NULL;
    int which;
    *out = (struct pgr_options){.mode = PGR_MODE_SERVE};
    optind = 0; /* glibc: begin afresh */
    while (out->mode != PGR_MODE_EXIT &&
           (which = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1)
        take_option(out, which, &listen);
    if (listen != NULL)
        add_override(out, pgr_asprintf("proxy.listen=%s", listen));
    pgr_free(listen);
    if (out->mode == PGR_MODE_EXIT)
        return;
    if (optind < argc) {
        (void)fprintf(stderr, "pgrecall: unexpected argument \"%s\"; see pgrecall --help\n",
                      argv[optind]);
        exit_with(out, 1);
    } else if (argc == 1 && getenv("PGRECALL_UPSTREAM_DSN") == NULL) {
        (void)fputs(usage, stderr);
        exit_with(out, 1);
    }
}

void pgr_options_fini(struct pgr_options *options)
{
    for (size_t i = 0; i < options->override_count; i++)
        pgr_free((void *)options->overrides[i]);
    pgr_free(options->overrides);
    *options = (struct pgr_options){0};
}

enum pgr_err pgr_options_load(const struct pgr_options *options, struct pgr_settings **out,
                              struct pgr_buf *errors)
{
    struct pgr_settings_source source = {
        .path = options->path,
        .overrides = options->overrides,
        .override_count = options->override_count,
        .environment = environ,
    };
    return pgr_settings_load(&source, out, errors);
}
