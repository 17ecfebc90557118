# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL directly, through PgBouncer (session pooling) and through pgrecall; bench/run starts this.

Rounds alternate between the targets, so that what else the machine does falls on all of them.
"""

import argparse
import contextlib
import glob
import os
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

from pgr_harness import HarnessError, PgBouncer, Postgres, Proxy  # noqa: E402

_CLIENT = os.path.join(TOP, "build", "bench", "client")
_TICKS = os.sysconf("SC_CLK_TCK")
_KEYS = 500  # that a hit asks for
_OFF_USER = "bench_off"
_RULES = "[rule bench_off]\nuser = %s\ncache = off\n" % _OFF_USER
_TABLE = """
CREATE TABLE bench (id bigint PRIMARY KEY, name text NOT NULL, value double precision NOT NULL,
                    created timestamptz NOT NULL);
INSERT INTO bench SELECT i, 'name ' || md5(i::text), sin(i), timestamptz '2024-01-01 00:00:00Z' + i * interval '1 s'
FROM generate_series(1, 100000) AS i;
CREATE ROLE %s LOGIN;
GRANT SELECT ON bench TO %s;
VACUUM ANALYZE bench;
""" % (_OFF_USER, _OFF_USER)


def _cpu_of(pid):
    """Seconds of processor time of a process, all its threads; 0 when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children(parent):
    """Processes whose parent is that one."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(path.split("/")[2]))
    return found


class Target:
    """One column: a client with its connections, and whose processor time counts besides PostgreSQL's."""

    def __init__(self, name, keys, server, postgres, proxy_pid=None, user="postgres", connections=4):
        self.name = name
        self.keys = keys
        self.asked = 0
        self._postgres_pid = postgres.process.pid
        self._proxy_pid = proxy_pid
        self._client = subprocess.Popen(
            [_CLIENT, server.host, str(server.port), user, "postgres", str(connections)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._client.stdout.readline().strip() != "ready":
            raise HarnessError("the client could not log in for %s" % name)

    def close(self):
        with contextlib.suppress(OSError):
            self._client.stdin.close()
        self._client.wait(30)

    def run(self, protocol, rows, seconds, keys=None):
        """The client's figures and the servers' processor time over that run."""
        before = self._cpu()
        keys = self.keys if keys is None else keys
        self._client.stdin.write("run %s %d %s %.3f\n" % (protocol, rows, keys or "ever", seconds))
        self._client.stdin.flush()
        line = self._client.stdout.readline()
        if not line:
            raise HarnessError("the client of %s gave up" % self.name)
        found = {key: float(value) for key, value in (word.split("=") for word in line.split())}
        self.asked += int(found["requests"])
        after = self._cpu()
        found["postgres_cpu_s"] = after[0] - before[0]
        found["proxy_cpu_s"] = after[1] - before[1]
        return found

    def _cpu(self):
        postgres = sum(map(_cpu_of, [self._postgres_pid] + _children(self._postgres_pid)))
        return postgres, _cpu_of(self._proxy_pid) if self._proxy_pid else 0.0


class Cell:
    """All rounds of one target in one scenario."""

    def __init__(self):
        self.rounds = []

    def total(self, key):
        return sum(one[key] for one in self.rounds)

    def rate(self):
        return self.total("requests") / self.total("seconds")

    def middle(self, key):
        """The median over the rounds of a quantile."""
        ordered = sorted(one[key] for one in self.rounds)
        return ordered[len(ordered) // 2]

    def cpu_us(self, key):
        return 1e6 * self.total(key) / self.total("requests")

    def server_cpu_us(self):
        return self.cpu_us("postgres_cpu_s") + self.cpu_us("proxy_cpu_s")


def _print_rows(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _print_scenario(protocol, rows, cells):
    direct = next(iter(cells.values()))
    print("\n%s protocol, %d row%s" % (protocol, rows, "" if rows == 1 else "s"))
    table = [["target", "requests/s", "p50 us", "p99 us", "PostgreSQL CPU us", "proxy CPU us", "server CPU us",
              "requests/s : direct", "server CPU : direct"]]
    for name, cell in cells.items():
        table.append([name, "%.0f" % cell.rate(), "%.0f" % cell.middle("p50_us"), "%.0f" % cell.middle("p99_us"),
                      "%.1f" % cell.cpu_us("postgres_cpu_s"), "%.1f" % cell.cpu_us("proxy_cpu_s"),
                      "%.1f" % cell.server_cpu_us(), "%.2f" % (cell.rate() / direct.rate()),
                      "%.2f" % (cell.server_cpu_us() / direct.server_cpu_us())])
    _print_rows(table)
    share = max(cell.total("client_cpu_s") / cell.total("seconds") for cell in cells.values())
    print("the client itself used at most %.0f %% of one core" % (100 * share))


def _measure(targets, protocol, rows, options):
    cells = {target.name: Cell() for target in targets}
    for target in targets:  # what a hit finds, and backends with warm caches
        target.run(protocol, rows, 0.2, keys=_KEYS)
    for turn in range(options.rounds):
        for target in targets[turn % len(targets):] + targets[:turn % len(targets)]:
            cells[target.name].rounds.append(target.run(protocol, rows, options.seconds))
    return cells


def _check_outcomes(proxy, targets, scenarios, connections):
    """Whether what was measured as hits, misses and bypasses was that, by pgrecall's own counts."""
    hit, miss, off = targets[2:]
    proxy.stop()  # its last report is written at the end
    calls, hits, misses, bypasses = proxy.totals()
    measured = sum(cells[miss.name].total("requests") for cells in scenarios)
    # Each key is missed once before it is hit, by several connections at the same time perhaps; and the
    # first few queries may come before the catalog is read.
    first = (len(scenarios) + 1) * _KEYS * connections
    print("\nAsked through pgrecall, warming up included: %d; its log counts %d calls, %d hits, %d misses, "
          "%d bypasses" % (hit.asked + miss.asked + off.asked, calls, hits, misses, bypasses))
    is_right = (calls == hit.asked + miss.asked + off.asked and 0 <= bypasses - off.asked <= first
                and measured <= misses <= measured + first)
    print("every column is what its name says" if is_right
          else "NOT what it says: some requests had another outcome than their column's name")
    return is_right


def _open_targets(stack, postgres, bouncer, proxy, options):
    def add(name, keys, server, pid=None, user="postgres"):
        target = Target(name, keys, server, postgres, pid, user, options.connections)
        stack.callback(target.close)
        return target
    return [add("PostgreSQL, direct", 0, postgres),
            add("PgBouncer, session", 0, bouncer, bouncer.process.pid),
            add("pgrecall hit", _KEYS, proxy, proxy.process.pid),
            add("pgrecall miss", 0, proxy, proxy.process.pid),
            add("pgrecall, cache off", 0, proxy, proxy.process.pid, _OFF_USER)]


def _run(options):
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres({"shared_buffers": "256MB"}))
        postgres.sql(_TABLE)
        bouncer = stack.enter_context(PgBouncer(postgres))
        settings = {"cache.local_ttl": "300s", "proxy.workers": options.workers}
        proxy = stack.enter_context(Proxy(postgres, settings, _RULES))
        print("%d connections, %d rounds of %g s each; %d cores; pgrecall with %s workers" % (
            options.connections, options.rounds, options.seconds, os.cpu_count(), options.workers or "min(cores, 4)"))
        scenarios = []
        with contextlib.ExitStack() as clients:
            targets = _open_targets(clients, postgres, bouncer, proxy, options)
            for target in targets:  # by then pgrecall has read the catalog
                target.run("simple", 1, 0.2, keys=_KEYS)
            for protocol in options.protocols.split(","):
                for rows in (1, 100):
                    cells = _measure(targets, protocol, rows, options)
                    _print_scenario(protocol, rows, cells)
                    scenarios.append(cells)
                    sys.stdout.flush()
        print("\nCPU is utime + stime for each request: PostgreSQL's processes, the proxy's, and both together.\n"
              "A miss is a query never asked before, and its answer is kept; with the cache off, it is forwarded.")
        return _check_outcomes(proxy, targets, scenarios, options.connections)


def main():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.8, help="of one round (0.8)")
    parser.add_argument("--rounds", type=int, default=3, help="for each target in each scenario (3)")
    parser.add_argument("--connections", type=int, default=4, help="of each target (4)")
    parser.add_argument("--workers", type=int, help="pgrecall's event loops (its default)")
    parser.add_argument("--protocols", default="simple,extended", help="of simple,extended,prepared")
    try:
        return 0 if _run(parser.parse_args()) else 1
    except HarnessError as error:
        print("bench/run: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
