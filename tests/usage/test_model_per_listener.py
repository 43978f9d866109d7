"""One program, several listeners, each with a model of its own: groups of workers, one master."""
import collections
import os
import re
import signal

from clients import ask, connect_to
from framework import cases
from harness import Server, folder, run_to_end, until

GROUPS = ["process-pool", "thread-each", "multiplex"]
LISTEN = ["127.0.0.1:0,model=process", "127.0.0.1:0,model=thread,spawn=each",
          "127.0.0.1:0,workers=2"]


def served_by(address):
    """(pid of the process that served, model), from X-Served-By."""
    with connect_to(address) as client:
        process, _, model = ask(client).headers["x-served-by"].split("/")
        return int(process), model


def workers_of(server):
    """{name of the group: pids of its workers now}."""
    started = re.findall(r"worker \d+ of (\S+) \((\d+)\) started", server.log())
    alive, found = set(server.workers()), collections.defaultdict(list)
    for name, pid in started:
        if int(pid) in alive:
            found[name].append(int(pid))
    return found


def wait_for_workers(server):
    def complete():
        sizes = {name: len(pids) for name, pids in workers_of(server).items()}
        return sizes == {"process-pool": 1, "thread-each": 1, "multiplex": 2}
    until(complete, 10, "a full set of workers in each group")
    return workers_of(server)


def test_each_listener_has_its_model():
    with Server("hello", "--identify", listen=LISTEN) as server:
        groups = wait_for_workers(server)
        for address, model in zip(server.addresses, ["process", "thread", "multiplex"]):
            pid, named = served_by(address)
            assert named == model, f"{address} is served by {named}"
            if model != "process":         # whose pool members are children of the worker
                group = next(name for name in groups if name.startswith(model))
                assert pid in groups[group], (pid, groups)
        for how in ("process, spawn pool, 1 worker", "thread, spawn each, 1 worker",
                    "multiplex, 2 workers"):
            assert server.log_lines(f" by {how}"), server.log()


@cases([signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], lambda number: number.name)
def test_one_stop_for_all(number):
    with folder() as here:
        listen = [f"unix:{here}/{n},{how}" for n, how in
                  enumerate(["model=process", "model=thread", "model=multiplex"])]
        with Server("hello", listen=listen) as server:
            for address in server.addresses:
                with connect_to(address) as client:
                    assert ask(client).status == 200
            server.stop_cleanly(number)
        assert os.listdir(here) == []


@cases(GROUPS)
def test_the_dead_are_replaced_in_their_group(name):
    with Server("hello", "--identify", listen=LISTEN) as server:
        before = wait_for_workers(server)
        victim = before[name][0]
        os.kill(victim, signal.SIGKILL)
        server.wait_for_log(f"of {name} ({victim}) was killed by signal 9")
        until(lambda: victim not in server.workers(), 5, "the dead is reaped")
        after = wait_for_workers(server)
        assert after[name] != before[name]
        for other in GROUPS:
            if other != name:
                assert after[other] == before[other], "another group was touched"
        for address, model in zip(server.addresses, ["process", "thread", "multiplex"]):
            assert served_by(address)[1] == model


def test_what_a_listener_does_not_say_is_taken_from_the_flags():
    listen = ["127.0.0.1:0", "127.0.0.1:0,model=process", "127.0.0.1:0,spawn=pool",
              "127.0.0.1:0,workers=1"]
    with Server("hello", "--identify", model=("thread", "each", 2), listen=listen) as server:
        hows = re.findall(r"serving hello on \S+ by (.*)", server.log())
        assert hows == ["thread, spawn each, 2 workers", "process, spawn each, 2 workers",
                        "thread, spawn pool, 2 workers", "thread, spawn each, 1 worker"], hows
        models = [served_by(address)[1] for address in server.addresses]
        assert models == ["thread", "process", "thread", "thread"]
        until(lambda: len(server.workers()) == 7, 5, "seven workers")


def test_equal_choices_share_their_workers():
    listen = ["127.0.0.1:0,model=thread", "127.0.0.1:0", "127.0.0.1:0,model=thread,workers=1"]
    with Server("hello", "--identify", model=("process", "pool", None), listen=listen) as server:
        first, _, third = [served_by(address) for address in server.addresses]
        assert first == third, "two workers for one choice"
        assert len(server.workers()) == 2


def test_one_more_and_one_less_in_each_group():
    listen = ["127.0.0.1:0,model=thread", "127.0.0.1:0,model=process"]
    with Server("hello", listen=listen) as server:
        until(lambda: len(server.workers()) == 2, 5, "two workers")
        server.send(signal.SIGTTIN)
        until(lambda: {name: len(pids) for name, pids in workers_of(server).items()}
              == {"thread-pool": 2, "process-pool": 2}, 5, "one more in each")
        server.send(signal.SIGTTOU)
        until(lambda: len(server.workers()) == 2, 5, "one less in each")


BAD = [
    (["-l", ":0,model=fibre"], "there is no model 'fibre'"),
    (["-l", ":0,model=multiplex,spawn=each"], "spawn=each has no meaning for model multiplex"),
    (["-l", ":0,spawn=each"], "spawn=each has no meaning for model multiplex"),
    (["-l", ":0,model=thread,model=thread"], "model is given twice"),
    (["-l", ":0,"], "none of model=, spawn= and workers="),
    (["-l", ":0,model="], "there is no model ''"),
    (["-l", ":0,modle=thread"], "modle=thread"),
    (["-l", ":0,workers=0"], "'0' is not a whole number from 1 to 256"),
    (["-l", "unix:/tmp/a,b"], "the address ends at the first comma"),
    (["-l", ":0,workers=200", "-l", ":0,model=thread,workers=57"], "more than 256 in all"),
    (["-l", ":0,model=thread", "--model", "process"], "--model would be ignored here"),
    (["-l", ":0,workers=2", "--workers", "1"], "--workers would be ignored here"),
    (["-l", ":0,model=thread,spawn=pool", "--spawn", "each"], "--spawn would be ignored here"),
    (["-l", ":0", "-l", ":0,model=process", "--stack-size", "128k"], "--stack-size would be"),
    (["-l", ":0", "-l", ":0,model=thread", "--recycle-after", "9"], "--recycle-after would be"),
    (["-l", "fd:7", "-l", "fd:7,model=thread"], "fd:7 is given twice"),
]


@cases(BAD, lambda each: " ".join(each[0]))
def test_bad_choice(case):
    words, named = case
    code, text = run_to_end("serve", "echo", *words)
    assert code == 2 and named in text and text.count("\n") == 1, (code, text)
