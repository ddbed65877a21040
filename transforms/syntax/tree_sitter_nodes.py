"""Nodes of tree-sitter dumps, whatever their writer called fields, places and flags."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from transforms.syntax.json_values import is_node

Tree = dict[str, Any]

STARTS = ("startPosition", "start_point", "start")
_ENDS = ("endPosition", "end_point", "end")
_FIELDS = ("fieldName", "field", "field_name")
_NAMED = ("isNamed", "named", "is_named")
_MISSING = ("isMissing", "is_missing", "missing")
ERROR = "ERROR"
_TEXT_CHARACTERS = 200
_DECLARATORS = 32  # C nests them; deeper is no name that anybody wrote

# Named leaves whose text is their kind; any other such leaf is a keyword or a mark.
_WORDS = frozenset({"crate", "false", "nil", "none", "null", "self", "super", "this", "true"})


def children_of(node: Tree) -> list[Tree]:
    """Returns the children that are nodes."""
    children = node.get("children")
    if type(children) is not list:
        return []
    return [child for child in children if is_node(child, "type")]


def field_of(node: Tree) -> str:
    """Returns the name of the field that a node is in its parent; empty for none."""
    for key in _FIELDS:
        value = node.get(key)
        if type(value) is str:
            return value
    return ""


def is_named(node: Tree) -> bool:
    """Tells whether a node is more than a keyword or a mark; by its text if the dump is silent."""
    for key in _NAMED:
        if key in node:
            return node[key] is True
    kind = node["type"]
    return bool(kind in _WORDS or node.get("children") or node.get("text") != kind)


def is_missing(node: Tree) -> bool:
    """Tells whether the parser put a leaf in where the source lacks it."""
    return any(node.get(key) is True for key in _MISSING)


def named_children(node: Tree) -> list[Tree]:
    """Returns the children that are named."""
    return [child for child in children_of(node) if is_named(child)]


def pick(node: Tree, names: Collection[str]) -> Tree | None:
    """Returns the first child that is one of these fields, else of one of these kinds."""
    children = children_of(node)
    for child in children:
        if field_of(child) in names:
            return child
    return next((child for child in children if child["type"] in names), None)


def place_of(value: Any) -> tuple[int, int] | None:
    """Returns row and column, both from 0, of a place however it is written; None if it is none."""
    if type(value) is dict:
        pair = (value.get("row"), value.get("column"))
    elif type(value) is list and len(value) == 2:
        pair = (value[0], value[1])
    else:
        return None
    row, column = pair
    return (row, column) if type(row) is int and type(column) is int else None


def places_of(node: Tree) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Returns where a node starts and ends, None where the dump does not say."""
    span = node.get("range")
    if type(span) is dict:
        node = span
    elif type(span) is list and len(span) == 2 and place_of(span) is None:
        return place_of(span[0]), place_of(span[1])
    return _first_place(node, STARTS), _first_place(node, _ENDS)


def _first_place(node: Tree, keys: tuple[str, ...]) -> tuple[int, int] | None:
    return next((place for key in keys if (place := place_of(node.get(key)))), None)


def lines_of(node: Tree) -> tuple[int, int]:
    """Returns first and last line, from 1; zeros where the dump does not say."""
    start, end = places_of(node)
    if start is None:
        return 0, 0
    if end is None:
        return start[0] + 1, start[0] + 1
    ends_before = end[1] == 0 and end[0] > start[0]  # with the line break of the line before
    return start[0] + 1, end[0] + 1 - ends_before


def line_of(node: Tree) -> int:
    """Returns the first line, from 1; 0 where the dump does not say."""
    start = places_of(node)[0]
    return 0 if start is None else start[0] + 1


def leaves_of(node: Tree) -> Iterator[Tree]:
    """Yields the leaves in document order."""
    stack = [node]
    while stack:
        current = stack.pop()
        children = children_of(current)
        if children:
            stack.extend(reversed(children))
        else:
            yield current


def text_of_node(node: Tree) -> str:
    """Returns the source of a node on one line, cut to 200 characters; empty if it is not there.

    Where only leaves have text there is one space wherever they do not touch.
    """
    text = node.get("text")
    if type(text) is str:
        return " ".join(text.split())[:_TEXT_CHARACTERS]
    parts: list[str] = []
    length = 0
    end = None
    for leaf in leaves_of(node):
        text = leaf.get("text")
        start, next_end = places_of(leaf)
        if type(text) is str and text:
            parts.append(text if start == end or not parts else " " + text)
            length += len(text)
        end = next_end
        if length > _TEXT_CHARACTERS:
            break
    return " ".join("".join(parts).split())[:_TEXT_CHARACTERS]


def raw_text_of(node: Tree) -> str:
    """Returns the source of a comment or a string as it is, as far as its leaves hold it."""
    text = node.get("text")
    if type(text) is str:
        return text
    texts = (leaf.get("text") for leaf in leaves_of(node))
    return "".join(text for text in texts if type(text) is str)


def innermost(node: Tree) -> Tree:
    """Returns the node that names what a parameter or a variable declares."""
    for _ in range(_DECLARATORS):
        inner = pick(node, ("declarator", "pattern", "name", "left", "variable_declarator"))
        if inner is None and node["type"].endswith("_declarator"):
            inner = next(iter(named_children(node)), None)
        if inner is None:
            break
        node = inner
    return node


def declarators_of(node: Tree) -> list[Tree]:
    """Returns the declarators from one of C's on down to the node that has the name."""
    chain = [node]
    while len(chain) < _DECLARATORS:
        inner = pick(chain[-1], ("declarator",))
        if inner is None and chain[-1]["type"].endswith("_declarator"):
            inner = next(iter(named_children(chain[-1])), None)
        if inner is None:
            break
        chain.append(inner)
    return chain
