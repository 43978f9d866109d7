"""hello under every model: curl, keep-alive, pipelining, pieces, --identify."""
import json
import os
import re
import shutil
import socket
import subprocess

from clients import Answer, answers_in, ask, connect, receive_all
from framework import Skip, each_model, each_model_and_workers
from harness import Server

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@each_model_and_workers
def test_curl(model):
    if not shutil.which("curl"):
        raise Skip("curl is not installed")
    with Server("hello", model=model) as server:
        url = f"http://127.0.0.1:{server.port}/"
        done = subprocess.run(["curl", "-sS", "-w", "%{json}", url, url, url, "--http1.0", url],
                              capture_output=True, text=True, timeout=10)
        parts = re.findall(r"Hello, World!(\{.*?\})(?=Hello|$)", done.stdout)
        assert done.returncode == 0 and len(parts) == 4, done
        for part in map(json.loads, parts):
            assert part["response_code"] == 200 and part["content_type"].startswith("text/plain")


@each_model
def test_keep_alive(model):
    with Server("hello", model=model) as server, connect(server) as client:
        for _ in range(200):
            answer = ask(client)
            assert (answer.status, answer.body) == (200, b"Hello, World!")
            assert "date" in answer.headers


@each_model
def test_pipelined(model):
    with Server("hello", model=model) as server, connect(server) as client:
        client.sendall(GET * 300 + LAST)
        answers, left = answers_in(receive_all(client))
        assert len(answers) == 301 and not left
        assert {answer.body for answer in answers} == {b"Hello, World!"}
        assert answers[-1].headers["connection"] == "close"


@each_model
def test_pieces(model):
    """A request in every two pieces, and one byte at a time."""
    with Server("hello", model=model) as server, connect(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(1, len(GET)):
            client.sendall(GET[:cut])
            client.sendall(GET[cut:])
            assert Answer.read(client).body == b"Hello, World!"
        for byte in GET:
            client.sendall(bytes([byte]))
        assert Answer.read(client).body == b"Hello, World!"


@each_model
def test_head_and_other_methods(model):
    with Server("hello", model=model) as server, connect(server) as client:
        answer = ask(client, method="HEAD")
        assert answer.status == 200 and answer.headers["content-length"] == "13"
        assert not answer.body and not answer.rest
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde")
        refused = Answer.read(client)
        assert refused.status == 405 and "GET" in refused.headers["allow"]
        assert ask(client).body == b"Hello, World!"


@each_model
def test_expect_continue(model):
    """Who waits for 100 gets it or the final answer, not silence."""
    with Server("hello", model=model) as server, connect(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                       b"Expect: 100-continue\r\n\r\n")
        first = client.recv(4096)
        assert re.match(rb"HTTP/1.1 (100|405)", first), first


@each_model
def test_http_1_0(model):
    with Server("hello", model=model) as server:
        with connect(server) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answers, left = answers_in(receive_all(client))
            assert len(answers) == 1 and answers[0].body == b"Hello, World!" and not left
        with connect(server) as client:
            client.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
            assert Answer.read(client).status == 200


@each_model
def test_half_closed_client_is_answered(model):
    with Server("hello", model=model) as server, connect(server) as client:
        client.sendall(GET * 3)
        client.shutdown(socket.SHUT_WR)
        answers, left = answers_in(receive_all(client))
        assert len(answers) == 3 and not left


@each_model
def test_identify(model):
    with Server("hello", "--identify", model=model) as server, connect(server) as client:
        pid, thread, name = ask(client).headers["x-served-by"].split("/")
        assert int(pid) in server.tree() and name == model[0]
        assert os.path.exists(f"/proc/{pid}/task/{thread}")


@each_model
def test_a_full_pool_serves_a_fifth(model):
    """Four silent keep-alive clients on a pool of four do not keep a fifth one waiting."""
    pool = ["--pool-min", "4", "--pool-max", "4"] if model[1] == "pool" else []
    with Server("hello", *pool, model=(*model, 1)) as server:
        silent = [connect(server) for _ in range(4)]
        for client in silent:
            assert ask(client).status == 200
        with connect(server, 1) as fifth:
            assert ask(fifth).status == 200
        if model == ("thread", "pool"):
            for client in silent:
                assert ask(client).status == 200
        if pool:
            assert len(server.log_lines("clients wait")) in (1, 2), server.log()


@each_model
def test_long_heads(model):
    """Four cookies of 7 kB each, as single sign-on hands them out, on a connection that is kept; and
    the bound itself."""
    cookies = "".join(f"Cookie: c{number}={'x' * 7000}\r\n" for number in range(4))
    with Server("hello", "--max-head", "64k", model=model) as server:
        with connect(server) as client:
            for _ in range(3):
                assert ask(client, "/", cookies).status == 200
                assert ask(client).status == 200
            client.sendall(f"GET / HTTP/1.1\r\nHost: h\r\n{cookies}\r\n".encode() * 3 + LAST)
            answers, left = answers_in(receive_all(client))
            assert [answer.status for answer in answers] == [200] * 4 and not left
        for extra, status in ((0, 200), (1, 431)):
            line = b"GET / HTTP/1.1\r\nHost: h\r\nCookie: \r\n\r\n"
            with connect(server) as client:
                fill = b"x" * (65536 - len(line) + extra)
                client.sendall(line.replace(b"Cookie: ", b"Cookie: " + fill))
                assert Answer.read(client).status == status
    with Server("hello", model=model) as server, connect(server) as client:
        assert ask(client, "/", cookies).status == 431
