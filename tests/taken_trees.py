"""What a shape takes out of a tree, as plain values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchio.syntax.ast_json import Document
from transforms.syntax.extraction import Extraction, Shape, Symbol
from transforms.syntax.file_rows import TreeFile
from transforms.syntax.take_trees import extract

_TOLD = (
    *("kind", "name", "line_start", "line_end", "signature", "visibility", "returns", "doc"),
    *("is_static", "is_abstract", "params", "nesting", "complexity", "nodes"),
)


def take(shape: Shape, *pieces: Any) -> Extraction:
    out = Extraction("dump.json")
    for piece in pieces:
        assert shape.matches(piece)
        shape.extract(piece, out)
    return out


def take_pieces(shape: Shape, top: dict[str, Any], spine: str, size: int) -> Extraction:
    """What is taken out of a tree that is streamed."""
    document = Document(tuple(pieces_of(top, spine, size)), 0, "", {**top, spine: []})
    return extract(shape, document, TreeFile("dump.json", "dump.json", 0))


def named(out: Extraction, name: str) -> Symbol:
    (found,) = (symbol for symbol in out.symbols if symbol.name == name)
    return found


def all_of(out: Extraction) -> dict[str, Any]:
    """Everything in an extraction, with symbols by their place in the list."""
    place = {symbol: at for at, symbol in enumerate(out.symbols)} | {None: -1}
    return {
        "symbols": [
            (place[s.parent], *(getattr(s, attribute) for attribute in _TOLD)) for s in out.symbols
        ],
        "calls": [(place[call.caller], *call[1:]) for call in out.calls],
        "imports": out.imports,
        "inherits": [(place[base.symbol], *base[1:]) for base in out.inherits],
        "kinds": {kind: count for kind, count in out.kinds.items() if count},
        "about": (out.nodes, out.max_depth, out.errors, out.line_first, out.line_last),
        "of": (out.language, out.parser),
    }


def pieces_of(top: dict[str, Any], spine: str, size: int) -> Iterator[dict[str, Any]]:
    """The top again and again with the next of its children, as the streaming reader gives it."""
    items = top[spine]
    for at in range(0, len(items), size):
        yield {**top, spine: items[at : at + size]}
