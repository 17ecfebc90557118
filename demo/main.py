# SPDX-License-Identifier: PostgreSQL
"""The tutorial's four operations with and without pgrecall; scripts/demo starts this."""

import argparse
import contextlib
import shlex
import signal
import sys

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import measure
import report
from operations import OPERATIONS, Scale, Workload
from progress import Progress
from wire import WireError
from world import Database, DemoError, Recall, pgr_harness

FULL = Scale(features=1_000_000, documents=20_000, training=500_000)
SMALL = Scale(features=50_000, documents=1_000, training=30_000)
SWEEP = (("1s", 15), ("10s", 40), ("60s", 90), ("300s", 90))
SWEEP_PACE = 50  # requests a second


class Result:
    """What the phases found, by operation."""

    unindexed = indexed = mixed = hits = hits_timed = counts = hit_counts = None
    held = (0, 0)
    compared = told = asked = 0


def arguments(argv):
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a twentieth of the data and fewer requests")
    parser.add_argument("--upstream", metavar="DSN",
                        help="a PostgreSQL of yours instead of a scratch one; the demo makes the schema "
                             "pgrecall_demo in it and drops it at the end")
    parser.add_argument("--vectors", type=int, metavar="N", help="documents, 1000 to 1000000")
    parser.add_argument("--requests", type=int, metavar="N", help="requests of the traffic")
    parser.add_argument("--seconds", type=float, metavar="S", help="the longest that the traffic may take")
    parser.add_argument("--ttl-sweep", action="store_true",
                        help="also the hit ratio and p50 at TTLs of 1, 10, 60 and 300 s (4 minutes)")
    parser.add_argument("--keep", action="store_true", help="keep both servers up until Ctrl-C")
    options = parser.parse_args(argv)
    if options.vectors is not None and not 1000 <= options.vectors <= 1_000_000:
        parser.error("--vectors takes 1000 to 1000000")
    options.requests = options.requests or (4_000 if options.small else 12_000)
    options.seconds = options.seconds or (60 if options.small else 300)
    return options


def scale_of(options):
    scale = SMALL if options.small else FULL
    if options.vectors is not None:
        scale = Scale(scale.features, options.vectors, scale.training)
    return scale


def load(database, scale):
    documents = "documents_pgvector.sql" if database.has_pgvector else "documents.sql"
    files = ("schema.sql", "features.sql", documents, "training.sql")
    with Progress("loading the tutorial's data") as bar:
        for number, name in enumerate(files):
            bar.show(number / len(files), name)
            database.run_file(name, scale)


def create_indexes(database, scale):
    files = ["indexes.sql"] + (["indexes_pgvector.sql"] if database.has_pgvector else [])
    with Progress("the tutorial's indexes") as bar:
        for number, name in enumerate(files):
            bar.show(number / len(files), name)
            database.run_file(name, scale)


def measure_direct(database, workload, options):
    with Progress("direct, unindexed" if not workload.has_indexes else "direct, indexed") as bar:
        return measure.direct(database, workload, 4 if options.small else 24, bar)


def measure_recalled(traffic, workload, options, result):
    """The traffic, then the hits alone."""
    workload.restart(42)
    start = traffic.counts()
    with Progress("through pgrecall") as bar:
        result.mixed = measure.mixed(traffic, options.requests, options.seconds, bar)
    after_mixed = traffic.counts()
    result.counts = measure.minus(after_mixed, start)
    result.held = traffic.held()
    with Progress("pgrecall, hits alone") as bar:
        result.hits, result.hits_timed = measure.hits(traffic, workload, 40 if options.small else 100, bar)
    result.hit_counts = measure.minus(traffic.counts(), after_mixed)


def sweep(recall, traffic, workload):
    """The same traffic under each TTL, taken up by the running pgrecall from its file."""
    rows = []
    for ttl, seconds in SWEEP:
        recall.set_ttl(ttl)
        workload.restart(1000)
        traffic.forget()
        before = traffic.counts()
        with Progress("TTL %s" % ttl) as bar:
            found = measure.sweep(traffic, seconds, SWEEP_PACE, bar)
        counts = measure.minus(traffic.counts(), before)
        cells = [ttl, "%d s" % seconds]
        for one in OPERATIONS:
            cells.append("%s, %s" % (report.ratio_text(counts[one.mark]),
                                     report.time_text(found[one.mark].quantile(0.5))))
        rows.append(cells)
    recall.set_ttl("300s")
    print("\nHit ratio and p50 at different TTLs, %d requests a second, 1 %% writes" % SWEEP_PACE)
    report.print_table(["TTL", "measured for"] + [one.name.split(" (")[0] for one in OPERATIONS], rows)
    print("Each TTL was set in the file, taken up on SIGHUP, and began with an empty cache. Longer than 90 s is not\n"
          "measured, so at 300 s no answer grew too old: what was missed was new or had been written to.")


def psql_command(database, conninfo):
    """A command to paste; without a password, which psql asks for."""
    words = conninfo_to_dict(conninfo)
    words.pop("password", None)
    return "PGOPTIONS=%s psql %s" % (shlex.quote(database.options()), shlex.quote(make_conninfo(**words)))


def keep_up(database, recall):
    print("\npgrecall is up:   " + psql_command(database, recall.conninfo))
    print("PostgreSQL:       " + psql_command(database, database.conninfo))
    print("its log:          tail -f %s" % recall.log_path)
    print("Ctrl-C ends both.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def run(options):
    scale = scale_of(options)
    result = Result()
    with Database(options.upstream) as database:
        print("PostgreSQL %s, %s: %d features, %d documents, %d training samples" % (
            database.version, "pgvector" if database.has_pgvector else
            "no pgvector (vector_distance is an SQL function over real[])",
            scale.features, scale.documents, scale.training), flush=True)
        workload = Workload(scale, database.has_pgvector)
        load(database, scale)
        result.unindexed = measure_direct(database, workload, options)
        create_indexes(database, scale)
        workload.has_indexes = True
        result.indexed = measure_direct(database, workload, options)
        with Recall(database) as recall:
            report_recalled(database, recall, workload, options, result)
            if options.keep:
                keep_up(database, recall)


def report_recalled(database, recall, workload, options, result):
    traffic = measure.Traffic(database, recall, workload)
    measure_recalled(traffic, workload, options, result)
    result.compared = traffic.compared
    result.asked = sum(traffic.asked.values())
    result.told = traffic.told()
    report.print_workload(workload.scale, measure.CONNECTIONS)
    print("  measured  %d requests, of them %d writes (%s)" % (
        traffic.requests, sum(traffic.writes.values()),
        ", ".join("%d %s" % (count, table) for table, count in traffic.writes.items())))
    report.print_result(result)
    report.print_verdicts(result)
    if options.small:
        print("note     the wanted figures are meant for the full demo: here \"unindexed\" reads a twentieth")
    if options.ttl_sweep:
        sweep(recall, traffic, workload)
    traffic.close()


def stop(*_):
    raise KeyboardInterrupt


def main(argv):
    options = arguments(argv)
    signal.signal(signal.SIGTERM, stop)
    sys.stdout.reconfigure(errors="replace")  # the bar's blocks, where the terminal has none
    try:
        run(options)
    except measure.Difference as difference:
        print("\nDIFFERENT: pgrecall's answer is not PostgreSQL's\n%s" % difference, file=sys.stderr)
        return 1
    except (DemoError, WireError, pgr_harness.HarnessError, psycopg.Error) as error:
        print("\nscripts/demo: %s" % error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nscripts/demo: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
