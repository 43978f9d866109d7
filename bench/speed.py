"""CPU time of the server for each operation, in rounds, against the bare program of its model,
or (--against) an older build of the same server: it then stands for bare and for its copy.
"""
import dataclasses
import statistics
import time

import accounting
from programs import SAMJOKO
from trial import Failed, Generator, Server, check_answer, free_port

DISTURBED = 0.06   # share of the processor that others took; such a run is repeated


@dataclasses.dataclass
class Run:
    nanoseconds: float     # of the server's CPU, for each operation
    errors: int
    others: float          # share of the server's processor that neither side used


@dataclasses.dataclass
class Result:
    """All rounds of one model under one workload: by round, who -> Run."""
    workload: object
    model: object
    rounds: list = dataclasses.field(default_factory=list)
    failure: str = ""

    def costs(self, who):
        return [each[who].nanoseconds for each in self.rounds]

    def ratios(self, who):
        return [each[who].nanoseconds / each["bare"].nanoseconds for each in self.rounds]

    def ratio(self):
        """Ours by bare, cleared of what the same program against itself shows."""
        return statistics.median(self.ratios("ours")) / statistics.median(self.ratios("copy"))

    def difference(self):
        return statistics.median(each["ours"].nanoseconds - each["bare"].nanoseconds
                                 for each in self.rounds)

    def errors(self):
        return sum(run.errors for each in self.rounds for run in each.values())


def run_once(workload, model, who, options):
    port = free_port()
    members = max(64, workload.connections)
    if who == "ours" or options.against:
        program = SAMJOKO if who == "ours" else options.against
        command = model.ours(workload.service, port, members, options.folder, program=program)
    else:
        command = model.limit(workload.service, port, members, options.folder)
    path = "/file.bin" if workload.service == "file" else "/"
    size = {"file": 10240, "echo": 0}.get(workload.service, 13)
    with Server(command, port, options.processor) as server:
        if model.name == "process pool":
            server.await_members(members + 1)
        check_answer(workload.service, port, options.folder)
        with Generator(workload.load, port, options.load_processor, path=path, body_size=size,
                       connections=workload.connections, warm_seconds=options.warm,
                       seconds=options.seconds) as load:
            warm = load.phase()
            began, cpu = time.monotonic(), server.cpu()
            busy = accounting.processor_busy(options.processor)
            load.go_on()
            measured = load.phase()
            cpu = server.cpu() - cpu
            busy = accounting.processor_busy(options.processor) - busy
            wall = time.monotonic() - began
    if measured["operations"] == 0 or cpu <= 0:
        raise Failed(f"{who}: no operation succeeded, or no CPU time was seen")
    shared = measured["cpu"] if options.same_cpu else 0.0
    return Run(cpu * 1e9 / measured["operations"], measured["errors"] + warm["errors"],
               max(0.0, (busy - cpu - shared) / wall))


def run_calmly(workload, model, who, options):
    """A run that others disturbed is made again, twice at most; the calmest counts."""
    best = None
    for _ in range(1 + options.repeats):
        run = run_once(workload, model, who, options)
        if best is None or run.others < best.others:
            best = run
        if best.others <= DISTURBED:
            break
    return best


def measure(workload, models, options, say):
    """Every round serves every model; who comes first changes from round to round."""
    results = [Result(workload, model) for model in models]
    for number in range(options.rounds):
        for result in results:
            if result.failure:
                continue
            who = ["bare", "ours", "copy"]
            who = who[number % 3:] + who[:number % 3]
            try:
                runs = {each: run_calmly(workload, result.model, each, options) for each in who}
            except Failed as error:
                result.failure = str(error)
                say(f"{workload.name} {result.model.name}: {error}")
                continue
            result.rounds.append(runs)
            say(f"{workload.name} round {number + 1} {result.model.name}: " +
                ", ".join(f"{each} {runs[each].nanoseconds:.0f} ns" for each in sorted(runs)))
    return results
