"""What names mean across files: which symbol a call is of.

The index is a set of sorted arrays, written once and mapped by all who make tables from it. Where
several files provide one key, the first by path is meant.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batchio.syntax.parts import NAME_FACTOR
from transforms.syntax.arrow_lists import joined, numbers, parents
from transforms.syntax.live import LiveTrees
from transforms.syntax.lookups import (
    NONE,
    Found,
    Keys,
    Lookup,
    first_of,
    key_in,
    only_of,
    repeated_of,
)
from transforms.syntax.re_exports import Imports, Places, places_of

_DIGEST_DIGITS = 64
_FACTOR = np.uint64(NAME_FACTOR)


@dataclass(frozen=True)
class NameIndex:
    """All that can be referred to from another file.

    Attributes:
        files: File ids by the keys that files provide.
        names: Symbol ids by file and name (see `key_in`).
        handed_on: Places of names that files have from others, see `Places`.
        reached: Files of which others have all names, see there.
        symbols: Symbol ids by the keys that only one symbol of all has.
        contents: File ids by content, where several have the same.
    """

    files: Lookup
    names: Lookup
    handed_on: Lookup
    reached: Lookup
    symbols: Lookup
    contents: Lookup

    def save(self, path: Path) -> None:
        """Writes the index to a file."""
        arrays = [array for field in fields(self) for array in getattr(self, field.name)]
        columns = [
            pa.LargeListArray.from_arrays(np.array([0, len(array)]), pa.array(array))
            for array in arrays
        ]
        batch = pa.RecordBatch.from_arrays(columns, [str(number) for number in range(len(columns))])
        with pa.ipc.new_file(str(path), batch.schema) as file:
            file.write_batch(batch)

    @classmethod
    def load(cls, path: Path) -> NameIndex:
        """Maps an index from its file."""
        with pa.memory_map(str(path)) as file:  # what is mapped outlives the open file
            batch = pa.ipc.open_file(file).get_batch(0)
        arrays = [numbers(column.flatten()) for column in batch.columns]
        return cls(*(Lookup(*pair) for pair in zip(arrays[::2], arrays[1::2], strict=True)))


_NONE = np.zeros(0, np.uint64)
NO_NAMES = NameIndex(*(Lookup(_NONE, _NONE) for _ in fields(NameIndex)))


def build_index(trees: LiveTrees) -> NameIndex:
    """Returns the index of the trees, built part by part."""
    files = first_of(_provided(trees))
    places = places_of(trees, files, first_of(_defined(trees)))
    return NameIndex(files, *places, only_of(_global(trees)), repeated_of(_contents(trees)))


def content_keys(digests: pa.StringArray) -> Keys:
    """Returns the first 64 bits of SHA-256 digests, 0 for what is none."""
    known = pc.fill_null(pc.equal(pc.binary_length(digests), _DIGEST_DIGITS), False)
    digits = joined(digests.filter(known))
    keys = np.zeros(len(digests), np.uint64)
    keys[np.asarray(known)] = np.frombuffer(unhexlify(digits), ">u8")[::4]
    return keys


def resolve_names(
    index: NameIndex, names: pa.StructArray, first_import: NDArray[np.int64], imports: Imports
) -> Keys:
    """Returns the id of the symbol that each call or base means, 0 where the names do not tell.

    Args:
        index: Of all files.
        names: Rows of parts' `calls` or `inherits`.
        first_import: For each the number, in `imports`, of its file's first import.
        imports: The resolved imports of the same files.
    """
    found = numbers(names.field("target_id")).copy()
    via = numbers(names.field("via"))
    rows = np.flatnonzero((found == NONE) & (via >= 0))
    used = first_import[rows] + via[rows]
    files, names_there = (array[used] for array in imports)
    rest, head = (numbers(names.field(name))[rows] for name in ("rest_key", "head_key"))
    is_name = names_there != NONE
    heads = np.where(is_name, names_there, head)
    further = np.where(is_name, rest * _FACTOR, rest - head)
    told = (files != NONE) & (is_name | (rest != NONE))
    found[rows[told]] = _find(index, files[told], heads[told], further[told])
    left = np.flatnonzero(found == NONE)
    found[left] = index.symbols.find(numbers(names.field("global_key"))[left])
    return found


def _find(index: NameIndex, files: Keys, heads: Keys, further: Keys) -> Keys:
    """Returns the symbols of names in files: their first part, and what the others add to it."""
    found = index.names.find(key_in(files, heads + further))
    left = np.flatnonzero(found == NONE)
    places = Places(index.names, index.handed_on, index.reached).find(files[left], heads[left])
    found[left] = np.where(places, index.names.find(places + further[left]), NONE)
    return found


def _provided(trees: LiveTrees) -> Iterator[Found]:
    for batch, places in trees.by_part("file_id", "provides"):
        keys, tree = numbers(batch.column("provides").flatten()), parents(batch.column("provides"))
        yield Found(keys, numbers(batch.column("file_id"))[tree], places[tree])


def _defined(trees: LiveTrees) -> Iterator[Found]:
    for batch, places in trees.by_part("file_id", "symbols"):
        symbols, tree = batch.column("symbols").flatten(), parents(batch.column("symbols"))
        names, ids = (numbers(symbols.field(name)) for name in ("name_key", "symbol_id"))
        keys = key_in(numbers(batch.column("file_id"))[tree], names)
        yield Found(np.where(names, keys, NONE), ids, places[tree])


def _global(trees: LiveTrees) -> Iterator[Found]:
    for batch, places in trees.by_part("symbols"):
        symbols, tree = batch.column("symbols").flatten(), parents(batch.column("symbols"))
        keys, ids = (numbers(symbols.field(name)) for name in ("global_key", "symbol_id"))
        yield Found(keys, ids, places[tree])


def _contents(trees: LiveTrees) -> Iterator[Found]:
    for batch, places in trees.by_part("file_id", "content_sha256"):
        keys = content_keys(batch.column("content_sha256"))
        yield Found(keys, numbers(batch.column("file_id")), places)
