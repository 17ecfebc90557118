// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * thread.h - threads with a stated stack, and mutexes. Atomics are C11's.
 *
 * Why      libpg_query recurses on client text: threads that run it need 16 MiB of stack.
 * Threads  any.   Memory  embedded.   Errors  only start can fail; a lock that fails is our bug.
 */
#include <pthread.h>

#include "pgrecall/base/err.h"

#define PGR_PARSE_STACK ((size_t)16 << 20)

struct pgr_mutex {
    pthread_mutex_t native;
};

void pgr_mutex_init(struct pgr_mutex *m);
void pgr_mutex_fini(struct pgr_mutex *m);
void pgr_mutex_lock(struct pgr_mutex *m);
void pgr_mutex_unlock(struct pgr_mutex *m);

struct pgr_thread {
    pthread_t native;
    void (*main)(void *arg);
    void *arg;
};

/* Starts main(arg) with all signals blocked; `name` (at most 15 characters) is for ps and gdb. */
enum pgr_err pgr_thread_start(struct pgr_thread *t, const char *name, size_t stack,
                              void (*main)(void *), void *arg) PGR_MUST_CHECK;
void pgr_thread_join(struct pgr_thread *t);
