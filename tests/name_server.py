"""A name server of our own, and programs that ask it: they see another /etc/resolv.conf and /etc/hosts."""
import collections
import ipaddress
import os
import shutil
import socket
import struct
import subprocess
import threading

from framework import Skip

A, AAAA = 1, 28


class NameServer(threading.Thread):
    """Answers what `names` says now: {"name": ["127.0.0.1", "::1"]}; others do not exist. Counts
    what it was asked. While `broken` it says that it failed (SERVFAIL)."""

    def __init__(self, names):
        super().__init__(daemon=True)
        self.names, self.broken = names, False
        self.address = "127.77.%d.%d" % (os.getpid() // 250 % 250 + 1, os.getpid() % 250 + 1)
        self.asked = collections.Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((self.address, 53))
        except OSError as why:
            raise Skip(f"no port 53 at {self.address}: {why}") from None

    def run(self):
        while True:
            try:
                question, whom = self._socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            self._socket.sendto(self._answer(question), whom)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack("!H", question[at + 1:at + 3])
        name = ".".join(labels).lower()
        self.asked[name, kind] += 1
        known = [ipaddress.ip_address(each) for each in self.names.get(name, [])]
        fits = [each for each in known if each.version == (6 if kind == AAAA else 4)]
        flags = 0x8180 | (2 if self.broken else 0 if known else 3)
        head = question[:2] + struct.pack("!HHHHH", flags, 1, len(fits), 0, 0)
        records = [struct.pack("!HHHIH", 0xc00c, kind, 1, 1, len(each.packed)) + each.packed
                   for each in fits]
        return head + question[12:at + 5] + b"".join(records)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self.address, 53))
        self.join(10)
        self._socket.close()


def asking(folder, names=None, hosts="127.0.0.1 localhost\n"):
    """Words to put before a command, so that it asks that server, or none."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Skip("only root can give a program another /etc/resolv.conf")
    for name, text in [("resolv.conf", f"nameserver {names.address if names else '127.77.0.1'}\noptions timeout:1 attempts:1\n"),
                       ("hosts", hosts)]:
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
    mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}"
                         for name in ("resolv.conf", "hosts"))
    words = ["unshare", "--mount", "sh", "-c", mounts + ' && exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        raise Skip("no mount namespace can be made here")
    return words
