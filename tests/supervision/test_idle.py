"""Nothing happens: nobody wakes. What is counted are wake-ups, not time."""
import signal
import time

from clients import connect, echoes
from framework import each_model, limit
from harness import Server


def wakeups(pid):
    """How often the process's first thread has waited for something."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("voluntary_ctxt_switches:"):
                return int(line.split()[1])
    raise AssertionError(f"no count for {pid}")


def settled(pids):
    """The counts, once none of them has changed for half a second."""
    seen = None
    while True:
        now = [wakeups(pid) for pid in pids]
        if now == seen:
            return now
        seen = now
        time.sleep(0.5)


@limit(60)
@each_model
def test_an_idle_service_sleeps(model):
    """The master of sixteen workers and the workers sleep, after clients were there too."""
    with Server("echo", "--stuck-timeout", 0, "--stable-after", 0, model=(*model, 16)) as server:
        for _ in range(20):
            with connect(server) as client:
                assert echoes(client)
        pids = [server.pid, *server.workers()]
        before = settled(pids)
        time.sleep(3)
        woken = [now - then for now, then in zip([wakeups(pid) for pid in pids], before)]
        # After 2, 6, 14, 30 s and so on it looks at cgroups, no other thing.
        assert woken[0] <= 1, f"the master woke {woken[0]} times in 3 s"
        # A worker that holds processes of a pool looks at the counter of memory every 10 s.
        assert max(woken) <= 1, f"workers woke so often in 3 s: {woken[1:]}"


@limit(60)
@each_model
def test_what_is_cut_is_told(model):
    """The master says how many connections an immediate stop costs, and of whom."""
    with Server("echo", model=(*model, 1)) as server:
        clients = [connect(server) for _ in range(3)]
        assert all(echoes(client) for client in clients)
        assert server.stop(signal.SIGQUIT) == 0
        assert server.log_lines("worker 1 is told to cut 3 connections"), server.log()[-2000:]
        for client in clients:
            client.close()
