"""What each echo server must do, the bare ones and those on Samjoko. Clients are plain sockets, and
whoever waits here waits for the event itself."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 40    # seconds that only a failing test uses up
MODELS = (("process", "each"), ("process", "pool"), ("thread", "each"), ("thread", "pool"),
          ("multiplex", None))


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited too long: {what}"
        time.sleep(0.01)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def threads_of(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class Bare:
    """A lesson that serves until it is ended; it prints its port first."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in children_of(self.pid):
            os.kill(child, signal.SIGTERM)
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Ours:
    """A program on Samjoko: its log says where it listens, and it leaves with 0 when told to."""

    def __init__(self, program, model, spawn, *options, **environment):
        placed = ["--model", model] + (["--spawn", spawn] if spawn else [])
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0", *placed, *options],
                                        text=True, stderr=subprocess.PIPE,
                                        env={**os.environ, **environment})
        line = self.process.stderr.readline()
        while " serving " not in line:
            assert line, "it ended instead of serving"
            line = self.process.stderr.readline()
        self.port = int(re.search(r" on \S+:(\d+) by ", line).group(1))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM if kind is None else signal.SIGQUIT)
        code = self.process.wait(PATIENCE)
        assert kind is not None or code == 0, f"it left with {code}"


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def receive(client, size):
    parts = []
    while size > 0 and (part := client.recv(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def echoes(client, words=b"here\n"):
    client.sendall(words)
    got = receive(client, len(words))
    assert got == words, f"sent {words[:60]!r}, got {got[:60]!r}"


def much_and_half_closed(server):
    """More than all buffers hold, from a client that reads only afterwards: it comes back whole."""
    words = os.urandom(8 << 20)
    with connect(server) as client:
        def send():
            client.sendall(words)
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        assert receive(client, len(words)) == words
        assert client.recv(1) == b"", "and then the end"
        sender.join(PATIENCE)


def serves_many(server, count=20):
    """Clients that take turns, one that resets, one with much to say; gives the open clients."""
    clients = [connect(server) for _ in range(count)]
    for turn in range(3):
        for number, client in enumerate(clients):
            echoes(client, b"%d of %d\n" % (turn, number))
    with connect(server) as rude:
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        rude.sendall(b"x" * 100)
    much_and_half_closed(server)
    return clients


def leave(clients):
    for client in clients:
        client.close()


def echo_one(program):
    with Bare(program) as server:
        with connect(server) as first, connect(server) as second:
            second.sendall(b"second\n")
            echoes(first)
            second.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                raise AssertionError(f"served beside the first one: {second.recv(100)}")
            second.settimeout(PATIENCE)
            first.close()
            assert receive(second, 7) == b"second\n"
        much_and_half_closed(server)


def echo_fork(program):
    """A child for each client, and none, not even a zombie, when they have left all at once."""
    with Bare(program) as server:
        clients = serves_many(server)
        until(lambda: len(children_of(server.pid)) == len(clients), "a child for each client")
        leave(clients)
        until(lambda: not children_of(server.pid), "every child is reaped")
        with connect(server) as client:
            echoes(client)
        assert threads_of(server.pid) == 1


def echo_threads(program):
    with Bare(program) as server:
        clients = serves_many(server)
        until(lambda: threads_of(server.pid) == 1 + len(clients), "a thread for each client")
        assert not children_of(server.pid)
        leave(clients)
        until(lambda: threads_of(server.pid) == 1, "every thread has ended")


def one_thread_serves_all(program):
    with Bare(program) as server:
        clients = serves_many(server, 200)
        assert threads_of(server.pid) == 1 and not children_of(server.pid)
        leave(clients)
        open_files = f"/proc/{server.pid}/fd"
        with connect(server) as client:
            echoes(client)
            kept = 5 + ("epoll" in program.name)    # standard ones, listener, this client
            until(lambda: len(os.listdir(open_files)) == kept, "their descriptors are closed")


def echo_poll(program):
    one_thread_serves_all(program)


def echo_epoll(program):
    one_thread_serves_all(program)


def echo(program):
    for placed in MODELS:
        with Ours(program, *placed) as server:
            leave(serves_many(server))


def timers(program):
    """Never early, and beside each other; what is left is dropped by any other line."""
    for placed in MODELS:
        with Ours(program, *placed) as server:
            begun = time.monotonic()
            with connect(server) as client:
                client.sendall(b"3600000ms never\n200ms tea\n1ms egg\n")
                assert sorted(receive(client, 8).split()) == [b"egg", b"tea"]
                assert time.monotonic() - begun >= 0.2
                client.sendall(b"bye\n")
                assert client.recv(1) == b""
            with connect(server) as client:
                client.sendall(b"30ms last words\n")
                client.shutdown(socket.SHUT_WR)
                assert receive(client, 100) == b"last words\n"
            with connect(server) as client:     # one more than a client may have is its end
                client.sendall(b"3600000ms x\n" * 101)
                assert client.recv(1) == b""


def gateway(program):
    """A state for each device, kept over its rests; what is wrong is told and changes nothing."""
    for placed in MODELS:
        with Ours(program, *placed) as server:
            with connect(server) as oven, connect(server) as pump:
                for said, answer in ((b"7\n", b"say DEVICE and a name\n"),
                                     (b"DEVICE oven\n", b"welcome oven\n"),
                                     (b"10\n", b"oven: 1 readings, mean 10.000000\n"),
                                     (b"hot\n", b"not a number\n"),
                                     (b"20\n", b"oven: 2 readings, mean 15.000000\n")):
                    oven.sendall(said)
                    assert receive(oven, len(answer)) == answer
                echoed = b"welcome pump\n"
                pump.sendall(b"DEVICE pump\n")
                assert receive(pump, len(echoed)) == echoed
            with connect(server) as flood:
                flood.sendall(b"x" * 300)
                assert flood.recv(1) == b"", "a line has a limit"


def job_front(program):
    """Asks for every kind of job in every model; a program of its own, for it adopts orphans."""
    test = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        "job_front_test.py")
    subprocess.run([sys.executable, test, program], check=True, timeout=100)


class Behind:
    """The server that a relay passes on to: it takes one connection, and the test plays it."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]

    def accept(self):
        served, _ = self._listener.accept()
        served.settimeout(PATIENCE)
        return served

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()


def ends_by_reset(client):
    """What came before the reset."""
    got = bytearray()
    try:
        while part := client.recv(1 << 16):
            got += part
    except ConnectionResetError:
        return bytes(got)
    raise AssertionError(f"a plain end behind {len(got)} bytes")


def relay(program):
    words = os.urandom(1 << 20)
    for model in MODELS:
        with Behind() as behind, \
                Ours(program, *model, "--idle-timeout", "400ms", RELAY_TO=behind.address) as server:
            with connect(server) as client, behind.accept() as served:    # a half-close is kept
                client.sendall(b"ask")
                client.shutdown(socket.SHUT_WR)
                assert receive(served, 10) == b"ask" and served.recv(1) == b""
                threading.Thread(target=served.sendall, args=(words,), daemon=True).start()
                assert receive(client, len(words)) == words
                served.close()
                assert client.recv(1) == b"", "a clean end is one"
            with connect(server) as client:    # an abort of the server is one, behind all that came
                served = behind.accept()
                served.sendall(words[:50000])
                assert receive(client, 50000) == words[:50000]
                reset(served)
                assert ends_by_reset(client) == b""
            client = connect(server)           # and one of the client
            with behind.accept() as served:
                client.sendall(b"half a request")
                assert receive(served, 14)
                reset(client)
                assert ends_by_reset(served) == b""
            with connect(server) as client, behind.accept() as served:    # one side is silent
                for _ in range(12):
                    served.sendall(b"more")
                    assert receive(client, 4) == b"more"
                    time.sleep(0.1)
            with connect(server) as client, behind.accept() as served:    # both are
                assert ends_by_reset(client) == b"" and ends_by_reset(served) == b""
        with Ours(program, *model, RELAY_TO=behind.address) as server, connect(server) as client:
            assert ends_by_reset(client) == b"", "nobody listens there"


def shout(program):
    for model in MODELS:
        with Ours(program, *model, "--max-message", "4096") as server, \
                connect(server) as crow, connect(server) as wren:
            # Who is subscribed is known when it hears the other.
            for speaker, hearer in ((crow, wren), (wren, crow)):
                hearer.settimeout(0.2)
                heard = b""
                for _ in range(200):
                    speaker.sendall(b"are you there\n")
                    with contextlib.suppress(TimeoutError):
                        heard = hearer.recv(1 << 16)
                        break
                assert heard.startswith(b"are you there"), heard
                hearer.settimeout(PATIENCE)
            words = b"the end\n" + os.urandom(50000).hex().encode() + b"\n"
            crow.sendall(words)
            got = b""
            while not got.endswith(words):
                part = wren.recv(1 << 16)
                assert part, "it was closed"
                got += part
            reset(wren)                        # costs the others nothing
            crow.sendall(b"hello\n")
        with Ours(program, *model, "--max-message", "10") as server, connect(server) as crow:
            crow.sendall(b"longer than ten bytes\n")
            told = b"! that was not passed on (too long?)\n"
            assert receive(crow, len(told)) == told
