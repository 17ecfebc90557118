#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Runs the live test of the catalog (argv[1]) against a PostgreSQL of its own.

The test cannot restart its server: it writes "restart" to its output and waits for a line.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))

from pgr_harness import SERVICE_USER, Postgres  # noqa: E402


def main():
    with Postgres() as pg:
        test = subprocess.Popen([sys.argv[1], pg.dsn(), pg.dsn(user=SERVICE_USER)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in test.stdout:
            if line.strip() == "restart":
                pg.restart()
                test.stdin.write("restarted\n")
                test.stdin.flush()
            else:
                print(line, end="", flush=True)
        return test.wait()


if __name__ == "__main__":
    sys.exit(main())
