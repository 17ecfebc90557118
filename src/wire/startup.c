// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/startup.h"

#include "pgrecall/wire/sqlstate.h"
#include "reader_priv.h"

/*
 * What PostgreSQL does, and we with it: the packet is read whole by its length word before its code
 * is looked at; an SSLRequest or GSSENCRequest may carry bytes, which nobody reads; a CancelRequest
 * carries a pid and a key. PostgreSQL up to 17 wants a key of 4 bytes, 18 takes up to 256 of them.
 * The server that the cancel goes to judges it, so both pass here.
 */

#define VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
#define CODE_CANCEL           VERSION(1234, 5678)
#define CODE_SSL              VERSION(1234, 5679)
#define CODE_GSSENC           VERSION(1234, 5680)

#define HEAD_SIZE      8 /* the length word, which counts itself, and the code */
#define CANCEL_MIN     (HEAD_SIZE + 4 + 4)
#define CANCEL_MAX     (HEAD_SIZE + 4 + 256)
#define SESSIONS_MAJOR 3

static enum pgr_startup_kind kind_of(uint32_t code)
{
    switch (code) {
    case CODE_CANCEL:
        return PGR_STARTUP_CANCEL;
    case CODE_SSL:
        return PGR_STARTUP_SSL;
    case CODE_GSSENC:
        return PGR_STARTUP_GSSENC;
    default:
        return code >> 16 == SESSIONS_MAJOR ? PGR_STARTUP_SESSION : PGR_STARTUP_OTHER;
    }
}

/* Name and value in turn; an empty name ends them, and must be the packet's last byte. */
static bool are_params_whole(struct pgr_bytes params)
{
    struct pgr_reader reader = pgr_reader_of(params);
    while (pgr_read_cstr(&reader).len > 0)
        (void)pgr_read_cstr(&reader);
    return pgr_reader_is_done(&reader);
}

static enum pgr_parse refuse(struct pgr_fault *fault, const char *text)
{
    pgr_fault_set(fault, PGR_SQLSTATE_PROTOCOL_VIOLATION, "%s", text);
    return PGR_PARSE_BAD;
}

static enum pgr_parse parse_whole(struct pgr_bytes packet, struct pgr_startup *out,
                                  struct pgr_fault *fault)
{
    uint32_t code = pgr_load_be32(packet.at + 4);
    struct pgr_startup found = {.kind = kind_of(code), .size = packet.len, .version = code};
    switch (found.kind) {
    case PGR_STARTUP_CANCEL:
        if (packet.len < CANCEL_MIN || packet.len > CANCEL_MAX)
            return refuse(fault, "invalid length of cancel request packet");
        found.pid = pgr_load_be32(packet.at + HEAD_SIZE);
        break;
    case PGR_STARTUP_SESSION:
        found.params = PGR_BYTES(packet.at + HEAD_SIZE, packet.len - HEAD_SIZE);
        if (!are_params_whole(found.params))
            return refuse(fault, "invalid startup packet layout: expected terminator as last byte");
        break;
    case PGR_STARTUP_SSL:
    case PGR_STARTUP_GSSENC:
    case PGR_STARTUP_OTHER:
        break;
    }
    *out = found;
    return PGR_PARSE_OK;
}

enum pgr_parse pgr_startup_parse(struct pgr_bytes in, struct pgr_startup *out,
                                 struct pgr_fault *fault)
{
    if (in.len < 4)
        return PGR_PARSE_MORE;
    uint32_t size = pgr_load_be32(in.at);
    if (size < HEAD_SIZE || size > PGR_STARTUP_MAX)
        return refuse(fault, "invalid length of startup packet");
    if (in.len < size)
        return PGR_PARSE_MORE;
    return parse_whole(PGR_BYTES(in.at, size), out, fault);
}

/* Takes the next pair off the front; false at the end. */
static bool next_param(struct pgr_reader *reader, struct pgr_bytes *name, struct pgr_bytes *value)
{
    *name = pgr_read_cstr(reader);
    if (name->len == 0)
        return false;
    *value = pgr_read_cstr(reader);
    return true;
}

struct pgr_bytes pgr_startup_param(const struct pgr_startup *startup, const char *name)
{
    struct pgr_reader reader = pgr_reader_of(startup->params);
    struct pgr_bytes wanted = pgr_bytes_str(name);
    struct pgr_bytes last = {0};
    struct pgr_bytes key;
    struct pgr_bytes value;
    while (next_param(&reader, &key, &value)) {
        if (pgr_bytes_eq(key, wanted))
            last = value;
    }
    return last;
}

void pgr_startup_each(const struct pgr_startup *startup,
                      void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    struct pgr_reader reader = pgr_reader_of(startup->params);
    struct pgr_bytes name;
    struct pgr_bytes value;
    while (next_param(&reader, &name, &value))
        fn(arg, (const char *)name.at, (const char *)value.at);
}
