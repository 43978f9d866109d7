"""Where a co_await stands: the full expression around it, and the variables of its body."""
import collections

from cpp_file import CLASS
from cpp_types import declaration, split

# begin, end: tokens; head: if, while, for, switch, or empty; level: the bracket around it
Expression = collections.namedtuple("Expression", "begin end head level")


class Bodies:
    def __init__(self, file, types):
        self.file, self.types, self._variables = file, types, {}

    def expression(self, token):
        file, at = self.file, token - 1
        while at >= 0:
            text = file.text[at]
            if text in (")", "]", "}"):
                opened = file.partner.get(at, at)
                if text == "}" and file.opens(opened) in ("block", "function", "class"):
                    break
                if text == ")" and file.control(opened):
                    break
                at = opened
            elif text == ";" or text in ("else", "do"):
                break
            elif text == ":" and self._is_label(at):
                break
            elif text == "(" and file.control(at) or text == "{" and file.opens(at) != "list":
                break
            at -= 1
        level = file.holder[at + 1] if at + 1 < len(file.text) else -1
        head = file.control(level) if level >= 0 else ""
        return Expression(at + 1, self._end(at + 1, level), head, level)

    def _is_label(self, at):
        before = at - 1
        while before >= 0 and self.file.text[before] not in (";", "{", "}", "?", ":", ")"):
            if self.file.text[before] in ("case", "default"):
                return True
            before -= 1
        return False

    def _end(self, at, level):
        file = self.file
        last = file.partner[level] if level >= 0 else len(file.text)
        while at < last and file.text[at] != ";":
            if file.text[at] == "{" and file.opens(at) == "block":
                break
            at = file.partner[at] + 1 if file.text[at] in "([{" else at + 1
        return min(at, last)

    def has_variable(self, body):
        file, known = self.file, self.variables(body)
        inside = range(body, file.partner[body])
        return bool(known) or any(
            t in file.lambdas or (file.text[t] in ("using", "typedef", "enum", *CLASS)
                                  and file.at(t - 1) in (";", "{", "}", ")"))
            or file.text[t] == "catch" and file.at(t + 2) != "..." for t in inside)

    def _statements(self, body):
        """Tokens at which a statement may begin, or a declaration within a head."""
        file, end = self.file, self.file.partner[body]
        for token in file.tokens(body, end):
            text = file.text[token]
            if (text in (";", "else", "do", ":") or text == "{" and file.opens(token) != "list"
                    or text == "}" and file.opens(file.partner.get(token, token)) != "list"
                    or text == "(" and file.control(token)
                    or text == ")" and file.control(file.partner.get(token, token))):
                yield token + 1

    def variables(self, body):
        """name -> tokens of its type, of those that the body declares; parameters are none."""
        if body not in self._variables:
            file, known = self.file, {}
            for at in self._statements(body):
                found = declaration(file, at, file.partner[body])
                if found:
                    name = file.text[found[2]]
                    known[name] = file.text[found[0]:found[1]] or ["?"]
            self._variables[body] = known
        return self._variables[body]

    def variable(self, token):
        """The type of a variable or parameter that is used here; empty if it is not seen."""
        name, body = self.file.text[token], self.file.body_of(token)
        while body >= 0:
            for known in (self.variables(body), self._parameters(body)):
                if name in known:
                    return known[name]
            body = self.file.body_of(body)
        return self.types.variable(name)

    def _parameters(self, body):
        file, known = self.file, {}
        heads = [(bracket, brace) for bracket, brace in file.lambdas.items()] + file.functions
        at = next((first for first, brace in heads if brace == body), body)
        while at < body:
            if file.text[at] == "(":
                for begin, end in split(file, at + 1, file.partner[at]):
                    found = declaration(file, begin, end)
                    if found:
                        known[file.text[found[2]]] = file.text[found[0]:found[1]]
            at = file.partner[at] + 1 if file.text[at] in "([" else at + 1
        return known
