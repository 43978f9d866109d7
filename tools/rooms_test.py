#!/usr/bin/env python3
"""Proves the order of the rooms: what a room may include is found there, and nothing else is."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "samjoko"


def run(compiler, tree, source, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(source)
        file.flush()
        command = [compiler, "-std=c++23", "-I", str(tree), *flags, file.name]
        return subprocess.run(command, capture_output=True, text=True)


def some_header(room):
    """Any header of the room as it is included, or None while the room has none."""
    names = sorted(f.name for f in (SOURCES / room).glob("*.hpp"))
    return f"samjoko/{room}/{names[0]}" if names else None


def seen_rooms(compiler, tree, headers):
    """The rooms whose headers a file finds that is compiled with `tree` as its include root."""
    source = "".join(f"#if __has_include(<{header}>)\nsees {room}\n#endif\n"
                     for room, header in headers.items())
    outcome = run(compiler, tree, source, "-E", "-P")
    outcome.check_returncode()
    return {line.split()[1] for line in outcome.stdout.splitlines() if line.startswith("sees ")}


def check_by_compiling(compiler, trees, headers):
    """The real thing once: proto may include base, and including os is a compile error."""
    good = run(compiler, trees / "proto", f"#include <{headers['base']}>\n", "-fsyntax-only")
    assert good.returncode == 0, f"proto cannot include base:\n{good.stderr}"
    bad = run(compiler, trees / "proto", f"#include <{headers['os']}>\n", "-fsyntax-only")
    assert bad.returncode != 0, "proto can include os"
    assert headers["os"] in bad.stderr, f"the error does not name the header:\n{bad.stderr}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--trees", required=True, type=pathlib.Path)
    parser.add_argument("order", nargs="+", help="ROOM:ALLOWED,ALLOWED...")
    options = parser.parse_args()
    order = dict(entry.split(":") for entry in options.order)
    headers = {room: header for room in order if (header := some_header(room))}
    wrong = 0
    for room, allowed in order.items():
        expected = (set(allowed.split(",")) | {room}) & set(headers)
        seen = seen_rooms(options.compiler, options.trees / room, headers)
        for other in sorted(seen ^ expected):
            wrong += 1
            print(f"room {room} {'can' if other in seen else 'cannot'} include room {other}")
    check_by_compiling(options.compiler, options.trees, headers)
    print(f"{len(order)} rooms, {len(headers)} with headers, {wrong} includes wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
