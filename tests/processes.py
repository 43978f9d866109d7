"""What /proc says about processes: who descends from whom, zombies, CPU time."""
import contextlib
import ctypes
import os
import threading
import time

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Orphans of our descendants become our children, so that none is overlooked."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


class Stat:
    """One line of /proc/PID/stat; None when the process is gone."""

    def __init__(self, text):
        before, _, rest = text.rpartition(")")
        fields = rest.split()
        self.pid = int(before.split(" ", 1)[0])
        self.state, self.parent, self.threads = fields[0], int(fields[1]), int(fields[17])

    @staticmethod
    def of(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return Stat(file.read())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None


def children(pid):
    """Children of any thread of the process, zombies included."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def links_of(pid):
    """What its descriptors lead to."""
    found = []
    for each in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(f"/proc/{pid}/fd/{each}"))
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def is_alive(pid):
    stat = Stat.of(pid)
    return stat is not None and stat.state not in "ZX"


def tree_below(pid):
    """What descendants() finds, as stats, without a look into any process's task/: each look there
    leaves an entry per thread in the kernel's cache, and whoever reaps the process has to take them
    all away. A server of short-lived threads that was looked at each 5 ms had its master in one
    wait4 for up to 153 ms."""
    stats = [stat for stat in (Stat.of(name) for name in os.listdir("/proc") if name.isdigit()) if stat]
    below, found = {pid}, []
    while True:
        more = [stat for stat in stats if stat.parent in below and stat.pid not in below]
        if not more:
            return found
        below |= {stat.pid for stat in more}
        found += more


def zombies_below(pid):
    """Those that somebody could reap: the first thread of a process is a zombie too while others
    still end."""
    return [stat for stat in tree_below(pid) if stat.state == "Z" and stat.threads <= 1]


def cpu_seconds(pids):
    """To the nanosecond, where ticks would be too coarse; of the threads that live."""
    total = 0
    for pid in pids:
        for thread in threads(pid):
            try:
                with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return total / 1e9


def run_delay(pid):
    """Seconds that the process was ready to run and had to wait for a processor."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []


class ZombieWatch(threading.Thread):
    """Samples the descendants of a process each 5 ms: how long was the oldest zombie one?"""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.oldest = pid, 0, 0.0
        self._seen, self._over = {}, threading.Event()

    def run(self):
        while not self._over.wait(0.005):
            now = time.monotonic()
            dead = {stat.pid for stat in zombies_below(self.pid)}
            self._seen = {pid: self._seen.get(pid, now) for pid in dead}
            self.samples += 1
            if self._seen:
                self.oldest = max(self.oldest, now - min(self._seen.values()))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()
