"""The control socket from outside: the commands that ask it, and clients that abuse it."""
import json
import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import processes
from clients import Answer, connect, echoes
from framework import alone, cases, each_model, limit, Skip
from harness import BINARY, Server, folder, until
from wakeups import Wakeups


def command(*words, binary=BINARY, **options):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([binary, *map(str, words)], stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    return done.returncode, done.stdout, done.stderr


class Steered(Server):
    """A server with a control socket in a folder of its own."""

    def __init__(self, here, *args, **options):
        self.control = here + "/control"
        super().__init__(*args, "--control", self.control, **options)

    def ask(self, *words):
        return command(*words, "--control", self.control)

    def done(self, *words):
        code, out, err = self.ask(*words)
        assert code == 0 and not err, (code, out, err)
        return out

    def status(self):
        return json.loads(self.done("status", "--json"))

    def check_nothing_left(self):
        super().check_nothing_left()
        assert not os.path.exists(self.control), "the control socket is left behind"


def workers_of(status):
    return [worker for group in status["groups"] for worker in group["workers"]]


@each_model
def test_status(model):
    with folder() as here, Steered(here, "echo", model=(*model, 2)) as server:
        status = until(lambda: server.status()["phase"] == "running" and server.status(), 10,
                       "it is running")
        assert status["pid"] == server.pid and status["program"] == os.path.basename(BINARY)
        group, = status["groups"]
        assert group["listeners"] == server.addresses and group["wanted"] == 2 and group["open"]
        assert sorted(w["pid"] for w in group["workers"]) == sorted(server.workers())
        assert {w["state"] for w in group["workers"]} <= {"settling", "stable"}
        with connect(server) as client:
            assert echoes(client)
            totals = until(lambda: (now := server.status()["totals"])["connections"]["open"] == 1
                           and now, 5, "one connection is open")
            assert totals["connections"]["accepted"] == 1 and totals["ready"] == 2
        until(lambda: server.status()["totals"]["connections"]["open"] == 0, 5, "none is open")
        text = server.done("status")
        assert f"process {server.pid}, running" in text and "2 of 2 workers ready" in text, text
        mode = os.stat(server.control).st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, oct(mode)


def test_groups_are_scaled_one_by_one():
    listen = ["127.0.0.1:0,model=process", "127.0.0.1:0,model=thread,workers=2"]
    with folder() as here, Steered(here, "echo", listen=listen) as server:
        until(lambda: server.status()["phase"] == "running", 10, "it is running")
        code, _, err = server.ask("scale", "3")
        assert code == 3 and "process-pool, thread-pool" in err, err
        code, _, err = server.ask("scale", "3", "--group", "fibre")
        assert code == 3 and "fibre" in err and "thread-pool" in err, err
        told = json.loads(server.done("scale", "3", "--group", "process-pool", "--json"))
        assert told == {"group": "process-pool", "wanted": 3}
        until(lambda: len(server.workers()) == 5, 10, "five workers")
        server.done("scale", "1", "--group", "thread-pool")
        until(lambda: len(server.workers()) == 4, 10, "four workers")
        assert [g["wanted"] for g in server.status()["groups"]] == [3, 1]
        code, _, err = server.ask("scale", "256", "--group", "thread-pool")
        assert code == 3 and "253" in err, err


@each_model
def test_a_stopped_worker_is_said_to_be_stopped(model):
    """It is there, and serves nobody: that is no readiness."""
    with folder() as here, Steered(here, "hello", model=(*model, 1)) as server:
        [worker] = until(server.workers, 10, "a worker")
        os.kill(worker, signal.SIGSTOP)
        try:
            until(lambda: "0 of 1 worker ready" in server.done("status"), 10, "it is seen")
            assert f"'kill -CONT {worker}'" in server.done("status")
            assert workers_of(server.status())[0]["stopped"] is True
        finally:
            os.kill(worker, signal.SIGCONT)
        until(lambda: "1 of 1 worker ready" in server.done("status"), 10, "it goes on")
        assert "stopped" not in workers_of(server.status())[0]


@each_model
def test_stop(model):
    """Graceful, waited for: a client that is being served is served to its end."""
    with folder() as here:
        server = Steered(here, "echo", model=(*model, 1)).start()
        with connect(server) as client:
            assert echoes(client)
        told = json.loads(server.done("stop", "--wait", "--json"))
        assert told == {"stopping": server.pid}
        assert server.process.poll() == 0 or server.wait(1) == 0
        server.check_nothing_left()
        code, _, err = server.ask("status")
        assert code == 3 and server.control in err and err.count("\n") == 1, err


def test_stop_now():
    with folder() as here:
        server = Steered(here, "echo", "--idle-timeout", "0").start()
        with connect(server) as client:
            assert echoes(client)
            server.done("stop", "--now")
            assert server.wait() == 0
        server.check_nothing_left()


def test_deaths():
    with folder() as here, Steered(here, "echo", model=("multiplex", None, 1)) as server:
        assert json.loads(server.done("deaths", "--json")) == []
        with connect(server) as client:  # one that has served can say how it died
            victim = echoes(client) and server.workers()[0]
        os.kill(victim, signal.SIGSEGV)
        server.wait_for_log(f"({victim}) was killed")
        death, = until(lambda: json.loads(server.done("deaths", "--json")), 5, "a record")
        assert death["pid"] == victim, death
        table = server.done("deaths")
        row, = [line.split() for line in table.splitlines() if f" {victim} " in line]
        assert row[0] == "1" and "SIGSEGV" in row and "deaths 1' tells all" in table, table
        one = server.done("deaths", "1")
        assert f"({victim})" in one and "SIGSEGV" in one and "\n  cause " in one, one
        assert "\n     1  " in one and ("epoll_wait" in one or "recv" in one), f"no stack: {one}"
        assert json.loads(server.done("deaths", "1", "--json"))["stack"] == death["stack"]
        assert (told := server.ask("deaths", "77"))[0] == 3 and "of number 77" in told[2], told
        assert "1 death since the start: 'samjoko deaths' says why" in server.done("status")
        assert json.loads(server.done("status", "--json"))["deaths"] == 1


@cases([("process", "each"), ("process", "pool")], lambda m: m[1])
def test_the_death_of_an_orphan_is_explained(model):
    """Its worker is gone, so the master reaped it: once that was a line without a record, and what
    it had noted stayed for the next process of its number."""
    with folder() as here, Steered(here, "hello", "--identify", model=(*model, 1)) as server:
        worker = until(server.workers, 5, "a worker")[0]
        with connect(server) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            orphan = int(Answer.read(client).headers["x-served-by"].split("/")[0])
            assert orphan in processes.children(worker)
            client.sendall(b"GET / HTTP/1.1\r\nHo")
            os.kill(worker, signal.SIGKILL)
            until(lambda: orphan in processes.children(server.pid), 5, "it is the master's")
            os.kill(orphan, signal.SIGSEGV)
            line = server.wait_for_log(f"process {orphan}, an adopted orphan,")[-1]
        assert "SIGSEGV" in line and "1 client served" in line, line
        dead, = until(lambda: [each for each in json.loads(server.done("deaths", "--json"))
                               if each["pid"] == orphan], 5, "a record")
        assert dead["role"] == "orphan" and dead["status"]["signal"] == signal.SIGSEGV, dead
        assert dead["worker"] == 1 and dead["clients_served"] == 1 and dead["stack"], dead


def test_logs_are_reopened():
    with folder() as here:
        log = here + "/log"
        with Steered(here, "echo", "--log", log, inherited_log=log) as server:
            os.rename(log, log + ".1")
            server.done("reopen-logs")
            until(lambda: os.path.exists(log) and server.log_lines("was reopened"), 5, "a new log")
    with folder() as here, Steered(here, "echo") as server:
        code, _, err = server.ask("reopen-logs")
        assert code == 3 and "standard error" in err, err


def kill_until_failed(server, pid_of):
    """A worker that falls as soon as it works."""
    def failed():
        worker = pid_of()
        if worker["pid"]:
            with_pid = worker["pid"]
            try:
                os.kill(with_pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            until(lambda: pid_of()["pid"] != with_pid, 5, "its end is noticed")
        return pid_of()["state"] == "failed" and pid_of()
    return until(failed, 20, "the worker has failed")


@alone
@limit(60)
def test_failed_is_explained_and_recovered():
    """A crash loop of the only worker: it fails, nothing is burnt, told why, recovered by command."""
    with folder() as here, Steered(here, "echo", "--when-failed", "stay",
                                   model=("multiplex", None, 1)) as server:
        worker = kill_until_failed(server, lambda: workers_of(server.status())[0])
        assert "SIGKILL" in worker["last_end"] and "reset-failed" in worker["advice"], worker
        status = server.status()
        assert status["phase"] == "failed" and not status["groups"][0]["open"]
        text = server.done("status")
        assert "worker 1 has failed: the last one was killed by signal 9" in text, text
        assert "reset-failed" in text and "closed" in text, text
        try:
            connect(server).close()
            raise AssertionError("nobody serves, and yet clients are accepted")
        except ConnectionRefusedError:
            pass
        code, _, err = server.ask("scale", "2")
        assert code == 3 and "reset-failed" in err, err
        waking = Wakeups(server.pid, 3)
        print(f"while failed: {waking}")
        waking.check(5)
        server.done("reset-failed")
        until(lambda: server.status()["phase"] == "running", 10, "it serves again")
        with connect(server) as client:
            assert echoes(client)
        code, _, err = server.ask("reset-failed")
        assert code == 3 and "no worker has failed" in err, err


@limit(60)
def test_worker_that_cannot_start_fails_with_its_reason():
    """Its own exit code, five times, and the program leaves with 3 unless told to stay."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("needs root and setpriv, to run as one who may not change the user")
    wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with folder() as here:
        os.chown(here, 65534, 65534)
        server = Server("echo", "--user", "daemon", "--control", "none", wrap=wrap).start()
        assert server.process.wait(20) == 3, server.log()
        assert server.log_lines("has failed: it ended 5 times within 60 s")
        with Steered(here, "echo", "--user", "daemon", "--when-failed", "stay", wrap=wrap) as server:
            until(lambda: server.status()["phase"] == "failed", 20, "it has failed")
            worker, *_ = workers_of(server.status())
            assert worker["last_end"] == "exited with code 3" and worker["restarts"] == 4, worker


def test_several_servers_are_told_apart():
    """In the usual place the only one is found; of several, one must be chosen; stale ones go."""
    with folder() as here:
        own = here + "/crow" + str(os.getpid())            # a program of this name only runs here
        shutil.copy(BINARY, own)
        place = {"XDG_RUNTIME_DIR": here}

        def start():
            server = Server("echo", environment=place)
            server.command[0] = own
            return server.start()

        def ask(*words):
            return command(*words, binary=own, env={**os.environ, **place})
        code, _, err = ask("status")
        assert code == 3 and "no server" in err and err.count("\n") == 1, err
        with_one = start()
        code, out, err = ask("status", "--json")
        assert code == 0 and json.loads(out)["pid"] == with_one.pid, err
        other = start()
        code, _, err = ask("status")
        paths = [f"{here}/samjoko/{os.path.basename(own)}.{s.pid}" for s in (with_one, other)]
        assert code == 3 and all(path in err for path in paths), err
        assert json.loads(ask("status", "--json", "--control", paths[1])[1])["pid"] == other.pid
        assert stat.S_IMODE(os.stat(here + "/samjoko").st_mode) == 0o700
        for pid in other.tree():
            os.kill(pid, signal.SIGKILL)
        other.process.wait(5)
        assert os.path.exists(paths[1])
        code, out, err = ask("status", "--json")
        assert code == 0 and json.loads(out)["pid"] == with_one.pid, err
        assert not os.path.exists(paths[1]), "the socket of a killed server stays"
        with_one.stop_cleanly()
        assert os.listdir(here + "/samjoko") == []
        for server in (with_one, other):
            server.__exit__(None)


@each_model
def test_workers_do_not_hold_the_control_socket(model):
    with folder() as here, Steered(here, "echo", model=(*model, 2)) as server:
        with open("/proc/net/unix") as file:
            inode = next(line.split()[6] for line in file if line.rstrip().endswith(server.control))
        until(lambda: server.status()["phase"] == "running", 10, "it is running")
        with connect(server) as client:
            assert echoes(client)
            for pid in server.tree()[1:]:
                held = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
                assert f"socket:[{inode}]" not in held, f"process {pid}"


def hang_on(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(path)
    return client


@limit(60)
def test_hostile_clients_hold_up_nobody():
    """Silent ones, half lines, rubbish, answers that nobody reads: clients are served, the master
    lives, and status answers in the end."""
    chance = random.Random(1)
    with folder() as here, Steered(here, "echo") as server:
        until(lambda: server.status()["phase"] == "running", 10, "it is running")
        crowd = [hang_on(server.control) for _ in range(60)]
        for client in crowd[:20]:
            client.sendall(b"stat")
        for client in crowd[20:30]:
            client.sendall(b"status\n")                    # and never reads
        for client in crowd[30:40]:
            try:
                client.sendall(chance.randbytes(10_000))
            except OSError:
                pass                                       # closed in the middle: its right
        with connect(server) as client:
            assert echoes(client)
        began = time.monotonic()
        status = server.status()
        print(f"status among the crowd: {time.monotonic() - began:.1f} s")
        assert status["phase"] == "running"
        for client in crowd:
            client.close()
        Wakeups(server.pid, 1).check(30)


@limit(60)
def test_asked_by_many_at_once():
    with folder() as here, Steered(here, "echo", model=("multiplex", None, 2)) as server:
        wrong = []

        def ask():
            with hang_on(server.control) as client:
                client.sendall(b"json status\n")
                text = b"".join(iter(lambda: client.recv(65536), b""))
                code, _, body = text.partition(b"\n")
                if code != b"0" or json.loads(body)["pid"] != server.pid:
                    wrong.append(text)
        threads = [threading.Thread(target=ask) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not wrong, wrong[0]


def test_address_in_use_and_stale():
    with folder() as here, Steered(here, "echo") as server:
        code, out, err = command("serve", "echo", "-l", "127.0.0.1:0", "--control", server.control)
        assert code == 3 and "ddress already in use" in err and server.control in err, err
        assert server.status()["pid"] == server.pid
    with folder() as here:
        server = Steered(here, "echo").start()
        for pid in server.tree():
            os.kill(pid, signal.SIGKILL)
        server.process.wait(5)
        assert os.path.exists(server.control)
        with Steered(here, "echo") as second:
            assert second.status()["pid"] == second.pid


def test_a_hub_that_was_given_up_is_revived_with_its_listener_and_is_never_scaled():
    """reset-failed read past an array in the master; the hub came back deaf; scale made a second one."""
    def hub_of(server):
        found = json.loads(server.ask("status", "--json")[1])
        return found["phase"], next(g for g in found["groups"] if g["name"] == "hub")

    with folder() as here, Steered(here, "chat", "--when-failed", "stay", "--fail-after", "1",
                                     "--stable-after", "60s", model=("multiplex", None, 1)) as server:
        until(lambda: hub_of(server)[1]["workers"][0]["state"] == "settling", 10, "the hub is ready")
        code, out, err = server.ask("scale", "2", "--group", "hub")
        assert code != 0 and "cannot be scaled" in out + err, (code, out, err)
        for _ in range(3):
            os.kill(hub_of(server)[1]["workers"][0]["pid"], signal.SIGKILL)
            until(lambda: hub_of(server)[1]["workers"][0]["state"] == "failed", 10, "given up")
            phase, hub = hub_of(server)
            assert phase == "degraded" and not hub["open"], (phase, hub)
            code, out, err = server.ask("scale", "2", "--group", "hub")
            assert code != 0 and "cannot be scaled" in out + err, (code, out, err)
            code, out, err = server.ask("reset-failed", "--group", "hub")
            assert code == 0, (out, err)
            until(lambda: hub_of(server)[1]["workers"][0]["state"] == "settling", 10, "revived")
        assert hub_of(server)[0] == "running"
        assert "epoll_ctl" not in server.log()
        with socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.sendall(b"/nick alice\n/join hall\n/who hall\n")
            until(lambda: hub_of(server)[1]["workers"][0]["connections"]["open"] >= 1, 10,
                  "a link to the hub that was revived")
