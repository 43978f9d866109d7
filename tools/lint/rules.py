"""The rules of samjoko-lint: shapes of co_await that g++ 12 compiles wrongly. Each stands in
docs/hazards.md, with its bug; tests/usage/test_coroutine_shapes.py compiles and runs them."""
import collections

from bodies import Bodies
from cpp_file import CONTROL
from cpp_types import BUILTIN, NO_TYPE, bare, declaration, split

RULES = {
    "made-in-place": "an object made in the expression is destroyed twice",
    "list-in-place": "g++ 12 refuses a list of braces that becomes an initializer_list",
    "capturing-lambda": "what a lambda captures by value is destroyed twice",
    "choice": "what ?: chooses is destroyed twice, or the other arm is awaited too",
    "and-or": "co_await behind && or || is made although the left side has decided",
    "bare-condition": "the body of a coroutine without a variable is dropped",
    "by-reference": "what is awaited by reference is copied first",
    "asked-twice": "the macro's argument is awaited twice",
    "allow": "a comment allows a rule that does not exist",
}
_CASTS = ("static_cast", "const_cast", "dynamic_cast", "reinterpret_cast")
_CATCH2 = ("REQUIRE", "CHECK", "REQUIRE_FALSE", "CHECK_FALSE", "REQUIRE_THAT", "CHECK_THAT",
           "REQUIRE_NOTHROW", "CHECK_NOTHROW", "CHECKED_IF", "CHECKED_ELSE", "WARN",
           "__builtin_constant_p")
_NUMBERS = ("size", "length", "count", "empty", "data", "c_str", "view", "get", "value_or", "index")
Finding = collections.namedtuple("Finding", "token rule message")


class Checker(Bodies):
    def __init__(self, file, types):
        super().__init__(file, types)
        self.found = {}

    def findings(self):
        awaits = [t for t, text in enumerate(self.file.text) if text == "co_await"]
        seen = collections.defaultdict(list)
        for token in awaits:
            if self.file.at(token - 1) != "operator" and self.file.body_of(token) >= 0:
                seen[self.expression(token)].append(token)
        for expression, within in seen.items():
            self._whole(expression)
            for token in within:
                self._and_or(token, expression)
                self._bare(token, expression)
                self._reference(token, expression)
                self._asked_twice(token)
        return sorted(self.found.values())

    def _add(self, token, rule, message):
        self.found.setdefault((token, rule), Finding(token, rule, message))

    # --- what a whole expression may not contain

    def _whole(self, of):
        file, covered = self.file, of.begin
        for token in file.tokens(of.begin, of.end):
            text = file.text[token]
            if token in file.lambdas:
                self._lambda(token)
            elif text == "?":
                self._choice(token, of)
            elif token < covered:
                continue
            elif text == "{" and file.opens(token) == "list":
                if self._braces(token, of):
                    covered = file.partner[token]
            elif text == "(" and file.word(token - 1):
                self._call(token)

    def _lambda(self, token):
        file = self.file
        for begin, end in split(file, token + 1, file.partner[token]):
            words = file.text[begin:end]
            if words[:1] == ["&"] or words == ["this"]:
                continue
            if words[:1] in (["*"], ["="]) or not self._is_trivial(begin, end):
                self._add(token, "capturing-lambda", "this lambda's captures are destroyed twice; "
                          "give the lambda a name, or let it capture by reference")
                return

    def _is_trivial(self, begin, end):
        """A capture `name`, or `name = value`, of a number or a pointer."""
        file = self.file
        if end - begin == 1:
            return self.types.is_trivial(self.variable(begin))
        value = file.text[begin + 2:end]
        if len(value) != 1:
            return value[:1] == ["&"]
        return (file.kind[begin + 2] in ("number", "string", "character")
                or value[0] in ("true", "false", "nullptr")
                or self.types.is_trivial(self.variable(begin + 2)))

    def _braces(self, brace, of):
        """True if nothing is left to say about the braces in it."""
        file, end = self.file, self.file.partner[brace]
        waits = any(file.text[t] == "co_await" for t in file.tokens(brace, end))
        named, of_type = declaration(file, of.begin, of.end), self._type_before(brace)
        if named and named[2] in (brace - 1, brace - 2):          # a variable's own braces
            of_type = file.text[named[0]:named[1]] if waits else None
        elif file.at(brace - 1) in ("(", ",") and of_type is None:
            return self._argument(brace)
        if of_type is None:
            return False
        verdict = self.types.braced(of_type)
        if brace + 1 == end and verdict in ("list", "unknown"):
            return True
        name = " ".join(of_type).replace(" :: ", "::")
        return self._judged(brace, verdict, f"{name}{{…}}", waits)

    def _judged(self, token, verdict, what, waits=False):
        if verdict == "right":
            return False
        instead = "name the result of co_await first" if waits else "give it a name first"
        if verdict == "list":
            self._add(token, "list-in-place", f"{what} becomes an initializer_list, which g++ 12 "
                      f"refuses beside co_await; {instead}")
        elif verdict == "owning":
            self._add(token, "made-in-place", f"{what} is destroyed twice; {instead}, or take it "
                      "from a function")
        else:
            self._add(token, "made-in-place", f"{what} is destroyed twice unless its type has a "
                      f"constructor or owns nothing; {instead}")
        return True

    def _type_before(self, brace):
        """The tokens of the type that stands before a brace or a parenthesis."""
        file, at = self.file, brace - 1
        if file.at(at) == ">":
            at = file.before_template(at)
        if not file.word(at) or (file.text[at] in NO_TYPE or file.text[at] in CONTROL):
            return None
        while file.at(at - 1) == "::" and (file.word(at - 2) or file.at(at - 2) == ">"):
            at = file.before_template(at - 2) if file.at(at - 2) == ">" else at - 2
        return file.text[at:brace]

    def _argument(self, brace):
        """Braces as an argument: the parameter's type decides."""
        file, bracket = self.file, self.file.holder[brace]
        if bracket < 1 or file.text[bracket] != "(" or not (
                file.word(bracket - 1) or file.text[bracket - 1] in (">", ")", "]")):
            return False
        parts = split(file, bracket + 1, file.partner[bracket])
        place = next((n for n, part in enumerate(parts) if part[0] == brace), None)
        if place is None:
            return False
        name = file.at(bracket - 1)
        if name == ">":
            name = file.at(file.before_template(bracket - 1))
        known = [f.parameters[place][0] for f in self.types.functions.get(name, ())
                 if place < len(f.parameters)]
        verdicts = {self.types.braced(of) for of in known} or {"unknown"}
        verdict = next(v for v in ("owning", "list", "unknown", "right") if v in verdicts)
        if brace + 1 == file.partner[brace] and verdict in ("list", "unknown"):
            return True
        return self._judged(brace, verdict, f"what {{…}} makes for {name}()")

    def _call(self, bracket):
        """`answer(404, text)` of an aggregate, and arguments that a declaration makes in braces."""
        file, name = self.file, self.file.text[bracket - 1]
        parts = split(file, bracket + 1, file.partner[bracket])
        of_type = self._type_before(bracket)
        if of_type and self.types.braced(of_type) == "owning" and "std" not in of_type[:1]:
            if len(parts) == 1 and not self._is_value(*parts[0]):
                return
            self._judged(bracket - 1, "owning", f"{name}(…)")
        for function in self.types.functions.get(name, ()):
            needed = sum(not default for _, default in function.parameters)
            if not needed <= len(parts) <= len(function.parameters):
                continue
            for of, default in function.parameters[len(parts):]:
                made = default[:1] == ["{"] or default[-1:] in (["}"], [")"])
                if made and self.types.braced(of) == "owning":
                    self._judged(bracket - 1, "owning", f"{name}()'s default argument")

    def _is_value(self, begin, end):
        """One argument that is no object to copy: a literal, or a variable of another kind."""
        file = self.file
        if file.kind[begin] in ("number", "string", "character") and end - begin == 1:
            return True
        return end - begin == 1 and self.types.braced(self.variable(begin)) == "right"

    # --- ?: and && and ||

    def _choice(self, sign, of):
        file, colon, depth = self.file, sign + 1, 0
        level = file.holder[sign]
        last = min(of.end, file.partner[level] if level >= 0 else of.end)
        while colon < last and (file.text[colon] != ":" or depth):
            depth += {"?": 1, ":": -1}.get(file.text[colon], 0)
            colon = file.partner[colon] + 1 if file.text[colon] in "([{" else colon + 1
        if colon >= last:                                         # wrong C++, or a macro's half
            return
        end = next((b for _, b in split(file, colon + 1, last)), last)
        arms = [(sign + 1, colon), (colon + 1, end)]
        waiting = [a for a in arms if any(file.text[t] == "co_await" for t in file.tokens(*a))]
        if waiting:
            named = declaration(file, of.begin, of.end)
            of_type = bare(file.text[named[0]:named[1]]) if named else []
            if level != of.level or of_type == ["bool"] or not set(of_type) & set(BUILTIN):
                self._add(sign, "choice", "co_await in an arm of ?: is made for the other arm too, "
                          "or its object destroyed twice; write if and else")
        elif not self._are_plain(*arms):
            self._add(sign, "choice", "what ?: chooses beside co_await is destroyed twice; write "
                      "if and else, or give it a name first")

    def _are_plain(self, *arms):
        """True if the choice makes no object: numbers, literals, or two things that have names."""
        sorts = {self._sort(*arm) for arm in arms}
        return "object" not in sorts and ("number" in sorts or len(sorts) == 1)

    def _sort(self, begin, end):
        """What an arm is: a number (or a pointer), a text, the name of something, or an object."""
        file = self.file
        while file.at(begin) == "(" and file.partner[begin] == end - 1:
            begin, end = begin + 1, end - 1
        words = file.text[begin:end]
        if words[:1] in (["!"], ["-"], ["&"], ["true"], ["false"], ["nullptr"], ["sizeof"]):
            return "number"
        if len(words) == 1 and (file.kind[begin] in ("number", "character")
                                or self.types.is_trivial(self.variable(begin))):
            return "number"
        if all(file.kind[t] == "string" for t in range(begin, end)):
            return "text"
        if words[-1] not in (")", "}"):
            return "name"                                         # or a member of what a call made
        return "number" if self._makes_number(file.partner.get(end - 1, begin)) else "object"

    def _makes_number(self, called):
        """A call or a construction, by its bracket, of what is trivial."""
        file, name = self.file, self.file.at(called - 1)
        before = file.before_template(called - 1) if name == ">" else -1
        if file.at(before) in _CASTS:
            return self.types.is_trivial(file.text[before + 2:called - 1])
        of_type = self._type_before(called)
        if name in _NUMBERS or name in BUILTIN or of_type and self.types.is_trivial(of_type):
            return True
        known = [f.returns for f in self.types.functions.get(name, ())]
        return bool(known) and all(map(self.types.is_trivial, known))

    def _and_or(self, token, of):
        file, at = self.file, token
        while True:
            level = file.holder[at]
            outer = level == of.level
            sign = self._decides(of.begin if outer else level + 1, at)
            if sign:
                if self._goes_on(at, of, sign) or not self._is_a_condition(at, of):
                    self._add(token, "and-or", "co_await behind && or || is made although the left "
                              "side has decided; ask in two steps")
                return
            if outer or level < 0:
                return
            at = level

    def _decides(self, begin, end):
        """The && or || before `end` that belongs to the same argument, or nothing."""
        file, at = self.file, end - 1
        while at >= begin:
            text = file.text[at]
            if text in ")]}":
                at = file.partner.get(at, at)
            elif text in (",", "?", "=", ":"):
                return ""
            elif text == "||" or text == "&&" and file.at(at + 2) != "=":
                return text
            at -= 1
        return ""

    def _goes_on(self, at, of, sign):
        """True if what `sign` begins, with the co_await on its right, is the left side of another
        && or ||. An && behind || binds closer, and does not count."""
        file = self.file
        while at < of.end and file.text[at] not in (")", "]", "}", ",", "?", ";", ":"):
            if file.text[at] == "||" or file.text[at] == "&&" and sign != "||":
                return True
            at = file.partner[at] + 1 if file.text[at] in "([{" else at + 1
        return False

    def _is_a_condition(self, at, of):
        """Where g++ 12 gets && and || right: only as what an if, a bool or a statement asks, with
        nothing but other && || ! and parentheses around it."""
        file, named = self.file, declaration(self.file, of.begin, of.end)
        asks = named and bare(file.text[named[0]:named[1]]) in (["bool"], ["auto"])
        while file.holder[at] != of.level:
            level = file.holder[at]
            before, behind = level - 1, file.at(file.partner[level] + 1)
            if named and before == named[2]:                      # bool got{…}, bool got(…)
                return bool(asks)
            if file.at(before) == ">":
                before = file.before_template(before)
                if file.at(before) != "static_cast" or file.at(before + 2) not in ("bool", "void"):
                    return False
                before -= 1
            if file.text[level] != "(" or before >= of.begin and file.at(before) not in (
                    "(", "!", "&&", "||", "=") or behind not in (")", ";", "?"):
                return False                                      # compared, added, a left side
            at = level
        return self._asks_for_bool(at, of) if named is None else bool(asks)

    def _asks_for_bool(self, at, of):
        file = self.file
        if of.head or file.at(of.begin) == "co_return":
            return of.head == "if"
        if "=" in (file.text[t] for t in range(of.begin, at) if file.holder[t] == of.level):
            return file.at(of.begin + 1) == "=" and bare(self.variable(of.begin)) == ["bool"]
        return True

    # --- conditions, references, macros

    def _bare(self, token, of):
        body = self.file.body_of(token)
        if of.head and self.file.opens(body) == "function" and not self.has_variable(body):
            self._add(token, "bare-condition", "the body of a coroutine without a variable is "
                      f"dropped; name the result before this {of.head}, or declare it in it")

    def _reference(self, token, of):
        file, end = self.file, token + 1
        while file.word(end) or file.at(end) == "::":
            end += 1
        if file.at(end) != "(" or file.at(file.partner[end] + 1) in (".", "->", "(", "["):
            return
        name, inside = file.text[end - 1], file.text[end + 1:file.partner[end]]
        functions = self.types.functions.get(name, ())
        refers = functions and all(f.returns[-1:] in (["&"], ["&&"]) for f in functions)
        moved = name == "move" and len(inside) == 1 and self.types.awaits(self.variable(end + 1))
        if refers or moved:
            self._add(token, "by-reference", "g++ 12 awaits a copy of what is given by reference; "
                      "await the object by its name")

    def _asked_twice(self, token):
        file, level = self.file, self.file.holder[token]
        while level >= 0 and file.text[level] == "(":
            if file.at(level - 1) in _CATCH2:
                self._add(token, "asked-twice", f"{file.at(level - 1)}() awaits its argument twice;"
                          " name the result first")
            level = file.holder[level]
