# SPDX-License-Identifier: PostgreSQL
"""Processes of a test: started without privileges, logged to a file, waited for with a bound, ended by pid."""

import ctypes
import os
import pwd
import random
import signal
import socket
import subprocess
import tempfile
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class HarnessError(Exception):
    """A process did not start, did not get ready or did not end in time; carries the end of its log."""


def unprivileged_user():
    """The account that servers run as: PostgreSQL refuses root. None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise HarnessError("running as root, and there is neither a user postgres nor nobody")


def make_folder(prefix):
    """A new folder that the unprivileged user owns, outside of any folder that it could not enter."""
    folder = tempfile.mkdtemp(prefix="pgr-%s-" % prefix, dir="/tmp")
    give_away(folder)
    os.chmod(folder, 0o755)
    return folder


def give_away(path):
    """Makes the unprivileged user the owner of path."""
    account = unprivileged_user()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def free_port():
    """A port nobody listens on: odd and below 32768, so that no outgoing connection takes it meanwhile."""
    for _ in range(200):
        port = random.randrange(10001, 32767, 2)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise HarnessError("no free port found")


def wait_until(condition, timeout, what):
    """Polls until condition() is true and returns what it gave; HarnessError after timeout seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HarnessError("not within %g s: %s" % (timeout, what))
        time.sleep(0.02)


def accepts_connections(host, port):
    """True when something listens there; host may be a unix socket's path (port None)."""
    family = socket.AF_UNIX if port is None else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(1)
        return probe.connect_ex(host if port is None else (host, port)) == 0


class Process:
    """One child. It dies with this process; stop() ends it by its pid, first gently."""

    def __init__(self, argv, log_path, env=None, cwd=None, as_self=False, stop_signal=signal.SIGTERM):
        self.argv = [str(word) for word in argv]
        self.log_path = log_path
        self.stop_signal = stop_signal
        account = None if as_self else unprivileged_user()
        identity = {}
        if account is not None:
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with open(log_path, "ab") as log:
            self._child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd,
                preexec_fn=self._die_with_parent, start_new_session=True, **identity)
        self.pid = self._child.pid

    def _die_with_parent(self):
        _libc.prctl(_PR_SET_PDEATHSIG, int(self.stop_signal))

    @property
    def returncode(self):
        """The exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_ready(self, condition, timeout, what):
        """Waits for condition(); an early death is an error at once."""
        def is_ready():
            if self.returncode is not None:
                raise self.error("%s ended with %s before it was ready" % (what, self.returncode))
            return condition()
        try:
            return wait_until(is_ready, timeout, what)
        except HarnessError as error:
            raise self.error(str(error)) from None

    def error(self, message):
        """A HarnessError that shows the last lines of this process's log."""
        tail = "\n".join(self.log_text().splitlines()[-30:])
        return HarnessError("%s\n%s\n--- %s\n%s" % (message, " ".join(self.argv), self.log_path, tail))

    def send(self, signum):
        self._child.send_signal(signum)

    def wait(self, timeout):
        """Waits for the end and returns the exit code."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.error("did not end within %g s" % timeout) from None

    def stop(self, timeout=15):
        """Ends it and returns the exit code; one that ignores the gentle signal is killed, and that is an error."""
        if self.returncode is not None:
            return self.returncode
        self.send(self.stop_signal)
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(timeout)
            raise self.error("ignored signal %d for %g s and was killed" % (self.stop_signal, timeout)) from None
