#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.words: no notes to self, and no path of the machine that it was written on.

usage: words.py <root of the tree>
"""
import re
import sys

import tree

FOLDERS = ["src", "include", "tests", "scripts", "bench", "docs", "conf", "docker", "systemd"]
# Written in two halves, or this file would be the first complaint.
NOTES = ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")
PLACES = ("wo" "rk", "ro" "ot", "tmp/" "pgr")
FORBIDDEN = re.compile(
    rf"\b(?:{'|'.join(NOTES)})\b" + rf"|(?<![\w./~{{}}$-])/(?:{'|'.join(PLACES)})(?![\w-])"
)


def judge(text):
    """(line number, what was found) for each forbidden word."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in FORBIDDEN.finditer(line):
            yield number, found.group()


def check(root):
    complaints = []
    paths = tree.files(root, FOLDERS)
    for path in paths:
        content = path.read_bytes()
        if b"\0" in content:  # a seed of a fuzz target, a picture
            continue
        for number, word in judge(content.decode("utf-8", "replace")):
            complaints.append(f"{path.relative_to(root)}:{number}: {word}")
    return complaints, len(paths)


def main(argv):
    complaints, count = check(tree.root_of(argv))
    return tree.finish(complaints, count, "files")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
