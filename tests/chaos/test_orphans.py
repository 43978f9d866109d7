"""Processes whose parent ended before them: reaped, not taken for workers, and gone at the end."""
import os
import re
import signal
import subprocess
import sys
import time

import processes
from clients import Answer, connect, echoes
from framework import IN_TIME, alone, cases, limit, long_only, quick_or_long
from harness import Server, until

sys.path.insert(0, os.path.dirname(__file__))
from namespaces import AsProcessOne  # noqa: E402
from storm import Clients  # noqa: E402
from zombies import ZombieSampler  # noqa: E402

TOLD = re.compile(r"process (\d+), an adopted orphan, (was killed by signal \d+|exited with code \d+)")


@alone
@limit(300)
@cases([("process", "each"), ("multiplex", None)], lambda m: m[0])
def test_a_thousand_orphans_of_process_one(model):
    count = quick_or_long(1000, 5000)
    with AsProcessOne("echo", "--log-level", "debug", model=(*model, 2)) as server:
        workers = until(lambda: len(server.workers()) == 2 and server.workers(), 5, "two workers")
        with Clients(server.port) as clients, ZombieSampler(server.pid) as sampler:
            made = server.run_inside("orphans", count, stdout=subprocess.PIPE, text=True)
            planned = sorted(made.communicate(timeout=200)[0].splitlines())
            until(lambda: len(TOLD.findall(server.log())) >= count, 30, "each orphan is reaped")
            until(lambda: not processes.zombies_below(server.pid), 1, "no zombie")
            whole = clients.whole
            until(lambda: clients.whole > whole + 10, 10, "clients are served")
        told = sorted(" ".join(each) for each in TOLD.findall(server.log()))
        assert told == planned, set(told) ^ set(planned)
        assert server.workers() == workers, "an orphan was taken for a worker"
        assert clients.lost_one_shot == 0 and clients.lost_lasting == 0
        assert "started again" not in server.log()
    print(f"{count} orphans, each reaped once with its own status; {clients.figures()}")
    print(sampler.figures())


def is_accepted_and_read(client):
    """By the server's end of the connection, in /proc/net/tcp (man 5 proc): a socket with an inode
    belongs to a process, and nothing waits in it."""
    ends = ["0100007F:%04X" % name[1] for name in (client.getpeername(), client.getsockname())]
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file]
    return any(row[1:3] == ends and row[4].endswith(":00000000") and row[9] != "0" for row in rows)


def orphan_with_half_a_request(server):
    """A client in the middle of its request, whose process has lost its worker."""
    client = connect(server)
    client.sendall(b"GET / HTTP/1.1\r\nHo")
    worker = until(server.workers, 5, "a worker")[0]
    until(lambda: is_accepted_and_read(client), 10, "its half of a request has been read")
    below = processes.children(worker)      # the one that has read it is among them
    os.kill(worker, signal.SIGKILL)
    until(lambda: worker not in server.workers(), 5, "the worker has been reaped")
    until(lambda: [pid for pid in below if pid in server.workers()], 5, "the orphan is the master's")
    return client


@cases([("process", "each"), ("process", "pool")], lambda m: m[1])
def test_a_stop_waits_for_orphans(model):
    """They were told to finish, and the program is not over before they have."""
    with Server("hello", "--deaths-in-full", "0", model=(*model, 1)) as server:
        with orphan_with_half_a_request(server) as client:
            server.send(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None, "the master left before the orphan"
            client.sendall(b"st: h\r\nConnection: close\r\n\r\n")
            assert Answer.read(client).status == 200
        assert server.wait(10) == 0
        server.check_nothing_left()


@cases([("process", "each"), ("process", "pool")], lambda m: m[1])
def test_a_stop_cuts_orphans_at_its_limit(model):
    with Server("hello", "--stop-timeout", "1s", "--head-timeout", "60s",
                model=(*model, 1)) as server:
        with orphan_with_half_a_request(server):
            start = time.monotonic()
            server.stop_cleanly()
            assert 0.9 < time.monotonic() - start < IN_TIME
        assert "left behind by a worker, is killed" in server.log()


@cases([("process", "each"), ("process", "pool")], lambda m: m[1])
def test_an_immediate_stop_does_not_wait_for_orphans(model):
    with Server("hello", "--head-timeout", "60s", model=(*model, 1)) as server:
        with orphan_with_half_a_request(server):
            start = time.monotonic()
            server.stop_cleanly(signal.SIGQUIT)
            assert time.monotonic() - start < IN_TIME


@long_only
@alone
@limit(120, 900)
@cases([("process", "each"), ("process", "pool")], lambda m: m[1])
def test_pids_come_again_soon(model):
    """400 pids, thousands of short processes, strangers among them: none of these is signalled."""
    count = quick_or_long(2000, 10_000)
    # Each process serves one client, and a pool is shrunk by signals.
    how = ["--recycle-after", "1", "--pool-idle", "100ms", "--pool-max", "32"] \
        if model[1] == "pool" else []
    how += ["--stable-after", "0", "--stuck-timeout", "2s"]
    few = "echo 400 > /proc/sys/kernel/pid_max || exit 99"
    server = AsProcessOne("echo", *how, model=(*model, 2), before_it=few)
    with server:
        until(lambda: len(server.workers()) == 2, 5, "two workers")
        strangers = server.run_inside("bystanders", stderr=subprocess.PIPE)
        pids, kills, lost = set(), 0, 0
        for number in range(count):
            with connect(server) as client:
                lost += 0 if echoes(client) else 1
            kills += 1 if number % 500 == 499 else 0
            if number % 500 == 499:         # a worker dies with its processes, and comes again
                os.kill(server.workers()[0], signal.SIGKILL)
            if number % 100 == 0:
                pids.update(inner_pids(server.pid))
        assert lost <= kills, f"{lost} clients lost by {kills} killed workers"
        server.stop_cleanly()
        said = strangers.communicate(timeout=10)[1].decode()
        assert "HIT" not in said, said[-500:]
        assert pids and max(pids) <= 400, "the pids were not few"
        wrong = [line for line in server.log_lines("process ") if " killed by " in line]
        assert not wrong, wrong
        # What a dead process left was taken for what the next one of its number does.
        assert "is stuck" not in server.log()
    print(f"{count} processes of clients over 400 pids: no stranger was signalled")


def inner_pids(pid):
    """The numbers of all processes below, as they see themselves."""
    found = []
    for each in processes.descendants(pid):
        try:
            with open(f"/proc/{each}/status") as file:
                line = [line for line in file if line.startswith("NSpid:")][0]
            found.append(int(line.split()[-1]))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
