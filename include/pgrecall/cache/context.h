// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * context.h - who asks and under which settings: the part of the key that a session rarely changes.
 *
 * Why      namespace, session user, role and the vector of keyed settings are several hundred bytes;
 *          interned, they are one 64-bit id in each key. Interning compares whole bytes.
 * Threads  any; one mutex.
 * Memory   refcounted; the last unref forgets the context. Ids are never reused.
 * Errors   NULL when memory is short.
 */
#include "pgrecall/base/bytes.h"

struct pgr_contexts;
struct pgr_context;

struct pgr_contexts *pgr_contexts_create(void);
void pgr_contexts_destroy(struct pgr_contexts **contexts);
struct pgr_context *pgr_context_intern(struct pgr_contexts *contexts, struct pgr_bytes bytes);
struct pgr_context *pgr_context_ref(struct pgr_context *context);
void pgr_context_unref(struct pgr_context *context); /* NULL is allowed */
uint64_t pgr_context_id(const struct pgr_context *context);
struct pgr_bytes pgr_context_bytes(const struct pgr_context *context);
