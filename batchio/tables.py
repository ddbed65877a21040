"""Writes tables as Parquet, JSON Lines or CSV; the same rows give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

TableFormat: TypeAlias = Literal["parquet", "jsonl", "csv"]
WriteBatch: TypeAlias = Callable[[pa.RecordBatch], None]

_ESCAPED = r'["\\\x00-\x1f]'  # RFC 8259, section 7


@contextmanager
def open_table(path: Path, schema: pa.Schema, form: TableFormat) -> Iterator[WriteBatch]:
    """Opens a table file and yields the function that writes rows to it.

    In Parquet each call makes a row group, and the columns' meanings and units are in the file's
    metadata. JSON Lines have every column in every line, `null` where it is not known; in CSV that
    is an empty field, and an empty text is `""`. In both, times of UTC are as in ISO 8601:
    `2022-10-26T12:00:00Z`.
    """
    if form == "parquet":
        with parquet.ParquetWriter(str(path), _described(schema), compression="zstd") as table:
            yield table.write_batch
    elif form == "csv":
        with csv.CSVWriter(str(path), _with_texts(schema)) as table:
            yield lambda batch: table.write_batch(_times_as_texts(batch))
    else:
        with path.open("wb") as file:
            yield lambda batch: _write_lines(file, _times_as_texts(batch))


def _described(schema: pa.Schema) -> pa.Schema:
    """Returns a schema whose columns' descriptions are also metadata of the table.

    Only Arrow reads the metadata of a column; any reader of Parquet, those of the file.
    """
    return schema.with_metadata({field.name: _meaning(field) for field in schema if field.metadata})


def _meaning(field: pa.Field) -> str:
    description, unit = (field.metadata.get(key, b"").decode() for key in (b"description", b"unit"))
    return f"{description} [{unit}]" if unit else description


def _with_texts(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_timestamp(field.type) else field
            for field in schema
        ]
    )


def _times_as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        _iso_texts(column) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_with_texts(batch.schema))


def _iso_texts(times: pa.TimestampArray) -> pa.StringArray:
    """Returns times of UTC as texts; each that is there is written once, for they come often."""
    coded = times.dictionary_encode()
    texts = coded.dictionary.cast(pa.timestamp(times.type.unit)).cast(pa.string())
    texts = pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "Z", "")
    return texts.take(coded.indices)


def _write_lines(file: BinaryIO, batch: pa.RecordBatch) -> None:
    pieces: list[pa.Array | str] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        pieces += [f"{',' if pieces else '{'}{json.dumps(name)}:", _json_values(column)]
    lines = pc.binary_join_element_wise(*pieces, "}\n", "")
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    file.write(pc.binary_join(whole, "")[0].as_buffer())


def _json_values(column: pa.Array) -> pa.Array:
    """Returns numbers, truth values or texts as JSON writes them."""
    if column.type != pa.string():
        return pc.fill_null(column.cast(pa.string()), "null")
    special = pc.fill_null(pc.match_substring_regex(column, _ESCAPED), False)
    if pc.any(special).as_py():
        escaped = [orjson.dumps(text)[1:-1] for text in column.filter(special).to_pylist()]
        column = pc.replace_with_mask(column, special, pa.array(escaped, pa.string()))
    return pc.fill_null(pc.binary_join_element_wise('"', column, '"', ""), "null")
