// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * sqlstate.h - the SQLSTATE codes that we say ourselves or look for.
 *
 * Why      the names are PostgreSQL's condition names (errcodes.txt), so that a reader can look
 *          them up and a log line can be searched for.
 * Threads  any.   Memory  static strings of five characters.   Errors  none.
 */

/* Class 08: connection. */
#define PGR_SQLSTATE_CONNECTION_EXCEPTION      "08000"
#define PGR_SQLSTATE_UNABLE_TO_CONNECT         "08001" /* sqlclient_unable_to_establish_sqlconnection */
#define PGR_SQLSTATE_CONNECTION_DOES_NOT_EXIST "08003"
#define PGR_SQLSTATE_CONNECTION_REJECTED                                                           \
    "08004" /* sqlserver_rejected_establishment_of_sqlconnection */
#define PGR_SQLSTATE_CONNECTION_FAILURE "08006"
#define PGR_SQLSTATE_PROTOCOL_VIOLATION "08P01"

/* Class 0A, 22, 25, 26, 28: what a statement or a login can be told. */
#define PGR_SQLSTATE_FEATURE_NOT_SUPPORTED      "0A000"
#define PGR_SQLSTATE_INVALID_PARAMETER_VALUE    "22023"
#define PGR_SQLSTATE_ACTIVE_SQL_TRANSACTION     "25001"
#define PGR_SQLSTATE_NO_ACTIVE_SQL_TRANSACTION  "25P01"
#define PGR_SQLSTATE_IN_FAILED_SQL_TRANSACTION  "25P02"
#define PGR_SQLSTATE_INVALID_SQL_STATEMENT_NAME "26000"
#define PGR_SQLSTATE_INVALID_AUTHORIZATION      "28000" /* invalid_authorization_specification */
#define PGR_SQLSTATE_INVALID_PASSWORD           "28P01"
#define PGR_SQLSTATE_INVALID_CURSOR_NAME        "34000"
#define PGR_SQLSTATE_INVALID_CATALOG_NAME       "3D000" /* no such database */

/* Class 42: names and syntax. */
#define PGR_SQLSTATE_INSUFFICIENT_PRIVILEGE       "42501"
#define PGR_SQLSTATE_SYNTAX_ERROR                 "42601"
#define PGR_SQLSTATE_UNDEFINED_OBJECT             "42704"
#define PGR_SQLSTATE_DUPLICATE_PREPARED_STATEMENT "42P05" /* duplicate_prepared_statement */

/* Class 53: resources. */
#define PGR_SQLSTATE_INSUFFICIENT_RESOURCES "53000"
#define PGR_SQLSTATE_OUT_OF_MEMORY          "53200"
#define PGR_SQLSTATE_TOO_MANY_CONNECTIONS   "53300"
#define PGR_SQLSTATE_PROGRAM_LIMIT_EXCEEDED "54000"

/* Class 57: an operator, or the server's own state. */
#define PGR_SQLSTATE_QUERY_CANCELED     "57014"
#define PGR_SQLSTATE_ADMIN_SHUTDOWN     "57P01"
#define PGR_SQLSTATE_CRASH_SHUTDOWN     "57P02"
#define PGR_SQLSTATE_CANNOT_CONNECT_NOW "57P03"

/* Class 58, XX: the system, and our own bugs. */
#define PGR_SQLSTATE_IO_ERROR       "58030"
#define PGR_SQLSTATE_INTERNAL_ERROR "XX000"
