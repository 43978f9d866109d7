"""What a file and its headers declare, as far as samjoko-lint needs it: classes with their members,
functions with their parameters, aliases, enumerations, variables of a body."""
import dataclasses
import re

from cpp_file import CLASS

_CV = ("const", "volatile", "constexpr", "static", "inline", "mutable", "typename", "thread_local",
       "register", "extern", "explicit", "virtual", "friend", "struct", "class", "enum")
BUILTIN = ("void", "bool", "char", "short", "int", "long", "float", "double", "unsigned", "signed",
           "char8_t", "char16_t", "char32_t", "wchar_t", "size_t", "ssize_t", "ptrdiff_t", "byte",
           "nullptr_t", "intptr_t", "uintptr_t", "max_align_t", "pid_t", "uid_t", "gid_t", "time_t")
NO_TYPE = set("""return co_return co_await co_yield throw new delete goto case default else do if
  for while switch break continue using typedef namespace template operator sizeof public private
  protected this true false nullptr static_assert try catch alignof noexcept requires""".split())
_TRIVIAL_STD = set("""string_view span chrono coroutine_handle atomic error_code source_location
  time_point duration milliseconds seconds microseconds nanoseconds minutes hours strong_ordering
  initializer_list nullopt_t reference_wrapper mdspan bitset monostate nullopt""".split())
_OF_PARTS = ("array", "pair", "optional", "tuple", "variant", "complex")
_LISTS = set("""vector deque list forward_list set map multiset multimap unordered_set unordered_map
  unordered_multiset unordered_multimap initializer_list""".split())


@dataclasses.dataclass
class Class:
    name: str
    scopes: tuple
    path: str
    bases: list = dataclasses.field(default_factory=list)
    members: list = dataclasses.field(default_factory=list)     # types of its data
    has_constructor: bool = False
    has_destructor: bool = False
    takes_list: bool = False                                     # a constructor does
    hides: bool = False                                          # private data, virtual functions
    methods: set = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Function:
    returns: list
    parameters: list                                             # (type, default) of tokens


def split(file, begin, end, sign=","):
    """The parts between signs that stand in no bracket and no template's arguments."""
    parts, first, at = [], begin, begin
    while at < end:
        text = file.text[at]
        if text in "([{":
            at = file.partner[at]
        elif text == "<" and file.word(at - 1):
            at = (file.behind_template(at) or at + 1) - 1
        elif text == sign:
            parts.append((first, at))
            first = at + 1
        at += 1
    return parts + [(first, end)] if first < end or parts else []


def declaration(file, at, end):
    """(first token and end of the type, token of the name) of a declaration at `at`, or None."""
    first, typed = at, False
    while at < end and file.text[at] == "[" and file.at(at + 1) == "[":
        at = first = file.partner[at] + 1
    while at < end and (file.text[at] in _CV or file.text[at] in BUILTIN):
        typed |= file.text[at] in BUILTIN
        at += 1
    if not typed:
        at = behind_name(file, at, end)
        if at is None:
            return None
    behind, signs = at, False
    while file.at(at) in ("*", "&", "&&", "const", "..."):
        signs |= file.text[at] != "const"
        at += 1
    if file.at(at) == "[" and "auto" in file.text[first:behind] and file.word(at + 1):
        return first, at, at
    if at >= end or not file.word(at) or file.text[at] in NO_TYPE or file.text[at] in _CV:
        return None
    following = ("=", "{", ":", ";") if signs else ("=", "{", ":", ";", "(", "[", ",", ")")
    if at + 1 < end and file.at(at + 1) not in following:
        return None
    return first, at, at


def behind_name(file, at, end):
    """The token behind a type's qualified name, with its templates' arguments; or None."""
    if file.at(at) == "::":
        at += 1
    while at < end and file.word(at) and file.text[at] not in NO_TYPE:
        if file.text[at] == "decltype" and file.at(at + 1) == "(":
            return file.partner[at + 1] + 1
        at += 1
        if file.at(at) == "<":
            behind = file.behind_template(at)
            if behind is None:
                return None
            at = behind
        if file.at(at) != "::":
            return at
        at += 1
    return None


def bare(type_of):
    """A type's tokens without const, & and words that say nothing about it."""
    drop = {"&", "&&", "...", *_CV}
    return [text for text in type_of if text not in drop]


def name_of(type_of):
    """(qualifiers, name, tokens of the template's arguments); a pointer has the name *."""
    words, inside, depth = [], [], 0
    for text in bare(type_of):
        if text == ">":
            depth -= 1
        if depth:
            inside.append(text)
        elif text == "*":
            return [], "*", []
        elif text not in ("::", "<", ">"):
            words.append(text)
        if text == "<":
            depth += 1
            inside = [] if depth == 1 else inside
    return words[:-1], words[-1] if words else "", inside


def arguments(inside):
    parts, depth = [[]], 0
    for text in inside:
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(text, 0)
        if text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(text)
    return [part for part in parts if part]


class Types:
    """Looks names up among the declarations that a file sees."""

    def __init__(self, path):
        self.classes, self.functions = {}, {}          # name -> all of that name
        self.members = {}                              # name -> types of all data of that name
        self.aliases, self.variables = {}, {}          # name -> tokens of its type
        self.enums, self.path = set(), path

    def add(self, of):
        """What the Reader of one file has found."""
        for into, found in ((self.classes, of.classes), (self.functions, of.functions),
                            (self.members, of.members)):
            for name, all_of_it in found.items():
                into.setdefault(name, []).extend(all_of_it)
        self.aliases.update(of.aliases)
        self.variables.update(of.variables)
        self.enums |= of.enums

    def find(self, type_of):
        """The classes that a type may name: those of the same file first, else of its headers."""
        scopes, name, _ = name_of(type_of)
        found = [c for c in self.classes.get(name, ())
                 if tuple(scopes) == c.scopes[len(c.scopes) - len(scopes):]]
        return [c for c in found if c.path == self.path] or found

    def resolved(self, type_of):
        for _ in range(8):
            _, name, _ = name_of(type_of)
            if name not in self.aliases or self.find(type_of):
                break
            type_of = self.aliases[name]
        return type_of

    def is_trivial(self, type_of, depth=0):
        """True if nothing happens when such an object is destroyed."""
        if not type_of or depth > 12:
            return False
        if type_of[-1] in ("&", "&&", "*"):
            return True
        type_of = self.resolved(type_of)
        _, name, inside = name_of(type_of)
        if name in ("*", *BUILTIN) or name in self.enums or re.fullmatch(r"u?int\w*_t", name):
            return True
        if "std" in type_of[:2] and (name in _TRIVIAL_STD or "chrono" in type_of):
            return True
        if name in _OF_PARTS:
            return all(re.match(r"\d", part[0]) or self.is_trivial(part, depth + 1)
                       for part in arguments(inside)[:1 if name == "array" else None])
        found = self.find(type_of)
        return bool(found) and all(
            not c.has_destructor
            and all(self.is_trivial(part, depth + 1) for part in [*c.members, *c.bases])
            for c in found)

    def braced(self, type_of):
        """What braces make of the type: "owning" (an aggregate whose member owns something), "list"
        (an initializer_list), "right", or "unknown"."""
        type_of = bare(self.resolved(bare(type_of)))
        _, name, inside = name_of(type_of)
        found = self.find(type_of)
        if name == "optional":
            return self.braced(arguments(inside)[0] if inside else [])
        if name in _LISTS:
            return "list"
        if name == "array":
            parts = arguments(inside)
            return "right" if parts and self.is_trivial(parts[0]) else "owning"
        if any(c.takes_list for c in found):
            return "list"
        if self.is_trivial(type_of) or "std" in type_of[:2] or name == "*":
            return "right"
        if not found:
            return "unknown"
        owning = [c for c in found if self.is_aggregate(c)
                  and not all(self.is_trivial(member) for member in c.members)]
        return "owning" if owning else "right"

    def variable(self, name):
        """The type of data outside of functions; of several, one that is not trivial."""
        found = [self.variables[name]] if name in self.variables else self.members.get(name, [])
        return next((of for of in found if not self.is_trivial(of)), found[0] if found else [])

    @staticmethod
    def is_aggregate(of):
        return not (of.has_constructor or of.hides)

    def awaits(self, type_of, depth=0):
        """True if the type is a class with await_ready, or derives from one."""
        found = self.find(self.resolved(type_of)) if depth < 8 else []
        return any("await_ready" in c.methods or any(self.awaits(b, depth + 1) for b in c.bases)
                   for c in found)
