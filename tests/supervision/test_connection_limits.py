"""Limits on connections: of the whole program, whatever the model, however many workers."""
import os
import signal
import socket

from clients import connect, echoes
from framework import each_model, limit
from harness import Server, until


def from_address(server, source):
    return socket.create_connection(("127.0.0.1", server.port), 10, (source, 0))


def is_refused(client):
    """Closed without an answer; a reset when what it had said was not read."""
    client.settimeout(10)
    try:
        client.sendall(b"?")
        return client.recv(1) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def one_more(server, source="127.0.0.1"):
    """A client who comes until there is room for him: who left is counted out a moment later."""
    def served():
        client = from_address(server, source)
        try:
            if echoes(client):
                return client
        except OSError:
            pass
        client.close()
        return None
    return until(served, 10, "another client is served")


def check_full(server, source="127.0.0.1"):
    for _ in range(4):
        with from_address(server, source) as client:
            assert is_refused(client)


def close_all(clients):
    for client in clients:
        client.close()


@each_model
def test_in_all(model):
    """Five are served by two workers, the sixth is refused; whoever leaves makes room for one."""
    with Server("echo", "--max-connections", 5, model=(*model, 2)) as server:
        clients = [connect(server, 10) for _ in range(5)]
        assert all(echoes(client) for client in clients)
        check_full(server)
        clients.pop().close()
        clients.append(one_more(server))
        check_full(server)
        assert all(echoes(client) for client in clients)
        close_all(clients)
        refused = server.log_lines("refused a client")
        assert refused and "the limit of 5 connections is reached" in refused[0]
        server.stop_cleanly()
        total = server.log_lines("clients were refused by the limits")
        assert len(total) == 1 and int(total[0].split(":")[-1].split()[0]) >= 8, total


@each_model
def test_many_at_once(model):
    """Of forty that come at the same time exactly five are served."""
    with Server("echo", "--max-connections", 5, model=(*model, 2)) as server:
        clients = [connect(server, 10) for _ in range(40)]
        served = [client for client in clients if not is_refused(client)]
        assert len(served) == 5, f"{len(served)} were served"
        assert all(echoes(client) for client in served)
        close_all(clients)


@each_model
def test_per_peer(model):
    with Server("echo", "--max-connections-per-peer", 5, model=(*model, 2)) as server:
        clients = [connect(server, 10) for _ in range(5)]
        assert all(echoes(client) for client in clients)
        check_full(server)
        other = from_address(server, "127.0.0.2")
        assert echoes(other)
        clients.pop().close()
        clients.append(one_more(server))
        check_full(server)
        assert "connections of one peer" in server.log_lines("refused a client")[0]
        close_all([*clients, other])


@limit(60)
@each_model
def test_killed_workers(model):
    """What killed workers held is free again: in all, and for the peer."""
    limits = ["--max-connections", 5, "--max-connections-per-peer", 5]
    with Server("echo", *limits, model=(*model, 2)) as server:
        before = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "two workers")
        clients = [connect(server, 10) for _ in range(5)]
        assert all(echoes(client) for client in clients)
        check_full(server)
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        until(lambda: len(set(server.workers()) - set(before)) == 2, 10, "two new workers")
        again = [one_more(server) for _ in range(5)]
        check_full(server)
        assert all(echoes(client) for client in again)
        close_all(clients + again)
