"""files that change while they are read: rewritten in place, appended to, replaced by a rename. Every
answer is of one version, none is older than what was there when it was asked for, nothing is a 500,
a 416 or a 304 that is not true."""
import os
import threading

from clients import ask, connect, connect_to
from framework import each_model, limit, long_only, quick_or_long
from harness import Server, folder
from nginx import Nginx

LETTERS = b"abcdefghijklmnopqrstuvwxyz"
ANSWERS = quick_or_long(120, 3000)  # of each reader, at least


def version(number, most):
    """Bytes that say which version they are of: the letter goes with the length."""
    letter = number % 26
    return LETTERS[letter:letter + 1] * (1 + letter * most // 26)


def is_version(body, most):
    return body in (version(letter, most) for letter in range(26))


class Rewritten:
    """Truncated and written anew, in one write: the file is empty for a moment, and no more."""
    name, most, number = "rewritten", 4000, 0

    def change(self, path):
        self.number += 1
        with open(path, "wb", buffering=0) as file:
            file.write(version(self.number, self.most))

    def reads(self, client, _):
        answer = ask(client, "/" + self.name)
        assert answer.status == 200, answer.status
        assert not answer.body or is_version(answer.body, self.most), answer.body[:40]


class Replaced:
    """A new file takes the name. A reader never sees an older one than when it asked."""
    name, most, number = "replaced", 200_000, 0

    def change(self, path):
        with open(path + ".new", "wb", buffering=0) as file:
            file.write(version(self.number + 1, self.most))
        os.rename(path + ".new", path)
        self.number += 1  # not before: it is there now

    def reads(self, client, known):
        before = self.number
        tag = known.get("tag")
        conditions = f"If-None-Match: {tag}\r\n" if tag and known["count"] % 3 else ""
        answer = ask(client, "/" + self.name, conditions)
        known["count"] = known.get("count", 0) + 1
        if answer.status == 304:
            assert known["of"] >= before, f"304 for version {known['of']}, {before} was there"
            return
        assert answer.status == 200 and is_version(answer.body, self.most), (
            answer.status, len(answer.body), answer.body[:20], answer.body[-20:])
        after = self.number
        seen = [each for each in range(before, after + 2)
                if version(each, self.most) == answer.body]
        assert seen, f"older than version {before}: {answer.body[:1]}, {len(answer.body)} bytes"
        known.update(tag=answer.headers.get("etag"), of=seen[-1])


class Appended:
    """A log: each reader asks for what is behind what it has, as `tail` over HTTP does."""
    name, lines = "appended", 0

    def change(self, path):
        with open(path, "ab", buffering=0) as file:
            file.write(b"%09d\n" % self.lines)
        self.lines += 1

    @staticmethod
    def text(of, to):
        """Half a line may be there: a write across two pages is not one step for a reader."""
        lines = b"".join(b"%09d\n" % line for line in range(of // 10, to // 10 + 1))
        return lines[of % 10:of % 10 + to - of]

    def reads(self, client, known):
        have, least = known.get("have", 0), self.lines * 10
        answer = ask(client, "/" + self.name, f"Range: bytes={have}-\r\n")
        if answer.status == 416:
            assert have >= least, f"416 behind {have} bytes, and {least} were there"
            assert answer.headers["content-range"] == f"bytes */{have}", answer.headers
        elif have or answer.status == 206:
            assert answer.status == 206, answer.status
            have += len(answer.body)
            assert have >= least and answer.body == self.text(have - len(answer.body), have)
            assert answer.headers["content-range"].endswith(f"/{have}"), answer.headers
            known["have"] = have
        whole = ask(client, "/" + self.name)
        assert whole.status == 200 and len(whole.body) >= least, (whole.status, len(whole.body))
        assert whole.body == self.text(0, len(whole.body))


def read_while_changing(open_client, here, kinds):
    """(answers, faults): two readers of each kind, for as long as each needs for its answers."""
    counts, faults, over = {}, [], threading.Event()

    def read(kind, number):
        known = {}
        client = open_client()
        while not over.is_set():
            try:
                kind.reads(client, known)
            except Exception as fault:
                faults.append(f"{kind.name}: {type(fault).__name__}: {fault}"[:300])
                client.close()
                client = open_client()
            counts[kind, number] = counts.get((kind, number), 0) + 1
        client.close()

    def change(kind):
        while not over.is_set():
            kind.change(f"{here}/{kind.name}")
            over.wait(0.002)

    for kind in kinds:
        kind.change(f"{here}/{kind.name}")
    threads = [threading.Thread(target=change, args=(kind,)) for kind in kinds]
    readers = [(kind, number) for kind in kinds for number in range(2)]
    threads += [threading.Thread(target=read, args=reader) for reader in readers]
    for thread in threads:
        thread.start()
    while not faults and not all(counts.get(reader, 0) >= ANSWERS for reader in readers):
        over.wait(0.02)
    over.set()
    for thread in threads:
        thread.join()
    return sum(counts.values()), faults


@limit(60, 300)
@each_model
def test_readers_see_one_version(model):
    with folder() as here, Server("files", here, model=model) as server:
        kinds = [Rewritten(), Replaced(), Appended()]
        count, faults = read_while_changing(lambda: connect(server), here, kinds)
        print(f"{count} answers while the files changed")
        assert not faults, "\n".join(faults[:10])


@limit(300)
@long_only
def test_nginx_for_comparison():
    """Nothing is asserted of nginx: its figures stand beside ours."""
    with folder() as here:
        os.chmod(here, 0o755)
        with Nginx(here) as nginx:
            for kind in (Rewritten(), Replaced(), Appended()):
                count, faults = read_while_changing(
                    lambda: connect_to(f"127.0.0.1:{nginx.port}"), here, [kind])
                print(f"nginx, {kind.name}: {len(faults)} faults in {count} answers: {faults[:2]}")
