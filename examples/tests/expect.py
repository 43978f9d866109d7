"""Compares what a program says with a text in which {names} stand for numbers."""
import re
import subprocess
import tempfile


def pattern(text):
    """A regular expression for `text`: {name} is a number, the same one wherever it stands."""
    seen = set()

    def number(match):
        name = match.group(1)
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else rf"(?P<{name}>\d+)"
    return re.sub(r"\\\{(\w+)\\\}", number, re.escape(text))


def output_of(program):
    """What it prints, run to its end in a folder of its own; it must exit with 0."""
    with tempfile.TemporaryDirectory(prefix="samjoko-lesson-") as folder:
        done = subprocess.run([program], capture_output=True, text=True, timeout=50, cwd=folder,
                              stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def matches(said, expected):
    """The numbers by name, as integers."""
    wanted = expected.lstrip("\n")
    found = re.fullmatch(pattern(wanted), said)
    assert found, f"expected:\n{wanted}\nbut it said:\n{said}"
    return {name: int(value) for name, value in found.groupdict().items()}


def says(program, expected):
    return matches(output_of(program), expected)
