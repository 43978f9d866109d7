"""--user: whom a worker and the program of its client become, from /etc/passwd and /etc/group alone.

Each server runs in a mount namespace in which those files are the test's own."""
import contextlib
import os
import shutil
import socket
import subprocess

import processes
from clients import connect, connect_to, echoes, receive_all
from framework import MODELS, Skip, cases, each_model, limit, model_name
from harness import BINARY, Server, folder, until

COULD_NOT_START = 3

PASSWD = """root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

# no line of a user, nor are the next
+::::::
broken
cut:x:7003
worded:x:seven:7004::/home/worded:/bin/sh
grouped:x:7005:4294967295::/home/grouped:/bin/sh
homeless:x:7006:7006:::
crowded:x:7007:7007:of 40 groups:/home/crowded:/bin/sh
triple:x:7001:7001:in three groups:/home/triple:/bin/sh
"""
LONG_LINE = "many:x:7104:" + ",".join(f"member{n}" for n in range(150_000)) + ",triple"  # 1.7 MB
GROUP = f"""root:x:0:
first:x:7101:triple
second:x:7102:other,triple,another
near:x:7201:triples,tripl,atriple,Triple, triple
{LONG_LINE}

# triple:x:7202:triple
+:::triple
broken triple
short:x:triple
worded:x:seven:triple
below:x:-5:triple
above:x:99999999999:triple
unchanged:x:4294967295:triple
spaced:x: 7203:triple
ended:x:7204:triple\r
again:x:7101:triple,triple
  # blank:x:7205:triple
-:x:7206:triple
 blank:x:7105:triple
""" + "".join(f"c{n}:x:{8000 + n}:crowded\n" for n in range(40)) + "last:x:7103:triple"
TRIPLE = {7101, 7102, 7103, 7104, 7105}

# A usual Debian's, whose modules a static program cannot load.
NSSWITCH = """passwd: files systemd
group: files systemd
initgroups: files systemd
shadow: files systemd
hosts: files mymachines resolve [!UNAVAIL=return] myhostname dns
services: db files
"""


def need_root_and_mounts():
    if os.geteuid() != 0:
        raise Skip("only root can change its user")
    if not shutil.which("unshare"):
        raise Skip("unshare is not installed")
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Skip(f"no mount namespace can be made here: {tried.stderr.strip()}")


@contextlib.contextmanager
def own_etc(**files):
    """Words before a command, for which /etc/NAME is what is given here."""
    need_root_and_mounts()
    with folder() as here:
        mounts = []
        for name, text in files.items():
            path = f"{here}/{name}"
            with open(path, "w", newline="", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, 0o644)
            target = "/etc/nsswitch.conf" if name == "nsswitch" else f"/etc/{name}"
            if not os.path.exists(target):
                raise Skip(f"there is no {target} to mount on")
            mounts.append(f"mount --bind {path} {target}")
        yield ["unshare", "--mount", "--propagation", "private", "sh", "-c",
               " && ".join(mounts) + ' && exec "$0" "$@"']


def facts_of(pid):
    """Real, effective, saved and file-system ids of a process, and its groups: /proc/PID/status."""
    with open(f"/proc/{pid}/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    numbers = {key: [int(word) for word in lines[key].split()] for key in ("Uid", "Gid", "Groups")}
    return set(numbers["Uid"]), set(numbers["Gid"]), set(numbers["Groups"])


def become(server, *who, count=1):
    """The processes below the master, at least so many, when all are that user."""
    def all_are():
        below = server.workers()
        return len(below) >= count and all(facts_of(pid) == who for pid in below) and below
    return until(all_are, 10, f"{count} processes are {who}")


def told_by_program(server):
    """What a client's program says of itself: user, group, all groups, and its environment."""
    with connect(server) as client:
        client.shutdown(socket.SHUT_WR)
        user, group, groups, *variables = receive_all(client).decode().splitlines()
    return (int(user), int(group), {int(each) for each in groups.split()},
            dict(each.split("=", 1) for each in variables if "=" in each))


def asking(*options, model=None, wrap=()):
    server = Server("exec", *options, model=model, wrap=wrap,
                    environment={"HOME": "/root", "USER": "root", "LOGNAME": "root"})
    server.command += ["--", "/bin/sh", "-c", "id -u; id -g; id -G; env"]
    return server


# Options, and what comes of them: user, group, supplementary groups, HOME, USER and LOGNAME.
WHO = {
    "named": (["--user", "triple"], 7001, 7001, TRIPLE, "/home/triple", "triple"),
    "named, with a group": (["--user", "triple", "--group", "second"], 7001, 7102, TRIPLE,
                            "/home/triple", "triple"),
    "named, with a group's number": (["--user", "triple", "--group", "7999"], 7001, 7999, TRIPLE,
                                     "/home/triple", "triple"),
    "number of a known one": (["--user", "7001"], 7001, 7001, set(), "/home/triple", "triple"),
    "number of nobody known": (["--user", "7999"], 7999, 7999, set(), None, None),
    "of 40 groups": (["--user", "crowded"], 7007, 7007, set(range(8000, 8040)), "/home/crowded",
                     "crowded"),
    "without a home": (["--user", "homeless"], 7006, 7006, set(), None, "homeless"),
}
# In all placements the first; the others do not depend on them.
BECOMES = [(model, "named") for model in MODELS] + [(MODELS[-1], name) for name in WHO
                                                     if name != "named"]


@cases(BECOMES, lambda case: f"{model_name(case[0])} {case[1]}")
@limit(40)
def test_workers_and_programs_become(case):
    model, name = case
    options, user, group, others, home, called = WHO[name]
    with own_etc(passwd=PASSWD, group=GROUP) as wrap, \
            asking(*options, model=model, wrap=wrap) as server:
        become(server, {user}, {group}, others)
        assert facts_of(server.pid)[0] == {0}, "the master stays who it was"
        uid, gid, groups, variables = told_by_program(server)
        assert (uid, gid, groups) == (user, group, others | {group}), (uid, gid, groups)
        # The program inherits its worker's environment.
        for variable, value in (("HOME", home), ("USER", called), ("LOGNAME", called)):
            assert variables.get(variable) == value, (variable, variables.get(variable))


def test_a_hub_becomes_the_user_too():
    with own_etc(passwd=PASSWD, group=GROUP) as wrap, \
            Server("chat", "--user", "triple", "--workers", "2", wrap=wrap) as server:
        become(server, {7001}, {7001}, TRIPLE, count=3)
        with connect(server) as client:
            assert b"nick" in client.recv(100)


# By 4294967295 setresuid(2) and setresgid(2) mean "leave it": a worker kept root's group.
NOBODY = [["--user", "missing"], ["--user", "triple", "--group", "missing"], ["--user", "broken"],
          ["--user", "cut"], ["--user", "worded"], ["--user", "grouped"], ["--user", "+"],
          ["--user", "#"], ["--user", "4294967295"], ["--user", "99999999999"],
          ["--user", "-1"], ["--user", "7001 "], ["--user", "triple:second"],
          ["--user", "triple", "--group", "4294967295"], ["--user", "triple", "--group", "below"],
          ["--user", "triple", "--group", "unchanged"], ["--user", "triple", "--group", "worded"]]


def test_who_does_not_exist_is_said_at_the_start():
    """Before anything is listened to, in one line that names it."""
    with own_etc(passwd=PASSWD, group=GROUP) as wrap:
        for options in NOBODY:
            done = subprocess.run([*wrap, BINARY, "serve", "echo", "--listen", "127.0.0.1:0",
                                   *options], capture_output=True, text=True, timeout=60)
            what = f"{options[-2].removeprefix('--')} {options[-1]}"
            assert done.returncode == COULD_NOT_START, (options, done.returncode, done.stderr)
            assert done.stderr.count("\n") == 1 and what in done.stderr, (options, done.stderr)
            assert "no such user or group" in done.stderr, (options, done.stderr)


@limit(40)
def test_the_owner_of_a_socket_is_never_left_as_it_is_by_a_number():
    """A number too large was taken for 0, root."""
    with own_etc(passwd=PASSWD, group=GROUP) as wrap, folder() as here:
        for owner in ("4294967295", "99999999999", ":4294967295", ":99999999999", "7001:worded",
                      "worded", "-1"):
            done = subprocess.run([*wrap, BINARY, "serve", "echo", "--listen", f"unix:{here}/s",
                                   "--unix-owner", owner], capture_output=True, text=True, timeout=60)
            assert done.returncode == COULD_NOT_START, (owner, done.returncode, done.stderr)
            assert done.stderr.count("\n") == 1 and owner.split(":")[-1] in done.stderr, done.stderr
            assert not os.path.exists(f"{here}/s"), owner
        with Server("echo", "--unix-owner", "triple:second", listen=[f"unix:{here}/s"], wrap=wrap):
            seen = os.stat(f"{here}/s")
            assert (seen.st_uid, seen.st_gid) == (7001, 7102), seen


@each_model
def test_modules_for_names_are_never_loaded(model):
    """A static initgroups(3) dies by this nsswitch.conf; hosts by name are looked up likewise."""
    with own_etc(nsswitch=NSSWITCH) as wrap, \
            Server("echo", "--user", "nobody", model=model, wrap=wrap,
                   listen=["localhost:0"]) as server:
        for worker in become(server, {65534}, {65534}, set()):
            with open(f"/proc/{worker}/maps") as file:
                assert "libnss" not in file.read()
        with connect_to(server.addresses[0]) as client:
            assert echoes(client)
        relay = Server("relay", f"localhost:{server.port}", "--user", "nobody", model=model,
                       wrap=wrap)
        with relay, connect(relay) as client:
            assert echoes(client)
            for each in (server, relay):
                assert processes.is_alive(each.pid) and not each.log_lines("killed by"), each.log()
