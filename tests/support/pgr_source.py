# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL's tests, from Debian's source package of the installed server; kept under build/, never committed."""

import glob
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

from pgr_postgres import bin_folder
from pgr_process import HarnessError
from pgr_proxy import TOP

CACHE = os.path.join(TOP, "build", "regress")
WANTED = re.compile(r"^[^/]+/src/test/(regress|isolation|modules/libpq_pipeline)/")


def source_folder():
    """The unpacked tests, downloaded when they are not there yet."""
    package = "postgresql-" + os.path.basename(os.path.dirname(bin_folder()))
    found = sorted(glob.glob(os.path.join(CACHE, "source", package + "_*")))
    if found:
        return found[-1]
    return _download(package)


def _run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def _source_lists(folder):
    """A copy of the machine's package sources that asks for sources instead of binaries."""
    for path in ["/etc/apt/sources.list"] + glob.glob("/etc/apt/sources.list.d/*"):
        if not path.endswith((".list", ".sources")) or not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
        text = re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.M)
        text = re.sub(r"^deb\s", "deb-src ", re.sub(r"^deb-src\s.*\n?", "", text, flags=re.M), flags=re.M)
        with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as out:
            out.write(text)


class _Apt:
    """apt with package lists of its own: the machine's settings stay as they are."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("sources.d", "lists/partial", "cache/archives/partial", "download"):
            os.makedirs(os.path.join(folder, name))
        _source_lists(os.path.join(folder, "sources.d"))
        self._options = []
        for option in ("Dir::Etc::sourcelist=/dev/null", "Dir::Etc::sourceparts=%s/sources.d" % folder,
                       "Dir::State::lists=%s/lists" % folder, "Dir::Cache=%s/cache" % folder,
                       "APT::Sandbox::User=root"):
            self._options += ["-o", option]

    def run(self, program, *arguments):
        return _run([program, *self._options, "-q", *arguments], cwd=os.path.join(self.folder, "download"))

    def versions(self, package):
        """The versions on offer, the newest first; a mirror may list one that it does not have."""
        _, out, _ = self.run("apt-cache", "showsrc", package)
        versions = re.findall(r"^Version: (\S+)$", out, re.M)
        return sorted(set(versions), key=lambda one: [int(part) for part in re.findall(r"\d+", one)], reverse=True)

    def download(self, package):
        """Fetches the newest version to be had; returns (version, path of the original archive)."""
        self.run("apt-get", "update")
        complaints = "no version is on offer"
        for version in self.versions(package):
            code, _, complaints = self.run("apt-get", "source", "--download-only", "%s=%s" % (package, version))
            archives = glob.glob(os.path.join(self.folder, "download", "*.orig.tar.*"))
            if code == 0 and archives:
                return version, archives[0]
        raise HarnessError("no source package of %s: %s" % (package, complaints))


def _download(package):
    folder = tempfile.mkdtemp(prefix="pgr-source-", dir="/tmp")
    try:
        version, archive = _Apt(folder).download(package)
        target = os.path.join(CACHE, "source", "%s_%s" % (package, version))
        partial = target + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archive) as tar:
            for member in tar:
                if WANTED.match(member.name) and (member.isfile() or member.isdir()):
                    member.name = member.name.split("/", 1)[1]
                    tar.extract(member, partial)
        os.rename(partial, target)
        return target
    finally:
        shutil.rmtree(folder, ignore_errors=True)
