"""A worker that was taken over by its client: whatever it writes into memory that it shares, and says
on its line, the master lives, signals nobody else, believes no nonsense, and serves the others."""
import contextlib
import json
import os
import shutil
import subprocess

import processes
from clients import connect, receive_all, receive_exactly
from framework import LONG, MODELS, SLOWNESS, cases, limit, model_name, quick_or_long
from harness import Server, folder, until
from test_control import command
from test_death_matrix import MISCHIEF
from watched import Watch, files_mapped_by


# A death that sanitizers leave alone; they would report a wrong store themselves.
CRASH, ITS_SIGNAL = ("abort", "SIGABRT") if SLOWNESS > 1 else ("segv", "SIGSEGV")


class Attacked(Server):
    def __init__(self, here, model, *more, **others):
        self.control = here + "/control"
        super().__init__("--control", self.control, "--stuck-timeout", "1s", "--stop-timeout", "3s",
                         *more, program=MISCHIEF, model=(*model, 2), **others)

    def ask(self, *words):
        return command(*words, "--control", self.control, binary=MISCHIEF)

    def status(self):
        code, out, err = self.ask("status", "--json")
        assert code == 0, (code, err)
        return json.loads(out)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def said(client, line):
    client.sendall(line.encode() + b"\n")
    return receive_line(client)


def receive_line(client):
    got = b""
    while not got.endswith(b"\n"):
        part = receive_exactly(client, 1)
        assert part, f"the end after {got!r}"
        got += part
    return got.decode().strip()


def worker_of(server, pid):
    """The worker that serves: itself, or the parent of the process that does."""
    return pid if pid in server.workers() else processes.Stat.of(pid).parent


def one_of_each(server, held):
    """A client of each of the two workers: {pid of the worker: client}. Who has one is kept busy for
    a moment, so that the other has the next."""
    found = {}
    def both():
        busy = next(iter(found.values()), None)
        if busy:
            busy.sendall(b"doze\n")
        client = held.enter_context(connect(server))
        found.setdefault(worker_of(server, int(said(client, "pid"))), client)
        if busy:
            receive_line(busy)
        return len(found) == 2
    until(both, 20, "both workers have a client")
    return found


@contextlib.contextmanager
def bystander():
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            yield process
        finally:
            process.kill()


@cases([(model, seed) for model in MODELS for seed in range(quick_or_long(1, 50))],
       lambda case: f"{model_name(case[0])}-{case[1]}")
@limit(60, long=120)
def test_scribbles_on_all_that_is_shared(case):
    model, seed = case
    with folder() as here, bystander() as stranger, contextlib.ExitStack() as held:
        with Attacked(here, model) as server:
            clients = one_of_each(server, held)
            before = server.descriptors()
            (bad, taken), (good, other) = clients.items()
            assert said(taken, f"scribble {seed} {stranger.pid}").startswith("scribble")
            if bad in server.workers():
                os.kill(bad, 9)
            server.wait_for_log(f"({bad}) was killed by signal 9")
            # The other worker has noticed nothing, and its death is told as it is.
            assert said(other, "still here") == "still here"
            assert good in server.workers()
            with connect(server) as client:
                assert said(client, "and new ones") == "and new ones"
            numbers = [each["connections"] for group in server.status()["groups"]
                       for each in group["workers"] if each["pid"] == good]
            assert numbers and numbers[0]["accepted"] < 1000, numbers
            with contextlib.suppress(OSError):
                other.sendall(CRASH.encode() + b"\n")
            told = server.wait_for_log(f"mischief_{CRASH}", 30)
            assert len(told) == 1 and ITS_SIGNAL in told[0] and "(proved)" in told[0], told
            code, out, err = server.ask("deaths")
            assert code == 0 and ITS_SIGNAL in out, (code, out, err)
            assert stranger.poll() is None
            until(lambda: server.descriptors() <= before, 10, "nothing is left open")
            # It may be busy with what was written, but comes to rest.
            cpu = lambda: processes.cpu_seconds([server.pid])
            def sleeps():
                start = cpu()
                try:
                    server.process.wait(1)
                except subprocess.TimeoutExpired:
                    pass
                return cpu() - start < 0.3
            until(sleeps, 30, "the master sleeps")


@cases(MODELS, model_name)
@limit(60)
def test_floods_its_line_to_the_master(model):
    with folder() as here, contextlib.ExitStack() as held, Attacked(here, model) as server:
        clients = one_of_each(server, held)
        (bad, taken), (good, other) = clients.items()
        before = server.descriptors()
        taken.sendall(b"flood 7\n")
        for n in range(20):
            assert said(other, f"turn {n}") == f"turn {n}"
            server.status()
        with contextlib.suppress(AssertionError, OSError):
            receive_line(taken)  # its end, if the master has sent it away meanwhile
        held.close()
        until(lambda: server.descriptors() <= before + 4, 10,  # a successor's line, and its pidfd
              "no descriptor of a worker's is kept")
        assert server.process.poll() is None


def foreign_program(here):
    """An ELF file that only its owner may read, and that nobody of the server has mapped."""
    path = f"{here}/foreign"
    shutil.copy("/bin/true", path)
    os.chmod(path, 0o700)
    return path


@cases([(model, seed) for model in (MODELS if LONG else [MODELS[0], MODELS[4]])
        for seed in range(quick_or_long(1, 10))],
       lambda case: f"{model_name(case[0])}-{case[1]}")
@limit(120, long=240)
def test_makes_nobody_open_or_signal_what_is_foreign(case):
    """Every process of the server is watched while a worker scribbles, floods its line, and leaves
    captures that name a file of its choice."""
    model, seed = case
    options = ["--user", "nobody"] if os.geteuid() == 0 else []
    with folder() as here, bystander() as stranger, contextlib.ExitStack() as held:
        os.chmod(here, 0o755)
        watch = held.enter_context(contextlib.closing(Watch()))
        forged = foreign_program(here)
        with Attacked(here, model, *options, wrap=watch.wrap,
                      environment=watch.environment) as server:
            mapped = files_mapped_by(server.pid)
            clients = one_of_each(server, held)
            (bad, taken), (_, other) = clients.items()
            assert said(taken, f"scribble {seed} {stranger.pid}").startswith("scribble")
            taken.sendall(f"flood {seed}\n".encode())
            with contextlib.suppress(AssertionError, OSError):
                receive_line(taken)
            assert said(other, "still here") == "still here"
            with contextlib.suppress(OSError):
                other.sendall(f"forge {forged}\n".encode())
                receive_all(other)
            server.wait_for_log("SIGSEGV", 30)
            # What was forged was looked at, by the process that unwinds.
            with connect(server) as client:
                client.sendall(CRASH.encode() + b"\n")
                receive_all(client)
            server.wait_for_log(f"mischief_{CRASH}", 30)
            server.status()
            assert stranger.poll() is None
        on_the_way = {here, os.path.dirname(here), here + "/control"}
        watch.check(mapped | on_the_way)
        assert forged not in watch.opened()
        assert stranger.pid not in watch.signalled()
