#!/usr/bin/env python3
"""Runs one program of examples/ and checks what it says: run.py PROGRAM.

The test is the function of the program's name in lessons.py or servers.py. A program without a test
fails, and so does one that grew to 60 lines: an example is read in one sitting.
"""
import pathlib
import sys

import lessons
import servers

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent


def source_of(program):
    folder = EXAMPLES / "lessons" if program.parent.name == "lessons" else EXAMPLES
    return folder / f"{program.name}.cpp"


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    test = getattr(lessons, program.name, None) or getattr(servers, program.name, None)
    if test is None:
        return f"{program.name} has no test in examples/tests/"
    lines = len(source_of(program).read_text().splitlines())
    if lines >= 60:
        return f"{source_of(program)} has {lines} lines; an example has fewer than 60"
    test(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
