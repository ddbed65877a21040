"""The standard lines of a block of tagged addresses, column by column.

Most addresses are of a street and name their parts in one order. Of these each distinct word is
looked up once, and lines are joined for all rows together. The others go one at a time, by
`usps.standard_lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.addresses.address_text import join_filled
from transforms.addresses.tagger import Tagged, Tagger
from transforms.addresses.tagging import COMPONENTS
from transforms.addresses.usps import (
    BOX_LABELS,
    NO_PART_LABELS,
    STREET_PARTS,
    Lines,
    joined_parts,
    numbered,
    plain_words,
    regroup_boxes,
    standard_lines,
    state_of_a_street,
    unit_with_number,
)
from transforms.addresses.usps_text import clean, tidy

_STREET_ORDER = tuple(label for label in COMPONENTS if label in STREET_PARTS)
_KIND, _IDENTIFIER = "OccupancyType", "OccupancyIdentifier"
_ONE_AT_A_TIME = BOX_LABELS | NO_PART_LABELS | {"SubaddressType", "SubaddressIdentifier"}
_LAST_LINE: Mapping[str, Callable[[str], str]] = {
    "PlaceName": plain_words,
    "StateName": state_of_a_street,
    "ZipCode": plain_words,
}

_MORE_THAN_CAPITALS = r"[^A-Za-z0-9#&/,() ]|^ | $|  "
_UNTIDY = r"[^\x00-\x7f]|[,()]"
_BETWEEN = "\t"  # which is in no token
_SCHEMA = pa.schema([(name, pa.string()) for name in Lines._fields])


def standard_columns(texts: pa.StringArray, tagged: Tagged, tagger: Tagger) -> pa.RecordBatch:
    """Returns the lines of texts, a row a text, with the columns of `usps.Lines`.

    Where cleaning changes more than capitals, it is the clean text that is tagged: so does
    usaddress-scourgify.

    Args:
        texts: The addresses.
        tagged: What `tagger` found of them.
        tagger: Tags clean texts.
    """
    changes = pc.fill_null(pc.match_substring_regex(texts, _MORE_THAN_CAPITALS), False)
    if not changes.true_count:
        return _lines_of(texts, tagged, tagger)
    rows = texts.filter(changes)
    cleaned = pa.array(map(clean, rows.to_pylist()), pa.string())
    if changes.true_count == len(texts):
        return _lines_of(cleaned, tagger.tag(cleaned), tagger)
    lines = _lines_of(texts, tagged, tagger)
    mended = _lines_of(cleaned, tagger.tag(cleaned), tagger)
    return _replaced(lines, changes, mended)


def _lines_of(texts: pa.StringArray, tagged: Tagged, tagger: Tagger) -> pa.RecordBatch:
    lines = _plain_lines(tagged.components, len(texts))
    of_order = np.array([_is_plain(order) for order in tagged.orders], bool)
    plain = of_order[tagged.arrangement]
    plain &= ~_flags(tagged.repeated)
    plain &= _flags(pc.not_equal(tagged.type, "Ambiguous"))
    plain &= _flags(pc.is_valid(lines["address_line_1"]))
    rows = np.flatnonzero(~plain)
    if not len(rows):
        return lines
    alone = [standard_lines(*each) for each in _one_at_a_time(rows, texts, tagged, tagger)]
    columns = [pa.array(column, pa.string()) for column in zip(*alone, strict=True)]
    mended = pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
    return _replaced(lines, pa.array(~plain), mended)


@lru_cache(1 << 14)
def _is_plain(order: tuple[str, ...]) -> bool:
    """Tells whether the parts of an address stand where `_plain_lines` has them."""
    if not _ONE_AT_A_TIME.isdisjoint(order) or (_KIND in order and _IDENTIFIER not in order):
        return False
    parts = [_STREET_ORDER.index(label) for label in order if label in STREET_PARTS]
    return parts == sorted(parts)


def _plain_lines(components: Mapping[str, pa.StringArray], count: int) -> pa.RecordBatch:
    """Returns lines of all rows, as if each were a street whose parts stand in their order."""
    parts = []
    typed = pc.is_valid(components["StreetNamePostType"])
    for label in _STREET_ORDER:
        column = components[label]
        if column.null_count == count:
            continue
        read = _but_digits(column, STREET_PARTS[label])
        if label == "StreetName":
            read = pc.if_else(typed, _mapped(column, numbered), read)
        parts.append(read)
    columns = {
        "address_line_1": _joined(parts) if parts else pa.nulls(count, pa.string()),
        "address_line_2": _units(components[_KIND], components[_IDENTIFIER]),
        **dict(
            zip(
                ("city", "state", "postal_code"),
                (_but_digits(components[label], read) for label, read in _LAST_LINE.items()),
                strict=True,
            )
        ),
        "reason": pa.array(np.full(count, "", object), pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns, schema=_SCHEMA)


def _but_digits(column: pa.StringArray, read: Callable[[str], str]) -> pa.StringArray:
    """Returns the same as `_mapped` where numbers stay as they are, which there are many of."""
    digits = pc.ascii_is_decimal(column)
    if digits.true_count == len(column) - column.null_count:
        return column
    return pc.if_else(digits, column, _mapped(pc.if_else(digits, None, column), read))


def _mapped(column: pa.StringArray, read: Callable[[str], str]) -> pa.StringArray:
    """Returns what is read of each text; each distinct one is read once."""
    if column.null_count == len(column):
        return column
    coded = column.dictionary_encode()
    return pa.array(map(read, coded.dictionary.to_pylist()), pa.string()).take(coded.indices)


def _joined(parts: list[pa.StringArray]) -> pa.StringArray:
    """Returns the parts of lines as lines, null where there is nothing in any."""
    lines = join_filled(parts, " ")
    untidy = pc.match_substring_regex(lines, _UNTIDY)
    if untidy.true_count:
        tidied = pa.array(map(tidy, lines.filter(untidy).to_pylist()), pa.string())
        lines = pc.replace_with_mask(lines, untidy, tidied)
    return pc.if_else(pc.equal(lines, ""), None, lines)


def _units(kinds: pa.StringArray, identifiers: pa.StringArray) -> pa.StringArray:
    if identifiers.null_count == len(identifiers):
        return identifiers
    both = pc.binary_join_element_wise(pc.coalesce(kinds, ""), identifiers, _BETWEEN)
    return _mapped(both, _unit)


def _unit(kind_and_identifier: str) -> str:
    return joined_parts([unit_with_number(*kind_and_identifier.split(_BETWEEN))])


def _one_at_a_time(
    rows: NDArray[np.int64], texts: pa.StringArray, tagged: Tagged, tagger: Tagger
) -> Iterator[tuple[Mapping[str, str], str | None]]:
    """Yields components, in their order, and type of some rows."""
    chosen = pa.array(rows)
    columns = {
        name: column.take(chosen).to_pylist()
        for name, column in tagged.components.items()
        if column.null_count < len(column)
    }
    types = tagged.type.take(chosen).to_pylist()
    parsed = tagger.parse(texts.take(chosen)) if tagged.repeated.true_count else None
    for place, row in enumerate(rows.tolist()):
        if parsed is not None and tagged.repeated[row].as_py():
            yield regroup_boxes(parsed.row(place)), "PO Box"
        else:
            order = tagged.orders[tagged.arrangement[row]]
            yield {name: columns[name][place] for name in order}, types[place]


def _replaced(
    lines: pa.RecordBatch, where: pa.BooleanArray, others: pa.RecordBatch
) -> pa.RecordBatch:
    columns = [
        pc.replace_with_mask(old, where, new)
        for old, new in zip(lines.columns, others.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def _flags(values: pa.BooleanArray) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return flags
