# SPDX-License-Identifier: PostgreSQL
"""The demo's servers: PostgreSQL with the tutorial's data, scratch or given, and pgrecall in front of it."""

import os
import subprocess
import sys

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "support"))

import pgr_harness  # noqa: E402
import pgr_logfmt  # noqa: E402

SCHEMA = "pgrecall_demo"
DATABASE = "ai_db"
# Just-in-time compilation would add to the unindexed queries; off, the comparison is the harder one.
_SETTINGS = {"shared_buffers": "512MB", "jit": "off", "max_wal_size": "4GB"}


class DemoError(Exception):
    """Something the user can mend, said in one sentence."""


class Database:
    """Where the tutorial's data live. conninfo reaches them directly."""

    def __init__(self, dsn=None):
        self._given = dsn
        self._scratch = None
        self._has_schema = False
        self.has_pgvector = False
        self.conninfo = None
        self.host = "127.0.0.1"
        self.port = 0

    def __enter__(self):
        if self._given is None:
            self._scratch = pgr_harness.Postgres(options=_SETTINGS).start()
            self._scratch.sql("CREATE DATABASE %s" % DATABASE)
            self.conninfo = self._scratch.dsn(dbname=DATABASE)
            self.port = self._scratch.port
        else:
            self.conninfo = self._given
        try:
            self._create_schema()
        except psycopg.Error as error:
            self.__exit__()
            raise DemoError("cannot use %s: %s" % (self.described(), error)) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._scratch is not None:
            self._scratch.destroy()
        elif self._has_schema:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                connection.execute("DROP SCHEMA %s CASCADE" % SCHEMA)
        self._has_schema = False

    @property
    def is_scratch(self):
        return self._scratch is not None

    def described(self):
        words = conninfo_to_dict(self.conninfo)
        return " ".join("%s=%s" % (key, words[key]) for key in ("host", "port", "dbname", "user") if key in words)

    def options(self):
        """libpq's `options` under which the tutorial's names are found."""
        return "-c search_path=%s,public" % SCHEMA

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True, options=self.options())

    def _create_schema(self):
        with self.connect() as connection:
            if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone()[0]:
                raise DemoError("the schema %s exists already in %s: an earlier demo's? "
                                "DROP SCHEMA %s CASCADE if so" % (SCHEMA, self.described(), SCHEMA))
            connection.execute("CREATE SCHEMA %s" % SCHEMA)
            self._has_schema = True
            if self.is_scratch and connection.execute(
                    "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone():
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
            self.has_pgvector = connection.execute("SELECT to_regtype('vector')").fetchone()[0] is not None
            self.version = connection.execute("SHOW server_version").fetchone()[0].split()[0]

    def run_file(self, name, scale):
        """One of demo/sql, through psql."""
        program = os.path.join(pgr_harness.bin_folder(), "psql")
        argv = [program, "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        for variable in ("features", "documents", "training"):
            argv += ["-v", "%s=%d" % (variable, getattr(scale, variable))]
        argv += ["-d", make_conninfo(self.conninfo, options=self.options()),
                 "-f", os.path.join(HERE, "sql", name)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DemoError("%s: %s" % (name, done.stderr.strip()))


def pgrecall_ini(ttl="300s"):
    """demo/pgrecall.ini, all its TTLs replaced by another."""
    with open(os.path.join(HERE, "pgrecall.ini"), encoding="utf-8") as file:
        return file.read().replace("local_ttl = 300s", "local_ttl = " + ttl)


class Recall:
    """pgrecall in front of a Database."""

    def __init__(self, database):
        self._database = database
        settings = {"log.log_interval": "1s"}
        environment = {}
        if not database.is_scratch:
            # By the environment, since a DSN may hold a password; its user reads the catalog too.
            settings.update({"upstream.dsn": None, "upstream.service_dsn": None})
            environment["PGRECALL_UPSTREAM_DSN"] = database.conninfo
        self._proxy = pgr_harness.Proxy(database, settings, rules=pgrecall_ini(), env=environment)
        self.conninfo = make_conninfo(database.conninfo, host="127.0.0.1", port=self._proxy.port)

    def __enter__(self):
        self._proxy.start()
        return self

    def __exit__(self, *_):
        self._proxy.destroy()

    @property
    def log_path(self):
        return self._proxy.log_path

    def set_ttl(self, ttl):
        """Changes demo/pgrecall.ini's TTLs and has the running pgrecall take them up."""
        self._proxy.reload(rules=pgrecall_ini(ttl))

    def counts(self, mark_of_type):
        """{mark: {"calls", "hits", "misses", "bypasses", "reasons"}} of the whole log so far."""
        marks = {}
        for fields in self._proxy.events("query_type"):
            mark = mark_of_type(fields.get("query", ""))
            total = marks.setdefault(mark, {"calls": 0, "hits": 0, "misses": 0, "bypasses": 0, "reasons": set()})
            for key in ("calls", "hits", "misses", "bypasses"):
                total[key] += pgr_logfmt.number(fields, key)
            total["reasons"].update(word.split(":")[0] for word in fields.get("reasons", "").split())
        return marks

    def held(self):
        """(entries, bytes) that the newest report names."""
        events = [one for one in self._proxy.events("cache") if "bytes" in one]
        if not events:
            return 0, 0
        return pgr_logfmt.number(events[-1], "entries"), pgr_logfmt.number(events[-1], "bytes")
