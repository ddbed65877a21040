"""From labelled tokens to the components and the type of an address, as usaddress.tag does.

Where usaddress refuses, because a label comes back after another one, all tokens of that label are
joined and the address is marked ``repeated``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.addresses.ragged import Ragged
from transforms.addresses.tokens import Tokens

TYPES = ("Street Address", "Intersection", "PO Box", "Ambiguous")
_STREET, _INTERSECTION, _BOX, _AMBIGUOUS = range(len(TYPES))
_TRIMMED = " ,;"
_SEPARATOR = "IntersectionSeparator"
# In the order in which they stand in an address, mostly.
_LABELS = (
    "Recipient",
    "BuildingName",
    "LandmarkName",
    "CornerOf",
    "AddressNumberPrefix",
    "AddressNumber",
    "AddressNumberSuffix",
    "StreetNamePreModifier",
    "StreetNamePreDirectional",
    "StreetNamePreType",
    "StreetName",
    "StreetNamePostType",
    "StreetNamePostDirectional",
    "StreetNamePostModifier",
    _SEPARATOR,
    "SubaddressType",
    "SubaddressIdentifier",
    "OccupancyType",
    "OccupancyIdentifier",
    "USPSBoxGroupType",
    "USPSBoxGroupID",
    "USPSBoxType",
    "USPSBoxID",
    "PlaceName",
    "StateName",
    "ZipCode",
    "ZipPlus4",
    "CountryName",
    "NotAddress",
)


def _is_street(label: str) -> bool:
    return "StreetName" in label


COMPONENTS = (*_LABELS, *(f"Second{label}" for label in _LABELS if _is_street(label)))
_NUMBERS = {name: number for number, name in enumerate(COMPONENTS)}


@dataclass(frozen=True)
class Arrangement:
    """How the tokens of a sequence of labels become components.

    ``order`` are the tokens, component after component; ``sizes`` how many each has.
    """

    order: tuple[int, ...]
    components: tuple[int, ...]
    sizes: tuple[int, ...]
    type: int
    repeated: bool


def arrange(labels: Sequence[str]) -> Arrangement:
    """Returns the components, in the order of their first tokens, of labelled tokens."""
    tokens: dict[str, list[int]] = {}
    last, repeated, crossing = "", False, False
    for token, label in enumerate(labels):
        crossing = crossing or label == _SEPARATOR
        name = f"Second{label}" if crossing and _is_street(label) else label
        repeated = repeated or (name != last and name in tokens)
        tokens.setdefault(name, []).append(token)
        last = name
    return Arrangement(
        order=tuple(token for some in tokens.values() for token in some),
        components=tuple(_NUMBERS[name] for name in tokens),
        sizes=tuple(map(len, tokens.values())),
        type=_type_of(tokens.keys(), crossing),
        repeated=repeated,
    )


def _type_of(components: Collection[str], crossing: bool) -> int:
    numbered = "AddressNumber" in components
    if numbered != crossing:
        return _STREET if numbered else _INTERSECTION
    return _BOX if "USPSBoxID" in components else _AMBIGUOUS


class Arrangements:
    """The arrangements of all sequences of labels met so far."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._numbers: dict[bytes, int] = {}
        self._order = Ragged(np.int64)
        self._components = Ragged(np.int8)
        self._sizes = Ragged(np.int64)
        self.types = np.empty(0, np.int8)
        self.repeated = np.empty(0, bool)

    def numbers(self, labels: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the number of the arrangement of each sequence of labels."""
        data, ends = labels.astype(np.int8).tobytes(), offsets.tolist()
        keys = [data[begin:end] for begin, end in pairwise(ends)]
        new = [key for key in dict.fromkeys(keys) if key not in self._numbers]
        if new:
            self._learn(new)
        return np.fromiter(map(self._numbers.__getitem__, keys), np.int64, len(keys))

    def columns(self, numbers: NDArray[np.int64], tokens: Tokens) -> dict[str, pa.StringArray]:
        """Returns the texts of each component: one for each row of tokens, null where it is none.

        Args:
            numbers: The arrangement of each row.
            tokens: The tokens of the rows.
        """
        order, offsets = self._order.take(numbers)
        places = order + np.repeat(tokens.offsets[:-1], np.diff(offsets))
        spellings = tokens.spellings.take(pa.array(tokens.words[places]))
        sizes, ends = self._sizes.take(numbers)
        texts = _joined(spellings, sizes)
        components, _ = self._components.take(numbers)
        rows = np.repeat(np.arange(len(numbers)), np.diff(ends))
        return {
            name: _column(texts, rows, np.flatnonzero(components == number), len(numbers))
            for number, name in enumerate(COMPONENTS)
        }

    def names(self, number: int) -> tuple[str, ...]:
        """Returns the components of an arrangement, in the order of their first tokens."""
        components, _ = self._components.take(np.array([number]))
        return tuple(COMPONENTS[component] for component in components)

    def _learn(self, new: Sequence[bytes]) -> None:
        found = [arrange([self._labels[label] for label in key]) for key in new]
        self._numbers.update((key, number) for number, key in enumerate(new, len(self._numbers)))
        for lists, values in (
            (self._order, [each.order for each in found]),
            (self._components, [each.components for each in found]),
            (self._sizes, [each.sizes for each in found]),
        ):
            counts = np.fromiter(map(len, values), np.int64, len(values))
            lists.extend(np.array([one for some in values for one in some], np.int64), counts)
        self.types = np.append(self.types, np.array([each.type for each in found], np.int8))
        self.repeated = np.append(self.repeated, [each.repeated for each in found])


def _joined(spellings: pa.StringArray, sizes: NDArray[np.int64]) -> pa.StringArray:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    groups = pa.ListArray.from_arrays(pa.array(offsets), spellings)
    # The trimmed characters are ASCII: no byte of a longer character is one of them.
    return pc.ascii_trim(pc.binary_join(groups, " "), _TRIMMED)


def _column(
    texts: pa.StringArray, rows: NDArray[np.int64], chosen: NDArray[np.int64], count: int
) -> pa.StringArray:
    if not len(chosen):
        return pa.nulls(count, pa.string())
    places = np.full(count, -1, np.int64)
    places[rows[chosen]] = chosen
    return texts.take(pa.array(places, mask=places < 0))
