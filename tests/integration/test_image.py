# SPDX-License-Identifier: PostgreSQL
"""The image as its Dockerfile makes it, and the unit under a real systemd: built, started, asked, stopped."""

import os
import shutil
import signal
import subprocess

import pytest
from pgr_harness import SERVICE_USER, TOP, Process, free_port, wait_until
from pgr_image import CACHE, Image, chroot, copy_root

pytestmark = [pytest.mark.full, pytest.mark.limit(1800),
              pytest.mark.skipif(os.geteuid() != 0, reason="a chroot needs root")]


@pytest.fixture(scope="module")
def image():
    built = Image(os.path.join(TOP, "docker", "Dockerfile"))
    yield built
    built.destroy()


def child_of(pid, name=None):
    """The process that an unshare or nspawn of that pid has made; one of that name, if given; 0 for not yet."""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as children:
        for child in children.read().split():
            with open("/proc/%s/comm" % child, encoding="ascii") as comm:
                if name in (None, comm.read().strip()):
                    return int(child)
    return 0


def ask(prefix, port, sql):
    done = subprocess.run([*prefix, "psql", "-XAtc", sql, "host=127.0.0.1 port=%s user=u_trust dbname=postgres" % port],
                          capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip() or done.stderr


def test_image(image, postgres):
    """As `docker run` would start it: its user, its entry point, a network of its own, settings by environment."""
    assert image.config["user"] == "pgrecall"
    command = image.config["entrypoint"] + image.config["cmd"]
    os.makedirs(image.root + "/postgresql", exist_ok=True)
    script = ('ip link set lo up && mount --bind "$1" "$0/postgresql" && mount -t proc proc "$0/proc" && shift && '
              'exec chroot --userspec=pgrecall "$0" "$@"')
    env = {"PATH": os.environ["PATH"], "PGRECALL_UPSTREAM_DSN": "host=/postgresql port=%d user=%s" % (
        postgres.port, SERVICE_USER)}
    container = Process(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script,
                         image.root, postgres.socket_dir, *command], os.path.join(CACHE, "container.log"),
                        env=env, as_self=True)
    try:
        inside = wait_until(lambda: child_of(container.pid), 10, "the container's first process")
        enter = ["nsenter", "--net=/proc/%d/ns/net" % inside]
        port = image.config["expose"]
        container.wait_ready(lambda: ask(enter, port, "SELECT 6 * 7") == "42", 20, "an answer from the container")
        with open("/proc/%d/status" % inside, encoding="ascii") as status:
            uid = next(line.split()[1] for line in status if line.startswith("Uid:"))
        assert uid != "0"
        os.kill(inside, getattr(signal, image.config["stopsignal"]))
        assert container.wait(20) == 0, container.log_text()
    finally:
        container.stop()


@pytest.fixture
def machine(image):
    """A Debian with systemd, the unit and the image's binary; a folder for systemd-nspawn to boot."""
    root = copy_root(image.root, os.path.join(CACHE, "machine"))
    chroot(root, "apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv dbus")
    shutil.copy(os.path.join(TOP, "systemd", "pgrecall.service"), root + "/etc/systemd/system")
    chroot(root, "systemctl enable pgrecall.service")
    yield root
    shutil.rmtree(root, ignore_errors=True)


def test_unit_boots(machine, postgres):
    """The unit comes up with the machine, sandboxed; reload works; stopping is clean."""
    port = free_port()
    with open(machine + "/etc/pgrecall/pgrecall.ini", "w", encoding="utf-8") as out:
        out.write("[proxy]\nlisten = 127.0.0.1:%d\n[upstream]\ndsn = host=127.0.0.1 port=%d user=%s\n" % (
            port, postgres.port, SERVICE_USER))
    booted = Process(["systemd-nspawn", "-q", "-D", machine, "--register=no", "--keep-unit", "--boot"],
                     os.path.join(CACHE, "machine.log"), as_self=True, stop_signal=signal.SIGKILL)
    try:
        leader = booted.wait_ready(lambda: child_of(booted.pid, "systemd"), 30, "the machine's first process")

        def systemctl(*words):
            done = subprocess.run(["nsenter", "-t", str(leader), "-a", "systemctl", *words], capture_output=True,
                                  text=True, timeout=60, check=False)
            return (done.stdout + done.stderr).strip()
        booted.wait_ready(lambda: ask([], port, "SELECT 6 * 7") == "42", 60, "an answer from the unit")
        assert systemctl("is-active", "pgrecall") == "active"
        assert systemctl("show", "-P", "DynamicUser", "pgrecall") == "yes"
        assert systemctl("reload", "pgrecall") == ""
        assert ask([], port, "SELECT 6 * 7") == "42"
        assert systemctl("stop", "pgrecall") == ""
        assert systemctl("show", "-P", "Result", "pgrecall") == "success"
        systemctl("poweroff", "--force")
        assert booted.wait(60) == 0
    finally:
        booted.stop(30)
