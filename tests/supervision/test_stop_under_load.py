"""Stop while clients work: no request that was begun is lost, nobody is reset.

A client's judgement of each request:
  whole     the answer came whole
  refused   nobody listened any more
  late      the end of the stream was there before our bytes could have been: not begun
  unjudged  the end came with no answer, so soon after our bytes that the order cannot be told
  begun     lost although our bytes were there before the server was told to stop, or well before
            its end came
  reset, cut (a part of the answer)   never allowed
"""
import collections
import random
import signal
import socket
import threading
import time

from clients import Answer, Broken
from framework import IN_TIME, MODELS, cases, limit, model_name, quick_or_long
from harness import Server

CLIENTS = 12
# On a busy machine a client may see the end this much later than it came.
BLIND = 0.1


class Judge(threading.Thread):
    """One client that goes on until it is refused; requests carry a number that must come back."""

    def __init__(self, server, service, keep_alive, told):
        super().__init__(daemon=True)
        self.address, self.service = ("127.0.0.1", server.port), service
        self.keep_alive, self.told = keep_alive, told
        self.verdicts, self.stories = collections.Counter(), []
        self.number, self.client = random.randrange(1000), None

    def run(self):
        while True:
            verdict = self._one()
            self.verdicts[verdict] += 1
            if verdict == "refused":
                break
            if verdict != "whole" or not self.keep_alive:
                self._leave()
        self._leave()

    def _leave(self):
        if self.client:
            self.client.close()
            self.client = None

    def _one(self):
        try:
            if self.client is None:
                # A handshake that is held during the stop is repeated after a second.
                self.client = socket.create_connection(self.address, 20)
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return self._story("reset", "in connect")
        self.number += 1
        sent = None
        try:
            self.client.sendall(self._request())
            sent, ended = time.monotonic(), self._ended_already()
            return "late" if ended else self._answer(sent)
        except (ConnectionResetError, BrokenPipeError) as why:
            return self._story("reset", f"{why}, sent {sent}, told {self.told.at}")

    def _request(self):
        if self.service == "echo":
            return b"number %08d\n" % self.number
        last = "" if self.keep_alive else "Connection: close\r\n"
        return f"GET /{self.number} HTTP/1.1\r\nHost: h\r\n{last}\r\n".encode()

    def _ended_already(self):
        try:
            return self.client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False

    def _answer(self, sent):
        try:
            if self.service == "echo":
                got, wanted = self._read(16), self._request()
            else:
                answer = Answer.read(self.client)
                got, wanted = answer.body, b"Hello, World!"
                if answer.headers.get("connection") == "close" and self.keep_alive:
                    self._leave()
            return "whole" if got == wanted else self._story("cut", f"{got!r}")
        except Broken as broken:
            if broken.got:
                return self._story("cut", repr(broken.got))
            ended = time.monotonic()
            if self.told.at is None or sent < self.told.at or ended - sent > BLIND:
                return self._story("begun", f"sent {sent}, told {self.told.at}, ended {ended}")
            return "unjudged"

    def _read(self, size):
        got = b""
        while len(got) < size:
            part = self.client.recv(size - len(got))
            if not part:
                raise Broken(got)
            got += part
        return got

    def _story(self, verdict, what):
        self.stories.append(f"{verdict}: {what}")
        return verdict


class Told:
    at = None


def one_stop(model, service, keep_alive, sums):
    with Server(service, model=model) as server:
        told = Told()
        judges = [Judge(server, service, keep_alive, told) for _ in range(CLIENTS)]
        for judge in judges:
            judge.start()
        time.sleep(random.uniform(0.1, 0.3))
        told.at = time.monotonic()
        server.stop_cleanly(signal.SIGTERM, 20)
        assert time.monotonic() - told.at < IN_TIME, "the stop took too long"
        for judge in judges:
            judge.join(25)
            assert not judge.is_alive(), "a client still waits"
    for judge in judges:
        sums.update(judge.verdicts)
        for story in judge.stories:
            print(story)


CASES = [(model, service, keep) for model in MODELS for service in ("echo", "hello")
         for keep in (False, True)]


@limit(90, 900)
@cases(CASES, lambda c: f"{model_name(c[0])} {c[1]} {'keep-alive' if c[2] else 'one-shot'}")
def test_stop(case):
    model, service, keep_alive = case
    sums = collections.Counter()
    for turn in range(quick_or_long(2, 25)):
        one_stop((*model, 1 + turn % 2), service, keep_alive, sums)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(sums.items())))
    assert sums["whole"] > 50
    for never in ("reset", "cut", "begun"):
        assert sums[never] == 0, f"{sums[never]} {never}"
