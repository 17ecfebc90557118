#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""lint.selftest: each lint complains about what it is there for, and about nothing else."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

import layers
import shape
import symbols
import tree
import words

HERE = pathlib.Path(__file__).resolve().parent


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class Layers(Scratch):
    def complaints(self, name, text):
        self.write(name, text)
        found, count = layers.check(self.root, layers.Table(HERE / "layers.txt"))
        self.assertGreater(count, 0)
        return found

    def test_what_is_allowed(self):
        self.write("src/session/fsm_priv.h", "")
        self.assertEqual([], self.complaints("src/session/fsm.c", (
            '#include "pgrecall/session/fsm.h"\n'
            '#include "pgrecall/base/reasons.def"\n'
            "#include <string.h>\n"
            '#include "fsm_priv.h"\n'
            '#include "pgrecall/upstream/conn.h"\n')))

    def test_upward(self):
        found = self.complaints("src/wire/frame.c", '\n#  include "pgrecall/net/loop.h"\n')
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("src/wire/frame.c:2: wire may not use net"))

    def test_upward_in_a_contract(self):
        self.assertEqual(1, len(self.complaints("include/pgrecall/wire/a.h", '#include "pgrecall/net/loop.h"\n')))

    def test_no_such_room(self):
        self.assertEqual(1, len(self.complaints("src/wire/a.c", '#include "pgrecall/nowhere/a.h"\n')))
        self.assertEqual(2, len(self.complaints("src/nowhere/a.c", "")))

    def test_the_daemon_may_all(self):
        self.assertEqual([], self.complaints("src/daemon/main.c", '#include "pgrecall/admin/console.h"\n'))

    def test_libraries(self):
        for header, room, stranger in [
            ("xxhash.h", "base", "sql"), ("pg_query.h", "sql", "policy"), ("ini.h", "conf", "daemon"),
            ("uv.h", "net", "session"), ("libpq-fe.h", "pq", "upstream"), ("hiredis/async.h", "redis", "cache"),
            ("openssl/ssl.h", "net", "upstream"), ("microhttpd.h", "admin", "metrics"),
            ("lz4.h", "redis", "cache"), ("systemd/sd-daemon.h", "daemon", "net"),
        ]:
            with self.subTest(header):
                line = f"#include <{header}>\n"
                self.assertEqual([], self.complaints(f"src/{room}/a.c", line))
                self.assertEqual(1, len(self.complaints(f"src/{stranger}/a.c", line)))
                self.assertEqual(2, len(self.complaints(f"include/pgrecall/{stranger}/a.h", line)))
                (self.root / f"src/{stranger}/a.c").unlink()
                (self.root / f"include/pgrecall/{stranger}/a.h").unlink()

    def test_a_library_nobody_knows(self):
        self.assertIn("not in the table", self.complaints("src/wire/a.c", "#include <curl/curl.h>\n")[0])

    def test_private_headers(self):
        self.write("src/wire/a_priv.h", "")
        self.assertEqual(1, len(self.complaints("src/cache/a.c", '#include "a_priv.h"\n')))
        self.assertEqual(1, len(self.complaints("src/cache/a.c", '#include "../wire/a_priv.h"\n')))
        (self.root / "src/cache/a.c").unlink()
        self.assertEqual(1, len(self.complaints("include/pgrecall/wire/a.h", '#include "a_priv.h"\n')))

    def test_links(self):
        self.write("src/wire/CMakeLists.txt", "pgr_room(wire # ROOMS\n SOURCES a.c ROOMS base net LIBS sql)\n")
        self.assertEqual(["src/wire/CMakeLists.txt:1: wire may not link net"], self.complaints("src/wire/a.c", ""))

    def test_a_source_in_no_room(self):
        self.assertEqual(1, len(self.complaints("src/a.c", "")))
        self.assertEqual(2, len(self.complaints("src/wire/deeper/a.c", "")))


class Symbols(unittest.TestCase):
    def judge(self, name, kind, room="wire", source="a.c", allowed=()):
        line = f"/b/src/{room}/libpgr_{room}.a[{source}.o]: {name} {kind} 0 4"
        return symbols.judge(line, set(allowed))

    def test_definitions(self):
        for kind in "TDBRVWC":
            self.assertIsNone(self.judge("pgr_frame_peek", kind))
            self.assertIsNotNone(self.judge("frame_peek", kind))
        self.assertIsNotNone(self.judge("pgrframe", "T"))
        self.assertIsNone(self.judge("__odr_asan.pgr_x", "B"))

    def test_the_heap(self):
        self.assertIsNotNone(self.judge("malloc", "U"))
        self.assertIsNotNone(self.judge("strdup", "U"))
        self.assertIsNone(self.judge("pgr_alloc", "U"))
        self.assertIsNone(self.judge("malloc", "U", "base", "mem.c"))
        self.assertIsNotNone(self.judge("malloc", "U", "wire", "mem.c"))
        self.assertIsNone(self.judge("free", "U", "sql", "a.c", [("sql", "a.c", "free")]))

    def test_other_lines(self):
        self.assertIsNone(symbols.judge("/b/libpgr_wire.a[a.c.o]:", set()))


class Words(Scratch):
    def test_forbidden(self):
        for text in ["/* TO" "DO */", "FIX" "ME", "XX" "X: look", "a HA" "CK", "/wo" "rk/main", "cd /ro" "ot", '"/tmp/' 'pgr/x"']:
            with self.subTest(text):
                self.assertEqual(1, len(list(words.judge("fine\n" + text))))

    def test_not_forbidden(self):
        text = "mktemp pgr.XX" "XXXX; XX000; hacky; a/work; src/root; ${base}/work; /tmp/pgrecall; /working; ~/work"
        self.assertEqual([], list(words.judge(text)))

    def test_a_tree(self):
        self.write("docs/a.md", "one\ntwo FIX" "ME\n")
        self.write("elsewhere/a.md", "FIX" "ME\n")
        (self.write("tests/b.bin", "")).write_bytes(b"\0FIX" b"ME")
        self.assertEqual((["docs/a.md:2: FIX" "ME"], 2), words.check(self.root))


class Shape(Scratch):
    def file(self, text, name="src/wire/a.c"):
        return shape.File(self.write(name, text), name)

    def budgets(self, text):
        return [row[:2] for row in self.file(text).excesses()]

    def function(self, lines, body="    f();\n", parameters="void"):
        return f"int g({parameters})\n{{\n{body * (lines - 3)}}}\n"

    def test_lengths(self):
        self.assertEqual([80], [one.lines for one in self.file(self.function(80)).functions])
        self.assertEqual([], self.budgets(self.function(80)))
        self.assertEqual([("lines", "g")], self.budgets(self.function(81)))
        self.assertEqual([("length", "")], self.budgets("\n" * 701))

    def test_parameters(self):
        self.assertEqual([], self.budgets(self.function(9, parameters="int a, int b, int c, int d, void (*e)(int, int)")))
        self.assertEqual([("parameters", "g")], self.budgets(self.function(9, parameters="int a, int b,\n  int c, int d, int e, int f")))

    def test_levels(self):
        deep = "".join("    " * depth + "if (a) {\n" for depth in range(1, 6)) + "} " * 5 + "\n"
        self.assertEqual([("levels", "g")], self.budgets(f"int g(void)\n{{\n{deep}}}\n"))

    def test_structs(self):
        self.assertEqual([], self.budgets("struct s {\n" + "    int a;\n" * 25 + "};\n"))
        self.assertEqual([("fields", "s")], self.budgets("struct s {\n" + "    int a; /* ; */\n" * 26 + "};\n"))

    def test_globals(self):
        self.assertEqual([("mutable", "a"), ("mutable", "b"), ("mutable", "c")], self.budgets(
            "int a;\nstatic int b = 1;\nstatic struct s c[4];\n"
            "static const int d = 1;\nextern int e;\nint f(void);\nstruct s;\n"
            "static const char *const g[] = {\n    h,\n};\n"))

    def test_comments(self):
        self.assertEqual(3, self.file("// SPDX-x\n/* a\n * b */\nint a; // c\nchar *d = \"/* e */\";\n").comments)

    def test_waivers(self):
        files = [self.file("int a;\nint b;\n")]
        rows = list(shape.excess_rows(files, {("src/wire/a.c", "mutable", "a"), ("gone.c", "length")}))
        self.assertEqual(2, len(rows))
        self.assertIn("b: a mutable", rows[0])
        self.assertIn("waiver of nothing: gone.c length", rows[1])


class Tree(unittest.TestCase):
    def test_a_lint_of_nothing_fails(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(1, tree.finish([], 0, "files"))
            self.assertEqual(1, tree.finish(["a"], 1, "files"))
            self.assertEqual(0, tree.finish([], 1, "files"))


if __name__ == "__main__":
    sys.exit(unittest.main())
