# SPDX-License-Identifier: PostgreSQL
"""A bar where there is a terminal, a line at each quarter where there is none."""

import sys
import time

_WIDTH = 32


class Progress:
    """`with Progress("label") as bar: bar.show(0.4, "note")`; a share of 1 is the end."""

    def __init__(self, label):
        self._label = label
        self._is_terminal = sys.stdout.isatty()
        self._started = time.monotonic()
        self._shown_at = 0.0
        self._quarter = 0

    def __enter__(self):
        if not self._is_terminal:
            print("%s ..." % self._label, flush=True)
        self.show(0.0)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._draw(1.0, "")
        if self._is_terminal:
            print(flush=True)
        elif kind is None:
            print("    done in %.1f s" % (time.monotonic() - self._started), flush=True)

    def show(self, share, note=""):
        now = time.monotonic()
        if self._is_terminal and now - self._shown_at > 0.1:
            self._shown_at = now
            self._draw(share, note)
        elif not self._is_terminal and int(share * 4) > self._quarter:
            self._quarter = int(share * 4)
            if self._quarter < 4:
                print("    %3d %%  %s" % (25 * self._quarter, note), flush=True)

    def _draw(self, share, note):
        if not self._is_terminal:
            return
        full = int(min(share, 1.0) * _WIDTH)
        bar = "█" * full + "░" * (_WIDTH - full)
        sys.stdout.write("\r\033[K%-28s %s %3d %% %5.1f s  %s" % (
            self._label, bar, 100 * min(share, 1.0), time.monotonic() - self._started, note))
        sys.stdout.flush()
