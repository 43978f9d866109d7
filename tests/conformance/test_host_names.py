"""Hosts by their names: to listen on, at the start; of a relay, when a client comes."""
import ctypes
import os
import socket
import struct
import subprocess
import time

import processes
from clients import connect, connect_to, echoes, receive_exactly
from framework import IN_TIME, Skip, each_model, limit
from harness import BINARY, Server, folder, run_to_end, until
from name_server import NameServer, asking


class Named:
    """Listens at several addresses of one port and says to each client which of them it reached."""

    def __init__(self, *addresses):
        self._sockets, self.port = [], 0
        for each in addresses:
            self._sockets.append(socket.create_server((each, self.port)))
            self.port = self._sockets[0].getsockname()[1]
        self._pids = [self._serve(each) for each in self._sockets]

    @staticmethod
    def _serve(listener):
        pid = os.fork()
        while pid == 0:
            client, _ = listener.accept()
            client.sendall(listener.getsockname()[0].ljust(15).encode())
            client.close()
        return pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self._pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        for each in self._sockets:
            each.close()


def reached(server):
    """The address that a client of the relay reached; empty when it was reset without a word, which may
    come while it still connects."""
    try:
        with connect(server, IN_TIME) as client:
            return receive_exactly(client, 15).decode().strip()
    except ConnectionResetError:
        return ""


def does_not_start(listen, wrap):
    """What it says then."""
    done = subprocess.run([*wrap, BINARY, "serve", "echo", "--listen", listen], timeout=IN_TIME + 5,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 3, done
    return done.stdout


def test_a_listener_by_name_has_all_addresses():
    hosts = "127.0.0.1 both.example\n127.0.0.3 both.example\n127.0.0.3 both.example\n"
    with folder() as here:
        with Server("echo", listen=["both.example:0"], serving=2, wrap=asking(here, hosts=hosts)) as server:
            assert sorted(each.rpartition(":")[0] for each in server.addresses) == [
                "127.0.0.1", "127.0.0.3"]
            for address in server.addresses:
                with connect_to(address) as client:
                    assert echoes(client)


def test_an_address_of_another_machine_is_left_out():
    hosts = "127.0.0.1 mixed.example\n192.0.2.7 mixed.example\n192.0.2.8 other.example\n"
    with folder() as here:
        wrap = asking(here, hosts=hosts)
        with Server("echo", listen=["mixed.example:0"], serving=1, wrap=wrap) as server:
            assert server.addresses[0].startswith("127.0.0.1:")
            line, = server.log_lines("is left out of mixed.example:0")
            assert "192.0.2.7:0" in line, line
        assert "listen other.example:0: Cannot assign requested address" in does_not_start(
            "other.example:0", wrap)


def test_a_name_that_nobody_knows_is_no_start():
    with folder() as here, NameServer({}) as names:
        log = does_not_start("nosuch.example:0", asking(here, names))
        assert "look up nosuch.example: no such host" in log, log
        assert names.asked
        names.broken = True
        log = does_not_start("nosuch.example:0", asking(here, names))
        assert "look up nosuch.example: no name server answered" in log, log


def test_what_is_no_name_is_wrong_use():
    for text, words in [("a-.example:80", "no name of a host"), ("a..example:80", "no name"),
                        ("한글.example:80", "outside ASCII"), ("a.example:99999", "no port"),
                        ("a.example", "no port"), ("1.2.3:80", "not a numeric IPv4"),
                        ("http://a:80", "not a numeric IPv4"), ("x" * 64 + ".example:80", "no name")]:
        code, err = run_to_end("serve", "echo", "--listen", text)
        assert code == 2 and words in err and err.count("\n") == 1, (text, code, err)
        code, err = run_to_end("serve", "relay", text)
        assert code == 2 and words in err, (text, code, err)


@limit(60)
@each_model
def test_a_relay_follows_a_name(model):
    """Asked for once for many clients; asked again when the answer is old; another answer is heeded;
    with no name server the last one is kept."""
    with folder() as here, NameServer({"behind.example": ["127.0.0.4"]}) as names, \
            Named("127.0.0.4", "127.0.0.5") as behind:
        options = ["--resolve-every", "1s"]
        with Server("relay", f"behind.example:{behind.port}", *options, model=(*model, 2),
                    wrap=asking(here, names)) as server:
            began = time.monotonic()
            assert [reached(server) for _ in range(20)] == ["127.0.0.4"] * 20
            # One in a second at most, of two kinds each, from all workers and their children.
            allowed = 2 * (1 + int(time.monotonic() - began + 1))
            assert names.asked.total() <= allowed, names.asked
            names.names = {"behind.example": ["127.0.0.5"]}
            until(lambda: reached(server) == "127.0.0.5", 5, "the new answer")
            names.broken = True
            until(lambda: reached(server) == "127.0.0.5" and server.log_lines("to what it was last"),
                  20, "a look-up in vain")
            assert reached(server) == "127.0.0.5"


@limit(60)
@each_model
def test_a_relay_tries_each_address(model):
    """Nobody listens at the first two."""
    names = {"behind.example": ["127.0.0.8", "127.0.0.9", "127.0.0.4"]}
    with folder() as here, NameServer(names) as answering, Named("127.0.0.4") as behind:
        with Server("relay", f"behind.example:{behind.port}", model=(*model, 1),
                    wrap=asking(here, answering)) as server:
            assert [reached(server) for _ in range(3)] == ["127.0.0.4"] * 3


@limit(60)
@each_model
def test_a_name_unknown_to_a_relay_costs_its_clients_only(model):
    """They are closed with one line; not one of them is one question more."""
    with folder() as here, NameServer({}) as names:
        with Server("relay", "behind.example:80", model=(*model, 1), wrap=asking(here, names)) as server:
            workers = until(server.workers, 5, "a worker")
            began = time.monotonic()
            assert [reached(server) for _ in range(20)] == [""] * 20
            allowed = 2 * (2 + int(time.monotonic() - began))
            assert names.asked.total() <= allowed, names.asked
            assert server.log_lines("look up behind.example: no such host")
            names.names = {"behind.example": ["127.0.0.4"]}
            until(lambda: server.log_lines("connect 127.0.0.4:80") or not reached(server) and
                  server.log_lines("connect 127.0.0.4:80"), 10, "a name that came to be")
            assert server.workers() == workers and not processes.zombies_below(server.pid)


def without_ipv6():
    """socket(AF_INET6) fails as in a kernel without it: a filter (man 2 seccomp), as systemd's
    RestrictAddressFamilies= sets one."""
    allow, refuse, a_load, jump, done = 0x7fff0000, 0x00050000 | 97, 0x20, 0x15, 0x06
    program = [(a_load, 0, 0, 0), (jump, 0, 3, 41),            # socket(2) on x86-64
               (a_load, 0, 0, 16), (jump, 0, 1, socket.AF_INET6),
               (done, 0, 0, refuse), (done, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    held = ctypes.create_string_buffer(code)
    filters = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, filters, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


@each_model
def test_any_address_where_ipv6_is_off(model):
    if os.uname().machine != "x86_64":
        raise Skip("the filter is written for x86-64")
    with Server("echo", listen=[":0"], model=model, before=without_ipv6) as server:
        assert server.addresses[0].startswith("0.0.0.0:"), server.addresses
        assert server.log_lines("IPv6 is off on this machine; IPv4 only")
        with connect(server) as client:
            assert echoes(client)
