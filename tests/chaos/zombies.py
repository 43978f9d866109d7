"""Looks at a tree of processes each 5 ms, from a process of its own: the interpreter of a test that
also plays the clients is late with every look."""
import contextlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import processes  # noqa: E402

PACE = 0.005


class Looks:
    """A zombie seen in more than two looks running is late, unless its parent had to wait for a
    processor (schedstat) for as long as it was seen, or was dying itself."""

    def __init__(self, pid):
        self.pid, self.count, self.zombies, self.late, self.unexplained = pid, 0, 0, 0, []
        self._seen = {}

    def look(self):
        now = time.monotonic()
        dead = {stat.pid: stat.parent for stat in processes.zombies_below(self.pid)}
        for pid in [pid for pid in self._seen if pid not in dead]:
            self._judge(*self._seen.pop(pid))
        for pid, parent in dead.items():
            first = self._seen.get(pid)
            if first and first[0] == parent:
                self._seen[pid] = (*first[:2], first[2] + 1, now)
            else:
                self._seen[pid] = (parent, (time.monotonic(), processes.run_delay(parent)), 1, now)
        self.count += 1

    def _judge(self, parent, first, looks, last):
        self.zombies += 1
        if looks <= 2:
            return
        self.late += 1
        if not processes.is_alive(parent):
            return
        waited = processes.run_delay(parent) - first[1]
        if last - first[0] > waited + 2 * PACE:
            self.unexplained.append(round((last - first[0]) * 1000))


class ZombieSampler:
    """The looks of another process, from entering to leaving."""

    def __init__(self, pid):
        self._pid, self._looker, self.unexplained = pid, None, []

    def __enter__(self):
        self._looker = subprocess.Popen([sys.executable, __file__, str(self._pid)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._looker.stdout.readline()
        self._began = time.monotonic()
        return self

    def __exit__(self, *_):
        self._told = json.loads(self._looker.communicate(timeout=30)[0])
        self._seconds = time.monotonic() - self._began
        self.unexplained = self._told["unexplained"]

    def figures(self):
        looks, zombies, late = (self._told[name] for name in ("looks", "zombies", "late"))
        return (f"{looks} looks at the tree, one each {self._seconds / max(1, looks) * 1000:.1f} ms: "
                f"{zombies} zombies seen, {late} in more than two, of them not by run-queue delay: "
                f"{self.unexplained or 'none'}")


def main():
    """Until its input ends."""
    with contextlib.suppress(PermissionError):
        os.nice(-10)
    os.set_blocking(0, False)
    looks, due = Looks(int(sys.argv[1])), time.monotonic()
    print("looking", flush=True)
    while not input_has_ended():
        looks.look()
        due = max(due + PACE, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
    print(json.dumps({"looks": looks.count, "zombies": looks.zombies, "late": looks.late,
                      "unexplained": looks.unexplained}))


def input_has_ended():
    try:
        return os.read(0, 1) == b""
    except BlockingIOError:
        return False


if __name__ == "__main__":
    main()
