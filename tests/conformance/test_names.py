"""files: every way to write a name in a request, and a race that tries to leave the tree."""
import os
import sys
import threading
import urllib.parse

from clients import Answer, ask, connect
from framework import each_model, limit, quick_or_long
from harness import Server, folder

sys.path.insert(0, os.path.dirname(__file__))
import trees  # noqa: E402


def escaped(path, form="%{:02x}"):
    """Each byte of each name."""
    return "/" + "/".join("".join(form.format(byte) for byte in os.fsencode(part))
                          for part in path.split("/"))


def raw(client, target):
    """Asks with the target's bytes as they are."""
    client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    return Answer.read(client)


@each_model
def test_percent_encoding(model):
    """Each letter may be written as %XX, in either case of the digits; once, not twice."""
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, model=model) as server, connect(server) as client:
            for name in trees.ODD_NAMES:
                path = "odd/" + os.fsdecode(name)
                content = b"odd " + os.fsencode(name)
                for form in ("%{:02x}", "%{:02X}"):
                    answer = ask(client, escaped(path, form))
                    assert (answer.status, answer.body) == (200, content), (name, answer.status)
                assert ask(client, urllib.parse.quote(escaped(path))).status == 404, name


@each_model
def test_letters_that_need_no_encoding(model):
    """RFC 3986 section 3.3: these stand in a path as they are; browsers leave them so."""
    plain = [name for name in trees.ODD_NAMES if isinstance(name, str) and name.isascii()
             and not set(name) & set(" %#?\t\n\"<>\\^`{|}")]
    assert len(plain) > 15
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, model=model) as server, connect(server) as client:
            for name in plain:
                answer = ask(client, f"/odd/{name}?query=%zz&a")
                assert answer.body == b"odd " + name.encode(), (name, answer.status)


@each_model
def test_raw_utf8(model):
    """Not lawful, but old clients write it: served or refused, and the next request is read."""
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, model=model) as server:
            with connect(server) as client:
                answer = raw(client, "/odd/삼족오.html".encode())
                assert answer.status in (200, 400), answer.status
                if answer.status == 200:
                    assert answer.body == "odd 삼족오.html".encode()
            with connect(server) as client:
                assert ask(client, "/odd/plain.txt").status == 200


@limit(60, 120)
@each_model
def test_race_out_of_the_tree(model):
    """A folder that is exchanged for a link out of the tree, again and again, between the look at
    its name and the open: never a byte from outside."""
    with folder() as top:
        root, outside, over = top + "/root", top + "/outside", threading.Event()
        for where, words in ((root + "/inner", b"inside"), (outside, b"outside")):
            trees.write(where + "/file", words)
        os.symlink(outside, root + "/link")

        def exchange():
            while not over.is_set():
                os.rename(root + "/inner", root + "/aside")
                os.rename(root + "/link", root + "/inner")
                os.rename(root + "/inner", root + "/link")
                os.rename(root + "/aside", root + "/inner")
        with Server("files", root, model=model) as server, connect(server) as client:
            thread = threading.Thread(target=exchange, daemon=True)
            thread.start()
            counts = {}
            try:
                for _ in range(quick_or_long(1500, 20000)):
                    answer = ask(client, "/inner/file")
                    assert answer.body != b"outside" and answer.status in (200, 403, 404)
                    counts[answer.status] = counts.get(answer.status, 0) + 1
            finally:
                over.set()
                thread.join(5)
    print(counts)


@each_model
def test_listing_of_thousands(model):
    """A large page of names: whole, sorted, and the connection goes on."""
    with folder() as here:
        names = [f"{number:05}-\N{OCTOPUS}" for number in range(4000)]
        for name in names:
            os.mknod(f"{here}/{name}")
        with Server("files", here, "--list", model=model) as server, connect(server) as client:
            page = ask(client, "/")
            assert page.status == 200
            places = [page.body.find(urllib.parse.quote(name).encode()) for name in names]
            assert -1 not in places and places == sorted(places)
            assert ask(client, "/" + urllib.parse.quote(names[7])).status == 200
