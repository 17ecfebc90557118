#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.format: the sources look as clang-format 14 leaves them.

Versions disagree about details, so another version's opinion is not asked: without the pinned one
the check is skipped, and says so.

usage: format.py <root of the tree>
"""
import re
import shutil
import subprocess
import sys

import tree

PINNED = "14"
SKIPPED = 77
BATCH = 100
PLACE = re.compile(r"^([^\s:]+):(\d+):\d+: error:", re.MULTILINE)


def find_formatter():
    for name in (f"clang-format-{PINNED}", "clang-format"):
        path = shutil.which(name)
        if path is None:
            continue
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"version (\d+)", version)
        if found and found.group(1) == PINNED:
            return path
    return None


def unformatted(formatter, root, paths):
    """The files that the formatter would change, each with its first line of change."""
    first = {}
    for start in range(0, len(paths), BATCH):
        command = [formatter, "--dry-run", "-Werror", *map(str, paths[start : start + BATCH])]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
        places = PLACE.findall(done.stderr)
        for path, line in places:
            first.setdefault(path, line)
        if done.returncode and not places:
            first[str(formatter)] = done.stderr.strip() or f"exit code {done.returncode}"
    return [f"{path}:{line}: clang-format -i would change it" for path, line in first.items()]


def main(argv):
    root = tree.root_of(argv)
    formatter = find_formatter()
    if formatter is None:
        print(f"skipped: clang-format {PINNED} is not installed")
        return SKIPPED
    paths = tree.files(root, ["src", "include", "tests"], {".c", ".h"})
    return tree.finish(unformatted(formatter, root, paths), len(paths), "files")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
