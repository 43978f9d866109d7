"""Nothing about the log, and no stray signal, ends the master or holds it up."""
import contextlib
import os
import pty
import resource
import signal
import subprocess
import termios

from framework import IN_TIME, cases
from harness import BINARY, folder, until
from wakeups import Wakeups

STRAYS = [signal.SIGALRM, signal.SIGXCPU, signal.SIGIO, signal.SIGXFSZ, signal.SIGPWR,
          signal.SIGVTALRM, signal.SIGPROF, signal.SIGSTKFLT, signal.SIGPIPE, signal.SIGRTMIN + 16]


@contextlib.contextmanager
def running(here, *options, wrap=(), **streams):
    """A server that is ready, which its pid file tells; it must leave by SIGTERM with code 0."""
    pid_file = here + "/pid"
    words = [*wrap, BINARY, "serve", "echo", "--listen", f"unix:{here}/s", "--workers", "1",
             "--control", "none", "--pid-file", pid_file, *options]
    streams = {"stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL, **streams}
    with subprocess.Popen(words, **streams) as process:
        try:
            until(lambda: process.poll() is not None or os.path.exists(pid_file), 10, "it is ready")
            assert process.poll() is None, f"it ended with {process.returncode}"
            yield process
            assert process.poll() is None, f"it ended with {process.returncode}"
            process.terminate()
            assert process.wait(IN_TIME) == 0
        finally:
            process.kill()


@cases(STRAYS, lambda number: signal.Signals(number).name if number < 35 else f"RT{number}")
def test_a_stray_signal_ends_nothing(number):
    with folder() as here, running(here) as server:
        server.send_signal(number)
        server.send_signal(number)


def test_a_log_at_the_limit_of_files():
    """A write beyond RLIMIT_FSIZE is SIGXFSZ, which ends a process (man 2 setrlimit)."""
    with folder() as here:
        few = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))  # noqa: E731
        with running(here, "--log", here + "/log", preexec_fn=few) as server:
            for _ in range(20):
                server.send_signal(signal.SIGHUP)      # a line each
            until(lambda: os.path.getsize(here + "/log") == 300, 5, "the log is full")


def test_a_fifo_without_a_reader():
    """open(2) of it waits for one; and after USR1 again."""
    with folder() as here:
        os.mkfifo(here + "/fifo")
        with running(here, "--log", here + "/fifo") as server:
            server.send_signal(signal.SIGUSR1)
            with open(os.open(here + "/fifo", os.O_RDONLY | os.O_NONBLOCK), "rb"):
                pass                                   # a reader that comes and leaves
            server.send_signal(signal.SIGUSR1)
            for _ in range(5):
                server.send_signal(signal.SIGHUP)


def test_standard_descriptors_that_are_closed():
    """They are open on something in every process, so that no client's file has their numbers."""
    with folder() as here:
        closed = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"]
        with running(here, wrap=closed) as server:
            for number in range(3):
                assert os.readlink(f"/proc/{server.pid}/fd/{number}") == "/dev/null"


def test_in_the_background_of_a_terminal():
    """`stty tostop`: a write is SIGTTOU, and with SA_RESTART it was tried for ever."""
    outer, inner = pty.openpty()
    flags = termios.tcgetattr(inner)
    flags[3] |= termios.TOSTOP
    termios.tcsetattr(inner, termios.TCSANOW, flags)
    leader = os.fork()
    if leader == 0:
        os.setsid()
        import fcntl
        fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
        with folder() as here:
            background = lambda: os.setpgid(0, 0)      # noqa: E731
            with running(here, stderr=inner, preexec_fn=background) as server:
                Wakeups(server.pid, 1).check(30)
        os._exit(0)
    os.close(inner)
    os.set_blocking(outer, False)

    def ended():
        with contextlib.suppress(OSError):
            os.read(outer, 65536)
        pid, status = os.waitpid(leader, os.WNOHANG)
        return (pid == leader) and [os.waitstatus_to_exitcode(status)]
    assert until(ended, 20, "it waits, and leaves") == [0]
    os.close(outer)
