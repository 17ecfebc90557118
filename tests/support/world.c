// SPDX-License-Identifier: PostgreSQL
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/wire/frame.h"
#include "pump.h"

/* ---- the surroundings ---- */

static uint64_t read_clock(void *self)
{
    return *(uint64_t *)self;
}

static void on_closed(void *arg)
{
    struct world *w = arg;
    w->closed++;
}

static struct pgr_settings *load_settings(const char *const *overrides)
{
    const char *all[16] = {"upstream.dsn=host=/nowhere"};
    size_t count = 1;
    for (; overrides != NULL && overrides[count - 1] != NULL; count++) {
        assert_true(count < PGR_ARRAY_LEN(all));
        all[count] = overrides[count - 1];
    }
    struct pgr_settings_source source = {.overrides = all, .override_count = count};
    struct pgr_settings *settings = NULL;
    struct pgr_buf errors;
    pgr_buf_init(&errors, 4096);
    if (pgr_settings_load(&source, &settings, &errors) != PGR_OK)
        fail_msg("%.*s", (int)pgr_buf_len(&errors), (const char *)pgr_buf_bytes(&errors).at);
    pgr_buf_fini(&errors);
    return settings;
}

static void listen_here(struct world *w)
{
    (void)snprintf(w->directory, sizeof(w->directory), "/tmp/pgr_world_XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    (void)snprintf(w->path, sizeof(w->path), "%s/.s.PGSQL.5432", w->directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, w->path, strlen(w->path) + 1);
    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(w->listener >= 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(w->listener, 16), 0);
    w->upstream = (struct pgr_endpoint){.unix_path = w->path};
}

void world_init(struct world *w, const char *const *overrides)
{
    *w = (struct world){.now_us = 1000000};
    pgr_log_set_level(PGR_LOG_ERROR);
    const struct pgr_clock clock = {read_clock, &w->now_us};
    w->loop = pgr_loop_create(&clock);
    w->settings = load_settings(overrides);
    listen_here(w);
    w->versions = pgr_versions_create();
    w->store = pgr_store_create((uint64_t)64 << 20, 2);
    w->local = pgr_authority_local_create(w->store, w->versions);
    fake_authority_init(&w->authority, w->local);
    fake_databases_init(&w->databases, w->versions);
    w->env = pgr_new(struct pgr_session_env);
    *w->env = (struct pgr_session_env){
        .loop = w->loop,
        .contexts = pgr_contexts_create(),
        .databases = &w->databases,
        .memo = pgr_memo_create((size_t)1 << 20),
        .types = pgr_types_create(100),
        .counters = &w->counters,
        .offload = pgr_offload_create(1),
        .upstream = &w->upstream,
        .settings = w->settings,
        .clients = &w->clients,
        .closed = on_closed,
        .arg = w,
    };
    pgr_funnel_init(&w->env->funnel, w->loop, &w->authority.base);
    pgr_list_init(&w->env->sessions);
}

/* Whatever still waits is answered, as it would be sooner or later. */
static void answer_everything(struct world *w)
{
    w->authority.later = 0;
    while (w->authority.waiting_count > 0)
        fake_authority_answer(&w->authority, FAKE_ALL);
    for (size_t i = 0; i < w->databases.count; i++)
        while (w->databases.items[i].call_count > 0)
            fake_database_answer(&w->databases.items[i], w->databases.items[i].calls[0].pid);
    world_turns(w);
}

void world_turns(struct world *w)
{
    pump_some(w->loop);
}

void world_advance(struct world *w, uint64_t us)
{
    w->now_us += us;
    pgr_loop_turn(w->loop);
}

uint64_t world_count(const struct world *w, enum pgr_counter which)
{
    return atomic_load(&w->counters.values[which]);
}

struct pgr_database *world_database(struct world *w)
{
    return pgr_databases_get(&w->databases, "db");
}

void world_reloads(struct world *w)
{
    struct pgr_database *database = world_database(w);
    while (fake_database_awaited(database, 0) > 0) {
        fake_database_answer(database, 0);
        world_turns(w);
    }
}

/* ---- one end ---- */

static void read_some(struct peer *peer)
{
    if (peer->cap - peer->len < 65536) {
        peer->cap = peer->cap * 2 + 65536;
        peer->got = realloc(peer->got, peer->cap);
        assert_non_null(peer->got);
    }
    ssize_t n = recv(peer->fd, peer->got + peer->len, peer->cap - peer->len, MSG_DONTWAIT);
    if (n > 0)
        peer->len += (size_t)n;
    else if (n == 0 || errno != EAGAIN)
        peer->is_ended = true;
}

static size_t send_some(struct peer *peer, struct pgr_bytes bytes)
{
    ssize_t n = send(peer->fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        fail_msg("send: %s", strerror(errno));
    return n < 0 ? 0 : (size_t)n;
}

/* One attempt; what the proxy passes on meanwhile is taken off its hands. */
static void send_off(struct peer *peer, struct pgr_bytes *rest)
{
    size_t sent = send_some(peer, *rest);
    rest->at += sent;
    rest->len -= sent;
    if (rest->len > 0 && peer->other->fd >= 0 && !peer->other->is_ended)
        read_some(peer->other);
}

void peer_says(struct peer *peer, struct pgr_bytes bytes)
{
    struct pgr_bytes rest = bytes;
    PUMP_UNTIL(peer->world->loop, (send_off(peer, &rest), rest.len == 0));
}

size_t peer_pushes(struct peer *peer, struct pgr_bytes bytes)
{
    size_t sent = 0;
    for (int idle = 0; idle < 20 && sent < bytes.len; idle++) {
        size_t n = send_some(peer, PGR_BYTES(bytes.at + sent, bytes.len - sent));
        sent += n;
        if (n > 0)
            idle = 0;
        world_turns(peer->world);
    }
    return sent;
}

void peer_closes(struct peer *peer)
{
    if (peer->fd >= 0)
        (void)close(peer->fd);
    free(peer->got);
    *peer = (struct peer){.world = peer->world, .other = peer->other, .fd = -1};
}

static bool has(struct peer *peer, size_t len)
{
    if (peer->len < len && !peer->is_ended)
        read_some(peer);
    return peer->len >= len || peer->is_ended;
}

static void consume(struct peer *peer, size_t len)
{
    peer->len -= len;
    memmove(peer->got, peer->got + len, peer->len);
}

static void print_bytes(const char *what, const uint8_t *at, size_t len)
{
    print_error("%s (%zu):", what, len);
    for (size_t i = 0; i < len && i < 400; i++)
        print_error(at[i] >= 32 && at[i] < 127 ? "%c" : "\\%02x", at[i]);
    print_error("\n");
}

static void wait_for(struct peer *peer, size_t len)
{
    for (int turns = 0; !has(peer, len) && turns < PUMP_TURNS_MAX; turns++) {
        pgr_loop_turn(peer->world->loop);
        if (turns > 1000)
            pump_pause();
    }
}

void peer_sees_at(struct peer *peer, struct pgr_bytes bytes, const char *file, int line)
{
    wait_for(peer, bytes.len);
    size_t common = peer->len < bytes.len ? peer->len : bytes.len;
    if (common == bytes.len && memcmp(peer->got, bytes.at, common) == 0) {
        consume(peer, bytes.len);
        return;
    }
    size_t same = 0;
    while (same < common && peer->got[same] == bytes.at[same])
        same++;
    print_bytes("expected", bytes.at, bytes.len);
    print_bytes("seen", peer->got, peer->len);
    print_error("the first %zu bytes are the same%s\n", same,
                peer->is_ended ? "; then the connection ended" : "");
    _fail(file, line);
}

void peer_sees_nothing_at(struct peer *peer, const char *file, int line)
{
    world_turns(peer->world);
    if (!peer->is_ended)
        read_some(peer);
    if (peer->len == 0 && !peer->is_ended)
        return;
    print_bytes("nothing was expected, seen", peer->got, peer->len);
    _fail(file, line);
}

void peer_sees_end_at(struct peer *peer, const char *file, int line)
{
    wait_for(peer, SIZE_MAX);
    if (peer->is_ended && peer->len == 0)
        return;
    print_bytes("the end was expected, seen", peer->got, peer->len);
    _fail(file, line);
}

struct pgr_bytes peer_takes_at(struct peer *peer, const char *file, int line)
{
    struct pgr_frame frame;
    wait_for(peer, PGR_FRAME_HEAD);
    if (pgr_frame_peek(PGR_BYTES(peer->got, peer->len), PGR_FRAME_MAX, &frame) != PGR_PARSE_OK)
        _fail(file, line);
    size_t size = pgr_frame_size(&frame);
    wait_for(peer, size);
    if (peer->len < size)
        _fail(file, line);
    struct pgr_bytes one = PGR_BYTES(peer->got, size);
    struct pgr_bytes message = say_all(&one, 1);
    consume(peer, size);
    return message;
}

/* ---- sessions ---- */

struct pair *world_connect(struct world *w)
{
    struct pair *p = pgr_new(struct pair);
    int fds[2];
    assert_true(w->pair_count < WORLD_PAIRS_MAX);
    w->pairs[w->pair_count++] = p;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    p->client = (struct peer){.world = w, .other = &p->server, .fd = fds[0]};
    p->server = (struct peer){.world = w, .other = &p->client, .fd = -1};
    pgr_session_open(w->env, fds[1]);
    return p;
}

void world_accept(struct pair *p)
{
    struct world *w = p->client.world;
    int fd = -1;
    PUMP_UNTIL(w->loop, (fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    p->server.fd = fd;
}

struct pair *world_login(struct world *w)
{
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));
    struct pgr_bytes greeting =
        SAY(be_auth(0), be_parameter("server_version", "15.20"),
            be_parameter("standard_conforming_strings", "on"),
            be_parameter("client_encoding", "UTF8"), be_key(FAKE_PID, 99), be_ready('I'));
    SAYS(&p->server, greeting);
    SEES(&p->client, greeting);
    return p;
}

void world_answer_probe_with(struct pair *p, const struct fake_answer *answers, size_t count)
{
    struct pgr_bytes parse = TAKES(&p->server);
    struct pgr_reader r = pgr_reader_of(PGR_BYTES(parse.at + 5, parse.len - 5));
    struct pgr_bytes name = pgr_read_cstr(&r);
    struct pgr_bytes text = pgr_read_cstr(&r);
    assert_int_equal(parse.at[0], 'P');
    assert_true(pgr_bytes_eq(name, PGR_BYTES_LIT("_pgrecall_probe")));
    SEES(&p->server, fe_bind("", "_pgrecall_probe"), fe_execute("", 0),
         fe_close('S', "_pgrecall_probe"), fe_sync());
    SAYS(&p->server, be_parsed(), be_bound(), fake_probe_row(text, answers, count),
         be_complete("SELECT 1"), be_closed(), be_ready('I'));
}

void world_answer_probe(struct pair *p)
{
    world_answer_probe_with(p, NULL, 0);
}

struct pair *world_login_known(struct world *w)
{
    struct pgr_bytes answer = SAY(be_error("ERROR", "42703", "no such column"), be_ready('I'));
    struct pair *p = world_login(w);
    SAYS(&p->client, fe_query("SELECT nothing FROM t"));
    world_answer_probe(p);
    SEES(&p->server, fe_query("SELECT nothing FROM t"));
    SAYS(&p->server, answer);
    SEES(&p->client, answer);
    return p;
}

/* ---- the end ---- */

static void free_pairs(struct world *w)
{
    for (size_t i = 0; i < w->pair_count; i++) {
        peer_closes(&w->pairs[i]->client);
        peer_closes(&w->pairs[i]->server);
        pgr_free(w->pairs[i]);
    }
}

void world_fini(struct world *w)
{
    pgr_session_each(w->env, pgr_session_kill);
    for (int i = 0; i < 4; i++)
        answer_everything(w);
    PUMP_UNTIL(w->loop, w->closed == world_count(w, PGR_COUNTER_sessions_opened));
    answer_everything(w);
    assert_int_equal(atomic_load(&w->clients), 0);
    assert_true(pgr_list_is_empty(&w->env->sessions));
    assert_true(pgr_list_is_empty(&w->env->funnel.elsewhere));
    pgr_funnel_fini(&w->env->funnel);
    pgr_offload_destroy(&w->env->offload);
    pgr_loop_destroy(&w->loop);
    pgr_store_destroy(&w->store);
    fake_authority_fini(&w->authority);
    fake_databases_fini(&w->databases);
    free_pairs(w);
    pgr_authority_local_destroy(&w->local);
    pgr_versions_destroy(&w->versions);
    pgr_memo_destroy(&w->env->memo);
    pgr_types_destroy(&w->env->types);
    pgr_contexts_destroy(&w->env->contexts);
    pgr_settings_unref(w->settings);
    pgr_free(w->env);
    (void)close(w->listener);
    (void)unlink(w->path);
    (void)rmdir(w->directory);
    say_forget();
}
