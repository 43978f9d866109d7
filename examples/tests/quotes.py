#!/usr/bin/env python3
"""What the pages quote as a lesson's output is what the lesson's test expects, line by line.

A quotation is a block of code without a language in docs/concepts.md and docs/concepts.ko.md; the
line "..." stands for lines left out. And each block of C++ in the READMEs and the guide behind
which stands a line with [examples/NAME.cpp] is a part of that program, as it is.
"""
import inspect
import pathlib
import re
import sys

import lessons

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def expected_lines():
    """Of all lessons, as regular expressions: {name} is whatever stands there."""
    texts = re.findall(r'(?:program|said), (?:fr)?"""\n(.*?)"""', inspect.getsource(lessons),
                       re.DOTALL)
    return [re.sub(r"\\\{\w+\\\}", ".*", re.escape(line))
            for text in texts for line in text.splitlines()]


def quoted_lines(page):
    language, indent = None, ""
    for line in page.read_text().splitlines():
        fence = re.match(r"( *)```(\w*)$", line)
        if fence:
            indent, begun = fence.groups()
            language = begun if language is None else None
        elif language == "":
            yield line.removeprefix(indent)


def samples():
    """(page, example, code) of the READMEs and the guide."""
    behind = re.compile(r"```cpp\n(.*?)```\n\n[^\n]*\[examples/(\w+)\.cpp\]", re.DOTALL)
    for page in [*sorted(ROOT.glob("README*.md")), DOCS / "guide.md"]:
        text = page.read_text()
        for found in behind.finditer(text):
            yield page.name, found[2], found[1].rpartition("```cpp\n")[2]


def wrong_samples():
    found = list(samples())
    for page, least in (("README.md", {"echo"}), ("guide.md", {"echo", "relay", "shout"})):
        names = {name for where, name, _ in found if where == page}
        if not least <= names:
            yield f"{page} quotes only {sorted(names)}"
    for page, name, code in found:
        if code not in (ROOT / "examples" / f"{name}.cpp").read_text():
            yield f"{page} quotes what examples/{name}.cpp does not say"


def main():
    patterns, wrong, count = expected_lines(), [], 0
    for page in sorted(DOCS.glob("concepts*.md")):
        for line in quoted_lines(page):
            count += 1
            if line != "..." and not any(re.fullmatch(pattern, line) for pattern in patterns):
                wrong.append(f"{page.name} quotes what no lesson says: {line}")
    wrong += wrong_samples()
    print("\n".join(wrong + [f"{count} lines quoted, {len(wrong)} wrong"]))
    return 1 if wrong or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
