"""Trees of tools that are not known, by the keys that the user names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FUNCTION,
    INTERFACE,
    LAMBDA,
    METHOD,
    NAMESPACE,
    STRUCT,
    Call,
    Extraction,
    Node,
    Symbol,
)
from transforms.syntax.json_values import Json, dict_of, is_node, list_of, text_of

# The last word of a kind that says what is defined, without the words below: of `FunctionDecl`,
# `async_function_definition`, `Function`; not of `FunctionCall`, `ClassBody`, `EnumValue`.
_DEFINED = {
    "class": CLASS,
    "constructor": CONSTRUCTOR,
    "enum": ENUM,
    "fn": FUNCTION,
    "func": FUNCTION,
    "function": FUNCTION,
    "interface": INTERFACE,
    "lambda": LAMBDA,
    "method": METHOD,
    "namespace": NAMESPACE,
    "struct": STRUCT,
    "trait": INTERFACE,
}
_ENDINGS = {"decl", "declaration", "def", "definition", "item", "node", "spec", "statement", "stmt"}
_CALLING = {"call", "invocation"}
_NAMES = ("name", "identifier", "id")
_CALLED = ("callee", "function", "func", "name", "expression", "target")
_ARGUMENTS = ("arguments", "args", "parameters")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_Frame = tuple[Json, int, "Symbol | None"]


class Generic:
    """Trees in which a node is an object with text under the kind key.

    Nodes, kinds, depth and lines are sure. Symbols and calls are guessed from the words of a kind:
    what is named and of a kind such as `FunctionDeclaration`, `class_definition`, `Enum` makes a
    symbol; what has `call` or `invocation` in its kind is a call. Of neither is more known than the
    name, the line, and how many arguments there are; complexity is not counted.
    """

    name = "generic"

    def __init__(self, kind_key: str, children_key: str = "", line_key: str = "") -> None:
        """Takes the keys of a node.

        Args:
            kind_key: Of its kind.
            children_key: Of its children; all keys if empty.
            line_key: Of its line, with dots for a line further down: `loc.start.line`.
        """
        self._kind_key = kind_key
        self._children_key = children_key
        self._line_keys = line_key.split(".") if line_key else []

    def matches(self, top: Any) -> bool:
        """Tells whether the top, or the first of its list, is a node."""
        first = top[0] if type(top) is list and top else top
        return is_node(first, self._kind_key)

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree, or out of the next piece of it."""
        stack = self._first(top)
        kinds: list[str] = []
        while stack:
            node, depth, owner = stack.pop()
            kinds.append(node[self._kind_key])
            out.max_depth = max(out.max_depth, depth)
            if node is not top:
                owner = self._take(node, owner, out)
            elif "top" not in out.state:
                owner = out.state["top"] = self._take(node, None, out)
            else:
                owner = out.state["top"]
            stack += [(child, depth + 1, owner) for child in reversed(self._children(node))]
        out.add_kinds(kinds)

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of a tree in the order of the dump."""
        stack = [(node, depth, -1) for node, depth, _ in self._first(top)]
        number = 0
        while stack:
            node, depth, parent = stack.pop()
            yield Node(number, parent, node[self._kind_key], depth, self._line(node))
            children = reversed(self._children(node))
            stack.extend((child, depth + 1, number) for child in children)
            number += 1

    def _first(self, top: Any) -> list[_Frame]:
        first = top if type(top) is list else [top]
        return [(node, 1, None) for node in reversed(first) if is_node(node, self._kind_key)]

    def _children(self, node: Json) -> list[Json]:
        values = (node.get(self._children_key),) if self._children_key else node.values()
        kind_key = self._kind_key
        children: list[Json] = []
        for value in values:
            if type(value) is dict:
                if type(value.get(kind_key)) is str:
                    children.append(value)
            elif type(value) is list and value:
                children += [child for child in value if is_node(child, kind_key)]
        return children

    def _line(self, node: Json) -> int:
        value: Any = node if self._line_keys else 0
        for key in self._line_keys:
            value = value.get(key) if type(value) is dict else 0
        return value if type(value) is int else 0

    def _take(self, node: Json, owner: Symbol | None, out: Extraction) -> Symbol | None:
        line = self._line(node) if self._line_keys else 0
        if line:
            out.line_first = min(out.line_first or line, line)
            out.line_last = max(out.line_last, line)
        kind, calls = _meaning(node[self._kind_key])
        if calls:
            out.calls.append(Call(owner, self._callee(node), _passed(node), line))
        name = _name(node) if kind else ""
        if name:
            owner = out.define(kind, name, owner, line, line)
        if owner is not None:
            owner.nodes += 1
        return owner

    def _callee(self, node: Json) -> str:
        for key in _CALLED:
            name = text_of(node, key) or _name(dict_of(node, key))
            if name:
                return name
        return next(filter(None, map(_name, self._children(node)[:1])), "?")


@lru_cache(maxsize=4096)
def _meaning(kind: str) -> tuple[str, bool]:
    """Returns the kind of symbol that a node's kind tells, if any, and whether it is a call."""
    words = [word.lower() for word in _WORD.findall(kind)]
    calls = not _CALLING.isdisjoint(words)
    while words and words[-1] in _ENDINGS:
        words.pop()
    return _DEFINED.get(words[-1], "") if words else "", calls


def _name(node: Json) -> str:
    for key in _NAMES:
        text = text_of(node, key) or text_of(dict_of(node, key), "name")
        # An `id` is often no name but a number in hexadecimal.
        if text and (key != "id" or text.isidentifier()):
            return text
    return ""


def _passed(node: Json) -> int:
    return next((len(list_of(node, key)) for key in _ARGUMENTS if list_of(node, key)), 0)
