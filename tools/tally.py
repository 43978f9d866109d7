#!/usr/bin/env python3
"""Counts tests: prints "PASSED FAILED" for a folder of ctest.xml and the test programs' reports.

A test of ctest that left a GoogleTest report counts as its cases, any other as one. A program that
crashed leaves no report, so it counts as one failure.
"""
import pathlib
import sys
import xml.etree.ElementTree as tree


def cases(report):
    """(passed, failed) of one GoogleTest report."""
    root = tree.parse(report).getroot()
    total, failed, skipped = (int(root.get(key, "0")) for key in ("tests", "failures", "disabled"))
    failed += int(root.get("errors", "0"))
    return total - failed - skipped, failed


def main():
    folder = pathlib.Path(sys.argv[1])
    passed = failed = 0
    for test in tree.parse(folder / "ctest.xml").getroot().iter("testcase"):
        good = test.get("status") == "run"
        report = folder / f"{test.get('name')}_test.xml"
        some_passed, some_failed = cases(report) if report.exists() else (int(good), int(not good))
        if not good and some_failed == 0:
            some_failed = 1
        passed, failed = passed + some_passed, failed + some_failed
    print(passed, failed)


if __name__ == "__main__":
    main()
