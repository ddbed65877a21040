"""Keeps what a configuration file said while it was right, for commands that go on for days."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class LastGood(Generic[K, T]):
    """Reads by `load`, and remembers.

    A check before a run reads anew and may refuse; what follows it takes what was last accepted.

    Attributes:
        look: Tells by a glance whether there is something else to read than before; without it,
            whatever is there is read.
    """

    def __init__(self, load: Callable[[K], T], look: Callable[[K], object] | None = None) -> None:
        self._load = load
        self._look = look or (lambda _key: object())  # which equals no other
        self._good: dict[K, tuple[object, T]] = {}

    def read_anew(self, key: K) -> T:
        """Returns what is there now; raises what `load` raises, and keeps what was there before."""
        seen = self._look(key)
        if key not in self._good or self._good[key][0] != seen:
            self._good[key] = seen, self._load(key)
        return self._good[key][1]

    def __call__(self, key: K) -> T:
        """Returns what was last read."""
        return self._good[key][1] if key in self._good else self.read_anew(key)
