"""A long answer that ends its connection reaches a slow reader whole, whatever he sends meanwhile."""
import socket
import time

from clients import receive_exactly
from framework import each_model, limit
from harness import Server, folder

SIZE = 3_000_000
REQUESTS = [b"GET /long HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nbehind",
            b"GET /long HTTP/1.0\r\n\r\n\r\n"]


def slow_client(server):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    client.settimeout(20)
    client.connect(("127.0.0.1", server.port))
    return client


@limit(60)
@each_model
def test_the_tail_arrives(model):
    """The whole answer is in the server's kernel long before it is taken; the reader speaks when the
    usual time to read a client to its end (a second) is over."""
    with folder() as here:
        content = bytes(range(256)) * (SIZE // 256)
        with open(here + "/long", "wb") as file:
            file.write(content)
        with Server("files", here, model=model) as server:
            clients = [slow_client(server) for _ in REQUESTS]
            for client, request in zip(clients, REQUESTS):
                client.sendall(request)
            got = [receive_exactly(client, 1000) for client in clients]
            time.sleep(1.6)  # not a limit of the test: the longer, the harder
            for _ in range(3):
                for index, client in enumerate(clients):
                    client.sendall(b"meanwhile")
                    got[index] += receive_exactly(client, 300_000)
                time.sleep(0.3)
            for index, client in enumerate(clients):
                while part := client.recv(65536):
                    got[index] += part
                client.close()
                assert got[index].partition(b"\r\n\r\n")[2] == content
