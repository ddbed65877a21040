"""Syntax trees of small sources as files, a shape of the tests' own, and tables as rows."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ast2json import ast2json
from pyarrow import parquet

from transforms.syntax.extraction import CLASS, FUNCTION, Call, Extraction, Node, Symbol

Row = dict[str, Any]


def python_tree(source: str | bytes) -> Any:
    """Dumps a source as users of ast2json do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast2json(ast.parse(source))


def write_trees(folder: Path, trees: Mapping[str, Any]) -> list[Path]:
    """Writes trees, or the trees of Python sources, under their relative paths."""
    texts = {
        name: json.dumps(python_tree(tree) if isinstance(tree, str) else tree)
        for name, tree in trees.items()
    }
    return write_texts(folder, texts)


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    files = []
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        files.append(file)
    return files


def table(folder: Path, name: str) -> list[Row]:
    rows: list[Row] = parquet.read_table(folder / f"{name}.parquet").to_pylist()
    return rows


def files_by_path(folder: Path) -> dict[str, Row]:
    rows = table(folder, "files")
    found = {row["path"]: row for row in rows}
    assert len(found) == len(rows)
    return found


_DEFINES = {"define": FUNCTION, "define-class": CLASS}


class Lists:
    """Reads trees of nested lists: `["module", ["define", "f", 3, ["call", "g", 4]]]`."""

    name = "lists"

    def matches(self, top: Any) -> bool:
        return isinstance(top, list) and top[:1] == ["module"]

    def extract(self, top: Any, out: Extraction) -> None:
        out.language = "scheme"
        stack: list[tuple[Any, Symbol | None]] = [(top, None)]
        while stack:
            node, inside = stack.pop()
            out.nodes += 1
            out.kinds[node[0]] += 1
            if node[0] in _DEFINES:
                inside = out.define(_DEFINES[node[0]], node[1], inside, node[2], node[2])
            elif node[0] == "call":
                out.calls.append(Call(inside, node[1], 0, node[2]))
            stack += [(child, inside) for child in reversed(node) if isinstance(child, list)]

    def walk(self, top: Any) -> Iterator[Node]:
        stack, number = [(top, -1, 1)], 0
        while stack:
            node, parent, depth = stack.pop()
            yield Node(number, parent, node[0], depth, node[2] if len(node) > 2 else 0)
            stack += [
                (child, number, depth + 1) for child in reversed(node) if isinstance(child, list)
            ]
            number += 1
