// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * world.h - a worker's surroundings in one test: sessions between scripted clients and a scripted
 *           server, over real sockets, on a loop that the test turns.
 *
 * Why      a scenario is a conversation: who says what, who sees which bytes, which counters moved.
 * Threads  one, and the pool that analyses long texts.
 * Memory   init and fini; fini ends what is open and checks that nothing is left.
 * Errors   fails the running test at the caller's line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_authority.h"
#include "fake_database.h"
#include "fake_probe.h"
#include "pgrecall/cache/store.h"
#include "pgrecall/session/session.h"
#include "say.h"

/* One end of a connection, in the test's hands. */
struct peer {
    struct world *world;
    struct peer *other; /* the other end of the conversation */
    int fd;
    uint8_t *got; /* read and not yet looked at */
    size_t len;
    size_t cap;
    bool is_ended; /* the other side closed */
};

#define WORLD_PAIRS_MAX 8

/* One session's two outsides; the world's. */
struct pair {
    struct peer client;
    struct peer server;
};

struct world {
    struct pgr_loop *loop;
    uint64_t now_us; /* the clock: moved by the test alone */
    struct pgr_session_env *env;
    struct pgr_counters counters;
    struct pgr_settings *settings;
    struct pgr_endpoint upstream;
    struct pgr_databases databases;
    struct fake_authority authority; /* in front of the local one */
    struct pgr_authority *local;
    struct pgr_store *store;
    struct pgr_versions *versions;
    _Atomic uint32_t clients;
    size_t closed; /* sessions freed */
    struct pair *pairs[WORLD_PAIRS_MAX];
    size_t pair_count;
    int listener;
    char directory[32];
    char path[64];
};

/* `overrides`: settings as on the command line, up to a NULL; may be NULL itself. */
void world_init(struct world *w, const char *const *overrides);
/* Kills the sessions that are left, and lets every question be answered. */
void world_fini(struct world *w);
void world_turns(struct world *w);
void world_advance(struct world *w, uint64_t us);
uint64_t world_count(const struct world *w, enum pgr_counter which);
struct pgr_database *world_database(struct world *w); /* "db" */
/* The catalog is read again for everyone who waits for that. */
void world_reloads(struct world *w);

/* A client connects; the proxy has not yet connected to the server. */
struct pair *world_connect(struct world *w);
/* The server takes the proxy's connection. */
void world_accept(struct pair *p);
/* Both, and a login as alice to db that PostgreSQL grants. */
struct pair *world_login(struct world *w);
/* The server sees the session's probe, and answers like an ordinary backend but for `answers`. */
void world_answer_probe_with(struct pair *p, const struct fake_answer *answers, size_t count);
void world_answer_probe(struct pair *p);
/* A login and a first read that makes the session's facts known; nothing is stored. */
struct pair *world_login_known(struct world *w);

/* Sends all of it; while the socket is full, the loop turns and the other end reads. */
void peer_says(struct peer *peer, struct pgr_bytes bytes);
/* Sends until nothing more is taken, while nobody reads; returns how much that was. */
size_t peer_pushes(struct peer *peer, struct pgr_bytes bytes);
void peer_closes(struct peer *peer);

void peer_sees_at(struct peer *peer, struct pgr_bytes bytes, const char *file, int line);
void peer_sees_nothing_at(struct peer *peer, const char *file, int line);
void peer_sees_end_at(struct peer *peer, const char *file, int line);
/* The next whole message, whatever it is (type 0 of a startup packet is not for this). */
struct pgr_bytes peer_takes_at(struct peer *peer, const char *file, int line);

#define SAYS(peer, ...)    peer_says((peer), SAY(__VA_ARGS__))
#define SEES(peer, ...)    peer_sees_at((peer), SAY(__VA_ARGS__), __FILE__, __LINE__)
#define SEES_NOTHING(peer) peer_sees_nothing_at((peer), __FILE__, __LINE__)
#define SEES_END(peer)     peer_sees_end_at((peer), __FILE__, __LINE__)
#define TAKES(peer)        peer_takes_at((peer), __FILE__, __LINE__)
