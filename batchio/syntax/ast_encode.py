"""Encodes small syntax trees as the tools of several languages dump them, to make samples.

Trees of languages that cannot be parsed here are given as text: a node a line, `kind`, indented
below its parent.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from batchio.syntax.python_dump import dump_python

Json = dict[str, Any]

_INDENT = 2
_TOKEN = re.compile(r'"[^"\n]*"|//[^\n]*|\w+|[:!=<>]=|&&|\|\||\S')
# Fields that Python's own trees have from some version on, and that say nothing in the samples.
_NEW_FIELDS = frozenset({"type_params"})
_FIRST_ID = 0x1000
_ID_STEP = 0x10


def python_dump(source: str) -> Json:
    """Returns the tree of Python source as `ast2json` does, the same in every version of Python."""
    return dump_python(ast.parse(source), leave_out=_NEW_FIELDS)


def tree_sitter_dump(source: str, nodes: str) -> Json:
    """Returns a tree as tree-sitter's nodes are dumped.

    Args:
        source: The source text.
        nodes: Its nodes as text, `kind` or `field: kind`; the leaves are its tokens in order.
    """
    tokens = _TOKEN.finditer(source)
    stack: list[Json] = []
    top: Json = {}
    for depth, is_leaf, text in _outline(nodes):
        field, _, kind = text.rpartition(": ")
        node: Json = {"type": kind, "isNamed": True}
        if field:
            node["fieldName"] = field
        del stack[depth:]
        if stack:
            stack[-1]["children"].append(node)
        else:
            top = node
        if not is_leaf:
            node["children"] = []
            stack.append(node)
            continue
        token = next(tokens)
        node |= {"isNamed": token[0] != kind, "text": token[0]}
        begin, end = (_position(source, at) for at in token.span())
        node |= {"startPosition": begin, "endPosition": end}
        for around in stack:
            around.setdefault("startPosition", begin)
            around["endPosition"] = end
    return top


def _position(source: str, at: int) -> Json:
    before = source[:at]
    return {"row": before.count("\n"), "column": at - before.rfind("\n") - 1}


def clang_dump(nodes: str) -> Json:
    """Returns a tree as clang prints it, a line only where it differs from the last one printed.

    Args:
        nodes: Its nodes as text: `Kind LINE[-LAST] [name=NAME] [type=TYPE]`; what a `DeclRefExpr`
            names is its `name`.
    """
    top: Json = {}
    stack: list[Json] = []
    printed = 0
    for number, (depth, _, text) in enumerate(_outline(nodes)):
        node, first, last = _clang_node(text, number)
        del stack[depth:]
        if stack:
            stack[-1].setdefault("inner", []).append(node)
            for place, line in (
                (node.get("loc"), first),
                (node["range"]["begin"], first),
                (node["range"]["end"], last),
            ):
                if place is not None:
                    place |= {"line": line} if line != printed else {}
                    place |= {"col": 2 * depth + 1, "tokLen": 1}
                    printed = line
        else:
            top = node
        stack.append(node)
    return top


def _clang_node(text: str, number: int) -> tuple[Json, int, int]:
    kind, lines, *rest = text.split(" ", 2)
    first, _, last = lines.partition("-")
    said = dict(re.findall(r"(\w+)=([^=]+?)(?= \w+=|$)", "".join(rest)))
    node: Json = {"id": f"{_FIRST_ID + number * _ID_STEP:#x}", "kind": kind}
    if kind.endswith("Decl"):
        node["loc"] = {}
    node["range"] = {"begin": {}, "end": {}}
    declared = said.pop("decl", "")
    if declared:
        node["referencedDecl"] = {"id": "0x0", "kind": declared, "name": said.pop("name")}
    if "type" in said:
        node["type"] = {"qualType": said.pop("type")}
    return node | said, int(first), int(last or first)


def _outline(text: str) -> Iterator[tuple[int, bool, str]]:
    """Yields the depth of each line from 0, whether nothing is below it, and what it says."""
    lines = [line for line in text.splitlines() if line.strip()]
    depths = [(len(line) - len(line.lstrip())) // _INDENT for line in lines]
    for depth, after, line in zip(depths, [*depths[1:], 0], lines, strict=True):
        yield depth, after <= depth, line.strip()
