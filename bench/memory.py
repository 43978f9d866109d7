"""User memory of an idle client, by part, and what a fork has to copy."""
import dataclasses
import os
import statistics
import time

import accounting
import allocations
from programs import COUNTABLE, PROCESS_EACH, SAMJOKO
from trial import Failed, Generator, Server, check_answer, free_port


@dataclasses.dataclass
class HeldResult:
    case: object
    who: str
    bytes_each: float      # PSS over all processes: with the clients, less without, by client
    base: int              # PSS without clients
    whole: float           # PSS with the clients, by client
    processes: int
    lost: int              # clients that were closed while they were held
    parts: list            # (block size, how many for each client)


def settled_memory(root):
    """PSS once it has stopped moving: a pool grows after the first answer, too."""
    last = accounting.proportional_memory(root)
    for _ in range(20):
        time.sleep(0.1)
        now = accounting.proportional_memory(root)
        if abs(now[0] - last[0]) < 16 * 1024 and now[1] == last[1]:
            return now
        last = now
    return last


def hold(case, who, options, census=None):
    """`census`: counts blocks by size meanwhile; then the memory itself means nothing."""
    port = free_port()
    if who == "ours":   # a pool grows under the clients, so that its members are counted
        command = case.model.ours(case.service, port, 4, options.folder, case.clients + 8,
                                  COUNTABLE if census else SAMJOKO)
    else:
        command = case.model.limit(case.service, port, case.clients + 1, options.folder)
    environment = census.environment() if census else {}
    with Server(command, port, options.processor, environment) as server:
        if who == "bare" and case.model.name == "process pool":
            server.await_members(case.clients + 2)
        check_answer(case.service, port, options.folder)
        before, _ = settled_memory(server.process.pid)
        blocks = census.live() if census else {}
        with Generator(case.load, port, options.load_processor,
                       connections=case.clients) as load:
            held = load.phase()
            if held["operations"] < case.clients:
                raise Failed(f"{who}: only {held['operations']} of {case.clients} clients held")
            after, processes = settled_memory(server.process.pid)
            parts = census.parts(blocks, case.clients) if census else []
            load.go_on()
            lost = load.phase()["errors"]
    return HeldResult(case, who, (after - before) / case.clients, before,
                      after / case.clients, processes, lost, parts)


def measure(cases, options, say):
    results = []
    for case in cases:
        for who in ("ours", "bare"):
            try:
                rounds = [hold(case, who, options) for _ in range(min(options.rounds, 3))]
                found = sorted(rounds, key=lambda each: each.bytes_each)[len(rounds) // 2]
                found.lost = sum(each.lost for each in rounds)
                if who == "ours" and case.model.name == "multiplex":
                    with allocations.Counts() as census:
                        found.parts = hold(case, who, options, census).parts
            except Failed as error:
                say(f"W6 {case.service} {case.model.name}: {error}")
                continue
            say(f"W6 {case.service} {case.model.name} {who}: {found.bytes_each:.0f} B")
            results.append(found)
    return results


@dataclasses.dataclass
class Forking:
    """A process that forks for each client, while it is idle."""
    who: str
    mappings: int
    fresh_dirty: int       # private dirty bytes, before its first client
    used_dirty: int        # and idle again after many
    fork_cost: float       # CPU of one whole connection, ns (workload W5)


def forking(options):
    """The process that forks: the bare program itself, of ours the worker."""
    found = []
    for who in ("bare", "ours"):
        port = free_port()
        make = PROCESS_EACH.ours if who == "ours" else PROCESS_EACH.limit
        with Server(make("echo", port, 64, options.folder), port, options.processor) as server:
            process = accounting.tree(server.process.pid)[-1 if who == "ours" else 0]
            fresh = accounting.rollup(process, "Private_Dirty")
            check_answer("echo", port, options.folder)
            cost = _connection_cost(server, options)
            time.sleep(0.2)
            found.append(Forking(who, accounting.mappings(process), fresh,
                                 accounting.rollup(process, "Private_Dirty"), cost))
    return found


def _connection_cost(server, options):
    costs = []
    for _ in range(min(options.rounds, 3)):
        with Generator("connect", server.port, options.load_processor, warm_seconds=options.warm,
                       seconds=options.seconds) as load:
            load.phase()
            before = server.cpu()
            load.go_on()
            done = load.phase()
            costs.append((server.cpu() - before) * 1e9 / max(1, done["operations"]))
    return statistics.median(costs)


def machine():
    """One line about where this ran."""
    release = os.uname()
    names = [line.partition(":")[2].strip()
             for line in open("/proc/cpuinfo", encoding="ascii", errors="replace")
             if line.startswith("model name")]
    return (f"{names[0] if names else release.machine}, {os.cpu_count()} processors, "
            f"Linux {release.release}")
