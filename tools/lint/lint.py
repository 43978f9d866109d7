"""samjoko-lint: finds ways to write co_await that g++ 12 compiles wrongly, without a warning."""
import argparse
import os
import pathlib
import signal
import sys

from cpp_file import File
from cpp_types import Types
from declarations import Reader
from rules import RULES, Checker

_KINDS = (".cpp", ".hpp", ".cc", ".hh", ".cxx", ".hxx", ".h", ".ipp", ".inl", ".c++", ".h++")
_EPILOG = """\
Prints FILE:LINE:COLUMN: what is wrong and what to write instead [RULE].
A comment silences its line, or alone on a line the next: // samjoko-lint: allow(RULE)
Exit code: 0 nothing found, 1 findings, 2 wrong usage or a file that cannot be read.

rules:
""" + "\n".join(f"  {name:18}{text}" for name, text in RULES.items())


class Library:
    """All files read so far, so that a header is read once."""

    def __init__(self, folders):
        self.folders, self.read = folders, {}

    def load(self, path, source=None):
        path = os.path.realpath(path)
        if path not in self.read:
            if source is None:
                source = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
            file = File(path, source)
            self.read[path] = (file, Reader(file))
        return self.read[path]

    def included(self, file):
        """A file and what it includes, in turn, as far as it is found; the standard library not."""
        reached, left = {}, [file]
        while left:
            file = left.pop()
            if file.path in reached:
                continue
            reached[file.path] = self.load(file.path)[1]
            for _, name in file.includes:
                found = self._find(name, os.path.dirname(file.path))
                if found:
                    left.append(self.load(found)[0])
        return list(reached.values())

    def _find(self, name, folder):
        """Beside the file, in a folder above it (the root of its sources), or in those of -I."""
        places = [folder]
        while "/" in name and os.path.dirname(places[-1]) not in ("", places[-1], "/"):
            places.append(os.path.dirname(places[-1]))
        for place in [*places, *self.folders]:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                return path
        return None


def check(library, path, source=None):
    """Findings of one file, as (line, column, rule, message)."""
    file, _ = library.load(path, source)
    if "co_await" not in file.text:
        found = []
    else:
        types = Types(file.path)
        for reader in library.included(file):
            types.add(reader)
        found = Checker(file, types).findings()
    rows = [(*file.position(f.token), f.rule, f.message) for f in found]
    rows = [row for row in rows if row[2] not in file.allowed.get(row[0], ())]
    for line, rules in file.allowed.items():
        rows += [(line, 1, "allow", f"there is no rule '{rule}'; see samjoko-lint --help")
                 for rule in sorted(rules - set(RULES))]
    return sorted(rows)


def files_of(path):
    """The C++ files of a folder; build trees and what is hidden are left out."""
    if not os.path.isdir(path):
        return [path]
    found = []
    for folder, below, names in os.walk(path):
        below[:] = [] if "CMakeCache.txt" in names else sorted(
            name for name in below if not name.startswith("."))
        if "CMakeCache.txt" not in names:
            found += [os.path.join(folder, name) for name in sorted(names)
                      if name.endswith(_KINDS)]
    return found


def main():
    parser = argparse.ArgumentParser(
        prog="samjoko-lint", description=__doc__.partition(": ")[2], epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-I", dest="folders", action="append", default=[], metavar="FOLDER",
                        help="where headers are looked for too; types in headers that are not "
                        "found are unknown")
    parser.add_argument("paths", nargs="+", metavar="FILE", help="a C++ file, or a folder of them")
    options = parser.parse_args()
    sys.setrecursionlimit(1_000_000)                      # braces in braces, as deep as they stand
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)         # samjoko-lint src | head
    here = pathlib.Path(__file__).resolve().parents[3] / "include"
    library, findings, failed = Library([*options.folders, str(here)]), 0, False
    for path in [one for given in options.paths for one in files_of(given) or [given]]:
        try:
            rows = check(library, path)
        except OSError as error:
            why = error.strerror
            if os.path.isdir(path):
                why = "there is no C++ file in it"
            print(f"samjoko-lint: {path}: {why}", file=sys.stderr)
            failed = True
            continue
        for line, column, rule, message in rows:
            print(f"{path}:{line}:{column}: {message} [{rule}]")
        findings += len(rows)
    return 2 if failed else 1 if findings else 0
