#!/usr/bin/env python3
"""Black-box tests: the real program against real clients.

usage: tests/run.py [--binary PATH] [--only PATTERN] [--long] [--jobs N] [--list]

Each test runs in a process of its own, several at a time; PATTERN is a part of a name as printed.
The last line is "N passed, N failed" and, when there are any, ", N skipped".
"""
import argparse
import contextlib
import importlib.util
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
SKIPPED, FAILED = 77, 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(HERE.parent / "build/release/samjoko"))
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--long", action="store_true", help="storms and hundredfold runs")
    parser.add_argument("--jobs", type=int, default=3, help="tests at a time (3)")
    parser.add_argument("--list", action="store_true", help="print the names only")
    given = parser.parse_args()
    if not os.access(given.binary, os.X_OK):
        parser.error(f"no program at {given.binary}; build it by ./dev build release")
    os.environ["TESTED_BINARY"] = os.path.abspath(given.binary)
    os.environ["LONG_TESTS"] = "1" if given.long else "0"
    import sanitizers
    os.environ["TESTED_SLOWNESS"] = str(sanitizers.slowness(given.binary))
    return given


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def discover(given):
    from framework import tests_of
    found = []
    for path in sorted(HERE.rglob("test_*.py")):
        where = str(path.relative_to(HERE))[:-len(".py")].replace("test_", "")
        found += tests_of(load(path), where)
    chosen = [test for test in found if given.long or not test.long_only]
    return [test for test in chosen
            if not given.only or any(part in test.name for part in given.only)]


class Running:
    """A test in its own process, which writes what it says into a file."""

    def __init__(self, test):
        self.test, self.start = test, time.monotonic()
        self.output = tempfile.NamedTemporaryFile("w+", prefix="samjoko-test-", errors="replace")
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._inside())

    def _inside(self):
        """The test, and then what sanitizers found in any process that it started."""
        import sanitizers
        with tempfile.TemporaryDirectory(prefix="samjoko-reports-") as reports:
            sanitizers.report_into(reports)
            code = self._tested()
            found = sanitizers.reports_in(reports)
        for report in found:
            print(f"--- a sanitizer's report, {report}")
        sys.stdout.flush()
        return FAILED if found else code

    def _tested(self):
        import framework
        import processes

        def too_long(*_):
            raise framework.TooLong(f"longer than {self.test.limit} s")
        os.dup2(self.output.fileno(), 1)
        os.dup2(self.output.fileno(), 2)
        sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, errors="replace")
        processes.become_subreaper()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(self.test.limit)
        try:
            self.test.run()
            return 0
        except framework.Skip as why:
            print(why)
            return SKIPPED
        except BaseException:
            traceback.print_exc()
            return FAILED
        finally:
            signal.alarm(0)
            end_descendants()

    def is_stuck(self):
        return time.monotonic() - self.start > self.test.limit + 20

    def text(self):
        self.output.seek(0)
        return self.output.read()


def end_descendants():
    """Ends what a test or its server left running: only ever descendants of this process."""
    import processes
    for pid in processes.descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


class Runner:
    def __init__(self, jobs):
        self.jobs, self.running, self.results = jobs, {}, []

    def run(self, tests):
        waiting = [t for t in tests if not t.alone] + [t for t in tests if t.alone]
        while waiting or self.running:
            while waiting and self._has_room_for(waiting[0]):
                started = Running(waiting.pop(0))
                self.running[started.pid] = started
            self._wait()

    def _has_room_for(self, test):
        busy_alone = any(each.test.alone for each in self.running.values())
        if test.alone or busy_alone:
            return not self.running
        return len(self.running) < self.jobs

    def _wait(self):
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            for each in self.running.values():
                if each.is_stuck():
                    os.kill(each.pid, signal.SIGKILL)
            return time.sleep(0.01)
        if pid in self.running:
            self._report(self.running.pop(pid), os.waitstatus_to_exitcode(status))

    def _report(self, done, code):
        seconds, text = time.monotonic() - done.start, done.text()
        word = {0: "ok", SKIPPED: "skip"}.get(code, "FAILED")
        self.results.append((word, done.test, seconds))
        reason = f": {text.strip()}" if word == "skip" else ""
        print(f"{word:6} {seconds:6.1f} s  {done.test.name}{reason}")
        if word == "FAILED":
            if code < 0:
                text += f"\nthe test was ended by signal {-code}"
            print("\n".join("    | " + line for line in text.splitlines()[-80:]))
        elif word == "ok" and text.strip():
            print("\n".join("         " + line for line in text.splitlines()))
        sys.stdout.flush()


def print_times(results):
    """Time by test file."""
    sums = {}
    for _, test, seconds in results:
        count, total = sums.get(test.where, (0, 0.0))
        sums[test.where] = (count + 1, total + seconds)
    print("\ntime by file (several ran at a time):")
    for where, (count, total) in sorted(sums.items(), key=lambda each: -each[1][1]):
        print(f"  {total:7.1f} s  {count:4} tests  {where}")


def main():
    given = arguments()
    import processes
    processes.become_subreaper()
    tests = discover(given)
    if given.list:
        print("\n".join(test.name for test in tests))
        return 0
    runner = Runner(given.jobs)
    start = time.monotonic()
    try:
        runner.run(tests)
    finally:
        end_descendants()
    print_times(runner.results)
    count = {word: sum(1 for each in runner.results if each[0] == word)
             for word in ("ok", "FAILED", "skip")}
    for word, test, _ in runner.results:
        if word == "FAILED":
            print(f"failed: {test.name}")
    print(f"{time.monotonic() - start:.0f} s")
    skipped = f", {count['skip']} skipped" if count["skip"] else ""
    print(f"{count['ok']} passed, {count['FAILED']} failed{skipped}")
    return 1 if count["FAILED"] or not count["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
