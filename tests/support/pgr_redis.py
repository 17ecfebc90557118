# SPDX-License-Identifier: PostgreSQL
"""A Redis of a test's own: memory only, free port and a unix socket."""

import os
import shutil
import socket

from pgr_process import HarnessError, Process, free_port, make_folder


class Redis:
    """`with Redis() as redis:`; redis.port, redis.url, redis.command("PING")."""

    def __init__(self, options=None, port=None):
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.options = options or {}
        self.folder = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.destroy()

    @property
    def url(self):
        return "redis://%s:%d/0" % (self.host, self.port)

    @property
    def socket_path(self):
        return os.path.join(self.folder, "redis.sock")

    def start(self):
        if self.folder is None:
            self.folder = make_folder("redis")
        argv = ["/usr/bin/redis-server", "--bind", self.host, "--port", str(self.port), "--save", "",
                "--appendonly", "no", "--dir", self.folder, "--unixsocket", self.socket_path]
        for name, value in self.options.items():
            argv += ["--" + name, str(value)]
        self.process = Process(argv, os.path.join(self.folder, "redis.log"), cwd=self.folder)
        try:
            self.process.wait_ready(self._is_up, 15, "Redis on port %d" % self.port)
        except BaseException:
            self.destroy()
            raise
        return self

    def _is_up(self):
        try:
            return self.command("PING") == "+PONG"
        except OSError:
            return False

    def command(self, *words):
        """Sends one command and returns the first line of the answer (enough for PING, INFO's error, FLUSHALL)."""
        request = b"*%d\r\n" % len(words)
        for word in words:
            data = str(word).encode()
            request += b"$%d\r\n%s\r\n" % (len(data), data)
        with socket.create_connection((self.host, self.port), timeout=5) as link:
            link.sendall(request)
            line = link.makefile("rb").readline()
        if not line:
            raise HarnessError("Redis closed the connection")
        return line.decode().rstrip("\r\n")

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None

    def destroy(self):
        try:
            self.stop()
        finally:
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
