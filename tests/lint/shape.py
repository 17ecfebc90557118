#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.shape: the budgets of functions, files, structs and comments. Prints, and never fails.

It reads text, not C: it relies on the layout that lint.format keeps (the braces of a function and
the closing brace of a struct are in the first column).

usage: shape.py <root of the tree> [<waivers>]
"""
import pathlib
import re
import statistics
import sys

import tree

FUNCTION_LINES = 80
SWITCH_LINES = 120
LEVELS = 4
PARAMETERS = 5
FILE_LINES = {".c": 700, ".h": 300}
FIELDS = 25
COMMENT_SHARE = {".c": (8, 20), ".h": (25, 100)}
GOAL_MEDIAN = 15
GOAL_P90 = 45

# Comments, strings and characters, in the order in which C sees them.
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
NAME = re.compile(r"(\w+)\s*\(")
STRUCT = re.compile(r"^(?:typedef )?struct (\w+) \{$")
GLOBAL = re.compile(r"^(?!typedef|return|goto|extern|struct \w+;|enum \w+;|union \w+;)[A-Za-z_][\w\s*]*[\s*](\w+)(?:\[[^\]]*\])*\s*[=;]")


def strip(text):
    """(code with comments and strings blanked, number of lines that carry a comment)."""
    commented = set()

    def blank(found):
        token = found.group()
        if token.startswith(("/*", "//")):
            first = text.count("\n", 0, found.start())
            if "SPDX" not in token:
                commented.update(range(first, first + token.count("\n") + 1))
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1]

    return TOKEN.sub(blank, text), len(commented)


class Function:
    def __init__(self, signature, body, line):
        self.line = line
        head = " ".join(signature)
        self.name = (NAME.search(head) or [None, "?"])[1]
        self.lines = len(signature) + len(body)
        self.parameters = count_parameters(head)
        self.levels = count_levels(body)
        self.has_switch = any("switch (" in row for row in body)

    def limit(self):
        return SWITCH_LINES if self.has_switch else FUNCTION_LINES


def count_parameters(head):
    inside = head[head.find("(") + 1 : head.rfind(")")]
    depth = 0
    count = 0 if inside.strip() in ("", "void") else 1
    for char in inside:
        depth += (char in "([") - (char in ")]")
        count += char == "," and depth == 0
    return count


def count_levels(body):
    """How deep its blocks nest; the function's own braces are not counted."""
    depth = deepest = 0
    for row in body:
        for char in row:
            depth += (char == "{") - (char == "}")
            deepest = max(deepest, depth)
    return max(deepest - 1, 0)


def functions(rows):
    signature = []
    start = None
    for number, row in enumerate(rows):
        if row == "{" and signature:
            start = number
        elif row == "}" and start is not None:
            yield Function(signature, rows[start : number + 1], start + 1 - len(signature))
            start, signature = None, []
        elif start is None:
            is_head = row and not row.startswith(("#", "}")) and not row.endswith((";", "{"))
            signature = signature + [row] if is_head else []


def structs(rows):
    """(name, fields, line); a nested struct's fields count for the outer one."""
    name = None
    for number, row in enumerate(rows):
        if name is None and (found := STRUCT.match(row)):
            name, fields, line = found.group(1), 0, number + 1
        elif name is not None and row.startswith("}"):
            yield name, fields, line
            name = None
        elif name is not None:
            fields += row.count(";")


def mutable_globals(rows):
    depth = 0
    for number, row in enumerate(rows):
        found = GLOBAL.match(row) if depth == 0 and not row.startswith("#") else None
        if found and "const" not in row.split("=")[0].split() and "(" not in row.split("=")[0]:
            yield found.group(1), number + 1
        depth += row.count("{") - row.count("}")


class File:
    def __init__(self, path, name):
        text = path.read_text(encoding="utf-8")
        code, comments = strip(text)
        rows = [row.rstrip() for row in code.splitlines()]
        self.name = name
        self.suffix = path.suffix
        self.length = len(rows)
        self.comments = comments
        self.functions = list(functions(rows))
        self.structs = list(structs(rows))
        self.globals = list(mutable_globals(rows)) if path.suffix == ".c" else []

    def excesses(self):
        """(budget, of what or "", line, sentence)."""
        if self.length > FILE_LINES[self.suffix]:
            yield "length", "", 1, f"{self.length} lines, more than {FILE_LINES[self.suffix]}"
        for one in self.functions:
            if one.lines > one.limit():
                yield "lines", one.name, one.line, f"{one.name}: {one.lines} lines, more than {one.limit()}"
            if one.levels > LEVELS:
                yield "levels", one.name, one.line, f"{one.name}: {one.levels} levels, more than {LEVELS}"
            if one.parameters > PARAMETERS:
                yield "parameters", one.name, one.line, f"{one.name}: {one.parameters} parameters, more than {PARAMETERS}"
        for name, fields, line in self.structs:
            if fields > FIELDS:
                yield "fields", name, line, f"struct {name}: {fields} fields, more than {FIELDS}"
        for name, line in self.globals:
            yield "mutable", name, line, f"{name}: a mutable variable of the file"


def excess_rows(files, waivers):
    used = set()
    for file in files:
        for budget, what, line, sentence in file.excesses():
            waiver = (file.name, budget, what) if what else (file.name, budget)
            if waiver in waivers:
                used.add(waiver)
            else:
                yield f"{file.name}:{line}: {sentence}"
    for waiver in sorted(waivers - used):
        yield f"waiver of nothing: {' '.join(waiver)}"


def summary_rows(files):
    sizes = sorted(one.lines for file in files for one in file.functions)
    if sizes:
        yield (
            f"functions: {len(sizes)}, median {statistics.median(sizes):g} (goal {GOAL_MEDIAN}), "
            f"p90 {sizes[int(len(sizes) * 0.9)]} (goal {GOAL_P90}), longest {sizes[-1]}"
        )
    for suffix, (least, most) in COMMENT_SHARE.items():
        chosen = [file for file in files if file.suffix == suffix]
        total = sum(file.length for file in chosen)
        if total:
            share = 100 * sum(file.comments for file in chosen) / total
            yield f"{suffix}: {len(chosen)} files, {total} lines, {share:.0f} % comment (goal {least}-{most})"


def main(argv):
    root = tree.root_of(argv)
    default = pathlib.Path(__file__).resolve().parent / "waivers.txt"
    waivers = {tuple(words) for _, words in tree.table(pathlib.Path(argv[2]) if len(argv) > 2 else default)}
    paths = tree.files(root, ["src", "include"], {".c", ".h"})
    files = [File(path, str(path.relative_to(root))) for path in paths]
    for row in [*excess_rows(files, waivers), *summary_rows(files)]:
        print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
