"""One server, started, asked for one right answer, put under load, and ended."""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import accounting
from programs import BUILD

HELLO = b"Hello, World!"
_numbers = itertools.count()


class Failed(Exception):
    """A server that does not start, or does not answer as it should."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server in its own session and its own account, on one processor. Ended on leaving."""

    def __init__(self, command, port, processor, environment=None):
        self.port = port
        self.account = accounting.new_account(f"samjoko-bench-{os.getpid()}-{next(_numbers)}")
        self.errors = tempfile.TemporaryFile()

        def prepare():
            os.setsid()
            self.account.enter()
            os.sched_setaffinity(0, {processor})
        self.process = subprocess.Popen(
            command, preexec_fn=prepare, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.errors, env={**os.environ, **(environment or {})})

    def __enter__(self):
        try:
            self._await_listener()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _await_listener(self):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Failed(f"{self.process.args[0]}: not listening: {self.complaints()}")

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read()[-300:].decode(errors="replace").strip()

    def cpu(self):
        return self.account.cpu(self.process.pid)

    def await_members(self, count):
        """Until a pool of processes has so many."""
        end = time.monotonic() + 10
        while len(accounting.tree(self.process.pid)) < count and time.monotonic() < end:
            time.sleep(0.02)

    def __exit__(self, *_):
        everyone = accounting.tree(self.process.pid)
        ours = self.process.args[1] == "serve"
        self.process.send_signal(signal.SIGQUIT if ours else signal.SIGTERM)   # QUIT: at once
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(3)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._end_leftovers(everyone)
        self.account.close()
        self.errors.close()

    def _end_leftovers(self, everyone):
        """Children of a bare program: they are still in the session that was made for them."""
        for process in everyone[1:]:
            with contextlib.suppress(OSError):
                if os.getsid(process) == self.process.pid:
                    os.kill(process, signal.SIGKILL)


class Generator:
    """The load generator, phase by phase."""

    def __init__(self, mode, port, processor, **options):
        words = [word for name, value in options.items()
                 for word in ("--" + name.replace("_", "-"), str(value))]
        self.process = subprocess.Popen(
            [str(BUILD / "load"), mode, "--port", str(port), *words], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {processor}))

    def phase(self):
        """What the phase that is under way has counted when it is over."""
        line = self.process.stdout.readline()
        if not line:
            raise Failed("the load generator ended early")
        return json.loads(line)

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(3)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def check_answer(service, port, folder):
    """One answer, whole and right, before anything is measured."""
    try:
        if service == "echo":
            good = _echoes(port)
        else:
            wanted = HELLO
            if service == "file":
                wanted = pathlib.Path(folder, "file.bin").read_bytes()
            good = _gets(port, "/file.bin" if service == "file" else "/") == wanted
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{service}: {error!r}") from error
    if not good:
        raise Failed(f"{service}: a wrong answer")


def _echoes(port):
    text = os.urandom(64)
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(text)
        got = b""
        while len(got) < len(text):
            more = client.recv(64)
            if not more:
                break
            got += more
    return got == text


def _gets(port, path):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", path, headers={"Connection": "close"})
        answer = client.getresponse()
        body = answer.read()
        return body if answer.status == 200 else None
    finally:
        client.close()
