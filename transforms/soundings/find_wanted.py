"""From what a user asks for to files of stations: which is nearest to an office, and which are not.

No area of an office is asked about: in every model, the station nearest to an office lies in its
area or is hundreds of kilometres away.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np

from batchio.errors import UsageError
from batchio.soundings.bufkit_names import PREFIXES
from batchio.soundings.profiles import Values
from batchio.soundings.stations import (
    CatalogueStation,
    Office,
    find_office,
    find_station,
    read_offices,
    read_stations,
)
from transforms.soundings.places import distances_km
from transforms.soundings.wanted import Wanted

RUN_HOURS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "HRRR": tuple(range(24)),
        "RAP": tuple(range(24)),
        "NAM": (0, 6, 12, 18),
        "NAMNEST": (0, 6, 12, 18),
        "GFS": (0, 6, 12, 18),
        "SREF": (3, 9, 15, 21),
        "ARW": (0, 12),
        "NMB": (0, 12),
    }
)
"""When runs of a model start, hours UTC."""

_POSITIONS_WITHIN_KM = 1.0  # the catalogue gives them to 0.01°


@dataclass(frozen=True, slots=True)
class Search:
    """What a date asks for, as it travels with a graph; `find_wanted` says what each is."""

    cycles: tuple[datetime, ...]
    models: tuple[str, ...]
    offices: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    max_distance_km: float = 50.0

    def found(self) -> tuple[Wanted, ...]:
        """Returns what to fetch, and what cannot be and why."""
        return _found(self)


@lru_cache(maxsize=4)
def _found(search: Search) -> tuple[Wanted, ...]:
    return tuple(
        find_wanted(
            search.cycles,
            search.models,
            offices=search.offices,
            stations=search.stations,
            max_distance_km=search.max_distance_km,
        )
    )


def find_wanted(
    cycles: Iterable[datetime],
    models: Iterable[str],
    *,
    offices: Iterable[str] = (),
    stations: Iterable[str] = (),
    max_distance_km: float = 50.0,
) -> list[Wanted]:
    """Returns what to fetch, ordered by cycle, model and station, and what cannot be and why.

    Args:
        cycles: Starts of model runs, UTC.
        models: As users or archives write them.
        offices: Ids; all offices if stations are not given either.
        stations: Ids, in addition to the offices.
        max_distance_km: How far an office's nearest station may be.

    Raises:
        UsageError: An id or a model is unknown.
    """
    names = sorted({_known_model(name) for name in models})
    asked_stations = [_known_station(id_) for id_ in stations]
    asked_offices = [_known_office(id_) for id_ in offices]
    if not asked_offices and not asked_stations:
        asked_offices = list(read_offices().values())
    found = []
    for cycle in sorted(set(cycles)):
        for model in names:
            asked = [_for_office(cycle, model, each, max_distance_km) for each in asked_offices]
            asked += [_for_station(cycle, model, each) for each in asked_stations]
            found += sorted(_join(asked), key=lambda wanted: (wanted.station, wanted.offices))
    return found


@cache
def nearest_station(office: Office, model: str) -> tuple[CatalogueStation, float]:
    """Returns the station of a model that is nearest to an office, and its distance in km.

    Of stations that are as near, within what positions are known to, airports (ids of four
    letters) go first, then the order of the alphabet.
    """
    stations, latitudes, longitudes = _stations_with(model)
    if not stations:
        cause = f"the catalogue has no stations of {model}"
        raise UsageError(cause, action="name stations with --station")
    distances = distances_km(office.latitude_deg, office.longitude_deg, latitudes, longitudes)
    as_near = np.flatnonzero(distances <= distances.min() + _POSITIONS_WITHIN_KM)
    chosen = min(as_near, key=lambda row: (len(stations[row].id) != 4, stations[row].id))
    return stations[chosen], float(distances[chosen])


@cache
def _stations_with(model: str) -> tuple[list[CatalogueStation], Values, Values]:
    stations = [each for each in read_stations().values() if model in each.models]
    latitudes = np.array([each.latitude_deg for each in stations])
    return stations, latitudes, np.array([each.longitude_deg for each in stations])


def _for_office(cycle: datetime, model: str, office: Office, max_distance_km: float) -> Wanted:
    station, distance = nearest_station(office, model)
    wanted = replace(
        _wanted(cycle, model, station), offices=(office.id,), distance_km=round(distance, 1)
    )
    if wanted.problem or distance <= max_distance_km:
        return wanted
    why = (
        f"the {model} station nearest to {office} is {station}, {distance:,.0f} km away;"
        f" --max_distance_km is {max_distance_km:g}"
    )
    return replace(wanted, problem="wrong_place", why=why)


def _for_station(cycle: datetime, model: str, station: CatalogueStation) -> Wanted:
    wanted = _wanted(cycle, model, station)
    # Of a model that it does not know, the catalogue cannot say which stations that has.
    if wanted.problem or model in station.models or not _stations_with(model)[0]:
        return wanted
    why = f"{station} is no station of {model}, but of {_listed(sorted(station.models))}"
    return replace(wanted, problem="not_published", why=why)


def _wanted(cycle: datetime, model: str, station: CatalogueStation) -> Wanted:
    wanted = Wanted(model, cycle, station.id, station.latitude_deg, station.longitude_deg)
    hours = RUN_HOURS[model]
    if cycle.hour in hours:
        return wanted
    why = f"{model} has no run at {cycle:%H} UTC, but at {_listed(f'{hour:02}' for hour in hours)}"
    return replace(wanted, problem="not_published", why=why)


def _join(asked: Iterable[Wanted]) -> list[Wanted]:
    """Makes one of those that ask for the same file."""
    joined: dict[tuple[str, ...], Wanted] = {}
    for wanted in asked:
        # The station that is too far from two offices is a problem of each.
        apart = wanted.offices if wanted.problem == "wrong_place" else ()
        key = (wanted.station, wanted.problem, *apart)
        other = joined.get(key, wanted)
        joined[key] = replace(
            other,
            offices=tuple(sorted({*other.offices, *wanted.offices})),
            distance_km=max(other.distance_km, wanted.distance_km),
        )
    return list(joined.values())


def _known_model(name: str) -> str:
    if model := PREFIXES.get(name.lower()):
        return model
    models = sorted(RUN_HOURS)
    raise _unknown("model", name, models, f"models are {_listed(models)}")


def _known_office(id_: str) -> Office:
    if office := find_office(id_):
        return office
    known = read_offices().values()
    ids = [each.id for each in known] + [each.other_id for each in known]
    raise _unknown("office", id_, ids, "give ids of US forecast offices, as FWD or PAFC")


def _known_station(id_: str) -> CatalogueStation:
    if station := find_station(id_):
        return station
    office = find_office(id_)
    if office and not find_station(id_.upper().removeprefix("K")):
        raise UsageError(f"station {id_} is an office's id", action=f"give --wfo {office.id}")
    raise _unknown("station", id_, read_stations(), "give ids of BUFKIT stations, as KDFW or OUN")


def _unknown(kind: str, name: str, names: Iterable[str], else_action: str) -> UsageError:
    close = difflib.get_close_matches(name.upper(), list(names), n=1, cutoff=0.6)
    action = f"did you mean {close[0]}?" if close else else_action
    return UsageError(f"{kind} {name} is unknown", action=action)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
