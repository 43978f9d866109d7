"""A user's g++ that compiles some coroutines wrongly is named once, by a note that stops no build (base/check.hpp)."""
import shutil
import subprocess

from framework import SLOWNESS, Skip, cases, limit
from harness import ROOT

HEADERS = ["samjoko/samjoko.hpp", "samjoko/task/task.hpp", "samjoko/net/connection.hpp", "samjoko/service/testing.hpp"]
FEWER = ["samjoko/task/task.hpp", "samjoko/task/channel.hpp"]
STRICT = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-pedantic-errors"]
NOTE = "#pragma message: samjoko: this g++ compiles some coroutines wrongly"

# What is compiled, by which options, and how often the note is there.
USES = {
    "all in one": ("g++-12", HEADERS, [f"-I{ROOT}"], 1),
    "as an installed package": ("g++-12", FEWER, ["-isystem", ROOT], 1),
    "silenced": ("g++-12", FEWER, [f"-I{ROOT}", "-DSAMJOKO_NO_GCC_NOTE"], 0),
    "clang": ("clang++-19", FEWER, [f"-I{ROOT}"], 0),
}


@cases(list(USES))
@limit(120)
def test_note(use):
    compiler, headers, options, times = USES[use]
    if SLOWNESS > 1:
        raise Skip("does not depend on the program: runs with the release build")
    if not shutil.which(compiler):
        raise Skip(f"there is no {compiler} here")
    source = "".join(f"#include <{header}>\n" for header in headers)
    made = subprocess.run([compiler, *STRICT, *options, "-x", "c++", "-"], input=source, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-3000:]
    assert made.stderr.count(NOTE) == times, made.stderr[-3000:]
    if times == 0:
        assert made.stderr == "", made.stderr[-3000:]
    else:
        for word in ("clang++-19", "g++ 13", "docs/hazards.md", "-DSAMJOKO_NO_GCC_NOTE"):
            assert word in made.stderr, made.stderr
