// SPDX-License-Identifier: PostgreSQL
#include "client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pgr_client_open(struct pgr_client *client, struct pgr_run *run, const char *dsn, unsigned seed)
{
    *client = (struct pgr_client){.run = run, .random = seed * 0x9e3779b97f4a7c15u + 1};
    client->link = PQconnectdb(dsn);
    if (PQstatus(client->link) != CONNECTION_OK)
        pgr_client_die(client, "connecting");
}

void pgr_client_close(struct pgr_client *client)
{
    PQfinish(client->link);
}

unsigned pgr_client_random(struct pgr_client *client, unsigned limit)
{
    client->random ^= client->random << 13;
    client->random ^= client->random >> 7;
    client->random ^= client->random << 17;
    return (unsigned)((client->random >> 20) % limit);
}

void pgr_client_die(const struct pgr_client *client, const char *what)
{
    (void)fprintf(stderr, "error: %s: %s\n", what, PQerrorMessage(client->link));
    (void)fflush(NULL);
    _Exit(2);
}

PGresult *pgr_client_expect(const struct pgr_client *client, PGresult *result,
                            ExecStatusType status, const char *text)
{
    if (PQresultStatus(result) != status) {
        (void)fprintf(stderr, "error: %s instead of %s\n", PQresStatus(PQresultStatus(result)),
                      PQresStatus(status));
        pgr_client_die(client, text);
    }
    return result;
}

void pgr_client_run(const struct pgr_client *client, const char *text, ExecStatusType status)
{
    PQclear(pgr_client_expect(client, PQexec(client->link, text), status, text));
}

void pgr_call_render(const struct pgr_call *call, char out[PGR_TEXT_MAX])
{
    size_t len = 0;
    for (const char *at = call->text; *at != '\0' && len < PGR_TEXT_MAX - 16; at++) {
        if (*at == '$' && (at[1] == '1' || at[1] == '2')) {
            at++;
            len += (size_t)snprintf(out + len, 16, "%d", *at == '1' ? call->version : call->id);
        } else {
            out[len++] = *at;
        }
    }
    out[len] = '\0';
}

static void prepare_once(struct pgr_client *client, const char *text, unsigned slot, char name[16])
{
    uint64_t bit = (uint64_t)1 << slot % 64;
    (void)snprintf(name, 16, "h%u", slot);
    if (client->prepared[slot / 64] & bit)
        return;
    PQclear(pgr_client_expect(client, PQprepare(client->link, name, text, 0, NULL),
                              PGRES_COMMAND_OK, text));
    client->prepared[slot / 64] |= bit;
}

PGresult *pgr_client_call(struct pgr_client *client, const struct pgr_call *call,
                          enum pgr_style style, unsigned slot)
{
    char version[16];
    char id[16];
    char text[PGR_TEXT_MAX];
    char name[16];
    const char *values[] = {version, id};
    int count = strstr(call->text, "$2") != NULL ? 2 : strstr(call->text, "$1") != NULL ? 1 : 0;
    (void)snprintf(version, sizeof(version), "%d", call->version);
    (void)snprintf(id, sizeof(id), "%d", call->id);
    switch (style) {
    case PGR_STYLE_UNNAMED:
    case PGR_STYLE_BINARY:
        return PQexecParams(client->link, call->text, count, NULL, values, NULL, NULL,
                            style == PGR_STYLE_BINARY);
    case PGR_STYLE_NAMED:
        prepare_once(client, call->text, slot, name);
        return PQexecPrepared(client->link, name, count, values, NULL, NULL, 0);
    case PGR_STYLE_SIMPLE:
    case PGR_STYLE_COUNT:
        break;
    }
    pgr_call_render(call, text);
    return PQexec(client->link, text);
}

uint32_t pgr_result_number(const PGresult *result, int row, int column)
{
    const char *value = PQgetvalue(result, row, column);
    uint32_t binary;
    if (PQfformat(result, column) == 1 && PQftype(result, column) == 23) {
        memcpy(&binary, value, sizeof(binary));
        return ntohl(binary);
    }
    const char *dash = strrchr(value, '-');
    return (uint32_t)strtoul(dash ? dash + 1 : value, NULL, 10);
}
