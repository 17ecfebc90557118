// SPDX-License-Identifier: PostgreSQL
#include "target_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "pgrecall/base/mem.h"

/* Plaintext in place of TLS that was asked for would be a lie. */
static bool wants_tls(const char *sslmode)
{
    return sslmode != NULL && (pgr_str_eq(sslmode, "require") || pgr_str_eq(sslmode, "verify-ca") ||
                               pgr_str_eq(sslmode, "verify-full"));
}

static enum pgr_err check_dsn(const char *key, const char *text, struct pgr_dsn *dsn, char *error,
                              size_t cap)
{
    char reason[512];
    if (pgr_dsn_parse(text, dsn, reason, sizeof(reason)) != PGR_OK) {
        (void)snprintf(error, cap, "%s: %s", key, reason);
        return PGR_ERR_INVALID;
    }
    if (wants_tls(dsn->sslmode)) {
        (void)snprintf(error, cap,
                       "%s: sslmode=%s asks for TLS towards PostgreSQL, which is not in this "
                       "version; plaintext is not sent in its place",
                       key, dsn->sslmode);
        return PGR_ERR_INVALID;
    }
    if (dsn->is_multi_host) {
        (void)snprintf(error, cap, "%s: several hosts are not in this version; name one", key);
        return PGR_ERR_INVALID;
    }
    return PGR_OK;
}

static enum pgr_err fill_endpoint(struct pgr_target *t, char *error, size_t cap)
{
    char *end;
    unsigned long port = strtoul(t->dsn.port, &end, 10);
    if (*end != 0 || port == 0 || port > 65535) {
        (void)snprintf(error, cap, "upstream.dsn: invalid port \"%s\"", t->dsn.port);
        return PGR_ERR_INVALID;
    }
    t->endpoint.port = (uint16_t)port;
    if (t->dsn.host[0] == '/') {
        t->unix_path = pgr_asprintf("%s/.s.PGSQL.%lu", t->dsn.host, port);
        t->endpoint.unix_path = t->unix_path;
    } else {
        t->endpoint.host = t->dsn.host;
    }
    return PGR_OK;
}

enum pgr_err pgr_target_resolve(const struct pgr_settings *settings, struct pgr_target *out,
                                char *text, size_t text_cap)
{
    *out = (struct pgr_target){0};
    enum pgr_err err = check_dsn("upstream.dsn", settings->upstream_dsn, &out->dsn, text, text_cap);
    if (err == PGR_OK)
        err = fill_endpoint(out, text, text_cap);
    if (err == PGR_OK && settings->upstream_service_dsn[0] != 0) {
        struct pgr_dsn service = {0};
        out->service_dsn = pgr_strdup(settings->upstream_service_dsn);
        err = check_dsn("upstream.service_dsn", out->service_dsn, &service, text, text_cap);
        pgr_dsn_fini(&service);
    } else if (err == PGR_OK && out->dsn.user != NULL) {
        out->service_dsn = pgr_strdup(settings->upstream_dsn);
    }
    if (out->service_dsn == NULL)
        out->service_dsn = pgr_strdup("");
    if (err != PGR_OK)
        pgr_target_fini(out);
    return err;
}

void pgr_target_fini(struct pgr_target *target)
{
    pgr_free(target->unix_path);
    pgr_free(target->service_dsn);
    pgr_dsn_fini(&target->dsn);
    *target = (struct pgr_target){0};
}
