"""Gaps between successes, as a client sees them, less those of the machine: a second server, which
nobody harms, is asked at the same time by the same process. What both lack is not the server's."""
import contextlib
import os
import socket
import time

import processes
from clients import echoes
from harness import until
from storm import Crew

GOODBYE = "an orderly end after an answer"
PAUSE = 0.01                    # a gap of the calm server that is the machine's


class Asking(Crew):
    """Threads that connect for each word (`one_shot`), and some that keep their connection."""

    def __init__(self, port, one_shot=2, lasting=2):
        super().__init__([self._one_shot] * one_shot + [self._lasting] * lasting)
        self._port = port
        self.successes, self.lost = [], []      # moments; (own port, from, until, why)

    def _ask(self, words):
        """Connects, and says so many words; false when one was not answered."""
        begun, own, why = time.monotonic(), 0, "an end before an answer"
        try:
            with socket.create_connection(("127.0.0.1", self._port), 20) as client:
                own = client.getsockname()[1]
                while words > 0 and not self.over.is_set():
                    if not echoes(client):
                        break
                    self.successes.append(time.monotonic())
                    why = GOODBYE
                    words -= 1
                    time.sleep(0.003)
                else:
                    return
        except OSError as error:
            why = str(error)
        self.lost.append((own, begun, time.monotonic(), why))

    def _one_shot(self):
        while not self.over.is_set():
            self._ask(1)

    def _lasting(self):
        while not self.over.is_set():
            self._ask(1_000_000)


def gaps_of(moments):
    moments = sorted(moments)
    return list(zip(moments, moments[1:]))


def merged(times):
    whole = []
    for begin, end in sorted(times):
        if whole and begin <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((begin, end))
    return whole


def longest_own_gap(successes, calm, not_counted=()):
    """The longest gap of `successes`, without the time in which `calm` had a pause too, and without
    some other times."""
    pauses = merged([(a, b) for a, b in gaps_of(calm) if b - a > PAUSE] + list(not_counted))
    def own(begin, end):
        return end - begin - sum(max(0, min(end, b) - max(begin, a)) for a, b in pauses)
    return max(own(*gap) for gap in gaps_of(successes))


def ports_held_by(pids):
    """The peers' ports of all TCP connections that these processes hold open."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    inodes.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in list(table)[1:]]
    return {int(row[2].rpartition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in inodes}


def stands_still(pid):
    """Every thread of it: one that was in the middle of accept(2) has its client now."""
    states = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
    return all(state in "TtZX" for state in states)


def kill_and_see(worker, stop, kill, go_on):
    """Kills a worker; when it was stopped and when killed, and the ports of all clients that it held, or that its processes
    did. They stand still in between, so that none is taken between the look and the death."""
    family, stopped = [worker], time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, stop)
        for pid in processes.descendants(worker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop)
                family.append(pid)
    until(lambda: all(map(stands_still, family)), 10, "all of the family stand still")
    held, dead = ports_held_by(family), time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, kill)
    for pid in family[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, go_on)
    return stopped, dead, held
