"""echo under every model: with nc, in pieces, much at once, half-closed, reset."""
import os
import shutil
import socket
import subprocess
import threading

from clients import connect, echoes, receive_all, receive_exactly, reset
from framework import Skip, each_model, each_model_and_workers
from harness import Server


@each_model_and_workers
def test_nc(model):
    if not shutil.which("nc"):
        raise Skip("nc is not installed")
    words = b"a line\nand a crow: \xec\x82\xbc\xec\xa1\xb1\xec\x98\xa4\n" + os.urandom(5000)
    with Server("echo", model=model) as server:
        for _ in range(3):
            done = subprocess.run(["nc", "-N", "127.0.0.1", str(server.port)], input=words,
                                  capture_output=True, timeout=10)
            assert done.stdout == words and done.returncode == 0


@each_model
def test_bytes_one_by_one(model):
    with Server("echo", model=model) as server, connect(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for value in range(256):
            assert echoes(client, bytes([value]))


@each_model
def test_megabytes_then_half_close(model):
    """What the client sent before it closed its half comes back whole."""
    words = os.urandom(8 << 20)
    with Server("echo", model=model) as server, connect(server) as client:
        def send():
            client.sendall(words)
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        assert receive_all(client) == words
        sender.join()


@each_model_and_workers
def test_many_clients_at_once(model):
    with Server("echo", model=model) as server:
        clients = [connect(server) for _ in range(40)]
        for turn in range(3):
            for number, client in enumerate(clients):
                client.sendall(b"%d of %d\n" % (turn, number))
            for number, client in enumerate(clients):
                words = b"%d of %d\n" % (turn, number)
                assert receive_exactly(client, len(words)) == words
        for client in clients:
            client.close()


@each_model
def test_clients_that_reset(model):
    with Server("echo", model=model) as server:
        for _ in range(20):
            client = connect(server)
            client.sendall(b"x" * 1000)
            reset(client)
        with connect(server) as client:
            assert echoes(client)


@each_model
def test_client_that_connects_and_leaves(model):
    with Server("echo", model=model) as server:
        for _ in range(50):
            connect(server).close()
        with connect(server) as client:
            assert echoes(client)


@each_model
def test_idle_client_is_closed(model):
    with Server("echo", "--idle-timeout", "300ms", model=model) as server:
        with connect(server) as client:
            assert echoes(client)
            assert client.recv(1) == b""
