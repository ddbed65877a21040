"""Tells how a CSV is written: its encoding, delimiter and columns."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from batchio.addresses.csv_scan import CR, LF, Flags, Positions, RowScanner, Units, outside

Encoding: TypeAlias = Literal["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"]

DELIMITERS = ",\t;|"
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNITS = {"utf-16-le": np.dtype("<u2"), "utf-16-be": np.dtype(">u2")}
# Python leaves five bytes of cp1252 undefined; WHATWG's table gives them C1 controls.
_CP1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written."""

    encoding: Encoding
    delimiter: str
    columns: tuple[str, ...]


def find_mark(head: bytes) -> tuple[Encoding | None, int]:
    """Returns the encoding that a byte order mark names, if there is one, and the mark's length."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    return None, 0


def as_units(data: bytes, encoding: Encoding | None) -> Units:
    """Returns the code units of a text; half a unit at its end is left out."""
    kind = _UNITS.get(encoding or "", np.dtype(np.uint8))
    return np.frombuffer(data, kind, len(data) // kind.itemsize)


def unit_bytes(encoding: Encoding | None) -> int:
    """Returns how many bytes a code unit has."""
    return 2 if encoding in _UNITS else 1


def as_utf8(data: bytes, encoding: Encoding) -> bytes:
    """Returns text in UTF-8; what is broken under a byte order mark becomes U+FFFD."""
    if encoding == "utf-8":
        return data
    if encoding == "cp1252":
        return codecs.charmap_decode(data, "strict", _CP1252)[0].encode()
    if encoding == "utf-8-sig":
        return data if data.isascii() else data.decode("utf-8", "replace").encode()
    return data.decode(encoding, "replace").encode()


def find_delimiter(sample: Units, *, header: bool, whole: bool) -> str:
    """Returns the delimiter under which the first rows have equally many fields.

    With a header that is as many as the header has, else what most rows have. A delimiter that
    makes one column only is taken if no other parts the header; then a comma, or if rows have
    commas that are not quoted, one that they do not have.

    Args:
        sample: The beginning of the text.
        header: Whether the first row names the columns.
        whole: Whether that is the whole text; else its last row is left out.
    """
    found = []
    for rank, delimiter in enumerate(DELIMITERS):
        counts = _field_counts(sample, delimiter, whole)
        if not len(counts):
            return DELIMITERS[0]
        width = counts[0] if header else np.bincount(counts).argmax()
        share = float(np.mean(counts == width))
        agrees = header or share > 0.5  # without a header, chance parts rows as well
        found.append((bool(width > 1 and agrees), share, int(width), -rank, delimiter))
    return max(found)[-1]


def count_fields(row: Units, delimiter: str) -> int:
    """Returns how many fields one row has."""
    return int(_counts(row, delimiter, np.array([len(row)]))[0])


def _field_counts(sample: Units, delimiter: str, whole: bool) -> Positions:
    """Returns how many fields each row of the sample has, blank rows left out."""
    ends = RowScanner(ord(delimiter)).feed(sample)
    if len(sample) and (whole or not len(ends)):
        ends = np.union1d(ends, [len(sample)])
    first = sample[np.concatenate(([0], ends))[:-1]]
    is_written: Flags = (first != LF) & (first != CR)
    return _counts(sample, delimiter, ends)[is_written]


def _counts(rows: Units, delimiter: str, ends: Positions) -> Positions:
    """Returns how many fields rows have, which is one more than the delimiters outside quotes."""
    toggles = RowScanner(ord(delimiter)).toggles(rows)
    delimiters = outside(toggles, np.flatnonzero(rows == ord(delimiter)))
    counts: Positions = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    return counts


def distinct_names(names: Sequence[str], taken: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns column names of which none is empty or comes twice: `column_3`, `name_2`.

    Args:
        names: As they are in the header.
        taken: Names that none may have.
    """
    used = set(taken) | set(names)
    given = set(taken)
    distinct = []
    for number, name in enumerate(names, 1):
        name = name if name.strip() else f"column_{number}"
        chosen, count = name, 1
        while chosen in given or (chosen != names[number - 1] and chosen in used):
            count += 1
            chosen = f"{name}_{count}"
        given.add(chosen)
        distinct.append(chosen)
    return tuple(distinct)
