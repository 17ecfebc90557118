// SPDX-License-Identifier: PostgreSQL
/*
 * A connection string is read by libpq and by nobody else: environment, service file and defaults
 * come from its own code. PQconninfoParse() alone knows none of those, and PQconnectStart() would
 * look names up and open a socket. So a connection is begun with a value that libpq refuses after
 * it has merged everything and before it touches the network; what it would have used can then be
 * asked for.
 */
#include "pgrecall/pq/dsn.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pgrecall/base/mem.h"

/* Refused by libpq since 13, whatever else is set; never sent anywhere. */
#define REFUSED_KEYWORD "channel_binding"
#define REFUSED_VALUE   "only-read-the-options"

static bool is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            return is_set(o->val) ? o->val : NULL;
    }
    return NULL;
}

/* Whether libpq's sentence may quote a piece of a password. */
static bool may_hold_secret(const char *text)
{
    if (strcasestr(text, "password") != NULL)
        return true;
    return strstr(text, "://") != NULL && strchr(text, '@') != NULL;
}

/*
 * Copies one line of libpq's sentence; what stands between double quotes becomes "…" if
 * `is_secret`. A quote inside a quoted piece may come from the password, so all to the last quote
 * is left out.
 */
static void copy_sentence(const char *sentence, bool is_secret, char *out, size_t cap)
{
    if (cap == 0)
        return;
    size_t len = strcspn(sentence, "\n");
    const char *first = is_secret ? memchr(sentence, '"', len) : NULL;
    const char *last = first ? memrchr(sentence, '"', len) : NULL;
    if (first != NULL && last > first) {
        snprintf(out, cap, "%.*s\"…\"%.*s", (int)(first - sentence), sentence,
                 (int)(sentence + len - last - 1), last + 1);
        return;
    }
    snprintf(out, cap, "%.*s", (int)len, sentence);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where libpq would go first. Its built-in socket directory counts only where there is one. */
static char *effective_host(PGconn *probe, const PQconninfoOption *merged)
{
    const char *address = option_value(merged, "hostaddr");
    if (address != NULL && address[0] != ',')
        return pgr_strndup(address, strcspn(address, ","));
    const char *host = PQhost(probe);
    bool is_default = option_value(merged, "host") == NULL;
    if (!is_set(host) || (is_default && host[0] == '/' && !is_directory(host)))
        host = "localhost";
    return pgr_strdup(host);
}

/* "prefer" is libpq's own default: nobody gave it. */
static char *given_sslmode(const PQconninfoOption *named, const PQconninfoOption *merged)
{
    const char *mode = option_value(named, "sslmode");
    if (mode == NULL && is_set(getenv("PGSSLMODE")))
        mode = getenv("PGSSLMODE");
    if (mode == NULL && !pgr_str_eq(option_value(merged, "sslmode"), "prefer"))
        mode = option_value(merged, "sslmode");
    return pgr_strdup(mode);
}

/* libpq looks at the number only when it connects; a bad one is better known at start. */
static bool is_port(const char *port)
{
    char *end = NULL;
    unsigned long number = isdigit((unsigned char)port[0]) ? strtoul(port, &end, 10) : 0;
    return number >= 1 && number <= 65535 && *end == '\0';
}

static bool has_comma(const char *value)
{
    return value != NULL && strchr(value, ',') != NULL;
}

static void fill(struct pgr_dsn *out, const char *text, PGconn *probe,
                 const PQconninfoOption *named, const PQconninfoOption *merged)
{
    const char *port = PQport(probe);
    out->text = pgr_strdup(text);
    out->host = effective_host(probe, merged);
    out->port = pgr_strdup(is_set(port) ? port : "5432");
    out->user = pgr_strdup(option_value(named, "user"));
    out->dbname = pgr_strdup(option_value(named, "dbname"));
    out->sslmode = given_sslmode(named, merged);
    out->is_multi_host =
        has_comma(option_value(merged, "host")) || has_comma(option_value(merged, "hostaddr"));
    out->has_password = option_value(named, "password") != NULL;
}

/* The merged view of libpq, without a connection. */
static PGconn *begin_and_refuse(const char *text)
{
    const char *const keywords[] = {"dbname", REFUSED_KEYWORD, NULL};
    const char *const values[] = {text, REFUSED_VALUE, NULL};
    return PQconnectStartParams(keywords, values, 1);
}

/* Did libpq stop where it was meant to, or earlier, at a fault of the text? */
static bool stopped_as_meant(PGconn *probe)
{
    return strstr(PQerrorMessage(probe), REFUSED_VALUE) != NULL;
}

/* What libpq makes of a text with nothing wrong in it. */
static enum pgr_err read_merged(PGconn *probe, const char *text, const PQconninfoOption *named,
                                struct pgr_dsn *out)
{
    PQconninfoOption *merged = PQconninfo(probe);
    if (merged == NULL)
        return PGR_ERR_NOMEM;
    fill(out, text, probe, named, merged);
    PQconninfoFree(merged);
    return PGR_OK;
}

static enum pgr_err parse_named(const char *text, const PQconninfoOption *named,
                                struct pgr_dsn *out, char *error, size_t error_cap)
{
    /* A text without any option would be a database name to libpq. */
    PGconn *probe = begin_and_refuse(text[strspn(text, " \t\n")] ? text : "dbname=''");
    enum pgr_err err = PGR_ERR_INVALID;
    if (probe == NULL)
        err = PGR_ERR_NOMEM;
    else if (stopped_as_meant(probe))
        err = read_merged(probe, text, named, out);
    else
        copy_sentence(PQerrorMessage(probe), may_hold_secret(text), error, error_cap);
    PQfinish(probe);
    return err;
}

enum pgr_err pgr_dsn_parse(const char *text, struct pgr_dsn *out, char *error, size_t error_cap)
{
    char *sentence = NULL;
    PQconninfoOption *named = PQconninfoParse(text, &sentence);
    if (named == NULL) {
        copy_sentence(sentence ? sentence : "out of memory", may_hold_secret(text), error,
                      error_cap);
        PQfreemem(sentence);
        return PGR_ERR_INVALID;
    }
    struct pgr_dsn dsn = {0};
    enum pgr_err err = parse_named(text, named, &dsn, error, error_cap);
    PQconninfoFree(named);
    if (err == PGR_OK && !is_port(dsn.port)) {
        snprintf(error, error_cap, "invalid port number: \"%s\"", dsn.port);
        pgr_dsn_fini(&dsn);
        err = PGR_ERR_INVALID;
    }
    if (err == PGR_OK)
        *out = dsn;
    return err;
}

void pgr_dsn_fini(struct pgr_dsn *dsn)
{
    pgr_free(dsn->text);
    pgr_free(dsn->host);
    pgr_free(dsn->port);
    pgr_free(dsn->user);
    pgr_free(dsn->dbname);
    pgr_free(dsn->sslmode);
    *dsn = (struct pgr_dsn){0};
}
