# SPDX-License-Identifier: PostgreSQL
"""What the lints share: which files there are, and how a lint ends."""
import os
import pathlib
import subprocess
import sys

GENERATED = {".git", "build", "__pycache__", "node_modules"}


def _tracked(root, folders):
    """The files git knows below the folders, or None where git cannot say."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--", *folders]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return [root / name for name in names] or None


def _walked(root, folders):
    found = []
    for folder in folders:
        for place, inside, names in os.walk(root / folder):
            inside[:] = [name for name in inside if name not in GENERATED]
            found += [pathlib.Path(place) / name for name in names]
    return found


def files(root, folders, suffixes=None):
    """Tracked files that are there; outside a git checkout, all files. Sorted."""
    found = _tracked(root, folders)
    if found is None:
        found = _walked(root, folders)
    return sorted(
        path
        for path in found
        if path.is_file() and (suffixes is None or path.suffix in suffixes)
    )


def table(path):
    """The rows of a table file as (line number, words); # begins a comment."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if words:
            yield number, words


def finish(complaints, checked, what):
    """Prints the complaints; the exit code. A lint that looked at nothing has failed."""
    for complaint in complaints:
        print(complaint)
    print(f"{checked} {what} checked, {len(complaints)} complaints")
    return 1 if complaints or checked == 0 else 0


def root_of(argv):
    if len(argv) < 2:
        sys.exit(f"usage: {argv[0]} <root of the tree> …")
    return pathlib.Path(argv[1]).resolve()
