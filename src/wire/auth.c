// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/backend.h"

#include "encode_priv.h"
#include "reader_priv.h"

/*
 * A mechanism named …-PLUS proves to the client that the TLS channel it speaks on ends in the
 * server. Ours ends here, so the proof could only fail, after the client has chosen it.
 */

static bool is_plus(struct pgr_bytes mechanism)
{
    static const struct pgr_bytes plus = {(const uint8_t *)"-PLUS", 5};
    return mechanism.len >= plus.len &&
           memcmp(mechanism.at + mechanism.len - plus.len, plus.at, plus.len) == 0;
}

/* The next name of the list, which ends in an empty one. */
static bool next_mechanism(struct pgr_reader *list, struct pgr_bytes *name)
{
    *name = pgr_read_cstr(list);
    return name->len > 0;
}

/* Size of the names that stay, each with its NUL; false if the list is malformed or keeps all. */
static bool measure_kept(struct pgr_reader list, size_t *kept)
{
    struct pgr_bytes name;
    bool is_struck = false;
    *kept = 0;
    while (next_mechanism(&list, &name)) {
        if (is_plus(name))
            is_struck = true;
        else
            *kept += name.len + 1;
    }
    return is_struck && pgr_reader_is_done(&list);
}

bool pgr_auth_strike_plus(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_reader list = pgr_reader_of(body);
    size_t kept;
    if (pgr_read_u32(&list) != PGR_AUTH_SASL || !measure_kept(list, &kept))
        return false;
    if (!pgr_encode_head(out, PGR_BE_AUTH, 4 + kept + 1))
        return true; /* the buffer says that it is short */
    pgr_buf_put_u32(out, PGR_AUTH_SASL);
    struct pgr_bytes name;
    while (next_mechanism(&list, &name)) {
        if (!is_plus(name))
            pgr_buf_put(out, name.at, name.len + 1);
    }
    pgr_buf_put_u8(out, 0);
    return true;
}
