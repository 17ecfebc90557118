// SPDX-License-Identifier: PostgreSQL
#include "address_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "pgrecall/net/stream.h"

static const struct sockaddr_in *as_v4(const struct sockaddr *addr)
{
    return (const struct sockaddr_in *)(const void *)addr;
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr *addr)
{
    return (const struct sockaddr_in6 *)(const void *)addr;
}

bool pgr_sockaddr_is_local(const struct sockaddr *addr)
{
    switch (addr->sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(as_v4(addr)->sin_addr.s_addr) >> 24 == 127;
    case AF_INET6: {
        const struct in6_addr *v6 = &as_v6(addr)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    default:
        return false;
    }
}

void pgr_address_host_text(const struct sockaddr *addr, char *out, size_t cap)
{
    const void *raw = NULL;
    if (addr->sa_family == AF_INET)
        raw = &as_v4(addr)->sin_addr;
    else if (addr->sa_family == AF_INET6)
        raw = &as_v6(addr)->sin6_addr;
    if (raw == NULL || inet_ntop(addr->sa_family, raw, out, (socklen_t)cap) == NULL)
        snprintf(out, cap, "%s", addr->sa_family == AF_UNIX ? "unix" : "unknown");
}

uint16_t pgr_address_port(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET)
        return ntohs(as_v4(addr)->sin_port);
    if (addr->sa_family == AF_INET6)
        return ntohs(as_v6(addr)->sin6_port);
    return 0;
}

void pgr_address_set_port(struct sockaddr *addr, uint16_t port)
{
    if (addr->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)addr)->sin_port = htons(port);
    else if (addr->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)addr)->sin6_port = htons(port);
}

void pgr_address_text(const struct sockaddr *addr, char *out, size_t cap)
{
    char host[PGR_ADDRESS_TEXT];
    pgr_address_host_text(addr, host, sizeof(host));
    if (addr->sa_family == AF_INET)
        snprintf(out, cap, "%s:%u", host, (unsigned)pgr_address_port(addr));
    else if (addr->sa_family == AF_INET6)
        snprintf(out, cap, "[%s]:%u", host, (unsigned)pgr_address_port(addr));
    else
        snprintf(out, cap, "%s", host);
}

enum pgr_err pgr_address_unix(struct pgr_address *out, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(un.sun_path))
        return PGR_ERR_LIMIT;
    memcpy(un.sun_path, path, len + 1);
    memset(out, 0, sizeof(*out));
    memcpy(&out->any, &un, sizeof(un));
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return PGR_OK;
}

size_t pgr_address_copy(struct pgr_address *out, size_t max, const struct addrinfo *list)
{
    size_t count = 0;
    for (; list != NULL && count < max; list = list->ai_next) {
        if (list->ai_addrlen > sizeof(out->any))
            continue;
        memcpy(&out[count].any, list->ai_addr, list->ai_addrlen);
        out[count++].len = list->ai_addrlen;
    }
    return count;
}

void pgr_socket_tune(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 6},
    };
    int family = 0;
    socklen_t len = sizeof(family);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0 || family == AF_UNIX)
        return;
    for (size_t i = 0; i < PGR_ARRAY_LEN(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
}
