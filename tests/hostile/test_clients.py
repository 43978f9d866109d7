"""Clients that trickle, never end, never read or send rubbish: closed or answered in time, and
others are served meanwhile. The limits are short ones of the command line."""
import contextlib
import os
import random
import select
import socket
import threading
import time

from clients import ask, connect
from framework import IN_TIME, MODELS, alone, cases, each_model, limit, model_name, quick_or_long
from harness import Server, folder, until
from wakeups import Wakeups

HEAD = ["--head-timeout", "1s", "--idle-timeout", "2s"]
WRITE = ["--write-timeout", "1s", "--min-write-rate", "20k", "--write-grace", "1s",
         "--idle-timeout", "3s"]


def room_for(clients, model):
    """Options that let a pool hold that many."""
    return ["--pool-max", str(clients + 20)] if model[1] == "pool" else []


class Probe(threading.Thread):
    """An honest client, each 50 ms on a new connection; remembers the slowest answer."""

    def __init__(self, server, target="/"):
        super().__init__(daemon=True)
        self.server, self.target = server, target
        self.slowest, self.served, self.failed = 0.0, 0, 0
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(0.05) or not self.served + self.failed:
            start = time.monotonic()
            try:
                with connect(self.server, IN_TIME) as client:
                    good = ask(client, self.target).status == 200
            except OSError:
                good = False
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.served, self.failed = self.served + good, self.failed + (not good)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join(2 * IN_TIME)

    def check(self):
        assert self.served > 0 and self.failed == 0, f"{self.failed} honest clients failed"
        print(f"the slowest of {self.served} honest clients waited {self.slowest * 1000:.0f} ms")


def drain(client, end):
    """What the server says until it closes; fails when it does not close before `end`."""
    got = b""
    while True:
        client.settimeout(max(0.01, end - time.monotonic()))
        try:
            part = client.recv(65536)
        except ConnectionError:
            return got
        except TimeoutError:
            raise AssertionError(f"not closed in time; it said {got[:200]!r}") from None
        if not part:
            return got
        got += part


def trickle(client, data, seconds, pause=0.25):
    """One byte after each pause until the server has closed or time is over; (what it said, when)."""
    start, got = time.monotonic(), b""
    for byte in data:
        if time.monotonic() - start > seconds:
            break
        try:
            client.send(bytes([byte]))
        except ConnectionError:
            break
        if select.select([client], [], [], pause)[0]:
            try:
                part = client.recv(4096)
            except ConnectionError:
                break
            if not part:
                break
            got += part
            if b"\r\n\r\n" in got:
                break
    return got, time.monotonic() - start


@limit(40)
@each_model
def test_header_trickles(model):
    """Each byte is progress, but the whole head has a deadline."""
    pause, deadline = quick_or_long((0.25, 1), (1, 5))
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 1000
    limits = ["--head-timeout", f"{deadline}s", "--idle-timeout", "2s"]
    with Server("hello", *limits, model=model) as server, Probe(server) as probe:
        with connect(server) as client:
            got, taken = trickle(client, head, deadline + IN_TIME + 3, pause)
            drain(client, time.monotonic() + 3)
        assert not got or b" 408 " in got, got
        assert deadline - 0.1 < taken < deadline + IN_TIME, f"after {taken:.1f} s"
    probe.check()


@limit(40)
@each_model
def test_body_trickles(model):
    words = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n"
    with Server("hello", "--body-timeout", "1s", "--idle-timeout", "3s", model=model) as server:
        with Probe(server) as probe, connect(server) as client:
            client.sendall(words)
            start = time.monotonic()
            while time.monotonic() - start < IN_TIME + 3:
                try:
                    client.send(b"x")
                except ConnectionError:
                    break
                time.sleep(0.2)
            assert time.monotonic() - start < IN_TIME, "a body of a byte each 200 ms is read for ever"
    probe.check()


@each_model
def test_long_header_line(model):
    with Server("hello", model=model) as server, Probe(server) as probe:
        for words, status in [
                (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 102400 + b"\r\n\r\n", b" 431 "),
                (b"GET /" + b"a" * 102400 + b" HTTP/1.1\r\nHost: h\r\n\r\n", b" 414 "),
                (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 3000 + b"\r\n", b" 431 ")]:
            with connect(server) as client:
                try:
                    client.sendall(words)
                except ConnectionError:
                    pass
                got = drain(client, time.monotonic() + 5)
                assert status in got[:20], (words[:40], got[:200])
    probe.check()


@each_model
def test_no_newline_ever(model):
    """It is refused at the limit, read away for a moment, and then cut though it goes on."""
    with Server("hello", *HEAD, model=model) as server, Probe(server) as probe:
        with connect(server) as client:
            start = time.monotonic()
            try:
                while time.monotonic() - start < IN_TIME + 3:
                    client.send(b"a" * 65536)
            except ConnectionError:
                pass
            taken = time.monotonic() - start
        assert taken < IN_TIME, f"it was read for {taken:.1f} s"
    probe.check()


@each_model
def test_request_cut_in_the_middle(model):
    """Cut at every byte by half-close and by leaving."""
    words = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    with Server("hello", *HEAD, model=model) as server, Probe(server) as probe:
        for cut in range(1, len(words)):
            with connect(server) as client:
                client.sendall(words[:cut])
                client.shutdown(socket.SHUT_WR)
                got = drain(client, time.monotonic() + 5)
                assert not got or got.startswith(b"HTTP/1.1 "), got
            with connect(server) as client:
                client.sendall(words[:cut])
    probe.check()


@limit(60, 900)
@each_model
def test_random_bytes(model):
    """64 KiB of them, as they are or behind an honest beginning."""
    chance = random.Random(7)
    starts = [b"", b"GET / HTTP/1.1\r\nHost: h\r\n", b"POST / HTTP/1.1\r\nHost: h\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nX: "]
    with Server("hello", *HEAD, model=(*model, 1)) as server, Probe(server) as probe:
        workers = until(server.workers, 5, "a worker")
        for turn in range(quick_or_long(200, 10000)):
            with connect(server) as client:
                try:
                    client.sendall(starts[turn % len(starts)] + chance.randbytes(65536))
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                drain(client, time.monotonic() + 5)
        assert server.workers() == workers, "a worker died"
        for word in ("killed by", "exited with"):
            assert not server.log_lines(word), server.log()
    print(f"{turn + 1} times 64 KiB; {probe.served} honest clients, the slowest "
          f"{probe.slowest * 1000:.0f} ms")
    probe.check()


@alone
@limit(60)
@each_model
def test_clients_that_never_read(model):
    """Hundreds of them ask for a large file and leave the answer where it is."""
    count = quick_or_long(150, 500)
    with folder() as here:
        with open(here + "/large", "wb") as file:
            file.write(os.urandom(8 << 20))
        with open(here + "/small", "wb") as file:
            file.write(b"small")
        options = [*WRITE, *room_for(count, model)]
        with Server("files", here, *options, model=model) as server:
            own = held_by(server)
            with Probe(server, "/small") as probe:
                clients = []
                for _ in range(count):
                    client = socket.socket()
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    client.settimeout(10)
                    client.connect(("127.0.0.1", server.port))
                    client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
                    clients.append(client)
                start = time.monotonic()
                until(lambda: held_by(server) > own + 50, 10, "many are served at once")
                until(lambda: held_by(server) < own + 10, 10, f"the {count} are cut")
                taken = time.monotonic() - start
            for client in clients:
                client.close()
    print(f"all cut {taken:.1f} s after the last came; {probe.served} honest clients, the slowest "
          f"{probe.slowest * 1000:.0f} ms")
    probe.check()


def held_by(server):
    """Sockets of the server's processes; /proc/net/tcp would take seconds to read."""
    found = set()
    for pid in server.tree():
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    found.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    return len([name for name in found if name.startswith("socket:")])


@limit(60)
@cases(MODELS, model_name)
def test_readers_of_a_byte_per_second(model):
    """Too slow for the minimum rate: cut, though each byte is progress."""
    count = 20
    with folder() as here:
        with open(here + "/large", "wb") as file:
            file.write(os.urandom(8 << 20))
        with open(here + "/small", "wb") as file:
            file.write(b"small")
        with Server("files", here, *WRITE, *room_for(count, model), model=model) as server:
            workers = 2 if model[0] == "multiplex" else 1
            until(lambda: len(server.workers()) == workers, 10, "all lines to workers are laid")
            own = held_by(server)
            with Probe(server, "/small") as probe:
                clients = []
                for _ in range(count):
                    client = socket.socket()
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    client.connect(("127.0.0.1", server.port))
                    client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
                    clients.append(client)
                for _ in range(8):
                    for client in clients:
                        try:
                            client.recv(1)
                        except OSError:
                            pass
                    time.sleep(1)
                still = held_by(server) - own
            for client in clients:
                client.close()
            assert still < 3, f"{still} of {count} connections are still held"
    probe.check()


@alone
@limit(40)
@each_model
def test_silent_clients_cost_nothing(model):
    """Connected, and nothing said: closed at the idle limit, nobody wakes for them meanwhile."""
    count = 60 if model[0] == "process" else 300
    with Server("hello", "--idle-timeout", "4s", *room_for(count, model), model=model) as server:
        until(server.workers, 10, "a worker")
        own = held_by(server)
        clients = [connect(server) for _ in range(count)]
        until(lambda: held_by(server) - own >= count, 20, "each of them has been accepted")
        time.sleep(0.5)
        waking = Wakeups(server.pid, 1.5)
        print(waking)
        waking.check(20)
        end = time.monotonic() + IN_TIME
        for client in clients:
            drain(client, end)
            client.close()


@each_model
def test_a_turn_has_a_limit(model):
    """A head that comes too slowly would meet --head-timeout; this comes before."""
    with Server("hello", "--turn-timeout", "1s", "--head-timeout", "60s", model=model) as server:
        with connect(server) as slow, connect(server) as honest:
            assert ask(honest).status == 200
            slow.sendall(b"GET / HTTP/1.1\r\n")
            assert slow.recv(1) == b"", "closed without an answer"
            assert ask(honest).status == 200, "between two turns no time counts"
        server.wait_for_log("service hello: a turn took longer than 1000 ms")
