# SPDX-License-Identifier: PostgreSQL
"""pgrecall, or PgBouncer as its stand-in, started in front of a test's PostgreSQL."""

import os
import shutil
import signal

import pgr_logfmt
from pgr_postgres import PASSWORD, SERVICE_USER
from pgr_process import (HarnessError, Process, accepts_connections, free_port, give_away, make_folder,
                         wait_until)

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=86:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "exitcode=87:halt_on_error=0:second_deadlock_stack=1",
}


def daemon_binary():
    """The daemon under test: PGRECALL_BIN, or the release build."""
    return os.environ.get("PGRECALL_BIN") or os.path.join(TOP, "build", "release", "pgrecall")


def write_ini(path, settings, sections=""):
    """Writes {"section.key": value} as an INI file; sections is further text, such as rules."""
    grouped = {}
    for name, value in settings.items():
        if value is not None:
            section, key = name.split(".", 1)
            grouped.setdefault(section, []).append("%s = %s" % (key, value))
    with open(path, "w", encoding="utf-8") as out:
        for section, lines in grouped.items():
            out.write("[%s]\n%s\n\n" % (section, "\n".join(lines)))
        out.write(sections)
    give_away(path)


class _Listener:
    """What both proxies share: a folder, a port, a process."""

    kind = ""

    def __init__(self, upstream, port=None):
        self.upstream = upstream
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.folder = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.destroy()

    @property
    def log_path(self):
        return os.path.join(self.folder, self.kind + ".log")

    def start(self):
        if self.folder is None:
            self.folder = make_folder(self.kind)
        try:
            self._spawn()
            self.process.wait_ready(lambda: accepts_connections(self.host, self.port), 20,
                                    "%s on port %d" % (self.kind, self.port))
        except BaseException:
            self.destroy()
            raise
        return self

    def _spawn(self):
        raise NotImplementedError

    def dsn(self, user="postgres", dbname="postgres"):
        return "host=%s port=%d user=%s dbname=%s" % (self.host, self.port, user, dbname)

    def log_text(self):
        return self.process.log_text() if self.process else ""

    def stop(self):
        """Ends the process by pid and returns its exit code."""
        return self.process.stop() if self.process else None

    def destroy(self):
        try:
            self.stop()
        finally:
            if self.folder is not None and not os.environ.get("PGR_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder = None


class Proxy(_Listener):
    """`with Proxy(pg, {"cache.local_ttl": "1s"}, rules="[rule a]\\n…") as proxy:`; a setting of None is left out."""

    kind = "pgrecall"

    def __init__(self, upstream, settings=None, rules="", port=None, arguments=(), env=None, binary=None):
        super().__init__(upstream, port)
        self.binary = binary or daemon_binary()
        self.rules = rules
        self.arguments = list(arguments)
        self.env = dict(os.environ, **SANITIZERS, **(env or {}))
        self.settings = {
            "proxy.listen": "%s:%d" % (self.host, self.port),
            "upstream.dsn": "host=%s port=%d" % (upstream.host, upstream.port),
            "upstream.service_dsn": "host=%s port=%d user=%s dbname=postgres" % (
                upstream.host, upstream.port, SERVICE_USER),
            "log.log_interval": "1s",
        }
        self.settings.update(settings or {})

    @property
    def config_path(self):
        return os.path.join(self.folder, "pgrecall.ini")

    def argv(self):
        return [self.binary, "-c", self.config_path] + self.arguments

    def write_config(self):
        write_ini(self.config_path, self.settings, self.rules)

    def _spawn(self):
        if not os.access(self.binary, os.X_OK):
            raise HarnessError("no daemon at %s: scripts/build makes it, PGRECALL_BIN names another" % self.binary)
        self.write_config()
        self.process = Process(self.argv(), self.log_path, env=self.env, cwd=self.folder, as_self=True)

    def reload(self, settings=None, rules=None):
        """Changes the file, sends SIGHUP and waits for the reload's own log line, which it returns."""
        before = sum(1 for fields in self.events() if fields["event"].startswith("reload"))
        self.settings.update(settings or {})
        if rules is not None:
            self.rules = rules
        self.write_config()
        self.process.send(signal.SIGHUP)

        def reloaded():
            return [fields for fields in self.events() if fields["event"].startswith("reload")][before:]
        return self.process.wait_ready(reloaded, 10, "a reload in the log")[-1]

    def events(self, name=None):
        """The log's events, all or those of one name, oldest first."""
        found = pgr_logfmt.parse(self.log_text())
        return [fields for fields in found if name is None or fields["event"] == name]

    def wait_for_event(self, name, timeout=10, **fields):
        """Waits until the log has an event of that name with those fields; returns it."""
        def find():
            for event in self.events(name):
                if all(event.get(key) == str(value) for key, value in fields.items()):
                    return event
            return None
        return wait_until(find, timeout, "event=%s %s in %s" % (name, fields, self.log_path))

    def query_types(self):
        """Per-type lines of all intervals so far, added up; see pgr_logfmt.sum_query_types."""
        return pgr_logfmt.sum_query_types(self.events())

    def totals(self):
        """(calls, hits, misses, bypasses) over all query types logged so far."""
        types = self.query_types().values()
        return tuple(sum(one.get(key, 0) for one in types) for key in ("calls", "hits", "misses", "bypasses"))


class PgBouncer(_Listener):
    """The stand-in: session pooling, so that the tests of the tests have a proxy before there is a daemon."""

    kind = "pgbouncer"

    def _spawn(self):
        up = self.upstream
        settings = {
            "databases.*": "host=%s port=%d" % (up.host, up.port),
            "pgbouncer.listen_addr": self.host,
            "pgbouncer.listen_port": self.port,
            "pgbouncer.unix_socket_dir": None,
            "pgbouncer.auth_type": "hba",
            "pgbouncer.auth_hba_file": os.path.join(self.folder, "hba.conf"),
            "pgbouncer.auth_file": os.path.join(self.folder, "users.txt"),
            "pgbouncer.pool_mode": "session",
            "pgbouncer.default_pool_size": 100,
            "pgbouncer.max_client_conn": 500,
            "pgbouncer.ignore_startup_parameters": "options,extra_float_digits,search_path,statement_timeout",
            "pgbouncer.server_reset_query": "DISCARD ALL",
        }
        write_ini(os.path.join(self.folder, "pgbouncer.ini"), settings)
        self._write_users()
        self.process = Process(["/usr/sbin/pgbouncer", os.path.join(self.folder, "pgbouncer.ini")],
                               self.log_path, cwd=self.folder)

    def _write_users(self):
        roles = self.upstream.sql("SELECT rolname FROM pg_authid WHERE rolcanlogin").splitlines()
        with open(os.path.join(self.folder, "users.txt"), "w", encoding="utf-8") as out:
            for role in roles:
                out.write('"%s" "%s"\n' % (role, PASSWORD))
        with open(os.path.join(self.folder, "hba.conf"), "w", encoding="utf-8") as out:
            out.write("\n".join(line for line in self.upstream.hba if "::" not in line
                                and not line.startswith("local")).replace("all,replication", "all") + "\n")

    def totals(self):
        """The stand-in remembers nothing."""
        return (0, 0, 0, 0)
