"""HTTP over every kind of address at once, by curl, and who says that he served."""
import re
import shutil
import socket
import subprocess

from clients import ask, connect_to
from framework import Skip, each_model, each_model_and_workers
from harness import Server, folder

IPV4, IPV6 = "127.0.0.1:0", "[::1]:0"


def kinds(here):
    found = [IPV4, f"unix:{here}/socket"]
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            found.append(IPV6)
    except OSError:
        pass
    return found


def curl(address, target="/"):
    if not shutil.which("curl"):
        raise Skip("curl is not installed")
    where = ["-g", f"http://{address}{target}"]
    if address.startswith("unix:"):
        where = ["--unix-socket", address[5:], "http://any.name" + target]
    done = subprocess.run(["curl", "-sS", "--fail", *where], capture_output=True, timeout=10)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


@each_model_and_workers
def test_hello_over_all_kinds(model):
    """IPv4, IPv6 and a unix socket of one server, in turn."""
    with folder() as here, Server("hello", model=model, listen=kinds(here)) as server:
        for address in server.addresses * 3:
            assert curl(address) == b"Hello, World!", address


@each_model
def test_clients_of_all_listeners_at_once(model):
    """A connection that stays open on each: none keeps another listener from being served."""
    with folder() as here:
        listen = kinds(here) + [IPV4]
        with Server("hello", model=(*model, 1), listen=listen) as server:
            clients = [connect_to(address) for _ in range(6) for address in server.addresses]
            for _ in range(3):
                for client in clients:
                    assert ask(client).body == b"Hello, World!"
            for client in clients:
                client.close()


@each_model
def test_files_over_a_unix_socket(model):
    """sendfile into a socket that is no TCP one."""
    content = bytes(range(256)) * 20000
    with folder() as here:
        with open(here + "/large", "wb") as file:
            file.write(content)
        with folder() as there, Server("files", here, model=model, listen=kinds(there)) as server:
            for address in server.addresses:
                assert curl(address, "/large") == content, address


@each_model
def test_identify(model):
    """X-Served-By names a living process and thread of ours, for files too; without it, nobody."""
    with folder() as here, folder() as there:
        with open(here + "/file", "w") as file:
            file.write("here")
        for service in (["hello"], ["files", here]):
            with Server(*service, "--identify", model=model, listen=kinds(there)) as server:
                for address in server.addresses:
                    with connect_to(address) as client:
                        for target in ("/file", "/missing"):
                            shown = ask(client, target).headers["x-served-by"]
                            pid, thread, name = re.fullmatch(r"(\d+)/(\d+)/(\w+)", shown).groups()
                            assert int(pid) in server.tree() and name == model[0], shown
                            assert int(thread) >= int(pid), shown
        with Server("hello", model=model) as server, connect_to(server.addresses[0]) as client:
            assert "x-served-by" not in ask(client).headers
