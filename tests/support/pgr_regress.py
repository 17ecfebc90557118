# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL's own test suites through the proxy, compared file by file with direct runs of the same hour.

What counts is what a client sees: the suite's output, not whether it equals the expected files (Debian's server may
be newer than its sources). Plans depend on what vacuum found at that instant, so a difference counts as one when it is there
in two proxied runs and in no direct one; a file that differs now and then is shown and counted as unstable.
"""

import argparse
import collections
import difflib
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from pgr_harness import PgBouncer, Postgres, Proxy, bin_folder, make_folder
from pgr_process import HarnessError, give_away, unprivileged_user
from pgr_source import CACHE, source_folder

RUN_LIMIT = 900
SHOWN_LINES = 40

# One suite of the source tree. program is pg_regress or its kin; without one, it is libpq_pipeline's own.
Suite = collections.namedtuple("Suite", "name folder program schedule database options")
SUITES = {
    "core": Suite("core", "src/test/regress", "regress/pg_regress", "parallel_schedule", "regression",
                  {"max_prepared_transactions": 2}),
    "isolation": Suite("isolation", "src/test/isolation", "isolation/pg_isolation_regress", "isolation_schedule",
                       "isolation_regression", {"max_prepared_transactions": 3}),
    "libpq-pipeline": Suite("libpq-pipeline", "src/test/modules/libpq_pipeline", None, None, "postgres", {}),
}


class Arena:
    """A fresh server and a writable copy of the suite, owned by the user that both run as."""

    def __init__(self, suite, source):
        self.suite = suite
        self.source = os.path.join(source, suite.folder)
        self.folder = make_folder("regress")
        self.server = Postgres(dict(suite.options, fsync="off", shared_buffers="256MB",
                                    max_worker_processes="16", autovacuum_naptime="60s"))

    def __enter__(self):
        try:
            shutil.copytree(self.source, self.input)
            for name in ("sql", "expected", "data"):
                os.makedirs(os.path.join(self.input, name), exist_ok=True)
            os.makedirs(os.path.join(self.folder, "out", "results"))
            self._libraries()
            for path, folders, files in os.walk(self.folder):
                for name in folders + files:
                    give_away(os.path.join(path, name))
            self.server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.server.destroy()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def input(self):
        return os.path.join(self.folder, "in")

    @property
    def output(self):
        return os.path.join(self.folder, "out")

    def _libraries(self):
        """regress.so is not packaged: it is one file against the server's headers. Two more come with contrib."""
        code = os.path.join(self.input, "regress.c")
        if os.path.exists(code):
            compile_c(code, os.path.join(self.folder, "regress.so"), "-shared", "-fPIC")
        for name in ("refint.so", "autoinc.so"):
            shutil.copy(os.path.join(pg_config("--pkglibdir"), name), self.folder)

    def argv(self, target):
        program = os.path.join(os.path.dirname(bin_folder()), "lib/pgxs/src/test", self.suite.program)
        return [program, "--inputdir=" + self.input, "--outputdir=" + self.output, "--dlpath=" + self.folder,
                "--bindir=" + bin_folder(), "--schedule=" + os.path.join(self.input, self.suite.schedule),
                "--max-concurrent-tests=20", "--dbname=" + self.suite.database, "--user=postgres",
                "--host=" + target.host, "--port=%d" % target.port]

    def run(self, target):
        """Runs the suite against target; returns {file: output} of its results."""
        account = unprivileged_user()
        identity = {} if account is None else {
            "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        log = os.path.join(self.folder, "pg_regress.log")
        with open(log, "wb") as out:
            child = subprocess.Popen(self.argv(target), cwd=self.output, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=out, env={"PATH": "/usr/bin:/bin", "HOME": self.folder},
                                     start_new_session=True, **identity)
            try:
                child.wait(RUN_LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                print("the suite was ended after %d s; what it has done by now is compared" % RUN_LIMIT)
        results = read_results(os.path.join(self.output, "results"))
        if not results:
            with open(log, encoding="utf-8", errors="replace") as text:
                raise HarnessError("the suite did not begin:\n" + text.read()[-3000:])
        return results


class PipelineArena(Arena):
    """libpq_pipeline's tests, each with the trace of all messages, as its own script runs them."""

    def _libraries(self):
        compile_c(os.path.join(self.input, "libpq_pipeline.c"), self.program,
                  "-L" + pg_config("--pkglibdir"), "-lpgcommon", "-lpgport", "-lpq", "-lm")

    @property
    def program(self):
        return os.path.join(self.folder, "libpq_pipeline")

    def run(self, target):
        names = subprocess.run([self.program, "tests"], capture_output=True, text=True, timeout=20,
                               check=True).stdout.split()
        return {name: self._run_one(name, target) for name in names}

    def _run_one(self, name, target):
        """How it ended and, where PostgreSQL's script compares traces too, the trace without its clock."""
        trace = os.path.join(self.output, name + ".trace")
        try:
            done = subprocess.run([self.program, "-r", "700", "-t", trace, name, target.dsn()], timeout=60,
                                  env={"PGOPTIONS": "-c intervalstyle=iso_8601", "PATH": "/usr/bin:/bin"},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  check=False)
        except subprocess.TimeoutExpired:
            return "hangs\n"
        said = "" if done.returncode == 0 else done.stdout.decode(errors="replace")[-2000:]
        said += "exit %d\n" % done.returncode
        if not os.path.exists(os.path.join(self.input, "traces", name + ".trace")):
            return said
        with open(trace, encoding="utf-8", errors="replace") as lines:
            return said + re.sub(r"^\d{4}-\S+ \S+\t", "", lines.read(), flags=re.M)


def make_arena(suite, source):
    return Arena(suite, source) if suite.program else PipelineArena(suite, source)


def pg_config(what):
    return subprocess.run([os.path.join(bin_folder(), "pg_config"), what], capture_output=True, text=True,
                          timeout=10, check=True).stdout.strip()


def compile_c(code, output, *flags):
    subprocess.run(["gcc", "-O1", "-w", "-I" + pg_config("--includedir-server"), "-I" + pg_config("--includedir"),
                    code, "-o", output, *flags], timeout=120, check=True)


def read_results(folder):
    results = {}
    for path in glob.glob(os.path.join(folder, "*.out")):
        with open(path, "rb") as out:
            results[os.path.basename(path)[:-4]] = out.read().decode("utf-8", "backslashreplace")
    return results


def write_results(folder, results):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, text in results.items():
        with open(os.path.join(folder, name + ".out"), "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(text)


class DirectRuns:
    """The outputs of runs without any proxy, kept for an hour."""

    def __init__(self, suite, source, max_age):
        self.suite = suite
        self.source = source
        self.max_age = max_age
        version = subprocess.run([os.path.join(bin_folder(), "postgres"), "-V"], capture_output=True, text=True,
                                 timeout=10, check=True).stdout
        key = hashlib.sha256((version + source).encode()).hexdigest()[:12]
        self.folder = os.path.join(CACHE, "direct", "%s-%s" % (suite.name, key))

    def load(self):
        runs = []
        for path in sorted(glob.glob(os.path.join(self.folder, "run-*"))):
            with open(os.path.join(path, "run.json"), encoding="utf-8") as about:
                age = time.time() - json.load(about)["time"]
            if age > self.max_age:
                shutil.rmtree(path)
                continue
            print("direct run kept from %d minutes ago" % (age / 60))
            runs.append(read_results(path))
        return runs

    def add(self):
        start = time.time()
        with make_arena(self.suite, self.source) as arena:
            results = arena.run(arena.server)
        path = os.path.join(self.folder, "run-%d" % int(start))
        write_results(path, results)
        with open(os.path.join(path, "run.json"), "w", encoding="utf-8") as about:
            json.dump({"time": start}, about)
        print("direct run: %d files in %d s" % (len(results), time.time() - start), flush=True)
        return results

    def at_least(self, count):
        runs = self.load()
        while len(runs) < count:
            runs.append(self.add())
        return runs


def proxied_run(suite, source, options):
    start = time.time()
    with make_arena(suite, source) as arena:
        if options.via == "pgbouncer":
            proxy = PgBouncer(arena.server)
        else:
            proxy = Proxy(arena.server, {"cache.enabled": None if options.cache == "on" else "off",
                                         "proxy.max_clients": 200})
        with proxy:
            results = arena.run(proxy)
            code = proxy.stop()
            calls, hits, misses, bypasses = proxy.totals()
            log = proxy.log_text()
    print("%s run: %d files in %d s; calls=%d hits=%d misses=%d bypasses=%d exit=%s" % (
        options.via, len(results), time.time() - start, calls, hits, misses, bypasses, code), flush=True)
    with open(os.path.join(CACHE, options.via + ".log"), "w", encoding="utf-8") as kept:
        kept.write(log)
    if options.via == "pgrecall" and code != 0:
        raise HarnessError("the daemon ended with %s; its log is %s" % (code, kept.name))
    return results


Verdict = collections.namedtuple("Verdict", "identical differing unstable")


def judge(direct_runs, proxied_runs):
    """Sorts the files: as in some direct run, never so, or only sometimes."""
    verdict = Verdict([], [], [])
    for name in sorted(set().union(*direct_runs)):
        outputs = {run.get(name) for run in direct_runs}
        same = [run.get(name) in outputs for run in proxied_runs]
        if all(same):
            verdict.identical.append(name)
        elif any(same) or len(outputs) > 1:
            verdict.unstable.append(name)
        else:
            verdict.differing.append(name)
    return verdict


def print_difference(name, direct, proxied, limit):
    lines = list(difflib.unified_diff((direct or "").splitlines(), (proxied or "").splitlines(),
                                      "direct/" + name, "proxied/" + name, lineterm="", n=2))
    print("\n".join(line[:200] for line in lines[:limit]))
    if len(lines) > limit:
        print("… %d more lines" % (len(lines) - limit))


def judge_patiently(suite, source, direct, runs, options):
    """Runs the suite through the proxy, and where something differs once more, both ways."""
    proxied = [proxied_run(suite, source, options)]
    verdict = judge(runs, proxied)
    if verdict.differing:
        print("differing: %s; once more, both ways" % " ".join(verdict.differing), flush=True)
        runs.append(direct.add())
        proxied.append(proxied_run(suite, source, options))
        verdict = judge(runs, proxied)
    return proxied, verdict


def run_suite(suite, options):
    source = source_folder()
    direct = DirectRuns(suite, source, options.max_age)
    print("suite %s of %s" % (suite.name, os.path.basename(source)), flush=True)
    runs = direct.at_least(options.direct_runs)
    if options.direct_only:
        proxied, verdict = runs[-1:], judge(runs, runs[-1:])
    else:
        proxied, verdict = judge_patiently(suite, source, direct, runs, options)
        write_results(os.path.join(CACHE, "proxied-" + suite.name), proxied[-1])
    for name in verdict.differing + verdict.unstable:
        print("\n--- %s: %s" % ("differing" if name in verdict.differing else "unstable", name))
        odd = next((run for run in proxied if run.get(name) != runs[-1].get(name)), proxied[-1])
        print_difference(name, runs[-1].get(name), odd.get(name), options.lines)
    print("\nunstable in direct runs: %s" % " ".join(sorted(
        name for name in runs[0] if len({run.get(name) for run in runs}) > 1)))
    print("differing: %s" % " ".join(verdict.differing))
    print("identical=%d differing=%d unstable=%d" % tuple(map(len, verdict)), flush=True)
    return not verdict.differing


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="scripts/regress", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", choices=SUITES, default="core")
    parser.add_argument("--cache", choices=["on", "off"], default="on")
    parser.add_argument("--via", choices=["pgrecall", "pgbouncer"], default="pgrecall",
                        help="what stands between; pgbouncer tests this script")
    parser.add_argument("--direct-only", action="store_true", help="only learn which files are unstable")
    parser.add_argument("--direct-runs", type=int, default=2, metavar="N")
    parser.add_argument("--max-age", type=int, default=3600, metavar="SECONDS", help="of kept direct runs")
    parser.add_argument("--lines", type=int, default=SHOWN_LINES, help="of each difference that are shown")
    return parser.parse_args(argv)


def main(argv):
    options = parse_arguments(argv)
    os.makedirs(CACHE, exist_ok=True)
    try:
        return 0 if run_suite(SUITES[options.suite], options) else 1
    except HarnessError as error:
        print("regress: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
