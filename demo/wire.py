# SPDX-License-Identifier: PostgreSQL
"""psycopg's connection and psycopg's messages; only the reading is our own, to stop the clock at the last byte.

psycopg logs in, and its adapters turn Python values into parameters. The messages are those it sends:
Parse, Bind, Describe, Execute, Sync; from the sixth use of a statement on, a prepared one.
"""

import os
import socket
import struct
import time

import psycopg
from psycopg.adapt import PyFormat, Transformer

PREPARE_THRESHOLD = 5  # psycopg's default
_PATIENCE_S = 300
_FIRST_BUFFER = 1 << 20


class WireError(Exception):
    """PostgreSQL's error, or an answer that never came."""


def _message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def _parse(name, query, types):
    return _message(b"P", name + b"\0" + query + b"\0" + struct.pack("!h%dI" % len(types), len(types), *types))


def _bind(name, formats, values):
    body = [b"\0", name, b"\0", struct.pack("!h%dh" % len(formats), len(formats), *formats),
            struct.pack("!h", len(values))]
    for value in values:
        body.append(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + bytes(value))
    body.append(struct.pack("!hh", 1, 0))
    return _message(b"B", b"".join(body))


_RUN = _message(b"D", b"P\0") + _message(b"E", b"\0" + struct.pack("!i", 0)) + _message(b"S", b"")
_SYNC = _message(b"S", b"")
_READY = b"Z\0\0\0\5"


class Statement:
    """A query with its parameters, adapted once; `%s` marks them, as in psycopg."""

    def __init__(self, query, params=()):
        transformer = Transformer()
        self.values = list(transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))) if params else []
        self.types = tuple(transformer.types or ()) if params else ()
        self.formats = [int(word) for word in transformer.formats or ()] if params else []
        for position in range(1, len(params) + 1):
            query = query.replace("%s", "$%d" % position, 1)
        self.query = query.encode()

    def unnamed(self):
        return _parse(b"", self.query, self.types) + _bind(b"", self.formats, self.values) + _RUN

    def prepared(self, name):
        return _bind(name, self.formats, self.values) + _RUN


class Answer:
    """The raw bytes of one answer, and how long they took from send to last byte."""

    def __init__(self, raw, elapsed_ns):
        self.raw = raw
        self.elapsed_ns = elapsed_ns


def _walk(view):
    """(kind, start, end) of each message; the last may end after the view."""
    start = 0
    while start + 5 <= len(view):
        end = start + 1 + struct.unpack_from("!i", view, start + 1)[0]
        yield view[start], start, end
        start = end


def _is_whole(view):
    end = 0
    kind = 0
    for kind, _, end in _walk(view):
        pass
    return end == len(view) and kind == ord("Z")


def _error_of(view):
    for kind, start, end in _walk(view):
        if kind == ord("E"):
            fields = bytes(view[start + 5:end]).split(b"\0")
            return " ".join(field[1:].decode("utf-8", "replace") for field in fields if field[:1] in b"SCM" and field)
    return None


class Wire:
    """One connection in autocommit."""

    def __init__(self, conninfo, **options):
        self.connection = psycopg.connect(conninfo, autocommit=True, **options)
        self._socket = socket.socket(fileno=os.dup(self.connection.pgconn.socket))
        self._socket.setblocking(True)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", _PATIENCE_S, 0))
        self._room = memoryview(bytearray(_FIRST_BUFFER))
        self._uses = {}
        self._names = {}

    def close(self):
        self._socket.close()
        self.connection.close()

    def ask(self, statement):
        """Asks as psycopg does: prepared after five uses."""
        key = (statement.query, statement.types)
        name = self._names.get(key)
        if name is None:
            self._uses[key] = self._uses.get(key, 0) + 1
            if self._uses[key] <= PREPARE_THRESHOLD:
                return self._exchange(statement.unnamed())
            name = self._prepare(key)
        return self._exchange(statement.prepared(name))

    def ask_unnamed(self, statement):
        """Asks without a prepared statement, so that two connections get the same bytes."""
        return self._exchange(statement.unnamed())

    def _prepare(self, key):
        name = b"_pg3_%d" % len(self._names)
        self._exchange(_parse(name, *key) + _SYNC)
        self._names[key] = name
        return name

    def _exchange(self, message):
        have = 0
        started = time.perf_counter_ns()
        self._socket.sendall(message)
        while True:
            count = self._receive(have)
            ended = time.perf_counter_ns()
            have += count
            if have >= 6 and self._room[have - 6:have - 1] == _READY and _is_whole(self._room[:have]):
                break
            if have == len(self._room):
                self._grow()
        view = self._room[:have]
        error = _error_of(view)
        if error is not None:
            raise WireError(error)
        return Answer(bytes(view), ended - started)

    def _receive(self, have):
        try:
            count = self._socket.recv_into(self._room[have:])
        except BlockingIOError:
            raise WireError("no answer within %d s" % _PATIENCE_S) from None
        if count == 0:
            raise WireError("the connection was closed")
        return count

    def _grow(self):
        room = memoryview(bytearray(2 * len(self._room)))
        room[:len(self._room)] = self._room
        self._room = room
