// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * session_priv.h - the session's parts, each owned by one file, and the verbs between the files.
 *
 *   session.c   life: open, close, state changes, drain
 *   login.c     first packets, connection, relayed authentication
 *   client.c    messages from the client: framing, holding, dispatch
 *   hold.c      units that may be answered here: look-up, holding, the answer
 *   work.c      the lists of steps that a message takes on its way upstream, by its type
 *   analyse.c, judge.c, begin.c, send.c: the steps (work_priv.h)
 *   server.c    messages from PostgreSQL: routing, capture, what they prove
 *   replies.c, prepared.c, facts.c, capture.c, tell.c: pure or nearly so
 */
#include "capture_priv.h"
#include "facts_priv.h"
#include "pgrecall/policy/effects.h"
#include "pgrecall/policy/verdict.h"
#include "pgrecall/session/session.h"
#include "pgrecall/upstream/auth.h"
#include "pgrecall/wire/frame.h"
#include "pgrecall/wire/frontend.h"
#include "prepared_priv.h"
#include "replies_priv.h"

/* A message of at most this size is looked at whole; a longer one streams through. */
#define PGR_HOLD_MAX ((size_t)1 << 20)

enum pgr_session_state {
#define S(name, doc) PGR_SESSION_##name,
#include "states.def"
#undef S
    PGR_SESSION_STATE_COUNT
};

struct pgr_client_side {
    struct pgr_stream *stream;
    size_t held;           /* input bytes at the front that are held: whole messages of this unit */
    uint64_t passing;      /* bytes of the current long message still to be forwarded */
    bool has_said_goodbye; /* Terminate was forwarded */
    bool is_gone;          /* its socket is closed: only its input is left */
};

struct pgr_server_side {
    struct pgr_stream *stream;
    uint64_t passing;     /* bytes of the current long reply still to come … */
    enum pgr_route route; /* … and where they go */
    uint32_t pid;
    unsigned ends_pending; /* ends of write sets that ReadyForQuery waits for */
    bool are_ends_started;
};

/* Who logged in, as the startup packet said. */
struct pgr_identity {
    char *user;
    char *database_name;
    char *application;
    struct pgr_blob *startup; /* the packet, until forwarded */
    struct pgr_auth_relay auth;
    struct pgr_timer *timer;
    bool is_admitted; /* counted in env->clients */
    bool has_asked_ssl;
    bool has_asked_gss;
    bool is_replication; /* replication=database or physical */
    bool is_physical;
    bool is_foreign; /* another major protocol version */
};

/* Transaction, locks, and what this session may have written (B1, G1, G8). */
struct pgr_txn {
    uint8_t status;          /* of the last ReadyForQuery: I, T or E */
    bool is_open_implicitly; /* something was sent since the last ReadyForQuery (G3) */
    bool writes_all;
    bool writes_definition;
    const struct pgr_relset *writes; /* W */
    uint64_t epoch;                  /* of the catalog that W was first weighed with */
    bool has_touched_settings;       /* in this transaction: ROLLBACK may undo it */
    bool holds_lock;                 /* explicit lock until the transaction ends */
    bool holds_session_lock;
    bool is_unit_clean;          /* only reads and preparations were sent in the unit under way */
    bool may_lex_otherwise;      /* something unanswered may have changed the two below */
    bool has_odd_strings;        /* standard_conforming_strings = off: our lexer assumes on */
    bool has_odd_encoding;       /* client_encoding with ASCII bytes inside characters */
    struct pgr_open_write *held; /* in flight to the end of the transaction */
    struct pgr_open_write *unit; /* begun by an Execute: ended by the next ReadyForQuery */
};

/* The unit being assembled: what a held Bind found. */
enum pgr_unit_part {
    PGR_UNIT_PARSE = 1,
    PGR_UNIT_BIND = 2,
    PGR_UNIT_DESCRIBE = 4,
    PGR_UNIT_EXECUTE = 8,
};

struct pgr_unit {
    unsigned held;               /* enum pgr_unit_part of the held messages */
    bool must_send;              /* released: the message at the front goes upstream */
    struct pgr_prepared *parsed; /* the held Parse: a reference */
    struct pgr_prepared *bound;  /* what the held Bind runs: a reference */
    struct pgr_entry *entry;     /* its hit: a reference */
    struct pgr_buf key;          /* of the Query or Bind last looked up */
    struct pgr_hash128 hash;
    uint64_t context_id;
    uint64_t start_us;
};

/* The portal of the last unnamed Bind sent upstream, for the Execute that follows. */
struct pgr_portal {
    struct pgr_prepared *prepared; /* a reference; NULL: unknown */
    struct pgr_capture *capture;   /* a reference; NULL: not to be stored */
    enum pgr_outcome outcome;
    enum pgr_reason reason;
};

/* What the server's unnamed statement is, compared with what the client thinks. */
enum pgr_unnamed {
    PGR_UNNAMED_SAME,
    PGR_UNNAMED_UNSENT,  /* told by us: the Parse is to be sent before it can be used */
    PGR_UNNAMED_DROPPED, /* a simple Query answered here destroyed it */
};

/* One message on its way upstream: the steps it takes, and what they found. */
enum pgr_step_result {
    PGR_STEP_NEXT,
    PGR_STEP_WAIT,  /* pgr_session_wake() will run the step again */
    PGR_STEP_AGAIN, /* something was learned: consider the message afresh */
};

struct pgr_work {
    bool is_active;
    bool is_waiting;
    size_t at; /* step */
    uint64_t start_us;
    struct pgr_prepared *prepared; /* Bind, Execute: what it is about; a reference */
    struct pgr_stmt *stmt;         /* a reference; NULL: unknown */
    enum pgr_outcome outcome;
    enum pgr_reason reason;
    struct pgr_effects effects;
    bool is_wholly_unknown;        /* nothing is known of what it does */
    struct pgr_capture *capture;   /* a reference */
    struct pgr_tag *tag;           /* between decide and take: a reference */
    const struct pgr_relset *deps; /* likewise */
    struct pgr_get get;
    struct pgr_take take;
    struct pgr_open_write *begun; /* list, to be carried by the expectation */
    enum pgr_work_ask {
        PGR_ASK_NONE,
        PGR_ASK_SENT,
        PGR_ASK_ANSWERED
    } ask;
};

#define PGR_SESSION_MAGIC 0x53455353u

struct pgr_session {
    uint32_t magic;
    enum pgr_session_state state;
    struct pgr_session_env *env;
    struct pgr_list link;
    struct pgr_client_side client;
    struct pgr_server_side server;
    struct pgr_identity identity;
    struct pgr_database *database;
    struct pgr_backend_facts facts;
    struct pgr_names *statements;
    bool has_doubtful_names;   /* something may have dropped or redefined prepared statements */
    struct pgr_names *portals; /* named portals: name -> what they run */
    enum pgr_unnamed unnamed;
    struct pgr_txn txn;
    struct pgr_unit unit;
    struct pgr_portal portal;
    struct pgr_replies replies;
    struct pgr_capture
        *finished; /* complete captures of the unit being answered, stored at its end */
    struct pgr_work work;
    struct pgr_buf scratch;            /* keys, and messages of our own */
    struct pgr_catalog *probe_catalog; /* while a probe is under way: what it asked with */
    uint64_t probe_conf_epoch;
    unsigned asks; /* answers of the authority or the pool still to come */
    bool is_draining;
    bool is_pumping;
};

/* session.c */
void pgr_session_set_state(struct pgr_session *s, enum pgr_session_state next);
const char *pgr_session_state_name(enum pgr_session_state state);
/* Sends a FATAL of ours to the client and closes both sides. */
void pgr_session_fatal(struct pgr_session *s, const struct pgr_fault *fault);
void pgr_session_close(struct pgr_session *s);
/* What the step waited for has come. */
void pgr_session_wake(void *arg);
void pgr_session_close_if_drained(struct pgr_session *s);

/* login.c */
void pgr_login_begin(struct pgr_session *s);
void pgr_login_client_input(struct pgr_session *s);
void pgr_login_server_input(struct pgr_session *s);

/* client.c */
void pgr_client_pump(struct pgr_session *s);
/* Moves all input of one side to the other. */
void pgr_tunnel_pump(struct pgr_stream *from, struct pgr_stream *to);

/* hold.c */
enum pgr_hold {
    PGR_HOLD_SEND,     /* forward what is held and this */
    PGR_HOLD_KEEP,     /* held: look at the next message */
    PGR_HOLD_ANSWERED, /* the unit was answered here; everything held is consumed */
    PGR_HOLD_WAIT,     /* the look-up will answer later */
};
enum pgr_hold pgr_hold_consider(struct pgr_session *s, const struct pgr_frame *frame,
                                struct pgr_bytes body);
/* What the probe told is of the definitions and server settings in force. */
bool pgr_facts_are_current(const struct pgr_session *s);
/* NONE if a unit that begins now may be answered here. */
enum pgr_reason pgr_hold_obstacle(const struct pgr_session *s);
void pgr_hold_release(struct pgr_session *s);
/* The key of a simple Query or of a Bind, in unit.key; false if it has none. */
bool pgr_key_of_query(struct pgr_session *s, struct pgr_bytes text, struct pgr_key *key);
bool pgr_key_of_bind(struct pgr_session *s, const struct pgr_prepared *prepared,
                     const struct pgr_msg_bind *bind, struct pgr_key *key);
/* What a Bind of this statement name runs now; NULL if unknown. */
struct pgr_prepared *pgr_statement_of(const struct pgr_session *s, struct pgr_bytes name);
/* This text under the settings known was answered by PostgreSQL lately: its Parse may be held. */
uint64_t pgr_hot_mark(const struct pgr_session *s, const struct pgr_prepared *prepared);

/* work.c */
/* How much of the message lies in the input. */
enum pgr_extent {
    PGR_WHOLE,
    PGR_FRONT, /* too long to be held: only its front */
};
/* Runs the steps of the message at the front of the input; true when it was consumed, or is to be
 * considered again. */
bool pgr_work_run(struct pgr_session *s, const struct pgr_frame *frame, enum pgr_extent extent);
void pgr_work_reset(struct pgr_work *work);

/* server.c */
/* ParameterStatus: what it says about settings. */
void pgr_server_note_parameter(struct pgr_session *s, struct pgr_bytes body);
void pgr_server_pump(struct pgr_session *s);
void pgr_server_finish_op(void *arg, struct pgr_op *op, enum pgr_op_end end);
/* Nothing can be matched from here on: pass bytes, and everything is in flight to the session's end. */
void pgr_server_lose_track(struct pgr_session *s);

/* tell.c */
void pgr_tell_call(struct pgr_session *s, const struct pgr_call_note *note, uint64_t end_us);
void pgr_tell_hit(struct pgr_session *s, const struct pgr_entry *entry, uint64_t start_us);
