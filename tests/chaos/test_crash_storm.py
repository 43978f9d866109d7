"""A worker that has served a client is replaced at once, however often one dies: somebody accepts
all the time, nobody is lost whom no dead worker held, and each death is told."""
import json
import os
import re
import signal
import sys
import time

from clients import ask, connect
from framework import LONG, Skip, alone, each_model, each_model_and_workers, limit, quick_or_long
from harness import folder, until

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../supervision"))
from gaps import GOODBYE, Asking, kill_and_see, longest_own_gap  # noqa: E402
from storm import faulty  # noqa: E402
from test_control import Steered  # noqa: E402

# With --long the promise itself, on a quiet machine. In CI what only the wrong behaviour exceeds (a
# back-off of seconds, or given up for ever): others build there meanwhile.
LONGEST_GAP = quick_or_long(1.0, 0.1)
SUMMED_UP = re.compile(r"a storm of deaths: (\d+) more")
IN_FULL = re.compile(r"worker \d+ \((\d+)\) was killed by signal 9")


def workers_of(server):
    """Not what the master has adopted."""
    groups = json.loads(server.done("status", "--json"))["groups"]
    return [each["pid"] for group in groups for each in group["workers"] if each["pid"]]


def kill_every_100_ms(server, asking, deaths):
    """The pids, and of each death its moments and the clients' ports that the dead one held."""
    killed, held = [], []
    while len(killed) < deaths:
        time.sleep(0.1)
        before = len(asking.successes)
        until(lambda: len(asking.successes) > before, 10, "a client that is served")
        alive = [pid for pid in workers_of(server) if pid not in killed]
        if not alive:
            continue
        killed.append(alive[len(killed) % len(alive)])
        held.append(kill_and_see(killed[-1], signal.SIGSTOP, signal.SIGKILL, signal.SIGCONT))
    return killed, held


def lost_in_vain(asking, held):
    """Those whom no worker held that died while they waited."""
    def was_held(port, begun, ended, _):
        return any(begun <= moment <= ended and port in ports for _, moment, ports in held)
    return [each for each in asking.lost if not was_held(*each)]


def deaths_in_log(server):
    told = sum(int(count) for count in SUMMED_UP.findall(server.log()))
    return told + len(set(IN_FULL.findall(server.log())))


@alone
@limit(30, long=150)
@each_model_and_workers
def test_deaths_of_workers_that_had_served_never_give_the_service_up(case):
    """The listener is shared, so nobody is lost whom no dead worker held; 300 deaths with --long."""
    if not LONG and case[2] != 1:
        raise Skip("two workers with --long: one is the harder case")
    with folder() as here, folder() as there, \
            Steered(here, "echo", model=case) as server, \
            Steered(there, "echo", model=case) as calm:
        until(lambda: len(server.workers()) >= case[2], 10, "workers")
        with Asking(server.port) as asking, Asking(calm.port, 1, 1) as calm_asking:
            until(lambda: asking.successes and calm_asking.successes, 10, "clients")
            killed, held = kill_every_100_ms(server, asking, quick_or_long(6, 300))
            before = len(asking.successes)
            until(lambda: len(asking.successes) > before + 10, 10, "the service goes on")
        stopped = [each[:2] for each in held]       # by the test
        gap = longest_own_gap(asking.successes, calm_asking.successes, stopped)
        print(f"{len(killed)} deaths, {len(asking.successes)} answers, {len(asking.lost)} lost, "
              f"longest gap {gap * 1000:.0f} ms")
        assert not calm_asking.lost
        assert gap <= LONGEST_GAP, f"nobody was served for {gap:.3f} s"
        in_vain = lost_in_vain(asking, held)
        if case[:2] == ("process", "pool"):
            # What a process had accepted an instant before it heard of its worker's end: it answers
            # and says goodbye to idle clients, as at any stop.
            in_vain = [each for each in in_vain if each[-1] != GOODBYE]
        assert not in_vain, (in_vain[:5], held[-5:])
        assert "has failed" not in server.log()
        def missing():
            kept = {death["pid"] for death in json.loads(server.done("deaths", "--json"))}
            return set(killed) - kept
        until(lambda: not missing(), 10, "each death is kept")
        until(lambda: deaths_in_log(server) >= len(killed), 10, "each death is counted in the log")


@limit(30)
def test_a_storm_is_summed_up_and_status_names_it():
    """A line a second, not one for each death; the first are told in full."""
    with folder() as here, Steered(here, "hello", "--deaths-in-full", "2", "--replace-rate", "1000",
                                   model=("multiplex", None, 1)) as server:
        deaths = []
        while len(deaths) < 15:
            with connect(server) as client:
                assert ask(client).body == b"Hello, World!"
            [worker] = server.workers()
            os.kill(worker, signal.SIGKILL)
            deaths.append(worker)
            until(lambda: not set(deaths) & set(server.workers()), 10, "a successor")
        text = server.done("status")
        assert re.search(r"a storm of deaths: 15 within 10 s: worker was killed by signal 9", text), text
        assert json.loads(server.done("status", "--json"))["storms"][0]["deaths"] == 15
        until(lambda: deaths_in_log(server) == 15, 10, "each death is counted in the log")
        assert len(IN_FULL.findall(server.log())) <= 4, server.log()
        assert len(server.log_lines(") started")) < 10, "starts are no news in a storm"
        server.wait_for_log("the storm of deaths is over", 10)


@limit(30)
@each_model
def test_a_request_that_kills_is_named(model):
    """Each client's request crashes who serves it, in the process that serves clients."""
    with folder() as here, faulty("--deaths-in-full", "2", "--control", here + "/control",
                                  model=(*model, 2)) as server:
        for _ in range(8):
            with connect(server) as client:
                client.sendall(b"signal 11\n")
                client.settimeout(10)
                try:
                    while client.recv(100):
                        pass
                except ConnectionResetError:
                    pass
        lines = server.wait_for_log("a storm of deaths: ", 10)
        assert "was killed by signal 11" in lines[0], lines
