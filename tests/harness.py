"""Starts the real program, waits until it serves, stops it, and looks at what it left behind."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import processes
import sanitizers
from framework import IN_TIME, SLOWNESS

BINARY = os.environ.get("TESTED_BINARY", "build/release/samjoko")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def until(condition, seconds, what):
    """Polls until the condition gives something true, and returns that. `seconds` is what it takes on a
    quiet machine; a busy one has IN_TIME at least."""
    end = time.monotonic() + max(seconds * SLOWNESS, IN_TIME)
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="samjoko-test-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """samjoko serve ARGS; one listener on an ephemeral port of 127.0.0.1 unless `listen` is given.

    `wrap` is a command put before the program (strace, setpriv, ...); `before` runs in the child.
    `program` is another one than samjoko, with one service of its own, which `args` do not name.
    `log_to` is a descriptor for its standard error, of which nothing is known here then.
    `environment`: variables besides those of the test. `serving`: on how many addresses, when it is
    not the command line that says where.
    """

    def __init__(self, *args, model=None, listen=("127.0.0.1:0",), wrap=(), before=None, fds=(),
                 inherited_log=None, log_to=None, program=None, environment=None, serving=None):
        self.listen, self._before, self._fds = listen, before, fds
        words = ["serve", *map(str, args)]
        for address in listen:
            words += ["--listen", address]
        for flag, value in zip(("--model", "--spawn", "--workers"), model or ()):
            if value is not None:
                words += [flag, str(value)]
        self.command = [*wrap, program or BINARY, *words]
        self._wrapped, self._log_to = bool(wrap), log_to
        self._own = tempfile.mkdtemp(prefix="samjoko-log-")
        self._log = inherited_log or os.path.join(self._own, "log")
        self.process = None
        self._environment = {**os.environ, **(environment or {})}
        self._serving = len(listen) if serving is None else serving
        self._known = set()

    def start(self, ready=True):
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=self._log_to or log, preexec_fn=self._before,
                                            pass_fds=self._fds, start_new_session=True,
                                            env=self._environment)
        if ready and not self._log_to:
            self.wait_until_serving()
        return self

    def wait_until_serving(self):
        def serving():
            code = self.process.poll()
            assert code is None, f"it ended with {code} instead of serving:\n{self.log()}"
            return len(self.addresses) == self._serving
        until(serving, 20, "the server says that it serves")

    @property
    def addresses(self):
        return re.findall(r" notice .*: serving \S+ on (\S+) by ", self.log())

    @property
    def port(self):
        return int(self.addresses[0].rpartition(":")[2])

    @property
    def pid(self):
        """The master's pid, also when the program runs under another one."""
        if not self._wrapped:
            return self.process.pid
        found = re.search(r" notice (\d+) master: serving", self.log())
        return int(found.group(1)) if found else self.process.pid

    def log(self):
        with open(self._log, errors="replace") as file:
            return file.read()

    def log_lines(self, part):
        return [line for line in self.log().splitlines() if part in line]

    def wait_for_log(self, part, seconds=10, count=1):
        return until(lambda: len(self.log_lines(part)) >= count and self.log_lines(part), seconds,
                     f"{count} log lines with '{part}'")

    def workers(self):
        return processes.children(self.pid)

    def tree(self):
        return [self.pid] + processes.descendants(self.pid)

    def send(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=IN_TIME):
        """The exit code; negative for a signal."""
        self._known |= set(self.tree())
        return self.process.wait(seconds)

    def stop(self, number=signal.SIGTERM, seconds=IN_TIME):
        self._known |= set(self.tree())
        self.send(number)
        return self.wait(seconds)

    def stop_cleanly(self, number=signal.SIGTERM, seconds=IN_TIME):
        code = self.stop(number, seconds)
        assert code == 0, f"exit code {code}\n{self.log()[-2000:]}"
        self.check_nothing_left()

    def check_nothing_left(self):
        """No process of the tree lives on, and no socket file."""
        until(lambda: not [pid for pid in self._known if processes.is_alive(pid)], 2,
              "every process of the server has ended")
        for address in self.listen:
            path = address.partition(",")[0]
            if path.startswith("unix:"):
                assert not os.path.exists(path[5:]), f"left behind: {path}"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                print("--- log of the server, its end:\n" + self.log()[-3000:])
            if self.process and self.process.poll() is None:
                if kind is None:
                    self.stop_cleanly()
                self._kill()
            reported = sanitizers.speaks_of(self.log())
            assert not reported, "\n".join(reported)
        finally:
            self._kill()
            shutil.rmtree(self._own, ignore_errors=True)

    def _kill(self):
        if not self.process or self.process.poll() is not None:
            return
        below = processes.descendants(self.process.pid)
        for pid in [self.process.pid, *below]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(5)


def run_to_end(*args, seconds=IN_TIME, **options):
    """The program with arguments that make it end: (exit code, standard error)."""
    done = subprocess.run([BINARY, *map(str, args)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
                          **options)
    assert not done.stdout, f"on standard output: {done.stdout!r}"
    return done.returncode, done.stderr.decode(errors="replace")
