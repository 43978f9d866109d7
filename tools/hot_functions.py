"""Which functions a client's path runs, in the order of their first use: cmake/hot_functions.order.

usage: tools/hot_functions.py [--binary build/release/samjoko] [--check]

Starts the program under each model, serves a few clients and follows its worker, with all threads
and children, instruction by instruction (man 2 ptrace, PTRACE_SINGLESTEP). The linker lays these
functions side by side. The names of data in the file, which no step shows, are kept as they stand.
--check says instead which names of the file the program does not have: a function that was renamed
falls out of the order without a word.
"""
import argparse
import bisect
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORDER = os.path.join(ROOT, "cmake", "hot_functions.order")

PTRACE_PEEKUSER, PTRACE_SINGLESTEP = 3, 9
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
FOLLOW_ALL = 2 | 4 | 8  # PTRACE_O_TRACEFORK, TRACEVFORK, TRACECLONE
INSTRUCTION_POINTER = 16 * 8
WALL = 0x40000000
CODE = "tTwWi"  # as nm says it
TOLERATED = 20  # one in so many: compilers split functions in different ways

# A process for each client first: what a fork costs depends most on it.
RUNS = [("process", "each", "echo"), ("process", "each", "hello"), ("process", "pool", "hello"),
        ("thread", "each", "echo"), ("thread", "pool", "hello"), ("thread", "pool", "echo"),
        ("multiplex", None, "hello"), ("multiplex", None, "echo"), ("multiplex", None, "files")]

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, pid, data=0, address=0):
    return libc.ptrace(request, pid, address, data)


class Functions:
    """The program's functions by address."""

    def __init__(self, binary):
        rows, self.data = [], set()
        listed = subprocess.run(["nm", "-n", "-S", "--defined-only", binary], check=True,
                                capture_output=True, text=True).stdout
        for line in listed.splitlines():
            parts = line.split(maxsplit=3)
            if len(parts) != 4:
                continue
            if parts[2] in CODE:
                rows.append((int(parts[0], 16), int(parts[1], 16), parts[3]))
            else:
                self.data.add(parts[3])
        self._begins = [row[0] for row in rows]
        self._rows = rows
        self.names = {row[2] for row in rows} | self.data

    def at(self, address):
        """All names of the function there: the linker knows each of them."""
        place = bisect.bisect_right(self._begins, address) - 1
        if place < 0:
            return []
        begin, size, _ = self._rows[place]
        if address >= begin + size:
            return []
        return [row[2] for row in self._rows[max(0, place - 8):place + 1] if row[0] == begin]


class Trace:
    """Steps everything that runs until the process of the clients, a child of ours, has ended."""

    def __init__(self):
        self.addresses = {}  # in the order of first use
        self._alive = set()

    def follow(self, pids, clients):
        for thread in (thread for pid in pids for thread in os.listdir(f"/proc/{pid}/task")):
            if ptrace(PTRACE_SEIZE, int(thread), FOLLOW_ALL) != 0:
                raise SystemExit(f"cannot trace {thread}: errno {ctypes.get_errno()}")
            ptrace(PTRACE_INTERRUPT, int(thread))
        while True:
            stopped, status = os.waitpid(-1, WALL)
            if os.WIFSTOPPED(status):
                self._alive.add(stopped)
                self._one_stop(stopped, status)
            elif stopped == clients:
                return self._end()
            else:
                self._alive.discard(stopped)

    def _end(self):
        """Nobody steps them any more: they would stand still as long as this program runs."""
        for each in self._alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)

    def _one_stop(self, pid, status):
        address = ptrace(PTRACE_PEEKUSER, pid, 0, INSTRUCTION_POINTER)
        self.addresses.setdefault(address, None)
        number, event = os.WSTOPSIG(status), status >> 16
        passed_on = 0 if event or number in (signal.SIGTRAP, signal.SIGSTOP) else number
        ptrace(PTRACE_SINGLESTEP, pid, passed_on)


def talk(port, service, clients):
    """Clients that pause after connecting, ask twice, and close first or last."""
    for number in range(clients):
        with socket.create_connection(("127.0.0.1", port)) as client:
            for again in (False, True):
                if service == "echo":
                    client.sendall(b"x" * 64)
                else:
                    ending = b"Connection: close\r\n" if number % 2 and again else b""
                    client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n" + ending + b"\r\n")
                client.recv(65536)
                time.sleep(0.05)
            if number % 2 and service != "echo":
                client.recv(1)


def serve(binary, run):
    model, spawn, service = run
    command = [binary, "serve", service, "--listen", "127.0.0.1:0", "--model", model,
               "--workers", "1"]
    command += ["--spawn", spawn] if spawn else []
    command += ["--pool-max", "8"] if spawn == "pool" else []
    command += [os.path.join(ROOT, "docs")] if service == "files" else []
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def trace_run(binary, run):
    server = serve(binary, run)
    port = worker = None
    while port is None or worker is None:
        line = server.stderr.readline()
        if not line:
            raise SystemExit(f"{' '.join(server.args)}: ended")
        port = port or re.search(r"127\.0\.0\.1:(\d+)", line)
        worker = worker or re.search(r"worker 1 \((\d+)\) started", line)
    time.sleep(0.3)  # its pool begins
    trace = Trace()
    watched = worker.group(1)
    with open(f"/proc/{watched}/task/{watched}/children") as file:
        members = file.read().split()
    clients = os.fork()
    if clients == 0:
        talk(int(port.group(1)), run[2], 6)
        os._exit(0)
    trace.follow(members or [watched], clients)  # nobody knows which of them accepts
    server.kill()
    server.wait()
    return trace.addresses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(ROOT, "build", "release", "samjoko"))
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    functions = Functions(given.binary)
    with open(ORDER) as file:
        listed = file.read().split()
    if given.check:
        missing = [name for name in listed if name not in functions.names]
        print(f"{len(missing)} of {len(listed)} are missing", *missing, sep="\n")
        sys.exit(1 if len(missing) > len(listed) // TOLERATED else 0)
    found = {name: None for name in listed if name in functions.data}
    for run in RUNS:
        for address in trace_run(given.binary, run):
            for name in functions.at(address):
                found.setdefault(name, run)
        print(f"{len(found):5d} functions after {run}", file=sys.stderr)
    with open(ORDER, "w") as file:
        file.write("".join(name + "\n" for name in found))


if __name__ == "__main__":
    main()
