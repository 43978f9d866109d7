"""exec under every model: real programs on the client's socket, how they end, what they find."""
import os
import signal
import socket
import stat
import subprocess
import threading

import processes
from clients import connect, connect_to, echoes, receive_all, receive_exactly
from framework import Skip, cases, each_model, limit
from harness import Server, folder, run_to_end, until


def exec_server(*program, model=None, options=(), **others):
    """serve exec OPTIONS -- PROGRAM: the listeners' words go before the mark."""
    server = Server("exec", *options, model=model, **others)
    server.command += ["--", *program]
    return server


def programs_of(server, name):
    """Processes below the server that execute the program of this name."""
    found = []
    for pid in processes.descendants(server.pid):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == name:
                    found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@each_model
def test_cat_echoes(model):
    words = os.urandom(300000)
    with exec_server("cat", model=model) as server:
        for _ in range(3):
            with connect(server) as client:
                assert echoes(client)
                sender = threading.Thread(target=client.sendall, args=(words,))
                sender.start()
                assert receive_exactly(client, len(words)) == words
                sender.join()
        with connect(server) as first, connect(server) as second:
            assert echoes(second) and echoes(first)
        until(lambda: not programs_of(server, "cat"), 10, "each program ends with its client")
        assert not server.log_lines("warning"), server.log()


@each_model
def test_half_close_is_kept(model):
    """The program reads to the end, and answers after it."""
    with exec_server("sh", "-c", "wc -c; echo after", model=model) as server:
        with connect(server) as client:
            client.sendall(b"x" * 100000)
            client.shutdown(socket.SHUT_WR)
            assert receive_all(client).split() == [b"100000", b"after"]
        done = subprocess.run(["nc", "-N", "127.0.0.1", str(server.port)], input=b"words\n",
                              capture_output=True, timeout=20)
        assert done.stdout.split() == [b"6", b"after"], done


@each_model
def test_a_program_may_close_first(model):
    with exec_server("sh", "-c", "echo once; exec <&- >&-; sleep 0.2", model=model) as server:
        with connect(server) as client:
            assert receive_all(client) == b"once\n"


def environment_of(client):
    lines = receive_all(client).decode().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


@each_model
def test_environment_tells_of_the_connection(model):
    stale = {"TCPREMOTEHOST": "of another", "TCPREMOTEINFO": "of another", "UNIXREMOTEPID": "1"}
    os.environ.update(stale)
    try:
        with exec_server("env", model=model) as server, connect(server) as client:
            found = environment_of(client)
            assert found["PROTO"] == "TCP"
            assert found["TCPLOCALIP"] == found["TCPREMOTEIP"] == "127.0.0.1"
            assert found["TCPLOCALPORT"] == str(server.port)
            assert found["TCPREMOTEPORT"] == str(client.getsockname()[1])
            assert not stale.keys() & found.keys() and found["PATH"] == os.environ["PATH"]
    finally:
        for name in stale:
            del os.environ[name]


@cases(["[::1]:0", ":0"])
def test_environment_over_ipv6_and_both(listen):
    with exec_server("env", listen=[listen]) as server:
        with socket.create_connection(("::1", server.port), 10) as client:
            found = environment_of(client)
            assert found["TCPLOCALIP"] == found["TCPREMOTEIP"] == "::1", found
        if listen == ":0":
            with socket.create_connection(("127.0.0.1", server.port), 10) as client:
                assert environment_of(client)["TCPREMOTEIP"] == "127.0.0.1"


@each_model
def test_environment_over_a_unix_socket(model):
    with folder() as here:
        with exec_server("env", model=model, listen=[f"unix:{here}/s"]) as server:
            with connect_to(server.addresses[0]) as client:
                found = environment_of(client)
        assert found["PROTO"] == "UNIX" and found["UNIXLOCALPATH"] == f"{here}/s"
        assert found["UNIXREMOTEPID"] == str(os.getpid())
        assert found["UNIXREMOTEEUID"] == found["UNIXLOCALUID"] == str(os.getuid())
        assert found["UNIXREMOTEEGID"] == found["UNIXLOCALGID"] == str(os.getgid())
        assert "TCPREMOTEIP" not in found


@each_model
def test_deaths_are_told(model):
    with exec_server("sh", "-c", "read how; eval \"$how\"", model=model) as server:
        def run(how):
            with connect(server) as client:
                peer = "%s:%d" % client.getsockname()
                client.sendall(how + b"\n")
                assert receive_all(client) == b""
            return peer
        peer = run(b"exit 3")
        line = server.wait_for_log("exited with code 3")[0]
        assert "sh (process " in line and f"of client {peer} " in line, line
        # Each of them, however many in a second.
        run(b"kill -SEGV $$")
        for code in range(4, 10):
            run(b"exit %d" % code)
        server.wait_for_log("SIGSEGV")
        for code in range(4, 10):
            server.wait_for_log(f"exited with code {code}")
        run(b"exit 0")
        assert not server.log_lines("code 0")


@each_model
def test_the_socket_blocks_and_is_the_only_descriptor(model):
    script = "ls /proc/self/fd; grep flags: /proc/self/fdinfo/0; readlink /proc/self/fd/0"
    with exec_server("sh", "-c", script, model=model) as server, connect(server) as client:
        found = receive_all(client).decode().split()
    assert found[:4] == ["0", "1", "2", "3"] and found[4] == "flags:", found  # 3: the folder
    assert int(found[5], 8) & os.O_NONBLOCK == 0, found
    assert found[6].startswith("socket:"), found


@each_model
def test_signals_are_the_defaults(model):
    with exec_server("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", model=model) as server:
        with connect(server) as client:
            assert receive_all(client).decode().split()[1::2] == ["0" * 16, "0" * 16]


READY_THEN = "trap '{}' TERM; echo ready; while :; do sleep 0.02; done"


@each_model
def test_a_stop_is_graceful(model):
    """TERM reaches the program, which may still say goodbye; nothing is told of its death."""
    script = READY_THEN.format("echo goodbye; exit 0")
    with exec_server("sh", "-c", script, model=model) as server:
        with connect(server) as client:
            assert receive_exactly(client, 6) == b"ready\n"
            server.send(signal.SIGTERM)
            assert receive_all(client) == b"goodbye\n"
            assert server.wait() == 0
        server.check_nothing_left()
        assert not server.log_lines("warning"), server.log()


@each_model
def test_a_program_without_a_handler_ends_by_the_stop(model):
    with exec_server("cat", model=model) as server, connect(server) as client:
        assert echoes(client)
        server.stop_cleanly()
        assert receive_all(client) == b""
        assert not server.log_lines("warning"), server.log()


@each_model
def test_one_that_ignores_the_stop_is_killed_at_the_limit(model):
    with exec_server("sh", "-c", READY_THEN.format(""), model=model,
                     options=["--stop-timeout", "500ms"]) as server:
        with connect(server) as client:
            assert receive_exactly(client, 6) == b"ready\n"
            running = programs_of(server, "sh")
            server.stop_cleanly()
            assert receive_all(client) == b""
            assert running and not [pid for pid in running if processes.is_alive(pid)]


@each_model
def test_a_client_has_so_much_time_in_all(model):
    """The program never reads, so that no silence is measured; it is ended and reaped."""
    with exec_server("sleep", "1000", model=model, options=["--turn-timeout", "1s"]) as server:
        with connect(server) as client:
            until(lambda: programs_of(server, "sleep"), 10, "it runs")
            assert receive_all(client) == b""
        until(lambda: not processes.zombies_below(server.pid) and not programs_of(server, "sleep"),
              10, "it has ended and was reaped")
        server.wait_for_log("a turn took longer than 1000 ms")


@each_model
def test_what_a_program_started_ends_with_the_stop_too(model):
    with exec_server("sh", "-c", "sleep 1000 & echo ready; wait", model=model) as server:
        with connect(server) as client:
            assert receive_exactly(client, 6) == b"ready\n"
            until(lambda: programs_of(server, "sleep"), 10, "the grandchild runs")
            server.stop_cleanly()


@each_model
def test_nothing_outlives_a_killed_worker(model):
    """One worker, so that it is the client's. The next one is served once nobody of it is left: a
    dying thread or a process of its pool may take him along."""
    with exec_server("cat", model=model, options=["--workers", "1"]) as server:
        with connect(server) as client:
            assert echoes(client) and programs_of(server, "cat")
            killed = processes.descendants(server.pid)
            os.kill(server.workers()[0], signal.SIGKILL)
            until(lambda: not [pid for pid in killed if processes.is_alive(pid)], 10,
                  "the program ends with its worker")
            server.wait_for_log("was killed by signal 9")  # with all its threads
            with connect(server) as other:
                assert echoes(other)


@each_model
def test_no_more_programs_than_allowed(model):
    with exec_server("cat", model=model, options=["--max-children", "2"]) as server:
        with connect(server) as first, connect(server) as second:
            assert echoes(first) and echoes(second)
            with connect(server) as third:
                try:
                    third.sendall(b"words")
                    assert third.recv(1) == b""
                except ConnectionError:
                    pass
            assert "limit of 2 connections" in server.wait_for_log("refused a client")[0]
        until(lambda: not programs_of(server, "cat"), 10, "both have ended")

        def served():
            with connect(server) as client:
                try:
                    return echoes(client)
                except ConnectionError:
                    return False
        until(served, 10, "there is room again")


@each_model
@limit(60)
def test_many_short_programs(model):
    """Each client gets its own program's answer, each program is reaped."""
    wrong = []

    def ask_often(server):
        for _ in range(25):
            with connect(server) as client:
                port = client.getsockname()[1]
                if receive_all(client) != b"%d\n" % port:
                    wrong.append(port)
    script = "echo $TCPREMOTEPORT"
    with exec_server("sh", "-c", script, model=model) as server:
        with processes.ZombieWatch(server.pid) as watch:
            asking = [threading.Thread(target=ask_often, args=(server,)) for _ in range(4)]
            for each in asking:
                each.start()
            for each in asking:
                each.join()
            until(lambda: not programs_of(server, "sh"), 10, "all have ended")
            until(lambda: not processes.zombies_below(server.pid), 2, "no zombie is left")
        assert not wrong and watch.samples, wrong


def test_standard_error_is_the_server_s():
    with exec_server("sh", "-c", "echo complaint >&2") as server, connect(server) as client:
        assert receive_all(client) == b""
        server.wait_for_log("complaint")


@each_model
def test_a_program_that_vanished(model):
    with folder() as here:
        path = here + "/passing"
        with open(path, "w") as file:
            file.write("#!/bin/sh\necho here\n")
        os.chmod(path, stat.S_IRWXU)
        with exec_server(path, model=model) as server:
            with connect(server) as client:
                assert receive_all(client) == b"here\n"
            os.remove(path)
            with connect(server) as client:
                assert receive_all(client) == b""
            line = server.wait_for_log("execve")[0]
            assert path in line and "No such file or directory" in line, line


def test_arguments_come_through_as_they_are():
    words = ["[a,b]", "--model", "-l", "--", "", "a b", "$HOME"]
    script = "import sys; print(sys.argv[1:])"
    with exec_server("python3", "-c", script, *words) as server, connect(server) as client:
        assert receive_all(client).decode() == f"{words}\n"


USAGE = [
    ("no program", [], "exec needs a program"),
    ("nothing behind the mark", ["--"], "exec needs a program"),
    ("not found", ["--", "samjoko-no-such-program"], "samjoko-no-such-program"),
    ("a directory", ["--", "/tmp"], "/tmp"),
    ("not executable", ["--", "/etc/passwd"], "/etc/passwd"),
    ("no children", ["--max-children", "0", "--", "cat"], "--max-children"),
    ("idle timeout", ["--idle-timeout", "1s", "--", "cat"], "--idle-timeout would be ignored"),
    ("write rate", ["--min-write-rate", "1k", "--", "cat"], "--min-write-rate would be ignored"),
]


@cases(USAGE, lambda each: each[0])
def test_usage(case):
    code, text = run_to_end("serve", "exec", "--listen", "127.0.0.1:0", *case[1])
    assert code == 2 and text.count("\n") == 1 and case[2] in text, (code, text)


def test_max_children_of_a_service_without_programs():
    code, text = run_to_end("serve", "echo", "--max-children", "3")
    assert code == 2 and "--max-children would be ignored" in text, (code, text)


def test_out_of_processes():
    """Its client is closed, one line says why, and the service goes on when there is room."""
    if os.getuid() != 0:
        raise Skip("a limit on processes needs a user of its own, which only root can choose")
    import resource
    before = lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))  # noqa: E731
    with exec_server("/bin/cat", options=["--user", "65533", "--workers", "1"],
                     before=before) as server:
        with connect(server) as client:
            assert receive_all(client) == b""
        line = server.wait_for_log("clone")[0]
        assert "Resource temporarily unavailable" in line, line
