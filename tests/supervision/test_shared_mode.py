"""Whether a listener blocks is shared by all who have it: a worker that starts, or the process that
handed it over, may change that while a pool drains its backlog."""
import contextlib
import os
import socket
import threading

from framework import MODELS, cases
from harness import Server

POOLS = [model for model in MODELS if "pool" in model]


@contextlib.contextmanager
def restless(listener):
    """Makes the listener block as often as it can, while clients come and go."""
    over = threading.Event()

    def change():
        while not over.is_set():
            os.set_blocking(listener.fileno(), True)

    def come_and_go():
        while not over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(listener.getsockname(), 1):
                pass
    threads = [threading.Thread(target=each) for each in (change, come_and_go)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


@cases(POOLS, "-".join)
def test_a_stop_ends_though_the_listener_blocks_again(model):
    """A member saw a client, another process took it, and the accept waited for the next one."""
    for _ in range(6):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            number = listener.fileno()
            with Server("echo", model=(*model, 2), listen=[f"fd:{number}"], fds=[number]) as server:
                with restless(listener):
                    server.stop_cleanly(seconds=10)
