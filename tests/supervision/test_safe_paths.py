"""Paths that other users of the machine may bend: refused with a sentence, nothing is followed."""
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time

from clients import connect_to, echoes
from framework import IN_TIME, Skip, cases, quick_or_long
from harness import BINARY, Server, folder, until


def refused(*options):
    done = subprocess.run([BINARY, "serve", "echo", "--control", "none", *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=IN_TIME)
    assert done.returncode == 3, done
    return done.stderr


def victim(here):
    path = here + "/victim"
    with open(path, "w") as file:
        file.write("mine\n")
    os.chmod(path, 0o600)
    return path


@cases([0o777, 0o1777, 0o700], oct)
def test_a_log_that_is_a_link_is_not_followed(mode):
    with folder() as here:
        target = victim(here)
        os.mkdir(here + "/w")
        os.chmod(here + "/w", mode)
        os.symlink(target, here + "/w/log")
        said = refused("--listen", "127.0.0.1:0", "--log", here + "/w/log")
        assert here + "/w" in said, said
        with open(target) as file:
            assert file.read() == "mine\n"


def test_a_socket_in_a_folder_that_others_may_change_is_refused():
    with folder() as here:
        os.mkdir(here + "/w")
        os.chmod(here + "/w", 0o777)
        said = refused("--listen", f"unix:{here}/w/s", "--unix-mode", "666")
        assert "writable by everybody" in said and not os.path.exists(here + "/w/s"), said


@cases([0o1777, 0o755], oct)
def test_a_socket_has_its_mode_and_owner(mode):
    if os.geteuid() != 0:
        raise Skip("only root can give a file away")
    with folder() as here:
        os.chmod(here, 0o755)
        os.mkdir(here + "/w")
        os.chmod(here + "/w", mode)
        with Server("echo", "--unix-mode", "660", "--unix-owner", "nobody",
                    listen=[f"unix:{here}/w/s"]) as server:
            found = os.lstat(here + "/w/s")
            assert stat.S_IMODE(found.st_mode) == 0o660 and found.st_uid == 65534, found
            with connect_to(server.addresses[0]) as client:
                assert echoes(client)


@cases(["/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "-"])
def test_a_log_on_a_standard_stream(path):
    with Server("echo", "--log", path) as server:
        assert server.log_lines("serving echo")


ATTACKER = """
import os, sys
here, target, folder = sys.argv[1:]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print("ready", flush=True)
names = ["s", "log", "pid", "pid.new", "c", "conf"]
while os.getppid() != 1:
    for name in names:
        for way in (lambda: os.symlink(target, here + "/trap"),
                    lambda: os.rename(here + "/trap", here + "/" + name),
                    lambda: os.unlink(here + "/" + name),
                    lambda: os.symlink(folder + "/new", here + "/" + name),
                    lambda: os.link(target, here + "/trap"),
                    lambda: os.unlink(here + "/" + name)):
            try:
                way()
            except OSError:
                pass
"""


class Roots:
    """What belongs to root alone, and must stay as it is."""
    def __init__(self, here):
        self.file, self.folder = here + "/root-file", here + "/root-folder"
        os.mkdir(self.folder, 0o700)
        with open(self.file, "w") as file:
            file.write("control = 'none'\n")
        os.chmod(self.file, 0o600)
        self.before = self.look()

    def look(self):
        with open(self.file) as file:
            content = file.read()
        found = [os.lstat(each) for each in (self.file, self.folder)]
        return ([(each.st_mode, each.st_uid, each.st_gid, each.st_ino) for each in found], content,
                os.listdir(self.folder))

    def check(self):
        assert self.look() == self.before, (self.before, self.look())


@contextlib.contextmanager
def attacker(where, roots):
    with subprocess.Popen([sys.executable, "-c", ATTACKER, where, roots.file, roots.folder],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


def contested(mode, owner=0):
    """(folder that is attacked, what is root's alone)"""
    @contextlib.contextmanager
    def made():
        if os.geteuid() != 0:
            raise Skip("only root has an attacker at hand")
        with folder() as here:
            os.chmod(here, 0o755)
            os.mkdir(here + "/w")
            os.chown(here + "/w", owner, owner)
            os.chmod(here + "/w", mode)
            yield here + "/w", Roots(here)
    return made()


def start_and_stop(where):
    """Starts on all the names that are contested; true: it served."""
    command = [BINARY, "serve", "echo", "--listen", f"unix:{where}/s", "--unix-mode", "666",
               "--unix-owner", "daemon", "--log", where + "/log", "--pid-file", where + "/pid",
               "--control", where + "/c"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        def settled():
            if process.poll() is not None:
                return True
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect(where + "/s")
                return True
            return False
        try:
            until(settled, 10, "it serves or refuses")
            process.terminate()
            return process.wait(IN_TIME) == 0
        finally:
            process.kill()


@cases([(0o777, 0), (0o1777, 0), (0o755, 65534), (0o1777, 65534)], lambda c: f"{c[0]:o}-{c[1]}")
def test_nothing_of_roots_changes_whatever_names_lead_to(case):
    with contested(*case) as (where, roots), attacker(where, roots):
        served = [start_and_stop(where) for _ in range(quick_or_long(8, 300))]
        roots.check()
        if case != (0o1777, 0):
            assert not any(served), served


def test_a_log_that_is_rotated_is_not_followed_elsewhere():
    with contested(0o1777) as (where, roots):
        with Server("echo", "--log", where + "/log", log_to=subprocess.DEVNULL) as server:
            until(lambda: os.path.exists(where + "/log"), 10, "the log is there")
            with attacker(where, roots):
                for n in range(quick_or_long(10, 200)):
                    with contextlib.suppress(OSError):
                        if os.lstat(where + "/log").st_uid == 0:
                            os.rename(where + "/log", f"{where}/log.{n}")
                    server.send(signal.SIGUSR1)
                    time.sleep(0.01)
            roots.check()
            assert server.process.poll() is None
            server._known = set(server.tree())


@cases(["file-0646", "file-nobody", "folder-0777", "folder-nobody", "link-0777"])
def test_a_configuration_that_others_may_write_is_refused_to_root(case):
    if os.geteuid() != 0:
        raise Skip("this is root's rule")
    with folder() as here:
        what, how = case.split("-")
        os.chmod(here, 0o755)
        os.mkdir(here + "/w")
        path = here + "/w/conf"
        with open(path, "w") as file:
            file.write("[[service]]\nrun = 'echo'\n")
        bent = path if what == "file" else here + "/w"
        if how == "nobody":
            os.chown(bent, 65534, 65534)
        else:
            os.chmod(bent, int(how, 8))
        named = path
        if what == "link":
            os.symlink(path, here + "/link")
            named = here + "/link"
        for command in (["serve", "--config", named], ["check", named]):
            done = subprocess.run([BINARY, *command], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=IN_TIME)
            said = done.stderr + done.stdout
            assert done.returncode == 2 and "whoever may change it commands this server" in said, done
            assert said.count("\n") == 1, said
        # What the caller has opened is the caller's own choice; also when it is named by a descriptor.
        for by in ("-", "/dev/stdin"):
            with open(path) as file:
                done = subprocess.run([BINARY, "check", by], stdin=file, capture_output=True,
                                      text=True, timeout=IN_TIME)
            assert done.returncode == 0, done


@cases(["device", "fifo"])
def test_a_pid_file_is_not_put_in_place_of(kind):
    with folder() as here:
        path = here + "/it"
        try:
            if kind == "fifo":
                os.mkfifo(path)
            else:
                os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError as error:
            raise Skip("no device can be made here") from error
        before = os.lstat(path)
        said = refused("--listen", "127.0.0.1:0", "--pid-file", path)
        after = os.lstat(path)
        assert "is not a regular file" in said, said
        assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
        assert os.listdir(here) == ["it"]


# kubernetes/kubernetes#125876: the folder of a ConfigMap is writable by everybody, and mounted read-only.
def test_a_config_map_that_is_mounted_read_only_passes():
    if os.geteuid() != 0:
        raise Skip("only root mounts")
    with folder() as here:
        script = f"""
            mount -t tmpfs none {here} && chmod 0777 {here} && mkdir {here}/..1 || exit 77
            printf '[[service]]\\nrun = "echo"\\n' > {here}/..1/conf
            ln -s ..1 {here}/..data && ln -s ..data/conf {here}/conf
            {os.path.abspath(BINARY)} check {here}/conf && exit 1
            mount -o remount,ro {here} || exit 77
            {os.path.abspath(BINARY)} check {here}/conf"""
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=IN_TIME)
        if done.returncode == 77 or "unshare" in done.stderr:
            raise Skip("nothing can be mounted here: " + done.stderr.strip())
        assert done.returncode == 0 and "writable by everybody" in done.stderr + done.stdout, done
