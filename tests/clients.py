"""Small clients. Every wait has an end."""
import re
import socket
import struct


def connect(server, seconds=10):
    return socket.create_connection(("127.0.0.1", server.port), seconds)


def connect_to(address, seconds=10):
    """An address as the program writes it."""
    if address.startswith("unix:"):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(seconds)
        client.connect(address[5:])
        return client
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), seconds)


def receive_exactly(client, size):
    """`size` bytes, or what came before the end."""
    parts = []
    while size > 0:
        part = client.recv(min(size, 65536))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive_all(client):
    """Up to the end."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def echoes(client, words=b"here\n"):
    """Whether the words come back."""
    client.sendall(words)
    return receive_exactly(client, len(words)) == words


def ask(client, target="/", headers="", method="GET"):
    client.sendall(f"{method} {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode())
    return Answer.read(client, method)


def reset(client):
    """Closes so that the other side sees a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Broken(Exception):
    """The answer ended in the middle, or is none; `got` holds what came."""

    def __init__(self, got):
        super().__init__(f"no whole answer: {got[:200]!r}")
        self.got = got


class Answer:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.lines, self.body = lines, body
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

    @staticmethod
    def split(data, method="GET"):
        """(answer, rest) of bytes that begin with a whole answer; None when it is not whole."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return None
        answer = Answer(head, b"")
        if answer.status == 100:
            return Answer.split(rest, method)
        if answer.headers.get("transfer-encoding") == "chunked":
            return Answer._split_chunks(answer, rest, method, data)
        size = int(answer.headers.get("content-length", "0"))
        if method == "HEAD" or answer.status in (204, 304):
            size = 0
        if len(rest) < size:
            return None
        answer.body = rest[:size]
        return answer, rest[size:]

    @staticmethod
    def _split_chunks(answer, rest, method, data):
        while method != "HEAD":
            line, found, rest = rest.partition(b"\r\n")
            if not found:
                return None
            size = int(line, 16)               # ValueError: no chunk begins here
            if len(rest) < size + 2:
                return None
            if rest[size:size + 2] != b"\r\n":
                raise Broken(data)
            answer.body += rest[:size]
            rest = rest[size + 2:]
            if size == 0:
                break
        return answer, rest

    @staticmethod
    def read(client, method="GET", data=b""):
        while True:
            split = Answer.split(data, method)
            if split:
                answer, answer.rest = split
                return answer
            missing = Answer.missing(data)
            part = receive_exactly(client, missing) if missing else client.recv(65536)
            if not part:
                raise Broken(data)
            data += part

    @staticmethod
    def missing(data):
        """How much of the body is still to come, when the head is there; else 0."""
        head, found, rest = data.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head) if found else None
        return max(0, int(size.group(1)) - len(rest)) if size else 0


def answers_in(data, methods=()):
    """All answers in the bytes, and what is left behind the last whole one."""
    found, methods = [], list(methods)
    while data:
        split = Answer.split(data, methods.pop(0) if methods else "GET")
        if not split:
            break
        found.append(split[0])
        data = split[1]
    return found, data
