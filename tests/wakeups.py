"""Does a server wait, or does it spin? Judged by counts, which a busy machine does not change.

A task that waits gives up the processor by itself each time (voluntary_ctxt_switches, man 5 proc)
and is found asleep. A task that spins through calls that fail at once never sleeps; one that
spins through short waits wakes too often.
"""
import time

import processes
from harness import until


def tasks(pid):
    """(process, thread) of the process and of all below it."""
    return [(each, task) for each in [pid] + processes.descendants(pid)
            for task in processes.threads(each)]


def said_of(task):
    """What /proc says of a thread; nothing of one that is gone."""
    try:
        with open(f"/proc/{task[0]}/task/{task[1]}/status") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def waits_begun(pid):
    """Of each thread, how often it has waited so far."""
    return {task: int(said_of(task).get("voluntary_ctxt_switches", 0)) for task in tasks(pid)}


def is_asleep(pid):
    return all(not said_of(task).get("State", "S").startswith("R") for task in tasks(pid))


class Wakeups:
    """Of a server, over a while: `per_second` of all its threads together."""

    def __init__(self, pid, seconds):
        self._pid, start, before = pid, time.monotonic(), waits_begun(pid)
        time.sleep(seconds)         # the time in which it could spin
        after, elapsed = waits_begun(pid), time.monotonic() - start
        self.threads = len(after)
        self.count = sum(max(0, waits - before.get(task, 0)) for task, waits in after.items())
        self.per_second = self.count / elapsed

    def __str__(self):
        return f"{self.per_second:.1f} wake-ups a second of {self.threads} threads"

    def check(self, most, patience=15):
        """At most so many a second, and a moment in which all sleep; five times."""
        assert self.per_second <= most, f"{self}, more than {most}"
        for _ in range(5):
            until(lambda: is_asleep(self._pid), patience, "all threads sleep")
