# SPDX-License-Identifier: PostgreSQL
"""The log's counts are the driver's own, exactly: calls, hits, misses, bypasses by reason, errors.

Each story is a list of steps that say how often they are sent and what becomes of each; the log, all of its
intervals added up, must say the same of each query type and know of no other.
"""

import contextlib
import re

import psycopg
import pytest
from clients import raw_wire
from pgr_harness import Proxy
from scenario import connect, wait_until_remembered

SCHEMA = """
DROP TABLE IF EXISTS told, told_awake;
CREATE TABLE told (id int PRIMARY KEY, version int NOT NULL);
CREATE TABLE told_awake (id int PRIMARY KEY, version int NOT NULL);
INSERT INTO told SELECT i, 1 FROM generate_series(1, 100) i;
INSERT INTO told_awake VALUES (1, 1);
GRANT ALL ON told, told_awake TO PUBLIC;
"""
READ = "SELECT version FROM told WHERE id = %d"
READ_TYPE = "select version from told where id = ?"
WRITE_TYPE = "update told set version = ? where id = ?"


class Ledger:
    """What the driver did, by the text of the query type."""

    def __init__(self):
        self.types = {}

    def add(self, text, outcome, reason=None, is_error=False, times=1):
        """outcome is hits, misses or bypasses."""
        counts = self.types.setdefault(text, {"calls": 0, "hits": 0, "misses": 0, "bypasses": 0, "errors": 0,
                                              "reasons": {}})
        counts["calls"] += times
        counts[outcome] += times
        counts["errors"] += times * is_error
        if reason:
            counts["reasons"][reason] = counts["reasons"].get(reason, 0) + times

    def bypass(self, text, reason, times=1, is_error=False):
        self.add(text, "bypasses", reason, is_error, times)


@pytest.fixture
def proxy(postgres):
    postgres.sql(SCHEMA)
    with Proxy(postgres, {"proxy.workers": "2", "cache.local_ttl": "1h", "cache.max_staleness": "1h"}) as running:
        with contextlib.closing(connect(running)) as link:
            wait_until_remembered(postgres, link, "told_awake")
        yield running


def told_by(proxy):
    """Ends the daemon and adds its intervals up, without the statements of the awakening."""
    assert proxy.stop() == 0
    types = {}
    for event in proxy.events("query_type"):
        if "told_awake" in event.get("query", ""):
            continue
        counts = types.setdefault(event.get("query", ""), {"calls": 0, "hits": 0, "misses": 0, "bypasses": 0,
                                                   "errors": 0, "reasons": {}})
        for key in ("calls", "hits", "misses", "bypasses", "errors"):
            counts[key] += int(event[key])
        for name, times in re.findall(r"(\w+):(\d+)", event.get("reasons", "")):
            counts["reasons"][name] = counts["reasons"].get(name, 0) + int(times)
    return types


def simple_story(link, ledger):
    """psycopg2: literals in the text, a failed transaction, several intervals."""
    cursor = link.cursor()
    for row in range(1, 21):
        for turn in range(5):
            cursor.execute(READ % row)
            ledger.add(READ_TYPE, "hits" if turn else "misses")
    for row in range(1, 4):
        cursor.execute("UPDATE told SET version = 2 WHERE id = %d" % row)
        ledger.bypass(WRITE_TYPE, "NOT_READ")
        for turn in range(3):
            cursor.execute(READ % row)
            ledger.add(READ_TYPE, "hits" if turn else "misses")
    cursor.execute("SELECT now()")
    ledger.bypass("select now()", "VOLATILE_FUNCTION")
    with pytest.raises(Exception):
        cursor.execute("SELECT 1 / (version - version) FROM told WHERE id = 9")
    ledger.add("select ? / (version - version) from told where id = ?", "misses", is_error=True)
    cursor.execute("SELECT 1; SELECT 2")
    ledger.bypass("select ?; select ?", "MULTI_STATEMENT")
    # What is not understood may have changed anything, so nothing is remembered for a moment after it.
    for sql, kind, reason in (("SELECT * FROM told_nowhere", "select * from told_nowhere", "UNKNOWN_RELATION"),
                              ("SELEC 1", "selec ?", "UNPARSED")):
        with pytest.raises(Exception):
            cursor.execute(sql)
        ledger.bypass(kind, reason, is_error=True)


def transaction_story(link, ledger):
    cursor = link.cursor()
    cursor.execute("BEGIN")
    ledger.bypass("begin", "NOT_READ")
    cursor.execute(READ % 30)
    ledger.bypass(READ_TYPE, "IN_TRANSACTION")
    with pytest.raises(Exception):
        cursor.execute("SELECT * FROM told_nowhere")
    ledger.bypass("select * from told_nowhere", "IN_TRANSACTION", is_error=True)
    with pytest.raises(Exception):
        cursor.execute(READ % 30)
    ledger.bypass(READ_TYPE, "IN_FAILED_TRANSACTION", is_error=True)
    cursor.execute("ROLLBACK")
    ledger.bypass("rollback", "NOT_READ")


def extended_story(link, ledger):
    """psycopg 3: unnamed, then named statements."""
    read = "SELECT version FROM told WHERE id = %s"
    for row in range(40, 50):
        for turn in range(4):
            assert link.execute(read, (row,), prepare=False).fetchone()[0] == 1
            ledger.add(READ_TYPE, "hits" if turn else "misses")
    for turn in range(6):
        link.execute(read, (50,), prepare=True)
        ledger.add(READ_TYPE, "hits" if turn else "misses")
    for turn in range(3):
        link.execute("UPDATE told SET version = %s WHERE id = %s", (3, 60), prepare=False)
        ledger.bypass(WRITE_TYPE, "NOT_READ")
    with pytest.raises(psycopg.Error):
        link.execute("SELECT %s::int / 0 FROM told WHERE id = 61", (1,))
    ledger.add("select ?::int / ? from told where id = ?", "misses", is_error=True)


def wire_story(wire, ledger):
    """Units as other drivers send them."""
    sql = READ.replace("%d", "$1")
    for turn in range(3):
        assert raw_wire.error_of(wire.ask(raw_wire.extended(sql, b"70"))) is None
        ledger.add(READ_TYPE, "hits" if turn else "misses")
    wire.ask(raw_wire.parse(sql) + raw_wire.bind([b"71"]) + raw_wire.execute(1) + raw_wire.SYNC)
    ledger.bypass(READ_TYPE, "ROW_LIMIT")
    wire.ask(raw_wire.parse(sql) + raw_wire.bind([b"72"], portal="p") + raw_wire.execute(0, "p") + raw_wire.SYNC)
    ledger.bypass(READ_TYPE, "PARTIAL_UNIT")
    wire.ask(raw_wire.query(READ % 73))
    ledger.add(READ_TYPE, "misses")
    wire.ask(raw_wire.query("  " + READ % 73 + " ; -- the same but for its edges"))
    ledger.add(READ_TYPE, "hits")
    wire.ask(raw_wire.query(""))


STORIES = {
    "simple": (lambda proxy: connect(proxy), simple_story),
    "transaction": (lambda proxy: connect(proxy), transaction_story),
    "extended": (lambda proxy: psycopg.connect(proxy.dsn("u_trust"), autocommit=True), extended_story),
    "wire": (lambda proxy: raw_wire.Wire(proxy), wire_story),
}


@pytest.mark.parametrize("name", STORIES)
def test_counts_are_the_drivers_own(name, proxy):
    opener, story = STORIES[name]
    ledger = Ledger()
    with contextlib.closing(opener(proxy)) as link:
        if name == "wire":
            link.login()
        story(link, ledger)
    told = told_by(proxy)
    told = {text: counts for text, counts in told.items() if text}  # the empty query has no type
    assert told == ledger.types


def test_counts_of_several_sessions(proxy):
    """Summed over intervals and workers."""
    ledger = Ledger()
    rows = range(80, 100)
    links = [connect(proxy) for _ in range(4)]
    for turn in range(60):
        for row in rows:
            with links[(turn + row) % 4].cursor() as cursor:
                cursor.execute(READ % row)
            ledger.add(READ_TYPE, "hits" if turn else "misses")
    for link in links:
        link.close()
    told = told_by(proxy)
    assert told == ledger.types


def test_start_says_which_promise_is_in_force(proxy):
    started = proxy.events("started")
    assert len(started) == 1 and started[0]["workers"] == "2"
    promise = proxy.events("freshness")[0]
    assert promise["elsewhere_s"] == "3600.000"
    assert "writes through this proxy are seen by the next read" in promise["promise"]


def test_a_cache_that_is_off_says_so_again_and_again(postgres):
    with Proxy(postgres, {"upstream.service_dsn": None}) as running:
        event = running.wait_for_event("cache", state="OFF (NO_SERVICE_CONNECTION)")
        assert "set [upstream] service_dsn" in event["remedy"]
        first = len(running.events("cache"))
        running.process.wait_ready(lambda: len(running.events("cache")) > first + 2, 10, "another interval")
        assert "the cache is off" in running.events("freshness")[0]["promise"]


def test_slow_queries_are_told_one_by_one(postgres):
    with Proxy(postgres, {"log.slow_query": "50ms"}) as running, contextlib.closing(connect(running)) as link:
        link.cursor().execute("SELECT pg_sleep(0.2)")
        link.cursor().execute("SELECT 'quick'")
        event = running.wait_for_event("slow_query", query="select pg_sleep(?)")
        assert float(event["ms"]) >= 200
        assert event["outcome"] == "bypass" and event["user"] == "u_trust" and event["database"] == "postgres"
        assert len(running.events("slow_query")) == 1
