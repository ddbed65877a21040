"""Places on the ground, how far apart they are, and whether a file is of the place it should be."""

from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np

from batchio.soundings.bufkit_names import PREFIXES
from batchio.soundings.profiles import Station, Values
from batchio.soundings.stations import (
    CatalogueStation,
    Office,
    find_office,
    find_station,
    find_stations_by_number,
)
from transforms.soundings.wanted import Wanted

_EARTH_RADIUS_KM = 6371.0

# What archives call a file, `hrrr_kabq.buf`, with what copies of it may bear before and behind.
_ARCHIVE_NAME = re.compile(
    rf"(?:.*[_.\s-])?(?:{'|'.join(PREFIXES)})[_-]([a-z0-9#]+)\.(?:buf|buz)(?:\.[a-z0-9]+)*"
)


def distance_km(
    latitude_deg: float, longitude_deg: float, other_latitude_deg: float, other_longitude_deg: float
) -> float:
    """Returns the distance of two places on the sphere, km."""
    others = np.array([other_latitude_deg]), np.array([other_longitude_deg])
    return float(distances_km(latitude_deg, longitude_deg, *others)[0])


def distances_km(
    latitude_deg: float,
    longitude_deg: float,
    other_latitudes_deg: Values,
    other_longitudes_deg: Values,
) -> Values:
    """Returns the distances of places from one, on the sphere, km (haversine formula)."""
    first, seconds = np.radians(latitude_deg), np.radians(other_latitudes_deg)
    north = np.sin((seconds - first) / 2)
    east = np.sin(np.radians(other_longitudes_deg - longitude_deg) / 2)
    chord = north * north + np.cos(first) * np.cos(seconds) * east * east
    distances: Values = 2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord)))
    return distances


def asked_by_name(path: str) -> CatalogueStation | Office | None:
    """Returns the place that a file is named for, as archives name theirs.

    None if it is not named like that, or for no place of the catalogue. An office is meant where
    no station has the id: ``hrrr_pafc.buf``.
    """
    name = re.split(r"[/\\]", unquote(path))[-1]
    named = _ARCHIVE_NAME.fullmatch(name.lower())
    return (find_station(named[1]) or find_office(named[1])) if named else None


def place_problem(
    came: Station, asked: CatalogueStation | Office | Wanted, max_distance_km: float
) -> str:
    """Returns why a file's station is of another place than was asked for; empty if it is not."""
    to_asked = asked.latitude_deg, asked.longitude_deg
    distance = distance_km(*to_asked, came.latitude_deg, came.longitude_deg)
    if distance <= max_distance_km:
        return ""
    return (
        f"it is of {_name(came)} at {came.latitude_deg:.2f}, {came.longitude_deg:.2f},"
        f" {distance:,.0f} km from {asked.station if isinstance(asked, Wanted) else asked.id}"
        f" at {asked.latitude_deg:.2f}, {asked.longitude_deg:.2f};"
        f" --max_distance_km is {max_distance_km:g}"
    )


def _name(came: Station) -> str:
    """What a file's station is called; GFS files state no id."""
    known = [find_station(came.id)] if came.id else find_stations_by_number(came.number)
    return "/".join(map(str, filter(None, known))) or came.id or f"station {came.number}"
