"""A stop removes what is the server's own and nothing else; of two that start together one serves."""
import os
import signal
import socket
import subprocess

from clients import connect_to, echoes
from framework import cases, each_model
from harness import BINARY, Server, folder, until


def answers(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        return echoes(client)


@each_model
def test_a_successor_renamed_into_place_keeps_its_socket(model):
    with folder() as here:
        with Server("echo", model=model, listen=[f"unix:{here}/s"]) as old:
            with Server("echo", model=model, listen=[f"unix:{here}/next"]) as new:
                os.rename(f"{here}/next", f"{here}/s")
                assert old.stop() == 0
                assert answers(f"{here}/s"), "the stop of the old server took its successor's socket"
                new.listen = ()          # its name is another now, and its file stays
        os.remove(f"{here}/s")


@cases([signal.SIGTERM, signal.SIGQUIT], lambda number: number.name)
def test_a_successor_bound_anew_keeps_its_socket(number):
    with folder() as here:
        with Server("echo", listen=[f"unix:{here}/s"]) as old:
            os.remove(f"{here}/s")
            with Server("echo", listen=[f"unix:{here}/s"]):
                assert old.stop(number) == 0
                assert answers(f"{here}/s"), "the stop of the old server took its successor's socket"


def test_a_control_socket_of_a_successor_stays():
    with folder() as here:
        with Server("echo", "--control", f"{here}/c") as old:
            os.remove(f"{here}/c")
            with Server("echo", "--control", f"{here}/c"):
                assert old.stop() == 0
                done = subprocess.run([BINARY, "status", "--control", f"{here}/c"],
                                      capture_output=True, timeout=10)
                assert done.returncode == 0, done.stderr
        assert not os.path.exists(f"{here}/c")


def test_of_servers_that_start_together_one_has_the_pid_file():
    for _ in range(6):
        with folder() as here:
            rivals = [Server("echo", "--pid-file", f"{here}/pid", "--control", "none")
                      for _ in range(4)]
            try:
                for each in rivals:
                    each.start(ready=False)
                until(lambda: sum(each.process.poll() is not None for each in rivals) >= 3
                      or all(each.addresses or each.process.poll() is not None for each in rivals),
                      20, "all have started or given up")
                serving = [each for each in rivals if each.process.poll() is None]
                assert len(serving) == 1, f"{len(serving)} servers have one pid file"
                until(lambda: os.path.exists(f"{here}/pid"), 10, "the pid file")
                with open(f"{here}/pid") as file:
                    assert int(file.read()) == serving[0].pid
                for each in rivals:
                    if each not in serving:
                        assert each.process.returncode == 3, each.log()
                serving[0].stop_cleanly()
                assert os.listdir(here) == [], os.listdir(here)
            finally:
                for each in rivals:
                    each._kill()


def test_of_servers_that_start_together_one_has_the_stale_socket():
    for _ in range(6):
        with folder() as here:
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(f"{here}/s")
            rivals = [Server("echo", "--control", "none", listen=[f"unix:{here}/s"])
                      for _ in range(4)]
            try:
                for each in rivals:
                    each.start(ready=False)
                until(lambda: all(each.addresses or each.process.poll() is not None
                                  for each in rivals), 20, "all have started or given up")
                until(lambda: sum(each.process.poll() is None for each in rivals) == 1, 10,
                      "one of them serves")
                assert answers(f"{here}/s")
                [serving] = [each for each in rivals if each.process.poll() is None]
                serving.stop_cleanly()
            finally:
                for each in rivals:
                    each._kill()
