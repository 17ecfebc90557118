#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes the seed corpora corpus/<target>/<name> that are not text anyone would write by hand.

Run it after adding a seed, and commit what it wrote. Seeds found by fuzzing are added as files.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
SSL, GSSENC, CANCEL = 80877103, 80877104, 80877102
V3_0, V3_2 = 3 << 16, (3 << 16) | 2


def packet(code, rest=b""):
    return struct.pack("!II", 8 + len(rest), code) + rest


def message(kind, body=b""):
    return kind + struct.pack("!I", 4 + len(body)) + body


def strings(*texts):
    return b"".join(text + b"\0" for text in texts)


def bind(portal, statement, formats, values, results):
    body = strings(portal, statement)
    body += struct.pack("!H", len(formats)) + b"".join(struct.pack("!H", f) for f in formats)
    body += row(values)
    body += struct.pack("!H", len(results)) + b"".join(struct.pack("!H", r) for r in results)
    return message(b"B", body)


def row(values):
    out = struct.pack("!H", len(values))
    for value in values:
        out += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return out


USER = strings(b"user", b"alice", b"database", b"shop")

STARTUP = {
    "ssl": packet(SSL),
    "ssl_with_bytes": packet(SSL, b"abcd"),
    "gssenc": packet(GSSENC),
    "cancel": packet(CANCEL, struct.pack("!I", 4711) + b"key!"),
    "cancel_long_key": packet(CANCEL, struct.pack("!I", 4711) + bytes(range(32))),
    "cancel_no_key": packet(CANCEL, struct.pack("!I", 4711)),
    "session": packet(V3_0, USER + b"\0"),
    "session_3_2": packet(V3_2, USER + strings(b"_pq_.x", b"y", b"options", b"-c a=b") + b"\0"),
    "session_twice": packet(V3_0, USER + strings(b"user", b"bob", b"x", b"") + b"\0"),
    "session_no_end": packet(V3_0, USER),
    "session_two_ends": packet(V3_0, USER + b"\0\0"),
    "session_odd": packet(V3_0, USER + b"x\0"),
    "protocol_2": packet(2 << 16, b"anything"),
    "then_more": packet(SSL) + packet(V3_0, USER + b"\0"),
    "too_short": struct.pack("!II", 7, V3_0),
    "too_long": struct.pack("!II", 10005, V3_0),
}

FRAME = {
    "simple": message(b"Q", b"select 1\0") + message(b"X"),
    "extended": message(b"P", strings(b"s", b"select $1") + struct.pack("!HI", 1, 23))
    + message(b"D", b"Ss\0")
    + bind(b"", b"s", [1], [b"\0\0\0\1", None, b""], [1])
    + message(b"E", b"\0" + struct.pack("!I", 0))
    + message(b"C", b"Ss\0")
    + message(b"S"),
    "execute_negative": message(b"E", b"c\0" + struct.pack("!i", -1)),
    "bind_hostile": message(b"B", b"\0\0\0\0\xff\xff" + struct.pack("!i", -2)),
    "login": message(b"R", struct.pack("!I", 10) + strings(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", b""))
    + message(b"R", struct.pack("!I", 0))
    + message(b"S", strings(b"TimeZone", b"UTC"))
    + message(b"K", struct.pack("!II", 4711, 42))
    + message(b"Z", b"I"),
    "answer": message(b"D", row([b"a", None, b""])) + message(b"C", b"SELECT 1\0") + message(b"Z", b"T"),
    "error": message(b"E", strings(b"SERROR", b"VERROR", b"C42P01", b"Mno", b"")) + message(b"Z", b"E"),
    "two_strings": b"name\0text\0",
    "too_short": b"Q" + struct.pack("!I", 3),
    "too_long": b"Q" + struct.pack("!I", 1 << 30),
    "negative": b"Q" + struct.pack("!i", -1),
}


def main():
    for target, seeds in {"startup": STARTUP, "frame": FRAME}.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / name).write_bytes(content)
        print(f"{target}: {len(seeds)} seeds")


if __name__ == "__main__":
    main()
