// SPDX-License-Identifier: PostgreSQL
#include "dsn_priv.h"

#include <ctype.h>
#include <strings.h>

#include "pgrecall/conf/settings.h"

/*
 * Both forms are read as libpq's fe-connect.c reads them. Where a string is not what libpq expects
 * (a raw `/` or `@` in a password is the usual slip) the reading is the one that shows less.
 */
struct walk {
    pgr_dsn_part_fn *fn;
    void *arg;
};

static void emit(const struct walk *walk, enum pgr_dsn_part part, const char *from, const char *to)
{
    if (from < to)
        walk->fn(walk->arg, part, PGR_BYTES(from, (size_t)(to - from)));
}

static enum pgr_dsn_part part_of_key(const char *key)
{
    static const char *const secrets[] = {"sslpassword", "oauth_client_secret", "scram_client_key",
                                          "scram_server_key"};
    if (strcasecmp(key, "password") == 0)
        return PGR_DSN_PASSWORD;
    for (size_t i = 0; i < PGR_ARRAY_LEN(secrets); i++) {
        if (strcasecmp(key, secrets[i]) == 0)
            return PGR_DSN_SECRET;
    }
    return PGR_DSN_PLAIN;
}

static int hex_digit(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* A key as libpq sees it: `pass%77ord` is password. What does not fit is no key of libpq's. */
static void decode_key(const char *from, const char *to, char *out, size_t cap)
{
    size_t len = 0;
    while (from < to && len + 1 < cap) {
        bool is_coded =
            *from == '%' && to - from >= 3 && hex_digit(from[1]) >= 0 && hex_digit(from[2]) >= 0;
        out[len++] = (char)(is_coded ? hex_digit(from[1]) << 4 | hex_digit(from[2]) : *from);
        from += is_coded ? 3 : 1;
    }
    out[len] = '\0';
}

static const char *find(const char *from, const char *to, const char *any)
{
    while (from < to && strchr(any, *from) == NULL)
        from++;
    return from;
}

/* `key=value` between two `&`. */
static void walk_parameter(const struct walk *walk, const char *from, const char *to)
{
    char key[64];
    const char *equals = find(from, to, "=");
    if (equals == to) {
        emit(walk, PGR_DSN_SECRET, from, to);
        return;
    }
    decode_key(from, equals, key, sizeof(key));
    emit(walk, PGR_DSN_PLAIN, from, equals + 1);
    emit(walk, part_of_key(key), equals + 1, to);
}

static void walk_query(const struct walk *walk, const char *from, const char *end)
{
    while (from < end) {
        const char *stop = find(from + 1, end, "&"); /* `from` is the `?` or the `&` before */
        emit(walk, PGR_DSN_PLAIN, from, from + 1);
        walk_parameter(walk, from + 1, stop);
        from = stop;
    }
}

/* The colon whose port is no number, in `host:port,[v6]:port`; `to` if all are. */
static const char *find_odd_port(const char *from, const char *to)
{
    for (const char *at = from; at < to; at++) {
        if (*at == '[')
            at = find(at, to, "]");
        if (at == to || *at != ':')
            continue;
        const char *stop = find(at, to, ",");
        for (const char *digit = at + 1; digit < stop; digit++) {
            if (!isdigit((unsigned char)*digit))
                return at;
        }
    }
    return to;
}

/* The `@` behind the password, which may be later than libpq's; NULL if there is none. */
static const char *find_at(const char *from, const char *query)
{
    const char *at = NULL;
    for (const char *c = from; c < query; c++) {
        if (*c == '@')
            at = c;
    }
    return at;
}

static bool walk_uri(const struct walk *walk, const char *dsn, const char *from)
{
    const char *end = dsn + strlen(dsn);
    const char *first = find(from, end, "@/");
    const char *query = find(first < end && *first == '@' ? first : from, end, "?");
    const char *at = find_at(from, query);
    if (at != NULL) {
        /* `h?password=p@w` has the user `h?password=p` to libpq: hardly what was meant. */
        const char *colon = find(from, at, ":?");
        const char *secret = colon < at ? colon + 1 : at;
        emit(walk, PGR_DSN_PLAIN, dsn, secret);
        emit(walk, *colon == ':' ? PGR_DSN_PASSWORD : PGR_DSN_SECRET, secret, at);
        emit(walk, PGR_DSN_PLAIN, at, query);
    } else {
        const char *net_end = find(from, query, "/");
        const char *odd = find_odd_port(from, net_end);
        if (odd < net_end) {
            emit(walk, PGR_DSN_PLAIN, dsn, odd + 1);
            emit(walk, PGR_DSN_SECRET, odd + 1, end);
            return false;
        }
        emit(walk, PGR_DSN_PLAIN, dsn, query);
    }
    walk_query(walk, query, end);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* One past the value at `at`; NULL if its quote is never closed. */
static const char *end_of_value(const char *at)
{
    bool is_quoted = *at == '\'';
    if (is_quoted)
        at++;
    while (*at != '\0' && (is_quoted ? *at != '\'' : !is_blank(*at))) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        at++;
    }
    if (!is_quoted)
        return at;
    return *at == '\'' ? at + 1 : NULL;
}

/* Emits ` key = value`; returns what follows, or NULL if it is no such thing. */
static const char *walk_pair(const struct walk *walk, const char *from)
{
    char key[64];
    const char *name = skip_blanks(from);
    const char *name_end = name;
    while (isalnum((unsigned char)*name_end) || *name_end == '_')
        name_end++;
    const char *equals = skip_blanks(name_end);
    if (name_end == name || *equals != '=')
        return NULL;
    const char *value = skip_blanks(equals + 1);
    const char *value_end = end_of_value(value);
    if (value_end == NULL)
        return NULL;
    decode_key(name, name_end, key, sizeof(key));
    bool is_empty_quote = value_end - value == 2 && *value == '\'';
    emit(walk, PGR_DSN_PLAIN, from, value);
    emit(walk, is_empty_quote ? PGR_DSN_PLAIN : part_of_key(key), value, value_end);
    return value_end;
}

static bool walk_pairs(const struct walk *walk, const char *dsn)
{
    const char *at = dsn;
    while (*skip_blanks(at) != '\0') {
        const char *next = walk_pair(walk, at);
        if (next == NULL) {
            emit(walk, PGR_DSN_SECRET, at, at + strlen(at));
            return false;
        }
        at = next;
    }
    emit(walk, PGR_DSN_PLAIN, at, at + strlen(at));
    return true;
}

bool pgr_dsn_walk(const char *dsn, pgr_dsn_part_fn *fn, void *arg)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    struct walk walk = {fn, arg};
    for (size_t i = 0; i < PGR_ARRAY_LEN(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(dsn, schemes[i], len) == 0) {
            bool is_exact = strncmp(dsn, schemes[i], len) == 0;
            return walk_uri(&walk, dsn, dsn + len) && is_exact;
        }
    }
    return walk_pairs(&walk, dsn);
}

static void ignore_part(void *arg, enum pgr_dsn_part part, struct pgr_bytes text)
{
    PGR_UNUSED(arg);
    PGR_UNUSED(part);
    PGR_UNUSED(text);
}

bool pgr_dsn_is_plausible(const char *dsn)
{
    return *skip_blanks(dsn) != '\0' && pgr_dsn_walk(dsn, ignore_part, NULL);
}

static void redact_part(void *arg, enum pgr_dsn_part part, struct pgr_bytes text)
{
    if (part == PGR_DSN_PLAIN)
        pgr_buf_put_bytes(arg, text);
    else
        pgr_buf_put_bytes(arg, PGR_BYTES_LIT("***"));
}

void pgr_dsn_redact(const char *dsn, struct pgr_buf *out)
{
    (void)pgr_dsn_walk(dsn, redact_part, out);
}

static void note_password(void *arg, enum pgr_dsn_part part, struct pgr_bytes text)
{
    PGR_UNUSED(text);
    if (part == PGR_DSN_PASSWORD)
        *(bool *)arg = true;
}

bool pgr_dsn_has_password(const char *dsn)
{
    bool has = false;
    (void)pgr_dsn_walk(dsn, note_password, &has);
    return has;
}
