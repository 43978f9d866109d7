"""The log's disk is full, or nobody reads the log: no request is lost, and what was lost is told."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import time

from clients import connect_to, echoes
from framework import Skip, alone, each_model, limit, quick_or_long
from harness import Server, folder, until

sys.path.insert(0, os.path.dirname(__file__))
from storm import Clients  # noqa: E402

LOST = re.compile(r"lines of this log that could not be written: (\d+)")


@contextlib.contextmanager
def small_disk(size):
    with folder() as here:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", here],
                              capture_output=True)
        if made.returncode != 0:
            raise Skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
        try:
            yield here
        finally:
            subprocess.run(["umount", here], check=True)


def chatter(server, count):
    """Lines of the master: each HUP is one."""
    for _ in range(count):
        server.send(signal.SIGHUP)
        time.sleep(0.001)


@alone
@limit(60, 600)
@each_model
def test_the_disk_of_the_log_is_full(model):
    turns = quick_or_long(1, 10)
    with small_disk("64k") as disk:
        log = disk + "/log"
        with Server("echo", "--log", log, model=(*model, 2), inherited_log=log) as server:
            with Clients(server.port) as clients:
                for turn in range(turns):
                    fill_and_make_room(server, disk, clients, turn)
            lost = sum(int(n) for n in LOST.findall(server.log()))
            server.stop_cleanly()           # its log is open until then
        print(f"{lost} lines lost and told; {clients.figures()}")
        assert lost > 0 and clients.lost_one_shot == 0 and clients.lost_lasting == 0


def stands_still(server, log):
    """What is written now is lost."""
    size = os.path.getsize(log)
    chatter(server, 100)
    time.sleep(0.1)
    return os.path.getsize(log) == size


def fill_and_make_room(server, disk, clients, turn):
    with open(disk + "/ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 1024)
    until(lambda: stands_still(server, disk + "/log"), 20, "the log's last page is full")
    whole = clients.whole
    chatter(server, 200)
    until(lambda: clients.whole > whole + 20, 10, "clients are served")
    os.unlink(disk + "/ballast")
    chatter(server, 3)
    until(lambda: len(server.log_lines("could not be written")) > turn, 5, "the loss is told")


@alone
@limit(60, 600)
@each_model
def test_nobody_reads_the_log(model):
    """A pipe that is full: lines are lost and counted; read again, the log says how many."""
    reader, writer = os.pipe()
    with Server("echo", model=(*model, 2), log_to=writer) as server:
        os.close(writer)
        words = b""
        while words.count(b" started") < 2:
            words += os.read(reader, 4096)
        port = int(words.split(b"127.0.0.1:")[1].split()[0])
        with Clients(port) as clients:
            start = time.monotonic()
            chatter(server, quick_or_long(2000, 20_000))
            whole = clients.whole
            until(lambda: clients.whole > whole + 50, 10, "clients are served")
            taken = time.monotonic() - start
            os.set_blocking(reader, False)
            text = read_all(reader)
            chatter(server, 3)
            text = until(lambda: LOST.search(read_all(reader).decode()), 5, "the loss is told")
        print(f"{text.group(1)} lines lost and told after {taken:.1f} s; {clients.figures()}")
        assert clients.lost_one_shot == 0 and clients.lost_lasting == 0
        server.send(signal.SIGTERM)
        assert server.wait(10) == 0
        os.close(reader)


def read_all(reader):
    parts = []
    with contextlib.suppress(BlockingIOError):
        while part := os.read(reader, 65536):
            parts.append(part)
    return b"".join(parts)


@alone
@limit(30)
@each_model
def test_the_log_is_a_full_device(model):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    with open("/dev/full", "wb") as full, folder() as here:
        server = Server("echo", model=(*model, 1), listen=(f"unix:{here}/s",), log_to=full)
        with server:
            until(lambda: os.path.exists(here + "/s") and server.workers(), 5, "it listens")
            for _ in range(20):
                with connect_to(f"unix:{here}/s") as client:
                    assert echoes(client)
            server.send(signal.SIGTERM)
            assert server.wait(10) == 0
