"""Makes AST JSON to measure with: the standard library's modules, whole or in small files."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from ast2json import ast2json

_NOT_OURS = {"test", "tests", "idlelib", "lib2to3", "site-packages", "__pycache__", "ensurepip"}


def modules() -> list[Path]:
    """Returns the standard library's modules, without its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if not _NOT_OURS.intersection(path.relative_to(root).parts)
    ]


def dump_modules(folder: Path, sources: Path, copies: int = 1) -> int:
    """Writes each module as AST JSON, and its source; returns the bytes of the JSON."""
    root = Path(sysconfig.get_path("stdlib"))
    size = 0
    for path in modules():
        relative = path.relative_to(root)
        tree = _tree(path)
        if tree is None:
            continue
        data = orjson.dumps(tree)
        size += copies * len(data)
        for number in range(copies):
            _write(folder / f"copy{number}" / f"{relative}.json", data)
            _write(sources / f"copy{number}" / relative, path.read_bytes())
    return size


def dump_small(folder: Path, count: int, mean_bytes: int) -> int:
    """Writes `count` files of some statements each; returns their bytes.

    The statements are real ones of the standard library, taken in order until a file is big
    enough; when they are used up they come again, with a statement that no other file has.
    """
    texts = list(_small_bodies(mean_bytes))
    size = 0
    for number in range(count):
        again, index = divmod(number, len(texts))
        module, body = texts[index]
        mark = orjson.dumps({"_type": "Expr", "lineno": 1, "value": _constant(f"copy {again}")})
        data = b'{"_type":"Module","body":[' + mark + b"," + body + b'],"type_ignores":[]}'
        size += len(data)
        _write(folder / f"copy{again}" / f"{module}_{index}.py.json", data)
    return size


def _small_bodies(mean_bytes: int) -> Iterator[tuple[str, bytes]]:
    for path in modules():
        tree = _tree(path) or {"body": []}
        body: list[bytes] = []
        for statement in tree["body"]:
            data = orjson.dumps(statement)
            if len(data) > 4 * mean_bytes:
                continue
            body.append(data)
            if sum(map(len, body)) > 0.3 * mean_bytes:
                yield path.stem, b",".join(body)
                body = []


def _tree(path: Path) -> dict[str, Any] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: dict[str, Any] = ast2json(ast.parse(path.read_bytes()))
        orjson.dumps(tree)
    except (SyntaxError, TypeError, ValueError, RecursionError):
        return None
    return tree


def _constant(text: str) -> dict[str, Any]:
    return {"_type": "Constant", "lineno": 1, "value": text, "n": text, "s": text, "kind": None}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
