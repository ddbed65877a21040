"""Rows of parts for tests: what is not given is empty."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from batchio.syntax.parts import FILE_FIELDS, LISTS, OK, PartRows, key_of, write_part
from transforms.syntax.live import Part

Row = tuple[Any, ...]
_NONE = {"via": -1, "language": "python", "status": OK, "attempts": 1, "json_byte": None}
_NONE |= {"json_line": None, "json_column": None, "params": None}


def tree(path: str, **values: Any) -> Row:
    named = {"path": path, "input": f"/in/{path}", "file_id": key_of(path), "source_path": path}
    return _row(FILE_FIELDS, named | values)


def row(of: str, **values: Any) -> Row:
    return _row([(field.name, field.type) for field in LISTS[of]], values)


def _row(fields: Sequence[tuple[str, pa.DataType]], values: Mapping[str, Any]) -> Row:
    unknown = set(values) - {name for name, _ in fields}
    assert not unknown, unknown
    return tuple(values.get(name, _NONE.get(name, _empty(kind))) for name, kind in fields)


def _empty(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return []
    return "" if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 0


Tree = tuple[Row, Mapping[str, Sequence[Row]]]


def rows_of(trees: Sequence[Tree]) -> PartRows:
    rows = PartRows()
    for file, lists in trees:
        rows.add(file, **lists)
    return rows


def part_of(trees: Sequence[Tree], path: Path) -> Part:
    write_part(rows_of(trees), path)
    return Part(str(path))
