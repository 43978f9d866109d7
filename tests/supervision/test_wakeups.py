"""The judge of waiting itself: it tells a process that waits from one that spins."""
import contextlib
import subprocess
import sys

from framework import alone, cases, limit
from wakeups import Wakeups

WAITS = "import time\nwhile True: time.sleep(0.1)"
SPINS = "while True: pass"
SPINS_ON_CALLS = "import os\nwhile True: os.getppid()"
WAITS_TOO_SHORT = "import time\nwhile True: time.sleep(0.001)"


@contextlib.contextmanager
def python(program):
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_what_waits_is_found_waiting():
    with python(WAITS) as pid:
        Wakeups(pid, 1).check(60)


@alone
@limit(60)
@cases([("spins", SPINS), ("spins on calls", SPINS_ON_CALLS), ("waits too short", WAITS_TOO_SHORT)],
       lambda case: case[0])
def test_what_spins_is_found_spinning(case):
    with python(case[1]) as pid:
        try:
            Wakeups(pid, 1).check(60, patience=2)
        except AssertionError as found:
            print(found)
            return
    raise AssertionError("taken for waiting")
