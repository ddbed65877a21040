"""Finds where the rows of a CSV end, exactly, with NumPy.

A quote opens a quoted field only at the start of a field; elsewhere it is a character like any
other (`12" pipe`). In a quoted field a doubled quote stands for one. A row ends with LF, CR or
CRLF outside quotes. Arrow and Python's `csv` read so too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Units: TypeAlias = NDArray[Any]  # bytes, or the two-byte units of UTF-16
Positions: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

QUOTE, LF, CR = 0x22, 0x0A, 0x0D


@dataclass
class RowScanner:
    """Goes through a CSV chunk by chunk, from the start of a row on."""

    delimiter: int
    quote: int = QUOTE
    quoted: bool = False  # the chunk before ended within quotes
    _closed: bool = False  # it ended with the quote that closed a field
    _last: int = LF  # its last unit

    def feed(self, units: Units) -> Positions:
        """Returns where rows end in the next chunk: the positions after their last unit.

        A CR at the end of a chunk waits for the next: the end is 0 there if no LF follows.
        """
        if not len(units):
            return np.empty(0, np.intp)
        waited = self._last == CR and not self.quoted and units[0] != LF
        toggles = self.toggles(units)
        ends = outside(toggles, _line_ends(units), quoted=self.quoted) + 1
        self.quoted ^= len(toggles) % 2 == 1
        self._last = int(units[-1])
        at_end = len(toggles) > 0 and toggles[-1] == len(units) - 1
        self._closed = at_end and not self.quoted
        return np.concatenate(([0], ends)) if waited else ends

    def toggles(self, units: Units) -> Positions:
        """Returns the quotes of the next chunk that open or close a quoted field.

        Those of a doubled quote close it and open it again.
        """
        quotes = np.flatnonzero(units == self.quote)
        if not len(quotes):
            return quotes
        may_open = self._may_open(units, quotes)
        follows = np.diff(quotes, prepend=-1 if self._closed else -2) == 1
        opening = slice(1 if self.quoted else 0, None, 2)
        if np.all(may_open[opening] | follows[opening]):
            return quotes
        return quotes[_without_literals(may_open, follows, self.quoted, self._closed)]

    def _may_open(self, units: Units, quotes: Positions) -> Flags:
        before = units[quotes - 1]
        if quotes[0] == 0:
            before[0] = self._last
        starts: Flags = (before == self.delimiter) | (before == LF) | (before == CR)
        return starts


def outside(toggles: Positions, positions: Positions, *, quoted: bool = False) -> Positions:
    """Returns the positions that are outside quotes; `quoted` tells how the chunk begins."""
    if not len(toggles):
        return positions[:0] if quoted else positions
    is_out: Flags = (np.searchsorted(toggles, positions) + quoted) % 2 == 0
    return positions[is_out]


def _line_ends(units: Units) -> Positions:
    """Returns each LF, and each CR that no LF follows but the last unit, which may be followed."""
    is_end = units == LF
    is_cr = units == CR
    if is_cr.any():
        is_end[:-1] |= is_cr[:-1] & ~is_end[1:]
    return np.flatnonzero(is_end)


def _without_literals(may_open: Flags, follows: Flags, quoted: bool, closed: bool) -> list[int]:
    """Returns which quotes open or close; one that stands within an unquoted field does not.

    Args:
        may_open: The quotes at the start of a field.
        follows: Those right after another quote.
        quoted: How the chunk begins.
        closed: The quote before the first one closed a field.
    """
    kept = []
    for at, (starts, follows_quote) in enumerate(
        zip(may_open.tolist(), follows.tolist(), strict=True)
    ):
        if quoted:
            quoted, closed = False, True
        elif starts or (closed and follows_quote):
            quoted, closed = True, False
        else:
            closed = False
            continue
        kept.append(at)
    return kept
