"""./dev: wrong words are told, and two demos at once serve what each of them says."""
import os
import re
import signal
import socket
import subprocess
import urllib.request

import harness
from framework import Skip, alone, cases
from harness import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEV = os.path.join(ROOT, "dev")


@cases(["run twice", "build dev more", "build nosuch", "test more", "check more", "format more",
        "docs more", "ci more", "help more", "nosuch"])
def test_words_too_many(words):
    done = subprocess.run([DEV, *words.split()], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and not done.stdout, done
    assert done.stderr.count("\n") == 1 and words.split()[-1] in done.stderr, done.stderr


def echoes(address):
    host, port = address
    with socket.create_connection((host, int(port)), 20) as client:
        client.sendall(b"here\n")
        return client.recv(100) == b"here\n"


@alone
def test_two_demos_at_once():
    if os.path.realpath(harness.BINARY) != os.path.join(ROOT, "build/release/samjoko"):
        raise Skip("the demo is of the program in build/release")
    with harness.folder() as here:
        demos = []
        try:
            for number in range(2):
                with open(f"{here}/{number}", "w") as output:
                    demos.append(subprocess.Popen([DEV, "run"], stdin=subprocess.DEVNULL,
                                                  stdout=output, stderr=output,
                                                  start_new_session=True))
            sites, echo = [], []
            for number, demo in enumerate(demos):
                def text():
                    assert demo.poll() is None, f"it ended with {demo.poll()}"
                    with open(f"{here}/{number}") as file:
                        return file.read()
                until(lambda: "Ctrl+C stops all" in text(), 60, "the demo serves")
                own = re.findall(r"^  http://([0-9.:]+)/ ", text(), re.M)
                assert len(own) == 3, text()
                sites += own
                echo += re.findall(r"^  nc ([0-9.]+) (\d+) ", text(), re.M)
                for address in own + [":".join(echo[-1])]:
                    assert f" on {address} by " in text(), f"{address} is another's: {text()}"
            assert len(set(sites + [":".join(each) for each in echo])) == 8, (sites, echo)
            for address in sites:
                answered = urllib.request.urlopen(f"http://{address}/", timeout=20)
                assert answered.status == 200 and answered.headers["X-Served-By"]
            assert all(echoes(each) for each in echo)
        finally:
            for demo in demos:
                demo.send_signal(signal.SIGTERM)
            for demo in demos:
                demo.wait(30)
