"""What must not be in the program as it is used, which is linked statically: the C library's look-up
of users, groups and hosts, and its loader: they load modules of another C library and die of it."""
import os
import re
import shutil
import subprocess

from framework import Skip
from harness import BINARY

# Why each is forbidden: what calls it would load modules (man 5 nsswitch.conf), or is what loads.
FORBIDDEN = re.compile(r"""
    _*(getaddrinfo|getnameinfo|freeaddrinfo|gethostby\w+|gethostent\w*|getnetby\w+|getprotoby\w+)
  | _*(getpw\w+|getgr(ent|gid|nam|ouplist)\w*|fgetpwent\w*|initgroups|getspnam\w*)
  | _*nss_(?!database_fork_)\w+ | _*internal_getgrouplist
  | _*dlopen | _*dlmopen | _*dlsym | _*dlvsym | _*libc_dlopen\w* | _*libc_dlsym\w* | _dl_open\w*
  | (dlopen|dlsym)_implementation | __rtld_static_init
""", re.VERBOSE)
# Both stand in the program itself and answer "none": cmake/no_services.cpp.
FOR_ALL_PORTS = {"getservbyname", "getservbyport_r"}


def is_static(program):
    """An ELF file without an interpreter loads no library."""
    shown = subprocess.run(["readelf", "--program-headers", "--wide", program],
                           capture_output=True, text=True, check=True).stdout
    return "INTERP" not in shown


def defined_in(program):
    """Names that the program defines. A weak one that is undefined is null, and nobody calls it."""
    shown = subprocess.run(["nm", "--defined-only", "--format=posix", program],
                           capture_output=True, text=True, check=True).stdout
    return {line.split(" ", 1)[0].partition("@")[0] for line in shown.splitlines()}


def need_symbols():
    for tool in ("nm", "readelf"):
        if not shutil.which(tool):
            raise Skip(f"{tool} (binutils) is not installed")
    if not is_static(BINARY):
        raise Skip(f"{BINARY} is not linked statically: only the release build is")
    names = defined_in(BINARY)
    if "main" not in names:
        raise Skip(f"{BINARY} was stripped of its symbols")
    return names


def test_nothing_that_loads_modules_is_linked_in():
    names = need_symbols()
    assert {"accept4", "setgroups"} <= names, "the C library's symbols are not among these"
    found = sorted(name for name in names if FORBIDDEN.fullmatch(name))
    assert not found, f"linked into {BINARY}: {found}"


def test_the_tables_of_services_are_our_own():
    """They are called by c-ares, for a port that is a word; the C library's would load modules. One
    that brings `getservbyname` brings getXXbyYY's core with it, whose names cannot be looked for."""
    names = need_symbols()
    brothers = {name for name in names if re.fullmatch(r"_*getserv\w+", name)}
    assert brothers == FOR_ALL_PORTS, brothers
    # Nothing names a module or its table. (nsswitch.conf is read by c-ares: only for the order in
    # which it asks /etc/hosts and name servers itself.)
    with open(BINARY, "rb") as file:
        content = file.read()
    for trace in (b"libnss_", b"/etc/services"):
        assert trace not in content, f"{trace} stands in {os.path.basename(BINARY)}"
