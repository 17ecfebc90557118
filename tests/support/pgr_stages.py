# SPDX-License-Identifier: PostgreSQL
"""What scripts/test runs, in which order and within which time; prints a table and one closing line."""

import argparse
import collections
import glob
import os
import platform
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RESULTS = os.path.join(TOP, "build", "test-results")
PYTHON = "/usr/bin/python3"
# Seconds between the ever less gentle signals to a command that is over its stage's limit.
GRACE = 20
# gcc's ThreadSanitizer cannot start where the kernel spreads addresses too widely.
TSAN_WRAPPER = ["setarch", platform.machine(), "-R"]

Counts = collections.namedtuple("Counts", "passed failed skipped", defaults=(0, 0, 0))


class Stage:
    """One line of the table. run(context) returns Counts; needs are stages without which it makes no sense."""

    def __init__(self, name, limit, run, needs=(), is_full=False):
        self.name = name
        self.limit = limit
        self.run = run
        self.needs = needs
        self.is_full = is_full


class Context:
    """What a stage is told: its own limits and the user's wishes."""

    def __init__(self, options, stage):
        self.options = options
        self.stage = stage
        self.deadline = time.monotonic() + stage.limit

    def path(self, suffix):
        return os.path.join(RESULTS, self.stage.name + suffix)

    def command(self, argv, env=None, is_quiet=False):
        """Runs argv, its output kept and, unless it is to be quiet and ends well, shown; returns (exit code, output).

        Ended at the stage's limit.
        """
        child = subprocess.Popen(argv, cwd=TOP, env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        ending = [signal.SIGINT, signal.SIGTERM]

        def end(*_):
            """Gently first: pytest then still says what it has found."""
            os.killpg(child.pid, ending.pop(0) if ending else signal.SIGKILL)
            signal.alarm(GRACE)
        signal.signal(signal.SIGALRM, end)
        signal.alarm(max(1, int(self.deadline - time.monotonic())))
        kept = []
        try:
            for line in child.stdout:
                if not is_quiet:
                    sys.stdout.buffer.write(line)
                    sys.stdout.buffer.flush()
                kept.append(line)
            code = child.wait()
        finally:
            signal.alarm(0)
        if len(ending) < 2:
            code = code or 1
            print("%s: ended after its %d s" % (self.stage.name, self.stage.limit))
        output = b"".join(kept).decode(errors="replace")
        if is_quiet and code != 0:
            print(output)
        with open(self.path(".log"), "a", encoding="utf-8") as log:
            log.write(output)
        return code, output


def junit_counts(path, code):
    """The counts of a JUnit file; a run that failed without saying where counts as one failure."""
    passed = failed = skipped = 0
    if os.path.exists(path):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    if code != 0 and failed == 0:
        failed = 1
    return Counts(passed, failed, skipped)


def build(preset):
    def run(context):
        code, _ = context.command(["scripts/build", preset])
        return Counts(failed=int(code != 0))
    return run


def ctest(preset, arguments=(), wrapper=()):
    def run(context):
        junit = context.path(".xml")
        argv = [*wrapper, "ctest", "--test-dir", os.path.join("build", preset), "-j2", "--no-tests=error",
                "--output-on-failure", "--output-junit", junit, *arguments]
        if context.options.pattern:
            argv += ["--no-tests=ignore", "-R", context.options.pattern]
        return junit_counts(junit, context.command(argv)[0])
    return run


def pytest(preset, arguments=(), wrapper=(), env=None):
    def run(context):
        junit = context.path(".xml")
        argv = [*wrapper, PYTHON, "-B", "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "-ra",
                "--junitxml", junit, *(arguments or ["tests/integration"])]
        if not context.options.full:
            argv += ["-m", "not full"]
        if context.options.pattern:
            argv += ["-k", context.options.pattern]
        binary = {"PGRECALL_BIN": os.path.join(TOP, "build", preset, "pgrecall")}
        code, _ = context.command(argv, dict(binary, **(env or {})))
        return junit_counts(junit, 0 if code == 5 and context.options.pattern else code)
    return run


def fuzz(context):
    """Each target for a bounded time, from the corpus of the tree; what it finds stays under build/."""
    targets = sorted(path for path in glob.glob(os.path.join(TOP, "build/fuzz/**/fuzz_*"), recursive=True)
                     if os.access(path, os.X_OK) and os.path.isfile(path)
                     and re.search(context.options.pattern or "", os.path.basename(path)))
    seconds = 120 if context.options.full else 15
    passed = failed = 0
    for path in targets:
        name = os.path.basename(path)[len("fuzz_"):]
        scratch = os.path.join(RESULTS, "fuzz", name)
        os.makedirs(scratch, exist_ok=True)
        code, output = context.command([
            path, "-max_total_time=%d" % seconds, "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0",
            "-print_final_stats=1", "-artifact_prefix=%s/" % scratch, scratch,
            os.path.join("tests", "fuzz", "corpus", name)], is_quiet=True)
        runs = re.search(r"number_of_executed_units: (\d+)", output)
        print("fuzz %s: %s, %s runs" % (name, "ok" if code == 0 else "FAILED", runs.group(1) if runs else "?"),
              flush=True)
        passed += code == 0
        failed += code != 0
    if not targets and not context.options.pattern:
        failed = 1
    return Counts(passed, failed)


def regress(preset, arguments, wrapper=()):
    """PostgreSQL's own suite; each of its files counts as a test."""
    def run(context):
        if context.options.pattern and not re.search(context.options.pattern, "regress"):
            return Counts()
        binary = {"PGRECALL_BIN": os.path.join(TOP, "build", preset, "pgrecall")}
        code, output = context.command([*wrapper, "scripts/regress", *arguments], binary)
        found = re.findall(r"^identical=(\d+) differing=(\d+) unstable=(\d+)", output, re.M)
        if not found:
            return Counts(failed=1)
        identical, differing, unstable = map(int, found[-1])
        return Counts(identical, max(differing, int(code != 0)), unstable)
    return run


DRIVERS = ["tests/integration/test_drivers.py"]
STAGES = [
    Stage("build-release", 400, build("release")),
    Stage("build-dev", 400, build("dev")),
    Stage("unit-dev", 500, ctest("dev"), ["build-dev"]),
    Stage("build-tsan", 400, build("tsan")),
    Stage("unit-tsan", 700, ctest("tsan", ["-LE", "lint"], TSAN_WRAPPER), ["build-tsan"]),
    Stage("build-fuzz", 300, build("fuzz")),
    Stage("fuzz", 400, fuzz, ["build-fuzz"]),
    Stage("integration-dev", 900, pytest("dev"), ["build-dev", "build-release"]),
    Stage("drivers-tsan", 400, pytest("tsan", DRIVERS, TSAN_WRAPPER), ["build-tsan"]),
    Stage("regress", 900, regress("release", ["--cache", "on"]), ["build-release"]),
    Stage("libpq-pipeline", 300, regress("release", ["--suite", "libpq-pipeline"]), ["build-release"]),
    Stage("isolation", 900, regress("release", ["--suite", "isolation"]), ["build-release"], is_full=True),
    Stage("drivers-release", 300, pytest("release", DRIVERS), ["build-release"], is_full=True),
    Stage("regress-off", 900, regress("release", ["--cache", "off"]), ["build-release"], is_full=True),
    Stage("regress-dev", 1800, regress("dev", ["--cache", "on"]), ["build-dev"], is_full=True),
    Stage("regress-tsan", 3600, regress("tsan", ["--cache", "on"], TSAN_WRAPPER), ["build-tsan"], is_full=True),
]


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="scripts/test", description="Builds pgrecall and runs its tests.")
    parser.add_argument("--full", action="store_true", help="the second tier too")
    parser.add_argument("-k", dest="pattern", metavar="PATTERN", help="only tests whose names match")
    parser.add_argument("--stage", action="append", choices=[stage.name for stage in STAGES],
                        help="only this stage and what it needs; may be repeated")
    return parser.parse_args(argv)


def chosen_stages(options):
    if not options.stage:
        return [stage for stage in STAGES if options.full or not stage.is_full]
    wanted = set(options.stage)
    for stage in STAGES:
        if stage.name in options.stage:
            wanted.update(stage.needs)
    return [stage for stage in STAGES if stage.name in wanted]


def run_stage(stage, options, broken):
    """Runs it unless something that it needs is broken; returns its Counts."""
    print("\n=== %s" % stage.name, flush=True)
    if broken.intersection(stage.needs):
        print("not run: %s is broken" % ", ".join(sorted(broken.intersection(stage.needs))))
        return Counts(failed=1)
    for suffix in (".log", ".xml"):
        path = os.path.join(RESULTS, stage.name + suffix)
        if os.path.exists(path):
            os.remove(path)
    return stage.run(Context(options, stage))


def print_table(rows):
    print("\n%-18s %8s %8s %8s %8s" % ("stage", "seconds", "passed", "failed", "skipped"))
    for name, seconds, counts in rows:
        print("%-18s %8.1f %8d %8d %8d" % (name, seconds, *counts))
    print("%-18s %8.1f" % ("all", sum(seconds for _, seconds, _ in rows)))


def main(argv):
    options = parse_arguments(argv)
    os.makedirs(RESULTS, exist_ok=True)
    rows, broken = [], set()
    for stage in chosen_stages(options):
        start = time.monotonic()
        counts = run_stage(stage, options, broken)
        if counts.failed:
            broken.add(stage.name)
        rows.append((stage.name, time.monotonic() - start, counts))
    print_table(rows)
    passed, failed, skipped = (sum(column) for column in zip(*(counts for _, _, counts in rows)))
    print("\n%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
