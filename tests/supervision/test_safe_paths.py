"""Paths that other users of the machine may bend: refused with a sentence, nothing is followed."""
import os
import stat
import subprocess

from clients import connect_to, echoes
from framework import IN_TIME, Skip, cases
from harness import BINARY, Server, folder


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
