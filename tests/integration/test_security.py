# SPDX-License-Identifier: PostgreSQL
"""`trust` that was meant for this machine must not make every client of the proxy any user.

The daemon and its clients run in a network namespace of their own, whose loopback has an address that is not
loopback; PostgreSQL is reached through its unix socket, which namespaces do not part.
"""

import os
import subprocess
import sys

import pytest
from pgr_harness import PASSWORD, Postgres

HBA = ["local all u_trust trust", "local all postgres trust", "local all pgr_service trust",
       "local all u_clear password", "local all u_md5 md5", "local all u_scram scram-sha-256",
       "host all all 127.0.0.1/32 trust"]
ELSEWHERE = "10.99.0.1"


def namespace_words():
    """unshare's words that work here: as root, or with a user namespace."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    return None


@pytest.fixture(scope="module")
def guarded():
    with Postgres(hba=HBA) as server:
        yield server


# (client's address, role, its password, setting) -> what becomes of the login
LOGINS = [
    ("127.0.0.1", "u_trust", None, "off", "admitted"),
    (ELSEWHERE, "u_trust", None, "off", "28000"),
    (ELSEWHERE, "postgres", None, "off", "28000"),
    (ELSEWHERE, "u_trust", None, "on", "admitted"),
    (ELSEWHERE, "u_clear", PASSWORD, "off", "admitted"),
    (ELSEWHERE, "u_md5", PASSWORD, "off", "admitted"),
    (ELSEWHERE, "u_scram", PASSWORD, "off", "admitted"),
    (ELSEWHERE, "u_scram", "wrong", "off", "28P01"),
    (ELSEWHERE, "nobody_knows", None, "off", "28000"),
]


def test_a_client_from_elsewhere_is_not_trusted(guarded):
    words = namespace_words()
    if words is None:
        pytest.skip("network namespaces cannot be made here")
    actors = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients", "elsewhere.py")
    logins = [(address, role, password or "", setting) for address, role, password, setting, _ in LOGINS]
    done = subprocess.run(
        [*words, sys.executable, "-B", actors, guarded.socket_dir, str(guarded.port)],
        input="".join("\t".join(login) + "\n" for login in logins), capture_output=True, text=True, timeout=120,
        check=False)
    assert done.returncode == 0, done.stderr
    outcomes = done.stdout.splitlines()
    assert outcomes == [expected for *_, expected in LOGINS], done.stdout + done.stderr


def test_the_refusal_says_why(guarded):
    words = namespace_words()
    if words is None:
        pytest.skip("network namespaces cannot be made here")
    actors = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients", "elsewhere.py")
    done = subprocess.run(
        [*words, sys.executable, "-B", actors, guarded.socket_dir, str(guarded.port)],
        input="%s\tu_trust\t\toff\n" % ELSEWHERE, capture_output=True, text=True, timeout=120, check=False)
    assert "u_trust" in done.stderr and "allow_trust" in done.stderr
