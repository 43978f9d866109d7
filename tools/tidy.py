#!/usr/bin/env python3
"""Runs clang-tidy over sources whose verdict is not yet known, and remembers the clean ones.

A verdict is kept in .cache/tidy under a hash of what it was made from. By default that is the
source and the headers that it stands for (x.hpp belongs to x.cpp; a header without a source, to
the first file that includes it), so that a change costs few files. With --all it is every header
of this repository that the source reads, directly or not.
"""
import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "tidy"
PROGRAM = "clang-tidy-19"
FLAGS = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error"]


@functools.cache
def content(path):
    return path.read_bytes()


@functools.cache
def included(path):
    """The files of this repository that a file includes itself."""
    names = re.findall(rb"^\s*#\s*include\s*<(samjoko/[^>]+)>", content(path), re.MULTILINE)
    return [ROOT / n.decode() for n in names if (ROOT / n.decode()).is_file()]


@functools.cache
def all_included(path):
    seen, queue = set(), [path]
    while queue:
        for header in included(queue.pop()):
            if header not in seen:
                seen.add(header)
                queue.append(header)
    return frozenset(seen)


def headers_stood_for(sources):
    """Gives every header to one source."""
    keeper = {}
    for source in sorted(sources, key=lambda s: (s.stem.endswith("_test"), s)):
        for header in sorted(all_included(source)):
            own = header.with_suffix(".cpp") == source
            if own or header not in keeper:
                keeper[header] = source
    chosen = {source: [] for source in sources}
    for header, source in keeper.items():
        chosen[source].append(header)
    return chosen


def verdict_file(common, source, headers):
    digest = hashlib.sha256(common)
    for path in [source, *sorted(headers)]:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + content(path))
    return CACHE / digest.hexdigest()


def run(build, source):
    """The findings in one source, as clang-tidy prints them; empty if there are none."""
    outcome = subprocess.run([PROGRAM, "-p", str(build), *FLAGS, str(source)],
                             capture_output=True, text=True, cwd=ROOT)
    if outcome.returncode == 0:
        return ""
    text = outcome.stdout or outcome.stderr
    return re.sub(rf"{re.escape(str(ROOT))}/(?:build/[^/\s]+/rooms/[^/\s]+/)?", "", text)


def print_findings(texts):
    """A finding in a header is reported by every source that reads it; print it once."""
    seen = set()
    for text in texts:
        for finding in re.split(r"\n(?=\S+:\d+:\d+: (?:error|warning):)", "\n" + text):
            first = finding.strip().split("\n")[0]
            if first and first not in seen:
                seen.add(first)
                print(finding.strip())
    return len(seen)


def changed_since(revision):
    """Nothing where the revision is not there: a shallow clone has no history to compare with."""
    asked = subprocess.run(["git", "diff", "--name-only", revision], cwd=ROOT,
                           capture_output=True, text=True)
    if asked.returncode != 0:
        print(f"no revision {revision} here to compare with")
    return {ROOT / name for name in asked.stdout.split("\n") if name}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--since", metavar="REV", help="only sources that changed since REV")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    commands = json.loads((options.build / "compile_commands.json").read_text())
    sources = sorted({ROOT / entry["file"] for entry in commands} - {ROOT / "cmake/fmt.cpp"})
    sources = [s for s in sources if s.is_file()]
    if options.since:
        sources = [s for s in sources if s in changed_since(options.since)]
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout
    common = version + content(ROOT / ".clang-tidy") + content(pathlib.Path(__file__).resolve())
    near = headers_stood_for(sources)
    verdicts = {s: [verdict_file(common + b"near", s, near[s]),
                    verdict_file(common + b"all", s, all_included(s))] for s in sources}
    waiting = [s for s in sources if not verdicts[s][1 if options.all else 0].exists()]
    texts = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for source, text in zip(waiting, pool.map(functools.partial(run, options.build), waiting)):
            if text:
                texts.append(text)
            else:
                for verdict in verdicts[source]:
                    verdict.touch()
    findings = print_findings(texts)
    print(f"{len(waiting)} sources read, {len(sources) - len(waiting)} known to be clean, "
          f"{findings} findings")
    return 1 if texts else 0


if __name__ == "__main__":
    sys.exit(main())
