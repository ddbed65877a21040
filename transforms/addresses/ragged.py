"""Lists of unequal lengths in flat arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray


def ragged_ranges(
    firsts: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the numbers of all ranges, one after another, and where each begins and the end."""
    offsets = offsets_of(counts)
    return np.repeat(firsts - offsets[:-1], counts) + np.arange(offsets[-1]), offsets


def offsets_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns where each of lists begins, and the end of the last."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


class Ragged:
    """A growing number of short lists."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._values = np.empty(0, dtype)
        self._offsets = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def extend(self, values: NDArray[np.generic], counts: NDArray[np.int64]) -> None:
        """Adds lists that lie one after another."""
        self._values = np.concatenate([self._values, values.astype(self._values.dtype)])
        more = self._offsets[-1] + np.cumsum(counts)
        self._offsets = np.concatenate([self._offsets, more])

    def take(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the values of some lists, one after another, and the offsets of these."""
        firsts = self._offsets[numbers]
        places, offsets = ragged_ranges(firsts, self._offsets[numbers + 1] - firsts)
        return self._values[places], offsets
