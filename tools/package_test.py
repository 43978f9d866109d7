#!/usr/bin/env python3
"""The installed library in a program whose CLI11 and fmt are others (tests/strangers): linked by
each compiler and linker that is here, statically too. And no name of the archive is another's."""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from archive_names import is_strange, strangers  # noqa: E402
from install_test import connect, run  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "tests/strangers"
# What would be found if it were in the archive, and what may be.
STRANGE = ["CLI::App::clear()", "typeinfo for fmt::v9::format_error", "helper(int)", "helper",
           "std::vector<CLI::App, std::allocator<CLI::App> >::~vector()",
           "std::vector<widget, std::allocator<widget> >::~vector()",
           "guard variable for boost::beast::table()::tab", "bool toml::v3::is_hex<char>(char)",
           "samjoko::each(nlohmann::json const&)"]
KNOWN = ["samjoko::run(int, char**)", "samjoko_CLI::App::clear()", "typeinfo for int* (*)(char)",
         "std::vector<pollfd, std::allocator<pollfd> >::~vector()",
         "std::vector<samjoko::cli::option, std::allocator<samjoko::cli::option> >::~vector()"]
LIBDW = ["dw", "elf", "z", "lzma", "bz2"]


def names_are_ours(archive):
    wrong = [n for n in STRANGE if not is_strange(n)] + [n for n in KNOWN if is_strange(n)]
    assert not wrong, f"the check itself is wrong about {wrong}"
    found = strangers(archive)
    assert not found, f"{len(found)} names that a program may have too:\n" + "\n".join(found)


def flags(prefix, *which):
    found = next(prefix.rglob("samjoko.pc")).parent
    path = os.pathsep.join([str(found), os.environ.get("PKG_CONFIG_PATH", "")])
    return run("pkg-config", *which, "samjoko", env={**os.environ, "PKG_CONFIG_PATH": path}).split()


def compiled(compiler, prefix, source, folder, *options):
    made = folder / f"{pathlib.Path(compiler).name}-{source.stem}.o"
    run(compiler, "-O1", "-fno-omit-frame-pointer", "-DSAMJOKO_NO_GCC_NOTE", f"-I{HERE}",
        *flags(prefix, "--cflags"), *options, "-c", source, "-o", made)
    return made


def is_right(program, folder, falls=False):
    """It reads its options, serves, throws and catches its own exceptions, and stops."""
    done = subprocess.run([program, "serve", "--no-such-option"], capture_output=True, text=True)
    assert done.returncode == 2 and "no option --no-such-option" in done.stderr, \
        f"{program.name}: an unknown option: {done.returncode} {done.stderr}"
    address, log = folder / f"{program.name}.sock", folder / f"{program.name}.log"
    with open(log, "w") as out, subprocess.Popen(
            [program, "serve", "--listen", f"unix:{address}", "--control", "none"],
            stderr=out) as server:
        try:
            client = connect(address, server)
            client.sendall(b"hello\nthrow\n")
            wanted, got = b"hello\nthrown by its owner with 8 and 5\n", b""
            while len(got) < len(wanted) and (more := client.recv(4096)):
                got += more
            assert got == wanted, f"{program.name} answered {got!r}"
            if falls:
                client.sendall(b"fall\n")
                assert client.recv(4096) == b"", "it did not fall over"
                death_names_its_calls(log, server)
            client.close()
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0, f"{program.name} left with {server.returncode}"
        finally:
            server.kill()


def death_names_its_calls(log, server, patience=30.0):
    until = time.monotonic() + patience
    while "SIGSEGV" not in (said := log.read_text()):
        assert server.poll() is None and time.monotonic() < until, f"no death is told:\n{said}"
        time.sleep(0.05)
    line = next(line for line in said.splitlines() if "SIGSEGV" in line)
    told = line.partition("; in ")[2]
    places = [told.find(f"{call}(") for call in ("stranger_falls_over", "stranger_is_asked_to",
                                                 "serve")]
    assert -1 not in places and places == sorted(places), f"the calls are not named: {line}"


def linked(compiler, folder, name, parts, *options):
    program = folder / name
    run(compiler, *parts, "-o", program, *options)
    return program


def has_archives(compiler, names):
    """Whether the compiler finds the static libraries; it prints a bare name if it does not."""
    return all("/" in run(compiler, f"-print-file-name=lib{name}.a").strip() for name in names)


def by_each_compiler(options, prefix, folder):
    tried = []
    linkers = ["", "lld"] if shutil.which("ld.lld") else [""]
    second = shutil.which("clang++-19")
    for compiler, its in ((options.compiler, linkers), (second, linkers[-1:])):
        if not compiler:
            continue
        stranger = compiled(compiler, prefix, HERE / "stranger.cpp", folder)
        for linker in its:
            name = f"{pathlib.Path(compiler).name}-{linker or 'ld'}"
            program = linked(compiler, folder, name, [stranger], *flags(prefix, "--libs"),
                             *([f"-fuse-ld={linker}"] if linker else []))
            is_right(program, folder)
            program.unlink()
            tried.append(name)
    return tried


def statically(options, prefix, folder):
    """As the program `samjoko` is linked: its own loader of libdw in place of the library's."""
    if not has_archives(options.compiler, ["cares", "c", *LIBDW]):
        return ["not statically: a static library is missing"]
    stranger = compiled(options.compiler, prefix, HERE / "stranger.cpp", folder)
    libdw = compiled(options.compiler, prefix, ROOT / "cmake/linked_libdw.cpp", folder,
                     f"-I{ROOT}", "-DSAMJOKO_LIBDW")
    program = linked(options.compiler, folder, "static", [stranger, libdw], "-static",
                     *flags(prefix, "--static", "--libs"), *(f"-l{name}" for name in LIBDW))
    is_right(program, folder, falls=True)
    return ["static"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    for name in ("--cmake", "--compiler"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "prefix"
        run(options.cmake, "--install", options.build, "--prefix", prefix)
        names_are_ours(next(prefix.rglob("libsamjoko.a")))
        tried = by_each_compiler(options, prefix, folder) + statically(options, prefix, folder)
    print("names are ours; strangers are served:", ", ".join(tried))


if __name__ == "__main__":
    sys.exit(main())
