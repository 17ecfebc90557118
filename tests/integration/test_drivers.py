# SPDX-License-Identifier: PostgreSQL
"""The driver matrix: every driver, every way to authenticate, directly and through the proxy: the same story."""

import os
import shutil

import pytest
from drivers import DRIVERS
from drivers.base import Route
from drivers.story import OPERATIONS, SCHEMA_SQL, play
from pgr_harness import AUTH_ROLES, PASSWORD, make_folder, proxy_under_test

EXPECTED = {name: expected for name, _, expected in OPERATIONS}
# Of all reads of the matrix: each is made three times, but many stand in transactions or behind writes.
HIT_FLOOR = 0.20
_seen = {}


@pytest.fixture(scope="module")
def proxy(postgres):
    """The proxy, in front of tables that were there before it: none has to be discovered while the story runs."""
    for name in DRIVERS:
        for auth in AUTH_ROLES:
            for route in ("direct", "proxied"):
                postgres.sql(SCHEMA_SQL.format(schema=schema_name(name, auth, route)))
    with proxy_under_test(postgres) as running:
        yield running


def schema_name(name, auth, route):
    return "m_%s_%s_%s" % (name.replace("-", "_"), auth, route)


@pytest.fixture(scope="module")
def folder():
    path = make_folder("drivers")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def built(folder):
    """Client programs are compiled once, when first asked for."""
    done = set()

    def build(driver):
        if driver.name not in done:
            driver.build(folder)
            done.add(driver.name)
    return build


def play_story(driver, target, auth, folder, schema):
    options = "-c statement_timeout=54321 -c search_path=%s" % schema
    route = Route(target.host, target.port, AUTH_ROLES[auth][0], PASSWORD, "postgres", options)
    player = driver(route, folder)
    try:
        only = os.environ.get("PGR_OPERATIONS")
        return play(player, schema, only.split(",") if only else None)
    finally:
        player.close()


def differences(transcript, expected):
    return {name: {"expected": expected[name], "seen": seen}
            for name, seen in transcript.items() if seen != expected[name]}


@pytest.mark.parametrize("auth", AUTH_ROLES)
@pytest.mark.parametrize("name", DRIVERS)
def test_driver(name, auth, postgres, proxy, built, folder):
    driver = DRIVERS[name]
    built(driver)
    direct = play_story(driver, postgres, auth, folder, schema_name(name, auth, "direct"))
    proxied = play_story(driver, proxy, auth, folder, schema_name(name, auth, "proxied"))
    _seen[name, auth] = {operation: seen == direct[operation] for operation, seen in proxied.items()}
    assert differences(direct, EXPECTED) == {}, "without any proxy"
    assert differences(proxied, direct) == {}


def test_hits(proxy, table):
    """A run that did not hit proves nothing."""
    table("driver matrix: t(rust) c(leartext) m(d5) s(cram) = as directly, - = not", matrix_lines())
    if not hasattr(proxy, "query_types"):
        pytest.skip("the stand-in remembers nothing")
    proxy.stop()
    reads = [one for one in proxy.query_types().values()
             if one["class"] not in ("write", "utility", "transaction")]
    calls, hits = (sum(one[key] for one in reads) for key in ("calls", "hits"))
    table("driver matrix: hits", ["reads=%d hits=%d ratio=%.2f" % (calls, hits, hits / max(1, calls))])
    assert hits >= HIT_FLOOR * calls > 0


def matrix_lines():
    """One column a driver, one letter an authentication; a dash where the proxy made a difference."""
    lines = ["%-20s" % "" + "".join("%-15s" % name for name in DRIVERS)]
    for operation in EXPECTED:
        cells = ("".join(mark(name, auth, operation) for auth in AUTH_ROLES) for name in DRIVERS)
        lines.append("%-20s" % operation + "".join("%-15s" % cell for cell in cells))
    return lines


def mark(name, auth, operation):
    if (name, auth) not in _seen:
        return " "
    return auth[0] if _seen[name, auth].get(operation) else "-"
