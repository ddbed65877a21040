"""House number and postal code of a text by plain rules: what tells neighbours apart.

The rules know UK postcodes and US ZIP codes; who has parsed the addresses brings better keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# All on folded texts: lower case, single spaces, no marks.
_UK_POSTCODE = re.compile(r"\b([a-z]{1,2}\d[a-z\d]?) ?(\d[a-z]{2})\b")
_ZIP = re.compile(r"(?<=\D )(\d{5})(?: \d{4})?(?: usa| us| united states)?$")
_HOUSE_NUMBER = re.compile(r"\b(\d+[a-z]?)\b")

Strings = NDArray[np.str_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class PlaceKeys:
    """House number, postal code and its area of each row; empty where there is none."""

    house_number: Strings
    postal_code: Strings
    area: Strings

    def take(self, rows: NDArray[np.int64]) -> PlaceKeys:
        """Returns the keys of some rows."""
        return PlaceKeys(self.house_number[rows], self.postal_code[rows], self.area[rows])


def find_keys(folded: Iterable[str]) -> PlaceKeys:
    """Returns the keys that the rules find in folded texts."""
    return _as_keys([_find(text) for text in folded])


def agree_on_number(ours: PlaceKeys, theirs: PlaceKeys) -> Floats:
    """Returns 1 for the same house number (or none), 0 for another, a half if one side has none."""
    return _agree(ours.house_number, theirs.house_number)


def agree_on_code(ours: PlaceKeys, theirs: PlaceKeys) -> Floats:
    """Returns 1 for the same postal code (or none), 0 for another area, else a half."""
    same_area = (ours.area == theirs.area) & (ours.area != "")
    agreed: Floats = np.maximum(_agree(ours.postal_code, theirs.postal_code), 0.5 * same_area)
    return agreed


def _agree(ours: Strings, theirs: Strings) -> Floats:
    agreed: Floats = (ours == theirs).astype(np.float64)
    agreed[(ours == "") != (theirs == "")] = 0.5
    return agreed


def _find(text: str) -> tuple[str, str, str]:
    code = area = ""
    if uk := _UK_POSTCODE.search(text):
        code, area = uk[1] + uk[2], uk[1]
        text = text[: uk.start()]
    elif us := _ZIP.search(text):
        code, area, text = us[1], us[1][:3], text[: us.start()]
    number = _HOUSE_NUMBER.search(text)
    return number[1] if number else "", code, area


def _as_keys(rows: Sequence[tuple[str, str, str]]) -> PlaceKeys:
    numbers, codes, areas = zip(*rows, strict=True) if rows else ((), (), ())
    return PlaceKeys(*(np.array(each, dtype=np.str_) for each in (numbers, codes, areas)))
