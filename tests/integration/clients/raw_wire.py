# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL's protocol by hand, for what no driver would send. Only trust authentication."""

import socket
import struct

PROTOCOL_3 = 196608
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def text(word):
    return word.encode() + b"\0"


def startup(version=PROTOCOL_3, **parameters):
    body = struct.pack("!i", version)
    for name, word in parameters.items():
        body += text(name) + text(word)
    body += b"\0"
    return struct.pack("!i", len(body) + 4) + body


def request(code, body=b""):
    return struct.pack("!ii", len(body) + 8, code) + body


def query(sql):
    return message(b"Q", text(sql))


def parse(sql, name=""):
    return message(b"P", text(name) + text(sql) + struct.pack("!h", 0))


def bind(parameters=(), statement="", portal=""):
    body = text(portal) + text(statement) + struct.pack("!hh", 0, len(parameters))
    for one in parameters:
        body += struct.pack("!i", len(one)) + one
    return message(b"B", body + struct.pack("!h", 0))


def describe(kind=b"P", name=""):
    return message(b"D", kind + text(name))


def execute(rows=0, portal=""):
    return message(b"E", text(portal) + struct.pack("!i", rows))


SYNC = message(b"S")
FLUSH = message(b"H")
TERMINATE = message(b"X")


def extended(sql, *parameters):
    """The whole unit that drivers send for one statement."""
    return parse(sql) + bind(parameters) + describe() + execute() + SYNC


class Closed(Exception):
    """The other side closed, or reset, the connection."""


class Wire:
    """One connection. receive() gives (kind, body); until_ready() all messages to the next ReadyForQuery."""

    def __init__(self, target, timeout=20):
        self.socket = socket.create_connection((target.host, target.port), timeout)
        self._input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed() from None

    def read(self, size):
        while len(self._input) < size:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            self._input += more
        data, self._input = self._input[:size], self._input[size:]
        return data

    def receive(self):
        kind = self.read(1)
        length, = struct.unpack("!i", self.read(4))
        return kind, self.read(length - 4)

    def until_ready(self):
        messages = []
        while not messages or messages[-1][0] != b"Z":
            messages.append(self.receive())
        return messages

    def until_closed(self):
        """All whole messages until the other side closes."""
        messages = []
        try:
            while True:
                messages.append(self.receive())
        except Closed:
            return messages

    def login(self, user="u_trust", database="postgres", **parameters):
        self.send(startup(user=user, database=database, **parameters))
        return self.until_ready()

    def ask(self, data):
        self.send(data)
        return self.until_ready()


def error_of(messages):
    """The SQLSTATE of the first error among messages, or None."""
    for kind, body in messages:
        if kind == b"E":
            return fields_of(body)["C"]
    return None


def fields_of(body):
    """An ErrorResponse's fields by their letter."""
    return {field[:1].decode(): field[1:].decode(errors="replace") for field in body.split(b"\0") if field}


def rows_of(messages):
    """The first column of every DataRow that has columns, as bytes."""
    rows = []
    for kind, body in messages:
        if kind == b"D" and body[:2] != b"\0\0":
            length, = struct.unpack("!i", body[2:6])
            rows.append(None if length < 0 else body[6:6 + length])
    return rows


def kinds_of(messages):
    return b"".join(kind for kind, _ in messages).decode()
