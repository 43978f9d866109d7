"""Shortages made to order: limits of this process, a control group of few tasks, system calls that
strace lets fail."""
import contextlib
import os
import re
import resource
import shutil
import subprocess
import tempfile

from framework import Skip
from harness import until


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


@contextlib.contextmanager
def pids_group(most):
    """A pids cgroup for so many tasks, of either layout; gives what puts the caller in, and with
    `.change(N)` has another limit."""
    for root in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]:
        path = f"{root}/samjoko-test-{os.getpid()}"
        try:
            os.mkdir(path)
        except OSError:
            continue
        try:
            with open(path + "/pids.max", "w") as file:
                file.write(str(most))
        except OSError:
            os.rmdir(path)
            continue

        def enter():
            with open(path + "/cgroup.procs", "w") as file:
                file.write("0")

        def change(limit):
            with open(path + "/pids.max", "w") as file:
                file.write(str(limit))
        enter.change = change
        try:
            yield enter
        finally:
            until(lambda: remove(path), 5, "the control group is empty")
        return
    raise Skip("no pids control group can be made here")


def remove(path):
    try:
        os.rmdir(path)
        return True
    except OSError:
        return False


def need_strace():
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    works = subprocess.run(["strace", "-f", "-e", "inject=getpid:error=EPERM:when=1", "true"],
                           capture_output=True)
    if works.returncode != 0:
        raise Skip("strace cannot inject faults here")


class Injection:
    """While entered, the calls of the workers and of all that they make fail; never the master's.

    `when` is strace's: "1+3" the first of each thread and every third from there; "1+" all.
    """

    def __init__(self, server, calls, error, when="1+"):
        need_strace()
        self._server, self._inject = server, f"inject={calls}:error={error}:when={when}"
        self._report = tempfile.NamedTemporaryFile("r", prefix="samjoko-strace-")
        self._trace = f"trace={calls}"

    def __enter__(self):
        worker = self._server.workers()[0]
        before = switches_of(worker)
        attach = [word for pid in self._server.tree() if pid != self._server.pid
                  for word in ("-p", str(pid))]
        self._tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", self._report.name, "-e", self._trace, "-e",
             self._inject, *attach],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: is_followed(worker, before), 5, "strace follows the worker")
        return self

    def __exit__(self, *_):
        self.end()
        self._report.close()

    def end(self):
        """There is room again."""
        self._tracer.terminate()
        self._tracer.wait(10)

    def count(self):
        """How many calls have failed."""
        self._report.seek(0)
        return self._report.read().count("(INJECTED)")


def switches_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.M)[1])


def is_followed(pid, switches):
    """Its calls are seen from now on: strace has stopped it once and let it go on. It has a tracer
    before that already, and a call that it makes between the two is not seen (man 2 ptrace,
    PTRACE_SEIZE)."""
    with open(f"/proc/{pid}/status") as file:
        text = file.read()
    return ("TracerPid:\t0\n" not in text and "State:\tt" not in text
            and switches_of(pid) > switches)

