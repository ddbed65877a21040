"""Reads CSV files of addresses in blocks of rows, every column as text.

A file is planned once (`address_csv_plan`): one quick pass finds its encoding and cuts it where
rows end. Each block is then read by itself, and all of them together are the file.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv

from batchio.addresses.csv_dialect import Dialect, as_utf8
from batchio.errors import InputError, doing
from batchio.file_ranges import read_range

STEP = "read CSV"
_SMALLEST_BUFFER = 1 << 10  # Arrow refuses those of some bytes


@dataclass(frozen=True)
class Block:
    """Some rows of a CSV that follow each other.

    Attributes:
        dialect: How the file is written.
        start: The byte that the first row begins with.
        end: The byte after the last row.
        first_row: How many rows of the file come before, the header apart.
        rows: How many rows there are.
        open_quote: This is one row with a quote that never closes. It ends with its line, else the
            rest of the file would be its field.
    """

    dialect: Dialect
    start: int
    end: int
    first_row: int
    rows: int
    open_quote: bool = False


@dataclass(frozen=True)
class Rows:
    """The content of a block.

    Attributes:
        table: The columns, all of text and without nulls. A row with too few or too many fields,
            or an open quote, has empty texts.
        raw: The whole text of each such row, null for all others.
    """

    table: pa.RecordBatch
    raw: pa.StringArray


def read_block(path: str, block: Block) -> Rows:
    """Returns the rows of a block of the file that it was planned for.

    Raises:
        InputError: The file is not what it was then.
    """
    with doing(STEP, path):
        data = as_utf8(read_range(path, block.start, block.end), block.dialect.encoding)
        if block.open_quote:
            return _unreadable(data.decode().rstrip("\r\n"), block.dialect)
        rows = parse_rows(data, block.dialect)
        if rows.table.num_rows != block.rows:
            raise InputError(
                f"has {rows.table.num_rows} rows where {block.rows} were, "
                f"from byte {block.start} to {block.end}",
                action="it has changed since the run began: start again",
            )
        return rows


def _unreadable(text: str, dialect: Dialect) -> Rows:
    blanks = dict.fromkeys(dialect.columns, "")
    return Rows(pa.RecordBatch.from_pylist([blanks]), pa.array([text]))


def parse_rows(data: bytes, dialect: Dialect) -> Rows:
    """Returns the rows of a text in UTF-8 that begins and ends with whole ones."""
    ragged: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    schema = pa.schema([(name, pa.string()) for name in dialect.columns])
    if not data:
        return Rows(_one_batch(schema.empty_table()), pa.nulls(0, pa.string()))
    if data.startswith(codecs.BOM_UTF8):  # Arrow takes one off, wherever in the file this is
        data = codecs.BOM_UTF8 + data
    table = csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(
            use_threads=False,
            column_names=schema.names,
            block_size=max(len(data), _SMALLEST_BUFFER),
        ),
        csv.ParseOptions(
            delimiter=dialect.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=keep,
        ),
        csv.ConvertOptions(column_types=schema, strings_can_be_null=False),
    )
    return _with_ragged(table, ragged)


def _with_ragged(table: pa.Table, ragged: list[csv.InvalidRow]) -> Rows:
    """Puts the rows that do not fit back where they were."""
    count = table.num_rows + len(ragged)
    if not ragged:
        return Rows(_one_batch(table), pa.nulls(count, pa.string()))
    at = np.array([row.number - 1 for row in ragged])
    fits = np.ones(count, bool)
    fits[at] = False
    places = pa.array(np.cumsum(fits) - 1, mask=~fits)
    columns = [column.take(places).fill_null("") for column in table.columns]
    texts = np.full(count, None, object)
    texts[at] = [row.text for row in ragged]
    filled = pa.table(columns, schema=table.schema)
    return Rows(_one_batch(filled), pa.array(texts, pa.string()))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
