"""Whatever a process of the hub's own user says to the hub: it lives, keeps its bounds, and those who
chat through it do not notice. (samjoko/hub/server_scribble_test.cpp says more of it, to a hub alone.)"""
import contextlib
import os
import random
import re
import select
import socket
import struct

import processes
from chatters import Crowd
from framework import LONG, MODELS, cases, limit, model_name, quick_or_long
from harness import Server, until
from watched import Watch, files_mapped_by

CLAIM, SUBSCRIBE, UNSUBSCRIBE, PUBLISH, TELL, ASK, ENTER = range(1, 8)
TEXTS = [b"", b"a", b"hall", b"\0\n\x1b[2J", b"n" * 64, b"n" * 255]
BODIES = [b"", b"hi", b"one\n* alice has left\r\n", b"\xff" * 300, b"m" * 12288]


def frame(kind, flags=0, topic=b"", name=b"", body=b""):
    rest = bytes([kind, flags, len(topic)]) + topic + bytes([len(name)]) + name + body
    return struct.pack("<I", len(rest)) + rest


def address_of_hub(server):
    """The abstract name of the socket on which it listens."""
    pid = re.findall(r"hub \((\d+)\) started", server.log())[-1]
    held = processes.links_of(pid)
    with open("/proc/net/unix") as sockets:
        for line in sockets:
            fields = line.split()
            if len(fields) == 8 and f"socket:[{fields[6]}]" in held and fields[7].startswith("@"):
                return int(pid), b"\0" + fields[7][1:].encode()
    raise AssertionError("the hub listens nowhere")


def link(address):
    made = socket.socket(socket.AF_UNIX)
    made.connect(address)
    made.setblocking(False)
    return made


def nonsense(some):
    """What a link says at once."""
    def one(kind):
        return frame(kind, some.randrange(256), some.choice(TEXTS), some.choice(TEXTS),
                     some.choice(BODIES))
    kind = some.randrange(1, 8)
    way = some.randrange(8)
    if way == 0:
        return one(some.randrange(256))                                   # of every kind
    if way == 1:
        return struct.pack("<I", some.choice([0, 3, 4, 9, 12810, 12811, 2**31, 2**32 - 1])) \
            + one(kind)[4:]                                               # of a wrong length
    if way == 2:
        return one(kind)[:some.randrange(1, 12)]                          # cut
    if way == 3:
        return frame(kind, 4, b"hall", b"one", b"x") * some.randrange(1, 3000)
    if way == 4:
        return frame(ENTER, name=some.choice([b"", b"chat", b"other"])) + one(kind)
    if way == 5:
        return some.randbytes(some.randrange(1, 300))
    return b"".join(one(some.randrange(1, 8)) for _ in range(some.randrange(1, 9)))


def memory_of(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(what))


def act(links, at, address, some):
    """One step of one link. Each of these may find that the hub has closed it."""
    with contextlib.suppress(OSError):
        if links[at] is None:
            links[at] = link(address)
        way = some.randrange(10)
        if way == 0:
            links[at].close()
            links[at] = None
        elif way == 1:
            links[at].shutdown(socket.SHUT_WR)
        elif way == 2:
            while links[at].recv(1 << 16):
                pass
        elif way == 3:
            socket.send_fds(links[at], [nonsense(some)], [0, links[at].fileno()])
        else:
            links[at].send(nonsense(some))
        return
    if links[at]:
        links[at].close()
    links[at] = None


@cases([(model, seed) for model in (MODELS if LONG else MODELS[4:])
        for seed in range(quick_or_long(1, 10))],
       lambda case: f"{model_name(case[0])}-{case[1]}")
@limit(120, long=400)
def test_nonsense_from_all_sides(case):
    """In the chat's own space too, and in its room: its workers hear what the hub passes on."""
    model, seed = case
    some = random.Random(seed)
    pool = ["--pool-max", "20"] if model[1] == "pool" else []
    with contextlib.closing(Watch()) as watch:
        with Server("chat", "--control", "none", *pool, model=(*model, 2), wrap=watch.wrap,
                    environment=watch.environment) as server, Crowd() as crowd:
            until(lambda: "hub (" in server.log(), 10, "the hub is started")
            mapped = files_mapped_by(server.pid)
            pid, address = address_of_hub(server)
            crowd.enter(server.addresses, 4, "quiet")
            target = crowd.add(server.addresses[0], "target")
            target.say("/nick target", "/join hall")
            crowd.until(lambda: target.has("* you are in hall"), "it is in the attacked room")
            crowd.all.remove(target)
            links = [None] * 100
            for turn in range(quick_or_long(10, 40)):
                for _ in range(60):
                    act(links, some.randrange(len(links)), address, some)
                crowd.everybody_speaks(turn, 1)
                target.pull()
            for each in filter(None, links):
                each.close()
            crowd.everybody_speaks(1000, 3)
            assert address_of_hub(server)[0] == pid, "it is the hub that was there before"
            until(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 40, 20, "their links are closed")
            assert not server.log_lines("killed by") and not server.log_lines("CHECK"), server.log()
            crowd.close()
            target.socket.close()
        watch.check(mapped)


def test_holds_no_more_answers_than_its_queue_takes():
    """A link asks three thousand times for 300 names, and reads nothing: 58 MB of answers."""
    with Server("chat", model=("multiplex", None, 1)) as server, contextlib.ExitStack() as held:
        until(lambda: "hub (" in server.log(), 10, "the hub is started")
        pid, address = address_of_hub(server)
        for n in range(300):
            member = held.enter_context(link(address))
            member.send(frame(CLAIM, name=b"%060d" % n) + frame(SUBSCRIBE, topic=b"hall"))
        asks = held.enter_context(link(address))
        asks.send(frame(ASK, topic=b"hall"))
        until(lambda: asks.recv(1 << 20) if readable(asks) else b"", 10, "the first answer")
        before = memory_of(pid)
        asks.setblocking(True)
        asks.sendall(frame(ASK, topic=b"hall") * 3000)
        # They have been read, as much as it reads of one, when another one is answered behind them.
        behind = held.enter_context(link(address))
        behind.setblocking(True)
        behind.settimeout(60)
        behind.sendall(frame(ASK, topic=b"hall"))
        assert behind.recv(4)
        assert memory_of(pid) < before + (8 << 20), (before, memory_of(pid))


def readable(client):
    return select.select([client], [], [], 0)[0]
