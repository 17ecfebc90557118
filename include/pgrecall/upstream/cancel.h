// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * cancel.h - carries a CancelRequest to the server.
 *
 * Why      BackendKeyData passes through unchanged, so a client's key is the server's own: the
 *          packet is relayed as it is, on a connection of its own.
 * Threads  the loop's.
 * Memory   the relay frees itself after calling `done`, which comes exactly once, when the server
 *          closed (PostgreSQL's sign that the signal was sent), failed, or timeout_ms ran out.
 * Errors   none to report: a cancel is never answered.
 */
#include "pgrecall/net/stream.h"

void pgr_cancel_relay(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                      struct pgr_bytes packet, uint64_t timeout_ms, pgr_loop_fn *done, void *arg);
