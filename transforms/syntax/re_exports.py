"""Names that a file has from others: `from .core import Tool` in a package, `export * from`.

What is asked for is a name in a file. Its place is the key of the name and file that define it (see
`key_in`), be it the file asked or one that it has the name from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchio.syntax.parts import key_of
from transforms.syntax.arrow_lists import numbers, parents, starts
from transforms.syntax.bindings import DEFAULT, EVERYTHING
from transforms.syntax.live import LiveTrees
from transforms.syntax.lookups import NONE, Found, Keys, Lookup, all_of, first_of, key_in

_HOPS = 3  # files through which a name may be handed on
_MOST_REACHED = 64  # files of which one hands on all names
_BLOCK = 1024  # files for which these are looked for at once: that bounds the memory
_ALL = np.uint64(key_of(EVERYTHING))
_DEFAULT = np.uint64(key_of(DEFAULT))


class Imports(NamedTuple):
    """What imports are of.

    Attributes:
        files: The file's id, 0 of none that is known.
        names: The key of the name in it, 0 if it is the whole file.
    """

    files: Keys
    names: Keys


class Places(NamedTuple):
    """Where names are defined.

    Attributes:
        names: Symbol ids by file and name.
        handed_on: Places by the file and name that have what is there.
        reached: Of each file those of which it has all names, nearest first.
    """

    names: Lookup
    handed_on: Lookup
    reached: Lookup

    def find(self, files: Keys, names: Keys) -> Keys:
        """Returns the places of names, 0 of those that none of their files has."""
        places = self._named(key_in(files, names))
        left = np.flatnonzero(places == NONE)
        first, counts = self.reached.spans(files[left])
        for nth in range(counts.max(initial=0)):
            open_ = (counts > nth) & (places[left] == NONE)
            left, first, counts = left[open_], first[open_], counts[open_]
            others = self.reached.values[first + nth]
            places[left] = self._named(key_in(others, names[left]))
        return places

    def _named(self, keys: Keys) -> Keys:
        return np.where(self.names.find(keys) != NONE, keys, self.handed_on.find(keys))


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
    hits = np.flatnonzero((found != NONE) & (found != importers[rows]))
    imported, first = np.unique(rows[hits], return_index=True)
    hits = hits[first]
    files = np.zeros(len(imports), np.uint64)
    files[imported] = found[hits]
    names = numbers(imports.field("name_key")).copy()
    nth = hits - starts(candidates)[imported]
    names[imported[nth < numbers(imports.field("whole"))[imported]]] = NONE
    return Imports(files, names)


def places_of(trees: LiveTrees, files: Lookup, names: Lookup) -> Places:
    """Returns where the names are defined that files define or have from others.

    Args:
        trees: All.
        files: File ids by the keys that files provide.
        names: Symbol ids by file and name.
    """
    edges = [*_imported(trees, files), *_defaults(trees)]
    there = first_of(edge.files for edge in edges), first_of(edge.names for edge in edges)
    reached = _reached(all_of(edge.stars for edge in edges))
    keys = there[0].keys
    handed_on = Lookup(keys, key_in(there[0].values, there[1].values))
    for _ in range(_HOPS - 1):
        places = Places(names, handed_on, reached)
        handed_on = Lookup(keys, places.find(there[0].values, there[1].values))
    defined = names.find(handed_on.values) != NONE
    return Places(names, Lookup(*(array[defined] for array in handed_on)), reached)


class _Edges(NamedTuple):
    """From where some files have names: by file and name the file and the name there; and stars."""

    files: Found
    names: Found
    stars: Found


def _edges(keys: Keys, there: Imports, places: NDArray[np.int32], stars: Found) -> _Edges:
    return _Edges(Found(keys, there.files, places), Found(keys, there.names, places), stars)


def _imported(trees: LiveTrees, index: Lookup) -> Iterator[_Edges]:
    for batch, places in trees.by_part("file_id", "imports"):
        imports, tree = batch.column("imports").flatten(), parents(batch.column("imports"))
        importers, places = numbers(batch.column("file_id"))[tree], places[tree]
        files, names = resolve_imports(index, imports, importers)
        binds = numbers(imports.field("binds_key"))
        some = (files != NONE) & (names != NONE) & (binds != NONE)
        all_ = (files != NONE) & (binds == _ALL)
        keys = key_in(importers[some], binds[some])
        stars = Found(importers[all_], files[all_], places[all_])
        yield _edges(keys, Imports(files[some], names[some]), places[some], stars)


def _defaults(trees: LiveTrees) -> Iterator[_Edges]:
    """Yields the files that export one of their symbols as `default`."""
    for batch, places in trees.by_part("file_id", "symbols"):
        symbols, tree = batch.column("symbols").flatten(), parents(batch.column("symbols"))
        rows = np.flatnonzero(np.asarray(symbols.field("is_default")))
        files = numbers(batch.column("file_id"))[tree[rows]]
        names = numbers(symbols.field("name_key"))[rows]
        none = Found(files[:0], files[:0], places[:0])
        keys = key_in(files, np.full(len(rows), _DEFAULT))
        yield _edges(keys, Imports(files, names), places[tree[rows]], none)


def _reached(stars: Lookup) -> Lookup:
    """Returns of each file the others of which it has all names, also through those."""
    hubs = np.unique(stars.keys)
    pieces = [
        _reached_from(hubs[start : start + _BLOCK], stars) for start in range(0, len(hubs), _BLOCK)
    ]
    none = Lookup(hubs[:0], hubs[:0])
    return Lookup(*map(np.concatenate, zip(none, *pieces, strict=True)))


def _reached_from(hubs: Keys, stars: Lookup) -> Lookup:
    reached = ends = Lookup(hubs, hubs)
    for _ in range(_HOPS):
        ends = _one_further(ends, stars)
        reached = _nearest(Lookup(*map(np.append, reached, ends)))
    others = reached.keys != reached.values
    return Lookup(*(array[others] for array in reached))


def _one_further(ends: Lookup, stars: Lookup) -> Lookup:
    first, counts = stars.spans(ends.values)
    counts = np.minimum(counts, _MOST_REACHED)
    rows = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return _nearest(Lookup(ends.keys[rows], stars.values[first[rows] + nth]))


def _nearest(found: Lookup) -> Lookup:
    """Returns each pair once, of each key the first ones."""
    once = np.unique(key_in(*found), return_index=True)[1]
    once.sort()
    order = once[np.argsort(found.keys[once], kind="stable")]
    keys = found.keys[order]
    nth = np.arange(len(keys)) - np.searchsorted(keys, keys)
    few = order[nth <= _MOST_REACHED]  # the file itself is one of them
    return Lookup(found.keys[few], found.values[few])
