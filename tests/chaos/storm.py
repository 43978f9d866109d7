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


WORD = b"here\n"


class Crew:
    """Threads that go on until it is left; `over` is set then."""

    def __init__(self, targets):
        self.over = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in targets]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for each in self._threads:
            each.join(25)


class Clients(Crew):
    """Some clients that connect for each word, and some that keep their connection.

    A client is lost when its word was not answered. Of the lasting ones those are farewells too that
    had been served and saw an end before any byte: the server said goodbye while they were idle."""

    def __init__(self, port, one_shot=2, lasting=2):
        super().__init__([self._one_shot] * one_shot + [self._lasting] * lasting)
        self._port, self._lock = port, threading.Lock()
        self.whole, self.lost_one_shot, self.lost_lasting = 0, 0, 0
        self.farewells = 0                  # of the lasting ones that are lost
        self.longest_gap, self._last = 0.0, None
        self.last_lost = None               # its port, and how often it was served before

    def _succeeded(self):
        now = time.monotonic()
        with self._lock:
            self.whole += 1
            if self._last is not None:
                self.longest_gap = max(self.longest_gap, now - self._last)
            self._last = now

    def _one_shot(self):
        while not self.over.is_set():
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
        while not self.over.is_set():
            number, turns, whole, reset = 0, 0, True, False
            try:
                with socket.create_connection(("127.0.0.1", self._port), 10) as client:
                    number = client.getsockname()[1]
                    while whole and not self.over.is_set():
                        client.sendall(WORD)
                        answer = receive_exactly(client, len(WORD))
                        whole = answer == WORD
                        if whole:
                            turns += 1
                            self._succeeded()
                            time.sleep(0.005)
            except OSError:
                whole, reset, answer = False, True, b""
            if not whole:
                with self._lock:
                    self.lost_lasting += 1
                    self.farewells += 1 if turns > 0 and answer == b"" and not reset else 0
                    self.last_lost = (number, turns)

    def figures(self):
        return (f"{self.whole} whole, {self.lost_one_shot} one-shot and {self.lost_lasting} lasting "
                f"lost ({self.farewells} idle, with a goodbye), longest gap "
                f"{self.longest_gap * 1000:.0f} ms")


def ask_pid(client):
    client.sendall(b"pid\n")
    words = b""
    while not words.endswith(b"\n"):
        part = receive_exactly(client, 1)
        if not part:
            return None
        words += part
    return int(words)
