"""Allocations of a server in steady state, counted by count_allocations.c, with their callers."""
import dataclasses
import mmap
import os
import subprocess
import tempfile

from programs import BUILD, COUNTABLE, MULTIPLEX
from trial import Failed, Generator, Server, check_answer, free_port

# The layout of `struct counts` in count_allocations.c, in words of 8 bytes.
HEAD = ["armed", "allocations", "bytes", "frees", "traces_used"]
CLASSES, PROCESSES, TRACES, CALLERS = 4096, 4096, 64, 24
TRACE_WORDS = 3 + CALLERS
FIRST_CLASS = len(HEAD)
FIRST_PROCESS = FIRST_CLASS + CLASSES
FIRST_TRACE = FIRST_PROCESS + 2 * PROCESSES
WORDS = FIRST_TRACE + TRACES * TRACE_WORDS

WARM, COUNTED = 10_000, 100_000
CONNECTIONS = 64


class Counts:
    """The shared file, and the environment that makes a server count into it."""

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile(
            dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.file.truncate(WORDS * 8)
        self.memory = mmap.mmap(self.file.fileno(), WORDS * 8)
        self.words = memoryview(self.memory).cast("q")
        return self

    def __exit__(self, *_):
        self.words.release()
        self.memory.close()
        self.file.close()

    def environment(self):
        return {"LD_PRELOAD": str(BUILD / "count_allocations.so"),
                "ALLOCATION_COUNTS": self.file.name}

    def __getitem__(self, name):
        return self.words[HEAD.index(name)]

    def arm(self, yes):
        self.words[HEAD.index("armed")] = int(yes)

    def by_process(self):
        slots = range(FIRST_PROCESS, FIRST_TRACE, 2)
        return {self.words[at]: self.words[at + 1] for at in slots if self.words[at] != 0}

    def live(self):
        """Blocks in use by their usable size, over all processes; the last size means `or more`."""
        counts = self.words[FIRST_CLASS:FIRST_PROCESS]
        return {number * 16 + 8: count for number, count in enumerate(counts) if count != 0}

    def parts(self, before, clients):
        """What came since `before` for at least every second client: (usable size, for each)."""
        grown = {size: count - before.get(size, 0) for size, count in self.live().items()}
        return [(size, count / clients) for size, count in grown.items() if count * 2 >= clients]

    def traces(self):
        """The first allocations: (size, callers as addresses within the program)."""
        found = []
        for number in range(min(self["traces_used"], TRACES)):
            at = FIRST_TRACE + number * TRACE_WORDS
            depth = self.words[at + 2]
            found.append((self.words[at + 1], tuple(self.words[at + 3:at + 3 + depth])))
        return found


@dataclasses.dataclass
class CountResult:
    service: str
    pieces: bool
    model: object
    requests: int = 0
    allocations: int = 0
    bytes: int = 0
    by_process: int = 0    # the most of one process
    errors: int = 0
    offenders: list = dataclasses.field(default_factory=list)   # (how often, size, callers)
    failure: str = ""


def count(service, mode, pieces, model, options):
    port = free_port()
    found = CountResult(service, pieces, model)
    with Counts() as counts:
        command = model.ours(service, port, CONNECTIONS, options.folder, program=COUNTABLE)
        with Server(command, port, options.processor, counts.environment()) as server:
            if model.name == "process pool":
                server.await_members(65)
            check_answer(service, port, options.folder)
            with Generator(mode, port, options.load_processor, connections=CONNECTIONS,
                           pieces=int(pieces), warm_operations=WARM, operations=COUNTED) as load:
                load.phase()
                if not any(counts.live().values()):
                    raise Failed("nothing was counted at all: the counter was not loaded")
                counts.arm(True)
                load.go_on()
                done = load.phase()
                counts.arm(False)
        found.requests, found.errors = done["operations"], done["errors"]
        found.allocations, found.bytes = counts["allocations"], counts["bytes"]
        found.by_process = max(counts.by_process().values(), default=0)
        found.offenders = offenders(counts.traces())
    return found


def offenders(traces):
    seen = {}
    for size, callers in traces:
        seen[size, callers] = seen.get((size, callers), 0) + 1
    chosen = sorted(seen.items(), key=lambda item: -item[1])[:8]
    names = names_of({address for (_, callers), _ in chosen for address in callers})
    return [(times, size, [names[address] for address in callers
                           if names[address] not in ("", "??")][:6])
            for (size, callers), times in chosen]


def names_of(addresses):
    """Functions of our program by the addresses of calls; those of others come out as ??."""
    ordered = sorted(address for address in addresses if 0 < address < 1 << 32)
    names = dict.fromkeys(addresses, "")
    if ordered:
        # A return address is the instruction behind the call.
        text = subprocess.run(["addr2line", "-f", "-C", "-e", str(COUNTABLE),
                               *[hex(address - 1) for address in ordered]],
                              capture_output=True, text=True, timeout=60).stdout.splitlines()
        names.update(zip(ordered, text[::2]))
    return names


def control(options, say):
    """The counter itself: a client on the shared loop is one object, so connections allocate."""
    found = count("echo", "connect", False, MULTIPLEX, options)
    for times, size, callers in found.offenders:
        say(f"    control: {times} of {size} bytes: " + " < ".join(callers))
    # Those that were open when the counting began had been allocated before.
    if found.allocations < found.requests - CONNECTIONS:
        raise Failed(f"the counter saw {found.allocations} allocations in {found.requests} "
                     "connections: it does not count")
    found.service, found.offenders = "control: a connection for each echo", []
    return found


def measure(cases, options, say):
    results = [control(options, say)] if cases else []
    for service, mode, pieces, model in cases:
        try:
            found = count(service, mode, pieces, model, options)
        except Failed as error:
            found = CountResult(service, pieces, model, failure=str(error))
        results.append(found)
        say(f"allocations {service}{' in pieces' if pieces else ''} {model.name}: " +
            (found.failure or f"{found.allocations} in {found.requests} requests"))
        for times, size, callers in found.offenders:
            say(f"    {times} of {size} bytes: " + " < ".join(callers))
    return results
