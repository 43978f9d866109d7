#!/usr/bin/env python3
"""Measures the server beside bare programs of the same model; see docs/performance.md.

  bench/run.py                       everything, 5 rounds
  bench/run.py --rounds 15           what a figure to be quoted needs
  bench/run.py --only W4,W5          some of: W1 W2 W3 W4 W5 W6 W7 fork allocations
  bench/run.py --against OLD         beside an older build in place of the bare programs
  bench/run.py --quick               shakes the rig out; its figures mean nothing
"""
import argparse
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

import accounting
import allocations
import memory
import programs
import report
import speed
from workloads import ALLOCATION_CASES, HELD, WORKLOADS

SUBJECTS = [each.name for each in WORKLOADS] + ["W6", "fork", "allocations"]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SUBJECTS), help="subjects, with commas between")
    parser.add_argument("--models", default="", help="as 'multiplex,thread each'; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a measured run")
    parser.add_argument("--warm", type=float, default=0.5, help="seconds before it")
    parser.add_argument("--repeats", type=int, default=2, help="of a run that others disturbed")
    parser.add_argument("--same-cpu", action=argparse.BooleanOptionalAction, default=True,
                        help="generator and server share a processor (default)")
    parser.add_argument("--against", default="", metavar="PROGRAM",
                        help="an older samjoko to stand for the bare programs and their copies")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 0.3 s")
    parser.add_argument("--markdown", action="store_true", help="tables only, no progress")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    for each in options.only:
        if each not in SUBJECTS:
            parser.error(f"no subject {each}; there are: {' '.join(SUBJECTS)}")
    names = [model.name for model in programs.MODELS]
    options.models = options.models.split(",") if options.models else names
    for each in options.models:
        if each not in names:
            parser.error(f"no model {each!r}; there are: {', '.join(names)}")
    return bounded(options)


def bounded(options):
    if options.quick:
        options.rounds, options.seconds, options.warm, options.repeats = 2, 0.3, 0.2, 0
    options.rounds = min(max(options.rounds, 1), 50)
    options.seconds = min(max(options.seconds, 0.1), 30.0)
    options.warm = min(max(options.warm, 0.0), 10.0)
    processors = sorted(os.sched_getaffinity(0))
    options.processor = processors[0]
    options.load_processor = processors[0] if options.same_cpu else processors[-1]
    return options


def prepare(options):
    if not programs.SAMJOKO.exists():
        sys.exit("bench: build/release/samjoko is missing; run ./dev build release")
    if options.against and not pathlib.Path(options.against).exists():
        sys.exit(f"bench: --against {options.against}: there is no such program")
    programs.build_all()
    if {"W6", "allocations"} & set(options.only):
        programs.build_countable()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))   # the servers are ended on the way out


def sizes_of_parts():
    """From parts.cpp, which needs the headers and the library of the release build."""
    try:
        return programs.sizes_of_parts()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"bench: sizes of the parts: {error}", file=sys.stderr)
        return []


def measure(options, say):
    chosen = [model for model in programs.MODELS if model.name in options.models]

    def wanted(model):
        return model in chosen

    known = {service: programs.offers(service) for service in ("echo", "hello", "file")}
    known["hello-once"] = known["hello"]
    found = {"speed": [], "held": [], "fork": [], "allocations": []}
    for workload in WORKLOADS:
        if options.against:
            workload = workload.beside_older()
        if workload.name in options.only and known[workload.service]:
            models = [model for model in workload.goals if wanted(model)]
            found["speed"] += speed.measure(workload, models, options, say)
    if "W6" in options.only:
        cases = [case for case in HELD if known[case.service] and wanted(case.model)]
        found["held"] = memory.measure(cases, options, say)
    if "fork" in options.only:
        found["fork"] = memory.forking(options)
    if "allocations" in options.only:
        cases = [case for case in ALLOCATION_CASES if known[case[0]] and wanted(case[3])]
        found["allocations"] = allocations.measure(cases, options, say)
    return found


def main(arguments):
    options = parse(arguments)
    prepare(options)
    began = time.monotonic()
    load = os.getloadavg()[0]

    def say(line):
        if not options.markdown:
            print(f"[{time.monotonic() - began:5.0f} s] {line}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="samjoko-bench-") as folder:
        options.folder = pathlib.Path(folder)
        os.chmod(folder, 0o755)
        (options.folder / "file.bin").write_bytes(random.Random(1).randbytes(10240))
        found = measure(options, say)
    print(f"{memory.machine()}; load average before: {load:.2f}; {options.rounds} rounds of "
          f"{options.seconds:g} s; generator on the "
          f"{'same' if options.same_cpu else 'other'} processor; "
          f"CPU time by {'control group' if accounting.is_exact() else 'process'}.\n")
    report.speed(found["speed"], print)
    report.held(found["held"], sizes_of_parts() if found["held"] else [], print)
    report.forking(found["fork"], print)
    report.allocations(found["allocations"], print)


if __name__ == "__main__":
    main(sys.argv[1:])
