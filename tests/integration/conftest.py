# SPDX-License-Identifier: PostgreSQL
"""Fixtures shared by the integration tests, a bound on each test's time, and their tables at the end."""

import faulthandler
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from pgr_harness import Postgres  # noqa: E402

TEST_TIMEOUT = 240
_TABLES = []


def pytest_configure(config):
    config.addinivalue_line("markers", "full: second tier, run by scripts/test --full")
    config.addinivalue_line("markers", "limit(seconds): this test's own bound instead of %d s" % TEST_TIMEOUT)


def pytest_terminal_summary(terminalreporter):
    for title, lines in _TABLES:
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)


class TookTooLong(BaseException):
    """Not an Exception: no driver's error handling may swallow it."""


@pytest.fixture(autouse=True)
def bounded(request):
    """Ends a test that hangs, with the stacks of all threads."""
    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else TEST_TIMEOUT

    def stop(signum, frame):
        faulthandler.dump_traceback(file=sys.__stderr__)
        raise TookTooLong("%s: more than %d s" % (request.node.name, seconds))
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def table():
    """table(title, lines) prints a table after the run."""
    return lambda title, lines: _TABLES.append((title, lines))


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for all tests that do not need to stop or break theirs."""
    with Postgres() as server:
        yield server
