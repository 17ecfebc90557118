# SPDX-License-Identifier: PostgreSQL
"""Drivers of other languages: a small program of ../clients plays the driver and takes orders on its stdin.

One order a line: word, connection, arguments, separated by tabs; backslash, tab, newline and carriage return are
escaped as in COPY, NULL is \\N; integers carry the prefix `i:`, texts `s:`. The answer is any number of lines
`row<TAB>value…`, then `ok<TAB>count` or `error<TAB>SQLSTATE<TAB>message`.
"""

import os
import shutil
import subprocess
import threading

from .base import APPLICATION, Connection, Driver, DriverError

CLIENTS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "clients"))
BUILD = os.path.abspath(os.path.join(CLIENTS, "..", "..", "..", "build"))
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_ORDER_TIMEOUT = 60


def _escape(value):
    if value is None:
        return "\\N"
    text = str(value)
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text


def _unescape(field):
    if field == "\\N":
        return None
    plain = {escaped[1]: char for char, escaped in _ESCAPES}
    out, at = [], 0
    while True:
        slash = field.find("\\", at)
        if slash < 0:
            return "".join(out) + field[at:]
        out.append(field[at:slash])
        out.append(plain[field[slash + 1]])
        at = slash + 2


def _typed(value):
    return None if value is None else ("i:%d" % value if isinstance(value, int) else "s:" + value)


class ProgramConnection(Connection):
    """A connection inside the program; every call is one order."""

    def __init__(self, driver, name):
        self._driver = driver
        self._name = name
        self._order("connect")

    def _order(self, word, *arguments):
        return self._driver.order(word, self._name, *arguments)

    def close(self):
        self._order("close")

    def query(self, sql, *params):
        return self._order("query", sql, *map(_typed, params))[0]

    def execute(self, sql, *params):
        return self._order("execute", sql, *map(_typed, params))[1]

    def prepare(self, name, sql):
        self._order("prepare", name, sql)

    def run(self, name, *params):
        return self._order("run", name, *map(_typed, params))[0]

    def unprepare(self, name):
        self._order("unprepare", name)

    def begin(self):
        self._order("begin")

    def commit(self):
        self._order("commit")

    def rollback(self):
        self._order("rollback")

    def copy_in(self, sql, data):
        self._order("copy_in", sql, data.decode())

    def copy_out(self, sql):
        return "".join(row[0] for row in self._order("copy_out", sql)[0]).encode()

    def start(self, sql):
        self._order("start", sql)

    def cancel(self):
        self._order("cancel")

    def finish(self):
        self._order("finish")

    def listen(self, channel):
        self._order("listen", channel)

    def next_notification(self):
        return self._order("notification")[0][0][0]

    def large_object(self, data):
        return bytes.fromhex(self._order("large_object", data.hex())[0][0][0])

    def batch(self, sql, rows):
        flat = [_typed(value) for row in rows for value in row]
        self._order("batch", sql, len(rows[0]), *flat)

    def read_by_cursor(self, sql, size):
        return self._order("cursor", sql, size)[0]

    def notices(self):
        return [row[0] for row in self._order("notices")[0]]

    def pid(self):
        return int(self._order("pid")[0][0][0])


class ProgramDriver(Driver):
    def __init__(self, route, folder):
        super().__init__(route, folder)
        self._count = 0
        env = dict(os.environ, PGHOST=route.host, PGPORT=str(route.port), PGUSER=route.user,
                   PGPASSWORD=route.password, PGDATABASE=route.dbname, PGOPTIONS=route.options,
                   PGAPPNAME=APPLICATION, LC_ALL="C.UTF-8", PGCLIENTENCODING="UTF8")
        self._errors = open(os.path.join(folder, self.name + ".stderr"), "a+", encoding="utf-8")
        self._child = subprocess.Popen(self.argv(folder), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=self._errors, text=True, encoding="utf-8")

    def argv(self, folder):
        raise NotImplementedError

    def connect(self):
        self._count += 1
        return ProgramConnection(self, "c%d" % self._count)

    def order(self, *words):
        """Sends one order; returns (rows, count) or raises DriverError."""
        guard = threading.Timer(_ORDER_TIMEOUT, self._child.kill)
        guard.start()
        try:
            self._child.stdin.write("\t".join(map(_escape, words)) + "\n")
            self._child.stdin.flush()
            return self._answer(words)
        except BrokenPipeError:
            raise self._ended(words) from None
        finally:
            guard.cancel()

    def _answer(self, words):
        rows = []
        for line in iter(self._child.stdout.readline, ""):
            word, *fields = map(_unescape, line.rstrip("\n").split("\t"))
            if word == "row":
                rows.append(fields)
            elif word == "ok":
                return rows, int(fields[0])
            else:
                raise DriverError(*fields)
        raise self._ended(words)

    def _ended(self, words):
        self._errors.seek(0)
        return DriverError("program ended", "%s: %s" % (" ".join(map(str, words))[:200], self._errors.read()[-2000:]))

    def close(self):
        self._child.stdin.close()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise
        finally:
            self._child.stdout.close()
            self._errors.close()


def _compile(argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise DriverError("compile", done.stdout + done.stderr)


class JdbcDriver(ProgramDriver):
    name = "pgjdbc"
    jar = "/usr/share/java/postgresql.jar"

    @classmethod
    def build(cls, folder):
        _compile(["javac", "-d", folder, os.path.join(CLIENTS, "JdbcClient.java"), "-cp", cls.jar])

    def argv(self, folder):
        return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", folder + ":" + self.jar, "JdbcClient"]


class NodeDriver(ProgramDriver):
    name = "node-postgres"

    @classmethod
    def build(cls, folder):
        shutil.copy(os.path.join(CLIENTS, "node_client.js"), folder)
        link = os.path.join(folder, "node_modules")
        if not os.path.islink(link):
            os.symlink(os.path.join(BUILD, "node", "node_modules"), link)

    def argv(self, folder):
        return ["node", os.path.join(folder, "node_client.js")]


class LibpqDriver(ProgramDriver):
    name = "libpq"

    @classmethod
    def build(cls, folder):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libpq"], capture_output=True, text=True,
                               timeout=20, check=True).stdout.split()
        _compile(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-o",
                  os.path.join(folder, "libpq_client"), os.path.join(CLIENTS, "libpq_client.c")] + flags)

    def argv(self, folder):
        return [os.path.join(folder, "libpq_client")]
