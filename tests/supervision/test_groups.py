"""Every command that takes a group, on every kind of group and in every state: the master answers,
lives, and what it says of its groups stays true. (Under ASan it once read past an array.)"""
import json
import os
import signal
import subprocess

import processes
from clients import connect
from framework import limit
from harness import BINARY, folder, until
from test_control import Steered

COMMANDS = (("scale", "1"), ("scale", "2"), ("scale", "300"), ("scale", "2", "--json"), ("reset-failed",),
            ("reset-failed", "--json"))
GROUPS = (None, "multiplex", "hub", "the hub", "group 2", "")


def groups_of(server):
    found = json.loads(server.done("status", "--json"))
    return found["phase"], {each["name"]: each for each in found["groups"]}


def try_everything(server, most=8):
    """The master is asked by many at once, as a script would not."""
    asked = [[BINARY, *words, *(["--group", group] if group is not None else []), "--control",
              server.control] for group in GROUPS for words in COMMANDS]
    for at in range(0, len(asked), most):
        running = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
                   for words in asked[at:at + most]]
        for words, each in zip(asked[at:], running):
            out, err = each.communicate(timeout=60)
            assert each.returncode in (0, 1, 2, 3), (words, each.returncode, out, err)
            assert each.returncode == 0 or out or err, words
    assert server.process.poll() is None, server.log()[-2000:]
    _, groups = groups_of(server)
    assert set(groups) == {"multiplex", "hub"}
    assert groups["hub"]["wanted"] <= 1 and len(groups["hub"]["workers"]) <= 1


def give_up(server, name, state="failed"):
    """Each process of the group is killed until nobody is left of it."""
    def is_given_up():
        workers = groups_of(server)[1][name]["workers"]
        for each in workers:
            if each["pid"]:
                os.kill(each["pid"], signal.SIGKILL)
        return all(each["state"] == state for each in workers)
    until(is_given_up, 20, f"{name} is given up")


def chats(server):
    with connect(server) as client:
        client.sendall(b"/nick alice\n")
        return b"alice" in client.recv(4096)


def served(*options):
    here = folder()
    path = here.__enter__()
    server = Steered(path, "chat", "--when-failed", "stay", "--restart-delay", "1ms",
                     "--restart-delay-max", "1ms", "--fail-after", "3", "--stable-after", "1h",
                     *options, model=("multiplex", None, 2))
    server.folder = here
    return server


@limit(60)
def test_running_then_given_up_then_back():
    with served() as server:
        until(lambda: groups_of(server)[0] == "running", 10, "it runs")
        try_everything(server)
        assert server.ask("scale", "2", "--group", "multiplex")[0] == 0
        give_up(server, "hub")
        assert groups_of(server)[0] == "degraded"
        try_everything(server)                  # reset-failed is among them
        until(lambda: groups_of(server)[1]["hub"]["workers"][0]["pid"], 10, "a hub again")
        give_up(server, "multiplex")
        try_everything(server)
        until(lambda: groups_of(server)[0] == "running", 10, "it runs again")
        until(lambda: chats(server), 10, "clients are served again")
        server.folder.__exit__(None, None, None)


@limit(60)
def test_a_worker_that_starts_or_leaves():
    """It stands still, so that its state lasts."""
    with served("--stop-timeout", "1h") as server:
        until(lambda: groups_of(server)[0] == "running", 10, "it runs")
        workers = groups_of(server)[1]["multiplex"]["workers"]
        os.kill(workers[1]["pid"], signal.SIGSTOP)
        assert server.ask("scale", "1", "--group", "multiplex")[0] == 0
        assert "draining" in {each["state"] for each in groups_of(server)[1]["multiplex"]["workers"]}
        try_everything(server)
        os.kill(workers[1]["pid"], signal.SIGCONT)

        def stopped_while_it_starts():
            known = set(server.workers())
            assert server.ask("scale", "4", "--group", "multiplex")[0] == 0
            fresh = set(server.workers()) - known
            for pid in fresh:
                os.kill(pid, signal.SIGSTOP)
            states = {each["pid"]: each["state"]
                      for each in groups_of(server)[1]["multiplex"]["workers"]}
            starting = [pid for pid in fresh if states.get(pid) == "starting"]
            for pid in fresh - set(starting[:1]):
                os.kill(pid, signal.SIGCONT)
            if not starting:
                server.ask("scale", "1", "--group", "multiplex")
            return starting[0] if starting else None
        starting = None
        for _ in range(5):                      # it may be ready before it is stopped
            starting = starting or stopped_while_it_starts()
        try_everything(server)
        if starting and processes.is_alive(starting):
            os.kill(starting, signal.SIGCONT)
        until(lambda: chats(server), 10, "clients are served")
        server.folder.__exit__(None, None, None)


@limit(60)
def test_while_the_program_stops():
    with served("--drain-delay", "1h") as server:
        until(lambda: groups_of(server)[0] == "running", 10, "it runs")
        server.send(signal.SIGTERM)
        until(lambda: groups_of(server)[0] == "draining", 10, "it is going to stop")
        try_everything(server)
        workers = server.workers()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        server.send(signal.SIGTERM)
        try_everything(server)
        assert server.ask("scale", "3", "--group", "multiplex")[0] != 0
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        assert server.wait() == 0
        server.folder.__exit__(None, None, None)


def test_a_program_whose_hub_was_given_up_leaves():
    with folder() as here, Steered(here, "chat", "--when-failed", "leave", "--restart-delay", "1ms",
                                   "--fail-after", "2", "--stable-after", "1h",
                                   model=("multiplex", None, 2)) as server:
        def is_over():
            for pid in server.workers():
                if f"hub ({pid}) started" in server.log():
                    os.kill(pid, signal.SIGKILL)
            return server.process.poll() is not None
        until(is_over, 20, "the program leaves")
        assert server.process.returncode == 3
        assert "hub has failed" in server.log(), server.log()[-2000:]


def test_no_service_can_have_the_hub_s_name():
    with folder() as here:
        path = here + "/two.toml"
        with open(path, "w") as file:
            file.write('[[service]]\nname = "hub"\nrun = "echo"\nlisten = "127.0.0.1:0"\n')
        done = subprocess.run([BINARY, "check", path], stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 2 and "cannot be named 'hub'" in done.stdout, done
