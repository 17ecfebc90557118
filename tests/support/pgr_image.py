# SPDX-License-Identifier: PostgreSQL
"""Builds an image's content by its Dockerfile, without Docker: each stage is a root folder, each RUN a chroot.

It knows the instructions that docker/Dockerfile uses, and refuses others. Needs root and debootstrap.
"""

import glob
import json
import os
import re
import shutil
import subprocess

from pgr_process import HarnessError
from pgr_proxy import TOP

CACHE = os.path.join(TOP, "build", "image")
_SUITE = "bookworm"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(argv, timeout=600, **options):
    """Runs a command; HarnessError with its output when it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=timeout, check=False, **options)
    if done.returncode != 0:
        raise HarnessError("%s\n%s" % (" ".join(argv), done.stdout[-4000:]))
    return done.stdout


def base_root():
    """A minimal Debian 12, made once."""
    root = os.path.join(CACHE, "base-" + _SUITE)
    if not os.path.isdir(root):
        partial = root + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(CACHE, exist_ok=True)
        run(["debootstrap", "--variant=minbase", _SUITE, partial])
        for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
            shutil.copy(path, os.path.join(partial, "etc/apt/sources.list.d"))
        os.rename(partial, root)
    return root


def copy_root(source, target):
    """A root of its own, in place of what was there."""
    shutil.rmtree(target, ignore_errors=True)
    run(["cp", "-a", "--reflink=auto", source, target])
    for path in ("/etc/resolv.conf", "/etc/hosts"):
        if os.path.exists(path):
            shutil.copyfile(path, target + path)
    return target


def chroot(root, command, workdir="/", timeout=900):
    """Runs a shell command inside a root, with a /proc and processes of its own; they end with it."""
    inner = "cd %s && %s" % (workdir, command)
    outer = 'mount -t proc proc "$0/proc" && exec chroot "$0" /usr/bin/env -i PATH=%s HOME=/tmp ' \
            'DEBIAN_FRONTEND=noninteractive /bin/sh -c "$1"' % _PATH
    return run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", outer, root, inner], timeout)


def read_dockerfile(path):
    """The instructions as (word, rest), continued lines joined and comments left out."""
    with open(path, encoding="utf-8") as lines:
        text = "".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n", " ", text)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


class Image:
    """The last stage's root and what it is told to run."""

    def __init__(self, dockerfile):
        self.stages = {}
        self.root = None
        self.workdir = "/"
        self.config = {}
        for word, rest in read_dockerfile(dockerfile):
            step = getattr(self, "_do_" + word.lower(), None)
            if step is None:
                raise HarnessError("an instruction that pgr_image.py does not know: %s" % word)
            step(rest)

    def destroy(self):
        for root in self.stages.values():
            shutil.rmtree(root, ignore_errors=True)

    def _do_from(self, rest):
        found = re.fullmatch(r"debian:12-slim(?: AS (\w+))?", rest.strip())
        if not found:
            raise HarnessError("not the base that this test can make: " + rest)
        name = found.group(1) or "final"
        self.root = copy_root(base_root(), os.path.join(CACHE, "stage-" + name))
        self.stages[name] = self.root
        self.workdir, self.config = "/", {}

    def _do_workdir(self, rest):
        self.workdir = rest.strip()
        os.makedirs(self.root + self.workdir, exist_ok=True)

    def _do_run(self, rest):
        chroot(self.root, rest, self.workdir)

    def _do_copy(self, rest):
        *options, source, target = rest.split()
        target = os.path.normpath(os.path.join(self.root + self.workdir, target.lstrip("/")
                                               if target.startswith(".") else self.root + target))
        if options:
            source = self.stages[options[0].split("=", 1)[1]] + source
        if source == ".":
            self._copy_tree(target)
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source if options else os.path.join(TOP, source), target)

    @staticmethod
    def _copy_tree(target):
        """What a fresh clone would hold, and so the build context."""
        names = run(["git", "-C", TOP, "ls-files", "-z"]).split("\0")
        for name in filter(None, names):
            source = os.path.join(TOP, name)
            if os.path.exists(source):
                os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
                shutil.copy(source, os.path.join(target, name))

    def _remember(self, word, rest):
        self.config[word] = json.loads(rest) if rest.startswith("[") else rest.strip()

    def _do_user(self, rest):
        self._remember("user", rest)

    def _do_expose(self, rest):
        self._remember("expose", rest)

    def _do_stopsignal(self, rest):
        self._remember("stopsignal", rest)

    def _do_entrypoint(self, rest):
        self._remember("entrypoint", rest)

    def _do_cmd(self, rest):
        self._remember("cmd", rest)
