// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * identity.h - the SQL expressions by which a server is told from another (correctness.md G15).
 *
 * Why      the side connection and the probe on a client's backend ask in the same words, so that
 *          their answers may be compared byte by byte, whatever the session's settings.
 * Threads  any.   Memory  none.   Errors  none.
 */

/* Decimal. */
#define PGR_SQL_SYSTEM_IDENTIFIER                                                                  \
    "(SELECT s.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() s)"

/*
 * Decimal. From the WAL's position, since the last checkpoint may lie before a promotion; a standby
 * has no position of its own.
 */
#define PGR_SQL_TIMELINE                                                                           \
    "(CASE WHEN pg_catalog.pg_is_in_recovery() THEN"                                               \
    " (SELECT c.timeline_id FROM pg_catalog.pg_control_checkpoint() c) ELSE"                       \
    " ('x' OPERATOR(pg_catalog.||) pg_catalog.substr("                                             \
    "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))"                          \
    "::pg_catalog.bit(32)::pg_catalog.int4 END)"

/* "2026-01-31T23:59:59.123456Z" */
#define PGR_SQL_POSTMASTER_START                                                                   \
    "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.pg_postmaster_start_time()),"        \
    " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
