"""What other pre-fork servers were reported to get wrong, tried on this one."""
import contextlib
import os
import shutil
import signal
import subprocess

import processes
from clients import connect, echoes
from framework import MODELS, Skip, cases, each_model, limit, model_name
from harness import BINARY, Server, folder, until

TWO_EACH = [(*model, 2) for model in MODELS]


def two_serve(server):
    """Both have started, and said so."""
    server.wait_for_log(") started", count=2)
    return until(lambda: len(server.workers()) == 2 and server.workers(), 10, "two workers")


def is_served(server):
    with connect(server) as client:
        return echoes(client)


@cases([TWO_EACH[0], TWO_EACH[4]], lambda case: model_name(case[:2]))
def test_a_worker_that_stands_still_is_told_and_the_other_serves(model):
    """It is alive, so that waiting for its end sees nothing: somebody may debug it."""
    with Server("echo", "--stop-timeout", "1s", model=model) as server:
        still = two_serve(server)[0]
        os.kill(still, signal.SIGSTOP)
        server.wait_for_log("was stopped by signal 19")
        # It may have been woken for one who came just then; nobody after that waits for it.
        with contextlib.suppress(OSError), connect(server, 1) as client:
            echoes(client)
        for _ in range(20):
            assert is_served(server)
        assert still in server.workers(), "nobody has ended it"
        assert server.stop() == 0
        assert server.log_lines(f"({still}) did not stop when told: it is killed"), server.log()


@cases(TWO_EACH, lambda case: model_name(case[:2]))
def test_a_master_that_stood_still_catches_up(model):
    """A worker's death and the order to stop came meanwhile; the workers served on."""
    with Server("echo", model=model) as server:
        first, other = two_serve(server)
        server.send(signal.SIGSTOP)
        until(lambda: processes.Stat.of(server.pid).state == "T", 5, "it stands still")
        os.kill(first, signal.SIGKILL)
        until(lambda: not processes.is_alive(first), 5, "its worker is dead")
        for _ in range(5):
            assert is_served(server)
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        assert server.wait() == 0
        assert server.log_lines(f"({first}) was killed by signal 9"), server.log()
        assert not processes.is_alive(other)


def full_disk(here):
    """Words before a command, for which `here` is a small file system without room."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Skip("needs root and unshare, to mount a small file system")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        raise Skip("no mount namespace can be made here")
    fill = f"mount -t tmpfs -o size=16k tmpfs {here}; cat /dev/zero > {here}/fill 2>/dev/null; "
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", fill + 'exec "$0" "$@"']


def test_a_pid_file_on_a_full_disk_is_refused_once_and_leaves_nothing():
    """Elsewhere each start left a piece of one, and was tried again at once."""
    with folder() as here:
        shown = [*full_disk(here)[:-1], full_disk(here)[-1].replace("exec ", "") + f"; ls -A {here}"]
        done = subprocess.run([*shown, BINARY, "serve", "echo", "--listen", "127.0.0.1:0",
                               "--control", "none", "--pid-file", f"{here}/pid"],
                              capture_output=True, text=True, timeout=60)
        assert "No space left on device" in done.stderr and f"{here}/pid" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1 and done.stdout.split() == ["fill"], done


@limit(60)
def test_told_to_stop_at_any_moment_of_its_start():
    """It ends by the signal, or as by order; never by anything else, and never stays."""
    for each in range(0, 40, 2):
        with subprocess.Popen([BINARY, "serve", "echo", "--listen", "127.0.0.1:0", "--control",
                               "none"], stderr=subprocess.PIPE, text=True) as started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(each / 1000)
            started.terminate()
            _, err = started.communicate(timeout=60)
            assert started.returncode in (0, -signal.SIGTERM), (each, started.returncode, err)


@each_model
def test_signals_to_the_whole_tree_at_once(model):
    """`pkill -HUP`, and a terminal: what means nothing to a worker ends none, and no client's turn."""
    with Server("echo", model=(*model, 2)) as server:
        before = two_serve(server)
        with connect(server) as client:
            assert echoes(client)
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH, signal.SIGPIPE,
                           signal.SIGCHLD, signal.SIGCONT):
                for pid in server.tree():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                assert echoes(client)
        assert is_served(server) and set(server.workers()) == set(before), server.log()
