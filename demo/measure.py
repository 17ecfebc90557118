# SPDX-License-Identifier: PostgreSQL
"""The demo's phases: what is asked, timed, compared and counted."""

import time

from operations import FORGETTING, OPERATIONS, mark_of_type
from wire import Statement, Wire

CONNECTIONS = 4
_WARM_UPS = 2
_COMPARE_EACH = 200  # requests of the traffic, of which one is compared
_HIT_REPEATS = 5
_LOG_PATIENCE_S = 15


class Latencies:
    """Latencies in milliseconds."""

    def __init__(self):
        self.values = []

    def add(self, elapsed_ns):
        self.values.append(elapsed_ns / 1e6)

    def mean(self):
        return sum(self.values) / len(self.values) if self.values else float("nan")

    def quantile(self, share):
        if not self.values:
            return float("nan")
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _new_latencies():
    return {one.mark: Latencies() for one in OPERATIONS}


def ask_all(wire, statements):
    """One request: its statements one after another. The sum of their latencies."""
    return sum(wire.ask(statement).elapsed_ns for statement in statements)


def direct(database, workload, seconds, bar, most=300):
    """Each operation straight from PostgreSQL for its share of the time, at least five times."""
    found = _new_latencies()
    wire = Wire(database.conninfo, options=database.options())
    workload.restart(7)
    for position, operation in enumerate(OPERATIONS):
        for _ in range(_WARM_UPS):
            ask_all(wire, workload.draw(operation))
        deadline = time.monotonic() + seconds / len(OPERATIONS)
        latencies = found[operation.mark]
        while len(latencies.values) < 5 or (time.monotonic() < deadline and len(latencies.values) < most):
            latencies.add(ask_all(wire, workload.draw(operation)))
            bar.show((position + len(latencies.values) / most) / len(OPERATIONS), operation.name)
    wire.close()
    return found


class Difference(Exception):
    """An answer of pgrecall was not PostgreSQL's."""


def _difference(statement, recalled, told):
    """Where two answers part, with what stands around it."""
    at = next((at for at, (a, b) in enumerate(zip(recalled, told)) if a != b), min(len(recalled), len(told)))
    around = slice(max(0, at - 40), at + 40)
    return "%s\nwith %s\nat byte %d (pgrecall sent %d, PostgreSQL %d):\npgrecall    ...%r\nPostgreSQL  ...%r" % (
        statement.query.decode(), str(statement.values)[:200], at, len(recalled), len(told),
        recalled[around], told[around])


class Traffic:
    """What an application sends through pgrecall: one request at a time over a few connections."""

    def __init__(self, database, recall, workload):
        self._workload = workload
        self._recall = recall
        self._direct = Wire(database.conninfo, options=database.options())
        self._wires = [Wire(recall.conninfo, options=database.options()) for _ in range(CONNECTIONS)]
        self._turn = 0
        self.requests = 0
        self.writes = {}
        self.asked = {one.mark: 0 for one in OPERATIONS}
        self.compared = 0

    def close(self):
        for wire in self._wires + [self._direct]:
            wire.close()

    def _wire(self):
        self._turn += 1
        return self._wires[self._turn % CONNECTIONS]

    def one(self):
        """A read, or now and then a write. (operation, elapsed nanoseconds), or None for a write."""
        self.requests += 1
        if self._workload.is_write():
            table, statement = self._workload.draw_write()
            self._wire().ask(statement)
            self.writes[table] = self.writes.get(table, 0) + 1
            return None
        operation = self._workload.draw_operation()
        statements = self._workload.draw(operation)
        if self.requests % _COMPARE_EACH == 0:
            return operation, sum(self.compare(operation, one) for one in statements)
        return operation, self.ask(operation, statements)

    def ask(self, operation, statements):
        """One request on one of the connections; its latency."""
        self.asked[operation.mark] += len(statements)
        return ask_all(self._wire(), statements)

    def forget(self):
        """A write to each table, that changes nothing but makes pgrecall forget all answers."""
        for query in FORGETTING:
            self._wire().ask(Statement(query))

    def compare(self, operation, statement):
        """Asks both; the bytes of the two answers must be equal. The latency through pgrecall."""
        self.asked[operation.mark] += 1
        self.compared += 1
        recalled = self._wire().ask_unnamed(statement)
        told = self._direct.ask_unnamed(statement)
        if recalled.raw != told.raw:
            raise Difference(_difference(statement, recalled.raw, told.raw))
        return recalled.elapsed_ns

    def counts(self):
        """The daemon's own counts from its start, once its log has told of all that was asked."""
        deadline = time.monotonic() + _LOG_PATIENCE_S
        while True:
            found = self._recall.counts(mark_of_type)
            now = {mark: found.get(mark, dict(_NONE)) for mark in self.asked}
            if all(now[mark]["calls"] >= count for mark, count in self.asked.items()):
                return now
            if time.monotonic() > deadline:
                return now
            time.sleep(0.3)

    def told(self):
        """Reads of the four operations that the daemon's log has counted."""
        return sum(one["calls"] for one in self.counts().values())

    def held(self):
        """(entries, bytes) in the cache."""
        return self._recall.held()


_NONE = {"calls": 0, "hits": 0, "misses": 0, "bypasses": 0, "reasons": frozenset()}


def minus(now, before):
    """What was counted since `before`, by operation."""
    since = {}
    for mark, total in now.items():
        since[mark] = dict(total)
        for key in ("calls", "hits", "misses", "bypasses"):
            since[mark][key] -= before[mark][key]
    return since


def mixed(traffic, requests, seconds, bar):
    """All four operations and the writes, until there were that many requests or the time is up."""
    found = _new_latencies()
    deadline = time.monotonic() + seconds
    while traffic.requests < requests and time.monotonic() < deadline:
        done = traffic.one()
        if done is not None:
            found[done[0].mark].add(done[1])
        bar.show(traffic.requests / requests, "request %d" % traffic.requests)
    return found


def hits(traffic, workload, keys, bar):
    """Each of some keys once untimed, then repeatedly: those are hits, and the daemon must have counted them so.

    Returns (latencies, how many statements were timed). Of every fifth key the answer is compared too.
    """
    found = _new_latencies()
    timed = {one.mark: 0 for one in OPERATIONS}
    workload.restart(99)
    for position, operation in enumerate(OPERATIONS):
        for turn in range(keys):
            statements = workload.draw(operation)
            traffic.ask(operation, statements)
            for _ in range(_HIT_REPEATS):
                found[operation.mark].add(traffic.ask(operation, statements))
                timed[operation.mark] += len(statements)
            if turn % 5 == 0:
                for statement in statements:
                    traffic.compare(operation, statement)
            bar.show((position + turn / keys) / len(OPERATIONS), operation.name)
    return found, timed


def sweep(traffic, seconds, pace, bar):
    """Traffic at a steady pace, since at full speed every TTL would look long."""
    found = _new_latencies()
    started = time.monotonic()
    due = started
    while (now := time.monotonic()) < started + seconds:
        if now < due:
            time.sleep(due - now)
        due = max(due + 1 / pace, now - 1)
        done = traffic.one()
        if done is not None:
            found[done[0].mark].add(done[1])
        bar.show((now - started) / seconds)
    return found
