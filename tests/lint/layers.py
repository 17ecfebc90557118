#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.layers: an #include names only what layers.txt lets its room use.

usage: layers.py <root of the tree> [<table>]
"""
import fnmatch
import pathlib
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
ROOM_CALL = re.compile(r"pgr_room\(\s*(\w+)([^)]*)\)", re.DOTALL)


class Table:
    """rooms: name -> the rooms it may use. headers: (pattern, rooms) in file order."""

    def __init__(self, path):
        self.rooms = {}
        self.headers = []
        for number, words in tree.table(path):
            if words[0] == "room" and len(words) >= 2:
                self.rooms[words[1]] = set(words[2:]) | {words[1]}
            elif words[0] == "header" and len(words) >= 3:
                self.headers.append((words[1], set(words[2:])))
            else:
                sys.exit(f"{path}:{number}: neither a room nor a header")

    def may_use(self, room, other):
        return other in self.rooms and not self.rooms[room].isdisjoint({other, "*"})

    def may_name(self, room, header):
        """None if the table does not know the header at all."""
        for pattern, rooms in self.headers:
            if fnmatch.fnmatchcase(header, pattern):
                return not rooms.isdisjoint({room, "*"})
        return None


def judge_quoted(table, path, room, name):
    parts = name.split("/")
    if parts[0] == "pgrecall":
        if len(parts) != 3:
            return f'"{name}" is not pgrecall/<room>/<module>'
        if not table.may_use(room, parts[1]):
            return f'{room} may not use {parts[1]} ("{name}")'
    elif path.parent.parent.name != "src":
        return f'a contract includes only contracts, not "{name}"'
    elif len(parts) > 1 or not (path.parent / name).is_file():
        return f'"{name}" is no private header of {room}'
    return None


def judge_library(table, room, name):
    verdict = table.may_name(room, name)
    if verdict is None:
        return f"<{name}> is not in the table of headers"
    return None if verdict else f"{room} may not name <{name}>"


def judge_file(table, path, room):
    if room not in table.rooms:
        yield 1, f"{room} is not in the table of rooms"
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quoted, library = found.groups()
        complaint = (
            judge_quoted(table, path, room, quoted)
            if quoted
            else judge_library(table, room, library)
        )
        if complaint:
            yield number, complaint


def linked_rooms(text):
    """(room, rooms that its pgr_room() links)."""
    for name, rest in ROOM_CALL.findall(text):
        section = None
        rooms = []
        for word in rest.split():
            if word in ("SOURCES", "ROOMS", "LIBS"):
                section = word
            elif section == "ROOMS":
                rooms.append(word)
        yield name, rooms


def judge_links(table, path):
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    for room, rooms in linked_rooms(text):
        for other in rooms:
            if room in table.rooms and not table.may_use(room, other):
                yield 1, f"{room} may not link {other}"


def check(root, table):
    """(complaints, number of files)."""
    complaints = []
    sources = [path for path in tree.files(root, ["src", "include"]) if path.suffix in (".c", ".h", ".def")]
    for path in sources:
        relative = path.relative_to(root)
        depth = 1 if relative.parts[0] == "src" else 2
        if len(relative.parts) != depth + 2:
            complaints.append(f"{relative}:1: a source lies in the folder of its room")
            continue
        for number, text in judge_file(table, path, relative.parts[depth]):
            complaints.append(f"{relative}:{number}: {text}")
    for path in tree.files(root, ["src"], {".txt"}):
        for number, text in judge_links(table, path):
            complaints.append(f"{path.relative_to(root)}:{number}: {text}")
    return complaints, len(sources)


def main(argv):
    root = tree.root_of(argv)
    default = pathlib.Path(__file__).resolve().parent / "layers.txt"
    table = Table(pathlib.Path(argv[2]) if len(argv) > 2 else default)
    complaints, count = check(root, table)
    return tree.finish(complaints, count, "sources")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
