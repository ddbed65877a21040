"""Units of work for what is asked for by a date: a file to be fetched, or that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchio.records import PENDING
from transforms.soundings.find_wanted import Search
from transforms.soundings.wanted import Wanted
from transforms.units import Unit


def item_id(wanted: Wanted) -> str:
    """Returns the id of the unit that fetches a file."""
    return f"fetch {wanted.name}"


def item_of(wanted: Wanted) -> Unit:
    """Returns the unit that fetches a file; it waits where there is none to fetch."""
    details: dict[str, Any] = {"wanted": wanted.to_json()}
    if not wanted.problem:
        return Unit(item_id(wanted), (), details=details, reason="asked for")
    details |= {"fetch": wanted.problem}
    return Unit(item_id(wanted), (), details=details, waits=PENDING, reason=wanted.why)


def items_of(search: Search, *, fetching: bool) -> Iterator[Unit]:
    """Yields the units of a search; where nothing is fetched, those alone that cannot be."""
    for wanted in search.found():
        if fetching or wanted.problem:
            yield item_of(wanted)
