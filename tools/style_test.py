#!/usr/bin/env python3
"""Each rule of the style test finds what it is for, and leaves good code alone."""
import sys
import unittest

import style_rules
from cpp_text import Text
from style_rules import File, MARKS

ROOMS = style_rules.read_rooms("samjoko_room(base)\nsamjoko_room(os ALLOW base)\n"
                               "samjoko_room(proto ALLOW base)\n")


def body(*statements):
    return "task<> f() {\n" + "".join(f"  {s}\n" for s in statements) + "}\n"


# rule: [(path, bad source)...], [(path, good source)...]
CASES = {
    "file_length": (
        [("samjoko/os/a.cpp", "int a;\n" * 401), ("tools/a.py", "a = 1\n" * 401)],
        [("samjoko/os/a.cpp", "int a;\n" * 400)]),
    "line_length": (
        [("samjoko/os/a.cpp", "// " + "a" * 98 + "\n"), ("dev", "#!/bin/bash\n#" + "a" * 100),
         ("tests/x/test_a.py", "#" + "a" * 150)],
        [("samjoko/os/a.cpp", "// " + "a" * 97 + "\n"), ("README.md", "# a\n" + "a" * 101)]),
    "function_length": (
        [("samjoko/os/a.cpp", "int f() {\n" + "  g();\n" * 59 + "}\n"),
         ("samjoko/os/a.hpp", "struct a {\n  a() : b_{1}, c_(2) {\n" + "g();\n" * 59 + "  }\n};\n"),
         ("tools/a.py", "def f():\n" + "    g()\n" * 60),
         ("dev", "#!/usr/bin/env bash\nf() {\n" + "  g\n" * 59 + "}\n")],
        [("samjoko/os/a.cpp", "int f() {\n" + "  g();\n" * 58 + "}\n"),
         ("samjoko/os/a.cpp", "struct a {\n" + "  int b;\n" * 99 + "};\n"),
         ("samjoko/os/a.cpp", "constexpr std::array a = {\n" + "  g(1),\n" * 99 + "};\n"),
         ("tools/a.py", "def f():\n" + "    g()\n" * 59)]),
    "room_order": (
        [("samjoko/proto/a.cpp", "#include <samjoko/os/signals.hpp>\n"),
         ("samjoko/base/a.hpp", "#include <samjoko/proto/a.hpp>\n"),
         ("samjoko/os/a.cpp", '#include "a.hpp"\n')],
        [("samjoko/proto/a.cpp", "#include <samjoko/base/result.hpp>\n#include <string>\n"),
         ("samjoko/proto/a.cpp", "#include <samjoko/proto/b.hpp>\n"),
         ("samjoko/samjoko.hpp", "#include <samjoko/os/signals.hpp>\n")]),
    "heavy_headers": (
        [("samjoko/web/a.cpp", "#include <boost/beast/http.hpp>\n"),
         ("samjoko/os/a.hpp", "#include <iostream>\n"),
         ("samjoko/web/a.cpp", "#include <CLI/CLI.hpp>\n"),
         ("samjoko/cli/options.cpp", "#include <toml++/toml.h>\n")],
        [("samjoko/proto/http1_parser.cpp", "#include <boost/beast/http.hpp>\n"),
         ("samjoko/cli/command_line.cpp", "#include <CLI/CLI.hpp>\n"),
         ("samjoko/cli/toml_reader.cpp", "#include <toml++/toml.h>\n")]),
    "macros": (
        [("samjoko/net/a.hpp", "#define A 1\n"), ("samjoko/net/a.hpp", "#ifdef A\n#endif\n"),
         ("samjoko/os/a.hpp", "  #  define A 1\n")],
        [("samjoko/base/check.hpp", "#define CHECK(a) a\n#if A\n#endif\n"),
         ("samjoko/os/a.cpp", "#if A\n#endif\n"), ("samjoko/net/a.hpp", "// #define A\n")]),
    "plain_words": (
        [("samjoko/os/a.cpp", "int a;  // whoever reads it, he waits\n"),
         ("docs/a.md", "# a\n\nNobody is told.\n")],
        [("samjoko/os/a.cpp", "auto he = \"nobody\";  // `nobody` is a user; user nobody\n"),
         ("docs/a.md", "# a\n\nAs `nobody`, it is told.\n")]),
    "marks": (
        [("samjoko/os/a.cpp", f"// {mark}: later\n") for mark in MARKS]
        + [("README.md", f"# a\n{MARKS[0]}\n")],
        [("samjoko/os/a.cpp", "// todo_list is a name\n")]),
    "header_form": (
        [("samjoko/os/a.hpp", "// Charter: a\n#pragma once\n"),
         ("samjoko/os/a.hpp", "#pragma once\n\nint a;\n")],
        [("samjoko/os/a.hpp", "#pragma once\n// Charter: a file.\n"),
         ("bench/a.hpp", "#pragma once\n"), ("samjoko/os/a.cpp", "int a;\n")]),
    "markdown_title": (
        [("README.md", "\n# Late\n"), ("README.md", "no title\n"), ("README.md", "")],
        [("README.md", "# Samjoko\n"), ("a.cpp", "no title\n")]),
    "await_in_conditional": (
        [("a.cpp", body("auto a = b ? co_await c() : d;")),
         ("a.cpp", body("co_return f(b ? 1 : 2, co_await c());")),
         ("a.cpp", body("if (a) co_return co_await b() ? c : d;"))],
        [("a.cpp", body("auto a = co_await b();", "auto c = a ? 1 : 2;")),
         ("a.cpp", body("if (a) {", "  b = c ? 1 : 2;", "}", "co_await d();")),
         ("a.cpp", body("auto a = b ? 1 : 2;", "while (co_await c()) { d = e ? 1 : 2; }")),
         ("a.cpp", body("const bool a = b();", "c d = a ? 1 : 2;", "f(co_await e(d));")),
         ("a.cpp", body("if (!a) co_return;", "auto b = co_await c();", "co_return b ? 1 : 2;")),
         ("a.cpp", body("f({.g = [](int n) -> task<> {", "auto b = co_await c(n);",
                        "co_return b ? 1 : 2;", "}});"))]),
    "await_in_braced_list": (
        [("a.cpp", body("pair a{co_await b(), 1};")),
         ("a.cpp", body("co_return {1, co_await b()};")),
         ("a.cpp", body("f({.x = 1, .y = co_await b()});")),
         ("a.cpp", body("pair a = {f(co_await b())};"))],
        [("a.cpp", body("if (a) { co_await b(); }", "for (;;) { co_await b(); }")),
         ("a.cpp", body("pair a{1, 2};", "co_await b(pair{1, 2});")),
         ("a.cpp", body("auto a = [](int n) -> task<> { co_await b(n); };")),
         ("a.cpp", body("s.spawn([](int n) -> task<> { co_await b(n); }(1));"))]),
    "await_structured_binding": (
        [("a.cpp", body("auto [a, b] = co_await c();")),
         ("a.cpp", body("for (auto&& [a,", "    b] = co_await c();;) {}"))],
        [("a.cpp", body("auto c = co_await d();", "auto& [a, b] = c;"))]),
    "await_with_lambda": (
        [("a.cpp", body("co_await f([a](int b) { return a + b; });")),
         ("a.cpp", body("auto c = g(co_await b(), [&] { return 1; });")),
         ("a.cpp", body("if (co_await f([this]() mutable { return 1; })) co_return;"))],
        [("a.cpp", body("auto g = [a](int b) { return a + b; };", "co_await f(g);")),
         ("a.cpp", body("co_await f([](int b) { return b; });")),
         ("a.cpp", body("co_await f(a[i], b[j](1));")),
         ("a.cpp", body("auto g = [&]() -> task<> { co_await f(); };"))]),
    "await_as_bare_condition": (
        [("a.cpp", body("if (co_await a()) co_return;")),
         ("a.cpp", body("while (!co_await a(b)) {}")),
         ("a.cpp", body("for (; co_await a(b);) {}")),
         ("a.cpp", body("switch (*co_await a()) { default: break; }"))],
        [("a.cpp", body("while (auto a = co_await b()) {}")),
         ("a.cpp", body("for (int a = 1; co_await b(a); --a) {}")),
         ("a.cpp", body("for (auto& a : co_await b()) {}")),
         ("a.cpp", body("if (auto a = co_await b(); !a) co_return;")),
         ("a.cpp", body("if (a) co_await b();")),
         ("a.cpp", body("const auto a = co_await b();", "if (!a) co_return;")),
         ("samjoko/task/await_shapes_test.cpp", body("if (co_await a()) co_return;"))]),
    "await_beside_and_or": (
        [("a.cpp", body("const bool a = b && co_await c();")),
         ("a.cpp", body("while (!a || co_await c()) {}")),
         ("a.cpp", body("f(g(1) && h(co_await c()));"))],
        [("a.cpp", body("auto&& a = co_await b();")),
         ("a.cpp", body("if (a && b) co_await c();")),
         ("a.cpp", body("const bool a = b && c;", "co_await d(a);"))]),
    "destroy_in_await_suspend": (
        [("a.hpp", "struct a {\n  void await_suspend(handle h) { h.destroy(); }\n};\n")],
        [("a.hpp", "struct a {\n  void await_suspend(handle) {}\n  ~a() { h.destroy(); }\n};\n")]),
}

def at(path, *sources):
    return [(f"samjoko/{path}", source) for source in sources]


# what is banned: [(path, bad)...], [(path, good)...]
BANNED = {
    "fork": (
        at("serve/a.cpp", "auto p = ::fork();", "if (fork() == 0)", "vfork();", "return fork();")
        + [("examples/a.cpp", "if (fork() == 0)")],
        at("serve/a.cpp", "os::fork_process();", "// fork() here", "void fork(int slot) {}")
        + at("os/process.cpp", "::fork();") + [("examples/lessons/a.cpp", "if (fork() == 0)")]),
    "wait": (
        at("os/a.cpp", "waitpid(-1, &s, 0);", "::wait(&s);", "wait4(-1, &s, 0, &u);"),
        at("os/children.cpp", "::waitpid(p, &s, 0);") + at("io/a.cpp", "l.wait(s);")
        + at("os/help.hpp", "#include <gtest/gtest.h>\n::waitpid(p, &s, 0);")),
    "clone": (
        at("os/a.cpp", "::clone(f, s, 0, a);", "__clone(f, s, 0, a);", "clone3(&a, sizeof a);"),
        at("os/program_child.cpp", "__clone(f, s, 0, a);")
        + at("os/a.cpp", "// clone(2)", "a_clone(1);")),
    "signal()": (
        at("os/a.cpp", "signal(SIGINT, f);", "std::signal(1, f);")
        + [("examples/lessons/a.cpp", "signal(SIGINT, f);")],
        at("os/a.cpp", "status.signal();", "send_signal(1);")
        + [("examples/lessons/signal_or_sigaction.cpp", "signal(SIGINT, f);")]),
    "sleep": (
        at("io/a_test.cpp", "std::this_thread::sleep_for(1ms);", "usleep(1);", "::sleep(1);"),
        at("io/a.cpp", "co_await client.sleep_for(1ms);")),
    "stdio": (
        at("net/a.cpp", "std::cout << 1;", 'printf("a");', "#include <cstdio>"),
        at("cli/main.cpp", "std::cerr << 1;") + at("net/a.cpp", 'fmt::format("a");')),
    "raw new or delete": (
        at("net/a.cpp", "auto* a = new b;", "delete a;", "new b[3];", "delete[] a;"),
        at("net/a.hpp", "a(const a&) = delete;", "#include <new>", "void* operator new(size_t);",
           "auto* b = ::new (place) a;")),
    "receive, send or accept": (
        at("net/a.cpp", "::recv(fd, b, n, 0);", "accept4(fd, a, n, 0);", "::send(a, b, n, 0);"),
        at("io/attempt.cpp", "::recv(fd, b, n, 0);") + at("task/a.cpp", "c.send(1);")),
    "a system call": (
        at("serve/a.cpp", "::close(fd);", "auto n = ::read(fd, b, n);", "::epoll_ctl(1, 2, 3, 0);"),
        at("serve/a.cpp", "os::close(fd);", "client.close();", "samjoko::read(1);")
        + at("os/a.cpp", "::close(fd);") + at("serve/a_test.cpp", "::close(fd);")),
    "_exit or exit": (
        at("serve/a.cpp", "::_exit(1);", "std::exit(1);"),
        at("os/process.cpp", "::_exit(1);") + at("io/a.cpp", "on_exit(1);")),
    "the time of day": (
        at("web/a.cpp", "auto now = std::chrono::system_clock::now();", "::time(nullptr);",
           "clock_gettime(CLOCK_REALTIME, &t);"),
        at("os/clock.cpp", "system_clock::now();") + at("web/a.cpp", "os::wall_now();")
        + at("web/a_test.cpp", "time(nullptr);")),
    "detached thread": (
        at("serve/a.cpp", "t.detach();"), at("serve/a.cpp", "t.join();")),
}


class Rules(unittest.TestCase):
    def judge(self, rule, path, source, expected):
        found = list(rule(File(path, source, ROOMS)))
        said = f"{rule.__name__}: {path}: {source[:200]!r}: {found}"
        self.assertEqual(bool(found), expected, said)
        return found

    def test_every_rule_has_cases(self):
        names = {rule.__name__ for rule in style_rules.RULES}
        self.assertEqual(names, set(CASES) | {"banned_calls"})
        self.assertEqual({ban.what for ban in style_rules.BANS}, set(BANNED))

    def test_each_rule(self):
        for rule in style_rules.RULES:
            for expected, cases in zip((True, False), CASES.get(rule.__name__, ([], []))):
                for path, source in cases:
                    with self.subTest(rule=rule.__name__, source=source[:80]):
                        self.judge(rule, path, source, expected)

    def test_each_ban_names_the_replacement(self):
        for ban in style_rules.BANS:
            bad, good = BANNED[ban.what]
            for path, source in bad:
                with self.subTest(ban=ban.what, source=source):
                    found = self.judge(style_rules.banned_calls, path, source, True)
                    self.assertIn(ban.instead, found[0][1])
            for path, source in good:
                with self.subTest(ban=ban.what, source=source):
                    self.judge(style_rules.banned_calls, path, source, False)

    def test_findings_carry_the_line(self):
        file = File("samjoko/os/a.cpp", "int a;\n\nauto p = ::fork();\n", ROOMS)
        self.assertEqual([line for line, _, _ in style_rules.check(file)], [3])


class Reading(unittest.TestCase):
    def test_comments_and_literals_are_blanked_in_place(self):
        source = 'a = "b{"; // c{\nd = R"x({)x"; e = \'{\'; f = 1\'000; /* { */ g();\n'
        text = Text(source)
        self.assertEqual(len(text.code), len(source))
        self.assertNotIn("{", text.code)
        self.assertIn("1'000", text.code)

    def test_functions_are_found_with_their_lines(self):
        source = ("namespace a {\nclass b : c<d> {\n public:\n  b() noexcept : e_{1} { f(); }\n"
                  "  [[nodiscard]] auto g() const -> h {\n    if (i) {\n    }\n"
                  "    return {1};\n  }\n"
                  "  int j_{3};\n};\n}\nTEST(k, l) {\n  m([n](int) { o(); });\n}\n")
        found = [(f.name, f.first_line, f.lines) for f in Text(source).functions()]
        self.assertEqual(found, [("b", 4, 1), ("auto g", 5, 5), ("TEST", 13, 3)])

    def test_the_order_is_read_from_cmake(self):
        self.assertEqual(ROOMS, {"base": set(), "os": {"base"}, "proto": {"base"}})


if __name__ == "__main__":
    sys.exit(unittest.main())
