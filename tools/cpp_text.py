"""Reads C++ text just well enough for the style test: comments and literals blanked, braces told
apart, functions and full expressions found. A heuristic that wants code as clang-format leaves it.
"""
import bisect
import dataclasses
import re

_TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"
      | "(?:\\.|[^"\\\n])*" | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+' """,
    re.DOTALL | re.VERBOSE)
_SCOPE = re.compile(r"^(?:template\s*<.*>\s*|\[\[.*?\]\]\s*|inline\s+|"
                    r"(?:public|private|protected)\s*:\s*)*"
                    r"(?:namespace|class|struct|union|enum|extern)\b", re.DOTALL)
_AFTER_PARAMETERS = (r"(?:\s*(?:const|noexcept(?:\s*\([^{;]*\))?|override|final|mutable|&&?"
                     r"|constexpr|requires\b[^{;]*|->[^{;]*))*\s*$")
_FUNCTION_HEAD = re.compile(r"\)" + _AFTER_PARAMETERS)
_LAMBDA_HEAD = re.compile(r"\]\s*$")
_CONTROL_HEAD = re.compile(r"(?:^|[\s;{}()])(?:else|do|try)\s*$|\bcatch\s*\([^()]*\)\s*$|:\s*$")
_INITIALIZERS = re.compile(r"\)\s*(?:noexcept\s*)?:[^:]")


def _blank(match):
    text = match.group(0)
    inner = re.sub(r"[^\n]", " ", text)
    return inner if text.startswith(("//", "/*")) else text[0] + inner[1:-1] + text[-1]


def without_comments(source):
    """Comments and the insides of literals become blanks; every other character keeps its place."""
    return _TOKEN.sub(_blank, source)


def without_directives(code):
    """Preprocessor lines (with their continuations) become blanks."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code,
                  flags=re.MULTILINE)


@dataclasses.dataclass
class Brace:
    kind: str        # scope, function, lambda, block, list, or ( and [ for themselves
    start: int       # position of the opening bracket
    head: int        # position where the text that decided the kind begins
    parent: "Brace | None"
    end: int = -1


@dataclasses.dataclass
class Function:
    name: str
    first_line: int
    last_line: int

    @property
    def lines(self):
        return self.last_line - self.first_line + 1


def _last_lambda(head):
    """True if `head`, the text before a brace, ends in a lambda's introducer and parameters."""
    bare = head.rstrip()
    if _LAMBDA_HEAD.search(bare):
        return not bare.endswith("[]") or bool(re.search(r"(?:^|[=(,{&|?:]|return)\s*\[\]$", bare))
    tail = _FUNCTION_HEAD.search(bare)
    if not tail:
        return False
    depth = 0
    for at in range(tail.start(), -1, -1):
        depth += {")": 1, "(": -1}.get(bare[at], 0)
        if depth == 0:
            before = bare[:at].rstrip()
            return before.endswith("]") and not before.endswith("operator[]")
    return False


def _kind(head, parent):
    """What an opening brace begins, judged by the text since the last boundary and its parent."""
    text = head.strip()
    inside_code = parent is not None and parent.kind not in ("scope",)
    if _last_lambda(head):
        return "lambda"
    if _SCOPE.match(text) and not text.endswith("="):
        return "scope"
    if not text or _CONTROL_HEAD.search(text):
        return "block" if inside_code and parent.kind not in ("(", "[", "list") else "list"
    is_head = _FUNCTION_HEAD.search(text)
    if _INITIALIZERS.search(text) and not is_head:
        return "function" if text.endswith("}") else "list"
    if is_head and not text.endswith("="):
        if inside_code:
            return "block" if parent.kind not in ("(", "[", "list") else "list"
        return "function"
    return "list"


class Text:
    """A C++ file: `source` as written, `code` without comments or directives, its structure."""

    def __init__(self, source):
        self.source = source
        self.lines = source.split("\n")
        self.bare = without_comments(source)
        self.code = without_directives(self.bare)
        self._starts = [0] + [m.end() for m in re.finditer("\n", source)]
        self.braces = []
        self._scan()

    def line_of(self, position):
        return bisect.bisect_right(self._starts, position)

    def _scan(self):
        open_now, boundary = None, 0
        for match in re.finditer(r"[;{}()\[\]]", self.code):
            sign, at = match.group(0), match.start()
            if sign in "([{":
                head = self.code[boundary:at]
                kind = _kind(head, open_now) if sign == "{" else sign
                open_now = Brace(kind, at, boundary, open_now)
                self.braces.append(open_now)
                if sign == "{" and kind != "list":
                    boundary = at + 1
            elif sign == ";":
                boundary = at + 1
            elif open_now is not None:
                open_now.end = at
                if sign == "}" and open_now.kind in ("scope", "function", "block"):
                    boundary = at + 1
                elif sign == "}" and open_now.kind == "lambda":
                    boundary = open_now.head
                open_now = open_now.parent

    def functions(self):
        found = []
        for brace in self.braces:
            outer = brace.parent is None or brace.parent.kind == "scope"
            if brace.kind != "function" and not (brace.kind == "lambda" and outer):
                continue
            head = self.code[brace.head:brace.start]
            first = brace.head + len(head) - len(head.lstrip())
            while re.match(r"(?:public|private|protected)\s*:", self.code[first:brace.start]):
                first = self.code.index(":", first) + 1
                first += len(self.code[first:]) - len(self.code[first:].lstrip())
            name = re.search(r"([\w:~]+(?:\s*\S{1,3})?)\s*\(", self.code[first:brace.start])
            found.append(Function(name.group(1) if name else "lambda", self.line_of(first),
                                  self.line_of(brace.end)))
        return found

    def enclosing(self, position):
        """The brackets around a position, innermost first."""
        around = [b for b in self.braces
                  if b.start < position and (b.end == -1 or b.end > position)]
        return sorted(around, key=lambda b: -b.start)

    def full_expression(self, position):
        """The text of the statement around a position; bodies of lambdas within it are left out."""
        around = self.enclosing(position)
        bodies = ("block", "function", "lambda", "scope")
        body = next((b for b in around if b.kind in bodies), None)
        inner = [b for b in around if body is None or b.start > body.start]
        left, right = (body.start + 1, body.end) if body else (0, len(self.code))
        nested = [b for b in self.braces
                  if left <= b.start < right and b.kind in ("block", "lambda")]
        for match in re.compile(";").finditer(self.code, left, right):
            at = match.start()
            holders = [b for b in self.enclosing(at) if body is None or b.start > body.start]
            if any(b not in inner for b in holders):
                continue
            if at < position:
                left = max(left, at + 1)
            else:
                right = min(right, at)
                break
        for block in nested:
            if block.kind == "block" and left <= block.end < position:
                left = block.end + 1
            if block.kind == "block" and position < block.start < right:
                right = block.start
        text = self.code[left:right]
        for block in nested:
            if block.kind == "lambda" and left <= block.start and block.end <= right:
                text = (text[:block.start + 1 - left] + " " * (block.end - block.start - 1)
                        + text[block.end - left:])
        return text
