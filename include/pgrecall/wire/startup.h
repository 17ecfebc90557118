// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * startup.h - the packets that come before the first typed message.
 *
 * Why      SSLRequest, GSSENCRequest, CancelRequest and StartupMessage share one shape: a length
 *          and a code. Whatever is not understood is passed on, not judged.
 * Threads  any; pure.
 * Memory   borrows from the packet.
 * Errors   BAD with a sentence in *fault (08P01) as PostgreSQL would say it: length below 8 or
 *          above PGR_STARTUP_MAX, missing terminator, cancel of wrong size. *out is untouched
 *          unless OK.
 */
#include "pgrecall/base/bytes.h"
#include "pgrecall/base/err.h"

/* PostgreSQL's MAX_STARTUP_PACKET_LENGTH, 10000, does not count the length word; `size` does. */
#define PGR_STARTUP_MAX 10004

enum pgr_startup_kind {
    PGR_STARTUP_SSL,
    PGR_STARTUP_GSSENC,
    PGR_STARTUP_CANCEL,
    PGR_STARTUP_SESSION, /* any protocol version of major 3 */
    PGR_STARTUP_OTHER,   /* another major version: PostgreSQL itself shall refuse it */
};

struct pgr_startup {
    enum pgr_startup_kind kind;
    size_t size;             /* of the whole packet */
    uint32_t version;        /* major << 16 | minor */
    uint32_t pid;            /* CANCEL */
    struct pgr_bytes params; /* SESSION: name NUL value NUL … NUL */
};

enum pgr_parse pgr_startup_parse(struct pgr_bytes in, struct pgr_startup *out,
                                 struct pgr_fault *fault);

/* The last value given for a parameter; at == NULL if it is absent. Also a valid C string. */
struct pgr_bytes pgr_startup_param(const struct pgr_startup *startup, const char *name);
/* Calls fn for each pair, in order. */
void pgr_startup_each(const struct pgr_startup *startup,
                      void (*fn)(void *arg, const char *name, const char *value), void *arg);
