"""What ps and top show of each process, and that nothing beyond argv's memory is written for it."""
import os

from clients import connect
from framework import each_model
from harness import Server, until


def read(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def title(pid):
    return read(pid, "cmdline").rstrip(b"\0").decode()


def environment_given(pid):
    """As the kernel shows the memory behind the arguments."""
    return dict(line.split(b"=", 1) for line in read(pid, "environ").split(b"\0") if b"=" in line)


@each_model
def test_each_process_says_what_it_is(model):
    marked = {"A_VARIABLE_THAT_STAYS": "x" * 200}
    with Server("chat", model=(*model, 2), environment=marked) as server:
        until(lambda: len(server.workers()) >= 3, 10, "two workers and a hub")
        assert title(server.pid) == "samjoko: master chat", title(server.pid)
        name = "-".join(part for part in model if part)
        wanted = {"samjoko: hub", f"samjoko: worker 1 ({name})", f"samjoko: worker 2 ({name})"}
        until(lambda: {title(pid) for pid in server.workers()} == wanted, 10, f"titles {wanted}")
        with connect(server) as client:
            client.recv(1)
            for pid in server.tree():
                assert title(pid).startswith("samjoko: "), title(pid)
                assert len(read(pid, "comm").strip()) <= 15
                assert environment_given(pid)[b"A_VARIABLE_THAT_STAYS"] == b"x" * 200
                assert read(pid, "comm").startswith(b"samjoko"), "it is found by its name"
                assert os.readlink(f"/proc/{pid}/exe") == os.path.realpath(server.command[0])


def test_short_arguments_cut_the_title():
    """The environment begins where they end."""
    wrap = ("bash", "-c", 'exec -a s "$0" "$@"')
    with Server("echo", listen=(), serving=1, wrap=wrap,
                environment={"SAMJOKO_LISTEN": "127.0.0.1:0"}) as server:
        room = len("s serve echo")
        until(lambda: len(server.workers()) >= 1, 10, "a worker")
        for pid in server.tree():
            until(lambda: title(pid) == "samjoko: worker 1 (multiplex)"[:room] or
                  title(pid) == "samjoko: master echo"[:room], 10, "a title that was cut")
            assert environment_given(pid)[b"SAMJOKO_LISTEN"] == b"127.0.0.1:0"
