"""Runs job_front in every model and reads what it answers: job_front_test.py PROGRAM."""
import os
import pathlib
import sys
import threading

os.environ["TESTED_BINARY"] = os.path.abspath(sys.argv[1])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

from clients import connect  # noqa: E402
from framework import MODELS  # noqa: E402
from harness import Server  # noqa: E402
from processes import become_subreaper, descendants  # noqa: E402

ANSWERS = {
    "count": ["1", "2", "3", "-- exited with code 0"],
    "fail": ["going", "-- exited with code 3"],
    "crash": ["-- was killed by signal 11 (SIGSEGV, invalid memory reference)"],
    "missing": ["-- execve /nowhere/program: No such file or directory"],
    "nonsense": ["-- there is no such job"],
    "stuck": ["-- took too long"],
}


def ask(client, job):
    client.sendall(job.encode() + b"\n")
    lines = []
    with client.makefile() as answer:
        while not lines or not lines[-1].startswith("-- "):
            line = answer.readline()
            assert line, f"the answer to {job} ended after {lines}"
            lines.append(line.rstrip("\n").removesuffix(", core dumped"))
    return lines


def ask_all(server):
    with connect(server) as client:
        for job, wanted in ANSWERS.items():
            got = ask(client, job)
            assert got == wanted, f"{job}: {got}, not {wanted}"


def main():
    become_subreaper()
    for model in MODELS:
        with Server(model=model) as server:
            asking = [threading.Thread(target=ask_all, args=(server,)) for _ in range(3)]
            for each in asking:
                each.start()
            for each in asking:
                each.join()
            ask_all(server)
            left = [pid for pid in descendants(server.pid) if runs(pid, "sleep")]
            print("-".join(filter(None, model)), "answers", len(ANSWERS), "jobs; left:", len(left))


def runs(pid, name):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip() == name
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    failed = []
    threading.excepthook = lambda thrown: failed.append(thrown.exc_value)
    main()
    sys.exit("\n".join(map(str, failed)) if failed else 0)
