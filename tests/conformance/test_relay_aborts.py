"""relay when a side is reset, or when it cuts itself: what came arrives, and then the other side reads
an error (ECONNRESET) and no end, in both directions, under every model."""
import errno
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import processes
from clients import connect, connect_to, receive_all, receive_exactly, reset
from framework import Skip, each_model, limit
from harness import Server, folder, until

sys.path.insert(0, os.path.dirname(__file__))
from test_relay import Behind  # noqa: E402

MIB = os.urandom(1 << 20)
SIOCOUTQ = 0x5411


def is_delivered(client):
    """Whether the peer's kernel has all of it."""
    return struct.unpack("i", fcntl.ioctl(client, SIOCOUTQ, b"\0" * 4))[0] == 0


def reset_behind(client, data):
    """Sends all of it, and then aborts: a reset at once would destroy what is under way."""
    client.sendall(data)
    until(lambda: is_delivered(client), 20, "the relay's kernel has it")
    reset(client)


def read_to_the_end(client, pause=0.0, piece=1 << 16):
    """What came, and how it ended: 'end', or the name of the error."""
    got = []
    try:
        while part := client.recv(piece):
            got.append(part)
            time.sleep(pause)
        how = "end"
    except OSError as failed:
        how = errno.errorcode.get(failed.errno, repr(failed))
    return b"".join(got), how


def narrow(address):
    """A client with little room of its own, so that most of an answer stays under way."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    client.settimeout(20)
    host, _, port = address.rpartition(":")
    client.connect((host, int(port)))
    return client


@each_model
@limit(60)
def test_one_mib_to_a_slow_reader_then_the_error(model):
    """The server behind says 1 MiB and aborts; the client takes it slowly: every byte, then the error."""
    with Behind(lambda client: reset_behind(client, MIB)) as behind:
        with Server("relay", behind.address, model=model) as server:
            with narrow(server.addresses[0]) as client:
                got, how = read_to_the_end(client, pause=0.01, piece=16384)
    assert got == MIB, f"{len(got)} of {len(MIB)} bytes"
    assert how == "ECONNRESET", how


@each_model
@limit(60)
def test_one_mib_to_a_slow_server_then_the_error(model):
    """The same in the other direction."""
    told = []

    def serve(client):
        with client:
            told.append(read_to_the_end(client, pause=0.005, piece=16384))
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        reset_behind(connect(server, 20), MIB)
        until(lambda: told, 30, "the server behind has read to the end")
    got, how = told[0]
    assert got == MIB, f"{len(got)} of {len(MIB)} bytes"
    assert how == "ECONNRESET", how


@each_model
@limit(60)
def test_a_write_hears_of_the_reset_first(model):
    """The client goes on sending to a server that has left with an answer under way: the write takes
    the error, and the other direction reads a plain end behind the answer."""
    def serve(client):
        client.sendall(MIB)
        until(lambda: is_delivered(client), 20, "the relay's kernel has it")
        client.close()  # unread bytes of the client's: our kernel resets
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        with narrow(server.addresses[0]) as client:
            client.sendall(b"first")
            got = receive_exactly(client, 50000)
            for _ in range(20):
                client.sendall(b"more")
                time.sleep(0.01)
            rest, how = read_to_the_end(client, pause=0.005, piece=16384)
    assert got + rest == MIB, f"{len(got + rest)} of {len(MIB)} bytes"
    assert how == "ECONNRESET", how


@each_model
def test_a_clean_end_stays_one(model):
    """Both ends by turns, a server that closes at once with its answer, and nothing is an error."""
    def serve(client):
        with client:
            client.sendall(MIB)
            client.shutdown(socket.SHUT_WR)
            told.append(read_to_the_end(client)[1])
    told = []
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        for _ in range(3):
            with narrow(server.addresses[0]) as client:
                client.sendall(b"ask")
                assert read_to_the_end(client, pause=0.001) == (MIB, "end")
                client.shutdown(socket.SHUT_WR)
        until(lambda: told == ["end"] * 3, 10, "the server behind has read ends too")
    with Behind(lambda client: (client.sendall(MIB), client.close())) as behind:
        with Server("relay", behind.address, model=model) as server, connect(server) as client:
            assert read_to_the_end(client) == (MIB, "end")


def cut_by_the_relay(model, cut, *options):
    """A server behind that says half of something and waits; both sides are told of the cut."""
    asked, told = [], []

    def serve(client):
        with client:
            client.sendall(b"half an answer")
            asked.append(receive_exactly(client, 15))
            told.append(read_to_the_end(client))
    with Behind(serve) as behind:
        with Server("relay", behind.address, *options, model=(*model, 1)) as server:
            with connect(server) as client:
                client.sendall(b"half a question")
                assert receive_exactly(client, 14) == b"half an answer"
                until(lambda: asked == [b"half a question"], 10, "each side has heard half")
                cut(server)
                assert read_to_the_end(client) == (b"", "ECONNRESET")
            until(lambda: told, 10, "the server behind is told")
            assert told == [(b"", "ECONNRESET")]


@each_model
def test_the_idle_limit_is_an_abort(model):
    cut_by_the_relay(model, lambda server: None, "--idle-timeout", "300ms")


@each_model
def test_the_turn_limit_is_an_abort(model):
    cut_by_the_relay(model, lambda server: None, "--turn-timeout", "500ms")


@each_model
def test_a_stop_at_once_is_an_abort(model):
    cut_by_the_relay(model, lambda server: server.send(signal.SIGQUIT))


@each_model
def test_a_stop_s_limit_is_an_abort(model):
    cut_by_the_relay(model, lambda server: server.send(signal.SIGTERM), "--stop-timeout", "300ms")


@each_model
def test_the_death_of_its_process_is_an_abort(model):
    def kill(server):
        workers = server.workers()
        below = [pid for pid in processes.descendants(server.pid) if pid not in workers]
        for pid in below or workers:  # where a client has a process, a worker's death lets it finish
            os.kill(pid, signal.SIGKILL)
    cut_by_the_relay(model, kill)


@each_model
@limit(60)
def test_a_server_that_never_reads_is_an_abort(model):
    """--write-timeout: the client's connection is cut, and it can tell."""
    held = []
    with Behind(held.append) as behind:
        options = ["--write-timeout", "500ms", "--idle-timeout", "20s"]
        with Server("relay", behind.address, *options, model=(*model, 1)) as server:
            with connect(server, 20) as client:
                try:
                    while True:
                        client.sendall(MIB)
                except OSError as failed:
                    assert failed.errno in (errno.ECONNRESET, errno.EPIPE), failed
    for client in held:
        client.close()


@each_model
def test_nobody_behind_is_an_error(model):
    """A refused connection is no answer of no bytes. The reset may come while connect() waits."""
    with folder() as here, Server("relay", f"unix:{here}/none", model=model) as server:
        for _ in range(3):
            try:
                with connect(server) as client:
                    assert read_to_the_end(client) == (b"", "ECONNRESET")
            except ConnectionResetError:
                pass


@each_model
def test_curl_knows_a_cut_answer(model):
    """An answer without a length ends with the connection: only the error tells that it was cut."""
    if not shutil.which("curl"):
        raise Skip("curl is not installed")

    def serve(client):
        client.recv(65536)
        reset_behind(client, b"HTTP/1.0 200 OK\r\n\r\n" + MIB[:200000])
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        done = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{server.port}/"],
                              capture_output=True, timeout=30)
    assert done.returncode == 56, (done.returncode, done.stderr)
    assert len(done.stdout) == 200000


@each_model
def test_a_unix_client_gets_what_came(model):
    """It has no reset: an end behind all that came, or the error where its bytes were left unread."""
    with folder() as here, Behind(lambda client: reset_behind(client, MIB)) as behind:
        with Server("relay", behind.address, model=model, listen=[f"unix:{here}/s"]) as server:
            with connect_to(server.addresses[0], 20) as client:
                got, how = read_to_the_end(client, pause=0.001)
    assert got == MIB and how in ("end", "ECONNRESET"), (len(got), how)


@each_model
def test_a_reset_after_both_halves(model):
    """The server has finished its answer when the client aborts: the server is told."""
    told = []

    def serve(client):
        with client:
            client.sendall(b"all")
            client.shutdown(socket.SHUT_WR)
            told.append(read_to_the_end(client))
    with Behind(serve) as behind, Server("relay", behind.address, model=model) as server:
        client = connect(server)
        client.sendall(b"some")
        assert receive_all(client) == b"all"
        reset(client)
        until(lambda: told, 10, "the server behind is told")
    assert told == [(b"some", "ECONNRESET")]
