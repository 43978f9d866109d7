"""exec under every model: what a program leaves running, how it is told to stop, and with whom it ends."""
import os
import signal
import socket
import stat
import sys

import processes
from clients import connect, receive_all, receive_exactly
from framework import cases, each_model
from harness import folder, run_to_end, until

sys.path.insert(0, os.path.dirname(__file__))
from test_exec import exec_server, programs_of  # noqa: E402

# Says its pid and how it ended in a file of its own; `in_session` makes a session for it.
CHILD = "import os,signal,sys,time\n" \
        "def told(*_):\n open(sys.argv[1],'a').write('TERM\\n'); os._exit(0)\n" \
        "signal.signal(signal.SIGTERM, told)\n" \
        "open(sys.argv[1],'a').write('%d\\n' % os.getpid())\n" \
        "while True: time.sleep(1000)\n"


def family(here, *, leaves, stays=True, stubborn=False):
    """A shell that starts one child in its group and one in a session of its own, says `ready` when
    both run, and then stays or leaves them behind."""
    with open(f"{here}/child.py", "w") as file:
        file.write(CHILD.replace("os._exit(0)", "None") if stubborn else CHILD)
    child = f"{sys.executable} {here}/child.py"
    script = (f"{child} {here}/near & setsid {child} {here}/far & "
              f"while ! [ -s {here}/near ] || ! [ -s {here}/far ]; do sleep 0.02; done; echo ready; ")
    return ["sh", "-c", script + ("exec >&- <&-; exit 0" if leaves else "wait; wait")]


def heard(here, name):
    with open(f"{here}/{name}") as file:
        return file.read().split()


def told_only_to_end(here, name):
    """Once, or again where it had become an orphan before it was gone."""
    return set(heard(here, name)[1:]) == {"TERM"}


def pids(here):
    return [int(heard(here, name)[0]) for name in ("near", "far")]


@cases([False, True], lambda leaves: "orphans" if leaves else "family")
def test_a_stop_tells_the_whole_family(leaves):
    """TERM when the stop begins, to what the program left behind too, in whatever session."""
    for model in MODELS:
        with folder() as here:
            with exec_server(*family(here, leaves=leaves), model=model) as server:
                with connect(server) as client:
                    assert receive_exactly(client, 6) == b"ready\n"
                    server.stop_cleanly(seconds=15)
                server.check_nothing_left()
            assert told_only_to_end(here, "near") and told_only_to_end(here, "far"), model


MODELS = [("process", "each"), ("process", "pool"), ("thread", "each"), ("thread", "pool"),
          ("multiplex", None)]


@each_model
def test_a_stubborn_family_is_killed_at_the_limit(model):
    with folder() as here:
        program = family(here, leaves=True, stubborn=True)
        with exec_server(*program, model=model, options=["--stop-timeout", "700ms"]) as server:
            with connect(server) as client:
                assert receive_exactly(client, 6) == b"ready\n"
                server.stop_cleanly(seconds=15)
            server.check_nothing_left()
        assert heard(here, "near")[1:2] == heard(here, "far")[1:2] == ["TERM"]


@each_model
def test_a_family_ends_with_its_worker(model):
    """The worker is killed: its program, what that started, and what is in a session of its own end,
    and the client's connection with them."""
    with folder() as here:
        program = family(here, leaves=False)
        with exec_server(*program, model=model, options=["--workers", "1"]) as server:
            with connect(server) as client:
                assert receive_exactly(client, 6) == b"ready\n"
                os.kill(server.workers()[0], signal.SIGKILL)
                until(lambda: not [pid for pid in pids(here) if processes.is_alive(pid)], 20,
                      "the family ends")
                assert receive_all(client) == b""
        assert told_only_to_end(here, "near") and told_only_to_end(here, "far")


@each_model
def test_another_worker_s_family_lives_on(model):
    """Two workers; only the family of the killed one ends, orphans or not."""
    with folder() as here:
        parts = [f"{here}/{name}" for name in ("one", "two")]
        for part in parts:
            os.mkdir(part)
        # The first client's program takes the first folder that it can claim.
        script = "; ".join(f"mkdir {part}/claimed 2>/dev/null && exec "
                           + " ".join(quoted(word) for word in family(part, leaves=True))
                           for part in parts)
        with exec_server("sh", "-c", script, model=model, options=["--workers", "2"]) as server:
            clients = []
            for part in parts:
                clients.append(connect(server))
                assert receive_exactly(clients[-1], 6) == b"ready\n"
            workers = {worker_of(pids(part)[0]) for part in parts}
            doomed = worker_of(pids(parts[0])[0])
            os.kill(doomed, signal.SIGKILL)
            until(lambda: not [pid for pid in pids(parts[0]) if processes.is_alive(pid)], 20,
                  "the killed worker's family ends")
            if len(workers) == 2:
                assert all(processes.is_alive(pid) for pid in pids(parts[1]))
            for client in clients:
                client.close()


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(") ")[2][0]


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


def worker_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        found = [each for each in file.read().split(b"\0") if each.startswith(b"SAMJOKO_WORKER=")]
    return int(found[0].split(b"=")[1])


@each_model
def test_a_stopped_program_is_continued_to_stop(model):
    with exec_server("sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; kill -STOP $$; "
                     "while :; do sleep 0.02; done", model=model) as server:
        with connect(server) as client:
            assert receive_exactly(client, 6) == b"ready\n"
            until(lambda: [pid for pid in programs_of(server, "sh")
                           if state_of(pid) == "T"], 10, "it is stopped")
            server.stop_cleanly(seconds=15)
            assert receive_all(client) == b"bye\n"


@each_model
def test_what_lives_counts(model):
    """A program that has ended and left one behind in its group still is a client."""
    script = "sleep 1000 & echo $!; exit 0"
    with exec_server("sh", "-c", script, model=model, options=["--max-children", "1"]) as server:
        with connect(server) as client:
            left = int(client.makefile().readline())
            until(lambda: not programs_of(server, "sh"), 10, "the program has ended")
            with connect(server) as other:
                try:
                    assert receive_all(other) == b""
                except ConnectionError:
                    pass
            os.kill(left, signal.SIGTERM)
            assert receive_all(client) == b""

        def served():
            with connect(server) as another:
                try:
                    line = another.makefile().readline()
                except ConnectionError:
                    return False
                if line:
                    os.kill(int(line), signal.SIGTERM)
                return bool(line)
        until(served, 10, "there is room again")


@each_model
def test_descriptor_limits_are_those_of_the_start(model):
    import resource

    def before():
        resource.setrlimit(resource.RLIMIT_NOFILE, (333, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with exec_server("sh", "-c", "ulimit -Sn; ulimit -Hn", model=model, before=before) as server:
        with connect(server) as client:
            soft, hard = receive_all(client).decode().split()
    assert soft == "333" and int(hard) == resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def script_of(here, text):
    path = f"{here}/script"
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, stat.S_IRWXU)
    return path


SCRIPTS = [
    ("no interpreter line", "echo here\n", "no #! line"),
    ("empty", "", "no #! line"),
    ("an empty one", "#!\necho here\n", "#! line is empty"),
    ("one that is not there", "#!/nonexistent/sh -e\n", "/nonexistent/sh"),
    ("with CR LF", "#! /bin/nosuch\r\necho\r\n", "/bin/nosuch"),
    ("a folder", "#!/tmp\n", "/tmp"),
    ("no program", "#!/etc/passwd\n", "/etc/passwd"),
]


@cases(SCRIPTS, lambda each: each[0])
def test_a_script_is_looked_at_at_the_start(case):
    with folder() as here:
        path = script_of(here, case[1])
        code, text = run_to_end("serve", "exec", "--listen", "127.0.0.1:0", "--", path)
        assert code == 2 and text.count("\n") == 1 and case[2] in text and path in text, (code, text)


def test_scripts_and_programs_that_can_be_run():
    with folder() as here:
        outer = script_of(here, "#!/bin/sh\necho here\n")
        inner = f"{here}/inner"
        with open(inner, "w") as file:
            file.write(f"#! {outer} -x\n")
        os.chmod(inner, stat.S_IRWXU)
        for program in (outer, inner, "/bin/echo"):
            with exec_server(program) as server, connect(server) as client:
                client.shutdown(socket.SHUT_WR)
                receive_all(client)


@each_model
def test_a_stubborn_family_is_killed_soon_after_its_worker(model):
    """5 s after the worker's death, and not one after the other: each was told to end at once."""
    with folder() as here:
        program = family(here, leaves=False, stubborn=True)
        program[2] = "trap '' TERM; " + program[2]
        with exec_server(*program, model=model, options=["--workers", "1"]) as server:
            with connect(server) as client:
                assert receive_exactly(client, 6) == b"ready\n"
                shells = programs_of(server, "sh")
                os.kill(server.workers()[0], signal.SIGKILL)
                until(lambda: all(heard(here, name)[1:] for name in ("near", "far")), 4,
                      "both are told to end before anybody is killed")
                until(lambda: not [pid for pid in pids(here) + shells if processes.is_alive(pid)], 20,
                      "the family has ended")
                receive_all(client)
        assert heard(here, "near")[1:2] == heard(here, "far")[1:2] == ["TERM"]
