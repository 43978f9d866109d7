"""relay when the server behind it fails: dead, deaf, gone in the middle. Only its client suffers."""
import os
import socket
import sys
import time

from clients import connect, echoes, receive_all, receive_exactly, reset
from framework import IN_TIME, each_model, limit
from harness import Server, folder, until

sys.path.insert(0, os.path.dirname(__file__))
from test_relay import Behind  # noqa: E402


def ends(client):
    """What came before the end, or before the reset, of the connection."""
    got = b""
    try:
        while part := client.recv(65536):
            got += part
    except ConnectionError:
        pass
    return got


def is_refused(server):
    """The client reads an error and no end, perhaps while connect() still waits."""
    try:
        with connect(server) as client:
            client.sendall(b"anybody?")
            assert False, client.recv(100)
    except (ConnectionResetError, BrokenPipeError):
        pass


@each_model
def test_unix_socket_without_a_server(model):
    with folder() as here, Server("relay", f"unix:{here}/none", model=model) as server:
        for _ in range(3):
            is_refused(server)
        assert server.log_lines(here), server.log()


@each_model
def test_server_behind_comes_back(model):
    """The relay neither forgets the address nor remembers the failure."""
    with folder() as here, Server("relay", f"unix:{here}/echo", model=model) as relay:
        for _ in range(2):
            is_refused(relay)
            with Server("echo", listen=[f"unix:{here}/echo"]):
                with connect(relay) as client:
                    assert echoes(client)


@each_model
def test_server_behind_resets(model):
    """What it said before is delivered as far as it came; then the client's connection ends."""
    def serve(client):
        client.sendall(b"some words")
        receive_exactly(client, 5)
        reset(client)
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        for _ in range(5):
            with connect(server) as client:
                assert receive_exactly(client, 10) == b"some words"
                client.sendall(b"reset")
                try:
                    assert False, client.recv(100)
                except ConnectionResetError:
                    pass


@each_model
def test_client_resets(model):
    """The server behind hears of the end, and the connections to it are given back."""
    ended = []

    def serve(client):
        with client:
            client.sendall(b"x" * 300_000)
            ended.append(ends(client))
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        for turn in range(12):
            client = connect(server)
            client.sendall(b"%d" % turn)
            receive_exactly(client, 1000)
            reset(client)
        until(lambda: len(ended) == 12, 10, "the server behind has seen twelve ends")


@limit(60)
@each_model
def test_server_behind_is_deaf(model):
    """Its backlog is full, so that connect gets no answer: others are served, a stop is obeyed."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        address = "127.0.0.1:%d" % deaf.getsockname()[1]
        with Server("relay", address, "--stop-timeout", "1s", model=(*model, 1)) as server:
            clients = [connect(server) for _ in range(3)]
            for client in clients:
                client.sendall(b"hello?")
            server.stop_cleanly(seconds=5)
            for client in clients:
                assert ends(client) == b""
                client.close()
        for filler in fillers:
            filler.close()


@limit(60)
@each_model
def test_server_behind_never_reads(model):
    """The buffers fill; the relay then waits, up to its limit, and lets the client wait too."""
    held = []
    with Behind(held.append) as behind:
        options = ["--write-timeout", "1s", "--idle-timeout", "2s"]
        with Server("relay", behind.address, *options, model=(*model, 1)) as server:
            with connect(server, 5) as client:
                start = time.monotonic()
                while time.monotonic() - start < IN_TIME + 5:
                    try:
                        client.send(b"a" * 65536)
                    except ConnectionError:
                        break
                taken = time.monotonic() - start
    assert 0.9 < taken < IN_TIME, f"cut after {taken:.1f} s"
    for client in held:
        client.close()


@each_model
def test_both_close_their_halves_at_once(model):
    def serve(client):
        with client:
            client.sendall(b"b" * 100_000)
            client.shutdown(socket.SHUT_WR)
            got.append(len(receive_all(client)))
    got = []
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        for _ in range(5):
            with connect(server) as client:
                client.sendall(b"a" * 70_000)
                client.shutdown(socket.SHUT_WR)
                assert len(receive_all(client)) == 100_000
        until(lambda: got == [70_000] * 5, 5, "the server behind has read all of five clients")
