"""After the order to stop the server still accepts for --drain-delay, and says already that it stops:
balancers hear of it before anybody is refused (kubernetes/kubernetes#89263)."""
import json
import os
import signal
import socket
import time

from clients import ask, connect
from framework import each_model
from harness import folder, until
from test_closed_door import is_refused
from test_control import Steered
from test_notify import Manager


def is_served(server):
    with connect(server) as client:
        return ask(client).body == b"Hello, World!"


def phase_of(server):
    return json.loads(server.done("status", "--json"))["phase"]


@each_model
def test_accepts_for_so_long_and_says_that_it_stops(model):
    with folder() as here:
        manager = Manager(here + "/notify")
        with Steered(here, "hello", "--drain-delay", "2s", model=(*model, 2),
                     environment={"NOTIFY_SOCKET": manager.address}) as server:
            manager.wait_for("READY=1")
            begun = time.monotonic()
            server.send(signal.SIGTERM)
            manager.wait_for("STOPPING=1")
            assert phase_of(server) == "draining"
            code, _, err = server.ask("scale", "3")
            assert code != 0 and "stopping" in err, err
            os.kill(server.workers()[0], signal.SIGKILL)     # whoever falls meanwhile is replaced
            served = 0
            while server.process.poll() is None and time.monotonic() < begun + 1.5:
                assert is_served(server)
                served += 1
            assert served > 0 or time.monotonic() > begun + 1.5
            port = server.port
            until(lambda: server.process.poll() is not None or is_refused(port), 10, "the door is shut")
            assert time.monotonic() - begun >= 2, "too early"
            assert server.wait() == 0


def test_a_second_order_ends_the_delay_and_a_third_is_at_once():
    for number in (signal.SIGTERM, signal.SIGINT):
        with folder() as here, Steered(here, "hello", "--drain-delay", "1h", "--head-timeout", "1h",
                                       "--stop-timeout", "1h",
                                       model=("multiplex", None, 2)) as server:
            with connect(server) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert b"Hello, World!" in client.recv(4096)
                client.sendall(b"GET / HT")
                server.send(number)
                server.wait_for_log("still accepted for 3600000 ms")
                assert is_served(server)
                time.sleep(0.02)               # the same order within 10 ms is the same one
                server.send(number)
                port = server.port
                until(lambda: is_refused(port), 10, "the door is shut")
                assert server.process.poll() is None, "its client is in the middle of a request"
                until(lambda: server.process.poll() is not None or server.send(number), 10, "its end")
                assert server.wait() == 0


def test_quit_waits_for_nothing():
    with folder() as here, Steered(here, "hello", "--drain-delay", "1h") as server:
        server.send(signal.SIGTERM)
        server.wait_for_log("still accepted")
        assert server.stop(signal.SIGQUIT) == 0


def test_the_stop_command_drains_too():
    with folder() as here, Steered(here, "hello", "--drain-delay", "1h") as server:
        server.done("stop")
        assert phase_of(server) == "draining" and is_served(server)
        server.done("stop")
        assert server.wait() == 0


def test_a_manager_that_reads_late_is_told_all_in_order():
    """Its queue is full at the start (max_dgram_qlen): READY=1 was lost for good."""
    with folder() as here:
        manager = Manager(here + "/notify")
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        filler.setblocking(False)
        try:
            while True:
                filler.sendto(b"X=1", manager.address)
        except BlockingIOError:
            pass
        with Steered(here, "hello", model=("multiplex", None, 2),
                     environment={"NOTIFY_SOCKET": manager.address}) as server:
            until(lambda: phase_of(server) == "running", 10, "it serves")
            assert is_served(server), "nobody waits for the manager"
            assert "READY=1" not in manager.lines
            manager.wait_for("READY=1")
            until(lambda: "STATUS=2 of 2 workers ready" in manager.listen(), 10, "its status")
            assert server.stop() == 0
            manager.wait_for("STOPPING=1")
        assert manager.names() == ["READY=1", "STOPPING=1"], manager.lines
