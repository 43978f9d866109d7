"""The order in which the linker lays the functions of a request side by side names real ones."""
import os
import subprocess
import sys

from framework import Skip
from harness import BINARY, ROOT


def test_the_order_is_not_stale():
    """It had fallen behind by 18 of 237 names, and a forked child took 20 page faults for 14."""
    if "/release/" not in os.path.abspath(BINARY):
        raise Skip("only the release build is ordered")
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "hot_functions.py"),
                           "--check", "--binary", BINARY], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
