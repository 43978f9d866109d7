"""A stop closes the door as soon as the backlog is drained, however long the last client stays:
newcomers are refused and a successor can listen. So do workers whose master was killed."""
import contextlib
import os
import re
import signal
import socket
import time

import processes
from clients import ask, connect, connect_to
from framework import each_model
from harness import Server, folder, until

HALF = b"GET / HTTP/1.1\r\nHo"
REST = b"st: h\r\n\r\n"


@contextlib.contextmanager
def half_a_request(server):
    """A client that has begun, and whose worker knows it."""
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"Hello, World!" in client.recv(4096)
        send_half(server.port, client)
        yield client


def send_half(port, client):
    """Until the server has read it: nothing is left in its socket."""
    client.sendall(HALF)
    pair = f":{port:04X} 0100007F:{client.getsockname()[1]:04X} "
    def is_read():
        with open("/proc/net/tcp") as table:
            lines = [line.split() for line in table if pair in line]
        return lines and all(words[4].endswith(":00000000") for words in lines)
    until(is_read, 10, "the server has read half a request")


def is_refused(port):
    """A connect that times out is neither served nor refused: only a refusal counts."""
    try:
        connect_to(f"127.0.0.1:{port}", 0.9).close()
    except ConnectionRefusedError:
        return True
    except (socket.timeout, ConnectionResetError):
        pass
    return False


def finishes(client):
    client.sendall(REST)
    return b"Hello, World!" in client.recv(4096)


@each_model
def test_who_comes_while_somebody_drains_is_refused(model):
    with Server("hello", "--head-timeout", "60s", model=(*model, 2)) as server:
        with half_a_request(server) as client:
            port = server.port
            server.send(signal.SIGTERM)
            until(lambda: is_refused(port), 10, "newcomers are refused")
            with Server("hello", model=model, listen=[f"127.0.0.1:{port}"]) as successor:
                with connect(successor) as other:
                    assert ask(other).body == b"Hello, World!"
                assert server.process.poll() is None, "it did not wait for its client"
                assert finishes(client), "the client in the middle of its request was cut"
                assert server.wait() == 0


@each_model
def test_no_process_holds_a_given_listener_s_filter(model):
    """The giver holds the listener: whoever comes waits there, and the next server serves him."""
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        given.listen(64)
        given.setblocking(True)
        port, number = given.getsockname()[1], given.fileno()
        old = Server("hello", "--head-timeout", "60s", model=model, listen=[f"fd:{number}"],
                     fds=[number])
        with old, connect_to(f"127.0.0.1:{port}") as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"Hello, World!" in client.recv(4096)
            send_half(port, client)
            old.send(signal.SIGTERM)
            old.wait_for_log("SIGTERM")
            held = f"socket:[{os.fstat(number).st_ino}]"
            workers = lambda: [pid for pid in processes.descendants(old.pid)
                               if held in descriptors_of(pid).values()]
            until(lambda: not workers(), 10, "no worker holds the listener any more")
            with connect_to(f"127.0.0.1:{port}", 20) as newcomer:
                newcomer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                with Server("hello", model=model, listen=[f"fd:{number}"], fds=[number]):
                    assert b"Hello, World!" in newcomer.recv(4096)
                    assert finishes(client)
                    assert old.wait() == 0


def descriptors_of(pid):
    found = {}
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
    return found


@each_model
def test_nothing_that_the_master_inherited_reaches_a_child(model):
    with folder() as here, open(f"{here}/secret", "w") as secret:
        os.dup2(secret.fileno(), 9)
        os.dup2(secret.fileno(), 251)
        try:
            with Server("chat", model=model, fds=[9, 251]) as server, connect(server) as client:
                client.recv(1)
                def hub_and_workers():
                    return len(server.workers()) >= 2
                until(hub_and_workers, 10, "worker and hub")
                def leaks():
                    return {pid: held for pid in processes.descendants(server.pid)
                            if (held := [n for n, name in descriptors_of(pid).items()
                                         if name.startswith(here)])}
                until(lambda: not leaks(), 5, "no child holds what the master inherited")
                assert 251 in descriptors_of(server.pid), "the master's own are its starter's matter"
        finally:
            os.close(9)
            os.close(251)


def orphans_of(server):
    return [pid for pid in server._known if pid != server.pid and processes.is_alive(pid)]


@each_model
def test_without_a_master_the_door_is_closed_and_the_limit_kept(model):
    with Server("hello", "--head-timeout", "60s", "--stop-timeout", "3s",
                model=(*model, 2)) as server:
        with half_a_request(server) as client:
            port = server.port
            server._known |= set(server.tree())
            os.kill(server.pid, signal.SIGKILL)
            server.process.wait(10)
            until(lambda: is_refused(port), 10, "newcomers are refused")
            with Server("hello", model=model, listen=[f"127.0.0.1:{port}"]):
                assert orphans_of(server), "nobody stayed for the client"
                client.settimeout(30)
                while client.recv(4096):
                    pass                  # cut at the limit
                until(lambda: not orphans_of(server), 10, "every process has ended")
        assert len(server.log_lines("is gone")) <= 2, "a line for each worker"


@each_model
def test_nothing_remains_of_a_master_and_a_worker_killed_together(model):
    """Processes of clients that have lost both keep the stop's limit by themselves."""
    with Server("hello", "--head-timeout", "60s", "--stop-timeout", "1s",
                model=(*model, 2)) as server:
        with half_a_request(server) as client, half_a_request(server) as other:
            port = server.port
            server._known |= set(server.tree())
            for pid in (server.workers()[0], server.pid):
                os.kill(pid, signal.SIGKILL)
            server.process.wait(10)
            until(lambda: is_refused(port), 10, "newcomers are refused")
            until(lambda: not orphans_of(server), 10, "every process has ended")
            for each in (client, other):
                each.settimeout(10)
                with contextlib.suppress(ConnectionResetError):
                    while each.recv(4096):
                        pass


def test_the_hub_outlives_its_master_for_those_who_need_it():
    with Server("chat", "--stop-timeout", "60s", model=("multiplex", None, 2)) as server:
        with connect(server) as client:
            client.sendall(b"/nick alice\n")
            client.recv(1)
            def hubs():
                return [pid for pid in server.workers() if f"hub ({pid}) started" in server.log()]
            [hub] = until(hubs, 10, "the hub is told of")
            workers = [pid for pid in server.workers() if pid != hub]
            server._known |= set(server.tree())
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)      # whoever drains, and is in no hurry
            os.kill(server.pid, signal.SIGKILL)
            server.process.wait(10)
            server.wait_for_log("hub: the master")
            assert processes.is_alive(hub), "links to it are still open"
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
            until(lambda: not orphans_of(server), 10, "every process has ended")


@each_model
def test_without_a_master_term_and_int_are_at_once(model):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server("hello", "--head-timeout", "60s", model=(*model, 1)) as server:
            with half_a_request(server) as client:
                server._known |= set(server.tree())
                [worker] = server.workers()
                os.kill(server.pid, signal.SIGKILL)
                server.process.wait(10)
                server.wait_for_log("is gone")
                os.kill(worker, number)
                until(lambda: not orphans_of(server), 10, "every process has ended at once")
                client.settimeout(10)
                while client.recv(4096):
                    pass
