"""The tables that people get, made from the parts that are live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batchio.syntax.parts import FILE_FIELDS, LISTS, OK, QUARANTINED
from batchio.syntax.tables import TABLES
from batchio.tables import TableFormat, open_table
from transforms.syntax.arrow_lists import lengths, numbers, parents, starts
from transforms.syntax.live import Chunk, LiveTrees
from transforms.syntax.lookups import Keys
from transforms.syntax.names import NameIndex, content_keys, resolve_names
from transforms.syntax.re_exports import resolve_imports

Columns = Mapping[str, Any]  # Arrow or NumPy arrays; ids are unsigned, 0 for none

_FILE_COLUMNS = [name for name, _ in FILE_FIELDS if name != "provides"]
_NO_LANGUAGE = "unknown"  # not Hive's word for null, at which pandas stops

# Columns that have another name in the parts.
_NAMES_IN_PARTS = {
    "files": {"nodes": "node_count", "loc_first": "line_first", "loc_last": "line_last"},
    "quarantine": {"byte": "json_byte", "line": "json_line", "column": "json_column"},
}
NEED_NAMES = frozenset({"files", "calls", "imports", "inherits"})  # resolved across the files
# Columns resolved by name across the files.
_RESOLVED = {"calls": "callee_id", "inherits": "base_id"}
# Numbers that stand for what is not known, or does not apply.
_UNKNOWN = {
    "line": 0,
    "line_start": 0,
    "line_end": 0,
    "loc_first": 0,
    "loc_last": 0,
    "max_depth": 0,
    "distinct_kinds": 0,
    "nodes": 0,
    "complexity": 0,
    "complexity_max": 0,
    "parent": -1,
}
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)])


def write_table(
    name: str,
    path: Path,
    *,
    trees: LiveTrees,
    index: NameIndex,
    form: TableFormat = "parquet",
    partitioned: bool = False,
) -> int:
    """Writes one of `TABLES` to a file and returns how many rows it has.

    Args:
        name: Of the table.
        path: The file.
        trees: All trees, or those of one partition.
        index: Of all trees; `NO_NAMES` will do for tables that do not need one.
        form: How it is written.
        partitioned: Whether the language is in the path and not in the file.
    """
    schema = table_schema(name, partitioned=partitioned)
    rows = 0
    with open_table(path, schema, form) as write:
        for columns in _columns(name, trees, index):
            batch = _batch(columns, schema)
            if batch.num_rows:
                write(batch)
            rows += batch.num_rows
    return rows


def table_schema(name: str, *, partitioned: bool = False) -> pa.Schema:
    """Returns the columns that the files of a table have."""
    schema = TABLES[name]
    at = schema.get_field_index("language") if partitioned else -1
    return schema if at < 0 else schema.remove(at)


def partitions(trees: LiveTrees) -> dict[str, LiveTrees]:
    """Returns the trees of each language under the name of its folder: `language=python`.

    Those of no known language are in `language=unknown`.
    """
    found = (pc.unique(batch.column(0)).to_pylist() for batch, _ in trees.by_part("language"))
    languages = sorted({language or "" for some in found for language in some})
    codes = trees.each("language", np.int32, lambda texts: _code(texts, languages))
    return {
        f"language={quote(language, safe='') or _NO_LANGUAGE}": trees.where(codes == code)
        for code, language in enumerate(languages)
        if np.any(codes == code)
    }


def _code(texts: pa.StringArray, known: list[str]) -> pa.Int32Array:
    return pc.index_in(pc.fill_null(texts, ""), pa.array(known, pa.string()))


def _columns(name: str, trees: LiveTrees, index: NameIndex) -> Iterator[Columns]:
    if name == "files":
        return _files(trees, index)
    if name == "quarantine":
        bad = trees.each("status", np.bool_, lambda status: pc.equal(status, QUARANTINED))
        chunks = trees.where(bad).chunks((), _FILE_COLUMNS)
        return (_of_trees(name, chunk) for chunk in chunks)
    lists = (name, "imports") if name in _RESOLVED else (name,)
    having = trees.where(trees.each(name, np.bool_, lengths))
    return (_of_lists(name, chunk, index) for chunk in having.chunks(lists, ("file_id",)))


def _of_trees(name: str, chunk: Chunk) -> dict[str, Any]:
    columns = dict(zip(chunk.trees.schema.names, chunk.trees.columns, strict=True))
    names = _NAMES_IN_PARTS[name]
    return columns | {column: columns[there] for column, there in names.items()}


def _files(trees: LiveTrees, index: NameIndex) -> Iterator[Columns]:
    measures = _measures(trees)
    for chunk in trees.chunks((), _FILE_COLUMNS):
        columns = _of_trees("files", chunk)
        unread = np.asarray(pc.not_equal(columns["status"], OK))
        ids, contents = numbers(columns["file_id"]), content_keys(columns["content_sha256"])
        first = index.contents.find(contents)
        columns["duplicate_of"] = np.where(first == ids, 0, first)
        columns["errors_in_tree"] = pc.if_else(unread, None, columns["errors_in_tree"])
        for name, values in measures.items():
            here = values[chunk.first : chunk.first + len(ids)]
            columns[name] = pa.array(here, pa.int32(), mask=unread)
        yield columns


def _measures(trees: LiveTrees) -> dict[str, NDArray[np.int32]]:
    """Returns numbers of rows, and complexities, of each tree."""
    measures = {
        name: trees.each(name, np.int32, lengths) for name in ("symbols", "calls", "imports")
    }
    measures["complexity_sum"] = trees.each("symbols", np.int32, _complexity_sums)
    measures["complexity_max"] = trees.each("symbols", np.int32, _complexity_maxima)
    return measures


def _complexity_sums(symbols: pa.ListArray) -> NDArray[np.int64]:
    before = np.append(0, np.cumsum(_complexities(symbols)))
    sums: NDArray[np.int64] = np.diff(before[starts(symbols)])
    return np.minimum(sums, np.iinfo(np.int32).max)


def _complexity_maxima(symbols: pa.ListArray) -> NDArray[np.int64]:
    maxima = np.zeros(len(symbols), np.int64)
    some = lengths(symbols) > 0
    if np.any(some):
        maxima[some] = np.maximum.reduceat(_complexities(symbols), starts(symbols)[:-1][some])
    return maxima


def _complexities(symbols: pa.ListArray) -> NDArray[np.int64]:
    return numbers(symbols.flatten().field("complexity")).astype(np.int64)


def _of_lists(name: str, chunk: Chunk, index: NameIndex) -> dict[str, Any]:
    rows, tree = chunk.trees.column(name).flatten(), parents(chunk.trees.column(name))
    columns = {field.name: rows.field(field.name) for field in LISTS[name]}
    ids = numbers(chunk.trees.column("file_id"))
    columns["file_id"] = ids[tree]
    if name == "imports":
        columns["resolved_file_id"] = resolve_imports(index.files, rows, ids[tree]).files
    if name in _RESOLVED:
        lists = chunk.trees.column("imports")
        imports = resolve_imports(index.files, lists.flatten(), ids[parents(lists)])
        first = starts(lists)[tree]
        columns[_RESOLVED[name]] = resolve_names(index, rows, first, imports)
    return columns


def _batch(columns: Columns, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [_finished(field, columns[field.name]) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _finished(field: pa.Field, values: Any) -> pa.Array:
    """Returns a column as the table has it: ids as text, null for what stands for none."""
    array = values if isinstance(values, pa.Array) else pa.array(values)
    if array.type == pa.uint64():
        return hex_ids(numbers(array), nullable=field.nullable)
    if array.type == pa.string() and not field.nullable:
        return pc.fill_null(array, "")
    none = "" if array.type == pa.string() else _UNKNOWN.get(field.name)
    return array if none is None else pc.if_else(pc.equal(array, none), None, array)


def hex_ids(ids: Keys, *, nullable: bool = True) -> pa.StringArray:
    """Returns ids as 16 hexadecimal digits each; null for 0 where the column may be null."""
    digits = _HEX[ids.astype(">u8").view(np.uint8)]
    ends = np.arange(0, 16 * len(ids) + 1, 16, dtype=np.int32)
    known = pa.py_buffer(np.packbits(ids != 0, bitorder="little")) if nullable else None
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(ends), pa.py_buffer(digits), known)
