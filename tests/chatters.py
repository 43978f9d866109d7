"""Many chat clients in one thread: each has a name, and remembers what it heard."""
import re
import selectors
import socket
import time

from framework import SLOWNESS

SAID = re.compile(r"<(\w+)> (\d+) (\d+)$")


class Chatter:
    """One client; `lines` are those that it has received."""

    def __init__(self, address, name):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 20)
        self.socket.setblocking(False)
        self.name, self.lines, self.ended = name, [], False
        self._received, self._unsent = b"", b""

    def say(self, *lines):
        self._unsent += "".join(f"{line}\n" for line in lines).encode()
        self.push()

    def push(self):
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True

    @property
    def wants_to_send(self):
        return bool(self._unsent) and not self.ended

    def pull(self):
        try:
            while part := self.socket.recv(1 << 18):
                self._received += part
                if len(part) < 1 << 18:
                    break
            else:
                self.ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        *whole, self._received = self._received.split(b"\n")
        self.lines += [line.decode() for line in whole]

    def has(self, line):
        return line in self.lines

    def said(self, turn):
        """What was said in this turn: for each name the numbers, in order."""
        heard = {}
        for line in self.lines:
            found = SAID.match(line)
            if found and int(found[2]) == turn:
                heard.setdefault(found[1], []).append(int(found[3]))
        return heard


class Crowd:
    def __init__(self):
        self.all = []
        self._selector = selectors.DefaultSelector()

    def add(self, address, name):
        one = Chatter(address, name)
        self.all.append(one)
        self._selector.register(one.socket, selectors.EVENT_READ, one)
        return one

    def turn(self, seconds=0.1):
        for key, _ in self._selector.select(seconds):
            key.data.pull()
            if key.data.ended:
                self._selector.unregister(key.fileobj)
        for one in self.all:
            if one.wants_to_send:
                one.push()

    def until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds * SLOWNESS
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            self.turn()

    def living(self):
        return [one for one in self.all if not one.ended]

    def enter(self, addresses, count, room):
        """So many come in, each at the next address, and are in the room."""
        for number in range(count):
            one = self.add(addresses[number % len(addresses)], f"u{number}")
            one.say(f"/nick {one.name}", f"/join {room}")
            self.turn(0)
        here = f"* you are in {room}"
        self.until(lambda: all(one.has(here) for one in self.all), "all are in the room", 120)

    def everybody_speaks(self, turn, times, seconds=60):
        """All who live say so many lines; all of them hear each line of the others once, in order."""
        speakers = self.living()
        for one in speakers:
            one.lines = [line for line in one.lines if line.startswith("!")]
        for number in range(times):
            for one in speakers:
                one.say(f"{turn} {number}")
            self.turn(0)
        wanted = (len(speakers) - 1) * times
        marks = (f"> {turn} ",)

        def all_heard():
            return all(one.ended or len(one.lines) >= wanted
                       and sum(marks[0] in line for line in one.lines) >= wanted
                       for one in speakers)
        self.until(all_heard, f"{len(speakers)} speakers hear {wanted} lines each", seconds)
        for one in speakers:
            assert not one.ended, f"{one.name} was cut off: {one.lines[-3:]}"
            wrong = [line for line in one.lines if line.startswith("!")]
            assert not wrong, f"{one.name} was told: {wrong[:3]}"
            heard = one.said(turn)
            names = {other.name for other in speakers} - {one.name}
            assert set(heard) == names, f"{one.name} did not hear {sorted(names ^ set(heard))[:5]}"
            for name, numbers in heard.items():
                assert numbers == list(range(times)), f"{one.name} heard of {name}: {numbers}"

    def close(self):
        for one in self.all:
            one.socket.close()
        self._selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
