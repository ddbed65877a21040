"""A stand-in for CuPy: an array module whose arrays do not mix with NumPy's."""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np

from transforms.addresses.device import Device, Load


class FarArray:
    """An array of a device. What is done with it and an array of NumPy's fails, as on a GPU."""

    __array_ufunc__ = None  # NumPy's own operators give up, and with them the operation

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("implicit conversion to a NumPy array")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def T(self) -> FarArray:
        return FarArray(self.values.T)

    def reshape(self, *shape: int) -> FarArray:
        return FarArray(self.values.reshape(*shape))

    def max(self, axis: int) -> FarArray:
        return FarArray(self.values.max(axis=axis))

    def __getitem__(self, key: Any) -> FarArray:
        return FarArray(self.values[_near(key)])

    def __setitem__(self, key: Any, values: Any) -> None:
        self.values[_near(key)] = _near(values)

    def __matmul__(self, other: Any) -> FarArray:
        return FarArray(self.values @ _near(other))

    def __add__(self, other: Any) -> FarArray:
        return FarArray(self.values + _near(other))

    def __sub__(self, other: Any) -> FarArray:
        return FarArray(self.values - _near(other))

    def __floordiv__(self, other: Any) -> FarArray:
        return FarArray(self.values // _near(other))

    def __mod__(self, other: Any) -> FarArray:
        return FarArray(self.values % _near(other))

    def __ge__(self, other: Any) -> FarArray:
        return FarArray(self.values >= _near(other))


def _near(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        raise TypeError("an array of NumPy's given to another module")
    if isinstance(value, (tuple, list)):
        return type(value)(map(_near, value))
    return value.values if isinstance(value, FarArray) else value


class FarModule:
    """The functions of the module; ``asarray`` and ``asnumpy`` are the only ways in and out.

    ``room`` is how many numbers its arrays may hold together.
    """

    def __init__(self, room: float = math.inf) -> None:
        self.called: set[str] = set()
        self._room = room
        self._used = 0

    def asarray(self, values: Any) -> FarArray:
        return self._placed(np.array(values))

    def asnumpy(self, values: FarArray) -> Any:
        return values.values

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)

        def call(*args: Any, **kwargs: Any) -> FarArray:
            return self._placed(getattr(np, name)(*map(_near, args), **kwargs))

        return call

    def _placed(self, values: Any) -> FarArray:
        array = np.asarray(values)
        if self._used + array.size > self._room:
            raise MemoryError
        self._used += array.size
        owner = array if array.base is None else array.base
        weakref.finalize(owner, self._free, array.size)
        return FarArray(array)

    def _free(self, size: int) -> None:
        self._used -= size


def far_device(xp: FarModule | None = None, rows: int = 512) -> Device:
    """A device that has these arrays, and no kernel."""
    return Device("a stand-in", xp or FarModule(), Load(rows))
