"""What names mean across files: which file an import is of, which symbol a call is of.

The index is a set of sorted arrays, written once and mapped by all who make tables from it. Where
several files provide one key, the first by path is meant.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.syntax.live import LiveTrees, joined, numbers, parents, starts

Keys: TypeAlias = NDArray[np.uint64]

_NONE = np.uint64(0)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HOPS = 3  # files through which a name may be handed on
_DIGEST_DIGITS = 64


class Lookup(NamedTuple):
    """A value for each of some keys, which are sorted."""

    keys: Keys
    values: Keys

    def find(self, keys: Keys) -> Keys:
        """Returns the value of each key, 0 for those that have none."""
        if not len(self.keys):
            return np.zeros(len(keys), np.uint64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.values[at], _NONE)


class Imports(NamedTuple):
    """What imports are of: a file's id (0: of none that is known), and whether of all of it."""

    files: Keys
    whole: NDArray[np.bool_]


@dataclass(frozen=True)
class NameIndex:
    """All that can be referred to from another file.

    Attributes:
        files: File ids by the keys that files provide.
        names: Symbol ids by file and name (see `key_in`), names that a file hands on among them.
        symbols: Symbol ids by the keys that only one symbol of all has.
        contents: File ids by content, where several have the same.
    """

    files: Lookup
    names: Lookup
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


def build_index(trees: LiveTrees) -> NameIndex:
    """Returns the index of the trees, built part by part."""
    files = _first(_provided(trees))
    names = _first(_defined(trees))
    handed_on = _first(_handed_on(trees, files))
    return NameIndex(
        files, _joined(names, handed_on), _only(_global(trees)), _repeated(_contents(trees))
    )


def key_in(files: Keys, names: Keys) -> Keys:
    """Returns one key for a name in a file; both are hashes, so that a sum is one too."""
    return files * _ODD + names


def content_keys(digests: pa.StringArray) -> Keys:
    """Returns the first 64 bits of SHA-256 digests, 0 for what is none."""
    known = pc.fill_null(pc.equal(pc.binary_length(digests), _DIGEST_DIGITS), False)
    digits = joined(digests.filter(known))
    keys = np.zeros(len(digests), np.uint64)
    keys[np.asarray(known)] = np.frombuffer(unhexlify(digits), ">u8")[::4]
    return keys


def resolve_imports(index: Lookup, imports: pa.StructArray, importers: Keys) -> Imports:
    """Returns for each import the first of its candidates that is a file, but not its own.

    Args:
        index: File ids by the keys that files provide.
        imports: Rows of parts' `imports`.
        importers: The file id of each.
    """
    candidates = imports.field("candidates")
    rows = parents(candidates)
    found = index.find(numbers(candidates.flatten()))
    hits = np.flatnonzero((found != _NONE) & (found != importers[rows]))
    imported, first = np.unique(rows[hits], return_index=True)
    hits = hits[first]
    files = np.zeros(len(imports), np.uint64)
    whole = np.zeros(len(imports), np.bool_)
    files[imported] = found[hits]
    nth = hits - starts(candidates)[imported]
    whole[imported] = nth < numbers(imports.field("whole"))[imported]
    return Imports(files, whole)


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
    rows = np.flatnonzero((found == _NONE) & (via >= 0))
    used = first_import[rows] + via[rows]
    rest, member = (numbers(names.field(name))[rows] for name in ("rest_key", "member_key"))
    keys = np.where(imports.whole[used], rest, member)
    files = imports.files[used]
    told = (files != _NONE) & (keys != _NONE)
    found[rows[told]] = index.names.find(key_in(files[told], keys[told]))
    left = np.flatnonzero(found == _NONE)
    found[left] = index.symbols.find(numbers(names.field("global_key"))[left])
    return found


class _Found(NamedTuple):
    """Keys and values as the trees of a part have them, with the trees' places in path order."""

    keys: Keys
    values: Keys
    places: NDArray[np.int32]


def _provided(trees: LiveTrees) -> Iterator[_Found]:
    for batch, places in trees.by_part("file_id", "provides"):
        keys, tree = numbers(batch.column("provides").flatten()), parents(batch.column("provides"))
        yield _Found(keys, numbers(batch.column("file_id"))[tree], places[tree])


def _defined(trees: LiveTrees) -> Iterator[_Found]:
    for batch, places in trees.by_part("file_id", "symbols"):
        symbols, tree = batch.column("symbols").flatten(), parents(batch.column("symbols"))
        names, ids = (numbers(symbols.field(name)) for name in ("name_key", "symbol_id"))
        keys = key_in(numbers(batch.column("file_id"))[tree], names)
        yield _Found(np.where(names, keys, _NONE), ids, places[tree])


def _global(trees: LiveTrees) -> Iterator[_Found]:
    for batch, places in trees.by_part("symbols"):
        symbols, tree = batch.column("symbols").flatten(), parents(batch.column("symbols"))
        keys, ids = (numbers(symbols.field(name)) for name in ("global_key", "symbol_id"))
        yield _Found(keys, ids, places[tree])


def _handed_on(trees: LiveTrees, index: Lookup) -> Iterator[_Found]:
    """Yields for each name that a file takes out of another its key in the one and the other."""
    for batch, places in trees.by_part("file_id", "imports"):
        imports, tree = batch.column("imports").flatten(), parents(batch.column("imports"))
        importers = numbers(batch.column("file_id"))[tree]
        files, whole = resolve_imports(index, imports, importers)
        bound, names = (numbers(imports.field(name)) for name in ("binds_key", "name_key"))
        hands_on = (files != _NONE) & ~whole & (bound != _NONE) & (names != _NONE)
        keys = np.where(hands_on, key_in(importers, bound), _NONE)
        yield _Found(keys, key_in(files, names), places[tree])


def _contents(trees: LiveTrees) -> Iterator[_Found]:
    for batch, places in trees.by_part("file_id", "content_sha256"):
        keys = content_keys(batch.column("content_sha256"))
        yield _Found(keys, numbers(batch.column("file_id")), places)


def _sorted(found: Iterator[_Found]) -> tuple[Lookup, NDArray[np.bool_]]:
    """Returns all keys of live trees, equal ones by path, and which differ from the one before."""
    pieces = [_Found(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int32))]
    for piece in found:
        counts = (piece.keys != _NONE) & (piece.places >= 0)
        pieces.append(_Found(*(array[counts] for array in piece)))
    all_ = _Found(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))
    order = np.lexsort((all_.places, all_.keys))
    keys = all_.keys[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = keys[1:] != keys[:-1]
    return Lookup(keys, all_.values[order]), new


def _first(found: Iterator[_Found]) -> Lookup:
    """Returns the first value, by path, of each key."""
    lookup, new = _sorted(found)
    return Lookup(*(array[new] for array in lookup))


def _only(found: Iterator[_Found]) -> Lookup:
    """Returns the values of the keys that have just one."""
    lookup, new = _sorted(found)
    only = new & np.append(new[1:], True)[: len(new)]
    return Lookup(*(array[only] for array in lookup))


def _repeated(found: Iterator[_Found]) -> Lookup:
    """Returns the first value, by path, of the keys that have more than one."""
    lookup, new = _sorted(found)
    repeated = new & ~np.append(new[1:], True)[: len(new)]
    return Lookup(*(array[repeated] for array in lookup))


def _joined(names: Lookup, handed_on: Lookup) -> Lookup:
    """Returns names with those that a file does not define but hands on from another."""
    names_there = handed_on.values.copy()
    ids = names.find(names_there)
    for _ in range(_HOPS - 1):
        left = np.flatnonzero(ids == _NONE)
        names_there[left] = handed_on.find(names_there[left])
        ids[left] = names.find(names_there[left])
    new = (ids != _NONE) & (names.find(handed_on.keys) == _NONE)
    keys = np.append(names.keys, handed_on.keys[new])
    order = np.argsort(keys)
    return Lookup(keys[order], np.append(names.values, ids[new])[order])
