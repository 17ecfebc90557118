// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * client.h - one connection of the differential test, its reads and its writes.
 *
 * Threads  one thread each; counts of the whole run are atomics in struct pgr_run.
 * Errors   a violation is told and counted; anything that PostgreSQL or the proxy refuses ends the
 *          program, since then nothing was proven.
 */
#include <libpq-fe.h>

#include "model.h"

#define PGR_TEXT_MAX 512

/* The whole run. */
struct pgr_run {
    const char *dsn;    /* through the proxy */
    const char *direct; /* round it, or NULL: what these see is the truth */
    unsigned long operations;
    unsigned seed;
    bool stops_at_violation;
    _Atomic unsigned long next;
    _Atomic unsigned long reads;
    _Atomic unsigned long clean_reads; /* alone in their unit, and outside of dirty windows */
    _Atomic unsigned long writes;
    _Atomic unsigned long violations;
    _Atomic bool is_over;
};

struct pgr_client {
    struct pgr_run *run;
    PGconn *link;
    bool is_direct;
    uint64_t random;
    unsigned serial; /* of texts and names that occur once */
    uint64_t prepared[4];
};

/* One text in both forms: `$1` is a version, `$2` an id. */
struct pgr_call {
    const char *text;
    int version;
    int id;
};

enum pgr_style {
    PGR_STYLE_SIMPLE,  /* Query, with literals in the text */
    PGR_STYLE_UNNAMED, /* Parse, Bind, Describe, Execute, Sync */
    PGR_STYLE_BINARY,  /* … with results in binary */
    PGR_STYLE_NAMED,   /* prepared once */
    PGR_STYLE_COUNT
};

/* ---- wire.c: saying one thing ---- */
void pgr_client_open(struct pgr_client *client, struct pgr_run *run, const char *dsn,
                     unsigned seed);
void pgr_client_close(struct pgr_client *client);
unsigned pgr_client_random(struct pgr_client *client, unsigned limit);
/* Ends the program: `what` was refused. */
_Noreturn void pgr_client_die(const struct pgr_client *client, const char *what);
/* Ends the program unless the result has that status; returns the result. */
PGresult *pgr_client_expect(const struct pgr_client *client, PGresult *result,
                            ExecStatusType status, const char *text);
/* Runs text, expects that status, forgets the result. */
void pgr_client_run(const struct pgr_client *client, const char *text, ExecStatusType status);
/* `slot` names the prepared statement: each text has its own below 256. */
PGresult *pgr_client_call(struct pgr_client *client, const struct pgr_call *call,
                          enum pgr_style style, unsigned slot);
/* Text with the literals in place of `$1` and `$2`. */
void pgr_call_render(const struct pgr_call *call, char out[PGR_TEXT_MAX]);
/* A value as a number; that behind the last `-` where the value is a code. */
uint32_t pgr_result_number(const PGresult *result, int row, int column);

/* ---- reads.c ---- */
void pgr_client_read(struct pgr_client *client);
/* Of one row, for those who read inside something larger: the answer's text and its judgement. */
const char *pgr_read_text(enum pgr_store store);
void pgr_read_judge(struct pgr_client *client, struct pgr_key *key, uint32_t floor,
                    const PGresult *result);
void pgr_client_violation(struct pgr_client *client, const struct pgr_key *key, uint32_t floor,
                          const char *seen, const char *what);

/* ---- writes.c ---- */
enum pgr_weather {
    PGR_CALM,   /* few writes, each of known relations */
    PGR_STORM,  /* many of them */
    PGR_SQUALL, /* mostly writes, and some that may change anything: answers are worth nothing */
};
void pgr_client_write(struct pgr_client *client, enum pgr_weather weather);
