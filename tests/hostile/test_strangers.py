"""What a server on an open port meets: other protocols, heads at their limits, clients that reset,
bytes that mean nothing."""
import os
import random
import signal
import socket
import ssl
import threading

import processes
from clients import Answer, ask, connect, receive_all, receive_exactly, reset
from framework import IN_TIME, each_model, limit
from harness import Server, folder, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def client_hello():
    """The first bytes of a TLS client."""
    sent = ssl.MemoryBIO()
    context = ssl.create_default_context()
    try:
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="h").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


OTHER_PROTOCOLS = [
    ("TLS", client_hello()), ("TLS, old form", b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n"), ("smtp", b"EHLO mail\r\nQUIT\r\n"),
    ("redis", b"*1\r\n$4\r\nPING\r\n"), ("socks 5", b"\x05\x01\x00"), ("socks 4", b"\x04\x01\x00P"),
    ("PROXY", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GET),
    ("PROXY 2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + b"\0" * 12 + GET),
    ("rdp", b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"),
    ("smb", b"\x00\x00\x00\x54\xffSMBr" + b"\0" * 75), ("memcached", b"stats\r\n"),
    ("finger", b"\r\n"), ("nothing", b""), ("newlines", b"\r\n" * 4000), ("zeros", b"\0" * 20000),
    ("rtsp", b"OPTIONS / RTSP/1.0\r\n\r\n"), ("sip", b"OPTIONS sip:a SIP/2.0\r\nVia: b\r\n\r\n"),
    ("proxy", b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
    ("websocket", b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
]


@each_model
def test_other_protocols(model):
    """An HTTP answer or nothing, then the end; whoever comes next is served."""
    with Server("hello", "--head-timeout", "1s", "--idle-timeout", "1s", model=model) as server:
        for name, words in OTHER_PROTOCOLS:
            with connect(server) as client:
                try:
                    client.sendall(words)
                    client.shutdown(socket.SHUT_WR)
                    got = receive_all(client)
                except ConnectionError:
                    got = b""
            assert not got or got.startswith(b"HTTP/1.1 "), (name, got[:100])
        with connect(server) as client:
            assert ask(client).body == b"Hello, World!"


def head_of(fields=0, field_bytes=0, target_bytes=1):
    """A whole request; `field_bytes` is the size of one field's value."""
    words = b"GET /" + b"t" * (target_bytes - 1) + b" HTTP/1.1\r\nHost: h\r\n"
    words += b"".join(b"X-%d: v\r\n" % number for number in range(fields))
    return words + (b"Y: " + b"y" * field_bytes + b"\r\n" if field_bytes else b"") + b"\r\n"


def head_of_size(size):
    return head_of(field_bytes=size - len(head_of(field_bytes=1)) + 1)


LIMITS = [  # the option with its value, what just fits, what is one too large, the answer then
    ([], head_of(fields=99), head_of(fields=100), 431),
    (["--max-headers", "7"], head_of(fields=6), head_of(fields=7), 431),
    (["--max-headers", "256"], head_of(fields=255), head_of(fields=256), 431),
    ([], head_of_size(16384), head_of_size(16385), 431),
    (["--max-head", "1k"], head_of_size(1024), head_of_size(1025), 431),
    ([], head_of(target_bytes=8192), head_of(target_bytes=8193), 414),
    (["--max-target", "20"], head_of(target_bytes=20), head_of(target_bytes=21), 414),
]


@limit(60)
@each_model
def test_heads_at_their_limits(model):
    """The largest that is allowed is served, whole and in pieces; one more is refused, and why."""
    for options, fits, too_large, status in LIMITS:
        with Server("hello", *options, model=model) as server:
            with connect(server) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.sendall(fits + fits)
                first = Answer.read(client)
                assert first.status == 200 == Answer.read(client, data=first.rest).status, options
                for start in range(0, len(fits), 701):
                    client.sendall(fits[start:start + 701])
                assert Answer.read(client).status == 200, options
                client.sendall(too_large)
                assert Answer.read(client).status == status, options
                assert receive_all(client) == b""


@each_model
def test_many_clients_that_reset_at_once(model):
    """Before they are accepted, with a request, in the middle of one, while they are answered."""
    with folder() as here:
        with open(here + "/index.html", "wb") as file:
            file.write(os.urandom(300_000))
        with Server("files", here, model=(*model, 1)) as server:
            workers = until(server.workers, 5, "a worker")

            def storm(words):
                for _ in range(60):
                    client = connect(server)
                    client.sendall(words)
                    reset(client)
            threads = [threading.Thread(target=storm, args=(words,), daemon=True)
                       for words in (b"", GET, GET[:20], GET * 50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()
            with connect(server) as client:
                assert len(ask(client).body) == 300_000
            assert server.workers() == workers, server.log()


@each_model
def test_echo_of_rubbish(model):
    """Every byte there is, in pieces of every size."""
    chance = random.Random(3)
    with Server("echo", model=model) as server, connect(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = b"\0" * 100 + chance.randbytes(400_000) + b"\xff" * 100 + bytes(range(256))

        def send():
            start = 0
            while start < len(words):
                size = chance.choice([1, 2, 3, 1000, 16383, 16384, 16385])
                client.sendall(words[start:start + size])
                start += size
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        assert receive_all(client) == words
        sender.join()


@each_model
def test_urgent_byte(model):
    """TCP's urgent data is not part of the stream here; it confuses nobody."""
    with Server("echo", model=model) as server:
        with connect(server) as client:
            client.sendall(b"before")
            client.send(b"!", socket.MSG_OOB)
            client.sendall(b"after")
            client.shutdown(socket.SHUT_WR)
            assert receive_all(client) in (b"beforeafter", b"before!after")
        with connect(server) as client:
            client.sendall(b"next")
            client.shutdown(socket.SHUT_WR)
            assert receive_all(client) == b"next"


@each_model
def test_descriptors_beside_the_bytes(model):
    """The kernel ends a read of a unix socket where descriptors were attached; with the rest there
    already, no news of it came any more. All parts are there before any is read."""
    with folder() as here, Server("echo", model=model, listen=[f"unix:{here}/s"]) as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(IN_TIME)
            client.connect(f"{here}/s")
            client.sendall(b"hello")
            assert receive_exactly(client, 5) == b"hello"
            tree = server.tree()
            sent = f"socket:[{os.fstat(client.fileno()).st_ino}]"
            for pid in tree:
                os.kill(pid, signal.SIGSTOP)
            until(lambda: all(processes.Stat.of(pid).state == "T" for pid in tree), 5, "all stopped")
            for part in (b"one", b"two", b"three"):
                socket.send_fds(client, [part], [client.fileno(), 0])
                client.sendall(b", ")
            for pid in tree:
                os.kill(pid, signal.SIGCONT)
            assert receive_exactly(client, 17) == b"one, two, three, "
            assert not [pid for pid in tree if sent in processes.links_of(pid)]
