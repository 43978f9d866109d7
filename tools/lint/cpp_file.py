"""One C++ file as samjoko-lint sees it: its tokens, which bracket belongs to which, what each brace
opens, and where functions and lambdas have their bodies. No preprocessor: directives are skipped.
"""
import bisect
import re

_TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
      | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
      | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"\w*)
      | (?P<character>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
      | (?P<number>\.?\d(?:'?[\w.]|[eEpP][+-])*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign>::|->\*?|\+\+|--|&&|\|\||<=>|<<=?|[<>=!+\-*/%&|^]=|\.\.\.|\.\*|[^\s\w])""",
    re.DOTALL | re.VERBOSE | re.MULTILINE)
_INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
_ALTERNATIVE = {"and": "&&", "or": "||", "not": "!"}
_ALLOW = re.compile(r"samjoko-lint:\s*allow\(([^)]*)\)")
CONTROL = ("if", "while", "for", "switch", "catch")
CLASS = ("class", "struct", "union")
_NO_VALUE = ("return", "co_return", "co_await", "co_yield", "case", "throw", "else", "do", "in")
_SPECIFIERS = ("mutable", "constexpr", "consteval", "static", "noexcept", "const", "requires")
_OPENS, _CLOSES = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}


class File:
    def __init__(self, path, source):
        self.path = path
        self._starts = [0] + [m.end() for m in re.finditer("\n", source)]
        self.text, self.kind, self.place = [], [], []     # of each token
        self.includes = []                                # (sign, name)
        self.allowed = {}                                 # line -> rules that it silences
        self._read(source)
        self.partner, self.holder = self._match()
        self.lambdas = {}                                 # "[" -> "{" of its body
        self.brace = {}                                   # "{" -> what it opens
        self.functions = []                               # (first token of the head, "{")
        self._find_lambdas()

    def position(self, token):
        line = bisect.bisect_right(self._starts, self.place[token])
        return line, self.place[token] - self._starts[line - 1] + 1

    def at(self, token):
        return self.text[token] if 0 <= token < len(self.text) else ""

    def word(self, token):
        return 0 <= token < len(self.text) and self.kind[token] == "word"

    def _read(self, source):
        for match in _TOKEN.finditer(source):
            kind, text = match.lastgroup, match.group(0)
            kind = "raw" if match.group("raw") else kind
            if kind == "comment":
                self._note_allowed(match, source)
            elif kind == "directive":
                found = _INCLUDE.match(text)
                self.includes += [found.groups()] if found else []
            else:
                text = _ALTERNATIVE.get(text, text)
                self.text.append(text)
                self.kind.append({"raw": "string"}.get(kind, kind) if text != "&&" else "sign")
                self.place.append(match.start())

    def _note_allowed(self, match, source):
        """A comment behind code silences its line; one that stands alone, the next."""
        found = _ALLOW.search(match.group(0))
        if found:
            line = bisect.bisect_right(self._starts, match.start())
            alone = not source[self._starts[line - 1]:match.start()].strip()
            rules = {rule.strip() for rule in found.group(1).split(",")}
            self.allowed.setdefault(line + alone, set()).update(rules)

    def _match(self):
        """partner: of each bracket. holder: the bracket around each token, -1 outside of all."""
        partner, holder, open_now = {}, [], []
        for token, text in enumerate(self.text):
            if text in _CLOSES:
                while open_now and self.text[open_now[-1]] != _CLOSES[text]:
                    open_now.pop()                        # not closed: wrong C++, or a macro's half
                if open_now:
                    partner[token] = open_now.pop()
                    partner[partner[token]] = token
            holder.append(open_now[-1] if open_now else -1)
            if text in _OPENS:
                open_now.append(token)
        for token, text in enumerate(self.text):
            if text in _OPENS:
                partner.setdefault(token, len(self.text))
        return partner, holder

    def behind_template(self, token):
        """The token behind the `>` that closes the `<` at `token`; None where it is "less than"."""
        depth, at = 0, token
        while at < len(self.text) and at < token + 400:
            text = self.text[at]
            if text == "<":
                depth += 1
            elif text == ">":
                depth -= 1
                if depth == 0:
                    return at + 1
            elif text in ("(", "["):
                at = self.partner[at]
            elif text in (";", "{", "}", ")", "]", "||", "?") or (text == "&&" and self.kind[
                    min(at + 1, len(self.text) - 1)] in ("word", "number")):
                return None
            at += 1
        return None

    def before_template(self, token):
        """The token before the `<` that the `>` at `token` closes."""
        depth, at = 0, token
        while at >= 0 and self.text[at] not in (";", "{", "}"):
            depth += {">": 1, "<": -1}.get(self.text[at], 0)
            if depth == 0:
                return at - 1
            at = self.partner.get(at, at) - 1 if self.text[at] in ")]" else at - 1
        return -1

    def _find_lambdas(self):
        for token, text in enumerate(self.text):
            before = self.at(token - 1)
            if text != "[" or self.at(token + 1) == "[" or before == "[":
                continue
            value = before in (")", "]") or self.kind[token - 1] in ("word", "string", "number")
            binds = before in ("&", "&&") and self.at(token - 2) == "auto"
            if (value and before not in _NO_VALUE and token) or binds:
                continue
            body = self._lambda_body(self.partner[token] + 1)
            if body is not None:
                self.lambdas[token], self.brace[body] = body, "lambda"

    def _lambda_body(self, at):
        if self.at(at) == "<":
            at = self.behind_template(at) or at
        returns = False
        while at < len(self.text):
            text = self.text[at]
            if text == "{":
                return at
            if text in ("(", "["):
                at = self.partner[at]
            elif text == "->":
                returns = True
            elif not returns and text not in _SPECIFIERS:
                return None
            elif text in (";", ")", "}", ",", "="):
                return None
            elif text == "<":
                at = (self.behind_template(at) or at + 1) - 1
            at += 1
        return None

    def control(self, token):
        """The word before the `(` at `token`, if it makes a condition or the like of it."""
        before = token - 1
        if self.at(before) == "constexpr":
            before -= 1
        return self.at(before) if self.at(token) == "(" and self.at(before) in CONTROL else ""

    def opens(self, token):
        """What the `{` at `token` opens: lambda, function, scope, class, block or list."""
        if token not in self.brace:
            before = self.at(token - 1)
            around = self.at(self.holder[token]) if self.holder[token] >= 0 else ""
            head = before == ")" and self.control(self.partner.get(token - 1, -1))
            begins = before in ("else", "do", "try", ";", "{", "}", ":")
            block = around != "(" and (head or begins)
            if around == "{" and self.opens(self.holder[token]) == "list":
                block = False
            self.brace[token] = "block" if block else "list"
        return self.brace[token]

    def body_of(self, token):
        """The `{` of the function or lambda whose body the token stands in, or -1."""
        at = self.holder[token]
        while at >= 0 and not (self.text[at] == "{" and self.opens(at) in ("function", "lambda")):
            at = self.holder[at]
        return at

    def tokens(self, begin, end):
        """Those of an expression; the inside of lambdas and of local classes is left out."""
        at = begin
        while at < end:
            yield at
            if self.text[at] == "{" and self.opens(at) in ("lambda", "class"):
                at = self.partner[at] - 1
            at += 1
