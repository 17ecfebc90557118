// SPDX-License-Identifier: PostgreSQL
/*
 * From accept to the first ReadyForQuery. The startup packet is forwarded unchanged, parameters
 * known or not; authentication is PostgreSQL's and the client's affair, watched only for the two
 * things a relay must know (upstream/auth.h).
 */
#include <stdlib.h>

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/upstream/cancel.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/sqlstate.h"
#include "pgrecall/wire/startup.h"
#include "session_priv.h"

/* PostgreSQL's own bound on a message before authentication (PG_MAX_AUTH_TOKEN_LENGTH). */
#define AUTH_MESSAGE_MAX  65535u
#define CANCEL_TIMEOUT_MS 10000
/* PostgreSQL cuts names of users and databases to NAMEDATALEN - 1 bytes. */
#define PGR_NAME_MAX 63

static void on_login_timeout(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    struct pgr_fault fault;
    pgr_fault_set(&fault, PGR_SQLSTATE_QUERY_CANCELED,
                  "canceling authentication due to timeout ([proxy] login_timeout)");
    pgr_session_fatal(s, &fault);
}

void pgr_login_begin(struct pgr_session *s)
{
    s->identity.timer = pgr_timer_create(s->env->loop, on_login_timeout, s);
    pgr_timer_start(s->identity.timer, s->env->settings->proxy_login_timeout_us / 1000, 0);
}

/* ---- the server's side of the connection ---- */

static void on_server_input(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    if (s->state == PGR_SESSION_LOGIN)
        pgr_login_server_input(s);
    else if (s->state == PGR_SESSION_READY)
        pgr_server_pump(s);
    else if (s->state == PGR_SESSION_TUNNEL)
        pgr_tunnel_pump(s->server.stream, s->client.stream);
}

static void on_server_drained(void *arg)
{
    struct pgr_session *s = arg;
    pgr_stream_resume(s->client.stream);
    if (s->client.is_gone && s->state == PGR_SESSION_READY)
        pgr_client_pump(s);
}

/* A backend that is gone takes its client with it: what it said last is flushed first. */
static void on_server_closed(void *arg, int err)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    if (s->state == PGR_SESSION_READY && !s->client.has_said_goodbye)
        pgr_log(PGR_LOG_INFO, "upstream_closed", pgr_f_int("pid", s->server.pid),
                pgr_f_str("error", err ? strerror(err) : "end of stream"));
    pgr_session_close(s);
}

static void on_connected(void *arg, int err, const char *text)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    if (err) {
        struct pgr_fault fault;
        pgr_fault_set(&fault, PGR_SQLSTATE_CANNOT_CONNECT_NOW, "PostgreSQL cannot be reached: %s",
                      text);
        pgr_session_fatal(s, &fault);
        return;
    }
    pgr_stream_write_blob(s->server.stream, s->identity.startup, 0, s->identity.startup->len);
    pgr_blob_unref(s->identity.startup);
    s->identity.startup = NULL;
    if (s->identity.is_foreign) {
        pgr_timer_close(&s->identity.timer);
        pgr_session_set_state(s, PGR_SESSION_TUNNEL);
    } else {
        pgr_session_set_state(s, PGR_SESSION_LOGIN);
    }
    pgr_stream_resume(s->client.stream);
}

static void connect_upstream(struct pgr_session *s)
{
    static const struct pgr_stream_events events = {on_server_input, on_server_drained,
                                                    on_server_closed};
    pgr_session_set_state(s, PGR_SESSION_CONNECTING);
    s->server.stream = pgr_stream_connect(s->env->loop, s->env->upstream,
                                          s->env->settings->upstream_connect_timeout_us / 1000,
                                          &events, on_connected, s);
}

/* ---- the client's first packets ---- */

static void decline(struct pgr_session *s, bool *has_asked, const struct pgr_startup *startup)
{
    if (*has_asked) {
        struct pgr_fault fault;
        pgr_fault_set(&fault, PGR_SQLSTATE_FEATURE_NOT_SUPPORTED,
                      "unsupported frontend protocol %u.%u", startup->version >> 16,
                      startup->version & 0xffff);
        pgr_session_fatal(s, &fault);
        return;
    }
    *has_asked = true;
    pgr_stream_consume(s->client.stream, startup->size);
    pgr_stream_write(s->client.stream, PGR_BYTES_LIT("N"));
}

static void on_cancelled(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    if (s->state == PGR_SESSION_CANCELLING) {
        s->asks--;
        pgr_session_close(s);
    } else {
        pgr_session_wake(s);
    }
}

static void relay_cancel(struct pgr_session *s, struct pgr_bytes packet)
{
    pgr_session_set_state(s, PGR_SESSION_CANCELLING);
    pgr_timer_close(&s->identity.timer);
    pgr_count_add(s->env->counters, PGR_COUNTER_cancels, 1);
    s->asks++;
    pgr_cancel_relay(s->env->loop, s->env->upstream, packet, CANCEL_TIMEOUT_MS, on_cancelled, s);
}

/* `-c name=value`, `--name=value` in options, and parameters named directly: only dotted names
 * matter, the rest is in the probe. */
static void note_dotted(struct pgr_session *s, const char *name, size_t len)
{
    if (len == 0 || len > 200 || memchr(name, '.', len) == NULL)
        return;
    char *lower = pgr_strndup(name, len);
    for (char *c = lower; *c; c++)
        *c = *c == '-' ? '_' : *c;
    pgr_backend_note_setting(&s->facts, lower);
    pgr_free(lower);
}

static void note_options(struct pgr_session *s, const char *options)
{
    for (const char *at = options; *at;) {
        size_t word = strcspn(at, " \t\n\r\f\v");
        bool has_dash = word >= 2 && at[0] == '-' && (at[1] == 'c' || at[1] == '-');
        const char *name = has_dash ? at + 2 : at; /* `-c` and the name may be two words */
        const char *equals = memchr(name, '=', word - (size_t)(name - at));
        if (equals != NULL)
            note_dotted(s, name, (size_t)(equals - name));
        at += word;
        at += strspn(at, " \t\n\r\f\v");
    }
}

static bool is_false(const char *value)
{
    static const char *const words[] = {"false", "off", "no", "0", "f", "n"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++)
        if (pgr_str_eq(value, words[i]))
            return true;
    return false;
}

static void note_parameter(void *arg, const char *name, const char *value)
{
    struct pgr_session *s = arg;
    char **slot = pgr_str_eq(name, "user")               ? &s->identity.user
                  : pgr_str_eq(name, "database")         ? &s->identity.database_name
                  : pgr_str_eq(name, "application_name") ? &s->identity.application
                                                         : NULL;
    if (slot != NULL) {
        pgr_free(*slot);
        *slot = pgr_strndup(value, strnlen(value, PGR_NAME_MAX));
    } else if (pgr_str_eq(name, "replication")) {
        s->identity.is_replication = !is_false(value);
        s->identity.is_physical = s->identity.is_replication && !pgr_str_eq(value, "database");
    } else if (pgr_str_eq(name, "options")) {
        note_options(s, value);
    } else {
        note_dotted(s, name, strlen(name));
    }
}

/* Cancel requests are not counted: a full proxy must still take them. */
static bool admit(struct pgr_session *s)
{
    uint32_t before = atomic_fetch_add(s->env->clients, 1);
    s->identity.is_admitted = true;
    if (before < s->env->settings->proxy_max_clients)
        return true;
    struct pgr_fault fault;
    pgr_fault_set(&fault, PGR_SQLSTATE_TOO_MANY_CONNECTIONS,
                  "sorry, too many clients already ([proxy] max_clients = %u)",
                  s->env->settings->proxy_max_clients);
    pgr_count_add(s->env->counters, PGR_COUNTER_sessions_refused, 1);
    pgr_session_fatal(s, &fault);
    return false;
}

static void accept_startup(struct pgr_session *s, const struct pgr_startup *startup,
                           struct pgr_bytes packet)
{
    if (!admit(s))
        return;
    s->identity.is_foreign = startup->kind == PGR_STARTUP_OTHER;
    if (!s->identity.is_foreign)
        pgr_startup_each(startup, note_parameter, s);
    if (s->identity.user == NULL)
        s->identity.user = pgr_strdup("");
    if (s->identity.database_name == NULL || s->identity.database_name[0] == 0) {
        pgr_free(s->identity.database_name);
        s->identity.database_name = pgr_strdup(s->identity.user);
    }
    if (s->identity.application == NULL)
        s->identity.application = pgr_strdup("");
    s->identity.startup = pgr_blob_copy(packet);
    pgr_stream_consume(s->client.stream, packet.len);
    if (s->identity.startup == NULL) {
        struct pgr_fault fault;
        pgr_fault_set(&fault, PGR_SQLSTATE_OUT_OF_MEMORY, "out of memory");
        pgr_session_fatal(s, &fault);
        return;
    }
    connect_upstream(s);
}

static void first_packet(struct pgr_session *s)
{
    struct pgr_startup startup;
    struct pgr_fault fault;
    struct pgr_bytes input = pgr_stream_input(s->client.stream);
    enum pgr_parse parsed = pgr_startup_parse(input, &startup, &fault);
    if (parsed == PGR_PARSE_MORE)
        return;
    if (parsed == PGR_PARSE_BAD) {
        pgr_session_fatal(s, &fault);
        return;
    }
    switch (startup.kind) {
    case PGR_STARTUP_SSL:
        decline(s, &s->identity.has_asked_ssl, &startup);
        break;
    case PGR_STARTUP_GSSENC:
        decline(s, &s->identity.has_asked_gss, &startup);
        break;
    case PGR_STARTUP_CANCEL:
        relay_cancel(s, PGR_BYTES(input.at, startup.size));
        break;
    case PGR_STARTUP_SESSION:
    case PGR_STARTUP_OTHER:
        accept_startup(s, &startup, PGR_BYTES(input.at, startup.size));
        break;
    }
}

/* Only password messages may pass before ReadyForQuery; what a hasty client sends after them waits. */
static void relay_password(struct pgr_session *s)
{
    for (;;) {
        struct pgr_frame frame;
        struct pgr_bytes input = pgr_stream_input(s->client.stream);
        enum pgr_parse parsed = pgr_frame_peek(input, AUTH_MESSAGE_MAX, &frame);
        if (parsed == PGR_PARSE_MORE || (parsed == PGR_PARSE_OK && frame.type != PGR_FE_PASSWORD &&
                                         frame.type != PGR_FE_TERMINATE))
            return;
        if (parsed == PGR_PARSE_BAD) {
            struct pgr_fault fault;
            pgr_fault_set(&fault, PGR_SQLSTATE_PROTOCOL_VIOLATION,
                          "invalid message length during authentication");
            pgr_session_fatal(s, &fault);
            return;
        }
        size_t size = pgr_frame_size(&frame);
        if (input.len < size) {
            pgr_stream_want(s->client.stream, size);
            return;
        }
        pgr_stream_write(s->server.stream, PGR_BYTES(input.at, size));
        pgr_stream_consume(s->client.stream, size);
    }
}

void pgr_login_client_input(struct pgr_session *s)
{
    size_t before = 0;
    while (s->state == PGR_SESSION_STARTUP) {
        size_t left = pgr_stream_input(s->client.stream).len;
        if (left == 0 || left == before)
            return;
        before = left;
        first_packet(s);
    }
    if (s->state == PGR_SESSION_LOGIN)
        relay_password(s);
}

/* ---- the server's answers until ReadyForQuery ---- */

static void forward(struct pgr_session *s, struct pgr_bytes message)
{
    pgr_stream_write(s->client.stream, message);
}

/* False: the session was ended. */
static bool on_auth(struct pgr_session *s, struct pgr_bytes message, struct pgr_bytes body)
{
    pgr_buf_reset(&s->scratch);
    switch (pgr_auth_relay_step(&s->identity.auth, body, &s->scratch)) {
    case PGR_AUTH_REWRITTEN:
        forward(s, pgr_buf_bytes(&s->scratch));
        return true;
    case PGR_AUTH_TRUSTED:
        if (!pgr_stream_is_local(s->client.stream) && !s->env->settings->proxy_allow_trust) {
            struct pgr_fault fault;
            pgr_fault_set(&fault, PGR_SQLSTATE_INVALID_AUTHORIZATION,
                          "PostgreSQL admits user \"%.60s\" without a password because it sees "
                          "pgrecall's address, not yours; see [proxy] allow_trust",
                          s->identity.user);
            pgr_count_add(s->env->counters, PGR_COUNTER_sessions_refused, 1);
            pgr_session_fatal(s, &fault);
            return false;
        }
        break;
    case PGR_AUTH_PASS:
    case PGR_AUTH_ADMITTED:
        break;
    }
    forward(s, message);
    return true;
}

static void become_ready(struct pgr_session *s)
{
    pgr_timer_close(&s->identity.timer);
    if (s->identity.is_physical) { /* no SQL there */
        pgr_session_set_state(s, PGR_SESSION_TUNNEL);
    } else {
        s->database = pgr_databases_get(s->env->databases, s->identity.database_name);
        pgr_database_enter(s->database);
        pgr_session_set_state(s, PGR_SESSION_READY);
    }
    pgr_stream_resume(s->client.stream);
    if (s->is_draining)
        pgr_session_close_if_drained(s);
}

static bool login_message(struct pgr_session *s, uint8_t type, struct pgr_bytes message)
{
    struct pgr_bytes body = PGR_BYTES(message.at + PGR_FRAME_HEAD, message.len - PGR_FRAME_HEAD);
    struct pgr_bytes key;
    uint8_t status;
    if (type == PGR_BE_AUTH)
        return on_auth(s, message, body);
    if (type == PGR_BE_BACKEND_KEY)
        (void)!pgr_msg_backend_key(body, &s->server.pid, &key);
    if (type == PGR_BE_PARAM_STATUS)
        pgr_server_note_parameter(s, body);
    forward(s, message);
    if (type == PGR_BE_READY && pgr_msg_ready(body, &status)) {
        s->txn.status = status;
        become_ready(s);
    }
    return true;
}

void pgr_login_server_input(struct pgr_session *s)
{
    while (s->state == PGR_SESSION_LOGIN) {
        struct pgr_frame frame;
        struct pgr_bytes input = pgr_stream_input(s->server.stream);
        enum pgr_parse parsed = pgr_frame_peek(input, (uint32_t)PGR_HOLD_MAX - 16, &frame);
        if (parsed == PGR_PARSE_MORE)
            return;
        if (parsed == PGR_PARSE_BAD) { /* a pre-3.0 error text: the client knows what to do */
            pgr_session_set_state(s, PGR_SESSION_TUNNEL);
            break;
        }
        size_t size = pgr_frame_size(&frame);
        if (input.len < size) {
            pgr_stream_want(s->server.stream, size);
            return;
        }
        if (!login_message(s, frame.type, PGR_BYTES(input.at, size)))
            return;
        pgr_stream_consume(s->server.stream, size);
    }
    if (s->state == PGR_SESSION_READY)
        pgr_server_pump(s);
    else if (s->state == PGR_SESSION_TUNNEL)
        pgr_tunnel_pump(s->server.stream, s->client.stream);
}
