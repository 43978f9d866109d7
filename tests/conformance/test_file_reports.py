"""What people reported of other servers of files, tried here with the clients that they used."""
import html
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

from clients import ask, connect
from framework import Skip, each_model
from harness import Server, folder

sys.path.insert(0, os.path.dirname(__file__))
import trees  # noqa: E402


def curl(*words):
    if not shutil.which("curl"):
        raise Skip("curl is not installed")
    return subprocess.run(["curl", "-sS", "--max-time", "20", *words], capture_output=True)


@each_model
def test_every_link_of_a_listing_leads_to_its_file(model):
    """static-web-server/static-web-server#149: names with ?, #, %, : and markup, as a browser follows
    them: a link is resolved against the page."""
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, "--list", model=model) as server:
            base = f"http://127.0.0.1:{server.port}/odd/"
            page = urllib.request.urlopen(base, timeout=20).read()
            links = re.findall(rb'<td><a href="([^"]*)">', page)
            files = [link.decode() for link in links if not link.endswith(b"/")]
            assert len(files) == len([name for name in trees.ODD_NAMES if join(name)]), files
            for link in files:
                target = urllib.parse.urljoin(base, html.unescape(link))
                assert target.startswith(base), target
                body = urllib.request.urlopen(target, timeout=20).read()
                name = urllib.parse.unquote_to_bytes(link)
                assert body == b"odd " + name, (link, body[:50])


def join(name):
    """Whether a name is shown."""
    return not os.fsencode(name).startswith(b".")


@each_model
def test_ranges_of_an_empty_file(model):
    """tower-rs/tower-http#556, yesodweb/wai#346: 206 of one byte that never comes; 416 with two
    framings."""
    with folder() as here:
        trees.write(here + "/empty", b"")
        with Server("files", here, model=model) as server:
            for wanted in ("0-", "0-99", "-1", "5-"):
                done = curl("-i", "-r", wanted, f"http://127.0.0.1:{server.port}/empty")
                assert done.returncode == 0, done.stderr
                assert done.stdout.startswith(b"HTTP/1.1 200 "), done.stdout
                assert b"Content-Length: 0\r\n" in done.stdout, done.stdout


@each_model
def test_a_name_that_gets_older_content(model):
    """Kludex/starlette#3052, bottlepy/bottle#1132: every file has the time 0, or directories are
    renamed and the new file is older: a tag that differs decides, whatever the date says."""
    with folder() as here:
        for name, time in (("now", 1_700_000_000), ("before", 1_600_000_000), ("zero", 0)):
            os.makedirs(f"{here}/{name}")
            trees.write(f"{here}/{name}/page", b"the page of " + name.encode())
            os.utime(f"{here}/{name}/page", (time, time))
        os.rename(here + "/now", here + "/site")
        with Server("files", here, model=model) as server, connect(server) as client:
            held = ask(client, "/site/page")
            for name in ("before", "zero"):
                with folder() as away:
                    os.rename(here + "/site", away + "/site")
                    os.rename(f"{here}/{name}", here + "/site")
                    # Neither file changed, only a folder on the way: within a second.
                    answer = held
                    while answer.status == 304 or answer.body == held.body:
                        answer = ask(client, "/site/page",
                                     f"If-None-Match: {held.headers['etag']}\r\n"
                                     "If-Modified-Since: Wed, 15 Nov 2023 22:13:20 GMT\r\n")
                    assert answer.body == b"the page of " + name.encode()
                    held = answer


@each_model
def test_a_listing_between_other_answers(model):
    """cesanta/mongoose#166, monkey/monkey#43, apache/trafficserver#271: a directory without a length
    on a connection that is kept, and HEAD of it, which some servers follow with a body."""
    with folder() as here:
        for number in range(500):
            trees.write(f"{here}/many/{number}", b"")
        trees.write(here + "/end", b"the end")
        with Server("files", here, "--list", model=model) as server:
            base = f"http://127.0.0.1:{server.port}"
            done = curl("-v", base + "/many/", base + "/many/", base + "/end")
            assert done.returncode == 0 and done.stdout.endswith(b"</html>\nthe end")
            assert done.stdout.count(b"</html>") == 2
            assert done.stderr.count(b"Connected to") == 1, done.stderr.decode()
            done = curl("-v", "-I", base + "/many/", base + "/end")
            assert done.returncode == 0 and done.stdout.count(b"200 OK") == 2, done.stdout
            assert done.stderr.count(b"Connected to") == 1, done.stderr.decode()


@each_model
def test_resuming_what_is_whole_or_grew(model):
    """curl/curl#1163: resuming a download that is complete appends the page of the 416 to the file."""
    if not shutil.which("wget"):
        raise Skip("wget is not installed")

    def has(path, content=None):
        with open(path, "rb" if content is None else "wb") as file:
            return file.read() if content is None else file.write(content)

    with folder() as here, folder() as there:
        trees.write(here + "/file", b"0123456789")
        with Server("files", here, model=model) as server:
            url, mine = f"http://127.0.0.1:{server.port}/file", there + "/file"
            for content in (b"01234", b"0123456789"):
                has(mine, content)
                done = subprocess.run(["wget", "-q", "-c", "-O", mine, url], timeout=30)
                assert done.returncode == 0 and has(mine) == b"0123456789"
            assert curl("-C", "-", "-o", mine, url).returncode == 0
            assert has(mine) == b"0123456789"
            with open(here + "/file", "ab") as file:
                file.write(b"more")
            done = curl("-f", "-C", "-", "-o", mine, url)
            assert done.returncode == 0 and has(mine) == b"0123456789more", done.stderr
