#!/usr/bin/env python3
"""The style test: what the house agreed on and a compiler does not see. Rules: style_rules.py.

  tools/style.py            check every file of the repository
  tools/style.py FILE...    check these
  tools/style.py --report   print medians and the largest files and functions
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys

import style_rules

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = (".cpp", ".hpp", ".py", ".sh", ".cmake", ".txt", ".md", ".json", ".css", ".js", ".yml")
SCRIPTS = ("dev", ".ci/run", "tools/samjoko-lint")
# What others wrote or a tool made, and data that only tests read.
EXEMPT = ("LICENSE", "tests/data/", "tests/corpus/", "examples/site/", "build/", ".cache/", ".git/")


def repository_files():
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
        capture_output=True, text=True)
    if listing.returncode == 0:
        paths = listing.stdout.splitlines()
    else:  # an unpacked archive
        paths = [str((pathlib.Path(folder) / name).relative_to(ROOT))
                 for folder, _, names in os.walk(ROOT) for name in names]
    return sorted(p for p in paths if (p.endswith(KINDS) or p in SCRIPTS)
                  and not p.startswith(EXEMPT) and (ROOT / p).is_file())


def report(files):
    """Sizes of the C++ sources; tests apart, since their length is no burden on a reader."""
    for title, chosen in (("sources", [f for f in files if f.is_cpp and not f.is_test]),
                          ("tests", [f for f in files if f.is_cpp and f.is_test])):
        sizes = sorted((len(f.lines), f.path) for f in chosen)
        calls = sorted((n, f"{f.path}:{line} {name}")
                       for f in chosen for name, line, n in style_rules.functions(f))
        for what, found in (("files", sizes), ("functions", calls)):
            if found:
                lengths = [n for n, _ in found]
                ninth = lengths[int(0.9 * (len(lengths) - 1))]
                print(f"{title}, {what}: {len(found)}; lines: "
                      f"median {statistics.median(lengths):g}, 90 % {ninth}, most {lengths[-1]}")
                for length, where in reversed(found[-5:]):
                    print(f"    {length:4} {where}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    rooms = style_rules.read_rooms((ROOT / "CMakeLists.txt").read_text())
    paths = ([str(pathlib.Path(p).resolve().relative_to(ROOT)) for p in options.files]
             or repository_files())
    files = [style_rules.load(ROOT, path, rooms) for path in paths]
    if options.report:
        report(files)
        return 0
    findings = 0
    for file in files:
        for line, rule, message in sorted(style_rules.check(file)):
            findings += 1
            print(f"{file.path}:{line}: {message} [{rule}]")
    print(f"{len(files)} files, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
