"""What storms are made of: clients that go on and on, a program that dies on request, and a look at
the process tree every 5 ms."""
import contextlib
import os
import socket
import threading
import time

import processes
from clients import echoes, receive_exactly
from framework import Skip
from harness import BINARY, Server


def faulty(*args, **options):
    """The server of tests/faults/faulty.cpp."""
    program = os.path.join(os.path.dirname(BINARY), "faulty")
    if not os.access(program, os.X_OK):
        raise Skip(f"no program at {program}; build it by ./dev build release")
    return Server(*args, program=program, **options)


class Clients:
    """Some clients that connect for each word, and some that keep their connection.

    A client is lost when its word was not answered, but not when the server said goodbye before."""

    def __init__(self, port, one_shot=2, lasting=2):
        self._port, self._over, self._lock = port, threading.Event(), threading.Lock()
        self.whole, self.lost_one_shot, self.lost_lasting = 0, 0, 0
        self.longest_gap, self._last = 0.0, None
        self.last_lost = None               # its port, and how often it was served before
        self._threads = [threading.Thread(target=self._one_shot, daemon=True)
                         for _ in range(one_shot)]
        self._threads += [threading.Thread(target=self._lasting, daemon=True)
                          for _ in range(lasting)]

    def _succeeded(self):
        now = time.monotonic()
        with self._lock:
            self.whole += 1
            if self._last is not None:
                self.longest_gap = max(self.longest_gap, now - self._last)
            self._last = now

    def _one_shot(self):
        while not self._over.is_set():
            good = False
            with contextlib.suppress(OSError), \
                    socket.create_connection(("127.0.0.1", self._port), 10) as client:
                good = echoes(client)
            if good:
                self._succeeded()
            else:
                with self._lock:
                    self.lost_one_shot += 1
            time.sleep(0.002)

    def _lasting(self):
        while not self._over.is_set():
            with contextlib.suppress(OSError), \
                    socket.create_connection(("127.0.0.1", self._port), 10) as client:
                turns = 0
                while not self._over.is_set():
                    if not echoes(client):
                        with self._lock:
                            self.lost_lasting += 1
                            self.last_lost = (client.getsockname()[1], turns)
                        break
                    turns += 1
                    self._succeeded()
                    time.sleep(0.005)

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join(12)

    def figures(self):
        return (f"{self.whole} whole, {self.lost_one_shot} one-shot and {self.lost_lasting} "
                f"lasting lost, longest gap {self.longest_gap * 1000:.0f} ms")


def run_delay(pid):
    """Seconds that the process was ready to run and had to wait for a processor."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


class ZombieSampler(threading.Thread):
    """Looks at the tree each 5 ms. A zombie seen in more than two looks running is late, unless its
    parent had to wait for a processor (schedstat) for as long as it was seen, or was dying itself."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.zombies, self.late, self.unexplained = pid, 0, 0, 0, []
        self._seen, self._over, self._began = {}, threading.Event(), time.monotonic()

    def run(self):
        while not self._over.wait(0.005):
            now = time.monotonic()
            dead = {stat.pid: stat.parent for stat in processes.zombies_below(self.pid)}
            for pid in [pid for pid in self._seen if pid not in dead]:
                self._judge(*self._seen.pop(pid))
            for pid, parent in dead.items():
                first = self._seen.get(pid)
                if first and first[1] == parent:
                    self._seen[pid] = (*first[:3], first[3] + 1, now)
                else:
                    self._seen[pid] = (pid, parent, (time.monotonic(), run_delay(parent)), 1, now)
            self.samples += 1

    def _judge(self, pid, parent, first, looks, last):
        self.zombies += 1
        if looks <= 2:
            return
        self.late += 1
        if not processes.is_alive(parent):
            return
        waited = run_delay(parent) - first[1]
        if last - first[0] > waited + 0.01:
            self.unexplained.append(round((last - first[0]) * 1000))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()
        self.seconds = time.monotonic() - self._began

    def figures(self):
        each = self.seconds / max(1, self.samples) * 1000
        return (f"{self.samples} looks at the tree, one each {each:.1f} ms: {self.zombies} zombies "
                f"seen, {self.late} in more than two, of them not by run-queue delay: "
                f"{self.unexplained or 'none'}")


def ask_pid(client):
    client.sendall(b"pid\n")
    words = b""
    while not words.endswith(b"\n"):
        part = receive_exactly(client, 1)
        if not part:
            return None
        words += part
    return int(words)
