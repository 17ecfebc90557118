# SPDX-License-Identifier: PostgreSQL
"""The service manager's end of sd_notify(3): a socket that collects what the daemon says of itself."""

import os
import socket
import time

from pgr_process import HarnessError


class NotifySocket:
    """`with NotifySocket(folder) as notify:`; start the daemon with notify.environment, then notify.expect()."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self):
        self._socket.bind(self.path)
        os.chmod(self.path, 0o777)
        return self

    def __exit__(self, *_):
        self._socket.close()

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.path}

    def expect(self, word, timeout=20):
        """Waits for a message with this line and returns all lines of it; others before it are passed over."""
        deadline = time.monotonic() + timeout
        heard = []
        while time.monotonic() < deadline:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                lines = self._socket.recv(4096).decode().splitlines()
            except socket.timeout:
                break
            heard.append(lines)
            if word in lines:
                return lines
        raise HarnessError("no %s within %g s; heard %s" % (word, timeout, heard))
