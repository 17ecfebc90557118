// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * auth.h - what the login exchange between client and server tells a relay.
 *
 * Why      authentication is relayed: the client proves itself to PostgreSQL. A relay must only
 *          strike mechanisms that bind to a TLS channel which ends here, and notice a server that
 *          admits without a challenge (pg_hba sees our address, not the client's: G, Security).
 * Threads  any; pure.   Memory  none.
 * Errors   a malformed message is PASS: PostgreSQL and the client will settle it.
 */
#include "pgrecall/base/buf.h"

struct pgr_auth_relay {
    bool was_challenged;
    bool is_done; /* AuthenticationOk was seen */
};

enum pgr_auth_step {
    PGR_AUTH_PASS,      /* forward as it is */
    PGR_AUTH_REWRITTEN, /* forward what is in `out` instead */
    PGR_AUTH_ADMITTED,  /* AuthenticationOk after a challenge */
    PGR_AUTH_TRUSTED,   /* AuthenticationOk without any */
};

/* Body of one 'R' message from the server. */
enum pgr_auth_step pgr_auth_relay_step(struct pgr_auth_relay *relay, struct pgr_bytes body,
                                       struct pgr_buf *out);
