"""What a test file says about its tests: cases, time limits, what to leave out, and why."""
import os

MODELS = [("process", "each"), ("process", "pool"), ("thread", "each"), ("thread", "pool"),
          ("multiplex", None)]

LONG = os.environ.get("LONG_TESTS") == "1"
# A program with sanitizers may take so many times longer, and use so much more CPU time.
SLOWNESS = int(os.environ.get("TESTED_SLOWNESS", "1"))

# An upper bound of what should take a moment: far above what it takes on a busy machine, and below
# what the wrong behaviour takes (a limit of 20 s and more, or for ever). No test judges by speed.
IN_TIME = 15 * SLOWNESS


def quick_or_long(quick, long):
    """A number that is larger with --long."""
    return long if LONG else quick


class Skip(Exception):
    """This machine lacks what the test needs; the text says what."""


class TooLong(BaseException):
    """The time limit of the test has passed. Not an Exception, so that no test swallows it."""


def cases(values, name=str):
    """The test runs once for each value, which it takes as its argument."""
    def mark(test):
        test.cases = [(name(value), value) for value in values]
        return test
    return mark


def limit(seconds, long=None):
    """How long the test may take; 30 s when nothing is said."""
    def mark(test):
        test.limit = quick_or_long(seconds, long or seconds)
        return test
    return mark


def alone(test):
    """Other tests must not run meanwhile: it measures, or needs much of the machine."""
    test.alone = True
    return test


def long_only(test):
    """Runs with --long only."""
    test.long_only = True
    return test


def model_name(model):
    return "-".join(part for part in model if part)


def each_model(test):
    """Once for each way to place a client; the argument is (model, spawn)."""
    return cases(MODELS, model_name)(test)


def each_model_and_workers(test):
    """The argument is (model, spawn, workers)."""
    grid = [(model, spawn, workers) for model, spawn in MODELS for workers in (1, 2)]
    return cases(grid, lambda c: f"{model_name(c[:2])}-{c[2]}")(test)


class Test:
    def __init__(self, where, function, case=None):
        self.where, self.function, self.case = where, function, case
        self.name = f"{where}:{function.__name__.removeprefix('test_')}"
        if case:
            self.name += f"[{case[0]}]"
        self.limit = getattr(function, "limit", 30) * SLOWNESS
        self.alone = getattr(function, "alone", False)
        self.long_only = getattr(function, "long_only", False)

    def run(self):
        if self.case:
            self.function(self.case[1])
        else:
            self.function()


def tests_of(module, where):
    """The tests of a module, in the order of the file."""
    for name, value in list(vars(module).items()):
        if not name.startswith("test_") or not callable(value):
            continue
        for case in getattr(value, "cases", [None]):
            yield Test(where, value, case)
