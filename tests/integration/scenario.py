# SPDX-License-Identifier: PostgreSQL
"""What several scenarios share: the seam build, time that a test moves, and waiting for the cache to be awake."""

import mmap
import os
import struct

import psycopg2
import pytest
from pgr_harness import daemon_binary, wait_until


def seam_binary():
    """The daemon with its test seams, which the same build makes beside the daemon."""
    path = os.environ.get("PGRECALL_TEST_BIN") or os.path.join(os.path.dirname(daemon_binary()), "pgrecall-test")
    if not os.access(path, os.X_OK):
        assert not os.environ.get("PGRECALL_BIN"), "no daemon with seams beside " + daemon_binary()
        pytest.skip("no %s: the release build has no seams" % os.path.basename(path))
    return path


class Clock:
    """Time added to the daemon's monotonic clock, through a file that both map."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as out:
            out.write(bytes(8))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)

    def environment(self):
        return {"PGRECALL_TEST_CLOCK": self.path}

    def advance(self, seconds):
        microseconds, = struct.unpack("<Q", self._map[:8])
        self._map[:8] = struct.pack("<Q", microseconds + round(seconds * 1e6))


def connect(target, user="u_trust", dbname="postgres", **words):
    """A psycopg2 connection in autocommit, which speaks the simple protocol."""
    link = psycopg2.connect(target.dsn(user, dbname), **words)
    link.autocommit = True
    return link


def value(link, sql, parameters=None):
    """The first value of the first row, or None."""
    with link.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def is_remembered(server, link, table, row=1):
    """Writes round the proxy and reads through it: an old version can only have come from the cache."""
    server.sql("UPDATE %s SET version = version + 1 WHERE id = %d" % (table, row))
    fresh = int(server.sql("SELECT version FROM %s WHERE id = %d" % (table, row)))
    return value(link, "SELECT version FROM %s WHERE id = %d" % (table, row)) < fresh


def wait_until_remembered(server, link, table, row=1):
    """Right after a start the catalog is still being loaded, and nothing can be remembered."""
    wait_until(lambda: is_remembered(server, link, table, row), 20, "an answer of %s remembered" % table)
