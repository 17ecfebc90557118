# SPDX-License-Identifier: PostgreSQL
"""The README's first hit, as it is written: at most ten commands in a fresh clone, and a hit is seen."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

import pytest
from pgr_harness import TOP, bin_folder, free_port, make_folder

MOST = 10
FOLDER = "/tmp/pgrecall-try"


def commands():
    """The lines of the shell block under the heading."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        section = re.search(r"^## A first hit\n(.*?)(?=^## )", file.read(), re.S | re.M).group(1)
    block = re.search(r"^```sh\n(.*?)^```", section, re.S | re.M).group(1)
    return [line for line in block.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def fresh_clone(folder):
    """What is committed, and nothing else but npm's packages, which need not be fetched again."""
    clone = os.path.join(folder, "clone")
    subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", TOP, clone], check=True)
    node = os.path.join(TOP, "build", "node")
    if os.path.isdir(node):
        shutil.copytree(node, os.path.join(clone, "build", "node"), symlinks=True)
    return clone


def run(script, clone, seconds):
    """The commands in one shell that stops at the first failure; (status, what it printed)."""
    words = {name: text for name, text in os.environ.items() if not name.startswith(("PGRECALL_", "PGR_"))}
    with subprocess.Popen(["bash", "-e", "-o", "pipefail", "-c", script], cwd=clone, env=words,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True) as shell:
        try:
            printed = shell.communicate(timeout=seconds)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):  # whatever it left behind
                os.killpg(shell.pid, signal.SIGTERM)
    return shell.returncode, printed


def end_server(pid_file):
    """Only a script that failed leaves its server running."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(pid_file, encoding="ascii") as file:
        os.kill(int(file.readline()), signal.SIGQUIT)


def test_at_most_ten():
    assert 1 <= len(commands()) <= MOST


@pytest.mark.limit(600)
def test_they_lead_to_a_hit():
    if os.geteuid() != 0:
        pytest.skip("they make a server of another account, which needs root")
    lines = commands()
    folder = make_folder("first-hit")
    try:
        script = "\n".join(lines).replace(FOLDER, os.path.join(folder, "try"))
        for port in set(re.findall(r"(?<![\w.])[12]\d{4}(?!\w)", script)):
            script = script.replace(port, str(free_port()))
        script = script.replace("/usr/lib/postgresql/15/bin", bin_folder())
        status, printed = run(script, fresh_clone(folder), 500)
        assert status == 0, printed[-3000:]
        hits = [int(number) for number in re.findall(r"event=query_type .*\bhits=(\d+)", printed)]
        assert hits and max(hits) >= 1, printed[-3000:]
    finally:
        end_server(os.path.join(folder, "try", "data", "postmaster.pid"))
        shutil.rmtree(folder, ignore_errors=True)
