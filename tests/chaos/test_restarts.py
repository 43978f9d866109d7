"""When a worker that fell is started again, and when not: each number is an option."""
import os
import signal
import socket
import sys
import time

import processes
from clients import connect, echoes
from framework import alone, cases, each_model, limit
from harness import Server, until
from wakeups import Wakeups

sys.path.insert(0, os.path.dirname(__file__))
from storm import faulty  # noqa: E402


def kill_one(server, spare):
    victim = until(lambda: [pid for pid in server.workers() if pid != spare], 10, "a victim")[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in server.workers(), 5, "reaped")


@alone
def test_fails_within_the_stated_intensity_and_back_by_command():
    """Two deaths while settling give up; nobody spins; the other worker serves; TTIN brings another one."""
    options = ["--stable-after", "60s", "--restart-delay", "50ms", "--fail-after", "3",
               "--fail-window", "30s"]
    with Server("echo", *options, model=("multiplex", None, 2)) as server:
        spare = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "workers")[0]
        for delay in (50, 100):
            kill_one(server, spare)
            server.wait_for_log(f"is started again in {delay} ms", 5)
        kill_one(server, spare)
        line = server.wait_for_log("has failed: it ended 3 times within 30 s", 5)[0]
        assert "before it had worked for 60000 ms" in line, line
        waking = Wakeups(server.pid, 2)
        waking.check(5)
        with connect(server) as client:
            assert echoes(client)
        assert server.workers() == [spare]
        server.send(signal.SIGTTIN)
        until(lambda: len(server.workers()) == 2, 5, "a worker in another place")
    print(f"failed after 3 deaths; {waking} then")


def test_one_less_takes_the_failed_slot():
    """It took the last place, alive or not, and the service was over."""
    with Server("echo", "--stable-after", "60s", "--fail-after", "1",
                model=("multiplex", None, 2)) as server:
        workers = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "workers")
        os.kill(min(workers), signal.SIGKILL)
        server.wait_for_log("has failed", 5)
        server.send(signal.SIGTTOU)
        server.wait_for_log("workers wanted now: 1", 5)
        with connect(server) as client:
            assert echoes(client)
        assert server.workers() == [max(workers)]


@cases([("thread", "each"), ("thread", "pool"), ("multiplex", None)], lambda m: m[0] + (m[1] or ""))
def test_code_125_is_not_started_again(model):
    with faulty(model=(*model, 1)) as server:
        with connect(server) as client:
            client.sendall(b"exit 125\n")
            assert client.recv(1) == b""
        assert server.wait(10) == 125
        assert "asked not to be started again" in server.log()
        assert "started again in" not in server.log()


@limit(60)
@each_model
def test_nothing_is_left_of_a_killed_master(model):
    """Workers see the end of their channel, finish, and leave by themselves; the port is free."""
    with Server("echo", model=(*model, 2)) as server:
        clients = [connect(server) for _ in range(6)]
        for client in clients:
            assert echoes(client)
        below = processes.descendants(server.pid)
        port = server.port
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait(5)
        start = time.monotonic()
        until(lambda: not [pid for pid in below if processes.is_alive(pid)], 20,
              "all have left by themselves")
        print(f"{len(below)} processes left within {time.monotonic() - start:.1f} s")
        for client in clients:
            assert client.recv(1) == b""
            client.close()
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))
            again.listen()
