# SPDX-License-Identifier: PostgreSQL
"""How long answers are given: by file, by rule, by SIGHUP. Time is moved through the seam, not waited for.

Each table's row holds a version that is raised round the proxy, which nothing but age can tell it of: who reads
the old one got it from the cache.
"""

import contextlib
import os
import threading

import pytest
from pgr_harness import Proxy, make_folder, wait_until
from scenario import Clock, connect, is_remembered, seam_binary, value, wait_until_remembered

TABLES = ("ttl_quick", "ttl_slow", "ttl_plain")
SCHEMA = "".join(
    "DROP TABLE IF EXISTS {0}; CREATE TABLE {0} (id int PRIMARY KEY, version int NOT NULL);"
    "INSERT INTO {0} SELECT i, 1 FROM generate_series(1, 5) i; GRANT ALL ON {0} TO PUBLIC;".format(table)
    for table in TABLES)
# The catalog is polled twice in max_staleness, and must be fresh again soon after time has jumped.
SETTINGS = {"cache.local_ttl": "100s", "cache.max_staleness": "100s"}
RULES = """
[rule quick]
tables = ttl_quick
local_ttl = 10s
[rule slow]
tables = ttl_slow
local_ttl = 300s
"""
LOWERED = RULES.replace("300s", "5s")


class Scene:
    """A proxy whose time stands in our hand, a session through it, and the server behind it."""

    def __init__(self, server, proxy, clock, link):
        self.server, self.proxy, self.clock, self.link = server, proxy, clock, link

    def remember(self, *tables):
        for table in tables:
            wait_until_remembered(self.server, self.link, table)

    def age(self, seconds):
        self.clock.advance(seconds)

    def still(self, table):
        """Whether the old answer is given still. Asking does not renew it."""
        return is_remembered(self.server, self.link, table)


@pytest.fixture
def scene(postgres):
    postgres.sql(SCHEMA)
    clock = Clock(os.path.join(make_folder("clock"), "clock"))
    with Proxy(postgres, SETTINGS, RULES, binary=seam_binary(), env=clock.environment()) as proxy:
        with contextlib.closing(connect(proxy)) as link:
            yield Scene(postgres, proxy, clock, link)
        assert proxy.stop() == 0


def test_each_rule_has_its_age(scene):
    scene.remember(*TABLES)
    scene.age(8)
    assert [scene.still(table) for table in TABLES] == [True, True, True]
    scene.age(2)
    assert [scene.still(table) for table in TABLES] == [False, True, True]
    scene.age(80)
    assert [scene.still(table) for table in TABLES[1:]] == [True, True]
    scene.age(10)
    assert [scene.still(table) for table in TABLES[1:]] == [True, False]
    scene.age(190)
    assert scene.still("ttl_slow")
    scene.age(10)
    assert not scene.still("ttl_slow")


def test_age_counts_from_before_the_query_was_sent(scene):
    scene.remember("ttl_quick")
    sql = "SELECT version FROM ttl_quick WHERE id = 2"
    with contextlib.closing(connect(scene.server)) as locker, locker.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE ttl_quick IN ACCESS EXCLUSIVE MODE")
        answers = []
        reader = threading.Thread(target=lambda: answers.append(value(scene.link, sql)))
        reader.start()
        wait_until(lambda: scene.server.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", 10,
                   "the read waits for the lock")
        scene.age(8)
        cursor.execute("COMMIT")
        reader.join()
    assert answers == [1]
    assert is_remembered(scene.server, scene.link, "ttl_quick", 2)
    scene.age(2)
    assert not is_remembered(scene.server, scene.link, "ttl_quick", 2)


def test_lowering_acts_on_entries_already_held(scene):
    scene.remember(*TABLES)
    scene.age(20)
    assert scene.still("ttl_slow")
    told = scene.proxy.reload(rules=LOWERED)
    assert told["event"] == "reloaded"
    wait_until(lambda: not scene.still("ttl_slow"), 10, "the lowered age reached the session")
    assert scene.still("ttl_plain"), "an entry of another rule"


def test_lowering_leaves_other_entries(scene):
    scene.remember(*TABLES)
    assert scene.proxy.reload({"cache.local_ttl": "1s", "cache.max_staleness": "1s"})["event"] == "reloaded"
    scene.age(5)
    wait_until(lambda: not scene.still("ttl_plain"), 10, "the lowered age reached the session")
    assert [scene.still(table) for table in TABLES[:2]] == [True, True]


def test_raising_acts_on_entries_already_held(scene):
    scene.remember("ttl_quick", "ttl_plain")
    assert scene.proxy.reload(rules=RULES.replace("10s", "60s"))["event"] == "reloaded"
    scene.age(30)
    wait_until(lambda: scene.still("ttl_quick"), 5, "the raised age reached the session")
    assert scene.still("ttl_plain")


def test_switching_off_and_on(scene):
    scene.remember("ttl_plain")
    assert scene.proxy.reload({"cache.enabled": "off"})["event"] == "reloaded"
    wait_until(lambda: not scene.still("ttl_plain"), 10, "the cache is off")
    assert scene.proxy.reload({"cache.enabled": "on"})["event"] == "reloaded"
    scene.remember("ttl_plain")


def test_nothing_is_given_at_age_zero(scene):
    scene.remember("ttl_plain", "ttl_slow")
    assert scene.proxy.reload({"cache.local_ttl": "0"})["event"] == "reloaded"
    wait_until(lambda: not scene.still("ttl_plain"), 10, "no age is young enough")
    assert not any(scene.still("ttl_plain") for _ in range(3))
    assert scene.still("ttl_slow"), "its rule says otherwise"


@pytest.mark.parametrize("wrong, line, nearest", [
    (RULES.replace("local_ttl = 300s", "local_tll = 5s"), "local_tll = 5s", "local_ttl"),
    (RULES.replace("local_ttl = 300s", "local_ttl = 5 parsecs"), "local_ttl = 5 parsecs", "local_ttl"),
    (LOWERED + "[cache]\nlocal_ttls = 1s\n", "local_ttls = 1s", "local_ttl"),
    (LOWERED + "[cahce]\nlocal_ttl = 1s\n", "[cahce]", "[cache]"),
    (LOWERED + "[redis]\nurl = redis://localhost\n", "url = redis://localhost", "redis.url is not in this version"),
], ids=["unknown key", "bad value", "key of a section", "section", "later version"])
def test_a_bad_file_changes_nothing(scene, wrong, line, nearest):
    """Not even what was right in it: the slow rule's lowered age is not taken up."""
    scene.remember("ttl_quick", "ttl_slow")
    right = scene.proxy.rules
    told = scene.proxy.reload(rules=wrong)
    with open(scene.proxy.config_path, encoding="utf-8") as file:
        at = file.read().splitlines().index(line) + 1
    assert told["event"] == "reload_refused"
    assert "%s:%d: " % (scene.proxy.config_path, at) in told["message"]
    assert nearest in told["message"]
    scene.age(20)
    assert scene.still("ttl_slow"), "the old age is in force"
    assert not scene.still("ttl_quick")
    scene.proxy.rules = right
    assert scene.proxy.reload()["event"] == "reloaded", "and a right file is taken afterwards"


def test_a_missing_file_changes_nothing(scene):
    scene.remember("ttl_slow")
    os.rename(scene.proxy.config_path, scene.proxy.config_path + ".away")
    scene.proxy.process.send(1)
    told = scene.proxy.wait_for_event("reload_refused")
    assert scene.proxy.config_path in told["message"]
    scene.age(250)
    assert scene.still("ttl_slow")
