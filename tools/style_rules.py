"""The rules of the style test. A rule takes a File and yields (line, message); RULES names all.

Each exception stands in a list here, with its reason, and is as narrow as a file.
"""
import ast
import dataclasses
import fnmatch
import functools
import pathlib
import re

from cpp_text import Text

FILE_LINES, LINE_COLUMNS, FUNCTION_LINES = 400, 100, 60
TABLE_COLUMNS = 150  # black-box tests hold tables of byte strings, a row a line
MARKS = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]


@dataclasses.dataclass
class File:
    path: str                    # from the repository's root, with /
    source: str
    rooms: dict                  # room -> set of rooms that it may include

    @functools.cached_property
    def text(self):
        return Text(self.source)

    @property
    def lines(self):
        return self.source.splitlines()

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp"))

    @property
    def is_test(self):
        """Tests, and headers that serve only tests: in ROOM/testing/, or they include gtest."""
        return (self.path.endswith("_test.cpp") or self.path.startswith("tests/")
                or "/testing/" in self.path
                or (self.is_cpp and "#include <gtest/" in self.source))

    @property
    def room(self):
        """The room the file lives in, or None: the umbrella header, examples, tests, tools."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "samjoko" and len(parts) == 3 else None

    def matches(self, patterns):
        return any(fnmatch.fnmatch(self.path, pattern) for pattern in patterns)


def functions(file):
    """(name, first line, number of lines) of each function."""
    if file.is_cpp:
        return [(f.name, f.first_line, f.lines) for f in file.text.functions()]
    if file.path.endswith(".py"):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(n.name, n.lineno, n.end_lineno - n.lineno + 1)
                for n in ast.walk(ast.parse(file.source)) if isinstance(n, kinds)]
    if file.source.startswith("#!") and "bash" in file.lines[0]:
        found = re.finditer(r"^(\w+)\(\) \{\n(?:(?!\}).*\n)*\}", file.source, re.MULTILINE)
        return [(m.group(1), file.source.count("\n", 0, m.start()) + 1, m.group(0).count("\n") + 1)
                for m in found]
    return []


def file_length(file):
    if len(file.lines) > FILE_LINES:
        yield len(file.lines), f"{len(file.lines)} lines; at most {FILE_LINES}: split the file"


def line_length(file):
    if file.path.endswith(".md"):
        return
    is_table = file.path.startswith("tests/") and file.path.endswith(".py")
    most = TABLE_COLUMNS if is_table else LINE_COLUMNS
    for number, line in enumerate(file.lines, 1):
        if len(line) > most:
            yield number, f"{len(line)} columns; at most {most}"


def function_length(file):
    for name, line, length in functions(file):
        if length > FUNCTION_LINES:
            yield line, f"function {name} has {length} lines; at most {FUNCTION_LINES}"


def room_order(file):
    if not file.is_cpp:
        return
    for number, line in enumerate(file.lines, 1):
        if re.match(r'\s*#\s*include\s*"', line):
            yield number, 'include by the full name: <samjoko/room/file.hpp>, not "file.hpp"'
        found = re.match(r"\s*#\s*include\s*<samjoko/(\w+)/", line)
        allowed = file.rooms.get(file.room)
        if found and allowed is not None and found.group(1) not in allowed | {file.room}:
            yield number, f"room {file.room} must not include room {found.group(1)}"


# Heavy headers are read by one file each, so that they are compiled once.
HEAVY = {
    r"boost/": ["samjoko/proto/http1_parser.cpp"],
    r"CLI/": ["samjoko/cli/command_line.cpp"],
    r"toml\+\+/": ["samjoko/cli/toml_reader.cpp"],
    r"(?:iostream|regex)>": [],
}


def heavy_headers(file):
    if not file.is_cpp or file.is_test:
        return
    for number, line in enumerate(file.lines, 1):
        for header, allowed in HEAVY.items():
            if re.match(rf"\s*#\s*include\s*<{header}", line) and not file.matches(allowed):
                where = f"only {', '.join(allowed)} may" if allowed else "nobody may"
                yield number, f"a heavy header: {where} include it"


@dataclasses.dataclass
class Ban:
    what: str
    pattern: str
    instead: str
    allowed: list = dataclasses.field(default_factory=list)
    in_tests: bool = False
    in_lessons: bool = False     # bare system calls are what examples/lessons/ is about
    within: list = dataclasses.field(default_factory=lambda: ["samjoko/*", "examples/*"])


# A free call of the C library: not a member, not a name of ours, not the declaration of one.
_CALL = r"(?<![\w:.>~])(?:(?<![\w>*&] )|(?<=return ))(?:::)?"
_SYSTEM_CALLS = (r"socket|bind|listen|connect|close|openat2?|open|p?read|p?write|pipe2?|dup[23]?"
                 r"|kill|fcntl|ioctl|mmap|munmap|[fl]?stat|[gs]etsockopt|epoll_\w+|eventfd"
                 r"|pidfd_\w+")
BANS = [
    Ban("fork", _CALL + r"(?:v?fork|_Fork)\s*\(", "os::fork_process (os/process.hpp)",
        ["samjoko/os/process.cpp"], in_lessons=True),
    Ban("wait", r"(?<!\w)::wait\s*\(|(?<!\w)(?:::)?(?:waitpid|waitid|wait3|wait4)\s*\(",
        "os::children, the one reaper (os/children.hpp)",
        ["samjoko/os/children.cpp",
         "samjoko/os/pidfd.cpp"],               # one child by its pidfd: nobody else's
        in_tests=True, in_lessons=True),
    Ban("clone", r"(?<!\w)(?:__)?clone3?\s*\(", "os::start_program (os/program.hpp)",
        ["samjoko/os/program_child.cpp"]),
    Ban("signal()", r"(?:" + _CALL + r"|\bstd::)signal\s*\(", "sigaction, by os/signals.hpp",
        ["samjoko/os/exit_status.*",            # exit_status::signal is a number, not the call
         "examples/lessons/signal_or_sigaction.cpp"]),      # shows what is wrong with it
    Ban("sleep", r"\bthis_thread::sleep|(?<!\w)::sleep\s*\(|\b(?:usleep|nanosleep)\s*\(",
        "a timer of the loop, or in a test the event itself",
        ["examples/lessons/sleep_ends_early.cpp"]),         # is about what a signal does to it
    Ban("stdio", r"\b(?:f|v|vf|d)?printf\s*\(|\bf?puts\s*\(|\bfopen\s*\(|\bfwrite\s*\("
        r"|\bstd::(?:cout|cerr|clog)\b|\bfmt::print\b|<(?:iostream|cstdio)>",
        "log/writer.hpp: stdio buffers are written twice after a fork",
        ["samjoko/cli/*", "examples/*"], in_tests=True),
    Ban("raw new or delete",                   # new (place) allocates nothing
        r"(?<!operator )(?<!<)\bnew\b(?!\s*\()|(?<!operator )(?<!= )\bdelete\b",
        "std::make_unique, a container, or std::construct_at",
        ["samjoko/task/frame_pool.*",          # its blocks outlive every owner that could be named
         "samjoko/task/scope.cpp",             # a child owns itself until its scope has joined it
         "samjoko/serve/shared_loop.cpp",      # a client owns itself until it has ended
         "samjoko/service/handler.hpp"]),        # a state whose type is erased with its deleter
    Ban("receive, send or accept", r"(?<![\w>])::(?:recv|send|accept)\w*\s*\(|"
        + _CALL + r"(?:recvmsg|sendmsg|recvfrom|sendto|accept4)\s*\(",
        "an operation of the loop (io/attempt.hpp)",
        ["samjoko/io/attempt.cpp", "samjoko/log/writer.cpp", "samjoko/operate/notify.cpp",
         "samjoko/os/*"],                       # channels between processes carry descriptors
        in_tests=True, in_lessons=True),
    Ban("a system call", r"(?<![\w>])::(?:" + _SYSTEM_CALLS + r")\s*\(",
        "its owner in room os, or write one there",
        ["samjoko/os/*", "samjoko/io/attempt.cpp",
         "samjoko/log/*",                       # a line is one write, whatever else is broken
         "samjoko/operate/pid_file.cpp",        # what stands in the file system for an operator
         "samjoko/operate/runtime_folder.cpp", "samjoko/operate/notify.cpp",
         "samjoko/operate/control.cpp",
         "samjoko/postmortem/crash_handler.cpp",  # a dying process depends on nothing
         "samjoko/base/check.cpp"],             # the last words of a process depend on nothing
        in_tests=True),
    Ban("_exit or exit", r"(?<![\w>.])(?:::|std::)?(?:_exit|_Exit|quick_exit|exit)\s*\(",
        "os::leave_process in a child; elsewhere return",
        ["samjoko/os/*", "samjoko/cli/main.cpp",
         "samjoko/net/child.*"],                # child::exit() awaits somebody else's
        in_tests=True, in_lessons=True),
    Ban("the time of day", r"\bsystem_clock::now\b|\bCLOCK_REALTIME\w*|(?<![\w.>:])(?:::|std::)?"
        r"(?:time|gettimeofday)\s*\(\s*(?:nullptr|NULL|0|&)",
        "steady for waiting; os/clock.hpp for dates that people read: it may jump",
        ["samjoko/os/clock.cpp"], in_tests=True),
    Ban("detached thread", r"\.detach\s*\(\s*\)", "std::jthread, joined by its owner",
        ["examples/lessons/echo_threads.cpp"]),  # the textbook server
]


def banned_calls(file):
    if not file.is_cpp:
        return
    for ban in BANS:
        excused = (file.matches(ban.allowed) or (ban.in_tests and file.is_test)
                   or (ban.in_lessons and file.matches(["examples/lessons/*"])))
        if excused or not file.matches(ban.within):
            continue
        for match in re.finditer(ban.pattern, file.text.bare):
            yield file.text.line_of(match.start()), f"{ban.what} is banned here; use {ban.instead}"


PLATFORM = ("os", "postmortem")    # postmortem: libdw


def macros(file):
    home = file.path == "samjoko/base/check.hpp"
    if home or not file.is_cpp or not file.path.startswith("samjoko/"):
        return
    for number, line in enumerate(file.text.bare.split("\n"), 1):
        if re.match(r"\s*#\s*define\b", line):
            yield number, "a macro; use constexpr or a template (macros live in base/check.hpp)"
        if re.match(r"\s*#\s*(?:if|ifdef|ifndef|elif)\b", line) and file.room not in PLATFORM:
            yield number, "conditional compilation; what differs by platform lives in room os"


# Software is "it"; a sentence has a subject that says what it is about (docs/names.md).
_PERSONS = re.compile(r"\b(?:he|him|his|himself|whoever|whomever|nobody(?!['`])|the dead)\b", re.I)


def plain_words(file):
    if file.path.endswith(".ko.md") or file.path == "docs/names.md":
        return
    if file.path.endswith(".md"):
        quoted = False                          # what a program says stands as it is
        for number, line in enumerate(file.lines, 1):
            quoted ^= line.lstrip().startswith("```")
            yield from () if quoted else _persons(number, re.sub(r"`[^`]*`", "", line))
    elif file.is_cpp:
        for number, line in enumerate(file.lines, 1):
            yield from _persons(number, re.sub(r"`[^`]*`|\"[^\"]*\"", "", line.partition("//")[2]))


def _persons(number, text):
    found = _PERSONS.search(text)
    if found and not re.search(r"\buser nobody\b", text):
        yield number, f"'{found.group(0)}': name the client, worker, thread, or call it 'it'"


def marks(file):
    for number, line in enumerate(file.lines, 1):
        found = re.search(r"\b(?:" + "|".join(MARKS) + r")\b", line)
        if found:
            yield number, f"{found.group(0)}: finish it, or say the limit in plain words"


def header_form(file):
    if not file.path.endswith(".hpp"):
        return
    lines = file.lines + ["", ""]
    if lines[0] != "#pragma once":
        yield 1, "the first line of a header is #pragma once"
    if file.path.startswith("samjoko/") and not lines[1].startswith("// Charter:"):
        yield 2, "the second line of a header begins its '// Charter:', what it is and is not for"


def markdown_title(file):
    if file.path.endswith(".md") and not (file.lines and re.match(r"# \S", file.lines[0])):
        yield 1, "the first line of a page is its title: '# ...'"


def _awaits(file):
    return re.finditer(r"\bco_await\b(?!\s*\()", file.text.code) if file.is_cpp else []


def await_in_conditional(file):
    """The frame is freed too early: llvm issue 59181"""
    for match in _awaits(file):
        if "?" in file.text.full_expression(match.start()):
            yield (file.text.line_of(match.start()),
                   "co_await beside ?: (llvm issue 59181: use after free); use if and else")


def await_in_braced_list(file):
    """Destructors are forgotten: gcc bug 98401, also llvm issue 63818"""
    for match in _awaits(file):
        around = file.text.enclosing(match.start())
        body = [b for b in around if b.kind not in ("(", "[")]
        if body and body[0].kind == "list":
            yield (file.text.line_of(match.start()),
                   "co_await in a braced list (gcc bug 98401, llvm issue 63818); name its result")


def await_structured_binding(file):
    """The hidden object is not destroyed: gcc bug 124584"""
    if file.is_cpp:
        binding = r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*[={(]\s*co_await\b"
        for match in re.finditer(binding, file.text.code):
            yield (file.text.line_of(match.start()),
                   "structured binding straight from co_await (gcc bug 124584); name its result")


def await_with_lambda(file):
    """Captures are destroyed twice: gcc bug 99576"""
    introducer = re.compile(r"(?<![\w)\]\[])\s*\[[^\[\]]+\]\s*(?:\(|\{|mutable\b|noexcept\b|->)")
    for match in _awaits(file):
        if introducer.search(file.text.full_expression(match.start())):
            yield (file.text.line_of(match.start()),
                   "capturing lambda beside co_await (gcc bug 99576: destroyed twice); name it")


# These say which shapes work with GCC 12, and so contain them.
SHAPES = ["samjoko/task/await_shapes_test.cpp", "samjoko/net/handler_shapes_test.cpp"]


def await_as_bare_condition(file):
    """The body is dropped where a coroutine has no variable of its own: seen with GCC 12.2"""
    for match in _awaits(file) if not file.matches(SHAPES) else []:
        opened = next((b for b in file.text.enclosing(match.start()) if b.kind != "["), None)
        before = file.text.code[:opened.start] if opened and opened.kind == "(" else ""
        declared = re.search(r"(?<![=!<>])=(?!=)|:", file.text.code[opened.start:match.start()]
                             if opened else "")
        if re.search(r"\b(?:if|while|for|switch)\s*$", before) and not declared:
            yield (file.text.line_of(match.start()),
                   "co_await as a bare condition (dropped by GCC 12 in a coroutine without a "
                   "variable); name its result")


def await_beside_and_or(file):
    """Awaited although the left side has decided: gcc bugs 101027 and 116775"""
    for match in _awaits(file) if not file.matches(SHAPES) else []:
        code, at = file.text.code, match.start()
        heads = [b.end + 1 for b in file.text.braces if b.kind == "(" and b.end < at
                 and re.search(r"\b(?:if|while|for|switch)\s*$", code[:b.start])]
        begin = max([code.rfind(sign, 0, at) for sign in ";{}"] + heads)
        around = code[begin:at] + re.match(r"[^;{}]*", code[at:]).group(0)
        if re.search(r"\|\||[\w)\]]\s+&&\s", around):
            yield (file.text.line_of(at), "co_await beside && or || (gcc bugs 101027, 116775: "
                   "awaited even so); ask in two steps")


def destroy_in_await_suspend(file):
    """The frame is used after it is gone: gcc bug 121961"""
    if not file.is_cpp:
        return
    for brace in file.text.braces:
        head = file.text.code[brace.head:brace.start]
        if brace.kind == "function" and re.search(r"\bawait_suspend\s*\(", head):
            for match in re.finditer(r"\.destroy\s*\(", file.text.code[brace.start:brace.end]):
                yield (file.text.line_of(brace.start + match.start()),
                       "a frame destroyed in await_suspend (gcc bug 121961); let its owner do it")


RULES = [file_length, line_length, function_length, room_order, heavy_headers, banned_calls, macros,
         marks, plain_words, header_form, markdown_title,
         await_in_conditional, await_in_braced_list,
         await_structured_binding, await_with_lambda, await_as_bare_condition,
         await_beside_and_or, destroy_in_await_suspend]


def read_rooms(cmake_lists):
    """The order of the rooms as CMakeLists.txt declares it."""
    declared = re.findall(r"^samjoko_room\((\w+)(?:\s+ALLOW\s+([^)]*))?\)", cmake_lists,
                          re.MULTILINE)
    return {room: set(allowed.split()) for room, allowed in declared}


def check(file):
    """All findings of one file as (line, rule's name, message)."""
    for rule in RULES:
        for line, message in rule(file):
            yield line, rule.__name__, message


def load(root, path, rooms):
    return File(path, (pathlib.Path(root) / path).read_text(encoding="utf-8"), rooms)
