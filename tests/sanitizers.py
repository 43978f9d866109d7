"""What a program built with sanitizers reports, by any process that a test starts.

A forked process of a client dies unseen and leaves by _exit, so neither the exit code of the server
nor its log is enough: each process that finds something writes a file of its own into a folder of
the test, and one file fails the test. A program without sanitizers ignores all this.
"""
import os

VARIABLES = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:allow_addr2line=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "die_after_fork=0:second_deadlock_stack=1",
}
MARKS_OF_A_BUILD = (b"__asan_init", b"__tsan_init")
FOUND = 99       # the exit code of a process that ends by its finding
MARKS = ("Sanitizer", "runtime error: ")
SHOWN = 6000     # characters of each report


def slowness(program):
    """How much longer the program may take for everything: 1, or more when it has sanitizers."""
    with open(program, "rb") as file:
        content = file.read()
    return 6 if any(mark in content for mark in MARKS_OF_A_BUILD) else 1


def report_into(folder):
    """All programs started from now on report into the folder, also those that run as nobody."""
    os.chmod(folder, 0o1777)
    for variable, options in VARIABLES.items():
        given = os.environ.get(variable)
        os.environ[variable] = (f"{given + ':' if given else ''}{options}:exitcode={FOUND}"
                                f":log_path={folder}/{variable.split('_')[0].lower()}")


def reports_in(folder):
    """The beginning of each report; the file's name ends with the pid that wrote it."""
    found = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), errors="replace") as file:
            found.append(f"{name}:\n{file.read(SHOWN)}")
    return found


def speaks_of(text):
    """Whether a log holds a report, as when no file could be made for want of descriptors."""
    return [line for line in text.splitlines() if any(mark in line for mark in MARKS)]
