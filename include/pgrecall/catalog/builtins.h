// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * builtins.h - what is known of PostgreSQL's own functions beyond their volatility, by name.
 *
 * Why      STABLE and VOLATILE say too little: some STABLE ones depend on keyed settings only and
 * may be remembered (correctness.md A4), most VOLATILE ones write no table (G11). Threads  any;
 * const tables.   Memory  none. Errors   an unknown name is safe for nothing. The name alone does
 * not say that the function is builtin: ask pgr_function.is_builtin_only first.
 */
#include "pgrecall/base/base.h"

/*
 * A STABLE builtin whose answer depends on its arguments, keyed settings and definitions only.
 * Those named like a date/time type (date, time, timestamp, timestamptz) are so for date/time
 * arguments: of a string they are a cast, and the rule for casts holds.
 */
bool pgr_builtin_stable_is_safe(const char *name);
/* A VOLATILE builtin that changes no table, definition, setting or statement. Locks are separate.
 */
bool pgr_builtin_volatile_is_harmless(const char *name);
/* Runs SQL given as text, reads a cursor or a table by name, or handles large objects (any
 * volatility). */
bool pgr_builtin_runs_sql(const char *name);
bool pgr_builtin_changes_settings(const char *name);
/* An advisory lock, of the session or the transaction. */
bool pgr_builtin_takes_lock(const char *name);
/* … of the session: held until released, or DISCARD ALL, or the session's end. */
bool pgr_builtin_takes_session_lock(const char *name);
bool pgr_builtin_releases_locks(const char *name); /* all of the session's */
