#!/usr/bin/env python3
"""Every page leads where it says: links to files and headings, and the files and functions that a
page names in code marks.

  [text](file.md#heading)            the file is there, and so is the heading
  `os/process.cpp`                   the file is there, from the root or from samjoko/
  `os/process.cpp: fork_process`     and the file contains that name
  `fork_process` in `os/process.cpp` the same, as prose says it
"""
import functools
import pathlib
import re
import sys
import tempfile
import unittest

import style

KINDS = "cpp|hpp|py|md|cmake|order|txt|svg|json|c"
PATH = rf"(?:[\w.-]+/)+[\w.-]+\.(?:{KINDS})"
NAME = r"[A-Za-z_]\w*(?:::[A-Za-z_~]\w*)*"


def without_blocks(text):
    """Blocks of code become blank lines."""
    return re.sub(r"^```.*?^```$", lambda m: "\n" * m.group(0).count("\n"), text,
                  flags=re.MULTILINE | re.DOTALL)


def anchor(heading):
    """What a heading is called in a link, as GitHub makes it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@functools.cache
def anchors(page):
    headings = re.findall(r"^#{1,6} (.*)$", without_blocks(page.read_text()), re.MULTILINE)
    return [anchor(heading) for heading in headings]


def place_of(root, page, named):
    """The file that a page names, or None."""
    for folder in (root, root / "samjoko", page.parent):
        if (folder / named).is_file():
            return folder / named
    return None


def broken_links(page, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        where = page.parent / name if name else page
        if not where.exists():
            yield f"no such file: {target}"
        elif heading and heading not in anchors(where):
            yield f"no such heading: {target}"


def broken_names(root, page, text):
    named = [(path, None) for path in re.findall(rf"`({PATH})`", text)]
    named += re.findall(rf"`({PATH}): ({NAME})`", text)
    named += [(path, name) for name, path in
              re.findall(rf"`({NAME})(?:\(\))?`\s+in\s+`({PATH})`", text)]
    for path, name in named:
        where = place_of(root, page, path)
        if where is None:
            yield f"no such file: `{path}`"
        elif name and not re.search(rf"\b{re.escape(name.split('::')[-1])}\b", where.read_text()):
            yield f"`{path}` has no {name}"


def findings(root, page):
    text = without_blocks(page.read_text())
    return [*broken_links(page, text), *broken_names(root, page, text)]


class Pages(unittest.TestCase):
    def test_every_page_of_the_repository(self):
        pages = [style.ROOT / path for path in style.repository_files() if path.endswith(".md")]
        self.assertGreater(len(pages), 5)
        for page in pages:
            for finding in findings(style.ROOT, page):
                with self.subTest(page=str(page.relative_to(style.ROOT))):
                    self.fail(finding)


class Reading(unittest.TestCase):
    GOOD = ("# A page\n## Two `words`, said\n[a](b.md) [c](#two-words-said) [d](https://e.org/f)\n"
            "`os/a.cpp` `os/a.cpp: run` `os/a.cpp: loop::run` `run()` in `os/a.cpp` `docs/b.md`\n"
            "```\n[not](read.md)\n```\n")
    BAD = ("[a](c.md)", "[a](b.md#one)", "[a](#one)", "`os/b.cpp`", "`os/a.cpp: walk`",
           "`walk` in `os/a.cpp`", "`walk()` in\n`os/a.cpp`", "`os/a.cpp: loop::walk`")

    def judge(self, text):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for folder in ("docs", "samjoko/os"):
                (root / folder).mkdir(parents=True)
            (root / "docs/b.md").write_text("# B\n")
            (root / "samjoko/os/a.cpp").write_text("int run();\n")
            page = root / "docs/a.md"
            page.write_text(text)
            return findings(root, page)

    def test_what_is_there_is_found(self):
        self.assertEqual(self.judge(self.GOOD), [])

    def test_what_is_not_there_is_told(self):
        for text in self.BAD:
            with self.subTest(text=text):
                self.assertEqual(len(self.judge(f"# A page\n{text}\n")), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
