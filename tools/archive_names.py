#!/usr/bin/env python3
"""Which names of libsamjoko.a could meet others' in a user's program (cmake/private_names.cmake).

  tools/archive_names.py ARCHIVE     print those that are neither ours nor the standard library's
"""
import re
import subprocess
import sys

# Ours; what others wrote and we compile under a name of ours; the compiler's own library, which is
# the same one in the whole program.
PRIVATE = {"samjoko_CLI", "samjoko_boost", "samjoko_fmt", "samjoko_nlohmann", "samjoko_toml"}
ALLOWED = {"samjoko", *PRIVATE, "std", "__gnu_cxx", "__cxxabiv1"}
# Words that stand unqualified in the name of an instance of std's: the language's own, those of
# c++filt, and structures of the kernel and the C library, of which there is one in a system.
WORDS = set("""void bool char short int long float double unsigned signed wchar_t char8_t char16_t
  char32_t __int128 const volatile noexcept auto decltype nullptr true false operator new delete
  typeinfo name for vtable VTT guard variable non virtual thunk to construction in abi clone begin
  end parm lambda requires unnamed type anonymous namespace reference temporary initializer
  pollfd stat siginfo_t iovec epoll_event _IO_FILE sock_filter sockaddr __va_list_tag timespec
  sigaction dirent __dirstream cpu_set_t rlimit statx __mbstate_t Dwfl
  sizeof borrowed_range sv""".split())
_ROOT = re.compile(r"(?<![\w:>)}~])([A-Za-z_]\w*)::")
_BARE = re.compile(r"(?<![\w:)}~#.])([A-Za-z_]\w*)(?![\w]|::|<)")


def _without_decltype(name):
    """Without the expressions whose types a name tells: members stand in them as bare words."""
    while (begin := name.find("decltype (")) >= 0:
        end, depth = begin + len("decltype ("), 1
        while depth and end < len(name):
            depth += {"(": 1, ")": -1}.get(name[end], 0)
            end += 1
        name = name[:begin] + name[end:]
    return name


def is_strange(name):
    """`name`: as c++filt prints it."""
    roots = set(_ROOT.findall(name)) - {"const", "noexcept", "volatile"}
    if not roots <= ALLOWED:
        return True
    if any(root.startswith("samjoko") for root in roots):
        return False
    if not roots and not name.startswith(("typeinfo ", "operator new(", "operator delete(")):
        return True
    bare = _without_decltype(re.sub(r"\[abi:\w+\]", "", name))
    return not set(_BARE.findall(bare)) <= WORDS


def _names(archive, *options):
    shown = subprocess.run(["nm", "--extern-only", "--format=posix", "--quiet", *options, archive],
                           capture_output=True, text=True, check=True).stdout
    # The compiler's reference to a type, in the data of a function that catches it.
    names = {line.split(" ", 1)[0].removeprefix("DW.ref.") for line in shown.splitlines()
             if not line.endswith(":")}
    mangled = sorted(names - {"", "__gxx_personality_v0"})
    plain = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True,
                           check=True).stdout
    return plain.splitlines()


def strangers(archive):
    """What it defines and is not ours, and what it wants from libraries that it should bring."""
    defined, wanted = _names(archive, "--defined-only"), _names(archive, "--undefined-only")
    ours = {root for name in defined for root in _ROOT.findall(name)}
    if len(defined) < 1000 or not {"samjoko", "std"} <= ours:
        raise SystemExit(f"{archive}: {len(defined)} names, of {sorted(ours)}: not read as a whole")
    return ([f"defines {name}" for name in defined if is_strange(name)]
            + [f"wants {name}" for name in wanted if not set(_ROOT.findall(name)) <= ALLOWED])


if __name__ == "__main__":
    found = strangers(sys.argv[1])
    print("\n".join(found))
    sys.exit(1 if found else 0)
