# SPDX-License-Identifier: PostgreSQL
"""The command line: what it prints, what it refuses, how it starts and how it stops."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess

import psycopg2
import pytest
from clients import raw_wire
from pgr_harness import PASSWORD, SANITIZERS, Proxy, daemon_binary, free_port, make_folder, wait_until
from scenario import connect, value

SECRET = "hunter2 not to be seen"


@pytest.fixture
def folder():
    path = make_folder("cli")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def run(*words, env=None, timeout=20):
    """The daemon with these words, to its end: (status, standard output, standard error)."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PGRECALL_")}
    done = subprocess.run([daemon_binary(), *words], env=dict(clean, **SANITIZERS, **(env or {})),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


def write(folder, text):
    path = os.path.join(folder, "pgrecall.ini")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


# ---- words without a server ----

def test_no_arguments_show_the_usage_with_an_example():
    status, out, said = run()
    assert status == 1 and out == ""
    assert said.startswith("usage: pgrecall ")
    assert "example: pgrecall --upstream " in said
    for word in ("-c", "--upstream", "--listen", "--set", "--check", "--help-config", "--version"):
        assert word in said


def test_help_is_the_usage_and_no_error():
    assert run("--help") == (0, run()[2], "")


def test_version():
    status, out, said = run("--version")
    assert (status, said) == (0, "")
    assert out.split()[0] == "pgrecall" and out.split()[1][0].isdigit() and out.count("\n") == 1


def test_help_config_names_every_setting():
    status, out, said = run("--help-config")
    assert (status, said) == (0, "")
    for word in ("listen", "workers", "max_clients", "dsn", "service_dsn", "enabled", "memory", "shards", "max_entry",
                 "local_ttl", "max_staleness", "consistency", "level", "format", "log_interval", "slow_query",
                 "127.0.0.1:6433", "256MB", "8MB", "tables", "fingerprint"):
        assert word in out
    assert "redis" not in out and "client_cert" not in out, "of a later version"


@pytest.mark.parametrize("words, told", [
    (["--upstraem", "host=x"], "--upstraem"),
    (["-c"], "requires an argument"),
    (["surplus"], "surplus"),
    (["--upstream", "host=127.0.0.1", "--set", "cache.local_tll=5s"], "cache.local_ttl"),
    (["--upstream", "host=127.0.0.1", "--set", "cache.local_ttl=5 parsecs"], "cache.local_ttl"),
    (["--upstream", "host=127.0.0.1", "--set", "cache"], "--set"),
    (["--upstream", "host=127.0.0.1", "--set", "redis.url=redis://x"], "redis.url is not in this version"),
    (["--upstream", "host=127.0.0.1", "--set", "cache.consistency=cdc"], "not in this version"),
    (["--upstream", "host=127.0.0.1", "--listen", "127.0.0.1:port"], "proxy.listen"),
    (["--upstream", "host=127.0.0.1", "--listen", "127.0.0.1:1,127.0.0.1:1"], "twice"),
    (["--upstream", "host=127.0.0.1 port=none"], "port"),
    (["--upstream", "host=127.0.0.1,127.0.0.2"], "several hosts"),
    (["--upstream", "something"], "upstream.dsn"),
    (["--listen", "127.0.0.1:1"], "upstream.dsn"),
    (["--upstream", "host=127.0.0.1 sslmode=require"], "sslmode=require"),
    (["--upstream", "host=127.0.0.1 sslmode=verify-ca"], "sslmode=verify-ca"),
    (["--upstream", "postgresql://u@127.0.0.1/db?sslmode=verify-full"], "sslmode=verify-full"),
    (["--upstream", "host=127.0.0.1", "--set", "upstream.service_dsn=host=127.0.0.1 user=u sslmode=require"],
     "sslmode=require"),
])
@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["start", "check"])
def test_wrong_words_are_refused_by_name(words, told, mode):
    status, out, said = run(*mode, *words)
    assert status == 1, out + said
    assert told in said
    assert said.count("\n") <= 3


@pytest.mark.parametrize("text, line, told", [
    ("[cache]\nmemroy = 1MB\n", 2, "cache.memory"),
    ("[cache]\nmemory = lots\n", 2, "cache.memory"),
    ("[cache]\nmemory = 1KB\n", 2, "cache.memory"),
    ("[cash]\nmemory = 1MB\n", 1, "[cache]"),
    ("\n\n[cache]\nenabled\n", 4, "key = value"),
    ("[cache\nenabled = on\n", 1, "]"),
    ("enabled = on\n", 1, "section"),
    ("[tls]\nclient_cert = x\n", 2, "not in this version"),
    ("[rule a]\nfingerprint = xyz\n", 2, "fingerprint"),
    ("[rule a]\nclass = vectors\n", 2, "vector search"),
    ("[rule a]\ntable = t\n", 2, "tables"),
])
def test_a_wrong_file_is_refused_by_line(folder, text, line, told):
    path = write(folder, text)
    status, out, said = run("-c", path, "--upstream", "host=127.0.0.1")
    assert (status, out) == (1, "")
    assert "%s:%d: " % (path, line) in said
    assert told in said


def test_all_faults_of_a_file_are_told_at_once(folder):
    path = write(folder, "[cache]\nmemroy = 1MB\nlocal_tll = 1s\n")
    said = run("-c", path, "--upstream", "host=127.0.0.1")[2]
    assert path + ":2: " in said and path + ":3: " in said


def test_an_unreadable_file_is_named(folder):
    for path in (os.path.join(folder, "absent.ini"), folder):
        status, _, said = run("-c", path, "--upstream", "host=127.0.0.1")
        assert status == 1 and path in said


def test_environment_comes_between_file_and_words(folder):
    path = write(folder, "[cache]\nlocal_ttl = 1s\n")
    wrong = {"PGRECALL_CACHE_LOCAL_TTL": "never"}
    status, _, said = run("-c", path, "--upstream", "host=127.0.0.1", env=wrong)
    assert status == 1 and "PGRECALL_CACHE_LOCAL_TTL" in said
    assert "upstream.dsn" in run("--check", "--listen", "127.0.0.1:1")[2]
    said = run("--check", env={"PGRECALL_UPSTREAM_DSN": "host=127.0.0.1 sslmode=require"})[2]
    assert "sslmode=require" in said


# ---- passwords ----

@pytest.mark.parametrize("dsn", ["host=127.0.0.1 user=u password='%s'" % SECRET,
                                 "postgresql://u:%s@127.0.0.1/db" % SECRET.replace(" ", "%20")])
def test_a_password_in_argv_draws_a_warning_without_it(dsn):
    said = run("--upstream", dsn, "--set", "cache.local_ttl=never")[2]
    assert "PGRECALL_UPSTREAM_DSN" in said and "pgpass" in said
    assert "hunter2" not in said


def test_passwords_do_not_reach_the_log(postgres):
    dsn = "host=127.0.0.1 port=%d user=u_scram password='%s'" % (postgres.port, PASSWORD)
    with Proxy(postgres, {"upstream.dsn": dsn, "upstream.service_dsn": None, "log.level": "debug"}) as proxy:
        with contextlib.closing(connect(proxy, "u_scram", password=PASSWORD)) as link:
            assert value(link, "SELECT current_user") == "u_scram"
        with pytest.raises(psycopg2.OperationalError):
            connect(proxy, "u_scram", password="wrong " + SECRET)
        proxy.reload()
        proxy.reload({"upstream.dsn": dsn + " surprise=%s" % "hunter2"})
        assert proxy.stop() == 0
        log = proxy.log_text()
    assert "password=***" in log
    assert PASSWORD not in log and "hunter2" not in log


# ---- --check ----

def test_check_says_what_would_be(postgres):
    dsn = "host=127.0.0.1 port=%d user=pgr_service dbname=postgres" % postgres.port
    status, out, said = run("--check", "--upstream", dsn)
    assert (status, said) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "configuration ok"
    assert lines[1] == "upstream ok (%s)" % postgres.sql("SHOW server_version").split()[0]
    assert lines[2] == "service role: catalog yes, decoding no (wal_level=replica)"
    assert lines[3].startswith("freshness: writes through this proxy are seen by the next read")


def test_check_without_a_service_role(postgres):
    status, out, _ = run("--check", "--upstream", "host=127.0.0.1 port=%d" % postgres.port)
    assert status == 0
    assert "upstream ok" in out and "set [upstream] service_dsn; a role with LOGIN suffices" in out
    assert "the cache is off" in out


@pytest.mark.parametrize("dsn", ["host=127.0.0.1 port=%d", "host=127.0.0.1 port=%d user=pgr_service"])
def test_check_of_an_unreachable_server(dsn):
    status, out, _ = run("--check", "--upstream", dsn % free_port())
    assert status == 3 and "configuration ok" in out and "not reachable" in out


def test_check_of_a_refused_role(postgres):
    dsn = "host=127.0.0.1 port=%d user=nobody_knows dbname=postgres" % postgres.port
    status, out, _ = run("--check", "--upstream", dsn)
    assert status == 3 and "nobody_knows" in out


# ---- starting ----

def test_a_port_in_use_is_named(postgres):
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        status, _, said = run("--upstream", "host=127.0.0.1 port=%d" % postgres.port, "--listen", address)
    assert status == 2
    assert address in said and "in use" in said


def test_listening_on_several_addresses(postgres, folder):
    other = free_port()
    listen = "127.0.0.1:%d, %s:7777" % (other, folder)
    with Proxy(postgres, {"proxy.listen": listen}, port=other) as proxy:
        for host, port in (("127.0.0.1", other), (folder, 7777)):
            psycopg2.connect(host=host, port=port, user="u_trust", dbname="postgres").close()
        assert proxy.stop() == 0
    assert not os.path.exists(os.path.join(folder, ".s.PGSQL.7777")), "the socket is taken away again"


def test_ready_is_notified(postgres, folder):
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notified:
        path = os.path.join(folder, "notify")
        notified.bind(path)
        notified.settimeout(10)
        with Proxy(postgres, env={"NOTIFY_SOCKET": path}) as proxy:
            assert notified.recv(1024) == b"READY=1"
            proxy.process.send(signal.SIGHUP)
            assert notified.recv(1024).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert notified.recv(1024) == b"READY=1"
            proxy.process.send(signal.SIGTERM)
            assert notified.recv(1024) == b"STOPPING=1"


# ---- stopping ----

def test_an_idle_session_is_ended_with_57P01(postgres):
    with Proxy(postgres) as proxy, raw_wire.Wire(proxy) as wire:
        wire.login()
        wire.ask(raw_wire.query("SELECT 1"))
        proxy.process.send(signal.SIGTERM)
        messages = wire.until_closed()
        assert raw_wire.error_of(messages) == "57P01"
        assert raw_wire.fields_of(messages[-1][1])["S"] == "FATAL"
        assert proxy.process.wait(10) == 0
        assert proxy.events("stopped")


def test_an_open_transaction_is_let_finish(postgres):
    postgres.sql("DROP TABLE IF EXISTS drained; CREATE TABLE drained (id int); GRANT ALL ON drained TO PUBLIC")
    with Proxy(postgres) as proxy, raw_wire.Wire(proxy) as wire, raw_wire.Wire(proxy) as idle:
        wire.login()
        idle.login()
        wire.ask(raw_wire.query("BEGIN"))
        wire.ask(raw_wire.query("INSERT INTO drained VALUES (1)"))
        proxy.process.send(signal.SIGTERM)
        assert raw_wire.error_of(idle.until_closed()) == "57P01"
        with pytest.raises(OSError):
            raw_wire.Wire(proxy)
        assert raw_wire.rows_of(wire.ask(raw_wire.query("SELECT count(*) FROM drained"))) == [b"1"]
        assert wire.ask(raw_wire.query("COMMIT"))[-1] == (b"Z", b"I")
        assert raw_wire.error_of(wire.until_closed()) == "57P01"
        assert proxy.process.wait(10) == 0
    assert postgres.sql("SELECT count(*) FROM drained") == "1"


def test_a_running_query_is_let_finish(postgres):
    with Proxy(postgres) as proxy, raw_wire.Wire(proxy) as wire:
        wire.login()
        wire.send(raw_wire.query("SELECT pg_sleep(1)"))
        wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1",
                   10, "the query runs")
        proxy.process.send(signal.SIGTERM)
        messages = wire.until_ready()
        assert raw_wire.kinds_of(messages) == "TDCZ"
        assert raw_wire.error_of(wire.until_closed()) == "57P01"
        assert proxy.process.wait(10) == 0


def test_drain_timeout_ends_what_does_not_end(postgres):
    with Proxy(postgres, {"proxy.drain_timeout": "100ms"}) as proxy, raw_wire.Wire(proxy) as wire:
        wire.login()
        wire.ask(raw_wire.query("BEGIN"))
        proxy.process.send(signal.SIGTERM)
        assert raw_wire.error_of(wire.until_closed()) == "57P01"
        assert proxy.process.wait(10) == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(postgres, signum):
    with Proxy(postgres) as proxy, raw_wire.Wire(proxy) as wire:
        wire.login()
        wire.ask(raw_wire.query("BEGIN"))
        proxy.process.send(signum)
        proxy.wait_for_event("draining")
        assert proxy.process.returncode is None
        proxy.process.send(signum)
        assert raw_wire.error_of(wire.until_closed()) == "57P01"
        assert proxy.process.wait(10) == 0
        wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'u_trust'") == "0",
                   10, "its backend is gone")
