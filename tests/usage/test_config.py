"""Configuration: what overrules what, mistakes with their place, several services in one program."""
import os
import re
import socket
import subprocess

import harness
from clients import ask, connect_to
from framework import cases
from harness import Server, folder, run_to_end, until

USAGE = 2


def run(*words, environment=None, seconds=25):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([harness.BINARY, *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr


def write(here, text, name="site.toml"):
    path = os.path.join(here, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def in_effect(option, *words, environment=None):
    """(value, where it comes from), by print-config."""
    code, text, complaint = run("print-config", *words, environment=environment)
    assert code == 0, complaint
    found = re.search(rf"^{option} = (.*?) +# (.*)$", text, re.MULTILINE)
    assert found, f"no {option} in\n{text}"
    return found.groups()


# Option, service, what makes it heeded, and four values: built in, in a file, of the environment,
# as a flag.
STEPS = [("idle-timeout", "echo", [], ['"60s"', '"50s"', '"40s"', '"30s"']),
         ("workers", "echo", [], [None, "2", "3", "4"]),
         ("model", "echo", [], ['"multiplex"', '"thread"', '"process"', '"multiplex"']),
         ("spawn", "echo", ["--model", "thread"], ['"pool"', '"each"', '"pool"', '"each"']),
         ("max-head", "hello", [], ['"16k"', '"8k"', '"4096"', '"2k"']),
         ("identify", "hello", [], ["false", "true", "false", "true"]),
         ("log-level", "echo", [], ['"info"', '"debug"', '"notice"', '"error"']),
         ("max-connections", "echo", [], [None, "10", "20", "30"]),
         ("listen", "echo", [], ['["127.0.0.1:7000"]', '[":1", ":2"]', '[":3", ":4"]', '[":5"]']),
         ("log", "echo", [], [None, '"/tmp/a"', '"/tmp/b"', '"/tmp/c"'])]


def said(value):
    """A value of TOML as one says it on a command line."""
    if value.startswith("["):
        return " ".join(re.findall(r'"(.*?)"', value))
    return value.strip('"')


@cases(STEPS, lambda step: step[0])
def test_what_is_said_later_overrules(step):
    option, service, heeded, (standard, in_file, in_environment, as_flag) = step
    variable = "SAMJOKO_" + option.upper().replace("-", "_")
    with folder() as here:
        words = [service, *heeded]
        if standard is not None:
            assert in_effect(option, *words) == (standard, "built-in")
        path = write(here, f"\n{option} = {in_file}\n")
        words += ["--config", path]
        assert in_effect(option, *words) == (in_file, f"{path}:2")
        environment = {variable: said(in_environment)}
        assert in_effect(option, *words, environment=environment) == (in_environment, variable)
        flag = f"--{option}={said(as_flag)}"
        assert in_effect(option, *words, flag, environment=environment) == (as_flag, f"--{option}")


@cases([("process", {}, []), ("thread", {"SAMJOKO_MODEL": "thread"}, []),
        ("multiplex", {"SAMJOKO_MODEL": "thread"}, ["--model", "multiplex"])],
       lambda case: case[0])
def test_what_overrules_is_what_serves(case):
    model, environment, flags = case
    with folder() as here:
        path = write(here, 'model = "process"\nidentify = true\n')
        with Server("hello", "--config", path, *flags, environment=environment) as server:
            with connect_to(server.addresses[0]) as client:
                assert ask(client).headers["x-served-by"].endswith("/" + model)


def test_the_file_can_be_named_by_the_environment():
    with folder() as here:
        path = write(here, 'idle-timeout = "5s"\n')
        found = in_effect("idle-timeout", "echo", environment={"SAMJOKO_CONFIG": path})
        assert found == ('"5s"', f"{path}:1")


def refused(*words, environment=None):
    """The one line with which it refuses."""
    code, text = run_to_end(*words, seconds=25, env={**os.environ, **(environment or {})})
    assert code == USAGE, (code, text)
    assert text.count("\n") == 1 and len(text) < 400, text
    return text


@cases(["serve", "print-config"])
def test_an_unknown_variable(command):
    text = refused(command, "echo", environment={"SAMJOKO_IDEL_TIMEOUT": "1s"})
    assert "SAMJOKO_IDEL_TIMEOUT" in text and "did you mean SAMJOKO_IDLE_TIMEOUT?" in text, text


def test_variables_of_a_container_platform_are_not_ours():
    links = {"SAMJOKO_SERVICE_HOST": "10.0.0.1", "SAMJOKO_PORT_7000_TCP": "tcp://10.0.0.1:7000"}
    with Server("echo", environment=links) as server:
        with connect_to(server.addresses[0]) as client:
            client.sendall(b"here\n")
            assert client.recv(10) == b"here\n"


@cases([("idle-timout = 1\n", ":1:1: there is no key 'idle-timout'; did you mean idle-timeout?"),
        ("\n\n  max_connections = 1\n", ":3:3: there is no key 'max_connections'; did you mean"),
        ("idle-timeout = '3w'\n", ":1:16: idle-timeout: '3w' is not a time"),
        ("workers = 1\nworkers = 2\n", ":2:"),
        ("workers = true\n", ":1:11: workers: true or false will not do"),
        ("log = {a = 1}\n", ":1:7: log: a table will not do"),
        ("=\n", ":1:1:")], lambda case: case[0].strip().replace("\n", "; "))
def test_a_wrong_file_is_named_with_line_and_column(case):
    with folder() as here:
        path = write(here, case[0])
        text = refused("serve", "echo", "--config", path)
        assert path + case[1] in text, text


def test_a_bad_value_is_named_where_it_was_said():
    assert "SAMJOKO_WORKERS: 'many' is not" in refused("serve", "echo",
                                                       environment={"SAMJOKO_WORKERS": "many"})
    assert "--workers: 'many' is not" in refused("serve", "echo", "--workers", "many")


# Of each source, an option that the model or the service would not heed.
def test_an_ignored_option_is_named_where_it_was_said():
    assert "--stack-size would be ignored here" in refused("serve", "echo", "--stack-size", "128k")
    text = refused("serve", "echo", environment={"SAMJOKO_STACK_SIZE": "128k"})
    assert "SAMJOKO_STACK_SIZE would be ignored here" in text, text
    with folder() as here:
        path = write(here, "\nstack-size = '128k'\n")
        text = refused("serve", "echo", "--config", path)
        assert f"{path}:2:14: stack-size would be ignored here: it needs model thread" in text, text
        path = write(here, "[[service]]\nrun = 'echo'\nlist = true\n")
        text = refused("serve", "--config", path)
        assert f"{path}:3:8: list would be ignored here" in text, text
        # The model that ignores it may be chosen by somebody else.
        path = write(here, "model = 'thread'\nstack-size = '128k'\n")
        assert run("check", path, "echo")[0] == 0
        text = refused("serve", "echo", "--config", path, environment={"SAMJOKO_MODEL": "process"})
        assert f"{path}:2:14: stack-size would be ignored here" in text, text


def test_an_option_for_all_is_heeded_by_one():
    with folder() as here:
        path = write(here, "stack-size = '128k'\n[[service]]\nrun = 'echo'\nlisten = ':1'\n"
                           "[[service]]\nrun = 'hello'\nlisten = ':2'\nmodel = 'thread'\n")
        assert run("check", path)[0] == 0


SEVERAL = """
log-level = "info"
identify = true
[[service]]
name = "site"
run = "files"
arguments = ["{here}"]
listen = ["127.0.0.1:0", "unix:{here}/site.sock"]
workers = 2
max-connections = 2
[[service]]
run = "hello"
listen = "127.0.0.1:0"
model = "process"
[[service]]
name = "words"
run = "echo"
listen = ["127.0.0.1:0", "127.0.0.1:0,model=multiplex"]
model = "thread"
spawn = "each"
"""


def test_several_services_are_served_by_their_models():
    with folder() as here:
        path = write(here, SEVERAL.format(here=here))
        write(here, "welcome", "index.html")
        with Server("--config", path, listen=(), serving=5) as server:
            named = re.findall(r"serving (\S+) on (\S+) by (.*)", server.log())
            assert [name for name, _, _ in named] == ["site", "site", "hello", "words", "words"]
            assert named[2][2] == "process, spawn pool, 1 worker"
            assert named[3][2] == "thread, spawn each, 1 worker"
            addresses = [where for _, where, _ in named]
            for address, model, body in [(addresses[0], "multiplex", b"welcome"),
                                         (addresses[1], "multiplex", b"welcome"),
                                         (addresses[2], "process", b"Hello, World!")]:
                with connect_to(address) as client:
                    answer = ask(client)
                    assert (answer.status, answer.body) == (200, body), vars(answer)
                    assert answer.headers["x-served-by"].endswith(model), answer.headers
            for address in addresses[3:]:
                with connect_to(address) as client:
                    client.sendall(b"word\n")
                    assert client.recv(10) == b"word\n"
            groups = set(re.findall(r"worker \d+ of (\S+) \(", server.log()))
            assert groups == {"site", "hello", "words/thread-each", "words/multiplex"}, groups
        assert not os.path.exists(here + "/site.sock")


def test_limits_on_connections_are_of_each_service():
    with folder() as here:
        path = write(here, "[[service]]\nname = 'one'\nrun = 'echo'\nlisten = '127.0.0.1:0'\n"
                           "workers = 2\nmax-connections = 2\n"
                           "[[service]]\nname = 'two'\nrun = 'echo'\nlisten = '127.0.0.1:0'\n"
                           "model = 'thread'\nmax-connections = 3\n")
        with Server("--config", path, listen=(), serving=2) as server:
            def served(address):
                client = connect_to(address)
                client.sendall(b"in?\n")
                try:
                    answer = client.recv(10)
                except ConnectionResetError:
                    answer = b""
                if answer == b"in?\n":
                    return client
                client.close()
                return None
            one, two = server.addresses
            inside = [served(one), served(one), served(two), served(two), served(two)]
            assert None not in inside, "refused below the limit of its service"
            assert served(one) is None and served(two) is None, "let in above its limit"
            inside[0].close()
            inside[0] = until(lambda: served(one), 5, "a place of the first service is free")
            assert served(two) is None, "which is none of the second"
            for client in inside:
                client.close()


GOOD = """stop-timeout = "20s"
[[service]]
name = "site"
run = "files"
arguments = ["/srv/www"]
listen = [":8080", "unix:/run/site.sock"]
model = "multiplex"
workers = 2
[[service]]
run = "echo"
listen = ["127.0.0.1:7000", ":7001,model=thread,workers=3"]
model = "process"
"""


def test_check_says_what_would_be_served_and_opens_nothing():
    with folder() as here, socket.create_server(("127.0.0.1", 0)) as taken:
        code, text, complaint = run("check", write(here, GOOD))
        assert code == 0 and not complaint, complaint
        assert text.splitlines() == [
            "site: files /srv/www on :8080, unix:/run/site.sock by multiplex, 2 workers",
            "echo: echo on 127.0.0.1:7000 by process, spawn pool, 1 worker",
            "echo: echo on :7001 by thread, spawn pool, 3 workers"], text
        path = write(here, "[[service]]\nrun = 'files'\narguments = ['/nowhere']\n"
                           f"listen = '127.0.0.1:{taken.getsockname()[1]}'\n")
        assert run("check", path)[0] == 0


def test_check_tells_every_mistake():
    with folder() as here:
        path = write(here, "idle-timout = 1\nlog-level = 'loud'\n"
                           "[[service]]\nrun = 'ehco'\n"
                           "[[service]]\nrun = 'relay'\nlisten = 'local..host:1'\n"
                           "[[service]]\nrun = 'echo'\nworkers = 0\nspawn = 'each'\n"
                           "[[service]]\nrun = 'echo'\nlisten = ':1'\nspawn = 'each'\n")
        code, text, complaint = run("check", path)
        assert code == USAGE and not text
        lines = complaint.splitlines()
        assert all(line.startswith(path + ":") for line in lines), complaint
        numbers = [int(line[len(path) + 1:].split(":")[0]) for line in lines]
        assert numbers == sorted(numbers) and set(numbers) >= {1, 2, 4, 6, 7, 10, 12, 15}, complaint
        text = refused("serve", "--config", path)
        assert f"and {len(lines) - 1} more" in text and f"check {path}" in text, text


def listening_twice(first, second):
    return (f"[[service]]\nrun = 'echo'\nlisten = '{first}'\n"
            f"[[service]]\nname = 'other'\nrun = 'echo'\nlisten = '{second}'\n")


@cases([("no service", "workers = 2\n", [], "there is no [[service]] in it"),
        ("a service besides", "[[service]]\nrun = 'echo'\n", ["echo"], ":1:1: there are services in"),
        ("one address", listening_twice(":1", ":1"), [], ":4:1: services 'echo' and 'other' both"),
        ("one name", listening_twice(":1", ":2").replace("other", "echo"), [],
         ":4:1: two services are named 'echo'"),
        ("listen for all", listening_twice(":1", ":2"), ["--listen", ":3"],
         "--listen cannot hold for 2 services"),
        ("too many workers", listening_twice(":1", ":2").replace("'echo'", "'echo'\nworkers = 200"),
         [], "400 workers")], lambda case: case[0])
def test_what_makes_no_sense_together(case):
    _, text, words, wanted = case
    with folder() as here:
        path = write(here, text)
        found = refused("serve", *words, "--config", path)
        assert wanted in found, found


@cases([("missing", "none.toml", "No such file"), ("a directory", "", "Is a directory"),
        ("a device", "/dev/null", "not a regular file")], lambda case: case[0])
def test_a_file_that_cannot_be_read(case):
    with folder() as here:
        path = os.path.join(here, case[1])
        assert case[2] in refused("serve", "echo", "--config", path)
        assert path in refused("serve", "echo", "--config", path)
        assert case[2] in refused("check", path)


def test_print_config_is_a_file_that_brings_the_same_about():
    with folder() as here:
        first = run("print-config", "files", here, "-l", ":1,model=thread", "-l", "unix:/run/x",
                    "--unix-mode", "660", "--list", "--max-connections", "9",
                    environment={"SAMJOKO_LOG_LEVEL": "debug"})
        assert first[0] == 0, first[2]
        path = write(here, first[1])
        second = run("print-config", "--config", path)
        assert second[0] == 0, second[2]

        def without_origins(text):
            return [line.partition("  #")[0].rstrip() for line in text.splitlines()]
        assert without_origins(first[1]) == without_origins(second[1])
        assert f"# {path}:" in second[1] and "# built-in" not in second[1]
