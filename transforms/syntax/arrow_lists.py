"""Arrow's lists, numbers and texts as arrays of NumPy."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def lengths(lists: pa.ListArray) -> NDArray[np.int64]:
    """Returns how many items each list has."""
    offsets: NDArray[np.int32] = lists.offsets.to_numpy()
    return np.diff(offsets).astype(np.int64)


def parents(lists: pa.ListArray) -> NDArray[np.int64]:
    """Returns for each item of the lists the number of its list."""
    return np.repeat(np.arange(len(lists)), lengths(lists))


def starts(lists: pa.ListArray) -> NDArray[np.int64]:
    """Returns where each list begins among the items of all, and where the last one ends."""
    return np.append(0, np.cumsum(lengths(lists)))


def numbers(array: pa.Array) -> Numbers:
    """Returns the numbers of an Arrow array without nulls, not copied."""
    view: Numbers = array.to_numpy()
    return view


def joined(texts: pa.StringArray) -> pa.Buffer:
    """Returns texts one after the other, without anything between."""
    return pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "")[0].as_buffer()
