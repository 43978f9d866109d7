"""A thousand signals a second at master and workers, and then TERM."""
import contextlib
import os
import random
import signal
import sys
import time

from clients import connect, echoes
from framework import IN_TIME, alone, each_model, limit, long_only, quick_or_long
from harness import Server, until

sys.path.insert(0, os.path.dirname(__file__))
from storm import Clients  # noqa: E402

TO_MASTER = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGPIPE,
             signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGURG]
# To a worker alone TERM means: leave. The others mean nothing to it.
TO_WORKERS = [each for each in TO_MASTER if each not in (signal.SIGTTIN, signal.SIGTTOU)]


@long_only
@alone
@limit(60, 900)
@each_model
def test_a_thousand_signals_a_second(model):
    seconds, rate = quick_or_long(4, 60), 1000
    random.seed(seconds)
    with Server("echo", "--stop-timeout", "2s", model=(*model, 2)) as server:
        until(lambda: len(server.workers()) == 2, 5, "two workers")
        with connect(server) as client, Clients(server.port) as clients:
            sent = storm(server, seconds, rate)
            # With one worker wanted the other one left, and its clients with it.
            assert echoes(client) or server.log_lines("workers wanted now: 1"), "a client was lost"
        start = time.monotonic()
        server.stop_cleanly(seconds=IN_TIME)
        taken = time.monotonic() - start
        assert "was killed by" not in server.log()
    print(f"{sent} signals in {seconds} s; {clients.figures()}; stopped in {taken * 1000:.0f} ms")
    # A worker that is no longer wanted says goodbye to its idle clients.
    assert clients.lost_one_shot == 0 and clients.lost_lasting == clients.farewells


def storm(server, seconds, rate):
    """Evenly; a slow machine sends fewer."""
    start, sent = time.monotonic(), 0
    while (now := time.monotonic() - start) < seconds:
        if sent >= now * rate:
            time.sleep(0.001)
            continue
        to_master = random.random() < 0.5
        victims = [server.pid] if to_master else server.workers()
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(random.choice(victims), random.choice(TO_MASTER if to_master else TO_WORKERS))
            sent += 1
    assert server.process.poll() is None, "the master fell"
    return sent
