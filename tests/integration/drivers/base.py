# SPDX-License-Identifier: PostgreSQL
"""The face that every driver of the matrix shows to the story."""

import collections
import re

APPLICATION = "drivers"

# Where to connect, and as whom. `options` goes into the startup packet as it is.
Route = collections.namedtuple("Route", "host port user password dbname options")


class DriverError(Exception):
    """What PostgreSQL answered: args are (SQLSTATE, message)."""

    @property
    def sqlstate(self):
        return self.args[0]


def as_text(value):
    """A driver's value in PostgreSQL's own text form, so that all drivers' answers can be compared."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(as_text(one) for one in value) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_rows(rows):
    return [[as_text(value) for value in row] for row in rows]


def percent_placeholders(sql):
    """`$1` for drivers that want `%s`; the story uses each parameter once and in order."""
    return re.sub(r"\$[0-9]+", "%s", sql.replace("%", "%%"))


class Connection:
    """One connection. Each method does what an application of this driver would do for that purpose."""

    def close(self):
        raise NotImplementedError

    def query(self, sql, *params):
        """Runs a statement outside or inside a transaction; returns its rows in text form."""
        raise NotImplementedError

    def execute(self, sql, *params):
        """Runs a statement and returns the number of rows that it changed."""
        raise NotImplementedError

    def prepare(self, name, sql):
        raise NotImplementedError

    def run(self, name, *params):
        """Executes a prepared statement; returns its rows."""
        raise NotImplementedError

    def unprepare(self, name):
        raise NotImplementedError

    def begin(self):
        raise NotImplementedError

    def commit(self):
        raise NotImplementedError

    def rollback(self):
        raise NotImplementedError

    def copy_in(self, sql, data):
        raise NotImplementedError

    def copy_out(self, sql):
        raise NotImplementedError

    def start(self, sql):
        """Begins a long statement and returns at once; cancel() may follow, finish() must."""
        raise NotImplementedError

    def cancel(self):
        raise NotImplementedError

    def finish(self):
        """Waits for the end of what start() began; DriverError if it failed."""
        raise NotImplementedError

    def listen(self, channel):
        raise NotImplementedError

    def next_notification(self):
        """The payload of the next notification; waits a bounded time, then DriverError."""
        raise NotImplementedError

    def large_object(self, data):
        """Makes a large object of data, reads it back, drops it; returns what was read."""
        raise NotImplementedError

    def batch(self, sql, rows):
        """Executes sql once for each tuple of rows, the driver's fast way."""
        raise NotImplementedError

    def read_by_cursor(self, sql, size):
        """All rows of a query, fetched size at a time."""
        raise NotImplementedError

    def notices(self):
        """The texts of the notices received so far."""
        raise NotImplementedError

    def pid(self):
        """The backend's PID as the driver was told at connect."""
        raise NotImplementedError


class Driver:
    """Makes connections; `build` prepares once what the driver needs."""

    name = ""

    @classmethod
    def build(cls, folder):
        """Compiles a client program into folder, where one is needed."""

    def __init__(self, route, folder):
        self.route = route
        self.folder = folder

    def connect(self):
        raise NotImplementedError

    def close(self):
        """Ends what all connections of the driver share."""
