# SPDX-License-Identifier: PostgreSQL
"""The demo's tables and verdicts."""

from operations import OPERATIONS, QUESTIONS, WRITE_SHARE, WRITTEN, ZIPF_EXPONENT, DATASETS_IN_TRAINING

HIT_GAIN = 80  # per cent that a hit's p50 is to be below the indexed query's


def time_text(milliseconds):
    """Three digits that matter, whatever the size."""
    if milliseconds != milliseconds:
        return "-"
    if milliseconds >= 100:
        return "%.0f ms" % milliseconds
    if milliseconds >= 10:
        return "%.1f ms" % milliseconds
    if milliseconds >= 1:
        return "%.2f ms" % milliseconds
    return "%.3f ms" % milliseconds


def size_text(count):
    return "%.1f MB" % (count / (1 << 20))


def gain(before, after):
    """By how many per cent of `before` is `after` less."""
    return 100.0 * (1 - after / before)


def print_table(head, rows):
    widths = [max(len(row[column]) for row in [head] + rows) for column in range(len(head))]
    for number, row in enumerate([head] + rows):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def print_workload(scale, connections):
    print("\nThe traffic: %d connections, one request at a time, autocommit, psycopg's messages." % connections)
    print("  keys      zipf %.1f over %d users, %d questions, %d batches (%d of 10 datasets), 20 models" % (
        ZIPF_EXPONENT, scale.users, QUESTIONS, DATASETS_IN_TRAINING * scale.batches, DATASETS_IN_TRAINING))
    print("  mix       " + ", ".join("%d %% %s" % (one.weight, one.name.split(" (")[0].lower()) for one in OPERATIONS))
    print("  writes    %g %% of the requests, through pgrecall: %s" % (
        100 * WRITE_SHARE, ", ".join("%d %% %s" % (share, table) for table, share in WRITTEN.items())))
    print("  a write makes pgrecall forget every answer that was read from the table written")


def print_result(result):
    """The tutorial's table, measured: means, so that every miss weighs what it cost."""
    print("\nMean latency of a request, from its first byte sent to the last byte of its answer")
    rows = []
    for one in OPERATIONS:
        before = result.unindexed[one.mark].mean()
        rows.append([one.name, time_text(before), time_text(result.indexed[one.mark].mean()),
                     time_text(result.mixed[one.mark].mean()), time_text(result.hits[one.mark].mean()),
                     "%.1f %%" % gain(before, result.mixed[one.mark].mean()),
                     "%d %% (%s)" % (one.claim, one.claim_text)])
    print_table(["Operation", "unindexed", "tutorial's indexes", "pgrecall, all requests", "pgrecall, hits",
                 "improvement", "the tutorial's claim"], rows)
    print("improvement: pgrecall over all requests, misses included, against unindexed")
    print_medians(result)


def print_medians(result):
    print("\nThe same as p50 / p99, and what pgrecall counted during the traffic")
    rows = []
    for one in OPERATIONS:
        counts = result.counts[one.mark]
        phases = (result.unindexed, result.indexed, result.mixed, result.hits)
        cells = ["%s / %s" % (time_text(phase[one.mark].quantile(0.5)), time_text(phase[one.mark].quantile(0.99)))
                 for phase in phases]
        rows.append([one.name] + cells + [str(counts[key]) for key in ("calls", "hits", "misses", "bypasses")]
                    + [ratio_text(counts)])
    print_table(["Operation", "unindexed", "tutorial's indexes", "all requests", "hits", "calls", "hits", "misses",
                 "bypasses", "hit ratio"], rows)
    for one in OPERATIONS:
        counts = result.counts[one.mark]
        if counts["bypasses"]:
            print("%d bypasses of %s: %s" % (counts["bypasses"], one.name, ", ".join(sorted(counts["reasons"]))))


def ratio_text(counts):
    if counts["calls"] == 0:
        return "-"
    return "%.1f %%" % (100.0 * counts["hits"] / counts["calls"])


def verdicts(result):
    """(met?, sentence) of each threshold."""
    for one in OPERATIONS:
        reached = gain(result.unindexed[one.mark].mean(), result.mixed[one.mark].mean())
        yield reached >= one.claim, "%s: %.1f %% better than unindexed over all requests (wanted: %d %%)" % (
            one.name, reached, one.claim)
    for one in OPERATIONS:
        reached = gain(result.indexed[one.mark].quantile(0.5), result.hits[one.mark].quantile(0.5))
        yield reached >= HIT_GAIN, "%s: a hit's p50 is %.1f %% below the indexed query's (wanted: %d %%)" % (
            one.name, reached, HIT_GAIN)
    for one in OPERATIONS:
        counts = result.hit_counts[one.mark]
        if counts["hits"] < result.hits_timed[one.mark]:
            yield False, "%s: of the %d statements timed as hits, pgrecall counted %d%s" % (
                one.name, result.hits_timed[one.mark], counts["hits"],
                " (%s)" % ", ".join(sorted(counts["reasons"])) if counts["reasons"] else "")
    if result.told != result.asked:
        yield False, "pgrecall's log counts %d reads, the client sent %d" % (result.told, result.asked)


def print_verdicts(result):
    print()
    for is_met, sentence in verdicts(result):
        print("%-8s %s" % ("met" if is_met else "NOT MET", sentence))
    print("%-8s %d answers compared with PostgreSQL's, byte for byte: all equal" % ("equal", result.compared))
    print("%-8s %d answers, %s" % ("held", result.held[0], size_text(result.held[1])))
