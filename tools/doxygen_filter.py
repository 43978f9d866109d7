#!/usr/bin/env python3
"""What Doxygen reads of one of our files (INPUT_FILTER of tools/Doxyfile): doxygen_filter.py FILE

A header's charter, a plain comment, becomes the description of the file. In a page, headings get
the names by which links of GitHub find them, and links to files of the repository lead there from
build/docs/html, or to the page of a header.
"""
import pathlib
import re
import sys

from links_test import anchor

ROOT = pathlib.Path(__file__).resolve().parent.parent
FROM_HTML = "../../.."  # to the repository


def public_headers():
    return re.findall(r"samjoko/\S+\.hpp", (ROOT / "cmake/public_headers.cmake").read_text())


def header(text):
    charter = re.search(r"^// Charter: (?:.*\n)(?://.*\n)*", text, re.MULTILINE)
    if not charter:
        return text
    words = charter.group(0).replace("// Charter: ", "/// @file\n/// ", 1)
    words = re.sub(r"^//(?!/)", "///", words, flags=re.MULTILINE)
    return text[:charter.start()] + words + "\n" + text[charter.end():]


def link(page, headers):
    def made(found):
        words, target = found[1].replace("`", ""), found[2]
        if re.match(r"[a-z]+:|#", target):
            return f"[{words}]({target})"
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve().relative_to(ROOT).as_posix()
        if path in headers:
            return f'@ref {path} "{words}"'
        return f'<a href="{FROM_HTML}/{path}{"#" + heading if heading else ""}">{words}</a>'
    return made


def page_for_doxygen(page, text, headers):
    blocks = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    for number in range(0, len(blocks), 2):
        blocks[number] = re.sub(r"^(##+ (.*))$", lambda m: f"{m[1]} {{#{anchor(m[2])}}}",
                                blocks[number], flags=re.MULTILINE)
        blocks[number] = re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", link(page, headers), blocks[number])
    return "".join(blocks)


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    text = path.read_text()
    sys.stdout.write(page_for_doxygen(path, text, public_headers()) if path.suffix == ".md"
                     else header(text))


if __name__ == "__main__":
    main()
