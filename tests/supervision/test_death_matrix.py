"""Every way to die in every model: what is reported is what was done, once, with the guilty function."""
import contextlib
import os
import re
import signal
import time

import processes
from clients import connect, receive_exactly
from framework import MODELS, SLOWNESS, Skip, cases, limit
from harness import BINARY, Server, until

MISCHIEF = os.path.join(os.path.dirname(BINARY), "mischief")
STUCK = "3s"
TOLD = re.compile(r"served: ([a-z' ]+?)(?: \((\w+)\))?(?:[:;]|$)")


class Kind:
    """How to bring it about, and what must be reported of it."""

    def __init__(self, name, says, cause, words=(), guilty=None, serves=True):
        self.name, self.says, self.cause = name, says, cause
        self.words, self.guilty, self.serves = words, guilty, serves


def by_line(line):
    return lambda client, pid, server: client.sendall(line.encode() + b"\n")


def by_signal(number):
    return lambda client, pid, server: os.kill(pid, number)


def memory_is_counted():
    """False in a bare chroot, where nothing is mounted: then nobody can tell who sent KILL."""
    with open("/proc/self/mountinfo") as file:
        return any(" - cgroup2 " in line or (" - cgroup " in line and "memory" in line)
                   for line in file)


KILLED = (("outside signal (likely)", ["not from us, no out-of-memory kill counted"])
          if memory_is_counted() else ("unknown", ["no counter could be read"]))


def terminate(client, pid, server):
    """It leaves when its client has left."""
    os.kill(pid, signal.SIGTERM)
    client.close()


def deadlock(client, pid, server):
    """One holds a lock for ever; in a pool of threads all others come to wait for it, and any of
    them may be the one whose client is named: nobody of them was merely open."""
    client.sendall(b"lock\n")
    assert receive_exactly(client, 7) == b"locked\n"  # before the others come
    if server.model_name != "thread-pool":
        return
    server.all_are_served = True
    for _ in range(3):
        other = connect(server)
        server.hangers.append(other)
        other.sendall(b"wait for lock\n")


def one_of_many(client, pid, server):
    """The others go on being served while one thread spins."""
    others = [connect(server) for _ in range(3)]
    server.hangers += others
    client.sendall(b"spin\n")
    if server.model_name == "multiplex":
        return
    for other in others:
        other.sendall(b"still here\n")
        assert receive_exactly(other, 11) == b"still here\n"


CRASH, ABORT = "crash (proved)", "abort (proved)"
LIMIT, SENT = "our own limit (proved)", "outside signal (proved)"
KINDS = [
    Kind("exit 7", by_line("exit 7"), "own exit (proved)", ["exited with code 7"]),
    Kind("_exit 8", by_line("_exit 8"), "own exit (proved)", ["exited with code 8"]),
    Kind("segv", by_line("segv"), CRASH, ["SIGSEGV", "address 0x0"], "mischief_segv"),
    Kind("bus", by_line("bus"), CRASH, ["SIGBUS"], "mischief_bus"),
    Kind("fpe", by_line("fpe"), CRASH, ["SIGFPE"], "mischief_fpe"),
    Kind("ill", by_line("ill"), CRASH, ["SIGILL"], "mischief_ill"),
    Kind("abort", by_line("abort"), ABORT, ["SIGABRT"], "mischief_abort"),
    Kind("double free", by_line("double free"), ABORT, ["double free"], "mischief_double_free"),
    Kind("throw in a thread", by_line("throw in a thread"), ABORT, ["thrown on purpose"],
         "mischief_throw_in_a_thread", serves=False),  # a thread of its own serves nobody
    Kind("throw through noexcept", by_line("throw"), ABORT, ["thrown on purpose"],
         "mischief_throw"),
    Kind("bad alloc", by_line("bad alloc"), ABORT, ["bad_alloc"], "mischief_bad_alloc"),
    Kind("overflow", by_line("overflow"), CRASH, ["stack overflow"], "mischief_overflow"),
    Kind("TERM from outside", terminate, SENT, ["SIGTERM", "process {me}"]),
    Kind("SEGV from outside", by_signal(signal.SIGSEGV), SENT, ["SIGSEGV", "process {me}"]),
    Kind("KILL from outside", by_signal(signal.SIGKILL), *KILLED),
    Kind("stuck loop", by_line("spin"), LIMIT, ["without coming back"], "mischief_spin"),
    Kind("one stuck of many", one_of_many, LIMIT, ["without coming back"], "mischief_spin"),
    Kind("deadlock", deadlock, LIMIT, ["without coming back"], "mischief_"),
    Kind("exit 125", by_line("exit 125"), "own exit (proved)", ["exited with code 125"]),
]


def has_sanitizer():
    return SLOWNESS > 1


def deaths_told(server, pid):
    return [line for line in server.log_lines(" served: ")
            if f"({pid})" in line or f"process {pid} of" in line]


def serve_mischief(model, stuck=STUCK, before=None):
    if not os.access(MISCHIEF, os.X_OK):
        raise Skip(f"no program at {MISCHIEF}")
    # Grown from the start, so that each death is followed by a new worker at once.
    server = Server("--stuck-timeout", stuck, "--stable-after", "0", model=(*model, 1), program=MISCHIEF,
                    before=before)
    server.model_name = "-".join(word for word in model if word)
    server.hangers = []
    return server


def ask_pid(client):
    client.sendall(b"pid\n")
    return int(client.makefile("r").readline())


def begin(server):
    """A client and the process that serves it."""
    def try_once():
        with contextlib.suppress(OSError, ValueError):
            client = connect(server)
            return client, ask_pid(client)
        return None
    client, pid = until(try_once, 15, "somebody serves")
    return client, pid


def cause_in(line):
    found = TOLD.search(line)
    return f"{found.group(1)} ({found.group(2)})" if found.group(2) else found.group(1)


def inflict(server, kind):
    """The line that tells of it."""
    client, pid = begin(server)
    ports = [client.getsockname()[1]]
    server.all_are_served = False
    try:
        kind.says(client, pid, server)
        if server.all_are_served:
            ports += [each.getsockname()[1] for each in server.hangers]
        line = until(lambda: deaths_told(server, pid), 45, f"{kind.name}: death of {pid} told")[0]
    finally:
        client.close()
        while server.hangers:
            server.hangers.pop().close()
    return pid, line, ports


def judge(kind, line, ports):
    """What is wrong with the report; empty when nothing is."""
    wrong = []
    named = [port for port in ports if f"serving mischief to 127.0.0.1:{port}" in line]
    if kind.guilty and kind.serves and not named:
        wrong.append("whom it served is not said")
    if len(ports) > 1 and "merely open" in line:
        wrong.append("who was served as well is said to be merely open")
    if cause_in(line) != kind.cause:
        wrong.append(f"cause: {cause_in(line)}, not {kind.cause}")
    for word in kind.words:
        if word.format(me=os.getpid()) not in line:
            wrong.append(f"'{word}' is not said")
    if kind.guilty and kind.guilty not in line:
        wrong.append(f"{kind.guilty} is not named")
    return wrong


@limit(240)
@cases(MODELS, lambda model: "-".join(word for word in model if word))
def test_every_cause(model):
    """The matrix: rows are what was done, the second column what was reported."""
    if has_sanitizer():
        raise Skip("a sanitizer handles these signals itself")
    told, wrong = {}, []
    server = serve_mischief(model).start()
    try:
        for kind in KINDS:
            pid, line, ports = inflict(server, kind)
            told[pid] = kind.name
            found = judge(kind, line, ports)
            print(f"{kind.name:24} {cause_in(line):28} {'; '.join(found) or 'right'}")
            wrong += [f"{kind.name}: {each}: {line}" for each in found]
            if kind.name == "exit 125" and pid not in server.workers():
                break
        for pid, name in told.items():
            assert len(deaths_told(server, pid)) == 1, f"{name} was told more than once"
        extra = [line for line in server.log_lines(" served: ")
                 if not any(f"({pid})" in line or f"process {pid} of" in line for pid in told)]
        extra = [line for line in extra if "SIGKILL" not in line and "killed by signal" not in line]
        assert not extra, f"deaths that nobody caused: {extra}"
        assert not wrong, "\n".join(wrong)
    except BaseException:
        print(server.log()[-6000:])
        raise
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGQUIT)
        server._kill()


class MemoryGroup:
    """A memory cgroup of our own, of either version."""

    def __init__(self, limit, inside=None):
        second = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        top = inside.path if inside else "/sys/fs/cgroup" if second else "/sys/fs/cgroup/memory"
        self.path = os.path.join(top, f"samjoko-test-{os.getpid()}")
        self._limits = {"memory.max": limit, "memory.swap.max": 0} if second else \
            {"memory.limit_in_bytes": limit}

    def __enter__(self):
        try:
            os.mkdir(self.path)
            for name, value in self._limits.items():
                with contextlib.suppress(FileNotFoundError if "swap" in name else ZeroDivisionError):
                    self._write(name, value)
        except OSError as why:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            raise Skip(f"no memory cgroup can be made here: {why}") from why
        return self

    def _write(self, name, value):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(str(value))

    def take(self, pid=0):
        """A process and all its threads; 0: the one that calls."""
        self._write("cgroup.procs", pid)

    def __exit__(self, *_):
        def gone():
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            return not os.path.exists(self.path)
        until(gone, 10, "the memory cgroup is empty")


@limit(60)
@cases(MODELS, lambda model: "-".join(word for word in model if word))
def test_out_of_memory(model):
    """The whole server in one memory cgroup: the counter is shared, so it is likely, not proved."""
    if has_sanitizer():
        raise Skip("a sanitizer needs more memory than the cgroup has")
    with MemoryGroup(128 << 20) as group:
        server = serve_mischief(model, "0", before=group.take).start()
        try:
            client, pid = begin(server)
            client.sendall(b"eat memory\n")
            line = until(lambda: deaths_told(server, pid), 40, "the death is told")[0]
            print(line)
            assert cause_in(line) == "out of memory (likely)", line
            assert server.process.poll() is None
        finally:
            server._kill()


@limit(60)
def test_out_of_memory_in_its_own_cgroup():
    """Nobody else is in the cgroup whose counter rose: that proves it."""
    if has_sanitizer():
        raise Skip("a sanitizer needs more memory than the cgroup has")
    with MemoryGroup(128 << 20) as group:
        server = serve_mischief(("multiplex", None), "0").start()
        try:
            client, pid = begin(server)
            group.take(pid)
            time.sleep(5)  # the master looks every 2 s where its workers are
            client.sendall(b"eat memory\n")
            line = until(lambda: deaths_told(server, pid), 40, "the death is told")[0]
            print(line)
            assert cause_in(line) == "out of memory (proved)", line
        finally:
            server._kill()


@limit(60)
def test_stopped_is_not_stuck():
    """A stopped worker has all its time again when it goes on."""
    server = serve_mischief(("multiplex", None)).start()
    try:
        client, pid = begin(server)
        before = processes.cpu_seconds([pid])
        client.sendall(b"spin\n")
        until(lambda: processes.cpu_seconds([pid]) > before + 0.05, 10, "it spins")
        os.kill(pid, signal.SIGSTOP)
        server.wait_for_log("was stopped")
        time.sleep(7)  # twice the limit
        assert not deaths_told(server, pid)
        os.kill(pid, signal.SIGCONT)
        line = until(lambda: deaths_told(server, pid), 20, "the stuck worker is ended")[0]
        assert cause_in(line) == LIMIT, line
    finally:
        server._kill()


@limit(60)
@cases(MODELS, lambda model: "-".join(word for word in model if word))
def test_idle_is_not_stuck(model):
    server = serve_mischief(model).start()
    try:
        client, pid = begin(server)
        time.sleep(7)  # twice the limit, in which nothing happens
        assert ask_pid(client) == pid
        assert not server.log_lines(" served: ")
    finally:
        server._kill()
