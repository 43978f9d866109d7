"""Told to stop while descriptors or processes are out: whoever is in the backlog was accepted by our
kernel, so he waits for room and is served. He was reset once: the shortage ended the draining."""
import os
import signal
import sys
import time

from clients import Answer, connect, echoes
from framework import IN_TIME, alone, cases, each_model, limit, model_name
from harness import Server, until

sys.path.insert(0, os.path.dirname(__file__))
from shortages import Injection, few_descriptors, pids_group  # noqa: E402

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def connected(server, count, words):
    clients = []
    for _ in range(count):
        clients.append(connect(server))
        clients[-1].sendall(words)
    return clients


def tell_in_shortage(server):
    server.wait_for_log("accept")
    server.send(signal.SIGTERM)
    server.wait_for_log("SIGTERM")


def check_all_answered(clients):
    """None of them leaves before all are served."""
    for number, client in enumerate(clients):
        assert Answer.read(client).body == b"Hello, World!", number
    for client in clients:
        client.close()


@alone
@limit(60)
@cases([("thread", "each"), ("thread", "pool"), ("multiplex", None)], model_name)
def test_few_descriptors(model):
    """A hundred more than there are descriptors for; idle ones make room when they are told."""
    pool = ["--pool-max", "100"] if model[1] == "pool" else []
    with Server("hello", *pool, model=(*model, 1), before=few_descriptors) as server:
        clients = connected(server, 150, GET)
        server.wait_for_log("accept")
        server.send(signal.SIGTERM)
        check_all_answered(clients)
        assert server.wait(10) == 0
        server.check_nothing_left()


@alone
@limit(60)
def test_few_processes():
    """The processes of idle clients are told, though the parent still looks for room to fork."""
    with pids_group(40) as enter:
        with Server("hello", model=("process", "each", 1), before=enter) as server:
            clients = connected(server, 60, GET)
            server.wait_for_log("fork")
            server.send(signal.SIGTERM)
            check_all_answered(clients)
            assert server.wait(10) == 0
            server.check_nothing_left()


@alone
@limit(60)
@each_model
def test_no_accept_for_a_while(model):
    """Every accept fails until well after the stop."""
    with Server("hello", model=(*model, 1)) as server:
        with connect(server) as client:
            client.sendall(GET)
            Answer.read(client)
        with Injection(server, "accept4,accept", "EMFILE") as injection:
            clients = connected(server, 10, GET)
            tell_in_shortage(server)
            time.sleep(0.5)  # that nothing happens is no event
            assert server.process.poll() is None, "it has ended, and ten clients wait"
            injection.end()
            check_all_answered(clients)
            assert server.wait(10) == 0
        server.check_nothing_left()


@alone
@limit(60)
@each_model
def test_second_signal_ends_it(model):
    """However short it is of anything, the second TERM is obeyed at once."""
    with Server("echo", model=(*model, 1)) as server:
        with connect(server) as client:
            assert echoes(client)
        with Injection(server, "accept4,accept", "EMFILE"):
            clients = connected(server, 3, b"words")
            tell_in_shortage(server)
            time.sleep(0.5)                 # two that follow each other at once count as one
            start = time.monotonic()
            server.send(signal.SIGTERM)
            until(lambda: server.process.poll() is not None, 5, "the end")
            assert time.monotonic() - start < IN_TIME and server.process.returncode == 0
        for client in clients:
            client.close()
