"""The master cannot fork: its workers' places wait, nobody spins, service is back with room."""
import os
import signal
import subprocess
import sys
import time

from clients import connect, echoes
from framework import IN_TIME, MODELS, alone, cases, limit, long_only, model_name, quick_or_long
from harness import Server, until
from wakeups import Wakeups

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../supervision"))
from shortages import Injection, is_followed, need_strace, pids_group, switches_of  # noqa: E402


class MasterInjection(Injection):
    """The same, of the master alone: its forks fail."""

    def __enter__(self):
        before = switches_of(self._server.pid)
        self._tracer = subprocess.Popen(
            ["strace", "-qq", "-o", self._report.name, "-e", self._trace, "-e", self._inject,
             "-p", str(self._server.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: is_followed(self._server.pid, before), 5, "strace follows the master")
        return self


@long_only
@alone
@limit(60, 900)
@cases(["EAGAIN", "ENOMEM"])
def test_no_process_for_a_worker(error):
    need_strace()
    turns = quick_or_long(2, 50)
    slowest = 0.0
    with Server("echo", model=("multiplex", None, 2)) as server:
        for _ in range(turns):
            workers = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "workers")
            time.sleep(1.2)                 # of age
            with MasterInjection(server, "clone,fork,vfork,clone3", error) as injection:
                os.kill(workers[0], signal.SIGKILL)
                until(lambda i=injection: i.count() >= 4, 10, "forks fail")
                with connect(server) as client:
                    assert echoes(client), "the other worker serves"
                waking = Wakeups(server.pid, 1)
                waking.check(150)       # strace adds two for each call
                injection.end()
                start = time.monotonic()
                until(lambda: len(server.workers()) == 2, IN_TIME, "a new worker")
                slowest = max(slowest, time.monotonic() - start)
        assert "has failed" not in server.log()
        assert server.log_lines("no process could be made for it")
    print(f"{turns} times no fork by {error}: a new worker {slowest * 1000:.0f} ms after there was "
          "room at the latest")


@long_only
@alone
@limit(60)
@cases(MODELS, model_name)
def test_a_control_group_is_full(model):
    """A worker dies and its place cannot be filled: clients wait in the backlog and are served."""
    with pids_group(100) as enter:
        with Server("echo", model=(*model, 1), before=enter) as server:
            with connect(server) as client:
                assert echoes(client)
            enter.change(1)                 # who is in stays in; nobody new may be made
            os.kill(until(server.workers, 5, "a worker")[0], signal.SIGKILL)
            server.wait_for_log("no process could be made for it", 10, count=2)
            with connect(server) as client:
                waking = Wakeups(server.pid, 1)
                waking.check(30)
                client.settimeout(IN_TIME)
                enter.change(100)
                start = time.monotonic()
                assert echoes(client), "who waited in the backlog is served"
                taken = time.monotonic() - start
            print(f"{waking} meanwhile; served {taken * 1000:.0f} ms after there was "
                  "room")
            assert "has failed" not in server.log()
            server.stop_cleanly()
