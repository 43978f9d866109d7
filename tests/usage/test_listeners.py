"""Every kind of address: IPv4, IPv6, both at once, unix sockets, inherited descriptors."""
import os
import pwd
import signal
import socket
import stat
import subprocess

from clients import connect_to, echoes
from framework import MODELS, Skip, cases, each_model, model_name
from harness import BINARY, Server, folder, run_to_end

ADDRESSES = ["127.0.0.1:0", "[::1]:0", ":0"]


def need_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as why:
        raise Skip(f"no IPv6 here: {why}") from None


def check_echo(address):
    with connect_to(address) as client:
        assert echoes(client)


@cases([(model, address) for model in MODELS for address in ADDRESSES],
       lambda each: f"{model_name(each[0])} {each[1]}")
def test_address(case):
    model, address = case
    if address != ADDRESSES[0]:
        need_ipv6()
    with Server("echo", model=model, listen=[address]) as server:
        shown = server.addresses[0]
        assert shown.startswith(address[:-1]) and not shown.endswith(":0"), shown
        check_echo(shown)


@each_model
def test_dual_stack(model):
    need_ipv6()
    with Server("echo", model=model, listen=[":0"]) as server:
        for host in ("127.0.0.1", "[::1]"):
            check_echo(f"{host}:{server.port}")


@each_model
def test_three_listeners(model):
    with folder() as here:
        path = f"unix:{here}/socket"
        with Server("echo", model=model, listen=["127.0.0.1:0", path, "127.0.0.1:0"]) as server:
            first, second, third = server.addresses
            assert first != third and second == path
            for address in server.addresses:
                check_echo(address)


@each_model
def test_unix_socket(model):
    with folder() as here:
        with Server("echo", model=model, listen=[f"unix:{here}/socket"]) as server:
            check_echo(server.addresses[0])
        assert os.listdir(here) == []


@cases([signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], lambda number: number.name)
def test_unix_socket_is_removed(number):
    with folder() as here:
        with Server("echo", listen=[f"unix:{here}/socket"]) as server:
            server.stop_cleanly(number)


def test_unix_mode_and_owner():
    if os.getuid() != 0:
        raise Skip("only root can give a file away")
    with folder() as here:
        path = f"{here}/socket"
        server = Server("echo", "--unix-mode", "640", "--unix-owner", "nobody:nogroup",
                        listen=[f"unix:{path}"])
        with server:
            found = os.stat(path)
            assert stat.S_ISSOCK(found.st_mode)
            assert stat.S_IMODE(found.st_mode) == 0o640, oct(found.st_mode)
            nobody = pwd.getpwnam("nobody")
            assert (found.st_uid, found.st_gid) == (nobody.pw_uid, nobody.pw_gid)
            assert not [name for name in os.listdir(here) if name != "socket"]


def test_stale_unix_socket_is_replaced():
    with folder() as here:
        path = f"{here}/socket"
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(path)
        dead.close()
        with Server("echo", listen=[f"unix:{path}"]) as server:
            check_echo(server.addresses[0])


def test_socket_of_a_killed_server_is_replaced():
    with folder() as here:
        path = f"unix:{here}/socket"
        with Server("echo", listen=[path]) as first:
            for pid in first.tree():
                os.kill(pid, 9)
            first.process.wait(5)
        assert os.path.exists(path[5:])
        with Server("echo", listen=[path]) as second:
            check_echo(second.addresses[0])


def test_live_unix_socket_is_in_use():
    with folder() as here:
        path = f"unix:{here}/socket"
        with Server("echo", listen=[path]) as first:
            code, text = run_to_end("serve", "echo", "--listen", path)
            assert code == 3 and "in use" in text and text.count("\n") == 1, (code, text)
            check_echo(first.addresses[0])


@cases(["file", "folder"])
def test_what_is_no_socket_is_not_removed(kind):
    with folder() as here:
        path = f"{here}/precious"
        if kind == "file":
            with open(path, "w") as file:
                file.write("precious")
        else:
            os.mkdir(path)
        code, text = run_to_end("serve", "echo", "--listen", f"unix:{path}")
        assert code == 3 and text.count("\n") == 1 and path in text, (code, text)
        assert os.path.exists(path)


@each_model
def test_inherited_descriptor(model):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number, port = listener.fileno(), listener.getsockname()[1]
        with Server("echo", model=model, listen=[f"fd:{number}"], fds=[number]):
            check_echo(f"127.0.0.1:{port}")
        # It is still ours: the server has closed only its own descriptor.
        socket.create_connection(("127.0.0.1", port), 5).close()


@cases(["closed", "a file", "not listening", "a datagram socket"])
def test_unfit_descriptor(kind):
    holder = {"closed": lambda: open("/dev/null"), "a file": lambda: open("/etc/passwd"),
              "not listening": socket.socket,
              "a datagram socket": lambda: socket.socket(type=socket.SOCK_DGRAM)}[kind]()
    with holder:
        number = holder.fileno()
        done = subprocess.run([BINARY, "serve", "echo", "--listen", f"fd:{number}"], timeout=10,
                              pass_fds=[] if kind == "closed" else [number],
                              capture_output=True, text=True)
    assert done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr
    assert f"fd:{number}" in done.stderr, done.stderr
