"""Syntax trees as tree-sitter's nodes are dumped: `type`, `children`, `startPosition` (shape S8).

Every dict in `children` with text `type` is a node, named or not, so a dump of named nodes only
counts fewer of them. Such a dump lacks operators and keywords, and with them `&&` in complexity,
`static`, `async` and the like; a dump without `text` lacks all names; one without names of fields
is read by the kinds and order of children, which is less exact: a parameter may pass for its type.
Rust's macros are not looked into: their tokens are not parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transforms.syntax.extraction import Extraction, Node
from transforms.syntax.tree_sitter_nodes import (
    ERROR,
    Tree,
    children_of,
    line_of,
    lines_of,
    places_of,
)
from transforms.syntax.tree_sitter_walk import Walk
from transforms.syntax.tree_sitter_words import (
    CPP_ONLY,
    ROOTS,
    TYPESCRIPT_ONLY,
    WORDS,
    Words,
)

_STATE = "tree_sitter"
_FAMILIES = {"typescript": "javascript", "c": "cpp"}
_NODES_TO_TELL = 10_000  # that a language shows itself in
_HAS_ERROR = ("hasError", "has_error")
_NO_WORDS = Words({}, frozenset(), {}, frozenset(), frozenset(), frozenset(), comments=frozenset())


class TreeSitter:
    """Trees as tree-sitter's nodes are dumped."""

    name = "tree-sitter"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a node with children and a place in rows and columns."""
        return (
            type(top) is dict
            and type(top.get("type")) is str
            and type(top.get("children")) is list
            and "body" not in top
            and places_of(top)[0] is not None
        )

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree, or out of the next piece of it."""
        walk = out.state.get(_STATE)
        if walk is None:
            walk = out.state[_STATE] = _start(top, out)
        else:
            walk.errors -= top["type"] == ERROR  # the same as that of the first piece
        walk.run(top)
        _set_lines(top, out)
        _set_language(walk.language, out)
        # A dump may lack the flag of the one node that is missing.
        has_error = any(top.get(key) is True for key in _HAS_ERROR)
        out.errors = walk.errors or int(has_error)

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of a tree, each once, in document order."""
        stack = [(top, -1, 1)]
        number = 0
        while stack:
            node, parent, depth = stack.pop()
            yield Node(number, parent, node["type"], depth, line_of(node))
            stack.extend((child, number, depth + 1) for child in reversed(children_of(node)))
            number += 1


def _start(top: Tree, out: Extraction) -> Walk:
    given = _FAMILIES.get(out.language, out.language)
    family = _family(top, given)
    return Walk(family, WORDS.get(family, _NO_WORDS), out)


def _family(top: Tree, given: str) -> str:
    """Returns the language as nodes or else the path tell it, of two alike just one."""
    candidates = ROOTS.get(top["type"], {})
    for language, kinds in candidates.items():
        if not kinds:
            return _FAMILIES.get(language, language)
    told = {kind: language for language, kinds in candidates.items() for kind in kinds}
    stack = [top] if told else []
    for _ in range(_NODES_TO_TELL):
        if not stack:
            break
        node = stack.pop()
        if node["type"] in told:
            return told[node["type"]]
        stack.extend(reversed(children_of(node)))
    return given


def _set_language(family: str, out: Extraction) -> None:
    if family == "javascript":
        certain = not TYPESCRIPT_ONLY.isdisjoint(out.kinds)
        if certain or out.language != "typescript":
            out.language = "typescript" if certain else "javascript"
    elif family == "cpp":
        certain = not CPP_ONLY.isdisjoint(out.kinds)
        if certain or out.language != "cpp":
            out.language = "cpp" if certain else "c"
    elif family:
        out.language = family


def _set_lines(top: Tree, out: Extraction) -> None:
    first, last = lines_of(top)
    out.line_first = out.line_first or first
    out.line_last = max(out.line_last, last)
