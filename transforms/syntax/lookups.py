"""Sorted arrays of keys and values, in which many keys are looked up at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Keys: TypeAlias = NDArray[np.uint64]

NONE = np.uint64(0)
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Lookup(NamedTuple):
    """A value for each of some keys, which are sorted; one key may have several."""

    keys: Keys
    values: Keys

    def find(self, keys: Keys) -> Keys:
        """Returns the first value of each key, 0 for those that have none."""
        if not len(self.keys):
            return np.zeros(len(keys), np.uint64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.values[at], NONE)

    def spans(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns for each key where its values begin, and how many there are."""
        first = np.searchsorted(self.keys, keys, "left")
        return first, np.searchsorted(self.keys, keys, "right") - first


class Found(NamedTuple):
    """Keys and values as the trees of a part have them, with the trees' places in path order."""

    keys: Keys
    values: Keys
    places: NDArray[np.int32]


def key_in(files: Keys, names: Keys) -> Keys:
    """Returns one key for a name in a file; both are hashes, so that a sum is one too."""
    return files * _ODD + names


def all_of(found: Iterable[Found]) -> Lookup:
    """Returns all values of each key, by path."""
    return _sorted(found)[0]


def first_of(found: Iterable[Found]) -> Lookup:
    """Returns the first value, by path, of each key."""
    lookup, new = _sorted(found)
    return Lookup(*(array[new] for array in lookup))


def only_of(found: Iterable[Found]) -> Lookup:
    """Returns the values of the keys that have just one."""
    lookup, new = _sorted(found)
    only = new & np.append(new[1:], True)[: len(new)]
    return Lookup(*(array[only] for array in lookup))


def repeated_of(found: Iterable[Found]) -> Lookup:
    """Returns the first value, by path, of the keys that have more than one."""
    lookup, new = _sorted(found)
    repeated = new & ~np.append(new[1:], True)[: len(new)]
    return Lookup(*(array[repeated] for array in lookup))


def _sorted(found: Iterable[Found]) -> tuple[Lookup, NDArray[np.bool_]]:
    """Returns all keys of live trees, equal ones by path, and which differ from the one before."""
    pieces = [Found(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int32))]
    for piece in found:
        counts = (piece.keys != NONE) & (piece.places >= 0)
        pieces.append(Found(*(array[counts] for array in piece)))
    all_ = Found(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))
    order = np.lexsort((all_.places, all_.keys))
    keys = all_.keys[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = keys[1:] != keys[:-1]
    return Lookup(keys, all_.values[order]), new
