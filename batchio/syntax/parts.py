"""Parts: what was taken out of some source trees, as the tables are built from it.

A part is an Arrow IPC file with a row a tree; symbols, calls, imports and so on are lists in that
row, so that the rows of a file that has changed since are dropped with it. Ids and keys are 64-bit
hashes (see `key_of`); 0 stands for none. Parts are not compressed: their rows are read in another
order than they were written in, straight out of the mapped file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from batchio.fileset import is_local, local_copy, local_path

OK = "ok"
NOT_AST = "not_ast"
QUARANTINED = "quarantined"

_ID = pa.uint64()
_TEXT = pa.string()
_COUNT = pa.int32()
_FLAG = pa.bool_()

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

NAME_FACTOR = 0xC2B2AE3D27D4EB4F
"""Of the keys of names: that of `a.b.c` is `key_of("a")` and so many times the key of `b.c`.

So whoever knows the key of what `a` is elsewhere knows that of `b.c` in it.
"""

# How a call or a base is resolved: `target_id` where it is in the same file; else through import
# number `via` of the file, as `rest_key` in what that is of; else by `global_key`, if just one
# symbol has it.
_RESOLVING = (
    ("target_id", _ID),
    ("via", _COUNT),  # -1 for none
    ("rest_key", _ID),
    ("head_key", _ID),  # of the first part of the rest, which a file may have from another one
    ("global_key", _ID),
)

SYMBOL = pa.struct(
    [
        ("symbol_id", _ID),
        ("parent_id", _ID),
        ("kind", _TEXT),
        ("name", _TEXT),
        ("qualified_name", _TEXT),
        ("signature", _TEXT),
        ("visibility", _TEXT),
        ("is_static", _FLAG),
        ("is_abstract", _FLAG),
        ("is_async", _FLAG),
        ("is_exported", _FLAG),
        ("line_start", _COUNT),
        ("line_end", _COUNT),
        ("params", _COUNT),  # null for what takes none by its nature
        ("returns", _TEXT),
        ("nesting", _COUNT),
        ("complexity", _COUNT),
        ("nodes", _COUNT),
        ("doc", _TEXT),
        ("name_key", _ID),  # of the qualified name; 0 if that means another symbol of the file
        ("global_key", _ID),  # under which it is known to the whole run; 0 if it is not
        ("is_default", _FLAG),  # what the file exports by default
    ]
)
CALL = pa.struct(
    [
        ("caller_id", _ID),
        ("callee", _TEXT),
        ("callee_full", _TEXT),
        ("receiver_type", _TEXT),
        ("args", _COUNT),
        ("line", _COUNT),
        *_RESOLVING,
    ]
)
IMPORT = pa.struct(
    [
        ("module", _TEXT),
        ("name", _TEXT),
        ("alias", _TEXT),
        ("kind", _TEXT),
        ("line", _COUNT),
        ("is_relative", _FLAG),
        ("candidates", pa.list_(_ID)),  # keys of files that may be meant, best first
        ("whole", _COUNT),  # so many of the first candidates are files that `name` itself means
        # Of the name that it gives to the file, for who imports it from there; `*` for all.
        ("binds_key", _ID),
        ("name_key", _ID),  # of `name`, which the rest is in if that is not a whole file
    ]
)
INHERIT = pa.struct([("symbol_id", _ID), ("base", _TEXT), ("kind", _TEXT), *_RESOLVING])
KIND = pa.struct([("kind", _TEXT), ("count", _COUNT)])
NODE = pa.struct(
    [("node", _COUNT), ("parent", _COUNT), ("kind", _TEXT), ("depth", _COUNT), ("line", _COUNT)]
)

LISTS = {
    "symbols": SYMBOL,
    "calls": CALL,
    "imports": IMPORT,
    "inherits": INHERIT,
    "kinds": KIND,
    "nodes": NODE,
}

FILE_FIELDS = (
    ("input", _TEXT),  # the input file's whole path: what the ledger knows it by
    ("path", _TEXT),  # relative, the same on every machine; `#LINE` at its end for a tree of many
    ("file_id", _ID),
    ("source_path", _TEXT),
    ("language", _TEXT),
    ("language_from", _TEXT),
    ("shape", _TEXT),
    ("parser", _TEXT),
    ("bytes", pa.int64()),
    ("content_sha256", _TEXT),
    ("node_count", _COUNT),
    ("max_depth", _COUNT),
    ("distinct_kinds", _COUNT),
    ("errors_in_tree", _COUNT),
    ("line_first", _COUNT),
    ("line_last", _COUNT),
    ("status", _TEXT),
    ("cause", _TEXT),
    ("message", _TEXT),
    ("json_byte", pa.int64()),  # this and the next two are null where there is no place
    ("json_line", pa.int64()),
    ("json_column", pa.int64()),
    ("attempts", _COUNT),
    ("provides", pa.list_(_ID)),  # keys under which other files import it
)

PART_SCHEMA = pa.schema(
    [*FILE_FIELDS, *((name, pa.list_(struct)) for name, struct in LISTS.items())]
)


def key_of(text: str) -> int:
    """Returns the 64-bit key of a text, the same on every machine; never 0."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


class PartRows:
    """The trees of a part that is being made."""

    def __init__(self) -> None:
        self._files: list[tuple[Any, ...]] = []
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in LISTS}
        self._ends: dict[str, list[int]] = {name: [0] for name in LISTS}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, file: tuple[Any, ...], **lists: Iterable[tuple[Any, ...]]) -> None:
        """Adds a tree.

        Args:
            file: Its values in the order of `FILE_FIELDS`.
            lists: Its rows under the names of `LISTS`, values in the order of their fields.
        """
        self._files.append(file)
        for name, rows in self._rows.items():
            rows.extend(lists.get(name, ()))
            self._ends[name].append(len(rows))

    def batch(self) -> pa.RecordBatch:
        """Returns the trees as Arrow columns."""
        columns = _columns(self._files, [pa.field(*field) for field in FILE_FIELDS])
        for name, struct in LISTS.items():
            fields = list(struct)
            rows = pa.StructArray.from_arrays(_columns(self._rows[name], fields), fields=fields)
            columns.append(pa.ListArray.from_arrays(pa.array(self._ends[name], pa.int32()), rows))
        return pa.RecordBatch.from_arrays(columns, schema=PART_SCHEMA)


def write_part(rows: PartRows, path: Path) -> None:
    """Writes a part; the same trees give the same bytes."""
    with pa.ipc.new_file(str(path), PART_SCHEMA) as file:
        file.write_batch(rows.batch())


def read_part(path: str) -> pa.RecordBatch:
    """Returns the trees of a part.

    A local file is mapped, not read; it may be deleted as soon as this returns. That of another
    storage is copied first, each time anew: `fileset.local_copy` keeps a copy.

    Raises:
        OSError: When it cannot be read.
    """
    if not is_local(local_path(path)):
        with tempfile.TemporaryDirectory() as folder:
            return read_part(local_copy(path, Path(folder), retries=0))
    with pa.memory_map(local_path(path)) as file:  # what is mapped outlives the open file
        return pa.ipc.open_file(file).get_batch(0)


def _columns(rows: Sequence[tuple[Any, ...]], fields: Sequence[pa.Field]) -> list[pa.Array]:
    columns = zip(*rows, strict=True) if rows else [()] * len(fields)
    return [_array(values, field.type) for values, field in zip(columns, fields, strict=True)]


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([_storable(value, kind) for value in values], kind)


def _storable(value: Any, kind: pa.DataType) -> Any:
    """Returns a value that Arrow takes for one that a dump holds and no source file can mean."""
    if kind == _TEXT and value is not None:
        return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if kind == _COUNT and value is not None and not _is_count(value):
        return 0  # the line or count is not known
    if kind == _FLAG:
        return bool(value)
    return value


def _is_count(value: Any) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31
