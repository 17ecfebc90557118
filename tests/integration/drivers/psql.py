# SPDX-License-Identifier: PostgreSQL
"""psql, spoken to through its pipes as a shell script would: simple protocol, backslash commands."""

import os
import re
import select
import signal
import subprocess
import time

from .base import APPLICATION, Connection, Driver, DriverError

_FIELD, _ROW, _NULL = "\x01", "\x02", "\x03"
_NOTIFICATION = re.compile(r'Asynchronous notification "[^"]*" with payload "([^"]*)" received.*\n')
_NOTICE = re.compile(r"^(?:psql:[^ ]* )?NOTICE: +(.*)$", re.M)
_ERROR = re.compile(r"^ERROR: +(\w{5})$", re.M)
_COUNT = re.compile(r"^(?:INSERT 0|UPDATE|DELETE|COPY) ([0-9]+)$", re.M)


def _literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _with_literals(sql, params):
    if not params:
        return sql
    return re.sub(r"\$([0-9]+)", lambda found: _literal(params[int(found.group(1)) - 1]), sql)


class PsqlConnection(Connection):
    def __init__(self, route, folder):
        self._folder = folder
        self._buffer = b""
        self._heard = []
        self._noticed = []
        self._marks = 0
        self._env = {
            "PGHOST": route.host, "PGPORT": str(route.port), "PGUSER": route.user, "PGDATABASE": route.dbname,
            "PGPASSWORD": route.password, "PGOPTIONS": route.options, "PGAPPNAME": APPLICATION,
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"}
        self._spawn()

    def _spawn(self):
        # psql would keep what \echo prints in a buffer; stdbuf hands over each line.
        argv = ["stdbuf", "-oL", "/usr/bin/psql", "-X", "-A", "-t", "-v", "VERBOSITY=terse",
                "-F", _FIELD, "-R", _ROW, "-P", "null=" + _NULL]
        self._child = subprocess.Popen(argv, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)

    def close(self):
        self._child.stdin.close()
        self._child.wait(20)
        self._child.stdout.close()

    def _send(self, text):
        """Has psql do this, then say that it is done and how it ended; _await() waits for that."""
        self._marks += 1
        text = "\\set SQLSTATE 00000\n%s\\echo <%d>state :SQLSTATE end\n" % (text, self._marks)
        try:
            self._child.stdin.write(text.encode())
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # what psql said before it ended is the better message

    def _await(self):
        mark = re.compile(rb"<%d>state (\w+) end\n" % self._marks)
        deadline = time.monotonic() + 60
        found = None
        while not found:
            ready = select.select([self._child.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            data = os.read(self._child.stdout.fileno(), 1 << 20) if ready else b""
            if not data:
                raise DriverError("psql ended" if ready else "timeout", self._buffer.decode(errors="replace"))
            self._buffer += data
            found = mark.search(self._buffer, max(0, len(self._buffer) - len(data) - 40))
        out = self._buffer[:found.start()].decode()
        self._buffer = self._buffer[found.end():]
        self._heard += _NOTIFICATION.findall(out)
        self._noticed += _NOTICE.findall(out)
        if found.group(1) != b"00000":
            raise DriverError(found.group(1).decode(), out)
        return _NOTIFICATION.sub("", out)

    def _command(self, text):
        self._send(text)
        return self._await()

    def query(self, sql, *params):
        # \g instead of a semicolon: the text reaches PostgreSQL as it is.
        out = self._command(_with_literals(sql, params) + "\n\\g\n")
        out = out[:-1] if out.endswith("\n") else out
        if not out:
            return []
        return [[None if value == _NULL else value for value in row.split(_FIELD)] for row in out.split(_ROW)]

    def execute(self, sql, *params):
        found = _COUNT.findall(self._command(_with_literals(sql, params) + "\n\\g\n"))
        return int(found[-1]) if found else 0

    def prepare(self, name, sql):
        self.execute("PREPARE %s AS %s" % (name, sql))

    def run(self, name, *params):
        return self.query("EXECUTE %s(%s)" % (name, ", ".join(_literal(value) for value in params)))

    def unprepare(self, name):
        self.execute("DEALLOCATE " + name)

    def begin(self):
        self.execute("BEGIN")

    def commit(self):
        self.execute("COMMIT")

    def rollback(self):
        self.execute("ROLLBACK")

    def _file(self, data=b""):
        path = os.path.join(self._folder, "psql-%d-%d" % (self._child.pid, self._marks))
        with open(path, "wb") as out:
            out.write(data)
        return path

    def copy_in(self, sql, data):
        # psql 15 leaves SQLSTATE alone when COPY's data was bad.
        out = self._command("\\set VERBOSITY sqlstate\n%s\n\\g\n%s\\.\n\\set VERBOSITY terse\n"
                            % (sql, data.decode()))
        failed = _ERROR.search(out)
        if failed:
            raise DriverError(failed.group(1), out)

    def copy_out(self, sql):
        path = self._file()
        self._command("\\copy %s\n" % sql.replace("COPY ", "", 1).replace("STDOUT", "'%s'" % path))
        with open(path, "rb") as data:
            return data.read()

    def start(self, sql):
        self._send(sql + "\n\\g\n")

    def cancel(self):
        self._child.send_signal(signal.SIGINT)

    def finish(self):
        """psql ends a script whose query was cancelled by SIGINT; the story goes on in another psql."""
        try:
            self._await()
        except DriverError as error:
            if error.sqlstate != "psql ended" or "canceling statement due to user request" not in error.args[1]:
                raise
            self.close()
            self._spawn()
            self._buffer = b""
            raise DriverError("57014", error.args[1]) from None

    def listen(self, channel):
        self.execute("LISTEN " + channel)

    def next_notification(self):
        deadline = time.monotonic() + 15
        while not self._heard and time.monotonic() < deadline:
            self.query("SELECT 1")
            time.sleep(0.02)
        if not self._heard:
            raise DriverError("timeout", "no notification")
        return self._heard.pop(0)

    def large_object(self, data):
        source = self._file(data)
        target = source + ".out"
        self._command("\\lo_import '%s'\n\\set number :LASTOID\n" % source)
        self._command("\\lo_export :number '%s'\n\\lo_unlink :number\n" % target)
        with open(target, "rb") as found:
            return found.read()

    def batch(self, sql, rows):
        self._command("\n".join(_with_literals(sql, row) + ";" for row in rows) + "\n")

    def read_by_cursor(self, sql, size):
        """psql's own cursor, FETCH_COUNT; each portion is printed as a result of its own."""
        out = self._command("\\set FETCH_COUNT %d\n%s\n\\g\n\\unset FETCH_COUNT\n" % (size, sql))
        return [[value] for value in re.split("[\n%s]" % _ROW, out.rstrip("\n"))]

    def notices(self):
        return self._noticed

    def pid(self):
        """psql shows it in its prompt only, and there is none in a script."""
        return None


class PsqlDriver(Driver):
    name = "psql"

    def connect(self):
        return PsqlConnection(self.route, self.folder)
