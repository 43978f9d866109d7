"""Wrong use: one clear line on standard error, the exit code of the design, nothing left."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import harness
from framework import Skip, cases
from harness import Server, folder, run_to_end

USAGE, COULD_NOT_START = 2, 3
ECHO = ["serve", "echo", "--listen", "127.0.0.1:0"]
FILES = ["serve", "files", "/usr/share", "--listen", "127.0.0.1:0"]

# What is wrong, the words, and what the line must name.
BAD_USE = [
    ("no command", [], "command"),
    ("unknown command", ["sreve"], "sreve"),
    ("no service", ["serve"], "SERVICE"),
    ("unknown service", ["serve", "ehco"], "ehco"),
    ("service lists what there is", ["serve", "ehco"], "echo"),
    ("unknown flag", ECHO + ["--modle", "thread"], "--modle"),
    ("flag without value", ECHO + ["--model"], "--model"),
    ("flag given twice", ECHO + ["--idle-timeout", "1s", "--idle-timeout", "2s"],
     "--idle-timeout"),
    ("unknown model", ECHO + ["--model", "fibre"], "fibre"),
    ("unknown spawn", ECHO + ["--model", "thread", "--spawn", "some"], "some"),
    ("spawn of multiplex", ECHO + ["--model", "multiplex", "--spawn", "pool"], "--spawn"),
    ("spawn of the default model", ECHO + ["--spawn", "each"], "--spawn"),
    ("workers 0", ECHO + ["--workers", "0"], "--workers"),
    ("workers no number", ECHO + ["--workers", "many"], "--workers"),
    ("workers negative", ECHO + ["--workers", "-1"], "--workers"),
    ("too many workers", ECHO + ["--workers", "100000"], "--workers"),
    ("time without unit known", ECHO + ["--idle-timeout", "3 weeks"], "3 weeks"),
    ("negative time", ECHO + ["--idle-timeout", "-1s"], "--idle-timeout"),
    ("size no number", ECHO + ["--min-write-rate", "fast"], "fast"),
    ("mode no octal", ["serve", "echo", "--listen", "unix:/tmp/samjoko-none",
                       "--unix-mode", "9"], "9"),
    ("pool-min above pool-max", ECHO + ["--model", "thread", "--pool-min", "9",
                                        "--pool-max", "3"], "--pool-min"),
    ("log level unknown", ECHO + ["--log-level", "loud"], "loud"),
    ("group without user", ECHO + ["--group", "nogroup"], "--group"),
    ("no port", ["serve", "echo", "--listen", "127.0.0.1"], "127.0.0.1"),
    ("port too large", ["serve", "echo", "--listen", "127.0.0.1:70000"], "70000"),
    ("half a name for an address", ["serve", "echo", "--listen", "local..host:7000"], "local..host"),
    ("empty unix path", ["serve", "echo", "--listen", "unix:"], "unix:"),
    ("unix path too long", ["serve", "echo", "--listen", "unix:/" + "a" * 200], "aaa"),
    ("a standard stream", ["serve", "echo", "--listen", "fd:0"], "fd:0"),
    ("descriptor no number", ["serve", "echo", "--listen", "fd:3x"], "fd:3x"),
    ("descriptor without name", ["serve", "echo", "--listen", "fd:"], "fd:"),
    ("log format unknown", ECHO + ["--log-format", "xml"], "xml"),
    ("way to fail unknown", ECHO + ["--when-failed", "sleep"], "sleep"),
    ("control without path", ECHO + ["--control"], "--control"),
    ("control path too long", ["status", "--control", "/" + "a" * 200], "aaa"),
    ("status of something", ["status", "everything"], "everything"),
    ("status with an unknown option", ["status", "--jason"], "--json"),
    ("status that waits", ["status", "--wait"], "--wait"),
    ("json twice", ["status", "--json", "--json"], "--json"),
    ("control named twice", ["status", "--control", "/a", "--control", "/b"], "--control"),
    ("help for what there is not", ["help", "nosuch"], "nosuch"),
    ("help for two", ["help", "serve", "check"], "check"),
    ("version of something", ["version", "serve"], "serve"),
    ("two pages of the manual", ["manual", "1", "5"], "manual"),
    ("completion for two shells", ["completion", "bash", "zsh"], "completion"),
    ("scale by nothing", ["scale"], "scale"),
    ("scale to none", ["scale", "0"], "0"),
    ("scale to words", ["scale", "many"], "many"),
    ("scale to too many", ["scale", "257"], "257"),
    ("scale twice", ["scale", "2", "3"], "3"),
    ("group without name", ["scale", "2", "--group"], "--group"),
    ("stop a group", ["stop", "--group", "x"], "--group"),
    ("echo takes no argument", ECHO + ["argument"], "argument"),
    ("relay without address", ["serve", "relay", "--listen", "127.0.0.1:0"], "relay"),
    ("relay to port 0", ["serve", "relay", ":0", "--listen", "127.0.0.1:0"], "port 0"),
    ("relay to port 0 of a name", ["serve", "relay", "localhost:0", "--listen", "127.0.0.1:0"],
     "port 0"),
    ("relay to nonsense", ["serve", "relay", "nonsense", "--listen", "127.0.0.1:0"], "nonsense"),
    ("files without directory", ["serve", "files", "--listen", "127.0.0.1:0"], "files"),
    ("two directories", ["serve", "files", "/tmp", "/usr", "--listen", "127.0.0.1:0"], "files"),
    # Its thread died of it with the first client, and the whole worker with it.
    ("stack too small for a client",
     FILES + ["--model", "thread", "--stack-size", "20k"], "--stack-size"),
    ("head size above the cap", FILES + ["--max-head", "257k"], "--max-head"),
    # Kept in 32 bits further down: once this one became 64.
    ("head size that wraps", FILES + ["--max-head", "4294967360"], "--max-head"),
    ("head size below all heads", FILES + ["--max-head", "63"], "--max-head"),
    ("target larger than heads are", FILES + ["--max-target", "257k"], "--max-target"),
    ("target of no bytes", FILES + ["--max-target", "0"], "--max-target"),
    ("more fields than a table holds", FILES + ["--max-headers", "257"], "--max-headers"),
]

# An option that would have no effect: the words and the option.
IGNORED = [(f"{option} in {' '.join(where)}", ECHO + where + [option, value], option)
           for where, ignored in [
               (["--model", "multiplex"], [("--pool-min", "2"), ("--pool-max", "9"),
                                           ("--pool-idle", "1s"), ("--recycle-after", "5"),
                                           ("--stack-size", "128k")]),
               (["--model", "process", "--spawn", "pool"], [("--stack-size", "128k")]),
               (["--model", "process", "--spawn", "each"],
                [("--pool-min", "2"), ("--pool-max", "9"), ("--pool-idle", "1s"),
                 ("--recycle-after", "5"), ("--stack-size", "128k")]),
               (["--model", "thread", "--spawn", "pool"], [("--recycle-after", "5")]),
               (["--model", "thread", "--spawn", "each"],
                [("--pool-min", "2"), ("--pool-max", "9"), ("--pool-idle", "1s"),
                 ("--recycle-after", "5")])]
           for option, value in ignored]
IGNORED += [(f"{option} of echo", ECHO + [option] + value, option)
            for option, value in [("--identify", []), ("--list", []), ("--max-head", ["8k"]),
                                  ("--max-target", ["4k"]), ("--max-headers", ["50"]),
                                  ("--max-body", ["1k"]), ("--head-timeout", ["1s"]),
                                  ("--body-timeout", ["1s"])]]
IGNORED += [("--list of hello", ["serve", "hello", "--listen", "127.0.0.1:0", "--list"], "--list"),
            ("--unix-mode of TCP", ECHO + ["--unix-mode", "600"], "--unix-mode"),
            ("--unix-owner of TCP", ECHO + ["--unix-owner", "nobody"], "--unix-owner")]


def check_one_line(text, named):
    assert text.endswith("\n") and text.count("\n") == 1, f"not one line: {text!r}"
    assert named in text, f"does not name '{named}': {text}"
    assert len(text) < 400 and "Assertion" not in text and "terminate" not in text, text


def expect(words, code, named, **options):
    got, text = run_to_end(*words, **options)
    check_one_line(text, named)
    assert got == code, f"exit code {got}, not {code}: {text}"


@cases(BAD_USE, lambda each: each[0])
def test_bad_use(case):
    expect(case[1], USAGE, case[2])


@cases(IGNORED, lambda each: each[0])
def test_option_that_would_be_ignored(case):
    expect(case[1], USAGE, case[2])


def test_missing_directory():
    expect(["serve", "files", "/nowhere/at/all", "--listen", "127.0.0.1:0"], USAGE,
           "/nowhere/at/all")


def test_a_file_for_a_directory():
    expect(["serve", "files", "/etc/passwd", "--listen", "127.0.0.1:0"], USAGE,
           "/etc/passwd")


@cases(["127.0.0.1:{}", "[::1]:{}", ":{}"])
def test_address_in_use(form):
    family = socket.AF_INET if form.startswith("127") else socket.AF_INET6
    with socket.socket(family) as taken:
        taken.bind(("::1" if form.startswith("[") else "", 0))
        taken.listen()
        where = form.format(taken.getsockname()[1])
        expect(["serve", "echo", "--listen", where], COULD_NOT_START, where)
        assert "in use" in run_to_end("serve", "echo", "--listen", where)[1]


def test_second_address_in_use_leaves_nothing_of_the_first():
    with folder() as here, socket.create_server(("127.0.0.1", 0)) as taken:
        port, path = taken.getsockname()[1], here + "/first"
        expect(["serve", "echo", "--listen", f"unix:{path}", "--listen", f"127.0.0.1:{port}"],
               COULD_NOT_START, str(port))
        assert not os.path.exists(path), "the socket file of the first listener is left behind"


def test_an_address_of_another_machine():
    expect(["serve", "echo", "--listen", "192.0.2.1:7000"], COULD_NOT_START, "192.0.2.1:7000")


def unprivileged(words):
    """The words run by nobody, without the right to low ports."""
    if os.getuid() != 0:
        return words
    if not shutil.which("setpriv"):
        raise Skip("setpriv is missing")
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", *words]


def copy_for_everybody(here):
    """The program where an unprivileged user may run it."""
    import harness
    os.chmod(here, 0o755)
    return shutil.copy(harness.BINARY, here + "/samjoko")


def test_low_port_without_the_right():
    import subprocess
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
        if int(file.read()) <= 79:
            raise Skip("everybody may use low ports on this machine")
    with folder() as here:
        words = unprivileged([copy_for_everybody(here), "serve", "echo", "--listen",
                              "127.0.0.1:79"])
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, cwd="/")
    check_one_line(done.stderr, "127.0.0.1:79")
    assert done.returncode == COULD_NOT_START
    assert re.search("permi|denied", done.stderr, re.IGNORECASE) and "1024" in done.stderr


def test_unknown_owner_of_a_socket():
    with folder() as here:
        expect(["serve", "echo", "--listen", f"unix:{here}/socket", "--unix-owner",
                "nobody-of-that-name"], COULD_NOT_START, "nobody-of-that-name")
        assert not os.path.exists(here + "/socket"), "the socket file is left behind"


def test_unwritable_log():
    expect(ECHO + ["--log", "/nowhere/at/all.log"], COULD_NOT_START, "/nowhere/at/all.log")


def test_unknown_user():
    if os.getuid() != 0:
        raise Skip("only root can change its user")
    expect(ECHO + ["--user", "nobody-of-that-name"], COULD_NOT_START, "nobody-of-that-name")


@cases(["--help", "help", "-h", "help serve", "help files", "help --help"])
def test_help_is_no_error(words):
    done = subprocess.run([harness.BINARY, *words.split()], capture_output=True, text=True,
                          timeout=10)
    assert done.returncode == 0 and not done.stderr and "--model" in done.stdout


def test_standard_input_closed():
    """A program started without descriptors 0 to 2 does not take a listener for one of them."""
    with tempfile.NamedTemporaryFile() as log:
        server = Server("echo", "--log", log.name, inherited_log=log.name,
                        before=lambda: os.closerange(0, 3))
        with server, socket.create_connection(("127.0.0.1", server.port), 5) as client:
            client.sendall(b"there\n")
            assert client.recv(100) == b"there\n"


def spoiled(output):
    """What makes standard output take nothing: (what Popen is given, what the child does first)."""
    if output == "full":
        return open("/dev/full", "wb"), None
    if output == "closed":
        return None, lambda: os.close(1)
    reading, writing = os.pipe()
    os.close(reading)
    return open(writing, "wb"), lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)


@cases(["full", "closed", "broken pipe"])
def test_an_answer_that_nobody_gets_is_an_error(output):
    """One line and a non-zero code; never the answer in some other file that has its number."""
    with folder() as here, Server("echo", "--control", f"{here}/control"):
        configuration = f"{here}/some.toml"
        with open(configuration, "w") as file:
            file.write('[[service]]\nrun = "echo"\n')
        asked = ["--control", f"{here}/control"]
        for words in (["help"], ["--help"], ["version"], ["--version"], ["manual"], ["manual", "5"],
                      ["completion", "bash"], ["print-config", "echo"], ["check", configuration],
                      ["status", *asked], ["status", "--json", *asked], ["deaths", *asked],
                      ["scale", "1", *asked]):
            target, first = spoiled(output)
            done = subprocess.run([harness.BINARY, *words], stdin=subprocess.DEVNULL, stdout=target,
                                  stderr=subprocess.PIPE, preexec_fn=first, timeout=20)
            if target is not None:
                target.close()
            told = done.stderr.decode()
            assert done.returncode == 1, (words, done.returncode, told)
            check_one_line(told, "could not be written")


def test_a_configuration_on_standard_input():
    def check(text, *words):
        return subprocess.run([harness.BINARY, "check", "-", *words], input=text.encode(),
                              capture_output=True, timeout=10)
    good = check('[[service]]\nrun = "echo"\nworkers = 1\n')
    assert good.returncode == 0 and b"echo" in good.stdout and not good.stderr, good
    wrong = check('[[service]]\nrun = "echo"\nworkers = 0\nmodle = "x"\n')
    assert wrong.returncode == USAGE and not wrong.stdout, wrong
    assert b"standard input:3" in wrong.stderr and b"standard input:4" in wrong.stderr, wrong
    assert b"1 MiB" in check("#" * (2 << 20)).stderr
    assert check("", "echo").returncode == 0
    assert check("").returncode == USAGE


def test_one_is_one():
    with folder() as here, Server("echo", "--control", f"{here}/control", "--workers", 1):
        asked = ["--control", f"{here}/control"]

        def status():
            return subprocess.run([harness.BINARY, "status", *asked],
                                  capture_output=True, text=True, timeout=20).stdout
        harness.until(lambda: "1 of 1 worker ready" in status(), 5, "the worker is ready")
        for words, answer in ((["scale", "1"], "1 worker of"), (["scale", "2"], "2 workers of")):
            told = subprocess.run([harness.BINARY, *words, *asked],
                                  capture_output=True, text=True, timeout=20).stdout
            assert answer in told, told
