#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.symbols: every global symbol of ours begins with pgr_, and the heap has one door.

libpg_query exports names like palloc and hash_bytes, so a symbol without the prefix is a clash
waiting to be linked; and a malloc outside base/mem.c escapes both budget and failing-memory tests.

usage: symbols.py <nm> <table> libpgr_<room>.a …
"""
import pathlib
import re
import subprocess
import sys

import tree

PREFIX = "pgr_"
# What sanitizers and coverage leave in our objects.
FOREIGN = ("__asan", "__odr_asan", "__sancov", "__tsan", "__ubsan", "__start___", "__stop___", "__llvm", "__prof")
HEAP = {
    "malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup", "asprintf",
    "vasprintf", "aligned_alloc", "posix_memalign", "memalign", "valloc", "malloc_usable_size",
}  # fmt: skip
HEAP_DOOR = ("base", "mem.c")
# "…/libpgr_base.a[buf.c.o]: pgr_buf_init T 0 4f"
LINE = re.compile(r"libpgr_(\w+)\.a\[([^\]]+)\.o\]: (\S+) (\w)")


def judge(line, allowed):
    """A complaint about one line of `nm -P -A -g`, or None."""
    found = LINE.search(line)
    if not found:
        return None
    room, source, name, kind = found.groups()
    if kind in "Uwv":
        if name not in HEAP or (room, source) == HEAP_DOOR or (room, source, name) in allowed:
            return None
        return f"{room}/{source}: calls {name}: the heap's only door is base/mem.h"
    if name.startswith(PREFIX) or name.startswith(FOREIGN):
        return None
    return f"{room}/{source}: defines {name}, which does not begin with {PREFIX}"


def defined(line):
    found = LINE.search(line)
    return bool(found) and found.group(4) not in "Uwv"


def main(argv):
    if len(argv) < 3:
        sys.exit(__doc__)
    allowed = {tuple(words) for _, words in tree.table(pathlib.Path(argv[2]))}
    lines = []
    for archive in argv[3:]:
        done = subprocess.run([argv[1], "-P", "-A", "-g", archive], capture_output=True, check=True, text=True)
        lines += done.stdout.splitlines()
    complaints = [complaint for line in lines if (complaint := judge(line, allowed))]
    return tree.finish(complaints, sum(map(defined, lines)), f"symbols of {len(argv) - 3} rooms")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
