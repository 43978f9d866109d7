#!/usr/bin/env python3
"""Counts tests: reads a folder of ctest.xml and the test programs' own reports, prints a line
"failed: SUITE.CASE: what was wrong" for each that failed, and "PASSED FAILED" as the last line.

A test of ctest that left a GoogleTest report counts as its cases, any other as one. A program that
crashed or ran out of time leaves no report, so it counts as one failure, and its last words are
printed.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree

LONGEST = 240
LAST_LINES = 6


def one_line(text):
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else words[:LONGEST] + " ..."


def cases(report):
    """(passed, lines of those that failed) of one GoogleTest report."""
    root = tree.parse(report).getroot()
    total, skipped = int(root.get("tests", "0")), int(root.get("disabled", "0"))
    failed = []
    for case in root.iter("testcase"):
        why = case.find("failure")
        if why is not None:
            name = f"{case.get('classname')}.{case.get('name')}"
            failed.append(f"failed: {name}: {one_line(why.get('message', ''))}")
    return total - len(failed) - skipped, failed


def begun_and_not_ended(output):
    """The case of GoogleTest in which a program ended."""
    last = None
    for word, name in re.findall(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] ([^\s,]+)", output, re.M):
        last = name if word == "RUN" else None
    return last


def last_words(test):
    """One failure of a program as a whole: after how long, in which case, what it said."""
    output = test.findtext("system-out") or ""
    took = f"failed after {float(test.get('time', '0')):.0f} s"
    case = begun_and_not_ended(output)
    where = f" in {case}" if case else ""
    said = [line for line in output.splitlines() if line.strip()]
    reports = [line for line in said if "Sanitizer:" in line or "runtime error:" in line]
    shown = list(dict.fromkeys(reports[:LAST_LINES] + said[-LAST_LINES:]))
    lines = [f"failed: {test.get('name')}: {took}{where}; its last lines:"]
    return "\n".join(lines + [f"    {line[:LONGEST]}" for line in shown])


def count(folder):
    """(passed, lines of those that failed) of all tests that ctest ran."""
    passed, failed = 0, []
    for test in tree.parse(folder / "ctest.xml").getroot().iter("testcase"):
        good = test.get("status") == "run"
        report = folder / f"{test.get('name')}_test.xml"
        some_passed, some_failed = cases(report) if report.exists() else (int(good), [])
        if not good and not some_failed:
            some_failed = [last_words(test)]
        passed, failed = passed + some_passed, failed + some_failed
    return passed, failed


def main():
    passed, failed = count(pathlib.Path(sys.argv[1]))
    print("".join(line + "\n" for line in failed) + f"{passed} {len(failed)}")


if __name__ == "__main__":
    main()
