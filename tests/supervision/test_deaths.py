"""Workers that die: replaced, explained by one sentence, no zombie, others are served meanwhile."""
import os
import signal
import socket
import threading
import time

import processes
from clients import connect, echoes
from framework import IN_TIME, alone, cases, each_model, limit, quick_or_long
from harness import Server, until

SENTENCES = {signal.SIGKILL: "SIGKILL", signal.SIGSEGV: "SIGSEGV", signal.SIGABRT: "SIGABRT",
             signal.SIGBUS: "SIGBUS"}


class Load(threading.Thread):
    """Connects, is echoed, leaves, again and again; counts what was whole and what was not."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self._address = ("127.0.0.1", server.port)
        self._over = threading.Event()
        self.whole, self.lost, self.longest_gap = 0, 0, 0.0

    def run(self):
        last = time.monotonic()
        while not self._over.is_set():
            try:
                with socket.create_connection(self._address, 5) as client:
                    good = echoes(client)
            except OSError:
                good = False
            now = time.monotonic()
            if good:
                self.whole += 1
                self.longest_gap, last = max(self.longest_gap, now - last), now
            else:
                self.lost += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join(10)


@limit(60, 400)
@each_model
def test_killed_under_load(model):
    """Each death is one line with pid and signal; the place is filled; zombies are reaped."""
    faults = quick_or_long(8, 60)
    numbers = list(SENTENCES)
    with Server("echo", model=(*model, 2)) as server, processes.ZombieWatch(server.pid) as watch:
        with Load(server) as load:
            for turn in range(faults):
                whole = load.whole
                victim = until(lambda: len(server.workers()) == 2 and server.workers(), 5,
                               "two workers")[turn % 2]
                time.sleep(1.1)        # stable: one that settles would wait before it is replaced
                number = numbers[turn % len(numbers)]
                os.kill(victim, number)
                line = server.wait_for_log(f"({victim})", 5, count=2)[-1]
                assert SENTENCES[number] in line, line
                until(lambda: load.whole > whole + 3, 5, "clients are served again")
        lost, gap = load.lost, load.longest_gap
        until(lambda: not processes.zombies_below(server.pid), 2, "no zombie while it is idle")
    print(f"{faults} deaths, {load.whole} whole, {lost} lost, longest gap {gap * 1000:.0f} ms, "
          f"oldest zombie {watch.oldest * 1000:.0f} ms in {watch.samples} samples")
    assert lost <= faults, f"{lost} clients lost by {faults} deaths"
    assert watch.oldest < IN_TIME


@each_model
def test_every_worker_dies_at_once(model):
    with Server("echo", model=(*model, 3)) as server:
        before = until(lambda: len(server.workers()) == 3 and server.workers(), 5, "3 workers")
        time.sleep(1.1)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(server.workers()) - set(before)) == 3, 5, "three new workers")
        with connect(server) as client:
            assert echoes(client)


@each_model
def test_no_orphan_of_a_killed_worker(model):
    """The processes and threads that served for a killed worker end, or finish their client."""
    with Server("echo", model=(*model, 1)) as server:
        worker = until(server.workers, 5, "a worker")[0]
        with connect(server) as client:
            assert echoes(client)
            below = until(lambda: processes.descendants(worker), 5, "processes of the worker") \
                if model[0] == "process" else []
            os.kill(worker, signal.SIGKILL)
        until(lambda: not [pid for pid in below if processes.is_alive(pid)], 10,
              "the processes of the killed worker have ended")


@cases(["process-each", "process-pool"])
def test_killed_process_of_one_client(name):
    """Only its own client is lost, and the death is told."""
    model = tuple(name.split("-"))
    with Server("echo", model=model) as server, connect(server) as other:
        assert echoes(other)
        worker = server.workers()[0]
        with connect(server) as client:
            before = set(processes.children(worker))
            assert echoes(client)
            port = client.getsockname()[1]
            victim = serving(processes.children(worker), port) or \
                next(iter(set(processes.children(worker)) - before))
            os.kill(victim, signal.SIGSEGV)
            assert client.recv(1) == b""
        server.wait_for_log(f"process {victim}")
        assert "SIGSEGV" in server.log_lines(f"process {victim}")[0]
        assert echoes(other)
        with connect(server) as client:
            assert echoes(client)


def serving(pids, port):
    """Which process holds the connection from this port."""
    with open("/proc/net/tcp") as file:
        inodes = {line.split()[9] for line in file.readlines()[1:]
                  if line.split()[2].endswith(":%04X" % port)}
    for pid in pids:
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{number}")
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                return pid
    return None


@alone
@limit(40)
def test_crash_loop_fails():
    """A worker that dies while settling again and again: back-off, then failed, the other one serves on."""
    with Server("echo", model=("multiplex", None, 2)) as server:
        until(lambda: len(server.workers()) == 2, 5, "two workers")
        with open(f"/proc/{server.pid}/task/{server.pid}/children") as file:
            keep = int(file.read().split()[0])
        deaths = 0

        def failed():
            nonlocal deaths
            for pid in server.workers():
                if pid != keep:
                    os.kill(pid, signal.SIGKILL)
                    deaths += 1
                    until(lambda pid=pid: pid not in server.workers(), 5, "reaped")
            return server.log_lines("has failed")
        until(failed, 25, "the worker has failed")
        print(f"failed after {deaths} deaths")
        assert len(server.log_lines("is started again in")) >= 3
        with connect(server) as client:
            assert echoes(client)


def test_master_gone():
    """Workers whose master was killed finish and leave by themselves."""
    for model in ("process", "thread", "multiplex"):
        with Server("echo", model=(model, None, 2)) as server:
            below = until(lambda: len(server.workers()) == 2 and
                          processes.descendants(server.pid), 5, "two workers")
            os.kill(server.pid, signal.SIGKILL)
            server.process.wait(5)
            until(lambda: not [pid for pid in below if processes.is_alive(pid)], 10,
                  f"all of {model} have left")
