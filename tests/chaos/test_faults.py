"""Random faults under load, in each model: as many reports as faults, each with its pid and code or
signal; others are served meanwhile; no zombie stays."""
import contextlib
import os
import random
import re
import signal
import socket
import sys
import time

import processes
from clients import connect
from framework import SLOWNESS, alone, each_model, limit, long_only, quick_or_long
from harness import until

sys.path.insert(0, os.path.dirname(__file__))
from storm import Clients, ask_pid, faulty  # noqa: E402
from zombies import ZombieSampler  # noqa: E402

SIGNALS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE]
# In the process models a process that leaves by _exit(0) has done what it was there for.
CODES = [code for code in range(256) if code != 125]
WORKERS = quick_or_long(4, 16)  # one fault per worker and second of its life
REPORT = re.compile(r"(?:worker \d+ \((\d+)\)|process (\d+)(?: of one client| of the pool|"
                    r", an adopted orphan,)) (exited with code \d+|was killed by signal \d+)")
NUMBER = re.compile(r"\d+")


def reports(log):
    """(pid, what) of each death that the log tells."""
    return sorted((int(a or b), what) for a, b, what in REPORT.findall(log))


def extra_lines(server, told, done):
    extra = {pid for pid, _ in set(told) - set(done)}
    extra |= {pid for pid, _ in set(done) - set(told)}
    return [line for line in server.log().splitlines()
            if {int(number) for number in NUMBER.findall(line)} & extra or "more like" in line]


class Faults:
    def __init__(self, server, model, seed):
        self.server, self.model, self.random = server, model, random.Random(seed)
        self.done, self.outside, self._born, self._hit = [], 0, {}, set()

    def workers(self):
        """Those that have lived for a second, which a worker must to be replaced at once."""
        now = time.monotonic()
        children = self.server.workers()
        self._hit &= set(children)          # of the others another may have the number soon
        here = {pid for pid in children if self._is_worker(pid)}
        self._born = {pid: self._born.get(pid, now) for pid in here}
        return [pid for pid, born in self._born.items()
                if now - born > 1.2 * SLOWNESS and pid not in self._hit]

    def _is_worker(self, pid):
        return f"({pid}) started" in self.server.log()

    def one(self):
        """One fault, now or as soon as somebody is old enough."""
        if self.random.random() < 0.4:
            victim = self.random.choice(until(self.workers, 20, "a worker of age"))
            number = self.random.choice(SIGNALS)
            self._hit.add(victim)
            os.kill(victim, number)
            self.done.append((victim, f"was killed by signal {int(number)}"))
            self.outside += 1
        else:
            until(self._by_request, 20, "a process that can be asked to end")

    def _by_request(self):
        with contextlib.suppress(OSError), connect(self.server) as client:
            pid = ask_pid(client)
            if pid is None or pid in self._hit:
                return False
            if self.model[0] != "process" and pid not in self.workers():
                return False
            code = self.random.choice(CODES[1:] if self.model[0] == "process" else CODES)
            number = self.random.choice(SIGNALS)
            by_code = self.random.random() < 0.7
            # A process of one client that ends by 0 has just finished; it is no news.
            if by_code and code == 0 and self.model[0] == "process":
                return False
            self._hit.add(pid)
            client.sendall(f"exit {code}\n".encode() if by_code else b"signal %d\n" % number)
            assert client.recv(1) == b""
            self.done.append((pid, f"exited with code {code}" if by_code
                              else f"was killed by signal {int(number)}"))
            return True
        return False


@long_only
@alone
@limit(180, 3600)
@each_model
def test_random_faults_under_load(model):
    count = quick_or_long(30, 2000)
    with faulty("--deaths-in-full", "0", model=(*model, WORKERS)) as server, ZombieSampler(server.pid) as sampler:
        until(lambda: len(server.workers()) == WORKERS, 5, "all workers")
        faults = Faults(server, model, seed=count)
        with Clients(server.port) as clients:
            for _ in range(count):
                faults.one()
            with contextlib.suppress(AssertionError):
                until(lambda: set(faults.done) <= set(reports(server.log())), 20, "a report of each")
            whole = clients.whole
            until(lambda: clients.whole > whole + 10, 10, "clients are served at the end")
        told, done = reports(server.log()), sorted(faults.done)
        print(*extra_lines(server, told, done), sep="\n")
        until(lambda: not processes.zombies_below(server.pid), 2, "no zombie while it is idle")
    print(f"{count} faults, {faults.outside} of them from outside; reports {len(told)}, missing "
          f"{len(set(done) - set(told))}, extra {len(set(told) - set(done))}")
    print(clients.figures())
    print(sampler.figures())
    assert told == done, f"missing {set(done) - set(told)}, extra {set(told) - set(done)}"
    assert clients.lost_one_shot <= count and clients.longest_gap < 3 * SLOWNESS
    assert all(each < 500 * SLOWNESS for each in sampler.unexplained), sampler.unexplained


@each_model
def test_a_handler_that_looks_at_no_result_ends_alone(model):
    with faulty("--stop-timeout", "300ms", model=(*model, 1)) as server:
        with connect(server) as other:
            other.sendall(b"pid\n")
            worker = other.recv(100)
            with connect(server) as client:
                client.sendall(b"ignore\n")
                assert client.recv(5)
            server.wait_for_log("50000 waits in a row failed")
            with connect(server) as client:
                client.sendall(b"deaf\n")
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) == b"", "it was closed when its handler was ended"
            other.sendall(b"pid\n")
            assert other.recv(100) == worker, "the other client has lost its process"
        # One that writes to a client who reads is cancelled at the stop's limit, and ends.
        with connect(server) as client:
            client.sendall(b"ignore\n")
            assert client.recv(5)
            os.kill(server.pid, signal.SIGTERM)
            with contextlib.suppress(ConnectionResetError):
                while client.recv(1 << 16):
                    pass
        server.wait()
        assert "SIGKILL" not in server.log(), "it had to be killed"


@alone
@limit(60, 900)
def test_faults_of_one_client_cost_nobody_else():
    """A process for each client: who did not ask for it loses nothing."""
    count = quick_or_long(50, 2000)
    with faulty("--deaths-in-full", "0", model=("process", "each", 2)) as server:
        until(lambda: len(server.workers()) == 2, 5, "both workers")
        faults = Faults(server, ("process", "each"), seed=1)
        with Clients(server.port, one_shot=2, lasting=4) as clients:
            for number in range(count):
                until(faults._by_request, 10, "a process that can be asked to end")
                if number % 50 == 49:
                    time.sleep(1)           # a worker writes a hundred such lines in a second
            until(lambda: len(reports(server.log())) >= count, 60, "a report of each fault")
        told, done = reports(server.log()), sorted(faults.done)
    print(f"{count} faults, {clients.figures()}")
    assert told == done
    assert clients.lost_one_shot == 0 and clients.lost_lasting == 0
