// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/upstream/auth.h"

#include "pgrecall/wire/backend.h"

enum pgr_auth_step pgr_auth_relay_step(struct pgr_auth_relay *relay, struct pgr_bytes body,
                                       struct pgr_buf *out)
{
    uint32_t code = 0;
    if (!pgr_msg_auth_code(body, &code))
        return PGR_AUTH_PASS;
    if (code == PGR_AUTH_OK) {
        relay->is_done = true;
        return relay->was_challenged ? PGR_AUTH_ADMITTED : PGR_AUTH_TRUSTED;
    }
    relay->was_challenged = true;
    if (code == PGR_AUTH_SASL && pgr_auth_strike_plus(body, out))
        return PGR_AUTH_REWRITTEN;
    return PGR_AUTH_PASS;
}
