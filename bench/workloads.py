"""What is measured, and what each model is to reach: a table."""
import dataclasses

from programs import MODELS, MULTIPLEX, PROCESS_EACH, PROCESS_POOL, THREAD_EACH, THREAD_POOL


@dataclasses.dataclass(frozen=True, eq=False)
class Workload:
    name: str
    title: str
    service: str          # echo, hello, hello-once or file
    load: str             # the generator's mode
    goals: dict           # model -> the ratio that is allowed
    connections: int = 64

    def beside_older(self):
        """The same, for every model: of a process for each client only what does not stay."""
        models = [model for model in MODELS
                  if model is not PROCESS_EACH or self.service in ("echo", "hello-once")]
        return dataclasses.replace(self, goals={model: AGAINST_GOAL for model in models})


def goals(multiplex, threads, process_pool, process_each=None):
    found = {MULTIPLEX: multiplex, THREAD_EACH: threads, THREAD_POOL: threads,
             PROCESS_POOL: process_pool, PROCESS_EACH: process_each}
    return {model: goal for model, goal in found.items() if goal is not None}


# What a newer build may cost beside an older one, in every model (--against).
AGAINST_GOAL = 1.03

WORKLOADS = [
    Workload("W1", "hello, keep-alive, 64 connections", "hello", "http", goals(1.15, 1.15, 1.15)),
    Workload("W2", "hello, 16 requests in one send, 64 connections", "hello", "pipelined",
             goals(1.35, 1.40, 1.40)),
    Workload("W3", "hello, a connection for each request, 64 at once", "hello-once", "once",
             goals(1.05, 1.10, 1.15)),
    Workload("W4", "echo of 64 bytes, 64 connections", "echo", "echo",
             goals(1.05, 1.05, 1.05, 1.05)),
    Workload("W5", "connect, echo of 64 bytes, close, 64 at once", "echo", "connect",
             goals(1.10, 1.10, 1.10, 1.25)),
    Workload("W7", "file of 10 KiB, keep-alive, 32 connections", "file", "http",
             {MULTIPLEX: 1.25}, connections=32),
]


@dataclasses.dataclass(frozen=True, eq=False)
class Held:
    """Idle clients, and the bytes of user memory that each may cost."""
    service: str
    load: str
    model: object
    clients: int
    goal: int


KIB = 1024
HELD = [
    Held("echo", "hold-echo", MULTIPLEX, 5000, 512),
    Held("hello", "hold-http", MULTIPLEX, 5000, 384),
    Held("echo", "hold-echo", THREAD_EACH, 500, 16 * KIB),
    Held("echo", "hold-echo", THREAD_POOL, 500, 16 * KIB),
    Held("echo", "hold-echo", PROCESS_POOL, 200, 200 * KIB),
    Held("echo", "hold-echo", PROCESS_EACH, 200, 100 * KIB),
]

ALLOCATION_CASES = [(service, load, pieces, model)
                    for service, load in (("echo", "echo"), ("hello", "http"))
                    for pieces in (False, True)
                    for model in MODELS]
