"""Trees of Python's `ast` module as JSON, from `ast2json` and dumpers like it.

The nodes: https://docs.python.org/3/library/ast.html. A node's kind lies under `_type`, or under
`node_type`, `ast_type` or `class` in other dumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transforms.syntax.expressions import Link, Spelling, chain, listed, spell
from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    FIELD,
    FUNCTION,
    LAMBDA,
    METHOD,
    VARIABLE,
    Call,
    Extraction,
    Import,
    Inherit,
    Node,
    Symbol,
    dotted,
    first_line,
    walk_keys,
)
from transforms.syntax.json_values import Json, children, dict_of, length, list_of, number, text_of
from transforms.syntax.tree_walk import Rule, TreeWalk, decides, nests

_KIND_KEYS = ("_type", "node_type", "ast_type", "class")
# Decorators.
ABSTRACT = frozenset(
    {"abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"}
)
_TOPS = frozenset({"Module", "Interactive", "Expression"})
# Aliases that `ast` keeps for old programs, and `ast2json` writes beside `elts` and `value`.
_SKIP = frozenset({"dims", "n", "s"})


class PythonTree:
    """Python's own trees."""

    name = "python"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is the `Module` of a Python tree."""
        return _kind_key(top) != "" and type(top.get("body", [])) in (list, dict)

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree, or out of the next piece of it."""
        out.language = "python"
        kind_key = _kind_key(top)
        if kind_key == "_type":
            out.parser = "ast2json"
        first = len(out.symbols)
        TreeWalk(out, kind_key).run(top, _RULES)
        _span(children(top, "body"), out)
        _mark_exported(out, first)

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of a tree, each once, in the order of the dump."""
        return walk_keys(top, _kind_key(top), skip=_SKIP, line=_line)


def _kind_key(top: Any) -> str:
    if type(top) is dict:
        for key in _KIND_KEYS:
            kind = top.get(key)
            if type(kind) is str and kind in _TOPS:
                return key
    return ""


def _line(node: Json) -> int:
    return number(node, "lineno")


def _span(body: list[Json], out: Extraction) -> None:
    """Adds the lines of top statements; the module itself has none in the dump."""
    if not body:
        return
    if out.line_first == 0:
        decorators = children(body[0], "decorator_list")
        out.line_first = min(map(_line, [body[0], *decorators]))
    last = number(body[-1], "end_lineno") or _line(body[-1])
    out.line_last = max(out.line_last, last)


def _mark_exported(out: Extraction, first: int) -> None:
    """Marks the names of `__all__`, or the public ones; what came before if it says so only now."""
    exported = out.state.get("__all__")
    if out.state.pop("__all__ changed", False):
        first = 0
    for symbol in out.symbols[first:]:
        if symbol.parent is None and symbol.kind != LAMBDA:
            public = not symbol.name.startswith("_")
            symbol.is_exported = public if exported is None else symbol.name in exported


def visibility_of(name: str) -> str:
    """Returns what a name says about who is to use it."""
    dunder = name.startswith("__") and name.endswith("__")
    return "private" if name.startswith("_") and not dunder else "public"


def _define(walk: TreeWalk, kind: str, name: str, node: Json) -> Symbol:
    symbol = walk.define(kind, name, _line(node), number(node, "end_lineno"))
    symbol.visibility = visibility_of(name)
    return symbol


def _function(walk: TreeWalk, node: Json) -> bool:
    name = text_of(node, "name")
    kind = FUNCTION
    if walk.in_class():
        kind = CONSTRUCTOR if name == "__init__" else METHOD
    symbol = _define(walk, kind, name, node)
    _parameters(symbol, dict_of(node, "args"))
    decorators = children(node, "decorator_list")
    if decorators:
        marks = {chain(mark, walk.kind_key, _LINKS)[-1] for mark in decorators}
        symbol.is_static = "staticmethod" in marks
        symbol.is_abstract = not marks.isdisjoint(ABSTRACT)
    symbol.returns = _type_text(walk, node.get("returns"))
    symbol.doc = _doc(walk, node)
    return walk.enter(symbol)


def _async_function(walk: TreeWalk, node: Json) -> bool:
    entered = _function(walk, node)
    walk.out.symbols[-1].is_async = True
    return entered


def _lambda(walk: TreeWalk, node: Json) -> bool:
    symbol = walk.define(LAMBDA, "<lambda>", _line(node), number(node, "end_lineno"))
    _parameters(symbol, dict_of(node, "args"))
    return walk.enter(symbol)


def _class(walk: TreeWalk, node: Json) -> bool:
    symbol = _define(walk, CLASS, text_of(node, "name"), node)
    symbol.doc = _doc(walk, node)
    for base in children(node, "bases"):
        parts = chain(base, walk.kind_key, _LINKS)
        if parts[-1] == "[]":  # `Generic[T]` extends `Generic`.
            parts.pop()
        walk.out.inherits.append(Inherit(symbol, dotted(parts), "extends"))
    return walk.enter(symbol)


def _doc(walk: TreeWalk, node: Json) -> str:
    body = node.get("body")
    if type(body) is not list or not body or type(body[0]) is not dict:
        return ""
    if body[0].get(walk.kind_key) != "Expr":
        return ""
    value = dict_of(body[0], "value")
    # `Str` and `s` before Python 3.8.
    if value.get(walk.kind_key) not in ("Constant", "Str"):
        return ""
    return first_line(text_of(value, "value") or text_of(value, "s"))


def _parameters(symbol: Symbol, arguments: Json) -> None:
    """Sets how many parameters there are, and the signature."""
    shown = _names(arguments, "posonlyargs")
    only = len(shown)
    shown += _names(arguments, "args")
    for index in range(max(0, len(shown) - length(arguments, "defaults")), len(shown)):
        shown[index] += "=…"
    keywords = _names(arguments, "kwonlyargs")
    defaults = arguments.get("kw_defaults")
    if type(defaults) is list:
        for index, default in enumerate(defaults[: len(keywords)]):
            if default is not None:
                keywords[index] += "=…"
    rest, rest_keywords = _name(arguments.get("vararg")), _name(arguments.get("kwarg"))
    count = len(shown) + len(keywords) + bool(rest) + bool(rest_keywords)
    if only:
        shown.insert(only, "/")
    if rest or keywords:
        shown.append("*" + rest)
    shown += keywords
    if rest_keywords:
        shown.append("**" + rest_keywords)
    symbol.sign(shown, count)


def _names(arguments: Json, key: str) -> list[str]:
    value = arguments.get(key)
    return [_name(argument) for argument in value] if type(value) is list else []


def _name(argument: Any) -> str:
    """Returns the name of a parameter: an `arg`, in Python 2 a `Name` or a text."""
    if type(argument) is dict:
        return text_of(argument, "arg") or text_of(argument, "id")
    return argument if type(argument) is str else ""


def _assign(walk: TreeWalk, node: Json) -> bool:
    names = [text_of(target, "id") for target in children(node, "targets")]
    if walk.symbol is None and "__all__" in names:
        _set_all(walk, node)
    return _variables(walk, names, node)


def _annotated_assign(walk: TreeWalk, node: Json) -> bool:
    names = [text_of(dict_of(node, "target"), "id")]
    if walk.symbol is None and "__all__" in names:
        _set_all(walk, node)
    return _variables(walk, names, node)


def _added_assign(walk: TreeWalk, node: Json) -> None:
    if walk.symbol is None and text_of(dict_of(node, "target"), "id") == "__all__":
        more = _literal_names(dict_of(node, "value"))
        if more is not None and walk.out.state.get("__all__") is not None:
            walk.out.state["__all__"] |= more
            walk.out.state["__all__ changed"] = True


def _set_all(walk: TreeWalk, node: Json) -> None:
    walk.out.state["__all__"] = _literal_names(dict_of(node, "value"))
    walk.out.state["__all__ changed"] = True


def _literal_names(value: Json) -> set[str] | None:
    """Returns the texts of a list or tuple of texts, None if it is anything else."""
    elements = value.get("elts")
    if type(elements) is not list:
        return None
    texts = {text_of(element, "value") for element in elements if type(element) is dict}
    return texts if "" not in texts else None


def _variables(walk: TreeWalk, names: list[str], node: Json) -> bool:
    """Defines the names assigned to in a module or class, each where it first is.

    The first one new owns the statement.
    """
    if walk.symbol is not None and walk.symbol.kind != CLASS:
        return False
    known = walk.out.state.setdefault("assigned", set())
    owner = None
    for name in names:
        if name and (walk.symbol, name) not in known:
            known.add((walk.symbol, name))
            symbol = _define(walk, VARIABLE if walk.symbol is None else FIELD, name, node)
            symbol.returns = _type_text(walk, node.get("annotation"))
            owner = owner or symbol
    return walk.enter(owner) if owner is not None else False


def _type_text(walk: TreeWalk, annotation: Any) -> str:
    if type(annotation) is not dict:
        return ""
    text = annotation.get("value")
    if type(text) is str:
        return text
    return spell(annotation, walk.kind_key, _SPELLINGS)


def _call(walk: TreeWalk, node: Json) -> None:
    callee = dotted(chain(dict_of(node, "func"), walk.kind_key, _LINKS))
    passed = length(node, "args") + length(node, "keywords")
    walk.out.calls.append(Call(walk.caller, callee, passed, _line(node)))


def _import(walk: TreeWalk, node: Json) -> None:
    line = _line(node)
    for alias in children(node, "names"):
        name, new_name = text_of(alias, "name"), text_of(alias, "asname")
        walk.out.imports.append(Import(name, "", new_name, "import", line))


def _import_from(walk: TreeWalk, node: Json) -> None:
    line, level = _line(node), number(node, "level")
    module = "." * level + text_of(node, "module")
    for alias in children(node, "names"):
        name, new_name = text_of(alias, "name"), text_of(alias, "asname")
        walk.out.imports.append(Import(module, name, new_name, "from", line, level > 0))


def _if(walk: TreeWalk, node: Json) -> bool:
    # The tree does not tell `elif` from an `if` alone under `else`.
    otherwise = list_of(node, "orelse")
    return walk.enter_if(node, otherwise[0] if len(otherwise) == 1 else None)


def _loop(walk: TreeWalk, node: Json) -> bool:
    walk.decisions += 2 if node.get("orelse") else 1
    return walk.enter_control()


def _try(walk: TreeWalk, node: Json) -> bool:
    walk.decisions += 1 if node.get("orelse") else 0
    return walk.enter_control()


def _boolean(walk: TreeWalk, node: Json) -> None:
    walk.decisions += max(0, length(node, "values") - 1)


def _comprehension(walk: TreeWalk, node: Json) -> None:
    walk.decisions += 1 + length(node, "ifs")


def _case(walk: TreeWalk, node: Json) -> None:
    pattern = dict_of(node, "pattern")
    # `case _` and `case name` take everything, unless a guard says otherwise.
    takes_all = pattern.get(walk.kind_key) == "MatchAs" and pattern.get("pattern") is None
    if node.get("guard") is not None or not takes_all:
        walk.decisions += 1


_RULES: dict[str, Rule] = {
    "AnnAssign": _annotated_assign,
    "Assert": decides,
    "Assign": _assign,
    "AsyncFor": _loop,
    "AsyncFunctionDef": _async_function,
    "AugAssign": _added_assign,
    "BoolOp": _boolean,
    "Call": _call,
    "ClassDef": _class,
    "ExceptHandler": decides,
    "For": _loop,
    "FunctionDef": _function,
    "If": _if,
    "IfExp": decides,
    "Import": _import,
    "ImportFrom": _import_from,
    "Lambda": _lambda,
    "Match": nests,
    "Try": _try,
    "TryExcept": _try,
    "TryStar": _try,
    "While": _loop,
    "comprehension": _comprehension,
    "match_case": _case,
    # Leaves.
    "Constant": "value",
    "Name": "ctx",
    "alias": "name",
    # The most frequent after them, and `Tuple` for its `dims`, which are its `elts` again.
    "Attribute": ("value", "ctx"),
    "Tuple": ("elts", "ctx"),
}

_LINKS: dict[str, Link] = {
    "Name": lambda node: (text_of(node, "id"), None),
    "Attribute": lambda node: (text_of(node, "attr"), dict_of(node, "value")),
    "Call": lambda node: ("()", dict_of(node, "func")),
    "Subscript": lambda node: ("[]", dict_of(node, "value")),
}

_SPELLINGS: dict[str, Spelling] = {
    "Name": lambda node: [text_of(node, "id")],
    "Attribute": lambda node: [node.get("value"), "." + text_of(node, "attr")],
    "Constant": lambda node: [repr(node.get("value"))],
    "NameConstant": lambda node: [repr(node.get("value"))],
    "Str": lambda node: [repr(node.get("s"))],
    "Index": lambda node: [node.get("value")],
    "Subscript": lambda node: [node.get("value"), "[", node.get("slice"), "]"],
    "Tuple": lambda node: listed(children(node, "elts")),
    "List": lambda node: ["[", *listed(children(node, "elts")), "]"],
    "BinOp": lambda node: [node.get("left"), " | ", node.get("right")],
    "Starred": lambda node: ["*", node.get("value")],
}
