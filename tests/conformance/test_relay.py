"""relay under every model: bytes both ways, half-close in both directions, no server behind it."""
import os
import socket
import threading

from clients import connect, receive_all, receive_exactly
from framework import each_model, each_model_and_workers
from harness import Server, folder


class Behind:
    """The server behind the relay: `serve` is called with each connection."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self._serve = serve
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.settimeout(20)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def answers_after_the_end(client):
    """Reads to the end, then answers: only a kept half-close lets that through."""
    with client:
        client.sendall(b"read %d" % len(receive_all(client)))


def ends_before_reading(client):
    """Says its words and closes its half, then reads to the end and reports by `seen`."""
    with client:
        client.sendall(b"words")
        client.shutdown(socket.SHUT_WR)
        ends_before_reading.seen.append(len(receive_all(client)))


@each_model_and_workers
def test_client_closes_its_half(model):
    words = os.urandom(300000)
    with Behind(answers_after_the_end) as behind:
        with Server("relay", behind.address, model=model) as server:
            for _ in range(3):
                with connect(server) as client:
                    client.sendall(words)
                    client.shutdown(socket.SHUT_WR)
                    assert receive_all(client) == b"read 300000"


@each_model
def test_server_behind_closes_its_half(model):
    ends_before_reading.seen = []
    done = threading.Event()

    def serve(client):
        ends_before_reading(client)
        done.set()
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        with connect(server) as client:
            assert receive_all(client) == b"words"
            for _ in range(10):
                client.sendall(b"x" * 1000)
            client.shutdown(socket.SHUT_WR)
            assert done.wait(10)
    assert ends_before_reading.seen == [10000]


@each_model
def test_both_directions_full(model):
    """Nobody reads until all have sent as much as they can: neither direction blocks the other."""
    amount = 6 << 20

    def serve(client):
        with client:
            sender = threading.Thread(target=client.sendall, args=(b"b" * amount,), daemon=True)
            sender.start()
            got = receive_exactly(client, amount)
            sender.join()  # or the number comes in between
            client.sendall(b"%010d" % got.count(b"a"))
            client.shutdown(socket.SHUT_WR)
            receive_all(client)
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        with connect(server) as client:
            sender = threading.Thread(target=client.sendall, args=(b"a" * amount,), daemon=True)
            sender.start()
            assert receive_exactly(client, amount).count(b"b") == amount
            assert receive_exactly(client, 10) == b"%010d" % amount
            sender.join()


@each_model
def test_through_echo_over_a_unix_socket(model):
    with folder() as here, Server("echo", model=model, listen=[f"unix:{here}/echo"]) as echo:
        with Server("relay", echo.addresses[0], model=model) as relay, connect(relay) as client:
            for size in (1, 100, 70000):
                words = os.urandom(size)
                client.sendall(words)
                assert receive_exactly(client, size) == words


@each_model
def test_nobody_behind(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
    with Server("relay", address, model=model) as server:
        for _ in range(3):
            try:  # the reset may come while connect() waits
                with connect(server) as client:
                    client.recv(1)
                assert False, "an end in the place of an error"
            except ConnectionResetError:
                pass
        assert server.log_lines("refused") or server.log_lines("connect"), server.log()
