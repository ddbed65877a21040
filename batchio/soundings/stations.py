"""The stations whose forecasts are published as BUFKIT files, and the US forecast offices.

`stations.csv` and `offices.csv`, beside this module, hold public facts.
Stations, their positions and which models have them are from the BUFKIT station lists of Iowa State
and Penn State; the office of a station is the one whose area it lies in, or off whose coast. A
name is left out where the lists have lost its beginning, which is so for stations of GFS alone.

Offices are those of the National Weather Service. Their positions are approximate: that of BMX is
22 km off, at Birmingham, for whose airport its soundings are known.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class CatalogueStation:
    """A station of the catalogue.

    Attributes:
        id: In capitals, as ``KABQ``, ``OUN`` or ``A#2``.
        number: Of a few stations there are two ids with one number.
        latitude_deg: North positive.
        longitude_deg: East positive.
        name: As the lists have it; may be empty.
        office: The id of the office whose area it lies in, empty if it is in none.
        models: As in `batchio.soundings.bufkit_names.PREFIXES`.
    """

    id: str
    number: int
    latitude_deg: float
    longitude_deg: float
    name: str
    office: str
    models: frozenset[str]

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id


@dataclass(frozen=True, slots=True)
class Office:
    """A Weather Forecast Office.

    Attributes:
        id: Of three letters, as ``FWD`` or ``AFC``.
        other_id: Of four, as ``KFWD`` or ``PAFC``.
        name: Where it is.
        latitude_deg: North positive.
        longitude_deg: East positive.
    """

    id: str
    other_id: str
    name: str
    latitude_deg: float
    longitude_deg: float

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


@cache
def read_stations() -> Mapping[str, CatalogueStation]:
    """Returns all stations by their ids."""
    sets: dict[str, frozenset[str]] = {}  # a few combinations of models serve all stations
    stations = {}
    for id_, number, latitude, longitude, name, office, models in _rows("stations.csv"):
        of_models = sets.setdefault(models, frozenset(models.split()))
        place = float(latitude), float(longitude)
        stations[id_] = CatalogueStation(id_, int(number), *place, name, office, of_models)
    return stations


@cache
def read_offices() -> Mapping[str, Office]:
    """Returns all offices by their ids of three letters."""
    return {
        id_: Office(id_, other_id, name, float(latitude), float(longitude))
        for id_, other_id, name, latitude, longitude in _rows("offices.csv")
    }


def find_station(id_: str) -> CatalogueStation | None:
    """Returns the station with an id, in whichever case."""
    return read_stations().get(id_.upper())


def find_stations_by_number(number: str | int) -> tuple[CatalogueStation, ...]:
    """Returns the stations with a number, which may have leading zeros."""
    try:
        return _stations_by_number().get(int(number), ())
    except ValueError:
        return ()


def find_office(id_: str) -> Office | None:
    """Returns the office with either id, in whichever case."""
    return read_offices().get(id_.upper()) or _offices_by_other_id().get(id_.upper())


def stations_of(office: Office) -> tuple[CatalogueStation, ...]:
    """Returns the stations in the area of an office."""
    return tuple(each for each in read_stations().values() if each.office == office.id)


@cache
def _stations_by_number() -> Mapping[int, tuple[CatalogueStation, ...]]:
    found: dict[int, tuple[CatalogueStation, ...]] = {}
    for station in read_stations().values():
        found[station.number] = (*found.get(station.number, ()), station)
    return found


@cache
def _offices_by_other_id() -> Mapping[str, Office]:
    return {office.other_id: office for office in read_offices().values()}


def _rows(name: str) -> list[list[str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))[1:]
