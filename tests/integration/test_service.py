# SPDX-License-Identifier: PostgreSQL
"""What is deployed starts as it is written: the systemd unit's and the image's command lines and settings."""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest
from pgr_harness import (SANITIZERS, SERVICE_USER, TOP, Process, accepts_connections, daemon_binary, free_port,
                         make_folder)
from pgr_notify import NotifySocket

UNIT = os.path.join(TOP, "systemd", "pgrecall.service")
DOCKERFILE = os.path.join(TOP, "docker", "Dockerfile")
IMAGE_INI = os.path.join(TOP, "docker", "pgrecall.ini")


@pytest.fixture
def folder():
    path = make_folder("service")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def unit_command(binary, config):
    """The unit's ExecStart, with this build's binary and a test's settings in the places that it names."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(UNIT)
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["ExecReload"] == "/bin/sh -c 'kill -HUP $$MAINPID'"
    program, *arguments = shlex.split(service["ExecStart"])
    assert program == "/usr/local/bin/pgrecall"
    return [binary] + [config if word == "/etc/pgrecall/pgrecall.ini" else word for word in arguments]


def write_config(folder, upstream, port):
    path = os.path.join(folder, "pgrecall.ini")
    with open(path, "w", encoding="utf-8") as out:
        out.write("[proxy]\nlisten = 127.0.0.1:%d\n[upstream]\ndsn = host=%s port=%d user=%s dbname=postgres\n" % (
            port, upstream.host, upstream.port, SERVICE_USER))
    return path


def ask(port, sql, user="u_trust"):
    return subprocess.run(["psql", "-XAtc", sql, "host=127.0.0.1 port=%d user=%s dbname=postgres" % (port, user)],
                          capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def test_unit_is_valid():
    """systemd itself finds nothing to complain of (but for the binary, which is not installed here)."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True, text=True,
                          timeout=60, check=False)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if "pgrecall" in line
                  and not re.search(r"pgrecall is not executable: No such file", line)]
    assert complaints == []


def test_unit_life(postgres, folder):
    """READY when clients can come, RELOADING and READY again on SIGHUP, STOPPING on SIGTERM, exit 0."""
    port = free_port()
    command = unit_command(daemon_binary(), write_config(folder, postgres, port))
    with NotifySocket(folder) as notify:
        env = dict(os.environ, **SANITIZERS, **notify.environment)
        daemon = Process(command, os.path.join(folder, "log"), env=env, as_self=True)
        try:
            notify.expect("READY=1")
            assert accepts_connections("127.0.0.1", port)
            assert ask(port, "SELECT 6 * 7") == "42"
            daemon.send(signal.SIGHUP)
            assert any(line.startswith("MONOTONIC_USEC=") for line in notify.expect("RELOADING=1"))
            notify.expect("READY=1")
            assert ask(port, "SELECT 6 * 7") == "42"
            daemon.send(signal.SIGTERM)
            notify.expect("STOPPING=1")
            assert daemon.wait(15) == 0
        finally:
            daemon.stop()


def dockerfile_words(instruction):
    with open(DOCKERFILE, encoding="utf-8") as lines:
        found = re.findall(r"^%s (.*)$" % instruction, lines.read(), re.M)
    return json.loads(found[-1]) if found[-1].startswith("[") else found[-1]


def test_image_command(postgres, folder):
    """The image's entry point with the image's settings; the upstream, and here the port, by environment."""
    assert dockerfile_words("USER") == "pgrecall"
    assert dockerfile_words("EXPOSE") == "6433"
    program, *arguments = dockerfile_words("ENTRYPOINT") + dockerfile_words("CMD")
    assert program == "/usr/local/bin/pgrecall"
    arguments = [IMAGE_INI if word == "/etc/pgrecall/pgrecall.ini" else word for word in arguments]
    settings = configparser.ConfigParser()
    settings.read(IMAGE_INI)
    assert settings["proxy"]["listen"] == "*:6433"
    port = free_port()
    env = dict(os.environ, **SANITIZERS, PGRECALL_PROXY_LISTEN="*:%d" % port,
               PGRECALL_UPSTREAM_DSN="host=%s port=%d user=%s" % (postgres.host, postgres.port, SERVICE_USER))
    daemon = Process([daemon_binary()] + arguments, os.path.join(folder, "log"), env=env, as_self=True)
    try:
        daemon.wait_ready(lambda: accepts_connections("127.0.0.1", port), 20, "the image's command")
        assert ask(port, "SELECT current_user") == "u_trust"
        daemon.send(signal.SIGTERM)
        assert daemon.wait(15) == 0
    finally:
        daemon.stop()
