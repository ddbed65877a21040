"""The standard lines of tagged addresses, by USPS Publication 28.

Where usaddress-scourgify answers, the lines are its lines. Boxes, rural routes, highway contract
routes, general delivery and military post, which it refuses, follow Publication 28.
https://pe.usps.com/text/pub28/welcome.htm
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from transforms.addresses.usps_boxes import box_line, route_line
from transforms.addresses.usps_text import clean, is_list, tidy
from transforms.addresses.usps_words import (
    ALL_STATES,
    DIRECTIONS,
    LONE_UNITS,
    STATES,
    STREET_TYPES,
    UNITS,
)

_LAST_LINE = frozenset({"PlaceName", "StateName", "ZipCode", "CountryName"})
NO_PART_LABELS = frozenset({"Recipient", "NotAddress"})
_NAMES = frozenset({"BuildingName", "LandmarkName"})
UNIT_LABELS = frozenset(
    {"OccupancyType", "OccupancyIdentifier", "SubaddressType", "SubaddressIdentifier"}
)
_GROUPED = {"USPSBoxType": "USPSBoxGroupType", "USPSBoxID": "USPSBoxGroupID"}
BOX_LABELS = frozenset(_GROUPED) | frozenset(_GROUPED.values())

_CACHED_WORDS = 1 << 16

_INSIDE_DIRECTIONS = str.maketrans("", "", " .-/#(),&")
_ORDINALS = {1: "ST", 2: "ND", 3: "RD"}
_LONGEST_NUMBER = 4000  # digits; Python refuses to read many more


class Lines(NamedTuple):
    """The standard lines of an address, or no lines and the ``reason``."""

    address_line_1: str | None = None
    address_line_2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    reason: str = ""


def standard_lines(components: Mapping[str, str], kind: str | None) -> Lines:
    """Returns the lines of an address from its components and its type.

    Both are as ``usaddress.tag`` gives them, of the raw text or of the text that ``clean`` makes.
    No components, or a type of none, stand for an address that could not be tagged.
    """
    if not components or kind is None:
        return Lines(reason="not tagged")
    if kind == "Ambiguous" or not BOX_LABELS.isdisjoint(components):
        return _box_lines(components)
    if not NO_PART_LABELS.isdisjoint(components):
        return Lines(reason="holds words that are no part of an address")
    return _street_lines(components)


def regroup_boxes(parsed: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Returns the components of an address that names two boxes, of which the first is a group.

    ``PSC 802 BOX 74`` is labelled so, and ``usaddress.tag`` refuses it. ``parsed`` is what
    ``usaddress.parse`` gives. There are no components if another label is met twice.
    """
    runs = [(label, [word for word, _ in run]) for label, run in groupby(parsed, itemgetter(1))]
    labels = [label for label, _ in runs]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice != _GROUPED.keys() or len(labels) != len(set(labels)) + 2:
        return {}
    if not set(_GROUPED.values()).isdisjoint(labels):
        return {}
    components: dict[str, str] = {}
    for place, (label, words) in enumerate(runs):
        group = label in _GROUPED and label in labels[place + 1 :]
        components[_GROUPED[label] if group else label] = " ".join(words).strip(" ,;")
    return components


def _street_lines(components: Mapping[str, str]) -> Lines:
    line_1 = _street_line(components)
    if not line_1:
        return Lines(reason="no street")
    if _lacks_identifier(components):
        return Lines(reason="a unit without its number")
    return Lines(line_1, _unit_line(components), *_last_line(components, STATES))


def _box_lines(components: Mapping[str, str]) -> Lines:
    """Returns the lines of what is delivered to a box, on a route or over the counter."""
    last = _last_line(components, ALL_STATES)
    apart = _LAST_LINE | NO_PART_LABELS
    if not BOX_LABELS.isdisjoint(components):
        apart |= _NAMES
    whole = _words(components, components.keys() - apart)
    if (line := box_line(whole, last[0])) is not None:
        return Lines(line, None, *last)
    line = box_line(_words(components, components.keys() - apart - UNIT_LABELS), last[0])
    if line is not None and not _lacks_identifier(components):
        return Lines(line, _unit_line(components), *last)
    line = box_line(_words(components, BOX_LABELS), last[0])
    if line is not None and (street := _street_and_unit(components)):
        # Section 215: of two addresses the lower one is delivered to.
        return Lines(street, line, *last)
    if (line := route_line(whole)) is not None:
        return Lines(line, None, *last)
    return Lines(
        reason="ambiguous" if BOX_LABELS.isdisjoint(components) else "not a box or route we know"
    )


def _words(components: Mapping[str, str], labels: Set[str]) -> str:
    return " ".join(clean(text) for label, text in components.items() if label in labels)


def _street_and_unit(components: Mapping[str, str]) -> str | None:
    street = _street_line(components)
    if not street or _lacks_identifier(components):
        return None
    unit = _unit_line(components)
    return f"{street} {unit}" if unit else street


def _last_line(
    components: Mapping[str, str], states: Mapping[str, str]
) -> tuple[str | None, str | None, str | None]:
    city, state, postal_code = map(components.get, ("PlaceName", "StateName", "ZipCode"))
    return (
        None if city is None else plain_words(city),
        None if state is None else _state(state, states),
        None if postal_code is None else plain_words(postal_code),
    )


def _state(text: str, states: Mapping[str, str]) -> str:
    words = plain_words(text)
    return states.get(words, words)


def state_of_a_street(text: str) -> str:
    """Returns the letters of a state, where a street is."""
    return _state(text, STATES)


def _street_line(components: Mapping[str, str]) -> str:
    parts = [read(components[label]) for label, read in _street_parts(tuple(components))]
    return joined_parts(parts)


@lru_cache(_CACHED_WORDS)
def _street_parts(labels: tuple[str, ...]) -> list[tuple[str, Callable[[str], str]]]:
    """Returns how each part of a street line is read, in their order."""
    parts = [(label, STREET_PARTS[label]) for label in labels if label in STREET_PARTS]
    if "StreetNamePostType" in labels:
        return [(label, numbered if label == "StreetName" else read) for label, read in parts]
    return parts


def joined_parts(parts: Iterable[str]) -> str:
    """Returns clean parts as a line."""
    line = " ".join(filter(None, parts))
    if line.isascii() and "," not in line and "(" not in line and ")" not in line:
        return line
    return tidy(line)


def _lacks_identifier(components: Mapping[str, str]) -> bool:
    if "OccupancyType" not in components or "OccupancyIdentifier" in components:
        return False
    unit = clean(components["OccupancyType"])
    return unit in UNITS and UNITS[unit] not in LONE_UNITS


def _unit_line(components: Mapping[str, str]) -> str | None:
    if UNIT_LABELS.isdisjoint(components):
        return None
    parts = []
    for label, text in components.items():
        if label == "OccupancyIdentifier":
            parts.append(unit_with_number(components.get("OccupancyType", ""), text))
        elif label == "OccupancyType" and "OccupancyIdentifier" not in components:
            parts.append(_lone_unit(text))
        elif label in ("SubaddressType", "SubaddressIdentifier"):
            parts.append(clean(text))
    return joined_parts(parts) or None


_word = lru_cache(_CACHED_WORDS)(clean)


@lru_cache(_CACHED_WORDS)
def plain_words(text: str) -> str:
    """Returns words of a last line."""
    return tidy(clean(text))


@lru_cache(_CACHED_WORDS)
def _direction(text: str) -> str:
    """Returns the abbreviation of a direction, which may be written as two words."""
    word = clean(text)
    word = word.replace(" ", "") if is_list(word) else word.translate(_INSIDE_DIRECTIONS)
    return DIRECTIONS.get(word, word)


@lru_cache(_CACHED_WORDS)
def _street_type(text: str) -> str:
    word = clean(text)
    return STREET_TYPES.get(word, word)


@lru_cache(_CACHED_WORDS)
def numbered(text: str) -> str:
    """Returns the name of a street, a number as an ordinal."""
    name = clean(text)
    if not name.isdecimal() or len(name) > _LONGEST_NUMBER:
        return name
    number = int(name)
    teens = 10 < number % 100 < 14
    return f"{number}{'TH' if teens else _ORDINALS.get(number % 10, 'TH')}"


@lru_cache(_CACHED_WORDS)
def unit_with_number(kind: str, identifier: str) -> str:
    """Returns a unit with its number; kinds that Publication 28 does not have are UNIT."""
    kind, identifier = clean(kind), clean(identifier)
    if kind in UNITS:
        return f"{UNITS[kind]} {identifier}"
    return identifier if identifier.startswith("#") else f"UNIT {identifier}"


def _lone_unit(kind: str) -> str:
    return UNITS.get(clean(kind), "")


STREET_PARTS: dict[str, Callable[[str], str]] = {
    "AddressNumber": clean,  # of which there are too many to remember
    **dict.fromkeys(
        (
            "AddressNumberPrefix",
            "AddressNumberSuffix",
            "BuildingName",
            "CornerOf",
            "IntersectionSeparator",
            "LandmarkName",
            "StreetName",
            "StreetNamePreModifier",
            "SecondStreetNamePreModifier",
        ),
        _word,
    ),
    **dict.fromkeys(
        (
            "StreetNamePostDirectional",
            "StreetNamePreDirectional",
            "SecondStreetNamePostDirectional",
            "SecondStreetNamePreDirectional",
        ),
        _direction,
    ),
    **dict.fromkeys(
        (
            "StreetNamePostType",
            "StreetNamePreType",
            "SecondStreetNamePostType",
            "SecondStreetNamePreType",
        ),
        _street_type,
    ),
}
