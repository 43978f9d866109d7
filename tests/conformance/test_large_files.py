"""A file of 10 MiB through every model: whole, in ranges, resumed, to slow readers and to those
that leave, and while the file itself changes."""
import hashlib
import os
import random
import shutil
import socket
import subprocess
import time

from clients import Answer, ask, connect, receive_all, receive_exactly, reset
from framework import Skip, each_model, each_model_and_workers, limit
from harness import Server, folder, until

SIZE = 10 << 20
GET = b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n"


def make_large(here):
    content = random.Random(5).randbytes(SIZE)
    with open(here + "/large", "wb") as file:
        file.write(content)
    return content


def ranges_of(size):
    """Around the sizes of buffers and of one sendfile, and at random."""
    chance = random.Random(11)
    edges = [0, 1, 4095, 4096, 16383, 16384, 65535, 65536, (1 << 20) - 1, 1 << 20, size - 1]
    found = [(first, min(size - 1, first + length)) for first in edges
             for length in (0, 1, 16384, (1 << 20) + 1)]
    for _ in range(30):
        first = chance.randrange(size)
        found.append((first, chance.randrange(first, size)))
    return found


@limit(60)
@each_model_and_workers
def test_ranges(model):
    with folder() as here:
        content = make_large(here)
        with Server("files", here, model=model) as server, connect(server, 20) as client:
            for first, last in ranges_of(SIZE):
                answer = ask(client, "/large", f"Range: bytes={first}-{last}\r\n")
                assert answer.status == 206, (first, last, answer.status)
                assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
                assert answer.body == content[first:last + 1], (first, last)
            whole = ask(client, "/large")
            assert whole.status == 200 and whole.body == content


@each_model
def test_several_ranges_at_once(model):
    """multipart/byteranges, read as a client must: by its boundary, each part by its own range."""
    wanted = [(0, 9), (100_000, 299_999), (SIZE - 5, SIZE - 1), (5_000_000, 7_000_000)]
    with folder() as here:
        content = make_large(here)
        with Server("files", here, model=model) as server, connect(server, 20) as client:
            given = ",".join(f"{first}-{last}" for first, last in wanted)
            answer = ask(client, "/large", f"Range: bytes={given}\r\n")
            assert answer.status == 206
            border = b"\r\n--" + answer.headers["content-type"].split("boundary=")[1].encode()
            before, *parts, after = (b"\r\n" + answer.body.removeprefix(b"\r\n")).split(border)
            assert before == b"" and after.strip() == b"--", (before[:50], after[:50])
            for (first, last), part in zip(wanted, parts, strict=True):
                head, _, body = part.partition(b"\r\n\r\n")
                assert b"Content-Range: bytes %d-%d/%d" % (first, last, SIZE) in head
                assert body == content[first:last + 1]
            assert ask(client, "/large", method="HEAD").headers["content-length"] == str(SIZE)


@each_model
def test_curl_resumes(model):
    """As one continues a download that broke off."""
    if not shutil.which("curl"):
        raise Skip("curl is not installed")
    with folder() as here, folder() as there:
        content = make_large(here)
        with Server("files", here, model=model) as server:
            url = f"http://127.0.0.1:{server.port}/large"
            for cut in (1, 65536, SIZE - 1):
                with open(there + "/got", "wb") as part:
                    part.write(content[:cut])
                done = subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", there + "/got",
                                       url], capture_output=True, text=True, timeout=20)
                assert done.returncode == 0 and not done.stderr, done
                with open(there + "/got", "rb") as got:
                    assert hashlib.sha256(got.read()).digest() == hashlib.sha256(content).digest()


@each_model
def test_half_closed_right_after_the_request(model):
    """The end of the client's stream came with its request: it still gets everything."""
    with folder() as here:
        content = make_large(here)
        with Server("files", here, model=model) as server:
            for request in (GET, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
                            b"GET /large HTTP/1.0\r\n\r\n"):
                with connect(server, 20) as client:
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                    answer = Answer.read(client)
                    assert answer.body == content and receive_all(client) == b""


@limit(60)
@each_model
def test_pipelined_by_a_slow_reader(model):
    """Five large answers are asked for at once, and read in small pieces by a small window."""
    with folder() as here:
        content = make_large(here)
        with Server("files", here, model=model) as server, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.settimeout(20)
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET * 5)
            rest = b""
            for _ in range(5):
                answer = Answer.read(client, data=rest)
                assert answer.body == content
                rest = answer.rest


@each_model
def test_clients_that_leave_in_the_middle(model):
    """By reset and by close, some while we send: sendfile raises SIGPIPE, which must end nobody."""
    with folder() as here:
        content = make_large(here)
        with Server("files", here, model=(*model, 1)) as server:
            workers = until(server.workers, 5, "a worker")
            for turn in range(60):
                client = connect(server)
                client.sendall(GET)
                receive_exactly(client, turn * 3000)
                if turn % 2:
                    reset(client)
                else:
                    client.close()
            with connect(server, 20) as client:
                assert ask(client, "/large").body == content
            assert server.workers() == workers and not server.log_lines("SIGPIPE"), server.log()


@each_model
def test_file_cut_short_while_it_is_sent(model):
    """The promised length cannot be kept: the connection ends, others are served, nothing spins."""
    with folder() as here:
        make_large(here)
        with open(here + "/small", "wb") as file:
            file.write(b"small")
        with Server("files", here, model=(*model, 1)) as server:
            workers = until(server.workers, 5, "a worker")
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(10)
                client.connect(("127.0.0.1", server.port))
                client.sendall(GET)
                assert receive_exactly(client, 1000).startswith(b"HTTP/1.1 200")
                os.truncate(here + "/large", 100)
                got = 1000
                try:
                    while part := client.recv(1 << 20):
                        got += len(part)
                except ConnectionResetError:
                    pass
                assert got < SIZE
            with connect(server) as client:
                assert ask(client, "/small").body == b"small"
                time.sleep(1.2)          # older than what the server takes for granted of a file
                assert len(ask(client, "/large").body) == 100
            assert server.workers() == workers


@each_model
def test_served_folder_disappears(model):
    """Removed and made anew while the server runs: 404 meanwhile, no crash."""
    with folder() as top:
        root = top + "/root"
        os.mkdir(root)
        make_large(root)
        with Server("files", root, model=model) as server, connect(server, 20) as client:
            assert ask(client, "/large").status == 200
            shutil.rmtree(root)
            time.sleep(1.2)
            assert ask(client, "/large").status == 404
            assert ask(client, "/").status in (403, 404)
