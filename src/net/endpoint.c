// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/net/listener.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "pgrecall/base/bytes.h"

#define SOCKET_NAME ".s.PGSQL."

/* Where the parts of the word lie; `port` is -1 when not written. */
struct parts {
    struct pgr_bytes host;
    int port;
    bool is_bracketed;
};

static bool parse_port(struct pgr_bytes digits, int *port)
{
    int value = 0;
    if (digits.len == 0 || digits.len > 5)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!isdigit(digits.at[i]))
            return false;
        value = value * 10 + (digits.at[i] - '0');
    }
    if (value > 65535)
        return false;
    *port = value;
    return true;
}

static bool is_v6(struct pgr_bytes host)
{
    char text[INET6_ADDRSTRLEN + 17]; /* with "%" and the name of an interface */
    struct in6_addr ignored;
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    text[strcspn(text, "%")] = '\0';
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

static bool is_name_or_v4(struct pgr_bytes host)
{
    if (host.len == 0 || host.len > 253 || host.at[0] == '-')
        return false;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];
        if (!isalnum(c) && c != '.' && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* Returns NULL, or what is wrong. */
static const char *split_bracketed(struct pgr_bytes word, struct parts *parts)
{
    const uint8_t *close = memchr(word.at, ']', word.len);
    if (close == NULL)
        return "\"[\" without \"]\"";
    size_t inner = (size_t)(close - word.at) - 1;
    parts->host = PGR_BYTES(word.at + 1, inner);
    parts->is_bracketed = true;
    struct pgr_bytes rest = {close + 1, word.len - inner - 2};
    if (!is_v6(parts->host))
        return "not an IPv6 address between the brackets";
    if (rest.len == 0)
        return NULL;
    if (rest.at[0] != ':' || !parse_port(PGR_BYTES(rest.at + 1, rest.len - 1), &parts->port))
        return "the port must be a number from 0 to 65535";
    return NULL;
}

static const char *split_host(struct pgr_bytes word, struct parts *parts)
{
    if (word.at[0] == '[')
        return split_bracketed(word, parts);
    parts->host = word;
    if (is_v6(word))
        return NULL;
    const uint8_t *colon = memchr(word.at, ':', word.len);
    if (colon != NULL) {
        parts->host.len = (size_t)(colon - word.at);
        struct pgr_bytes digits = {colon + 1, word.len - parts->host.len - 1};
        if (memchr(digits.at, ':', digits.len) != NULL)
            return "an IPv6 address with a port is written [ADDRESS]:PORT";
        if (!parse_port(digits, &parts->port))
            return "the port must be a number from 0 to 65535";
    }
    bool is_star = pgr_bytes_eq(parts->host, PGR_BYTES_LIT("*"));
    bool is_port_alone = colon == word.at;
    if (!is_star && !is_port_alone && !is_name_or_v4(parts->host))
        return "not a host name or address";
    return NULL;
}

/* The port of a path that ends in .s.PGSQL.N, or -1. */
static int port_of_path(struct pgr_bytes path)
{
    const char *slash = memrchr(path.at, '/', path.len);
    size_t dir_len = (size_t)((const uint8_t *)slash - path.at) + 1;
    struct pgr_bytes name = {path.at + dir_len, path.len - dir_len};
    size_t prefix = sizeof(SOCKET_NAME) - 1;
    int port = -1;
    if (name.len > prefix && memcmp(name.at, SOCKET_NAME, prefix) == 0)
        parse_port(PGR_BYTES(name.at + prefix, name.len - prefix), &port);
    return port;
}

static const char *split_path(struct pgr_bytes word, struct parts *parts)
{
    parts->host = word;
    const uint8_t *colon = memrchr(word.at, ':', word.len);
    if (colon != NULL) {
        size_t len = (size_t)(colon - word.at);
        if (parse_port(PGR_BYTES(colon + 1, word.len - len - 1), &parts->port))
            parts->host.len = len;
    }
    int named = port_of_path(parts->host);
    if (named >= 0 && parts->port >= 0 && named != parts->port)
        return "the path names another port";
    if (named >= 0)
        parts->port = named;
    return NULL;
}

/* Writes the whole path of the socket; returns NULL, or what is wrong. */
static const char *write_path(struct pgr_bytes path, unsigned port, char *storage, size_t cap)
{
    struct sockaddr_un un;
    const char *slash = path.at[path.len - 1] == '/' ? "" : "/";
    int len = port_of_path(path) >= 0
                  ? snprintf(storage, cap, "%.*s", (int)path.len, (const char *)path.at)
                  : snprintf(storage, cap, "%.*s%s" SOCKET_NAME "%u", (int)path.len,
                             (const char *)path.at, slash, port);
    if (len < 0 || (size_t)len >= cap || (size_t)len >= sizeof(un.sun_path))
        return "the path of the socket is longer than 107 bytes";
    return NULL;
}

/* A port alone does not ask for strangers: "*" does. */
static const char *write_host(struct pgr_bytes host, char *storage, size_t cap)
{
    if (host.len == 0)
        host = PGR_BYTES_LIT("127.0.0.1");
    if (host.len >= cap)
        return "too long";
    memcpy(storage, host.at, host.len);
    storage[host.len] = '\0';
    return NULL;
}

enum pgr_err pgr_endpoint_parse(const char *word, uint16_t default_port, char *storage,
                                size_t storage_cap, struct pgr_endpoint *out, char *text,
                                size_t text_cap)
{
    struct parts parts = {.port = -1};
    struct pgr_bytes whole = pgr_bytes_str(word);
    bool is_path = word[0] == '/';
    uint16_t port = default_port;
    const char *why = "an address is missing";
    if (whole.len > 0)
        why = is_path ? split_path(whole, &parts) : split_host(whole, &parts);
    if (parts.port >= 0)
        port = (uint16_t)parts.port;
    if (why == NULL)
        why = is_path ? write_path(parts.host, port, storage, storage_cap)
                      : write_host(parts.host, storage, storage_cap);
    if (why != NULL) {
        snprintf(text, text_cap, "\"%s\": %s", word, why);
        return PGR_ERR_INVALID;
    }
    *out = (struct pgr_endpoint){
        .host = is_path ? NULL : storage, .unix_path = is_path ? storage : NULL, .port = port};
    return PGR_OK;
}
