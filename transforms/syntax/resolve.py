"""What a name in a source file means: a symbol of the file, or what an import or the run has.

A name is looked up as its language does it, from where it stands outwards; what no rule finds
stays open. The types of values are not worked out: of `x.run()` only that `x` is no class is known.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from batchio.syntax.parts import key_of
from transforms.syntax.bindings import (
    DEFAULT,
    EVERYTHING,
    bindings_of,
    class_name,
    full_name,
    joined,
)
from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FIELD,
    INTERFACE,
    LAMBDA,
    MODULE,
    NAMESPACE,
    STRUCT,
    TYPE,
    VARIABLE,
    Extraction,
    Import,
    Symbol,
)
from transforms.syntax.lookup_rules import (
    ALWAYS,
    IN_ITS_BODY,
    cached_key,
    looks_full,
    name_key,
    plain_name,
    rules_of,
)
from transforms.syntax.modules import FAMILIES, dotted_module

Target = tuple[int, int, int, int, int]
"""The columns `target_id`, `via`, `rest_key`, `head_key` and `global_key` of a part."""

NOWHERE: Target = (0, -1, 0, 0, 0)
_CLASSES = frozenset({CLASS, ENUM, INTERFACE, STRUCT})
_SPACES = frozenset({MODULE, NAMESPACE})
_OF_CLASSES = _CLASSES | _SPACES | {TYPE}
_VALUES = frozenset({FIELD, VARIABLE})
_NAME_CHARACTERS = 1000
_NOT_GLOBAL = _VALUES | _SPACES | {LAMBDA}


class Names:
    """The names of a file: those of its symbols, and those that its imports bind.

    Attributes:
        qualified: Names of the symbols from the top of the file, dotted.
        ids: Of the symbols; 0 is the id of None.
        first: The symbol that each qualified name means: the first one, but rather one with a body
            than one without, and rather a function or class than a field or variable.
    """

    def __init__(self, out: Extraction, path: str) -> None:
        self._language = out.language
        self._family = FAMILIES.get(out.language, "")
        self._rules = rules_of(out.language)
        self._path = out.path
        self._imports = out.imports
        self._bound = bindings_of(out.language, out.imports)
        self.qualified: dict[Symbol, str] = {}
        self.ids: dict[Symbol | None, int] = {None: 0}
        self.first: dict[str, Symbol] = {}
        self._by_id: dict[int, Symbol] = {}
        self._name_symbols(out.symbols, path)
        self._space = self._space_of(out.symbols)
        self._package = "" if self._space is None else self.qualified[self._space]
        self._bases: dict[Symbol, list[Symbol]] = defaultdict(list)
        self._outer: dict[Symbol, list[str]] = defaultdict(list)
        self._known: dict[tuple[Symbol | None, str], Target] = {}

    def _name_symbols(self, symbols: list[Symbol], path: str) -> None:
        counts: dict[str, int] = defaultdict(int)
        for symbol in symbols:
            name = symbol.name or f"<{symbol.kind}>"
            if "\\" in name or ":" in name:
                name = dotted_module(name)
            if symbol.parent is not None:
                name = f"{self.qualified[symbol.parent]}.{name}"
            if len(name) > _NAME_CHARACTERS:  # nested so deep that nobody has written it
                name = f"…{name[-_NAME_CHARACTERS:]}"
            self.qualified[symbol] = name
            self.ids[symbol] = number = key_of(f"{path}\n{name}\n{counts[name]}")
            self._by_id[number] = symbol
            counts[name] += 1
            first = self.first.setdefault(name, symbol)
            if first is not symbol and _rank(symbol) < _rank(first):
                self.first[name] = symbol

    def _space_of(self, symbols: list[Symbol]) -> Symbol | None:
        """Returns the package that all of the file is in."""
        if self._rules.has_package:
            for symbol in symbols:
                if symbol.kind == NAMESPACE and symbol.parent is None:
                    return symbol
        return None

    def key_in_file(self, symbol: Symbol) -> int:
        """Returns the key of a symbol's name in the file; 0 if that means another symbol."""
        name = self.qualified[symbol]
        if self.first[name] is not symbol:
            return 0
        # A package of Go is known by its directory, whatever it is called.
        return name_key(name.removeprefix(f"{self._package}.") if self._language == "go" else name)

    def key_of_taken(self, import_: Import) -> int:
        """Returns the key of what an import takes out of a file; 0 where the rest has it in it."""
        if self._rules.by_name or import_.name == EVERYTHING:
            return 0
        return cached_key(import_.name)

    def add_base(self, symbol: Symbol, base: str, kind: str) -> Target:
        """Returns what a base of a class means, and looks for the class's members there too."""
        name = plain_name(self._language, base).removesuffix("[]")
        scope = symbol.parent
        target = self._resolve(scope, name)
        if target[0] == self.ids[symbol]:  # `class Error(Error)` extends what it hides
            target = self._outside(scope, name)
        if target[0]:
            self._bases[symbol].append(self._by_id[target[0]])
        elif target != NOWHERE and kind == "extends":
            self._outer[symbol].append(name)
        return target

    def resolve(self, scope: Symbol | None, name: str) -> Target:
        """Returns what a name, as `plain_name` gives it, means where it stands in a symbol."""
        asked = (scope, name)
        target = self._known.get(asked)
        if target is None:
            target = self._known[asked] = self._resolve(scope, name)
        return target

    def _resolve(self, scope: Symbol | None, name: str) -> Target:
        head, _, rest = name.partition(".")
        if head in self._rules.own or head in self._rules.base:
            owner = _class_around(scope)
            if owner is not None:
                return self._of_class(owner, head, rest)
        made = head.endswith("()")
        found = self._lexical(scope, head[:-2] if made else head)
        if found is None:
            return self._outside(scope, name)
        # Of what a function returns nothing is known, but `Class()` is one of the class.
        return NOWHERE if made and found.kind not in _CLASSES else self._within(found, rest)

    def _lexical(self, scope: Symbol | None, head: str) -> Symbol | None:
        """Returns the symbol that a bare name means, from the scope outwards."""
        members = self._rules.members
        inner = scope or self._space
        while inner is not None:
            if inner.kind not in _CLASSES or (
                members is ALWAYS or (members is IN_ITS_BODY and inner is scope)
            ):
                found = self._member(inner, head)
                if found is not None:
                    return _class_if_constructor(found)
            inner = inner.parent
        found = self.first.get(head)
        # `json = None` where importing it failed does not hide the import.
        return None if found and found.kind in _VALUES and head in self._bound.named else found

    def _member(self, owner: Symbol, name: str) -> Symbol | None:
        """Returns a member of a symbol, or of a base of it in this file."""
        if owner not in self._bases:
            return self.first.get(f"{self.qualified[owner]}.{name}")
        for each in self._lineage(owner):
            found = self.first.get(f"{self.qualified[each]}.{name}")
            if found is not None:
                return found
        return None

    def _lineage(self, owner: Symbol) -> list[Symbol]:
        """Returns a class and its bases in this file, nearest first."""
        line = [owner]
        seen = {owner}
        for each in line:
            for base in self._bases.get(each, ()):
                if base not in seen:
                    seen.add(base)
                    line.append(base)
        return line

    def _of_class(self, owner: Symbol, head: str, rest: str) -> Target:
        """Returns what `self` and `super`, and what stands behind them, mean in a class."""
        if head not in self._rules.base:
            # `self()` calls the object; what that does is not known.
            return self._within(owner, rest) if rest or head != "self" else NOWHERE
        for base in self._bases.get(owner, ()):
            target = self._within(base, rest)
            if target != NOWHERE:
                return target
        return self._inherited([owner], owner, rest)

    def _within(self, found: Symbol, rest: str) -> Target:
        """Returns what the rest of a name means in the symbol that its beginning does."""
        while rest:
            part, _, further = rest.partition(".")
            member = self._member(found, part)
            if member is None:
                return self._inherited(self._lineage(found), found, rest)
            found, rest = member, further
        return (self.ids[found], -1, 0, 0, 0)

    def _inherited(self, line: list[Symbol], owner: Symbol, rest: str) -> Target:
        """Returns what a name means that a class has of the one base in another file, if it is."""
        outer = [(each, base) for each in line for base in self._outer.get(each, ())]
        if owner.kind not in _CLASSES or len(outer) != 1:
            return NOWHERE
        heir, base = outer[0]
        return self._outside(heir.parent, f"{base}.{rest}" if rest else base)

    def _outside(self, scope: Symbol | None, name: str) -> Target:
        """Returns what a name means that is none of this file's."""
        if "(" in name or "[" in name or "?" in name or "$" in name:
            return NOWHERE
        number, rest = self._bound.find(name)
        if number >= 0:
            return self._through(number, rest)
        owner = _class_around(scope) if self._is_method(name) else None
        if owner is not None:
            target = self._inherited(self._lineage(owner), owner, name)
            if target != NOWHERE:
                return target
        return self._anywhere(scope, name)

    def _is_method(self, name: str) -> bool:
        return self._rules.methods_are_bare and "." not in name and name[:1].islower()

    def _through(self, number: int, rest: str) -> Target:
        """Returns what the rest of a name means in what an import is of."""
        import_ = self._imports[number]
        if self._rules.by_name:
            known = self._global_key(joined(full_name(import_), rest))
            return (0, number, *_keys(self._in_class_file(import_, rest)), known)
        if self._language == "go":
            # The run knows the package by its directory, which is not known here.
            return (0, number, *_keys(rest), 0)
        name = "" if import_.name == EVERYTHING else import_.name
        if not rest and not name and import_.kind == "require" and self._family == "js":
            rest = DEFAULT  # the one thing that the file exports
        known = self._global_key(joined(name, rest)) if self._rules.is_global else 0
        return (0, number, *_keys(rest), known)

    def _in_class_file(self, import_: Import, rest: str) -> str:
        """Returns a name as the file of an imported class has it, with its package or without."""
        full = full_name(import_)
        if self._family == "java" and not self._package:
            full = class_name(full)
        return joined(full, rest)

    def _anywhere(self, scope: Symbol | None, name: str) -> Target:
        """Returns where a name may be that nothing in the file tells of."""
        exact = self.first.get(name.lstrip(".")) if "." in name else None
        if exact is not None:
            return (self.ids[exact], -1, 0, 0, 0)
        known = self._global_key(self._in_program(scope, name)) if self._rules.is_global else 0
        if self._rules.by_name or len(self._bound.stars) != 1:
            return (0, -1, 0, 0, known)
        return (0, self._bound.stars[0], *_keys(name), known)

    def _in_program(self, scope: Symbol | None, name: str) -> str:
        """Returns a name as the whole program knows it."""
        if name.startswith("."):
            return name[1:]
        if looks_full(self._language, name):
            return name
        while scope is not None and scope.kind not in _SPACES:
            scope = scope.parent
        return joined(self._package if scope is None else self.qualified[scope], name)

    def global_key(self, symbol: Symbol) -> int:
        """Returns the key under which the run knows a symbol; 0 if it does not."""
        name = self.qualified[symbol]
        if not self._rules.is_global or symbol.kind in _NOT_GLOBAL:
            return 0
        if self.first[name] is not symbol or not _is_reachable(symbol):
            return 0
        if self._family == "c" and (symbol.is_abstract or _is_local(symbol)):
            return 0  # a declaration leaves its name to the definition
        return self._global_key(name)

    def _global_key(self, name: str) -> int:
        if not self._rules.is_global or not name:
            return 0
        if self._language == "go":
            return cached_key(f"go:{posixpath.dirname(self._path)}:{name}")
        return cached_key(f"{self._family}:{name}")


def _keys(name: str) -> tuple[int, int]:
    """Returns the keys of a plain name and of its first part."""
    whole = name_key(name)
    return whole, cached_key(name[: name.find(".")]) if "." in name else whole


def _rank(symbol: Symbol) -> tuple[bool, bool]:
    return symbol.kind in _VALUES, symbol.is_abstract


def _class_around(symbol: Symbol | None) -> Symbol | None:
    while symbol is not None and symbol.kind not in _CLASSES:
        symbol = symbol.parent
    return symbol


def _class_if_constructor(symbol: Symbol) -> Symbol:
    """Returns the class where its name is also that of its constructor, as in Java."""
    parent = symbol.parent
    is_its = symbol.kind == CONSTRUCTOR and parent is not None and parent.name == symbol.name
    return parent if is_its and parent is not None else symbol


def _around(symbol: Symbol) -> Iterator[Symbol]:
    while symbol.parent is not None:
        symbol = symbol.parent
        yield symbol


def _is_reachable(symbol: Symbol) -> bool:
    """Tells whether a symbol is not inside a function."""
    return all(each.kind in _OF_CLASSES for each in _around(symbol))


def _is_local(symbol: Symbol) -> bool:
    """Tells whether a function of C is one of its file only."""
    return symbol.is_static and not any(each.kind in _CLASSES for each in _around(symbol))
