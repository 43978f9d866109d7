"""What storms are made of: clients that go on and on, and a program that dies on request."""
import contextlib
import os
import socket
import threading
import time

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


def ask_pid(client):
    client.sendall(b"pid\n")
    words = b""
    while not words.endswith(b"\n"):
        part = receive_exactly(client, 1)
        if not part:
            return None
        words += part
    return int(words)
