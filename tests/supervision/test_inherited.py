"""What a careless parent hands down: closed standard streams, ignored and blocked signals, a tight
or a loose umask, a folder that is gone. The server works as always."""
import os
import resource
import shutil
import signal
import stat
import tempfile

from clients import ask, connect, connect_to, echoes
from framework import each_model
from harness import Server, folder, until

STOPS_AND_MORE = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD, signal.SIGHUP,
                  signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGTTIN]


@each_model
def test_closed_standard_streams(model):
    """The first descriptors that it opens then have the numbers 0 to 2: listeners, not the log."""
    def close_all():
        for number in (0, 1, 2):
            os.close(number)
    with folder() as here:
        path = here + "/log"
        server = Server("echo", "--log", path, model=(*model, 2), before=close_all,
                        inherited_log=path)
        with server:
            for _ in range(10):
                with connect(server) as client:
                    assert echoes(client, b"nobody writes into this connection\n")
                    client.settimeout(0.02)
                    try:
                        assert client.recv(100) == b"", "a foreign word in the connection"
                    except TimeoutError:
                        pass


@each_model
def test_ignored_signals(model):
    """As under nohup or a shell's background: the signals that the master obeys still work."""
    def ignore():
        for number in STOPS_AND_MORE:
            signal.signal(number, signal.SIG_IGN)
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        with Server("hello", model=(*model, 2), before=ignore) as server:
            with connect(server) as client:
                assert ask(client).status == 200
            os.kill(server.workers()[0], signal.SIGKILL)
            server.wait_for_log("SIGKILL")
            until(lambda: len(server.workers()) == 2, 5, "two workers again")
            server.stop_cleanly(stop)


@each_model
def test_blocked_signals(model):
    def block():
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    for stop in (signal.SIGTERM, signal.SIGQUIT):
        with Server("hello", model=(*model, 1), before=block) as server:
            with connect(server) as client:
                assert ask(client).status == 200
                server.stop_cleanly(stop)


def test_umask():
    """The mode of a unix socket is the one that was asked for, whatever the umask."""
    for mask in (0o000, 0o077, 0o777):
        with folder() as here:
            path = f"{here}/socket"
            with Server("echo", "--unix-mode", "622", listen=[f"unix:{path}"],
                        before=lambda mask=mask: os.umask(mask)) as server:
                mode = stat.S_IMODE(os.stat(path).st_mode)
                assert mode == 0o622, f"{mode:o} under umask {mask:o}"
                with connect_to(server.addresses[0]) as client:
                    assert echoes(client)


@each_model
def test_folder_that_is_gone(model):
    """The folder it was started in has been removed; what it serves has an absolute path."""
    gone = tempfile.mkdtemp(prefix="samjoko-gone-")

    def vanish():
        os.chdir(gone)
        shutil.rmtree(gone)
    with folder() as here:
        with open(here + "/index.html", "w") as file:
            file.write("still here")
        with Server("files", here, model=model, before=vanish) as server:
            with connect(server) as client:
                assert ask(client).body == b"still here"


@each_model
def test_small_stack(model):
    """The limit on stacks that services run under is small at times."""
    def small():
        resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))
    with Server("hello", model=model, before=small) as server, connect(server) as client:
        for _ in range(10):
            assert ask(client).body == b"Hello, World!"
