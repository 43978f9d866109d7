"""Under a service manager: what it is told and in which order, descriptors that it hands over, the
pid file, and the forms of the log."""
import json
import os
import re
import signal
import socket
import sys
import time

from clients import connect_to, echoes
from framework import each_model, limit
from harness import Server, folder, run_to_end, until

# Becomes the program with descriptors 3, 4, … and says in LISTEN_PID that they are for it.
HAND_OVER = """
import fcntl, os, sys
numbers = [int(word) for word in sys.argv[1].split(",") if word]
kept = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in numbers]
for at, number in enumerate(kept):
    os.dup2(number, 3 + at)
os.environ["LISTEN_PID"] = sys.argv[2] if sys.argv[2] != "self" else str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(numbers))
os.execv(sys.argv[3], sys.argv[3:])
"""


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.lines, self.times = [], []

    def listen(self):
        while True:
            try:
                for line in self._socket.recv(4096).decode().splitlines():
                    self.lines.append(line)
                    self.times.append(time.monotonic())
            except BlockingIOError:
                return self.lines

    def wait_for(self, line):
        until(lambda: line in self.listen(), 10, f"the manager is told {line}")

    def names(self):
        """In the order in which they came, without STATUS and WATCHDOG."""
        return [line for line in self.listen() if re.match("READY|STOPPING", line)]


def managed(variables, *args, **options):
    return Server(*args, environment=variables, **options)


@each_model
def test_ready_then_stopping(model):
    with folder() as here:
        for manager in (Manager(here + "/notify"), Manager(f"@samjoko-test-{os.getpid()}")):
            variables = {"NOTIFY_SOCKET": manager.address}
            with managed(variables, "echo", model=(*model, 2)) as server:
                manager.wait_for("READY=1")
                with connect_to(server.addresses[0]) as client:
                    assert echoes(client)
                until(lambda: "STATUS=2 of 2 workers ready" in manager.listen(), 5, "a status")
            assert manager.names() == ["READY=1", "STOPPING=1"], manager.lines


def test_ready_only_when_every_worker_is():
    with folder() as here:
        manager = Manager(here + "/notify")
        with managed({"NOTIFY_SOCKET": manager.address}, "echo",
                     model=("multiplex", None, 3)) as server:
            manager.wait_for("READY=1")
            before = manager.lines[:manager.lines.index("READY=1")]
            after = manager.lines[manager.lines.index("READY=1"):]
            assert "STATUS=3 of 3 workers ready" not in before, before
            assert "STATUS=3 of 3 workers ready" in after, after
            assert len(server.workers()) == 3


@limit(30)
def test_watchdog():
    """A beat at half of the interval while the master is well; none from one that is stopped."""
    with folder() as here:
        manager = Manager(here + "/notify")
        with managed({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"},
                     "echo") as server:
            until(lambda: manager.listen().count("WATCHDOG=1") >= 6, 10, "six beats")
            beats = [at for line, at in zip(manager.lines, manager.times) if line == "WATCHDOG=1"]
            print("between beats: " + " ".join(f"{b - a:.2f}" for a, b in zip(beats, beats[1:])))
            server.send(signal.SIGSTOP)
            time.sleep(0.3)
            manager.listen()
            count = len(manager.lines)
            time.sleep(1)
            assert manager.listen()[count:] == [], "a master that is stopped does not beat"
            server.send(signal.SIGCONT)
            until(lambda: len(manager.listen()) > count, 5, "it beats again")


def test_watchdog_of_another_process_is_not_ours():
    with folder() as here:
        manager = Manager(here + "/notify")
        with managed({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "100000",
                      "WATCHDOG_PID": "1"}, "echo"):
            manager.wait_for("READY=1")
            time.sleep(0.3)
            assert "WATCHDOG=1" not in manager.listen()


def test_manager_that_is_gone_is_one_line_and_no_trouble():
    with managed({"NOTIFY_SOCKET": "/none/such"}, "echo") as server:
        with connect_to(server.addresses[0]) as client:
            assert echoes(client)
        server.wait_for_log("notify the service manager")


def test_manager_that_listens_after_the_start_is_told_all():
    """One that forks first and binds its socket then: READY=1 was lost for good."""
    with folder() as here, managed({"NOTIFY_SOCKET": here + "/notify"}, "echo") as server:
        server.wait_for_log("it is told later, when it listens")
        manager = Manager(here + "/notify")
        manager.wait_for("READY=1")
        server.stop_cleanly()
        assert manager.names() == ["READY=1", "STOPPING=1"]


def listening():
    made = socket.create_server(("127.0.0.1", 0))
    made.set_inheritable(True)
    return made


def handed(sockets, names, listen, *args, pid="self"):
    numbers = ",".join(str(each.fileno()) for each in sockets)
    return managed({"LISTEN_FDNAMES": names}, "echo", *args, listen=listen,
                   wrap=[sys.executable, "-c", HAND_OVER, numbers, pid],
                   fds=[each.fileno() for each in sockets])


@each_model
def test_socket_activation_by_name(model):
    """Each name has its own socket; what was handed over still listens when the server is gone."""
    with listening() as web, listening() as admin:
        server = handed([web, admin], "web:admin", ["fd:admin", "fd:web"],
                        *(word for pair in zip(("--model", "--spawn"), model) if pair[1]
                          for word in pair))
        with server:
            wanted = [f"127.0.0.1:{each.getsockname()[1]}" for each in (admin, web)]
            assert server.addresses == wanted, server.addresses
            for address in wanted:
                with connect_to(address) as client:
                    assert echoes(client)
        connect_to(wanted[0]).close()


def test_socket_activation_gone_wrong():
    cases = [("web:admin", "fd:wep", "self", "web (fd:3), admin (fd:4)"),
             ("web:web", "fd:web", "self", "several descriptors are called 'web'"),
             ("web:admin", "fd:web", "1", "LISTEN_PID names process 1")]
    for names, listen, pid, words in cases:
        with listening() as web, listening() as admin:
            server = handed([web, admin], names, [listen], pid=pid).start(ready=False)
            assert server.process.wait(10) == 3
            line, = server.log().strip().split("\n")
            assert words in line and listen in line, line
            server.__exit__(None)
    with listening() as web, listening() as admin:
        server = handed([web, admin], "web:admin", ["fd:web"]).start(ready=False)
        assert server.process.wait(10) == 3, "who connects to what nobody serves waits for ever"
        line, = server.log().strip().split("\n")
        assert "no listener names" in line and "admin (fd:4)" in line and "web" not in line, line
        server.__exit__(None)
    code, err = run_to_end("serve", "echo", "--listen", "fd:web")
    assert code == 3 and "LISTEN_FDS is not set" in err and err.count("\n") == 1, err


def test_pid_file():
    with folder() as here:
        path = here + "/pid"
        for left in (None, "4194305\n", "rubbish"):
            if left is not None:
                with open(path, "w") as file:
                    file.write(left)
            with Server("echo", "--pid-file", path) as server:
                def says_it():
                    with open(path) as file:
                        return file.read() == f"{server.pid}\n"
                until(lambda: os.path.exists(path) and says_it(), 10, "the pid is in the file")
                code, err = run_to_end("serve", "echo", "-l", "127.0.0.1:0", "--pid-file", path)
                assert code == 3 and path in err and str(server.pid) in err, err
                assert says_it() and os.listdir(here) == ["pid"]
            assert os.listdir(here) == []
        code, err = run_to_end("serve", "echo", "-l", "127.0.0.1:0", "--pid-file", here + "/a/b")
        assert code == 3 and here + "/a/b" in err and err.count("\n") == 1, err


def test_json_log():
    """Every line is an object with the same keys, whoever writes it and after a reopening."""
    with folder() as here:
        log = here + "/log"
        server = Server("echo", "--log", log, "--log-format", "json", inherited_log=log,
                        model=("process", "pool", 2)).start(ready=False)
        until(lambda: server.log().count(" started") >= 2, 10, "two workers")
        os.rename(log, log + ".1")
        server.send(signal.SIGUSR1)
        until(lambda: os.path.exists(log) and "reopened" in server.log(), 5, "a new log")
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        server.wait_for_log(f"({victim})")
        assert server.stop() == 0
        with open(log + ".1") as file:
            lines = file.read().splitlines() + server.log().splitlines()
        for line in lines:
            entry = json.loads(line)
            assert list(entry) == ["time", "level", "pid", "worker", "kind", "message"], line
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"]), line
        assert any(json.loads(line)["kind"] == "worker end" for line in lines)
        server.__exit__(None)


def journal_lines(*args, journal_stream=None):
    """What it says on its standard error, a pipe."""
    own, its = os.pipe()
    variables = {}
    if journal_stream:
        about = os.fstat(its)
        variables = {"JOURNAL_STREAM": journal_stream.format(about.st_dev, about.st_ino)}
    server = managed(variables, "echo", *args, log_to=its).start()
    os.close(its)
    with os.fdopen(own) as reading:
        lines = [next(reading)]
        server.send(signal.SIGTERM)
        lines += list(reading)
    assert server.process.wait(10) == 0
    server.__exit__(None)
    return lines


def test_journald_log():
    """Chosen when standard error is the journal, and only then."""
    for lines in (journal_lines("--log-format", "journald"),
                  journal_lines(journal_stream="{}:{}")):
        for line in lines:
            assert re.match(r"<[3-7]>\d+ (master|worker \d+): ", line), line
    for lines in (journal_lines(), journal_lines(journal_stream="{}:1{}"),
                  journal_lines("--log-format", "text", journal_stream="{}:{}")):
        for line in lines:
            assert re.match(r"\d{4}-\d\d-\d\dT", line), line
