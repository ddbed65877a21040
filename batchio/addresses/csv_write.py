"""Writes rows of addresses with the columns found for them, in parts that join to one file.

As CSV that is UTF-8 without a mark, commas, LF at the end of each row, and quotes only around what
has a comma, a quote or a line end in it (RFC 4180, but for the LF). Line ends within a field stay
as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from batchio.addresses.csv_dialect import distinct_names
from batchio.fileset import read_bytes
from batchio.spreadsheets import FORMULA_BEGINS
from batchio.stores import RETRIES
from batchio.tables import open_table

RowFormat: TypeAlias = Literal["csv", "parquet"]
Defuse: TypeAlias = Literal["ours", "all", "none"]

_NEEDS_QUOTES = b'",\r\n'
_FORMULA_LETTERS = "".join(FORMULA_BEGINS)
_FORMULA = rf"^[{re.escape(_FORMULA_LETTERS)}]"
_GROUP_ROWS = 1 << 17


def beside(given: pa.RecordBatch, found: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the columns of the input and then ours, which get another name if theirs is taken."""
    names = distinct_names(found.schema.names, given.schema.names)
    fields = [field.with_name(name) for field, name in zip(found.schema, names, strict=True)]
    return pa.RecordBatch.from_arrays(
        [*given.columns, *found.columns], schema=pa.schema([*given.schema, *fields])
    )


def defuse_formulas(table: pa.RecordBatch) -> pa.RecordBatch:
    """Returns a table whose texts are no formulas to a spreadsheet: `=1+1` becomes `'=1+1`."""
    columns = [
        _defused(column) if pa.types.is_string(column.type) else column for column in table.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _defused(column: pa.StringArray) -> pa.StringArray:
    if not _has_any(column, _FORMULA_LETTERS.encode()):
        return column
    risky = pc.fill_null(pc.match_substring_regex(column, _FORMULA), False)
    if not risky.true_count:
        return column
    quoted = pc.binary_join_element_wise("'", column.filter(risky), "")
    return pc.replace_with_mask(column, risky, quoted)


def write_rows(
    path: Path,
    blocks: Iterable[tuple[pa.RecordBatch, pa.RecordBatch]],
    form: RowFormat,
    *,
    header: bool,
    defuse: Defuse = "ours",
) -> None:
    """Writes the rows of blocks that follow each other.

    Args:
        path: A local file, which is written over.
        blocks: One or more: the input's columns, and those found.
        form: The format.
        header: Whether these are the first rows of the whole file; only CSV asks.
        defuse: Which texts in CSV, where spreadsheets open them, are made sure to be no formulas.
    """
    if form == "parquet":
        _write_parquet(path, (beside(*block) for block in blocks))
        return
    with path.open("wb") as file:
        for given, found in blocks:
            theirs = defuse_formulas(given) if defuse == "all" else given
            table = beside(theirs, found if defuse == "none" else defuse_formulas(found))
            if header:
                file.write(_csv_lines([pa.array([name]) for name in table.schema.names]))
                header = False
            file.write(_csv_lines(table.columns))


def join_parts(path: Path, parts: Iterable[str], form: RowFormat) -> None:
    """Makes one whole file of the parts of all blocks, in order; holds a few of them at a time.

    Args:
        path: A local file, which is written over.
        parts: Paths or URLs of what `write_rows` wrote.
        form: The format of all.
    """
    if form == "parquet":
        _write_parquet(path, map(read_rows, parts))
        return
    with path.open("wb") as file:
        for part in parts:
            file.write(read_bytes(part, retries=RETRIES))


def _write_parquet(path: Path, tables: Iterator[pa.Table | pa.RecordBatch]) -> None:
    """Joins small row groups as well: large ones are better."""
    waiting = [next(tables)]
    with open_table(path, waiting[0].schema, "parquet") as write:
        for table in tables:
            if sum(each.num_rows for each in waiting) + table.num_rows > _GROUP_ROWS:
                write(_one_batch(waiting))
                waiting = []
            waiting.append(table)
        write(_one_batch(waiting))


def read_rows(part: str) -> pa.Table:
    """Returns what was written as Parquet."""
    return parquet.read_table(pa.BufferReader(read_bytes(part, retries=RETRIES)))


def _one_batch(tables: Sequence[pa.Table | pa.RecordBatch]) -> pa.RecordBatch:
    if len(tables) == 1 and isinstance(tables[0], pa.RecordBatch):
        return tables[0]
    chunks = [pa.table(each) if isinstance(each, pa.RecordBatch) else each for each in tables]
    table = pa.concat_tables(chunks).combine_chunks()
    return (table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)])[0]


def _csv_lines(columns: Sequence[pa.Array]) -> pa.Buffer:
    """Returns rows as lines of CSV; null is an empty field."""
    if not len(columns[0]):
        return pa.py_buffer(b"")
    pieces: list[pa.Array | str] = [_csv_fields(columns[0], quote_empty=len(columns) == 1), ""]
    for column in columns[1:]:
        pieces[-1] = f"{pieces[-1]},"
        if column.null_count < len(column):  # else there is nothing but the comma
            pieces += [_csv_fields(column, quote_empty=False), ""]
    pieces[-1] = f"{pieces[-1]}\n"
    lines = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    _, offsets, letters = lines.buffers()  # of a fresh array: all letters, one row after another
    return letters.slice(0, int(np.frombuffer(offsets, np.int32)[len(lines)]))


def _csv_fields(column: pa.Array, *, quote_empty: bool) -> pa.StringArray:
    """Returns fields, null or quoted where they need it.

    An empty one does where it is a row of its own, else that would be a blank line.
    """
    texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
    special = None
    if _has_any(texts, _NEEDS_QUOTES):
        special = pc.match_substring_regex(texts, f"[{_NEEDS_QUOTES.decode()}]")
    if quote_empty:
        texts = pc.coalesce(texts, "")
        empty = pc.equal(texts, "")
        special = empty if special is None else pc.or_(special, empty)
    if special is None or not special.true_count:
        return texts
    doubled = pc.replace_substring(texts.filter(special), '"', '""')
    quoted = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.replace_with_mask(texts, special, quoted)


def _has_any(texts: pa.StringArray, characters: bytes) -> bool:
    """Tells, far faster than an expression, whether there may be any of the characters."""
    data = texts.buffers()[2]
    if data is None:
        return False
    letters = np.frombuffer(data, np.uint8)
    return any(bool((letters == character).any()) for character in characters)
