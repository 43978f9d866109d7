"""Descriptors, processes and memory run out: no spinning, one line, service again with room."""
import collections
import contextlib
import os
import sys
import time

import processes
from clients import connect, echoes, receive_exactly
from framework import IN_TIME, MODELS, alone, cases, limit, model_name
from harness import Server, until
from wakeups import Wakeups

sys.path.insert(0, os.path.dirname(__file__))
from shortages import Injection, few_descriptors, need_strace, pids_group  # noqa: E402

# Wake-ups in a second, of all threads. While there is no room somebody looks each 100 ms; strace
# adds two for each system call, and the epoll loop tries each of five clients again each 20 ms.
LOOKING, TRACED, TRACED_TRYING = 60, 500, 1500


def many_clients(server, count):
    """As many as get in or into the backlog."""
    return [connect(server, 10) for _ in range(count)]


def check_waiting(server, words):
    """Idle while there is no room, and one line in a while says so."""
    waking = Wakeups(server.pid, 3)
    lines = [line for line in server.log_lines("warning") if any(word in line for word in words)]
    print(f"{waking} while waiting, {len(lines)} lines")
    waking.check(LOOKING)
    check_lines(server, lines)


def check_lines(server, lines):
    """There are some; each process says each kind of them at most once in a second."""
    kinds = collections.Counter((*line.split()[2:3], *line.split()[5:7]) for line in lines)
    assert kinds and max(kinds.values()) <= 8, f"{kinds}\n{server.log()[-3000:]}"


def check_room_again(server, clients, leaving):
    """Some leave; a client that waited, and a new one, are served."""
    waited = clients[-1]
    for client in clients[:leaving]:
        client.close()
    start = time.monotonic()
    waited.settimeout(IN_TIME)
    assert echoes(waited)
    taken = time.monotonic() - start
    with connect(server) as fresh:
        assert echoes(fresh)
    print(f"a waiting client was served {taken * 1000:.0f} ms after there was room")


@alone
@limit(60)
@cases([("thread", "each"), ("thread", "pool"), ("multiplex", None)], model_name)
def test_descriptors_run_out(model):
    with Server("echo", model=(*model, 1), before=few_descriptors) as server:
        clients = many_clients(server, 200)
        assert echoes(clients[0])
        time.sleep(1)
        check_waiting(server, ["accept", "pool full", "clients wait"])
        check_room_again(server, clients, 180)
        for client in clients:
            client.close()
        until(lambda: open_descriptors(server) < 40, 5, "descriptors are given back")


def open_descriptors(server):
    return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers())


@alone
@limit(90)
@cases([("process", "each"), ("process", "pool"), ("thread", "each"), ("thread", "pool")],
       model_name)
def test_processes_and_threads_run_out(model):
    """A control group of 40 tasks and 100 clients."""
    with pids_group(40) as enter:
        pool = ["--pool-max", "100"] if model[1] == "pool" else []
        with Server("echo", *pool, model=(*model, 1), before=enter) as server:
            clients = many_clients(server, 100)
            assert echoes(clients[0])
            time.sleep(1.5)
            check_waiting(server, ["fork", "thread", "clone", "pool"])
            check_room_again(server, clients, 90)
            for client in clients:
                client.close()
            assert server.process.poll() is None


ACCEPT, FORK, THREAD = "accept4,accept", "clone,fork,vfork,clone3", "clone,clone3"
WAITS = "epoll_wait,epoll_pwait,epoll_pwait2,recvfrom,poll,ppoll"
PROCESSES = [("process", "each"), ("process", "pool")]
THREADS = [("thread", "each"), ("thread", "pool")]
MULTIPLEX = [("multiplex", None)]

# What fails, how, and the models for which the call matters. Of each thread's calls the first fails
# and then every third, so that the others get through.
INJECTIONS = [(call, error, model)
              for call, errors, models in [
                  (ACCEPT, ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNABORTED", "EINTR",
                            "EPROTO"], MODELS),
                  # A lie where epoll has just told of a client; it then tells of the next one.
                  (ACCEPT, ["EAGAIN"], PROCESSES + THREADS),
                  (FORK, ["EAGAIN", "ENOMEM"], PROCESSES),
                  (THREAD, ["EAGAIN", "ENOMEM"], THREADS),
                  ("epoll_ctl", ["ENOMEM", "ENOSPC"], MULTIPLEX),
                  (WAITS, ["EINTR"], [("thread", "each"), ("multiplex", None)])]
              for error in errors for model in models]


def injection_name(case):
    return f"{case[0].split(',')[0]} {case[1]} {model_name(case[2])}"


@limit(60)
@cases(INJECTIONS, injection_name)
def test_injected(case):
    """While the call fails now and then every client is served."""
    call, error, model = case
    with Server("echo", model=(*model, 1)) as server:
        until(lambda: len(server.workers()) == 1, 5, "a worker")
        until(lambda: model[1] != "pool" or len(processes.descendants(server.pid)) +
              len(processes.threads(server.workers()[0])) > 4, 5, "the pool is there")
        with Injection(server, call, error, "1+3") as injection:
            served, lost, longest = serve_some(server, 24)
            workers = server.workers()
            injection.end()
            injected = injection.count()
        with connect(server) as client:
            assert echoes(client)
        assert server.workers() == workers and server.process.poll() is None
    print(f"{injected} injected: {served} served, {lost} lost, the slowest {longest * 1000:.0f} ms")
    assert injected > 0, "nothing was injected"
    assert lost == 0, f"{lost} of {served + lost} clients lost"


def serve_some(server, count):
    """They stay until the end, so that pools grow."""
    served, longest, clients = 0, 0.0, []
    for _ in range(count):
        start = time.monotonic()
        with contextlib.suppress(OSError):
            clients.append(connect(server, 5))
            served += echoes(clients[-1]) and echoes(clients[-1])
        longest = max(longest, time.monotonic() - start)
    for client in clients:
        client.close()
    return served, count - served, longest


# Shortages that last. EAGAIN, EINTR and ECONNABORTED of accept tell of one moment or of one client.
LASTING = [(call, error, model)
           for call, errors, models in [
               (ACCEPT, ["EMFILE", "ENFILE", "ENOMEM"], MODELS),
               (FORK, ["EAGAIN", "ENOMEM"], PROCESSES), (THREAD, ["EAGAIN"], THREADS),
               ("epoll_ctl", ["ENOMEM"], MULTIPLEX)]
           for error in errors for model in models]


@alone
@limit(60)
@cases(LASTING, injection_name)
def test_lasting_shortage(case):
    """Each call fails for some seconds: no spinning; then all are served."""
    call, error, model = case
    need_strace()
    pool = ["--pool-min", "1"] if model[1] == "pool" else []
    with Server("echo", *pool, model=(*model, 1)) as server:
        until(lambda: len(server.workers()) == 1, 5, "a worker")
        with connect(server) as client:
            assert echoes(client)
        with Injection(server, call, error) as injection:
            clients = many_clients(server, 5)
            for client in clients:
                client.sendall(b"here\n")  # a full pool of processes ends the waits of the silent
            time.sleep(0.5)
            waking = Wakeups(server.pid, 3)
            waking.check(TRACED_TRYING if call == "epoll_ctl" else TRACED)
            injection.end()
        start = time.monotonic()
        for client in clients:
            client.settimeout(IN_TIME)
        served = [client for client in clients if receive_exactly(client, 5) == b"here\n"]
        taken = time.monotonic() - start
        lines = server.log_lines("warning")
        for client in clients:
            client.close()
    print(f"{waking}, {len(lines)} lines, served after {taken * 1000:.0f} ms")
    check_lines(server, lines)
    assert len(served) == len(clients)
