"""Walks through a file's namespaces and classes and notes what they declare (cpp_types.Types)."""
from cpp_file import CLASS
from cpp_types import Class, Function, declaration, split

_ACCESS = ("public", "private", "protected")
_NO_MEMBER = ("using", "typedef", "friend", "static_assert", "static", "template", "enum")


class Reader:
    def __init__(self, file):
        self.file, self.classes, self.functions = file, {}, {}
        self.aliases, self.enums, self.variables, self.members = {}, set(), {}, {}
        self._scope(0, len(file.text), (), None)
        self._in_code()

    def _in_code(self):
        """Classes and aliases that stand in bodies of functions."""
        file = self.file
        for token, text in enumerate(file.text):
            if text in CLASS and file.at(token - 1) in (";", "{", "}"):
                brace = self._brace_of_class(token)
                if brace is not None and brace not in file.brace:
                    self._class(token, brace, (), None)
            elif text == "using" and file.at(token + 2) == "=" and file.body_of(token) >= 0:
                self._alias(token)

    def _brace_of_class(self, token):
        at = token
        while at < len(self.file.text) and self.file.text[at] not in (";", "(", ")", "=", "}"):
            if self.file.text[at] == "{":
                return at
            at += 1
        return None

    def _alias(self, at):
        file, end = self.file, at
        while end < len(file.text) and file.text[end] != ";":
            end += 1
        if file.at(at + 2) == "=":
            self.aliases[file.text[at + 1]] = file.text[at + 3:end]

    def _scope(self, at, end, scopes, of):
        """`of`: the class whose body it is, or None."""
        file, first, private = self.file, at, of is not None and of[1]
        while at < end:
            text = file.text[at]
            if text == ";":
                self._declared(first, at, of and of[0], private)
                first = at + 1
            elif text in _ACCESS and file.at(at + 1) == ":":
                private, first = text != "public", at + 2
            elif text == "{":
                ended = self._opened(first, at, scopes, of and of[0], private)
                at = file.partner[at]
                first = at + 1 if ended else first
            elif text in ("(", "["):
                at = file.partner[at]
            elif text == "<" and file.word(at - 1) and file.at(at - 1) != "operator":
                at = (file.behind_template(at) or at + 1) - 1
            at += 1

    def _head(self, first, end):
        """The tokens of a declaration that stand in no bracket and no template's arguments."""
        file, at, words = self.file, first, []
        while at < end:
            words.append(at)
            if file.text[at] in "([{":
                at = file.partner[at]
            elif file.text[at] == "<" and file.at(at - 1) != "operator":
                at = (file.behind_template(at) or at + 1) - 1
            at += 1
        return words

    def _opened(self, first, brace, scopes, of, private):
        """Notes what a brace opens; True if a declaration ends with it."""
        file = self.file
        if brace in file.brace:                                    # a lambda's
            return False
        head = self._head(first, brace)
        words = [file.text[token] for token in head]
        if "namespace" in words or words[:1] == ["extern"] and file.kind[brace - 1] == "string":
            file.brace[brace] = "scope"
            self._scope(brace + 1, file.partner[brace], scopes + tuple(
                w for w in words if w not in ("namespace", "inline", "::")), None)
            return True
        if "enum" in words and "(" not in words:
            file.brace[brace] = "class"
            self.enums.update(w for w in words[words.index("enum") + 1:][:2] if w not in CLASS)
            return False
        keyword = next((t for t in head if file.text[t] in CLASS), None)
        if keyword is not None and "(" not in words and "=" not in words:
            self._class(keyword, brace, scopes, of)
            return False
        if "(" in words and "=" not in self._before_parameters(words) and self._is_body(
                words, brace):
            file.brace[brace] = "function"
            file.functions.append((first, brace))
            self._declared(first, brace, of, private)
            return True
        file.brace[brace] = "list"
        return False

    @staticmethod
    def _before_parameters(words):
        at = words.index("(")
        return [] if "operator" in words[max(0, at - 3):at] else words[:at]

    def _is_body(self, words, brace):
        behind = words[len(words) - words[::-1].index("("):] if "(" in words else []
        first = words[words.index("(") + 1:]
        if ":" in first:                                           # initializers of members
            return self.file.at(brace - 1) in (")", "}")
        return "=" not in behind

    def _class(self, keyword, brace, scopes, of):
        file = self.file
        head = [t for t in self._head(keyword + 1, brace)]
        words = [file.text[t] for t in head]
        colon = next((t for t in head if file.text[t] == ":"), brace)
        names = [file.text[t] for t in head if t < colon and file.word(t)
                 and file.text[t] not in ("final", "alignas")]
        file.brace[brace] = "class"
        one = Class(names[-1] if names else "", scopes, file.path)
        for begin, end in split(file, colon + 1, brace) if ":" in words else []:
            one.bases.append([w for w in file.text[begin:end]
                              if w not in (*_ACCESS, "virtual")])
        self.classes.setdefault(one.name, []).append(one)
        self._scope(brace + 1, file.partner[brace], scopes + (one.name,),
                    (one, file.text[keyword] == "class"))

    def _declared(self, first, end, of, private):
        file = self.file
        while file.at(first) == "template" and file.at(first + 1) == "<":
            first = file.behind_template(first + 1) or first + 2
        head = self._head(first, end)
        words = [file.text[token] for token in head]
        if not words or words[0] == "using":
            if words:
                self._alias(first)
            return
        name = next((head[n] for n, text in enumerate(words) if text == "("
                     and n and "=" not in words[:n]), None)
        if of is not None and words[0] in _NO_MEMBER and name is None:
            return
        if name is None or file.at(name + 1) == "*":
            self._member(first, end, of, private, pointer=name is not None)
        else:
            self._function(first, name, of, words)

    def _member(self, first, end, of, private, pointer):
        where = None if pointer else declaration(self.file, first, end)
        if not pointer and where is None:
            return
        found = ["*"] if pointer else self.file.text[where[0]:where[1]]
        if of is not None:
            of.members.append(found)
            of.hides |= private
            if where:
                self.members.setdefault(self.file.text[where[2]], []).append(found)
        elif where:
            self.variables[self.file.text[where[2]]] = found

    def _function(self, first, bracket, of, words):
        file, name = self.file, bracket - 1
        if not file.word(name):
            return
        text = file.text[name]
        if of is not None:
            of.methods.add(text)
            of.hides |= "virtual" in words or "override" in words
            if file.at(name - 1) == "~":
                of.has_destructor |= "default" not in words
                return
            if text == of.name:
                of.has_constructor = True
                of.takes_list |= "initializer_list" in file.text[bracket:file.partner[bracket]][:4]
        parameters = []
        for begin, end in split(file, bracket + 1, file.partner[bracket]):
            default = next((t for t in self._head(begin, end) if file.text[t] == "="), end)
            where = declaration(file, begin, default)
            of_type = file.text[where[0]:where[1]] if where else file.text[begin:default]
            parameters.append((of_type, file.text[default + 1:end]))
        self.functions.setdefault(text, []).append(Function(file.text[first:name], parameters))
