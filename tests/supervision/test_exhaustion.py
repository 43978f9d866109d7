"""Descriptors, processes and memory run out: no spinning, one line, service again with room."""
import collections
import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
import time

import processes
from clients import connect, echoes
from framework import Skip, alone, cases, each_model, limit, model_name
from harness import Server, until

IDLE = 0.01      # the share of a core that a waiting server may use
SERVED = 1.0     # seconds from room to service


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def many_clients(server, count):
    """As many as get in or into the backlog."""
    return [connect(server, 10) for _ in range(count)]


@contextlib.contextmanager
def pids_group(most):
    """A pids cgroup for so many tasks, of either layout; gives what puts the caller in."""
    roots = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
    for root in roots:
        path = f"{root}/samjoko-test-{os.getpid()}"
        try:
            os.mkdir(path)
        except OSError:
            continue
        try:
            with open(path + "/pids.max", "w") as file:
                file.write(str(most))
        except OSError:
            os.rmdir(path)
            continue

        def enter():
            with open(path + "/cgroup.procs", "w") as file:
                file.write("0")
        try:
            yield enter
        finally:
            until(lambda: remove(path), 5, "the control group is empty")
        return
    raise Skip("no pids control group can be made here")


def remove(path):
    try:
        os.rmdir(path)
        return True
    except OSError:
        return False


def check_waiting(server, words):
    """Idle while there is no room, and one line in a while says so."""
    share = processes.cpu_share(server.pid, 3)
    lines = [line for line in server.log_lines("warning") if any(word in line for word in words)]
    print(f"{share:.2%} of a core while waiting, {len(lines)} lines")
    assert share < IDLE, f"{share:.2%} of a core\n{server.log()[-2000:]}"
    # Each kind of line at most once in a second.
    kinds = collections.Counter(" ".join(line.split()[5:7]) for line in lines)
    assert kinds and max(kinds.values()) <= 8, f"{kinds}\n{server.log()[-3000:]}"


def check_room_again(server, clients, leaving):
    """Some leave; a client that waited, and a new one, are served within a second."""
    waited = clients[-1]
    for client in clients[:leaving]:
        client.close()
    start = time.monotonic()
    waited.settimeout(SERVED + 4)
    assert echoes(waited)
    taken = time.monotonic() - start
    with connect(server) as fresh:
        assert echoes(fresh)
    print(f"a waiting client was served {taken * 1000:.0f} ms after there was room")
    assert taken < SERVED, f"after {taken:.2f} s"


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


# What fails, how, and the models for which the call matters. Of each thread's calls
# the first fails and then every third, so that the others get through.
INJECTIONS = [(call, error, model)
              for call, errors, models in [
                  ("accept4,accept", ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNABORTED",
                               "EINTR", "EPROTO"],
                   [("process", "each"), ("process", "pool"), ("thread", "each"),
                    ("thread", "pool"), ("multiplex", None)]),
                  ("clone,fork,vfork,clone3", ["EAGAIN", "ENOMEM"],
                   [("process", "each"), ("process", "pool")]),
                  ("clone,clone3", ["EAGAIN"], [("thread", "each"), ("thread", "pool")]),
                  ("epoll_ctl", ["ENOMEM", "ENOSPC"], [("multiplex", None)]),
                  ("epoll_wait,epoll_pwait,epoll_pwait2,recvfrom,poll,ppoll", ["EINTR"],
                   [("thread", "each"), ("multiplex", None)])]
              for error in errors for model in models]


def need_strace():
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    works = subprocess.run(["strace", "-f", "-e", "inject=getpid:error=EPERM:when=1", "true"],
                           capture_output=True)
    if works.returncode != 0:
        raise Skip("strace cannot inject faults here")


def pids_to_inject(server):
    """The workers and what they made; never the master, whose forks are not the matter here."""
    return [pid for pid in server.tree() if pid != server.pid]


@limit(60)
@cases(INJECTIONS, lambda c: f"{c[0].split(',')[0]} {c[1]} {model_name(c[2])}")
def test_injected(case):
    """While the call fails now and then every client is served, but the one that it was about."""
    call, error, model = case
    need_strace()
    with Server("echo", model=(*model, 1)) as server:
        until(lambda: len(server.workers()) == 1, 5, "a worker")
        time.sleep(0.2)
        attach = [word for pid in pids_to_inject(server) for word in ("-p", str(pid))]
        report = tempfile.NamedTemporaryFile("r", prefix="samjoko-strace-")
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", report.name, "-e", f"trace={call}", "-e",
             f"inject={call}:error={error}:when=1+3", *attach],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: is_traced(server.workers()[0]), 5, "strace is attached")
            served, lost = serve_some(server, 24)
            workers = server.workers()
        finally:
            tracer.terminate()
            tracer.wait(5)
        with connect(server) as client:
            assert echoes(client)
        assert server.workers() == workers and server.process.poll() is None
    with report:
        injected = report.read().count("(INJECTED)")
    print(f"{injected} injected: {served} served, {lost} lost")
    assert injected > 0 or error == "EINTR" or call == "clone,clone3", "nothing was injected"
    # A client whose own registration failed may be closed; nobody else.
    allowed = injected if call == "epoll_ctl" else 0
    assert lost <= allowed, f"{lost} of {served + lost} clients lost"


def is_traced(pid):
    with open(f"/proc/{pid}/status") as file:
        return "TracerPid:\t0\n" not in file.read()


def serve_some(server, count):
    """They stay until the end, so that pools grow."""
    served, clients = 0, []
    for _ in range(count):
        with contextlib.suppress(OSError):
            clients.append(connect(server, 5))
            served += echoes(clients[-1]) and echoes(clients[-1])
    for client in clients:
        client.close()
    return served, count - served


@alone
@limit(60)
@each_model
def test_accept_fails_for_long(model):
    """EMFILE at every accept for some seconds: no spinning; then all are served within a second."""
    need_strace()
    with Server("echo", model=(*model, 1)) as server:
        until(lambda: len(server.workers()) == 1, 5, "a worker")
        with connect(server) as client:
            assert echoes(client)
        time.sleep(0.2)
        attach = [word for pid in pids_to_inject(server) for word in ("-p", str(pid))]
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4,accept", "-e",
             "inject=accept4,accept:error=EMFILE", *attach],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: is_traced(server.workers()[0]), 5, "strace is attached")
            clients = many_clients(server, 5)
            time.sleep(0.5)
            share = processes.cpu_share(server.pid, 3)
        finally:
            tracer.terminate()
            tracer.wait(5)
        start = time.monotonic()
        served = [client for client in clients if echoes(client)]
        taken = time.monotonic() - start
        lines = server.log_lines("warning")
        for client in clients:
            client.close()
    print(f"{share:.2%} of a core, {len(lines)} lines, served after {taken * 1000:.0f} ms")
    # Being traced costs the traced some: each call stops it twice.
    assert share < 0.02 and taken < SERVED
    # Each process limits its own lines.
    speakers = {line.split()[2] for line in lines}
    assert speakers and len(lines) <= 8 * len(speakers), f"{len(lines)} lines"
    # A member that was blocked in accept when strace came may have taken one already.
    assert len(served) == len(clients)
