"""What the two compilers make of the ways in which people write co_await: each shape is compiled against the real task type,
without optimization and with it, and run. A verdict that is not the one written down here fails, in both directions: what we
call right must be right everywhere, and what we call dangerous is a row of docs/hazards.md."""
import collections
import os
import re
import shutil
import subprocess
import tempfile

from framework import SLOWNESS, Skip, cases, limit, quick_or_long
from harness import ROOT

# The verdicts. The waits of each shape complete in place in one run, and suspend in another.
#   right    awaited once and in order; each temporary and each block of memory is destroyed once
#   twice    something is destroyed, or freed, twice: in a program a double free
#   moved    an object is destroyed elsewhere than it was made
#   leaked   something is never destroyed
#   wrong    other waits, or other values, than the text says
#   dropped  the body is not there: a task that never ends, or a signal (illegal instruction)
#   refused  does not compile
# What must not be written, and the words by which docs/hazards.md names it.
RULES = {
    "in place": "made in place",
    "chosen": "chosen by `?:`",
    "lambda": "lambda that captures by value",
    "wait in braces": "`co_await` in a braced list",
    "list": "array used as initializer",
    "wait in ?:": "`co_await` beside `?:`",
    "and": "`co_await` behind `&&`",
    "bare": "in a coroutine that has no variable of its own",
    "reference": "a copy of it is awaited",
    "asked twice": "`__builtin_constant_p`",
}
Shape = collections.namedtuple("Shape", "body notes gcc rule clang")
SHAPES = {}


def shape(name, body, notes, gcc="right", rule=None, clang="right"):
    """`body`: that of a coroutine without parameters, or a whole text in which @ is its name. `notes`: what is awaited and
    noted, in order. `gcc`, `clang`: the verdict, or one for each level where they differ, "right twice twice"."""
    SHAPES[name] = Shape(body, notes, gcc, rule, clang)


# --- an aggregate that owns something, as an argument
shape("braced, by value", "co_await by_value({7, 1});", [7, 1], "twice", "in place")
shape("braced, by const&", "co_await by_const({7, 1});", [7, 1], "twice", "in place")
shape("braced, by &&", "co_await by_rvalue({7, 1});", [7, 1], "twice", "in place")
shape("braced, named type", "co_await by_value(answer{7, 1});", [7, 1], "twice", "in place")
shape("braced, named type, by const&", "co_await by_const(answer{7, 1});", [7, 1], "twice", "in place")
shape("braced, named type, to a template", "co_await by_forward(answer{7, 1});", [7, 1], "twice", "in place")
shape("braced, designated", "co_await by_value({.status = 7, .body = 1});", [7, 1], "twice", "in place")
shape("braced, defaulted member", "co_await by_value({.status = 7});", [7, 1], "twice", "in place")
shape("braced, empty", "co_await by_value({});", [0, 1], "twice", "in place")
shape("parentheses, named type", "co_await by_value(answer(7, 1));", [7, 1], "twice", "in place")
shape("parentheses, one value", "co_await by_value(answer(7));", [7, 1], "twice", "in place")
shape("braced, nested", "co_await nested({1, {7, 1}});", [7, 1], "twice", "in place")
shape("braced, with a base", "co_await of_derived({7, 1});", [7, 1])
shape("braced, with a string", "co_await with_text({7, long_text});", [7, 44], "twice", "in place")
shape("braced, to a function that is no coroutine", "note(co_await without_a_coroutine({7, 1}));", [8, 8], "twice", "in place")
shape("braced, beside a wait", "co_await two({7, 1}, co_await step{3});", [3, 7, 3], "twice", "in place")
shape("braced, of trivial members", "co_await trivially({7, 1});", [7, 1])
shape("braced, of a class with a constructor", "co_await of_a_class({7, 1});", [7, 8])
shape("class with a constructor", "co_await of_a_class(built(7, 1));", [7, 8])
shape("braced, std::array", "co_await in_array({7, 1});", [7, 1], "twice", "in place")
shape("braced, std::pair", "co_await in_pair({7, 1});", [7, 1])
shape("braced, std::optional", "co_await maybe(answer{7, 1});", [7, 1], "twice", "in place")
shape("braced, std::vector", "co_await many({{7, 1}, {8, 2}});", [7, 2], "refused", "list")
shape("braced, std::initializer_list", "co_await listed({{7, 1}});", [7, 1], "refused", "list")
shape("braced, a member is a vector", "co_await ordered({.parts = {7}});", [7], "refused", "list")
shape("braces in braces", "co_await of_a_value({{\"url\", \"here\"}, {\"port\", \"80\"}});", [2], "refused", "list")
shape("braced, in make_unique", "co_await owned(std::make_unique<answer>(answer{7, 1}));", [7, 1], "twice", "in place")
shape("parentheses, in make_unique", "co_await owned(std::make_unique<answer>(7, 1));", [7, 1])
shape("braced, by new", "co_await owned(std::unique_ptr<answer>(new answer{7, 1}));", [7, 1], "twice", "in place")
shape("braced, in a condition", "const int one = 1;\nif (answer{one, 1}.status == co_await step{1}) note(1);", [1, 1], "twice", "in place")
shape("braced, as the object", "co_await sender{1}.send(7);", [7, 1], "twice", "in place")
shape("braced, in a default argument", "co_await by_default();", [7, 1], "twice", "in place")
shape("braced, by ?:", "const bool yes = seen.made == 0;\nco_await by_value(yes ? answer{7, 1} : answer{8, 2});", [7, 1], "twice", "chosen")
shape("braced, in co_return", "task<int> @_(answer got) { co_return co_await step{got.status}; }\n"
      "task<int> @__() { co_return co_await @_({7, 1}); }\ntask<> @() { note(co_await @__()); }", [7, 7], "twice", "in place")
shape("braced, child throws", "try {\n  co_await fails({7, 1});\n} catch (const std::runtime_error&) {\n  note(1);\n}", [7, 1], "twice", "in place")
shape("braced, argument throws", "try {\n  co_await two({7, 1}, throws());\n} catch (const std::runtime_error&) {\n  note(1);\n}",
      [1], "twice", "in place")
shape("braced, in a loop", "for (int i = 7; i < 9; ++i) co_await by_value({i, 1});", [7, 1, 8, 1], "twice", "in place")
shape("made by a function, a member of it", "co_await step{make(7).status};", [7])
shape("made by a function, std::vector", "co_await many(std::vector<answer>(2, make(7)));", [7, 1])
shape("made by a function, std::optional", "co_await maybe(make(7));", [7, 1])
shape("made by a static function", "co_await by_value(std::apply(make, std::tuple(7)));", [7, 1])
shape("cast", "co_await by_value(static_cast<answer>(make(7)));", [7, 1])
shape("copied", "const answer got = make(7);\nco_await by_value(answer(got));", [7, 1])
shape("named first", "const answer got{7, 1};\nco_await by_const(got);", [7, 1])
shape("named first, moved", "answer got{7, 1};\nco_await by_value(std::move(got));", [7, 1])
shape("made by a function", "co_await by_value(make(7));", [7, 1])
shape("made by a function, by const&", "co_await by_const(make(7));", [7, 1])
shape("made by a function, ?:", "const bool yes = seen.made == 0;\nco_await by_value(yes ? make(7) : make(8));", [7, 1], "twice", "chosen")
shape("made by a function, child throws", "try {\n  co_await fails(make(7));\n} catch (const std::runtime_error&) {\n"
      "  note(1);\n}", [7, 1])

# --- strings
shape("string, temporary", "co_await only_text(std::string(long_text));", [7, 44])
shape("string, converted", "co_await only_text(long_text);", [7, 44])
shape("string, converted, by const&", "co_await only_text_by_const(long_text);", [7, 44])
shape("string, sum", "co_await two_texts(text() + \"!\", \"b\" + text());", [7, 90])
shape("string, seen through a view", "co_await seen_through(text() + \"!\");", [45, 97])
shape("string, ?:", "const bool yes = seen.made == 0;\nco_await only_text(yes ? text() : std::string(\"b\"));", [7, 44], "twice", "chosen")
shape("string and literal, ?:", "const std::string one = text();\nco_await only_text(seen.made == 0 ? one : \"b\");", [7, 44], "twice", "chosen")
shape("two names, ?:", "const std::string one = text(), two = one + one;\nco_await only_text(seen.made == 0 ? one : two);", [7, 44])
shape("views, ?:", "co_await seen_through(seen.made == 0 ? std::string_view(\"a\") : std::string_view(\"b\"));", [1, 97])
shape("strings, ?: of a wait", "const auto got = co_await step{1} ? text() : std::string();\nnote(static_cast<int>(got.size()));", [1, 44],
      "twice", "chosen")
shape("string, beside a wait", "co_await with_text(letter(co_await step{3}, text()));", [3, 3, 44], "twice", "in place")

# --- lambdas
shape("lambda that captures, as an argument", "co_await call([kept = tracked(1)] { return kept.get(); });", [7, 1], "twice", "lambda")
shape("lambda that captures a string, as an argument",
      "co_await call([kept = text()] { return static_cast<int>(kept.size()); });", [7, 44], "twice", "lambda")
shape("lambda that captures a reference, as an argument", "const tracked kept = 1;\n"
      "co_await call([&kept] { return kept.get(); });", [7, 1])
shape("lambda that captures a number, as an argument", "const int kept = 1;\nco_await call([kept] { return kept; });", [7, 1])
shape("lambda that captures all, as an argument", "const tracked kept = 1;\n"
      "co_await call([=] { return kept.get(); });", [7, 1], "twice", "lambda")
shape("lambda that captures, named first", "auto function = [kept = tracked(1)] { return kept.get(); };\n"
      "co_await call(std::move(function));", [7, 1])
shape("lambda that captures what is moved into it", "auto own = std::make_unique<int>(7);\n"
      "co_await run([own = std::move(own)]() -> task<> { co_await step{*own}; });", [7], "twice", "lambda")
shape("coroutine lambda, in co_return", "task<int> @_() {\n  const tracked own = 1;\n"
      "  co_return co_await [own](int n) -> task<int> { co_return co_await step{n + own.get()}; }(6);\n}\n"
      "task<> @() { note(co_await @_()); }", [7, 7], "twice", "lambda")
shape("coroutine lambda that captures, called in place",
      "co_await [kept = tracked(1)]() -> task<> {\n  co_await step{7};\n  note(kept.get());\n}();", [7, 1], "twice", "lambda")
shape("coroutine lambda that captures, as an argument",
      "co_await run([kept = tracked(1)]() -> task<> {\n  co_await step{7};\n  note(kept.get());\n});", [7, 1], "twice", "lambda")
shape("coroutine lambda without captures, called in place",
      "co_await [](tracked kept) -> task<> {\n  co_await step{7};\n  note(kept.get());\n}(1);", [7, 1])

# --- what is awaited owns something, or answers something that does
shape("awaiter that owns, braced", "note(co_await owning_step{{7}, 1});", [7, 7], "twice", "in place")
shape("awaiter that owns, with a constructor", "note(co_await built_step(7, 1));", [7, 7])
shape("awaiter that owns, by a function", "note(co_await make_owning_step());", [7, 7])
shape("awaiter by reference", "counting_step own{{7}};\nco_await the_same(own);\nnote(own.times);", [7, 1], "wrong", "reference")
shape("awaiter by reference, not to be copied", "single_step own(7);\nnote(co_await the_same(own));", [7, 7], "refused", "reference")
shape("awaiter, named, not to be copied", "single_step own(7);\nnote(co_await own);", [7, 7])
shape("virtual call with temporaries", "const auto got = co_await any_network().find(text() + \"!\");\nnote(got.get());", [7, 52])
shape("awaiter, named", "counting_step own{{7}};\nco_await own;\nnote(own.times);", [7, 1])
shape("awaiter, named, moved", "counting_step own{{7}};\nco_await std::move(own);\nnote(own.times);", [7, 1], "wrong", "reference")
shape("task, named, moved", "auto own = child(7);\nconst auto got = co_await std::move(own);\nnote(got.get());", [7, 7])
shape("answer that owns, discarded", "static_cast<void>(co_await child(7));", [7])
shape("answer that owns, of an awaiter, discarded", "static_cast<void>(co_await step_to_tracked{7});", [7])
shape("answer that owns, in an expression", "note((co_await child(7)).get() + (co_await child(8)).get());", [7, 8, 15])
shape("answer that owns, named", "const auto got = co_await child(7);\nnote(got.get());", [7, 7])
shape("answer that owns, co_return", "task<tracked> @_() { co_return co_await child(7); }\n"
      "task<> @() { note((co_await @_()).get()); }", [7, 7])
shape("co_return of braces", "task<answer> @_() {\n  co_await step{7};\n  co_return answer{7, 1};\n}\n"
      "task<> @() { note((co_await @_()).status); }", [7, 7])
shape("co_return of braces in an if", "task<answer> @_(int n) {\n  if (n == 7) co_return answer{n, 1};\n  co_await step{n};\n"
      "  co_return answer{8, 1};\n}\ntask<> @() { note((co_await @_(7)).status); }", [7])
shape("structured binding of an aggregate", "const auto [status, words] = co_await received();\nnote(status);", [7, 7])
shape("structured binding of a tuple", "const auto [first, second] = co_await tupled();\nnote(second.get());", [7, 1])
shape("structured binding in a loop", "for (int i = 0; i < 2; ++i) {\n  auto [first, second] = co_await tupled();\n"
      "  note(second.get());\n}", [7, 1, 7, 1])
shape("structured binding of a named one", "auto got = co_await tupled();\nauto& [first, second] = got;\nnote(second.get());",
      [7, 1])
shape("range of a loop", "for (const int each : co_await numbers()) note(each);", [7, 1, 2])

# --- co_await inside braces, beside other temporaries
shape("wait in the braces of a declaration", "const answer got{co_await step{7}, 1};\nnote(got.body.get());", [7, 1], "twice", "wait in braces")
shape("wait in the braces of an argument", "co_await by_value({co_await step{7}, 1});", [7, 7, 1], "twice", "wait in braces")
shape("wait in braces behind a temporary", "const std::array<tracked, 2> got{tracked(1), tracked(co_await step{7})};\n"
      "note(got[1].get());", [7, 7], "twice", "wait in braces")
shape("wait in braces of a vector", "const std::vector<int> got{co_await step{7}, co_await step{8}};\nnote(got[1]);", [7, 8, 8], "refused", "list")
shape("wait in the braces of a number", "const int got{co_await step{7}};\nnote(got);", [7, 7])
shape("wait in the braces of a class with a constructor", "const built got{co_await step{7}, 1};\nnote(got.sum());", [7, 8])
shape("wait behind a temporary, in arguments", "note(sum(tracked(1), co_await step{7}));", [7, 8])
shape("wait behind a string", "note(static_cast<int>((text() + std::to_string(co_await step{7})).size()));", [7, 45])

# --- conditions: each the only statement of a coroutine without a variable of its own
shape("if, the only statement", "if (co_await step{7}) note(1);", [7, 1], "dropped", "bare")
shape("if not, the only statement", "if (!co_await step{7}) co_return;", [7], "dropped", "bare")
shape("if not, with a parameter", "task<> @_(int one) {\n  if (!co_await step{one}) co_return;\n}\n"
      "task<> @() { co_await @_(7); }", [7], "dropped", "bare")
shape("if not, of a larger awaiter", "if (!co_await far_step{{7}}) co_return;", [7], "dropped", "bare")
shape("if not, of a child", "if (!co_await child(7)) co_return;", [7], "dropped", "bare")
shape("if and else, the only statement", "if (co_await step{7}) {\n  note(1);\n} else {\n  note(2);\n}", [7, 1], "dropped", "bare")
shape("if not, then others", "if (!co_await step{7}) co_return;\nco_await step{8};", [7, 8], "dropped", "bare")
shape("if not, behind others", "co_await step{6};\nif (!co_await step{7}) co_return;", [6, 7], "dropped", "bare")
shape("if not, in a block", "{\n  if (!co_await step{7}) co_return;\n}", [7], "dropped", "bare")
shape("if not, in try", "try {\n  if (!co_await step{7}) co_return;\n} catch (const std::exception&) {\n}", [7])
shape("if not, in try, catches all", "try {\n  if (!co_await step{7}) co_return;\n} catch (...) {\n}", [7], "dropped", "bare")
shape("if not, in a member", "struct @_ {\n  int n = 7;\n  task<> go() {\n    if (!co_await step{n}) co_return;\n  }\n};\n"
      "task<> @() {\n  @_ one;\n  co_await one.go();\n}", [7], "dropped", "bare")
shape("if not, in a lambda", "auto one = []() -> task<> {\n  if (!co_await step{7}) co_return;\n};\nco_await one();", [7])
shape("if not, beside a name for a type", "using number = int;\nif (!co_await step{number(7)}) co_return;", [7])
shape("while, the only statement", "while (co_await step{seen.noted == 0 ? 7 : 0}) note(1);", [7, 1, 0], "dropped", "bare")
shape("do while, the only statement", "do {\n  note(1);\n} while (co_await step{0});", [1, 0], "dropped", "bare")
shape("for, the only statement", "for (; co_await step{seen.noted == 0 ? 7 : 0};) note(1);", [7, 1, 0], "dropped", "bare")
shape("switch, the only statement", "switch (co_await step{7}) {\n  case 7: note(1); break;\n  default: note(2);\n}", [7, 1], "dropped", "bare")
shape("if not, beside a variable", "const int seven = 7;\nif (!co_await step{seven}) co_return;", [7])
shape("if not, a variable behind it", "if (!co_await step{7}) co_return;\nconst int eight = 8;\nnote(eight);", [7, 8])
shape("if with a declaration", "if (const int got = co_await step{7}; !got) co_return;", [7])
shape("if with a condition that declares", "if (const int got = co_await step{7}) note(got);", [7, 7])
shape("while with a condition that declares", "while (const int got = co_await step{seen.noted == 0 ? 7 : 0}) note(got);",
      [7, 7, 0])
shape("named, then if", "const auto got = co_await step{7};\nif (!got) co_return;", [7])

# --- && and || and ?:, decided when it runs: of a constant the compiler would leave nothing
NONE, ONE = "const bool none = seen.noted != 0;\n", "const bool one = seen.noted == 0;\n"
shape("and, in an if", NONE + "if (none && co_await step{8}) note(1);\nnote(2);", [2])
shape("or, in an if", ONE + "if (one || co_await step{8}) note(1);", [1])
shape("and, in an if, within others", NONE + "if (!none && !(none || !co_await step{8})) note(1);", [8, 1])
shape("and, in an if, before another", NONE + "if (none && co_await step{8} && !none) note(1);\nnote(2);", [2], "wrong", "and")
shape("and, in an if, the left side of or", NONE + "if ((none && co_await step{8}) || none) note(1);\nnote(2);", [2], "wrong", "and")
shape("two waits with and, in an if", "const int none = 0;\nif (co_await step{none} && co_await step{8}) note(1);", [0])
shape("and, in an if, compared", NONE + "if ((none && co_await step{8}) == false) note(1);", [1], "wrong", "and")
shape("and, in a while", "int left = 0;\nwhile (left && co_await step{8}) --left;\nnote(2);", [2], "wrong", "and")
shape("and, in a for", "int left = 0;\nfor (; left && co_await step{8};) --left;\nnote(2);", [2], "wrong", "and")
shape("and, behind the wait, in a while", "int left = 1;\nwhile (co_await step{left} && left) --left;\nnote(2);", [1, 0, 2])
shape("and, in an argument", NONE + "note(none && co_await step{8});", [0], "wrong", "and")
shape("or, in an argument", ONE + "note(one || co_await step{8});", [1], "wrong", "and")
shape("and, in the braces of an argument", NONE + "co_await step{none && co_await step{8}};", [0], "wrong", "and")
shape("and, in co_return", "task<bool> @_(int none) { co_return none && co_await step{8}; }\n"
      "task<> @() { note(co_await @_(0)); }", [0], "wrong", "and")
shape("and, in a declaration", NONE + "const bool got = none && co_await step{8};\nnote(got);", [0])
shape("and, in a condition that declares", NONE + "if (const bool got = none && co_await step{8}; !got) note(1);", [1])
shape("and, in a declaration of another type", NONE + "const int got = none && co_await step{8};\nnote(got);", [0], "wrong", "and")
shape("or, in a declaration", ONE + "const bool got = one || co_await step{8};\nnote(got);", [1])
shape("and, assigned", NONE + "bool got = true;\ngot = none && co_await step{8};\nnote(got);", [0])
shape("and, assigned to another type", NONE + "int got = 1;\ngot = none && co_await step{8};\nnote(got);", [0], "wrong", "and")
shape("or, a statement", ONE + "static_cast<void>(one || co_await step{8});\nnote(1);", [1])
shape("wait in ?:", ONE + "note(one ? 1 : co_await step{8});", [1], "wrong", "wait in ?:")
shape("waits in ?:, in an if", ONE + "if (one ? co_await step{7} : co_await step{8}) note(1);", [7, 1], "wrong", "wait in ?:")
shape("wait in ?: of a number", ONE + "const int got = one ? 1 : co_await step{8};\nnote(got);", [1])
shape("wait in ?:, in a declaration of bool", ONE + "const bool got = one ? 1 : co_await step{8};\nnote(got);", [1], "wrong", "wait in ?:")
shape("wait in ?: of an object", ONE + "const tracked got = one ? tracked(1) : co_await child(8);\nnote(got.get());", [1],
      "twice", "wait in ?:")
shape("waits in ?: of objects", ONE + "const auto got = one ? co_await child(7) : co_await child(8);\nnote(got.get());", [7, 7],
      "twice", "wait in ?:")
shape("wait in ?: in co_return", "task<tracked> @_(bool yes) { co_return yes ? tracked(co_await step{7}) : tracked(8); }\n"
      "task<> @() { note((co_await @_(seen.made == 0)).get()); }", [7, 7], "twice", "wait in ?:")
shape("comma", "note((co_await step{7}, co_await step{8}));", [7, 8, 8])
shape("a macro that asks twice whether it is constant",
      "static_cast<void>(__builtin_constant_p(co_await step{7}));\nnote(co_await step{7});", [7, 7], "wrong", "asked twice")

LEVELS = ["O0", "O1", "O2"]
COMPILERS = {"gcc": "g++-12", "clang": "clang++-19"}
OPTIONS = ["-std=c++23", "-w", "-DSAMJOKO_NO_GCC_NOTE", f"-I{ROOT}"]


def compiler(which):
    if SLOWNESS > 1:
        raise Skip("does not depend on the program: runs with the release build")
    if not shutil.which(COMPILERS[which]):
        raise Skip(f"there is no {COMPILERS[which]} here")
    return COMPILERS[which]


def expected(name, which, level):
    words = getattr(SHAPES[name], which).split()
    return words[LEVELS.index(level)] if len(words) > 1 else words[0]


def source_of(names):
    """A program of these shapes; a diagnostic names the shape in the place of a file."""
    parts = ["#include <tests/shapes/bed.hpp>"]
    for number, name in enumerate(names):
        body = SHAPES[name].body
        text = body if "@" in body else f"task<> @() {{\n{body}\n}}"
        parts += [f'#line 1 "{name}"', "namespace {", text.replace("@", f"shape_{number}"), "}"]
    rows = [f'{{"{name}", &shape_{number}, {{{str(SHAPES[name].notes)[1:-1]}}}}},' for number, name in enumerate(names)]
    parts += ['#line 1 "main"', "int main() {", "const shape all[] = {", *rows, "};", "return judge_all(all);", "}"]
    return "\n".join(parts) + "\n"


def compiled(program, names, folder, *options):
    source = os.path.join(folder, "shapes.cpp")
    with open(source, "w") as file:
        file.write(source_of(names))
    return subprocess.run([program, *OPTIONS, *options, source], capture_output=True, text=True)


def verdicts_of(output):
    """name -> verdict; both where the two runs differ."""
    found = collections.defaultdict(list)
    for line in output.splitlines():
        name, _, said = line.partition("\t")
        verdict = said.split(";")[0]
        if verdict not in ("right", "twice", "moved", "leaked", "wrong"):
            verdict = "dropped"
        if verdict not in found[name]:
            found[name].append(verdict)
    return {name: "/".join(verdicts) for name, verdicts in found.items()}


# No verdict depends on the level so far; the one between is looked at with --long.
TRIED = quick_or_long(["O0", "O2"], LEVELS)


@cases([(which, level) for which in COMPILERS for level in TRIED], "-".join)
@limit(240)
def test_shapes(case):
    which, level = case
    program = compiler(which)
    names = [name for name in SHAPES if expected(name, which, level) != "refused"]
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "shapes")
        made = compiled(program, names, folder, f"-{level}", "-o", binary)
        assert made.returncode == 0, f"a shape that should compile does not:\n{made.stderr[:4000]}"
        ran = subprocess.run([binary], capture_output=True, text=True, errors="replace")
    got = verdicts_of(ran.stdout)
    differ = [name for name in names if got.get(name) != expected(name, which, level)]
    for name in differ:
        print(f"{name}: {expected(name, which, level)} is written down, {program} -{level} makes it {got.get(name, 'end early')}:")
        print(*(line for line in ran.stdout.splitlines() if line.startswith(name + "\t")), sep="\n")
    assert not differ, f"{len(differ)} verdicts of {len(names)} differ {ran.stderr[-1000:]}"


@cases(list(COMPILERS))
@limit(120)
def test_what_does_not_compile(which):
    program = compiler(which)
    with tempfile.TemporaryDirectory() as folder:
        for name in SHAPES:
            if "refused" in getattr(SHAPES[name], which):
                made = compiled(program, [name], folder, "-O0", "-S", "-o", os.devnull)
                assert made.returncode != 0, f"{program} compiles '{name}', which is written down as refused"
                assert re.search("array used as initializer|use of deleted function", made.stderr), made.stderr


def test_what_is_dangerous_is_documented():
    """Each shape that one of the compilers gets wrong has its rule, and each rule its row."""
    with open(os.path.join(ROOT, "docs", "hazards.md")) as file:
        rows = [line for line in file.read().split("## Coroutines", 1)[1].splitlines() if line.startswith("|")]
    for name, row in SHAPES.items():
        is_right = row.gcc == row.clang == "right"
        assert is_right == (row.rule is None), f"'{name}' needs a rule just when somebody gets it wrong"
        assert is_right or any(RULES[row.rule] in line for line in rows), f"no row of hazards.md says: {RULES[row.rule]}"
    used = {row.rule for row in SHAPES.values()}
    assert set(RULES) <= used, f"no shape shows: {set(RULES) - used}"
