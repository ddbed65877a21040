"""Reads CSVs of addresses into plain lists, for comparisons."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_read import read_block

Table: TypeAlias = list[list[str] | tuple[str, ...]]  # a tuple for a row that does not fit


def read_whole(
    path: Path | str, block_bytes: int, *, header: bool = True, delimiter: str = ""
) -> Table:
    """Returns the rows of all blocks in order; of those that do not fit, the fields."""
    table: Table = []
    blocks = plan_blocks(str(path), block_bytes, header=header, delimiter=delimiter).blocks
    for block in blocks:
        rows = read_block(str(path), block)
        columns = [column.to_pylist() for column in rows.table.columns]
        for *fields, raw in zip(*columns, rows.raw.to_pylist(), strict=True):
            table.append(fields if raw is None else _fields(raw, block.dialect.delimiter))
    return table


def _fields(raw: str, delimiter: str) -> tuple[str, ...]:
    (row,) = csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter)
    return without_line_end(row)


def without_line_end(fields: Sequence[str]) -> tuple[str, ...]:
    """Returns fields as they are in a raw row, where a quote that never closes has no line end."""
    return (*fields[:-1], fields[-1].rstrip("\r\n"))
