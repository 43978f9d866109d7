#!/usr/bin/env python3
"""Installs a build into an empty prefix and uses it as a stranger would: find_package builds the
examples, pkg-config builds one of them, and what was built serves a client."""
import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time


def run(*command, **options):
    parts = [str(part) for part in command]
    outcome = subprocess.run(parts, capture_output=True, text=True, **options)
    if outcome.returncode:
        raise SystemExit(f"failed: {' '.join(parts)}\n{outcome.stdout}{outcome.stderr}")
    return outcome.stdout


def by_find_package(options, prefix, folder):
    run(options.cmake, "-S", options.examples, "-B", folder, "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={options.compiler}")
    run(options.cmake, "--build", folder)
    return folder / "echo"


def by_pkg_config(options, prefix, folder):
    found = next(prefix.rglob("samjoko.pc"))
    environment = {**os.environ, "PKG_CONFIG_PATH": str(found.parent)}
    flags = run("pkg-config", "--cflags", "--libs", "samjoko", env=environment).split()
    program = folder / "echo-by-pkg-config"
    run(options.compiler, options.examples / "echo.cpp", "-o", program, *flags)
    return program


def echoes(program, folder):
    """Starts `program serve` on a unix socket, sends a line, wants it back, stops it by SIGTERM."""
    address = folder / f"{program.name}.sock"
    with subprocess.Popen([program, "serve", "--listen", f"unix:{address}"]) as server:
        try:
            client = connect(address, server)
            client.sendall(b"hello\n")
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
            assert answer == b"hello\n", f"{program.name} answered {answer!r}"
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0, f"{program.name} left with {server.returncode}"
        finally:
            server.kill()


def connect(address, server, patience=20.0):
    until = time.monotonic() + patience
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(patience)
        try:
            client.connect(str(address))
            return client
        except OSError:
            client.close()
            assert server.poll() is None, f"the server left with {server.returncode}"
            assert time.monotonic() < until, f"nobody listens on {address}"
            time.sleep(0.02)


PRINTED = ["man/man1/samjoko.1", "man/man5/samjoko.toml.5",
           "bash-completion/completions/samjoko", "zsh/site-functions/_samjoko",
           "fish/vendor_completions.d/samjoko.fish"]


def pages_are_there(prefix):
    """The manual and the completion of shells, as the installed program prints them."""
    for page in PRINTED:
        text = (prefix / "share" / page).read_text()
        assert "idle" in text, f"{page} knows no option"
    assert (prefix / "share" / PRINTED[0]).read_text() == run(prefix / "bin/samjoko", "manual")


def the_licence_is_there(prefix):
    text = (prefix / "share/doc/samjoko/LICENSE").read_text()
    assert text.startswith("Boost Software License - Version 1.0"), text[:80]
    metadata = next(prefix.rglob("samjoko.pc")).read_text()
    assert "License: BSL-1.0" in metadata, metadata


def headers_are_whole_and_clean(options, prefix, folder):
    """Each include of an installed header is installed too, all of them compile together, and they
    define no macro but SAMJOKO_… ones: CHECK would be the user's test framework's."""
    root = prefix / "include"
    headers = sorted(str(each.relative_to(root)) for each in root.rglob("*.hpp"))
    assert "samjoko/samjoko.hpp" in headers, headers
    inside = [each for each in headers
              if each.startswith(("samjoko/operate/", "samjoko/postmortem/", "samjoko/log/"))]
    assert not inside, f"not for users: {inside}"
    source = folder / "all.cpp"
    source.write_text("".join(f"#include <{each}>\n" for each in headers))
    text = run(options.compiler, "-std=c++23", "-DSAMJOKO_NO_GCC_NOTE", f"-I{root}", "-E", "-dD",
               source)
    place, foreign = "", []
    for line in text.splitlines():
        if line.startswith("# "):
            place = line.split('"')[1]
        elif line.startswith("#define ") and place.startswith(str(root)):
            name = line.split()[1].partition("(")[0]
            foreign += [f"{name} in {place}"] * (not name.startswith("SAMJOKO_"))
    assert not foreign, f"macros without SAMJOKO_: {foreign}"
    run(options.compiler, "-std=c++23", "-DSAMJOKO_NO_GCC_NOTE", f"-I{root}", "-fsyntax-only",
        source)


def the_lint_works(options, prefix, folder):
    """It finds what it needs, and a header of the installation beside it."""
    lint, wrong = prefix / "bin/samjoko-lint", folder / "wrong.cpp"
    run(lint, options.examples)
    wrong.write_text("#include <samjoko/samjoko.hpp>\nsamjoko::task<> one(samjoko::link& line) {\n"
                     "  const int n = 1;\n  co_await line.publish(\"a\", {}, {.not_to_me = n});\n"
                     "  co_await two({n, text});\n}\n")
    done = subprocess.run([lint, wrong], capture_output=True, text=True)
    assert done.returncode == 1, f"{done.returncode} {done.stderr}"
    assert done.stdout.startswith(f"{wrong}:5:16: ") and done.stdout.count("\n") == 1, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--examples"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    for name in ("--cmake", "--compiler"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "prefix"
        run(options.cmake, "--install", options.build, "--prefix", prefix)
        assert run(prefix / "bin/samjoko", "version").strip(), "samjoko version says nothing"
        pages_are_there(prefix)
        the_licence_is_there(prefix)
        headers_are_whole_and_clean(options, prefix, folder)
        the_lint_works(options, prefix, folder)
        for program in (by_find_package(options, prefix, folder / "build"),
                        by_pkg_config(options, prefix, folder)):
            echoes(program, folder)
    print("installed; examples by find_package and pkg-config serve")


if __name__ == "__main__":
    sys.exit(main())
