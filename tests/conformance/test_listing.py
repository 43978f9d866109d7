"""--list: every name or none, whatever their number; nothing that would be refused."""
import http.client
import os
import re
import shutil
import subprocess
import urllib.parse

from clients import ask, connect, receive_all
from framework import Skip, each_model, limit
from harness import Server, folder

MANY = 2_000
MOST = 11_000  # in one model: all have the same code, and making them takes time


def fill(here, count):
    for number in range(count):
        os.close(os.open(f"{here}/file {number:05}", os.O_CREAT | os.O_WRONLY))


def names_in(page):
    """What the page links to, as a mirror reads it."""
    text = page.decode()
    assert text.endswith("</body></html>\n"), text[-100:]
    links = re.findall(r'<td><a href="([^"]*)">', text)
    return [urllib.parse.unquote(link) for link in links if link != "../"]


@limit(60)
@each_model
def test_every_name_is_listed(model):
    count = MOST if model == ("multiplex", None) else MANY
    with folder() as here:
        os.mkdir(here + "/many")
        fill(here + "/many", count)
        os.mkdir(here + "/many/z folder")
        wanted = ["z folder/"] + [f"file {number:05}" for number in range(count)]
        with Server("files", here, "--list", model=model) as server:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            client.request("GET", "/many/")
            answer = client.getresponse()
            assert answer.status == 200 and answer.chunked, answer.headers
            assert names_in(answer.read()) == wanted
            client.request("HEAD", "/many/")  # the connection goes on
            answer = client.getresponse()
            assert answer.status == 200 and not answer.read()
            client.request("GET", "/many/z%20folder/")
            assert names_in(client.getresponse().read()) == []
            client.close()
            with connect(server) as old:
                old.sendall(b"GET /many/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                head, _, page = receive_all(old).partition(b"\r\n\r\n")
                assert b"chunked" not in head and b"Connection: close" in head, head
                assert names_in(page) == wanted


@limit(60)
def test_curl_and_wget_take_a_long_one():
    """Two that people mirror with."""
    if not shutil.which("curl") or not shutil.which("wget"):
        raise Skip("curl or wget is not installed")
    with folder() as here, folder() as there:
        fill(here, MANY)
        with Server("files", here, "--list") as server:
            url = f"http://127.0.0.1:{server.port}/"
            for flags in ([], ["--http1.0"]):
                page = subprocess.run(["curl", "-sS", "--fail", *flags, url], check=True,
                                      capture_output=True, timeout=30).stdout
                assert len(names_in(page)) == MANY
            done = subprocess.run(["wget", "-q", "-O", there + "/page", url], timeout=30)
            assert done.returncode == 0
            with open(there + "/page", "rb") as file:
                assert len(names_in(file.read())) == MANY


@each_model
def test_above_the_limit_nothing(model):
    with folder() as here:
        fill(here, 100)
        with Server("files", here, "--list", "--listing-max", 100, model=model) as server:
            with connect(server) as client:
                assert len(names_in(ask(client, "/").body)) == 100
                fill(here, 101)
                answer = ask(client, "/")
                assert answer.status == 503 and b"file" not in answer.body, answer.body
            line = server.wait_for_log("--listing-max")[0]
            assert "more than 100 names" in line, line


@each_model
def test_what_is_refused_is_not_named(model):
    with folder() as top:
        here, outside = top + "/root", top + "/outside"
        os.makedirs(here + "/within")
        os.mkdir(outside)
        for path, size in ((outside + "/secret", 54321), (here + "/within/file", 12345),
                           (here + "/forbidden", 11111), (here + "/.hidden", 22222)):
            with open(path, "w") as file:
                file.write("x" * size)
        os.chmod(here + "/forbidden", 0)
        os.chmod(here, 0o755)
        os.chmod(top, 0o755)
        os.symlink("../outside/secret", here + "/out-file")
        os.symlink(outside, here + "/out-folder")
        os.symlink("/etc/passwd", here + "/out-absolute")
        os.symlink("nothing", here + "/nowhere")
        os.symlink("circle", here + "/circle")
        os.symlink("within", here + "/in-folder")
        os.symlink(here + "/within/file", here + "/in-absolute")
        os.mkfifo(here + "/fifo")
        os.symlink("fifo", here + "/in-fifo")
        drop = ["--user", "nobody"] if os.getuid() == 0 else []
        with Server("files", here, "--list", *drop, model=model) as server:
            with connect(server) as client:
                page = ask(client, "/").body
                listed = names_in(page)
                assert sorted(listed) == ["in-absolute", "in-folder/", "within/"], listed
                assert b"54321" not in page and b"12345" in page
                for name in os.listdir(here):
                    status = ask(client, "/" + urllib.parse.quote(name)).status
                    hidden = name.startswith(".")
                    assert hidden or (status < 400) == (name in listed or name + "/" in listed), (
                        name, status)
