"""What each signal to the master does: stop, stop at once, reopen the log, scale, nothing."""
import contextlib
import os
import signal
import time

from clients import Answer, ask, connect, connect_to, echoes
from framework import IN_TIME, cases, each_model
from harness import Server, folder, until

STOPS = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]


def name_of(number):
    return number.name if isinstance(number, signal.Signals) else str(number)


@each_model
def test_stop_with_nobody_connected(model):
    for number in STOPS:
        with Server("echo", model=(*model, 2)) as server:
            start = time.monotonic()
            server.stop_cleanly(number)
            assert time.monotonic() - start < IN_TIME


@each_model
def test_idle_client_does_not_hold_a_stop(model):
    """An echo client between two messages: closed within the second of lingering and some."""
    with Server("hello", model=model) as server, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"Hello, World!" in client.recv(4096)
        start = time.monotonic()
        server.stop_cleanly()
        assert time.monotonic() - start < IN_TIME
        assert client.recv(1) == b""


@each_model
def test_second_term_is_immediate(model):
    """A client in the middle of its request holds the stop until the second signal."""
    for second in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        with Server("hello", model=model) as server, connect(server) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHo")
            time.sleep(0.2)
            server.send(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None, "it did not wait for the client"
            start = time.monotonic()
            server.stop_cleanly(second)
            assert time.monotonic() - start < IN_TIME


@each_model
def test_stop_timeout_cuts(model):
    """A client that never finishes is cut at the deadline, which is told; the exit code is 0."""
    with Server("hello", "--stop-timeout", "1s", "--head-timeout", "60s", model=model) as server:
        with connect(server) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHo")
            time.sleep(0.2)
            start = time.monotonic()
            server.stop_cleanly()
            taken = time.monotonic() - start
    assert 0.9 < taken < IN_TIME, f"stopped after {taken:.1f} s"


@each_model
def test_new_clients_are_refused_after_the_stop(model):
    with Server("echo", model=model) as server:
        port = server.port
        server.stop_cleanly()
        try:
            connect_to(f"127.0.0.1:{port}", 2).close()
            raise AssertionError("somebody still listens")
        except ConnectionRefusedError:
            pass


def test_log_is_reopened():
    with folder() as here:
        path = here + "/log"
        server = Server("echo", "--log", path, model=("process", "pool", 2), inherited_log=path)
        with server:
            until(lambda: len(server.workers()) == 2, 5, "two workers")
            os.rename(path, path + ".1")
            server.send(signal.SIGUSR1)
            until(lambda: os.path.exists(path), 5, "a new log file")
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            server.wait_for_log(f"({victim})")
            with open(path + ".1") as old:
                assert f"({victim}) killed" not in old.read()
            # So that reading the port and the like still finds the first lines.
            with open(path + ".1") as old, open(path, "a") as new:
                new.write(old.read())


@cases([signal.SIGHUP, signal.SIGUSR2], name_of)
def test_signal_of_a_later_version(number):
    with Server("echo", model=("multiplex", None, 2)) as server:
        workers = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "workers")
        server.send(number)
        lines = server.wait_for_log(number.name)
        time.sleep(0.2)
        assert len(server.log_lines(number.name)) == 1, lines
        assert server.workers() == workers
        with connect(server) as client:
            assert echoes(client)


@cases([signal.SIGWINCH, signal.SIGPIPE, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG], name_of)
def test_signal_that_means_nothing(number):
    with Server("echo", model=("multiplex", None, 1)) as server:
        workers = until(server.workers, 5, "a worker")
        with connect(server) as client:
            assert echoes(client)          # so the worker is ready
        before = len(server.log().splitlines())
        for pid in [server.pid, *workers]:
            os.kill(pid, number)
        time.sleep(0.3)
        assert server.workers() == workers and server.process.poll() is None
        assert len(server.log().splitlines()) == before, server.log()


def test_one_worker_more_and_less():
    with Server("echo", model=("thread", "pool", 1)) as server:
        until(lambda: len(server.workers()) == 1, 5, "one worker")
        server.send(signal.SIGTTIN)
        until(lambda: len(server.workers()) == 2, 5, "two workers")
        time.sleep(0.1)
        server.send(signal.SIGTTOU)
        until(lambda: len(server.workers()) == 1, 5, "one worker again")
        with connect(server) as client:
            assert echoes(client)


@each_model
def test_signal_storm(model):
    """Signals by the hundred to master and workers: nobody dies, clients are served."""
    harmless = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGPIPE,
                signal.SIGWINCH]
    with Server("echo", model=(*model, 1)) as server:
        until(server.workers, 5, "a worker")
        with connect(server) as client:
            assert echoes(client)
            for turn in range(600):
                for pid in [server.pid, *server.workers()]:
                    os.kill(pid, harmless[turn % len(harmless)])
                if turn % 20 == 0:
                    assert echoes(client)
            with connect(server) as another:
                assert echoes(another)


def test_reader_of_the_log_goes_away():
    """Standard error is a pipe that nobody reads any more: the service goes on."""
    reader, writer = os.pipe()
    with Server("echo", model=("process", "pool", 1), log_to=writer) as server:
        os.close(writer)
        words = b""
        while b" started" not in words:
            words += os.read(reader, 4096)
        os.close(reader)
        port = int(words.split(b"127.0.0.1:")[1].split()[0])
        server.send(signal.SIGUSR2)
        os.kill(server.workers()[0], signal.SIGKILL)
        until(lambda: serves(port), 5, "a new worker")


def serves(port):
    # Processes of the killed worker may take the client, and leave.
    with contextlib.suppress(OSError), connect_to(f"127.0.0.1:{port}") as client:
        return echoes(client)
    return False


@each_model
def test_a_worker_stopped_alone_leaves_after_its_last_client(model):
    """Its successor makes the listener, which they share, blocking again; a thread of the old worker
    then hung in accept for ever, and took clients away from the successor."""
    with Server("hello", model=(*model, 1)) as server:
        client = connect(server)
        client.sendall(b"GET / HTTP/1.1\r\n")
        until(lambda: answers(server), 5, "it serves")
        served_from = time.monotonic()
        until(lambda: time.monotonic() - served_from > 1.5, 5, "of age: only then it has a successor at once")
        old = server.workers()[0]
        os.kill(old, signal.SIGTERM)
        until(lambda: set(server.workers()) - {old}, 5, "a successor")
        client.sendall(b"Host: h\r\nConnection: close\r\n\r\n")
        assert Answer.read(client).status == 200
        client.close()
        until(lambda: old not in server.workers(), 5, "the old worker leaves")
        server.stop_cleanly(signal.SIGTERM)


@each_model
def test_the_whole_group_is_told_again_and_again(model):
    """A terminal's Ctrl+C and timeout(1) signal the process group: no worker dies by it."""
    with Server("hello", model=(*model, 2)) as server:
        assert answers(server)
        server.send(signal.SIGTERM)
        while server.process.poll() is None:
            for pid in server.tree():
                with contextlib.suppress(OSError):
                    if pid in server.workers():
                        os.kill(pid, signal.SIGTERM)
        assert server.wait(5) == 0
        assert "killed by signal" not in server.log(), server.log()


def answers(server):
    with connect(server) as client:
        return ask(client).status == 200
