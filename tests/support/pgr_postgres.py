# SPDX-License-Identifier: PostgreSQL
"""A real PostgreSQL of a test's own: temp folder, free port, roles for each way to authenticate."""

import glob
import os
import re
import shutil
import signal
import subprocess

from pgr_process import (HarnessError, Process, accepts_connections, free_port, give_away, make_folder,
                         unprivileged_user)

SUPERUSER = "postgres"
SERVICE_USER = "pgr_service"
PASSWORD = "correct horse"
# How a role authenticates: (role, method in pg_hba.conf, how its password is stored).
AUTH_ROLES = {
    "trust": ("u_trust", "trust", "scram-sha-256"),
    "cleartext": ("u_clear", "password", "scram-sha-256"),
    "md5": ("u_md5", "md5", "md5"),
    "scram": ("u_scram", "scram-sha-256", "scram-sha-256"),
}
FAST_AND_LOSSY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "10s",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


def _version(folder):
    found = re.search(r"/postgresql/([0-9.]+)/bin$", folder)
    return tuple(int(part) for part in found.group(1).split("."))


def bin_folder(major=None):
    """Debian's folder of server programs, the newest or that of a major version; never PATH's `postgres`."""
    folders = [folder for folder in glob.glob("/usr/lib/postgresql/*/bin")
               if os.access(os.path.join(folder, "initdb"), os.X_OK)
               and (major is None or _version(folder)[0] == major)]
    if not folders:
        raise HarnessError("no PostgreSQL %s under /usr/lib/postgresql" % (major or "server"))
    return max(folders, key=_version)


def _hba_lines():
    lines = ["local all all trust"]
    for host in ("127.0.0.1/32", "::1/128"):
        for role, method, _ in AUTH_ROLES.values():
            lines.append("host all %s %s %s" % (role, host, method))
        lines.append("host all,replication all %s trust" % host)
    return lines


class Postgres:
    """`with Postgres() as pg:`; pg.port, pg.socket_dir, pg.sql("…"), pg.dsn(user=…)."""

    def __init__(self, options=None, hba=None, major=None, port=None):
        self.host = "127.0.0.1"
        self.bin = bin_folder(major)
        self.options = dict(FAST_AND_LOSSY, **(options or {}))
        self.hba = hba if hba is not None else _hba_lines()
        self.port = port or free_port()
        self.folder = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.destroy()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def socket_dir(self):
        return self.folder

    def program(self, name):
        return os.path.join(self.bin, name)

    def start(self):
        """Creates the cluster when there is none yet, starts it and, the first time, makes the roles."""
        is_new = self.folder is None
        if is_new:
            self.folder = make_folder("postgres")
            self._initdb()
        self.process = Process(self._argv(), os.path.join(self.folder, "postgres.log"),
                               env=self._environment(), cwd=self.folder, stop_signal=signal.SIGINT)
        try:
            self.process.wait_ready(self._is_up, 30, "PostgreSQL on port %d" % self.port)
            if is_new:
                self.sql(self._roles_sql())
        except BaseException:
            self.destroy()
            raise
        return self

    def _environment(self):
        return {"PATH": self.bin + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": self.folder}

    def _initdb(self):
        account = unprivileged_user()
        identity = {} if account is None else {
            "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self.program("initdb"), "-D", self.data, "-U", SUPERUSER, "--no-sync", "--no-instructions",
             "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust"],
            cwd=self.folder, env=self._environment(), capture_output=True, text=True, timeout=120,
            check=False, **identity)
        if done.returncode != 0:
            raise HarnessError("initdb: " + done.stdout + done.stderr)
        hba = os.path.join(self.data, "pg_hba.conf")
        with open(hba, "w", encoding="utf-8") as out:
            out.write("\n".join(self.hba) + "\n")
        give_away(hba)

    def _argv(self):
        argv = [self.program("postgres"), "-D", self.data, "-p", str(self.port), "-k", self.folder,
                "-c", "listen_addresses=127.0.0.1"]
        for name, value in self.options.items():
            argv += ["-c", "%s=%s" % (name, value)]
        return argv

    def _is_up(self):
        done = subprocess.run([self.program("pg_isready"), "-q", "-h", self.folder, "-p", str(self.port)],
                              timeout=10, check=False)
        return done.returncode == 0 and accepts_connections(self.host, self.port)

    @staticmethod
    def _roles_sql():
        lines = ["CREATE ROLE %s LOGIN;" % SERVICE_USER]
        for role, _, storage in AUTH_ROLES.values():
            lines.append("SET password_encryption = '%s';" % storage)
            lines.append("CREATE ROLE %s LOGIN PASSWORD '%s';" % (role, PASSWORD))
        return "\n".join(lines)

    def sql(self, text, dbname="postgres", user=SUPERUSER, timeout=60):
        """Runs a script over the unix socket, round any proxy; returns psql's unaligned output."""
        done = subprocess.run(
            [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir,
             "-p", str(self.port), "-U", user, "-d", dbname, "-f", "-"],
            input=text, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise HarnessError("psql: %s\n%s" % (done.stderr.strip(), text[:2000]))
        return done.stdout.strip()

    def dsn(self, user=SUPERUSER, dbname="postgres"):
        """libpq's words for this server's TCP address, without a password."""
        return "host=%s port=%d user=%s dbname=%s" % (self.host, self.port, user, dbname)

    def restart(self):
        self.stop()
        return self.start()

    def stop(self):
        if self.process is not None:
            self.process.stop(30)
            self.process = None

    def destroy(self):
        try:
            self.stop()
        finally:
            if self.folder is not None and not os.environ.get("PGR_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)
