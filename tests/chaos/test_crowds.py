"""Two thousand processes of clients that die at once: told, reaped, and others served meanwhile."""
import contextlib
import os
import random
import re
import resource
import signal
import sys
import time

import processes
from clients import connect, echoes
from framework import SLOWNESS, Skip, alone, limit, quick_or_long
from harness import Server, until

sys.path.insert(0, os.path.dirname(__file__))
from storm import Clients  # noqa: E402

SIGNALS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE]


def need_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        raise Skip(f"needs {count} descriptors, and may have {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def deaths_told(server):
    """Lines, and those held back that lines and the end of a second tell of."""
    lines = server.log_lines(" of one client was killed by")
    told_of = lines + server.log_lines(": client process (and ")
    more = [re.search(r"\(and (\d+) more like this\)", line) for line in told_of]
    return len(lines) + sum(int(each.group(1)) for each in more if each)


@alone
@limit(300, 1200)
def test_two_thousand_die_at_once():
    crowd, turns = 2000, quick_or_long(1, 10)
    need_descriptors(crowd + 200)
    with Server("echo", "--deaths-in-full", "0", model=("process", "each", 1)) as server:
        worker = until(server.workers, 5, "a worker")[0]
        slowest = 0.0
        with Clients(server.port) as clients:
            for turn in range(turns):
                slowest = max(slowest, one_crowd(server, worker, crowd, turn))
        assert server.workers() == [worker], "the worker itself fell"
        others = [line for line in server.log_lines("") if " of one client was killed" not in line]
        print("\n".join(others[2:]))
        assert clients.lost_one_shot == 0, clients.figures()
        assert clients.lost_lasting == 0, f"{clients.figures()}; {clients.last_lost}"
    print(f"{turns} times {crowd} dead at once, each told; no zombie {slowest * 1000:.0f} ms after "
          f"the last at the latest; {clients.figures()}")


def one_crowd(server, worker, crowd, turn):
    told_before = deaths_told(server)
    ours = [connect(server, 20) for _ in range(crowd)]
    for client in ours:
        assert echoes(client)
    inodes = sockets_to(ours)               # the clients of the load shall live
    doomed = [pid for pid in processes.children(worker) if holds_one_of(pid, inodes)]
    assert len(doomed) == crowd, len(doomed)
    random.seed(turn)
    waited = processes.run_delay(worker) + processes.run_delay(os.getpid())
    for pid in doomed:
        os.kill(pid, random.choice(SIGNALS))
    last = time.monotonic()
    until(lambda: not processes.zombies_below(server.pid), 20, "no zombie is left")
    reaped = time.monotonic() - last
    waited = processes.run_delay(worker) + processes.run_delay(os.getpid()) - waited
    assert reaped - waited < 1 * SLOWNESS, f"{reaped:.2f} s, {waited:.2f} of them without a core"
    for client in ours:
        assert client.recv(1) == b""
        client.close()
    until(lambda: deaths_told(server) - told_before >= crowd, 10, "each death is told")
    assert deaths_told(server) - told_before == crowd
    return reaped


def sockets_to(clients):
    """The inodes of the server's ends of these connections."""
    ports = {client.getsockname()[1] for client in clients}
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return {row[9] for row in rows if int(row[2].rpartition(":")[2], 16) in ports}


def holds_one_of(pid, inodes):
    with contextlib.suppress(OSError):      # it may have ended meanwhile
        for number in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{number}")
            if target.startswith("socket:[") and target[8:-1] in inodes:
                return True
    return False
