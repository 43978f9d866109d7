#!/usr/bin/env python3
"""samjoko-lint against the shapes that tests/usage/test_coroutine_shapes.py compiles and runs: what
g++ 12 gets wrong is found, what it gets right is not. Against docs/first_handler.md, line by line;
against all our own code, where nothing may be found; and as a program, with bad input."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINT = ROOT / "tools/samjoko-lint"
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tools/lint"), str(ROOT / "tests"), str(ROOT / "tests/usage")]
import lint  # noqa: E402
import test_coroutine_shapes as matrix  # noqa: E402

# The rule of the matrix, and those of the lint that may find its shapes: an aggregate whose member
# is a vector is both, and an arm of ?: may be made in place as well.
NAMES = {
    "in place": {"made-in-place"}, "chosen": {"choice", "made-in-place"},
    "lambda": {"capturing-lambda"}, "wait in braces": {"made-in-place"},
    "list": {"list-in-place", "made-in-place"}, "wait in ?:": {"choice"}, "and": {"and-or"},
    "bare": {"bare-condition"}, "reference": {"by-reference"}, "asked twice": {"asked-twice"},
}
# What a lint without a compiler stumbles over. (rules that must be found, text)
TEXTS = [
    ([], "// co_await f({1, t});\n/* if (!co_await x) co_return; */\n"),
    ([], 'const char* a = "co_await f({1, t});", *b = R"x(co_await f({1, ")")x";\n'),
    ([], "#define ASK(x) co_await f({1, x}) \\\n  && co_await f({2, x})\n"),
    (["bare-condition"], "task<> f(int n = 1'000'000) {\n  if (not co_await g(n)) co_return;\n}\n"),
    ([], "task<> f() {\n  for (auto& [a, b] : c) {\n    if (!co_await g(a)) return;\n  }\n}\n"),
    ([], "task<> f(C& c) {\n  if (std::array<char, (3 > 2)> a; !co_await c.read(a)) return;\n}\n"),
    ([], "task<> f() {\n  auto&& got = co_await g();\n  if (a && b) co_await h(got);\n}\n"),
    (["bare-condition"], "struct s {\n  s() : a_{1}, b_(2) {}\n  task<> f() const noexcept {\n"
                         "    while (co_await g()) h();\n  }\n  int a_, b_;\n};\n"),
    (["bare-condition"], "auto f(int n) -> task<> {\n  if (a < b && co_await g(n)) h();\n}\n"),
    (["bare-condition"], "template <class T>\n  requires(sizeof(T) > 2)\ntask<> f(T) {\n"
                         "  switch (co_await g()) { default: break; }\n}\n"),
    (["made-in-place"], "task<> f(std::string t) {\n  int n = 1;\n  co_await g({n, t});\n}\n"),
    ([], "task<> f(std::string t) {\n  const int n = 1;\n  // samjoko-lint: allow(made-in-place)\n"
         "  co_await g({n, t});\n  co_await g({1, t});  // samjoko-lint: allow(made-in-place)\n}"),
    (["allow", "made-in-place"],
     "task<> f(std::string t) {\n  co_await g({1, t});  // samjoko-lint: allow(in-place)\n}\n"),
    (["capturing-lambda"], "task<> f(std::string t) { co_await g([t](int) { return t; }); }\n"),
    ([], "task<> f(int t, char* p) { co_await g([t, p, n = 3, &q](int) { return t; }); }\n"),
    (["capturing-lambda"], "class s {\n  task<> f() { co_await g([n = n_, this] {}); }\n"
                           "  task<> g() { co_await g([n = s_] {}); }\n"
                           "  int n_ = 1;\n  std::string s_;\n};\n"),
    ([], "class s {\n  task<> f() { co_await g([this, n = n_] {}); }\n  int n_ = 1;\n};\n"),
    ([], "task<> f() {\n  auto g = [s = text()]() -> task<> { if (!co_await h()) co_return; };\n"
         "  co_await g();\n}\n"),
    (["choice"], "task<> f(bool b) { co_await g(b ? std::string(\"a\") : name()); }\n"),
    ([], "task<> f(bool b) { co_await g(b ? \"a\" : \"b\", b ? 1 : n.size()); }\n"),
    ([], "task<> g() {\n  x = b ? name() : other();\n  co_await h();\n}\n"),
    (["list-in-place"], "task<> f(int a) { co_await g(std::vector<int>{a, a}); }\n"),
    (["and-or"], "task<> f(int n) {\n  do {\n    int m = n;\n  } while (n && co_await g());\n}\n"),
    (["asked-twice"], "task<> f() {\n  const int n = 1;\n  REQUIRE(co_await g(n) == 2);\n}\n"),
    ([], "task<> f() {\n  const int n = 1;\n  EXPECT_TRUE(co_await g(n));\n}\n"),
    # As others reported them: chriskohlhoff/asio 1027, llvm 59181 and 63818, catchorg/Catch2 2591.
    (["capturing-lambda"], "template <class... A>\nawaitable<void> f(io_context& io, A... args) {\n"
                           "  co_return co_await spawn([&io, args...]() -> awaitable<void> {\n"
                           "    co_return co_await work0(io, args...);\n  }, io, use);\n}\n"),
    (["choice"], "struct res { int n; };\n"
                 "res f(bool b) { co_return b ? res{co_await foo_error()} : res{5}; }\n"),
    (["asked-twice"], "task<> f(S signal) {\n  const auto n = 1s;\n"
                      "  REQUIRE(true == co_await resume_on_signal(signal, n));\n}\n"),
    (["made-in-place"], "task f() {\n  Printies p2{Printy(\"b\"), co_await Awaiter{\"a1\"}};\n}\n"),
    (["made-in-place"], '#include "own.hpp"\ntask<> f() { co_await g(owner{1}); }\n'),
    ([], '#include "own.hpp"\ntask<> f() { co_await g(plain{1}, built{1}, kind{1}, alias{1}); }\n'),
]
OWN = """enum class kind : int { one };
namespace a::b {
struct owner { int n; std::map<int, std::string> all = {}; };
struct plain { int n; const char* name; void (*call)(int); std::chrono::seconds wait; };
class built { public: built(int n); private: std::string s_; };
}
using alias = a::b::plain;
"""


def rules_of(path, text):
    return {row[2] for row in lint.check(lint.Library([]), path, text)}


def the_matrix():
    for number, (name, shape) in enumerate(matrix.SHAPES.items()):
        body = shape.body if "@" in shape.body else f"task<> @() {{\n{shape.body}\n}}"
        text = f"#include <tests/shapes/bed.hpp>\nnamespace {{\n{body}\n}}\n".replace("@", "shape")
        found = rules_of(ROOT / f"tests/shapes/{number}.cpp", text)   # where the header is seen
        wanted = NAMES[shape.rule] if shape.gcc != "right" else set()
        if not found <= wanted or bool(found) != bool(wanted):
            yield f"shape '{name}': {sorted(found) or 'nothing'}, not {sorted(wanted)}"


def the_pages():
    """Of the code that our pages show, each line that says "wrong" is found, and no other is."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if path.name.endswith(".ko.md"):
            continue
        for block in re.findall(r"```cpp\n(.*?)```", path.read_text(), re.DOTALL):
            if not re.search(r"task<.*\) \{", block):                # statements
                block = ("task<> f(connection& client, std::string text) { int left = 2;\n"
                         f"{block}}}\n")
            block = "#include <samjoko/samjoko.hpp>\n" + block
            found = {row[0] for row in lint.check(lint.Library([]), ROOT / "a.cpp", block)}
            for number, line in enumerate(block.splitlines(), 1):
                if ("// wrong" in line) != (number in found):
                    yield f"{path.name}: wrongly judged: {line}"


def texts(folder):
    (folder / "own.hpp").write_text(OWN)
    for number, (wanted, text) in enumerate(TEXTS):
        found = sorted(rules_of(folder / f"{number}.cpp", text))
        if found != wanted:
            yield f"{found or 'nothing'} instead of {wanted} in\n{text}"


def broken_input(folder):
    """Whatever stands in a file, the lint ends with an answer: here, texts that are cut off."""
    for path in sorted((ROOT / "examples").glob("*.cpp")) + [ROOT / "tests/shapes/bed.hpp"]:
        text = path.read_text()
        for cut in range(0, len(text), max(1, len(text) // 40)):
            rules_of(folder / f"{path.name}.{cut}.cpp", text[cut:2 * cut])
    for text in ("}}})])", "((({{{[[[", "co_await", "x = [](", 'R"(', "task<> f() { if (co_await",
                 "a < b < c", "'", "co_await ? : &&", "\0\xff", "struct", "{ co_await g({ }"):
        rules_of(folder / f"{abs(hash(text))}.cpp", text)
    return []


def run(*words):
    done = subprocess.run([sys.executable, LINT, *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def the_program(folder):
    wrong = folder / "deep/wrong.cpp"
    wrong.parent.mkdir()
    wrong.write_text("#include <string>\ntask<> f() {\n  if (!co_await g()) co_return;\n}\n")
    (folder / "right.cpp").write_text("int main() {}\n")
    (folder / "latin.cpp").write_bytes(b"// \xe9\xff\nint a;\n")
    (folder / "deep.cpp").write_text("task<> f() { x = " + "{[(" * 9000 + "co_await y;\n")
    (folder / "empty").mkdir()
    code, out, _ = run(wrong)
    if code != 1 or not re.fullmatch(rf"{re.escape(str(wrong))}:3:8: .+ \[bare-condition\]\n", out):
        yield f"a finding: {code} {out!r}"
    for words, wanted in (([folder / "right.cpp", folder / "latin.cpp"], 0), ([wrong.parent], 1),
                          ([folder / "deep.cpp"], 0), ([folder / "empty"], 2),
                          ([folder / "none.cpp"], 2), ([], 2), (["--nonsense"], 2),
                          (["--help"], 0)):
        code, out, error = run(*words)
        if code != wanted or (wanted == 2 and not error) or "Traceback" in error:
            yield f"samjoko-lint {words}: {code} instead of {wanted}\n{out}{error}"
    if missing := [rule for rule in lint.RULES if rule not in run("--help")[1]]:
        yield f"--help does not name {missing}"


def our_code():
    code, out, error = run(*(ROOT / part for part in ("examples", "samjoko", "tests", "bench")))
    return [] if code == 0 else [f"in our own code, which is right:\n{out}{error}"]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wrong = [*the_matrix(), *the_pages(), *texts(folder), *broken_input(folder),
                 *the_program(folder), *our_code()]
    print("\n".join(wrong) or f"{len(matrix.SHAPES)} shapes, {len(TEXTS)} texts: judged right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
