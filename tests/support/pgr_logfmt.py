# SPDX-License-Identifier: PostgreSQL
"""Reads the daemon's logfmt lines: `ts=… level=… event=… key=value key="with \\"quotes\\""`."""

import re

_FIELD = re.compile(r'([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r"}


def _unescape(found):
    word = found.group(1)
    if len(word) == 5:
        return chr(int(word[1:], 16))
    return _PLAIN.get(word, word)


def parse_line(line):
    """The fields of one line as a dict of strings; empty when the line is no logfmt."""
    fields = {}
    for key, quoted, bare in _FIELD.findall(line):
        fields[key] = _ESCAPE.sub(_unescape, quoted) if quoted else bare
    return fields if "event" in fields else {}


def parse(text):
    """All events of a log, oldest first."""
    return [fields for fields in map(parse_line, text.splitlines()) if fields]


def number(fields, key):
    """A field as an integer, 0 when it is not there."""
    return int(float(fields.get(key) or 0))


def sum_query_types(events):
    """The per-type lines of all intervals added up: {fingerprint: {"calls": n, "hits": n, …, "query": text}}."""
    types = {}
    for fields in events:
        if fields["event"] != "query_type":
            continue
        total = types.setdefault(fields.get("fingerprint", ""), {})
        for key, value in fields.items():
            if re.fullmatch(r"[0-9]+", value) and key != "fingerprint" and not re.search(r"p[0-9]+|max", key):
                total[key] = total.get(key, 0) + int(value)
            else:
                total.setdefault(key, value)
    return types
