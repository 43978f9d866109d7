"""The programs that take part: how they are built and how each is started."""
import dataclasses
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
SAMJOKO = ROOT / "build" / "release" / "samjoko"
# The same library in a program that is linked dynamically, so that a counter can be preloaded.
COUNTABLE = BUILD / "samjoko"

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow"]


@dataclasses.dataclass(frozen=True)
class Model:
    """A way of running: the arguments that choose it, and the bare program beside it."""
    name: str
    bare: str
    arguments: tuple
    pool: bool = False

    def ours(self, service, port, members, folder, most=None, program=SAMJOKO):
        """The command that serves `service` (as workloads name it) on `port`. A pool has `members`
        from the start and may grow to `most`.
        """
        what = {"file": ["files", str(folder)], "hello-once": ["hello"]}.get(service, [service])
        most = str(most or members + 8)
        pool = ["--pool-min", str(members), "--pool-max", most] if self.pool else []
        return [str(program), "serve", *what, "--listen", f"127.0.0.1:{port}", "--workers", "1",
                *self.arguments, *pool]

    def limit(self, service, port, members, folder):
        what = str(folder / "file.bin") if service == "file" else service
        return [str(BUILD / f"bare_{self.bare}"), str(port), what, str(members)]


MULTIPLEX = Model("multiplex", "epoll", ("--model", "multiplex"))
THREAD_EACH = Model("thread each", "thread_each", ("--model", "thread", "--spawn", "each"))
THREAD_POOL = Model("thread pool", "thread_pool", ("--model", "thread", "--spawn", "pool"), True)
PROCESS_POOL = Model("process pool", "process_pool", ("--model", "process", "--spawn", "pool"),
                     True)
PROCESS_EACH = Model("process each", "process_each", ("--model", "process", "--spawn", "each"))
MODELS = [MULTIPLEX, THREAD_EACH, THREAD_POOL, PROCESS_POOL, PROCESS_EACH]


def _build(target, sources, command):
    target = BUILD / target
    newest = max(p.stat().st_mtime for p in [*sources, *HERE.glob("*/*.hpp")])
    if target.exists() and target.stat().st_mtime > newest:
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, *WARNINGS, "-O2", f"-I{HERE}", "-o", str(target),
                    *[str(p) for p in sources if p.suffix != ".hpp"], "-pthread"], check=True)


def build_all():
    for model in MODELS:
        sources = [HERE / "bare" / f"{model.bare}.cpp", HERE / "bare" / "bare.cpp"]
        _build(f"bare_{model.bare}", sources, ["g++", "-std=c++23", "-static"])
    _build("load", sorted((HERE / "load").glob("*.cpp")), ["g++", "-std=c++23"])
    _build("count_allocations.so", [HERE / "count_allocations.c"], ["gcc", "-shared", "-fPIC"])


def offers(service):
    """Whether the server under test was built with this service."""
    name = {"file": "files", "hello-once": "hello"}.get(service, service)
    text = subprocess.run([str(SAMJOKO), "help"], capture_output=True, text=True, timeout=20).stdout
    return any(line.split()[:1] == [name] for line in text.partition("Services:")[2].splitlines())


def _build_with_library(target, source):
    """Against the library of the release build."""
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(["g++", "-std=c++23", "-O2", "-DNDEBUG", "-DSAMJOKO_NO_GCC_NOTE", *WARNINGS,
                    f"-I{ROOT}", "-o", str(target), str(source),
                    str(SAMJOKO.parent / "libsamjoko.a"),
                    "-lcares", "-pthread"], check=True)


def build_countable():
    _build_with_library(COUNTABLE, ROOT / "samjoko" / "cli" / "main.cpp")


def sizes_of_parts():
    """Pairs of a part's name and its size, by parts.cpp."""
    _build_with_library(BUILD / "parts", HERE / "parts.cpp")
    lines = subprocess.run([str(BUILD / "parts")], capture_output=True, text=True, check=True,
                           timeout=20).stdout.splitlines()
    return [tuple(line.split("\t")) for line in lines]
