"""HTTP/1.1 strictness beside nginx: what both accept, both read with the same borders."""
import os
import random
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from clients import Broken, answers_in
from framework import MODELS, cases, each_model, limit, model_name, quick_or_long
from harness import Server, folder
from nginx import Nginx

sys.path.insert(0, os.path.dirname(__file__))
import hostile_bytes  # noqa: E402

REFUSALS = {400, 408, 411, 413, 414, 417, 431, 500, 501, 505}


def reading(port, data):
    """What the server made of the bytes: a word for each request that it saw, up to a refusal.

    "first" stands for a request that is neither of the two known ones.
    """
    got = b""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.settimeout(5)
        try:
            client.sendall(data + hostile_bytes.SENTINEL)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                got += part
        except TimeoutError:
            return ["no end"]
        except ConnectionError:
            pass
    if got and not got.startswith(b"HTTP/1."):
        return ["HTTP/0.9"]
    try:
        answers, left = answers_in(got)
    except Broken:
        return ["broken"]
    words = []
    for answer in answers:
        if answer.status in REFUSALS:
            return words + ["refused"]
        words.append({b"smuggled": "SMUGGLED", b"sentinel": "sentinel"}.get(answer.body, "first"))
    return words + (["broken"] if left else [])


def disagree(ours, theirs):
    """Both accept, and a request begins elsewhere: where one refuses or ends, nothing follows."""
    for our, their in zip(ours, theirs):
        if {"refused", "HTTP/0.9", "no end"} & {our, their}:
            return False
        if our != their:
            return True
    return False


def make_tree(here):
    os.chmod(here, 0o755)
    for name, text in (("index.html", b"first"), ("smuggled", b"smuggled"),
                       ("sentinel", b"sentinel")):
        with open(f"{here}/{name}", "wb") as file:
            file.write(text)


@limit(120)
@cases(MODELS, model_name)
def test_framing_beside_nginx(model):
    """In the pieces of one write; the unit tests replay every size of piece."""
    all_cases, found, counts = hostile_bytes.cases(), [], {}
    assert len(all_cases) >= 150
    with folder() as here:
        make_tree(here)
        with Nginx(here) as nginx, Server("files", here, model=model) as server:
            def judge(case):
                return case, reading(server.port, case[1]), reading(nginx.port, case[1])
            with ThreadPoolExecutor(6) as pool:
                judged = list(pool.map(judge, all_cases))
            server_lives = reading(server.port, b"")
    for (name, _), ours, theirs in judged:
        if disagree(ours, theirs):
            found.append(f"{name}: we read {ours}, nginx {theirs}")
        if ours in (["no end"], ["broken"]):
            found.append(f"{name}: we leave it {ours[0]}")
        kind = f"{'refused' if 'refused' in ours else 'accepted'} by us, " \
               f"{'refused' if 'refused' in theirs else 'accepted'} by nginx"
        counts[kind] = counts.get(kind, 0) + 1
    print(f"{len(judged)} byte strings: " + "; ".join(f"{n} {k}" for k, n in counts.items()))
    assert server_lives == ["sentinel"]
    assert not found, "\n" + "\n".join(found)


def mutated(data, chance):
    """A few bytes exchanged, left out, doubled or put in; or two requests crossed."""
    for _ in range(chance.randrange(1, 6)):
        at, size = chance.randrange(len(data) + 1), chance.choice([1, 1, 2, 8])
        piece = data[at:at + size]
        new = chance.choice([b"", piece * 2, piece[::-1], chance.randbytes(size), b"\r\n", b"\0",
                             b"%2f", b":", b" ", b"9" * 20])
        data = data[:at] + new + data[at + size:]
    return data


@limit(60, 600)
@each_model
def test_mutated(model):
    """Nearly right requests: an HTTP answer or none, then the end; nobody dies of them."""
    chance, kinds = random.Random(13), hostile_bytes.cases()
    with folder() as here:
        make_tree(here)
        with Server("files", here, "--list", "--head-timeout", "1s", model=(*model, 1)) as server:
            for _ in range(quick_or_long(300, 5000)):
                words = mutated(chance.choice(kinds)[1], chance)
                assert reading(server.port, words) not in (["no end"], ["broken"]), words
            assert reading(server.port, b"") == ["sentinel"]
            for word in ("killed by", "exited with"):
                assert not server.log_lines(word), server.log()
