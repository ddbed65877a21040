"""How simple expressions are written: names with dots, `a.b().c`, and the text of types.

A table tells of each kind of node what it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transforms.syntax.json_values import Json

# `dotted` keeps 8 parts; one more tells it that there were more.
_CHAIN_PARTS = 9
_SPELLED_PIECES = 100

Link = Callable[[Json], "tuple[str, Json | None]"]
"""Returns the name a link of a chain adds, and the link before it."""


def chain(node: Json, kind_key: str, links: Mapping[str, Link]) -> list[str]:
    """Returns the parts of a chain like `a.b().c` for `dotted`, no more of them than it keeps."""
    parts: list[str] = []
    link: Json | None = node
    while link is not None and len(parts) < _CHAIN_PARTS:
        kind = link.get(kind_key)
        step = links.get(kind) if type(kind) is str else None
        part, link = ("?", None) if step is None else step(link)
        if part:
            parts.append(part)
    parts.reverse()
    return parts or ["?"]


Spelling = Callable[[Json], "list[Any]"]
"""Returns the pieces of a node's text: texts, and nodes in between."""


def spell(node: Any, kind_key: str, spellings: Mapping[str, Spelling]) -> str:
    """Returns the source text of a simple expression, empty if it is not simple."""
    pieces: list[str] = []
    rest = [node]
    while rest:
        piece = rest.pop()
        if type(piece) is str:
            pieces.append(piece)
            continue
        kind = piece.get(kind_key) if type(piece) is dict else None
        spelling = spellings.get(kind) if type(kind) is str else None
        if spelling is None or len(pieces) > _SPELLED_PIECES:
            return ""
        rest.extend(reversed(spelling(piece)))
    return "".join(pieces)


def listed(nodes: list[Any], between: str = ", ") -> list[Any]:
    """Returns the pieces of a list for `spell`."""
    pieces: list[Any] = []
    for node in nodes:
        pieces += (between, node)
    return pieces[1:]
